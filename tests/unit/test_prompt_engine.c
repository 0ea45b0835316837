// SPDX-License-Identifier: Apache-2.0
// The engine with products of prompts: in 16 bits, and those of amx.c and amx_prompt.c over tiles in plain C. Quantized
// types give the bits of avx512vnni; plain ones are near f32 products in prompts, in chunks and in batches alike, and
// equal to them token by token.
#include "tests/unit/engine_fixture.h"

#include <math.h>
#include <unistd.h>

#include "tests/unit/amx_emulated.h"
#include "workloads/engine/kernels/x86.h"
#include "workloads/engine/native/repack.h"
#include "workloads/engine/native/session.h"

enum { PROMPT = 21, OUTPUT = 4, VOCAB = 512, CHUNK = 12 };

static eb_kernels over_tiles, in_f32; // in_f32: avx512vnni without products of prompts

typedef struct engine {
    eb_model *model;
    eb_state state;
    eb_pool *pool;
    eb_session session;
} engine;

static bool no_vnni(const char *test)
{
    if (!eb_x86_has_avx512vnni())
        fprintf(stderr, "skip %s: the rest of these products needs AVX-512 VNNI\n", test);
    in_f32 = over_tiles = eb_kernels_avx512vnni;
    in_f32.prompt = NULL;
    over_tiles.packed = &eb_packed_amx_emulated;
    over_tiles.prompt = &eb_prompt_amx_emulated;
    return !eb_x86_has_avx512vnni();
}

static void make_model(const char *shape, const char *type, char path[512])
{
    eb_err err = { 0 };
    snprintf(path, 512, "%s/%s-%s.gguf", folder, shape, type);
    assert_true(eb_make_shape(eb_shape_find(shape), eb_recipe_find(type), 1, path, 1, NULL, NULL, &err));
}

static void open_engine(engine *e, const char *path, const eb_kernels *kernels, int threads)
{
    const eb_engine_config config = { .threads = threads, .max_batch = 2, .max_ctx_tok = 64, .chunk_tok = CHUNK };
    eb_err err = { 0 };
    memset(e, 0, sizeof *e);
    e->model = eb_model_open(path, &err);
    assert_non_null(e->model);
    eb_state_size(&e->state, e->model, kernels, &config);
    assert_true(eb_state_alloc(&e->state, e->model, &err));
    e->pool = eb_pool_new(threads, false, &err);
    assert_non_null(e->pool);
    assert_true(eb_repack(e->model, kernels, e->pool, &err));
    eb_net net = { .model = e->model, .kernels = kernels, .pool = e->pool, .state = &e->state };
    assert_true(eb_session_init(&e->session, &net, CHUNK, &err));
}

static void close_engine(engine *e)
{
    eb_session_deinit(&e->session);
    eb_pool_free(e->pool);
    eb_state_deinit(&e->state);
    eb_model_close(e->model);
}

static float *logits_of(const char *path, const eb_kernels *kernels, int threads, int chunk)
{
    engine e;
    int32_t tokens[PROMPT];
    eb_err err = { 0 };
    float *out = malloc(sizeof *out * PROMPT * VOCAB);
    fixture_tokens(31, tokens, PROMPT);
    open_engine(&e, path, kernels, threads);
    assert_true(eb_session_eval(&e.session, tokens, PROMPT, chunk, out, &err));
    close_engine(&e);
    return out;
}

static double nmse(const float *got, const float *want)
{
    double error = 0, size = 0;
    for (int i = 0; i < PROMPT * VOCAB; i++) {
        error += ((double)got[i] - (double)want[i]) * ((double)got[i] - (double)want[i]);
        size += (double)want[i] * (double)want[i];
    }
    return error / size;
}

// most: of the NMSE of prompts against f32 products; 0 = the same bits.
static void check_type(const eb_kernels *kernels, const char *shape, const char *type, double most)
{
    char path[512];
    make_model(shape, type, path);
    float *whole = logits_of(path, kernels, 1, 0), *parts = logits_of(path, kernels, 3, 5);
    float *single = logits_of(path, kernels, 2, 1);
    float *want = logits_of(path, &in_f32, 1, 0), *want_single = logits_of(path, &in_f32, 1, 1);
    assert_memory_equal(whole, parts, sizeof *whole * PROMPT * VOCAB);
    assert_memory_equal(single, want_single, sizeof *whole * PROMPT * VOCAB);
    const double off = nmse(whole, want);
    if (most > 0 ? !(off > 0 && off < most) : off != 0)
        fail_msg("%s, %s %s: NMSE %.3g", kernels->name, shape, type, off);
    free(whole);
    free(parts);
    free(single);
    free(want);
    free(want_single);
    unlink(path);
}

static void logits_are_right_and_stay(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    for (int i = 0; i < 2; i++) {
        const eb_kernels *kernels = i ? &eb_kernels_avx512vnni : &over_tiles;
        const double most = i ? 2e-7 : 1e-9;
        check_type(kernels, "tiny-llama", "f16", most);
        check_type(kernels, "tiny-qwen2moe", "bf16", most);
        check_type(kernels, "tiny-mamba", "f16", most);
        check_type(kernels, "tiny-llama", "q4_0", 0);
        check_type(kernels, "tiny-mixtral", "q8_0", 0);
    }
    assert_null(eb_amx_emulated_fault());
}

// Two prompts in one batch, and each alone: the same tokens.
static void batches_do_not_matter_to(const eb_kernels *kernels)
{
    engine e;
    char path[512];
    int32_t tokens[PROMPT], out[3][OUTPUT];
    eb_token_event event[2];
    eb_err err = { 0 };
    fixture_tokens(32, tokens, PROMPT);
    make_model("tiny-llama", "f16", path);
    for (int round = 0; round < 3; round++) { // 0 alone, 1 alone, both
        open_engine(&e, path, kernels, 2);
        for (uint32_t id = 0; id < 2; id++) {
            const eb_request r = { .id = id, .prompt = tokens + 3 * id, .prompt_tok = 9, .output_tok = OUTPUT };
            assert_true((int)id == 1 - round || eb_session_submit(&e.session, &r, &err));
        }
        while (eb_session_busy(&e.session))
            for (int n = eb_session_step(&e.session, event, 2, &err), i = 0; i < n; i++)
                if (round < 2)
                    out[round][event[i].index] = event[i].token;
                else
                    assert_int_equal(event[i].token, out[event[i].request][event[i].index]);
        close_engine(&e);
    }
    unlink(path);
}

static void batches_do_not_matter(void **state)
{
    (void)state;
    if (no_vnni(__func__))
        skip();
    batches_do_not_matter_to(&over_tiles);
    batches_do_not_matter_to(&eb_kernels_avx512vnni);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_right_and_stay),
        cmocka_unit_test(batches_do_not_matter),
    };
    return cmocka_run_group_tests_name("prompt_engine", tests, fixture_make, folder_remove);
}
