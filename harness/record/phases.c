// SPDX-License-Identifier: Apache-2.0
#include "harness/record/phases.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

static int by_start(const void *a, const void *b)
{
    const eb_token_event *x = a, *y = b;
    if (x->t_start_ns != y->t_start_ns)
        return x->t_start_ns < y->t_start_ns ? -1 : 1;
    return (x->t_end_ns > y->t_end_ns) - (x->t_end_ns < y->t_end_ns);
}

// Between two steps that follow each other there is less than this; more, and there was nothing to do.
#define PAUSE_NS 1000000

static void add(eb_phases *p, eb_phase phase, int64_t t0_ns, int64_t t1_ns)
{
    eb_phase_piece *last = p->n ? &p->items[p->n - 1] : NULL;
    if (last && last->phase == phase && t0_ns - last->t1_ns < PAUSE_NS) {
        last->t1_ns = t1_ns > last->t1_ns ? t1_ns : last->t1_ns;
        return;
    }
    t0_ns = last && last->t1_ns > t0_ns ? last->t1_ns : t0_ns;
    if (t1_ns <= t0_ns)
        return;
    EB_GROW(p->items, p->n, p->cap);
    p->items[p->n++] = (eb_phase_piece){ t0_ns, t1_ns, phase };
}

static void find_pieces(eb_phases *p, const eb_trial_data *trial)
{
    eb_token_event *tokens = eb_realloc(NULL, trial->n_tokens + 1, sizeof *tokens);
    memcpy(tokens, trial->tokens, trial->n_tokens * sizeof *tokens);
    qsort(tokens, trial->n_tokens, sizeof *tokens, by_start);
    for (size_t i = 0; i < trial->n_tokens; i++)
        add(p, tokens[i].index ? EB_PHASE_DECODE : EB_PHASE_PREFILL, tokens[i].t_start_ns, tokens[i].t_end_ns);
    free(tokens);
}

void eb_phases_find(eb_phases *out, const eb_trial_data *trial, const eb_latency *l)
{
    *out = (eb_phases){ 0 };
    if (!(l->first_tok > 0))
        return;
    for (size_t i = 0; i < trial->n_tokens && !out->alternate; i++)
        out->alternate = trial->tokens[i].index && trial->tokens[i].t_end_ns < l->prefill_end_ns;
    if (out->alternate) {
        find_pieces(out, trial);
        return;
    }
    out->items = eb_realloc(NULL, 2, sizeof *out->items);
    out->items[out->n++] = (eb_phase_piece){ l->prefill_start_ns, l->prefill_end_ns, EB_PHASE_PREFILL };
    out->items[out->n++] = (eb_phase_piece){ l->prefill_end_ns, l->decode_end_ns, EB_PHASE_DECODE };
}

void eb_phases_deinit(eb_phases *p)
{
    free(p->items);
    *p = (eb_phases){ 0 };
}

double eb_phases_ns(const eb_phases *p, eb_phase phase)
{
    double ns = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].phase == phase)
            ns += (double)(p->items[i].t1_ns - p->items[i].t0_ns);
    return ns;
}

size_t eb_phases_updates(const eb_phases *p, const eb_trial_energy *energy, eb_phase phase)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].phase == phase)
            n += eb_trial_energy_updates(energy, p->items[i].t0_ns, p->items[i].t1_ns);
    return n;
}

eb_energy eb_phases_energy(const eb_phases *p, const eb_trial_energy *energy, eb_phase phase)
{
    eb_energy sum = { .grade = EB_GRADE_COUNT };
    size_t pieces = 0;
    for (size_t i = 0; i < p->n; i++) {
        if (p->items[i].phase != phase)
            continue;
        eb_energy part = eb_trial_energy_window(energy, p->items[i].t0_ns, p->items[i].t1_ns);
        if (!pieces++)
            sum = part;
        else
            eb_energy_join(&sum, &part);
    }
    if (!pieces || eb_phases_updates(p, energy, phase) < 2 * pieces)
        return eb_energy_unknown(EB_SAMPLE_MISSING);
    return sum.status == EB_SAMPLE_OK ? sum : eb_energy_unknown(sum.status);
}
