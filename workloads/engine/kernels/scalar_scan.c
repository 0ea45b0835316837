// SPDX-License-Identifier: Apache-2.0
// State space in plain C: token by token, channel by channel, state by state.
#include "workloads/engine/kernels/scalar.h"

#include <math.h>

static float silu(float x)
{
    return x / (1 + expf(-x));
}

static float softplus(float x)
{
    return x > 20 ? x : log1pf(expf(x));
}

// A channel's input at token t; t < 0: of the past.
static float input(const eb_conv1d *c, int64_t t, int64_t i)
{
    return t < 0 ? c->state[(t + c->taps - 1) * c->channels + i] : c->x[(size_t)t * c->ldx + (size_t)i];
}

void eb_conv1d_silu_scalar(const eb_conv1d *c, int64_t i0, int64_t i1)
{
    const int past = c->taps - 1;
    for (int64_t i = i0; i < i1; i++) {
        for (int64_t t = 0; t < c->tokens; t++) {
            float sum = c->bias[i];
            for (int k = 0; k < c->taps; k++)
                sum += c->w[k * c->channels + i] * input(c, t + k - past, i);
            c->y[(size_t)t * c->ldy + (size_t)i] = silu(sum);
        }
        for (int k = 0; k < past; k++)
            c->state[k * c->channels + i] = input(c, c->tokens + k - past, i);
    }
}

void eb_scan1_scalar(const eb_scan1 *s, int64_t i0, int64_t i1)
{
    for (int64_t t = 0; t < s->tokens; t++)
        for (int64_t i = i0; i < i1; i++) {
            const int64_t at = i / EB_SCAN_LANES * EB_SCAN_LANES * s->d_state + i % EB_SCAN_LANES;
            const float *b = s->b + (size_t)t * s->ld_bc, *c = s->c + (size_t)t * s->ld_bc;
            const float x = s->x[(size_t)t * s->ldx + (size_t)i], dt = softplus(s->dt[(size_t)t * s->ldt + (size_t)i]);
            float *z = s->z + (size_t)t * s->ldz + (size_t)i, sum = 0;
            for (int j = 0; j < s->d_state; j++) {
                float *h = s->h + at + j * EB_SCAN_LANES;
                *h = exp2f(dt * s->a[at + j * EB_SCAN_LANES]) * *h + dt * x * b[j];
                sum += c[j] * *h;
            }
            *z = silu(*z) * (sum + s->d[i] * x);
        }
}

// The decay goes into the states at once, the factor stays what it was.
void eb_scan2_scalar(const eb_scan2 *s)
{
    for (int64_t t = 0; t < s->tokens; t++) {
        const float *b = s->b + (size_t)t * s->ld_bc, *c = s->c + (size_t)t * s->ld_bc;
        const float dt = softplus(s->dt[(size_t)t * s->ldt] + s->dt_bias), decay = expf(dt * s->a);
        for (int i = 0; i < s->head_dim; i++) {
            const float x = s->x[(size_t)t * s->ldx + (size_t)i];
            float *z = s->z + (size_t)t * s->ldz + (size_t)i, sum = 0;
            for (int j = 0; j < s->d_state; j++) {
                float *h = s->h + (size_t)j * s->ldh + (size_t)i;
                *h = decay * *h + dt * x * b[j] / *s->factor;
                sum += c[j] * *h;
            }
            *z = silu(*z) * (sum * *s->factor + s->d * x);
        }
    }
}
