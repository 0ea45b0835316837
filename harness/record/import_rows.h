// SPDX-License-Identifier: Apache-2.0
// A table from outside as an array of JSON objects, whether it was written as JSON, as JSON lines or as CSV with a
// head. Private to record/.
#ifndef EB_RECORD_IMPORT_ROWS_H
#define EB_RECORD_IMPORT_ROWS_H

#include <cjson/cJSON.h>
#include "harness/base/error.h"

// At least one row, at most EB_IMPORT_MAX_ROWS; of CSV every value is a text. NULL and EB_USAGE else. Caller:
// cJSON_Delete.
cJSON *eb_import_rows(const char *text, size_t len, const char *name, eb_err *err);

#endif
