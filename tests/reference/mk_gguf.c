// SPDX-License-Identifier: Apache-2.0
#include "mk_gguf.h"
#include "ref_dequant.h"
#include "ref_gguf.h"

#include <stdlib.h>
#include <string.h>

enum { KV_U32 = 4, KV_F32 = 6, KV_STRING = 8 };

void mk_init(mk_gguf *w, const char *arch, uint32_t version)
{
    memset(w, 0, sizeof *w);
    w->version = version;
    snprintf(w->arch, sizeof w->arch, "%s", arch);
    w->tensors = ref_alloc(MK_MAX_TENSORS, sizeof *w->tensors);
    mk_str(w, "general.architecture", arch);
}

void mk_deinit(mk_gguf *w)
{
    free(w->kv);
    free(w->tensors);
}

static void append(mk_gguf *w, const void *bytes, size_t n)
{
    w->kv = realloc(w->kv, w->kv_bytes + n);
    if (!w->kv)
        ref_die("out of memory");
    memcpy(w->kv + w->kv_bytes, bytes, n);
    w->kv_bytes += n;
}

static void append_str(mk_gguf *w, const char *s)
{
    uint64_t len = strlen(s);
    append(w, &len, sizeof len);
    append(w, s, len);
}

static void append_key(mk_gguf *w, const char *key, uint32_t type)
{
    append_str(w, key);
    append(w, &type, sizeof type);
    w->n_kv++;
}

void mk_str(mk_gguf *w, const char *key, const char *value)
{
    append_key(w, key, KV_STRING);
    append_str(w, value);
}

void mk_u32(mk_gguf *w, const char *key, uint32_t value)
{
    append_key(w, key, KV_U32);
    append(w, &value, sizeof value);
}

void mk_arch_u32(mk_gguf *w, const char *suffix, uint32_t value)
{
    char key[128];
    snprintf(key, sizeof key, "%s.%s", w->arch, suffix);
    mk_u32(w, key, value);
}

void mk_arch_f32(mk_gguf *w, const char *suffix, float value)
{
    char key[128];
    snprintf(key, sizeof key, "%s.%s", w->arch, suffix);
    append_key(w, key, KV_F32);
    append(w, &value, sizeof value);
}

mk_tensor *mk_add(mk_gguf *w, const char *name, uint32_t type, size_t ne0, size_t ne1, size_t ne2)
{
    if (w->n_tensors == MK_MAX_TENSORS)
        ref_die("too many tensors");
    mk_tensor *t = &w->tensors[w->n_tensors++];
    snprintf(t->name, sizeof t->name, "%s", name);
    t->type = type;
    t->n_dims = ne2 ? 3 : ne1 ? 2 : 1;
    t->ne[0] = ne0;
    t->ne[1] = ne1 ? ne1 : 1;
    t->ne[2] = ne2 ? ne2 : 1;
    t->ne[3] = 1;
    return t;
}

size_t mk_tensor_bytes(const mk_tensor *t)
{
    const ref_type *type = ref_type_of(t->type);
    if (!type || t->ne[0] % type->weights)
        ref_die("%s: %zu wide is not whole blocks", t->name, (size_t)t->ne[0]);
    return t->ne[0] / type->weights * type->bytes * t->ne[1] * t->ne[2];
}

static void put(mk_gguf *w, const void *bytes, size_t n)
{
    if (fwrite(bytes, 1, n, w->file) != n)
        ref_die("write failed");
}

static size_t aligned(size_t n)
{
    return (n + MK_ALIGN - 1) / MK_ALIGN * MK_ALIGN;
}

static void pad_file(mk_gguf *w)
{
    static const uint8_t zeros[MK_ALIGN];
    long at = ftell(w->file);
    if (at < 0)
        ref_die("ftell failed");
    put(w, zeros, aligned((size_t)at) - (size_t)at);
}

void mk_open(mk_gguf *w, const char *path)
{
    uint64_t n_tensors = w->n_tensors, offset = 0;
    w->file = fopen(path, "wb");
    if (!w->file)
        ref_die("cannot write '%s'", path);
    put(w, "GGUF", 4);
    put(w, &w->version, 4);
    put(w, &n_tensors, 8);
    put(w, &w->n_kv, 8);
    put(w, w->kv, w->kv_bytes);
    for (size_t i = 0; i < w->n_tensors; i++) {
        const mk_tensor *t = &w->tensors[i];
        uint64_t len = strlen(t->name);
        put(w, &len, 8);
        put(w, t->name, len);
        put(w, &t->n_dims, 4);
        put(w, t->ne, 8 * t->n_dims);
        put(w, &t->type, 4);
        put(w, &offset, 8);
        offset += aligned(mk_tensor_bytes(t));
    }
    pad_file(w);
}

void mk_data(mk_gguf *w, const void *bytes, size_t n)
{
    put(w, bytes, n);
}

void mk_pad(mk_gguf *w)
{
    pad_file(w);
}

void mk_close(mk_gguf *w)
{
    if (fclose(w->file) != 0)
        ref_die("write failed");
}
