// SPDX-License-Identifier: Apache-2.0
// The GGUF reader on good files, on every kind of bad one, and on what the writer writes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/unit/emulated.h"
#include "tests/unit/gguf_bytes.h"
#include "workloads/engine/native/gguf.h"

static bytes b; // of the test that runs

static eb_gguf *parse(eb_err *err)
{
    memset(err, 0, sizeof *err);
    return eb_gguf_parse(b.data, b.n, "x.gguf", err);
}

static void refused(const char *why)
{
    eb_err err;
    eb_gguf *g = parse(&err);
    if (g)
        fail_msg("a file was read that should be refused with '%s'", why);
    assert_int_equal(err.code, EB_USAGE);
    assert_string_equal(err.file, "x.gguf");
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
    assert_null(strchr(err.message, '\n'));
    assert_true(err.hint[0]);
}

static void a_good_file(void)
{
    const uint64_t ne[] = { 32, 2 }, one[] = { 3 };
    put_head(&b, 3, 2, 3);
    put_u32(&b, "a", 7);
    put_text(&b, "s");
    put32(&b, 8);
    put_text(&b, "text");
    put_text(&b, "list");
    put32(&b, 9);
    put32(&b, 8);
    put64(&b, 2);
    put_text(&b, "x");
    put_text(&b, "yz");
    put_tensor(&b, "m", 8, 2, ne, 0);
    put_tensor(&b, "v", 0, 1, one, 96);
    align(&b, 32);
    put_zeros(&b, 96 + 12);
}

static void test_reads_keys_and_tensors(void **state)
{
    (void)state;
    for (uint32_t version = 2; version <= 3; version++) {
        eb_err err;
        char text[8];
        uint32_t v = 0;
        a_good_file();
        memcpy(b.data + 4, &version, 4);
        eb_gguf *g = parse(&err);
        assert_non_null(g);
        assert_int_equal(g->version, version);
        assert_int_equal(g->n_kv, 3);
        assert_int_equal(g->n_tensors, 2);
        assert_true(eb_gguf_u32(g, "a", &v, &err));
        assert_int_equal(v, 7);
        assert_true(eb_gguf_str(g, "s", text, sizeof text));
        assert_string_equal(text, "text");
        assert_false(eb_gguf_str(g, "s", text, 4)); // no room
        assert_int_equal(eb_gguf_find(g, "list")->n, 2);
        const eb_gguf_tensor *m = eb_gguf_tensor_find(g, "m");
        assert_int_equal(m->type, EB_W_Q8_0);
        assert_int_equal(m->bytes, 68);
        assert_int_equal(m->ne[1], 2);
        assert_int_equal(m->ne[2], 1);
        assert_ptr_equal(eb_gguf_tensor_find(g, "v")->data, b.data + g->data_start + 96);
        assert_null(eb_gguf_tensor_find(g, "w"));
        eb_gguf_close(g);
    }
}

static void test_every_truncation_is_refused(void **state)
{
    (void)state;
    a_good_file();
    size_t whole = b.n;
    for (b.n = 0; b.n < whole; b.n++) {
        eb_err err;
        uint8_t *copy = malloc(b.n + 1); // so that the sanitizer sees a step too far
        memcpy(copy, b.data, b.n);
        memset(&err, 0, sizeof err);
        assert_null(eb_gguf_parse(copy, b.n, "x.gguf", &err));
        assert_int_equal(err.code, EB_USAGE);
        free(copy);
    }
}

static void test_every_changed_byte_is_survived(void **state)
{
    (void)state;
    a_good_file();
    size_t head = b.n - 108;
    for (size_t i = 0; i < head; i++)
        for (int bit = 0; bit < 8; bit++) {
            eb_err err;
            b.data[i] ^= (uint8_t)(1 << bit);
            eb_gguf *g = parse(&err);
            assert_true(g || err.code == EB_USAGE);
            eb_gguf_close(g);
            b.data[i] ^= (uint8_t)(1 << bit);
        }
}

static void test_heads(void **state)
{
    (void)state;
    b.n = 0;
    refused("empty");
    put(&b, "GGML....", 8);
    refused("not a GGUF file");
    put_head(&b, 1, 0, 0);
    refused("version 1");
    put_head(&b, 4, 0, 0);
    refused("version 4");
    put_head(&b, 3u << 24, 0, 0);
    refused("big-endian");
    put_head(&b, 3, (uint64_t)1 << 60, 0);
    refused("1152921504606846976 tensors");
    put_head(&b, 3, 0, UINT64_MAX);
    refused("keys");
    put_head(&b, 3, 1u << 17, 0); // a table of tensors that even a large file must not have
    b.n = 24;
    refused("tensors");
}

static void test_keys(void **state)
{
    (void)state;
    put_head(&b, 3, 0, 1);
    put64(&b, UINT64_MAX);
    put_zeros(&b, 64);
    refused("characters");
    put_head(&b, 3, 0, 1);
    put64(&b, 0);
    put_zeros(&b, 64);
    refused("a key has 0 characters");
    put_head(&b, 3, 0, 1);
    put64(&b, 3);
    put(&b, "a\0b", 3);
    put_zeros(&b, 64);
    refused("NUL");
    put_head(&b, 3, 0, 2);
    put_u32(&b, "twice", 1);
    put_u32(&b, "twice", 1);
    refused("'twice' is there twice");
    put_head(&b, 3, 0, 1);
    put_text(&b, "k\033[31m");
    put32(&b, 13);
    put_zeros(&b, 64);
    refused("key 'k?[31m' has unknown type 13");
    put_head(&b, 3, 0, 1);
    put_text(&b, "k");
    put32(&b, 7);
    put(&b, "\2", 1);
    refused("bool of value 2");
    put_head(&b, 3, 0, 1);
    put_text(&b, "k");
    put32(&b, 8);
    put64(&b, UINT64_MAX - 3);
    put_zeros(&b, 64);
    refused("truncated");
}

static void put_array(uint32_t item, uint64_t n)
{
    put_head(&b, 3, 0, 1);
    put_text(&b, "list");
    put32(&b, 9);
    put32(&b, item);
    put64(&b, n);
    put_zeros(&b, 64);
}

static void test_arrays(void **state)
{
    (void)state;
    put_array(9, 1);
    refused("array of arrays");
    put_array(99, 1);
    refused("unknown type 99");
    put_array(10, ((uint64_t)1 << 61) + 1); // times 8 bytes wraps to 8
    refused("more than the file can hold");
    put_array(8, (uint64_t)1 << 62);
    refused("more than the file can hold");
    put_array(0, 65);
    refused("more than the file can hold");
}

static void put_one_tensor(const char *name, uint32_t type, uint32_t n_dims, const uint64_t *ne, uint64_t offset)
{
    put_head(&b, 3, 1, 0);
    put_tensor(&b, name, type, n_dims, ne, offset);
    align(&b, 32);
    put_zeros(&b, 1024);
}

static void test_tensors(void **state)
{
    (void)state;
    const uint64_t good[] = { 256, 1 }, zero[] = { 256, 0 }, huge[] = { (uint64_t)1 << 40, (uint64_t)1 << 40 },
                   negative[] = { UINT64_MAX, 1 }, wraps[] = { 65536, 65536, 65536, 65536 }, odd[] = { 33 },
                   big[] = { (uint64_t)1 << 32, (uint64_t)1 << 30 }, eight[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    put_one_tensor("t", 0, 2, good, 0);
    eb_err err;
    eb_gguf *g = parse(&err);
    assert_non_null(g);
    eb_gguf_close(g);
    put_one_tensor("t", 0, 0, good, 0);
    refused("0 dimensions");
    put_one_tensor("t", 0, 5, eight, 0);
    refused("5 dimensions");
    put_one_tensor("t", 0, UINT32_MAX, eight, 0);
    refused("dimensions");
    put_one_tensor("t", 0, 2, zero, 0);
    refused("dimension 1 of 0");
    put_one_tensor("t", 0, 2, huge, 0);
    refused("impossible shape");
    put_one_tensor("t", 0, 2, negative, 0);
    refused("impossible shape");
    put_one_tensor("t", 0, 4, wraps, 0);
    refused("impossible shape");
    put_one_tensor("t", 0, 2, big, 0); // 2^62 weights: no product overflows, their bytes do
    refused("more bytes than the whole file");
    put_one_tensor("t", 8, 1, odd, 0);
    refused("whole blocks of 32");
    put_one_tensor("t", 31, 2, good, 0);
    refused("unknown type 31");
    put_one_tensor("t", 18, 2, good, 0);
    refused("iq3_xxs");
    put_one_tensor("t", UINT32_MAX, 2, good, 0);
    refused("unknown type");
}

static void test_offsets(void **state)
{
    (void)state;
    const uint64_t ne[] = { 256 };
    put_one_tensor("t", 0, 1, ne, 16);
    refused("not a multiple of the alignment");
    put_one_tensor("t", 0, 1, ne, 32);
    refused("beyond the file");
    put_one_tensor("t", 0, 1, ne, UINT64_MAX - 31);
    refused("beyond the file");
    put_head(&b, 3, 2, 0);
    put_tensor(&b, "one", 0, 1, ne, 0);
    put_tensor(&b, "two", 0, 1, ne, 992);
    align(&b, 32);
    put_zeros(&b, 4096);
    refused("overlaps");
    put_head(&b, 3, 2, 0);
    put_tensor(&b, "same", 0, 1, ne, 0);
    put_tensor(&b, "same", 0, 1, ne, 1024);
    align(&b, 32);
    put_zeros(&b, 4096);
    refused("'same' is there twice");
}

static void test_names(void **state)
{
    (void)state;
    const uint64_t ne[] = { 256 };
    char name[200];
    memset(name, 'n', sizeof name);
    name[128] = 0;
    put_one_tensor(name, 0, 1, ne, 0);
    refused("a tensor's name has 128 characters");
    name[127] = 0;
    put_one_tensor(name, 0, 1, ne, 0);
    eb_err err;
    eb_gguf *g = parse(&err);
    assert_non_null(g);
    assert_non_null(eb_gguf_tensor_find(g, name));
    eb_gguf_close(g);
}

static void test_alignment(void **state)
{
    (void)state;
    const uint32_t bad[] = { 0, 1, 4, 24, 33, 1u << 21, UINT32_MAX };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_head(&b, 3, 0, 1);
        put_u32(&b, "general.alignment", bad[i]);
        refused("general.alignment");
    }
    const uint64_t ne[] = { 2 };
    put_head(&b, 3, 1, 1);
    put_u32(&b, "general.alignment", 64);
    put_tensor(&b, "t", 0, 1, ne, 0);
    align(&b, 64);
    size_t start = b.n;
    put_zeros(&b, 8);
    eb_err err;
    eb_gguf *g = parse(&err);
    assert_non_null(g);
    assert_int_equal(g->data_start, start);
    eb_gguf_close(g);
}

static void test_numbers_of_any_width(void **state)
{
    (void)state;
    eb_err err;
    uint32_t v;
    float f;
    put_head(&b, 3, 0, 5);
    put_text(&b, "i8");
    put32(&b, 1);
    put(&b, "\xff", 1);
    put_text(&b, "u64");
    put32(&b, 10);
    put64(&b, 4294967295u);
    put_text(&b, "big");
    put32(&b, 10);
    put64(&b, UINT64_MAX);
    put_text(&b, "f64");
    put32(&b, 12);
    double d = 0.25, inf = 1e300;
    put(&b, &d, 8);
    put_text(&b, "inf");
    put32(&b, 12);
    put(&b, &inf, 8);
    eb_gguf *g = parse(&err);
    assert_non_null(g);
    assert_true(eb_gguf_u32(g, "u64", &v, &err));
    assert_int_equal(v, 4294967295u);
    assert_false(eb_gguf_u32(g, "i8", &v, &err)); // -1
    assert_int_equal(err.code, EB_USAGE);
    eb_err_clear(&err);
    assert_false(eb_gguf_u32(g, "big", &v, &err));
    assert_int_equal(err.code, EB_USAGE);
    eb_err_clear(&err);
    assert_false(eb_gguf_u32(g, "absent", &v, &err));
    assert_int_equal(err.code, EB_OK);
    assert_true(eb_gguf_f32(g, "f64", &f, &err));
    assert_true(f == 0.25f);
    assert_false(eb_gguf_f32(g, "inf", &f, &err));
    assert_false(eb_gguf_f32(g, "u64", &f, &err));
    eb_gguf_close(g);
}

static void open_refused(const char *path, const char *why)
{
    eb_err err = { 0 };
    assert_null(eb_gguf_open(path, &err));
    assert_int_equal(err.code, EB_USAGE);
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
}

static void test_paths(void **state)
{
    (void)state;
    char folder[] = "/tmp/effbench-gguf-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    open_refused(folder, "a directory");
    snprintf(path, sizeof path, "%s/none", folder);
    open_refused(path, "No such file");
    snprintf(path, sizeof path, "%s/fifo", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    open_refused(path, "not a regular file");
    unlink(path);
    snprintf(path, sizeof path, "%s/empty", folder);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    open_refused(path, "empty");
    if (geteuid() != 0) {
        chmod(path, 0);
        open_refused(path, "Permission denied");
    }
    unlink(path);
    rmdir(folder);
}

// 8 TiB that are not there: nothing may walk or map-and-touch them for long, nor allocate by them. An emulator
// gets 64 GiB.
static void test_sparse_file(void **state)
{
    (void)state;
    int bits = emulated() ? 36 : 43;
    char path[] = "/tmp/effbench-sparse-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    put_head(&b, 3, 0, 1);
    put_text(&b, "list");
    put32(&b, 9);
    put32(&b, 8);
    put64(&b, (uint64_t)1 << (bits - 6));
    assert_int_equal(write(fd, b.data, b.n), b.n);
    if (ftruncate(fd, (off_t)1 << bits) == 0) {
        eb_err err = { 0 };
        assert_null(eb_gguf_open(path, &err));
        assert_true(err.code != EB_OK);
    }
    close(fd);
    unlink(path);
}

static void write_sample(eb_gguf_writer *w, const eb_gguf *from)
{
    const int64_t ne[] = { 32, 3 }, three[] = { 3 };
    eb_err err = { 0 };
    uint8_t q8[102];
    const float v[] = { 1, 2, 3 };
    for (size_t i = 0; i < sizeof q8; i++)
        q8[i] = (uint8_t)i;
    eb_gguf_put_str(w, "general.name", "sample");
    eb_gguf_put_u64(w, "u64", (uint64_t)1 << 40);
    eb_gguf_put_bool(w, "yes", true);
    eb_gguf_put_f32(w, "f", 0.5f);
    for (size_t i = 0; i < from->n_kv; i++)
        eb_gguf_put_copy(w, &from->kv[i]);
    eb_gguf_put_tensor(w, "v", EB_W_F32, 1, three);
    eb_gguf_put_tensor(w, "m", EB_W_Q8_0, 2, ne);
    assert_true(eb_gguf_begin_data(w, &err));
    uint8_t joined[12 + 102];
    memcpy(joined, v, 12);
    memcpy(joined + 12, q8, 102);
    assert_true(eb_gguf_write(w, joined, 50, &err)); // pieces need not end where tensors do
    assert_true(eb_gguf_write(w, joined + 50, sizeof joined - 50, &err));
}

static void test_writes_what_it_reads(void **state)
{
    (void)state;
    char path[] = "/tmp/effbench-write-XXXXXX";
    eb_err err = { 0 };
    struct stat st;
    close(mkstemp(path));
    a_good_file();
    eb_gguf *from = parse(&err);
    eb_gguf_writer *w = eb_gguf_writer_new(path, &err);
    assert_non_null(w);
    write_sample(w, from);
    uint64_t bytes_said = eb_gguf_writer_bytes(w);
    assert_true(eb_gguf_finish(w, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_size, bytes_said);
    eb_gguf *g = eb_gguf_open(path, &err);
    assert_non_null(g);
    assert_int_equal(g->version, 3);
    assert_int_equal(g->n_kv, 7);
    const eb_gguf_kv *list = eb_gguf_find(g, "list");
    assert_int_equal(list->n, 2);
    assert_memory_equal(list->value, eb_gguf_find(from, "list")->value, 8 + 1 + 8 + 2);
    const eb_gguf_tensor *m = eb_gguf_tensor_find(g, "m"), *v = eb_gguf_tensor_find(g, "v");
    assert_true(((const float *)v->data)[2] == 3);
    assert_int_equal(((const uint8_t *)m->data)[101], 101);
    assert_int_equal((size_t)((const uint8_t *)m->data - g->map) % 32, 0);
    eb_gguf_close(g);
    eb_gguf_close(from);
    unlink(path);
}

static void test_nothing_half_written(void **state)
{
    (void)state;
    char folder[] = "/tmp/effbench-abort-XXXXXX", path[64];
    eb_err err = { 0 };
    const int64_t ne[] = { 8 };
    const float v[8] = { 0 };
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/m.gguf", folder);
    eb_gguf_writer *w = eb_gguf_writer_new(path, &err);
    eb_gguf_put_tensor(w, "t", EB_W_F32, 1, ne);
    assert_true(eb_gguf_begin_data(w, &err));
    assert_true(eb_gguf_write(w, v, 16, &err));
    assert_false(eb_gguf_finish(w, &err)); // half of it is missing
    assert_int_equal(err.code, EB_FAILED);
    w = eb_gguf_writer_new(path, &err);
    eb_gguf_put_tensor(w, "t", EB_W_F32, 1, ne);
    assert_true(eb_gguf_begin_data(w, &err));
    assert_true(eb_gguf_write(w, v, 32, &err));
    assert_false(eb_gguf_write(w, v, 4, &err)); // more than there are tensors for
    eb_gguf_abort(w);
    const int64_t huge[] = { (int64_t)1 << 40, 1 << 10 };
    w = eb_gguf_writer_new(path, &err);
    eb_gguf_put_tensor(w, "t", EB_W_F32, 2, huge);
    eb_err_clear(&err);
    assert_false(eb_gguf_begin_data(w, &err)); // no disk has 4 PiB
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, path));
    eb_gguf_abort(w);
    assert_int_equal(rmdir(folder), 0); // empty
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_keys_and_tensors),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_every_changed_byte_is_survived),
        cmocka_unit_test(test_heads),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_tensors),
        cmocka_unit_test(test_offsets),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_alignment),
        cmocka_unit_test(test_numbers_of_any_width),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_sparse_file),
        cmocka_unit_test(test_writes_what_it_reads),
        cmocka_unit_test(test_nothing_half_written),
    };
    return cmocka_run_group_tests_name("gguf", tests, NULL, NULL);
}
