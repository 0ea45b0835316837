// SPDX-License-Identifier: Apache-2.0
// The plots of a profile: the points and roofs, the shares and groups that gnuplot is given, to the digit; the pictures
// that it makes of them; and what is not known, which is not drawn.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "harness/record/profile.h"
#include "reports/plots_impl.h"
#include "tests/unit/report_sample.h"

// ---- a profile whose figures are known without computing them ----

enum { ROWS = 6 };

typedef struct profiled {
    sample *s;
    eb_pair machine[2];
    eb_profile profiles[SAMPLE_CASES];
    eb_profile *list[SAMPLE_CASES];
    eb_profile_row rows[ROWS];
} profiled;

static eb_profile_row row(eb_phase phase, int op, double time_s, double bytes, double flop, double j)
{
    return (eb_profile_row){ .phase = phase,
                             .op = op,
                             .calls = 1,
                             .time_s = time_s,
                             .time_frac = time_s, // windows of a second
                             .bytes = bytes,
                             .flop = flop,
                             .j = j,
                             .halfwidth_j = 0.1,
                             .w = j / time_s };
}

// Two trials of 10 J each, 9 J of which are split: qkv 2 + 3, experts 3, norm and what lies between the steps 1
// together.
static profiled *profiled_new(void)
{
    profiled *p = eb_alloc(sizeof *p);
    p->s = sample_new();
    p->machine[0] = (eb_pair){ (char *)"read_bandwidth_bytes_s", (char *)"5e10" };
    p->machine[1] = (eb_pair){ (char *)"flop_s", (char *)"200000000000" };
    p->s->header.machine = p->machine;
    p->s->header.n_machine = 2;
    p->rows[0] = row(EB_PHASE_PREFILL, EB_OP_QKV, 0.25, 1e9, 4e10, 2);
    p->rows[1] = row(EB_PHASE_DECODE, EB_OP_EXPERT, 0.25, 5e9, 5e9, 3);
    p->rows[2] = row(EB_PHASE_DECODE, EB_OP_QKV, 0.125, 4e9, 8e9, 3);
    p->rows[3] = row(EB_PHASE_DECODE, EB_OP_NORM, 0.125, 1e9, 0, 1);
    p->rows[4] = row(EB_PHASE_DECODE, EB_OP_SAMPLING, 0.125, 0, 0, NAN);
    p->rows[5] = row(EB_PHASE_DECODE, EB_OP_COUNT, 0.125, 0, 0, 1);
    p->rows[3].shared = p->rows[5].shared = true;
    p->rows[3].group = p->rows[5].group = 7;
    for (int i = 0; i < SAMPLE_CASES; i++) {
        p->profiles[i] = (eb_profile){ .case_index = i, .n_trials = 2, .rows = p->rows, .n_rows = ROWS };
        p->profiles[i].split.sum_j = 20;
        p->profiles[i].split.grade = EB_GRADE_COUNTER;
        p->list[i] = &p->profiles[i];
    }
    p->s->run.profiles = p->list;
    p->s->run.n_profiles = 1;
    return p;
}

static void profiled_free(profiled *p)
{
    sample_free(p->s);
    free(p);
}

static void expect(const char *script, const char *part)
{
    assert_non_null(script);
    if (!strstr(script, part))
        fail_msg("'%s' is not in\n%s", part, script);
}

// What lies between "$NAME << END\n" and "END\n"; NULL = there is no such block.
static char *block(const char *script, const char *name)
{
    char *head = eb_format("$%s << END\n", name);
    const char *from = strstr(script, head);
    char *text =
        from ? strndup(from + strlen(head), (size_t)(strstr(from, "\nEND\n") + 1 - from) - strlen(head)) : NULL;
    free(head);
    return text;
}

static void expect_block(const char *script, const char *name, const char *want)
{
    char *text = block(script, name);
    if (!text || strcmp(text, want) != 0)
        fail_msg("$%s is '%s', not '%s'", name, text ? text : "(none)", want);
    free(text);
}

static void draws(const char *script, const char *const *labels)
{
    char *svg;
    size_t n;
    eb_err err = { 0 };
    eb_gnuplot_result r = eb_gnuplot_run("gnuplot", script, 60, &svg, &n, &err);
    if (r == EB_GNUPLOT_ABSENT) {
        fprintf(stderr, "not drawn: gnuplot is not installed\n");
        return;
    }
    if (r != EB_GNUPLOT_DONE)
        fail_msg("%s", err.message);
    assert_true(n > 500);
    assert_non_null(strstr(svg, "</svg>"));
    assert_null(strstr(svg, "NaN"));
    for (; *labels; labels++)
        expect(svg, *labels);
    free(svg);
}

// ---- roofline ----

static void points_and_roof_are_exact(void **state)
{
    (void)state;
    profiled *p = profiled_new();
    char *script = eb_plot_roofline(&p->s->run), *want;
    // 40 FLOP/byte at 160 GFLOP/s; 1 at 20; 2 at 64. What computes nothing has no point.
    want = eb_format("40 160 1.350 %u # qkv\n", eb_plot_op_rgb(EB_OP_QKV));
    expect_block(script, "prefill0", want);
    free(want);
    want = eb_format("1 20 1.350 %u # expert\n2 64 1.160 %u # qkv\n", eb_plot_op_rgb(EB_OP_EXPERT),
                     eb_plot_op_rgb(EB_OP_QKV));
    expect_block(script, "decode0", want);
    free(want);
    // Axes reach to twice the outermost; 50 GB/s up to 4 FLOP/byte, from there on 200 GFLOP/s.
    expect(script, "set xrange [0.5:80]\nset yrange [10:400]\n");
    expect_block(script, "roof0", "0.5 25\n4 200\n80 200\n");
    expect(script, "set logscale xy");
    expect(script, "$prefill0 using 1:2:3:4 with points pt 7 ");
    expect(script, "$decode0 using 1:2:3:4 with points pt 13 ");
    draws(script, (const char *const[]){ "Roofline by operator", "smollm2-135m f16", "qkv", "expert", "prefill",
                                         "decode", "50.0 GB/s read", "200 GFLOP/s", "FLOP/byte", NULL });
    free(script);
    profiled_free(p);
}

static void roofs_that_are_not_known_are_not_drawn(void **state)
{
    (void)state;
    static const struct {
        const char *read, *flop, *roof;
    } cases[] = {
        { "5e10", NULL, "0.5 25\n80 4000\n" },
        { NULL, "2e11", "0.5 200\n80 200\n" },
        { NULL, NULL, NULL },
        { "a lot", "-1", NULL },
        { "0", "inf", NULL },
        { "", "nan", NULL },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        profiled *p = profiled_new();
        p->machine[0].value = (char *)cases[i].read;
        p->machine[1].value = (char *)cases[i].flop;
        char *script = eb_plot_roofline(&p->s->run), *roof = block(script, "roof0");
        if (cases[i].roof)
            expect_block(script, "roof0", cases[i].roof);
        else
            assert_null(roof);
        draws(script, (const char *const[]){ "expert", NULL });
        free(roof);
        free(script);
        profiled_free(p);
    }
}

static void nothing_to_place_is_no_roofline(void **state)
{
    (void)state;
    profiled *p = profiled_new();
    for (int i = 0; i < 3; i++)
        p->rows[i].flop = 0;
    assert_null(eb_plot_roofline(&p->s->run));
    p->s->run.n_profiles = 0;
    assert_null(eb_plot_roofline(&p->s->run));
    assert_null(eb_plot_operators(&p->s->run));
    profiled_free(p);
}

// ---- shares ----

static void shares_are_exact(void **state)
{
    (void)state;
    profiled *p = profiled_new();
    char *script = eb_plot_operators(&p->s->run), name[16];
    const char *const want[EB_OP_COUNT + 2] = {
        [EB_OP_NORM] = "0.000000 12.500000 0 12.500000 # norm\n",
        // bar 0: 25 % in the prefill and 12.5 % in the decode phase; bar 1: 2 + 3 of 10 J
        [EB_OP_QKV] = "12.500000 50.000000 0 37.500000 # qkv\n0.000000 50.000000 1 50.000000 # qkv\n",
        [EB_OP_EXPERT] = "50.000000 75.000000 0 25.000000 # expert\n50.000000 80.000000 1 30.000000 # expert\n",
        [EB_OP_SAMPLING] = "75.000000 87.500000 0 12.500000 # sampling\n",
        [EB_OP_COUNT] = "87.500000 100.000000 0 12.500000 # outside\n",
        // norm and outside, whose joule is one and counts once
        [EB_OP_COUNT + 1] = "80.000000 90.000000 1 10.000000 # together\n",
    };
    for (int op = 0; op <= EB_OP_COUNT + 1; op++) {
        snprintf(name, sizeof name, "op%d", op);
        char *none = want[op] ? NULL : block(script, name);
        if (want[op])
            expect_block(script, name, want[op]);
        else
            assert_null(none);
    }
    expect(script, "'smollm2-135m f16, time' at graph 0, first 0 ");
    expect(script, "'joules (counter)' at graph 0, first 1 ");
    draws(script, (const char *const[]){ "Share of time and of joules by operator", "qkv", "expert", "sampling",
                                         "outside", "joules (counter)", "only told apart together", NULL });
    free(script);
    profiled_free(p);
}

static void a_refused_split_has_no_joules(void **state)
{
    (void)state;
    profiled *p = profiled_new();
    strcpy(p->profiles[0].split.refused, "nothing measures the energy");
    char *script = eb_plot_operators(&p->s->run);
    assert_null(strstr(script, "joules ("));
    assert_null(strstr(script, " 1 50.000000 #"));
    expect(script, "set yrange [0.5:-0.5]");
    draws(script, (const char *const[]){ "qkv", NULL });
    free(script);
    profiled_free(p);
}

// ---- many, and odd ----

static void each_case_has_its_own(void **state)
{
    (void)state;
    profiled *p = profiled_new();
    p->s->run.n_profiles = SAMPLE_CASES;
    p->s->info[1].model = (char *)"it's \\ `x` $(y)\n!quit";
    char *roof = eb_plot_roofline(&p->s->run), *shares = eb_plot_operators(&p->s->run);
    expect(roof, "$decode8 << END");
    expect(shares, " 17 50.000000 # qkv\n"); // joules of the ninth case
    static const char *const labels[] = { "smollm2-135m f16", "smollm2-360m q4_0", "mamba-130m q8_0", NULL };
    draws(roof, labels);
    draws(shares, labels);
    free(roof);
    free(shares);
    profiled_free(p);
}

static void operators_have_colours_of_their_own(void **state)
{
    (void)state;
    for (int a = 0; a <= EB_OP_COUNT; a++)
        for (int b = 0; b < a; b++)
            assert_true(eb_plot_op_rgb(a) != eb_plot_op_rgb(b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_and_roof_are_exact),           cmocka_unit_test(roofs_that_are_not_known_are_not_drawn),
        cmocka_unit_test(nothing_to_place_is_no_roofline),     cmocka_unit_test(shares_are_exact),
        cmocka_unit_test(a_refused_split_has_no_joules),       cmocka_unit_test(each_case_has_its_own),
        cmocka_unit_test(operators_have_colours_of_their_own),
    };
    return cmocka_run_group_tests_name("profile_plots", tests, NULL, NULL);
}
