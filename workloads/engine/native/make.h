// SPDX-License-Identifier: Apache-2.0
// Model files of our own: shapes with seeded random weights, requantized copies, and the cache.
#ifndef EB_NATIVE_MAKE_H
#define EB_NATIVE_MAKE_H

#include "harness/base/error.h"
#include "workloads/engine/native/model.h"

// A published architecture's dimensions (shapes.c); source = where they are published.
typedef struct eb_shape {
    const char *name, *doc, *source;
    eb_hparams hp;
    bool tied;
    float rope_factor; // llama-3 style rope_freqs.weight for this factor; 0 = none
} eb_shape;
extern const eb_shape eb_shapes[]; // ends with name NULL
const eb_shape *eb_shape_find(const char *name);

// A type name a user can ask for: a plain type ("q8_0") or a recipe ("q4_k_m") -> type per tensor,
// with the field's fallbacks where a row is no whole number of blocks (docs/models.md). Names are
// matched in any case.
typedef struct eb_recipe eb_recipe;
const eb_recipe *eb_recipe_find(const char *name);
const char *const *eb_recipe_names(void); // ends with NULL
const char *eb_recipe_name(const eb_recipe *recipe);
uint32_t eb_recipe_file_type(const eb_recipe *recipe); // general.file_type
// `tied`: the embedding is the output matrix too. `row` = ne[0].
eb_wtype eb_recipe_type(const eb_recipe *recipe, const eb_hparams *hp, bool tied, const char *tensor, int64_t row,
                        int n_dims);

// Quantizes one row of n f32 weights (n a multiple of the block). What is not finite, or beyond what the
// type's f16 scales reach, becomes some finite value: callers that must not lose it check first.
void eb_quantize_row(eb_wtype type, const float *src, void *dst, int64_t n);

typedef void eb_notify(void *arg, const char *line);
bool eb_make_shape(const eb_shape *shape, const eb_recipe *recipe, uint64_t seed, const char *path, int threads,
                   eb_notify *notify, void *arg, eb_err *err);
bool eb_requantize(const char *in, const char *out, const eb_recipe *recipe, int threads, eb_notify *notify, void *arg,
                   eb_err *err);
uint64_t eb_shape_bytes(const eb_shape *shape, const eb_recipe *recipe);

// The cache: $XDG_CACHE_HOME/effbench (else ~/.cache/effbench). A file is used again only if its
// digest (XXH3, kept beside it as NAME.xxh) still holds; a damaged one is an error that names it.
bool eb_model_cache_path(const char *name, char *path, size_t size, eb_err *err); // makes the folder
// Makes what is missing; `path` gets the file. "shape:NAME" without a type is f16; "file:PATH" without
// one, or with the type it has, is the file itself, else a copy in the cache.
bool eb_model_prepare(const char *source, const char *type, uint64_t seed, char *path, size_t size, eb_notify *notify,
                      void *arg, eb_err *err);
// Where prepare would find or put it; true when it is there. Makes nothing and checks no digest.
bool eb_model_cached(const char *source, const char *type, uint64_t seed, char *path, size_t size);

#endif
