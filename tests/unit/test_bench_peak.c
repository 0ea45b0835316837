// SPDX-License-Identifier: Apache-2.0
// The ceilings of arithmetic that the engine's benchmark judges with: every instruction set of this build that is
// usable here has one of each kind. How high they are is not a matter of right and wrong.
#include "tests/bench/engine/peak.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "workloads/engine/kernels/kernels.h"

static void every_instruction_set_has_its_peaks(void **state)
{
    (void)state;
    int peaks = 0, usable = 0;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
        usable += (*k)->usable();
        for (bench_peak_kind kind = BENCH_PEAK_F32; (*k)->usable() && kind <= BENCH_PEAK_INT8; kind++) {
            bench_peak peak;
            eb_err err = { 0 };
            if (!bench_peak_measure(1, (*k)->name, kind, &peak, &err))
                fail_msg("%s, kind %d: %s", (*k)->name, (int)kind, err.message);
            assert_true(isfinite(peak.ops_s) && peak.ops_s > 0);
            assert_true(*peak.name && memchr(peak.name, 0, sizeof peak.name));
            peaks++;
        }
    }
    assert_true(usable > 0);
    assert_int_equal(peaks, (BENCH_PEAK_INT8 + 1) * usable);
}

static void what_is_no_instruction_set_is_refused(void **state)
{
    static const char *const names[] = { "", "avx", "vx2", "avx2 fma", "no-such-set-of-instructions-as-this-one" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        bench_peak peak;
        eb_err err = { 0 };
        assert_false(bench_peak_measure(1, names[i], BENCH_PEAK_INT8, &peak, &err));
        assert_true(isnan(peak.ops_s));
        assert_int_equal(err.code, EB_FAILED);
    }
}

static void so_are_no_threads(void **state)
{
    bench_peak peak;
    eb_err err = { 0 };
    (void)state;
    assert_false(bench_peak_measure(0, "scalar", BENCH_PEAK_F32, &peak, &err));
    assert_int_equal(err.code, EB_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_set_has_its_peaks),
        cmocka_unit_test(what_is_no_instruction_set_is_refused),
        cmocka_unit_test(so_are_no_threads),
    };
    return cmocka_run_group_tests_name("bench_peak", tests, NULL, NULL);
}
