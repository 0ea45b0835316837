// SPDX-License-Identifier: Apache-2.0
// `effbench probes`: what can be measured here, what counts towards the total, and what to do about the rest.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/plan/plan.h"
#include "harness/record/domain.h"
#include "probes/probe.h"

typedef struct source {
    const eb_probe_ops *ops;
    eb_probe_detection found;
    eb_probe *probe; // NULL = not opened
    int first, n;    // its channels
} source;

typedef struct survey {
    eb_boundary boundary;
    source *sources;
    int n_sources;
    eb_channel *channels;
    eb_sample *samples;
    bool *counted;
    int n_channels;
    char domains[512], missing[128];
} survey;

// `auto` shows all there is; a list of the config is what a run will use.
static void leave_out_unwanted(source *src, const eb_probe_config *config)
{
    if (!config->sources || strcmp(config->sources, "auto") == 0 || eb_probe_wanted(src->ops, config))
        return;
    src->found = (eb_probe_detection){ .state = EB_PROBE_OFF, .reason = "not in [probes] sources" };
}

static void open_sources(survey *s, const eb_probe_env *env)
{
    for (int i = 0; eb_probe_table[i]; i++)
        s->n_sources++;
    s->sources = eb_alloc((size_t)s->n_sources * sizeof *s->sources);
    for (int i = 0; i < s->n_sources; i++) {
        source *src = &s->sources[i];
        src->ops = eb_probe_table[i];
        eb_probe_detect(src->ops, env, &src->found);
        leave_out_unwanted(src, env->config);
        if (src->found.state != EB_PROBE_OK && src->found.state != EB_PROBE_PARTIAL)
            continue;
        eb_err err;
        eb_err_clear(&err);
        src->probe = eb_probe_open(src->ops, env, &err);
        if (!src->probe) { // it went away in between
            src->found.state = EB_PROBE_NO_DEVICE;
            snprintf(src->found.reason, sizeof src->found.reason, "%.*s", (int)sizeof src->found.reason - 1,
                     err.message);
        }
    }
}

// One flat list of channels with a reading of each, and what of it makes up the boundary's energy.
static void read_sources(survey *s)
{
    for (int i = 0; i < s->n_sources; i++) {
        const eb_channel *channels;
        source *src = &s->sources[i];
        src->first = s->n_channels;
        src->n = src->probe ? eb_probe_channels(src->probe, &channels) : 0;
        if (src->n == 0)
            continue;
        size_t total = (size_t)s->n_channels + (size_t)src->n;
        s->channels = eb_realloc(s->channels, total, sizeof *s->channels);
        s->samples = eb_realloc(s->samples, total, sizeof *s->samples);
        memcpy(s->channels + s->n_channels, channels, (size_t)src->n * sizeof *channels);
        eb_probe_read(src->probe, s->samples + s->n_channels);
        s->n_channels += src->n;
    }
    s->counted = eb_alloc((size_t)(s->n_channels + 1) * sizeof *s->counted);
    eb_domain_count(s->channels, s->n_channels, s->boundary, s->counted, s->domains, sizeof s->domains, s->missing,
                    sizeof s->missing);
}

static void survey_deinit(survey *s)
{
    for (int i = 0; i < s->n_sources; i++)
        eb_probe_close(s->sources[i].probe);
    free(s->sources);
    free(s->channels);
    free(s->samples);
    free(s->counted);
}

static bool is_energy(const eb_channel *c)
{
    return c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
}

// Of the total: that of its weakest part.
static eb_grade total_grade(const survey *s)
{
    eb_grade grade = EB_GRADE_COUNT;
    for (int i = 0; i < s->n_channels; i++)
        if (s->counted[i] && s->channels[i].grade < grade)
            grade = s->channels[i].grade;
    return grade == EB_GRADE_COUNT ? EB_GRADE_NONE : grade;
}

// ---- JSON ----

static double known(double value, bool is_known)
{
    return is_known ? value : NAN;
}

// raw x scale; where the scale is 1 the digits themselves, which a double above 2^53 would not keep.
static void add_scaled(cJSON *obj, const char *key, uint64_t raw, double scale, bool is_known)
{
    if (is_known && scale == 1)
        eb_json_add_u64(obj, key, raw);
    else
        eb_json_add_num(obj, key, known((double)raw * scale, is_known));
}

static void add_channel(cJSON *list, const eb_channel *c, const eb_sample *sample, bool counted)
{
    cJSON *obj = eb_json_append_obj(list);
    bool energy = c->quantity == EB_QUANTITY_ENERGY_UJ;
    eb_json_add_str(obj, "name", c->name);
    eb_json_add_str(obj, "source", c->source);
    eb_json_add_str(obj, "zone", c->zone[0] ? c->zone : NULL);
    eb_json_add_str(obj, "label", c->label);
    eb_json_add_str(obj, "domain", eb_domain_name(c->domain));
    eb_json_add_num(obj, "socket", known(c->socket, c->socket >= 0));
    eb_json_add_num(obj, "die", known(c->die, c->die >= 0));
    eb_json_add_str(obj, "grade", eb_grade_name(c->grade));
    eb_json_add_bool(obj, "counted", counted);
    eb_json_add_bool(obj, "duplicate", c->duplicate);
    add_scaled(obj, "max_range_uj", c->max_range, c->scale, energy && c->max_range);
    add_scaled(obj, "modulus_uj", c->modulus, c->scale, energy && c->modulus);
    eb_json_add_num(obj, "unit_uj", known(c->unit * c->scale, energy && c->unit > 0));
    eb_json_add_num(obj, "power_max_w", known(c->power_max_w, c->power_max_w > 0));
    eb_json_add_num(obj, "period_ns", known((double)c->period_ns, c->period_ns > 0));
    eb_json_add_str(obj, "quantity", eb_quantity_name(c->quantity));
    eb_json_add_bool(obj, "cumulative", c->cumulative);
    eb_json_add_str(obj, "scope", c->scope == EB_SCOPE_PROCESS ? "process" : "machine");
    add_scaled(obj, "value", sample->raw, c->scale, sample->status == EB_SAMPLE_OK);
    eb_json_add_str(obj, "status", eb_status_name(sample->status));
}

static int print_json(const survey *s)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *sources = eb_json_add_arr(root, "sources");
    for (int i = 0; i < s->n_sources; i++) {
        const source *src = &s->sources[i];
        cJSON *obj = eb_json_append_obj(sources);
        eb_json_add_str(obj, "name", eb_probe_ops_name(src->ops));
        eb_json_add_str(obj, "state", eb_probe_state_name(src->found.state));
        eb_json_add_str(obj, "reason", src->found.reason);
        eb_json_add_str(obj, "remedy", src->found.remedy);
    }
    cJSON *channels = eb_json_add_arr(root, "channels");
    for (int i = 0; i < s->n_channels; i++)
        add_channel(channels, &s->channels[i], &s->samples[i], s->counted[i]);
    cJSON *total = eb_json_add_obj(root, "total");
    eb_json_add_str(total, "boundary", eb_boundary_name(s->boundary));
    eb_json_add_str(total, "domains", s->domains);
    eb_json_add_str(total, "grade", eb_grade_name(total_grade(s)));
    eb_json_add_str(total, "missing", s->missing);
    char *text = eb_json_print(root, true);
    cJSON_Delete(root);
    bool ok = text && puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return ok ? EB_OK : EB_FAILED;
}

// ---- text ----

static void print_sources(const survey *s)
{
    printf("sources\n");
    for (int i = 0; i < s->n_sources; i++) {
        const source *src = &s->sources[i];
        printf("  %-9s %-13s ", eb_probe_ops_name(src->ops), eb_probe_state_name(src->found.state));
        eb_cmd_wrap(src->found.reason[0] ? src->found.reason : eb_probe_ops_doc(src->ops), 26, 0);
        if (src->found.remedy[0]) {
            printf("%26s-> ", "");
            eb_cmd_wrap(src->found.remedy, 29, 0);
        }
    }
}

static const char *number_or_dash(char *buf, size_t size, int value)
{
    snprintf(buf, size, value >= 0 ? "%d" : "-", value);
    return buf;
}

static const char *why_not(const survey *s, int i)
{
    const eb_channel *c = &s->channels[i];
    if (s->counted[i])
        return "yes";
    if (c->duplicate)
        return "no: repeats another";
    if (c->domain == EB_DOMAIN_UNKNOWN)
        return "no: unknown kind";
    if (c->domain == EB_DOMAIN_CORE || c->domain == EB_DOMAIN_UNCORE)
        return "no: inside package";
    if (c->grade == EB_GRADE_ESTIMATE)
        return "no: measured instead";
    return "no: not this boundary";
}

static void print_energy(const survey *s)
{
    int name_width = 7, label_width = 5, n = 0;
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        if (!is_energy(c))
            continue;
        int name = (int)strlen(c->name), label = (int)strlen(c->label);
        name_width = name > name_width ? name : name_width;
        label_width = label > label_width ? label : label_width;
        n++;
    }
    if (n == 0)
        return;
    printf("\nenergy\n  %-*s  %-*s  %-8s %6s %3s  %-8s  %s\n", name_width, "channel", label_width, "label", "domain",
           "socket", "die", "grade", "counted");
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        char socket[16], die[16];
        if (is_energy(c))
            printf("  %-*s  %-*s  %-8s %6s %3s  %-8s  %s\n", name_width, c->name, label_width, c->label,
                   eb_domain_name(c->domain), number_or_dash(socket, sizeof socket, c->socket),
                   number_or_dash(die, sizeof die, c->die), eb_grade_name(c->grade), why_not(s, i));
    }
}

static void print_others(const survey *s)
{
    bool any = false;
    for (int i = 0; i < s->n_sources; i++) {
        const source *src = &s->sources[i];
        char *names = eb_strdup("");
        for (int k = src->first; k < src->first + src->n; k++) {
            if (is_energy(&s->channels[k]))
                continue;
            const char *slash = strchr(s->channels[k].name, '/');
            char *longer = eb_format("%s%s%s", names, *names ? ", " : "", slash ? slash + 1 : s->channels[k].name);
            free(names);
            names = longer;
        }
        if (*names) {
            printf("%s  %-9s ", any ? "" : "\nbeside energy\n", eb_probe_ops_name(src->ops));
            eb_cmd_wrap(names, 12, 0);
            any = true;
        }
        free(names);
    }
}

static void print_total(const survey *s)
{
    const char *boundary = eb_boundary_name(s->boundary);
    if (!s->domains[0])
        printf("\ntotal (boundary %s): none; a run here prints no joules\n", boundary);
    else
        printf("\ntotal (boundary %s) = %s, grade %s\n", boundary, s->domains, eb_grade_name(total_grade(s)));
    if (s->domains[0] && s->missing[0])
        printf("not measured: %s\n", s->missing);
}

static int print_text(const survey *s)
{
    print_sources(s);
    print_energy(s);
    print_others(s);
    print_total(s);
    return fflush(stdout) ? EB_FAILED : EB_OK;
}

// ---- the command ----

static int run_survey(const eb_globals *globals, const eb_probe_config *config, bool json)
{
    eb_io io = eb_io_select(globals->sysroot);
    eb_probe_env env = { &io, config };
    survey s = { .boundary = config->boundary };
    open_sources(&s, &env);
    read_sources(&s);
    int status = json ? print_json(&s) : print_text(&s);
    survey_deinit(&s);
    eb_io_deinit(&io);
    return status;
}

typedef struct arguments {
    const char *config_path, *boundary, **sets;
    int n_sets;
} arguments;

// EB_OK, or the status of a usage error that has been printed.
static int read_arguments(int argc, char **argv, arguments *out)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if (eb_cmd_option(argc, argv, &i, "--boundary", &value)) {
            if (!value)
                return eb_cmd_usage("probes", "--boundary needs a value");
            out->boundary = value;
        } else if (eb_cmd_option(argc, argv, &i, "--set", &value)) {
            if (!value)
                return eb_cmd_usage("probes", "--set needs a value");
            out->sets[out->n_sets++] = value;
        } else if (argv[i][0] == '-') {
            return eb_cmd_usage("probes", "unknown option '%s'", argv[i]);
        } else if (out->config_path) {
            return eb_cmd_usage("probes", "one config at most, not also '%s'", argv[i]);
        } else {
            out->config_path = argv[i];
        }
    }
    if (out->n_sets && !out->config_path)
        return eb_cmd_usage("probes", "--set needs a config to change");
    return EB_OK;
}

static int with_config(const eb_globals *globals, const arguments *request, bool json)
{
    eb_probe_config config;
    eb_probe_config_default(&config);
    eb_plan *plan = NULL;
    if (request->config_path) {
        eb_err_list errs = { 0 };
        plan = eb_plan_load(request->config_path, request->sets, request->n_sets, &errs);
        int status = plan ? EB_OK : eb_cmd_fail_all(&errs);
        eb_err_list_deinit(&errs);
        if (!plan)
            return status;
        config = plan->probes;
    }
    int status = EB_OK;
    if (request->boundary && !eb_boundary_parse(request->boundary, &config.boundary))
        status = eb_cmd_usage("probes", "unknown boundary '%s': it is compute, platform or wall", request->boundary);
    if (status == EB_OK)
        status = run_survey(globals, &config, json);
    eb_plan_free(plan);
    return status;
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    bool json = globals->format && strcmp(globals->format, "json") == 0;
    if (globals->format && !json && strcmp(globals->format, "term") != 0)
        return eb_cmd_usage("probes", "unknown format '%s': it is term or json", globals->format);
    arguments request = { .sets = eb_alloc((size_t)(argc + 1) * sizeof *request.sets) };
    int status = read_arguments(argc, argv, &request);
    if (status == EB_OK)
        status = with_config(globals, &request, json);
    free(request.sets);
    return status;
}

const eb_command eb_cmd_probes = {
    .name = "probes",
    .synopsis = "effbench probes [CONFIG] [--set section:key=value] [--boundary compute|platform|wall] "
                "[--format term|json]",
    .doc = "what can be measured here, and what to do about the rest",
    .run = run,
    .help =
        "Lists every source with its state, the reason and the remedy where it does not work, and the channels of\n"
        "those that do: which domain each measures, how good it is, and whether it counts towards the total of the\n"
        "boundary. With CONFIG, its [probes] section is used (stated watts, boundary, events). With --sysroot DIR,\n"
        "/sys and /proc are read below DIR. Exits 0 also where nothing can be measured: docs/permissions.md.\n",
};
