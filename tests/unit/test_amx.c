// SPDX-License-Identifier: Apache-2.0
// The products of amx.c over tiles in plain C, so that they are tested where there is no AMX: right, the same bits as
// avx512vnni's, no instruction that a CPU would refuse, no tiles left in use. And how a table is found unusable.
// (amx_prompt.c: test_prompt.c)
#include "tests/unit/packed_checks.h"

#include <signal.h>

#include "tests/unit/amx_emulated.h"
#include "workloads/engine/kernels/x86.h"

enum { MOST_COLUMNS = 65 };

static bool no_vnni(const char *test)
{
    if (!eb_x86_has_avx512vnni())
        fprintf(stderr, "skip %s: the rest of these products needs AVX-512 VNNI\n", test);
    return !eb_x86_has_avx512vnni();
}

static void nothing_refused(void)
{
    if (eb_amx_emulated_fault())
        fail_msg("%s", eb_amx_emulated_fault());
    assert_false(eb_amx_emulated_configured());
}

static void known_products_tell_right_tiles_from_wrong(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    assert_true(eb_amx_emulated_right() && eb_amx_prompt_emulated_right());
    eb_amx_emulated_spoil(true);
    assert_false(eb_amx_emulated_right());
    assert_false(eb_amx_prompt_emulated_right());
    eb_amx_emulated_spoil(false);
    nothing_refused();
}

static void products_are_right(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    for (int t = 0; t < EB_W_LIMIT; t++) {
        assert_true(eb_packed_amx_emulated.packs((eb_wtype)t) == eb_packed_avx512vnni.packs((eb_wtype)t));
        if (eb_packed_amx_emulated.packs((eb_wtype)t))
            products_of(&eb_packed_amx_emulated, (eb_wtype)t);
        nothing_refused();
    }
}

// Any number of columns and of chunks, within a slice and beyond.
static void bits_are_those_of_avx512vnni(void **state)
{
    static const int lengths[] = { 1, 2, 3, 4, 5, 7, 18, 31, 32, 33, 45 }; // blocks
    const eb_packed_ops *vnni = &eb_packed_avx512vnni;
    (void)state;
    if (no_vnni(__func__))
        skip();
    for (int t = 0; t < EB_W_LIMIT; t++)
        for (size_t i = 0; vnni->packs((eb_wtype)t) && i < sizeof lengths / sizeof *lengths; i++) {
            const int64_t n = lengths[i] * eb_wtypes[t].block, rows = i == 2 ? 323 : 40;
            if (n > 45 * 32)
                break;
            setting s = make(&eb_packed_amx_emulated, (eb_wtype)t, n, rows, MOST_COLUMNS);
            float *want = malloc((size_t)(rows * MOST_COLUMNS) * sizeof *want);
            vnni->matmul((eb_wtype)t, s.packed, n, 0, rows, s.x, (size_t)(n / 32), MOST_COLUMNS, want, (size_t)rows,
                         s.scratch);
            for (int m = 1; m <= MOST_COLUMNS; m += 1 + (int)i)
                same_as(&s, want, 0, rows, m);
            free(want);
            unmake(&s);
        }
    nothing_refused();
}

static void few_columns_need_no_tiles(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    setting s = make(&eb_packed_amx_emulated, EB_W_Q8_0, 64, 16, 20);
    float y[20 * 16];
    const long before = eb_amx_emulated_products();
    for (int m = 1; m <= 4; m++)
        s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, m, y, 16, s.scratch);
    assert_int_equal(eb_amx_emulated_products(), before);
    s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, 5, y, 16, s.scratch);
    const long five = eb_amx_emulated_products() - before;
    assert_true(five >= 2); // a chunk each
    s.ops->matmul(EB_W_Q8_0, s.packed, 64, 0, 16, s.x, 2, 20, y, 16, s.scratch);
    assert_int_equal(eb_amx_emulated_products(), before + 2 * five); // 16 and 4 others
    unmake(&s);
}

// ---- what is usable -------------------------------------------------------------------------------------------------

static bool says_yes(void)
{
    return true;
}

static bool says_no(void)
{
    return false;
}

static bool is_refused(void)
{
    __builtin_trap(); // ud2
    return true;
}

static void (*handler_of(int number))(int)
{
    struct sigaction now;
    sigaction(number, NULL, &now);
    return now.sa_handler;
}

static void a_refused_instruction_is_survived(void **state)
{
    void (*const before)(int) = handler_of(SIGILL);
    (void)state;
    assert_true(eb_x86_survives(says_yes));
    assert_false(eb_x86_survives(says_no));
    for (int i = 0; i < 3; i++)
        assert_false(eb_x86_survives(is_refused));
    assert_true(eb_x86_survives(says_yes));
    assert_ptr_equal(handler_of(SIGILL), before);
}

static void what_is_missing_is_said(void **state)
{
    (void)state;
    const char *why = eb_kernels_amx.missing();
    assert_int_equal(eb_kernels_amx.usable(), why == NULL);
    assert_true(!why || strlen(why) > 20);
    assert_true(!eb_kernels_amx.usable() || eb_x86_has_avx512vnni());
    assert_string_equal(eb_kernels_amx.name, "amx");
    assert_ptr_equal(eb_kernels_amx.packed, &eb_packed_amx);
    assert_ptr_equal(eb_kernels_amx.prompt, &eb_prompt_amx);
    assert_true(eb_kernels_amx.attend == eb_kernels_avx512vnni.attend);
}

int main(void)
{
    eb_rng_init(&rng, 815);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_products_tell_right_tiles_from_wrong),
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(bits_are_those_of_avx512vnni),
        cmocka_unit_test(few_columns_need_no_tiles),
        cmocka_unit_test(a_refused_instruction_is_survived),
        cmocka_unit_test(what_is_missing_is_said),
    };
    return cmocka_run_group_tests_name("amx", tests, NULL, NULL);
}
