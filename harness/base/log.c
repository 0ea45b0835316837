// SPDX-License-Identifier: Apache-2.0
// Debug topics and the list of warnings.
#include "harness/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"

const char *const eb_log_topics[] = { "all", "plan", "journal", "metrics", "plots", NULL };
static unsigned enabled; // one bit per topic

static int topic_of(const char *name, size_t len)
{
    int i = 0;
    while (eb_log_topics[i] && (strncmp(eb_log_topics[i], name, len) != 0 || eb_log_topics[i][len] != '\0'))
        i++;
    return i;
}

const char *eb_log_enable(const char *topics)
{
    enabled = 0;
    for (const char *at = topics; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        int i = topic_of(at, strcspn(at, ","));
        if (!eb_log_topics[i])
            return at;
        enabled |= 1u << i;
    }
    return NULL;
}

void eb_debug(const char *topic, const char *fmt, ...)
{
    if (!(enabled & (1u | 1u << topic_of(topic, strlen(topic)))))
        return;
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    fprintf(stderr, "debug: %s: %s\n", topic, line);
}

void eb_warn(eb_warnings *w, const char *fmt, ...)
{
    if (!w)
        return;
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    for (size_t i = 0; i < w->n; i++)
        if (!strcmp(w->items[i], line))
            return;
    EB_GROW(w->items, w->n, w->cap);
    w->items[w->n++] = eb_strdup(line);
}

void eb_warnings_deinit(eb_warnings *w)
{
    for (size_t i = 0; i < w->n; i++)
        free(w->items[i]);
    free(w->items);
    *w = (eb_warnings){ 0 };
}
