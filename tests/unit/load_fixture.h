// SPDX-License-Identifier: Apache-2.0
// An engine on a virtual clock whose steps take what the test says, for the tests of load.
#ifndef EB_TESTS_LOAD_FIXTURE_H
#define EB_TESTS_LOAD_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/workload_impl.h"

enum { SLOTS = 64 };

// A step of prefill takes every waiting prompt, else one of decode makes a token for each live sequence. A token is
// (sum of the prompt + its index) modulo the vocabulary.
typedef struct timed_engine {
    eb_engine base;
    int64_t now_ns;
    eb_clock clock;
    int64_t prefill_ns, decode_ns; // of a prompt; of a step
    int64_t stall_at_ns, stall_ns; // the first step that begins after stall_at_ns takes so much longer
    bool stalled, deaf;            // deaf: never makes a token and says that it has nothing to do
    int fail_at_step, steps, most_live, n_submitted;
    struct {
        bool waiting, live;
        int sum, made, want;
    } seq[SLOTS];
} timed_engine;

static inline timed_engine *timed_of(const eb_engine *engine)
{
    return (timed_engine *)(uintptr_t)engine;
}

static void timed_caps(const eb_engine *engine, eb_engine_caps *out)
{
    (void)engine;
    *out = (eb_engine_caps){ .vocab = 100, .max_ctx_tok = 4096, .max_batch = SLOTS, .family = "dense" };
}

static void timed_reset(eb_engine *engine)
{
    memset(timed_of(engine)->seq, 0, sizeof timed_of(engine)->seq);
}

static bool timed_submit(eb_engine *engine, const eb_request *r, eb_err *err)
{
    timed_engine *e = timed_of(engine);
    (void)err;
    assert_false(e->seq[r->id].waiting || e->seq[r->id].live);
    e->n_submitted++;
    e->seq[r->id].waiting = !e->deaf;
    e->seq[r->id].made = e->seq[r->id].sum = 0;
    e->seq[r->id].want = r->output_tok;
    for (int i = 0; i < r->prompt_tok; i++)
        e->seq[r->id].sum += r->prompt[i];
    return true;
}

static int timed_token(timed_engine *e, int i, int64_t start_ns, eb_token_event *out)
{
    const int index = e->seq[i].made++;
    e->seq[i].waiting = false;
    e->seq[i].live = e->seq[i].made < e->seq[i].want;
    *out = (eb_token_event){ .request = (uint32_t)i,
                             .index = (uint32_t)index,
                             .phase = index ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                             .token = (e->seq[i].sum + index) % 100,
                             .t_start_ns = start_ns,
                             .t_end_ns = e->now_ns };
    return 1;
}

static int timed_step(eb_engine *engine, int64_t timeout_ns, eb_token_event *events, int max, eb_err *err)
{
    timed_engine *e = timed_of(engine);
    const int64_t start_ns = e->now_ns;
    int waiting = 0, live = 0, n = 0;
    (void)timeout_ns;
    if (++e->steps == e->fail_at_step) {
        eb_err_set(err, EB_FAILED, "scripted failure");
        return -1;
    }
    for (int i = 0; i < SLOTS; i++) {
        waiting += e->seq[i].waiting;
        live += e->seq[i].live;
    }
    e->most_live = live + waiting > e->most_live ? live + waiting : e->most_live;
    e->now_ns += waiting ? waiting * e->prefill_ns : e->decode_ns;
    if (!e->stalled && e->stall_ns && start_ns >= e->stall_at_ns) {
        e->stalled = true;
        e->now_ns += e->stall_ns;
    }
    for (int i = 0; i < SLOTS; i++)
        if (waiting ? e->seq[i].waiting : e->seq[i].live) {
            assert_true(n < max);
            n += timed_token(e, i, start_ns, &events[n]);
        }
    return n;
}

static bool timed_busy(const eb_engine *engine)
{
    const timed_engine *e = timed_of(engine);
    for (int i = 0; i < SLOTS; i++)
        if (e->seq[i].waiting || e->seq[i].live)
            return true;
    return false;
}

static const eb_clock *timed_clock(const eb_engine *engine)
{
    return &timed_of(engine)->clock;
}

static const eb_engine_ops timed_ops = { .name = "timed",
                                         .caps = timed_caps,
                                         .reset = timed_reset,
                                         .submit = timed_submit,
                                         .step = timed_step,
                                         .busy = timed_busy,
                                         .clock = timed_clock };

static inline void timed_init(timed_engine *e, int64_t prefill_ns, int64_t decode_ns)
{
    *e = (timed_engine){
        .base = { &timed_ops }, .now_ns = 5000000000, .prefill_ns = prefill_ns, .decode_ns = decode_ns
    };
    e->clock = eb_clock_virtual(&e->now_ns);
}

#endif
