// SPDX-License-Identifier: Apache-2.0
// The grid: workload x model x type x prompt x output x batch x depth x threads x rate x users -> cases.
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/cpus.h"
#include "harness/base/mem.h"
#include "harness/plan/build.h"

enum { AXES = 8 };
static const char *const axis_keys[AXES] = {
    NULL, "prompt", "output", "batch", "depth", "threads", "rate", "users"
}; // 0: the type

// What one (workload, model) pair spans.
typedef struct span {
    const eb_block *workload, *model;
    const eb_slot *axes[AXES];
} span;

static int axis_size(const span *s, int axis)
{
    return s->axes[axis] && s->axes[axis]->n ? s->axes[axis]->n : 1;
}

static int64_t axis_i(const span *s, int axis, const int *at, int64_t fallback)
{
    return s->axes[axis] && s->axes[axis]->n ? s->axes[axis]->items[at[axis]].value.i : fallback;
}

// A shape without a type is made in f16; a file without one stays as it is.
static const char *resolved_type(const span *s, const int *at)
{
    if (s->axes[0] && s->axes[0]->n)
        return s->axes[0]->items[at[0]].text;
    return !strncmp(eb_block_s(s->model, "model", ""), "shape:", 6) ? "f16" : "";
}

// Type names are taken in any case; ids have them in lower case, so that one type is one case.
static char *lower(const char *s)
{
    char *copy = eb_strdup(s);
    for (char *c = copy; *c; c++)
        *c = (char)tolower((unsigned char)*c);
    return copy;
}

static char *case_id(const eb_case *c, int own_threads)
{
    const eb_workload_params *p = &c->params;
    char depth[24] = "", threads[24] = "", load[32] = "";
    if (p->depth_tok)
        snprintf(depth, sizeof depth, "-d%d", p->depth_tok);
    if (own_threads)
        snprintf(threads, sizeof threads, "-t%d", own_threads);
    if (p->load.rate_per_s > 0)
        snprintf(load, sizeof load, "-r%.9g", p->load.rate_per_s);
    if (p->load.users)
        snprintf(load, sizeof load, "-u%d", p->load.users);
    return eb_format("%s/%s/%s/p%d-n%d-b%d%s%s%s", c->model, c->type[0] ? c->type : "file", c->workload, p->prompt_tok,
                     p->output_tok, p->batch, depth, threads, load);
}

enum { WINDOWS = 60 };
#define WINDOW_MIN_NS 500000000ll // a few readings of the temperature

static void sustain(const eb_block *w, eb_workload_params *p)
{
    p->duration_ns = eb_block_i(w, "duration", 0);
    p->window_ns = eb_block_i(w, "window", 0);
    if (p->window_ns == 0)
        p->window_ns = p->duration_ns / WINDOWS > WINDOW_MIN_NS ? p->duration_ns / WINDOWS : WINDOW_MIN_NS;
    if (p->window_ns > p->duration_ns / EB_PLAN_WINDOWS_MIN)
        p->window_ns = p->duration_ns / EB_PLAN_WINDOWS_MIN;
}

static void put_load(const span *s, const int *at, eb_load_params *load)
{
    const eb_block *w = s->workload;
    load->mode = (eb_load_mode)eb_block_i(w, "mode", 0);
    load->even = !strcmp(eb_block_s(w, "arrivals", ""), "even");
    load->requests = (int)eb_block_i(w, "requests", 0);
    load->rate_per_s = s->axes[6]->n ? s->axes[6]->items[at[6]].value.f : 0;
    load->users = (int)axis_i(s, 7, at, 0);
    load->level_ns = eb_block_i(w, "level", 0);
}

static void add_case(eb_build *b, const span *s, const int *at)
{
    eb_plan *plan = b->plan;
    const eb_block *run = eb_build_block(b, "run", NULL), *w = s->workload;
    int own_threads = (int)axis_i(s, 5, at, 0),
        threads = own_threads ? own_threads : (int)eb_block_i(run, "threads", 0);
    EB_GROW(plan->cases, plan->n_cases, plan->cap_cases);
    eb_case *c = &plan->cases[plan->n_cases];
    *c = (eb_case){
        .index = plan->n_cases++,
        .model = eb_strdup(s->model->name),
        .source = eb_strdup(eb_block_s(s->model, "model", "")),
        .type = lower(resolved_type(s, at)),
        .model_seed = (uint64_t)eb_block_i(s->model, "seed", 1),
        .workload = eb_strdup(w->name),
        .ops = eb_workload_find(eb_block_s(w, "kind", "")),
        .params = { .prompt_tok = (int)axis_i(s, 1, at, 128),
                    .output_tok = (int)axis_i(s, 2, at, 32),
                    .batch = (int)axis_i(s, 3, at, 1),
                    .depth_tok = (int)axis_i(s, 4, at, 0),
                    .seed = plan->run.seed,
                    .sampling = { .temperature = eb_block_f(w, "temperature", 0),
                                  .top_k = (int)eb_block_i(w, "top_k", 0),
                                  .top_p = eb_block_f(w, "top_p", 1),
                                  .seed = plan->run.seed },
                    .handicap = eb_block_f(w, "handicap", 0),
                    .eval_tok = (int)eb_block_i(w, "eval_tokens", 128) },
        .threads = threads ? threads : eb_cpus_usable(),
        .kv = strcmp(eb_block_s(run, "kv", "f16"), "f32") ? EB_KV_F16 : EB_KV_F32,
        .reference = -1,
    };
    if (c->ops && !strcmp(c->ops->name, "load"))
        put_load(s, at, &c->params.load);
    c->id = case_id(c, own_threads);
    if (c->ops && !strcmp(c->ops->name, "sustained"))
        sustain(w, &c->params);
    if (c->ops && c->ops->needs_eval)
        c->reference_type = lower(eb_block_s(w, "reference", "f16"));
}

static bool same_but_type(const eb_case *a, const eb_case *b)
{
    return !strcmp(a->model, b->model) && !strcmp(a->workload, b->workload) && a->threads == b->threads &&
           a->params.prompt_tok == b->params.prompt_tok && a->params.output_tok == b->params.output_tok &&
           a->params.batch == b->params.batch && a->params.depth_tok == b->params.depth_tok;
}

static void link_references(eb_plan *plan)
{
    for (int i = 0; i < plan->n_cases; i++) {
        eb_case *c = &plan->cases[i];
        for (int j = 0; c->reference_type && j < plan->n_cases; j++)
            if (!strcmp(plan->cases[j].type, c->reference_type) && same_but_type(c, &plan->cases[j]))
                c->reference = j;
    }
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void check_unique(eb_build *b)
{
    const eb_plan *plan = b->plan;
    const char **ids = eb_alloc((size_t)plan->n_cases * sizeof *ids);
    const char *twice = NULL;
    for (int i = 0; i < plan->n_cases; i++)
        ids[i] = plan->cases[i].id;
    qsort(ids, (size_t)plan->n_cases, sizeof *ids, by_text);
    for (int i = 1; i < plan->n_cases && !twice; i++)
        if (strcmp(ids[i - 1], ids[i]) == 0)
            twice = ids[i];
    free(ids);
    for (int i = 0; twice && i < plan->n_cases; i++) {
        if (strcmp(plan->cases[i].id, twice) != 0)
            continue;
        const eb_block *w = eb_build_block(b, "workload", plan->cases[i].workload);
        eb_err_hint(eb_complain(b, w->place, "two cases are the same: %.200s", twice),
                    "a list of it, or of its model, names one thing in two ways");
        return;
    }
}

// Steps the odometer `at`, the last axis first; false when it is back at the start.
static bool next_point(const span *s, int *at)
{
    for (int axis = AXES - 1; axis >= 0; axis--) {
        if (++at[axis] < axis_size(s, axis))
            return true;
        at[axis] = 0;
    }
    return false;
}

static bool add_span(eb_build *b, const eb_block *workload, const eb_block *model)
{
    span s = { .workload = workload, .model = model, .axes = { eb_block_slot(model, "type") } };
    int64_t points = 1;
    for (int axis = 0; axis < AXES; axis++) {
        if (axis > 0)
            s.axes[axis] = eb_block_slot(workload, axis_keys[axis]);
        points *= axis_size(&s, axis);
        if (points + b->plan->n_cases > EB_PLAN_CASES_MAX) {
            eb_err *err = eb_complain(b, workload->place, "the config spans more than %d cases", EB_PLAN_CASES_MAX);
            eb_err_hint(err, "shorten a list of [workload %s], or make it two configs", workload->name);
            return false;
        }
    }
    int at[AXES] = { 0 };
    do
        add_case(b, &s, at);
    while (next_point(&s, at));
    return true;
}

void eb_build_cases(eb_build *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const eb_block *w = &b->blocks[i];
        if (strcmp(w->section, "workload") != 0)
            continue;
        const eb_slot *models = eb_block_slot(w, "model");
        for (int k = 0; k < models->n; k++)
            if (!add_span(b, w, eb_build_block(b, "model", models->items[k].text)))
                return;
        int before = b->plan->n_cases;
        for (size_t m = 0; models->n == 0 && m < b->n; m++)
            if (!strcmp(b->blocks[m].section, "model") && !eb_build_misfit(b, w, &b->blocks[m]) &&
                !add_span(b, w, &b->blocks[m]))
                return;
        if (models->n == 0 && b->plan->n_cases == before)
            eb_err_hint(eb_complain(b, w->place, "no model of the config fits kind = %s", eb_block_s(w, "kind", "")),
                        "add a [model NAME] of that family, or change the kind");
    }
    link_references(b->plan);
    check_unique(b);
}
