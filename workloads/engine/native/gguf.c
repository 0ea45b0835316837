// SPDX-License-Identifier: Apache-2.0
// Reading GGUF: a cursor that cannot leave the head of the file, then one pass over keys, one over
// tensor infos, and the checks that need all of them (duplicates, overlaps). What is allocated is
// bounded by counts that the file's own size allows.
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "workloads/engine/native/gguf_impl.h"
#include "workloads/engine/native/memory.h"

enum {
    MAX_KEY = 65535,
    MAX_KV = 65536,
    MAX_TENSORS = 65536,
    MIN_KV_BYTES = 8 + 1 + 4 + 1,             // key length, a character, type, a one-byte value
    MIN_TENSOR_BYTES = 8 + 1 + 4 + 8 + 4 + 8, // name length, a character, n_dims, one dim, type, offset
};
// Real heads (vocabularies) are tens of MB; the limit keeps a huge sparse file from being walked for minutes.
static const size_t max_head_bytes = (size_t)256 << 20;

typedef struct cursor {
    const uint8_t *data;
    size_t pos, end; // end = min(file size, max_head_bytes)
    size_t file_bytes;
    const char *path;
    eb_err *err;
} cursor;

// Names come from the file: what is not printable must not reach a terminal.
static const char *quoted(const char *s, size_t n, char buf[72])
{
    size_t k = n < 64 ? n : 64;
    for (size_t i = 0; i < k; i++)
        buf[i] = (unsigned char)s[i] >= 32 && (unsigned char)s[i] < 127 ? s[i] : '?';
    memcpy(buf + k, n > 64 ? "..." : "", n > 64 ? 4 : 1);
    return buf;
}

static bool bad(cursor *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static bool bad(cursor *c, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    eb_err_at(c->err, EB_USAGE, c->path, 0, 0, "%s (at byte %zu)", text, c->pos);
    return eb_err_hint(c->err, "the file is damaged or no usable GGUF file; get or make it again");
}

static bool need(cursor *c, uint64_t n, const char *what)
{
    if (n <= c->end - c->pos)
        return true;
    if (c->end < c->file_bytes)
        return bad(c, "%s lies beyond the first %zu MiB, where the head of a GGUF file must end", what,
                   max_head_bytes >> 20);
    return bad(c, "truncated: %s needs %llu bytes, the file has %zu more", what, (unsigned long long)n,
               c->end - c->pos);
}

static bool get_u32(cursor *c, uint32_t *out, const char *what)
{
    if (!need(c, 4, what))
        return false;
    memcpy(out, c->data + c->pos, 4);
    c->pos += 4;
    return true;
}

static bool get_u64(cursor *c, uint64_t *out, const char *what)
{
    if (!need(c, 8, what))
        return false;
    memcpy(out, c->data + c->pos, 8);
    c->pos += 8;
    return true;
}

// A name of 1..max characters without a NUL inside; borrowed.
static bool get_name(cursor *c, size_t max, const char *what, const char **s, size_t *n)
{
    uint64_t len;
    if (!get_u64(c, &len, what))
        return false;
    if (len < 1 || len > max)
        return bad(c, "%s has %llu characters, allowed are 1 to %zu", what, (unsigned long long)len, max);
    if (!need(c, len, what))
        return false;
    *s = (const char *)c->data + c->pos;
    *n = (size_t)len;
    if (memchr(*s, 0, *n))
        return bad(c, "%s holds a NUL character", what);
    c->pos += *n;
    return true;
}

static bool skip_strings(cursor *c, uint64_t n, const char *key)
{
    uint64_t len;
    for (uint64_t i = 0; i < n; i++) {
        if (!get_u64(c, &len, "the length of a string") || !need(c, len, "a string"))
            return eb_err_hint(c->err, "in item %llu of key '%s'", (unsigned long long)i, key);
        c->pos += (size_t)len;
    }
    return true;
}

static bool get_array(cursor *c, eb_gguf_kv *kv, const char *key)
{
    uint32_t item;
    if (!get_u32(c, &item, "an array's item type") || !get_u64(c, &kv->n, "an array's length"))
        return false;
    if (item == EB_GGUF_ARRAY)
        return bad(c, "key '%s' is an array of arrays, which no model needs and this reader refuses", key);
    if (item >= EB_GGUF_TYPE_COUNT)
        return bad(c, "key '%s' is an array of unknown type %u", key, item);
    kv->item = (eb_gguf_type)item;
    kv->value = c->data + c->pos;
    size_t size = item == EB_GGUF_STRING ? 8 : (size_t)eb_gguf_value_types[item].bytes;
    if (kv->n > (c->end - c->pos) / size)
        return bad(c, "key '%s' claims %llu items of type %s, more than the file can hold", key,
                   (unsigned long long)kv->n, eb_gguf_value_types[item].name);
    if (item == EB_GGUF_STRING)
        return skip_strings(c, kv->n, key);
    c->pos += (size_t)kv->n * size;
    return true;
}

static bool get_value(cursor *c, eb_gguf_kv *kv, const char *key)
{
    kv->n = 1;
    if (kv->type == EB_GGUF_ARRAY)
        return get_array(c, kv, key);
    if (kv->type == EB_GGUF_STRING && !get_u64(c, &kv->n, "the length of a string"))
        return eb_err_hint(c->err, "in key '%s'", key);
    uint64_t bytes = kv->type == EB_GGUF_STRING ? kv->n : (uint64_t)eb_gguf_value_types[kv->type].bytes;
    if (!need(c, bytes, "a value"))
        return eb_err_hint(c->err, "in key '%s'", key);
    kv->value = c->data + c->pos;
    if (kv->type == EB_GGUF_BOOL && *kv->value > 1)
        return bad(c, "key '%s' is a bool of value %u", key, *kv->value);
    c->pos += (size_t)bytes;
    return true;
}

static bool get_kv(cursor *c, eb_gguf_kv *kv)
{
    const char *key = "";
    size_t n = 0;
    uint32_t type;
    char q[72];
    if (!get_name(c, MAX_KEY, "a key", &key, &n) || !get_u32(c, &type, "a value's type"))
        return false;
    quoted(key, n, q);
    if (type >= EB_GGUF_TYPE_COUNT)
        return bad(c, "key '%s' has unknown type %u", q, type);
    kv->key = eb_strndup(key, n);
    kv->type = (eb_gguf_type)type;
    return get_value(c, kv, q);
}

static bool get_dims(cursor *c, eb_gguf_tensor *t, const char *name)
{
    uint32_t n_dims;
    uint64_t ne, weights = 1;
    if (!get_u32(c, &n_dims, "a tensor's dimension count"))
        return false;
    if (n_dims < 1 || n_dims > EB_GGUF_MAX_DIMS)
        return bad(c, "tensor '%s' has %u dimensions, allowed are 1 to %d", name, n_dims, EB_GGUF_MAX_DIMS);
    t->n_dims = (int)n_dims;
    for (int i = 0; i < EB_GGUF_MAX_DIMS; i++) {
        t->ne[i] = 1;
        if (i >= t->n_dims)
            continue;
        if (!get_u64(c, &ne, "a tensor's dimension"))
            return false;
        if (ne < 1 || ne > INT64_MAX || __builtin_mul_overflow(weights, ne, &weights) || weights > INT64_MAX)
            return bad(c, "tensor '%s': dimension %d of %llu makes an impossible shape", name, i,
                       (unsigned long long)ne);
        t->ne[i] = (int64_t)ne;
    }
    return true;
}

// Types that GGUF files have and this reader does not, by their number.
static const char *const foreign_types[] = {
    [4] = "q4_2",    [5] = "q4_3",     [9] = "q8_1",   [15] = "q8_k",  [16] = "iq2_xxs",
    [17] = "iq2_xs", [18] = "iq3_xxs", [19] = "iq1_s", [21] = "iq3_s", [22] = "iq2_s",
    [23] = "iq4_xs", [24] = "i8",      [25] = "i16",   [26] = "i32",   [27] = "i64",
    [28] = "f64",    [29] = "iq1_m",   [34] = "tq1_0", [35] = "tq2_0", [39] = "mxfp4",
};

static bool get_tensor_type(cursor *c, eb_gguf_tensor *t, const char *name)
{
    uint32_t type;
    if (!get_u32(c, &type, "a tensor's type"))
        return false;
    if (type >= EB_W_LIMIT || !eb_wtypes[type].name) {
        const char *known = type < sizeof foreign_types / sizeof *foreign_types ? foreign_types[type] : NULL;
        bad(c,
            known ? "tensor '%s' has type %u (%s), which this engine does not read" : "tensor '%s' has unknown type %u",
            name, type, known);
        return eb_err_hint(c->err, "types it reads: f32 f16 bf16 q8_0 q4_0 q4_1 q5_0 q5_1 q2_k..q6_k iq4_nl");
    }
    t->type = (eb_wtype)type;
    const eb_wtype_info *info = &eb_wtypes[type];
    if (t->ne[0] % info->block)
        return bad(c, "tensor '%s': rows of %lld weights are not whole blocks of %d (%s)", name, (long long)t->ne[0],
                   info->block, info->name);
    uint64_t blocks = (uint64_t)(t->ne[0] / info->block), bytes;
    for (int i = 1; i < EB_GGUF_MAX_DIMS; i++)
        blocks *= (uint64_t)t->ne[i]; // cannot overflow: at most the product that get_dims checked
    if (__builtin_mul_overflow(blocks, (uint64_t)info->block_bytes, &bytes) || bytes > c->file_bytes)
        return bad(c, "tensor '%s' needs more bytes than the whole file has (%zu)", name, c->file_bytes);
    t->bytes = (size_t)bytes;
    return true;
}

static bool get_tensor(cursor *c, eb_gguf_tensor *t, uint32_t alignment)
{
    const char *name = "";
    size_t n = 0;
    char q[72];
    if (!get_name(c, EB_GGUF_MAX_NAME - 1, "a tensor's name", &name, &n))
        return false;
    memcpy(t->name, name, n);
    t->name[n] = 0;
    quoted(name, n, q);
    if (!get_dims(c, t, q) || !get_tensor_type(c, t, q) || !get_u64(c, &t->offset, "a tensor's offset"))
        return false;
    if (t->offset % alignment)
        return bad(c, "tensor '%s': offset %llu is not a multiple of the alignment %u", q,
                   (unsigned long long)t->offset, alignment);
    return true;
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(eb_gguf_kv *const *)a)->key, (*(eb_gguf_kv *const *)b)->key);
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(eb_gguf_tensor *const *)a)->name, (*(eb_gguf_tensor *const *)b)->name);
}

static int by_offset(const void *a, const void *b)
{
    uint64_t x = (*(eb_gguf_tensor *const *)a)->offset, y = (*(eb_gguf_tensor *const *)b)->offset;
    return (x > y) - (x < y);
}

static bool check_duplicate_keys(cursor *c, const eb_gguf *g)
{
    if (g->n_kv == 0)
        return true;
    const eb_gguf_kv **sorted = eb_try_alloc(g->n_kv, sizeof *sorted, "the keys of a GGUF file", c->err);
    if (!sorted)
        return false;
    bool ok = true;
    char q[72];
    for (size_t i = 0; i < g->n_kv; i++)
        sorted[i] = &g->kv[i];
    qsort(sorted, g->n_kv, sizeof *sorted, by_key);
    for (size_t i = 1; i < g->n_kv && ok; i++)
        if (!strcmp(sorted[i - 1]->key, sorted[i]->key))
            ok = bad(c, "key '%s' is there twice", quoted(sorted[i]->key, strlen(sorted[i]->key), q));
    free(sorted);
    return ok;
}

static bool check_ranges(cursor *c, eb_gguf *g, eb_gguf_tensor **sorted)
{
    char q[72];
    uint64_t end = 0, room = g->map_bytes - g->data_start;
    qsort(sorted, g->n_tensors, sizeof *sorted, by_offset);
    for (size_t i = 0; i < g->n_tensors; i++) {
        eb_gguf_tensor *t = sorted[i];
        quoted(t->name, strlen(t->name), q);
        if (t->offset > room || t->bytes > room - t->offset)
            return bad(c,
                       "tensor '%s' (%zu bytes at offset %llu) ends beyond the file: its data section has %llu bytes",
                       q, t->bytes, (unsigned long long)t->offset, (unsigned long long)room);
        if (t->offset < end)
            return bad(c, "tensor '%s' at offset %llu overlaps the tensor before it, which ends at %llu", q,
                       (unsigned long long)t->offset, (unsigned long long)end);
        end = t->offset + t->bytes;
        t->data = g->map + g->data_start + t->offset;
    }
    return true;
}

// Leaves g->index: the tensors sorted by name.
static bool index_tensors(cursor *c, eb_gguf *g)
{
    char q[72];
    if (g->n_tensors == 0)
        return true;
    eb_gguf_tensor **sorted = eb_try_alloc(g->n_tensors, sizeof *sorted, "the tensor index of a GGUF file", c->err);
    if (!sorted)
        return false;
    g->index = sorted;
    for (size_t i = 0; i < g->n_tensors; i++)
        sorted[i] = &g->tensors[i];
    if (!check_ranges(c, g, sorted))
        return false;
    qsort(sorted, g->n_tensors, sizeof *sorted, by_name);
    for (size_t i = 1; i < g->n_tensors; i++)
        if (!strcmp(sorted[i - 1]->name, sorted[i]->name))
            return bad(c, "tensor '%s' is there twice", quoted(sorted[i]->name, strlen(sorted[i]->name), q));
    return true;
}

static bool read_magic(cursor *c, eb_gguf *g)
{
    uint32_t version;
    if (c->file_bytes == 0)
        return bad(c, "the file is empty");
    if (c->file_bytes < 4 || memcmp(c->data, "GGUF", 4))
        return bad(c, "not a GGUF file: it does not begin with the characters GGUF");
    c->pos = 4;
    if (!get_u32(c, &version, "the version"))
        return false;
    if (version >= 1u << 16 && (version & 0xffff) == 0) {
        bad(c, "a big-endian GGUF file (version %u with its bytes swapped); only little-endian ones are read",
            __builtin_bswap32(version));
        return eb_err_hint(c->err, "get the little-endian file of this model");
    }
    if (version < 2 || version > 3) {
        bad(c, "GGUF version %u; versions 2 and 3 are read", version);
        return eb_err_hint(c->err, "convert the model again with a current converter");
    }
    g->version = (int)version;
    return true;
}

static bool check_count(cursor *c, uint64_t n, uint64_t limit, int min_bytes, const char *what)
{
    if (n > (c->end - c->pos) / (uint64_t)min_bytes)
        return bad(c, "the head claims %llu %s, more than a file of %zu bytes can hold", (unsigned long long)n, what,
                   c->file_bytes);
    if (n > limit)
        return bad(c, "the head claims %llu %s, at most %llu are read", (unsigned long long)n, what,
                   (unsigned long long)limit);
    return true;
}

static bool read_alignment(cursor *c, eb_gguf *g)
{
    g->alignment = 32;
    if (!eb_gguf_u32(g, "general.alignment", &g->alignment, c->err) && c->err->code)
        return false;
    if (g->alignment < 8 || (g->alignment & (g->alignment - 1)) || g->alignment > 1u << 20)
        return bad(c, "general.alignment is %u, which is no power of two from 8 to 1048576", g->alignment);
    return true;
}

static bool read_head(cursor *c, eb_gguf *g)
{
    uint64_t n_tensors, n_kv;
    if (!read_magic(c, g) || !get_u64(c, &n_tensors, "the tensor count") || !get_u64(c, &n_kv, "the key count"))
        return false;
    if (!check_count(c, n_tensors, MAX_TENSORS, MIN_TENSOR_BYTES, "tensors") ||
        !check_count(c, n_kv, MAX_KV, MIN_KV_BYTES, "keys"))
        return false;
    g->kv = eb_try_alloc((size_t)n_kv + 1, sizeof *g->kv, "the keys of a GGUF file", c->err);
    g->tensors = eb_try_alloc((size_t)n_tensors + 1, sizeof *g->tensors, "the tensors of a GGUF file", c->err);
    if (!g->kv || !g->tensors)
        return false;
    for (; g->n_kv < n_kv; g->n_kv++)
        if (!get_kv(c, &g->kv[g->n_kv])) {
            g->n_kv++; // its key may be allocated
            return false;
        }
    if (!check_duplicate_keys(c, g) || !read_alignment(c, g))
        return false;
    for (; g->n_tensors < n_tensors; g->n_tensors++)
        if (!get_tensor(c, &g->tensors[g->n_tensors], g->alignment))
            return false;
    uint64_t start = ((uint64_t)c->pos + g->alignment - 1) / g->alignment * g->alignment;
    if (n_tensors && start > c->file_bytes)
        return bad(c, "truncated: the file ends before its data section");
    g->data_start = start < c->file_bytes ? (size_t)start : c->file_bytes;
    return index_tensors(c, g);
}

eb_gguf *eb_gguf_parse(const uint8_t *data, size_t bytes, const char *name, eb_err *err)
{
    eb_gguf *g = eb_alloc(sizeof *g);
    snprintf(g->path, sizeof g->path, "%s", name);
    g->fd = -1;
    g->map = data;
    g->map_bytes = bytes;
    cursor c = { data, 0, bytes < max_head_bytes ? bytes : max_head_bytes, bytes, g->path, err };
    eb_err_clear(err);
    if (read_head(&c, g))
        return g;
    eb_gguf_close(g);
    return NULL;
}

static int open_regular(const char *path, size_t *bytes, eb_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // NONBLOCK: a FIFO must not hang us
    if (fd < 0 || fstat(fd, &st)) {
        eb_err_sys(err, EB_USAGE, errno, "cannot open the model file", path);
        eb_err_hint(err, "give the path of a readable GGUF file");
    } else if (!S_ISREG(st.st_mode)) {
        eb_err_at(err, EB_USAGE, path, 0, 0, "%s, not a GGUF file",
                  S_ISDIR(st.st_mode) ? "a directory" : "not a regular file");
        eb_err_hint(err, "give the path of a GGUF file");
    } else {
        *bytes = (size_t)st.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

eb_gguf *eb_gguf_open(const char *path, eb_err *err)
{
    size_t bytes = 0;
    void *map = NULL;
    int fd = open_regular(path, &bytes, err);
    if (fd < 0)
        return NULL;
    if (bytes) {
        map = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE, fd, 0);
        if (map == MAP_FAILED) {
            char what[600];
            snprintf(what, sizeof what, "model file '%.500s'", path);
            if (errno != ENOMEM || eb_memory_check_addresses(eb_memory_root(), what, bytes, err))
                eb_err_sys(err, EB_FAILED, errno, "cannot map the model file", path);
            close(fd);
            return NULL;
        }
    }
    eb_gguf *g = eb_gguf_parse(map, bytes, path, err);
    if (!g) {
        if (map)
            munmap(map, bytes);
        close(fd);
        return NULL;
    }
    g->mapped = true;
    g->fd = fd;
    return g;
}

bool eb_gguf_read(const eb_gguf *g, const void *at, size_t bytes, void *to)
{
    const size_t offset = (size_t)((const uint8_t *)at - g->map);
    if (g->fd < 0)
        memcpy(to, at, bytes);
    for (size_t done = 0; g->fd >= 0 && done < bytes;) {
        const ssize_t n = pread(g->fd, (uint8_t *)to + done, bytes - done, (off_t)(offset + done));
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

void eb_gguf_close(eb_gguf *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->n_kv; i++)
        free((char *)g->kv[i].key);
    free(g->kv);
    free(g->tensors);
    free(g->index);
    if (g->mapped && g->map_bytes)
        munmap((void *)g->map, g->map_bytes);
    if (g->fd >= 0)
        close(g->fd);
    free(g);
}
