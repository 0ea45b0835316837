// SPDX-License-Identifier: Apache-2.0
// Debug text on stderr by topic (--debug TOPIC[,TOPIC] or `all`). Nothing else logs: warnings are
// data (eb_warnings) that the result carries and harness/cmd prints.
#ifndef EB_BASE_LOG_H
#define EB_BASE_LOG_H

#include <stddef.h>

// Ends with NULL; "all" comes first.
extern const char *const eb_log_topics[];
// A comma list of topics, NULL = none. The first that there is not: its place in the list; else NULL.
const char *eb_log_enable(const char *topics);
void eb_debug(const char *topic, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// A list of distinct one-line warnings. Init with {0}.
typedef struct eb_warnings {
    char **items;
    size_t n, cap;
} eb_warnings;
void eb_warn(eb_warnings *w, const char *fmt, ...) __attribute__((format(printf, 2, 3))); // NULL w: dropped
void eb_warnings_deinit(eb_warnings *w);

#endif
