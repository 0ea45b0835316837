// SPDX-License-Identifier: Apache-2.0
// `effbench probes`: what can be measured here, at which grade, how finely and at what cost, what counts towards the
// total, and what to do about the rest.
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/timeline.h"
#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/probes.h"
#include "harness/plan/plan.h"

// Long enough to tell a mirrored die; a counter of 1 J needs more, and is then said not to be known.
#define LOOK_NS 1500000000ll

typedef struct arguments {
    const char *config_path, *boundary, **sets;
    int n_sets;
    bool quick, watching;
    eb_watch watch;
} arguments;

// `plan`: NULL = no config.
static int run_survey(const eb_globals *globals, const eb_probe_config *config, const eb_plan *plan,
                      const arguments *request)
{
    eb_io io = eb_io_select(globals->sysroot);
    eb_survey s;
    eb_timeline timeline;
    bool simulated = plan && plan->engine->simulate;
    eb_timeline_init(&timeline);
    if (simulated) {
        plan->engine->simulate(plan->engine_settings, plan->n_engine_settings, &timeline);
        io.timeline = &timeline;
    }
    eb_survey_open(&s, &io, config);
    s.configured = plan != NULL;
    if (!request->quick && config->calibrate && !simulated) // scripted watts move with a run's virtual clock alone
        eb_survey_calibrate(&s, LOOK_NS);
    int status = request->watching     ? eb_probes_watch(&s, config, &request->watch)
                 : request->watch.json ? eb_probes_json(&s)
                                       : eb_probes_text(&s);
    eb_survey_close(&s);
    eb_io_deinit(&io);
    return status;
}

// The options of --watch. True when argv[*i] was one; *status is then that of a usage error, or EB_OK.
static bool read_watch(int argc, char **argv, int *i, arguments *out, int *status)
{
    const char *value = NULL;
    *status = EB_OK;
    if (strcmp(argv[*i], "--watch") == 0) {
        out->watching = true;
        return true;
    }
    if (eb_cmd_option(argc, argv, i, "--interval", &value)) {
        if (!value || !eb_parse_time_ns(value, &out->watch.interval_ns, NULL) ||
            out->watch.interval_ns < 10 * 1000000ll || out->watch.interval_ns > 3600 * 1000000000ll)
            *status = eb_cmd_usage("probes", "--interval needs a time from 10ms to 60min, such as 500ms");
        return true;
    }
    if (eb_cmd_option(argc, argv, i, "--count", &value)) {
        if (!value || !eb_parse_int(value, &out->watch.count, NULL) || out->watch.count < 1)
            *status = eb_cmd_usage("probes", "--count needs a number of refreshes, 1 or more");
        return true;
    }
    return false;
}

// EB_OK, or the status of a usage error that has been printed.
static int read_arguments(int argc, char **argv, arguments *out)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        int status;
        if (read_watch(argc, argv, &i, out, &status)) {
            if (status != EB_OK)
                return status;
        } else if (strcmp(argv[i], "--quick") == 0 || strcmp(argv[i], "--no-calibrate") == 0) {
            out->quick = true;
        } else if (eb_cmd_option(argc, argv, &i, "--boundary", &value)) {
            if (!value)
                return eb_cmd_usage("probes", "--boundary needs a value");
            out->boundary = value;
        } else if (eb_cmd_option(argc, argv, &i, "--set", &value)) {
            if (!value)
                return eb_cmd_usage("probes", "--set needs a value");
            out->sets[out->n_sets++] = value;
        } else if (argv[i][0] == '-') {
            static const char *const known[] = { "--watch", "--interval", "--count", "--quick", "--boundary", "--set" };
            return eb_cmd_unknown_key("probes", argv[i], i + 1 < argc ? argv[i + 1] : NULL, known,
                                      sizeof known / sizeof *known);
        } else if (out->config_path) {
            return eb_cmd_usage("probes", "one config at most, not also '%s'", argv[i]);
        } else {
            out->config_path = argv[i];
        }
    }
    if (!out->watching && (out->watch.count || out->watch.interval_ns))
        return eb_cmd_usage("probes", "--interval and --count go with --watch");
    out->watch.interval_ns = out->watch.interval_ns ? out->watch.interval_ns : 1000000000;
    if (out->n_sets && !out->config_path)
        return eb_cmd_usage("probes", "--set needs a config to change");
    return EB_OK;
}

static int with_config(const eb_globals *globals, const arguments *request)
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
    if (status == EB_OK && plan && plan->engine->simulate && request->watching)
        status = eb_cmd_usage("probes", "--watch shows nothing of a scripted engine: its watts are those of a run");
    if (status == EB_OK)
        status = run_survey(globals, &config, plan, request);
    eb_plan_free(plan);
    return status;
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    bool json = globals->format && strcmp(globals->format, "json") == 0;
    if (globals->format && !json && strcmp(globals->format, "term") != 0)
        return eb_cmd_usage("probes", "unknown format '%s': it is term or json", globals->format);
    arguments request = { .watch.json = json, .sets = eb_alloc((size_t)(argc + 1) * sizeof *request.sets) };
    int status = read_arguments(argc, argv, &request);
    if (status == EB_OK)
        status = with_config(globals, &request);
    free(request.sets);
    return status;
}

const eb_command eb_cmd_probes = {
    .name = "probes",
    .synopsis = "effbench probes [CONFIG] [--set section:key=value] [--boundary compute|platform|wall]\n"
                "                       [--quick] [--watch [--interval TIME] [--count N]] [--format term|json]",
    .doc = "what can be measured here, and what to do about the rest",
    .run = run,
    .help = "Lists every source with its state, the reason and the remedy where it does not work, and the\n"
            "channels of those that do: which domain each measures, how good it is, how often it is updated and\n"
            "what a read costs (a look of 0.25 to 1.5 s, with busy CPUs; --quick leaves it out), and whether it\n"
            "counts towards the total of the boundary. With CONFIG, its [probes] section is used (stated watts,\n"
            "boundary, events). With --sysroot DIR, /sys and /proc are read below DIR. Exits 0 also where nothing\n"
            "can be measured: docs/permissions.md. --watch shows the watts of every channel and of the boundary,\n"
            "each second or --interval, until Ctrl-C or --count refreshes; a line each where stdout is no\n"
            "terminal, and with --format json an object a line.\n",
    .once = (const char *const[]){ "--interval", "--count", "--boundary", NULL },
};
