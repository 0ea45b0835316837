// SPDX-License-Identifier: Apache-2.0
// The engine's benchmark: names of cells, their cost from the shape, what is read off a peer's output and what is
// refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "tests/bench/engine/figures.h"

static bench_cell cell(const char *name)
{
    bench_cell c;
    eb_err err;
    eb_err_clear(&err);
    assert_true(bench_cell_parse(name, &c, &err));
    return c;
}

static void test_cells(void **state)
{
    (void)state;
    bench_cell c = cell("pp512");
    assert_true(c.kind == BENCH_PREFILL && c.prompt_tok == 512 && c.output_tok == 0 && c.batch == 1);
    c = cell("tg128@4096");
    assert_true(c.kind == BENCH_DECODE && c.output_tok == 128 && c.depth_tok == 4096 && c.batch == 1);
    c = cell("tg64x16");
    assert_true(c.kind == BENCH_DECODE && c.output_tok == 64 && c.batch == 16 && c.against == BENCH_PEERS);
    c = cell("scale-pp512");
    assert_true(c.kind == BENCH_PREFILL && c.against == BENCH_ONE_THREAD);
    c = cell("busy-tg128");
    assert_true(c.kind == BENCH_DECODE && c.against == BENCH_BUSY && c.output_tok == 128);
    assert_true(cell("cold").kind == BENCH_COLD);
    static const char *const no[] = { "",           "pp",
                                      "pp0",        "pp-1",
                                      "pp512x4",    "pp512@9",
                                      "tg",         "tg128@",
                                      "tg128x",     "tg128x0",
                                      "tg8@4x2",    "xx128",
                                      "pp512 ",     "busy-",
                                      "busy-cold",  "pp99999999999999999999",
                                      "tg128x16x2", "a-name-that-is-far-too-long-for-a-cell" };
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        eb_err err;
        eb_err_clear(&err);
        assert_false(bench_cell_parse(no[i], &c, &err));
        assert_int_equal(err.code, EB_USAGE);
    }
}

static bool bench(const char *text, const char *name, int threads, peer_figure *out)
{
    const bench_cell c = cell(name);
    eb_err err;
    eb_err_clear(&err);
    const bool ok = peer_figure_of_bench(text, strlen(text), "a peer", &c, threads, out, &err);
    assert_int_equal(err.code, ok ? EB_OK : EB_FAILED);
    return ok;
}

#define TEST(more) "[ { \"build_commit\": \"0ad4a86\", \"build_number\": 7, \"n_threads\": 2, " more " } ]"

static void test_llama_bench(void **state)
{
    (void)state;
    peer_figure f;
    assert_true(
        bench(TEST("\"n_prompt\":512, \"n_gen\":0, \"n_depth\":0, \"samples_ts\":[1.5, 142.25]"), "pp512", 2, &f));
    assert_float_equal(f.tok_s, 142.25, 0); // the first repetition is a dialect's warm-up
    assert_string_equal(f.version, "0ad4a86 (build 7)");
    assert_true(bench(TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[9]"), "tg128", 2, &f));
    // Context before decode: as a depth, and as another dialect's prompt.
    assert_true(
        bench(TEST("\"n_prompt\":0, \"n_gen\":128, \"n_depth\":4096, \"samples_ts\":[9]"), "tg128@4096", 2, &f));
    assert_true(bench(TEST("\"n_prompt\":4096, \"n_gen\":128, \"samples_ts\":[9]"), "tg128@4096", 2, &f));
    assert_true(bench(TEST("\"n_prompt\":0, \"n_gen\":1, \"samples_ts\":[9]"), "cold", 2, &f));
}

static void test_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[",
        "no json",
        "[]",
        "{}",
        "null",
        "[ 5 ]",
        "[ {} ]",
        TEST("\"n_prompt\":0, \"n_gen\":128"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[]"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[\"9\"]"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[0]"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[-9]"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[1e300]"),
        TEST("\"n_prompt\":0, \"n_gen\":64, \"samples_ts\":[9]"),
        TEST("\"n_prompt\":16, \"n_gen\":128, \"samples_ts\":[9]"),
        TEST("\"n_prompt\":0, \"n_gen\":128, \"n_depth\":1, \"samples_ts\":[9]"),
        TEST("\"n_prompt\":-1, \"n_gen\":128, \"n_depth\":1, \"samples_ts\":[9]"),
        "[ { \"n_threads\": 4, \"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[9] } ]",
        "[ { \"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[9] } ]",
        "[ {\"n_threads\": 2, \"n_prompt\":0, \"n_gen\":128, \"samples_ts\":[9]}, {} ]",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        peer_figure f;
        assert_false(bench(bad[i], "tg128", 2, &f));
    }
}

static bool batched(const char *text, peer_figure *out)
{
    const bench_cell c = cell("tg64x16");
    eb_err err;
    eb_err_clear(&err);
    return peer_figure_of_batched(text, strlen(text), "a peer", &c, out, &err);
}

#define HEAD "words\n|    PP |     TG |    B |   N_KV |   T_PP s | S_PP t/s |\n|-------|--------|------|\n"

static void test_batched(void **state)
{
    (void)state;
    peer_figure f;
    assert_true(batched(
        HEAD "|     1 |     64 |   16 |   1040 |    0.665 |    24.07 |    2.5 |  409.60 |    3.1 |    335.48 |\n\n",
        &f));
    assert_float_equal(f.tok_s, 409.60, 0);
    static const char *const bad[] = {
        "",
        HEAD,
        HEAD "|     1 |     64 |   16 |   1040 |    0.665 |    24.07 |    2.5 |  409.60 |    3.1 ",
        HEAD "|     1 |     64 |    4 |   1040 |    0.665 |    24.07 |    2.5 |  409.60 |    3.1 |    335.48 |\n",
        HEAD "|     1 |    128 |   16 |   1040 |    0.665 |    24.07 |    2.5 |  409.60 |    3.1 |    335.48 |\n",
        HEAD "|     1 |     64 |   16 |   1040 |    0.665 |    24.07 |    2.5 |  nan |    3.1 |    335.48 |\n",
        HEAD "|     1 |     64 |   16 |   1040 |    0.665 |    24.07 |    2.5 |  -4 |    3.1 |    335.48 |\n",
        "|||||||||||",
        "|     1 |     64 |   16\n | 4 | 5 | 6 | 7 | 8 | 9 | 10 |",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(batched(bad[i], &f));
}

// A model of one layer and one matrix, counted by hand.
static void test_cost(void **state)
{
    (void)state;
    static const uint8_t weights[1];
    eb_layer layer = { .wq = {
                           .data = weights, .in = 8, .out = 8, .experts = 1, .row_bytes = 16, .expert_bytes = 128 } };
    eb_model m = { .info = &eb_arch_table[EB_ARCH_LLAMA],
                   .layer = &layer,
                   .hp = { .layers = 1, .heads = 2, .kv_heads = 1, .dim_k = 4, .dim_v = 4 } };
    bench_cell c = cell("pp10");
    bench_cost cost = bench_cell_cost(&m, &c);
    // Per token a tenth of the matrix; 2 operations per weight, and attention over 5.5 tokens on average.
    assert_float_equal(cost.bytes_per_tok, 12.8, 1e-9);
    assert_float_equal(cost.flop_per_tok, 2 * 64 + 2 * 5.5 * 2 * 8, 1e-9);
    c = cell("tg5@100"); // contexts of 101 to 105
    cost = bench_cell_cost(&m, &c);
    assert_float_equal(cost.bytes_per_tok, 128 + 103 * 1 * 8 * 2, 1e-9);
    assert_float_equal(cost.flop_per_tok, 2 * 64 + 2 * 104.0 * 2 * 8, 1e-9);
    c = cell("tg1x4");
    cost = bench_cell_cost(&m, &c);
    assert_float_equal(cost.bytes_per_tok, 128 / 4.0 + 1 * 1 * 8 * 2, 1e-9);
    c = cell("cold");
    assert_true(isnan(bench_cell_cost(&m, &c).bytes_per_tok));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_cells), cmocka_unit_test(test_llama_bench),
                                        cmocka_unit_test(test_refused), cmocka_unit_test(test_batched),
                                        cmocka_unit_test(test_cost) };
    return cmocka_run_group_tests_name("bench_figures", tests, NULL, NULL);
}
