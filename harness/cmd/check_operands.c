// SPDX-License-Identifier: Apache-2.0
// What stands on the command line of `effbench check`: two sides of one kind, or an error that names the command which
// was probably meant.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/file.h"
#include "harness/cmd/check.h"
#include "harness/cmd/cmd.h"

static const char *const kinds[] = { "a config", "a result folder", "a model" };

eb_side_kind eb_check_kind_of(const char *operand)
{
    struct stat st;
    if (stat(operand, &st) == 0 && S_ISDIR(st.st_mode))
        return EB_SIDE_FOLDER;
    bool model = strncmp(operand, "shape:", 6) == 0 || strncmp(operand, "file:", 5) == 0;
    return model ? EB_SIDE_MODEL : EB_SIDE_CONFIG;
}

static void hint_of(const char *base, const char *cand, eb_err *err)
{
    bool models = eb_check_kind_of(base) == EB_SIDE_MODEL || eb_check_kind_of(cand) == EB_SIDE_MODEL;
    eb_err_hint(err, "effbench check %s--base %.200s --cand %.200s", models ? "CONFIG " : "", base, cand);
}

// A folder has been run and a config has not: it says how to have two of either.
static int mixed(const char *base, const char *cand)
{
    eb_err err;
    eb_err_clear(&err);
    eb_side_kind kind[] = { eb_check_kind_of(base), eb_check_kind_of(cand) };
    eb_err_set(&err, EB_USAGE, "check: the base '%.200s' is %s and the candidate '%.200s' %s: both must be of one kind",
               base, kinds[kind[0]], cand, kinds[kind[1]]);
    bool first = kind[0] == EB_SIDE_FOLDER;
    const char *folder = first ? base : cand, *other = first ? cand : base;
    if (kind[first] == EB_SIDE_CONFIG && !eb_file_exists(other)) {
        eb_err_set(&err, EB_USAGE, "check: the %s '%.200s' does not exist, and the %s '%.200s' is a result folder",
                   first ? "candidate" : "base", other, first ? "base" : "candidate", folder);
        eb_err_hint(&err, "`effbench run CONFIG --out %.200s` makes a result folder", other);
        return eb_cmd_fail(&err);
    }
    char *config = eb_path_join(folder, "config.ini");
    if (kind[first] == EB_SIDE_MODEL)
        eb_err_hint(&err, "a model needs a config: effbench check CONFIG --base %.200s --cand MODEL", other);
    else if (eb_file_exists(config))
        eb_err_hint(&err, "both sides now: --%s %.200s; or both stored: `effbench run %.200s` first",
                    first ? "base" : "cand", config, other);
    else
        eb_err_hint(&err, "`effbench run %.200s` makes a result folder; a config instead of '%.200s' runs both now",
                    other, folder);
    free(config);
    return eb_cmd_fail(&err);
}

static int too_many(const char *const *loose, int n)
{
    eb_err err;
    eb_err_clear(&err);
    eb_side_kind a = eb_check_kind_of(loose[0]), b = eb_check_kind_of(loose[1]);
    if (n == 2 && (a == EB_SIDE_FOLDER) != (b == EB_SIDE_FOLDER))
        return mixed(loose[0], loose[1]);
    if (n > 2)
        eb_err_set(&err, EB_USAGE, "check: %d are named, and a gate has two sides", n);
    else
        eb_err_set(&err, EB_USAGE, "check: which of '%.200s' and '%.200s' is the base, which the candidate?", loose[0],
                   loose[1]);
    if (n > 2 && a == EB_SIDE_FOLDER)
        eb_err_hint(&err, "effbench check --base %.200s --cand %.200s; `effbench compare` takes any number", loose[0],
                    loose[1]);
    else if (a == EB_SIDE_CONFIG && b == EB_SIDE_MODEL)
        eb_err_hint(&err, "effbench check %.200s --cand %.200s", loose[0], loose[1]);
    else
        hint_of(loose[0], loose[1], &err);
    return eb_cmd_fail(&err);
}

// One side, and nothing that could be the other.
static int one_sided(const eb_check_args *a, const char *loose)
{
    eb_err err;
    eb_err_clear(&err);
    const char *base = a->sides[0].operand, *cand = a->sides[1].operand;
    const char *own = base ? base : cand ? cand : loose;
    if (!own)
        return eb_cmd_usage("check", "needs both sides: --base A.ini --cand B.ini, or one config for both");
    const char *other = eb_check_kind_of(own) == EB_SIDE_FOLDER  ? "OTHER_FOLDER"
                        : eb_check_kind_of(own) == EB_SIDE_MODEL ? "shape:OTHER"
                                                                 : "OTHER.ini";
    eb_err_set(&err, EB_USAGE, "check: '%.200s' is %s: the %s is missing", own, kinds[eb_check_kind_of(own)],
               cand ? "base" : "candidate");
    hint_of(cand ? other : own, cand ? own : other, &err);
    return eb_cmd_fail(&err);
}

int eb_check_operands(const eb_check_args *a, const char *const *loose, int n)
{
    if (n > 1)
        return too_many(loose, n);
    const char *base = a->sides[0].operand ? a->sides[0].operand : loose[0];
    const char *cand = a->sides[1].operand ? a->sides[1].operand : loose[0];
    // One config is both sides, with what --cand-set or --cand-bin changes; a folder beside itself tells nothing.
    bool alone = !a->sides[0].operand && !a->sides[1].operand && n == 1;
    if (!base || !cand || (alone && eb_check_kind_of(loose[0]) != EB_SIDE_CONFIG))
        return one_sided(a, loose[0]);
    if ((eb_check_kind_of(base) == EB_SIDE_FOLDER) != (eb_check_kind_of(cand) == EB_SIDE_FOLDER))
        return mixed(base, cand);
    return EB_OK;
}
