// SPDX-License-Identifier: Apache-2.0
// A greedy run has one digest, and its logits one set of bits, whatever the number of threads: of one instruction set,
// for every architecture, plain and quantized weights, prompts and decode.
#include "tests/unit/engine_fixture.h"

#include <unistd.h>

#include "harness/base/mem.h"
#include "workloads/engine/kernels/kernels.h"
#include "workloads/workload_impl.h"

enum { PROMPT = 37, OUTPUT = 9, BATCH = 2, LONG_PROMPT = 530, VOCAB = 512, MOST_THREADS = 4 };
#define LOGITS_BYTES (sizeof(float) * PROMPT * VOCAB)

static const char *const types[] = { "f16", "q8_0", "q4_0", "q4_k_m" };
enum { TYPES = sizeof types / sizeof *types };

// How many threads are compared with one: an emulator's threads that wait for each other take minutes where they are
// more than the CPUs.
static int most_threads(void)
{
    return emulated() ? 2 : MOST_THREADS;
}

// What a run of some threads came to.
typedef struct outcome {
    char digest[17];
    float *in_one, *token_by_token; // logits of PROMPT tokens
} outcome;

static eb_engine *open_file(const char *path, int threads, int max_ctx_tok)
{
    const eb_engine_config config = {
        .threads = threads, .max_batch = BATCH, .max_ctx_tok = max_ctx_tok, .kv = EB_KV_F16
    };
    eb_err err = { 0 };
    eb_engine *engine = eb_engine_native.open(path, &config, &err);
    if (!engine)
        fail_msg("%s: %s", path, err.message);
    return engine;
}

static void digest_of(eb_engine *engine, int prompt_tok, char digest[17])
{
    const eb_workload_params params = {
        .prompt_tok = prompt_tok, .output_tok = OUTPUT, .batch = BATCH, .seed = 7, .sampling = { .top_p = 1 }
    };
    eb_token_event tokens[BATCH * OUTPUT];
    eb_request_row requests[BATCH];
    eb_trial_sink sink = {
        .tokens = tokens, .cap_tokens = BATCH * OUTPUT, .requests = requests, .cap_requests = BATCH
    };
    eb_err err = { 0 };
    if (!eb_generate_trial(&params, engine, &sink, &err))
        fail_msg("%s", err.message);
    assert_int_equal(sink.n_tokens, BATCH * OUTPUT);
    eb_generate_verify(&sink, digest);
    assert_int_equal(strlen(digest), 16);
    engine->ops->reset(engine);
}

static outcome run(const char *path, int threads)
{
    outcome o = { .in_one = eb_alloc(LOGITS_BYTES), .token_by_token = eb_alloc(LOGITS_BYTES) };
    int32_t prompt[PROMPT];
    eb_err err = { 0 };
    fixture_tokens(41, prompt, PROMPT);
    eb_engine *engine = open_file(path, threads, PROMPT + OUTPUT);
    digest_of(engine, PROMPT, o.digest);
    assert_true(engine->ops->eval(engine, prompt, PROMPT, 0, o.in_one, &err));
    assert_true(engine->ops->eval(engine, prompt, PROMPT, 1, o.token_by_token, &err));
    fixture_close(engine);
    return o;
}

static void forget(outcome *o)
{
    free(o->in_one);
    free(o->token_by_token);
}

static void make_model(const char *shape, const char *type, char path[512])
{
    eb_err err = { 0 };
    snprintf(path, 512, "%s/%s-%s.gguf", folder, shape, type);
    if (!eb_make_shape(eb_shape_find(shape), eb_recipe_find(type), 1, path, 1, NULL, NULL, &err))
        fail_msg("%s %s: %s", shape, type, err.message);
}

static void check(const char *isa, const char *shape, const char *type)
{
    char path[512];
    make_model(shape, type, path);
    outcome one = run(path, 1);
    for (int threads = 2; threads <= most_threads(); threads++) {
        outcome more = run(path, threads);
        if (strcmp(more.digest, one.digest) != 0 || memcmp(more.in_one, one.in_one, LOGITS_BYTES) != 0 ||
            memcmp(more.token_by_token, one.token_by_token, LOGITS_BYTES) != 0)
            fail_msg("%s, %s %s: %d threads give other bits than one", isa, shape, type, threads);
        forget(&more);
    }
    forget(&one);
    unlink(path);
}

// The instruction set that would be chosen: everything.
static void the_digest_is_the_same_for_every_number_of_threads(void **state)
{
    (void)state;
    const char *isa = eb_engine_native.isa();
    assert_non_null(isa);
    const char *slow = getenv("SLOW"); // what is slow gets one shape of each family
    for (int s = 0; s < FIXTURE_SHAPES; s += slow && *slow ? 4 : fixture_stride())
        for (int t = 0; t < TYPES; t += fixture_stride())
            check(isa, fixture_shapes[s], types[t]);
}

// The others that are usable here: one shape of each family, a plain and a quantized type.
static void so_it_is_under_every_instruction_set(void **state)
{
    (void)state;
    const char *asked = getenv("EFFBENCH_ISA");
    char *before = asked ? eb_strdup(asked) : NULL;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
        if (!(*k)->usable())
            continue;
        setenv("EFFBENCH_ISA", (*k)->name, 1);
        assert_string_equal(eb_engine_native.isa(), (*k)->name);
        for (int s = 0; s < FIXTURE_SHAPES; s += 4) {
            check((*k)->name, fixture_shapes[s], "f16");
            if (!emulated())
                check((*k)->name, fixture_shapes[s], "q4_k_m");
        }
    }
    if (before)
        setenv("EFFBENCH_ISA", before, 1);
    else
        unsetenv("EFFBENCH_ISA");
    free(before);
}

// Attention over several spans, which threads share when one sequence decodes; a scan over several pieces.
static void long_prompts_are_no_exception(void **state)
{
    static const char *const shapes[] = { "tiny-llama", "tiny-mamba" };
    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        char path[512], one[17], more[17];
        make_model(shapes[s], "q4_0", path);
        for (int threads = 1; threads <= most_threads(); threads++) {
            eb_engine *engine = open_file(path, threads, LONG_PROMPT + OUTPUT);
            digest_of(engine, LONG_PROMPT, threads == 1 ? one : more);
            fixture_close(engine);
            if (threads > 1)
                assert_string_equal(more, one);
        }
        unlink(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_digest_is_the_same_for_every_number_of_threads),
        cmocka_unit_test(so_it_is_under_every_instruction_set),
        cmocka_unit_test(long_prompts_are_no_exception),
    };
    return cmocka_run_group_tests_name("threads", tests, folder_make, folder_remove);
}
