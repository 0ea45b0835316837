// SPDX-License-Identifier: Apache-2.0
// Where a machine begins to throttle: synthetic courses with a step, a ramp, noise, gaps; no false alarm over many
// seeds; counters and trip points.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "harness/base/stats.h"
#include "harness/record/throttle.h"

enum { N = 60, SEEDS = 2000 };

// A course of N windows at `hz` that becomes hz x (1 - drop) at `change` (a fraction of a window counts in part),
// noise of `sigma` (a share), with an AR(1) correlation phi.
static void course(eb_throttle_window *w, uint64_t seed, double change, double drop, double sigma, double phi)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    double e = eb_rng_normal(&rng);
    for (int i = 0; i < N; i++) {
        double after = fmin(fmax(i + 1 - change, 0), 1);
        w[i] = (eb_throttle_window){ 3.2e9 * (1 - drop * after) * (1 + sigma * e), NAN, NAN, NAN };
        e = phi * e + sqrt(1 - phi * phi) * eb_rng_normal(&rng);
    }
}

static void a_step_is_found_where_it_is(void **state)
{
    (void)state;
    eb_throttle_window w[N];
    for (double drop = 0.12; drop < 0.7; drop += 0.1)
        for (double change = 2; change <= N - 4; change += 0.25) {
            course(w, 1, change, drop, 0, 0);
            bool throttled[N];
            eb_throttle t = eb_throttle_find(w, N, throttled);
            assert_int_equal(t.verdict, EB_THROTTLE_YES);
            assert_int_equal(t.why, EB_THROTTLE_FREQUENCY);
            assert_true(fabs(t.onset - change) <= 1);
            assert_int_equal(t.n, N - t.onset);
            for (int i = 0; i < N; i++)
                assert_int_equal(throttled[i], i >= t.onset);
            assert_float_equal(t.start_hz, 3.2e9, 1);
            assert_float_equal(t.limit_hz, 3.2e9 * (1 - EB_THROTTLE_FRAC), 1);
            assert_float_equal(t.lowest_hz, 3.2e9 * (1 - drop), 1);
        }
}

static void a_step_is_found_in_noise(void **state)
{
    (void)state;
    int late = 0, missed = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        eb_throttle_window w[N];
        double change = 3 + (double)(seed % 50);
        course(w, seed, change, 0.2, 0.015, 0);
        eb_throttle t = eb_throttle_find(w, N, NULL);
        missed += t.verdict != EB_THROTTLE_YES;
        late += t.verdict == EB_THROTTLE_YES && fabs(t.onset - change) > 1;
    }
    print_message("20 %% down in 1.5 %% of noise, %d seeds: %d missed, %d more than a window off\n", SEEDS, missed,
                  late);
    assert_int_equal(missed, 0);
    assert_true(late <= SEEDS / 200);
}

static void noise_is_no_throttling(void **state)
{
    (void)state;
    static const double sigmas[] = { 0, 0.002, 0.01, 0.02, 0.05, 0.1 };
    for (size_t k = 0; k < sizeof sigmas / sizeof *sigmas; k++) {
        int alarms = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            eb_throttle_window w[N];
            course(w, seed, N, 0, sigmas[k], 0);
            alarms += eb_throttle_find(w, N, NULL).verdict != EB_THROTTLE_NO;
        }
        print_message("noise of %g %%: %d false alarms in %d courses\n", 100 * sigmas[k], alarms, SEEDS);
        assert_true(alarms <= SEEDS / 1000);
    }
    int alarms = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        eb_throttle_window w[N];
        course(w, seed, N, 0, 0.008, 0.7);
        alarms += eb_throttle_find(w, N, NULL).verdict != EB_THROTTLE_NO;
    }
    print_message("noise of 0.8 %%, correlated by 0.7: %d false alarms in %d courses\n", alarms, SEEDS);
    assert_true(alarms <= SEEDS / 1000);
}

static void a_dip_is_no_throttling_and_a_recovery_ends_it(void **state)
{
    (void)state;
    eb_throttle_window w[N];
    course(w, 1, N, 0, 0, 0);
    w[20].frequency_hz = w[21].frequency_hz = 1e9; // two windows are not three
    assert_int_equal(eb_throttle_find(w, N, NULL).verdict, EB_THROTTLE_NO);
    w[22].frequency_hz = 1e9;
    eb_throttle t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.onset, 20);
    assert_int_equal(t.n, 3);
    w[30].frequency_hz = 1e9; // once it has begun each one counts
    assert_int_equal(eb_throttle_find(w, N, NULL).n, 4);
    course(w, 1, N - 2, 0.3, 0, 0); // the last two
    assert_int_equal(eb_throttle_find(w, N, NULL).onset, N - 2);
    course(w, 1, N - 1, 0.3, 0, 0);
    assert_int_equal(eb_throttle_find(w, N, NULL).verdict, EB_THROTTLE_NO);
    course(w, 1, N, 0, 0, 0); // a slow slide is found where it leaves the limit
    for (int i = 0; i < N; i++)
        w[i].frequency_hz = 3e9 * (1 - 0.002 * i);
    t = eb_throttle_find(w, N, NULL);
    assert_in_range(t.onset, 25, 27);
}

static void counters_speak_for_themselves(void **state)
{
    (void)state;
    eb_throttle_window w[N];
    bool throttled[N];
    course(w, 1, N, 0, 0, 0);
    for (int i = 0; i < N; i++)
        w[i].counted = i == 30 || i == 41 ? 2 : 0;
    eb_throttle t = eb_throttle_find(w, N, throttled);
    assert_int_equal(t.verdict, EB_THROTTLE_YES);
    assert_int_equal(t.onset, 30);
    assert_int_equal(t.n, 2);
    assert_int_equal(t.why, EB_THROTTLE_COUNTER);
    assert_true(throttled[41]);
    for (int i = 0; i < N; i++) { // nothing but the counter, which stands still: that is known
        w[i].frequency_hz = NAN;
        w[i].counted = 0;
    }
    assert_int_equal(eb_throttle_find(w, N, NULL).verdict, EB_THROTTLE_NO);
}

static void a_trip_point_counts_where_no_frequency_is_known(void **state)
{
    (void)state;
    eb_throttle_window w[N];
    course(w, 1, N, 0, 0, 0);
    for (int i = 0; i < N; i++) {
        w[i].temperature_c = 60 + i;
        w[i].trip_c = 95;
    }
    eb_throttle t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.verdict, EB_THROTTLE_NO); // it kept its frequency
    assert_int_equal(t.trip, 35);
    for (int i = 0; i < N; i++)
        w[i].frequency_hz = NAN;
    t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.verdict, EB_THROTTLE_YES);
    assert_int_equal(t.onset, 35);
    assert_int_equal(t.why, EB_THROTTLE_TRIP);
    for (int i = 0; i < N; i++)
        w[i].trip_c = 200;
    assert_int_equal(eb_throttle_find(w, N, NULL).verdict, EB_THROTTLE_NO);
    for (int i = 0; i < N; i++)
        w[i].trip_c = NAN; // a temperature alone says nothing
    t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.verdict, EB_THROTTLE_UNKNOWN);
    assert_true(t.temperature);
    assert_int_equal(t.onset, -1);
}

static void what_is_not_known_is_passed_over(void **state)
{
    (void)state;
    eb_throttle_window w[N];
    course(w, 1, 30, 0.3, 0, 0);
    for (int i = 0; i < N; i += 3)
        w[i].frequency_hz = NAN;
    eb_throttle t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.verdict, EB_THROTTLE_YES);
    assert_int_equal(t.onset, 31);
    for (int i = 4; i < N; i++) // two left
        w[i].frequency_hz = NAN;
    t = eb_throttle_find(w, N, NULL);
    assert_int_equal(t.verdict, EB_THROTTLE_UNKNOWN);
    assert_true(isnan(t.start_hz));
    assert_int_equal(eb_throttle_find(w, 0, NULL).verdict, EB_THROTTLE_UNKNOWN);
    assert_int_equal(eb_throttle_find(w, 1, NULL).verdict, EB_THROTTLE_UNKNOWN);
    const double odd[] = { 0, -1, INFINITY, -INFINITY, NAN };
    for (size_t k = 0; k < sizeof odd / sizeof *odd; k++) {
        course(w, 1, N, 0, 0, 0);
        for (int i = 0; i < N; i += 2)
            w[i].frequency_hz = odd[k];
        assert_int_equal(eb_throttle_find(w, N, NULL).verdict, EB_THROTTLE_NO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_found_where_it_is),
        cmocka_unit_test(a_step_is_found_in_noise),
        cmocka_unit_test(noise_is_no_throttling),
        cmocka_unit_test(a_dip_is_no_throttling_and_a_recovery_ends_it),
        cmocka_unit_test(counters_speak_for_themselves),
        cmocka_unit_test(a_trip_point_counts_where_no_frequency_is_known),
        cmocka_unit_test(what_is_not_known_is_passed_over),
    };
    return cmocka_run_group_tests_name("throttle", tests, NULL, NULL);
}
