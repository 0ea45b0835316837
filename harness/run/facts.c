// SPDX-License-Identifier: Apache-2.0
#include "harness/run/facts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"

void eb_reference_deinit(eb_reference *r)
{
    free(r->logits);
    *r = (eb_reference){ 0 };
}

eb_engine_config eb_case_engine_config(const eb_plan *plan, const eb_case *c)
{
    return (eb_engine_config){ .threads = c->threads,
                               .affinity = plan->affinity,
                               .max_batch = c->params.batch,
                               .max_ctx_tok = c->params.depth_tok + c->params.prompt_tok + c->params.output_tok,
                               .kv = c->kv,
                               .settings = plan->engine_settings,
                               .n_settings = plan->n_engine_settings };
}

static void from_caps(eb_case_facts *f, const eb_case *c, const char *path, const eb_engine_caps *caps)
{
    *f = (eb_case_facts){ .case_index = c->index,
                          .vocab = caps->vocab,
                          .n_layer = caps->n_layer,
                          .n_expert = caps->n_expert,
                          .n_expert_used = caps->n_expert_used,
                          .threads = caps->threads,
                          .int8 = caps->int8,
                          .n_params = caps->n_params,
                          .model_bytes = caps->model_bytes,
                          .bytes_per_tok = caps->bytes_per_tok,
                          .flop_per_tok = caps->flop_per_tok,
                          .kv_bytes_per_tok = caps->kv_bytes_per_tok,
                          .first_token_cold_ns = -1,
                          .kld_nats = NAN,
                          .top1_agree = NAN };
    snprintf(f->arch, sizeof f->arch, "%s", caps->arch);
    snprintf(f->isa, sizeof f->isa, "%s", caps->isa);
    snprintf(f->model_name, sizeof f->model_name, "%s", caps->model_name);
    snprintf(f->type, sizeof f->type, "%s", caps->type);
    // The file's own name: the folder it lies in says nothing about the work.
    const char *slash = strrchr(path, '/');
    snprintf(f->path, sizeof f->path, "%s", slash ? slash + 1 : path);
}

void eb_facts_init(eb_case_facts *f, const eb_case *c, const char *path, const eb_engine *engine)
{
    const eb_workload_params *p = &c->params;
    eb_engine_caps caps;
    engine->ops->caps(engine, &caps);
    from_caps(f, c, path, &caps);
    f->flop_per_prompt_tok = engine->ops->prompt_flop(engine, p->depth_tok, p->prompt_tok) / p->prompt_tok;
}

// n x vocab logits of the frozen tokens, f32 cache; caller frees.
static float *logits_of(const eb_plan *plan, const eb_case *c, const char *path, int n, int *vocab, eb_err *err)
{
    eb_engine_config config = {
        .threads = c->threads, .affinity = plan->affinity, .max_batch = 1, .max_ctx_tok = n + 1, .kv = EB_KV_F32
    };
    eb_engine *engine = plan->engine->open(path, &config, err);
    if (!engine)
        return NULL;
    eb_engine_caps caps;
    plan->engine->caps(engine, &caps);
    float *out = NULL;
    int32_t *tokens = eb_alloc(sizeof *tokens * (size_t)n);
    if (!plan->engine->eval || !caps.has_eval) {
        eb_err_set(err, EB_USAGE, "engine '%s' gives no logits, which a 'quantized' workload compares", caps.engine);
        goto out;
    }
    *vocab = caps.vocab;
    out = eb_try_alloc((size_t)n * (size_t)caps.vocab, sizeof *out, "logits", err);
    eb_quality_tokens(c->params.seed, caps.vocab, tokens, n);
    if (out && !plan->engine->eval(engine, tokens, n, 0, out, err)) {
        free(out);
        out = NULL;
    }
out:
    free(tokens);
    plan->engine->close(engine);
    return out;
}

bool eb_facts_quality(const eb_plan *plan, const eb_case *c, const char *path, const char *reference_path,
                      eb_reference *ref, eb_case_facts *f, eb_err *err)
{
    int n = c->params.eval_tok, vocab = 0;
    if (n <= 0)
        return true;
    if (!ref->logits || strcmp(ref->path, reference_path) != 0 || ref->n_tok != n || ref->seed != c->params.seed) {
        eb_reference_deinit(ref);
        ref->logits = logits_of(plan, c, reference_path, n, &ref->vocab, err);
        if (!ref->logits)
            return false;
        snprintf(ref->path, sizeof ref->path, "%s", reference_path);
        ref->n_tok = n;
        ref->seed = c->params.seed;
    }
    float *test = logits_of(plan, c, path, n, &vocab, err);
    if (!test)
        return false;
    bool ok = vocab == ref->vocab;
    if (ok) {
        eb_quality q;
        eb_quality_compare(ref->logits, test, n, vocab, &q);
        f->kld_nats = q.kld_nats;
        f->top1_agree = q.top1_agree;
        f->quality_tok = q.n_tok;
    } else {
        eb_err_set(err, EB_USAGE, "case '%s' has %d tokens in its vocabulary, its reference type %d", c->id, vocab,
                   ref->vocab);
    }
    free(test);
    return ok;
}
