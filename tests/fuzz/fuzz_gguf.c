// SPDX-License-Identifier: Apache-2.0
// Any bytes as a model file: refused with one line, or opened, described and closed.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "workloads/engine/native/hparams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void visit(void *arg, const char *key, double value)
{
    *(double *)arg += value + (double)strlen(key);
}

// Touches both ends of what the model says it has.
static void look(const eb_model *m)
{
    volatile double seen; // what is read must not be optimized away
    double sum = (double)m->tok_embd.data[0] + (double)m->tok_embd.data[m->tok_embd.expert_bytes - 1] +
                 (double)m->output_norm[m->hp.embd - 1];
    for (int i = 0; i < m->hp.layers; i++) {
        const eb_mat *mats[] = { &m->layer[i].wq, &m->layer[i].down, &m->layer[i].down_exps, &m->layer[i].ssm_out };
        for (size_t k = 0; k < sizeof mats / sizeof *mats; k++)
            if (mats[k]->data)
                sum += (double)mats[k]->data[mats[k]->expert_bytes * (size_t)mats[k]->experts - 1];
    }
    eb_hparams_each(&m->hp, visit, &sum);
    seen = sum;
    (void)seen;
    if (!(eb_model_bytes_per_tok(m, 100, 2) > 0) || !(eb_model_flop_per_tok(m, 100) > 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_err err = { 0 };
    uint8_t *copy = aligned_alloc(64, (size + 64) / 64 * 64); // as a mapping would be
    memcpy(copy, data, size);
    eb_gguf *g = eb_gguf_parse(copy, size, "fuzz.gguf", &err);
    eb_model *m = g ? eb_model_from_gguf(g, &err) : NULL;
    if (m)
        look(m);
    else if (err.code != EB_USAGE || !err.message[0] || strchr(err.message, '\n'))
        abort();
    eb_model_close(m);
    free(copy);
    return 0;
}
