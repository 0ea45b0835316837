// SPDX-License-Identifier: Apache-2.0
// Small models in a temporary folder, and engines on them, for the tests of the engine.
#ifndef EB_TESTS_ENGINE_FIXTURE_H
#define EB_TESTS_ENGINE_FIXTURE_H

#include "harness/base/stats.h"
#include "tests/unit/emulated.h"
#include "tests/unit/folder.h"
#include "workloads/engine/native/make.h"
#include "workloads/engine/native/native.h"

enum { MAX_EVENTS = 64, MAX_TOK = 256 };

static const char *const fixture_shapes[] = { "tiny-llama",    "tiny-qwen2", "tiny-qwen3",
                                              "tiny-mixtral",  "tiny-olmoe", "tiny-qwen2moe",
                                              "tiny-qwen3moe", "tiny-mamba", "tiny-mamba2" };
enum { FIXTURE_SHAPES = sizeof fixture_shapes / sizeof *fixture_shapes };

// An emulator gets one shape of each family.
static inline int fixture_stride(void)
{
    return emulated() ? 4 : 1;
}

static inline const char *fixture_path(const char *shape, char path[256])
{
    snprintf(path, 256, "%s/%s.gguf", folder, shape);
    return path;
}

static inline int fixture_make(void **state)
{
    (void)state;
    if (folder_in("/tmp")) // more than a small /dev/shm holds
        return -1;
    setenv("XDG_CACHE_HOME", folder, 1);
    for (int i = 0; i < FIXTURE_SHAPES; i++) {
        char path[256];
        eb_err err = { 0 };
        if (!eb_make_shape(eb_shape_find(fixture_shapes[i]), eb_recipe_find("f32"), 1,
                           fixture_path(fixture_shapes[i], path), 1, NULL, NULL, &err)) {
            eb_err_print(&err, stderr);
            return -1;
        }
    }
    return 0;
}

static inline eb_engine *fixture_open(const char *shape, eb_engine_config config)
{
    char path[256];
    eb_err err = { 0 };
    config.threads = config.threads ? config.threads : 1;
    config.max_batch = config.max_batch ? config.max_batch : 1;
    config.max_ctx_tok = config.max_ctx_tok ? config.max_ctx_tok : 128;
    eb_engine *engine = eb_engine_native.open(fixture_path(shape, path), &config, &err);
    if (!engine)
        fail_msg("%s: %s", shape, err.message);
    assert_ptr_equal(engine->ops, &eb_engine_native);
    return engine;
}

static inline void fixture_close(eb_engine *engine)
{
    engine->ops->close(engine);
}

static inline void fixture_tokens(uint64_t seed, int32_t *tokens, int n)
{
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int i = 0; i < n; i++)
        tokens[i] = (int32_t)eb_rng_below(&rng, 512);
}

static inline void fixture_submit(eb_engine *engine, uint32_t id, const int32_t *prompt, int prompt_tok, int output_tok)
{
    eb_err err = { 0 };
    eb_request r = { .id = id, .prompt = prompt, .prompt_tok = prompt_tok, .output_tok = output_tok };
    if (!engine->ops->submit(engine, &r, &err))
        fail_msg("%s", err.message);
}

static inline int fixture_step(eb_engine *engine, eb_token_event events[MAX_EVENTS])
{
    eb_err err = { 0 };
    int n = engine->ops->step(engine, 0, events, MAX_EVENTS, &err);
    if (n < 0)
        fail_msg("%s", err.message);
    return n;
}

// Steps until nothing is left to do; the tokens of each request go to out[request][index].
static inline void fixture_drain(eb_engine *engine, int32_t out[][MAX_TOK])
{
    eb_token_event events[MAX_EVENTS];
    while (engine->ops->busy(engine)) {
        int n = fixture_step(engine, events);
        for (int i = 0; i < n; i++)
            out[events[i].request][events[i].index] = events[i].token;
    }
}

// What one request alone gives on a fresh engine of this shape.
static inline void fixture_alone(const char *shape, const int32_t *prompt, int prompt_tok, int output_tok, int32_t *out)
{
    int32_t got[1][MAX_TOK];
    eb_engine *engine = fixture_open(shape, (eb_engine_config){ 0 });
    fixture_submit(engine, 0, prompt, prompt_tok, output_tok);
    fixture_drain(engine, got);
    fixture_close(engine);
    memcpy(out, got[0], (size_t)output_tok * sizeof *out);
}

#endif
