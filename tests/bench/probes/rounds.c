// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/probes/rounds.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/gate_stats.h"
#include "tests/bench/engine/child.h"

enum { TRIALS = 4, PROCESSES_MAX = 64, LIMIT_S = 3600, LINE = 256 };
#define TRIM 0.2

static void shuffle(int order[TRIALS], eb_rng *rng)
{
    for (int i = 0; i < TRIALS; i++)
        order[i] = i;
    for (int i = TRIALS - 1; i > 0; i--) {
        int j = (int)eb_rng_below(rng, (uint64_t)i + 1), t = order[i];
        order[i] = order[j];
        order[j] = t;
    }
}

static bool one_round(load *w, eb_sampler *const samplers[TRIALS], eb_rng *rng, double tok_s[TRIALS])
{
    int order[TRIALS];
    shuffle(order, rng);
    for (int i = 0; i < TRIALS; i++) {
        eb_sampler *s = samplers[order[i]];
        tok_s[order[i]] = load_tok_s(w, s ? eb_sampler_pulse(s) : NULL, s);
        if (isnan(tok_s[order[i]]))
            return false;
    }
    return true;
}

static bool all_rounds(load *w, eb_sampler *const samplers[TRIALS], int rounds, int seed)
{
    double *ratio[ROUNDS_KINDS], tok_s[TRIALS], plain = 0;
    eb_rng rng;
    eb_rng_init(&rng, (uint64_t)seed);
    bool ok = one_round(w, samplers, &rng, tok_s); // the first one warms up
    for (int k = 0; k < ROUNDS_KINDS; k++)
        ratio[k] = eb_alloc((size_t)rounds * sizeof *ratio[k]);
    for (int r = 0; ok && r < rounds; r++) {
        ok = one_round(w, samplers, &rng, tok_s);
        double base = (log(tok_s[0]) + log(tok_s[1])) / 2;
        ratio[0][r] = log(tok_s[1] / tok_s[0]);
        ratio[1][r] = log(tok_s[2]) - base;
        ratio[2][r] = log(tok_s[3]) - base;
        plain += exp(base) / rounds;
    }
    if (ok)
        printf("%.1f", plain);
    for (int k = 0; k < ROUNDS_KINDS; k++) {
        if (ok)
            printf(" %.17g", eb_trimmed_mean(ratio[k], (size_t)rounds, TRIM).mean);
        free(ratio[k]);
    }
    return ok && printf("\n") > 0;
}

bool rounds_here(eb_io *io, eb_probe *probe, const eb_probe_config *config, load *w, int rounds, int seed)
{
    eb_probe_config slow = *config, fast = *config;
    eb_sampler *at_100 = load_sampler(io, &probe, &slow, 100, cpus_online());
    eb_sampler *at_1000 = load_sampler(io, &probe, &fast, 1000, cpus_online());
    eb_sampler *const samplers[TRIALS] = { NULL, NULL, at_100, at_1000 };
    bool ok = at_100 && at_1000 && all_rounds(w, samplers, rounds, seed);
    eb_sampler_free(at_100);
    eb_sampler_free(at_1000);
    return ok;
}

static void print_kind(const char *what, const double *x, int n, bool control)
{
    double mean = eb_mean(x, (size_t)n);
    double half = eb_student_critical(0.025, n - 1) * eb_stddev(x, (size_t)n) / sqrt(n);
    double lo = 100 * expm1(mean - half), hi = 100 * expm1(mean + half);
    printf("%-44s %+9.3f %%  95 %% interval %+.2f to %+.2f%s%s\n", what, 100 * expm1(mean), lo, hi,
           control ? "" : "; target: no loss beyond 1: ",
           control   ? ""
           : lo > -1 ? "ok"
           : hi < -1 ? "over"
                     : "not told (noise: more rounds)");
}

static bool one_process(char *const argv[], double *tok_s, double x[ROUNDS_KINDS])
{
    child_result r;
    eb_err err;
    eb_err_clear(&err);
    bool ran = child_run(argv, false, LIMIT_S, &r, &err);
    if (!ran)
        eb_err_print(&err, stderr);
    bool ok = ran && sscanf(r.out, "%lf %lf %lf %lf", tok_s, &x[0], &x[1], &x[2]) == 1 + ROUNDS_KINDS;
    if (ran && !ok)
        fprintf(stderr, "a process of rounds printed no observation\n");
    child_free(&r);
    return ok;
}

bool rounds_over_processes(int processes, int rounds, const char *shape, const char *type)
{
    static const char *const what[ROUNDS_KINDS] = { "tokens/s, not sampled twice (control)",
                                                    "tokens/s, sampled at 100 Hz", "tokens/s, sampled at 1 kHz" };
    double x[ROUNDS_KINDS][PROCESSES_MAX], of_one[ROUNDS_KINDS], tok_s;
    char n[16], seed[16], shape_arg[LINE], type_arg[LINE];
    if (processes > PROCESSES_MAX)
        processes = PROCESSES_MAX;
    snprintf(n, sizeof n, "%d", rounds);
    snprintf(shape_arg, sizeof shape_arg, "%s", shape);
    snprintf(type_arg, sizeof type_arg, "%s", type);
    for (int p = 0; p < processes; p++) {
        snprintf(seed, sizeof seed, "%d", p + 1);
        char *const argv[] = { "/proc/self/exe", "--rounds", n, shape_arg, type_arg, seed, NULL };
        if (!one_process(argv, &tok_s, of_one))
            return false;
        printf("process %2d of %d, %d rounds: %.1f tok/s; control %+.2f, 100 Hz %+.2f, 1 kHz %+.2f %%\n", p + 1,
               processes, rounds, tok_s, 100 * expm1(of_one[0]), 100 * expm1(of_one[1]), 100 * expm1(of_one[2]));
        fflush(stdout);
        for (int k = 0; k < ROUNDS_KINDS; k++)
            x[k][p] = of_one[k];
    }
    for (int k = 0; k < ROUNDS_KINDS; k++)
        print_kind(what[k], x[k], processes, k == 0);
    return true;
}
