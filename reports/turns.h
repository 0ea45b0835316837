// SPDX-License-Identifier: Apache-2.0
// Who is cheapest at which utilisation, in words and as JSON.
#ifndef EB_REPORTS_TURNS_H
#define EB_REPORTS_TURNS_H

#include "harness/base/json.h"
#include "harness/record/cost_turns.h"
#include "reports/text.h"

typedef const char *eb_turn_who(const void *context, int who);

// "A up to 16 %, cannot tell between A and B from 16 % to 40 %, B above".
void eb_turns_say(eb_text *t, const eb_cost_turns *turns, eb_turn_who *name, const void *context);
// Under `one` the name of the cheapest, null where there are several, under `all` those of all.
void eb_turn_add_json(cJSON *obj, const eb_cost_turn *turn, const char *one, const char *all, eb_turn_who *name,
                      const void *context);

#endif
