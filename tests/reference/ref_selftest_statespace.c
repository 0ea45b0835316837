// SPDX-License-Identifier: Apache-2.0
// A scan is a sum: y_t = sum over s <= t of
//   sum_n C_t[n] exp(a_n (dt_{s+1} + ... + dt_t)) B_s[n] dt_s x_s
// which shares no recurrence with the code under test. The toys have one layer
// and one token repeated, normalized to (1, 1); the mixer writes y to the first
// coordinate of (1, 1) only, so the ratio of the two logits is 1 + y.
#include "ref_gguf.h"
#include "ref_selftest.h"

#include <math.h>
#include <stdlib.h>

enum { T = 7, HIDDEN = 2, STATE = 3, CONV = 3 };
static const uint32_t tokens[T] = { 0 };

static double silu(double x)
{
    return x / (1 + exp(-x));
}

static double softplus(double x)
{
    return log(1 + exp(x));
}

// dt, x: [T]; b, c: [T][STATE]; a: [STATE]
static double unrolled(const double *dt, const double *x, double (*b)[STATE], double (*c)[STATE], const double *a,
                       size_t t)
{
    double y = 0;
    for (size_t s = 0; s <= t; s++) {
        double between = 0;
        for (size_t r = s + 1; r <= t; r++)
            between += dt[r];
        for (size_t n = 0; n < STATE; n++)
            y += c[t][n] * exp(a[n] * between) * b[s][n] * dt[s] * x[s];
    }
    return y;
}

// A constant input v seen through the taps at step t: those of absent tokens
// (the first ones) are missing.
static double convolved(const float *tap, double bias, double v, size_t t)
{
    double sum = bias;
    for (size_t j = 0; j < CONV; j++)
        if (t + j >= CONV - 1)
            sum += tap[j] * v;
    return silu(sum);
}

// The input projection of (1, 1).
static double projected(const float *in, size_t row)
{
    return (double)in[row * HIDDEN] + in[row * HIDDEN + 1];
}

static void begin(toy *t, const char *arch, size_t inner, size_t dt_rank)
{
    static const double head[4] = { 1, 0, 0, 1 };
    toy_init(t, arch, 1, HIDDEN, 0);
    mk_arch_u32(&t->out, "ssm.conv_kernel", CONV);
    mk_arch_u32(&t->out, "ssm.inner_size", (uint32_t)inner);
    mk_arch_u32(&t->out, "ssm.state_size", STATE);
    mk_arch_u32(&t->out, "ssm.time_step_rank", (uint32_t)dt_rank);
    toy_add(t, "token_embd.weight", constant_floats(HIDDEN * 2, 1), HIDDEN, 2, 0);
    toy_add(t, "output.weight", list_floats(4, head), HIDDEN, 2, 0);
    toy_add(t, "output_norm.weight", constant_floats(HIDDEN, 1), HIDDEN, 0, 0);
    toy_add(t, "blk.0.attn_norm.weight", constant_floats(HIDDEN, 1), HIDDEN, 0, 0);
}

// The output projection: `row` to the first coordinate, nothing to the second.
static void add_out(toy *t, const float *row, size_t inner)
{
    float *out = ref_alloc(inner * HIDDEN, sizeof *out);
    for (size_t i = 0; i < inner; i++)
        out[i] = row[i];
    toy_add(t, "blk.0.ssm_out.weight", out, inner, HIDDEN, 0);
}

static float *dup(const float *v, size_t n)
{
    return copy_floats(v, n, 1, 1);
}

static void compare(double *logits, const double *want, const char *name)
{
    bool ok = true;
    for (size_t t = 0; t < T; t++)
        ok &= near(logits[2 * t] / logits[2 * t + 1] - 1, want[t], 1e-12);
    check(ok, name);
    free(logits);
}

static float *negative(float *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        v[i] = -fabsf(v[i]) - 0.1f;
    return v;
}

static void test_mamba(void)
{
    enum { INNER = 4, RANK = 2, WIDTH = RANK + 2 * STATE };
    float *in = random_floats(1, 2 * INNER * HIDDEN, 0.7), *tap = random_floats(2, CONV * INNER, 0.7);
    float *tap_bias = random_floats(3, INNER, 0.3), *x_proj = random_floats(4, INNER * WIDTH, 0.7);
    float *dt_proj = random_floats(5, RANK * INNER, 0.7), *dt_bias = random_floats(6, INNER, 0.5);
    float *a = negative(random_floats(7, STATE * INNER, 1), STATE * INNER), *d = random_floats(8, INNER, 1);
    float *out = random_floats(9, INNER, 1);
    toy t;
    begin(&t, "mamba", INNER, RANK);
    toy_add(&t, "blk.0.ssm_in.weight", dup(in, 2 * INNER * HIDDEN), HIDDEN, 2 * INNER, 0);
    toy_add(&t, "blk.0.ssm_conv1d.weight", dup(tap, CONV * INNER), CONV, INNER, 0);
    toy_add(&t, "blk.0.ssm_conv1d.bias", dup(tap_bias, INNER), INNER, 0, 0);
    toy_add(&t, "blk.0.ssm_x.weight", dup(x_proj, INNER * WIDTH), INNER, WIDTH, 0);
    toy_add(&t, "blk.0.ssm_dt.weight", dup(dt_proj, RANK * INNER), RANK, INNER, 0);
    toy_add(&t, "blk.0.ssm_dt.bias", dup(dt_bias, INNER), INNER, 0, 0);
    toy_add(&t, "blk.0.ssm_a", dup(a, STATE * INNER), STATE, INNER, 0);
    toy_add(&t, "blk.0.ssm_d", dup(d, INNER), INNER, 0, 0);
    add_out(&t, out, INNER);

    double x[INNER][T], dt[INNER][T], p[T][WIDTH] = { { 0 } }, b[T][STATE], c[T][STATE], want[T] = { 0 };
    for (size_t s = 0; s < T; s++) {
        for (size_t i = 0; i < INNER; i++)
            x[i][s] = convolved(tap + i * CONV, tap_bias[i], projected(in, i), s);
        for (size_t o = 0; o < WIDTH; o++)
            for (size_t i = 0; i < INNER; i++)
                p[s][o] += x_proj[o * INNER + i] * x[i][s];
        for (size_t n = 0; n < STATE; n++)
            b[s][n] = p[s][RANK + n];
        for (size_t n = 0; n < STATE; n++)
            c[s][n] = p[s][RANK + STATE + n];
        for (size_t i = 0; i < INNER; i++)
            dt[i][s] = softplus(dt_bias[i] + dt_proj[i * RANK] * p[s][0] + dt_proj[i * RANK + 1] * p[s][1]);
    }
    for (size_t i = 0; i < INNER; i++) {
        double decay[STATE];
        for (size_t n = 0; n < STATE; n++)
            decay[n] = a[i * STATE + n];
        for (size_t s = 0; s < T; s++) {
            double y = unrolled(dt[i], x[i], b, c, decay, s) + d[i] * x[i][s];
            want[s] += out[i] * y * silu(projected(in, INNER + i));
        }
    }
    compare(toy_logits(&t, tokens, T), want, "mamba is the unrolled sum");
    float *all[] = { in, tap, tap_bias, x_proj, dt_proj, dt_bias, a, d, out };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

static void test_mamba2(void)
{
    enum { INNER = 8, HEADS = 4, GROUPS = 2, PART = INNER / GROUPS, CHANNELS = INNER + 2 * GROUPS * STATE };
    enum { WIDTH = INNER + CHANNELS + HEADS };
    float *in = random_floats(11, WIDTH * HIDDEN, 0.7), *tap = random_floats(12, CONV * CHANNELS, 0.7);
    float *tap_bias = random_floats(13, CHANNELS, 0.3), *dt_bias = random_floats(14, HEADS, 0.5);
    float *a = negative(random_floats(15, HEADS, 1), HEADS), *d = random_floats(16, HEADS, 1);
    float *norm = random_floats(17, INNER, 1), *out = random_floats(18, INNER, 1);
    toy t;
    begin(&t, "mamba2", INNER, HEADS);
    mk_arch_u32(&t.out, "ssm.group_count", GROUPS);
    toy_add(&t, "blk.0.ssm_in.weight", dup(in, WIDTH * HIDDEN), HIDDEN, WIDTH, 0);
    toy_add(&t, "blk.0.ssm_conv1d.weight", dup(tap, CONV * CHANNELS), CONV, CHANNELS, 0);
    toy_add(&t, "blk.0.ssm_conv1d.bias", dup(tap_bias, CHANNELS), CHANNELS, 0, 0);
    toy_add(&t, "blk.0.ssm_dt.bias", dup(dt_bias, HEADS), HEADS, 0, 0);
    toy_add(&t, "blk.0.ssm_a", dup(a, HEADS), 1, HEADS, 0);
    toy_add(&t, "blk.0.ssm_d", dup(d, HEADS), 1, HEADS, 0);
    toy_add(&t, "blk.0.ssm_norm.weight", dup(norm, INNER), PART, GROUPS, 0);
    add_out(&t, out, INNER);

    double seen[CHANNELS][T], y[INNER][T], want[T] = { 0 };
    for (size_t i = 0; i < CHANNELS; i++)
        for (size_t s = 0; s < T; s++)
            seen[i][s] = convolved(tap + i * CONV, tap_bias[i], projected(in, INNER + i), s);
    for (size_t i = 0; i < INNER; i++) {
        size_t head = i / (INNER / HEADS), group = i / PART; // a group is PART neighbouring channels
        double dt[T], b[T][STATE], c[T][STATE], decay[STATE];
        for (size_t n = 0; n < STATE; n++)
            decay[n] = a[head];
        for (size_t s = 0; s < T; s++) {
            dt[s] = softplus(projected(in, INNER + CHANNELS + head) + dt_bias[head]);
            for (size_t n = 0; n < STATE; n++)
                b[s][n] = seen[INNER + group * STATE + n][s];
            for (size_t n = 0; n < STATE; n++)
                c[s][n] = seen[INNER + (GROUPS + group) * STATE + n][s];
        }
        for (size_t s = 0; s < T; s++)
            y[i][s] = (unrolled(dt, seen[i], b, c, decay, s) + d[head] * seen[i][s]) * silu(projected(in, i));
    }
    for (size_t s = 0; s < T; s++) {
        for (size_t i = 0; i < INNER; i++) {
            double squares = 0;
            for (size_t j = i / PART * PART; j < i / PART * PART + PART; j++)
                squares += y[j][s] * y[j][s];
            want[s] += (double)out[i] * norm[i] * y[i][s] / sqrt(squares / PART);
        }
    }
    compare(toy_logits(&t, tokens, T), want, "mamba2 is the unrolled sum, gated, then normalized by group");
    float *all[] = { in, tap, tap_bias, dt_bias, a, d, norm, out };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free(all[i]);
}

void test_statespace(void)
{
    test_mamba();
    test_mamba2();
}
