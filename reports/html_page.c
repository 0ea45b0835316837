// SPDX-License-Identifier: Apache-2.0
// report.html: the answer in a sentence, the tables with their pictures, then everything that a reader needs to judge
// them. The same blocks as report.md.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/profile.h"
#include "harness/record/sustained.h"
#include "reports/html.h"
#include "reports/report_impl.h"
#include "reports/view.h"

enum { MAX_FIGURE_CASES = 60 };

static const char *const block_ids[EB_BLOCK_COUNT] = {
    [EB_BLOCK_SPEED] = "speed",
    [EB_BLOCK_ENERGY] = "energy",
    [EB_BLOCK_EFFICIENCY] = "efficiency",
    [EB_BLOCK_QUALITY] = "quality",
};

static void put_answer(const eb_run *run, FILE *out)
{
    static const eb_answer_style style = { .put = eb_html_put, .strong_open = "<strong>", .strong_close = "</strong>" };
    char *text = NULL, *save = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    if (!to)
        return;
    eb_answer_print(run, &style, to);
    fclose(to);
    fprintf(out, "<div class=\"answer\" id=\"answer\">\n");
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        fprintf(out, "<p>");
        eb_html_put_joined(out, line);
        fprintf(out, "</p>\n");
    }
    fprintf(out, "</div>\n");
    free(text);
}

// What a reader in a hurry must not miss.
static void put_flags(const eb_run *run, const eb_notes *notes, FILE *out)
{
    int warnings = eb_html_count(notes, "warning"), unknown = eb_html_count(notes, "unknown");
    fprintf(out, "<ul class=\"flags\">\n");
    if (!run->complete)
        fprintf(out, "<li class=\"warn\">not complete: the run was interrupted</li>\n");
    if (run->header->engine && !strcmp(run->header->engine, "null"))
        fprintf(out, "<li class=\"warn\">simulated: nothing was measured</li>\n");
    if (eb_header_imported(run->header)) {
        fprintf(out, "<li class=\"warn\">imported from ");
        eb_html_put(out, eb_header_imported(run->header));
        fprintf(out, "</li>\n");
    }
    if (eb_run_demonstration(run))
        fprintf(out, "<li class=\"warn\">prices made up for show</li>\n");
    if (warnings)
        fprintf(out, "<li class=\"warn\"><a href=\"#warnings\">%d warning%s</a></li>\n", warnings, eb_s(warnings));
    if (unknown)
        fprintf(out, "<li><a href=\"#reading\">%d figure%s not known, and why</a></li>\n", unknown, eb_s(unknown));
    bool seen[EB_GRADE_COUNT] = { false };
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], "j_per_tok");
        seen[m ? m->grade : EB_GRADE_NONE] = true;
    }
    for (int g = EB_GRADE_COUNT - 1; g > EB_GRADE_NONE; g--)
        if (seen[g])
            fprintf(out, "<li>energy: %s</li>\n", eb_grade_name((eb_grade)g));
    if (seen[EB_GRADE_NONE])
        fprintf(out, "<li>%s</li>\n",
                !eb_run_has_trials(run)  ? "no trial ended"
                : eb_run_has_energy(run) ? "energy: not known of all"
                                         : "no energy source");
    fprintf(out, "</ul>\n");
}

static void put_blocks(const eb_run *run, const eb_html_pictures *pictures, FILE *out)
{
    for (int b = 0; b < EB_BLOCK_COUNT; b++) {
        eb_table *t = eb_block_table(run, b);
        if (!t)
            continue;
        eb_html_section(out, block_ids[b], eb_block_title(b));
        eb_html_table(t, eb_block_title(b), out);
        eb_html_definitions(t, out);
        eb_html_pictures_put(pictures, block_ids[b], out);
        if (b == EB_BLOCK_ENERGY && eb_html_pictures_have(pictures, "power")) {
            fprintf(out, "<h3>Power over time</h3>\n<ul class=\"key\"><li><i class=\"prefill\"></i>prefill</li>"
                         "<li><i class=\"decode\"></i>decode</li></ul>\n");
            eb_html_pictures_put(pictures, "power", out);
        }
        fprintf(out, "</section>\n");
        eb_table_free(t);
    }
}

static void put_profiles(const eb_run *run, const eb_html_pictures *pictures, FILE *out)
{
    if (!run->n_profiles)
        return;
    eb_html_section(out, "operators", "By operator");
    for (int i = 0; i < run->n_profiles; i++) {
        eb_table *t = eb_profile_table(run, run->profiles[i]);
        char *name = eb_case_title(run, run->profiles[i]->case_index);
        fprintf(out, "<h3>");
        eb_html_put(out, name);
        fprintf(out, "</h3>\n");
        eb_html_table(t, name, out);
        free(name);
        eb_table_free(t);
    }
    eb_html_pictures_put(pictures, "operators", out);
    fprintf(out, "</section>\n");
}

static void put_courses(const eb_run *run, const eb_html_pictures *pictures, FILE *out)
{
    if (!run->n_sustained)
        return;
    eb_html_section(out, "course", "Over time");
    eb_html_pictures_put(pictures, "course", out);
    for (int i = 0; i < run->n_sustained; i++) {
        eb_table *t = eb_sustained_table(run, run->sustained[i]);
        char *title = eb_sustained_title(run, run->sustained[i]);
        fprintf(out, "<h3>");
        eb_html_put(out, title);
        fprintf(out, "</h3>\n");
        eb_html_table(t, title, out);
        free(title);
        eb_table_free(t);
    }
    fprintf(out, "</section>\n");
}

static void put_titled_table(eb_table *t, FILE *out)
{
    fprintf(out, "<h3>");
    eb_html_put(out, eb_table_title(t));
    fprintf(out, "</h3>\n");
    eb_html_table(t, eb_table_title(t), out);
    eb_table_free(t);
}

static void put_crossings(const eb_run *run, FILE *out)
{
    if (!run->n_crossings)
        return;
    eb_html_section(out, "context", "Context: KV cache against state");
    for (int i = 0; i < run->n_crossings; i++)
        put_titled_table(eb_crossing_table(run, i), out);
    fprintf(out, "</section>\n");
}

static void put_loads(const eb_run *run, const eb_html_pictures *pictures, FILE *out)
{
    if (!eb_load_tables(run))
        return;
    eb_html_section(out, "load", "Load");
    eb_html_pictures_put(pictures, "load", out);
    for (int i = 0; i < eb_load_tables(run); i++)
        put_titled_table(eb_load_table(run, i), out);
    fprintf(out, "</section>\n");
}

static void put_machine(const eb_run *run, FILE *out)
{
    const eb_header *h = run->header;
    eb_html_section(out, "machine", "Machine");
    eb_html_texts_begin(out, "Machine", (const char *const[]){ "fact", "value" }, 2);
    for (int i = 0; i < h->n_machine; i++) {
        char *value = eb_fact_text(&h->machine[i]);
        eb_html_texts_row(out, (const char *const[]){ h->machine[i].key, value }, 2);
        free(value);
    }
    eb_html_texts_row(out, (const char *const[]){ "fingerprint", h->fingerprint }, 2);
    eb_html_texts_end(out);
    fprintf(out, "<details><summary>Sources of energy and counters</summary>\n");
    eb_html_texts_begin(out, "Sources", (const char *const[]){ "source", "state", "reason", "remedy" }, 4);
    for (int i = 0; i < h->n_sources; i++)
        eb_html_texts_row(out,
                          (const char *const[]){ h->sources[i].name, h->sources[i].state, h->sources[i].reason,
                                                 h->sources[i].remedy },
                          4);
    eb_html_texts_end(out);
    fprintf(out, "</details>\n</section>\n");
}

static void put_settings(const eb_run *run, FILE *out)
{
    eb_html_section(out, "config", "Configuration");
    fprintf(out, "<details open><summary>The options that were set</summary>\n");
    for (int defaults = 0; defaults < 2; defaults++) {
        if (defaults)
            fprintf(out, "</details>\n<details class=\"long\"><summary>Those at their defaults</summary>\n");
        eb_html_texts_begin(out, "Options", (const char *const[]){ "option", "value", "from" }, 3);
        for (int i = 0; i < run->header->n_settings; i++) {
            const eb_setting_row *s = &run->header->settings[i];
            bool own = !s->origin || strcmp(s->origin, "default") != 0;
            if (own == !!defaults || !s->value || !s->value[0] || s->idle ||
                (!strcmp(s->section, "run") && !strcmp(s->key, "out")))
                continue; // where the folder lies is no part of what was measured
            bool named = s->name && s->name[0];
            char *option = eb_format("%s%s%s.%s", s->section, named ? " " : "", named ? s->name : "", s->key);
            eb_html_texts_row(out, (const char *const[]){ option, s->value, s->origin ? eb_path_base(s->origin) : "" },
                              3);
            free(option);
        }
        eb_html_texts_end(out);
    }
    fprintf(out, "</details>\n</section>\n");
}

static void put_every_metric(const eb_run *run, FILE *out)
{
    static const char *const intervals[] = {
        [EB_INTERVAL_NONE] = "", [EB_INTERVAL_CONFIDENCE] = "interval", [EB_INTERVAL_RANGE] = "range"
    };
    eb_html_section(out, "figures", "Every figure");
    fprintf(out, "<p>Computed from the raw files in the result folder (trials.jsonl, requests.csv, tokens.csv, "
                 "power.csv); <code>effbench report</code> on it makes them again. run.json has the same with more "
                 "digits.</p>\n");
    for (int c = 0; c < run->n_cases && c < MAX_FIGURE_CASES; c++) {
        char *name = eb_case_title(run, c), number[4][40];
        fprintf(out, "<details class=\"long\"><summary>");
        eb_html_put(out, name);
        fprintf(out, "</summary>\n");
        eb_html_texts_begin(out, "Every figure",
                            (const char *const[]){ "metric", "value", "low", "high", "of", "unit", "interval", "grade",
                                                   "source", "note" },
                            10);
        for (int k = 0; k < run->cases[c].n_metrics; k++) {
            const eb_metric *m = &run->cases[c].metrics[k];
            if (!isfinite(m->value) && !m->note[0])
                continue;
            const double values[] = { m->value, m->lo, m->hi };
            for (int v = 0; v < 3; v++)
                if (isfinite(values[v]))
                    snprintf(number[v], sizeof number[v], "%.6g", values[v]);
                else
                    number[v][0] = '\0';
            snprintf(number[3], sizeof number[3], "%d", m->n);
            eb_html_texts_row(out,
                              (const char *const[]){ m->key, number[0], number[1], number[2], number[3], m->unit,
                                                     intervals[m->interval],
                                                     m->grade == EB_GRADE_NONE ? "" : eb_grade_name(m->grade),
                                                     m->from ? m->from->source : "", m->note },
                              10);
        }
        eb_html_texts_end(out);
        fprintf(out, "</details>\n");
        free(name);
    }
    if (run->n_cases > MAX_FIGURE_CASES)
        fprintf(out, "<p>In run.json: %d more case%s.</p>\n", run->n_cases - MAX_FIGURE_CASES,
                eb_s(run->n_cases - MAX_FIGURE_CASES));
    fprintf(out, "</section>\n");
}

static void put_nav(const eb_run *run, const eb_notes *notes, FILE *out)
{
    static const char *const names[EB_BLOCK_COUNT] = { "Speed", "Energy", "Per watt, per dollar", "Quality" };
    fprintf(out, "<nav aria-label=\"Contents\"><ul>\n");
    for (int b = 0; b < EB_BLOCK_COUNT; b++) {
        eb_table *t = eb_block_table(run, b);
        if (t)
            fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", block_ids[b], names[b]);
        eb_table_free(t);
    }
    const struct {
        bool there;
        const char *id, *name;
    } rest[] = {
        { run->n_profiles > 0, "operators", "Operators" },
        { run->n_sustained > 0, "course", "Over time" },
        { run->n_crossings > 0, "context", "Context" },
        { run->n_loads > 0, "load", "Load" },
        { true, "reading", "How to read it" },
        { eb_html_count(notes, "warning") > 0, "warnings", "Warnings" },
        { true, "machine", "Machine" },
        { true, "config", "Configuration" },
        { true, "figures", "Every figure" },
    };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
        if (rest[i].there)
            fprintf(out, "<li><a href=\"#%s\">%s</a></li>\n", rest[i].id, rest[i].name);
    fprintf(out, "</ul></nav>\n");
}

static void put_cpu(const eb_run *run, FILE *out)
{
    for (int i = 0; i < run->header->n_machine; i++) {
        const eb_pair *p = &run->header->machine[i];
        if (!strcmp(p->key, "cpu_model") && p->value && *p->value) {
            fprintf(out, " · ");
            eb_html_put(out, p->value);
        }
    }
}

static bool write_html(const eb_run *run, const eb_report_style *style, FILE *out, eb_err *err)
{
    (void)style;
    (void)err; // what the stream cannot take, its owner sees
    eb_html_pictures pictures = { 0 };
    eb_notes notes = { 0 };
    char *title = eb_run_title(run);
    const char *config = eb_path_base(run->header->config ? run->header->config : "run");
    eb_html_run_pictures(run, &pictures);
    eb_html_pictures_draw(&pictures, "gnuplot");
    eb_notes_collect(run, &notes);
    eb_html_begin(out, title);
    fprintf(out, "<header>\n<h1>");
    eb_html_put(out, config);
    fprintf(out, "</h1>\n<p class=\"meta\">");
    eb_html_put(out, title);
    put_cpu(run, out);
    fprintf(out, "</p>\n");
    put_answer(run, out);
    put_flags(run, &notes, out);
    put_nav(run, &notes, out);
    fprintf(out, "</header>\n");
    if (pictures.notice) {
        fprintf(out, "<p class=\"notice\">");
        eb_html_put(out, pictures.notice);
        fprintf(out, "</p>\n");
    }
    put_blocks(run, &pictures, out);
    put_profiles(run, &pictures, out);
    put_courses(run, &pictures, out);
    put_crossings(run, out);
    put_loads(run, &pictures, out);
    eb_html_notes(&notes,
                  "the same prompt, output, batch and depth, and for energy and money the same grade and "
                  "domains",
                  out);
    eb_html_warnings(&notes, out);
    put_machine(run, out);
    put_settings(run, out);
    put_every_metric(run, out);
    eb_html_end(out);
    free(title);
    eb_notes_deinit(&notes);
    eb_html_pictures_deinit(&pictures);
    return true;
}

const eb_report_ops eb_report_html = {
    .name = "html", .doc = "one self-contained page with pictures", .page = true, .write = write_html
};
