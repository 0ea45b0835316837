// SPDX-License-Identifier: Apache-2.0
// Debug topics and the list of warnings.
#include "harness/base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"

static char enabled[256]; // ",topic,topic,"

void eb_log_enable(const char *topics)
{
    snprintf(enabled, sizeof enabled, ",%s,", topics ? topics : "");
}

bool eb_log_on(const char *topic)
{
    if (enabled[0] == '\0')
        return false;
    char word[64];
    snprintf(word, sizeof word, ",%s,", topic);
    return strstr(enabled, word) || strstr(enabled, ",all,");
}

void eb_debug(const char *topic, const char *fmt, ...)
{
    if (!eb_log_on(topic))
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
