// SPDX-License-Identifier: Apache-2.0
// AVX-VNNI's products where the machine has that instruction in either encoding: right, and the bits of AVX2.
#include "tests/unit/packed_checks.h"
#include "workloads/engine/kernels/x86.h"

extern const eb_packed_ops eb_packed_avxvnni_emulated; // avxvnni_emulated.c

static const eb_packed_ops *ops_here(const char *test)
{
    if (eb_x86_has_avxvnni())
        return &eb_packed_avxvnni;
    if (eb_x86_has_avx512vnni())
        return &eb_packed_avxvnni_emulated;
    fprintf(stderr, "skip %s: this machine has vpdpbusd in no encoding\n", test);
    skip();
    return NULL;
}

static void products_are_right(void **state)
{
    (void)state;
    const eb_packed_ops *ops = ops_here(__func__);
    for (int t = 0; t < EB_W_LIMIT; t++)
        if (eb_wtypes[t].name && ops->packs((eb_wtype)t))
            products_of(ops, (eb_wtype)t);
}

static void bits_are_those_of_avx2(void **state)
{
    (void)state;
    const eb_packed_ops *ops = ops_here(__func__);
    for (int t = 0; t < EB_W_LIMIT; t++)
        if (eb_wtypes[t].name && ops->packs((eb_wtype)t))
            same_bits(&eb_packed_avx2, ops, (eb_wtype)t);
}

int main(void)
{
    eb_rng_init(&rng, 4711);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_right),
        cmocka_unit_test(bits_are_those_of_avx2),
    };
    return cmocka_run_group_tests_name("avxvnni", tests, NULL, NULL);
}
