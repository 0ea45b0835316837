// SPDX-License-Identifier: Apache-2.0
// The scratch of each thread is enough for every row of every published shape, on every instruction set of this
// machine. (A kernel's need is no growing function of the row: it takes fewer long rows at a time.)
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "workloads/engine/native/make.h"
#include "workloads/engine/native/state.h"

static eb_state size_of(const eb_shape *shape, const eb_kernels *kernels, int chunk, int batch, int ctx)
{
    const eb_model m = { .hp = shape->hp, .info = &eb_arch_table[shape->hp.arch] };
    const eb_engine_config config = {
        .threads = 2, .max_batch = batch, .max_ctx_tok = ctx, .kv = EB_KV_F16, .chunk_tok = chunk
    };
    eb_state s;
    eb_state_size(&s, &m, kernels, &config);
    return s;
}

static void check(const eb_shape *shape, const eb_kernels *kernels, int chunk, int batch)
{
    const eb_hparams *hp = &shape->hp;
    const eb_state s = size_of(shape, kernels, chunk, batch, 1024);
    const int64_t rows[] = { hp->embd,    hp->ffn,    hp->expert_ffn, hp->shared_ffn, (int64_t)hp->heads * hp->dim_v,
                             hp->d_inner, hp->dt_rank };
    const int most = chunk > batch ? chunk : batch;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int columns = 1; rows[i] > 0 && columns <= most && columns <= EB_MATMUL_MAX_M; columns++)
            assert_true(kernels->matmul_scratch(rows[i], columns) <= s.scratch_bytes);
}

static void test_every_row_fits(void **state)
{
    (void)state;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        for (const eb_shape *shape = eb_shapes; (*k)->usable() && shape->name; shape++) {
            check(shape, *k, 512, 1);
            check(shape, *k, 1, 1);
            check(shape, *k, 16, 40);
        }
}

// What a cold start of 16 tokens zeroes should not be what a prompt of 512 needs.
static void test_no_more_rows_than_context(void **state)
{
    (void)state;
    for (const eb_shape *shape = eb_shapes; shape->name; shape++) {
        assert_int_equal(size_of(shape, &eb_kernels_scalar, 0, 1, 16).rows, 16);
        assert_int_equal(size_of(shape, &eb_kernels_scalar, 0, 3, 16).rows, 48);
        assert_int_equal(size_of(shape, &eb_kernels_scalar, 8, 3, 16).rows, 8);
        assert_int_equal(size_of(shape, &eb_kernels_scalar, 8, 20, 16).rows, 20);
        assert_int_equal(size_of(shape, &eb_kernels_scalar, 0, 4096, 1 << 24).rows, 4096);
        const size_t row_bytes = 3 * sizeof(float) * (size_t)shape->hp.embd; // at least
        assert_true(size_of(shape, &eb_kernels_scalar, 0, 1, 16).work_bytes + 496 * row_bytes <=
                    size_of(shape, &eb_kernels_scalar, 0, 1, 512).work_bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_every_row_fits),
                                        cmocka_unit_test(test_no_more_rows_than_context) };
    return cmocka_run_group_tests_name("scratch", tests, NULL, NULL);
}
