// SPDX-License-Identifier: Apache-2.0
// One row per case and metric, quoted as RFC 4180 says, lines ended by LF; what is not known is an empty field.
#include <math.h>
#include "reports/csv_text.h"
#include "reports/report_impl.h"
#include "reports/text.h"

static void put_metric(const eb_case_result *c, const eb_metric *m, const char *run, FILE *out)
{
    static const char *const intervals[] = {
        [EB_INTERVAL_NONE] = "none", [EB_INTERVAL_CONFIDENCE] = "confidence", [EB_INTERVAL_RANGE] = "range"
    };
    const eb_case_info *i = c->info;
    const char *type = i->type[0] || !c->facts ? i->type : c->facts->type;
    const char *const names[] = { i->id, i->family, i->model, type };
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        eb_csv_put_text(out, names[k]);
        fputc(',', out);
    }
    fprintf(out, "%d,%d,%d,%d,%d,%s,", i->prompt_tok, i->output_tok, i->batch, i->depth_tok, i->threads, m->key);
    const double numbers[] = { m->value, m->lo, m->hi };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        eb_csv_put_number(out, numbers[k]);
        fputc(',', out);
    }
    fprintf(out, "%d,", m->n);
    eb_csv_put_text(out, m->unit);
    fprintf(out, ",%s,%s,", eb_grade_name(m->grade), intervals[m->interval]);
    eb_csv_put_text(out, m->note);
    fputc(',', out);
    eb_csv_put_number(out, m->from ? eb_text_shown_halfwidth(m) : NAN);
    const char *const from[] = { m->from ? m->from->source : "", m->from ? m->from->domains : "",
                                 m->from ? m->from->coverage : "" };
    for (size_t k = 0; k < sizeof from / sizeof *from; k++) {
        fputc(',', out);
        eb_csv_put_text(out, from[k]);
    }
    fputc(',', out);
    eb_csv_put_text(out, run);
    fputc('\n', out);
}

static bool write_csv(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err; // what the stream cannot take, its owner sees
    if (!style->follows)
        fputs("case,family,model,type,prompt_tok,output_tok,batch,depth_tok,threads,metric,value,lo,hi,n,unit,grade,"
              "interval,note,halfwidth,source,domains,coverage,run\n",
              out);
    for (int c = 0; c < run->n_cases; c++)
        for (int m = 0; m < run->cases[c].n_metrics; m++)
            put_metric(&run->cases[c], &run->cases[c].metrics[m], style->run ? style->run : "", out);
    return true;
}

const eb_report_ops eb_report_csv = {
    .name = "csv", .doc = "one row per case and metric", .open = "", .between = "", .close = "", .write = write_csv
};
