// SPDX-License-Identifier: Apache-2.0
// Attention over cached positions in plain C: query by query and position by position.
#include "workloads/engine/kernels/scalar.h"

#include <math.h>
#include <string.h>

static float cached(const void *p, size_t i, bool half)
{
    return half ? eb_f16_to_f32(((const uint16_t *)p)[i]) : ((const float *)p)[i];
}

static float score_at(const eb_attend *a, const float *q, size_t pos)
{
    const size_t dim = (size_t)a->dim_k, first = pos / EB_KEY_GROUP * EB_KEY_GROUP * dim + pos % EB_KEY_GROUP;
    float sum = 0;
    for (size_t d = 0; d < dim; d++)
        sum += q[d] * cached(a->keys, first + d * EB_KEY_GROUP, a->half);
    return sum;
}

// The sums so far, brought from the old largest score to the new one.
static void rescale(const eb_attend *a, int query, float most)
{
    float *out = a->out + (size_t)query * (size_t)a->dim_v, factor = expf(a->max[query] - most);
    for (int d = 0; d < a->dim_v; d++)
        out[d] *= factor;
    a->sum[query] *= factor;
    a->max[query] = most;
}

static void attend_query(const eb_attend *a, int query, int64_t from, int64_t end)
{
    const int token = query / a->heads, head = query % a->heads;
    const float *q = a->q + (size_t)token * a->ldq + (size_t)head * (size_t)a->dim_k;
    float *out = a->out + (size_t)query * (size_t)a->dim_v;
    for (int64_t pos = from; pos < end && pos < a->seen + token; pos++) {
        float score = score_at(a, q, (size_t)pos);
        if (!(score <= a->max[query]))
            rescale(a, query, score);
        float weight = expf(score - a->max[query]);
        a->sum[query] += weight;
        for (int d = 0; d < a->dim_v; d++)
            out[d] += weight * cached(a->values, (size_t)pos * (size_t)a->dim_v + (size_t)d, a->half);
    }
}

void eb_attend_scalar(const eb_attend *a, int64_t from, int64_t end)
{
    for (int i = 0; i < a->tokens * a->heads; i++) {
        a->max[i] = -INFINITY;
        a->sum[i] = 0;
        memset(a->out + (size_t)i * (size_t)a->dim_v, 0, (size_t)a->dim_v * sizeof *a->out);
        attend_query(a, i, from, end);
    }
}
