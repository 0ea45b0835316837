// SPDX-License-Identifier: Apache-2.0
// The keys of a model file as hyperparameters: read by model.c, written by make.c, from one table.
#ifndef EB_NATIVE_HPARAMS_H
#define EB_NATIVE_HPARAMS_H

#include "workloads/engine/native/model.h"

enum { EB_MAX_LAYERS = 512 };

// Reads and checks every key of the architecture, EB_USAGE with the key's name on anything missing,
// out of range, contradictory, or in effect and not computed by this engine. `vocab` is taken from
// the file where it says so, else 0 (the caller takes it from the embedding's shape).
bool eb_hparams_read(const eb_gguf *g, eb_hparams *hp, eb_err *err);
// Checks that dimensions fit each other (also for shapes of our own).
bool eb_hparams_check(const eb_hparams *hp, const char *path, eb_err *err);
// Writes general.architecture and every <arch>.* key that a reader of such a model needs.
void eb_hparams_write(eb_gguf_writer *w, const eb_hparams *hp);

// Visits each key of the architecture that has a value, by its name without the architecture's prefix.
void eb_hparams_each(const eb_hparams *hp, void (*visit)(void *arg, const char *key, double value), void *arg);

static inline bool eb_hparams_moe(const eb_hparams *hp)
{
    return hp->experts > 0;
}

#endif
