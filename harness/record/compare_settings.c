// SPDX-License-Identifier: Apache-2.0
// What two rows of the same work were not told alike: a ratio between them may be of that.
#include "harness/record/compare_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/compare_phase.h"

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(s, list[i]))
            return true;
    return false;
}

#define ONE_OF(s, list) is_one_of((s), (list), sizeof(list) / sizeof *(list))

bool eb_compare_keeps(const char *section, const char *key)
{
    // Where and for how long, or what the rows show as it came out: threads, trials.
    static const char *const run[] = { "name",       "out",     "trials",   "trials_max", "target",
                                       "idle",       "pause",   "max_time", "ceilings",   "require_energy",
                                       "cold_start", "threads", "engine",   "kv" };
    static const char *const machine[] = { "cpu_model",      "cpus", "microcode", "kernel",        "governor",
                                           "scaling_driver", "smt",  "turbo",     "power_limit_uw" };
    static const char *const whole[] = { "cost", "slo", "workload", "probes", "null" };
    if (!section)
        return ONE_OF(key, machine);
    return ONE_OF(section, whole) || (!strcmp(section, "model") && !strcmp(key, "seed")) ||
           (!strcmp(section, "run") && !ONE_OF(key, run));
}

// ---- what is compared ----

static void add(eb_compare_difference *d, const char *section, const char *key, const char *value,
                const char *reference)
{
    value = value && *value ? value : "unset";
    reference = reference && *reference ? reference : "unset";
    if (!strcmp(value, reference))
        return;
    for (int i = 0; i < d->n; i++)
        if (!strcmp(d->items[i].section, section) && !strcmp(d->items[i].key, key) &&
            !strcmp(d->items[i].value, value) && !strcmp(d->items[i].reference, reference))
            return;
    d->items = eb_realloc(d->items, (size_t)d->n + 1, sizeof *d->items);
    d->items[d->n++] =
        (eb_compare_setting_pair){ eb_strdup(section), eb_strdup(key), eb_strdup(value), eb_strdup(reference) };
}

static void add_number(eb_compare_difference *d, const char *section, const char *key, int value, int reference)
{
    char a[16], b[16];
    snprintf(a, sizeof a, "%d", value);
    snprintf(b, sizeof b, "%d", reference);
    add(d, section, key, a, b);
}

static void add_setting(eb_compare_difference *d, const eb_setting_row *s, const char *value, const char *reference)
{
    const char *name = s->name ? s->name : "";
    char *section = eb_format("%s%s%s", s->section, *name ? " " : "", name);
    add(d, section, s->key, value, reference);
    free(section);
}

// Told alike is of the same name: a workload or a model may be called otherwise in the other config.
static bool concerns(const eb_setting_row *s, const eb_compare_case *c)
{
    static const char *const elsewhere[] = { "kind",  "model",   "prompt",      "output",   "batch",
                                             "depth", "threads", "eval_tokens", "reference" };
    if (!strcmp(s->section, "cost") || !strcmp(s->section, "slo"))
        return false; // prices and limits are said apart
    if (!strcmp(s->section, "workload"))
        return !strcmp(s->name, c->workload) && !ONE_OF(s->key, elsewhere);
    return strcmp(s->section, "model") != 0 || !strcmp(s->name, c->model);
}

static const eb_setting_row *find(const eb_compare_run *run, const eb_compare_case *c, const eb_setting_row *like)
{
    for (int i = 0; i < run->text.n_settings; i++) {
        const eb_setting_row *s = &run->text.settings[i];
        if (!strcmp(s->section, like->section) && !strcmp(s->key, like->key) && concerns(s, c))
            return s;
    }
    return NULL;
}

static const char *fact(const eb_compare_run *run, const char *key)
{
    for (int i = 0; i < run->text.n_machine; i++)
        if (!strcmp(run->text.machine[i].key, key))
            return run->text.machine[i].value;
    return NULL;
}

// A script of the null engine comes last: it is long.
static void add_settings(eb_compare_difference *d, const eb_compare_run *a, const eb_compare_case *x,
                         const eb_compare_run *b, const eb_compare_case *y, bool scripts)
{
    for (int i = 0; i < a->text.n_settings; i++) {
        const eb_setting_row *s = &a->text.settings[i];
        if (!concerns(s, x) || !strcmp(s->section, "null") != scripts)
            continue;
        const eb_setting_row *other = find(b, y, s);
        add_setting(d, s, s->value, other ? other->value : NULL);
    }
    for (int i = 0; i < b->text.n_settings; i++) {
        const eb_setting_row *s = &b->text.settings[i];
        if (concerns(s, y) && !strcmp(s->section, "null") == scripts && !find(a, x, s))
            add_setting(d, s, NULL, s->value);
    }
}

static void add_facts(eb_compare_difference *d, const eb_compare_run *a, const eb_compare_run *b)
{
    for (int i = 0; i < a->text.n_machine; i++)
        add(d, "", a->text.machine[i].key, a->text.machine[i].value, fact(b, a->text.machine[i].key));
    for (int i = 0; i < b->text.n_machine; i++)
        if (!fact(a, b->text.machine[i].key))
            add(d, "", b->text.machine[i].key, NULL, b->text.machine[i].value);
}

static bool workload_threads(const eb_compare_run *run, const eb_compare_case *c)
{
    const char *said = eb_compare_setting(run, "workload", c->workload, "threads");
    return said && strcmp(said, "0") != 0;
}

// A workload may have its own number, else that of the run holds.
static char *threads_section(const eb_compare_run *a, const eb_compare_case *x, const eb_compare_run *b,
                             const eb_compare_case *y)
{
    bool own = workload_threads(a, x);
    return own || workload_threads(b, y) ? eb_format("workload %s", own ? x->workload : y->workload) : eb_strdup("run");
}

static void compare_rows(const eb_compare *c, eb_compare_difference *d, const eb_compare_row *row,
                         const eb_compare_row *ref)
{
    const eb_compare_run *a = c->runs[row->run], *b = c->runs[ref->run];
    const eb_compare_case *x = &a->cases[row->case_index], *y = &b->cases[ref->case_index];
    char *threads = threads_section(a, x, b, y);
    add_number(d, threads, "threads", x->threads, y->threads);
    free(threads);
    add_number(d, "run", "trials", x->n_trials, y->n_trials);
    add(d, "run", "kv", x->kv, y->kv);
    add(d, "", "isa", x->isa, y->isa);
    add(d, "run", "engine", a->engine, b->engine);
    add(d, "", "effbench", a->tool_version, b->tool_version);
    bool both = eb_compare_imported(a) == eb_compare_imported(b); // else one side was told nothing
    if (both)
        add_settings(d, a, x, b, y, false);
    if (a != b)
        add_facts(d, a, b);
    if (both)
        add_settings(d, a, x, b, y, true);
}

static eb_compare_difference *difference_of(eb_compare *c, const eb_compare_row *row, const eb_compare_row *ref)
{
    const char *label = row->run == ref->run ? row->label : c->runs[row->run]->name;
    const char *against = row->run == ref->run ? ref->label : c->runs[ref->run]->name;
    for (int i = 0; i < c->n_differences; i++)
        if (!strcmp(c->differences[i].label, label) && !strcmp(c->differences[i].against, against) &&
            c->differences[i].run == row->run)
            return &c->differences[i];
    c->differences = eb_realloc(c->differences, (size_t)c->n_differences + 1, sizeof *c->differences);
    c->differences[c->n_differences] =
        (eb_compare_difference){ .run = row->run, .label = eb_strdup(label), .against = eb_strdup(against) };
    return &c->differences[c->n_differences++];
}

static void free_one(eb_compare_difference *d)
{
    for (int i = 0; i < d->n; i++) {
        free(d->items[i].section);
        free(d->items[i].key);
        free(d->items[i].value);
        free(d->items[i].reference);
    }
    free(d->items);
    free(d->label);
    free(d->against);
}

void eb_compare_find_differences(eb_compare *c)
{
    int kept = 0;
    for (int g = 0; g < c->n_groups; g++)
        for (int i = c->groups[g].first; i < c->groups[g].first + c->groups[g].n; i++)
            if (i != c->groups[g].reference && c->options.by != EB_BY_PRICE)
                compare_rows(c, difference_of(c, &c->rows[i], &c->rows[c->groups[g].reference]), &c->rows[i],
                             &c->rows[c->groups[g].reference]);
    for (int i = 0; i < c->n_differences; i++) {
        if (c->differences[i].n)
            c->differences[kept++] = c->differences[i];
        else
            free_one(&c->differences[i]);
    }
    c->n_differences = kept;
}

void eb_compare_free_differences(eb_compare *c)
{
    for (int i = 0; i < c->n_differences; i++)
        free_one(&c->differences[i]);
    free(c->differences);
}
