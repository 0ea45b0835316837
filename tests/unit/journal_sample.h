// SPDX-License-Identifier: Apache-2.0
// A small run in a temporary folder for the tests of the record: two cases, a package and a memory counter.
#ifndef EB_TESTS_JOURNAL_SAMPLE_H
#define EB_TESTS_JOURNAL_SAMPLE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/record/journal.h"
#include "tests/unit/folder.h"

enum { SAMPLE_SETTINGS = 24, SAMPLE_TOKENS = 8, SAMPLE_REQUESTS = 2, SAMPLE_READS = 101 };

typedef struct sample_run {
    char root[64], dir[80];
    eb_header header;
    eb_setting_row settings[SAMPLE_SETTINGS];
    eb_pair machine[2];
    eb_source_row sources[1];
    eb_channel channels[3];
    eb_case_info cases[2];
    // of one trial
    eb_trial_info info;
    eb_request_row requests[SAMPLE_REQUESTS];
    eb_token_event tokens[SAMPLE_TOKENS];
    eb_power_row power[3 * SAMPLE_READS];
    size_t n_power;
} sample_run;

static void sample_setting(sample_run *s, const char *section, const char *key, const char *value)
{
    s->settings[s->header.n_settings++] = (eb_setting_row){
        .section = (char *)section,
        .name = NULL,
        .key = (char *)key,
        .value = (char *)value,
        .unit = NULL,
        .origin = (char *)"default",
    };
}

static eb_channel sample_counter(const char *name, const char *label, eb_domain domain)
{
    eb_channel c = { .domain = domain,
                     .socket = 0,
                     .die = -1,
                     .quantity = EB_QUANTITY_ENERGY_UJ,
                     .cumulative = true,
                     .max_range = 262143328850,
                     .modulus = 262143328911,
                     .unit = 61.035,
                     .scale = 1,
                     .power_max_w = 500,
                     .period_ns = 1000000,
                     .grade = EB_GRADE_COUNTER };
    snprintf(c.name, sizeof c.name, "%s", name);
    snprintf(c.source, sizeof c.source, "powercap");
    snprintf(c.zone, sizeof c.zone, "%s", name);
    snprintf(c.label, sizeof c.label, "%s", label);
    return c;
}

static inline void sample_init(sample_run *s)
{
    *s = (sample_run){ 0 };
    snprintf(s->root, sizeof s->root, "%s/effbench-journal-XXXXXX", folder_parent());
    if (!mkdtemp(s->root))
        abort();
    snprintf(s->dir, sizeof s->dir, "%s/run", s->root);
    s->machine[0] = (eb_pair){ (char *)"cpu", (char *)"A \"quoted\" CPU" };
    s->machine[1] = (eb_pair){ (char *)"governor", (char *)"performance" };
    s->sources[0] = (eb_source_row){ (char *)"powercap", (char *)"ok", (char *)"", (char *)"" };
    s->channels[0] = sample_counter("powercap/intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE);
    s->channels[1] = sample_counter("powercap/intel-rapl:0:0", "dram", EB_DOMAIN_DRAM);
    s->channels[2] = (eb_channel){ .name = "counters/a,\"b\"",
                                   .source = "counters",
                                   .domain = EB_DOMAIN_NONE,
                                   .socket = -1,
                                   .die = -1,
                                   .quantity = EB_QUANTITY_COUNT,
                                   .cumulative = true,
                                   .scale = 1,
                                   .scope = EB_SCOPE_PROCESS };
    for (int i = 0; i < 2; i++)
        s->cases[i] = (eb_case_info){
            .index = i,
            .id = (char *)(i ? "m/q8_0/dense/p4-n4-b2" : "m/f16/dense/p4-n4-b2"),
            .family = (char *)"dense",
            .model = (char *)"m",
            .source = (char *)"shape:tiny",
            .type = (char *)(i ? "q8_0" : "f16"),
            .workload = (char *)"dense",
            .kv = (char *)"f16",
            .prompt_tok = 4,
            .output_tok = 4,
            .batch = 2,
            .threads = 2,
        };
    s->header = (eb_header){
        .tool_version = (char *)"0.1.0",
        .config = (char *)"a.ini",
        .started_utc = (char *)"2026-11-21T01:02:33Z",
        .plan_digest = (char *)"0123",
        .engine = (char *)"native",
        .boundary = EB_BOUNDARY_COMPUTE,
        .interval_level = 0.95,
        .trials_min = 1,
        .trials_max = 10,
        .settings = s->settings,
        .machine = s->machine,
        .n_machine = 2,
        .fingerprint = (char *)"feed",
        .sources = s->sources,
        .n_sources = 1,
        .channels = s->channels,
        .n_channels = 3,
        .cases = s->cases,
        .n_cases = 2,
    };
    sample_setting(s, "run", "trials", "3");
}

static inline void sample_deinit(sample_run *s)
{
    char command[96];
    snprintf(command, sizeof command, "rm -rf '%s'", s->root);
    if (system(command) != 0)
        abort();
}

// Samples every 10 ms from `t0` for a second: constant watts on package and memory; events at 1 per us.
static inline void sample_power(sample_run *s, int64_t t0, double package_w, double dram_w)
{
    s->n_power = 0;
    for (int i = 0; i < SAMPLE_READS; i++) {
        int64_t t = t0 + i * 10000000LL;
        uint64_t raw[3] = { (262143328911u - 20000000u + (uint64_t)(package_w * i * 10000)) % 262143328911u,
                            1000 + (uint64_t)(dram_w * i * 10000), (uint64_t)i * 10000 };
        for (int c = 0; c < 3; c++)
            s->power[s->n_power++] = (eb_power_row){ c, { .t_before_ns = t, .t_after_ns = t, .raw = raw[c] } };
    }
}

// Trial `number` of a case: a window of 1 s from t0. Two requests of four tokens in one batch, scheduled 100 ms and
// sent 90 ms before the window's start: prefill 200 ms, then three steps of 100 ms x slow.
static inline void sample_trial(sample_run *s, int number, int case_index, int round, double slow)
{
    int64_t t0 = 5000000000LL * number, prefill = 200000000, step = (int64_t)(100000000 * slow);
    s->info = (eb_trial_info){
        .number = number,
        .case_index = number ? case_index : -1,
        .round = round,
        .t_start_ns = t0,
        .t_end_ns = t0 + 1000000000,
        .load_ns = -1,
        .rss_peak_bytes = 5000000,
        .model_bytes = 1000,
        .kv_bytes = 64,
    };
    strcpy(s->info.digest, number ? "00ff00ff00ff00ff" : "");
    for (int r = 0; r < SAMPLE_REQUESTS; r++) {
        s->requests[r] = (eb_request_row){ (uint32_t)r, t0 - 100000000, t0 - 10000000, 4, 4, EB_REQUEST_OK };
        for (int i = 0; i < 4; i++)
            s->tokens[i * SAMPLE_REQUESTS + r] = (eb_token_event){
                .request = (uint32_t)r,
                .index = (uint32_t)i,
                .phase = i ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                .token = 10 * r + i,
                .t_start_ns = i ? t0 + prefill + (i - 1) * step : t0,
                .t_end_ns = t0 + prefill + i * step,
            };
    }
    sample_power(s, t0, 40, 10);
}

static inline bool sample_write(sample_run *s, eb_journal *j, eb_err *err)
{
    bool idle = s->info.number == 0;
    return eb_journal_trial(j, &s->info, s->requests, idle ? 0 : SAMPLE_REQUESTS, s->tokens, idle ? 0 : SAMPLE_TOKENS,
                            s->power, s->n_power, err);
}

static inline eb_case_facts sample_facts(int case_index)
{
    return (eb_case_facts){ .case_index = case_index,
                            .arch = "llama",
                            .isa = "avx2",
                            .model_name = "tiny",
                            .type = "f16",
                            .path = "/x",
                            .vocab = 32,
                            .n_layer = 2,
                            .threads = 2,
                            .n_params = 1000,
                            .model_bytes = 2000,
                            .bytes_per_tok = 2e6,
                            .flop_per_tok = 3e6,
                            .flop_per_prompt_tok = 2.5e6,
                            .kv_bytes_per_tok = 0,
                            .first_token_cold_ns = -1,
                            .kld_nats = NAN,
                            .top1_agree = NAN };
}

#endif
