// SPDX-License-Identifier: Apache-2.0
// The energy of each token of a trial, where the counters resolve it.
#include "harness/record/rows.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/trial_energy.h"

// A token and its step's place in time, for sorting.
typedef struct step_key {
    int64_t t_start_ns, t_end_ns;
    size_t token;
} step_key;

static int by_time(const void *a, const void *b)
{
    const step_key *x = a, *y = b;
    if (x->t_start_ns != y->t_start_ns)
        return x->t_start_ns < y->t_start_ns ? -1 : 1;
    return (x->t_end_ns > y->t_end_ns) - (x->t_end_ns < y->t_end_ns);
}

static bool same_step(const step_key *a, const step_key *b)
{
    return a->t_start_ns == b->t_start_ns && a->t_end_ns == b->t_end_ns;
}

static step_key *sort_steps(const eb_token_event *tokens, size_t n, size_t *n_steps)
{
    step_key *keys = eb_realloc(NULL, n, sizeof *keys);
    bool sorted = true;
    for (size_t i = 0; i < n; i++) {
        keys[i] = (step_key){ tokens[i].t_start_ns, tokens[i].t_end_ns, i };
        sorted = sorted && (!i || by_time(&keys[i - 1], &keys[i]) <= 0);
    }
    if (!sorted)
        qsort(keys, n, sizeof *keys, by_time);
    *n_steps = n > 0;
    for (size_t i = 1; i < n; i++)
        *n_steps += !same_step(&keys[i - 1], &keys[i]);
    return keys;
}

void eb_token_energies(const eb_header *header, const eb_trial_info *info, const eb_token_event *tokens,
                       size_t n_tokens, const eb_power_row *power, size_t n_power, eb_token_energy *out)
{
    if (!n_tokens)
        return;
    eb_trial_energy energy;
    eb_trial_energy_init(&energy, header, NULL, power, n_power);
    eb_energy whole = eb_trial_energy_window(&energy, info->t_start_ns, info->t_end_ns);
    size_t n_steps;
    step_key *keys = sort_steps(tokens, n_tokens, &n_steps);
    bool resolved = whole.status == EB_SAMPLE_OK &&
                    eb_trial_energy_updates(&energy, info->t_start_ns, info->t_end_ns) >= 2 * n_steps;
    for (size_t i = 0; i < n_tokens;) {
        size_t end = i + 1;
        while (end < n_tokens && same_step(&keys[i], &keys[end]))
            end++;
        eb_energy step = { .j = NAN, .halfwidth_j = NAN };
        if (resolved)
            step = eb_trial_energy_window(&energy, keys[i].t_start_ns, keys[i].t_end_ns);
        double share = 1e6 / (double)(end - i);
        for (; i < end; i++)
            out[keys[i].token] = (eb_token_energy){ step.j * share, step.halfwidth_j * share, whole.grade };
    }
    free(keys);
    eb_trial_energy_deinit(&energy);
}
