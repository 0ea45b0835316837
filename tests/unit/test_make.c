// SPDX-License-Identifier: Apache-2.0
// Made files: the same bytes from the same seed on any number of threads, values as promised, recipes,
// requantized copies, and the cache with everything that can happen to it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "harness/base/file.h"
#include "tests/unit/folder.h"
#include "workloads/engine/native/make_impl.h"

static int setup(void **state)
{
    return folder_make(state) || setenv("XDG_CACHE_HOME", folder, 1);
}

static const char *in_folder(const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", folder, name);
    return path;
}

static void make(const char *shape, const char *type, uint64_t seed, int threads, const char *path)
{
    eb_err err = { 0 };
    if (!eb_make_shape(eb_shape_find(shape), eb_recipe_find(type), seed, path, threads, NULL, NULL, &err))
        fail_msg("%s", err.message);
}

static char *contents(const char *path, size_t *n)
{
    eb_err err = { 0 };
    char *data = eb_file_read(path, (size_t)1 << 28, n, &err);
    assert_non_null(data);
    return data;
}

static bool same(const char *a, const char *b)
{
    size_t n, k;
    char *x = contents(a, &n), *y = contents(b, &k);
    bool equal = n == k && !memcmp(x, y, n);
    free(x);
    free(y);
    return equal;
}

static void test_same_seed_same_file(void **state)
{
    (void)state;
    char a[256], b[256];
    make("tiny-qwen3moe", "q4_k_m", 7, 1, in_folder("a", a));
    make("tiny-qwen3moe", "q4_k_m", 7, 5, in_folder("b", b));
    assert_true(same(a, b));
    make("tiny-qwen3moe", "q4_k_m", 8, 2, b);
    assert_false(same(a, b));
}

// The first numbers of a made file, as they are today: another machine must make them too, and a change
// of the generator must change EB_MAKE_VERSION with them.
static void test_values_are_pinned(void **state)
{
    (void)state;
    eb_made_list list = { 0 };
    float row[256];
    eb_made_tensors(eb_shape_find("tiny-llama"), eb_recipe_find("f32"), &list);
    assert_string_equal(list.items[0].name, "token_embd.weight");
    eb_made_row(eb_shape_find("tiny-llama"), &list.items[0], 1, 0, row);
    assert_int_equal(EB_MAKE_VERSION, 1);
    const float want[] = { 0.131299257f, 0.0495229848f, -0.0554942861f, -0.00310705905f };
    for (int i = 0; i < 4; i++)
        if (row[i] != want[i])
            fail_msg("value %d is %.9g, was %.9g", i, (double)row[i], (double)want[i]);
    free(list.items);
}

static void test_weights_have_their_spread(void **state)
{
    (void)state;
    char a[256];
    eb_err err = { 0 };
    make("tiny-llama", "f32", 3, 2, in_folder("a", a));
    eb_model *m = eb_model_open(a, &err);
    const float *w = (const float *)m->layer[1].down.data;
    const int64_t n = 512 * 256;
    double sum = 0, square = 0, fourth = 0, neighbours = 0;
    for (int64_t i = 0; i < n; i++) {
        double v = (double)w[i];
        sum += v;
        square += v * v;
        fourth += v * v * v * v;
        neighbours += i ? v * (double)w[i - 1] : 0;
    }
    double variance = square / (double)n;
    assert_true(fabs(sum / (double)n) < 4 * sqrt(variance / (double)n));
    assert_true(fabs(variance * 512 - 1) < 0.02);                              // 1/sqrt(row)
    assert_true(fabs(fourth / (double)n / (variance * variance) - 2.7) < 0.1); // a sum of four: 3 - 1.2/4
    assert_true(fabs(neighbours / square) < 4 / sqrt((double)n));
    assert_true(memcmp(w, w + 512, 512 * sizeof *w) != 0);               // rows differ
    assert_true(memcmp(w, m->layer[0].down.data, 512 * sizeof *w) != 0); // layers differ
    eb_model_close(m);
}

static void test_state_space_parameters(void **state)
{
    (void)state;
    char a[256];
    eb_err err = { 0 };
    make("tiny-mamba", "q8_0", 3, 2, in_folder("a", a));
    eb_model *m = eb_model_open(a, &err);
    for (int c = 0; c < m->hp.d_inner; c++) {
        for (int s = 0; s < m->hp.d_state; s++)
            assert_true(m->layer[0].ssm_a[c * m->hp.d_state + s] == -(float)(s + 1));
        double dt = log1p(exp((double)m->layer[0].dt_b[c]));
        assert_true(dt > 0.00099 && dt < 0.101);
        assert_true(m->layer[0].ssm_d[c] == 1);
    }
    eb_model_close(m);
    make("tiny-mamba2", "q8_0", 3, 2, a);
    m = eb_model_open(a, &err);
    for (int h = 0; h < m->hp.dt_rank; h++)
        assert_true(m->layer[1].ssm_a[h] <= -1 && m->layer[1].ssm_a[h] >= -16);
    eb_model_close(m);
}

static void test_rotary_divisors(void **state)
{
    (void)state;
    const eb_shape *s = eb_shape_find("llama-3.2-1b");
    eb_made_list list = { 0 };
    float d[32];
    size_t i = 0;
    eb_made_tensors(s, eb_recipe_find("f16"), &list);
    while (strcmp(list.items[i].name, "rope_freqs.weight"))
        i++;
    assert_int_equal(list.items[i].ne[0], 32);
    eb_made_row(s, &list.items[i], 1, 0, d);
    assert_true(d[0] == 1 && d[14] == 1);    // wavelength below 8192/4
    assert_true(d[15] > 1 && d[17] < 32);    // blended
    assert_true(d[18] == 32 && d[31] == 32); // wavelength above 8192
    for (int k = 1; k < 32; k++)
        assert_true(d[k] >= d[k - 1]);
    free(list.items);
}

static void test_size_is_known_before(void **state)
{
    (void)state;
    const char *const pairs[][2] = { { "tiny-llama", "q4_k_m" }, { "tiny-mamba", "q6_k" }, { "tiny-qwen2moe", "f16" } };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        char a[256];
        struct stat st;
        make(pairs[i][0], pairs[i][1], 1, 1, in_folder("a", a));
        assert_int_equal(stat(a, &st), 0);
        assert_int_equal(st.st_size, eb_shape_bytes(eb_shape_find(pairs[i][0]), eb_recipe_find(pairs[i][1])));
    }
}

static eb_wtype type_in(const char *recipe, const char *shape, const char *tensor, int64_t row)
{
    const eb_shape *s = eb_shape_find(shape);
    return eb_recipe_type(eb_recipe_find(recipe), &s->hp, s->tied, tensor, row, 2);
}

static void test_recipes(void **state)
{
    (void)state;
    for (const char *const *name = eb_recipe_names(); *name; name++)
        assert_string_equal(eb_recipe_name(eb_recipe_find(*name)), *name);
    assert_ptr_equal(eb_recipe_find("Q4_K_M"), eb_recipe_find("q4_k_m"));
    assert_null(eb_recipe_find("q4_k_x"));
    // What is added, multiplied or compared stays exact.
    const char *const exact[] = { "blk.0.attn_norm.weight",
                                  "blk.0.attn_q_norm.weight",
                                  "blk.0.ffn_gate_inp.weight",
                                  "blk.0.ssm_conv1d.weight",
                                  "blk.0.ssm_a",
                                  "blk.0.ssm_d",
                                  "blk.0.attn_q.bias" };
    for (size_t i = 0; i < sizeof exact / sizeof *exact; i++)
        assert_int_equal(type_in("q4_0", "tiny-llama", exact[i], 256), EB_W_F32);
    assert_int_equal(type_in("q4_0", "tiny-llama", "blk.0.ffn_gate.weight", 256), EB_W_Q4_0);
    assert_int_equal(eb_recipe_type(eb_recipe_find("q4_0"), &eb_shapes[0].hp, true, "rope_freqs.weight", 32, 1),
                     EB_W_F32);
    // Rows that are no whole blocks.
    const eb_wtype fallen[][2] = { { EB_W_Q2_K, EB_W_Q4_0 },
                                   { EB_W_Q3_K, EB_W_Q4_0 },
                                   { EB_W_Q4_K, EB_W_Q5_0 },
                                   { EB_W_Q5_K, EB_W_Q5_1 },
                                   { EB_W_Q6_K, EB_W_Q8_0 } };
    for (size_t i = 0; i < sizeof fallen / sizeof *fallen; i++) {
        assert_int_equal(type_in(eb_wtypes[fallen[i][0]].name, "smollm2-135m", "blk.0.ffn_up.weight", 576),
                         fallen[i][1]);
        assert_int_equal(type_in(eb_wtypes[fallen[i][0]].name, "smollm2-135m", "blk.0.ffn_up.weight", 48), EB_W_F16);
    }
    assert_int_equal(type_in("q8_0", "mamba-130m", "blk.0.ssm_dt.weight", 48), EB_W_F16);
}

// 16 layers: the first 2, the last 2, and each third between take more bits.
static void test_q4_k_m_mix(void **state)
{
    (void)state;
    const char *of = "llama-3.2-1b";
    for (int layer = 0; layer < 16; layer++) {
        char v[64], down[64], q[64];
        bool favoured = layer < 2 || layer >= 14 || layer % 3 == 1;
        snprintf(v, sizeof v, "blk.%d.attn_v.weight", layer);
        snprintf(down, sizeof down, "blk.%d.ffn_down.weight", layer);
        snprintf(q, sizeof q, "blk.%d.attn_q.weight", layer);
        assert_int_equal(type_in("q4_k_m", of, v, 2048), favoured ? EB_W_Q6_K : EB_W_Q4_K);
        assert_int_equal(type_in("q4_k_m", of, down, 8192), favoured ? EB_W_Q6_K : EB_W_Q4_K);
        assert_int_equal(type_in("q5_k_m", of, down, 8192), favoured ? EB_W_Q6_K : EB_W_Q5_K);
        assert_int_equal(type_in("q4_k_m", of, q, 2048), EB_W_Q4_K);
    }
    assert_int_equal(type_in("q4_k_m", of, "token_embd.weight", 2048), EB_W_Q6_K); // tied
    assert_int_equal(type_in("q4_k_m", "llama-3.1-8b", "token_embd.weight", 4096), EB_W_Q4_K);
    assert_int_equal(type_in("q4_k_m", "llama-3.1-8b", "output.weight", 4096), EB_W_Q6_K);
    assert_int_equal(type_in("q4_k_m", "mixtral-8x7b", "blk.9.attn_v.weight", 4096), EB_W_Q8_0);
    assert_int_equal(type_in("q4_k_m", "smollm2-135m", "token_embd.weight", 576), EB_W_Q8_0);
}

static void test_a_copy_is_what_would_have_been_made(void **state)
{
    (void)state;
    char f32[256], copy[256], made[256];
    eb_err err = { 0 };
    make("tiny-qwen2", "f32", 4, 2, in_folder("f32", f32));
    make("tiny-qwen2", "q4_k_m", 4, 2, in_folder("made", made));
    assert_true(eb_requantize(f32, in_folder("copy", copy), eb_recipe_find("q4_k_m"), 2, NULL, NULL, &err));
    eb_model *a = eb_model_open(made, &err), *b = eb_model_open(copy, &err);
    assert_non_null(b);
    assert_string_equal(b->type, "q4_k_m");
    assert_string_equal(b->name, "tiny-qwen2");
    assert_int_equal(a->file->n_kv, b->file->n_kv);
    for (size_t i = 0; i < a->file->n_tensors; i++) {
        const eb_gguf_tensor *x = &a->file->tensors[i], *y = eb_gguf_tensor_find(b->file, x->name);
        assert_int_equal(x->type, y->type);
        assert_memory_equal(x->data, y->data, x->bytes);
    }
    eb_model_close(a);
    eb_model_close(b);
    // Twice quantized, in place, from nothing: all refused, and nothing is left.
    assert_false(eb_requantize(made, in_folder("no", f32), eb_recipe_find("q8_0"), 1, NULL, NULL, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "already"));
    assert_false(eb_requantize(in_folder("f32", f32), f32, eb_recipe_find("q8_0"), 1, NULL, NULL, &err));
    assert_non_null(strstr(err.message, "replace the file"));
    assert_false(eb_file_exists(in_folder("no", copy)));
}

static void test_a_weight_that_is_no_number(void **state)
{
    (void)state;
    char a[256], b[256];
    eb_err err = { 0 };
    make("tiny-llama", "f32", 4, 1, in_folder("nan", a));
    eb_model *m = eb_model_open(a, &err);
    off_t at = (off_t)(m->layer[0].wq.data - m->file->map) + 256 * 4 * 5;
    eb_model_close(m);
    const float nan = NAN;
    int fd = open(a, O_WRONLY);
    assert_int_equal(pwrite(fd, &nan, 4, at), 4);
    close(fd);
    assert_false(eb_requantize(a, in_folder("from-nan", b), eb_recipe_find("q4_0"), 2, NULL, NULL, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "tensor 'blk.0.attn_q.weight', row 5"));
    assert_false(eb_file_exists(b));
}

static bool prepare(const char *source, const char *type, char path[256], eb_err *err)
{
    memset(err, 0, sizeof *err);
    return eb_model_prepare(source, type, 1, path, 256, NULL, NULL, err);
}

static void flip_a_byte(const char *path, off_t at)
{
    char c;
    int fd = open(path, O_RDWR);
    assert_int_equal(pread(fd, &c, 1, at), 1);
    c ^= 1;
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}

static void test_cache_makes_once(void **state)
{
    (void)state;
    char path[256], again[256];
    struct stat first, second;
    eb_err err;
    assert_false(eb_model_cached("shape:tiny-qwen2", "q8_0", 1, path, sizeof path));
    assert_true(prepare("shape:tiny-qwen2", "q8_0", path, &err));
    assert_int_equal(stat(path, &first), 0);
    assert_int_equal(strncmp(path, folder, strlen(folder)), 0);
    assert_true(prepare("shape:tiny-qwen2", "q8_0", again, &err));
    assert_string_equal(path, again);
    assert_int_equal(stat(path, &second), 0);
    assert_int_equal(first.st_ino, second.st_ino);
    assert_true(eb_model_cached("shape:tiny-qwen2", "q8_0", 1, again, sizeof again));
    assert_string_equal(path, again);
    assert_false(eb_model_cached("shape:tiny-qwen2", "q8_0", 2, again, sizeof again));
    assert_true(prepare("shape:tiny-qwen2", "", path, &err)); // f16
    assert_true(eb_model_cached("shape:tiny-qwen2", "f16", 1, again, sizeof again));
    assert_string_equal(path, again);
}

static void test_cache_notices_damage(void **state)
{
    (void)state;
    char path[256], record[300];
    eb_err err;
    assert_true(prepare("shape:tiny-llama", "q4_0", path, &err));
    flip_a_byte(path, 100000);
    assert_false(prepare("shape:tiny-llama", "q4_0", path, &err));
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, path));
    assert_non_null(strstr(err.hint, "remove it"));
    flip_a_byte(path, 100000);
    assert_true(prepare("shape:tiny-llama", "q4_0", path, &err));
    assert_int_equal(truncate(path, 100000), 0);
    assert_false(prepare("shape:tiny-llama", "q4_0", path, &err));
    assert_non_null(strstr(err.message, "size"));
    unlink(path);
    assert_true(prepare("shape:tiny-llama", "q4_0", path, &err)); // as the hint says
    snprintf(record, sizeof record, "%s.xxh", path);
    assert_true(eb_file_write_atomic(record, "nonsense", 8, &err));
    assert_false(prepare("shape:tiny-llama", "q4_0", path, &err));
    unlink(record); // killed between the file and its digest: made again
    assert_true(prepare("shape:tiny-llama", "q4_0", path, &err));
    assert_true(eb_file_exists(record));
}

static void test_cache_sweeps_what_a_kill_left(void **state)
{
    (void)state;
    char path[256], left[300];
    eb_err err;
    assert_false(eb_model_cached("shape:tiny-mamba", "q8_0", 1, path, sizeof path));
    snprintf(left, sizeof left, "%s.tmp.12345", path);
    assert_true(eb_file_write_atomic(left, "half", 4, &err));
    assert_true(prepare("shape:tiny-mamba", "q8_0", path, &err));
    assert_false(eb_file_exists(left));
}

// Both ask at once; one makes, the other waits and uses it.
static void test_cache_with_two_makers(void **state)
{
    (void)state;
    char path[256];
    eb_err err;
    struct stat st;
    pid_t child[3];
    for (int i = 0; i < 3; i++) {
        child[i] = fork();
        if (child[i] == 0)
            _exit(prepare("shape:tiny-olmoe", "q5_k", path, &err) && stat(path, &st) == 0 ? 0 : 1);
    }
    for (int i = 0; i < 3; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    assert_true(prepare("shape:tiny-olmoe", "q5_k", path, &err));
}

static void test_cache_of_copies(void **state)
{
    (void)state;
    char file[256], source[300], path[256], again[256];
    eb_err err;
    make("tiny-qwen3", "f16", 2, 1, in_folder("mine.gguf", file));
    snprintf(source, sizeof source, "file:%s", file);
    assert_true(prepare(source, "", path, &err));
    assert_string_equal(path, file);
    assert_true(prepare(source, "f16", path, &err)); // it is f16
    assert_string_equal(path, file);
    assert_true(prepare(source, "q6_k", path, &err));
    assert_string_not_equal(path, file);
    eb_model *m = eb_model_open(path, &err);
    assert_string_equal(m->type, "q6_k");
    eb_model_close(m);
    make("tiny-qwen3", "f16", 3, 1, file); // another file under the same name
    assert_true(prepare(source, "q6_k", again, &err));
    assert_string_not_equal(path, again);
}

static void test_cache_refuses(void **state)
{
    (void)state;
    char path[256], file[300];
    eb_err err;
    const char *const bad[][2] = { { "shape:none", "" },
                                   { "shape:tiny-llama", "q9" },
                                   { "tiny-llama", "" },
                                   { "file:/nonexistent/x.gguf", "" },
                                   { "file:/nonexistent/x.gguf", "q8_0" } };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(prepare(bad[i][0], bad[i][1], path, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_true(err.hint[0]);
        assert_false(eb_model_cached(bad[i][0], "q9", 1, path, sizeof path));
    }
    // The cache's place is taken by a file.
    snprintf(file, sizeof file, "%s/taken", folder);
    close(open(file, O_CREAT | O_WRONLY, 0600));
    setenv("XDG_CACHE_HOME", file, 1);
    assert_false(prepare("shape:tiny-llama", "q8_0", path, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, file));
    setenv("XDG_CACHE_HOME", "relative", 1);
    setenv("HOME", folder, 1);
    assert_true(eb_model_cache_path("x", path, sizeof path, &err)); // what is not absolute does not count
    snprintf(file, sizeof file, "%s/.cache/effbench/x", folder);
    assert_string_equal(path, file);
    setenv("XDG_CACHE_HOME", folder, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_same_file),
        cmocka_unit_test(test_values_are_pinned),
        cmocka_unit_test(test_weights_have_their_spread),
        cmocka_unit_test(test_state_space_parameters),
        cmocka_unit_test(test_rotary_divisors),
        cmocka_unit_test(test_size_is_known_before),
        cmocka_unit_test(test_recipes),
        cmocka_unit_test(test_q4_k_m_mix),
        cmocka_unit_test(test_a_copy_is_what_would_have_been_made),
        cmocka_unit_test(test_a_weight_that_is_no_number),
        cmocka_unit_test(test_cache_makes_once),
        cmocka_unit_test(test_cache_notices_damage),
        cmocka_unit_test(test_cache_sweeps_what_a_kill_left),
        cmocka_unit_test(test_cache_with_two_makers),
        cmocka_unit_test(test_cache_of_copies),
        cmocka_unit_test(test_cache_refuses),
    };
    return cmocka_run_group_tests_name("make", tests, setup, folder_remove);
}
