// SPDX-License-Identifier: Apache-2.0
// How far a quantized model's logits are from the reference type's: mean KL divergence and top-1 agreement.
#include <math.h>

#include "workloads/workload_impl.h"

static double log_sum_exp(const float *x, int n)
{
    double top = x[0], sum = 0;
    for (int i = 1; i < n; i++)
        top = x[i] > top ? x[i] : top;
    int i = 0;
    do // n >= 1, so that the sum is at least the top's own exp(0)
        sum += exp(x[i] - top);
    while (++i < n);
    return top + log(sum);
}

static int argmax(const float *x, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        if (x[i] > x[best])
            best = i;
    return best;
}

void eb_quality_compare(const float *ref, const float *test, int n, int vocab, eb_quality *out)
{
    double kld = 0;
    int agree = 0;
    for (int row = 0; row < n; row++) {
        const float *p = ref + (size_t)row * (size_t)vocab, *q = test + (size_t)row * (size_t)vocab;
        double zp = log_sum_exp(p, vocab), zq = log_sum_exp(q, vocab);
        for (int i = 0; i < vocab; i++) {
            double lp = p[i] - zp;
            kld += exp(lp) * (lp - (q[i] - zq));
        }
        agree += argmax(p, vocab) == argmax(q, vocab);
    }
    out->n_tok = n;
    out->kld_nats = n > 0 ? kld / n : NAN;
    out->top1_agree = n > 0 ? (double)agree / n : NAN;
}

void eb_quality_tokens(uint64_t seed, int vocab, int32_t *out, int n)
{
    eb_generate_tokens(seed, 0x20000u, vocab, out, n);
}
