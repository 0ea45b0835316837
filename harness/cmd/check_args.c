// SPDX-License-Identifier: Apache-2.0
// The command line of `effbench check`.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/units.h"
#include "harness/cmd/check.h"
#include "harness/cmd/cmd.h"

// "2%" or "0.02", 0 < f <= 10.
static bool fraction(char *text, double *out)
{
    size_t len = strlen(text);
    bool percent = len && text[len - 1] == '%';
    if (percent)
        text[len - 1] = '\0';
    if (!eb_parse_double(text, out, NULL))
        return false;
    *out /= percent ? 100 : 1;
    return *out > 0 && *out <= 10;
}

// CLASS=MARGIN:LIMIT
static int take_limit(eb_check_args *a, const char *text)
{
    char copy[80];
    snprintf(copy, sizeof copy, "%s", text);
    char *margin = strchr(copy, '='), *limit = margin ? strchr(margin, ':') : NULL;
    if (strlen(text) >= sizeof copy || !limit)
        return eb_cmd_usage("check", "--limit is CLASS=MARGIN:LIMIT, such as median=2%%:5%%, not '%.60s'", text);
    *margin++ = '\0';
    *limit++ = '\0';
    for (int i = 0; i < EB_GATE_CLASSES; i++) {
        eb_gate_limits *l = &a->options.limits[i];
        if (strcmp(copy, l->name) != 0)
            continue;
        if (!fraction(margin, &l->margin_frac) || !fraction(limit, &l->limit_frac) || l->margin_frac >= l->limit_frac)
            return eb_cmd_usage("check", "--limit %.60s: two shares above 0, the margin below the limit", text);
        return EB_OK;
    }
    return eb_cmd_usage("check", "--limit: there is no class '%.40s'; classes: median, tail, memory, count", copy);
}

static int take_ignore(eb_check_args *a, const char *list)
{
    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
        char name[32];
        eb_trouble t;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, ","), p);
        if (!eb_trouble_parse(name, &t))
            return eb_cmd_usage("check", "--ignore: '%s' is none of " EB_TROUBLE_NAMES ", digest", name);
        a->options.ignore |= (unsigned)t;
    }
    return EB_OK;
}

static int take_metrics(eb_check_args *a, const char *list)
{
    for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',') {
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(p, ","), p);
        if (!eb_check_knows(name))
            return eb_cmd_usage("check", "--metrics: '%s' cannot be gated; effbench help check lists what can", name);
    }
    a->options.metrics = list;
    return EB_OK;
}

static int take_set(const char **sets, int *n, const char *value)
{
    if (*n == EB_CHECK_SETS)
        return eb_cmd_usage("check", "more than %d --set", EB_CHECK_SETS);
    sets[(*n)++] = value;
    return EB_OK;
}

static int take_progress(eb_check_args *a, const char *value)
{
    static const char *const modes[] = { "never", "auto", "always" };
    for (int i = 0; i < 3; i++)
        if (strcmp(modes[i], value) == 0) {
            a->progress = i - 1;
            return EB_OK;
        }
    return eb_cmd_usage("check", "--progress is auto, always or never, not '%.40s'", value);
}

static int take_seed(eb_check_args *a, const char *value)
{
    a->seeded = true;
    return eb_parse_u64(value, &a->seed, NULL) ? EB_OK
                                               : eb_cmd_usage("check", "--seed is a whole number, not '%.40s'", value);
}

static int take_grade(eb_check_args *a, const char *value)
{
    return eb_grade_parse(value, &a->options.energy_grade)
               ? EB_OK
               : eb_cmd_usage("check", "--energy-grade is estimate, sampled, counter or wall, not '%.40s'", value);
}

static int base_set(eb_check_args *a, const char *value)
{
    return take_set(a->sides[0].sets, &a->sides[0].n_sets, value);
}

static int cand_set(eb_check_args *a, const char *value)
{
    return take_set(a->sides[1].sets, &a->sides[1].n_sets, value);
}

static int common_set(eb_check_args *a, const char *value)
{
    return take_set(a->common, &a->n_common, value);
}

static int take_option(eb_check_args *a, int argc, char **argv, int *i)
{
    const struct {
        const char *name;
        const char **text;                                // kept as it is, or
        int (*take)(eb_check_args *a, const char *value); // looked at
    } options[] = { { "--base", &a->sides[0].operand, NULL },
                    { "--cand", &a->sides[1].operand, NULL },
                    { "--base-bin", &a->sides[0].bin, NULL },
                    { "--cand-bin", &a->sides[1].bin, NULL },
                    { "--out", &a->out, NULL },
                    { "--json", &a->json, NULL },
                    { "--junit", &a->junit, NULL },
                    { "--history", &a->history, NULL },
                    { "--reason", &a->reason, NULL },
                    { "--base-set", NULL, base_set },
                    { "--cand-set", NULL, cand_set },
                    { "--set", NULL, common_set },
                    { "--limit", NULL, take_limit },
                    { "--ignore", NULL, take_ignore },
                    { "--metrics", NULL, take_metrics },
                    { "--energy-grade", NULL, take_grade },
                    { "--seed", NULL, take_seed },
                    { "--progress", NULL, take_progress } };
    const char *name = argv[*i], *value = NULL;
    const struct {
        const char *name;
        bool *on;
    } flags[] = { { "--strict", &a->strict }, { "--accept", &a->accept }, { "--block", &a->block } };
    for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
        if (strcmp(name, flags[k].name) == 0) {
            *flags[k].on = true;
            return EB_OK;
        }
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        if (!eb_cmd_option(argc, argv, i, options[k].name, &value))
            continue;
        if (!value || !*value)
            return eb_cmd_usage("check", "%s needs a value", options[k].name);
        if (options[k].take)
            return options[k].take(a, value);
        *options[k].text = value;
        return EB_OK;
    }
    const char *known[sizeof options / sizeof *options + sizeof flags / sizeof *flags];
    size_t n = 0;
    for (size_t k = 0; k < sizeof options / sizeof *options; k++)
        known[n++] = options[k].name;
    for (size_t k = 0; k < sizeof flags / sizeof *flags; k++)
        known[n++] = flags[k].name;
    return eb_cmd_unknown_key("check", name, *i + 1 < argc ? argv[*i + 1] : NULL, known, n);
}

int eb_check_parse(eb_check_args *a, int argc, char **argv)
{
    *a = (eb_check_args){ .sides = { { .name = "base" }, { .name = "candidate" } } };
    const char *loose[EB_CHECK_LOOSE] = { 0 };
    int n_loose = 0;
    eb_check_options_default(&a->options);
    for (int i = 1; i < argc; i++) {
        int rc = EB_OK;
        if (argv[i][0] == '-' && argv[i][1])
            rc = take_option(a, argc, argv, &i);
        else if (n_loose++ < EB_CHECK_LOOSE)
            loose[n_loose - 1] = argv[i];
        if (rc != EB_OK)
            return rc;
    }
    if ((a->accept || a->block) && !a->history)
        return eb_cmd_usage("check", "--%s needs --history FILE", a->accept ? "accept" : "block");
    if (a->accept != (a->reason != NULL))
        return eb_cmd_usage("check", a->accept ? "--accept needs --reason TEXT: why the new level is right"
                                               : "--reason goes with --accept");
    a->config = loose[0];
    return eb_check_operands(a, loose, n_loose);
}
