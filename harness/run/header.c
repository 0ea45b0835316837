// SPDX-License-Identifier: Apache-2.0
#include "harness/run/header.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/domain.h"
#include "harness/record/records.h"
#include "harness/run/runner.h"

static void gather_channels(eb_found *found)
{
    for (int i = 0; i < found->n_probes; i++) {
        const eb_channel *channels;
        int n = eb_probe_channels(found->probes[i], &channels);
        size_t total = (size_t)found->n_channels + (size_t)n;
        found->channels = eb_realloc(found->channels, total + 1, sizeof *found->channels);
        if (n > 0)
            memcpy(found->channels + found->n_channels, channels, sizeof *channels * (size_t)n);
        found->n_channels += n;
    }
}

void eb_found_open(eb_found *out, eb_io *io, const eb_probe_config *config)
{
    int n = 0;
    while (eb_probe_table[n])
        n++;
    *out = (eb_found){ .config = config,
                       .sources = eb_alloc(sizeof *out->sources * (size_t)(n + 1)),
                       .probes = eb_alloc(sizeof(eb_probe *) * (size_t)(n + 1)) };
    eb_probe_env env = { .io = io, .config = config };
    for (int i = 0; i < n; i++) {
        const char *name = eb_probe_ops_name(eb_probe_table[i]);
        eb_probe_detection d;
        if (!eb_probe_applies(eb_probe_table[i], io))
            continue;
        eb_probe *probe = NULL;
        eb_err err;
        eb_err_clear(&err);
        if (!eb_probe_wanted(eb_probe_table[i], config))
            d = (eb_probe_detection){ .state = EB_PROBE_OFF, .reason = "not in [probes] sources" };
        else
            eb_probe_detect(eb_probe_table[i], &env, &d);
        if (eb_probe_opens(&d))
            probe = eb_probe_open(eb_probe_table[i], &env, &err);
        bool failed = !probe && eb_probe_works(&d);
        out->sources[out->n_sources++] = (eb_source_row){
            .name = eb_strdup(name),
            .state = eb_strdup(failed ? eb_probe_state_name(EB_PROBE_NO_DEVICE) : eb_probe_state_name(d.state)),
            .reason = eb_strdup(failed ? err.message : d.reason),
            .remedy = eb_strdup(failed ? err.hint : d.remedy),
        };
        if (probe)
            out->probes[out->n_probes++] = probe;
    }
    gather_channels(out);
}

void eb_found_close(eb_found *found)
{
    for (int i = 0; i < found->n_probes; i++)
        eb_probe_close(found->probes[i]);
    for (int i = 0; i < found->n_sources; i++) {
        free(found->sources[i].name);
        free(found->sources[i].state);
        free(found->sources[i].reason);
        free(found->sources[i].remedy);
    }
    free(found->sources);
    free(found->probes);
    free(found->channels);
    *found = (eb_found){ 0 };
}

static bool has_energy(const eb_found *found, const char *source)
{
    for (int i = 0; i < found->n_probes; i++) {
        const eb_channel *channels;
        int n = eb_probe_channels(found->probes[i], &channels);
        for (int k = 0; k < n; k++)
            if (channels[k].grade != EB_GRADE_NONE && strcmp(eb_probe_name(found->probes[i]), source) == 0)
                return true;
    }
    return false;
}

static bool is_auto(const char *list)
{
    return !list || !*list || strcmp(list, "auto") == 0;
}

// Did the user name this source, or something that only it can give?
static bool asked_for(const eb_probe_config *config, const char *source)
{
    if (strcmp(source, "counters") == 0 && !is_auto(config->events))
        return true;
    if ((strcmp(source, "meter") == 0 && config->meter) || (strcmp(source, "pmic") == 0 && config->pmic_command))
        return true;
    return !is_auto(config->sources) && eb_probe_wanted(eb_probe_find(source), config);
}

// A meter of the whole machine counts in one boundary, and that is not the default.
static bool meter_is_elsewhere(const eb_found *found, char *buf, size_t size)
{
    eb_boundary boundary = found->config ? found->config->boundary : EB_BOUNDARY_COMPUTE;
    for (int i = 0; i < found->n_channels; i++) {
        const eb_channel *c = &found->channels[i];
        eb_boundary own = c->grade == EB_GRADE_WALL ? EB_BOUNDARY_WALL : EB_BOUNDARY_PLATFORM;
        if (strcmp(c->source, "meter") != 0 || c->domain != EB_DOMAIN_SYSTEM || own == boundary ||
            c->grade == EB_GRADE_ESTIMATE)
            continue;
        snprintf(buf, size, "its %s joules are not those of boundary '%s': [probes] boundary = %s counts them",
                 eb_grade_name(c->grade), eb_boundary_name(boundary), eb_boundary_name(own));
        return true;
    }
    return false;
}

static bool is_partial(const eb_found *found, const char *source)
{
    for (int i = 0; i < found->n_sources; i++)
        if (strcmp(found->sources[i].name, source) == 0)
            return strcmp(found->sources[i].state, eb_probe_state_name(EB_PROBE_PARTIAL)) == 0;
    return false;
}

// Of what a boundary sums; true where anything is.
static bool count(const eb_found *found, eb_boundary boundary, bool *counted, eb_grade *grade)
{
    *grade = EB_GRADE_COUNT;
    eb_domain_count(found->channels, found->n_channels, boundary, counted, NULL, 0, NULL, 0);
    for (int i = 0; i < found->n_channels; i++)
        if (counted[i] && found->channels[i].grade < *grade)
            *grade = found->channels[i].grade;
    if (*grade == EB_GRADE_COUNT)
        *grade = EB_GRADE_NONE;
    return *grade != EB_GRADE_NONE;
}

// What the energy of this run lacks because nothing of its source can be read. (Sources that read in part say so.)
static void warn_of_lacks(const eb_found *found, eb_boundary boundary, eb_warnings *warnings)
{
    int n = found->n_channels;
    bool *counted = eb_alloc((size_t)n + 1);
    eb_grade grade;
    bool any = count(found, boundary, counted, &grade);
    for (int i = 0; any && i < n; i++) {
        const eb_channel *c = &found->channels[i];
        if (c->grade == EB_GRADE_NONE && !is_partial(found, c->source) &&
            eb_domain_lacks(found->channels, n, boundary, counted, i))
            eb_warn(warnings, "%s (%s) %s; its part of the energy is missing", c->name, c->label, c->note);
    }
    free(counted);
}

void eb_found_warn(const eb_found *found, const eb_probe_config *config, eb_warnings *warnings)
{
    char elsewhere[160];
    if (meter_is_elsewhere(found, elsewhere, sizeof elsewhere))
        eb_warn(warnings, "meter: %s", elsewhere);
    for (int i = 0; i < found->n_sources; i++) {
        const eb_source_row *s = &found->sources[i];
        if (asked_for(config, s->name) && strcmp(s->state, eb_probe_state_name(EB_PROBE_OK)) != 0)
            eb_warn(warnings, "%s was asked for and is %s: %s%s%s", s->name, s->state, s->reason,
                    s->remedy[0] ? "; " : "", s->remedy);
        if (is_partial(found, s->name) && has_energy(found, s->name))
            eb_warn(warnings, "%s measures a part only: %s", s->name, s->reason);
    }
    warn_of_lacks(found, config->boundary, warnings);
}

static size_t add_reason(char *buf, size_t size, size_t at, const char *name, const char *reason)
{
    if (at < size && reason[0])
        at += (size_t)snprintf(buf + at, size - at, "%s%s: %s", at ? "; " : "", name, reason);
    return at;
}

// What could be mended comes first.
static int rank_of(const eb_source_row *s)
{
    static const eb_probe_state first[] = { EB_PROBE_NO_PERMISSION, EB_PROBE_NO_DRIVER, EB_PROBE_PARTIAL };
    for (size_t i = 0; i < sizeof first / sizeof *first; i++)
        if (strcmp(s->state, eb_probe_state_name(first[i])) == 0)
            return 0;
    return strcmp(s->state, eb_probe_state_name(EB_PROBE_OFF)) == 0 ? 1 : 2;
}

// Sources that never have joules: what they lack is no reason for their lack.
static bool without_energy(const char *source)
{
    static const char *const names[] = { "counters", "papi", "process", "thermal" };
    bool any = false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        any |= strcmp(source, names[i]) == 0;
    return any;
}

// Why there is not more: which sources that were asked for do not work, what counts nothing, and the other sources.
static size_t reasons(const eb_found *found, char *buf, size_t size)
{
    char elsewhere[160];
    size_t at = 0;
    buf[0] = '\0';
    if (meter_is_elsewhere(found, elsewhere, sizeof elsewhere))
        at = add_reason(buf, size, at, "meter", elsewhere);
    for (int i = 0; i < found->n_sources; i++)
        if (found->config && asked_for(found->config, found->sources[i].name))
            at = add_reason(buf, size, at, found->sources[i].name, found->sources[i].reason);
    for (int i = 0; i < found->n_channels && at < size; i++)
        if (found->channels[i].live == EB_LIVE_DEAD)
            at += (size_t)snprintf(buf + at, size - at, "%s%s %s", at ? "; " : "", found->channels[i].name,
                                   found->channels[i].note);
    for (int rank = 0; rank <= 2; rank++)
        for (int i = 0; i < found->n_sources; i++)
            if (rank_of(&found->sources[i]) == rank && !without_energy(found->sources[i].name) &&
                (!found->config || !asked_for(found->config, found->sources[i].name)))
                at = add_reason(buf, size, at, found->sources[i].name, found->sources[i].reason);
    return at;
}

// Of a text that did not fit, the parts that did.
static void end_whole(char *buf, size_t size)
{
    size_t n = strlen(buf);
    while (n > 0 && buf[n] != ';')
        n--;
    if (n > 0 && n + sizeof "; ..." <= size)
        memcpy(buf + n, "; ...", sizeof "; ...");
}

// What keeps the sum from being that of the whole boundary.
static size_t lacks(const eb_found *found, eb_boundary boundary, const bool *counted, char *buf, size_t size)
{
    size_t at = 0;
    for (int i = 0; i < found->n_channels && at < size; i++) {
        const eb_channel *c = &found->channels[i];
        if (eb_domain_lacks(found->channels, found->n_channels, boundary, counted, i))
            at += (size_t)snprintf(buf + at, size - at, "%s%s (%s) %s", at ? "; " : "", c->name, c->label, c->note);
    }
    return at;
}

// How to mend the source that somebody asked for by name and that does not work; "" = none.
static const char *remedy_of_asked(const eb_found *found)
{
    for (int i = 0; found->config && i < found->n_sources; i++) {
        const eb_source_row *s = &found->sources[i];
        bool works = strcmp(s->state, eb_probe_state_name(EB_PROBE_OK)) == 0;
        if (!works && s->remedy[0] && asked_for(found->config, s->name))
            return s->remedy;
    }
    return "";
}

bool eb_found_require(const eb_found *found, eb_boundary boundary, eb_grade required, eb_err *err)
{
    if (required == EB_GRADE_NONE)
        return true;
    char why[512] = "";
    eb_grade grade;
    bool *counted = eb_alloc((size_t)found->n_channels + 1);
    count(found, boundary, counted, &grade);
    bool whole = required > EB_GRADE_ESTIMATE; // of all that is there
    size_t lacking = whole && grade >= required ? lacks(found, boundary, counted, why, sizeof why) : 0;
    free(counted);
    if (grade >= required && !lacking)
        return true;
    size_t at = lacking ? lacking : reasons(found, why, sizeof why);
    if (at >= sizeof why)
        end_whole(why, sizeof why);
    if (lacking)
        eb_err_set(err, EB_UNAVAILABLE,
                   "energy of grade '%s' is required and boundary '%s' has parts that are there and not measured: %s",
                   eb_grade_name(required), eb_boundary_name(boundary), why);
    else
        eb_err_set(err, EB_UNAVAILABLE,
                   "energy of grade '%s' is required and only '%s' is to be had for boundary '%s'%s%s",
                   eb_grade_name(required), eb_grade_name(grade), eb_boundary_name(boundary), at ? ": " : "", why);
    const char *remedy = remedy_of_asked(found);
    return eb_err_hint(
        err,
        "%.300s%s`effbench probes` lists what is missing and how to mend it; a lower --require-energy accepts less",
        remedy, remedy[0] ? "; " : "");
}

static char *copy(const char *s)
{
    return eb_strdup(s ? s : "");
}

static char *origin_text(const eb_plan *plan, const eb_setting *s)
{
    switch (s->origin) {
    case EB_ORIGIN_FILE:
        return eb_format("%s:%d", plan->config_path, s->line);
    case EB_ORIGIN_FLAG:
        return eb_strdup("--set");
    default:
        return eb_strdup("default");
    }
}

static void add_settings(eb_header *h, const eb_plan *plan)
{
    h->settings = eb_alloc(sizeof *h->settings * (plan->n_settings + 1));
    for (size_t i = 0; i < plan->n_settings; i++) {
        const eb_setting *s = &plan->settings[i];
        h->settings[h->n_settings++] = (eb_setting_row){
            .section = copy(s->option->section),
            .name = copy(s->name),
            .key = copy(s->option->key),
            .value = copy(s->text),
            .unit = copy(s->option->unit),
            .origin = origin_text(plan, s),
            .idle = s->idle,
            .unplanned = s->option->flags & EB_OPTION_UNPLANNED,
        };
    }
}

// What tells two loads apart.
static char *load_text(const eb_load_params *load)
{
    const char *mode = eb_load_modes[load->mode].name;
    if (!load->requests)
        return NULL;
    switch (load->mode) {
    case EB_LOAD_SERVER:
        return eb_format("%s %s %.9g/s", mode, load->even ? "even" : "poisson", load->rate_per_s);
    case EB_LOAD_CURVE:
        return load->rate_per_s > 0
                   ? eb_format("%s %s to %.9g/s", mode, load->even ? "even" : "poisson", load->rate_per_s)
                   : eb_format("%s %s", mode, load->even ? "even" : "poisson");
    case EB_LOAD_CLOSED:
        return eb_format("%s %d user%s", mode, load->users, eb_s(load->users));
    default:
        return eb_strdup(mode);
    }
}

static void add_cases(eb_header *h, const eb_plan *plan)
{
    h->cases = eb_alloc(sizeof *h->cases * (size_t)(plan->n_cases + 1));
    for (int i = 0; i < plan->n_cases; i++) {
        const eb_case *c = &plan->cases[i];
        h->cases[h->n_cases++] = (eb_case_info){
            .index = i,
            .id = copy(c->id),
            .family = copy(c->ops->name),
            .model = copy(c->model),
            .source = copy(c->source),
            .type = copy(c->type),
            .workload = copy(c->workload),
            .kv = copy(c->kv == EB_KV_F16 ? "f16" : "f32"),
            .prompt_tok = c->params.prompt_tok,
            .output_tok = c->params.output_tok,
            .batch = c->params.batch,
            .depth_tok = c->params.depth_tok,
            .duration_ns = c->params.duration_ns,
            .window_ns = c->params.window_ns,
            .threads = c->threads,
            .reference_type = c->reference_type ? eb_strdup(c->reference_type) : NULL,
            .load = load_text(&c->params.load),
        };
    }
}

static void add_op_metrics(eb_header *h, const eb_groups *groups)
{
    h->op_metrics = eb_alloc((size_t)groups->n_metrics * sizeof *h->op_metrics + 1);
    for (int i = 0; i < groups->n_metrics; i++) {
        const eb_group_metric *m = &groups->metrics[i];
        h->op_metrics[h->n_op_metrics++] = (eb_op_metric_row){ copy(m->key), copy(m->unit), copy(m->text) };
    }
}

static void add_sources(eb_header *h, const eb_found *found)
{
    h->sources = eb_alloc(sizeof *h->sources * (size_t)(found->n_sources + 1));
    for (int i = 0; i < found->n_sources; i++) {
        const eb_source_row *s = &found->sources[i];
        h->sources[h->n_sources++] = (eb_source_row){ copy(s->name), copy(s->state), copy(s->reason), copy(s->remedy) };
    }
}

eb_header *eb_header_build(const eb_plan *plan, const char *tool_version, const eb_found *found)
{
    char now[32];
    eb_header *h = eb_alloc(sizeof *h);
    eb_utc_now(now, sizeof now);
    h->tool_version = copy(tool_version);
    h->config = copy(plan->config_path);
    h->started_utc = eb_strdup(now);
    h->plan_digest = copy(plan->digest);
    h->engine = copy(plan->engine->name);
    h->boundary = plan->probes.boundary;
    h->trials_min = plan->run.trials_min;
    h->trials_max = plan->run.trials_max;
    h->cpus = (int)sysconf(_SC_NPROCESSORS_ONLN);
    h->interval_level = eb_stop_level(h->trials_min, h->trials_max);
    add_settings(h, plan);
    if (plan->run.profile)
        add_op_metrics(h, plan->groups);
    add_sources(h, found);
    h->n_channels = found->n_channels;
    h->channels = eb_alloc(sizeof *h->channels * (size_t)(found->n_channels + 1));
    if (found->n_channels > 0)
        memcpy(h->channels, found->channels, sizeof *h->channels * (size_t)found->n_channels);
    add_cases(h, plan);
    return h;
}

void eb_header_free_built(eb_header *h)
{
    if (h)
        eb_header_deinit(h);
    free(h);
}
