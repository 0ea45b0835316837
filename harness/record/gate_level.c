// SPDX-License-Identifier: Apache-2.0
// Loads that were not kept up with, and what to do about one.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/gate_impl.h"
#include "harness/record/journal.h"
#include "harness/record/load.h"

#define OF_MAXIMUM "of the maximum found"
#define OF_RATE    "of the rate"
#define UNANSWERED "requests were answered"
#define NONE_CAME  "no request came"

// Shorter levels of a curve have fewer requests, and fewer tell less of how they were kept up with; the maximum that a
// curve has found by itself is no rate that could be lowered.
const char *eb_check_behind_cure(const char *text)
{
#define OR_COUNT ", or let it count with --ignore level"
    static const struct {
        const char *has, *cure;
    } cures[] = {
        { UNANSWERED, "see why the others were not: `effbench run` says it" OR_COUNT },
        { NONE_CAME, "take a longer `level`" OR_COUNT },
        { OF_MAXIMUM, "take a longer `level`: the curve finds its rates itself" OR_COUNT },
        { OF_RATE, "take a lower `rate` or a longer `level`" OR_COUNT },
        { "", "take a lower `rate` or more `requests`" OR_COUNT },
    };
    size_t i = 0;
    while (!strstr(text, cures[i].has))
        i++;
    return cures[i].cure;
}

static bool calibrated(const eb_trial_info *info)
{
    return info->saturated_per_s > 0;
}

// The maximum that a trial has found is where it just does not fall behind: that it does there by a little is what a
// maximum is, and no trouble.
static bool is_maximum(const eb_load_level *l, const eb_trial_info *info)
{
    return calibrated(info) && l->row.percent == 100;
}

// Over the trials of the side, as the load's own report has it: one that misses by a hair is noise where the others
// keep up.
static bool spoils(const eb_load_level *l, const eb_load_row *row, eb_check_kept *kept)
{
    if (kept) {
        EB_GROW(kept->frac, kept->n, kept->cap);
        kept->frac[kept->n++] = l->completed_frac;
    }
    if (l->valid || eb_load_clear_miss(l))
        return !l->valid;
    return kept ? eb_load_behind(kept->frac, kept->n) : row->standing == EB_LOAD_BEHIND;
}

static void say_level(eb_check *c, const char *side, const eb_load_level *l, const eb_trial_info *info)
{
    char what[200], at[60] = "", percent[32];
    const double limit = 100 * (1 - EB_LOAD_TOLERANCE);
    if (l->row.percent >= 0)
        snprintf(at, sizeof at, " at %d %% %s", l->row.percent, calibrated(info) ? OF_MAXIMUM : OF_RATE);
    if (!(l->row.nominal_per_s > 0))
        snprintf(what, sizeof what, EB_TROUBLE_LEVEL_TEXT "%d of %d " UNANSWERED "%s", l->completed, l->offered, at);
    else if (isnan(l->completed_frac))
        snprintf(what, sizeof what, EB_TROUBLE_LEVEL_TEXT NONE_CAME "%s", at);
    else
        snprintf(what, sizeof what, EB_TROUBLE_LEVEL_TEXT "completed %s %% of what was offered%s (valid from %g %% on)",
                 eb_fmt_below(percent, sizeof percent, 100 * l->completed_frac, limit), at, limit);
    eb_check_say_trouble(c, side, what);
}

// Says the first one. All are looked at: they count for the trials to come.
bool eb_check_behind(eb_check *c, const char *side, const eb_run *run, const eb_trial_info *info, eb_check_kept *kept)
{
    const eb_load_level *first = NULL;
    for (int i = 0; i < run->n_loads; i++) {
        const eb_load_result *r = run->loads[i];
        for (int k = 0; k < r->n_levels && r->case_index == info->case_index; k++) {
            const eb_load_level *l = &r->levels[k];
            int row = k % r->n_rows;
            if (l->trial != info->number || is_maximum(l, info))
                continue;
            bool bad = spoils(l, &r->rows[row], kept ? &kept[row] : NULL);
            first = bad && !first ? l : first;
        }
    }
    if (!first || c->options.ignore & EB_TROUBLE_LEVEL)
        return false;
    say_level(c, side, first, info);
    return true;
}
