// SPDX-License-Identifier: Apache-2.0
// The cheapest by utilisation.
#include "reports/turns.h"

enum { NAMES = 4 };

// "A", "A and B", "A, B, C and 9 more".
static void say_names(eb_text *t, const eb_cost_turn *turn, eb_turn_who *name, const void *context)
{
    int shown = turn->n > NAMES ? NAMES - 1 : turn->n;
    for (int i = 0; i < shown; i++)
        eb_text_add(t, "%s%s", i == 0 ? "" : i == turn->n - 1 ? " and " : ", ", name(context, turn->who[i]));
    if (shown < turn->n)
        eb_text_add(t, " and %d more", turn->n - shown);
}

static void say_where(eb_text *t, const eb_cost_turn *turn, bool open)
{
    char from[16], to[16];
    eb_text_percent(from, sizeof from, turn->from);
    eb_text_percent(to, sizeof to, turn->to);
    if (turn->from == 0 && turn->to == 1)
        eb_text_add(t, open ? " at any utilisation" : " at every utilisation");
    else if (turn->to == 1 && open)
        eb_text_add(t, " above %s %%", from);
    else if (turn->to == 1)
        eb_text_add(t, " above");
    else if (turn->from > 0 && open)
        eb_text_add(t, " from %s %% to %s %%", from, to);
    else
        eb_text_add(t, " up to %s %%", to);
}

void eb_turns_say(eb_text *t, const eb_cost_turns *turns, eb_turn_who *name, const void *context)
{
    for (int i = 0; i < turns->n; i++) {
        const eb_cost_turn *turn = &turns->items[i];
        bool open = turn->word == EB_TURN_OPEN;
        eb_text_add(t, "%s%s", i ? ", " : "", open ? "cannot tell between " : "");
        say_names(t, turn, name, context);
        if (turn->word == EB_TURN_SAME)
            eb_text_add(t, " cost the same%s", turn->near ? " within 2 %" : "");
        say_where(t, turn, open);
    }
}

void eb_turn_add_json(cJSON *obj, const eb_cost_turn *turn, const char *one, const char *all, eb_turn_who *name,
                      const void *context)
{
    eb_json_add_str(obj, one, turn->n == 1 ? name(context, turn->who[0]) : NULL);
    cJSON *names = eb_json_add_arr(obj, all);
    for (int i = 0; i < turn->n; i++)
        eb_json_append_str(names, name(context, turn->who[i]));
    eb_json_add_str(obj, "word", eb_turn_name(turn->word));
    eb_json_add_num(obj, "from", turn->from);
    eb_json_add_num(obj, "to", turn->to);
}
