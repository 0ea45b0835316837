// SPDX-License-Identifier: Apache-2.0
// Writing GGUF v3: keys are kept as the bytes they become, tensors as a list; begin_data writes both,
// then the data follows tensor by tensor, each padded to the alignment.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "workloads/engine/native/gguf_impl.h"

enum { ALIGNMENT = 32, FILE_BUFFER = 1 << 20 };

struct eb_gguf_writer {
    char *path, *aside;
    FILE *file;
    uint8_t *kv; // encoded keys and values
    size_t kv_bytes, cap_kv;
    uint64_t n_kv;
    bool begun;              // the tensor infos lie behind the keys in kv
    eb_gguf_tensor *tensors; // offset and bytes as they will be
    size_t n_tensors, cap_tensors;
    size_t current; // tensor that is being written
    size_t written; // bytes of it
    uint64_t data_bytes;
};

eb_gguf_writer *eb_gguf_writer_new(const char *path, eb_err *err)
{
    eb_gguf_writer *w = eb_alloc(sizeof *w);
    w->path = eb_strdup(path);
    w->aside = eb_format("%s.tmp.%ld", path, (long)getpid());
    w->file = fopen(w->aside, "wbe");
    if (w->file) {
        setvbuf(w->file, NULL, _IOFBF, FILE_BUFFER);
        return w;
    }
    eb_err_sys(err, EB_FAILED, errno, "cannot write the model file", w->path);
    eb_err_hint(err, "name a file in a folder that exists and that you may write to");
    eb_gguf_abort(w);
    return NULL;
}

eb_gguf_writer *eb_gguf_writer_dry(void)
{
    return eb_alloc(sizeof(eb_gguf_writer));
}

void eb_gguf_abort(eb_gguf_writer *w)
{
    if (!w)
        return;
    if (w->file) {
        fclose(w->file);
        unlink(w->aside);
    }
    free(w->path);
    free(w->aside);
    free(w->kv);
    free(w->tensors);
    free(w);
}

static void put(eb_gguf_writer *w, const void *data, size_t n)
{
    if (n > w->cap_kv - w->kv_bytes) {
        w->cap_kv = 2 * (w->kv_bytes + n) + 256;
        w->kv = eb_realloc(w->kv, w->cap_kv, 1);
    }
    if (n)
        memcpy(w->kv + w->kv_bytes, data, n);
    w->kv_bytes += n;
}

static void put_text(eb_gguf_writer *w, const char *s, uint64_t n)
{
    put(w, &n, 8);
    put(w, s, (size_t)n);
}

static void put_key(eb_gguf_writer *w, const char *key, uint32_t type)
{
    put_text(w, key, strlen(key));
    put(w, &type, 4);
    w->n_kv++;
}

void eb_gguf_put_u32(eb_gguf_writer *w, const char *key, uint32_t v)
{
    put_key(w, key, EB_GGUF_U32);
    put(w, &v, 4);
}

void eb_gguf_put_u64(eb_gguf_writer *w, const char *key, uint64_t v)
{
    put_key(w, key, EB_GGUF_U64);
    put(w, &v, 8);
}

void eb_gguf_put_f32(eb_gguf_writer *w, const char *key, float v)
{
    put_key(w, key, EB_GGUF_F32);
    put(w, &v, 4);
}

void eb_gguf_put_bool(eb_gguf_writer *w, const char *key, bool v)
{
    uint8_t byte = v;
    put_key(w, key, EB_GGUF_BOOL);
    put(w, &byte, 1);
}

void eb_gguf_put_str(eb_gguf_writer *w, const char *key, const char *v)
{
    put_key(w, key, EB_GGUF_STRING);
    put_text(w, v, strlen(v));
}

// Bytes that `n` values of `type` take in a file; strings carry their lengths.
static size_t value_bytes(eb_gguf_type type, const uint8_t *value, uint64_t n)
{
    if (type != EB_GGUF_STRING)
        return (size_t)n * (size_t)eb_gguf_value_types[type].bytes;
    size_t at = 0;
    for (uint64_t i = 0, len; i < n; i++) {
        memcpy(&len, value + at, 8);
        at += 8 + (size_t)len;
    }
    return at;
}

void eb_gguf_put_copy(eb_gguf_writer *w, const eb_gguf_kv *kv)
{
    put_key(w, kv->key, kv->type);
    if (kv->type == EB_GGUF_STRING) {
        put_text(w, (const char *)kv->value, kv->n);
    } else if (kv->type == EB_GGUF_ARRAY) {
        uint32_t item = kv->item;
        put(w, &item, 4);
        put(w, &kv->n, 8);
        put(w, kv->value, value_bytes(kv->item, kv->value, kv->n));
    } else {
        put(w, kv->value, value_bytes(kv->type, kv->value, 1));
    }
}

static size_t padding(uint64_t n)
{
    return (size_t)((ALIGNMENT - n % ALIGNMENT) % ALIGNMENT);
}

void eb_gguf_put_tensor(eb_gguf_writer *w, const char *name, eb_wtype type, int n_dims, const int64_t *ne)
{
    EB_GROW(w->tensors, w->n_tensors, w->cap_tensors);
    eb_gguf_tensor *t = &w->tensors[w->n_tensors++];
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", name);
    t->type = type;
    t->n_dims = n_dims;
    t->bytes = eb_row_bytes(type, ne[0]);
    for (int i = 0; i < n_dims; i++) {
        t->ne[i] = ne[i];
        t->bytes *= i ? (size_t)ne[i] : 1;
    }
    t->offset = w->data_bytes;
    w->data_bytes += t->bytes + padding(t->bytes);
}

uint64_t eb_gguf_writer_bytes(const eb_gguf_writer *w)
{
    uint64_t head = 24 + w->kv_bytes;
    for (size_t i = 0; i < w->n_tensors && !w->begun; i++)
        head += 8 + strlen(w->tensors[i].name) + 4 + 8 * (uint64_t)w->tensors[i].n_dims + 4 + 8;
    return head + padding(head) + w->data_bytes;
}

static bool failed(const eb_gguf_writer *w, int errnum, eb_err *err)
{
    eb_err_sys(err, EB_FAILED, errnum, "cannot write the model file", w->path);
    return eb_err_hint(err, errnum == ENOSPC
                                ? "make room on that disk, or name another folder (XDG_CACHE_HOME for the cache)"
                                : "see that the folder may be written to and its disk is sound");
}

static bool out(eb_gguf_writer *w, const void *data, size_t n, eb_err *err)
{
    if (n == 0 || fwrite(data, 1, n, w->file) == n)
        return true;
    return failed(w, errno, err);
}

// Said before gigabytes are computed; the disk may still fill up meanwhile.
static bool check_space(eb_gguf_writer *w, eb_err *err)
{
    struct statvfs fs;
    char need[32], room[32];
    if (fstatvfs(fileno(w->file), &fs))
        return true;
    double available = (double)fs.f_bavail * (double)fs.f_frsize;
    double wanted = (double)eb_gguf_writer_bytes(w);
    if (wanted <= available)
        return true;
    eb_err_set(err, EB_FAILED, "no room for the model file '%s': it needs %s, the disk has %s", w->path,
               eb_fmt_bytes(need, sizeof need, wanted, 3), eb_fmt_bytes(room, sizeof room, available, 3));
    return eb_err_hint(err, "make room on that disk, or name another folder (XDG_CACHE_HOME for the cache)");
}

bool eb_gguf_begin_data(eb_gguf_writer *w, eb_err *err)
{
    static const uint8_t zero[ALIGNMENT];
    uint32_t version = 3;
    uint64_t n_tensors = w->n_tensors, n_kv = w->n_kv;
    if (!check_space(w, err))
        return false;
    w->begun = true;
    for (size_t i = 0; i < w->n_tensors; i++) { // behind the keys in the same buffer
        const eb_gguf_tensor *t = &w->tensors[i];
        uint32_t n_dims = (uint32_t)t->n_dims, type = t->type;
        put_text(w, t->name, strlen(t->name));
        put(w, &n_dims, 4);
        for (int d = 0; d < t->n_dims; d++)
            put(w, &t->ne[d], 8);
        put(w, &type, 4);
        put(w, &t->offset, 8);
    }
    return out(w, "GGUF", 4, err) && out(w, &version, 4, err) && out(w, &n_tensors, 8, err) && out(w, &n_kv, 8, err) &&
           out(w, w->kv, w->kv_bytes, err) && out(w, zero, padding(24 + w->kv_bytes), err);
}

bool eb_gguf_write(eb_gguf_writer *w, const void *data, size_t bytes, eb_err *err)
{
    static const uint8_t zero[ALIGNMENT];
    const uint8_t *from = data;
    while (bytes) {
        if (w->current == w->n_tensors)
            return eb_err_set(err, EB_FAILED, "more data than the tensors of '%s' hold", w->path);
        const eb_gguf_tensor *t = &w->tensors[w->current];
        size_t n = bytes < t->bytes - w->written ? bytes : t->bytes - w->written;
        if (!out(w, from, n, err))
            return false;
        from += n;
        bytes -= n;
        w->written += n;
        if (w->written < t->bytes)
            break;
        if (!out(w, zero, padding(t->bytes), err))
            return false;
        w->current++;
        w->written = 0;
    }
    return true;
}

// The folder's entry must reach the disk as well, or a crash could bring the old name back.
static void sync_folder(const char *path)
{
    char *folder = eb_strdup(path);
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(folder);
}

bool eb_gguf_finish(eb_gguf_writer *w, eb_err *err)
{
    bool ok = true;
    if (w->current < w->n_tensors)
        ok = eb_err_set(err, EB_FAILED, "the data of tensor '%s' was not written", w->tensors[w->current].name);
    else if (fflush(w->file) || fsync(fileno(w->file)))
        ok = failed(w, errno, err);
    if (ok) {
        int closed = fclose(w->file);
        w->file = NULL;
        if (closed || rename(w->aside, w->path)) {
            ok = failed(w, errno, err);
            unlink(w->aside);
        } else {
            sync_folder(w->path);
        }
    }
    eb_gguf_abort(w);
    return ok;
}
