// SPDX-License-Identifier: Apache-2.0
// The parts of `effbench probes`: the survey of what is here, its three forms of output. Private to harness/cmd.
#ifndef EB_CMD_PROBES_H
#define EB_CMD_PROBES_H

#include "harness/base/io.h"
#include "probes/probe.h"

typedef struct eb_survey_source {
    const eb_probe_ops *ops;
    eb_probe_detection found;
    eb_probe *probe; // NULL = not opened
    int first, n;    // its channels
} eb_survey_source;

typedef struct eb_survey {
    eb_io *io; // borrowed
    eb_boundary boundary;
    eb_survey_source *sources;
    int n_sources;
    eb_channel *channels; // of all opened sources, in order, as calibrated
    eb_sample *samples;   // one reading of each
    bool *counted;        // towards the boundary
    int n_channels;
    char domains[2048], missing[1024];
    eb_grade grade;    // of the total
    int64_t looked_ns; // 0 = nothing was calibrated
    bool configured;   // by a config: a run may have no other sources
    bool still;        // a tree of files in which nothing moves
} eb_survey;

// Detects every source, opens those that work and reads each once. `io` and `config` are borrowed.
void eb_survey_open(eb_survey *s, eb_io *io, const eb_probe_config *config);
// A look at the energy channels, of at most `limit_ns`.
void eb_survey_calibrate(eb_survey *s, int64_t limit_ns);
void eb_survey_close(eb_survey *s);

bool eb_survey_is_energy(const eb_channel *c);
// "yes", and in whose place, or why a channel does not count; in `buf` or a literal.
const char *eb_survey_counts(const eb_survey *s, int channel, char *buf, size_t size);

// Each returns an exit status.
int eb_probes_text(const eb_survey *s);
int eb_probes_json(const eb_survey *s);

typedef struct eb_watch {
    int64_t interval_ns;
    int64_t count; // refreshes; 0 = until SIGINT
    bool json;     // a line of JSON per refresh
} eb_watch;
int eb_probes_watch(const eb_survey *s, const eb_probe_config *config, const eb_watch *watch);

#endif
