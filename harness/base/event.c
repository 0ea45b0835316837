// SPDX-License-Identifier: Apache-2.0
// Names of phases and request states, as they stand in the raw files.
#include "harness/base/event.h"

static const char *const phase_names[EB_PHASE_COUNT] = { "prefill", "decode" };
static const char *const status_names[EB_REQUEST_STATUS_COUNT] = { "ok", "cancelled", "failed" };

const char *eb_phase_name(eb_phase phase)
{
    return (unsigned)phase < EB_PHASE_COUNT ? phase_names[phase] : "unknown";
}

const char *eb_request_status_name(eb_request_status status)
{
    return (unsigned)status < EB_REQUEST_STATUS_COUNT ? status_names[status] : "unknown";
}
