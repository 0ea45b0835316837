// SPDX-License-Identifier: Apache-2.0
// `effbench profile`: a run that also writes down which operator ran when. It is `effbench run` with other settings, so
// that everything that holds of a run (journal, guards, --resume, report) holds of a profile.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/plan/plan.h"

enum { MOST_TRIALS = 1000 };

typedef struct request {
    const char *config, *trials;
    const char **sets;
    int n_sets;
    bool resume;
} request;

// What decides about the settings; everything else is left to `run`.
static int read_request(int argc, char **argv, request *out)
{
    static const char *const with_value[] = {
        "--set", "--resume", "--trials", "--out", "--progress", "--require-energy"
    };
    enum { SET, RESUME, TRIALS, N = sizeof with_value / sizeof *with_value };
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        int k = 0;
        while (k < N && !eb_cmd_option(argc, argv, &i, with_value[k], &value))
            k++;
        // (What is behind it for `run` would be taken for its value.)
        if (k < N && !value)
            return eb_cmd_usage("profile", "%s needs a value", with_value[k]);
        if (k == SET)
            out->sets[out->n_sets++] = value;
        else if (k == TRIALS)
            out->trials = value;
        else if (k == N && (argv[i][0] != '-' || !argv[i][1]))
            out->config = argv[i];
        out->resume |= k == RESUME;
    }
    int64_t n;
    if (out->trials && (!eb_parse_int(out->trials, &n, NULL) || n < 1 || n > MOST_TRIALS))
        return eb_cmd_usage("profile", "--trials is a number from 1 to %d, not '%.40s'", MOST_TRIALS, out->trials);
    return EB_OK;
}

// Does the config (or a --set) say how the counters are read? If not, a profile reads them at their edges.
static bool says_sampling(const request *r)
{
    eb_err_list errs = { 0 };
    eb_plan *plan = strcmp(r->config, "-") == 0 ? NULL : eb_plan_load(r->config, r->sets, r->n_sets, &errs);
    bool says = !plan; // what is wrong with it, `run` will tell
    for (size_t i = 0; plan && i < plan->n_settings; i++) {
        const eb_setting *s = &plan->settings[i];
        says = says || (strcmp(s->option->section, "probes") == 0 && strcmp(s->option->key, "sampling") == 0 &&
                        s->origin != EB_ORIGIN_DEFAULT);
    }
    eb_plan_free(plan);
    eb_err_list_deinit(&errs);
    return says;
}

static bool is_trials(const char *arg)
{
    return strncmp(arg, "--trials", 8) == 0 && (arg[8] == '\0' || arg[8] == '=');
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    request r = { .sets = eb_alloc((size_t)(argc + 1) * sizeof *r.sets) };
    char **args = eb_alloc((size_t)(argc + 10) * sizeof *args), *trials = NULL;
    int n = 0, status = read_request(argc, argv, &r);
    for (int i = 0; i < argc; i++) {
        if (!is_trials(argv[i]))
            args[n++] = argv[i];
        else if (!strchr(argv[i], '='))
            i++;
    }
    if (status == EB_OK && !r.config && !r.resume)
        status = eb_cmd_usage("profile", "which config? For instance: effbench profile configs/edge.ini");
    if (status == EB_OK && r.config && !r.resume) {
        trials = eb_format("run:trials=%s", r.trials ? r.trials : "4");
        const char *const more[] = { "run:profile=yes", "run:cold_start=no", trials,
                                     says_sampling(&r) ? NULL : "probes:sampling=edge" };
        for (size_t i = 0; i < sizeof more / sizeof *more && more[i]; i++) {
            args[n++] = (char *)"--set";
            args[n++] = (char *)more[i];
        }
    }
    if (status == EB_OK)
        status = eb_cmd_run.run(globals, n, args);
    free(trials);
    free(args);
    free(r.sets);
    return status;
}

const eb_command eb_cmd_profile = {
    .name = "profile",
    .synopsis = "profile CONFIG [--trials N] [--set section[:name]:key=value] [--out DIR]\n"
                "                        [--resume DIR]",
    .doc = "time, traffic, joules and events by operator",
    .run = run,
    .help = "Runs the config as `effbench run` does, and writes down which operator of the model ran when. Then,\n"
            "for each case and phase: calls, time and its share, predicted bytes and operations per second\n"
            "against what this machine can do, joules where a counter tells operators apart, and events where\n"
            "they can be counted.\n"
            "\n"
            "  --trials N    trials of each case (default 4); the last of several counts events, the others\n"
            "                take time\n"
            "  the rest      as `effbench help run` says; the counters are read at their edges\n"
            "                ([probes] sampling = edge) unless the config says otherwise\n"
            "\n"
            "`effbench report DIR` prints it again; profile.csv and run.json have it all.\n",
    .once = (const char *const[]){ "--out", "--resume", "--require-energy", "--progress", "--trials", NULL },
};
