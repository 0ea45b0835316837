// SPDX-License-Identifier: Apache-2.0
// Private to record/.
#ifndef EB_RECORD_PROVENANCE_JSON_H
#define EB_RECORD_PROVENANCE_JSON_H

#include "harness/base/json.h"
#include "harness/record/run.h"

static inline void eb_provenance_json(cJSON *obj, const eb_provenance *from)
{
    eb_json_add_known(obj, "source", from->source);
    eb_json_add_known(obj, "domains", from->domains);
    eb_json_add_known(obj, "coverage", from->coverage);
}

#endif
