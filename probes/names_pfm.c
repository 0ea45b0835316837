// SPDX-License-Identifier: Apache-2.0
// Event names of this CPU through libpfm4.
#include <perfmon/pfmlib.h>
#include <perfmon/pfmlib_perf_event.h>
#include <stdio.h>
#include <string.h>
#include "probes/names.h"

// libpfm4 can be told to encode events of CPUs that are not here; such a code would count something else.
static bool is_of_this_machine(int idx)
{
    pfm_event_info_t info;
    memset(&info, 0, sizeof info);
    info.size = sizeof info;
    if (pfm_get_event_info(idx, PFM_OS_PERF_EVENT, &info) != PFM_SUCCESS)
        return false;
    pfm_pmu_info_t pmu;
    memset(&pmu, 0, sizeof pmu);
    pmu.size = sizeof pmu;
    return pfm_get_pmu_info(info.pmu, &pmu) == PFM_SUCCESS && pmu.is_present;
}

bool eb_event_encode_other(const char *name, eb_event_code *out, char *why, size_t size)
{
    struct perf_event_attr attr;
    memset(&attr, 0, sizeof attr);
    pfm_perf_encode_arg_t arg;
    memset(&arg, 0, sizeof arg);
    arg.size = sizeof arg;
    arg.attr = &attr;
    int rc = pfm_initialize();
    if (rc == PFM_SUCCESS)
        rc = pfm_get_os_event_encoding(name, PFM_PLM0 | PFM_PLM3, PFM_OS_PERF_EVENT, &arg);
    if (rc != PFM_SUCCESS) {
        snprintf(why, size, "'%s': libpfm4: %s", name, pfm_strerror(rc));
        return false;
    }
    if (!is_of_this_machine(arg.idx)) {
        snprintf(why, size, "'%s' is an event of another machine", name);
        return false;
    }
    *out = (eb_event_code){
        .type = attr.type,
        .config = attr.config,
        .config1 = attr.config1,
        .config2 = attr.config2,
        .exclude_user = attr.exclude_user,
        .exclude_kernel = attr.exclude_kernel,
    };
    return true;
}
