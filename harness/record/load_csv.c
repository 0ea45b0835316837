// SPDX-License-Identifier: Apache-2.0
// Loads as load.csv.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/load.h"

static void put(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

static void put_level(FILE *out, const eb_run *run, const eb_load_result *r, int i)
{
    const eb_load_level *l = &r->levels[i];
    const eb_provenance *from = &run->cases[r->case_index].energy;
    fprintf(out, "\"%s\",%d,%d", run->cases[r->case_index].info->id, l->trial, i % r->n_rows);
    if (r->curve)
        fprintf(out, ",%d", l->row.percent);
    else
        fputc(',', out);
    put(out, l->row.nominal_per_s > 0 ? l->row.nominal_per_s : NAN);
    fprintf(out, ",%d,%d", l->offered, l->completed);
    const double figures[] = { l->offered_per_s, l->completed_per_s, l->schedule_frac, l->completed_frac };
    for (size_t k = 0; k < sizeof figures / sizeof *figures; k++)
        put(out, figures[k]);
    fprintf(out, ",%s", l->valid ? "yes" : "no");
    const double work[] = { l->length_s, l->tok_s, l->goodput_tok_s, l->j, l->halfwidth_j, l->w, l->tok_per_j };
    for (size_t k = 0; k < sizeof work / sizeof *work; k++)
        put(out, work[k]);
    fprintf(out, ",%s,\"%s\",\"%s\",\"%s\"\n", eb_grade_name(l->grade), from->source, from->domains, from->coverage);
}

char *eb_load_csv(const eb_run *run)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return eb_strdup("");
    fputs("case,trial,level,percent,nominal_per_s,offered,completed,offered_per_s,completed_per_s,schedule_frac,"
          "completed_frac,valid,length_s,throughput_tok_s,goodput_tok_s,energy_j,halfwidth_j,power_w,tok_per_j,grade,"
          "source,domains,coverage\n",
          out);
    for (int i = 0; i < run->n_loads; i++)
        for (int k = 0; k < run->loads[i]->n_levels; k++)
            put_level(out, run, run->loads[i], k);
    fclose(out);
    return text;
}

bool eb_load_csv_write(const eb_run *run, const char *dir, eb_err *err)
{
    char *path = eb_path_join(dir, "load.csv"), *text = eb_load_csv(run);
    bool ok = eb_file_write_atomic(path, text, strlen(text), err);
    free(text);
    free(path);
    return ok;
}
