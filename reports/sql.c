// SPDX-License-Identifier: Apache-2.0
// A run as SQL: tables where they are missing, then its rows. Plain enough for SQLite and PostgreSQL; several runs go
// into one database, the same run only once.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/csv_text.h"
#include "reports/report_impl.h"
#include "reports/text.h"

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS runs (run TEXT PRIMARY KEY, config TEXT, started TEXT, ended TEXT, complete INTEGER, "
    "tool_version TEXT, engine TEXT, boundary TEXT, interval_level DOUBLE PRECISION, fingerprint TEXT, plan_digest "
    "TEXT, "
    "idle_power_w DOUBLE PRECISION, idle_halfwidth_w DOUBLE PRECISION, idle_grade TEXT);\n"
    "CREATE TABLE IF NOT EXISTS machine (run TEXT REFERENCES runs(run), fact TEXT, value TEXT, PRIMARY KEY (run, "
    "fact));\n"
    "CREATE TABLE IF NOT EXISTS settings (run TEXT REFERENCES runs(run), section TEXT, name TEXT, key TEXT, value "
    "TEXT, "
    "unit TEXT, origin TEXT);\n"
    "CREATE TABLE IF NOT EXISTS sources (run TEXT REFERENCES runs(run), source TEXT, state TEXT, reason TEXT, remedy "
    "TEXT);\n"
    "CREATE TABLE IF NOT EXISTS cases (run TEXT REFERENCES runs(run), case_no INTEGER, id TEXT, family TEXT, model "
    "TEXT, "
    "type TEXT, workload TEXT, prompt_tok INTEGER, output_tok INTEGER, batch INTEGER, depth_tok INTEGER, threads "
    "INTEGER, "
    "kv TEXT, n_trials INTEGER, n_failed INTEGER, digest TEXT, PRIMARY KEY (run, case_no));\n"
    "CREATE TABLE IF NOT EXISTS metrics (run TEXT, case_no INTEGER, metric TEXT, value DOUBLE PRECISION, lo DOUBLE "
    "PRECISION, hi DOUBLE PRECISION, n INTEGER, unit TEXT, interval_kind TEXT, grade TEXT, halfwidth DOUBLE PRECISION, "
    "source TEXT, domains TEXT, coverage TEXT, note TEXT, PRIMARY KEY (run, case_no, metric), "
    "FOREIGN KEY (run, case_no) REFERENCES cases(run, case_no));\n"
    "CREATE TABLE IF NOT EXISTS energies (run TEXT, case_no INTEGER, trial INTEGER, part TEXT, request INTEGER, "
    "energy_j "
    "DOUBLE PRECISION, halfwidth_j DOUBLE PRECISION, grade TEXT, FOREIGN KEY (run, case_no) REFERENCES cases(run, "
    "case_no));\n"
    "CREATE TABLE IF NOT EXISTS warnings (run TEXT REFERENCES runs(run), case_no INTEGER, text TEXT);\n";

// A row being written: values after each other, NULL for what is not known.
typedef struct row {
    FILE *out;
    int n;
} row;

static row begin(FILE *out, const char *table)
{
    fprintf(out, "INSERT INTO %s VALUES (", table);
    return (row){ out, 0 };
}

static void end(row *r)
{
    fprintf(r->out, ");\n");
}

static void separate(row *r)
{
    fputs(r->n++ ? ", " : "", r->out);
}

// Cleaned, so that a name can neither end the literal nor the line.
static void put_text(row *r, const char *s)
{
    separate(r);
    if (!s || !*s) {
        fputs("NULL", r->out);
        return;
    }
    char *clean = eb_text_clean(s);
    fputc('\'', r->out);
    for (const char *p = clean; *p; p++)
        fputs(*p == '\'' ? "''" : (const char[]){ *p, '\0' }, r->out);
    fputc('\'', r->out);
    free(clean);
}

static void put_number(row *r, double x)
{
    separate(r);
    if (isfinite(x))
        eb_csv_put_number(r->out, x);
    else
        fputs("NULL", r->out);
}

static void put_whole(row *r, long long x)
{
    separate(r);
    fprintf(r->out, "%lld", x);
}

static void put_run(const eb_run *run, const char *id, FILE *out)
{
    const eb_header *h = run->header;
    row r = begin(out, "runs");
    put_text(&r, id);
    put_text(&r, h->config);
    put_text(&r, h->started_utc);
    put_text(&r, run->ended_utc);
    put_whole(&r, run->complete);
    put_text(&r, h->tool_version);
    put_text(&r, h->engine);
    put_text(&r, eb_boundary_name(h->boundary));
    put_number(&r, h->interval_level);
    put_text(&r, h->fingerprint);
    put_text(&r, h->plan_digest);
    put_number(&r, run->idle_w);
    put_number(&r, run->idle_w_halfwidth);
    put_text(&r, eb_grade_name(run->idle_grade));
    end(&r);
}

// Rows of texts alone, behind the run's id.
static void put_texts(FILE *out, const char *table, const char *id, const char *const *texts, int n)
{
    row r = begin(out, table);
    put_text(&r, id);
    for (int i = 0; i < n; i++)
        put_text(&r, texts[i]);
    end(&r);
}

static void put_header(const eb_run *run, const char *id, FILE *out)
{
    const eb_header *h = run->header;
    for (int i = 0; i < h->n_machine; i++)
        put_texts(out, "machine", id, (const char *const[]){ h->machine[i].key, h->machine[i].value }, 2);
    for (int i = 0; i < h->n_settings; i++) {
        const eb_setting_row *s = &h->settings[i];
        put_texts(out, "settings", id,
                  (const char *const[]){ s->section, s->name, s->key, s->value, s->unit, s->origin }, 6);
    }
    for (int i = 0; i < h->n_sources; i++) {
        const eb_source_row *s = &h->sources[i];
        put_texts(out, "sources", id, (const char *const[]){ s->name, s->state, s->reason, s->remedy }, 4);
    }
}

static void put_metric(const eb_metric *m, const char *id, int c, FILE *out)
{
    static const char *const intervals[] = {
        [EB_INTERVAL_NONE] = "none", [EB_INTERVAL_CONFIDENCE] = "confidence", [EB_INTERVAL_RANGE] = "range"
    };
    row r = begin(out, "metrics");
    put_text(&r, id);
    put_whole(&r, c);
    put_text(&r, m->key);
    put_number(&r, m->value);
    put_number(&r, m->lo);
    put_number(&r, m->hi);
    put_whole(&r, m->n);
    put_text(&r, m->unit);
    put_text(&r, intervals[m->interval]);
    put_text(&r, eb_grade_name(m->grade));
    put_number(&r, m->from ? eb_text_shown_halfwidth(m) : NAN);
    put_text(&r, m->from ? m->from->source : NULL);
    put_text(&r, m->from ? m->from->domains : NULL);
    put_text(&r, m->from ? m->from->coverage : NULL);
    put_text(&r, m->note);
    end(&r);
}

static void put_energy(const eb_energy_row *e, const char *id, int c, FILE *out)
{
    static const char *const parts[EB_PART_COUNT] = { [EB_PART_WINDOW] = "window",
                                                      [EB_PART_PREFILL] = "prefill",
                                                      [EB_PART_DECODE] = "decode",
                                                      [EB_PART_REQUEST] = "request",
                                                      [EB_PART_OUTSIDE] = "outside" };
    row r = begin(out, "energies");
    put_text(&r, id);
    put_whole(&r, c);
    put_whole(&r, e->trial);
    put_text(&r, parts[e->part]);
    put_number(&r, e->request < 0 ? NAN : (double)e->request);
    put_number(&r, e->j);
    put_number(&r, e->halfwidth_j);
    put_text(&r, eb_grade_name(e->grade));
    end(&r);
}

static void put_warning(const char *text, const char *id, int c, FILE *out)
{
    row r = begin(out, "warnings");
    put_text(&r, id);
    put_number(&r, c < 0 ? NAN : c);
    put_text(&r, text);
    end(&r);
}

static void put_case(const eb_run *run, const char *id, int c, FILE *out)
{
    const eb_case_result *x = &run->cases[c];
    const eb_case_info *i = x->info;
    row r = begin(out, "cases");
    put_text(&r, id);
    put_whole(&r, c);
    put_text(&r, i->id);
    put_text(&r, i->family);
    put_text(&r, i->model);
    put_text(&r, i->type[0] || !x->facts ? i->type : x->facts->type);
    put_text(&r, i->workload);
    const int numbers[] = { i->prompt_tok, i->output_tok, i->batch, i->depth_tok, i->threads };
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        put_whole(&r, numbers[k]);
    put_text(&r, i->kv);
    put_whole(&r, x->n_trials);
    put_whole(&r, x->n_failed);
    put_text(&r, x->digest);
    end(&r);
    for (int m = 0; m < x->n_metrics; m++)
        put_metric(&x->metrics[m], id, c, out);
    for (size_t e = 0; e < x->n_energies; e++)
        put_energy(&x->energies[e], id, c, out);
    for (int w = 0; w < x->n_warnings; w++)
        put_warning(x->warnings[w], id, c, out);
}

static bool write_sql(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)err; // what the stream cannot take, its owner sees
    const eb_header *h = run->header;
    // The same folder gives the same id wherever it lies.
    char *id = eb_format("%s %s %.16s", h->started_utc ? h->started_utc : "", h->fingerprint ? h->fingerprint : "",
                         h->plan_digest ? h->plan_digest : "");
    if (style->run) { // a line of its own, which a clean name cannot end
        char *name = eb_text_clean(style->run);
        fprintf(out, "-- %s is run '%s'\n", name, id);
        free(name);
    }
    fprintf(out, "%sBEGIN;\n", schema);
    put_run(run, id, out);
    put_header(run, id, out);
    for (int w = 0; w < run->n_warnings; w++)
        put_warning(run->warnings[w], id, -1, out);
    for (int c = 0; c < run->n_cases; c++)
        put_case(run, id, c, out);
    fprintf(out, "COMMIT;\n");
    free(id);
    return true;
}

const eb_report_ops eb_report_sql = { .name = "sql", .doc = "CREATE TABLE and INSERT, for SQLite", .write = write_sql };
