// SPDX-License-Identifier: Apache-2.0
// Attention over cached positions in every kernel table that can run here, against sums in double; each query's bits
// are the same whatever is computed beside it, and what lies behind the last position has no effect.
#include "workloads/engine/kernels/kernels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static uint64_t state = 88172645463325252u;

static double uniform(double low, double high)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

static void *room(size_t count, size_t size)
{
    void *p = aligned_alloc(64, (count * size + 63) / 64 * 64);
    assert_non_null(p);
    return p;
}

// ---- a cache ---------------------------------------------------------------------------------------

typedef struct cache {
    int dim_k, dim_v, slots, n_pos; // positions beyond n_pos hold NaN
    bool half;
    float *key, *value; // [n_pos][dim], as the cache rounds them
    void *keys, *values;
} cache;

static void put(void *to, size_t i, float x, bool half)
{
    if (half)
        ((uint16_t *)to)[i] = eb_f32_to_f16(x);
    else
        ((float *)to)[i] = x;
}

static float rounded(float x, bool half)
{
    return half ? eb_f16_to_f32(eb_f32_to_f16(x)) : x;
}

static cache cache_new(int dim_k, int dim_v, int n_pos, bool half)
{
    cache c = { .dim_k = dim_k,
                .dim_v = (dim_v + EB_VALUE_STEP - 1) / EB_VALUE_STEP * EB_VALUE_STEP,
                .slots = (n_pos + EB_ATTEND_BLOCK - 1) / EB_ATTEND_BLOCK * EB_ATTEND_BLOCK,
                .n_pos = n_pos,
                .half = half };
    const size_t slots = (size_t)c.slots, k = (size_t)dim_k, v = (size_t)c.dim_v, elem = half ? 2 : 4;
    c.key = room(slots * k, sizeof(float));
    c.value = room(slots * v, sizeof(float));
    c.keys = room(slots * k, elem);
    c.values = room(slots * v, elem);
    for (size_t pos = 0; pos < slots; pos++) {
        const bool there = pos < (size_t)n_pos;
        for (size_t d = 0; d < k; d++) {
            c.key[pos * k + d] = rounded(there ? (float)uniform(-1, 1) : NAN, half);
            put(c.keys, pos / EB_KEY_GROUP * EB_KEY_GROUP * k + d * EB_KEY_GROUP + pos % EB_KEY_GROUP,
                c.key[pos * k + d], half);
        }
        for (size_t d = 0; d < v; d++) {
            c.value[pos * v + d] = rounded(there ? (float)uniform(-1, 1) : NAN, half);
            put(c.values, pos * v + d, c.value[pos * v + d], half);
        }
    }
    return c;
}

static void cache_free(cache *c)
{
    free(c->key), free(c->value), free(c->keys), free(c->values);
}

// ---- queries ---------------------------------------------------------------------------------------

// Queries whose last token sees all of the cache. The rows of q are apart, with other things between them.
static eb_attend queries_new(const cache *c, int tokens, int heads, double size)
{
    const size_t n = (size_t)(tokens * heads), ldq = (size_t)(heads * c->dim_k) + 3;
    float *q = room(ldq * (size_t)tokens, sizeof *q);
    for (size_t i = 0; i < ldq * (size_t)tokens; i++)
        q[i] = (float)uniform(-size, size);
    return (eb_attend){ .tokens = tokens,
                        .heads = heads,
                        .q = q,
                        .ldq = ldq,
                        .seen = c->n_pos - tokens + 1,
                        .keys = c->keys,
                        .values = c->values,
                        .half = c->half,
                        .dim_k = c->dim_k,
                        .dim_v = c->dim_v,
                        .max = room(n, sizeof(float)),
                        .sum = room(n, sizeof(float)),
                        .out = room(n * (size_t)c->dim_v, sizeof(float)) };
}

static void queries_free(eb_attend *a)
{
    free((void *)(uintptr_t)a->q), free(a->max), free(a->sum), free(a->out);
}

static void assert_near(const char *table, const char *what, double got, double want, double absolute)
{
    if (!(fabs(got - want) <= absolute))
        fail_msg("%s: %s is %.9g, not %.9g", table, what, got, want);
}

static double score_of(const cache *c, const float *q, int64_t pos)
{
    double sum = 0;
    for (int d = 0; d < c->dim_k; d++)
        sum += (double)q[d] * (double)c->key[(size_t)pos * (size_t)c->dim_k + (size_t)d];
    return sum;
}

// Query i over [from, end): the largest score, and with it the sums.
static void query_is_right(const eb_kernels *k, const cache *c, const eb_attend *a, int i, int64_t from, int64_t end)
{
    const int token = i / a->heads;
    const float *q = a->q + (size_t)token * a->ldq + (size_t)(i % a->heads) * (size_t)c->dim_k;
    const float *got = a->out + (size_t)i * (size_t)c->dim_v;
    double max = -INFINITY, sum = 0, *out = calloc((size_t)c->dim_v, sizeof *out);
    assert_non_null(out);
    end = end < a->seen + token ? end : a->seen + token;
    for (int64_t pos = from; pos < end; pos++)
        max = fmax(max, score_of(c, q, pos));
    for (int64_t pos = from; pos < end; pos++) {
        double weight = exp(score_of(c, q, pos) - max);
        sum += weight;
        for (int d = 0; d < c->dim_v; d++)
            out[d] += weight * (double)c->value[(size_t)pos * (size_t)c->dim_v + (size_t)d];
    }
    if (from >= end)
        assert_true(a->max[i] == -INFINITY && a->sum[i] == 0);
    else
        assert_near(k->name, "the largest score", (double)a->max[i], max, 2e-6 * (1 + fabs(max)));
    assert_near(k->name, "the sum of weights", (double)a->sum[i], sum, 5e-6 * sum);
    for (int d = 0; d < c->dim_v; d++)
        assert_near(k->name, "an output", (double)got[d], out[d], 5e-6 * sum);
    free(out);
}

// Each query alone gives the bits that it gave among the others.
static void queries_are_alone(const eb_kernels *k, const eb_attend *all, int64_t from, int64_t end)
{
    const size_t dim = (size_t)all->dim_v;
    float max, sum, *out = room(dim, sizeof *out);
    for (int i = 0; i < all->tokens * all->heads; i++) {
        eb_attend one = *all;
        one.tokens = one.heads = 1;
        one.q = all->q + (size_t)(i / all->heads) * all->ldq + (size_t)(i % all->heads) * (size_t)all->dim_k;
        one.seen = all->seen + i / all->heads;
        one.max = &max, one.sum = &sum, one.out = out;
        k->attend(&one, from, end);
        assert_true(max == all->max[i] && sum == all->sum[i]);
        for (size_t d = 0; d < dim; d++)
            assert_true(out[d] == all->out[(size_t)i * dim + d]);
    }
    free(out);
}

static void case_is_right(const eb_kernels *k, const cache *c, int tokens, int heads, double size, int64_t from,
                          int64_t end)
{
    eb_attend a = queries_new(c, tokens, heads, size);
    for (int i = 0; i < tokens * heads; i++) // what was there does not matter
        a.max[i] = a.sum[i] = a.out[i] = 1e30f;
    k->attend(&a, from, end);
    for (int i = 0; i < tokens * heads; i++)
        query_is_right(k, c, &a, i, from, end);
    queries_are_alone(k, &a, from, end);
    queries_free(&a);
}

// ---- tests -----------------------------------------------------------------------------------------

typedef void table_test(const eb_kernels *k);

// Once for tables that share these functions.
static void each_table(table_test *test)
{
    const eb_kernels *last = NULL;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable() && !(last && (*k)->attend == last->attend)) {
            test(*k);
            last = *k;
        }
}

static void shapes_of(const eb_kernels *k)
{
    static const int dims[][2] = {
        { 64, 64 }, { 80, 80 }, { 96, 96 }, { 128, 128 }, { 20, 20 }, { 1, 7 }, { 192, 128 }
    };
    static const int queries[][2] = { { 1, 1 }, { 1, 2 }, { 1, 3 }, { 1, 4 }, { 1, 7 }, { 1, 8 }, { 5, 1 }, { 16, 3 } };
    static const int positions[] = { 16, 63, 64, 65, 150 };
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (size_t p = 0; p < sizeof positions / sizeof *positions; p++)
            for (int half = 0; half < 2; half++) {
                cache c = cache_new(dims[d][0], dims[d][1], positions[p], half);
                for (size_t q = 0; q < sizeof queries / sizeof *queries; q++)
                    case_is_right(k, &c, queries[q][0], queries[q][1], 0.3, 0, positions[p]);
                cache_free(&c);
            }
}

// The first tokens of the tile see nothing of the second block, and of the third nobody sees all.
static void spans_of(const eb_kernels *k)
{
    cache c = cache_new(64, 64, 3 * EB_ATTEND_BLOCK - 5, true);
    for (int tokens = 1; tokens <= 100; tokens += 33)
        for (int64_t from = 0; from < c.n_pos; from += EB_ATTEND_BLOCK)
            for (int64_t end = from + 1; end <= c.n_pos; end += 37)
                case_is_right(k, &c, tokens, 2, 0.3, from, end);
    cache_free(&c);
}

// Scores of some hundreds: weights from 1 to nothing, and a maximum that moves from block to block.
static void large_scores_of(const eb_kernels *k)
{
    enum { DIM = 16, POSITIONS = 256 };
    cache c = cache_new(DIM, DIM, POSITIONS, false);
    for (int pos = 0; pos < POSITIONS; pos++)
        for (int d = 0; d < DIM; d++) {
            float *key = &c.key[pos * DIM + d];
            *key = (float)(*key > 0 ? 8 : -8) * (float)(1 + pos / 64);
            put(c.keys, (size_t)(pos / EB_KEY_GROUP * DIM + d) * EB_KEY_GROUP + (size_t)(pos % EB_KEY_GROUP), *key,
                false);
        }
    eb_attend a = queries_new(&c, 3, 2, 1);
    for (size_t i = 0; i < a.ldq * 3; i++)
        ((float *)(uintptr_t)a.q)[i] = i % 2 ? 1.5f : -0.75f; // exact products, so that the scores are
    k->attend(&a, 0, POSITIONS);
    for (int i = 0; i < 6; i++)
        query_is_right(k, &c, &a, i, 0, POSITIONS);
    queries_free(&a);
    cache_free(&c);
}

static void test_shapes(void **s)
{
    (void)s;
    each_table(shapes_of);
}

static void test_spans(void **s)
{
    (void)s;
    each_table(spans_of);
}

static void test_large_scores(void **s)
{
    (void)s;
    each_table(large_scores_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_large_scores),
    };
    return cmocka_run_group_tests_name("kernels_attention", tests, NULL, NULL);
}
