// SPDX-License-Identifier: Apache-2.0
// The products of neoni8mm, by the machine's smmla where it has one and by the same in plain C: right, the bits of
// neondot, and a table that says why it cannot be used.
#include "tests/unit/packed_checks.h"
#include "workloads/engine/kernels/arm.h"

extern const eb_packed_ops eb_packed_neoni8mm_emulated; // neoni8mm_emulated.c

static void unless(const char *missing, const char *test)
{
    if (!missing)
        return;
    fprintf(stderr, "skip %s: %s\n", test, missing);
    skip();
}

static void right(const eb_packed_ops *ops)
{
    for (int t = 0; t < EB_W_LIMIT; t++)
        if (eb_wtypes[t].name && ops->packs((eb_wtype)t))
            products_of(ops, (eb_wtype)t);
}

static void as_neondot(const eb_packed_ops *ops)
{
    for (int t = 0; t < EB_W_LIMIT; t++) {
        if (!eb_wtypes[t].name)
            continue;
        assert_true(ops->packs((eb_wtype)t) == eb_packed_neondot.packs((eb_wtype)t));
        if (ops->packs((eb_wtype)t))
            same_bits(&eb_packed_neondot, ops, (eb_wtype)t);
    }
}

static void products_are_right(void **state)
{
    (void)state;
    unless(eb_arm_neoni8mm_missing(), __func__);
    right(&eb_packed_neoni8mm);
}

static void bits_are_those_of_neondot(void **state)
{
    (void)state;
    unless(eb_arm_neoni8mm_missing(), __func__);
    as_neondot(&eb_packed_neoni8mm);
}

static void emulated_products_are_right(void **state)
{
    (void)state;
    unless(eb_arm_neondot_missing(), __func__);
    right(&eb_packed_neoni8mm_emulated);
}

static void emulated_bits_are_those_of_neondot(void **state)
{
    (void)state;
    unless(eb_arm_neondot_missing(), __func__);
    as_neondot(&eb_packed_neoni8mm_emulated);
}

// Every number of columns from 1 to 65 has the bits of a column alone, whatever stands in for those that are not there.
static void all_widths(const eb_packed_ops *ops, eb_wtype type)
{
    enum { ROWS = 40, MOST = 65 };
    const int64_t n = 2 * eb_wtypes[type].block;
    float alone[MOST * ROWS];
    setting s = make(ops, type, n, ROWS, MOST);
    for (int c = 0; c < MOST; c++)
        ops->matmul(type, s.packed, n, 0, ROWS, s.x + c * (n / 32), (size_t)(n / 32), 1, alone + c * ROWS, ROWS,
                    s.scratch);
    for (int m = 1; m <= MOST; m++)
        same_as(&s, alone, 0, ROWS, m);
    unmake(&s);
}

static void batches_do_not_matter(void **state)
{
    (void)state;
    static const eb_wtype types[] = { EB_W_Q4_0, EB_W_Q8_0, EB_W_Q4_K, EB_W_Q6_K, EB_W_Q2_K }; // each kind of tile
    unless(eb_arm_neondot_missing(), __func__);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        all_widths(eb_arm_has_neoni8mm() ? &eb_packed_neoni8mm : &eb_packed_neoni8mm_emulated, types[i]);
}

static void a_table_says_why_not(void **state)
{
    (void)state;
    assert_true(eb_kernels_neoni8mm.usable() == !eb_kernels_neoni8mm.missing());
    assert_true(eb_kernels_neondot.usable() == !eb_kernels_neondot.missing());
    assert_true(eb_kernels_neondot.usable() || !eb_kernels_neoni8mm.usable());
}

int main(void)
{
    eb_rng_init(&rng, 4711);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right),          cmocka_unit_test(bits_are_those_of_neondot),
        cmocka_unit_test(emulated_products_are_right), cmocka_unit_test(emulated_bits_are_those_of_neondot),
        cmocka_unit_test(batches_do_not_matter),       cmocka_unit_test(a_table_says_why_not),
    };
    return cmocka_run_group_tests_name("neoni8mm", tests, NULL, NULL);
}
