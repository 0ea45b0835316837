// SPDX-License-Identifier: Apache-2.0
// What a plan will take, roughly: for --dry-run. Decode reads the weights once per token at the measured
// bandwidth; prefill does 2 FLOP per weight and token at half the measured ceiling.
#include <math.h>
#include <string.h>

#include "harness/run/ceilings.h"
#include "harness/run/runner.h"

enum { TOKEN_ROW_BYTES = 90, POWER_ROW_BYTES = 80, CHANNELS = 20, OPEN_S = 1 };
#define CEILING_BUDGET_NS 200000000ll
#define BYTES_PER_WEIGHT  1.0

static double case_seconds(const eb_case *c, double bytes, const eb_ceilings *k)
{
    if (c->params.duration_ns)
        return (double)c->params.duration_ns / 1e9;
    const eb_load_params *load = &c->params.load;
    if (load->requests && load->mode == EB_LOAD_CURVE)
        return 12 * (double)load->level_ns / 1e9; // calibration, ten levels, idle
    double sequences = load->requests ? load->requests : c->params.batch;
    double tokens = sequences * (c->params.prompt_tok + c->params.depth_tok);
    double prefill = tokens * 2 * (bytes / BYTES_PER_WEIGHT) / (0.5 * k->flop_s);
    double decode = ceil(sequences / c->params.batch) * c->params.output_tok * bytes / (0.6 * k->read_bytes_s);
    double schedule = load->rate_per_s > 0 ? load->requests / load->rate_per_s : 0;
    return fmax(prefill + decode, schedule);
}

// After max_time no new round is begun.
static int rounds_of(const eb_plan *plan, double round_s)
{
    double max_s = (double)plan->run.max_time_ns / 1e9;
    double began = max_s > 0 && round_s > 0 ? floor(max_s / round_s) + 1 : INFINITY;
    return began < plan->run.trials_max ? (int)began : plan->run.trials_max;
}

void eb_run_estimate(const eb_plan *plan, eb_estimate *out)
{
    eb_ceilings k = { .read_bytes_s = NAN, .steady_bytes_s = NAN, .flop_s = NAN, .int8_op_s = NAN };
    eb_err ignored;
    eb_err_clear(&ignored);
    *out = (eb_estimate){ 0 };
    const int threads = plan->n_cases ? plan->cases[0].threads : 1;
    eb_ceiling_reading kept;
    if (eb_ceilings_peek(plan->engine, threads, plan->affinity, &kept))
        k = kept.c;
    else if (plan->engine->ceilings)
        plan->engine->ceilings(threads, plan->affinity, CEILING_BUDGET_NS, &k, &ignored);
    double seconds = 2 * (double)plan->run.idle_ns / 1e9; // before and after
    double round_s = 0, round_bytes = 0;
    for (int i = 0; i < plan->n_cases; i++) {
        const eb_case *c = &plan->cases[i];
        eb_model_spec spec = { c->source, c->type, c->model_seed };
        bool exists = false, seen = false;
        uint64_t bytes = plan->engine->predict_bytes(&spec, &exists);
        for (int k2 = 0; k2 < i && !seen; k2++)
            seen = strcmp(plan->cases[k2].source, c->source) == 0 && strcmp(plan->cases[k2].type, c->type) == 0;
        if (!exists && !seen)
            out->model_bytes_to_write += bytes;
        if (bytes > out->model_bytes_largest)
            out->model_bytes_largest = bytes;
        double trial = case_seconds(c, (double)bytes, &k);
        if (bytes == 0)
            trial = NAN;
        seconds += OPEN_S;
        round_s += trial + (double)plan->run.pause_ns / 1e9;
        double rows = fmin(plan->probes.rate_hz * (isnan(trial) ? 1 : trial) * CHANNELS, EB_RUN_ROWS);
        double tokens = (double)c->params.batch * c->params.output_tok;
        if (c->params.load.requests && c->params.load.mode != EB_LOAD_CURVE)
            tokens = (double)c->params.load.requests * c->params.output_tok;
        if (c->params.duration_ns || c->params.load.mode == EB_LOAD_CURVE)
            tokens = trial * (0.6 * k.read_bytes_s) / (double)(bytes ? bytes : 1) * c->params.batch;
        tokens = isfinite(tokens) ? tokens : 0;
        round_bytes += rows * POWER_ROW_BYTES + tokens * TOKEN_ROW_BYTES;
    }
    out->rounds = rounds_of(plan, round_s);
    out->result_bytes = (uint64_t)(out->rounds * round_bytes);
    out->seconds = seconds + out->rounds * round_s;
}
