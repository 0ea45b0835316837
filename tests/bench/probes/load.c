// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/probes/load.h"

#include <math.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SIZE = 512, READ_NS = 700, CHANNELS_MAX = 8 };

int cpus_online(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

bool load_open(load *w, const char *shape, const char *type, int threads)
{
    char source[128], path[PATH_SIZE];
    const eb_engine_ops *ops = eb_engine_find("native");
    eb_err err;
    eb_err_clear(&err);
    snprintf(source, sizeof source, "shape:%s", shape);
    eb_model_spec spec = { .source = source, .type = type, .seed = 1 };
    eb_engine_config config = { .threads = threads > 0 ? threads : cpus_online(),
                                .affinity = true,
                                .max_batch = 1,
                                .max_ctx_tok = LOAD_PROMPT + LOAD_OUTPUT,
                                .kv = EB_KV_F16 };
    w->params = (eb_workload_params){
        .prompt_tok = LOAD_PROMPT, .output_tok = LOAD_OUTPUT, .batch = 1, .seed = 1, .sampling = { .top_p = 1 }
    };
    w->engine = ops->prepare(&spec, path, sizeof path, NULL, NULL, &err) ? ops->open(path, &config, &err) : NULL;
    if (!w->engine)
        eb_err_print(&err, stderr);
    return w->engine != NULL;
}

double load_tok_s(load *w, const eb_pulse *pulse, eb_sampler *s)
{
    eb_err err;
    eb_err_clear(&err);
    eb_trial_sink sink = { .tokens = w->tokens, .cap_tokens = LOAD_OUTPUT, .requests = w->requests, .cap_requests = 1 };
    w->engine->ops->set_pulse(w->engine, pulse);
    if (s)
        eb_sampler_begin(s);
    bool ok = eb_generate_trial(&w->params, w->engine, &sink, &err);
    if (s)
        eb_sampler_end(s);
    if (!ok)
        eb_err_print(&err, stderr);
    return ok ? LOAD_OUTPUT * 1e9 / (double)(sink.t_end_ns - sink.t_start_ns) : NAN;
}

void load_close(load *w)
{
    w->engine->ops->close(w->engine);
    w->engine = NULL;
}

eb_sampler *load_sampler(eb_io *io, eb_probe **probe, eb_probe_config *config, double rate_hz, int busy)
{
    eb_channel channels[CHANNELS_MAX];
    const eb_channel *own;
    int n = eb_probe_channels(*probe, &own);
    for (int i = 0; i < n; i++) {
        channels[i] = own[i];
        channels[i].read_ns = READ_NS; // as calibration would find
    }
    eb_err err;
    eb_err_clear(&err);
    config->rate_hz = rate_hz;
    eb_sampler_setup setup = { .clock = &io->clock,
                               .probes = probe,
                               .n_probes = 1,
                               .channels = channels,
                               .config = config,
                               .max_rows = 1 << 18,
                               .busy_cpus = busy };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    if (s && !eb_sampler_start(s, &err)) {
        eb_sampler_free(s);
        s = NULL;
    }
    if (!s)
        eb_err_print(&err, stderr);
    return s;
}
