// SPDX-License-Identifier: Apache-2.0
// What of a trial's energy belongs to which phase, request and token.
#include "harness/record/trial_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/share.h"

static void add_row(eb_trial_sums *s, eb_part part, int64_t request, eb_energy e)
{
    EB_GROW(s->rows, s->n_rows, s->cap_rows);
    s->rows[s->n_rows++] = (eb_energy_row){ s->number, part, request, e.j, e.halfwidth_j, e.grade };
}

// ---- requests ----

typedef struct owned {
    uint32_t request;
    size_t token;
} owned;

static int by_request(const void *a, const void *b)
{
    const owned *x = a, *y = b;
    if (x->request != y->request)
        return x->request < y->request ? -1 : 1;
    return (x->token > y->token) - (x->token < y->token);
}

static void add_requests(eb_trial_sums *s, const eb_shares *shares)
{
    size_t n = shares->n_tokens;
    owned *all = eb_realloc(NULL, n + 1, sizeof *all);
    size_t *tokens = eb_realloc(NULL, n + 1, sizeof *tokens);
    for (size_t i = 0; i < n; i++)
        all[i] = (owned){ shares->tokens[i].request, i };
    qsort(all, n, sizeof *all, by_request);
    for (size_t i = 0; i < n;) {
        size_t count = 0, first = i;
        for (; i < n && all[i].request == all[first].request; i++)
            tokens[count++] = all[i].token;
        add_row(s, EB_PART_REQUEST, all[first].request, eb_shares_request(shares, tokens, count));
    }
    free(tokens);
    free(all);
}

// ---- tokens ----

typedef struct observed {
    int64_t at_ns;
    double j, halfwidth_j;
} observed;

static int by_time(const void *a, const void *b)
{
    const observed *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return (x->j > y->j) - (x->j < y->j);
}

static size_t distinct_times(const observed *o, size_t n)
{
    size_t times = 0;
    for (size_t i = 0; i < n; i++)
        times += !i || o[i].at_ns != o[i - 1].at_ns;
    return times;
}

// Tokens after the first of each request: the first one's energy is that of a whole prompt.
static void add_tokens(eb_trial_sums *s, const eb_shares *shares, const eb_phases *phases)
{
    observed *o = eb_realloc(NULL, shares->n_tokens + 1, sizeof *o);
    size_t n = 0;
    for (size_t i = 0; i < shares->n_tokens; i++)
        if (shares->tokens[i].index) {
            eb_energy e = eb_shares_token(shares, i);
            o[n++] = (observed){ shares->tokens[i].t_end_ns, e.j, e.halfwidth_j };
        }
    qsort(o, n, sizeof *o, by_time);
    size_t times = distinct_times(o, n);
    size_t updates = eb_phases_updates(phases, shares->energy, EB_PHASE_DECODE);
    s->updates_per_step = times ? (double)updates / (double)times : NAN;
    if (times && shares->known && updates >= 2 * times) {
        eb_doubles *pool = &s->pool[EB_POOL_TOKEN_ENERGY];
        *pool = (eb_doubles){ eb_realloc(NULL, n, sizeof *pool->items), n, n, times };
        double *half = eb_realloc(NULL, n, sizeof *half);
        for (size_t i = 0; i < n; i++) {
            pool->items[i] = o[i].j;
            half[i] = o[i].halfwidth_j;
        }
        s->token_halfwidth_j = eb_median(half, n);
        free(half);
    }
    free(o);
}

// Many short pieces, whose ends are those of the steps: it is off by what the requests and the window are off, at most.
static double outside_halfwidth(const eb_trial_sums *s, const eb_energy *whole)
{
    double requests_j = 0;
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].part == EB_PART_REQUEST)
            requests_j += s->rows[i].halfwidth_j;
    return whole->halfwidth_j + requests_j;
}

void eb_trial_parts_measure(eb_trial_sums *s, const eb_trial_energy *energy, const eb_trial_data *trial,
                            const eb_phases *phases, const eb_energy *whole, const eb_energy *prefill,
                            const eb_energy *decode)
{
    eb_shares shares;
    eb_shares_init(&shares, energy, trial->tokens, trial->n_tokens, trial->info.t_start_ns, trial->info.t_end_ns);
    add_row(s, EB_PART_WINDOW, -1, *whole);
    add_row(s, EB_PART_PREFILL, -1, *prefill);
    add_row(s, EB_PART_DECODE, -1, *decode);
    add_requests(s, &shares);
    eb_energy outside = *whole;
    outside.j = eb_shares_outside(&shares);
    outside.halfwidth_j = outside_halfwidth(s, whole);
    add_row(s, EB_PART_OUTSIDE, -1, outside);
    add_tokens(s, &shares, phases);
    eb_shares_deinit(&shares);
}
