// SPDX-License-Identifier: Apache-2.0
// energy.csv: the energy of each trial, its phases and its requests, computed from the raw files as run.json is.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/run.h"

static const char *const part_names[EB_PART_COUNT] = {
    [EB_PART_WINDOW] = "window",   [EB_PART_PREFILL] = "prefill", [EB_PART_DECODE] = "decode",
    [EB_PART_REQUEST] = "request", [EB_PART_OUTSIDE] = "outside",
};

static void put_text(FILE *out, const char *s)
{
    bool quote = strpbrk(s, ",\"\r\n") != NULL;
    if (quote)
        fputc('"', out);
    for (; *s; s++)
        fprintf(out, *s == '"' ? "\"\"" : "%c", *s);
    if (quote)
        fputc('"', out);
}

static void put_number(FILE *out, double value, int digits)
{
    if (isfinite(value))
        fprintf(out, "%.*g", digits, value);
    fputc(',', out);
}

static void put_row(FILE *out, const eb_case_result *c, const eb_energy_row *r)
{
    fprintf(out, "%d,", r->trial);
    put_text(out, c->info->id);
    fprintf(out, ",%s,", part_names[r->part]);
    if (r->request >= 0)
        fprintf(out, "%lld", (long long)r->request);
    fputc(',', out);
    put_number(out, r->j, 12); // parts add up to their window, which may be long
    put_number(out, r->halfwidth_j, 9);
    fprintf(out, "%s,", eb_grade_name(isfinite(r->j) ? r->grade : EB_GRADE_NONE));
    put_text(out, c->energy.source);
    fputc(',', out);
    put_text(out, c->energy.domains);
    fputc(',', out);
    put_text(out, c->energy.coverage);
    fputc('\n', out);
}

char *eb_energy_csv(const eb_run *run)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return eb_strdup("");
    fputs("trial,case,part,request,energy_j,halfwidth_j,grade,source,domains,coverage\n", out);
    for (int c = 0; c < run->n_cases; c++)
        for (size_t i = 0; i < run->cases[c].n_energies; i++)
            put_row(out, &run->cases[c], &run->cases[c].energies[i]);
    fclose(out);
    return text;
}

bool eb_energy_csv_write(const eb_run *run, const char *dir, eb_err *err)
{
    char *path = eb_path_join(dir, "energy.csv"), *text = eb_energy_csv(run);
    bool ok = eb_file_write_atomic(path, text, strlen(text), err);
    free(text);
    free(path);
    return ok;
}
