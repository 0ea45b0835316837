// SPDX-License-Identifier: Apache-2.0
// Tokens per second with sampling over those without. What two processes differ in (where their memory lies) is more
// than what one of them can tell, however long it runs: so each process is one observation, and the interval is
// Student's over the processes. Within a process, rounds of four trials in random order: two that are not sampled, one
// at 100 Hz, one at 1 kHz; an observation is the mean (20 % trimmed at each end: a foreign process cuts into some
// rounds) of the logarithm of the sampled rate over the mean of the two plain ones. The two plain ones against each
// other are the control: they should differ by nothing.
#ifndef EB_BENCH_ROUNDS_H
#define EB_BENCH_ROUNDS_H

#include "tests/bench/probes/load.h"

enum { ROUNDS_KINDS = 3 }; // the control, 100 Hz, 1 kHz

// One process's part: runs the rounds on an open load and prints the observations as one line for
// rounds_over_processes. False after a message on stderr.
bool rounds_here(eb_io *io, eb_probe *probe, const eb_probe_config *config, load *w, int rounds, int seed);

// Runs `self --rounds ROUNDS SHAPE TYPE SEED` so many times, one after the other, and prints what comes out. False
// after a message on stderr.
bool rounds_over_processes(int processes, int rounds, const char *shape, const char *type);

#endif
