// SPDX-License-Identifier: Apache-2.0
// `effbench model inspect`: what a model file holds, and what a decoded token of it costs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "harness/base/units.h"
#include "harness/cmd/model.h"
#include "workloads/engine/native/hparams.h"

typedef struct mix {
    int tensors[EB_W_LIMIT];
    double bytes[EB_W_LIMIT], weights[EB_W_LIMIT];
} mix;

static double weights_of(const eb_gguf_tensor *t)
{
    return (double)t->ne[0] * (double)t->ne[1] * (double)t->ne[2] * (double)t->ne[3];
}

static void count_types(const eb_gguf *g, mix *m)
{
    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < g->n_tensors; i++) {
        const eb_gguf_tensor *t = &g->tensors[i];
        m->tensors[t->type]++;
        m->bytes[t->type] += (double)t->bytes;
        m->weights[t->type] += weights_of(t);
    }
}

// Growth of the cache by a token of context; a state does not grow.
static double kv_bytes_per_tok(const eb_model *m, int element)
{
    const eb_hparams *hp = &m->hp;
    return m->info->ssm ? 0 : (double)hp->layers * hp->kv_heads * (hp->dim_k + hp->dim_v) * element;
}

static bool tied(const eb_model *m)
{
    return m->output.data == m->tok_embd.data;
}

static void add_hparam(void *arg, const char *key, double value)
{
    eb_json_add_num(arg, key, value);
}

static void add_types(cJSON *root, const mix *types)
{
    cJSON *to = eb_json_add_obj(root, "types");
    for (int t = 0; t < EB_W_LIMIT; t++) {
        if (!types->tensors[t])
            continue;
        cJSON *type = eb_json_add_obj(to, eb_wtypes[t].name);
        eb_json_add_i64(type, "tensors", types->tensors[t]);
        eb_json_add_num(type, "weights", types->weights[t]);
        eb_json_add_num(type, "bytes", types->bytes[t]);
    }
}

static void add_tensors(cJSON *root, const eb_gguf *g)
{
    cJSON *to = eb_json_add_arr(root, "tensors");
    for (size_t i = 0; i < g->n_tensors; i++) {
        const eb_gguf_tensor *t = &g->tensors[i];
        cJSON *tensor = eb_json_append_obj(to);
        eb_json_add_str(tensor, "name", t->name);
        eb_json_add_str(tensor, "type", eb_wtypes[t->type].name);
        cJSON *shape = eb_json_add_arr(tensor, "shape");
        for (int d = 0; d < t->n_dims; d++)
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)t->ne[d]));
        eb_json_add_u64(tensor, "offset", t->offset);
        eb_json_add_u64(tensor, "bytes", t->bytes);
    }
}

static void print_json(const eb_model *m, const mix *types)
{
    cJSON *root = cJSON_CreateObject();
    eb_json_add_str(root, "path", m->file->path);
    eb_json_add_i64(root, "version", m->file->version);
    eb_json_add_str(root, "architecture", m->info->name);
    eb_json_add_str(root, "family", eb_model_family(m));
    eb_json_add_str(root, "name", m->name);
    eb_json_add_str(root, "type", m->type);
    eb_json_add_u64(root, "params", m->n_params);
    eb_json_add_u64(root, "bytes", m->file->map_bytes);
    eb_json_add_i64(root, "vocab", m->hp.vocab);
    eb_json_add_bool(root, "tied", tied(m));
    eb_json_add_num(root, "bytes_per_tok", eb_model_bytes_per_tok(m, 0, 2));
    eb_json_add_num(root, "flop_per_tok", eb_model_flop_per_tok(m, 0));
    eb_json_add_num(root, "kv_bytes_per_tok_f16", kv_bytes_per_tok(m, 2));
    eb_json_add_num(root, "kv_bytes_per_tok_f32", kv_bytes_per_tok(m, 4));
    eb_hparams_each(&m->hp, add_hparam, eb_json_add_obj(root, "hparams"));
    add_types(root, types);
    add_tensors(root, m->file);
    char *text = eb_json_print(root, true);
    puts(text);
    free(text);
    cJSON_Delete(root);
}

static void print_shape(const eb_model *m)
{
    const eb_hparams *hp = &m->hp;
    printf("shape         %d layer%s of %d, vocabulary %d%s, trained for %d tokens\n", hp->layers, eb_s(hp->layers),
           hp->embd, hp->vocab, tied(m) ? " (output tied to the embedding)" : "", hp->ctx_train);
    if (!m->info->ssm) {
        printf("attention     %d head%s of %d on %d key/value head%s, rotary base %g%s\n", hp->heads, eb_s(hp->heads),
               hp->dim_k, hp->kv_heads, eb_s(hp->kv_heads), (double)hp->rope_base,
               m->rope_freqs ? " with divisors" : "");
    } else {
        printf("state space   %d channels, states of %d, convolution over %d, %s %d\n", hp->d_inner, hp->d_state,
               hp->d_conv, m->info->ssm2 ? "heads" : "time-step rank", hp->dt_rank);
        return;
    }
    if (eb_hparams_moe(hp))
        printf("experts       %d of %d, %d used%s\n", hp->experts, hp->expert_ffn, hp->experts_used,
               hp->shared_ffn ? ", and a shared one" : "");
    else
        printf("feed-forward  %d\n", hp->ffn);
}

static void print_costs(const eb_model *m)
{
    char a[32], b[32];
    printf("per token     %s read and %sFLOP to decode one, with nothing in the context\n",
           eb_fmt_bytes(a, sizeof a, eb_model_bytes_per_tok(m, 0, 2), 4),
           eb_model_count(b, sizeof b, eb_model_flop_per_tok(m, 0)));
    if (m->info->ssm)
        printf("context       a state of fixed size\n");
    else
        printf("context       grows the cache by %s a token (f16), %s (f32)\n",
               eb_fmt_bytes(a, sizeof a, kv_bytes_per_tok(m, 2), 4),
               eb_fmt_bytes(b, sizeof b, kv_bytes_per_tok(m, 4), 4));
}

static void print_tensors(const eb_gguf *g)
{
    char shape[96];
    printf("\n%-34s %-7s %-26s %12s %12s\n", "tensor", "type", "shape", "offset", "bytes");
    for (size_t i = 0; i < g->n_tensors; i++) {
        const eb_gguf_tensor *t = &g->tensors[i];
        int n = 0;
        for (int d = 0; d < t->n_dims; d++)
            n += snprintf(shape + n, sizeof shape - (size_t)n, "%s%lld", d ? " x " : "", (long long)t->ne[d]);
        printf("%-34s %-7s %-26s %12llu %12zu\n", t->name, eb_wtypes[t->type].name, shape,
               (unsigned long long)t->offset, t->bytes);
    }
}

static void print_term(const eb_model *m, const mix *types, bool tensors)
{
    char a[32], b[32];
    printf("%s: GGUF version %d, %s, %zu tensor%s\n", m->file->path, m->file->version,
           eb_fmt_bytes(a, sizeof a, (double)m->file->map_bytes, 4), m->file->n_tensors,
           eb_s((long long)m->file->n_tensors));
    printf("name          %s\n", m->name);
    printf("architecture  %s (%s)\n", m->info->name, eb_model_family(m));
    printf("parameters    %s, %s\n", eb_model_count(b, sizeof b, (double)m->n_params), m->type);
    print_shape(m);
    print_costs(m);
    for (int t = 0, first = 1; t < EB_W_LIMIT; t++) {
        if (!types->tensors[t])
            continue;
        printf("%-13s %-7s %4d tensors, %s\n", first ? "types" : "", eb_wtypes[t].name, types->tensors[t],
               eb_fmt_bytes(a, sizeof a, types->bytes[t], 4));
        first = 0;
    }
    if (tensors)
        print_tensors(m->file);
}

int eb_model_inspect(const eb_globals *globals, int argc, char **argv)
{
    const char *path = NULL;
    bool tensors = false;
    const eb_model_option options[] = { { "--tensors", NULL, &tensors }, { 0 } };
    eb_err err = { 0 };
    mix types;
    int status = eb_model_args(argc, argv, options, &path, 1);
    if (status)
        return status;
    if (!path)
        return eb_cmd_usage("model", "inspect needs a file");
    bool json = globals->format && !strcmp(globals->format, "json");
    if (globals->format && !json && strcmp(globals->format, "term"))
        return eb_cmd_usage("model", "inspect: --format is term or json, not '%.60s'", globals->format);
    eb_model *m = eb_model_open(path, &err);
    if (!m)
        return eb_cmd_fail(&err);
    count_types(m->file, &types);
    if (json)
        print_json(m, &types);
    else
        print_term(m, &types, tensors);
    eb_model_close(m);
    return EB_OK;
}
