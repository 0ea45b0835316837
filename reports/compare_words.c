// SPDX-License-Identifier: Apache-2.0
// What has to be said of a comparison in words.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "reports/compare.h"
#include "reports/text.h"
#include "reports/turns.h"

enum { CROSSINGS_SHOWN = 8, UNRANKED_SHOWN = 4, LONE_SHOWN = 12, DIFFERENCES_SHOWN = 12, SETTINGS_LEN = 400 };

static void add(eb_notes *notes, const char *label, char *text)
{
    EB_GROW(notes->items, notes->n, notes->cap);
    notes->items[notes->n++] = (eb_note){ label, eb_text_clean(text) };
    free(text);
}

// The best of the rows whose figure may be compared with that of `like` (-1: any), -1 = none known.
static int best_row(const eb_compare *c, const eb_compare_group *g, eb_figure f, int kind)
{
    int best = -1;
    for (int i = g->first; i < g->first + g->n; i++) {
        const eb_compare_value *v = &c->rows[i].figures[f];
        bool other = eb_figures[f].energy && v->grade != EB_GRADE_NONE && kind >= 0 && c->rows[i].kind != kind;
        if (isnan(v->value) || other)
            continue;
        if (best < 0 || (eb_figures[f].better > 0 ? v->value > c->rows[best].figures[f].value
                                                  : v->value < c->rows[best].figures[f].value))
            best = i;
    }
    return best;
}

bool eb_compare_knows(const eb_compare *c, const eb_compare_group *g, eb_figure f)
{
    for (int i = g->first; i < g->first + g->n; i++)
        if (!isnan(c->rows[i].figures[f].value))
            return true;
    return false;
}

bool eb_compare_made_up(const eb_compare *c, const eb_compare_group *g)
{
    bool any = false;
    for (int i = g->first; i < g->first + g->n; i++)
        any = any || (c->rows[i].demonstration && !isnan(c->rows[i].figures[EB_FIGURE_USD].value));
    return any;
}

int eb_compare_lead_kind(const eb_compare *c, const eb_compare_group *g, int *rows)
{
    int lead = -1, most = 0;
    for (int i = g->first; i < g->first + g->n; i++) {
        int kind = c->rows[i].kind, n = 0;
        for (int k = g->first; k < g->first + g->n; k++)
            n += c->rows[k].kind == kind;
        if (kind >= 0 && (n > most || (n == most && kind == c->rows[g->reference].kind))) {
            lead = kind;
            most = n;
        }
    }
    *rows = most;
    return lead;
}

static bool several_kinds(const eb_compare *c, const eb_compare_group *g, int lead)
{
    for (int i = g->first; i < g->first + g->n; i++)
        if (c->rows[i].kind >= 0 && c->rows[i].kind != lead)
            return true;
    return false;
}

static void put_best(const eb_compare *c, int best, const eb_answer_style *style, FILE *out)
{
    fputs(style->strong_open, out);
    style->put(out, c->rows[best].label);
    fputs(style->strong_close, out);
}

static void put_relation(const eb_compare *c, const eb_compare_group *g, eb_figure f, int best,
                         const eb_answer_style *style, FILE *out)
{
    const eb_ratio *r = &c->rows[best].ratios[f];
    const eb_compare_value *v = &c->rows[best].figures[f];
    char number[40];
    if (r->word == EB_WORD_REFERENCE) {
        fputs(" (the reference)", out);
    } else if (!isnan(r->value) && !r->mixed) {
        fprintf(out, " (%s x ", eb_text_number(number, sizeof number, r->value, eb_text_place(r->value, NAN)));
        style->put(out, c->rows[g->reference].label);
        fprintf(out, ", %s)", eb_word_name(r->word));
    } else if (isinf(v->value)) {
        fputs(" (free)", out);
    } else if (f == EB_FIGURE_TOK_PER_J || f == EB_FIGURE_TOK_PER_USD) {
        double half = v->interval == EB_INTERVAL_NONE ? NAN : fmax(v->hi - v->value, v->value - v->lo);
        eb_text_si(number, sizeof number, v->value, half);
        fprintf(out, " (%s %s)", number, f == EB_FIGURE_TOK_PER_J ? "tok/J" : "tok/$");
    }
}

// The others that the best does not lead: of its own kind where it is about energy.
static void put_rivals(const eb_compare *c, const eb_compare_group *g, eb_figure f, int best, FILE *out)
{
    eb_rank_rivals rivals = { 0 };
    bool ranges = false; // of prices: of the best, or of one that it is held against
    for (int i = g->first; i < g->first + g->n; i++) {
        bool other = eb_figures[f].energy && c->rows[i].figures[f].grade != EB_GRADE_NONE &&
                     c->rows[best].figures[f].grade != EB_GRADE_NONE && c->rows[i].kind != c->rows[best].kind;
        if (i != best && !other && c->rows[i].leads[f] == EB_LEAD_TIED)
            ++*(c->rows[i].as_good[f] ? &rivals.same : &rivals.tied);
        rivals.few += i != best && !other && c->rows[i].leads[f] == EB_LEAD_FEW;
        ranges = ranges || ((i == best || (!other && c->rows[i].leads[f] == EB_LEAD_TIED && !c->rows[i].as_good[f])) &&
                            eb_compare_has_range(&c->rows[i], f));
    }
    eb_answer_rivals(rivals, ranges, out);
}

void eb_compare_answer_print(const eb_compare *c, const eb_compare_group *g, const eb_answer_style *style, FILE *out)
{
    static const struct {
        eb_figure figure;
        const char *what, *unsure; // the latter where the best is not told apart from all others
    } claims[] = { { EB_FIGURE_GOODPUT, "fastest", "speed" },
                   { EB_FIGURE_PREFILL, "fastest prefill", "prefill" },
                   { EB_FIGURE_DECODE, "fastest decode", "decode" },
                   { EB_FIGURE_TOK_PER_J, "most tokens per joule", "tokens per joule" },
                   { EB_FIGURE_TOK_PER_USD, "most tokens per dollar", "tokens per dollar" } };
    int rows, said = 0, lead = eb_compare_lead_kind(c, g, &rows);
    bool several = several_kinds(c, g, lead);
    for (size_t k = 0; k < sizeof claims / sizeof *claims; k++) {
        eb_figure f = claims[k].figure;
        int best = best_row(c, g, f, lead);
        bool phase = f == EB_FIGURE_PREFILL || f == EB_FIGURE_DECODE;
        bool makes_tokens = phase && eb_compare_knows(c, g, EB_FIGURE_GOODPUT);
        bool same_work = c->options.by == EB_BY_PRICE && f != EB_FIGURE_TOK_PER_USD;
        if (best < 0 || same_work || makes_tokens)
            continue;
        bool apart = several && eb_figures[f].energy && c->rows[best].figures[f].grade != EB_GRADE_NONE;
        bool sure = c->rows[best].leads[f] == EB_LEAD_BEST, alone = c->rows[best].leads[f] == EB_LEAD_ALONE;
        fprintf(out, "%s%s", said++ ? "; " : "", sure || (apart && rows < 2) ? claims[k].what : claims[k].unsure);
        if (apart && rows < 2) {
            fputs(": not ranked, no two have joules of one kind", out);
            continue;
        }
        if (apart)
            fprintf(out, " of the %d with energy %c", rows, 'A' + lead % 26);
        fputs(alone ? ": only " : ": ", out);
        put_best(c, best, style, out);
        fputs(sure ? "" : alone ? " is known" : " leads", out);
        put_relation(c, g, f, best, style, out);
        put_rivals(c, g, f, best, out);
        if (f == EB_FIGURE_TOK_PER_USD && (c->rows[best].demonstration || c->rows[g->reference].demonstration))
            fputs(", demonstration prices", out);
    }
    if (!said)
        fputs("nothing is known of these rows", out);
}

static void put_clean(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    fputs(clean, out);
    free(clean);
}

char *eb_compare_answer(const eb_compare *c, const eb_compare_group *g)
{
    static const eb_answer_style plain = { .put = put_clean, .strong_open = "", .strong_close = "" };
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return eb_strdup("");
    eb_compare_answer_print(c, g, &plain, out);
    fclose(out);
    return text;
}

const char *eb_compare_label_of(const void *compare, int row)
{
    return ((const eb_compare *)compare)->rows[row].label;
}

// The rows that have no part in the ranking.
static void add_unranked(eb_text *t, const eb_compare *c, const eb_compare_group *g)
{
    int n = 0;
    for (int i = g->first; i < g->first + g->n; i++) {
        const eb_compare_row *row = &c->rows[i];
        bool own = !isnan(row->figures[EB_FIGURE_USD].value); // without idle watts, at 100 %
        if (!isnan(row->curve.flat + row->curve.shared))
            continue;
        if (n++ < UNRANKED_SHOWN)
            eb_text_add(t, "%s%s%s", n > 1 ? ", " : "; not known of ", row->label,
                        own ? " (its cost is known at its own utilisation only)" : "");
    }
    if (n > UNRANKED_SHOWN)
        eb_text_add(t, " and %d more", n - UNRANKED_SHOWN);
}

char *eb_compare_ranking(const eb_compare *c, const eb_compare_group *g)
{
    eb_text t = { 0 };
    char at[16];
    if (!g->turns.n)
        return NULL;
    eb_text_add(&t,
                "cheapest by utilisation%s: ", eb_compare_made_up(c, g) ? " (demonstration prices among them)" : "");
    eb_turns_say(&t, &g->turns, eb_compare_label_of, c);
    add_unranked(&t, c, g);
    for (int i = 0; i < g->n_crossings && i < CROSSINGS_SHOWN; i++) {
        const eb_compare_crossing *x = &g->crossings[i];
        eb_text_add(&t, "%s at %s %% %s overtakes %s",
                    i ? "," : "; break-even:", eb_text_percent(at, sizeof at, x->utilisation), c->rows[x->above].label,
                    c->rows[x->below].label);
    }
    if (g->n_crossings > CROSSINGS_SHOWN)
        eb_text_add(&t, ", and %d more", g->n_crossings - CROSSINGS_SHOWN);
    int rows;
    if (several_kinds(c, g, eb_compare_lead_kind(c, g, &rows)))
        eb_text_add(&t, " (joules of several kinds are in it, \xE2\x89\xA0)");
    char *clean = eb_text_clean(t.s);
    eb_text_deinit(&t);
    return clean;
}

// ---- notes ----

static void note_kinds(const eb_compare *c, eb_notes *notes)
{
    if (c->n_kinds == 1)
        add(notes, "energy", eb_strdup(c->kinds[0]));
    for (int k = 0; k < c->n_kinds && c->n_kinds > 1; k++)
        add(notes, "energy", eb_format("%c: %s", 'A' + k % 26, c->kinds[k]));
    if (c->n_kinds > 1)
        add(notes, "\xE2\x89\xA0",
            eb_strdup(
                "joules, and dollars made of them, of another grade or another set of domains than the reference's: "
                "they are not ranked with it, and no front holds both against each other"));
}

// One line of bounded length for each, the rest is in the JSON.
static void note_differences(const eb_compare *c, eb_notes *notes)
{
    for (int i = 0; i < c->n_differences && i < DIFFERENCES_SHOWN; i++) {
        const eb_compare_difference *d = &c->differences[i];
        eb_text t = { 0 };
        int k = 0;
        for (; k < d->n && (!k || t.n < SETTINGS_LEN); k++)
            eb_text_add(&t, "%s%s%.40s%s%.40s %.60s vs %.60s", k ? "; " : "", *d->items[k].section ? "[" : "",
                        d->items[k].section, *d->items[k].section ? "] " : "", d->items[k].key, d->items[k].value,
                        d->items[k].reference);
        if (k < d->n)
            eb_text_add(&t, "; and %d more", d->n - k);
        add(notes, "settings", eb_format("that differ, %.80s vs %.80s: %s", d->label, d->against, t.s));
        eb_text_deinit(&t);
    }
    int left = c->n_differences - DIFFERENCES_SHOWN;
    if (left > 0)
        add(notes, "settings", eb_format("differ in %d more, in the JSON", left));
}

static void note_lone(const eb_compare *c, eb_notes *notes)
{
    eb_text t = { 0 };
    if (!c->n_lone)
        return;
    for (int i = 0; i < c->n_lone && i < LONE_SHOWN; i++)
        eb_text_add(&t, "%s%s (%s)", i ? "; " : "", c->lone[i].title, c->lone[i].label);
    if (c->n_lone > LONE_SHOWN)
        eb_text_add(&t, "; and %d more", c->n_lone - LONE_SHOWN);
    add(notes, "unmatched", eb_format("%d that only one has, left out: %s", c->n_lone, t.s));
    eb_text_deinit(&t);
}

static void note_limits(const eb_compare *c, eb_notes *notes)
{
    eb_text t = { 0 };
    const eb_header *slo = c->options.slo;
    for (int i = 0; slo && i < slo->n_settings; i++)
        if (slo->settings[i].value[0])
            eb_text_add(&t, "%s%s %s", t.n ? ", " : "", slo->settings[i].key, slo->settings[i].value);
    if (t.n)
        add(notes, "limits", eb_format("goodput counts requests within %s, in every run", t.s));
    eb_text_deinit(&t);
}

// What the figures of a row lack, each reason once.
static void note_absent(const eb_compare *c, eb_notes *notes)
{
    static const eb_figure asked[] = { EB_FIGURE_J_PER_TOK, EB_FIGURE_USD };
    for (size_t f = 0; f < 2; f++)
        for (int i = 0; i < c->n_rows; i++) {
            const eb_compare_value *v = &c->rows[i].figures[asked[f]];
            bool first = isnan(v->value) && v->note[0];
            int n = 0;
            for (int k = 0; k < c->n_rows; k++) {
                bool same =
                    isnan(c->rows[k].figures[asked[f]].value) && !strcmp(c->rows[k].figures[asked[f]].note, v->note);
                n += same;
                first = first && !(same && k < i);
            }
            if (first)
                add(notes, "not known",
                    eb_format("%s of %d of %d rows: %s", eb_figures[asked[f]].key, n, c->n_rows, v->note));
        }
}

static void note_front(const eb_compare *c, eb_notes *notes)
{
    for (int g = 0; g < c->n_groups; g++) {
        eb_text t = { 0 }, left_out = { 0 };
        for (int f = 0; f < EB_FIGURE_COUNT; f++) {
            bool some = false;
            for (int i = c->groups[g].first; i < c->groups[g].first + c->groups[g].n; i++)
                some = some || !isnan(c->rows[i].figures[f].value);
            eb_text *to = c->groups[g].objectives[f] ? &t : eb_figures[f].objective && some ? &left_out : NULL;
            if (to)
                eb_text_add(to, "%s%s", to->n ? ", " : "", eb_figures[f].key);
        }
        bool news = true;
        for (int k = 0; k < g; k++)
            news =
                news && memcmp(c->groups[k].objectives, c->groups[g].objectives, sizeof c->groups[g].objectives) != 0;
        if (news && t.n)
            add(notes, "front",
                eb_format("no other is at least as good in %s and, by the words, better in one of them; ~ only by "
                          "differences within noise%s%s%s",
                          t.s, left_out.n ? "; left out, because some rows lack it: " : "",
                          left_out.n ? left_out.s : "", g ? " (in part of the tables)" : ""));
        eb_text_deinit(&t);
        eb_text_deinit(&left_out);
    }
}

static void note_outputs(const eb_compare *c, eb_notes *notes)
{
    int n = 0;
    for (int i = 0; i < c->n_rows; i++)
        n += c->rows[i].other_digest;
    if (n)
        add(notes, "outputs",
            eb_format("%d of %d rows gave other tokens than their reference: other arithmetic, "
                      "another seed, or another model under the same name",
                      n, c->n_rows));
}

static void note_offers(const eb_compare *c, eb_notes *notes)
{
    for (int g = 0; g < c->n_groups; g++)
        if (eb_compare_made_up(c, &c->groups[g])) {
            add(notes, "prices", eb_strdup("demo in the tables: demonstration prices, made up for show, not yours"));
            return;
        }
}

// What the words on money take in.
static void note_ranges(const eb_compare *c, eb_notes *notes)
{
    bool ranges = false, knows = false;
    for (int i = 0; i < c->n_rows; i++) {
        ranges = ranges || c->rows[i].ratios[EB_FIGURE_TOK_PER_USD].prices;
        knows = knows || !isnan(c->rows[i].ratios[EB_FIGURE_TOK_PER_USD].value);
    }
    if (ranges)
        add(notes, "perf/$",
            eb_strdup("the interval of the ratio takes in the trials and the low to high of every price and of the "
                      "utilisation, each side's by itself but for what is one and the same on both (docs/compare.md)"));
    else if (knows)
        add(notes, "perf/$",
            eb_strdup("the interval of the ratio takes in the trials; prices and utilisation are "
                      "single figures here, as if they were exact"));
}

void eb_compare_notes(const eb_compare *c, const char *best, const char *tied, eb_notes *notes)
{
    eb_compare_warnings(c, false, notes);
    note_limits(c, notes);
    note_kinds(c, notes);
    note_absent(c, notes);
    note_front(c, notes);
    note_offers(c, notes);
    note_differences(c, notes);
    note_outputs(c, notes);
    note_lone(c, notes);
    note_ranges(c, notes);
    add(notes, "words",
        eb_format("better, worse: the interval of the ratio excludes 1; same: it lies within %.0f %% of 1; "
                  "inconclusive: neither, or fewer than 6 trials (then the range of the trials is shown)",
                  100 * EB_RATIO_MARGIN));
    add(notes, "marks",
        eb_format("%s better than every other of its column by the words, %s the best where it is not, and what is as "
                  "good or not told apart from it; no mark where fewer than 6 trials cannot say",
                  best, tied));
}
