// SPDX-License-Identifier: Apache-2.0
// Raw counter samples -> energy of any window, with its half-width.
// A trace is the samples of one channel in time order. Counters are unwrapped with the channel's own
// modulus; edges (the samples at which the value moved) are stamped in the middle of the bracket between the last
// sample before and the first sample after; cumulative energy is linear between edges. Gauges (power)
// are integrated by trapezoids. Equal readings are 0 J. What cannot be told has a status and no number: also the
// stretch in which a counter stands still for longer than eb_dead_after_ns (dead.h), unless its next movement brings
// the energy.
#ifndef EB_RECORD_ATTRIBUTION_H
#define EB_RECORD_ATTRIBUTION_H

#include "harness/base/energy.h"
#include "harness/base/error.h"

typedef struct eb_energy {
    double j;           // NAN unless status is OK
    double halfwidth_j; // boundary and quantisation in quadrature, 95 %
    double boundary_j;  // where the edges lie, and what is drawn between them
    double quantum_j;   // readings are whole units
    double class_j; // bound of the sensor's own error, systematic and not in the half-width; NAN = nobody published it
    eb_grade grade;
    eb_status status;
    int channel; // in the sum of several: whose status it is; -1 = not known
} eb_energy;

eb_energy eb_energy_unknown(eb_status status);
// Adds the energy of another channel (part->channel) in the same window: boundary terms as they are, since channels
// that are updated together err together, quanta in quadrature, sensor classes as they are, the weakest grade. Start
// with { .grade = EB_GRADE_COUNT }.
void eb_energy_add(eb_energy *sum, const eb_energy *part);
// The same of another window: boundary terms in quadrature too.
void eb_energy_join(eb_energy *sum, const eb_energy *part);

typedef struct eb_trace eb_trace;
// Copies what it needs. `power_max_w` bounds: see eb_channel. Never fails but for memory.
eb_trace *eb_trace_new(const eb_channel *channel, const eb_sample *samples, size_t n);
void eb_trace_free(eb_trace *t);
eb_energy eb_trace_energy(const eb_trace *t, int64_t t0_ns, int64_t t1_ns);
// Same for any cumulative counter: difference of the interpolated counts (raw * scale); NAN when not known.
double eb_trace_delta(const eb_trace *t, int64_t t0_ns, int64_t t1_ns);
size_t eb_trace_updates(const eb_trace *t, int64_t t0_ns, int64_t t1_ns); // edges inside

// The moments at which an energy counter was seen to move, in order of time: the truth lies in the bracket of
// `width_ns` around `t_ns`, as likely anywhere. A first reading, and one after a hole, is no movement: `fresh`.
typedef struct eb_edge {
    double t_ns, width_ns; // since eb_trace_origin
    double j;              // cumulative
    bool fresh;
} eb_edge;
size_t eb_trace_edges(const eb_trace *t); // 0 of what is no energy counter
eb_edge eb_trace_edge(const eb_trace *t, size_t i);
int64_t eb_trace_origin(const eb_trace *t);

// Difference b - a of a wrapping counter in raw steps, at most one wrap; EB_SAMPLE_OK, _RESET (implied power beyond
// the bound) or _AMBIGUOUS (dt_ns and a period, in which a difference may have been drawn, longer than half a wrap at
// the bound; or dt_ns longer than the channel's gap_max_ns).
eb_status eb_counter_diff(const eb_channel *channel, uint64_t a, uint64_t b, int64_t dt_ns, uint64_t *diff);
// The same where it is known for how long the counter had stood at `a`: an update may bring what was drawn since then,
// and no more. Without it (above) the update may be late by 250 ms.
eb_status eb_counter_diff_after(const eb_channel *channel, uint64_t a, uint64_t b, int64_t dt_ns, double still_ns,
                                uint64_t *diff);

#endif
