// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/ours.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/mem.h"
#include "tests/bench/engine/child.h"
#include "workloads/workload_impl.h"

enum { COLD_LIMIT_S = 600, WARM_TOK = 2 };
#define CEILING_NS 600000000ll
#define ROOM_BYTES (64ull << 20)

// Prefill: the prompt. Decode: all that came after the last prompt's end.
static double rate(const bench_cell *cell, const eb_trial_sink *sink)
{
    int64_t prompts_end = 0;
    size_t decoded = 0;
    for (size_t i = 0; i < sink->n_tokens; i++) {
        const eb_token_event *e = &sink->tokens[i];
        if (e->phase == EB_PHASE_DECODE)
            decoded++;
        else if (e->t_end_ns > prompts_end)
            prompts_end = e->t_end_ns;
    }
    const eb_token_event *first = &sink->tokens[0];
    if (cell->kind == BENCH_PREFILL)
        return (double)cell->prompt_tok * 1e9 / (double)(first->t_end_ns - first->t_start_ns);
    return (double)decoded * 1e9 / (double)(sink->t_end_ns - prompts_end);
}

// A prompt's last token makes the first output token: decode of N asks for N + 1.
static eb_workload_params params_of(const bench_cell *cell)
{
    const bool prefill = cell->kind == BENCH_PREFILL;
    return (eb_workload_params){ .prompt_tok = prefill ? cell->prompt_tok : 1,
                                 .output_tok = prefill ? 1 : cell->output_tok + 1,
                                 .batch = cell->batch,
                                 .depth_tok = cell->depth_tok,
                                 .seed = 1,
                                 .sampling = { .top_p = 1 } };
}

static bool trials(const bench_cell *cell, eb_engine *engine, double *value, eb_err *err)
{
    const eb_workload_params params = params_of(cell);
    eb_workload_params warm = params;
    warm.depth_tok = 0;
    warm.output_tok = params.output_tok < WARM_TOK ? params.output_tok : WARM_TOK;
    eb_trial_sink sink = { .cap_tokens = (size_t)params.batch * (size_t)params.output_tok,
                           .cap_requests = (size_t)params.batch };
    sink.tokens = eb_alloc(sizeof *sink.tokens * sink.cap_tokens);
    sink.requests = eb_alloc(sizeof *sink.requests * sink.cap_requests);
    const bool ok = eb_generate_trial(&warm, engine, &sink, err) && eb_generate_trial(&params, engine, &sink, err);
    if (ok)
        *value = rate(cell, &sink);
    free(sink.tokens);
    free(sink.requests);
    return ok;
}

static uint64_t most_bytes(uint64_t file_bytes, uint64_t cache_bytes)
{
    return file_bytes + file_bytes * 15 / 100 + cache_bytes + ROOM_BYTES;
}

static bool measure(const void *arg, void *out, eb_err *err)
{
    const bench_ours *job = arg;
    bench_reading *reading = out;
    const eb_workload_params p = params_of(job->cell);
    const eb_engine_config config = { .threads = job->threads,
                                      .affinity = true,
                                      .max_batch = p.batch,
                                      .max_ctx_tok = p.depth_tok + p.prompt_tok + p.output_tok,
                                      .kv = EB_KV_F16 };
    eb_engine *engine = job->ops->open(job->model_path, &config, err);
    if (!engine)
        return false;
    eb_engine_memory memory;
    eb_engine_caps caps;
    job->ops->memory(engine, &memory);
    job->ops->caps(engine, &caps);
    reading->rss_most_bytes = most_bytes(caps.model_bytes, memory.kv_bytes);
    const bool ok = trials(job->cell, engine, &reading->value, err);
    job->ops->close(engine);
    return ok;
}

static bool cold(const bench_ours *job, bench_reading *out, eb_err *err)
{
    char threads[16];
    snprintf(threads, sizeof threads, "%d", job->threads);
    char *argv[] = { (char *)job->program,
                     (char *)"first-token",
                     (char *)"--threads",
                     threads,
                     (char *)"--",
                     (char *)job->model_path,
                     NULL };
    child_result r;
    bool ok = child_run(argv, false, COLD_LIMIT_S, &r, err);
    const long long t = ok ? strtoll(r.out, NULL, 10) : 0;
    if (ok && t <= r.start_ns)
        ok = eb_err_set(err, EB_FAILED, "'%s first-token' gave no time", job->program);
    out->value = (double)(t - r.start_ns);
    out->rss_peak_bytes = r.rss_peak_bytes;
    struct stat file; // the cache of a cold start's few tokens is small enough to forget
    out->rss_most_bytes = stat(job->model_path, &file) == 0 ? most_bytes((uint64_t)file.st_size, 0) : 0;
    child_free(&r);
    return ok;
}

bool bench_ours_measure(const bench_ours *job, bench_reading *out, eb_err *err)
{
    *out = (bench_reading){ .value = NAN };
    if (job->cell->kind == BENCH_COLD)
        return cold(job, out, err);
    uint64_t rss;
    const bool ok = child_call(measure, job, out, sizeof *out, &rss, err);
    out->rss_peak_bytes = rss;
    return ok;
}

static bool ceilings(const void *arg, void *out, eb_err *err)
{
    const bench_ours *job = arg;
    return job->ops->ceilings(job->threads, true, CEILING_NS, out, err);
}

bool bench_ours_ceilings(const bench_ours *job, eb_ceilings *out, eb_err *err)
{
    uint64_t rss;
    *out = (eb_ceilings){ .read_bytes_s = NAN, .steady_bytes_s = NAN, .flop_s = NAN, .int8_op_s = NAN };
    return child_call(ceilings, job, out, sizeof *out, &rss, err);
}
