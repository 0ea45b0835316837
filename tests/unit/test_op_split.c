// SPDX-License-Identifier: Apache-2.0
// Joules per operator from simulated counters: known watts per operator, an update period with jitter, a poller that
// sees the updates late, readings in whole units.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/op_split.h"

enum { MOST_SPANS = 1 << 19, MOST_SAMPLES = 1 << 16 };

typedef struct world {
    int kinds;             // operators 1..kinds
    double w[EB_OP_COUNT]; // true watts of each
    double window_s;
    double shortest_ns, longest_ns; // of a span
    double period_ns, jitter_ns, poll_ns, unit_uj;
    int pattern;         // 0 = random order; n = the same n operators over and over, with their own fixed lengths
    double noise;        // relative, of the lengths in a pattern
    bool second_channel; // a tenth of each power in a channel of its own
    uint64_t seed;
} world;

typedef struct scene {
    eb_span *spans;
    size_t n_spans;
    eb_trace *traces[2];
    int n_traces;
    double true_j[EB_OP_COUNT], total_j;
    int64_t t0, t1;
} scene;

static double between(eb_rng *rng, double a, double b)
{
    return a + (b - a) * eb_rng_uniform(rng);
}

static void make_spans(const world *w, scene *s, eb_rng *rng)
{
    double own_ns[EB_OP_COUNT];
    int64_t at = s->t0;
    for (int k = 1; k <= w->kinds; k++)
        own_ns[k] = between(rng, w->shortest_ns, w->longest_ns);
    s->spans = eb_alloc(MOST_SPANS * sizeof *s->spans);
    for (int i = 0; at < s->t1 && s->n_spans < MOST_SPANS; i++) {
        int op = w->pattern ? 1 + i % w->pattern : 1 + (int)eb_rng_below(rng, (uint64_t)w->kinds);
        double length =
            w->pattern ? own_ns[op] * (1 + w->noise * eb_rng_normal(rng)) : between(rng, w->shortest_ns, w->longest_ns);
        if (at + (int64_t)length > s->t1)
            length = (double)(s->t1 - at);
        s->spans[s->n_spans++] =
            (eb_span){ .t_start_ns = at, .length_ns = (uint32_t)length, .op = (uint8_t)op, .phase = EB_PHASE_DECODE };
        at += (uint32_t)length;
        if (length < 1)
            break;
    }
    s->t1 = at;
}

// Energy drawn until t; calls in order of time.
typedef struct meter {
    const world *w;
    const scene *s;
    size_t next;
    double done_j;
} meter;

static double drawn_j(meter *m, double t)
{
    while (m->next < m->s->n_spans) {
        const eb_span *x = &m->s->spans[m->next];
        if ((double)x->t_start_ns + x->length_ns > t)
            break;
        m->done_j += m->w->w[x->op] * x->length_ns / 1e9;
        m->next++;
    }
    if (m->next == m->s->n_spans || (double)m->s->spans[m->next].t_start_ns > t)
        return m->done_j;
    const eb_span *x = &m->s->spans[m->next];
    return m->done_j + m->w->w[x->op] * (t - (double)x->t_start_ns) / 1e9;
}

static eb_trace *watch(const world *w, const scene *s, double share, eb_rng *rng)
{
    eb_channel channel = { .name = "x",
                           .domain = EB_DOMAIN_PACKAGE,
                           .quantity = EB_QUANTITY_ENERGY_UJ,
                           .cumulative = true,
                           .scale = 1,
                           .unit = w->unit_uj,
                           .grade = EB_GRADE_COUNTER,
                           .period_ns = (int64_t)w->period_ns };
    eb_sample *samples = eb_alloc(MOST_SAMPLES * sizeof *samples);
    size_t n = 0;
    meter m = { .w = w, .s = s };
    double update = (double)s->t0 + w->period_ns * eb_rng_uniform(rng), shown = 0;
    for (double at = (double)s->t0; at <= (double)s->t1 && n < MOST_SAMPLES;
         at += w->poll_ns * between(rng, 0.95, 1.05)) {
        while (update <= at) {
            shown = share * 1e6 * drawn_j(&m, update);
            update += w->period_ns + w->jitter_ns * eb_rng_normal(rng);
        }
        uint64_t raw = 1000000 + (uint64_t)(floor(shown / w->unit_uj) * w->unit_uj);
        samples[n++] = (eb_sample){ .t_before_ns = (int64_t)at - 300, .t_after_ns = (int64_t)at + 300, .raw = raw };
    }
    eb_trace *t = eb_trace_new(&channel, samples, n);
    free(samples);
    return t;
}

static void stage(const world *w, scene *s)
{
    eb_rng rng;
    eb_rng_init(&rng, w->seed);
    *s = (scene){ .t0 = 5000000000, .t1 = 5000000000 + (int64_t)(w->window_s * 1e9), .n_traces = 1 };
    make_spans(w, s, &rng);
    for (size_t i = 0; i < s->n_spans; i++)
        s->true_j[s->spans[i].op] += w->w[s->spans[i].op] * s->spans[i].length_ns / 1e9;
    for (int k = 0; k < EB_OP_COUNT; k++)
        s->total_j += s->true_j[k];
    s->n_traces = w->second_channel ? 2 : 1;
    s->traces[0] = watch(w, s, w->second_channel ? 0.9 : 1, &rng);
    if (w->second_channel)
        s->traces[1] = watch(w, s, 0.1, &rng);
}

static void split(const scene *s, eb_split *out)
{
    eb_split_trial trial = { .t_start_ns = s->t0,
                             .t_end_ns = s->t1,
                             .spans = s->spans,
                             .n_spans = s->n_spans,
                             .traces = (const eb_trace *const *)s->traces,
                             .n_traces = s->n_traces };
    eb_op_split(&trial, 1, out);
}

static void strike(scene *s)
{
    for (int i = 0; i < s->n_traces; i++)
        eb_trace_free(s->traces[i]);
    free(s->spans);
}

static world nine_kinds(uint64_t seed)
{
    world w = { .kinds = 9,
                .window_s = 5,
                .shortest_ns = 50e3,
                .longest_ns = 500e3,
                .period_ns = 0.976e6,
                .jitter_ns = 20e3,
                .poll_ns = 200e3,
                .unit_uj = 61.035,
                .seed = seed };
    for (int k = 1; k <= 9; k++)
        w.w[k] = 20 + 70.0 * (k - 1) / 8;
    return w;
}

// How far the worst operator is off, relative; the sum's in *sum.
static double worst(const scene *s, const eb_split *r, double *sum, int *covered, int *n)
{
    double most = 0;
    for (int k = 1; k < EB_OP_COUNT; k++) {
        const eb_split_op *op = &r->op[eb_split_column(EB_PHASE_DECODE, (eb_op)k)];
        if (s->true_j[k] == 0)
            continue;
        if (isnan(op->j))
            return INFINITY;
        most = fmax(most, fabs(op->j / s->true_j[k] - 1));
        *covered += fabs(op->j - s->true_j[k]) <= op->halfwidth_j;
        ++*n;
    }
    *sum = fabs(r->sum_j / s->total_j - 1);
    return most;
}

static void check(const char *title, world (*make)(uint64_t seed), int seeds, double tolerance)
{
    const char *slow = getenv("SLOW");
    seeds = slow && *slow ? 2 : seeds;
    double most = 0, most_sum = 0, condition = 0, residual = 0;
    int covered = 0, n = 0;
    for (int seed = 1; seed <= seeds; seed++) {
        world w = make((uint64_t)seed);
        scene s;
        eb_split r;
        double sum = 0;
        stage(&w, &s);
        split(&s, &r);
        if (*r.refused)
            fail_msg("%s, seed %d: %s", title, seed, r.refused);
        most = fmax(most, worst(&s, &r, &sum, &covered, &n));
        most_sum = fmax(most_sum, sum);
        condition = fmax(condition, r.condition);
        residual = fmax(residual, r.residual_frac);
        strike(&s);
    }
    print_message("# %s: %d seeds, worst operator off by %.2f %%, worst sum by %.3f %%, %.0f %% of intervals hold, "
                  "condition <= %.1f, residual <= %.1f %%\n",
                  title, seeds, 100 * most, 100 * most_sum, 100.0 * covered / n, condition, 100 * residual);
    assert_true(most <= tolerance);
    assert_true(most_sum <= 0.01);
    assert_true(covered >= 0.85 * n);
}

static void nine_kinds_of_50_to_500_us(void **state)
{
    (void)state;
    check("9 kinds, 20-90 W, 50-500 us", nine_kinds, 8, 0.02);
}

static world two_channels(uint64_t seed)
{
    world w = nine_kinds(seed);
    w.second_channel = true;
    return w;
}

static void package_and_memory(void **state)
{
    (void)state;
    check("package and memory", two_channels, 4, 0.02);
}

// A layer's operators over and over, as a transformer runs them.
static world layers(uint64_t seed)
{
    world w = nine_kinds(seed);
    w.pattern = 7;
    w.kinds = 7;
    w.noise = 0.05;
    w.window_s = 10;
    w.longest_ns = 300e3;
    return w;
}

static void the_same_layer_over_and_over(void **state)
{
    (void)state;
    check("7 operators in a fixed order", layers, 6, 0.15);
}

static world many_kinds(uint64_t seed)
{
    world w = nine_kinds(seed);
    eb_rng rng;
    eb_rng_init(&rng, seed + 1000);
    w.kinds = 14;
    w.window_s = 10;
    for (int k = 1; k <= 14; k++)
        w.w[k] = between(&rng, 20, 200);
    return w;
}

static void fourteen_kinds_up_to_200_w(void **state)
{
    (void)state;
    check("14 kinds, 20-200 W", many_kinds, 4, 0.02);
}

static world slow_poller(uint64_t seed)
{
    world w = nine_kinds(seed);
    w.poll_ns = 5e6;
    w.window_s = 12;
    return w;
}

// Five updates between two reads: the windows are longer, the brackets a whole period.
static void polled_at_200_hz(void **state)
{
    (void)state;
    world w = slow_poller(1);
    scene s;
    eb_split r;
    stage(&w, &s);
    split(&s, &r);
    for (int k = 1; k <= 9 && !*r.refused; k++) {
        const eb_split_op *op = &r.op[eb_split_column(EB_PHASE_DECODE, (eb_op)k)];
        if (!isnan(op->j) && fabs(op->j - s.true_j[k]) > 2 * op->halfwidth_j)
            fail_msg("operator %d: %g J +-%g, true %g J", k, op->j, op->halfwidth_j, s.true_j[k]);
    }
    assert_true(*r.refused || fabs(r.sum_j / s.total_j - 1) < 0.01);
    strike(&s);
}

static void a_slow_counter_tells_nothing_apart(void **state)
{
    (void)state;
    world w = layers(3);
    w.period_ns = 100e6;
    w.jitter_ns = 0;
    w.poll_ns = 10e6;
    w.noise = 0;
    w.window_s = 10;
    scene s;
    eb_split r;
    stage(&w, &s);
    split(&s, &r);
    assert_string_not_equal(r.refused, "");
    for (int c = 0; c < EB_SPLIT_COLUMNS; c++)
        assert_true(isnan(r.op[c].j));
    strike(&s);
    w.window_s = 30; // and not only because there are too few: each update has seen each operator a hundred times
    w.shortest_ns = w.longest_ns = 100e3;
    w.period_ns = 70e6;
    stage(&w, &s);
    split(&s, &r);
    assert_non_null(strstr(r.refused, "proportion"));
    strike(&s);
}

// One operator is always followed by another for as long: the two have joules together, the others their own.
static void twins_are_one_group(void **state)
{
    (void)state;
    world w = nine_kinds(5);
    scene s;
    eb_split r;
    stage(&w, &s);
    for (size_t i = 0; i < s.n_spans; i++) // every span of kind 9 becomes a pair of thousandths of a microsecond
        assert_true(s.spans[i].op <= 9);
    eb_span *pairs = eb_alloc(200 * s.n_spans * sizeof *pairs);
    size_t n = 0;
    for (size_t i = 0; i < s.n_spans; i++) {
        eb_span x = s.spans[i];
        if (x.op != 9) {
            pairs[n++] = x;
            continue;
        }
        for (uint32_t left = x.length_ns, odd = 0; left > 0; odd = !odd) { // 9 and 10 by turns, 3 us each
            x.length_ns = left < 3000 ? left : 3000;
            x.op = odd ? 10 : 9;
            pairs[n++] = x;
            x.t_start_ns += x.length_ns;
            left -= x.length_ns;
        }
    }
    free(s.spans);
    s.spans = pairs;
    s.n_spans = n;
    split(&s, &r);
    assert_string_equal(r.refused, "");
    const eb_split_op *a = &r.op[eb_split_column(EB_PHASE_DECODE, (eb_op)9)], *b = a + 1;
    assert_int_equal(a->group, b->group);
    assert_true(isnan(a->j) && isnan(b->j));
    assert_int_equal(r.groups[a->group].members, 2);
    assert_true(fabs(r.groups[a->group].j / s.true_j[9] - 1) < 0.05);
    for (int k = 1; k <= 8; k++)
        assert_true(fabs(r.op[eb_split_column(EB_PHASE_DECODE, (eb_op)k)].j / s.true_j[k] - 1) < 0.05);
    strike(&s);
}

// The energy of all rows that a reader sees: of operators that are told apart, and of each group of others once.
static double seen_j(const eb_split *r)
{
    bool told[EB_SPLIT_COLUMNS] = { false };
    double sum = 0;
    for (int c = 0; c < EB_SPLIT_COLUMNS; c++) {
        int g = r->op[c].group;
        if (!isnan(r->op[c].j))
            sum += r->op[c].j;
        else if (g >= 0 && !told[g]) {
            told[g] = true;
            sum += r->groups[g].j;
        }
    }
    return sum;
}

// A few spans in thousands are another operator's: too short for a power, alone and together. They are taken to draw
// what the longest does, beside it: no joule is counted twice, and the longest has its own time's only.
static void what_hardly_ran_stands_beside_the_longest(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        world w = nine_kinds(seed);
        scene s;
        eb_split r;
        stage(&w, &s);
        for (size_t i = 1000; i < s.n_spans; i += 2000)
            s.spans[i].op = (uint8_t)(10 + i / 2000 % 3);
        split(&s, &r);
        assert_string_equal(r.refused, "");
        int longest = eb_split_column(EB_PHASE_DECODE, (eb_op)1), beside = r.op[longest + 9].group;
        for (int k = 2; k <= 9; k++) {
            int c = eb_split_column(EB_PHASE_DECODE, (eb_op)k);
            longest = r.op[c].time_s > r.op[longest].time_s ? c : longest;
        }
        assert_true(beside >= 0 && beside < r.n_groups && beside != r.op[longest].group);
        const eb_split_group *g = &r.groups[beside];
        double time_s = r.op[EB_SPLIT_OUTSIDE].time_s; // what no span covers hardly ran either
        for (int k = 10; k <= 12; k++) {
            const eb_split_op *op = &r.op[eb_split_column(EB_PHASE_DECODE, (eb_op)k)];
            assert_int_equal(op->group, beside);
            assert_true(isnan(op->j));
            time_s += op->time_s;
        }
        assert_int_equal(g->like, longest);
        assert_true(fabs(g->time_s - time_s) < 1e-9);
        assert_true(fabs(g->j - g->w * g->time_s) < 1e-9 * g->j && g->halfwidth_j >= g->j);
        assert_true(fabs(r.op[longest].j - g->w * r.op[longest].time_s) < 1e-9 * r.op[longest].j);
        assert_true(fabs(seen_j(&r) / r.sum_j - 1) < 1e-9);
        assert_true(fabs(r.sum_j / r.total_j - 1) < 0.03);
        strike(&s);
    }
}

// The watts rise to the double over the window: no set of powers explains it, but the sum does; and where the spans lie
// about the time, the sum does not.
static void a_sum_that_misses_is_refused(void **state)
{
    (void)state;
    world w = nine_kinds(6);
    scene s;
    eb_split r;
    stage(&w, &s);
    for (size_t i = 0; i < s.n_spans; i++)
        if (i % 2)
            s.spans[i].op = 12; // half of the time is said to be another operator's, at random
    split(&s, &r);
    assert_true(r.residual_frac > 0.1);
    strike(&s);
    stage(&w, &s);
    s.n_spans /= 2; // nothing is said of the second half, in which the engine ran on
    split(&s, &r);
    assert_true(*r.refused || fabs(r.sum_j / s.total_j - 1) < 0.03);
    strike(&s);
}

static void too_few_windows(void **state)
{
    (void)state;
    world w = nine_kinds(7);
    w.window_s = 0.1;
    scene s;
    eb_split r;
    stage(&w, &s);
    split(&s, &r);
    assert_non_null(strstr(r.refused, "too few"));
    strike(&s);
}

static void what_is_not_counted_is_not_split(void **state)
{
    (void)state;
    world w = nine_kinds(8);
    w.window_s = 0.5;
    scene s;
    eb_split r;
    stage(&w, &s);
    eb_channel gauge = { .name = "g", .quantity = EB_QUANTITY_POWER_UW, .scale = 1, .grade = EB_GRADE_SAMPLED };
    const eb_sample samples[] = { { .t_before_ns = s.t0 - 1, .t_after_ns = s.t0, .raw = 5000000 },
                                  { .t_before_ns = s.t1, .t_after_ns = s.t1 + 1, .raw = 5000000 } };
    eb_trace_free(s.traces[0]);
    s.traces[0] = eb_trace_new(&gauge, samples, 2);
    split(&s, &r);
    assert_non_null(strstr(r.refused, "not counted"));
    eb_trace_free(s.traces[0]);
    s.n_traces = 0;
    split(&s, &r);
    assert_non_null(strstr(r.refused, "nothing measures"));
    strike(&s);
    eb_op_split(NULL, 0, &r);
    assert_string_not_equal(r.refused, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nine_kinds_of_50_to_500_us),
        cmocka_unit_test(package_and_memory),
        cmocka_unit_test(the_same_layer_over_and_over),
        cmocka_unit_test(fourteen_kinds_up_to_200_w),
        cmocka_unit_test(polled_at_200_hz),
        cmocka_unit_test(a_slow_counter_tells_nothing_apart),
        cmocka_unit_test(twins_are_one_group),
        cmocka_unit_test(what_hardly_ran_stands_beside_the_longest),
        cmocka_unit_test(a_sum_that_misses_is_refused),
        cmocka_unit_test(too_few_windows),
        cmocka_unit_test(what_is_not_counted_is_not_split),
    };
    return cmocka_run_group_tests_name("op_split", tests, NULL, NULL);
}
