// SPDX-License-Identifier: Apache-2.0
// Sampling orders only as many candidates as it needs, on a heap: no sort of the whole vocabulary, and
// no allocation.
#include "workloads/engine/native/sampling.h"

#include <math.h>

enum { PIECE = 1024 };

// The piece that holds the largest logit first, then the logit.
int32_t eb_sample_greedy(const eb_kernels *kernels, const float *logits, int vocab)
{
    float most = -INFINITY;
    int at = 0;
    for (int i = 0; i < vocab; i += PIECE) {
        const float here = kernels->largest(logits + i, vocab - i < PIECE ? vocab - i : PIECE);
        if (here > most) {
            most = here;
            at = i;
        }
    }
    for (int i = at; i < vocab && most > -INFINITY; i++)
        if (logits[i] == most)
            return i;
    return 0;
}

static bool likelier(const eb_candidate *a, const eb_candidate *b)
{
    return a->logit > b->logit || (a->logit == b->logit && a->token < b->token);
}

static void sift_down(eb_candidate *heap, int at, int n)
{
    for (int child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && likelier(&heap[child + 1], &heap[child]);
        if (!likelier(&heap[child], &heap[at]))
            return;
        eb_candidate swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
    }
}

// Takes the likeliest off a heap of n and puts it where the heap ends then: heap[n - 1].
static const eb_candidate *pop(eb_candidate *heap, int n)
{
    eb_candidate top = heap[0];
    heap[0] = heap[n - 1];
    heap[n - 1] = top;
    sift_down(heap, 0, n - 1);
    return &heap[n - 1];
}

// A weight of exp(logit - best) has sum >= 1: no overflow, and no division by nothing. -inf and NaN weigh 0.
static int fill(const eb_kernels *kernels, const eb_sampling_spec *spec, const float *logits, int vocab,
                eb_candidate *c)
{
    const float best = logits[eb_sample_greedy(kernels, logits, vocab)], scale = (float)(1 / spec->temperature);
    float weight[PIECE];
    int n = 0;
    for (int32_t at = 0; at < vocab; at += PIECE) {
        const int32_t end = vocab - at < PIECE ? vocab : at + PIECE;
        kernels->exp_scaled(weight, logits + at, end - at, best, scale);
        for (int32_t i = at; i < end; i++) {
            const float w = logits[i] == best ? 1 : weight[i - at];
            if (w > 0)
                c[n++] = (eb_candidate){ .weight = (double)w, .logit = logits[i], .token = i };
        }
    }
    return n;
}

static double sum_of(const eb_candidate *c, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += c[i].weight;
    return sum;
}

// Walks the n candidates until their weights have passed `mark`.
static int32_t draw(const eb_candidate *c, int n, double mark)
{
    for (int i = 0; i < n - 1; i++) {
        mark -= c[i].weight;
        if (mark < 0)
            return c[i].token;
    }
    return c[n - 1].token;
}

// Leaves the kept candidates at the end of c, the least likely first, and returns their number.
static int keep_likeliest(const eb_sampling_spec *spec, eb_candidate *c, int n)
{
    const int k = spec->top_k > 0 && spec->top_k < n ? spec->top_k : n;
    double total = k == n ? sum_of(c, n) : 0, kept = 0;
    int n_kept = 0;
    for (int i = n / 2 - 1; i >= 0; i--)
        sift_down(c, i, n);
    if (k < n) { // top_p is a share of what top_k leaves
        for (int i = 0; i < k; i++)
            total += pop(c, n - i)->weight;
        for (int i = 0; i < k; i++) {
            kept += c[n - 1 - i].weight;
            n_kept++;
            if (kept >= spec->top_p * total)
                break;
        }
        return n_kept;
    }
    while (n_kept < k) {
        kept += pop(c, n - n_kept)->weight;
        n_kept++;
        if (kept >= spec->top_p * total)
            break;
    }
    return n_kept;
}

int32_t eb_sample(const eb_kernels *kernels, const eb_sampling_spec *spec, eb_rng *rng, const float *logits, int vocab,
                  eb_candidate *scratch)
{
    if (spec->temperature <= 0)
        return eb_sample_greedy(kernels, logits, vocab);
    int n = fill(kernels, spec, logits, vocab, scratch), kept = n;
    if (n == 0) // nothing but NaN
        return 0;
    if ((spec->top_k > 0 && spec->top_k < n) || spec->top_p < 1)
        kept = keep_likeliest(spec, scratch, n);
    const eb_candidate *from = scratch + (n - kept);
    return draw(from, kept, eb_rng_uniform(rng) * sum_of(from, kept));
}

bool eb_sampling_check(const eb_sampling_spec *spec, eb_err *err)
{
    if (!(spec->temperature >= 0) || isinf(spec->temperature))
        return eb_err_set(err, EB_USAGE, "temperature %g is not a number of at least 0", spec->temperature);
    if (spec->top_k < 0)
        return eb_err_set(err, EB_USAGE, "top_k %d is below 0", spec->top_k);
    if (spec->temperature > 0 && !(spec->top_p > 0 && spec->top_p <= 1))
        return eb_err_set(err, EB_USAGE, "top_p %g is not within 0 (excluded) and 1", spec->top_p);
    return true;
}
