// SPDX-License-Identifier: Apache-2.0
// The answer in a sentence: what is best of the cases that do the same work, and how sure that is.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/compare_ratio.h"
#include "harness/record/crossing.h"
#include "harness/record/load.h"
#include "reports/view.h"

enum { MAX_ANSWERS = 6 };

static const struct {
    const char *key, *lead, *alone, *before, *unit; // alone: where none is told to lead
    bool money, prompts_only;                       // the latter: asked where there is no output
} questions[] = {
    { "tok_per_j", "most tokens per joule", "tokens per joule", "", " tok/J", false, false },
    { "decode_tok_s", "fastest decode", "decode", "", " tok/s", false, false },
    { "prefill_tok_s", "fastest prefill", "prefill", "", " tok/s", false, true },
    { "usd_per_mtok", "cheapest", "cost", "$", " per million tokens", true, false },
};

// The strongest grade that any comparable case has: only those are ranked in the sentence.
static bool strongest(const eb_run *run, const char *key, int like, eb_grade *grade)
{
    bool found = false;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], key);
        if (!m || !eb_rank_comparable(run->cases[i].info, run->cases[like].info))
            continue;
        if (!found || m->grade > *grade)
            *grade = m->grade;
        found = true;
    }
    return found;
}

void eb_answer_rivals(eb_rank_rivals rivals, bool ranges, FILE *out)
{
    if (rivals.same)
        fprintf(out, ", as good, within %.0f %%, as %d other%s", 100 * EB_RATIO_MARGIN, rivals.same, eb_s(rivals.same));
    if (rivals.tied)
        fprintf(out, ", within noise%s of %d other%s", ranges ? " and the ranges of prices" : "", rivals.tied,
                eb_s(rivals.tied));
    if (rivals.few)
        fprintf(out, ", too few trials to tell %d other%s from it", rivals.few, eb_s(rivals.few));
}

static void put_caveats(const eb_run *run, const eb_answer_style *style, size_t q, int best, eb_rank_rivals rivals,
                        FILE *out)
{
    const eb_case_result *c = &run->cases[best];
    const eb_metric *m = eb_rank_value(c, questions[q].key), *top1 = eb_rank_value(c, "top1_agree");
    if (m->grade != EB_GRADE_NONE)
        fprintf(out, ", %s", eb_grade_name(m->grade));
    if (questions[q].money && eb_run_demonstration(run))
        fprintf(out, ", demonstration prices");
    if (m->interval == EB_INTERVAL_RANGE && m->n < 2)
        fprintf(out, ", of a single trial");
    eb_answer_rivals(rivals, false, out);
    if (top1 && c->info->reference_type && strcmp(c->info->reference_type, c->info->type)) {
        char percent[40];
        eb_text_number(percent, sizeof percent, 100 * top1->value, eb_text_place(100 * top1->value, NAN));
        fprintf(out, ", same top choice as ");
        style->put(out, c->info->reference_type);
        fprintf(out, " in %s %%", percent);
    }
}

// A rate was asked for: whether it was kept up with, in the median or not in some trial; "" where it was.
static const char *falls_behind(const eb_run *run, int c, char *buf, size_t size)
{
    buf[0] = '\0';
    for (int i = 0; i < run->n_loads; i++) {
        const eb_load_result *r = run->loads[i];
        if (r->case_index != c || r->curve || !r->n_rows)
            continue;
        if (r->rows[0].standing == EB_LOAD_BEHIND)
            snprintf(buf, size, " (does not keep up)");
        else if (r->rows[0].standing == EB_LOAD_MISSED)
            snprintf(buf, size, " (did not keep up in %d of %d trials)", r->rows[0].n_clear, r->rows[0].n);
    }
    return buf;
}

static bool put_answer(const eb_run *run, const eb_answer_style *style, size_t q, int like, bool first, FILE *out)
{
    eb_grade grade = EB_GRADE_NONE;
    if (!strongest(run, questions[q].key, like, &grade))
        return false;
    int best = eb_rank_best(run, questions[q].key, like, grade);
    if (best < 0)
        return false;
    const eb_metric *m = eb_rank_value(&run->cases[best], questions[q].key);
    char number[40], behind[64], *title = eb_case_name(run, best);
    eb_text_number(number, sizeof number, m->value, eb_text_place(m->value, eb_text_shown_halfwidth(m)));
    eb_rank_rivals rivals = eb_rank_rivals_of(run, questions[q].key, best);
    bool unsure = rivals.same || rivals.tied || rivals.few; // not bold: that stands for the best
    bool told = rivals.n && !unsure;
    fprintf(out, "%s%s: %s", first ? "" : "; ", told ? questions[q].lead : questions[q].alone,
            unsure ? "" : style->strong_open);
    style->put(out, title);
    fprintf(out, "%s%s (%s%s%s", unsure ? " leads" : style->strong_close,
            falls_behind(run, best, behind, sizeof behind), questions[q].before, number, questions[q].unit);
    put_caveats(run, style, q, best, rivals, out);
    fprintf(out, ")");
    free(title);
    return true;
}

static bool leads_its_kind(const eb_run *run, int c)
{
    for (int i = 0; i < c; i++)
        if (eb_rank_comparable(run->cases[i].info, run->cases[c].info))
            return false;
    return true;
}

static bool is_curve(const eb_run *run, int c)
{
    for (int i = 0; i < run->n_loads; i++)
        if (run->loads[i]->case_index == c && run->loads[i]->curve)
            return true;
    return false;
}

// Context sweeps, of a pair its energy where it is known, batch sweeps and load curves. Returns how many.
static int put_sweeps(const eb_run *run, const eb_answer_style *style, FILE *out)
{
    int shown = 0;
    for (int i = 0; i < run->n_crossings && shown < MAX_ANSWERS; i++)
        if (i == 0 || !eb_crossing_same_pair(run, i - 1, i)) {
            fprintf(out, "%s", shown++ ? "\n\n" : "");
            eb_crossing_answer(run, i, style, out);
        }
    for (int i = 0, last; i < run->n_cases && shown < MAX_ANSWERS; i++)
        if (eb_batch_sweep(run, i, &last)) {
            fprintf(out, "%s", shown++ ? "\n\n" : "");
            eb_batch_answer(run, i, last, style, out);
        }
    for (int i = 0; i < run->n_loads && shown < MAX_ANSWERS; i++)
        if (run->loads[i]->curve) {
            fprintf(out, "%s", shown++ ? "\n\n" : "");
            eb_load_answer(run, run->loads[i], style, out);
        }
    return shown;
}

void eb_answer_print(const eb_run *run, const eb_answer_style *style, FILE *out)
{
    int shown = 0, left = 0;
    bool measured = false; // anything at all: of no trial it is not known what has energy
    shown = put_sweeps(run, style, out);
    for (int c = 0; c < run->n_cases; c++) {
        if (!leads_its_kind(run, c) || is_curve(run, c))
            continue;
        if (shown == MAX_ANSWERS) {
            left++;
            continue;
        }
        const eb_case_info *i = run->cases[c].info;
        bool any = false;
        fprintf(out, "%sWith %d prompt and %d output token%s, batch %d", shown ? "\n\n" : "", i->prompt_tok,
                i->output_tok, eb_s(i->output_tok), i->batch);
        if (i->depth_tok)
            fprintf(out, ", after %d token%s of context", i->depth_tok, eb_s(i->depth_tok));
        if (i->load) {
            fprintf(out, ", load ");
            style->put(out, i->load);
        }
        fprintf(out, ": ");
        for (size_t q = 0; q < sizeof questions / sizeof *questions; q++)
            if (!questions[q].prompts_only || i->output_tok == 0)
                any |= put_answer(run, style, q, c, !any, out);
        fprintf(out, any ? "." : "nothing was measured.");
        measured |= any;
        shown++;
    }
    fprintf(out, "\n");
    if (left)
        fprintf(out, "\nAnd %d more kind%s of work, in the tables.\n", left, eb_s(left));
    if (eb_run_has_trials(run) && (measured || run->complete) && !eb_run_has_energy(run) &&
        !eb_header_imported(run->header))
        fprintf(out, "\nNo energy source: joules are not known here.\n");
}
