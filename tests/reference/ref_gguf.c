// SPDX-License-Identifier: Apache-2.0
#include "ref_gguf.h"
#include "ref_dequant.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum value_type {
    V_U8,
    V_I8,
    V_U16,
    V_I16,
    V_U32,
    V_I32,
    V_F32,
    V_BOOL,
    V_STRING,
    V_ARRAY,
    V_U64,
    V_I64,
    V_F64,
    V_COUNT
};

static const size_t scalar_bytes[V_COUNT] = {
    [V_U8] = 1,  [V_I8] = 1,   [V_U16] = 2, [V_I16] = 2, [V_U32] = 4, [V_I32] = 4,
    [V_F32] = 4, [V_BOOL] = 1, [V_U64] = 8, [V_I64] = 8, [V_F64] = 8,
};

void ref_die(const char *fmt, ...)
{
    va_list ap;
    fputs("error: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

void *ref_alloc(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p)
        ref_die("out of memory");
    return p;
}

// A cursor over the mapped header.
typedef struct {
    const ref_gguf *g;
    size_t at;
} cursor;

static const uint8_t *take(cursor *c, uint64_t bytes)
{
    if (bytes > c->g->size - c->at)
        ref_die("file ends inside its header, at byte %zu", c->at);
    const uint8_t *p = c->g->map + c->at;
    c->at += bytes;
    return p;
}

static uint32_t take_u32(cursor *c)
{
    uint32_t v;
    memcpy(&v, take(c, sizeof v), sizeof v);
    return v;
}

static uint64_t take_u64(cursor *c)
{
    uint64_t v;
    memcpy(&v, take(c, sizeof v), sizeof v);
    return v;
}

static char *take_str(cursor *c)
{
    uint64_t len = take_u64(c);
    const uint8_t *p = take(c, len);
    char *s = ref_alloc(len + 1, 1);
    memcpy(s, p, len);
    return s;
}

static void skip_value(cursor *c, uint32_t type)
{
    if (type == V_STRING) {
        uint64_t len = take_u64(c);
        take(c, len);
    } else if (type == V_ARRAY) {
        uint32_t elem = take_u32(c);
        uint64_t n = take_u64(c);
        for (uint64_t i = 0; i < n; i++)
            skip_value(c, elem);
    } else if (type < V_COUNT) {
        take(c, scalar_bytes[type]);
    } else {
        ref_die("unknown metadata type %u", type);
    }
}

static void read_tensor_info(cursor *c, ref_tensor *t, uint64_t *offset)
{
    t->name = take_str(c);
    t->n_dims = take_u32(c);
    if (t->n_dims < 1 || t->n_dims > REF_MAX_DIMS)
        ref_die("%s: %u dimensions", t->name, t->n_dims);
    for (uint32_t d = 0; d < REF_MAX_DIMS; d++)
        t->ne[d] = d < t->n_dims ? take_u64(c) : 1;
    t->type = take_u32(c);
    *offset = take_u64(c);
}

static void place_tensor(const ref_gguf *g, ref_tensor *t, uint64_t data_start, uint64_t offset)
{
    const ref_type *type = ref_type_of(t->type);
    if (!type)
        ref_die("%s: type %u is not supported", t->name, t->type);
    if (t->ne[0] % type->weights)
        ref_die("%s: row is not whole blocks", t->name);
    t->row_bytes = t->ne[0] / type->weights * type->bytes;
    uint64_t bytes = t->row_bytes * t->ne[1] * t->ne[2] * t->ne[3];
    if (data_start > g->size || offset > g->size - data_start || bytes > g->size - data_start - offset)
        ref_die("%s: data beyond the end of the file", t->name);
    t->data = g->map + data_start + offset;
}

static void map_file(ref_gguf *g, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) != 0)
        ref_die("cannot open '%s'", path);
    g->size = (size_t)st.st_size;
    g->map = mmap(NULL, g->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (g->map == MAP_FAILED)
        ref_die("cannot map '%s'", path);
    close(fd);
}

void ref_gguf_open(ref_gguf *g, const char *path)
{
    memset(g, 0, sizeof *g);
    map_file(g, path);
    cursor c = { g, 0 };
    if (memcmp(take(&c, 4), "GGUF", 4) != 0)
        ref_die("'%s' is not a GGUF file", path);
    g->version = take_u32(&c);
    if (g->version != 2 && g->version != 3)
        ref_die("GGUF version %u", g->version);
    g->n_tensors = take_u64(&c);
    g->n_kv = take_u64(&c);
    if (g->n_tensors > g->size || g->n_kv > g->size)
        ref_die("impossible counts");

    g->kv = ref_alloc(g->n_kv, sizeof *g->kv);
    for (size_t i = 0; i < g->n_kv; i++) {
        ref_kv *kv = &g->kv[i];
        kv->key = take_str(&c);
        kv->type = take_u32(&c);
        kv->value = g->map + c.at;
        skip_value(&c, kv->type);
    }

    g->tensors = ref_alloc(g->n_tensors, sizeof *g->tensors);
    g->used = ref_alloc(g->n_tensors, sizeof *g->used);
    uint64_t *offsets = ref_alloc(g->n_tensors, sizeof *offsets);
    for (size_t i = 0; i < g->n_tensors; i++)
        read_tensor_info(&c, &g->tensors[i], &offsets[i]);
    uint64_t align = ref_get_u64(g, "general.alignment", 32);
    if (!align)
        ref_die("alignment 0");
    uint64_t data_start = (c.at + align - 1) / align * align;
    for (size_t i = 0; i < g->n_tensors; i++)
        place_tensor(g, &g->tensors[i], data_start, offsets[i]);
    free(offsets);
}

void ref_gguf_close(ref_gguf *g)
{
    for (size_t i = 0; i < g->n_kv; i++)
        free(g->kv[i].key);
    for (size_t i = 0; i < g->n_tensors; i++)
        free(g->tensors[i].name);
    free(g->kv);
    free(g->tensors);
    free(g->used);
    munmap((void *)(uintptr_t)g->map, g->size);
    memset(g, 0, sizeof *g);
}

const ref_kv *ref_find_kv(const ref_gguf *g, const char *key)
{
    for (size_t i = 0; i < g->n_kv; i++)
        if (strcmp(g->kv[i].key, key) == 0)
            return &g->kv[i];
    return NULL;
}

const ref_tensor *ref_find_tensor(const ref_gguf *g, const char *name)
{
    for (size_t i = 0; i < g->n_tensors; i++)
        if (strcmp(g->tensors[i].name, name) == 0) {
            g->used[i] = true;
            return &g->tensors[i];
        }
    return NULL;
}

void ref_check_all_used(const ref_gguf *g)
{
    for (size_t i = 0; i < g->n_tensors; i++)
        if (!g->used[i])
            ref_die("tensor %s is not known for this architecture", g->tensors[i].name);
}

#define READ_AS(ctype)                                                                                                 \
    do {                                                                                                               \
        ctype v;                                                                                                       \
        memcpy(&v, kv->value, sizeof v);                                                                               \
        return (double)v;                                                                                              \
    } while (0)

double ref_get_f64(const ref_gguf *g, const char *key, double absent)
{
    const ref_kv *kv = ref_find_kv(g, key);
    if (!kv)
        return absent;
    switch (kv->type) {
    case V_U8:
        READ_AS(uint8_t);
    case V_I8:
        READ_AS(int8_t);
    case V_U16:
        READ_AS(uint16_t);
    case V_I16:
        READ_AS(int16_t);
    case V_U32:
        READ_AS(uint32_t);
    case V_I32:
        READ_AS(int32_t);
    case V_F32:
        READ_AS(float);
    case V_BOOL:
        READ_AS(uint8_t);
    case V_U64:
        READ_AS(uint64_t);
    case V_I64:
        READ_AS(int64_t);
    case V_F64:
        READ_AS(double);
    default:
        ref_die("%s: not a scalar", key);
    }
}

uint64_t ref_get_u64(const ref_gguf *g, const char *key, uint64_t absent)
{
    if (!ref_find_kv(g, key))
        return absent;
    double v = ref_get_f64(g, key, 0);
    if (v < 0 || v > 9007199254740992.0)
        ref_die("%s: %g is no count", key, v);
    return (uint64_t)v;
}

char *ref_get_str(const ref_gguf *g, const char *key)
{
    const ref_kv *kv = ref_find_kv(g, key);
    if (!kv)
        return NULL;
    if (kv->type != V_STRING)
        ref_die("%s: not a string", key);
    cursor c = { g, (size_t)(kv->value - g->map) };
    return take_str(&c);
}
