// SPDX-License-Identifier: Apache-2.0
// Private to record/.
#ifndef EB_RECORD_SUSTAINED_JSON_H
#define EB_RECORD_SUSTAINED_JSON_H

#include <cjson/cJSON.h>
#include "harness/record/run.h"

// Adds "sustained" to the case, a trial each; nothing where it has none.
void eb_sustained_json(cJSON *case_obj, const eb_run *run, int index);

#endif
