// SPDX-License-Identifier: Apache-2.0
// The reference engine on small models of every architecture: what comes out does not depend on batches,
// chunks, threads or history; events say what happened when; bad requests are refused. That the logits
// themselves are right is checked against tests/reference.
#include "tests/unit/engine_fixture.h"

#include <math.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "workloads/engine/kernels/kernels.h"

enum { PROMPT = 21, OUTPUT = 12, VOCAB = 512 };

static int best_of(const float *logits)
{
    int best = 0;
    for (int i = 1; i < VOCAB; i++)
        if (logits[i] > logits[best])
            best = i;
    return best;
}

// ---- one sequence -----------------------------------------------------------------------------------

static void caps_say_what_is_open(void **state)
{
    static const struct {
        const char *shape, *arch, *family;
        int experts;
    } rows[] = {
        { "tiny-llama", "llama", "dense", 0 },     { "tiny-qwen2", "qwen2", "dense", 0 },
        { "tiny-mixtral", "llama", "moe", 4 },     { "tiny-olmoe", "olmoe", "moe", 8 },
        { "tiny-qwen2moe", "qwen2moe", "moe", 4 }, { "tiny-mamba", "mamba", "ssm", 0 },
        { "tiny-mamba2", "mamba2", "ssm", 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        eb_engine_caps caps;
        eb_engine *engine = fixture_open(rows[i].shape, (eb_engine_config){ .threads = 2, .max_batch = 3 });
        engine->ops->caps(engine, &caps);
        assert_string_equal(caps.engine, "native");
        assert_string_equal(caps.arch, rows[i].arch);
        assert_string_equal(caps.family, rows[i].family);
        assert_string_equal(caps.model_name, rows[i].shape);
        assert_string_equal(caps.type, "f32");
        assert_int_equal(caps.vocab, VOCAB);
        assert_int_equal(caps.n_layer, 2);
        assert_int_equal(caps.n_expert, rows[i].experts);
        assert_int_equal(caps.threads, 2);
        assert_int_equal(caps.max_batch, 3);
        assert_int_equal(caps.max_ctx_tok, 128);
        assert_true(caps.has_eval);
        assert_true(caps.bytes_per_tok > 0 && caps.bytes_per_tok < 1.2 * (double)caps.model_bytes);
        assert_true(caps.flop_per_tok > 0);
        assert_int_equal(caps.kv_bytes_per_tok > 0, strcmp(rows[i].family, "ssm") != 0);
        fixture_close(engine);
    }
}

// Generation and eval walk different ways to the same logits: prompt in one batch and one token a time,
// against everything in one batch.
static void greedy_output_is_what_the_logits_say(void **state)
{
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        int32_t tokens[PROMPT + OUTPUT], out[1][MAX_TOK];
        float *logits = malloc(sizeof *logits * (PROMPT + OUTPUT) * VOCAB);
        eb_err err = { 0 };
        fixture_tokens(5, tokens, PROMPT);
        eb_engine *engine = fixture_open(fixture_shapes[s], (eb_engine_config){ .kv = EB_KV_F32 });
        fixture_submit(engine, 0, tokens, PROMPT, OUTPUT);
        fixture_drain(engine, out);
        memcpy(tokens + PROMPT, out[0], OUTPUT * sizeof *tokens);
        assert_true(engine->ops->eval(engine, tokens, PROMPT + OUTPUT, 0, logits, &err));
        for (int i = 0; i < OUTPUT; i++)
            assert_int_equal(out[0][i], best_of(logits + (size_t)(PROMPT - 1 + i) * VOCAB));
        fixture_close(engine);
        free(logits);
    }
}

static void logits_do_not_depend_on_chunks_or_threads(void **state)
{
    static const int chunks[] = { 1, 5, 20, 1000 };
    const size_t bytes = sizeof(float) * PROMPT * VOCAB;
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        float *want = malloc(bytes), *got = malloc(bytes);
        int32_t tokens[PROMPT];
        eb_err err = { 0 };
        fixture_tokens(6, tokens, PROMPT);
        for (int threads = 1; threads <= 3; threads++) {
            eb_engine *engine = fixture_open(fixture_shapes[s], (eb_engine_config){ .threads = threads });
            if (threads == 1)
                assert_true(engine->ops->eval(engine, tokens, PROMPT, 0, want, &err));
            for (int c = 0; c < 4; c++) {
                memset(got, 0x55, bytes);
                assert_true(engine->ops->eval(engine, tokens, PROMPT, chunks[c], got, &err));
                for (size_t i = 0; i < (size_t)PROMPT * VOCAB; i++)
                    assert_true(isfinite(got[i]) && fabsf(got[i] - want[i]) <= 3e-5f * fabsf(want[i]) + 1e-5f);
            }
            fixture_close(engine);
        }
        free(want);
        free(got);
    }
}

// Far enough that attention is worked on in several spans, and in chunks whose rows begin in different ones.
static void a_long_context_is_the_same_in_chunks_and_token_by_token(void **state)
{
    enum { LONG = 600, SHORTER = 300 };
    static const int chunks[] = { 37, 250, 1 };
    const int length = emulated() ? SHORTER : LONG, n_chunks = emulated() ? 1 : 3;
    const size_t n = (size_t)length * VOCAB;
    (void)state;
    for (int kv = emulated(); kv < 2; kv++) {
        float *want = malloc(n * sizeof *want), *got = malloc(n * sizeof *got);
        int32_t tokens[LONG];
        eb_err err = { 0 };
        fixture_tokens(9, tokens, length);
        for (int threads = 1; threads <= 2; threads++) {
            eb_engine *engine = fixture_open(
                "tiny-llama",
                (eb_engine_config){ .threads = threads, .max_ctx_tok = LONG, .kv = kv ? EB_KV_F16 : EB_KV_F32 });
            assert_true(threads > 1 || engine->ops->eval(engine, tokens, length, 0, want, &err));
            for (int c = 0; c < n_chunks; c++) {
                assert_true(engine->ops->eval(engine, tokens, length, chunks[c], got, &err));
                for (size_t i = 0; i < n; i++)
                    assert_true(isfinite(got[i]) && fabsf(got[i] - want[i]) <= 3e-5f * fabsf(want[i]) + 1e-5f);
            }
            fixture_close(engine);
        }
        free(want);
        free(got);
    }
}

static void the_cache_may_be_half_as_large(void **state)
{
    int32_t tokens[PROMPT];
    eb_engine_memory f32, f16;
    eb_err err = { 0 };
    float a[VOCAB * 2], b[VOCAB * 2];
    (void)state;
    fixture_tokens(7, tokens, PROMPT);
    eb_engine *x = fixture_open("tiny-llama", (eb_engine_config){ .kv = EB_KV_F32 });
    eb_engine *y = fixture_open("tiny-llama", (eb_engine_config){ .kv = EB_KV_F16 });
    x->ops->memory(x, &f32);
    y->ops->memory(y, &f16);
    assert_int_equal(f32.kv_bytes, 2 * 128 * 2 * 64 * 2 * 4); // layers, context, heads, their length, k and v, f32
    assert_int_equal(f32.kv_bytes, 2 * f16.kv_bytes);
    assert_true(f32.model_bytes == f16.model_bytes && f32.scratch_bytes > 0);
    assert_true(x->ops->eval(x, tokens, 2, 0, a, &err) && y->ops->eval(y, tokens, 2, 0, b, &err));
    double square = 0, error = 0;
    for (int i = 0; i < 2 * VOCAB; i++) {
        square += (double)a[i] * a[i];
        error += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
    }
    assert_true(error > 0 && error < 1e-6 * square); // rounded, and no more than rounded
    fixture_close(x);
    fixture_close(y);
}

// ---- several sequences ------------------------------------------------------------------------------

// Prompts of unequal length, put in together: each comes out as if it were alone.
static void a_batch_gives_what_each_gives_alone(void **state)
{
    enum { BATCH = 4 };
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        int32_t prompt[BATCH][PROMPT], want[BATCH][MAX_TOK], got[BATCH][MAX_TOK];
        for (int b = 0; b < BATCH; b++) {
            fixture_tokens(100 + (uint64_t)b, prompt[b], PROMPT);
            fixture_alone(fixture_shapes[s], prompt[b], PROMPT - 5 * b, OUTPUT - b, want[b]);
        }
        for (int chunk = 2; chunk <= 200; chunk += 9 * chunk) {
            eb_engine *engine = fixture_open(
                fixture_shapes[s], (eb_engine_config){ .threads = 2, .max_batch = BATCH, .chunk_tok = chunk });
            for (int b = 0; b < BATCH; b++)
                fixture_submit(engine, (uint32_t)b, prompt[b], PROMPT - 5 * b, OUTPUT - b);
            fixture_drain(engine, got);
            for (int b = 0; b < BATCH; b++)
                assert_memory_equal(got[b], want[b], (size_t)(OUTPUT - b) * sizeof(int32_t));
            fixture_close(engine);
        }
    }
}

static void prompts_go_first_and_in_order(void **state)
{
    int32_t prompt[PROMPT];
    eb_token_event e[MAX_EVENTS];
    (void)state;
    fixture_tokens(8, prompt, PROMPT);
    eb_engine *engine = fixture_open("tiny-llama", (eb_engine_config){ .max_batch = 3, .chunk_tok = 8 });
    fixture_submit(engine, 2, prompt, 4, 5);
    assert_int_equal(fixture_step(engine, e), 1);
    assert_true(e[0].request == 2 && e[0].index == 0 && e[0].phase == EB_PHASE_PREFILL);
    assert_int_equal(fixture_step(engine, e), 1);
    assert_true(e[0].request == 2 && e[0].index == 1 && e[0].phase == EB_PHASE_DECODE);
    fixture_submit(engine, 1, prompt, 10, 2);
    fixture_submit(engine, 0, prompt, 5, 2);
    int64_t before = eb_now_ns();
    assert_int_equal(fixture_step(engine, e), 0); // 8 of request 1's 10
    assert_true(engine->ops->busy(engine));
    int64_t between = eb_now_ns();
    assert_int_equal(fixture_step(engine, e), 2); // its last 2, and the 5 of request 0
    assert_true(e[0].request == 1 && e[1].request == 0);
    assert_true(e[0].phase == EB_PHASE_PREFILL && e[1].phase == EB_PHASE_PREFILL);
    assert_true(e[0].t_start_ns >= before && e[0].t_start_ns <= between); // when its first chunk began
    assert_true(e[1].t_start_ns >= between && e[0].t_end_ns == e[1].t_end_ns);
    assert_int_equal(fixture_step(engine, e), 3); // and now all three decode together
    for (int i = 0; i < 3; i++)
        assert_true(e[i].phase == EB_PHASE_DECODE && e[i].request == (uint32_t)i);
    assert_int_equal(fixture_step(engine, e), 1); // 0 and 1 have their two tokens
    assert_true(e[0].request == 2 && e[0].index == 3);
    assert_int_equal(fixture_step(engine, e), 1);
    assert_true(e[0].request == 2 && e[0].index == 4);
    assert_false(engine->ops->busy(engine));
    assert_int_equal(fixture_step(engine, e), 0);
    fixture_close(engine);
}

static void events_follow_each_other(void **state)
{
    int32_t prompt[PROMPT];
    eb_token_event e[MAX_EVENTS];
    int64_t last_end = eb_now_ns();
    uint32_t next = 0;
    (void)state;
    fixture_tokens(9, prompt, PROMPT);
    eb_engine *engine = fixture_open("tiny-qwen3", (eb_engine_config){ 0 });
    fixture_submit(engine, 0, prompt, PROMPT, OUTPUT);
    while (engine->ops->busy(engine)) {
        int n = fixture_step(engine, e);
        for (int i = 0; i < n; i++) {
            assert_int_equal(e[i].index, next++);
            assert_int_equal(e[i].phase, e[i].index == 0 ? EB_PHASE_PREFILL : EB_PHASE_DECODE);
            assert_in_range(e[i].token, 0, VOCAB - 1);
            assert_true(e[i].t_start_ns >= last_end && e[i].t_end_ns > e[i].t_start_ns);
            last_end = e[i].t_end_ns;
        }
    }
    assert_int_equal(next, OUTPUT);
    assert_true(last_end <= eb_now_ns());
    fixture_close(engine);
}

static void a_full_event_buffer_delays_or_refuses(void **state)
{
    int32_t prompt[PROMPT];
    eb_token_event e[2];
    eb_err err = { 0 };
    (void)state;
    fixture_tokens(10, prompt, PROMPT);
    eb_engine *engine = fixture_open("tiny-llama", (eb_engine_config){ .max_batch = 3 });
    for (uint32_t id = 0; id < 3; id++)
        fixture_submit(engine, id, prompt, 4, 2);
    assert_int_equal(engine->ops->step(engine, 0, e, 0, &err), -1);
    assert_int_equal(engine->ops->step(engine, 0, e, 2, &err), 2);
    assert_int_equal(engine->ops->step(engine, 0, e, 2, &err), 1);
    assert_int_equal(engine->ops->step(engine, 0, e, 2, &err), -1); // three decode at once
    assert_int_equal(err.code, EB_FAILED);
    fixture_close(engine);
}

// ---- history ----------------------------------------------------------------------------------------

static void cancelled_requests_leave_no_trace(void **state)
{
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        int32_t a[PROMPT], b[PROMPT], want_a[MAX_TOK], want_b[MAX_TOK], got[2][MAX_TOK];
        eb_token_event e[MAX_EVENTS];
        fixture_tokens(11, a, PROMPT);
        fixture_tokens(12, b, PROMPT);
        fixture_alone(fixture_shapes[s], a, PROMPT, OUTPUT, want_a);
        fixture_alone(fixture_shapes[s], b, PROMPT, OUTPUT, want_b);
        eb_engine *engine = fixture_open(fixture_shapes[s], (eb_engine_config){ .max_batch = 2, .chunk_tok = 30 });
        fixture_submit(engine, 0, a, PROMPT, OUTPUT);
        fixture_submit(engine, 1, a, PROMPT, OUTPUT);
        assert_int_equal(fixture_step(engine, e), 1); // request 1 is half in
        engine->ops->cancel(engine, 1);
        engine->ops->cancel(engine, 1);
        engine->ops->cancel(engine, 77);
        assert_int_equal(fixture_step(engine, e), 1);
        got[0][0] = want_a[0];
        got[0][1] = e[0].token;
        fixture_submit(engine, 1, b, PROMPT, OUTPUT);
        fixture_drain(engine, got);
        assert_memory_equal(got[0], want_a, OUTPUT * sizeof(int32_t));
        assert_memory_equal(got[1], want_b, OUTPUT * sizeof(int32_t));
        fixture_submit(engine, 0, b, PROMPT, OUTPUT); // a live one this time
        assert_int_equal(fixture_step(engine, e), 1);
        assert_int_equal(fixture_step(engine, e), 1);
        engine->ops->cancel(engine, 0);
        assert_false(engine->ops->busy(engine));
        fixture_submit(engine, 0, a, PROMPT, OUTPUT);
        fixture_drain(engine, got);
        assert_memory_equal(got[0], want_a, OUTPUT * sizeof(int32_t));
        fixture_close(engine);
    }
}

static void a_filled_context_is_a_longer_prompt(void **state)
{
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        int32_t prompt[PROMPT], want[MAX_TOK], got[2][MAX_TOK];
        eb_err err = { 0 };
        fixture_tokens(13, prompt, PROMPT);
        fixture_alone(fixture_shapes[s], prompt, PROMPT, OUTPUT, want);
        eb_engine *engine = fixture_open(fixture_shapes[s], (eb_engine_config){ .max_batch = 2, .chunk_tok = 6 });
        for (int round = 0; round < 2; round++) { // the second after a reset that must forget the first
            assert_true(engine->ops->fill_context(engine, 1, prompt, 13, &err));
            assert_true(engine->ops->fill_context(engine, 1, prompt + 13, 2, &err));
            assert_true(engine->ops->fill_context(engine, 1, NULL, 0, &err));
            assert_false(engine->ops->busy(engine));
            fixture_submit(engine, 1, prompt + 15, PROMPT - 15, OUTPUT);
            fixture_drain(engine, got);
            assert_memory_equal(got[1], want, OUTPUT * sizeof(int32_t));
            assert_true(engine->ops->fill_context(engine, 0, prompt + 3, 9, &err));
            engine->ops->reset(engine);
        }
        fixture_submit(engine, 0, prompt, PROMPT, OUTPUT);
        fixture_drain(engine, got);
        assert_memory_equal(got[0], want, OUTPUT * sizeof(int32_t));
        fixture_close(engine);
    }
}

static void reset_and_eval_forget_everything(void **state)
{
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        int32_t prompt[PROMPT], other[PROMPT], want[MAX_TOK], got[1][MAX_TOK];
        float *logits = malloc(sizeof *logits * PROMPT * VOCAB);
        eb_token_event e[MAX_EVENTS];
        eb_err err = { 0 };
        fixture_tokens(14, prompt, PROMPT);
        fixture_tokens(15, other, PROMPT);
        fixture_alone(fixture_shapes[s], prompt, PROMPT, OUTPUT, want);
        eb_engine *engine = fixture_open(fixture_shapes[s], (eb_engine_config){ 0 });
        fixture_submit(engine, 0, other, PROMPT, OUTPUT);
        fixture_step(engine, e);
        assert_false(engine->ops->eval(engine, other, PROMPT, 0, logits, &err)); // not under a running request
        engine->ops->reset(engine);
        assert_false(engine->ops->busy(engine));
        assert_true(engine->ops->eval(engine, other, PROMPT, 4, logits, &err));
        fixture_submit(engine, 0, prompt, PROMPT, OUTPUT);
        fixture_drain(engine, got);
        assert_memory_equal(got[0], want, OUTPUT * sizeof(int32_t));
        fixture_submit(engine, 0, prompt, PROMPT, OUTPUT); // a finished id begins anew
        fixture_drain(engine, got);
        assert_memory_equal(got[0], want, OUTPUT * sizeof(int32_t));
        fixture_close(engine);
        free(logits);
    }
}

static void a_seeded_draw_does_not_depend_on_the_batch(void **state)
{
    int32_t prompt[PROMPT], first[3][MAX_TOK], again[3][MAX_TOK];
    (void)state;
    fixture_tokens(16, prompt, PROMPT);
    eb_engine *engine = fixture_open("tiny-llama", (eb_engine_config){ .max_batch = 3 });
    for (int round = 0; round < 2; round++) {
        int32_t(*to)[MAX_TOK] = round ? again : first;
        for (uint32_t id = 0; id < 3; id++) {
            eb_err err = { 0 };
            if (round && id != 1)
                continue;
            eb_request r = { .id = id,
                             .prompt = prompt,
                             .prompt_tok = PROMPT,
                             .output_tok = 40,
                             .sampling = { .temperature = 1.5, .top_k = 100, .top_p = 0.95, .seed = id } };
            assert_true(engine->ops->submit(engine, &r, &err));
        }
        fixture_drain(engine, to);
        engine->ops->reset(engine);
    }
    assert_memory_equal(first[1], again[1], 40 * sizeof(int32_t));
    assert_memory_not_equal(first[0], first[1], 40 * sizeof(int32_t));
    fixture_close(engine);
}

// ---- errors -----------------------------------------------------------------------------------------

static void refuse(eb_engine *engine, eb_request r, const char *words)
{
    eb_err err = { 0 };
    assert_false(engine->ops->submit(engine, &r, &err));
    assert_int_equal(err.code, EB_USAGE);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
}

static void bad_requests_are_refused(void **state)
{
    int32_t good[4] = { 1, 2, 3, 4 }, over[2] = { 5, VOCAB }, under[2] = { -1, 3 };
    eb_err err = { 0 };
    float logits[4 * VOCAB];
    (void)state;
    eb_engine *engine = fixture_open("tiny-llama", (eb_engine_config){ .max_batch = 2, .max_ctx_tok = 16 });
    refuse(engine, (eb_request){ .id = 2, .prompt = good, .prompt_tok = 4, .output_tok = 1 }, "request 2");
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 0, .output_tok = 1 }, "0 prompt");
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 4, .output_tok = 0 }, "0 output");
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 4, .output_tok = 13 }, "17 tokens");
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 4, .output_tok = INT32_MAX }, "2147483651 tokens");
    refuse(engine, (eb_request){ .prompt = over, .prompt_tok = 2, .output_tok = 1 }, "token 512 at position 1");
    refuse(engine, (eb_request){ .prompt = under, .prompt_tok = 2, .output_tok = 1 }, "token -1 at position 0");
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 4, .output_tok = 1, .sampling.temperature = -1 },
           "temperature");
    assert_false(engine->ops->busy(engine)); // nothing of these was taken
    fixture_submit(engine, 0, good, 4, 12);
    refuse(engine, (eb_request){ .prompt = good, .prompt_tok = 4, .output_tok = 1 }, "still running");
    assert_false(engine->ops->fill_context(engine, 0, good, 4, &err));
    engine->ops->cancel(engine, 0);
    assert_true(engine->ops->fill_context(engine, 1, good, 4, &err));
    refuse(engine, (eb_request){ .id = 1, .prompt = good, .prompt_tok = 4, .output_tok = 9 }, "17 tokens");
    assert_false(engine->ops->fill_context(engine, 1, over, 2, &err));
    assert_false(engine->ops->fill_context(engine, 9, good, 2, &err));
    assert_false(engine->ops->fill_context(engine, 1, good, -2, &err));
    assert_false(engine->ops->eval(engine, over, 2, 0, logits, &err));
    assert_false(engine->ops->eval(engine, good, 0, 0, logits, &err));
    assert_false(engine->ops->eval(engine, good, 17, 0, logits, &err));
    fixture_close(engine);
}

static void fail_open(const char *path, eb_engine_config config, eb_code code, const char *words)
{
    eb_err err = { 0 };
    assert_null(eb_engine_native.open(path, &config, &err));
    assert_int_equal(err.code, code);
    if (!strstr(err.message, words))
        fail_msg("'%s' does not say '%s'", err.message, words);
}

static void what_cannot_be_opened_is_said(void **state)
{
    char path[256];
    const eb_engine_config good = { .threads = 1, .max_batch = 1, .max_ctx_tok = 64 };
    eb_engine_config c = good;
    (void)state;
    fixture_path("tiny-llama", path);
    c.threads = 0;
    fail_open(path, c, EB_USAGE, "threads");
    c = good, c.max_batch = 0;
    fail_open(path, c, EB_USAGE, "batch");
    c = good, c.max_ctx_tok = -5;
    fail_open(path, c, EB_USAGE, "context");
    c = good, c.chunk_tok = -1;
    fail_open(path, c, EB_USAGE, "chunk");
    c = good, c.max_batch = 4096, c.max_ctx_tok = 1 << 24; // 64 TiB of cache
    fail_open(path, c, EB_FAILED, "needs");
    fail_open("/nonexistent/model.gguf", good, EB_USAGE, "model.gguf");
    eb_engine_native.close(NULL);
}

static void isa_by_environment(void **state)
{
    char path[256];
    const eb_engine_config config = { .threads = 1, .max_batch = 1, .max_ctx_tok = 64 };
    eb_engine_caps caps;
    eb_err err = { 0 };
    const char *before = getenv("EFFBENCH_ISA");
    char *kept = before ? strdup(before) : NULL;
    (void)state;
    setenv("EFFBENCH_ISA", "scalar", 1);
    eb_engine *engine = fixture_open("tiny-llama", config);
    engine->ops->caps(engine, &caps);
    assert_string_equal(caps.isa, "scalar");
    fixture_close(engine);
    setenv("EFFBENCH_ISA", "z80", 1);
    assert_null(eb_engine_native.open(fixture_path("tiny-llama", path), &config, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "z80"));
    assert_non_null(strstr(err.hint, "scalar")); // what there is instead
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
        if ((*k)->usable())
            continue;
        setenv("EFFBENCH_ISA", (*k)->name, 1);
        eb_err_clear(&err);
        assert_null(eb_engine_native.open(fixture_path("tiny-llama", path), &config, &err));
        assert_non_null(strstr(err.message, (*k)->name));
        assert_true(!(*k)->missing || strstr(err.message, (*k)->missing()));
    }
    if (kept)
        setenv("EFFBENCH_ISA", kept, 1);
    else
        unsetenv("EFFBENCH_ISA");
    free(kept);
}

// ---- files and tables -------------------------------------------------------------------------------

static void sizes_are_predicted(void **state)
{
    static const char *const types[] = { "f16", "q8_0", "q4_k_m" };
    (void)state;
    for (int i = 0; i < 3; i++) {
        eb_model_spec spec = { .source = "shape:tiny-qwen3moe", .type = types[i], .seed = 3 };
        bool exists = true;
        char path[512];
        struct stat st;
        eb_err err = { 0 };
        uint64_t bytes = eb_engine_native.predict_bytes(&spec, &exists);
        assert_false(exists);
        assert_true(eb_engine_native.prepare(&spec, path, sizeof path, NULL, NULL, &err));
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(bytes, st.st_size);
        assert_int_equal(eb_engine_native.predict_bytes(&spec, &exists), st.st_size);
        assert_true(exists);
    }
    bool exists = true;
    eb_model_spec none = { .source = "shape:no-such", .type = "f16" };
    assert_int_equal(eb_engine_native.predict_bytes(&none, &exists), 0);
    assert_false(exists);
}

static void engines_and_options(void **state)
{
    (void)state;
    assert_ptr_equal(eb_engine_find("native"), &eb_engine_native);
    assert_null(eb_engine_find("nativ"));
    for (const eb_option *o = eb_engine_options; o->key; o++) {
        eb_value value;
        eb_err err = { 0 };
        assert_string_equal(o->section, "run");
        assert_true(o->doc && strlen(o->doc) > 20);
        assert_true(eb_option_parse(o, o->def, &value, &err));
        if (strcmp(o->key, "kv") == 0) {
            assert_int_equal(value.i, EB_KV_F16);
            assert_true(eb_option_parse(o, "f32", &value, &err));
            assert_int_equal(value.i, EB_KV_F32);
        }
    }
}

// A tree that says so stands for a machine with little memory: no reading is measured, and that is no error.
static void ceilings_do_without_memory(void **state)
{
    (void)state;
    eb_err err;
    eb_err_clear(&err);
    eb_ceilings c;
    put("/proc/meminfo", "MemAvailable: 30000 kB\n");
    setenv("EFFBENCH_SYSROOT", folder, 1);
    bool ok = eb_engine_native.ceilings(1, false, 1000000, &c, &err);
    unsetenv("EFFBENCH_SYSROOT");
    assert_true(ok);
    assert_int_equal(err.code, EB_OK);
    assert_true(isnan(c.read_bytes_s) && c.flop_s > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps_say_what_is_open),
        cmocka_unit_test(greedy_output_is_what_the_logits_say),
        cmocka_unit_test(logits_do_not_depend_on_chunks_or_threads),
        cmocka_unit_test(a_long_context_is_the_same_in_chunks_and_token_by_token),
        cmocka_unit_test(the_cache_may_be_half_as_large),
        cmocka_unit_test(a_batch_gives_what_each_gives_alone),
        cmocka_unit_test(prompts_go_first_and_in_order),
        cmocka_unit_test(events_follow_each_other),
        cmocka_unit_test(a_full_event_buffer_delays_or_refuses),
        cmocka_unit_test(cancelled_requests_leave_no_trace),
        cmocka_unit_test(a_filled_context_is_a_longer_prompt),
        cmocka_unit_test(reset_and_eval_forget_everything),
        cmocka_unit_test(a_seeded_draw_does_not_depend_on_the_batch),
        cmocka_unit_test(bad_requests_are_refused),
        cmocka_unit_test(what_cannot_be_opened_is_said),
        cmocka_unit_test(isa_by_environment),
        cmocka_unit_test(sizes_are_predicted),
        cmocka_unit_test(ceilings_do_without_memory),
        cmocka_unit_test(engines_and_options),
    };
    return cmocka_run_group_tests_name("engine", tests, fixture_make, folder_remove);
}
