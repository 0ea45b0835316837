// SPDX-License-Identifier: Apache-2.0
// Two sources of one physical piece: their difference is what was put in, and beyond 1 % it is said.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include "tests/unit/journal_sample.h"

enum { DIES = 3 };
typedef struct setup {
    sample_run s;
    eb_channel channels[6];
    double watts[6]; // what each says; < 0: never reads
    eb_power_row power[6 * SAMPLE_READS];
} setup;

static eb_channel counter(const char *source, const char *zone, eb_domain domain, int socket, int die)
{
    eb_channel c = sample_counter("", zone, domain);
    snprintf(c.name, sizeof c.name, "%s/%s", source, zone);
    snprintf(c.source, sizeof c.source, "%s", source);
    c.socket = socket;
    c.die = die;
    return c;
}

static eb_run *run_of(setup *u, int n, int trials)
{
    eb_err err = { 0 };
    sample_init(&u->s);
    u->s.header.channels = u->channels;
    u->s.header.n_channels = n;
    eb_journal *j = eb_journal_create(u->s.dir, &u->s.header, &err);
    assert_non_null(j);
    for (int c = 0; c < 2; c++) {
        eb_case_facts facts = sample_facts(c);
        assert_true(eb_journal_facts(j, &facts, &err));
    }
    for (int t = 1; t <= trials; t++) {
        sample_trial(&u->s, t, 0, t, 1);
        size_t rows = 0;
        for (int i = 0; i < SAMPLE_READS; i++)
            for (int c = 0; c < n; c++) {
                int64_t at = u->s.info.t_start_ns + i * 10000000LL;
                eb_sample sample = { .t_before_ns = at,
                                     .t_after_ns = at,
                                     .raw = (uint64_t)(fmax(u->watts[c], 0) * i * 10000) };
                if (u->watts[c] < 0)
                    sample.status = EB_SAMPLE_MISSING;
                u->power[rows++] = (eb_power_row){ c, sample };
            }
        assert_true(eb_journal_trial(j, &u->s.info, u->s.requests, SAMPLE_REQUESTS, u->s.tokens, SAMPLE_TOKENS,
                                     u->power, rows, &err));
    }
    eb_journal_close(j);
    eb_run *run = eb_run_load(u->s.dir, &err);
    assert_non_null(run);
    sample_deinit(&u->s);
    return run;
}

static int warnings_with(const eb_run *run, const char *what)
{
    int n = 0;
    for (int i = 0; i < run->n_warnings; i++)
        n += strstr(run->warnings[i], what) != NULL;
    return n;
}

static void two_sources_of_a_package(void **state)
{
    (void)state;
    static const struct {
        double other_w;
        bool agrees;
    } cases[] = { { 40, true }, { 40.36, true }, { 39.64, true }, { 40.8, false }, { 39.2, false } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        setup u = { .watts = { 40, 10, cases[i].other_w, 5 } };
        u.channels[0] = counter("powercap", "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1);
        u.channels[1] = counter("powercap", "intel-rapl:0:0", EB_DOMAIN_DRAM, 0, -1);
        u.channels[2] = counter("perf-power", "energy-pkg", EB_DOMAIN_PACKAGE, 0, -1);
        u.channels[3] = counter("powercap", "intel-rapl:0:1", EB_DOMAIN_CORE, 0, -1); // inside, and another quantity
        eb_run *run = run_of(&u, 4, 3);
        assert_int_equal(run->n_checks, 1);
        const eb_crosscheck *c = &run->checks[0];
        assert_string_equal(c->counted, "powercap/intel-rapl:0");
        assert_string_equal(c->other, "perf-power/energy-pkg");
        assert_int_equal(c->n, 3);
        assert_float_equal(c->counted_j, 40, 40 * 0.0101 + 1e-3);
        assert_float_equal(c->difference_frac, cases[i].other_w / 40 - 1, 1e-6);
        assert_int_equal(c->agrees, cases[i].agrees);
        // Both sides are energies: with half-width, grade, and where they come from.
        assert_true(c->counted_half_j > 0 && c->counted_half_j < 1 && c->other_half_j > 0 && c->other_half_j < 1);
        assert_true(c->counted_grade == EB_GRADE_COUNTER && c->other_grade == EB_GRADE_COUNTER);
        assert_string_equal(c->counted_from.source, "powercap");
        assert_string_equal(c->other_from.source, "perf-power");
        assert_string_equal(c->counted_from.coverage, "package only"); // memory is counted as well
        assert_string_equal(c->other_from.coverage, "package only");
        char *json = eb_run_json(run), *side = strstr(json, "\"other_energy\"");
        assert_non_null(side);
        static const char *const keys[] = { "energy_j", "halfwidth_j", "grade", "source", "domains", "coverage" };
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            const char *at = strstr(side, keys[k]);
            assert_true(at && at < strchr(side, '}'));
        }
        free(json);
        assert_int_equal(
            warnings_with(run, "powercap/intel-rapl:0 and perf-power/energy-pkg measure the same and disagree"),
            !cases[i].agrees);
        assert_false(run->counted[2]); // checked against, never added
        eb_run_free(run);
    }
}

// A package against its two dies: each source cuts it in its own way, the sums are compared.
static void a_package_and_its_dies(void **state)
{
    (void)state;
    setup u = { .watts = { 60, 24, 33 } };
    u.channels[0] = counter("powercap", "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1);
    u.channels[1] = counter("perf-power", "die0", EB_DOMAIN_PACKAGE, 0, 0);
    u.channels[2] = counter("perf-power", "die1", EB_DOMAIN_PACKAGE, 0, 1);
    eb_run *run = run_of(&u, DIES, 1);
    assert_int_equal(run->n_checks, 1);
    assert_string_equal(run->checks[0].other, "perf-power/die0 + perf-power/die1");
    assert_float_equal(run->checks[0].difference_frac, 57.0 / 60 - 1, 1e-6);
    assert_false(run->checks[0].agrees);
    assert_string_equal(run->checks[0].counted_from.coverage, run->cases[0].energy.coverage); // it is all of it
    eb_run_free(run);
}

// Sockets are different pieces; a source that gave no reading is no witness.
static void no_check_of_what_is_not_the_same(void **state)
{
    (void)state;
    setup u = { .watts = { 60, 90, -1 } };
    u.channels[0] = counter("powercap", "intel-rapl:0", EB_DOMAIN_PACKAGE, 0, -1);
    u.channels[1] = counter("powercap", "intel-rapl:1", EB_DOMAIN_PACKAGE, 1, -1);
    u.channels[2] = counter("perf-power", "energy-pkg", EB_DOMAIN_PACKAGE, 1, -1);
    eb_run *run = run_of(&u, DIES, 2);
    for (int i = 0; i < run->n_checks; i++)
        assert_true(run->checks[i].n == 0 && isnan(run->checks[i].other_j) && !run->checks[i].agrees);
    assert_int_equal(warnings_with(run, "disagree"), 0);
    eb_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_sources_of_a_package),
        cmocka_unit_test(a_package_and_its_dies),
        cmocka_unit_test(no_check_of_what_is_not_the_same),
    };
    return cmocka_run_group_tests_name("crosscheck", tests, NULL, NULL);
}
