// SPDX-License-Identifier: Apache-2.0
// Latencies count from the scheduled arrival, not from when a late client sent the request.
#include "harness/record/latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

static int by_request_index(const void *a, const void *b)
{
    const eb_token_event *x = a, *y = b;
    if (x->request != y->request)
        return x->request < y->request ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

// Rows mostly are: a sort would go over them a dozen times.
static bool in_order(const eb_token_event *t, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_request_index(&t[i - 1], &t[i]) > 0)
            return false;
    return true;
}

static int by_request(const void *a, const void *b)
{
    const eb_request_row *x = a, *y = b;
    return (x->request > y->request) - (x->request < y->request);
}

// What a pool is made of, before it is in order.
typedef struct observation {
    int64_t at_ns;
    double value;
} observation;
typedef struct observations {
    observation *items;
    size_t n, cap;
} observations;

static void push(observations *list, int64_t at_ns, double value)
{
    EB_GROW(list->items, list->n, list->cap);
    list->items[list->n++] = (observation){ at_ns, value };
}

static int by_time(const void *a, const void *b)
{
    const observation *x = a, *y = b;
    if (x->at_ns != y->at_ns)
        return x->at_ns < y->at_ns ? -1 : 1;
    return (x->value > y->value) - (x->value < y->value);
}

// A single sequence is in order already, and may be long.
static void put_in_order(observations *list)
{
    for (size_t i = 1; i < list->n; i++)
        if (by_time(&list->items[i - 1], &list->items[i]) > 0) {
            qsort(list->items, list->n, sizeof *list->items, by_time);
            return;
        }
}

static void fill(eb_doubles *pool, observations *list)
{
    put_in_order(list);
    *pool =
        (eb_doubles){ .items = eb_realloc(NULL, list->n + 1, sizeof *pool->items), .n = list->n, .cap = list->n + 1 };
    for (size_t i = 0; i < list->n; i++) {
        pool->moments += i == 0 || list->items[i].at_ns != list->items[i - 1].at_ns;
        pool->items[i] = list->items[i].value;
    }
    free(list->items);
}

static void phases(eb_latency *out, const eb_token_event *t)
{
    out->output_tok++;
    if (t->t_end_ns > out->decode_end_ns)
        out->decode_end_ns = t->t_end_ns;
    if (t->index) {
        out->decode_tok++;
        return;
    }
    if (!out->first_tok || t->t_start_ns < out->prefill_start_ns)
        out->prefill_start_ns = t->t_start_ns;
    if (!out->first_tok || t->t_end_ns > out->prefill_end_ns)
        out->prefill_end_ns = t->t_end_ns;
    out->first_tok++;
}

// One request's n tokens in order of their index.
static void request(eb_latency *out, const eb_request_row *r, const eb_token_event *t, size_t n, const eb_slo *slo,
                    observations pool[EB_POOL_COUNT])
{
    if (t[0].index == 0)
        out->prompt_tok += r->prompt_tok;
    // Without limits every token is a good one, also of a request that the end of the time cut off.
    if (r->status == EB_REQUEST_CANCELLED && isinf(slo->ttft_ns) && isinf(slo->tpot_ns) && isinf(slo->e2e_ns))
        out->good_tok += (double)n;
    if (r->status != EB_REQUEST_OK || t[0].index != 0)
        return;
    double ttft = (double)(t[0].t_end_ns - r->scheduled_ns), e2e = (double)(t[n - 1].t_end_ns - r->scheduled_ns);
    double tpot = n > 1 ? (double)(t[n - 1].t_end_ns - t[0].t_end_ns) / (double)(n - 1) : NAN;
    push(&pool[EB_POOL_TTFT], t[0].t_end_ns, ttft);
    push(&pool[EB_POOL_E2E], t[n - 1].t_end_ns, e2e);
    if (n > 1)
        push(&pool[EB_POOL_TPOT], t[n - 1].t_end_ns, tpot);
    for (size_t i = 1; i < n; i++)
        push(&pool[EB_POOL_ITL], t[i].t_end_ns, (double)(t[i].t_end_ns - t[i - 1].t_end_ns));
    out->n_ok++;
    if (ttft <= slo->ttft_ns && e2e <= slo->e2e_ns && !(tpot > slo->tpot_ns))
        out->good_tok += (double)n;
}

void eb_latency_measure(eb_latency *out, const eb_trial_data *trial, const eb_slo *slo, eb_doubles pool[EB_POOL_COUNT])
{
    observations made[EB_POOL_COUNT] = { 0 };
    *out = (eb_latency){ .decode_end_ns = INT64_MIN };
    size_t n = trial->n_tokens;
    eb_token_event *tokens = eb_realloc(NULL, n + 1, sizeof *tokens);
    eb_request_row *rows = eb_realloc(NULL, trial->n_requests + 1, sizeof *rows);
    if (n)
        memcpy(tokens, trial->tokens, n * sizeof *tokens);
    if (trial->n_requests)
        memcpy(rows, trial->requests, trial->n_requests * sizeof *rows);
    if (!in_order(tokens, n))
        qsort(tokens, n, sizeof *tokens, by_request_index);
    qsort(rows, trial->n_requests, sizeof *rows, by_request);
    for (size_t i = 0; i < n;) {
        size_t end = i;
        while (end < n && tokens[end].request == tokens[i].request)
            phases(out, &tokens[end++]);
        const eb_request_row key = { .request = tokens[i].request };
        const eb_request_row *row = bsearch(&key, rows, trial->n_requests, sizeof *rows, by_request);
        if (row)
            request(out, row, tokens + i, end - i, slo, made);
        i = end;
    }
    for (int p = 0; p <= EB_POOL_E2E; p++)
        fill(&pool[p], &made[p]);
    free(rows);
    free(tokens);
}
