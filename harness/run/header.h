// SPDX-License-Identifier: Apache-2.0
// The journal's header from a plan and what was found on the machine.
#ifndef EB_RUN_HEADER_H
#define EB_RUN_HEADER_H

#include "harness/base/log.h"
#include "harness/plan/plan.h"
#include "harness/record/run.h"

// Sources and channels of the opened probes.
typedef struct eb_found {
    const eb_probe_config *config; // borrowed
    eb_source_row *sources;
    int n_sources;
    eb_probe **probes; // opened ones
    int n_probes;
    eb_channel *channels; // of all opened probes, in order; what a calibration finds goes in here
    int n_channels;
} eb_found;

// Detects all probes that [probes] sources allows and opens what works. `config` and `io` are borrowed for
// the life of the probes.
void eb_found_open(eb_found *out, eb_io *io, const eb_probe_config *config);
void eb_found_close(eb_found *found);
// A warning for each source of energy that works in part (a total without one of its zones must not look whole), and
// for each that the config asks for by name and that does not work.
void eb_found_warn(const eb_found *found, const eb_probe_config *config, eb_warnings *warnings);
// EB_UNAVAILABLE when the boundary's energy would be of a weaker grade than `wanted`, by all that is known of the
// channels.
bool eb_found_require(const eb_found *found, eb_boundary boundary, eb_grade wanted, eb_err *err);

eb_header *eb_header_build(const eb_plan *plan, const char *tool_version, const eb_found *found);
void eb_header_free_built(eb_header *h);

#endif
