// SPDX-License-Identifier: Apache-2.0
// The sides of a gate: a config, a model in the common config, or a result folder.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/check.h"

static const char *option_of(const eb_check_side *side)
{
    return side->name[0] == 'b' ? "base" : "cand";
}

static void no_one_model(const eb_check_side *side, const eb_check_args *a, int n, const char *name, eb_err *err)
{
    eb_err_set(err, EB_USAGE, "'%s' has %d models: which one the %s replaces is not clear", a->config, n, side->name);
    if (n)
        eb_err_hint(err, "--%s-set model:%s:model=%s names one of them", option_of(side), name, side->operand);
}

// A model as a side replaces the one model of the common config.
static bool take_model(eb_check_side *side, const eb_check_args *a, eb_err *err)
{
    eb_err_list errs = { 0 };
    const char *name = NULL;
    int n = 0;
    if (!a->config) {
        eb_err_set(err, EB_USAGE, "the %s is a model, and no config says what to do with it", side->name);
        return eb_err_hint(err, "effbench check CONFIG --base shape:A --cand shape:B");
    }
    eb_plan *plan = eb_plan_load(a->config, a->common, a->n_common, &errs);
    for (size_t i = 0; plan && i < plan->n_settings; i++)
        if (!strcmp(plan->settings[i].option->section, "model") && !strcmp(plan->settings[i].option->key, "model")) {
            name = plan->settings[i].name;
            n++;
        }
    if (n == 1)
        side->model_set = eb_format("model:%s:model=\"%s\"", name, side->operand);
    else if (plan)
        no_one_model(side, a, n, name, err);
    else
        *err = errs.items[0];
    eb_plan_free(plan);
    eb_err_list_deinit(&errs);
    return side->model_set != NULL;
}

static void label(eb_check_side *side, const eb_check_args *a)
{
    char text[600];
    size_t at = (size_t)snprintf(text, sizeof text, "%s", side->operand ? side->operand : a->config);
    if (side->bin && at < sizeof text)
        at += (size_t)snprintf(text + at, sizeof text - at, " by %s", side->bin);
    for (int i = 0; i < side->n_sets && at < sizeof text; i++)
        at += (size_t)snprintf(text + at, sizeof text - at, " %s", side->sets[i]);
    side->label = eb_strdup(text);
}

static bool usage(eb_check_side *side, eb_err_list *errs, const char *why, const char *hint)
{
    eb_err *err = eb_err_list_add(errs);
    eb_err_set(err, EB_USAGE, "check: the %s %s", side->name, why);
    return eb_err_hint(err, "%s", hint);
}

// The plan counts all changes as "--set N"; the user gave some of them as the side's own, or as its model.
static void name_sets(const eb_check_side *side, const eb_check_args *a, eb_err_list *errs)
{
    for (size_t i = 0; i < errs->n; i++) {
        eb_err *err = &errs->items[i];
        int n;
        if (sscanf(err->file, "--set %d", &n) != 1 || (n -= a->n_common) <= 0)
            continue;
        if (n <= side->n_sets)
            snprintf(err->file, sizeof err->file, "--%s-set %d", option_of(side), n);
        else
            snprintf(err->file, sizeof err->file, "--%s", option_of(side));
    }
}

bool eb_check_side_resolve(eb_check_side *side, const eb_check_args *a, const volatile sig_atomic_t *signal,
                           eb_err_list *errs)
{
    const char *operand = side->operand ? side->operand : a->config;
    if (!operand)
        return usage(side, errs, "is missing",
                     "effbench check --base A.ini --cand B.ini, or one config and --cand-set");
    if (strcmp(operand, "-") == 0)
        return usage(side, errs, "cannot come from the standard input: it is read for every trial", "name a file");
    label(side, a);
    eb_side_kind kind = eb_check_kind_of(operand);
    if (kind == EB_SIDE_FOLDER) {
        side->kind = EB_SIDE_FOLDER;
        side->config = operand;
        return (!side->n_sets && !side->bin) ||
               usage(side, errs, "is a result folder, which no option changes any more", "name the config instead");
    }
    eb_err err;
    eb_err_clear(&err);
    if (kind == EB_SIDE_MODEL && !take_model(side, a, &err)) {
        *eb_err_list_add(errs) = err;
        return false;
    }
    if (side->bin && !eb_check_program(side, signal, &err)) {
        *eb_err_list_add(errs) = err;
        return false;
    }
    side->config = kind == EB_SIDE_MODEL ? a->config : operand;
    const char *sets[2 * EB_CHECK_SETS + 1];
    int n = 0;
    for (int i = 0; i < a->n_common; i++)
        sets[n++] = a->common[i];
    for (int i = 0; i < side->n_sets; i++)
        sets[n++] = side->sets[i];
    if (side->model_set)
        sets[n++] = side->model_set;
    side->plan = eb_plan_load(side->config, sets, n, errs);
    name_sets(side, a, errs);
    return side->plan != NULL;
}

void eb_check_side_deinit(eb_check_side *side)
{
    free(side->model_set);
    free(side->label);
    eb_plan_free(side->plan);
}
