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

static float scalar_largest(const float *x, int64_t n)
{
    float max = -INFINITY;
    for (int64_t i = 0; i < n; i++)
        max = x[i] > max ? x[i] : max;
    return max;
}

static void scalar_exp_scaled(float *y, const float *x, int64_t n, float origin, float scale)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = expf((x[i] - origin) * scale);
}

static void scalar_softmax(float *x, int64_t n)
{
    const float max = scalar_largest(x, n);
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

static void scalar_scale(float *y, const float *x, float a, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        y[i] = x[i] * a;
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

const eb_kernels eb_kernels_scalar = {
    .name = "scalar",
    .usable = scalar_usable,
    .dequant_row = eb_dequant_row_scalar,
    .matmul = scalar_matmul,
    .matmul_scratch = scalar_matmul_scratch,
    .rms_norm = scalar_rms_norm,
    .softmax = scalar_softmax,
    .largest = scalar_largest,
    .exp_scaled = scalar_exp_scaled,
    .silu_mul = scalar_silu_mul,
    .silu = scalar_silu,
    .dot = scalar_dot,
    .axpy = scalar_axpy,
    .scale = scalar_scale,
    .to_f16 = scalar_to_f16,
    .rope = scalar_rope,
    .attend = eb_attend_scalar,
    .scan1 = eb_scan1_scalar,
    .scan2 = eb_scan2_scalar,
    .conv1d_silu = eb_conv1d_silu_scalar,
};
