// SPDX-License-Identifier: Apache-2.0
// Decode against the machine's measured read bandwidth: interleaved rounds of the ceiling and of a greedy run, medians
// and ranges. bench_engine [SHAPE TYPE]...  (default: smollm2-135m in f16, q8_0, q4_0). EFFBENCH_ISA picks the kernels.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/stats.h"
#include "workloads/engine/engine.h"
#include "workloads/workload_impl.h"

enum { ROUNDS = 7, PROMPT = 64, OUTPUT = 64, PATH_SIZE = 512 };
#define CEILING_NS 300000000ll

static int cpus(void)
{
    const char *n = getenv("THREADS");
    return n && atoi(n) > 0 ? atoi(n) : 2;
}

static void notify(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static int fail(const eb_err *err)
{
    eb_err_print(err, stderr);
    return err->code;
}

static double span_tok_s(const eb_trial_sink *sink, bool decode)
{
    const eb_token_event *first = &sink->tokens[0], *last = &sink->tokens[sink->n_tokens - 1];
    return decode ? (double)(OUTPUT - 1) * 1e9 / (double)(last->t_end_ns - first->t_end_ns)
                  : (double)PROMPT * 1e9 / (double)(first->t_end_ns - first->t_start_ns);
}

static int bench(const eb_engine_ops *ops, const char *shape, const char *type)
{
    static eb_token_event tokens[OUTPUT];
    static eb_request_row requests[1];
    char source[128], path[PATH_SIZE];
    double ceiling[ROUNDS], decode[ROUNDS], prefill[ROUNDS], share[ROUNDS];
    eb_err err;
    eb_err_clear(&err);
    snprintf(source, sizeof source, "shape:%s", shape);
    eb_model_spec spec = { .source = source, .type = type, .seed = 1 };
    eb_engine_config config = {
        .threads = cpus(), .affinity = true, .max_batch = 1, .max_ctx_tok = PROMPT + OUTPUT, .kv = EB_KV_F16
    };
    eb_workload_params params = {
        .prompt_tok = PROMPT, .output_tok = OUTPUT, .batch = 1, .seed = 1, .sampling = { .top_p = 1 }
    };
    eb_engine *engine =
        ops->prepare(&spec, path, sizeof path, notify, NULL, &err) ? ops->open(path, &config, &err) : NULL;
    if (!engine)
        return fail(&err);
    eb_engine_caps caps;
    ops->caps(engine, &caps);
    for (int i = 0; i < ROUNDS; i++) {
        eb_ceilings c;
        eb_trial_sink sink = { .tokens = tokens, .cap_tokens = OUTPUT, .requests = requests, .cap_requests = 1 };
        if (!ops->ceilings(config.threads, true, CEILING_NS, &c, &err) ||
            !eb_generate_trial(&params, engine, &sink, &err))
            return fail(&err);
        ceiling[i] = c.read_bytes_s / 1e9;
        decode[i] = span_tok_s(&sink, true);
        prefill[i] = span_tok_s(&sink, false);
        share[i] = decode[i] * caps.bytes_per_tok / c.read_bytes_s;
    }
    printf("%-14s %-7s %-7s %d threads  prefill %7.1f tok/s  decode %7.1f tok/s  %5.1f of %5.1f GB/s  share %4.0f %% "
           "[%.0f-%.0f]\n",
           shape, type, caps.isa, caps.threads, eb_median(prefill, ROUNDS), eb_median(decode, ROUNDS),
           eb_median(decode, ROUNDS) * caps.bytes_per_tok / 1e9, eb_median(ceiling, ROUNDS),
           100 * eb_median(share, ROUNDS), 100 * eb_quantile(share, ROUNDS, 0.01), 100 * eb_quantile(share, ROUNDS, 1));
    ops->close(engine);
    return 0;
}

int main(int argc, char **argv)
{
    static char *standard[] = { NULL, "smollm2-135m", "f16", "smollm2-135m", "q8_0", "smollm2-135m", "q4_0" };
    char **list = argc > 2 ? argv : standard;
    int n = argc > 2 ? argc : (int)(sizeof standard / sizeof *standard);
    const eb_engine_ops *ops = eb_engine_find("native");
    for (int i = 1; i + 1 < n; i += 2) {
        int rc = bench(ops, list[i], list[i + 1]);
        if (rc)
            return rc;
    }
    return 0;
}
