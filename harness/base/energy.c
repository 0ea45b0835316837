// SPDX-License-Identifier: Apache-2.0
// Names of the measurement vocabulary: one table per enum, used for printing and for parsing.
#include "harness/base/energy.h"

#include <stddef.h>
#include <string.h>

static const char *const domain_names[EB_DOMAIN_COUNT] = {
    [EB_DOMAIN_UNKNOWN] = "unknown", [EB_DOMAIN_PACKAGE] = "package", [EB_DOMAIN_CORE] = "core",
    [EB_DOMAIN_UNCORE] = "uncore",   [EB_DOMAIN_DRAM] = "dram",       [EB_DOMAIN_GPU] = "gpu",
    [EB_DOMAIN_SYSTEM] = "system",   [EB_DOMAIN_NONE] = "none",
};

static const char *const grade_names[EB_GRADE_COUNT] = {
    [EB_GRADE_NONE] = "none",       [EB_GRADE_ESTIMATE] = "estimate", [EB_GRADE_SAMPLED] = "sampled",
    [EB_GRADE_COUNTER] = "counter", [EB_GRADE_WALL] = "wall",
};

static const char *const boundary_names[EB_BOUNDARY_COUNT] = {
    [EB_BOUNDARY_COMPUTE] = "compute",
    [EB_BOUNDARY_PLATFORM] = "platform",
    [EB_BOUNDARY_WALL] = "wall",
};

static const char *const quantity_names[EB_QUANTITY_KINDS] = {
    [EB_QUANTITY_ENERGY_UJ] = "energy_uj",       [EB_QUANTITY_POWER_UW] = "power_uw", [EB_QUANTITY_COUNT] = "count",
    [EB_QUANTITY_TIME_NS] = "time_ns",           [EB_QUANTITY_BYTES] = "bytes",       [EB_QUANTITY_HZ] = "hz",
    [EB_QUANTITY_MILLICELSIUS] = "millicelsius",
};

static const char *const status_names[EB_SAMPLE_STATUS_COUNT] = {
    [EB_SAMPLE_OK] = "ok",
    [EB_SAMPLE_MISSING] = "missing",
    [EB_SAMPLE_RESET] = "reset",
    [EB_SAMPLE_AMBIGUOUS] = "ambiguous",
    [EB_SAMPLE_SUSPENDED] = "suspended",
    [EB_SAMPLE_GONE] = "gone",
    [EB_SAMPLE_STALLED] = "stalled",
};

static const char *const live_names[EB_LIVE_COUNT] = {
    [EB_LIVE_UNKNOWN] = "unknown",
    [EB_LIVE_MOVES] = "moves",
    [EB_LIVE_DEAD] = "dead",
};

static const char *name_of(const char *const *names, int n, int i)
{
    return i >= 0 && i < n ? names[i] : "invalid";
}

// Index of `s` among the names, or -1.
static int index_of(const char *const *names, int n, const char *s)
{
    for (int i = 0; s && i < n; i++)
        if (strcmp(names[i], s) == 0)
            return i;
    return -1;
}

const char *eb_domain_name(eb_domain domain)
{
    return name_of(domain_names, EB_DOMAIN_COUNT, (int)domain);
}

const char *eb_grade_name(eb_grade grade)
{
    return name_of(grade_names, EB_GRADE_COUNT, (int)grade);
}

const char *eb_boundary_name(eb_boundary boundary)
{
    return name_of(boundary_names, EB_BOUNDARY_COUNT, (int)boundary);
}

const char *eb_quantity_name(eb_quantity quantity)
{
    return name_of(quantity_names, EB_QUANTITY_KINDS, (int)quantity);
}

const char *eb_status_name(eb_status status)
{
    return name_of(status_names, EB_SAMPLE_STATUS_COUNT, (int)status);
}

const char *eb_liveness_name(eb_liveness live)
{
    return name_of(live_names, EB_LIVE_COUNT, (int)live);
}

bool eb_domain_parse(const char *s, eb_domain *out)
{
    int i = index_of(domain_names, EB_DOMAIN_COUNT, s);
    if (i >= 0)
        *out = (eb_domain)i;
    return i >= 0;
}

bool eb_grade_parse(const char *s, eb_grade *out)
{
    int i = index_of(grade_names, EB_GRADE_COUNT, s);
    if (i >= 0)
        *out = (eb_grade)i;
    return i >= 0;
}

bool eb_boundary_parse(const char *s, eb_boundary *out)
{
    int i = index_of(boundary_names, EB_BOUNDARY_COUNT, s);
    if (i >= 0)
        *out = (eb_boundary)i;
    return i >= 0;
}

bool eb_quantity_parse(const char *s, eb_quantity *out)
{
    int i = index_of(quantity_names, EB_QUANTITY_KINDS, s);
    if (i >= 0)
        *out = (eb_quantity)i;
    return i >= 0;
}

bool eb_liveness_parse(const char *s, eb_liveness *out)
{
    int i = index_of(live_names, EB_LIVE_COUNT, s);
    if (i >= 0)
        *out = (eb_liveness)i;
    return i >= 0;
}
