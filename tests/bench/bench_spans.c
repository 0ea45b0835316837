// SPDX-License-Identifier: Apache-2.0
// What operator spans cost: one that is switched off, in a loop; a change while they are on; and tokens per second of
// an engine with spans, and with counters per thread and operator, against the same without, in interleaved steps.
// bench_spans [SHAPE TYPE]...  (default: smollm2-135m q4_0, mamba-130m q8_0). EFFBENCH_ISA picks the kernels, THREADS
// the threads, ROUNDS the requests.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "probes/op_counters.h"
#include "workloads/engine/native/tracer.h"

enum { LOOPS = 15, REPEATS = 20000000, CHANGES = 1000000, SPANS = 1 << 20, PATH_SIZE = 512 };
enum { STEPS_PER_TURN = 6, PREFILL_TURNS = 5, DECODE_TURNS = 25, ROUNDS = 15, MOST_ROUNDS = 500, CHUNK = 16 };
// The last prompt step makes the first token; what is left of the output after the turns is thrown away.
enum { PROMPT = PREFILL_TURNS * STEPS_PER_TURN * CHUNK, OUTPUT = DECODE_TURNS * STEPS_PER_TURN + 2 };
enum { MOST_TURNS = MOST_ROUNDS * DECODE_TURNS };
enum { PLAIN, TRACED, COUNTED, ARMS };
static const double target_off_ns = 2, target_loss_pct = 2, level = 0.95;

static int from_environment(const char *name, int fallback, int most)
{
    const char *text = getenv(name);
    const int n = text ? atoi(text) : 0;
    return n <= 0 ? fallback : n > most ? most : n;
}

static const char *verdict(double value, double target)
{
    return value <= target ? "ok" : "MISSED";
}

// ---- one span ---------------------------------------------------------------------------------------

// The compiler may not know what the net holds, nor that it stays the same.
static double loop_ns(const eb_net *net, int repeats, bool span)
{
    const int64_t t = eb_now_ns();
    for (int i = 0; i < repeats; i++) {
        __asm__ volatile("" : "+r"(net)::"memory");
        if (span)
            eb_trace_op(net, EB_OP_NORM, 0);
    }
    return (double)(eb_now_ns() - t) / repeats;
}

static void bench_off(void)
{
    static const eb_net net;
    double empty[LOOPS], with[LOOPS], cost[LOOPS];
    for (int i = 0; i < LOOPS; i++) {
        empty[i] = loop_ns(&net, REPEATS, false);
        with[i] = loop_ns(&net, REPEATS, true);
        cost[i] = with[i] - empty[i];
    }
    const double ns = fmax(eb_median(cost, LOOPS), 0); // below is noise
    printf("span, switched off          %6.2f ns  (loop of its own %.2f ns)   target <= %.0f ns: %s\n", ns,
           eb_median(empty, LOOPS), target_off_ns, verdict(ns, target_off_ns));
}

static void bench_on(eb_span *items)
{
    static eb_layer layer;
    static eb_model model = { .layer = &layer };
    static eb_state state = { .batch = { .n = 1, .n_out = 1, .n_runs = 1 } };
    double cost[LOOPS];
    model.info = &eb_arch_table[EB_ARCH_LLAMA];
    for (int i = 0; i < LOOPS; i++) {
        eb_span_sink sink = { .items = items, .cap = SPANS };
        eb_tracer tracer = { .sink = &sink };
        const eb_net net = { .model = &model, .state = &state, .tracer = &tracer };
        eb_tracer_begin(&tracer, EB_PHASE_DECODE, eb_now_ns());
        cost[i] = loop_ns(&net, CHANGES, true);
        eb_tracer_end(&tracer, eb_now_ns());
    }
    printf("span, switched on           %6.1f ns per change (clock read, cost, store)\n", eb_median(cost, LOOPS));
}

// ---- an engine --------------------------------------------------------------------------------------
// Arms take turns step by step, A B C C B A, so that what disturbs the machine for longer than some steps disturbs all
// alike, and the cache that grows is everyone's. A turn gives one ratio per arm; prompts go in by short chunks, which
// makes spans dearer than they are.

typedef struct turn_times {
    double s[ARMS]; // seconds of its two steps
} turn_times;

typedef struct times {
    turn_times turns[MOST_TURNS];
    int n;
} times;

typedef struct rig {
    eb_engine *engine;
    eb_span_sink sink[ARMS]; // of PLAIN: not used
    int32_t prompt[PROMPT];
    times prefill, decode;
} rig;

static bool step_of(rig *r, int arm, double *s, eb_err *err)
{
    eb_token_event event;
    r->sink[arm].n = 0;
    r->engine->ops->set_span_sink(r->engine, arm == PLAIN ? NULL : &r->sink[arm]);
    const int64_t t = eb_now_ns();
    const int n = r->engine->ops->step(r->engine, 0, &event, 1, err);
    *s = (double)(eb_now_ns() - t) / 1e9;
    return n >= 0;
}

static bool turn(rig *r, times *out, eb_err *err)
{
    static const int order[STEPS_PER_TURN] = { PLAIN, TRACED, COUNTED, COUNTED, TRACED, PLAIN };
    turn_times sum = { { 0 } };
    for (int i = 0; i < STEPS_PER_TURN; i++) {
        double s;
        if (!step_of(r, order[i], &s, err))
            return false;
        sum.s[order[i]] += s;
    }
    if (out->n < MOST_TURNS)
        out->turns[out->n++] = sum;
    return true;
}

static bool request(rig *r, eb_err *err)
{
    const eb_request q = { .prompt = r->prompt, .prompt_tok = PROMPT, .output_tok = OUTPUT };
    bool ok = r->engine->ops->submit(r->engine, &q, err);
    for (int i = 0; ok && i < PREFILL_TURNS; i++)
        ok = turn(r, &r->prefill, err);
    for (int i = 0; ok && i < DECODE_TURNS; i++)
        ok = turn(r, &r->decode, err);
    r->engine->ops->set_span_sink(r->engine, NULL);
    r->engine->ops->reset(r->engine);
    return ok;
}

// Loss of tokens/s in percent: median of the turns' ratios, with its interval.
static void say_loss(const char *what, const times *t, int arm)
{
    double loss[MOST_TURNS], lo = NAN, hi = NAN;
    for (int i = 0; i < t->n; i++)
        loss[i] = 100 * (1 - t->turns[i].s[PLAIN] / t->turns[i].s[arm]);
    eb_median_interval(loss, (size_t)t->n, level, &lo, &hi);
    printf("    %-24s %6.2f %%  [%.2f, %.2f]", what, eb_median(loss, (size_t)t->n), lo, hi);
    if (arm == TRACED)
        printf("   target: a loss beyond %.0f %% is excluded: %s", target_loss_pct, verdict(hi, target_loss_pct));
    printf("\n");
}

static double plain_tok_s(const times *t, int tokens_per_step)
{
    double s[MOST_TURNS];
    for (int i = 0; i < t->n; i++)
        s[i] = t->turns[i].s[PLAIN];
    return 2 * tokens_per_step / eb_median(s, (size_t)t->n);
}

static bool rounds(rig *r, int n, eb_err *err)
{
    if (!request(r, err)) // warm: the counters of each thread are opened here
        return false;
    r->prefill.n = r->decode.n = 0;
    for (int i = 0; i < n; i++)
        if (!request(r, err))
            return false;
    printf("    prefill %.1f, decode %.1f tokens/s without; %zu spans in a decode step; %d and %d turns\n",
           plain_tok_s(&r->prefill, CHUNK), plain_tok_s(&r->decode, 1), r->sink[TRACED].n, r->prefill.n, r->decode.n);
    say_loss("spans, prefill", &r->prefill, TRACED);
    say_loss("spans, decode", &r->decode, TRACED);
    say_loss("with counters, prefill", &r->prefill, COUNTED);
    say_loss("with counters, decode", &r->decode, COUNTED);
    return true;
}

static void notify(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static int bench_engine(const eb_engine_ops *ops, const char *shape, const char *type, eb_span *items)
{
    static rig r;
    char source[128], path[PATH_SIZE];
    eb_err err;
    eb_err_clear(&err);
    snprintf(source, sizeof source, "shape:%s", shape);
    const eb_model_spec spec = { .source = source, .type = type, .seed = 1 };
    const eb_engine_config config = { .threads = from_environment("THREADS", 2, 1024),
                                      .affinity = true,
                                      .max_batch = 1,
                                      .max_ctx_tok = PROMPT + OUTPUT,
                                      .chunk_tok = CHUNK,
                                      .kv = EB_KV_F16 };
    const eb_io io = eb_io_real();
    for (int i = 0; i < PROMPT; i++)
        r.prompt[i] = i * 7 % 97 + 3;
    r.engine = ops->prepare(&spec, path, sizeof path, notify, NULL, &err) ? ops->open(path, &config, &err) : NULL;
    eb_op_counters *counters = eb_op_counters_new(&io, NULL, config.threads);
    r.sink[TRACED] = r.sink[COUNTED] = (eb_span_sink){ .items = items, .cap = SPANS };
    r.sink[COUNTED].on_worker = eb_op_counters_on_worker;
    r.sink[COUNTED].arg = counters;
    printf("%s %s, %d threads, %d events counted\n", shape, type, config.threads, eb_op_counters_good(counters));
    bool ok = r.engine && rounds(&r, from_environment("ROUNDS", ROUNDS, MOST_ROUNDS), &err);
    if (r.engine)
        ops->close(r.engine);
    eb_op_counters_free(counters);
    if (!ok)
        eb_err_print(&err, stderr);
    return ok ? 0 : err.code;
}

int main(int argc, char **argv)
{
    static char *standard[] = { NULL, "smollm2-135m", "q4_0", "mamba-130m", "q8_0" };
    char **list = argc > 2 ? argv : standard;
    const int n = argc > 2 ? argc : (int)(sizeof standard / sizeof *standard);
    eb_span *items = eb_alloc(SPANS * sizeof *items);
    int rc = 0;
    bench_off();
    bench_on(items);
    for (int i = 1; i + 1 < n && rc == 0; i += 2)
        rc = bench_engine(eb_engine_find("native"), list[i], list[i + 1], items);
    free(items);
    return rc;
}
