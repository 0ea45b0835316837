// SPDX-License-Identifier: Apache-2.0
// Energy of single tokens that are hardly longer than the counter's updates: a machine whose power is another one in
// each token, its counter, and the error of three ways to read it. Prints the figures as a table.
//
// The machine: tokens of a length drawn from a range, each with 50 W times a factor drawn from 0.8 to 1.2. The counter:
// every 0.976 ms, each update displaced by a normal jitter of 20 us, it takes the energy drawn so far, cut down to
// whole units of 61.035 uJ. Reads come at the poll's interval from a random phase.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/attribution.h"
#include "tests/unit/emulated.h"
#include "tests/unit/journal_sample.h"

enum { TOKENS = 4000, SEEDS = 3, MS = 1000000 };

static const double period_ns = 976000, jitter_ns = 20000, unit_uj = 61.035, mean_w = 50;

static const eb_channel channel = { .name = "powercap/intel-rapl:0",
                                    .source = "powercap",
                                    .label = "package-0",
                                    .domain = EB_DOMAIN_PACKAGE,
                                    .socket = 0,
                                    .die = -1,
                                    .quantity = EB_QUANTITY_ENERGY_UJ,
                                    .cumulative = true,
                                    .max_range = 262143328850,
                                    .modulus = 262143328911,
                                    .unit = 61.035,
                                    .scale = 1,
                                    .power_max_w = 500,
                                    .period_ns = 976000,
                                    .jitter_ns = 20000,
                                    .grade = EB_GRADE_COUNTER };

typedef struct machine {
    double begin_ns[TOKENS + 1], uj[TOKENS + 1]; // of each token's beginning; energy drawn until then
    eb_sample *samples;
    size_t n;
} machine;

// Energy drawn until `t`; `i` is the token that the last call ended in: times are asked for in order.
static double drawn(const machine *m, double t, int *i)
{
    while (*i + 1 < TOKENS && t > m->begin_ns[*i + 1])
        ++*i;
    double w = (m->uj[*i + 1] - m->uj[*i]) / (m->begin_ns[*i + 1] - m->begin_ns[*i]);
    return m->uj[*i] + w * (t - m->begin_ns[*i]);
}

static void build(machine *m, double short_ns, double long_ns, double poll_ns, uint64_t seed)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    m->begin_ns[0] = 3 * MS;
    m->uj[0] = mean_w * 3 * MS / 1000;
    for (int k = 0; k < TOKENS; k++) {
        double ns = short_ns + (long_ns - short_ns) * eb_rng_uniform(&rng);
        m->begin_ns[k + 1] = m->begin_ns[k] + ns;
        m->uj[k + 1] = m->uj[k] + mean_w * (0.8 + 0.4 * eb_rng_uniform(&rng)) * ns / 1000;
    }
    double end_ns = m->begin_ns[TOKENS] + 3 * MS, phase_ns = eb_rng_uniform(&rng) * period_ns;
    size_t room = (size_t)(end_ns / poll_ns) + 3;
    m->samples = eb_alloc(room * sizeof *m->samples);
    m->n = 0;
    double next_ns = phase_ns, shown_uj = 0;
    int token = 0, update = 0;
    for (double t = eb_rng_uniform(&rng) * poll_ns; t < end_ns && m->n < room; t += poll_ns) {
        while (next_ns <= t) {
            shown_uj = next_ns < m->begin_ns[0] ? mean_w * next_ns / 1000 : drawn(m, next_ns, &token);
            next_ns = phase_ns + period_ns * ++update + jitter_ns * eb_rng_normal(&rng);
        }
        uint64_t raw = (uint64_t)(floor(shown_uj / unit_uj) * unit_uj) + 1000000;
        m->samples[m->n++] = (eb_sample){ .t_before_ns = (int64_t)t, .t_after_ns = (int64_t)t + 600, .raw = raw };
    }
}

// Raw counter as last read before `t`.
static double last_read(const machine *m, double t)
{
    size_t low = 0, high = m->n;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if ((double)m->samples[mid].t_before_ns <= t)
            low = mid;
        else
            high = mid;
    }
    return (double)m->samples[low].raw;
}

typedef struct errors {
    double edges, naive, share, total, covered; // RMS relative; relative; share of tokens
} errors;

static errors errors_of(const machine *m)
{
    eb_trace *t = eb_trace_new(&channel, m->samples, m->n);
    double ns = m->begin_ns[TOKENS] - m->begin_ns[0], uj = m->uj[TOKENS] - m->uj[0], sum_j = 0;
    errors e = { 0 };
    for (int k = 0; k < TOKENS; k++) {
        double from = m->begin_ns[k], to = m->begin_ns[k + 1], truth = m->uj[k + 1] - m->uj[k];
        eb_energy own = eb_trace_energy(t, (int64_t)from, (int64_t)to);
        assert_int_equal(own.status, EB_SAMPLE_OK);
        double edges = own.j * 1e6 - truth, naive = last_read(m, to) - last_read(m, from) - truth;
        double share = uj * (to - from) / ns - truth;
        sum_j += own.j;
        e.edges += edges * edges / (truth * truth);
        e.naive += naive * naive / (truth * truth);
        e.share += share * share / (truth * truth);
        e.covered += fabs(edges) <= own.halfwidth_j * 1e6;
    }
    e.edges = sqrt(e.edges / TOKENS);
    e.naive = sqrt(e.naive / TOKENS);
    e.share = sqrt(e.share / TOKENS);
    e.covered /= TOKENS;
    e.total = fabs(sum_j * 1e6 / uj - 1);
    eb_trace_free(t);
    return e;
}

static const struct window {
    double short_ms, long_ms, poll_us;
    double most_edges,
        naive;     // most RMS error, 0 = only printed; that of the naive difference, as a check of the machine
    bool resolved; // an update per token and reads that find it: the half-width keeps its promise
} windows[] = {
    { 4, 8, 50, 0.01, 0, true },   { 4, 8, 200, 0.02, 0.074, true }, { 4, 8, 1000, 0, 0, true },
    { 1, 2, 50, 0.04, 0, true },   { 1, 2, 200, 0.07, 0.29, true },  { 1, 2, 1000, 0, 0, true },
    { 0.4, 0.6, 50, 0, 0, false }, { 0.4, 0.6, 200, 0, 0, false },
};

static void test_error_of_single_tokens(void **state)
{
    (void)state;
    static machine m;
    const char *slow = getenv("SLOW");
    uint64_t seeds = slow && *slow ? 1 : SEEDS;
    print_message("# RMS error per token, %%; share of the tokens that lie within their printed half-width\n"
                  "# token       poll      edges  naive  share of time  total     within\n");
    for (size_t i = 0; i < sizeof windows / sizeof *windows; i += emulated() ? 3 : 1) {
        const struct window *w = &windows[i];
        for (uint64_t seed = 1; seed <= seeds; seed++) {
            build(&m, w->short_ms * MS, w->long_ms * MS, w->poll_us * 1000, 100 * i + seed);
            errors e = errors_of(&m);
            free(m.samples);
            print_message("# %.1f-%.1f ms  %4.0f us   %5.2f  %5.1f  %13.1f  %6.4f %% %5.1f %%\n", w->short_ms,
                          w->long_ms, w->poll_us, 100 * e.edges, 100 * e.naive, 100 * e.share, 100 * e.total,
                          100 * e.covered);
            assert_true(e.total <= 1e-4);
            assert_true(!w->most_edges || e.edges <= w->most_edges);
            assert_true(!w->resolved || e.covered >= 0.93);
            assert_true(!w->naive || fabs(e.naive / w->naive - 1) < 0.1);
            assert_true(fabs(e.share - 0.12) < 0.01); // what +-20 % alone makes
        }
    }
}

// The run that such a trial makes: its own figures, or words that say why there are none.
static eb_run *run_of(const machine *m, sample_run *s)
{
    eb_err err = { 0 };
    sample_init(s);
    s->channels[0] = channel;
    s->header.n_channels = 1;
    s->cases[0].output_tok = TOKENS;
    s->cases[0].batch = 1;
    eb_power_row *power = eb_realloc(NULL, m->n, sizeof *power);
    eb_token_event *tokens = eb_realloc(NULL, TOKENS, sizeof *tokens);
    for (size_t i = 0; i < m->n; i++)
        power[i] = (eb_power_row){ 0, m->samples[i] };
    for (uint32_t k = 0; k < TOKENS; k++)
        tokens[k] = (eb_token_event){ .index = k,
                                      .phase = k ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                                      .t_start_ns = (int64_t)m->begin_ns[k],
                                      .t_end_ns = (int64_t)m->begin_ns[k + 1] };
    eb_trial_info info = {
        .number = 1, .t_start_ns = (int64_t)m->begin_ns[0], .t_end_ns = (int64_t)m->begin_ns[TOKENS], .load_ns = -1
    };
    eb_request_row request = { 0, info.t_start_ns, info.t_start_ns, 1, TOKENS, EB_REQUEST_OK };
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    assert_true(eb_journal_trial(j, &info, &request, 1, tokens, TOKENS, power, m->n, &err));
    eb_journal_close(j);
    free(tokens);
    free(power);
    eb_run *run = eb_run_load(s->dir, &err);
    assert_non_null(run);
    return run;
}

static void test_percentiles_of_token_energies(void **state)
{
    (void)state;
    static machine m;
    static const struct {
        double short_ms, long_ms;
        bool given;
    } lengths[] = { { 4, 8, true }, { 1, 2, false }, { 0.4, 0.6, false } };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        sample_run s;
        build(&m, lengths[i].short_ms * MS, lengths[i].long_ms * MS, 200000, 9 + i);
        eb_run *run = run_of(&m, &s);
        double truth[TOKENS - 1];
        for (int k = 1; k < TOKENS; k++)
            truth[k - 1] = (m.uj[k + 1] - m.uj[k]) / 1e6;
        static const struct {
            const char *key;
            double p;
        } quantiles[] = { { "token_energy_p50_j", 0.5 },
                          { "token_energy_p90_j", 0.9 },
                          { "token_energy_p99_j", 0.99 } };
        for (size_t q = 0; q < 3; q++) {
            const eb_metric *p = eb_case_metric(&run->cases[0], quantiles[q].key);
            double want = eb_quantile(truth, TOKENS - 1, quantiles[q].p);
            print_message("# %.1f-%.1f ms %s: %g J of %g J%s%s\n", lengths[i].short_ms, lengths[i].long_ms,
                          quantiles[q].key, p->value, want, p->note[0] ? ", " : "", p->note);
            assert_int_equal(isfinite(p->value), lengths[i].given);
            assert_true(!lengths[i].given || fabs(p->value / want - 1) < 0.02);
            assert_true(!lengths[i].given || (p->lo < want && want < p->hi && p->grade == EB_GRADE_COUNTER));
            assert_true(lengths[i].given || strstr(p->note, "two are needed"));
        }
        // The mean is there in any case, with its interval.
        const eb_metric *mean = eb_case_metric(&run->cases[0], "j_per_tok");
        double want = (m.uj[TOKENS] - m.uj[0]) / 1e6 / TOKENS;
        assert_true(mean->lo <= want && want <= mean->hi && mean->hi - mean->lo < 0.002 * want);
        eb_run_free(run);
        free(m.samples);
        sample_deinit(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_error_of_single_tokens),
        cmocka_unit_test(test_percentiles_of_token_energies),
    };
    return cmocka_run_group_tests_name("short windows", tests, NULL, NULL);
}
