// SPDX-License-Identifier: Apache-2.0
// Operator spans of the reference engine: every architecture, prefill, decode and batches.
#include "tests/unit/engine_fixture.h"

#include <math.h>
#include <pthread.h>
#include <stdatomic.h>

#include "harness/base/span.h"

enum { CAP = 4096, PROMPT = 40, OUTPUT = 4, CHUNK = 16 };

typedef struct step {
    int64_t t_start_ns, t_end_ns; // of its events; 0 = it made none
    eb_phase phase;
    size_t first, end; // spans
} step;

typedef struct trace {
    eb_span items[CAP];
    eb_span_sink sink;
    step steps[64];
    int n_steps;
    int32_t tokens[MAX_EVENTS];
    int n_tokens;
} trace;

static void submit_all(eb_engine *engine, int batch, int prompt_tok)
{
    static int32_t prompt[MAX_TOK];
    for (int i = 0; i < prompt_tok; i++)
        prompt[i] = (i * 7 + 3) % 64;
    for (int i = 0; i < batch; i++) {
        eb_err err = { 0 };
        eb_request r = { .id = (uint32_t)i,
                         .prompt = prompt,
                         .prompt_tok = prompt_tok,
                         .output_tok = OUTPUT,
                         .sampling = { .top_p = 1 } };
        assert_true(engine->ops->submit(engine, &r, &err));
    }
}

static void run(eb_engine *engine, trace *t, int batch, int prompt_tok)
{
    submit_all(engine, batch, prompt_tok);
    t->n_steps = t->n_tokens = 0;
    while (engine->ops->busy(engine)) {
        eb_token_event events[8];
        eb_err err = { 0 };
        step *s = &t->steps[t->n_steps++];
        *s = (step){ .first = t->sink.n };
        int n = engine->ops->step(engine, 0, events, 8, &err);
        assert_true(n >= 0);
        s->end = t->sink.n;
        if (n > 0) {
            s->t_start_ns = events[0].t_start_ns;
            s->t_end_ns = events[0].t_end_ns;
            s->phase = events[0].phase;
        }
        for (int i = 0; i < n; i++)
            t->tokens[t->n_tokens++] = events[i].token;
    }
    engine->ops->reset(engine);
}

static trace *traced(eb_engine *engine, size_t cap, int batch, int prompt_tok)
{
    static trace t;
    memset(&t, 0, sizeof t);
    t.sink = (eb_span_sink){ .items = t.items, .cap = cap };
    engine->ops->set_span_sink(engine, &t.sink);
    run(engine, &t, batch, prompt_tok);
    engine->ops->set_span_sink(engine, NULL);
    return &t;
}

static eb_engine_config two_at_once(int threads)
{
    return (eb_engine_config){ .threads = threads, .max_batch = 2, .max_ctx_tok = 128, .chunk_tok = CHUNK };
}

// One after the other without a gap, from the step's first clock read to its last.
static void spans_cover_the_steps(void **state)
{
    (void)state;
    for (int i = 0; i < FIXTURE_SHAPES; i += fixture_stride()) {
        eb_engine *engine = fixture_open(fixture_shapes[i], two_at_once(2));
        const trace *t = traced(engine, CAP, 2, PROMPT);
        assert_int_equal(t->sink.dropped, 0);
        int decode = 0;
        for (int k = 0; k < t->n_steps; k++) {
            const step *s = &t->steps[k];
            assert_true(s->end > s->first);
            int64_t at = t->items[s->first].t_start_ns;
            for (size_t x = s->first; x < s->end; x++) {
                const eb_span *span = &t->items[x];
                assert_int_equal(span->t_start_ns, at);
                assert_true(span->length_ns > 0);
                assert_true(span->op < EB_OP_COUNT);
                assert_int_equal(span->phase, t->items[s->first].phase);
                at += span->length_ns;
            }
            if (s->t_end_ns) {
                assert_int_equal(at, s->t_end_ns);
                assert_int_equal(t->items[s->first].phase, s->phase);
            }
            if (s->t_end_ns && s->phase == EB_PHASE_DECODE) {
                assert_int_equal(t->items[s->first].t_start_ns, s->t_start_ns);
                decode++;
            }
        }
        assert_int_equal(decode, OUTPUT - 1);
        fixture_close(engine);
    }
}

static bool has(const trace *t, eb_op op)
{
    for (size_t i = 0; i < t->sink.n; i++)
        if (t->items[i].op == op)
            return true;
    return false;
}

static void each_architecture_has_its_operators(void **state)
{
    (void)state;
    static const struct {
        const char *shape;
        unsigned ops;
    } rows[] = {
#define BIT(x)  (1u << EB_OP_##x)
#define ALWAYS  (BIT(OTHER) | BIT(EMBEDDING) | BIT(NORM) | BIT(HEAD) | BIT(SAMPLING))
#define ATTENDS (ALWAYS | BIT(QKV) | BIT(ROPE) | BIT(ATTENTION) | BIT(ATTN_OUT))
#define STATE   (ALWAYS | BIT(SSM_IN) | BIT(CONVOLUTION) | BIT(SCAN) | BIT(SSM_OUT))
        { "tiny-llama", ATTENDS | BIT(FFN_IN) | BIT(FFN_OUT) },
        { "tiny-qwen2", ATTENDS | BIT(FFN_IN) | BIT(FFN_OUT) },
        { "tiny-qwen3", ATTENDS | BIT(FFN_IN) | BIT(FFN_OUT) },
        { "tiny-mixtral", ATTENDS | BIT(ROUTER) | BIT(EXPERT) },
        { "tiny-olmoe", ATTENDS | BIT(ROUTER) | BIT(EXPERT) },
        { "tiny-qwen2moe", ATTENDS | BIT(ROUTER) | BIT(EXPERT) },
        { "tiny-qwen3moe", ATTENDS | BIT(ROUTER) | BIT(EXPERT) },
        { "tiny-mamba", STATE | BIT(SSM_PARAM) },
        { "tiny-mamba2", STATE },
    };
    assert_int_equal(sizeof rows / sizeof *rows, FIXTURE_SHAPES);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        eb_engine *engine = fixture_open(rows[i].shape, two_at_once(1));
        const trace *t = traced(engine, CAP, 1, PROMPT);
        for (int op = 0; op < EB_OP_COUNT; op++)
            if (has(t, (eb_op)op) != !!(rows[i].ops & 1u << op))
                fail_msg("%s: %s", rows[i].shape, eb_op_name((eb_op)op));
        fixture_close(engine);
    }
}

// The second token of a prompt of one: a decode step with one token in the cache, which the prediction for an empty
// context plus one token's growth must meet, to the precision of the spans' floats.
static void costs_add_up_to_the_prediction(void **state)
{
    (void)state;
    for (int i = 0; i < FIXTURE_SHAPES; i += fixture_stride()) {
        eb_engine *engine = fixture_open(fixture_shapes[i], two_at_once(1));
        eb_engine_caps caps;
        engine->ops->caps(engine, &caps);
        const trace *t = traced(engine, CAP, 1, 1);
        const step *s = &t->steps[1];
        double bytes = 0, first = 0, flop = 0;
        for (size_t x = s->first; x < s->end; x++) {
            bytes += (double)t->items[x].bytes;
            flop += (double)t->items[x].flop;
        }
        for (size_t x = t->steps[0].first; x < t->steps[0].end; x++)
            first += (double)t->items[x].flop;
        assert_int_equal(s->phase, EB_PHASE_DECODE);
        assert_true(fabs(bytes / (caps.bytes_per_tok + caps.kv_bytes_per_tok) - 1) < 1e-6);
        assert_true(fabs(first / caps.flop_per_tok - 1) < 1e-6); // a prompt of one token is such a step as well
        assert_true(strcmp(caps.family, "ssm") == 0 ? fabs(flop / first - 1) < 1e-6 : flop > first);
        fixture_close(engine);
    }
}

// A batch reads the weights once and computes for each of its tokens.
static void a_batch_shares_the_weights(void **state)
{
    (void)state;
    eb_engine *engine = fixture_open("tiny-llama", two_at_once(1));
    double bytes[2] = { 0 }, flop[2] = { 0 };
    for (int b = 0; b < 2; b++) {
        const trace *t = traced(engine, CAP, b + 1, PROMPT);
        const step *last = &t->steps[t->n_steps - 1];
        for (size_t x = last->first; x < last->end; x++)
            if (t->items[x].op == EB_OP_FFN_IN) {
                bytes[b] += (double)t->items[x].bytes;
                flop[b] += (double)t->items[x].flop;
            }
    }
    assert_true(bytes[0] > 0);
    assert_true(bytes[0] == bytes[1]);
    assert_true(flop[1] == 2 * flop[0]);
    fixture_close(engine);
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    eb_engine *engine = fixture_open("tiny-llama", two_at_once(1));
    size_t all = traced(engine, CAP, 1, PROMPT)->sink.n;
    const trace *t = traced(engine, 10, 1, PROMPT);
    assert_int_equal(t->sink.n, 10);
    assert_int_equal(t->sink.dropped, all - 10);
    fixture_close(engine);
}

static void spans_change_no_token(void **state)
{
    (void)state;
    for (int i = 0; i < FIXTURE_SHAPES; i += fixture_stride()) {
        static trace plain;
        eb_engine *engine = fixture_open(fixture_shapes[i], two_at_once(2));
        const trace *t = traced(engine, CAP, 2, PROMPT);
        size_t n = t->sink.n;
        memset(&plain, 0, sizeof plain);
        run(engine, &plain, 2, PROMPT);
        assert_int_equal(t->n_tokens, 2 * OUTPUT);
        assert_memory_equal(plain.tokens, t->tokens, sizeof plain.tokens);
        assert_int_equal(t->sink.n, n); // the sink is no longer written to
        fixture_close(engine);
    }
}

// A context that is put there and an evaluation are no steps.
static void only_steps_are_traced(void **state)
{
    (void)state;
    static float logits[8 * 1024];
    eb_engine *engine = fixture_open("tiny-llama", two_at_once(1));
    const int32_t tokens[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    static eb_span items[16];
    eb_span_sink sink = { .items = items, .cap = 16 };
    eb_engine_caps caps;
    eb_err err = { 0 };
    engine->ops->caps(engine, &caps);
    assert_true(caps.vocab <= 1024);
    engine->ops->set_span_sink(engine, &sink);
    assert_true(engine->ops->fill_context(engine, 0, tokens, 8, &err));
    engine->ops->reset(engine);
    assert_true(engine->ops->eval(engine, tokens, 8, 0, logits, &err));
    assert_int_equal(sink.n + sink.dropped, 0);
    fixture_close(engine);
}

enum { WORKERS = 4, RUNS_MOST = 2000 };

typedef struct said {
    _Atomic int begun[WORKERS], ended[WORKERS];
    eb_op open[WORKERS];
    pthread_t thread[WORKERS];
    _Atomic int wrong;
} said;

static void on_worker(void *arg, int worker, eb_op op, eb_phase phase)
{
    said *s = arg;
    (void)phase;
    if (worker < 0 || worker >= WORKERS) {
        s->wrong++;
        return;
    }
    if (s->begun[worker] + s->ended[worker] == 0)
        s->thread[worker] = pthread_self();
    s->wrong += !pthread_equal(s->thread[worker], pthread_self()); // a worker speaks for itself
    if (op == EB_OP_OTHER)
        s->ended[worker]++;
    else
        s->begun[worker]++;
    s->open[worker] = op;
}

static bool all_have_begun(const said *s)
{
    int n = 0;
    for (int w = 0; w < WORKERS; w++)
        n += s->begun[w] > 0;
    return n == WORKERS;
}

static void workers_say_what_they_do(void **state)
{
    (void)state;
    eb_engine *engine = fixture_open("tiny-mixtral", two_at_once(WORKERS));
    static eb_span items[CAP];
    static trace t;
    static said s;
    t.sink = (eb_span_sink){ .items = items, .cap = CAP, .on_worker = on_worker, .arg = &s };
    engine->ops->set_span_sink(engine, &t.sink);
    for (int i = 0; i < RUNS_MOST && !all_have_begun(&s); i++) // one who comes late to a loop has no share in it
        run(engine, &t, 2, PROMPT);
    engine->ops->set_span_sink(engine, NULL);
    assert_int_equal(s.wrong, 0);
    assert_true(all_have_begun(&s));
    for (int w = 0; w < WORKERS; w++)
        assert_int_equal(s.open[w], EB_OP_OTHER);
    for (int w = 1; w < WORKERS; w++)
        assert_int_equal(s.ended[w], s.begun[w]);
    const int begun = s.begun[1], ended = s.ended[1];
    int32_t context[PROMPT];
    eb_err err = { 0 };
    fixture_tokens(3, context, PROMPT);
    engine->ops->set_span_sink(engine, &t.sink);
    assert_true(engine->ops->fill_context(engine, 0, context, PROMPT, &err)); // no step: nobody says anything
    engine->ops->set_span_sink(engine, NULL);
    assert_true(s.begun[1] == begun && s.ended[1] == ended);
    fixture_close(engine);
}

static void names_are_a_bijection(void **state)
{
    (void)state;
    for (int i = 0; i < EB_OP_COUNT; i++) {
        eb_op op = EB_OP_COUNT;
        assert_true(eb_op_parse(eb_op_name((eb_op)i), &op));
        assert_int_equal(op, i);
    }
    eb_op op;
    assert_false(eb_op_parse("matmul", &op));
    assert_false(eb_op_parse(NULL, &op));
    assert_string_equal(eb_op_name(EB_OP_COUNT), "invalid");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_cover_the_steps),          cmocka_unit_test(each_architecture_has_its_operators),
        cmocka_unit_test(costs_add_up_to_the_prediction), cmocka_unit_test(a_batch_shares_the_weights),
        cmocka_unit_test(what_does_not_fit_is_counted),   cmocka_unit_test(spans_change_no_token),
        cmocka_unit_test(only_steps_are_traced),          cmocka_unit_test(workers_say_what_they_do),
        cmocka_unit_test(names_are_a_bijection),
    };
    return cmocka_run_group_tests_name("spans", tests, fixture_make, folder_remove);
}
