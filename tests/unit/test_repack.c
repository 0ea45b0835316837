// SPDX-License-Identifier: Apache-2.0
// What of a model's file is resident once its weights are packed: not what was packed, nor does it come back for good
// as tokens are looked up.
#include "tests/unit/engine_fixture.h"

#include <unistd.h>

#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/native/gguf.h"
#include "workloads/engine/native/repack.h"

enum { VOCAB = 16384, PROMPT = 1024, AROUND_BYTES = 128 * 1024 }; // AROUND: what a fault brings in with its page

static const eb_kernels *packing(void)
{
    const eb_kernels *k = eb_kernels_pick(getenv("EFFBENCH_ISA"));
    return k && k->packed ? k : NULL;
}

// Resident bytes of the mappings of a file.
static size_t resident(const char *path)
{
    char line[512];
    bool here = false;
    size_t kib = 0, sum = 0;
    FILE *f = fopen("/proc/self/smaps", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "Rss: %zu kB", &kib) == 1)
            sum += here ? kib * 1024 : 0;
        else if (strchr(line, '-') && strchr(line, '-') < strchr(line, ' '))
            here = strstr(line, path) != NULL;
    }
    fclose(f);
    return sum;
}

// Bytes of the tensors that are not multiplied in 8-bit arithmetic, and of the pages that hold the ends of others.
static size_t not_packed(const char *path, const eb_kernels *k)
{
    eb_err err = { 0 };
    eb_gguf *g = eb_gguf_open(path, &err);
    assert_non_null(g);
    size_t bytes = AROUND_BYTES + g->data_start;
    for (size_t i = 0; i < g->n_tensors; i++)
        bytes += k->packed->packs(g->tensors[i].type) ? 2 * (size_t)sysconf(_SC_PAGESIZE) : g->tensors[i].bytes;
    eb_gguf_close(g);
    return bytes;
}

static void check(const char *shape, const char *type, const eb_kernels *k)
{
    char path[256];
    eb_err err = { 0 };
    eb_shape wide = *eb_shape_find(shape);
    wide.hp.vocab = VOCAB;
    snprintf(path, sizeof path, "%s/wide-%s-%s.gguf", folder, shape, type);
    if (!eb_make_shape(&wide, eb_recipe_find(type), 1, path, 1, NULL, NULL, &err))
        fail_msg("%s", err.message);
    const eb_engine_config config = { .threads = 1, .max_batch = 1, .max_ctx_tok = PROMPT + 2 };
    eb_engine *engine = eb_engine_native.open(path, &config, &err);
    if (!engine)
        fail_msg("%s", err.message);
    int32_t prompt[PROMPT], out[1][MAX_TOK];
    for (int i = 0; i < PROMPT; i++)
        prompt[i] = i * (VOCAB / PROMPT);
    engine->ops->reset(engine); // packs
    const size_t opened = resident(path);
    fixture_submit(engine, 0, prompt, PROMPT, 1);
    fixture_drain(engine, out);
    const size_t looked_up = resident(path);
    if (opened > not_packed(path, k) || looked_up > opened)
        fail_msg("%s %s: %zu bytes of the file are resident, %zu after a prompt; %zu may be", shape, type, opened,
                 looked_up, not_packed(path, k));
    fixture_close(engine);
}

static void test_nothing_is_in_memory_twice(void **state)
{
    (void)state;
    static const char *const types[] = { "q8_0", "q4_0", "q4_k_m", "f16" };
    const eb_kernels *k = packing();
    if (k && emulated()) {
        fprintf(stderr, "skip %s: an emulator keeps pages that are let go\n", __func__);
        skip();
    }
    if (!k) {
        fprintf(stderr, "skip %s: no instruction set of this machine has packed weights\n", __func__);
        skip();
    }
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        check("tiny-qwen2", types[i], k);
        check("tiny-mamba", types[i], k);
    }
}

// A first pass packs as it goes, all later ones have packed weights: the same tokens, drawn by what the logits are.
static void test_a_first_pass_is_like_the_others(void **state)
{
    static const char *const types[] = { "q8_0", "q4_0", "q4_k_m" };
    enum { TOKENS = 40, OUTPUT = 24 };
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride())
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            char path[256];
            eb_err err = { 0 };
            snprintf(path, sizeof path, "%s/first.gguf", folder);
            if (!eb_make_shape(eb_shape_find(fixture_shapes[s]), eb_recipe_find(types[t]), 1, path, 1, NULL, NULL,
                               &err))
                fail_msg("%s", err.message);
            const eb_engine_config config = { .threads = 2, .max_batch = 1, .max_ctx_tok = TOKENS + OUTPUT };
            eb_engine *engine = eb_engine_native.open(path, &config, &err);
            if (!engine)
                fail_msg("%s", err.message);
            int32_t prompt[TOKENS], out[3][1][MAX_TOK];
            fixture_tokens(5, prompt, TOKENS);
            for (int pass = 0; pass < 3; pass++) {
                const eb_request r = { .prompt = prompt,
                                       .prompt_tok = TOKENS,
                                       .output_tok = OUTPUT,
                                       .sampling = { .temperature = 1, .top_p = 1, .seed = 3 } };
                assert_true(engine->ops->submit(engine, &r, &err));
                fixture_drain(engine, out[pass]);
                if (pass)
                    assert_memory_equal(out[pass][0], out[0][0], OUTPUT * sizeof(int32_t));
                else
                    engine->ops->reset(engine);
            }
            fixture_close(engine);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_in_memory_twice),
                                        cmocka_unit_test(test_a_first_pass_is_like_the_others) };
    return cmocka_run_group_tests_name("repack", tests, fixture_make, folder_remove);
}
