// SPDX-License-Identifier: Apache-2.0
// `shape:NAME` and `file:PATH`, with a type, as files of the reference engine.
#include <string.h>
#include <sys/stat.h>

#include "workloads/engine/native/check.h"
#include "workloads/engine/native/make.h"
#include "workloads/engine/native/memory.h"
#include "workloads/engine/native/native.h"

enum { MAX_PATH = 4096 };

static const char *const shape_default_type = "f16";

static const char *after(const char *source, const char *prefix)
{
    return strncmp(source, prefix, strlen(prefix)) == 0 ? source + strlen(prefix) : NULL;
}

static const char *type_of(const eb_model_spec *spec)
{
    if (spec->type && *spec->type)
        return spec->type;
    return after(spec->source, "shape:") ? shape_default_type : "";
}

// A requantized copy has the tensors of its source, whose head is quick to read.
static uint64_t copy_bytes(const char *path, const eb_recipe *recipe)
{
    eb_err ignored = { 0 };
    uint64_t bytes = 0;
    eb_model *m = eb_model_open(path, &ignored);
    for (size_t i = 0; m && recipe && i < m->file->n_tensors; i++) {
        const eb_gguf_tensor *t = &m->file->tensors[i];
        const bool tied = m->output.data == m->tok_embd.data;
        eb_wtype type = eb_recipe_type(recipe, &m->hp, tied, t->name, t->ne[0], t->n_dims);
        bytes += eb_row_bytes(type, t->ne[0]) * (uint64_t)t->ne[1] * (uint64_t)t->ne[2] * (uint64_t)t->ne[3];
    }
    eb_model_close(m);
    return bytes;
}

uint64_t eb_native_predict_bytes(const eb_model_spec *spec, bool *exists)
{
    const char *name = after(spec->source, "shape:"), *path = after(spec->source, "file:");
    const char *type = type_of(spec);
    char file[MAX_PATH];
    eb_err ignored = { 0 };
    struct stat st;
    *exists = false;
    if (!eb_native_check(spec, &ignored))
        return 0;
    *exists = eb_model_cached(spec->source, type, spec->seed, file, sizeof file) && stat(file, &st) == 0;
    if (*exists)
        return (uint64_t)st.st_size;
    return name ? eb_shape_bytes(eb_shape_find(name), eb_recipe_find(type)) : copy_bytes(path, eb_recipe_find(type));
}

// A model that cannot be run here is refused before minutes and disk go into making it.
static bool fits_memory(const eb_model_spec *spec, eb_err *err)
{
    bool exists;
    uint64_t bytes = eb_native_predict_bytes(spec, &exists);
    const char *root = eb_memory_root();
    if (bytes == 0)
        return true;
    return (exists || eb_memory_check(root, spec->source, bytes, err)) &&
           eb_memory_check_addresses(root, spec->source, bytes, err);
}

bool eb_native_prepare(const eb_model_spec *spec, char *path, size_t path_size,
                       void (*notify)(void *arg, const char *line), void *arg, eb_err *err)
{
    return eb_native_check(spec, err) && fits_memory(spec, err) &&
           eb_model_prepare(spec->source, type_of(spec), spec->seed, path, path_size, notify, arg, err);
}
