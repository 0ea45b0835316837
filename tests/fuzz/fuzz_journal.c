// SPDX-License-Identifier: Apache-2.0
// Any bytes as the files of a run: refused with one line, or read, computed and printed. The input is trials.jsonl,
// requests.csv, tokens.csv and power.csv, of a profile also spans.csv and op_counters.csv, each but the last followed
// by the byte 0x1e; @1 to @5 in the first stand for the lengths of the others, so that rows can grow without being cut
// off.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/record/profile.h"
#include "reports/plots_impl.h"
#include "reports/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES = 6, SEPARATOR = 0x1e };

static const char *const names[FILES] = { "trials.jsonl", "requests.csv", "tokens.csv",
                                          "power.csv",    "spans.csv",    "op_counters.csv" };
static char folder[64];

static void path_of(char *path, size_t size, const char *name)
{
    snprintf(path, size, "%s/%s", folder, name);
}

static void clean(void)
{
    char path[96];
    for (int i = 0; i < FILES; i++) {
        path_of(path, sizeof path, names[i]);
        unlink(path);
    }
    rmdir(folder);
}

static FILE *create(int file)
{
    char path[96];
    path_of(path, sizeof path, names[file]);
    FILE *f = fopen(path, "wb");
    if (!f)
        abort();
    return f;
}

static void write_lines(const uint8_t *data, size_t n, const size_t lengths[FILES])
{
    FILE *f = create(0);
    for (size_t i = 0; i < n; i++) {
        if (data[i] == '@' && i + 1 < n && data[i + 1] >= '1' && data[i + 1] < '0' + FILES)
            fprintf(f, "%zu", lengths[data[++i] - '0']);
        else
            fputc(data[i], f);
    }
    fclose(f);
}

static void print(const eb_run *run)
{
    static const char *const forms[] = { "md", "sql", "llama-bench-json", "llama-bench-csv", "llama-bench-md" };
    const eb_report_style style = { .color = true };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        eb_err err = { 0 };
        char *text = NULL;
        size_t n = 0;
        FILE *out = open_memstream(&text, &n);
        if (!out || !eb_report_find(forms[i])->write(run, &style, out, &err))
            abort();
        fclose(out);
        free(text);
    }
    free(eb_run_json(run));
    free(eb_profile_csv(run));
    free(eb_plot_roofline(run));
    free(eb_plot_operators(run));
}

// What must hold of a profile, whatever it was made of: no negative joules, shares of the window, and figures or none.
static void check(const eb_profile *p)
{
    for (int i = 0; i < p->n_rows; i++) {
        const eb_profile_row *r = &p->rows[i];
        if (!(r->time_s > 0) || r->calls < 0 || r->bytes < 0 || r->flop < 0 || r->j < 0)
            abort();
        if (*p->split.refused && r->j == r->j)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *part[FILES] = { data, data + size, data + size, data + size, data + size, data + size };
    size_t length[FILES] = { 0 };
    if (!folder[0]) {
        strcpy(folder, "/tmp/eb-fuzz-XXXXXX");
        if (!mkdtemp(folder))
            abort();
        atexit(clean);
    }
    for (size_t i = 0, file = 0; i < size; i++) {
        if (data[i] == SEPARATOR && file + 1 < FILES)
            part[++file] = data + i + 1;
        else
            length[file]++;
    }
    write_lines(part[0], length[0], length);
    for (int i = 1; i < FILES; i++) {
        FILE *f = create(i);
        fwrite(part[i], 1, length[i], f);
        fclose(f);
    }
    eb_err err = { 0 };
    eb_run *run = eb_run_load(folder, &err);
    for (int i = 0; run && i < run->n_profiles; i++)
        check(run->profiles[i]);
    if (run)
        print(run);
    else if (err.code != EB_USAGE || !err.message[0] || strchr(err.message, '\n'))
        abort();
    eb_run_free(run);
    return 0;
}
