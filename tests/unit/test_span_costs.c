// SPDX-License-Identifier: Apache-2.0
// What operator spans cost and in which order they come, against the model file's own tensors; that the engine computes
// the same bits with them and without.
#include "tests/unit/engine_fixture.h"

#include <math.h>

#include "workloads/engine/native/session.h"

enum { PROMPT = 19, OUTPUT = 5, CAP = 512, LAYERS = 2 };

typedef struct rig {
    eb_engine *engine;
    eb_span_sink sink;
    eb_span items[CAP];
    eb_token_event events[MAX_EVENTS];
    int n_events;
} rig;

static void rig_open(rig *r, const char *shape, eb_engine_config config)
{
    memset(r, 0, sizeof *r);
    r->engine = fixture_open(shape, config);
    r->sink = (eb_span_sink){ .items = r->items, .cap = CAP };
    r->engine->ops->set_span_sink(r->engine, &r->sink);
}

static void rig_step(rig *r)
{
    r->sink.n = 0;
    r->n_events = fixture_step(r->engine, r->events);
    assert_int_equal(r->sink.dropped, 0);
}

static double sum_bytes(const rig *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->sink.n; i++)
        sum += (double)r->items[i].bytes;
    return sum;
}

static double sum_flop(const rig *r)
{
    double sum = 0;
    for (size_t i = 0; i < r->sink.n; i++)
        sum += (double)r->items[i].flop;
    return sum;
}

static double op_bytes(const rig *r, eb_op op)
{
    double sum = 0;
    for (size_t i = 0; i < r->sink.n; i++)
        sum += r->items[i].op == op ? (double)r->items[i].bytes : 0;
    return sum;
}

// Spans carry floats: each sum is right to what a float holds.
static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * fabs(want)))
        fail_msg("%.17g is not %.17g", got, want);
}

// Of a prompt in an empty cache, F32.
static eb_op_load load_of_prompt(int rows, int rows_out, int experts)
{
    return (eb_op_load){ .rows = rows,
                         .rows_out = rows_out,
                         .runs = 1,
                         .seen_tok = rows * (rows + 1) / 2.0,
                         .experts = experts,
                         .kv_elem_bytes = 4 };
}

static eb_model *open_model(const char *shape)
{
    char path[256];
    eb_err err = { 0 };
    eb_model *m = eb_model_open(fixture_path(shape, path), &err);
    assert_non_null(m);
    return m;
}

// ---- order ------------------------------------------------------------------------------------------

// The operators of a layer, in order.
static const struct {
    const char *shape, *layer;
} orders[] = {
    { "tiny-llama", "norm qkv rope attention attn_out norm ffn_in ffn_out" },
    { "tiny-qwen2", "norm qkv rope attention attn_out norm ffn_in ffn_out" },
    { "tiny-qwen3", "norm qkv rope attention attn_out norm ffn_in ffn_out" },
    { "tiny-mixtral", "norm qkv rope attention attn_out norm router expert" },
    { "tiny-olmoe", "norm qkv rope attention attn_out norm router expert" },
    { "tiny-qwen2moe", "norm qkv rope attention attn_out norm router expert" },
    { "tiny-qwen3moe", "norm qkv rope attention attn_out norm router expert" },
    { "tiny-mamba", "norm ssm_in conv ssm_param scan ssm_out" },
    { "tiny-mamba2", "norm ssm_in conv scan ssm_out" },
};

static void each_architecture_names_what_it_does(void **state)
{
    static rig r;
    int32_t prompt[PROMPT];
    (void)state;
    assert_int_equal(sizeof orders / sizeof *orders, FIXTURE_SHAPES);
    fixture_tokens(22, prompt, PROMPT);
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        const bool ssm = strstr(orders[s].shape, "mamba");
        char want[1024], got[1024] = "";
        snprintf(want, sizeof want, "other embedding%s %s %s norm head sampling", ssm ? "" : " rope", orders[s].layer,
                 orders[s].layer);
        rig_open(&r, orders[s].shape, (eb_engine_config){ .max_batch = 2 });
        fixture_submit(r.engine, 0, prompt, PROMPT, OUTPUT);
        for (int step = 0; step < 2; step++, got[0] = 0) {
            rig_step(&r);
            for (size_t i = 0; i < r.sink.n; i++) {
                strcat(got, i ? " " : "");
                strcat(got, eb_op_name(r.items[i].op));
            }
            assert_string_equal(got, want);
            assert_int_equal(r.items[0].phase, step ? EB_PHASE_DECODE : EB_PHASE_PREFILL);
            assert_int_equal(r.items[r.sink.n - 4].layer, LAYERS - 1);
            assert_int_equal(r.items[r.sink.n - 2].layer, UINT16_MAX);
        }
        fixture_close(r.engine);
    }
}

static void assert_nothing_behind_the_cache(const rig *r)
{
    bool behind = false;
    for (size_t i = 0; i < r->sink.n; i++) {
        const eb_span *s = &r->items[i];
        if (behind)
            assert_true(s->bytes == 0 && s->flop == 0);
        behind |= s->layer == LAYERS - 1 && (s->op == EB_OP_ATTENTION || s->op == EB_OP_SCAN);
    }
    assert_true(behind);
}

// A step that only fills a part of a prompt in draws no token, and has no rows left behind the last layer's cache.
static void a_step_without_tokens_ends_in_the_last_layer(void **state)
{
    enum { CHUNK = 12 };
    static rig r;
    int32_t prompt[PROMPT];
    (void)state;
    fixture_tokens(21, prompt, PROMPT);
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        eb_model *m = open_model(fixture_shapes[s]);
        rig_open(&r, fixture_shapes[s], (eb_engine_config){ .chunk_tok = CHUNK, .kv = EB_KV_F32 });
        fixture_submit(r.engine, 0, prompt, PROMPT, OUTPUT);
        rig_step(&r);
        assert_int_equal(r.n_events, 0);
        for (size_t i = 0; i < r.sink.n; i++)
            assert_true(r.items[i].op != EB_OP_HEAD && r.items[i].op != EB_OP_SAMPLING);
        assert_nothing_behind_the_cache(&r);
        const eb_op_load load = load_of_prompt(CHUNK, 0, m->hp.experts);
        const eb_op_cost cost = eb_op_cost_of_batch(m, &load);
        assert_near(sum_flop(&r), cost.flop);
        if (!m->hp.experts)
            assert_near(sum_bytes(&r), cost.bytes);
        rig_step(&r);
        assert_int_equal(r.items[r.sink.n - 1].op, EB_OP_SAMPLING);
        fixture_close(r.engine);
        eb_model_close(m);
    }
}

// ---- cost -------------------------------------------------------------------------------------------

// Bytes and operations of one token on an empty context, from the tensors of the file.
static void add_tensor(const eb_model *m, const eb_gguf_tensor *t, double *bytes, double *flop)
{
    const bool experts = strstr(t->name, "_exps."), table = !strcmp(t->name, "token_embd.weight");
    const bool tied = !eb_gguf_tensor_find(m->file, "output.weight");
    const bool elementwise = strstr(t->name, "conv1d") || strstr(t->name, "ssm_a") ||
                             !strcmp(strrchr(t->name, '.'), ".ssm_d") || strstr(t->name, "norm") ||
                             strstr(t->name, "inp_shexp");
    const double share = experts ? (double)m->hp.experts_used / m->hp.experts : 1;
    double weights = 1;
    for (int d = 0; d < t->n_dims; d++)
        weights *= (double)t->ne[d];
    if (!strcmp(t->name, "rope_freqs.weight"))
        return;
    if (table)
        *bytes += (double)t->bytes / (double)t->ne[1];
    if (table && !tied)
        return;
    *bytes += (double)t->bytes * share;
    if (t->n_dims > 1 && !elementwise)
        *flop += 2 * weights * share;
}

static void costs_are_those_of_the_files_tensors(void **state)
{
    static rig r;
    (void)state;
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        const int32_t prompt[1] = { 7 };
        double bytes = 0, flop = 0;
        eb_model *m = open_model(fixture_shapes[s]);
        const eb_hparams *hp = &m->hp;
        for (size_t i = 0; i < m->file->n_tensors; i++)
            add_tensor(m, &m->file->tensors[i], &bytes, &flop);
        const double channels = (double)eb_ssm_channels(hp), memory = (double)hp->d_inner * hp->d_state;
        if (m->info->ssm) {
            bytes += LAYERS * 4 * (memory + channels * (hp->d_conv - 1));
            flop += LAYERS * ((m->info->ssm2 ? 5 : 7) * memory + 2 * channels * hp->d_conv);
        } else {
            flop += LAYERS * 2.0 * hp->heads * (hp->dim_k + hp->dim_v);
        }
        rig_open(&r, fixture_shapes[s], (eb_engine_config){ .threads = 2 });
        fixture_submit(r.engine, 0, prompt, 1, OUTPUT);
        rig_step(&r);
        assert_near(sum_bytes(&r), bytes);
        assert_near(sum_flop(&r), flop);
        fixture_close(r.engine);
        eb_model_close(m);
    }
}

// One sequence: a token on an empty context, then one after another on what is there.
static void one_token_costs_what_is_predicted(void **state)
{
    static rig r;
    static const eb_kv_type kv[] = { EB_KV_F32, EB_KV_F16 };
    (void)state;
    for (int s = 0; s < 2 * FIXTURE_SHAPES; s += fixture_stride()) {
        const char *shape = fixture_shapes[s / 2];
        const int32_t prompt[1] = { 7 };
        eb_engine_caps caps;
        eb_model *m = open_model(shape);
        rig_open(&r, shape, (eb_engine_config){ .threads = 2, .kv = kv[s % 2] });
        r.engine->ops->caps(r.engine, &caps);
        fixture_submit(r.engine, 0, prompt, 1, OUTPUT);
        for (int ctx = 0; ctx < OUTPUT; ctx++) {
            rig_step(&r);
            assert_near(sum_bytes(&r), eb_model_bytes_per_tok(m, ctx, kv[s % 2] == EB_KV_F16 ? 2 : 4));
            assert_near(sum_flop(&r), eb_model_flop_per_tok(m, ctx));
            if (ctx == 0) {
                assert_near(sum_bytes(&r), caps.bytes_per_tok);
                assert_near(sum_flop(&r), caps.flop_per_tok);
            }
        }
        fixture_close(r.engine);
        eb_model_close(m);
    }
}

// Operations of a token behind the last layer's cache, from the tensors of the file.
static double flop_behind_the_cache(const eb_model *m)
{
    static const char *const names[] = { "attn_output", "ffn_gate", "ffn_up", "ffn_down", "ssm_out" };
    char layer[32];
    double flop = 0, bytes = 0;
    snprintf(layer, sizeof layer, "blk.%d.", LAYERS - 1);
    for (size_t i = 0; i < m->file->n_tensors; i++)
        for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
            const eb_gguf_tensor *t = &m->file->tensors[i];
            if (!strncmp(t->name, layer, strlen(layer)) && strstr(t->name, names[j]))
                add_tensor(m, t, &bytes, &flop);
        }
    assert_true(flop > 0);
    return flop;
}

// Work grows with the tokens, but not behind the last layer's cache, where one goes on; bytes only by the embedding's
// rows (and the experts that come in addition).
static void a_prompt_reads_the_weights_once(void **state)
{
    static rig r;
    int32_t prompt[PROMPT];
    (void)state;
    fixture_tokens(23, prompt, PROMPT);
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        eb_model *m = open_model(fixture_shapes[s]);
        const eb_hparams *hp = &m->hp;
        const double head = 2.0 * hp->embd * hp->vocab;
        double flop = head;
        for (int ctx = 0; ctx < PROMPT; ctx++)
            flop += eb_model_flop_per_tok(m, ctx) - head;
        flop -= (PROMPT - 1) * flop_behind_the_cache(m);
        double bytes = eb_model_bytes_per_tok(m, 0, 4) + (PROMPT - 1) * (double)m->tok_embd.row_bytes;
        rig_open(&r, fixture_shapes[s], (eb_engine_config){ .threads = 2, .kv = EB_KV_F32 });
        fixture_submit(r.engine, 0, prompt, PROMPT, OUTPUT);
        rig_step(&r);
        assert_near(sum_flop(&r), flop);
        const eb_op_load load = load_of_prompt(PROMPT, 1, hp->experts);
        const eb_op_cost cost = eb_op_cost_of_batch(m, &load);
        assert_near(cost.flop, flop);
        assert_near(eb_model_prompt_flop(m, 0, PROMPT), flop);
        if (!hp->experts)
            assert_near(cost.bytes, bytes);
        if (hp->experts) {
            const eb_layer *y = &m->layer[0];
            const double one =
                (double)(y->gate_exps.expert_bytes + y->up_exps.expert_bytes + y->down_exps.expert_bytes);
            double always = 0; // an expert that every token takes
            if (m->info->shared_expert)
                always = (double)(y->gate_sh.expert_bytes + y->up_sh.expert_bytes + y->down_sh.expert_bytes) +
                         4.0 * hp->embd;
            const double touched = (op_bytes(&r, EB_OP_EXPERT) - LAYERS * always) / one;
            assert_true(fabs(touched - round(touched)) < 1e-5);
            assert_true(touched > LAYERS * hp->experts_used &&
                        touched <= (LAYERS - 1) * hp->experts + hp->experts_used);
            bytes += one * (touched - LAYERS * hp->experts_used);
        }
        assert_near(sum_bytes(&r), bytes);
        fixture_close(r.engine);
        eb_model_close(m);
    }
}

// Sequences of a batch share the weights and the experts that both chose; cache or state is each one's own.
static void a_batch_shares_the_weights(void **state)
{
    enum { BATCH = 3 };
    static rig r;
    int32_t prompt[PROMPT];
    (void)state;
    fixture_tokens(24, prompt, PROMPT);
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        eb_model *m = open_model(fixture_shapes[s]);
        const eb_hparams *hp = &m->hp;
        const double empty = eb_model_bytes_per_tok(m, 0, 4);
        double own = eb_model_bytes_per_tok(m, PROMPT, 4) - empty; // the cache that is there
        if (m->info->ssm)
            own = 4.0 * LAYERS * ((double)hp->d_inner * hp->d_state + (double)eb_ssm_channels(hp) * (hp->d_conv - 1));
        rig_open(&r, fixture_shapes[s], (eb_engine_config){ .threads = 2, .max_batch = BATCH, .kv = EB_KV_F32 });
        for (uint32_t id = 0; id < BATCH; id++) // alike, so that they choose the same experts
            fixture_submit(r.engine, id, prompt, PROMPT, OUTPUT);
        rig_step(&r);
        rig_step(&r);
        assert_int_equal(r.n_events, BATCH);
        assert_near(sum_flop(&r), BATCH * eb_model_flop_per_tok(m, PROMPT));
        assert_near(sum_bytes(&r),
                    empty - (m->info->ssm ? own : 0) + BATCH * own + (BATCH - 1) * (double)m->tok_embd.row_bytes);
        fixture_close(r.engine);
        eb_model_close(m);
    }
}

// ---- nothing changes --------------------------------------------------------------------------------

typedef struct parts {
    eb_model *model;
    eb_state state;
    eb_span_sink sink;
    eb_session session;
    eb_pool *pool;
} parts;

static void parts_open(parts *p, const char *shape)
{
    const eb_engine_config config = { .threads = 2, .max_batch = 2, .max_ctx_tok = 64, .chunk_tok = 12 };
    eb_err err = { 0 };
    memset(p, 0, sizeof *p);
    p->model = open_model(shape);
    const eb_kernels *kernels = eb_native_kernels(&err);
    assert_non_null(kernels);
    eb_state_size(&p->state, p->model, kernels, &config);
    assert_true(eb_state_alloc(&p->state, p->model, &err));
    p->pool = eb_pool_new(2, false, &err);
    assert_non_null(p->pool);
    eb_net net = { .model = p->model, .kernels = kernels, .pool = p->pool, .state = &p->state };
    assert_true(eb_session_init(&p->session, &net, 12, &err));
}

static void parts_close(parts *p)
{
    eb_session_deinit(&p->session);
    eb_pool_free(p->pool);
    eb_state_deinit(&p->state);
    eb_model_close(p->model);
}

static void logits_are_the_same_to_the_bit(void **state)
{
    static parts with, without;
    static eb_span items[CAP];
    int32_t prompt[PROMPT];
    eb_token_event a[2], b[2];
    eb_err err = { 0 };
    (void)state;
    fixture_tokens(28, prompt, PROMPT);
    for (int s = 0; s < FIXTURE_SHAPES; s += fixture_stride()) {
        parts_open(&with, fixture_shapes[s]);
        parts_open(&without, fixture_shapes[s]);
        with.sink = (eb_span_sink){ .items = items, .cap = CAP };
        eb_session_set_sink(&with.session, &with.sink);
        for (uint32_t id = 0; id < 2; id++) {
            const eb_request q = { .id = id, .prompt = prompt, .prompt_tok = PROMPT - (int)id, .output_tok = OUTPUT };
            assert_true(eb_session_submit(&with.session, &q, &err) && eb_session_submit(&without.session, &q, &err));
        }
        while (eb_session_busy(&without.session)) {
            with.sink.n = 0;
            int n = eb_session_step(&with.session, a, 2, &err);
            assert_int_equal(eb_session_step(&without.session, b, 2, &err), n);
            assert_true(with.sink.n > 0);
            assert_memory_equal(with.state.logits, without.state.logits, sizeof(float) * 512 * 2);
            for (int i = 0; i < n; i++)
                assert_true(a[i].token == b[i].token && a[i].request == b[i].request);
        }
        assert_false(eb_session_busy(&with.session));
        parts_close(&with);
        parts_close(&without);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_architecture_names_what_it_does),
        cmocka_unit_test(a_step_without_tokens_ends_in_the_last_layer),
        cmocka_unit_test(costs_are_those_of_the_files_tensors),
        cmocka_unit_test(one_token_costs_what_is_predicted),
        cmocka_unit_test(a_prompt_reads_the_weights_once),
        cmocka_unit_test(a_batch_shares_the_weights),
        cmocka_unit_test(logits_are_the_same_to_the_bit),
    };
    return cmocka_run_group_tests_name("span costs", tests, fixture_make, folder_remove);
}
