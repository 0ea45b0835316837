// SPDX-License-Identifier: Apache-2.0
// The kernels in plain C: the reference that the others are checked against, and what runs on a
// machine without a file of its own. Long sums are kept in eight parts, which is both closer to the
// truth than one running f32 sum and what a compiler can put into vector registers by itself.
#include "workloads/engine/kernels/kernels.h"
#include "workloads/engine/kernels/dequant.h"
#include "workloads/engine/kernels/scalar.h"

#include <math.h>
#include <string.h>

static bool scalar_usable(void)
{
    return true;
}

static float sum8(const float s[8])
{
    return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]));
}

static float scalar_dot(const float *a, const float *b, int64_t n)
{
    float s[8] = { 0 };
    int64_t k = 0;
    for (; k + 8 <= n; k += 8)
        for (int l = 0; l < 8; l++)
            s[l] += a[k + l] * b[k + l];
    for (int l = 0; k < n; k++, l++)
        s[l] += a[k] * b[k];
    return sum8(s);
}

static size_t scalar_matmul_scratch(int64_t n, int m)
{
    (void)m;
    return ((size_t)n * sizeof(float) + 63) & ~(size_t)63;
}

// One row of weights at a time, as f32 in scratch, against all columns.
static void scalar_matmul(eb_wtype type, const void *w, size_t row_bytes, int64_t n, int64_t r0, int64_t r1,
                          const float *x, size_t ldx, int m, float *y, size_t ldy, void *scratch)
{
    float *row = scratch;
    for (int64_t r = r0; r < r1; r++) {
        eb_dequant_row_scalar(type, (const uint8_t *)w + (size_t)r * row_bytes, row, n);
        for (int j = 0; j < m; j++)
            y[(size_t)j * ldy + (size_t)r] = scalar_dot(row, x + (size_t)j * ldx, n);
    }
}

static void scalar_rms_norm(float *out, const float *x, const float *weight, int64_t n, float eps)
{
    double squares = 0;
    for (int64_t i = 0; i < n; i++)
        squares += (double)x[i] * x[i];
    float scale = (float)(1 / sqrt(squares / (double)n + eps));
    for (int64_t i = 0; i < n; i++)
        out[i] = x[i] * scale * (weight ? weight[i] : 1);
}

static void scalar_softmax(float *x, int64_t n)
{
    float max = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] = expf(x[i] - max);
    float scale = (float)(1 / sum);
    for (int64_t i = 0; i < n; i++)
        x[i] *= scale;
}

static float silu_of(float x)
{
    return x / (1 + expf(-x));
}

static void scalar_silu(float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        x[i] = silu_of(x[i]);
}

static void scalar_silu_mul(float *gate, const float *up, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        gate[i] = silu_of(gate[i]) * up[i];
}

static void scalar_axpy(float *y, float a, const float *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * x[i];
}

static float scalar_dot_f16(const uint16_t *a, const float *b, int64_t n)
{
    float s[8] = { 0 };
    for (int64_t k = 0; k < n; k++)
        s[k % 8] += eb_f16_to_f32(a[k]) * b[k];
    return sum8(s);
}

static void scalar_axpy_f16(float *y, float a, const uint16_t *x, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] += a * eb_f16_to_f32(x[i]);
}

static void scalar_to_f16(uint16_t *dst, const float *src, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        dst[i] = eb_f32_to_f16(src[i]);
}

static void scalar_rope(float *x, int n_head, int head_dim, int n_rot, const float *cos, const float *sin, bool neox)
{
    int half = n_rot / 2, step = neox ? 1 : 2, apart = neox ? half : 1;
    for (int h = 0; h < n_head; h++) {
        float *head = x + (size_t)h * (size_t)head_dim;
        for (int i = 0; i < half; i++) {
            float *pair = head + i * step, a = pair[0], b = pair[apart];
            pair[0] = a * cos[i] - b * sin[i];
            pair[apart] = a * sin[i] + b * cos[i];
        }
    }
}

static void scalar_scan1(float *y, float *h, const float *x, const float *dt, const float *a, const float *b,
                         const float *c, const float *d, int64_t i0, int64_t i1, int d_state)
{
    for (int64_t i = i0; i < i1; i++) {
        float *state = h + i * d_state;
        const float *rate = a + i * d_state;
        float in = dt[i] * x[i], sum = 0;
        for (int s = 0; s < d_state; s++) {
            state[s] = expf(dt[i] * rate[s]) * state[s] + in * b[s];
            sum += c[s] * state[s];
        }
        y[i] = sum + d[i] * x[i];
    }
}

static void scalar_scan2(float *y, float *h, const float *x, const float *dt, const float *a, const float *b,
                         const float *c, const float *d, int64_t h0, int64_t h1, int head_dim, int d_state,
                         int heads_per_group)
{
    for (int64_t head = h0; head < h1; head++) {
        const float *bg = b + head / heads_per_group * d_state, *cg = c + head / heads_per_group * d_state;
        float decay = expf(dt[head] * a[head]);
        for (int64_t i = head * head_dim; i < (head + 1) * head_dim; i++) {
            float *state = h + i * d_state, in = dt[head] * x[i], sum = 0;
            for (int s = 0; s < d_state; s++) {
                state[s] = decay * state[s] + in * bg[s];
                sum += cg[s] * state[s];
            }
            y[i] = sum + d[head] * x[i];
        }
    }
}

static void scalar_conv1d_silu(float *y, float *state, const float *x, const float *w, const float *bias, int64_t i0,
                               int64_t i1, int d_conv)
{
    int past = d_conv - 1;
    for (int64_t i = i0; i < i1; i++) {
        float *old = state + i * past, sum = bias[i];
        const float *tap = w + i * d_conv;
        for (int t = 0; t < past; t++)
            sum += tap[t] * old[t];
        sum += tap[past] * x[i];
        if (past > 0) {
            memmove(old, old + 1, (size_t)(past - 1) * sizeof *old);
            old[past - 1] = x[i];
        }
        y[i] = silu_of(sum);
    }
}

const eb_kernels eb_kernels_scalar = {
    .name = "scalar",
    .usable = scalar_usable,
    .dequant_row = eb_dequant_row_scalar,
    .matmul = scalar_matmul,
    .matmul_scratch = scalar_matmul_scratch,
    .rms_norm = scalar_rms_norm,
    .softmax = scalar_softmax,
    .silu_mul = scalar_silu_mul,
    .silu = scalar_silu,
    .dot = scalar_dot,
    .axpy = scalar_axpy,
    .dot_f16 = scalar_dot_f16,
    .axpy_f16 = scalar_axpy_f16,
    .to_f16 = scalar_to_f16,
    .rope = scalar_rope,
    .attend = eb_attend_scalar,
    .scan1 = scalar_scan1,
    .scan2 = scalar_scan2,
    .conv1d_silu = scalar_conv1d_silu,
};
