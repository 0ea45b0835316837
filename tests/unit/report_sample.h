// SPDX-License-Identifier: Apache-2.0
// A run made by hand for the tests of the reports: nine cases of four families, figures chosen so that the answer
// is known without computing it.
#ifndef EB_TESTS_REPORT_SAMPLE_H
#define EB_TESTS_REPORT_SAMPLE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/run.h"

enum { SAMPLE_CASES = 9, SAMPLE_METRICS = 32 };

typedef struct sample {
    eb_run run;
    eb_header header;
    eb_case_info info[SAMPLE_CASES];
    eb_case_facts facts[SAMPLE_CASES];
    eb_case_result cases[SAMPLE_CASES];
    eb_metric metrics[SAMPLE_CASES][SAMPLE_METRICS];
    eb_setting_row settings[24];
    eb_pair machine[4];
    eb_source_row sources[1];
    char *warnings[2];
    eb_power_series series[SAMPLE_CASES];
    double t_s[SAMPLE_CASES][80], w[SAMPLE_CASES][80];
} sample;

static eb_metric *sample_metric(sample *s, int c, const char *key, const char *unit, double value, double half,
                                eb_grade grade)
{
    eb_metric *m = &s->metrics[c][s->cases[c].n_metrics++];
    *m = (eb_metric){ .key = key,
                      .unit = unit,
                      .value = value,
                      .lo = value - half,
                      .hi = value + half,
                      .n = 7,
                      .interval = isnan(half) ? EB_INTERVAL_NONE : EB_INTERVAL_CONFIDENCE,
                      .grade = grade };
    return m;
}

static void sample_setting(sample *s, const char *section, const char *key, const char *value)
{
    s->settings[s->header.n_settings++] = (eb_setting_row){
        .section = (char *)section, .key = (char *)key, .value = (char *)value, .origin = (char *)"edge.ini:3"
    };
}

// The row of a case: decode tok/s and joules per token decide the rest.
static void sample_case(sample *s, int c, const char *family, const char *model, const char *type, double tok_s,
                        double j_per_tok, double mb)
{
    s->info[c] = (eb_case_info){ .index = c,
                                 .id = (char *)model,
                                 .family = (char *)family,
                                 .model = (char *)model,
                                 .source = (char *)"shape:x",
                                 .type = (char *)type,
                                 .workload = (char *)family,
                                 .kv = (char *)"f16",
                                 .prompt_tok = 128,
                                 .output_tok = 64,
                                 .batch = 1,
                                 .threads = 2 };
    s->facts[c] = (eb_case_facts){ .case_index = c, .kld_nats = NAN, .top1_agree = NAN };
    s->cases[c] =
        (eb_case_result){ .info = &s->info[c], .facts = &s->facts[c], .n_trials = 7, .metrics = s->metrics[c] };
    const eb_grade e = EB_GRADE_ESTIMATE;
    sample_metric(s, c, "ttft_ns", "ns", 128e9 / (4.1 * tok_s), 2e9 / tok_s, EB_GRADE_NONE);
    sample_metric(s, c, "tpot_ns", "ns", 1e9 / tok_s, 0.01e9 / tok_s, EB_GRADE_NONE);
    sample_metric(s, c, "prefill_tok_s", "tok/s", 4.1 * tok_s, 0.06 * tok_s, EB_GRADE_NONE);
    sample_metric(s, c, "decode_tok_s", "tok/s", tok_s, 0.01 * tok_s, EB_GRADE_NONE);
    sample_metric(s, c, "rss_peak_bytes", "B", (mb + 40) * 1e6, 0.5e6, EB_GRADE_NONE);
    sample_metric(s, c, "power_w", "W", 24.3, 0.4, e);
    sample_metric(s, c, "j_per_tok", "J/tok", j_per_tok, 0.02 * j_per_tok, e);
    sample_metric(s, c, "net_j_per_tok", "J/tok", 0.7 * j_per_tok, 0.04 * j_per_tok, e);
    sample_metric(s, c, "j_per_prompt_tok", "J/tok", 0.14 * j_per_tok, 0.004 * j_per_tok, e);
    sample_metric(s, c, "j_per_decode_tok", "J/tok", 0.72 * j_per_tok, 0.015 * j_per_tok, e);
    sample_metric(s, c, "tok_per_j", "tok/J", 1 / j_per_tok, 0.02 / j_per_tok, e);
    sample_metric(s, c, "usd_per_mtok", "$/Mtok", 120 / tok_s, 1.2 / tok_s, e);
    sample_metric(s, c, "tok_per_usd", "tok/$", 1e6 * tok_s / 120, 1e4 * tok_s / 120, e);
    sample_metric(s, c, "bytes_per_tok", "B/tok", mb * 1e6, NAN, EB_GRADE_NONE);
    sample_metric(s, c, "model_bytes", "B", mb * 1e6, NAN, EB_GRADE_NONE);
}

static void sample_quality(sample *s, int c, double kld, double top1)
{
    s->info[c].reference_type = (char *)"f16";
    sample_metric(s, c, "kld_nats", "nats", kld, NAN, EB_GRADE_NONE);
    sample_metric(s, c, "top1_agree", "fraction", top1, NAN, EB_GRADE_NONE);
}

static void sample_series(sample *s, int c)
{
    eb_power_series *p = &s->series[c];
    *p = (eb_power_series){ .case_index = c,
                            .trial = c + 1,
                            .t_s = s->t_s[c],
                            .w = s->w[c],
                            .n = 80,
                            .prefill_end_s = 0.4 + 0.05 * c,
                            .end_s = 1.6 };
    for (int i = 0; i < p->n; i++) {
        p->t_s[i] = 0.02 * (i + 0.5);
        p->w[i] = (p->t_s[i] < p->prefill_end_s ? 28 : 23) + 1.5 * sin(0.7 * i + c);
    }
}

static void sample_header(sample *s)
{
    s->header = (eb_header){ .tool_version = (char *)"0.1.0",
                             .config = (char *)"/somewhere/edge.ini",
                             .started_utc = (char *)"2026-11-21T01:02:33Z",
                             .plan_digest = (char *)"00112233445566778899aabbccddeeff",
                             .engine = (char *)"native",
                             .boundary = EB_BOUNDARY_COMPUTE,
                             .interval_level = 0.95,
                             .trials_min = 7,
                             .trials_max = 7,
                             .settings = s->settings,
                             .machine = s->machine,
                             .fingerprint = (char *)"0123456789abcdef",
                             .sources = s->sources,
                             .n_sources = 1 };
    s->sources[0] =
        (eb_source_row){ (char *)"powercap", (char *)"no device", (char *)"no powercap zone", (char *)"a|b" };
    s->machine[s->header.n_machine++] = (eb_pair){ (char *)"cpu_model", (char *)"Some CPU" };
    s->machine[s->header.n_machine++] = (eb_pair){ (char *)"cpus", (char *)"2" };
    s->machine[s->header.n_machine++] = (eb_pair){ (char *)"governor", (char *)"unknown" };
    sample_setting(s, "run", "seed", "42");
    sample_setting(s, "run", "out", "/somewhere/results");
    sample_setting(s, "probes", "stated_load_w", "28");
    sample_setting(s, "probes", "stated_idle_w", "9");
    sample_setting(s, "probes", "stated_source", "a demonstration");
    sample_setting(s, "cost", "demonstration", "yes");
    sample_setting(s, "cost", "price_usd", "599");
    sample_setting(s, "cost", "price_source", "a made-up shop");
    sample_setting(s, "cost", "price_date", "2026-01-02");
    sample_setting(s, "cost", "years", "4");
    sample_setting(s, "cost", "usd_per_kwh", "0.21");
    sample_setting(s, "cost", "tariff_source", "a made-up bill");
    sample_setting(s, "cost", "tariff_date", "2026-01-03");
}

static sample *sample_new(void)
{
    sample *s = eb_alloc(sizeof *s);
    sample_header(s);
    sample_case(s, 0, "dense", "smollm2-135m", "f16", 52.1, 0.912, 270);
    sample_case(s, 1, "dense", "smollm2-135m", "q8_0", 118.3, 0.402, 144);
    sample_case(s, 2, "dense", "smollm2-135m", "q4_0", 151.7, 0.311, 78);
    sample_case(s, 3, "moe", "edge-moe", "q8_0", 61.2, 0.766, 420);
    sample_case(s, 4, "ssm", "mamba-130m", "f16", 57.4, 0.802, 260);
    sample_case(s, 5, "ssm", "mamba-130m", "q8_0", 93.5, 0.488, 138);
    sample_case(s, 6, "quantized", "smollm2-360m", "f16", 20.4, 2.31, 724);
    sample_case(s, 7, "quantized", "smollm2-360m", "q8_0", 45.6, 1.02, 386);
    sample_case(s, 8, "quantized", "smollm2-360m", "q4_0", 61.4, 0.771, 206);
    sample_quality(s, 6, 0, 1);
    sample_quality(s, 7, 0.00123, 0.991);
    sample_quality(s, 8, 0.0874, 0.912);
    for (int c = 0; c < SAMPLE_CASES; c++)
        sample_series(s, c);
    s->warnings[0] = (char *)"the frequency governor is 'powersave': 'performance' gives steadier figures";
    s->run = (eb_run){ .header = &s->header,
                       .cases = s->cases,
                       .n_cases = SAMPLE_CASES,
                       .idle_w = 9.02,
                       .idle_w_halfwidth = 0.11,
                       .idle_grade = EB_GRADE_ESTIMATE,
                       .idle_ns = 2000000000,
                       .warnings = s->warnings,
                       .n_warnings = 1,
                       .domains = (char *)"package (estimate)",
                       .missing = (char *)"",
                       .series = s->series,
                       .n_series = SAMPLE_CASES,
                       .complete = true,
                       .ended_utc = (char *)"2026-11-21T01:04:33Z" };
    return s;
}

static inline void sample_free(sample *s)
{
    free(s);
}

static inline eb_metric *sample_find(sample *s, int c, const char *key)
{
    for (int i = 0; i < s->cases[c].n_metrics; i++)
        if (!strcmp(s->metrics[c][i].key, key))
            return &s->metrics[c][i];
    return NULL;
}

static inline void sample_forget(sample *s, const char *key, const char *note)
{
    for (int c = 0; c < s->run.n_cases; c++) {
        eb_metric *m = sample_find(s, c, key);
        if (!m)
            continue;
        m->value = m->lo = m->hi = NAN;
        m->interval = EB_INTERVAL_NONE;
        snprintf(m->note, sizeof m->note, "%s", note);
    }
}

#endif
