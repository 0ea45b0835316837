// SPDX-License-Identifier: Apache-2.0
// Private to record/.
#ifndef EB_RECORD_LOAD_JSON_H
#define EB_RECORD_LOAD_JSON_H

#include <cjson/cJSON.h>
#include "harness/record/load.h"

// Adds "load_result" to the case, whose energy comes `from` there.
void eb_load_json(cJSON *case_obj, const eb_load_result *r, const eb_provenance *from);

#endif
