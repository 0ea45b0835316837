// SPDX-License-Identifier: Apache-2.0
// Private to record/.
#ifndef EB_RECORD_PROFILE_JSON_H
#define EB_RECORD_PROFILE_JSON_H

#include <cjson/cJSON.h>
#include "harness/record/profile.h"

// Adds "profile" to the case, whose energy comes `from` there.
void eb_profile_json(cJSON *case_obj, const eb_header *h, const eb_profile *p, const eb_provenance *from);

#endif
