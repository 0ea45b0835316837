// SPDX-License-Identifier: Apache-2.0
// `effbench model logits`: the numbers themselves, for comparing engines.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/cpus.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/cmd/model.h"
#include "workloads/engine/engine.h"

enum { MAX_TOKENS = 1 << 20, MAX_THREADS = 1024, MAX_SEQUENCES = 4096 };

typedef struct request {
    const char *path;
    int32_t *tokens;
    int n, chunk;
    bool batch; // token by token, in several sequences at once
    eb_engine_config config;
} request;

// "1,2,3": digits and commas only; ids are checked against the vocabulary later.
static int parse_tokens(const char *text, request *r)
{
    size_t cap = 0, n = 0;
    for (const char *p = text;; p++) {
        char *end;
        long id = strtol(p, &end, 10);
        if (*p < '0' || *p > '9' || (*end && *end != ',') || end - p > 10 || id > INT32_MAX)
            return eb_cmd_usage("model", "logits: item %zu of --tokens '%.60s' is no token number (like 1,2,3)", n + 1,
                                text);
        EB_GROW(r->tokens, n, cap);
        r->tokens[n++] = (int32_t)id;
        if (n > MAX_TOKENS)
            return eb_cmd_usage("model", "logits: --tokens has more than %d tokens", MAX_TOKENS);
        p = end;
        if (!*p)
            break;
    }
    r->n = (int)n;
    return EB_OK;
}

static int parse_number(const char *name, const char *text, int max, int *out)
{
    int64_t v;
    if (!eb_parse_int(text, &v, NULL) || v < 1 || v > max)
        return eb_cmd_usage("model", "logits: %s '%.60s' is no whole number from 1 to %d", name, text, max);
    *out = (int)v;
    return EB_OK;
}

static int parse_request(int argc, char **argv, request *r)
{
    const char *tokens = NULL, *mode = "prefill", *kv = "f32", *threads = NULL, *chunk = NULL, *batch = NULL;
    const eb_model_option options[] = { { "--tokens", &tokens, NULL },
                                        { "--mode", &mode, NULL },
                                        { "--kv", &kv, NULL },
                                        { "--threads", &threads, NULL },
                                        { "--chunk", &chunk, NULL },
                                        { "--batch", &batch, NULL },
                                        { 0 } };
    r->config = (eb_engine_config){ .threads = eb_cpus_usable(), .max_batch = 1 };
    int status = eb_model_args(argc, argv, options, &r->path, 1);
    if (status)
        return status;
    if (!r->path || !tokens)
        return eb_cmd_usage("model", "logits needs a file and --tokens 1,2,3");
    if (strcmp(mode, "prefill") && strcmp(mode, "decode"))
        return eb_cmd_usage("model", "logits: --mode is prefill or decode, not '%.60s'", mode);
    if (strcmp(kv, "f32") && strcmp(kv, "f16"))
        return eb_cmd_usage("model", "logits: --kv is f32 or f16, not '%.60s'", kv);
    if (chunk && !strcmp(mode, "decode"))
        return eb_cmd_usage("model", "logits: --chunk is for --mode prefill; decode takes one token at a time");
    if (batch && strcmp(mode, "decode"))
        return eb_cmd_usage("model", "logits: --batch is for --mode decode, which then makes a token of each sequence");
    r->config.kv = strcmp(kv, "f16") ? EB_KV_F32 : EB_KV_F16;
    r->chunk = strcmp(mode, "decode") ? 0 : 1;
    r->batch = batch;
    if ((threads && (status = parse_number("--threads", threads, MAX_THREADS, &r->config.threads))) ||
        (chunk && (status = parse_number("--chunk", chunk, MAX_TOKENS, &r->chunk))) ||
        (batch && (status = parse_number("--batch", batch, MAX_SEQUENCES, &r->config.max_batch))) ||
        (status = parse_tokens(tokens, r)))
        return status;
    r->config.max_ctx_tok = r->n;
    return EB_OK;
}

static int check_vocabulary(const request *r, int vocab)
{
    for (int i = 0; i < r->n; i++)
        if (r->tokens[i] >= vocab) {
            eb_err err;
            eb_err_at(&err, EB_USAGE, r->path, 0, 0,
                      "token %d (item %d of --tokens) is not in the vocabulary of %d entries", r->tokens[i], i + 1,
                      vocab);
            eb_err_hint(&err, "tokens are numbered from 0 to %d", vocab - 1);
            return eb_cmd_fail(&err);
        }
    return EB_OK;
}

static void print_csv(const float *logits, int n, int vocab)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < vocab; j++)
            printf("%.9g%c", (double)logits[(size_t)i * (size_t)vocab + (size_t)j], j + 1 < vocab ? ',' : '\n');
}

static int compute(const request *r, const eb_engine_ops *ops, eb_engine *engine)
{
    eb_engine_caps caps;
    eb_err err = { 0 };
    ops->caps(engine, &caps);
    int status = check_vocabulary(r, caps.vocab);
    if (status)
        return status;
    float *logits = eb_try_alloc((size_t)r->n * (size_t)caps.vocab, sizeof *logits, "logits", &err);
    if (logits && (r->batch ? ops->eval_batch(engine, r->tokens, r->n, logits, &err)
                            : ops->eval(engine, r->tokens, r->n, r->chunk, logits, &err)))
        print_csv(logits, r->n, caps.vocab);
    else
        status = eb_cmd_fail(&err);
    free(logits);
    return status;
}

int eb_model_logits(const eb_globals *globals, int argc, char **argv)
{
    request r = { 0 };
    eb_err err = { 0 };
    (void)globals;
    int status = parse_request(argc, argv, &r);
    if (status == EB_OK) {
        const eb_engine_ops *ops = eb_engine_find("native");
        eb_engine *engine = ops->open(r.path, &r.config, &err);
        status = engine ? compute(&r, ops, engine) : eb_cmd_fail(&err);
        if (engine)
            ops->close(engine);
    }
    free(r.tokens);
    return status;
}
