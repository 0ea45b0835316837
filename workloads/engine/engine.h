// SPDX-License-Identifier: Apache-2.0
// An engine turns requests into tokens. Submitting and stepping are apart, so that a batch,
// Poisson arrivals and a server look alike.
// Threads: all calls on one engine from one thread (it may own worker threads inside).
#ifndef EB_ENGINE_ENGINE_H
#define EB_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/clock.h"
#include "harness/base/error.h"
#include "harness/base/event.h"
#include "harness/base/log.h"
#include "harness/base/option.h"
#include "harness/base/pulse.h"
#include "harness/base/span.h"

typedef enum eb_kv_type { EB_KV_F32, EB_KV_F16 } eb_kv_type;

// What to open. Strings are borrowed for the call only.
typedef struct eb_model_spec {
    const char *source; // "shape:NAME" or "file:PATH"
    const char *type;   // "f16", "q4_k_m", ...; NULL or "" = as the file is (shapes: f16)
    uint64_t seed;      // of a shape's weights
} eb_model_spec;

// A setting of an engine's own section of the config.
typedef struct eb_engine_setting {
    const char *key;
    double value; // times in ns, choices as their index
} eb_engine_setting;

struct eb_timeline;

typedef struct eb_engine_config {
    int threads;     // >= 1
    bool affinity;   // pin worker i to the i-th CPU of the process's mask
    int max_batch;   // sequences at once
    int max_ctx_tok; // per sequence: context + prompt + output
    eb_kv_type kv;
    int chunk_tok;                     // prefill chunk, 0 = engine's choice
    const eb_engine_setting *settings; // of eb_engine_ops.options; borrowed for the call
    int n_settings;
    struct eb_timeline *timeline; // of an engine that simulates, borrowed for its life; NULL: its own
} eb_engine_config;

typedef struct eb_sampling_spec {
    double temperature; // 0 = greedy
    int top_k;          // 0 = off
    double top_p;       // 1 = off
    uint64_t seed;
} eb_sampling_spec;

typedef struct eb_request {
    uint32_t id;           // 0..max_batch-1 live at once
    const int32_t *prompt; // borrowed until the request's first event
    int prompt_tok;        // >= 1
    int output_tok;        // >= 1; generation stops exactly there (no EOS)
    eb_sampling_spec sampling;
} eb_request;

typedef struct eb_engine_caps {
    char engine[16];     // "native"
    char isa[16];        // kernel table in use, as EFFBENCH_ISA names it: "scalar", "avx2", ...
    char arch[16];       // "llama", "mamba", ...
    char family[16];     // "dense", "moe", "ssm"
    char model_name[64]; // general.name of the file
    char type[16];       // dominant weight type or recipe as in the file, lower case
    int vocab, max_ctx_tok, max_batch, threads;
    int n_layer, n_expert, n_expert_used;
    uint64_t n_params;
    uint64_t model_bytes;    // file size
    double bytes_per_tok;    // predicted bytes read for one decoded token, batch 1, empty context
    double flop_per_tok;     // predicted floating point operations for one decoded token
    double kv_bytes_per_tok; // growth of the cache per token of context (0 for a state)
    bool has_eval;
    bool int8; // most weights are multiplied in 8-bit arithmetic
} eb_engine_caps;

typedef struct eb_engine_memory {
    uint64_t model_bytes; // weights, mapped or repacked
    uint64_t kv_bytes;    // cache or state allocated
    uint64_t scratch_bytes;
} eb_engine_memory;

// This machine's ceilings, measured with `threads` threads for about `budget_ns` in all.
typedef struct eb_ceilings {
    char isa[16];          // kernel table they were measured with
    double read_bytes_s;   // reading memory far larger than the caches; NAN = not measured
    double steady_bytes_s; // the same, not at best but as it lasts: the median of the fastest way to read
    double flop_s;    // multiply-adds of the engine's own kernels for f32 and f16 on cached data, 2 each: the faster
    double int8_op_s; // the same in 8-bit arithmetic, 2 per multiplication and addition; NAN = it has none
} eb_ceilings;

typedef struct eb_engine eb_engine;
typedef struct eb_engine_ops eb_engine_ops;

struct eb_engine_ops {
    const char *name, *doc;
    // Makes sure that the model file exists (writes it to the cache if it is a shape, or a
    // requantized copy); slow, before anything is measured. `path` gets the file. `notify` (may be
    // NULL) is told what takes long, one line, no newline.
    bool (*prepare)(const eb_model_spec *spec, char *path, size_t path_size,
                    void (*notify)(void *arg, const char *line), void *arg, eb_err *err);
    // Size the file of `spec` has or would have, without making it; 0 = not known.
    uint64_t (*predict_bytes)(const eb_model_spec *spec, bool *exists);
    // Refuses (EB_FAILED, with need and available) before loading what cannot fit in memory.
    eb_engine *(*open)(const char *path, const eb_engine_config *config, eb_err *err);
    void (*caps)(const eb_engine *engine, eb_engine_caps *out);
    void (*memory)(const eb_engine *engine, eb_engine_memory *out);
    // Predicted floating point operations of a prompt of `prompt_tok` tokens behind `depth_tok` others, whose last
    // token alone has logits.
    double (*prompt_flop)(const eb_engine *engine, int depth_tok, int prompt_tok);
    // Forgets all sequences (KV and state) and keeps memory. Cheap, but for the first time after open, which may
    // prepare the weights for all passes but the first; an error in that is told by the next step.
    void (*reset)(eb_engine *engine);
    // Puts `n` tokens into sequence `id` without producing output: the context depth of a test.
    // A later submit with the same id continues after them.
    bool (*fill_context)(eb_engine *engine, uint32_t id, const int32_t *tokens, int n, eb_err *err);
    bool (*submit)(eb_engine *engine, const eb_request *request, eb_err *err);
    // One step: prefill work first, else one decode step for all live sequences. Writes at most
    // `max` events (max >= max_batch). Returns their number; 0 = nothing left to do (or, mid
    // prefill, a chunk finished: see eb_engine_ops.busy); -1 = err. Never allocates once the engine was reset.
    int (*step)(eb_engine *engine, int64_t timeout_ns, eb_token_event *events, int max, eb_err *err);
    bool (*busy)(const eb_engine *engine); // live or waiting sequences exist
    void (*cancel)(eb_engine *engine, uint32_t id);
    void (*close)(eb_engine *engine);
    // Optional. Logits of `n` tokens on an empty sequence: out[n][vocab]. chunk <= 0: one batch as
    // the engine likes; 1: token by token; k: in chunks of k. Leaves the engine reset.
    bool (*eval)(eb_engine *engine, const int32_t *tokens, int n, int chunk, float *out, eb_err *err);
    // Optional. The same token by token in max_batch sequences at once, one of each in a step: row t of `out` is what
    // sequence t % max_batch has.
    bool (*eval_batch)(eb_engine *engine, const int32_t *tokens, int n, float *out, eb_err *err);
    // Optional. The roofline's two axes (bw_frac, flop_frac).
    bool (*ceilings)(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err);
    // Optional. The instruction set that `ceilings` and `open` would use now; NULL = none that is usable.
    const char *(*isa)(void);
    // Optional. Whether source and type of `spec` are known and its file is there; quick, makes nothing. A source
    // of NULL is not looked at.
    bool (*check)(const eb_model_spec *spec, eb_err *err);
    // Optional. Operator spans of all later steps go to `sink` (borrowed; NULL: off, which costs one branch per
    // operator). Not while a step runs.
    void (*set_span_sink)(eb_engine *engine, eb_span_sink *sink);
    // Optional. From now on the engine beats on one of its threads in the midst of its steps, about every 0.1 ms where
    // it can, and maybe for some microseconds after one (borrowed; NULL: off, which costs one branch per piece of work;
    // after the call nothing beats any more). Not while a step runs.
    void (*set_pulse)(eb_engine *engine, const eb_pulse *pulse);
    // Optional. Family of the model ("dense", "moe", "ssm") where it can be told quickly, else NULL.
    const char *(*family)(const eb_model_spec *spec);
    // Optional. Tokens of context that the model was trained for, where it can be told quickly; 0 = not known.
    int64_t (*trained_ctx_tok)(const eb_model_spec *spec);
    // Optional. The clock of its events, which whoever drives it reads and waits on; left out, the real one. Borrowed.
    const eb_clock *(*clock)(const eb_engine *engine);
    // Optional. Says that the engine lives on a timeline, and sets the idle machine and its counter up as the settings
    // say: probes read that counter and nothing else, the machine itself is left out.
    void (*simulate)(const eb_engine_setting *settings, int n, struct eb_timeline *timeline);
    const eb_option *options; // of its own section, which is named as the engine is; NULL = none. Numbers only
};

extern const eb_option eb_engine_options[];          // [run]'s engine part: threads, kv, affinity, isa ...
extern const eb_option eb_null_options[];            // [null]: the script of the null engine
extern const eb_engine_ops *const eb_engine_table[]; // ends with NULL
const eb_engine_ops *eb_engine_find(const char *name);

// Handles carry their ops as the first member.
struct eb_engine {
    const eb_engine_ops *ops;
};

static inline const eb_clock *eb_engine_clock(const eb_engine *engine)
{
    return engine->ops->clock ? engine->ops->clock(engine) : &eb_clock_real;
}

#endif
