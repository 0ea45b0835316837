// SPDX-License-Identifier: Apache-2.0
// ref_selftest DIR: checks of the reference by independent arithmetic. Toy
// models are written to DIR.
#include "ref_selftest.h"
#include "mk_blocks.h"
#include "ref_dequant.h"
#include "ref_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int n_failed;
static char toy_path[4096];

void check(bool ok, const char *name)
{
    printf("%s - %s\n", ok ? "ok" : "not ok", name);
    n_failed += !ok;
}

bool near(double got, double want, double tolerance)
{
    bool ok = fabs(got - want) <= tolerance * fmax(1, fabs(want));
    if (!ok)
        fprintf(stderr, "# got %.17g, want %.17g\n", got, want);
    return ok;
}

bool all_near(const double *got, const double *want, size_t n, double tolerance)
{
    for (size_t i = 0; i < n; i++)
        if (!near(got[i], want[i], tolerance))
            return false;
    return true;
}

int failures(void)
{
    return n_failed;
}

void toy_init(toy *t, const char *arch, size_t layers, size_t hidden, float eps)
{
    memset(t, 0, sizeof *t);
    mk_init(&t->out, arch, 3);
    mk_arch_u32(&t->out, "block_count", (uint32_t)layers);
    mk_arch_u32(&t->out, "embedding_length", (uint32_t)hidden);
    mk_arch_f32(&t->out, "attention.layer_norm_rms_epsilon", eps);
}

void toy_add(toy *t, const char *name, float *data, size_t ne0, size_t ne1, size_t ne2)
{
    if (t->out.n_tensors == TOY_MAX_TENSORS)
        ref_die("too many tensors in a toy");
    t->data[t->out.n_tensors] = data;
    mk_add(&t->out, name, REF_F32, ne0, ne1, ne2);
}

double *toy_logits(toy *t, const uint32_t *tok, size_t n_tok)
{
    ref_gguf g;
    ref_config c;
    mk_open(&t->out, toy_path);
    for (size_t i = 0; i < t->out.n_tensors; i++) {
        mk_data(&t->out, t->data[i], mk_tensor_bytes(&t->out.tensors[i]));
        mk_pad(&t->out);
        free(t->data[i]);
    }
    mk_close(&t->out);
    mk_deinit(&t->out);

    ref_gguf_open(&g, toy_path);
    ref_config_read(&c, &g);
    double *logits = ref_logits(&c, tok, n_tok);
    ref_check_all_used(&g);
    ref_gguf_close(&g);
    remove(toy_path);
    return logits;
}

float *random_floats(uint64_t seed, size_t n, double std)
{
    mk_rng r = { seed * 0x2545f4914f6cdd1du + 77 };
    float *v = ref_alloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)(std * mk_normal(&r));
    return v;
}

float *constant_floats(size_t n, double value)
{
    float *v = ref_alloc(n, sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[i] = (float)value;
    return v;
}

float *copy_floats(const float *v, size_t n, size_t repeats, double scale)
{
    float *c = ref_alloc(n * repeats, sizeof *c);
    for (size_t i = 0; i < n * repeats; i++)
        c[i] = (float)(v[i % n] * scale);
    return c;
}

float *list_floats(size_t n, const double *v)
{
    float *c = ref_alloc(n, sizeof *c);
    for (size_t i = 0; i < n; i++)
        c[i] = (float)v[i];
    return c;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: ref_selftest DIR\n", stderr);
        return 2;
    }
    snprintf(toy_path, sizeof toy_path, "%s/toy.gguf", argv[1]);
    test_parts();
    test_attention();
    test_statespace();
    return failures() ? 1 : 0;
}
