// SPDX-License-Identifier: Apache-2.0
// A sweep over the times at which steps begin and end. Between two of them a known number of sequences is at work, and
// the energy that each of them has got so far is one running sum: a token's energy is the difference of two of its
// values.
#include "harness/record/share.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

// A token and its step, for sorting.
typedef struct step_key {
    int64_t t_start_ns, t_end_ns;
    uint32_t request;
    size_t token;
} step_key;

static int by_step(const void *a, const void *b)
{
    const step_key *x = a, *y = b;
    if (x->t_start_ns != y->t_start_ns)
        return x->t_start_ns < y->t_start_ns ? -1 : 1;
    if (x->t_end_ns != y->t_end_ns)
        return x->t_end_ns < y->t_end_ns ? -1 : 1;
    return (x->request > y->request) - (x->request < y->request);
}

// A step's beginning or end: how many sequences come in (or go out).
typedef struct change {
    int64_t t_ns;
    double sequences;
} change;

static int by_time(const void *a, const void *b)
{
    const change *x = a, *y = b;
    return (x->t_ns > y->t_ns) - (x->t_ns < y->t_ns);
}

static bool same_step(const step_key *a, const step_key *b)
{
    return a->t_start_ns == b->t_start_ns && a->t_end_ns == b->t_end_ns;
}

// Fills in the parts, and the changes: two per sequence and step.
static size_t take_steps(eb_shares *s, change *changes)
{
    size_t n = s->n_tokens, n_changes = 0;
    step_key *keys = eb_realloc(NULL, n + 1, sizeof *keys);
    for (size_t i = 0; i < n; i++)
        keys[i] = (step_key){ s->tokens[i].t_start_ns, s->tokens[i].t_end_ns, s->tokens[i].request, i };
    qsort(keys, n, sizeof *keys, by_step);
    for (size_t i = 0; i < n;) {
        size_t end = i + 1;
        while (end < n && by_step(&keys[i], &keys[end]) == 0)
            end++;
        s->n_steps += !i || !same_step(&keys[i - 1], &keys[i]);
        changes[n_changes++] = (change){ keys[i].t_start_ns, 1 };
        changes[n_changes++] = (change){ keys[i].t_end_ns, -1 };
        for (double part = 1 / (double)(end - i); i < end; i++)
            s->part[keys[i].token] = part;
    }
    free(keys);
    qsort(changes, n_changes, sizeof *changes, by_time);
    return n_changes;
}

static int64_t within(const eb_shares *s, int64_t t)
{
    return t < s->t0_ns ? s->t0_ns : t > s->t1_ns ? s->t1_ns : t;
}

static void sweep(eb_shares *s, const change *changes, size_t n)
{
    double sequences = 0, each_j = 0, outside_j = 0;
    int64_t last_ns = s->t0_ns;
    for (size_t i = 0; i <= n; i++) {
        int64_t t = i < n ? within(s, changes[i].t_ns) : s->t1_ns;
        if (t > last_ns) {
            double j = eb_trial_energy_window(s->energy, last_ns, t).j;
            *(sequences > 0 ? &each_j : &outside_j) += sequences > 0 ? j / sequences : j;
        }
        if (!s->n_at || t > s->at_ns[s->n_at - 1])
            s->at_ns[s->n_at++] = t;
        s->each_j[s->n_at - 1] = each_j;
        s->outside_j[s->n_at - 1] = outside_j;
        last_ns = t;
        sequences += i < n ? changes[i].sequences : 0;
    }
}

void eb_shares_init(eb_shares *s, const eb_trial_energy *energy, const eb_token_event *tokens, size_t n_tokens,
                    int64_t t0_ns, int64_t t1_ns)
{
    *s = (eb_shares){ .energy = energy, .tokens = tokens, .n_tokens = n_tokens, .t0_ns = t0_ns, .t1_ns = t1_ns };
    s->part = eb_realloc(NULL, n_tokens + 1, sizeof *s->part);
    change *changes = eb_realloc(NULL, 2 * n_tokens + 1, sizeof *changes);
    size_t n = take_steps(s, changes);
    s->known = eb_trial_energy_window(energy, t0_ns, t1_ns).status == EB_SAMPLE_OK;
    s->at_ns = eb_realloc(NULL, n + 1, sizeof *s->at_ns);
    s->each_j = eb_realloc(NULL, n + 1, sizeof *s->each_j);
    s->outside_j = eb_realloc(NULL, n + 1, sizeof *s->outside_j);
    if (s->known)
        sweep(s, changes, n);
    free(changes);
}

void eb_shares_deinit(eb_shares *s)
{
    free(s->part);
    free(s->at_ns);
    free(s->each_j);
    free(s->outside_j);
    *s = (eb_shares){ 0 };
}

// What one sequence has got until `t`, which is one of the times of the sweep or lies outside the window.
static double each_until(const eb_shares *s, int64_t t)
{
    size_t low = 0, high = s->n_at - 1;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (s->at_ns[mid] < t)
            low = mid + 1;
        else
            high = mid;
    }
    return s->each_j[low];
}

static double token_j(const eb_shares *s, size_t token)
{
    const eb_token_event *t = &s->tokens[token];
    return s->part[token] * (each_until(s, t->t_end_ns) - each_until(s, t->t_start_ns));
}

// The energy of the time from t0 to t1, scaled to `j` of it.
static eb_energy scaled(const eb_shares *s, int64_t t0_ns, int64_t t1_ns, double j)
{
    eb_energy e = eb_trial_energy_window(s->energy, within(s, t0_ns), within(s, t1_ns));
    double share = e.j > 0 ? j / e.j : 1;
    e.j = e.status == EB_SAMPLE_OK ? j : NAN;
    e.halfwidth_j *= share;
    e.boundary_j *= share;
    e.quantum_j *= share;
    e.class_j *= share;
    return e;
}

eb_energy eb_shares_token(const eb_shares *s, size_t token)
{
    return eb_shares_request(s, &token, 1);
}

eb_energy eb_shares_request(const eb_shares *s, const size_t *tokens, size_t n)
{
    double j = 0;
    int64_t from = INT64_MAX, to = INT64_MIN;
    if (!s->known || !n)
        return eb_energy_unknown(EB_SAMPLE_MISSING);
    for (size_t i = 0; i < n; i++) {
        const eb_token_event *t = &s->tokens[tokens[i]];
        j += token_j(s, tokens[i]);
        from = t->t_start_ns < from ? t->t_start_ns : from;
        to = t->t_end_ns > to ? t->t_end_ns : to;
    }
    return scaled(s, from, to, j);
}

double eb_shares_outside(const eb_shares *s)
{
    return s->known && s->n_at ? s->outside_j[s->n_at - 1] : NAN;
}
