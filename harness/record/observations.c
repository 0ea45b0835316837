// SPDX-License-Identifier: Apache-2.0
// Latencies and phases of single trials, from the journal that a loaded run keeps.
#include "harness/record/observations.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/latency.h"
#include "harness/record/phases.h"

static const eb_pool pools[EB_OBSERVED_COUNT] = {
    [EB_OBSERVED_TTFT] = EB_POOL_TTFT,
    [EB_OBSERVED_ITL] = EB_POOL_ITL,
    [EB_OBSERVED_E2E] = EB_POOL_E2E,
};

// The case's next trial from *i on, NULL = there is none.
static const eb_trial_data *next_trial(const eb_run *run, int case_index, int *i)
{
    const eb_journal_data *d = run->raw;
    for (; d && *i < d->n_trials; ++*i) {
        const eb_trial_info *info = &d->trials[*i].info;
        if (info->number > 0 && info->case_index == case_index && !info->error && !d->trials[*i].n_ops)
            return &d->trials[(*i)++];
    }
    return NULL;
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void eb_observations_collect(const eb_run *run, int case_index, eb_observations *out)
{
    eb_slo slo;
    int at = 0;
    *out = (eb_observations){ 0 };
    eb_slo_from_header(run->header, &slo);
    for (const eb_trial_data *trial; (trial = next_trial(run, case_index, &at));) {
        eb_latency latency;
        eb_doubles pool[EB_POOL_COUNT] = { 0 };
        eb_latency_measure(&latency, trial, &slo, pool);
        for (int k = 0; k < EB_OBSERVED_COUNT; k++) {
            const eb_doubles *more = &pool[pools[k]];
            if (!more->n)
                continue;
            out->items[k] = eb_realloc(out->items[k], out->n[k] + more->n, sizeof *out->items[k]);
            memcpy(out->items[k] + out->n[k], more->items, more->n * sizeof *more->items);
            out->n[k] += more->n;
        }
        for (int p = 0; p < EB_POOL_COUNT; p++)
            free(pool[p].items);
    }
    for (int k = 0; k < EB_OBSERVED_COUNT; k++)
        if (out->n[k])
            qsort(out->items[k], out->n[k], sizeof *out->items[k], ascending);
}

void eb_observations_deinit(eb_observations *o)
{
    for (int k = 0; k < EB_OBSERVED_COUNT; k++)
        free(o->items[k]);
    *o = (eb_observations){ 0 };
}

size_t eb_trial_phases_collect(const eb_run *run, int case_index, eb_trial_phases **out)
{
    eb_slo slo;
    size_t n = 0, cap = 0;
    int at = 0;
    *out = NULL;
    eb_slo_from_header(run->header, &slo);
    for (const eb_trial_data *trial; (trial = next_trial(run, case_index, &at));) {
        const eb_trial_totals *sums = &trial->info.totals;
        if (sums->known) {
            EB_GROW(*out, n, cap);
            (*out)[n++] = (eb_trial_phases){ trial->info.number, (double)sums->prompt_tok, (double)sums->output_tok,
                                             (double)sums->prefill_ns, (double)sums->decode_ns };
            continue;
        }
        eb_latency latency;
        eb_phases phases;
        eb_doubles pool[EB_POOL_COUNT] = { 0 };
        eb_latency_measure(&latency, trial, &slo, pool);
        eb_phases_find(&phases, trial, &latency);
        EB_GROW(*out, n, cap);
        (*out)[n++] = (eb_trial_phases){
            .trial = trial->info.number,
            .prompt_tok = latency.prompt_tok,
            .decode_tok = latency.decode_tok,
            .prefill_ns = latency.first_tok > 0 ? eb_phases_ns(&phases, EB_PHASE_PREFILL) : 0,
            .decode_ns = latency.decode_tok > 0 ? eb_phases_ns(&phases, EB_PHASE_DECODE) : 0,
        };
        eb_phases_deinit(&phases);
        for (int p = 0; p < EB_POOL_COUNT; p++)
            free(pool[p].items);
    }
    return n;
}
