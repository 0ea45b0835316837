// SPDX-License-Identifier: Apache-2.0
// What company is worth: a model's speed, wait and joules from its smallest batch to its largest, in a sentence.
#include <math.h>
#include <string.h>
#include "reports/view.h"

enum { FEWEST = 3 }; // batches that make a sweep

static bool same(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

// The same work of the same model, at whatever batch.
static bool same_series(const eb_case_info *a, const eb_case_info *b)
{
    return same(a->model, b->model) && same(a->type, b->type) && same(a->workload, b->workload) && same(a->kv, b->kv) &&
           same(a->load, b->load) && a->prompt_tok == b->prompt_tok && a->output_tok == b->output_tok &&
           a->depth_tok == b->depth_tok && a->threads == b->threads;
}

bool eb_batch_sweep(const eb_run *run, int c, int *last)
{
    const eb_case_info *first = run->cases[c].info;
    int n = 0;
    *last = c;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_info *info = run->cases[i].info;
        if (!same_series(info, first))
            continue;
        if (info->batch < first->batch || (info->batch == first->batch && i < c))
            return false; // told from its smallest
        n += info->batch > first->batch || i == c;
        *last = info->batch > run->cases[*last].info->batch ? i : *last;
    }
    return n >= FEWEST;
}

// With the farther end of its interval, where it has one.
static void put_value(const eb_metric *m, double scale, FILE *out)
{
    char number[40], spread[40];
    double value = scale * m->value, half = scale * eb_text_shown_halfwidth(m);
    fputs(eb_text_number(number, sizeof number, value, eb_text_place(value, half)), out);
    if (half > 0)
        fprintf(out, " %s", eb_text_spread(spread, sizeof spread, value, half, false, eb_text_mark(m->interval, m->n)));
}

void eb_batch_answer(const eb_run *run, int c, int last, const eb_answer_style *style, FILE *out)
{
    static const struct {
        const char *key, *unit;
        double scale;
        bool energy;
    } told[] = { { "decode_tok_s", " tok/s", 1, false },
                 { "tpot_ns", " ms per token", 1e-6, false },
                 { "j_per_tok", " J/token", 1, true } };
    const eb_case_info *info = run->cases[c].info;
    bool any = false;
    fprintf(out, "Batch %d to %d, %s", info->batch, run->cases[last].info->batch, style->strong_open);
    style->put(out, info->model);
    fputc(' ', out);
    style->put(out, info->type[0] ? info->type : "file");
    fprintf(out, "%s: ", style->strong_close);
    for (size_t k = 0; k < sizeof told / sizeof *told; k++) {
        const eb_metric *from = eb_rank_value(&run->cases[c], told[k].key),
                        *to = eb_rank_value(&run->cases[last], told[k].key);
        if (!from || !to || (told[k].energy && !eb_rank_same_energy(from, to)))
            continue;
        fputs(any ? ", " : "", out);
        any = true;
        put_value(from, told[k].scale, out);
        fputs(" to ", out);
        put_value(to, told[k].scale, out);
        fprintf(out, "%s", told[k].unit);
        if (told[k].energy)
            fprintf(out, " (%s)", eb_grade_name(to->grade));
    }
    fputs(any ? "." : "not measured.", out);
}
