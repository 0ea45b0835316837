// SPDX-License-Identifier: Apache-2.0
// The levels of a load in trials.jsonl: what is written comes back, and damage to them is one clear line.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "harness/record/load.h"
#include "tests/unit/journal_sample.h"

static void write_load(sample_run *s)
{
    eb_err err = { 0 };
    s->cases[1].load = (char *)"curve poisson to 4/s";
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    sample_trial(s, 1, 1, 1, 1);
    const int64_t t0 = s->info.t_start_ns;
    s->info.levels[0] = (eb_level_row){ 100, 4, t0 - 100000000, t0 + 400000000, t0 + 500000000 };
    s->info.levels[1] = (eb_level_row){ 0, 0, t0 + 500000000, t0 + 1000000000, t0 + 1000000000 };
    s->info.n_levels = 2;
    s->info.saturated_per_s = 4.25;
    assert_true(sample_write(s, j, &err));
    eb_journal_close(j);
}

static void levels_come_back(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    write_load(&s);
    eb_journal_data *d = eb_journal_read(s.dir, &err);
    assert_non_null(d);
    assert_null(d->header.cases[0].load);
    assert_string_equal(d->header.cases[1].load, "curve poisson to 4/s");
    const eb_trial_info *t = &d->trials[0].info;
    assert_int_equal(t->n_levels, 2);
    assert_true(t->saturated_per_s == 4.25);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(t->levels[i].percent, s.info.levels[i].percent);
        assert_true(t->levels[i].nominal_per_s == s.info.levels[i].nominal_per_s);
        assert_int_equal(t->levels[i].t_start_ns, s.info.levels[i].t_start_ns);
        assert_int_equal(t->levels[i].t_offered_ns, s.info.levels[i].t_offered_ns);
        assert_int_equal(t->levels[i].t_end_ns, s.info.levels[i].t_end_ns);
    }
    eb_journal_data_free(d);
    // Two requests in the first level, none in idle; 40 and 10 W all along.
    eb_run *run = eb_run_load(s.dir, &err);
    assert_non_null(run);
    assert_int_equal(run->n_loads, 1);
    const eb_load_result *r = run->loads[0];
    assert_int_equal(r->case_index, 1);
    assert_true(r->curve && r->n_rows == 2);
    assert_int_equal(r->levels[0].offered, 2);
    assert_int_equal(r->levels[0].completed, 2);
    assert_true(r->levels[0].valid && r->levels[1].valid);
    assert_true(fabs(r->levels[0].offered_per_s - 4) < 1e-9); // 2 in half a second, as was asked for
    assert_true(fabs(r->levels[0].schedule_frac - 1) < 1e-9);
    assert_true(fabs(r->levels[1].w - 50) < 0.5);
    assert_int_equal(r->levels[1].offered, 0);
    char *csv = eb_load_csv(run);
    assert_non_null(strstr(csv, "\"m/q8_0/dense/p4-n4-b2\",1,0,100,4,2,2,4,4,1,1,yes,0.6,"));
    assert_non_null(strstr(csv, "\"m/q8_0/dense/p4-n4-b2\",1,1,0,,0,0,,,,,yes,0.5,0,0,"));
    free(csv);
    eb_run_free(run);
    sample_deinit(&s);
}

static void damage_is_one_clear_line(void **state)
{
    (void)state;
    static const struct {
        const char *what, *by, *message;
    } table[] = {
        { "\"percent\":100", "\"percent\":101", "'percent'" },
        { "\"percent\":100", "\"percent\":\"x\"", "'percent'" },
        { "\"nominal_per_s\":4,", "\"nominal_per_s\":-4,", "'nominal_per_s'" },
        { "\"nominal_per_s\":4,", "\"nominal_per_s\":null,", "'nominal_per_s'" },
        { "\"t_offered_ns\":\"5400000000\"", "\"t_offered_ns\":\"5600000000\"", "'t_end_ns'" },
        { "\"t_offered_ns\":\"5400000000\"", "\"t_offered_ns\":\"1\"", "'t_offered_ns'" },
        { "\"t_start_ns\":\"5500000000\"", "\"t_start_ns\":\"5499999999\"", "'t_start_ns'" },
        { "\"levels\":[", "\"levels\":7,\"x\":[", "'levels'" },
        { "\"saturated_per_s\":4.25", "\"saturated_per_s\":\"4\"", "'saturated_per_s'" },
    };
    sample_run s;
    sample_init(&s);
    write_load(&s);
    eb_err err = { 0 };
    size_t n;
    char *path = eb_path_join(s.dir, "trials.jsonl"), *good = eb_file_read(path, 1 << 24, &n, &err);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *at = strstr(good, table[i].what);
        assert_non_null(at);
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fwrite(good, 1, (size_t)(at - good), f);
        fputs(table[i].by, f);
        fputs(at + strlen(table[i].what), f);
        fclose(f);
        eb_err_clear(&err);
        assert_null(eb_journal_read(s.dir, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_int_equal(err.line, 2);
        if (!strstr(err.message, table[i].message))
            fail_msg("%zu: %s", i, err.message);
    }
    free(good);
    free(path);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_come_back),
        cmocka_unit_test(damage_is_one_clear_line),
    };
    return cmocka_run_group_tests_name("load_journal", tests, NULL, NULL);
}
