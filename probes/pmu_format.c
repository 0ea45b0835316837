// SPDX-License-Identifier: Apache-2.0
// CPU lists, bit fields and event terms of performance monitoring units.
#include "probes/pmu_format.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char white[] = " \t\r\n";

// A number at *p, which is moved behind it; `base` as in C.
static bool number(const char **p, int base, uint64_t most, uint64_t *out)
{
    char *end = NULL;
    if (**p < '0' || **p > '9')
        return false;
    errno = 0;
    *out = strtoull(*p, &end, base);
    *p = end;
    return errno == 0 && *out <= most;
}

// "4" or "4-7" at *p.
static bool range(const char **p, uint64_t most, uint64_t *first, uint64_t *last)
{
    if (!number(p, 10, most, first))
        return false;
    *last = *first;
    if (**p != '-')
        return true;
    (*p)++;
    return number(p, 10, most, last) && *last >= *first;
}

static bool is_in(const int *cpus, int n, int cpu)
{
    for (int i = 0; i < n; i++)
        if (cpus[i] == cpu)
            return true;
    return false;
}

int eb_pmu_cpus_parse(const char *text, int *cpus, int max)
{
    const char *p = text + strspn(text, white);
    int n = 0;
    for (;; p += strspn(p, white)) {
        uint64_t first, last;
        if (!range(&p, 65535, &first, &last))
            return -1;
        for (uint64_t cpu = first; cpu <= last; cpu++) {
            if (is_in(cpus, n, (int)cpu))
                continue;
            if (n == max)
                return -1;
            cpus[n++] = (int)cpu;
        }
        p += strspn(p, white);
        if (*p == '\0')
            return n;
        if (*p++ != ',')
            return -1;
    }
}

bool eb_pmu_field_parse(const char *text, eb_pmu_field *out)
{
    static const char *const words[EB_PMU_CONFIGS] = { "config:", "config1:", "config2:" };
    const char *p = NULL;
    *out = (eb_pmu_field){ 0 };
    for (int i = 0; i < EB_PMU_CONFIGS; i++)
        if (strncmp(text, words[i], strlen(words[i])) == 0) {
            out->config = i;
            p = text + strlen(words[i]);
        }
    while (p) {
        uint64_t first, last;
        if (!range(&p, 63, &first, &last))
            return false;
        for (uint64_t bit = first; bit <= last; bit++)
            out->mask |= 1ull << bit;
        if (p[strspn(p, white)] == '\0')
            return true;
        if (*p++ != ',')
            return false;
    }
    return false;
}

bool eb_pmu_field_put(const eb_pmu_field *field, uint64_t value, uint64_t config[EB_PMU_CONFIGS])
{
    for (int bit = 0; bit < 64; bit++) {
        if (!(field->mask >> bit & 1))
            continue;
        if (value & 1)
            config[field->config] |= 1ull << bit;
        value >>= 1;
    }
    return value == 0;
}

int eb_pmu_term_next(const char **text, char name[32], uint64_t *value)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *p = *text + strspn(*text, white);
    if (!*p)
        return 0;
    size_t len = strspn(p, letters);
    if (len == 0 || len > 31)
        return -1;
    memcpy(name, p, len);
    name[len] = '\0';
    p += len;
    *value = 1;
    if (*p == '=') {
        p++;
        if (!number(&p, 0, UINT64_MAX, value))
            return -1;
    }
    p += strspn(p, white);
    if (*p && *p != ',')
        return -1;
    *text = p + (*p == ',');
    return 1;
}
