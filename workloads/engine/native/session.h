// SPDX-License-Identifier: Apache-2.0
// The requests of an engine and what each step does for them. Behind it one eb_net; nothing here
// allocates after eb_session_init.
#ifndef EB_NATIVE_SESSION_H
#define EB_NATIVE_SESSION_H

#include "workloads/engine/native/forward.h"
#include "workloads/engine/native/sampling.h"
#include "workloads/engine/native/tracer.h"

typedef enum eb_seq_phase {
    EB_SEQ_FREE,    // no request; may hold a context that fill_context put there
    EB_SEQ_WAITING, // its prompt is not all in
    EB_SEQ_LIVE,    // makes a token per step
} eb_seq_phase;

typedef struct eb_seq {
    eb_seq_phase phase;
    int pos;               // tokens in its cache or state
    bool used;             // its state is not all zero
    const int32_t *prompt; // borrowed while WAITING
    int prompt_tok, prompt_done;
    int output_tok, produced;
    int32_t last;       // the newest token, not yet in the cache
    int64_t t_start_ns; // start of the step that ran its prompt's first tokens
    eb_sampling_spec sampling;
    eb_rng rng;
} eb_seq;

typedef struct eb_session {
    eb_net net;
    eb_seq *seqs;    // [max_batch]
    uint32_t *queue; // [max_batch] ids of WAITING sequences, first come first
    int n_queue, n_live;
    eb_candidate *candidates; // [vocab]
    int chunk_tok;            // tokens of one prefill step
    eb_tracer tracer;         // of the steps; net.tracer points to it while one runs and spans are wanted
} eb_session;

size_t eb_session_bytes(const eb_model *m, const eb_engine_config *config);
bool eb_session_init(eb_session *s, const eb_net *net, int chunk_tok, eb_err *err);
void eb_session_deinit(eb_session *s);

void eb_session_reset(eb_session *s);
bool eb_session_fill(eb_session *s, uint32_t id, const int32_t *tokens, int n, eb_err *err);
bool eb_session_submit(eb_session *s, const eb_request *request, eb_err *err);
int eb_session_step(eb_session *s, eb_token_event *events, int max, eb_err *err);
void eb_session_cancel(eb_session *s, uint32_t id);
void eb_session_set_sink(eb_session *s, eb_span_sink *sink); // see eb_engine_ops.set_span_sink
bool eb_session_busy(const eb_session *s);
bool eb_session_eval(eb_session *s, const int32_t *tokens, int n, int chunk, float *out, eb_err *err);
bool eb_session_eval_batch(eb_session *s, const int32_t *tokens, int n, float *out, eb_err *err);

#endif
