// SPDX-License-Identifier: Apache-2.0
// What an engine says while it generates: one event per output token, one row per request.
// All times CLOCK_MONOTONIC ns (or the virtual clock's), the clock of the probe samples.
#ifndef EB_BASE_EVENT_H
#define EB_BASE_EVENT_H

#include <stdint.h>

typedef enum eb_phase {
    EB_PHASE_PREFILL, // the event of output token 0: t_start = start of its prefill
    EB_PHASE_DECODE,  // output tokens 1..: t_start = start of the step that made it
    EB_PHASE_COUNT
} eb_phase;

typedef struct eb_token_event {
    uint32_t request; // id given at submit
    uint32_t index;   // 0-based output token index
    eb_phase phase;
    int32_t token; // token id
    int64_t t_start_ns, t_end_ns;
} eb_token_event;

typedef enum eb_request_status {
    EB_REQUEST_OK,
    EB_REQUEST_CANCELLED,
    EB_REQUEST_FAILED,
    EB_REQUEST_STATUS_COUNT
} eb_request_status;

typedef struct eb_request_row {
    uint32_t request;
    int64_t scheduled_ns; // when it should have arrived; latencies count from here
    int64_t sent_ns;      // when it was submitted
    uint32_t prompt_tok, output_tok;
    eb_request_status status;
} eb_request_row;

// A stretch of a load in which requests arrive at one rate. A request belongs to the last level that had begun when it
// was scheduled.
typedef struct eb_level_row {
    int percent;          // of the maximum; 0 = active idle; -1 = the only level, of no curve
    double nominal_per_s; // requests per second that were asked for; 0 = by no rate
    int64_t t_start_ns;
    int64_t t_offered_ns; // the end of its schedule
    int64_t t_end_ns;     // when its requests were finished or given up, not before t_offered_ns
} eb_level_row;

enum { EB_LEVELS_MAX = 16 };

const char *eb_phase_name(eb_phase phase);                    // "prefill", "decode"
const char *eb_request_status_name(eb_request_status status); // "ok", "cancelled", "failed"

#endif
