// SPDX-License-Identifier: Apache-2.0
// Continuous batching in the reference engine: whoever joins or leaves between two steps, a request's tokens are those
// that it gets alone. On every kind of model and on types whose weights are unpacked in different ways.
#include "tests/unit/engine_fixture.h"
#include "workloads/workload_impl.h"

enum { REQUESTS = 12, PROMPT = 11, OUTPUT = 9, SLOTS = 5 };

static const char *const shapes[] = { "tiny-llama", "tiny-qwen2moe", "tiny-mamba", "tiny-mamba2" };
static const char *const types[] = { "f32", "f16", "q8_0", "q4_0" };

static char *make(const char *shape, const char *type)
{
    static char path[256];
    eb_err err = { 0 };
    snprintf(path, sizeof path, "%s/%s-%s.gguf", folder, shape, type);
    if (!eb_make_shape(eb_shape_find(shape), eb_recipe_find(type), 1, path, 1, NULL, NULL, &err))
        fail_msg("%s %s: %s", shape, type, err.message);
    return path;
}

// The request's prompt length and output differ, so that some leave while others are in the middle.
static void request_of(int i, int32_t prompt[PROMPT], eb_request *r)
{
    fixture_tokens((uint64_t)i + 40, prompt, PROMPT);
    *r = (eb_request){ .prompt = prompt, .prompt_tok = PROMPT - i % 4, .output_tok = OUTPUT - i % 5 };
}

static void alone(eb_engine *engine, int i, int32_t out[MAX_TOK])
{
    int32_t prompt[PROMPT], got[1][MAX_TOK];
    eb_request r;
    eb_err err = { 0 };
    request_of(i, prompt, &r);
    engine->ops->reset(engine);
    assert_true(engine->ops->submit(engine, &r, &err));
    fixture_drain(engine, got);
    memcpy(out, got[0], sizeof got[0]);
}

// They come in at random between steps; each goes to whichever slot is free.
static void together(eb_engine *engine, uint64_t seed, int32_t out[REQUESTS][MAX_TOK])
{
    int32_t prompt[REQUESTS][PROMPT];
    int owner[SLOTS], next = 0, made[REQUESTS] = { 0 }, want[REQUESTS];
    eb_token_event events[MAX_EVENTS];
    eb_err err = { 0 };
    eb_rng rng;
    eb_rng_init(&rng, seed);
    for (int s = 0; s < SLOTS; s++)
        owner[s] = -1;
    engine->ops->reset(engine);
    while (next < REQUESTS || engine->ops->busy(engine)) {
        for (int s = 0; s < SLOTS; s++) {
            if (next == REQUESTS || owner[s] >= 0 || eb_rng_below(&rng, 3) == 0)
                continue;
            eb_request r;
            request_of(next, prompt[next], &r);
            r.id = (uint32_t)s;
            want[next] = r.output_tok;
            assert_true(engine->ops->submit(engine, &r, &err));
            owner[s] = next++;
        }
        int n = fixture_step(engine, events);
        for (int i = 0; i < n; i++) {
            int who = owner[events[i].request];
            assert_int_equal(events[i].index, made[who]);
            out[who][made[who]++] = events[i].token;
            if (made[who] == want[who])
                owner[events[i].request] = -1;
        }
    }
}

static void tokens_do_not_depend_on_the_company(void **state)
{
    (void)state;
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++)
        for (size_t t = 0; t < sizeof types / sizeof *types; t++) {
            static int32_t want[REQUESTS][MAX_TOK], got[REQUESTS][MAX_TOK];
            const eb_engine_config config = {
                .threads = 2, .max_batch = SLOTS, .max_ctx_tok = PROMPT + OUTPUT, .chunk_tok = 16
            };
            eb_err err = { 0 };
            if (emulated() && s != t)
                continue;
            eb_engine *engine = eb_engine_native.open(make(shapes[s], types[t]), &config, &err);
            assert_non_null(engine);
            memset(want, 0, sizeof want);
            for (int i = 0; i < REQUESTS; i++)
                alone(engine, i, want[i]);
            for (uint64_t seed = 1; seed <= (emulated() ? 1 : 3); seed++) {
                memset(got, 0, sizeof got);
                together(engine, seed, got);
                for (int i = 0; i < REQUESTS; i++)
                    for (int k = 0; k < OUTPUT - i % 5; k++)
                        if (got[i][k] != want[i][k])
                            fail_msg("%s %s: token %d of request %d is %d, alone it is %d", shapes[s], types[t], k, i,
                                     got[i][k], want[i][k]);
            }
            fixture_close(engine);
        }
}

// What the modes of a load have in common is the work: its digest is the same in all of them.
static void the_digest_is_the_same_in_every_mode(void **state)
{
    (void)state;
    static eb_token_event tokens[1024];
    static eb_request_row rows[64];
    char digest[17], first[17] = "";
    for (int mode = EB_LOAD_SINGLE; mode <= EB_LOAD_CLOSED; mode++) {
        const int batch = mode == EB_LOAD_SINGLE ? 1 : 4;
        eb_engine *engine = fixture_open(
            "tiny-llama", (eb_engine_config){ .threads = 2, .max_batch = batch, .max_ctx_tok = PROMPT + OUTPUT });
        const eb_workload_params p = {
            .prompt_tok = PROMPT,
            .output_tok = OUTPUT,
            .batch = batch,
            .seed = 5,
            .sampling = { .top_p = 1 },
            .load = { .mode = (eb_load_mode)mode, .requests = 20, .users = 3, .rate_per_s = 2000 },
        };
        eb_trial_sink sink = { .tokens = tokens, .cap_tokens = 1024, .requests = rows, .cap_requests = 64, .round = 1 };
        eb_err err = { 0 };
        assert_true(eb_workload_load.prepare(&p, engine, &err));
        if (!eb_workload_load.run_trial(&p, engine, &sink, &err))
            fail_msg("%s", err.message);
        eb_workload_load.verify(&sink, digest);
        if (!first[0])
            memcpy(first, digest, sizeof first);
        assert_string_equal(digest, first);
        fixture_close(engine);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_do_not_depend_on_the_company),
        cmocka_unit_test(the_digest_is_the_same_in_every_mode),
    };
    return cmocka_run_group_tests_name("load_engine", tests, fixture_make, folder_remove);
}
