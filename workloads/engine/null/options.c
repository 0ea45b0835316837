// SPDX-License-Identifier: Apache-2.0
// [null]: the script. The defaults are an edge box of some 80 tokens per second that is as restless as such boxes are.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "workloads/engine/null/null.h"

#define NS_PER_S 1e9
#define TIME     .section = "null", .type = EB_OPTION_TIME, .unit = "ns", .max = 3600 * NS_PER_S
#define SHARE    .section = "null", .type = EB_OPTION_FLOAT, .unit = "fraction"
#define WATTS    .section = "null", .type = EB_OPTION_FLOAT, .unit = "w", .max = 1e6
#define COUNT    .section = "null", .type = EB_OPTION_INT, .max = 9007199254740992.0

static const eb_choice families[] = {
    { "dense", "fits kind = dense" }, { "moe", "fits kind = moe" }, { "ssm", "fits kind = ssm" }, { 0 }
};

// In the order of eb_grade.
static const eb_choice grades[] = { { "none", "no joules" },
                                    { "estimate", "a model" },
                                    { "sampled", "sampled power" },
                                    { "counter", "an integrated hardware counter" },
                                    { "wall", "a meter of the whole machine: counts in boundary = wall" },
                                    { 0 } };

// clang-format off
const eb_option eb_null_options[] = {
    { TIME, .key = "prefill_token", .def = "1ms", .doc = "Time per prompt token." },
    { TIME, .key = "decode_step", .def = "12ms", .doc = "Time of a decode step of one sequence without context." },
    { TIME, .key = "context_token", .def = "0", .doc = "What a decode step takes longer per token of context." },
    { SHARE, .key = "batch_cost", .max = 1000, .def = "0.1", .doc = "What a decode step takes longer per further sequence." },
    { TIME, .key = "load_time", .def = "200ms", .doc = "Time to open the model." },
    { WATTS, .key = "idle_w", .def = "6", .doc = "Watts between the steps." },
    { WATTS, .key = "prefill_w", .def = "24", .doc = "Watts of prefill." },
    { WATTS, .key = "decode_w", .def = "18", .doc = "Watts of decode." },
    { SHARE, .key = "slower", .min = -0.9, .max = 1000, .def = "0", .doc = "All times longer by this share: what a change of the program does." },
    { SHARE, .key = "hungrier", .min = -0.9, .max = 1000, .def = "0", .doc = "The watts of the steps more by this share." },
    { COUNT, .key = "seed", .def = "1", .doc = "Seed of the noise: another one is another session on the machine." },
    { COUNT, .key = "at", .def = "0", .flags = EB_OPTION_UNPLANNED, .doc = "Number of the first trial on the script: where drift and steps stand." },
    { SHARE, .key = "run_noise", .max = 1, .def = "0.015", .doc = "Spread of a trial by itself." },
    { SHARE, .key = "drift", .max = 1, .def = "0.02", .doc = "Spread of what drifts from trial to trial." },
    { SHARE, .key = "drift_memory", .max = 0.999, .def = "0.9", .doc = "What is left of the drift a trial later (AR(1))." },
    { SHARE, .key = "session_noise", .max = 1, .def = "0.03", .doc = "Spread of the offset that all trials of a seed share." },
    { SHARE, .key = "outliers", .max = 1, .def = "0.03", .doc = "Share of the trials that something else slowed down." },
    { SHARE, .key = "outlier_size", .max = 1000, .def = "0.15", .doc = "By how much these are slower." },
    { SHARE, .key = "token_noise", .max = 1, .def = "0.02", .doc = "Spread of a single step's time." },
    { SHARE, .key = "watts_noise", .max = 1, .def = "0.01", .doc = "Spread of a trial's watts." },
    { SHARE, .key = "trend", .min = -0.01, .max = 0.1, .def = "0", .doc = "Each trial takes longer than the one before by this share." },
    { COUNT, .key = "step_at", .def = "0", .doc = "Trial from which on `step` counts." },
    { SHARE, .key = "step", .min = -0.9, .max = 1000, .def = "0", .doc = "What every trial from `step_at` on takes longer." },
    { COUNT, .key = "output", .def = "0", .doc = "Another number, other output tokens: what a change of the arithmetic does." },
    { .section = "null", .key = "model_bytes", .type = EB_OPTION_SIZE, .unit = "bytes", .max = 1e15, .def = "500MB", .doc = "Size of the model." },
    { .section = "null", .key = "family", .type = EB_OPTION_ENUM, .choices = families, .def = "dense", .doc = "What kind of model it says it is." },
    { .section = "null", .key = "grade", .type = EB_OPTION_ENUM, .choices = grades, .def = "counter", .doc = "What its energy counter says it is." },
    { TIME, .min = 1, .key = "counter_period", .def = "1ms", .doc = "The counter moves this often." },
    { .section = "null", .key = "counter_gap_at", .type = EB_OPTION_INT, .min = -1, .max = 1e9, .def = "-1", .doc = "Trial in which the counter cannot be read; -1 = none." },
    { 0 },
};
// clang-format on

static double value_of(const eb_engine_setting *settings, int n, const char *key)
{
    for (int i = 0; i < n; i++)
        if (strcmp(settings[i].key, key) == 0)
            return settings[i].value;
    for (const eb_option *o = eb_null_options; o->section; o++) {
        eb_value v;
        eb_err err;
        if (strcmp(o->key, key) == 0 && eb_option_parse(o, o->def, &v, &err))
            return o->type == EB_OPTION_FLOAT ? v.f : (double)v.i;
    }
    assert(!"an option of [null]");
    return 0;
}

#define GET(key) value_of(settings, n, key)

void eb_null_script_read(const eb_engine_setting *settings, int n, eb_null_script *out)
{
    *out = (eb_null_script){
        .seed = (uint64_t)GET("seed"),
        .at = (uint64_t)GET("at"),
        .output = (uint64_t)GET("output"),
        .prefill_ns = GET("prefill_token"),
        .decode_ns = GET("decode_step"),
        .context_ns = GET("context_token"),
        .batch_frac = GET("batch_cost"),
        .load_ns = GET("load_time"),
        .idle_w = GET("idle_w"),
        .prefill_w = GET("prefill_w"),
        .decode_w = GET("decode_w"),
        .time_factor = 1 + GET("slower"),
        .watts_factor = 1 + GET("hungrier"),
        .noise = { .session_frac = GET("session_noise"),
                   .drift_frac = GET("drift"),
                   .drift_phi = GET("drift_memory"),
                   .run_frac = GET("run_noise"),
                   .outlier_prob = GET("outliers"),
                   .outlier_frac = GET("outlier_size") },
        .token_frac = GET("token_noise"),
        .watts_frac = GET("watts_noise"),
        .trend_frac = GET("trend"),
        .step_at = (uint64_t)GET("step_at"),
        .step_frac = GET("step"),
        .model_bytes = (uint64_t)GET("model_bytes"),
        .family = (int)GET("family"),
    };
}

double eb_null_script_factor(const eb_null_script *s, uint64_t trial)
{
    double steady = s->time_factor * pow(1 + s->trend_frac, (double)trial);
    return eb_null_noise_factor(&s->noise, s->seed, trial) * steady * (trial >= s->step_at ? 1 + s->step_frac : 1);
}

void eb_null_simulate(const eb_engine_setting *settings, int n, eb_timeline *t)
{
    t->w = GET("idle_w");
    t->grade = (eb_grade)GET("grade");
    t->period_ns = (int64_t)GET("counter_period");
    double gap_at = GET("counter_gap_at");
    t->broken_trial = gap_at < 0 ? -1 : (int)(gap_at - GET("at"));
}
