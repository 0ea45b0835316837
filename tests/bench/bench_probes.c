// SPDX-License-Identifier: Apache-2.0
// What measuring costs: a token mark, a read of a zone over a plain pread, the sampler at 100 Hz and 1 kHz over six
// zones (the thread's own CPU clock, judged; and what is read in beats, which the rounds judge), and the tokens per
// second that sampling takes, over several processes (probes/rounds.h). Each figure with its target. The zones are
// files of a temporary folder, which cost less to read than sysfs does (0.63 us there, docs/energy.md); the way to them
// is that of the machine itself: kept handles and pread. bench_probes [ROUNDS [SHAPE TYPE]]: of each of 12 processes
// (default: 40, smollm2-135m q8_0). THREADS: of the engine, else all CPUs. Exit 1 where something could not be measured
// at all; a missed target is a word, not a failure.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/clock.h"
#include "harness/base/stats.h"
#include "tests/bench/probes/load.h"
#include "tests/bench/probes/rounds.h"
#include "tests/bench/probes/zones.h"

enum { REPEATS = 31, CALLS = 20000, PROCESSES = 12, ROUNDS_MAX = 4000 };
#define LOOK_NS 2000000000ll

static void verdict(const char *what, double value, double target, const char *unit)
{
    printf("%-44s %9.3f %s  target %g: %s\n", what, value, unit, target, value <= target ? "ok" : "over");
}

// ---- costs of single calls: the median of so many -------------------------------------------------------------------

static double mark_ns(void)
{
    static eb_token_event marks[CALLS];
    double repeats[REPEATS];
    for (int r = 0; r < REPEATS; r++) {
        int64_t start = eb_now_ns(), last = start;
        for (int i = 0; i < CALLS; i++) {
            int64_t now = eb_now_ns();
            marks[i] = (eb_token_event){ .index = (uint32_t)i, .t_start_ns = last, .t_end_ns = now };
            last = now;
        }
        repeats[r] = (double)(eb_now_ns() - start) / CALLS;
        __asm__ volatile("" : : "r"(marks) : "memory");
    }
    return eb_median(repeats, REPEATS);
}

static double plain_ns(int fd)
{
    char buf[64];
    int64_t start = eb_now_ns();
    for (int i = 0; i < CALLS; i++)
        if (pread(fd, buf, sizeof buf, 0) <= 0)
            return NAN;
    return (double)(eb_now_ns() - start) / CALLS;
}

static double zone_ns(eb_probe *probe)
{
    eb_sample samples[ZONES];
    int64_t start = eb_now_ns();
    for (int i = 0; i < CALLS / ZONES; i++) {
        eb_probe_read(probe, samples);
        for (int z = 0; z < ZONES; z++)
            if (samples[z].status != EB_SAMPLE_OK)
                return NAN;
    }
    const int reads = CALLS / ZONES * ZONES;
    return (double)(eb_now_ns() - start) / reads;
}

static bool bench_calls(eb_probe *probe)
{
    double plain[REPEATS], extra[REPEATS];
    int fd = zones_open_first();
    verdict("token mark (a clock read and a store)", mark_ns(), 100, "ns");
    for (int r = 0; r < REPEATS; r++) {
        plain[r] = plain_ns(fd);
        extra[r] = zone_ns(probe) - plain[r];
    }
    close(fd);
    if (isnan(eb_median(plain, REPEATS)) || isnan(eb_median(extra, REPEATS)))
        return false;
    printf("%-44s %9.3f us\n", "plain pread of a zone's file", eb_median(plain, REPEATS) / 1e3);
    verdict("a zone's reading over that", eb_median(extra, REPEATS) / 1e3, 1, "us");
    return true;
}

// ---- the sampler's thread ------------------------------------------------------------------------------------------

// What sampling takes of the machine's CPU time while the workload runs.
typedef struct cost {
    double thread_percent, beats_percent; // on a thread of its own, and on the workload's
    double set_us;
} cost;

// False when it did not run.
static bool sampling_cost(eb_sampler *s, load *w, int n_zones, cost *out)
{
    int64_t start = eb_now_ns();
    bool ok = true;
    eb_sampler_begin(s);
    while (ok && eb_now_ns() < start + LOOK_NS)
        ok = !isnan(load_tok_s(w, eb_sampler_pulse(s), NULL));
    eb_sampler_end(s);
    double had_ns = (double)(eb_now_ns() - start) * cpus_online();
    double all_ns = (double)eb_sampler_cpu_ns(s), beats_ns = (double)eb_sampler_beats_ns(s);
    size_t rows;
    eb_sampler_rows(s, &rows);
    double sets = (double)rows / n_zones - 2;
    *out = (cost){ 100 * (all_ns - beats_ns) / had_ns, 100 * beats_ns / had_ns, all_ns / sets / 1e3 };
    return ok && sets > 0;
}

// A source that reads nothing: what is left is the way to the reading.
static void read_nothing(eb_probe *probe, eb_sample *out)
{
    (void)probe;
    out[0] = (eb_sample){ .status = EB_SAMPLE_OK };
}

static bool bench_thread(eb_io *io, eb_probe *probe, const eb_probe_config *config, load *w, double rate_hz,
                         double target)
{
    static const eb_probe_ops nothing_ops = { .name = "nothing", .doc = "reads nothing", .read = read_nothing };
    static eb_channel nothing_channel = { .name = "nothing/0",
                                          .quantity = EB_QUANTITY_ENERGY_UJ,
                                          .cumulative = true,
                                          .scale = 1,
                                          .grade = EB_GRADE_COUNTER };
    eb_probe nothing = { .ops = &nothing_ops, .channels = &nothing_channel, .n = 1 }, *no_zones = &nothing;
    cost zones, none;
    eb_probe_config own = *config;
    eb_sampler *s = load_sampler(io, &probe, &own, rate_hz, cpus_online());
    eb_sampler *empty = load_sampler(io, &no_zones, &own, rate_hz, cpus_online());
    bool ok = s && empty && sampling_cost(s, w, ZONES, &zones) && sampling_cost(empty, w, 1, &none);
    if (ok) {
        char what[64];
        snprintf(what, sizeof what, "six zones at %g Hz: thread, of %d CPUs", rate_hz, cpus_online());
        verdict(what, zones.thread_percent, target, "% ");
        printf("%-44s %9.3f %%  in beats on the workload's thread, where no CPU is to spare\n", "",
               zones.beats_percent);
        printf("%-44s %9.3f us a set, both together; %.3f us of it without the readings; %d dropped\n", "",
               zones.set_us, none.set_us, eb_sampler_wide(s));
    }
    eb_sampler_free(s);
    eb_sampler_free(empty);
    return ok;
}

static bool bench(bool part, int rounds, const char *shape, const char *type, int seed)
{
    static load w;
    const char *wanted = getenv("THREADS");
    eb_probe_config config;
    eb_io io;
    eb_probe_config_default(&config);
    if (!zones_make())
        return false;
    eb_probe *probe = zones_probe(&io, &config);
    bool ok = probe && load_open(&w, shape, type, wanted ? atoi(wanted) : 0);
    if (ok && part)
        ok = rounds_here(&io, probe, &config, &w, rounds, seed);
    else if (ok)
        ok = bench_calls(probe) && bench_thread(&io, probe, &config, &w, 100, 0.1) &&
             bench_thread(&io, probe, &config, &w, 1000, 0.25);
    if (w.engine)
        load_close(&w);
    eb_probe_close(probe);
    zones_remove();
    return ok;
}

int main(int argc, char **argv)
{
    bool part = argc == 6 && strcmp(argv[1], "--rounds") == 0; // of rounds_over_processes
    char **arg = argv + part;
    int rounds = argc > 1 ? atoi(arg[1]) : 40;
    const char *shape = argc > 3 ? arg[2] : "smollm2-135m", *type = argc > 3 ? arg[3] : "q8_0";
    if (rounds < 2 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "usage: bench_probes [ROUNDS [SHAPE TYPE]]\n");
        return 2;
    }
    if (part)
        return bench(true, rounds, shape, type, atoi(arg[4])) ? 0 : 1;
    printf("zones are files of a temporary folder: cheaper to read than sysfs. Load: %s %s, of %d CPUs\n", shape, type,
           cpus_online());
    fflush(stdout);
    return bench(false, 0, shape, type, 0) && rounds_over_processes(PROCESSES, rounds, shape, type) ? 0 : 1;
}
