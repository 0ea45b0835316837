// SPDX-License-Identifier: Apache-2.0
// What has to be said of costs in words: what is not known and why, who is cheapest when, what the offers rest on.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/load.h"
#include "reports/cost.h"
#include "reports/notes_impl.h"
#include "reports/turns.h"

// Every reason once, with how many figures it takes away.
static void add_reasons(const eb_cost_sheet *sheet, eb_notes *notes)
{
    for (int i = 0; i < sheet->n_entries; i++) {
        const char *why = sheet->entries[i].sum.note;
        int n = 0;
        bool first = why[0] != '\0';
        for (int k = 0; k < sheet->n_entries; k++) {
            bool same = !strcmp(sheet->entries[k].sum.note, why);
            n += same;
            first = first && !(same && k < i);
        }
        if (!first)
            continue;
        eb_notes_add(notes, "no price", "%d of %d figure%s: %s", n, sheet->n_entries, eb_s(sheet->n_entries), why);
    }
}

// Why an offer has no curve over the utilisation; NULL = it has one.
static const char *why_none(const eb_cost_sheet *sheet, int c, int offer)
{
    const eb_cost_entry *e = &sheet->entries[c * sheet->n_offers + offer];
    if (!isnan(e->curve.flat + e->curve.shared))
        return NULL;
    return e->sum.note[0] ? e->sum.note : "its price is known at its own utilisation only";
}

// "a, b (why); c (why)": the offers without a curve by reason; "" = all have one. Caller frees.
static char *without_curve(const eb_cost_sheet *sheet, int c)
{
    eb_text t = { 0 };
    for (int i = 0; i < sheet->n_offers; i++) {
        const char *why = why_none(sheet, c, i), *other;
        bool said = !why;
        for (int k = 0; k < i && !said; k++)
            said = (other = why_none(sheet, c, k)) && !strcmp(other, why);
        if (said)
            continue;
        eb_text_add(&t, "%s%s", t.n ? "; " : "", sheet->offers[i].name);
        for (int k = i + 1; k < sheet->n_offers; k++)
            if ((other = why_none(sheet, c, k)) && !strcmp(other, why))
                eb_text_add(&t, ", %s", sheet->offers[k].name);
        eb_text_add(&t, " (%s)", why);
    }
    return t.n ? t.s : eb_strdup("");
}

static const char *name_of(const void *sheet, int offer)
{
    return ((const eb_cost_sheet *)sheet)->offers[offer].name;
}

// Who is cheapest between which utilisations, a line for each case that has more than one offer. What is not known
// takes no part in it, and is named.
static void add_leaders(const eb_cost_sheet *sheet, eb_notes *notes)
{
    for (int c = 0; c < sheet->run->n_cases && sheet->n_offers > 1; c++) {
        eb_text t = { 0 };
        char *name = eb_case_title(sheet->run, c), *without = without_curve(sheet, c);
        eb_turns_say(&t, &sheet->turns[c], name_of, sheet);
        if (t.n && *without)
            eb_notes_add(notes, "cheapest", "%s, of the offers with a price: %s; not known of %s", name, t.s, without);
        else if (t.n)
            eb_notes_add(notes, "cheapest", "%s: %s", name, t.s);
        eb_text_deinit(&t);
        free(without);
        free(name);
    }
}

static void add_left_out(const eb_cost_sheet *sheet, eb_notes *notes)
{
    int left = sheet->n_pairs - eb_cost_pairs_shown(sheet), change = 0, unknown = 0;
    eb_text t = { 0 };
    if (!left)
        return;
    for (int i = 0; i < sheet->n_pairs; i++) {
        change += !sheet->pairs[i].shown && sheet->pairs[i].verdict == EB_BREAK_EVEN_AT;
        unknown += !sheet->pairs[i].shown && sheet->pairs[i].verdict == EB_BREAK_EVEN_UNKNOWN;
    }
    int never = left - change - unknown;
    if (change)
        eb_text_add(&t, "%d change%s places where a third one is cheaper", change, change == 1 ? "s" : "");
    if (never && never == left)
        eb_text_add(&t, "they never change places from 0 to 100 %%");
    else if (never && change)
        eb_text_add(&t, ", %d never do from 0 to 100 %%", never);
    else if (never)
        eb_text_add(&t, "%d never change%s places from 0 to 100 %%", never, never == 1 ? "s" : "");
    if (unknown)
        eb_text_add(&t, "%sof %d it is not known, as an offer has no price", t.n ? ", " : "", unknown);
    eb_notes_add(notes, "left out", "%d of %d pairs of offers: %s (--format json has all)", left, sheet->n_pairs, t.s);
    eb_text_deinit(&t);
}

// ---- what the figures rest on ----

static bool same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

// A price of one's own machine hangs on how much it is used; two prices beside each other may not be at the same use.
static void add_utilisations(const eb_cost_sheet *sheet, eb_notes *notes)
{
    double first = NAN;
    bool differ = false, any = false;
    for (int i = 0; i < sheet->n_offers; i++) {
        const eb_cost *c = &sheet->offers[i].value;
        if (eb_cost_kind_of(c) != EB_COST_OWN)
            continue;
        differ = differ || (any && !same(first, c->utilisation));
        first = any ? first : c->utilisation;
        any = true;
    }
    if (differ)
        eb_notes_add(notes, "price",
                     "each at its own offer's utilisation, which differ: break-even and cheapest have all "
                     "offers at the same one");
}

// A sheet is of one run: what another machine would do at the same work is not in it.
static void add_speed(const eb_cost_sheet *sheet, eb_notes *notes)
{
    double low = INFINITY, high = -INFINITY;
    int machines = 0;
    char from[40], to[40];
    for (int i = 0; i < sheet->n_offers; i++)
        machines += eb_cost_kind_of(&sheet->offers[i].value) != EB_COST_TOKENS;
    for (int i = 0; i < sheet->n_entries; i++) {
        low = fmin(low, sheet->entries[i].work.value.goodput_tok_s);
        high = fmax(high, sheet->entries[i].work.value.goodput_tok_s);
    }
    if (machines < 2 || !(low > 0) || low > high) // of no trial: neither is known
        return;
    eb_fmt_sig(from, sizeof from, low, 3);
    eb_fmt_sig(to, sizeof to, high, 3);
    eb_notes_add(notes, "speed",
                 "every machine, owned or rented, at this run's own speed (%s%s%s tok/s%s); for two machines "
                 "with a run of each: `effbench compare RUN RUN --prices FILE`",
                 from, strcmp(from, to) != 0 ? " to " : "", strcmp(from, to) != 0 ? to : "",
                 strcmp(from, to) != 0 ? ", by case" : "");
}

// A machine that did not keep up is priced for what it completed.
static void add_loads(const eb_cost_sheet *sheet, eb_notes *notes)
{
    const eb_run *run = sheet->run;
    for (int i = 0; i < run->n_loads; i++) {
        const eb_load_result *r = run->loads[i];
        char why[120] = "", *name = eb_case_title(run, r->case_index);
        for (int k = 0; k < r->n_rows && !why[0]; k++)
            eb_load_why(&r->rows[k], why, sizeof why);
        if (why[0] && r->curve)
            eb_notes_add(notes, "invalid", "%s: %d of its %d levels %s; its price is of the tokens that were made",
                         name, r->n_invalid, r->n_levels,
                         r->n_invalid == 1 ? "was not kept up with" : "were not kept up with");
        else if (why[0])
            eb_notes_add(notes, "invalid", "%s: load %s; its price is of the tokens that were made", name, why);
        free(name);
    }
}

// A rate of one trial stands in the range of a cost as if it were exact.
static void add_single(const eb_cost_sheet *sheet, eb_notes *notes)
{
    const eb_run *run = sheet->run;
    char of[64] = "";
    int single = 0, known = 0;
    bool machine = false;
    for (int i = 0; i < sheet->n_offers; i++)
        machine = machine || eb_cost_kind_of(&sheet->offers[i].value) != EB_COST_TOKENS;
    for (int c = 0; c < run->n_cases; c++) {
        int n = run->cases[c].n_trials - run->cases[c].n_failed;
        single += n == 1;
        known += n > 0;
    }
    if (!single || !machine)
        return;
    if (single < known)
        snprintf(of, sizeof of, " of %d of %d cases", single, known);
    eb_notes_add(
        notes, "trials",
        "a single one%s: its tok/s and watts have no spread of their own, and cheapest and dearest take them as "
        "exact; more trials tell",
        of);
}

// The idle watts of an entry where they are above those under load, beyond what either may be off; else NAN.
static double idle_above(const eb_cost_entry *e, const eb_offer *o)
{
    const eb_cost_work *w = &e->work;
    if (isnan(o->value.idle_w))
        return w->low.idle_w > w->value.load_w ? w->value.idle_w : NAN;
    return o->value.idle_w > w->value.load_w ? o->value.idle_w : o->high.idle_w > w->high.load_w ? o->high.idle_w : NAN;
}

// Does a figure of the offer have idle watts in it?
static bool idles(const eb_cost *c)
{
    eb_cost_kind kind = eb_cost_kind_of(c);
    bool carbon = kind == EB_COST_RENTED && !isnan(c->intensity_g_per_kwh);
    return (kind == EB_COST_OWN || carbon) && c->utilisation < 1;
}

// Idling above work is no machine's: one of the two watts leaves something out, or is of another machine.
static void add_idle(const eb_cost_sheet *sheet, int offer, eb_notes *notes)
{
    const eb_offer *o = &sheet->offers[offer];
    const eb_setting_row *s = eb_offer_setting(o, "idle_w");
    const eb_cost_entry *first = NULL;
    int more = -1;
    for (int c = 0; c < sheet->run->n_cases && idles(&o->value); c++) {
        const eb_cost_entry *e = &sheet->entries[c * sheet->n_offers + offer];
        if (isnan(idle_above(e, o)))
            continue;
        first = first ? first : e;
        more++;
    }
    if (!first)
        return;
    char idle[24], load[24], others[40] = "";
    const eb_metric *power = eb_case_metric(&sheet->run->cases[first->case_index], "power_w");
    char *title = eb_case_title(sheet->run, first->case_index);
    eb_fmt_sig(idle, sizeof idle, idle_above(first, o), 3);
    eb_fmt_sig(load, sizeof load, first->work.value.load_w, 3);
    if (more)
        snprintf(others, sizeof others, ", and above that of %d more", more);
    eb_notes_add(
        notes, "warning",
        "%s: %s of %s W (%s) is above the %s W under load of %s (%s)%s: a machine draws no more when idle; one "
        "of the two leaves something out, or is not of this machine",
        o->name, s ? "idle_w" : "the idle baseline", idle, s ? s->origin : "measured", load, title,
        eb_grade_name(power ? power->grade : EB_GRADE_NONE), others);
    free(title);
}

void eb_cost_notes(const eb_cost_sheet *sheet, eb_notes *notes)
{
    bool range = false;
    if (!eb_run_has_trials(sheet->run))
        eb_notes_add(notes, "warning",
                     "no trial of the run ended: what a machine makes is not known, only what is paid by the token");
    const char *engine = sheet->run->header->engine;
    if (engine && !strcmp(engine, "null"))
        eb_notes_add(notes, "warning", "simulated by engine = null: nothing was measured");
    for (int i = 0; i < sheet->n_offers; i++)
        add_idle(sheet, i, notes);
    add_reasons(sheet, notes);
    add_loads(sheet, notes);
    add_leaders(sheet, notes);
    add_left_out(sheet, notes);
    add_utilisations(sheet, notes);
    add_speed(sheet, notes);
    for (int i = 0; i < sheet->n_offers; i++)
        eb_cost_note_offer(&sheet->offers[i], sheet->run, notes);
    for (int i = 0; i < sheet->n_entries; i++)
        range = range || sheet->entries[i].range.n_bars;
    if (range)
        eb_notes_add(notes, "range",
                     "cheapest and dearest: every input, stated or measured, at the end of its range "
                     "that makes it so");
    add_single(sheet, notes);
}
