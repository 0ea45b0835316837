// SPDX-License-Identifier: Apache-2.0
// Plots: hostile names, missing data, a gnuplot that is missing, fails or hangs.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "reports/plots_impl.h"
#include "reports/report.h"
#include "tests/unit/report_sample.h"

static char *plot_dir(void)
{
    char *dir = strdup("/tmp/effbench-plots-XXXXXX");
    assert_non_null(mkdtemp(dir));
    return dir;
}

static char *plot_text(const char *dir, const char *name)
{
    eb_err err = { 0 };
    char *path = eb_path_join(dir, name), *text = eb_file_exists(path) ? eb_file_read(path, 1 << 26, NULL, &err) : NULL;
    free(path);
    return text;
}

static void remove_plots(char *dir)
{
    static const char *const names[] = { "plots/power.svg", "plots/tok_s.svg", "plots/j_per_tok.svg", "plots/touched" };
    for (size_t i = 0; i < 4; i++) {
        char *path = eb_path_join(dir, names[i]);
        unlink(path);
        free(path);
    }
    char *plots = eb_path_join(dir, "plots");
    rmdir(plots);
    assert_int_equal(rmdir(dir), 0); // nothing else was left behind
    free(plots);
    free(dir);
}

static bool gnuplot_works(void)
{
    char *svg;
    size_t n;
    eb_err err = { 0 };
    eb_gnuplot_result r = eb_gnuplot_run("gnuplot", "set terminal svg\nplot x\n", 30, &svg, &n, &err);
    free(svg);
    return r == EB_GNUPLOT_DONE;
}

#define NEEDS_GNUPLOT()                                                                                                \
    do {                                                                                                               \
        if (!gnuplot_works()) {                                                                                        \
            fprintf(stderr, "skip %s: gnuplot is not installed\n", __func__);                                          \
            skip();                                                                                                    \
        }                                                                                                              \
    } while (0)

static void quotes_hold_anything(void **state)
{
    (void)state;
    eb_text t = { 0 };
    eb_gnuplot_quote(&t, "it's `rm -rf` \"$(x)\" \\\n@m %s");
    assert_string_equal(t.s, "'it\xE2\x80\x99s `rm -rf` \"$(x)\" \\ @m %s'");
    eb_text_deinit(&t);
}

static void all_plots_are_made(void **state)
{
    (void)state;
    NEEDS_GNUPLOT();
    sample *s = sample_new();
    char *dir = plot_dir();
    const char *notice = NULL;
    eb_err err = { 0 };
    assert_true(eb_report_plots(&s->run, dir, &notice, &err));
    assert_null(notice);
    static const char *const facts[][2] = { { "plots/power.svg", "smollm2-360m q4_0 (estimate)" },
                                            { "plots/tok_s.svg", "mixture of experts" },
                                            { "plots/j_per_tok.svg", "0.311" } };
    for (size_t i = 0; i < 3; i++) {
        char *svg = plot_text(dir, facts[i][0]);
        assert_non_null(svg);
        assert_non_null(strstr(svg, facts[i][1]));
        assert_non_null(strstr(svg, "</svg>"));
        assert_null(strstr(svg, "NaN"));
        assert_true(eb_report_plots(&s->run, dir, &notice, &err));
        char *again = plot_text(dir, facts[i][0]);
        assert_string_equal(svg, again); // the same data give the same file
        free(svg);
        free(again);
    }
    remove_plots(dir);
    sample_free(s);
}

static void hostile_names_stay_names(void **state)
{
    (void)state;
    NEEDS_GNUPLOT();
    sample *s = sample_new();
    char *dir = plot_dir(),
         *name = eb_format("'&<b>\n!touch %s/plots/touched\n\"`touch %s/plots/touched`\\@x{/=99 a_b}%%s<b>&", dir, dir);
    s->info[0].model = name;
    s->info[0].family = name;
    s->info[1].model = (char *)"\\";
    s->info[2].model = (char *)"";
    const char *notice = NULL;
    eb_err err = { 0 };
    assert_true(eb_report_plots(&s->run, dir, &notice, &err));
    char *touched = eb_path_join(dir, "plots/touched"), *svg = plot_text(dir, "plots/tok_s.svg");
    assert_false(eb_file_exists(touched));
    assert_non_null(strstr(svg, "&amp;&lt;b>")); // markup in a name is text in the picture
    free(svg);
    free(touched);
    remove_plots(dir);
    free(name);
    sample_free(s);
}

static void no_data_no_plot(void **state)
{
    (void)state;
    sample *s = sample_new();
    sample_forget(s, "j_per_tok", "no energy source");
    s->run.n_series = 0;
    assert_null(eb_plot_power(&s->run));
    assert_null(eb_plot_j_per_tok(&s->run));
    char *script = eb_plot_tok_s(&s->run);
    assert_non_null(script);
    free(script);
    sample_forget(s, "decode_tok_s", "");
    sample_forget(s, "prefill_tok_s", "");
    assert_null(eb_plot_tok_s(&s->run));
    char *dir = plot_dir();
    const char *notice = NULL;
    eb_err err = { 0 };
    assert_true(eb_report_plots(&s->run, dir, &notice, &err));
    remove_plots(dir); // an empty folder, or the rmdir in there fails
    sample_free(s);
}

static void a_lone_case_without_interval_is_drawn(void **state)
{
    (void)state;
    NEEDS_GNUPLOT();
    sample *s = sample_new();
    s->run.n_cases = s->run.n_series = 1;
    for (int i = 0; i < s->cases[0].n_metrics; i++)
        s->metrics[0][i].interval = EB_INTERVAL_NONE;
    s->series[0].prefill_end_s = NAN;
    char *dir = plot_dir();
    const char *notice = NULL;
    eb_err err = { 0 };
    assert_true(eb_report_plots(&s->run, dir, &notice, &err));
    char *svg = plot_text(dir, "plots/j_per_tok.svg");
    assert_non_null(strstr(svg, "0.912"));
    free(svg);
    remove_plots(dir);
    sample_free(s);
}

static void an_absent_gnuplot_is_no_failure(void **state)
{
    (void)state;
    sample *s = sample_new();
    char *dir = plot_dir(), *path = strdup(getenv("PATH") ? getenv("PATH") : "");
    const char *notice = NULL;
    eb_err err = { 0 };
    setenv("PATH", dir, 1);
    bool ok = eb_report_plots(&s->run, dir, &notice, &err);
    setenv("PATH", path, 1);
    assert_true(ok);
    assert_non_null(strstr(notice, "gnuplot-nox"));
    remove_plots(dir);
    free(path);
    sample_free(s);
}

static void a_failing_or_hanging_child_is_an_error(void **state)
{
    (void)state;
    char *dir = plot_dir(), *svg;
    size_t n;
    eb_err err = { 0 };
    // Stand-ins: what a child does with its streams is all that matters here.
    static const char *const scripts[][2] = { { "#!/bin/sh\necho '  oh no' >&2\nexit 3\n",
                                                "gnuplot failed (exit 3): oh no" },
                                              { "#!/bin/sh\nexit 0\n", "gnuplot failed (exit 0)" },
                                              { "#!/bin/sh\nkill -9 $$\n", "signal 9" },
                                              { "#!/bin/sh\nexec sleep 60\n", "timed out" } };
    char *tool = eb_path_join(dir, "tool");
    for (size_t i = 0; i < 4; i++) {
        FILE *f = fopen(tool, "w");
        assert_non_null(f);
        fputs(scripts[i][0], f);
        fclose(f);
        assert_int_equal(chmod(tool, 0755), 0);
        assert_int_equal(eb_gnuplot_run(tool, "x", i == 3 ? 1 : 30, &svg, &n, &err), EB_GNUPLOT_FAILED);
        assert_null(svg);
        if (!strstr(err.message, scripts[i][1]))
            fail_msg("'%s' does not say '%s'", err.message, scripts[i][1]);
    }
    unlink(tool);
    free(tool);
    remove_plots(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_hold_anything),
        cmocka_unit_test(all_plots_are_made),
        cmocka_unit_test(hostile_names_stay_names),
        cmocka_unit_test(no_data_no_plot),
        cmocka_unit_test(a_lone_case_without_interval_is_drawn),
        cmocka_unit_test(an_absent_gnuplot_is_no_failure),
        cmocka_unit_test(a_failing_or_hanging_child_is_an_error),
    };
    return cmocka_run_group_tests_name("report_plots", tests, NULL, NULL);
}
