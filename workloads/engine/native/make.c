// SPDX-License-Identifier: Apache-2.0
// Model files of our own: a shape filled with random weights, or a copy of a file in another type.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "harness/base/mem.h"
#include "workloads/engine/native/hparams.h"
#include "workloads/engine/native/make_impl.h"

static void put_head(eb_gguf_writer *w, const eb_shape *shape, const eb_recipe *recipe, uint64_t seed)
{
    eb_gguf_put_str(w, "general.architecture", eb_arch_table[shape->hp.arch].name);
    eb_gguf_put_str(w, "general.name", shape->name);
    eb_gguf_put_u32(w, "general.file_type", eb_recipe_file_type(recipe));
    eb_gguf_put_u32(w, "general.quantization_version", 2);
    eb_gguf_put_str(w, "general.description", "seeded random weights in the shape of a published model");
    eb_gguf_put_str(w, "effbench.type", eb_recipe_name(recipe));
    eb_gguf_put_u64(w, "effbench.seed", seed);
    eb_gguf_put_u32(w, "effbench.make_version", EB_MAKE_VERSION);
    eb_hparams_write(w, &shape->hp);
    eb_gguf_put_str(w, "tokenizer.ggml.model", "none");
}

static void put_tensors(eb_gguf_writer *w, const eb_made_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        eb_gguf_put_tensor(w, list->items[i].name, list->items[i].type, list->items[i].n_dims, list->items[i].ne);
}

uint64_t eb_shape_bytes(const eb_shape *shape, const eb_recipe *recipe)
{
    eb_made_list list = { 0 };
    eb_gguf_writer *w = eb_gguf_writer_dry();
    eb_made_tensors(shape, recipe, &list);
    put_head(w, shape, recipe, 0);
    put_tensors(w, &list);
    uint64_t bytes = eb_gguf_writer_bytes(w);
    eb_gguf_abort(w);
    free(list.items);
    return bytes;
}

// Finishes or aborts w.
static bool write_file(eb_gguf_writer *w, const eb_made_list *list, const eb_row_source *source, int threads,
                       const char *label, eb_notify *notify, void *arg, eb_err *err)
{
    put_tensors(w, list);
    if (eb_gguf_begin_data(w, err) && eb_fill_file(w, list, source, threads, label, notify, arg, err))
        return eb_gguf_finish(w, err);
    eb_gguf_abort(w);
    return false;
}

typedef struct random_rows {
    const eb_shape *shape;
    const eb_made_list *list;
    uint64_t seed;
} random_rows;

static bool random_row(const void *arg, size_t tensor, int64_t row, float *dst, eb_err *err)
{
    const random_rows *r = arg;
    (void)err;
    eb_made_row(r->shape, &r->list->items[tensor], r->seed, row, dst);
    return true;
}

bool eb_make_shape(const eb_shape *shape, const eb_recipe *recipe, uint64_t seed, const char *path, int threads,
                   eb_notify *notify, void *arg, eb_err *err)
{
    eb_made_list list = { 0 };
    char label[96];
    eb_gguf_writer *w = eb_gguf_writer_new(path, err);
    if (!w)
        return false;
    snprintf(label, sizeof label, "making %s %s", shape->name, eb_recipe_name(recipe));
    eb_made_tensors(shape, recipe, &list);
    put_head(w, shape, recipe, seed);
    random_rows rows = { shape, &list, seed };
    eb_row_source source = { random_row, &rows };
    bool ok = write_file(w, &list, &source, threads, label, notify, arg, err);
    free(list.items);
    return ok;
}

typedef struct file_rows {
    const eb_gguf *file;
} file_rows;

static bool file_row(const void *arg, size_t tensor, int64_t row, float *dst, eb_err *err)
{
    const file_rows *r = arg;
    const eb_gguf_tensor *t = &r->file->tensors[tensor];
    const uint8_t *from = (const uint8_t *)t->data + (size_t)row * eb_row_bytes(t->type, t->ne[0]);
    eb_kernels_scalar.dequant_row(t->type, from, dst, t->ne[0]);
    for (int64_t i = 0; i < t->ne[0]; i++)
        if (!isfinite(dst[i])) {
            eb_err_at(err, EB_USAGE, r->file->path, 0, 0, "tensor '%s', row %lld holds a weight that is not finite",
                      t->name, (long long)row);
            return eb_err_hint(err, "such a model computes nothing; get the file again");
        }
    return true;
}

// Keys that say how the source was written, not what it is.
static bool keep_key(const char *key)
{
    static const char *const dropped[] = { "general.alignment", "general.file_type", "general.quantization_version",
                                           "effbench.type" };
    for (size_t i = 0; i < sizeof dropped / sizeof *dropped; i++)
        if (!strcmp(key, dropped[i]))
            return false;
    return true;
}

static bool list_copy(const eb_model *m, const eb_recipe *recipe, eb_made_list *list, eb_err *err)
{
    bool tied = !eb_gguf_tensor_find(m->file, "output.weight");
    for (size_t i = 0; i < m->file->n_tensors; i++) {
        const eb_gguf_tensor *from = &m->file->tensors[i];
        if (from->type != EB_W_F32 && from->type != EB_W_F16 && from->type != EB_W_BF16 && from->type != EB_W_Q8_0) {
            eb_err_at(err, EB_USAGE, m->file->path, 0, 0,
                      "tensor '%s' is %s already; a copy would carry the errors of both types", from->name,
                      eb_wtypes[from->type].name);
            return eb_err_hint(err, "quantize from an f32, f16, bf16 or q8_0 file");
        }
        EB_GROW(list->items, list->n, list->cap);
        eb_made_tensor *t = &list->items[list->n++];
        memset(t, 0, sizeof *t);
        memcpy(t->name, from->name, sizeof t->name);
        memcpy(t->ne, from->ne, sizeof t->ne);
        t->n_dims = from->n_dims;
        t->type = eb_recipe_type(recipe, &m->hp, tied, t->name, t->ne[0], t->n_dims);
    }
    return true;
}

static void put_copied_head(eb_gguf_writer *w, const eb_gguf *from, const eb_recipe *recipe)
{
    for (size_t i = 0; i < from->n_kv; i++)
        if (keep_key(from->kv[i].key))
            eb_gguf_put_copy(w, &from->kv[i]);
    eb_gguf_put_u32(w, "general.file_type", eb_recipe_file_type(recipe));
    eb_gguf_put_u32(w, "general.quantization_version", 2);
    eb_gguf_put_str(w, "effbench.type", eb_recipe_name(recipe));
}

static bool same_file(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

bool eb_requantize(const char *in, const char *out, const eb_recipe *recipe, int threads, eb_notify *notify, void *arg,
                   eb_err *err)
{
    eb_made_list list = { 0 };
    eb_gguf_writer *w = NULL;
    char label[96];
    eb_model *m = eb_model_open(in, err);
    bool ok = m && list_copy(m, recipe, &list, err);
    if (ok && same_file(in, out)) {
        ok = eb_err_set(err, EB_USAGE, "the copy '%s' would replace the file that it is made from", out);
        eb_err_hint(err, "name another output file");
    }
    if (ok && (w = eb_gguf_writer_new(out, err)) != NULL) {
        file_rows rows = { m->file };
        eb_row_source source = { file_row, &rows };
        snprintf(label, sizeof label, "quantizing to %s", eb_recipe_name(recipe));
        put_copied_head(w, m->file, recipe);
        ok = write_file(w, &list, &source, threads, label, notify, arg, err);
    } else {
        ok = false;
    }
    free(list.items);
    eb_model_close(m);
    return ok;
}
