// SPDX-License-Identifier: Apache-2.0
// The state space kernels of every table that can run here, against recurrences in double: token after token, in any
// cut of the tokens with the same bits, and with nothing written outside of the channels asked for.
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

static float *random_floats(int64_t n, double low, double high)
{
    float *v = aligned_alloc(64, ((size_t)n * sizeof *v + 64) / 64 * 64);
    assert_non_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)uniform(low, high);
    return v;
}

static void assert_near(const eb_kernels *k, const char *what, double got, double want, double relative,
                        double absolute)
{
    if (!(fabs(got - want) <= relative * fabs(want) + absolute))
        fail_msg("%s %s: %.9g, not %.9g", k->name, what, got, want);
}

static double silu(double x)
{
    return x / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

typedef void table_test(const eb_kernels *k);

// Once for tables that share these functions.
static void each_table(table_test *test)
{
    const eb_kernels *last = NULL;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++)
        if ((*k)->usable() && !(last && (*k)->scan1 == last->scan1)) {
            test(*k);
            last = *k;
        }
}

// How the tokens are cut into calls: all at once, one by one, and in between.
static const int cuts[] = { 1000, 1, 7, 33 };
enum { CUTS = sizeof cuts / sizeof *cuts };

// ---- convolution -----------------------------------------------------------------------------------

enum { CHANNELS = 47, FROM = 16, TO = 45, TOKENS = 70, LDX = CHANNELS + 2, LDY = CHANNELS + 5 };

static double conv_want(const float *x, const float *w, const float *bias, int t, int i, int taps)
{
    double sum = (double)bias[i];
    for (int j = 0; j < taps && j <= t; j++)
        sum += (double)w[(taps - 1 - j) * CHANNELS + i] * (double)x[(t - j) * LDX + i];
    return silu(sum);
}

static void conv_run(const eb_kernels *k, const float *x, const float *w, const float *bias, int taps, int cut,
                     float *y)
{
    float *past = random_floats((taps - 1) * CHANNELS, 0, 0);
    for (int t = 0; t < TOKENS; t += cut) {
        const eb_conv1d c = { .tokens = TOKENS - t < cut ? TOKENS - t : cut,
                              .channels = CHANNELS,
                              .taps = taps,
                              .x = x + t * LDX,
                              .ldx = LDX,
                              .y = y + t * LDY,
                              .ldy = LDY,
                              .state = past,
                              .w = w,
                              .bias = bias };
        k->conv1d_silu(&c, FROM, TO);
    }
    for (int i = 0; i < (taps - 1) * CHANNELS; i++)
        assert_true((i % CHANNELS >= FROM && i % CHANNELS < TO) || past[i] == 0);
    free(past);
}

static void conv1d_of(const eb_kernels *k)
{
    for (int taps = 1; taps <= 8; taps++) { // one tap: no past at all
        float *x = random_floats(LDX * TOKENS, -1, 1), *w = random_floats(CHANNELS * taps, -1, 1);
        float *bias = random_floats(CHANNELS, -1, 1), *first = NULL;
        for (int cut = 0; cut < CUTS; cut++) {
            float *y = random_floats(LDY * TOKENS, 7, 7);
            conv_run(k, x, w, bias, taps, cuts[cut], y);
            for (int t = 0; t < TOKENS; t++)
                for (int i = 0; i < LDY; i++)
                    if (i < FROM || i >= TO)
                        assert_true(y[t * LDY + i] == 7);
                    else
                        assert_near(k, "convolution", (double)y[t * LDY + i], conv_want(x, w, bias, t, i, taps), 1e-6,
                                    1e-6);
            assert_true(!first || memcmp(first, y, sizeof *y * LDY * TOKENS) == 0);
            free(first);
            first = y;
        }
        free(x), free(w), free(bias), free(first);
    }
}

// ---- mamba -----------------------------------------------------------------------------------------

typedef struct scan_case {
    int n; // states
    size_t bc_width;
    float *rate, *x, *dt, *z, *d, *bc; // rate [CHANNELS][n]
} scan_case;

static scan_case scan_new(int n)
{
    scan_case s = { .n = n, .bc_width = 2 * (size_t)n + 3 };
    s.rate = random_floats(CHANNELS * n, -16, 0);
    s.x = random_floats(LDX * TOKENS, -1, 1);
    s.dt = random_floats(LDX * TOKENS, -8, 4);
    s.z = random_floats(LDY * TOKENS, -6, 6);
    s.d = random_floats(CHANNELS, -1, 1);
    s.bc = random_floats((int64_t)s.bc_width * TOKENS, -1, 1);
    s.dt[5 * LDX + 20] = 300; // decays to nothing
    s.dt[6 * LDX + 21] = -200;
    for (int i = 0; i < n; i++)
        s.rate[22 * n + i] = -1e-4f; // forgets next to nothing
    return s;
}

static void scan_free(scan_case *s)
{
    free(s->rate), free(s->x), free(s->dt), free(s->z), free(s->d), free(s->bc);
}

// z and the states as the kernel makes them.
static void scan1_run(const eb_kernels *k, const scan_case *s, int end, int cut, float *z, float *h)
{
    const int blocks = (CHANNELS + EB_SCAN_LANES - 1) / EB_SCAN_LANES;
    float *a = random_floats((int64_t)blocks * s->n * EB_SCAN_LANES, 0, 0);
    for (int i = 0; i < CHANNELS; i++)
        for (int j = 0; j < s->n; j++)
            a[(i / EB_SCAN_LANES * s->n + j) * EB_SCAN_LANES + i % EB_SCAN_LANES] =
                (float)(1.4426950408889634 * (double)s->rate[i * s->n + j]);
    for (int t = 0; t < TOKENS; t += cut) {
        const eb_scan1 job = { .tokens = TOKENS - t < cut ? TOKENS - t : cut,
                               .channels = CHANNELS,
                               .d_state = s->n,
                               .h = h,
                               .a = a,
                               .d = s->d,
                               .x = s->x + t * LDX,
                               .ldx = LDX,
                               .dt = s->dt + t * LDX,
                               .ldt = LDX,
                               .z = z + t * LDY,
                               .ldz = LDY,
                               .b = s->bc + (size_t)t * s->bc_width,
                               .c = s->bc + (size_t)t * s->bc_width + s->n,
                               .ld_bc = s->bc_width };
        k->scan1(&job, FROM, end);
    }
    free(a);
}

// Channel i in double, from start to end, against the kernel's outputs and its last state.
static void channel_is_right(const eb_kernels *k, const scan_case *s, int i, const float *z, const float *h)
{
    double *state_of = calloc(2 * (size_t)s->n, sizeof *state_of), *terms = state_of + s->n; // terms: sizes added up
    assert_non_null(state_of);
    for (int t = 0; t < TOKENS; t++) {
        const float *b = s->bc + (size_t)t * s->bc_width, *c = b + s->n;
        const double dt = softplus((double)s->dt[t * LDX + i]), x = (double)s->x[t * LDX + i];
        double y = (double)s->d[i] * x, size = fabs(y);
        for (int j = 0; j < s->n; j++) {
            const double decay = exp(dt * (double)s->rate[i * s->n + j]), in = dt * x * (double)b[j];
            state_of[j] = decay * state_of[j] + in;
            terms[j] = decay * terms[j] + fabs(in);
            y += state_of[j] * (double)c[j];
            size += terms[j];
        }
        const double gate = silu((double)s->z[t * LDY + i]);
        assert_near(k, "scan output", (double)z[t * LDY + i], gate * y, 0, fabs(gate) * size * 3e-6 + 1e-30);
    }
    for (int j = 0; j < s->n; j++) {
        const float got = h[(i / EB_SCAN_LANES * s->n + j) * EB_SCAN_LANES + i % EB_SCAN_LANES];
        assert_near(k, "scan state", (double)got, state_of[j], 0, 3e-6 * terms[j] + 1e-30);
    }
    free(state_of);
}

static void scan1_of(const eb_kernels *k)
{
    static const int states[] = { 1, 3, 4, 16, 17, 64 };
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        scan_case s = scan_new(states[i]);
        const int64_t size = (int64_t)(CHANNELS + EB_SCAN_LANES) * s.n;
        const int end = i % 2 ? CHANNELS : 2 * EB_SCAN_LANES;
        float *first = NULL;
        for (int cut = 0; cut < CUTS; cut++) {
            float *h = random_floats(size, 0, 0), *z = random_floats(LDY * TOKENS, 0, 0);
            memcpy(z, s.z, sizeof *z * LDY * TOKENS);
            scan1_run(k, &s, end, cuts[cut], z, h);
            for (int c = FROM; !first && c < end; c++)
                channel_is_right(k, &s, c, z, h);
            for (int t = 0; t < TOKENS; t++)
                for (int c = 0; c < LDY; c++)
                    assert_true((c >= FROM && c < end) || z[t * LDY + c] == s.z[t * LDY + c]);
            assert_true(!first || memcmp(first, z, sizeof *z * LDY * TOKENS) == 0);
            free(first), free(h);
            first = z;
        }
        free(first);
        scan_free(&s);
    }
}

// ---- mamba2 ----------------------------------------------------------------------------------------

static void scan2_run(const eb_kernels *k, const scan_case *s, int dim, float rate, int cut, float *z, float *h,
                      size_t ldh)
{
    float factor = 1;
    for (int t = 0; t < TOKENS; t += cut) {
        const eb_scan2 job = { .tokens = TOKENS - t < cut ? TOKENS - t : cut,
                               .head_dim = dim,
                               .d_state = s->n,
                               .h = h,
                               .ldh = ldh,
                               .factor = &factor,
                               .a = rate,
                               .d = s->d[0],
                               .dt_bias = 0.25f,
                               .x = s->x + t * dim,
                               .ldx = (size_t)dim,
                               .dt = s->dt + t * LDX,
                               .ldt = LDX,
                               .z = z + t * (dim + 1),
                               .ldz = (size_t)dim + 1,
                               .b = s->bc + (size_t)t * s->bc_width,
                               .c = s->bc + (size_t)t * s->bc_width + s->n,
                               .ld_bc = s->bc_width };
        k->scan2(&job);
    }
    assert_true(factor >= EB_SCAN_FACTOR_MIN && factor <= 1);
    for (size_t i = 0; i < ldh * (size_t)s->n; i++)
        h[i] *= factor;
}

static void head_is_right(const eb_kernels *k, const scan_case *s, int dim, float rate, int i, const float *gates,
                          const float *z, const float *h, size_t ldh)
{
    double *state_of = calloc(2 * (size_t)s->n, sizeof *state_of), *terms = state_of + s->n; // terms: sizes added up
    assert_non_null(state_of);
    for (int t = 0; t < TOKENS; t++) {
        const float *b = s->bc + (size_t)t * s->bc_width, *c = b + s->n;
        const double dt = softplus((double)s->dt[t * LDX] + 0.25), x = (double)s->x[t * dim + i];
        double y = (double)s->d[0] * x, size = fabs(y), decay = exp(dt * (double)rate);
        for (int j = 0; j < s->n; j++) {
            const double in = dt * x * (double)b[j];
            state_of[j] = decay * state_of[j] + in;
            terms[j] = decay * terms[j] + fabs(in);
            y += state_of[j] * (double)c[j];
            size += terms[j];
        }
        const double gate = silu((double)gates[t * (dim + 1) + i]);
        assert_near(k, "scan2 output", (double)z[t * (dim + 1) + i], gate * y, 0, fabs(gate) * size * 3e-6 + 1e-30);
    }
    for (int j = 0; j < s->n; j++)
        assert_near(k, "scan2 state", (double)h[(size_t)j * ldh + (size_t)i], state_of[j], 0, 3e-6 * terms[j] + 1e-30);
    free(state_of);
}

static void scan2_case(const eb_kernels *k, int dim, int n, float rate)
{
    scan_case s = scan_new(n);
    const size_t ldh = (size_t)((dim + EB_SCAN_LANES - 1) / EB_SCAN_LANES * EB_SCAN_LANES);
    float *gates = random_floats((dim + 1) * TOKENS, -6, 6), *first = NULL;
    free(s.x);
    s.x = random_floats(dim * TOKENS, -1, 1);
    for (int cut = 0; cut < CUTS; cut++) {
        float *h = random_floats((int64_t)ldh * n, 0, 0), *z = random_floats((dim + 1) * TOKENS, 0, 0);
        memcpy(z, gates, sizeof *z * (size_t)((dim + 1) * TOKENS));
        scan2_run(k, &s, dim, rate, cuts[cut], z, h, ldh);
        for (int i = 0; !first && i < dim; i++)
            head_is_right(k, &s, dim, rate, i, gates, z, h, ldh);
        for (int t = 0; t < TOKENS; t++)
            assert_true(z[t * (dim + 1) + dim] == gates[t * (dim + 1) + dim]);
        assert_true(!first || memcmp(first, z, sizeof *z * (size_t)((dim + 1) * TOKENS)) == 0);
        free(first), free(h);
        first = z;
    }
    free(first), free(gates);
    scan_free(&s);
}

static void scan2_of(const eb_kernels *k)
{
    static const int dims[] = { 1, 5, 16, 64, 80, 150 }, states[] = { 1, 5, 16, 128 };
    static const float rates[] = { -0.01f, -1, -16 };
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++)
        for (size_t n = 0; n < sizeof states / sizeof *states; n++)
            for (size_t r = 0; r < sizeof rates / sizeof *rates; r++)
                scan2_case(k, dims[d], states[n], rates[r]);
}

static void test_conv1d(void **s)
{
    (void)s;
    each_table(conv1d_of);
}

static void test_scan1(void **s)
{
    (void)s;
    each_table(scan1_of);
}

static void test_scan2(void **s)
{
    (void)s;
    each_table(scan2_of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conv1d),
        cmocka_unit_test(test_scan1),
        cmocka_unit_test(test_scan2),
    };
    return cmocka_run_group_tests_name("kernels_scan", tests, NULL, NULL);
}
