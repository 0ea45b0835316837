// SPDX-License-Identifier: Apache-2.0
// Which counters are dead by what the trials saw: those that repeat each other, in units too coarse to tell alone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include "harness/base/log.h"
#include "harness/record/dead.h"
#include "harness/record/trial_energy.h"

enum { N = 3, SAMPLES = 4 };

static const char *const names[N] = { "powercap/intel-rapl:1", "powercap/intel-rapl:2", "powercap/intel-rapl:3" };

static eb_channel psys(int i)
{
    eb_channel c = { .quantity = EB_QUANTITY_ENERGY_UJ,
                     .domain = EB_DOMAIN_SYSTEM,
                     .socket = -1,
                     .die = -1,
                     .cumulative = true,
                     .scale = 1,
                     .unit = 1000000,
                     .grade = EB_GRADE_COUNTER,
                     .duplicate = i > 0 };
    snprintf(c.name, sizeof c.name, "%s", names[i]);
    snprintf(c.source, sizeof c.source, "powercap");
    if (i > 0)
        snprintf(c.repeats, sizeof c.repeats, "%s", names[0]);
    return c;
}

// One trial of 3 s, much shorter than 5 J at 0.5 W take, in which the channels of `moves` count.
static void find(const bool *moves, bool *dead, eb_warnings *warnings)
{
    eb_channel channels[N];
    eb_power_row rows[N * SAMPLES];
    for (int i = 0; i < N; i++)
        channels[i] = psys(i);
    for (int k = 0; k < N * SAMPLES; k++) {
        int64_t at = (int64_t)(k / N) * 1000000000;
        rows[k] = (eb_power_row){ .channel = k % N,
                                  .sample = { at, at + 1000, moves[k % N] ? 20000000u * (unsigned)(k / N) : 7,
                                              EB_SAMPLE_OK, 0 } };
    }
    eb_trial_data trial = { .info = { .number = 1 }, .power = rows, .n_power = N * SAMPLES };
    eb_journal_data d = { .header = { .boundary = EB_BOUNDARY_PLATFORM, .channels = channels, .n_channels = N },
                          .trials = &trial,
                          .n_trials = 1 };
    eb_dead_find(&d, dead, warnings);
    bool counted[N];
    char domains[256];
    eb_live_count(&d.header, dead, counted, domains, sizeof domains, NULL, 0);
    for (int i = 0, n = 0; i < N; i++) {
        n += counted[i];
        assert_true(n <= 1);
        if (counted[i])
            assert_true(moves[i] || (!moves[0] && !moves[1] && !moves[2]));
    }
}

static void test_all_that_are_silent_beside_one_that_moves(void **state)
{
    (void)state;
    for (int set = 0; set < 1 << N; set++) {
        bool moves[N], dead[N];
        eb_warnings warnings = { 0 };
        for (int i = 0; i < N; i++)
            moves[i] = set >> i & 1;
        find(moves, dead, &warnings);
        bool any = moves[1] || moves[2];
        assert_int_equal(dead[0], !moves[0] && any);
        assert_int_equal(warnings.n, dead[0]); // of a repeat nothing is said
        for (int i = 1; i < N; i++)
            assert_int_equal(dead[i], !moves[0] && !moves[i] && any);
        if (dead[0])
            assert_non_null(strstr(warnings.items[0], moves[1] ? names[1] : names[2]));
        eb_warnings_deinit(&warnings);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_that_are_silent_beside_one_that_moves),
    };
    return cmocka_run_group_tests_name("dead", tests, NULL, NULL);
}
