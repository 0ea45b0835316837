// SPDX-License-Identifier: Apache-2.0
// What of a model's file is resident once its weights are packed: nothing, nor does it come back as tokens are looked
// up. Where nothing is packed, no more of it comes with a prompt.
#include "tests/unit/engine_fixture.h"

#include <sys/mman.h>
#include <unistd.h>

#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/native/repack.h"

enum { VOCAB = 16384, PROMPT = 1024 };

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

static void check(const char *shape, const char *type)
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
    const bool packs = strcmp(type, "f16") != 0;
    if ((packs && opened > 0) || looked_up > opened)
        fail_msg("%s %s: %zu bytes of the file are resident, %zu after a prompt", shape, type, opened, looked_up);
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
        check("tiny-qwen2", types[i]);
        check("tiny-olmoe", types[i]); // an embedding beside the head
        check("tiny-mamba", types[i]);
    }
}

// A first pass packs as it goes, all later ones have packed weights: the same tokens, drawn by what the logits are.
static void test_a_first_pass_is_like_the_others(void **state)
{
    static const char *const types[] = { "q8_0", "q4_0", "q4_k_m" };
    enum { TOKENS = 40, OUTPUT = 24 };
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride())
        for (size_t t = 0; t < sizeof types / sizeof *types * 2; t++) {
            const int tokens = t % 2 ? 1 : TOKENS;
            char path[256];
            eb_err err = { 0 };
            snprintf(path, sizeof path, "%s/first.gguf", folder);
            if (!eb_make_shape(eb_shape_find(fixture_shapes[s]), eb_recipe_find(types[t / 2]), 1, path, 1, NULL, NULL,
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
                                       .prompt_tok = tokens,
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

// Whether a call says that pages cannot be read, so that nobody has to touch them.
static bool tells_what_cannot_be_read(void)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *p = mmap(NULL, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    const bool has = madvise(p, page, 22) == 0; // MADV_POPULATE_READ, Linux 5.14
    munmap(p, page);
    return has && !emulated();
}

// A file that is cut short after it was opened is an error of whatever would pack it, not a signal, each time again.
static void test_a_file_cut_short_is_an_error(void **state)
{
    enum { LEFT = 256 * 1024, TOKENS = 4 };
    (void)state;
    if (!packing() || !tells_what_cannot_be_read()) {
        fprintf(stderr, "skip %s: packs nothing here, or this system has no MADV_POPULATE_READ\n", __func__);
        skip();
    }
    char path[256];
    eb_err err = { 0 };
    snprintf(path, sizeof path, "%s/cut.gguf", folder);
    if (!eb_make_shape(eb_shape_find("tiny-llama"), eb_recipe_find("q8_0"), 1, path, 1, NULL, NULL, &err))
        fail_msg("%s", err.message);
    const eb_engine_config config = { .threads = 2, .max_batch = 1, .max_ctx_tok = 2 * TOKENS };
    eb_engine *engine = eb_engine_native.open(path, &config, &err);
    assert_non_null(engine);
    assert_int_equal(truncate(path, LEFT), 0);
    int32_t prompt[TOKENS];
    eb_token_event events[MAX_EVENTS];
    fixture_tokens(5, prompt, TOKENS);
    engine->ops->reset(engine);
    fixture_submit(engine, 0, prompt, TOKENS, 1);
    for (int i = 0; i < 2; i++) {
        eb_err_clear(&err);
        assert_int_equal(engine->ops->step(engine, 0, events, MAX_EVENTS, &err), -1);
        assert_non_null(strstr(err.message, "cannot be read to its end"));
        assert_true(err.hint[0]);
    }
    eb_err_clear(&err);
    assert_false(engine->ops->fill_context(engine, 0, prompt, TOKENS, &err));
    assert_non_null(strstr(err.message, "cannot be read to its end"));
    fixture_close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_nothing_is_in_memory_twice),
                                        cmocka_unit_test(test_a_first_pass_is_like_the_others),
                                        cmocka_unit_test(test_a_file_cut_short_is_an_error) };
    return cmocka_run_group_tests_name("repack", tests, fixture_make, folder_remove);
}
