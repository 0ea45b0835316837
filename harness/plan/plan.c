// SPDX-License-Identifier: Apache-2.0
// From the config's text to the plan: read, resolve, check, span; every error found on the way is reported.
#include "harness/plan/plan.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"
#include "harness/base/log.h"
#include "harness/base/mem.h"
#include "harness/plan/build.h"

static char *dup_or_null(const char *s)
{
    return s ? eb_strdup(s) : NULL;
}

// "configs/edge.ini" -> "edge"
static char *stem(const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path, *dot = strrchr(base, '.');
    return eb_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
}

static void fill_run(const eb_build *b, eb_plan *plan)
{
    const eb_block *run = eb_build_block(b, "run", NULL);
    const char *name = eb_block_s(run, "name", NULL);
    const eb_slot *cold = eb_block_slot(run, "cold_start"), *affinity = eb_block_slot(run, "affinity"),
                  *profile = eb_block_slot(run, "profile");
    int trials = (int)eb_block_i(run, "trials", 1);
    plan->run = (eb_run_config){
        .trials_min = trials,
        .trials_max = (int)eb_block_i(run, "trials_max", trials),
        .target = eb_block_f(run, "target", 0.02),
        .idle_ns = eb_block_i(run, "idle", 0),
        .pause_ns = eb_block_i(run, "pause", 0),
        .seed = (uint64_t)eb_block_i(run, "seed", 1),
        .cold_start = cold->n && cold->items[0].value.b,
        .profile = profile->n && profile->items[0].value.b,
        .max_time_ns = eb_block_i(run, "max_time", 0),
        .ceilings = (eb_ceiling_use)eb_block_i(run, "ceilings", EB_CEILINGS_CACHED),
        .name = name ? eb_strdup(name) : stem(plan->config_path),
        .out = dup_or_null(eb_block_s(run, "out", NULL)),
    };
    eb_grade_parse(eb_block_s(run, "require_energy", "none"), &plan->run.require_energy);
    plan->affinity = affinity && affinity->n && affinity->items[0].value.b;
}

static void fill_meter(const eb_block *probes, eb_probe_config *c)
{
    static const double ticks_ns[] = { 1e9, 1e6, 1e3, 1 };
    c->meter = dup_or_null(eb_block_s(probes, "meter", NULL));
    c->pmic_command = dup_or_null(eb_block_s(probes, "pmic_command", NULL));
    c->meter_format = (eb_meter_format)eb_block_i(probes, "meter_format", c->meter_format);
    c->meter_tick_ns = ticks_ns[eb_block_i(probes, "meter_time", 0)];
    eb_domain_parse(eb_block_s(probes, "meter_domain", "system"), &c->meter_domain);
    if (!eb_grade_parse(eb_block_s(probes, "meter_grade", "auto"), &c->meter_grade))
        c->meter_grade = EB_GRADE_NONE;
    c->meter_class = eb_block_f(probes, "meter_class", 0);
    c->meter_max_w = eb_block_f(probes, "meter_max_w", c->meter_max_w);
    c->meter_timeout_ns = eb_block_i(probes, "meter_timeout", c->meter_timeout_ns);
}

static void fill_probes(const eb_build *b, eb_plan *plan)
{
    const eb_block *probes = eb_build_block(b, "probes", NULL);
    eb_probe_config *c = &plan->probes;
    eb_probe_config_default(c);
    c->boundary = (eb_boundary)eb_block_i(probes, "boundary", c->boundary);
    c->sampling = (eb_sampling)eb_block_i(probes, "sampling", c->sampling);
    c->rate_hz = eb_block_f(probes, "rate", c->rate_hz);
    c->calibrate = eb_block_i(probes, "calibrate", c->calibrate) != 0;
    c->stated_load_w = eb_block_f(probes, "stated_load_w", NAN);
    c->stated_idle_w = eb_block_f(probes, "stated_idle_w", NAN);
    c->stated_source = dup_or_null(eb_block_s(probes, "stated_source", NULL));
    fill_meter(probes, c);
    c->sources = eb_slot_text(eb_block_slot(probes, "sources"));
    c->events = eb_slot_text(eb_block_slot(probes, "events"));
}

static void fill_engine(const eb_build *b, eb_plan *plan)
{
    const eb_option *first = plan->engine->options;
    const eb_block *block = first ? eb_build_block(b, first->section, NULL) : NULL;
    plan->engine_settings = eb_alloc(sizeof *plan->engine_settings * (size_t)(block ? block->n_slots + 1 : 1));
    for (int i = 0; block && i < block->n_slots; i++) {
        const eb_slot *slot = &block->slots[i];
        if (slot->n)
            plan->engine_settings[plan->n_engine_settings++] = (eb_engine_setting){
                .key = slot->opt->key,
                .value = slot->opt->type == EB_OPTION_FLOAT ? slot->items[0].value.f : (double)slot->items[0].value.i,
            };
    }
}

static void fill_settings(const eb_build *b, eb_plan *plan)
{
    for (size_t i = 0; i < b->n; i++) {
        for (int k = 0; k < b->blocks[i].n_slots; k++) {
            const eb_slot *slot = &b->blocks[i].slots[k];
            if (eb_build_idle_section(b, slot->opt->section))
                continue;
            EB_GROW(plan->settings, plan->n_settings, plan->cap_settings);
            plan->settings[plan->n_settings++] = (eb_setting){
                .option = slot->opt,
                .name = dup_or_null(b->blocks[i].name),
                .text = eb_slot_text(slot),
                .origin = slot->origin,
                .line = slot->origin == EB_ORIGIN_FILE ? slot->place.line : 0,
                .idle = !eb_build_applies(&b->blocks[i], slot),
            };
        }
    }
}

// In the order of the file; what concerns all of it, and the flags, come after.
static bool comes_after(const eb_err *a, const eb_err *b)
{
    int line_a = a->line ? a->line : INT_MAX, line_b = b->line ? b->line : INT_MAX;
    return line_a != line_b ? line_a > line_b : a->line && a->column > b->column;
}

void eb_build_sort_errors(eb_err_list *errs, size_t from)
{
    for (size_t i = from + 1; i < errs->n; i++) {
        eb_err e = errs->items[i];
        size_t k = i;
        for (; k > from && comes_after(&errs->items[k - 1], &e); k--)
            errs->items[k] = errs->items[k - 1];
        errs->items[k] = e;
    }
}

eb_plan *eb_plan_from_text(const char *file, const char *text, size_t len, const char *const *sets, int n_sets,
                           bool check_models, eb_err_list *errs)
{
    eb_plan *plan = eb_alloc(sizeof *plan);
    plan->config_path = eb_strdup(file);
    plan->config_text = eb_alloc(len + 1);
    if (len)
        memcpy(plan->config_text, text, len);
    plan->config_len = len;
    eb_build b = { .errs = errs, .check_models = check_models, .sets = sets, .n_sets = n_sets, .plan = plan };
    size_t before = errs->n;
    b.readable = eb_ini_parse(file, text, len, &b.ini, errs);
    eb_build_blocks(&b);
    eb_build_validate(&b);
    // Values that are wrong would span a wrong grid: only a config without errors gets this far.
    if (errs->n == before) {
        fill_run(&b, plan);
        fill_probes(&b, plan);
        fill_engine(&b, plan);
        fill_settings(&b, plan);
        eb_build_cases(&b);
    }
    if (errs->n == before) {
        eb_plan_digest(&b, plan);
        eb_debug("plan", "%s: %zu settings, %d cases, digest %s", file, plan->n_settings, plan->n_cases, plan->digest);
    }
    eb_build_sort_errors(errs, before);
    eb_build_free(&b);
    if (errs->n == before)
        return plan;
    eb_plan_free(plan);
    return NULL;
}

eb_plan *eb_plan_load(const char *path, const char *const *sets, int n_sets, eb_err_list *errs)
{
    enum { READ_MAX = 2 << 20 }; // beyond the reader's own limit, whose message is the better one
    size_t len = 0;
    eb_err why = { 0 };
    if (!strcmp(path, "-"))
        path = "/dev/stdin";
    char *text = eb_file_read(path, READ_MAX, &len, &why);
    if (!text) {
        why.code = EB_USAGE;
        if (!eb_file_exists(path))
            eb_err_hint(&why, "the config's path is taken from the folder in which effbench is started");
        else if (!why.file[0])
            eb_err_hint(&why, "a config is a file that this user may read; configs/ has some");
        *eb_err_list_add(errs) = why;
        return NULL;
    }
    eb_plan *plan = eb_plan_from_text(path, text, len, sets, n_sets, true, errs);
    free(text);
    return plan;
}

void eb_plan_free(eb_plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->n_settings; i++) {
        free(plan->settings[i].name);
        free(plan->settings[i].text);
    }
    for (int i = 0; i < plan->n_cases; i++) {
        eb_case *c = &plan->cases[i];
        char *owned[] = { c->id, c->model, c->source, c->type, c->workload, c->reference_type };
        for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
            free(owned[k]);
    }
    free((char *)plan->probes.stated_source);
    free((char *)plan->probes.meter);
    free((char *)plan->probes.pmic_command);
    free((char *)plan->probes.sources);
    free((char *)plan->probes.events);
    free(plan->engine_settings);
    free(plan->groups);
    free(plan->settings);
    free(plan->cases);
    free(plan->run.name);
    free(plan->run.out);
    free(plan->config_path);
    free(plan->config_text);
    free(plan);
}
