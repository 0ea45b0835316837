// SPDX-License-Identifier: Apache-2.0
// Zone ids, zone names and wrap ranges of powercap.
#include "probes/powercap_zone.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// What repeats what: the MSR interface is the reference, MMIO mirrors its package on laptops.
static const struct {
    const char *type;
    int rank;
} ranks[] = { { "intel-rapl", 0 }, { "intel-rapl-tpmi", 1 }, { "intel-rapl-mmio", 3 } };
enum { OTHER_RANK = 2 };

static int rank_of(const char *type)
{
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (strcmp(ranks[i].type, type) == 0)
            return ranks[i].rank;
    return OTHER_RANK;
}

static int digit(char c, unsigned base)
{
    int value = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 16;
    return value < (int)base ? value : -1;
}

// A number of 1 to 6 digits at *p, which is moved behind it.
static bool number(const char **p, unsigned base, unsigned *out)
{
    const char *start = *p;
    unsigned value = 0;
    while (*p - start < 6 && digit(**p, base) >= 0)
        value = value * base + (unsigned)digit(*(*p)++, base);
    *out = value;
    return *p > start && digit(**p, base) < 0;
}

bool eb_powercap_zone_parse(const char *entry, eb_powercap_zone *out)
{
    *out = (eb_powercap_zone){ 0 };
    size_t len = strlen(entry), type_len = strcspn(entry, ":");
    if (len >= sizeof out->id || type_len >= sizeof out->type || type_len == 0 || type_len == len)
        return false;
    if (strspn(entry, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") != type_len)
        return false;
    memcpy(out->id, entry, len);
    memcpy(out->type, entry, type_len);
    const char *p = entry + type_len;
    while (*p == ':' && out->depth < EB_POWERCAP_DEPTH) {
        p++;
        if (!number(&p, 16, &out->index[out->depth++]))
            return false;
    }
    out->rank = rank_of(out->type);
    out->rapl = strstr(out->type, "-rapl") != NULL;
    return *p == '\0';
}

bool eb_powercap_zone_parent(const eb_powercap_zone *zone, eb_powercap_zone *out)
{
    if (zone->depth < 2)
        return false;
    *out = *zone;
    *strrchr(out->id, ':') = '\0';
    out->depth--;
    return true;
}

int eb_powercap_zone_compare(const eb_powercap_zone *a, const eb_powercap_zone *b)
{
    if (a->rank != b->rank)
        return a->rank - b->rank;
    int by_type = strcmp(a->type, b->type);
    if (by_type)
        return by_type;
    for (int i = 0; i < a->depth && i < b->depth; i++)
        if (a->index[i] != b->index[i])
            return a->index[i] < b->index[i] ? -1 : 1;
    return a->depth - b->depth;
}

// Exact names only. "psys-1" of multi-socket parts stays unknown: whether it is contained in "psys" is not
// documented, and what is not known is not summed.
eb_powercap_name eb_powercap_name_parse(const char *name)
{
    static const struct {
        const char *name;
        eb_domain domain;
    } plain[] = {
        { "core", EB_DOMAIN_CORE },
        { "uncore", EB_DOMAIN_UNCORE },
        { "dram", EB_DOMAIN_DRAM },
        { "psys", EB_DOMAIN_SYSTEM },
    };
    eb_powercap_name unknown = { EB_DOMAIN_UNKNOWN, -1, -1 }, out = unknown;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strcmp(plain[i].name, name) == 0)
            out.domain = plain[i].domain;
    const char *p = name + strlen("package-");
    unsigned value;
    if (out.domain != EB_DOMAIN_UNKNOWN || strncmp(name, "package-", strlen("package-")) != 0)
        return out;
    if (!number(&p, 10, &value))
        return unknown;
    out = (eb_powercap_name){ EB_DOMAIN_PACKAGE, (int)value, -1 };
    if (*p == '\0')
        return out;
    if (strncmp(p, "-die-", 5) != 0)
        return unknown;
    p += 5;
    if (!number(&p, 10, &value) || *p != '\0')
        return unknown;
    out.die = (int)value;
    return out;
}

void eb_powercap_wrap(uint64_t max_range, double *unit, uint64_t *modulus)
{
    double step = (double)max_range / 4294967295.0;
    bool plausible = step >= 0.05 && step <= 2e6; // 2^-24 J to 2 J
    *unit = max_range && plausible ? step : 0;
    *modulus = 0;
    if (max_range && max_range <= UINT64_MAX / 2)
        *modulus = max_range + (plausible ? (uint64_t)fmax(llround(step), 1) : 1);
}
