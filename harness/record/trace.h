// SPDX-License-Identifier: Apache-2.0
// What a trace is made of: trace.c makes it from samples, attribution.c asks it. Private to these two.
#ifndef EB_RECORD_TRACE_H
#define EB_RECORD_TRACE_H

#include "harness/record/attribution.h"

#define EB_TRACE_BLIND_NS 250e6 // a source that did not read for this long is not drawn through

typedef struct eb_trace_point {
    double t_ns;     // the value is known to hold at t (relative to the trace's first sample)
    double value;    // cumulative: since the first sample; gauge: the reading
    double width_ns; // bracket of the edge and of the clock reads, in quadrature
    bool fresh;      // the first one, or the first after a hole: nothing is known of the time before
    bool late;       // readings before it failed
} eb_trace_point;

// A stretch in which the counter cannot be followed.
typedef struct eb_trace_hole {
    double from_ns, to_ns;
    eb_status status;
} eb_trace_hole;

struct eb_trace {
    eb_channel channel;
    int64_t origin_ns;
    double first_ns, last_ns;  // of the samples that could be read, relative to the origin
    double failed_ns;          // the last one that could not
    double poll_ns, period_ns; // median distance of the samples; native period, found where not known
    double edge_ns;            // median distance of the points
    double coarse_uj, fill_ns; // a unit that takes several updates to fill, and how long; 0 = units are finer
    eb_trace_point *points;    // edges of an energy counter; every sample of anything else
    size_t n;
    size_t *updates; // points[0..i] that are movements
    eb_trace_hole *holes;
    size_t n_holes, cap_holes;
};

#endif
