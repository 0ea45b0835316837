// SPDX-License-Identifier: Apache-2.0
// What is said of several cases, once: why a figure is missing, what goes with one, warnings.
#include "reports/notes_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/profile.h"

eb_shown_keys eb_shown_keys_of(const eb_run *run)
{
    eb_shown_keys k = { .n = 0 };
    for (const eb_metric_def *d = eb_metric_table; d->key && k.n < 64; d++)
        if (eb_block_shows(run, d->key))
            k.items[k.n++] = d->key;
    return k;
}

bool eb_shown(const eb_shown_keys *k, const char *key)
{
    for (int i = 0; i < k->n; i++)
        if (!strcmp(k->items[i], key))
            return true;
    return false;
}

bool eb_notes_spread(const eb_run *run)
{
    bool any = run->n_profiles > 0;
    for (int i = 0; i < EB_BLOCK_COUNT + eb_load_tables(run) && !any; i++) {
        eb_table *t = i < EB_BLOCK_COUNT ? eb_block_table(run, i) : eb_load_table(run, i - EB_BLOCK_COUNT);
        any = t && eb_table_has_spread(t);
        eb_table_free(t);
    }
    for (int c = 0, last; c < run->n_cases && !any; c++)
        any = eb_batch_sweep(run, c, &last); // in its sentence
    return any;
}

typedef struct saying {
    char *text, *keys; // keys: the columns it is said of, "" = none
    int *cases, n, cap;
} saying;
typedef struct sayings {
    saying *items;
    size_t n, cap;
} sayings;

static void say(sayings *all, const char *key, const char *text, int c)
{
    saying *s = NULL;
    for (size_t i = 0; i < all->n && !s; i++)
        if (!strcmp(all->items[i].text, text) && !strcmp(all->items[i].keys, key))
            s = &all->items[i];
    if (!s) {
        EB_GROW(all->items, all->n, all->cap);
        s = &all->items[all->n++];
        *s = (saying){ .text = eb_strdup(text), .keys = eb_strdup(key) };
    }
    if (s->n && s->cases[s->n - 1] == c)
        return;
    EB_GROW(s->cases, s->n, s->cap);
    s->cases[s->n++] = c;
}

// A metric's note, under the name of its column.
static void say_of(const eb_run *run, sayings *all, const eb_metric *m, int c)
{
    char *name = eb_block_column_name(run, m->key);
    say(all, name, m->note, c);
    free(name);
}

static void forget(saying *s)
{
    free(s->text);
    free(s->keys);
    free(s->cases);
}

// The same said of several columns, where it is of the same cases.
static void join_alike(sayings *all)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->n; i++) {
        saying *s = &all->items[i], *same = NULL;
        for (size_t k = 0; k < kept && !same; k++) {
            saying *o = &all->items[k];
            if (!strcmp(o->text, s->text) && o->n == s->n &&
                !memcmp(o->cases, s->cases, (size_t)s->n * sizeof *s->cases))
                same = o;
        }
        if (!same) {
            all->items[kept++] = *s;
            continue;
        }
        char *keys = eb_format("%s, %s", same->keys, s->keys);
        free(same->keys);
        same->keys = keys;
        forget(s);
    }
    all->n = kept;
}

// Notes them as "KEYS: TEXT (CASE, CASE and 3 more)"; a long list is cut with a pointer to the full one.
// `total` is how many cases it could be said of.
static void note_sayings(const eb_run *run, eb_notes *out, const char *label, sayings *all, int total)
{
    enum { CASES = 3, LINES = 8 };
    join_alike(all);
    for (size_t i = 0; i < all->n; i++) {
        saying *s = &all->items[i];
        eb_text who = { 0 };
        for (int k = 0; k < s->n && k < CASES && s->n < total; k++) {
            char *title = eb_case_title(run, s->cases[k]);
            eb_text_add(&who, "%s%s", k ? ", " : "", title);
            free(title);
        }
        if (s->n > CASES && s->n < total)
            eb_text_add(&who, " and %d more", s->n - CASES);
        if (s->n == total && s->n > 1)
            eb_text_add(&who, total == run->n_cases ? "all cases" : "all of them");
        if (i < LINES)
            eb_notes_add(out, label, "%s%s%s%s%s%s", s->keys, s->keys[0] ? ": " : "", s->text, who.n ? " (" : "",
                         who.n ? who.s : "", who.n ? ")" : "");
        eb_text_deinit(&who);
        forget(s);
    }
    if (all->n > LINES)
        eb_notes_add(out, label, "and %zu more, in run.json", all->n - LINES);
    free(all->items);
    *all = (sayings){ 0 };
}

static int cases_with(const eb_run *run, const char *key)
{
    int n = 0;
    for (int i = 0; i < run->n_cases; i++)
        n += eb_rank_value(&run->cases[i], key) && eb_block_has_cell(&run->cases[i], key);
    return n;
}

// Why a cell shows no figure, and what goes with some that do: the largest part of the energy's error, what a cost
// leaves out, that a figure is predicted.
void eb_notes_metrics(const eb_run *run, eb_notes *out)
{
    static const char net_key[] = "net_j_per_tok";
    static const char *const explained[] = { "j_per_tok", net_key, "usd_per_mtok", "gco2e_per_mtok", "bytes_per_tok" };
    enum { EXPLAINED = sizeof explained / sizeof *explained };
    sayings gaps = { 0 }, beside[EXPLAINED] = { { 0 } };
    eb_shown_keys visible = eb_shown_keys_of(run);
    for (int i = 0; i < run->n_cases; i++)
        for (int k = 0; k < run->cases[i].n_metrics; k++) {
            const eb_metric *m = &run->cases[i].metrics[k];
            // With a baseline, a column of net figures that is not there is worth a word.
            bool net = !strcmp(m->key, net_key) && !isnan(run->idle_w) && eb_rank_value(&run->cases[i], "j_per_tok");
            if (!m->note[0] || !(net || eb_shown(&visible, m->key)) || !eb_block_has_cell(&run->cases[i], m->key))
                continue;
            if (!isfinite(m->value) && (strcmp(m->key, "usd_per_mtok") || eb_run_has_prices(run)))
                say_of(run, &gaps, m, i); // without prices the column says so
            // Of a net figure that is more than nothing there is nothing to say.
            bool sure = !strcmp(m->key, net_key) && m->lo > 0;
            for (size_t e = 0; e < EXPLAINED && isfinite(m->value) && !sure; e++)
                if (!strcmp(m->key, explained[e]))
                    say_of(run, &beside[e], m, i);
        }
    for (size_t e = 0; e < EXPLAINED; e++)
        note_sayings(run, out, "note", &beside[e], cases_with(run, explained[e]));
    note_sayings(run, out, "unknown", &gaps, run->n_cases);
}

// What a divergence was taken over, and of which weights: of random ones it is the error of the type alone.
void eb_notes_quality(const eb_run *run, eb_notes *out)
{
    sayings all = { 0 };
    int n = 0;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_info *info = run->cases[i].info;
        const eb_metric *kld = eb_rank_value(&run->cases[i], "kld_nats");
        if (!kld || !info->reference_type || !strcmp(info->reference_type, info->type))
            continue; // the reference has none from itself
        bool shape = info->source && !strncmp(info->source, "shape:", strlen("shape:"));
        char *text =
            eb_format("over %d token%s%s", kld->n, eb_s(kld->n),
                      shape ? ", of random weights: the error of the type, not of a trained model (docs/models.md)"
                            : " of the weights in the model's file");
        say(&all, "KLD, top-1", text, i);
        free(text);
        n++;
    }
    if (all.n == 1)
        n = all.items[0].n = 1; // said of all: no list of them
    note_sayings(run, out, "quality", &all, n);
}

void eb_notes_profiles(const eb_run *run, eb_notes *out)
{
    sayings all = { 0 };
    for (int i = 0; i < run->n_profiles; i++) {
        char *text = eb_profile_note(run, run->profiles[i]);
        say(&all, "", text, run->profiles[i]->case_index);
        free(text);
    }
    if (run->n_profiles)
        eb_notes_add(out, "profile",
                     "time per trial; bytes and floating-point operations as predicted from the model's shape");
    note_sayings(run, out, "profile", &all, run->n_profiles);
}

// ---- warnings ----

// Warnings of trials that differ by one number ("other processes used 12 % of a CPU"), as one line.
typedef struct fold {
    char *before, *after; // around the number; `after` NULL = there is none
    char low_text[32], high_text[32];
    double low, high;
    int trials, last_case, cases, first_trial;
    const char *whole; // the first one's text
} fold;
typedef struct folds {
    fold *items;
    size_t n, cap;
} folds;

// "trial 12: TEXT" -> 12 and TEXT; false where it is no warning of a trial.
static bool of_trial(const char *warning, int *trial, const char **text)
{
    int used = 0;
    if (sscanf(warning, "trial %d: %n", trial, &used) != 1 || used == 0)
        return false;
    *text = warning + used;
    return true;
}

static void split(const char *text, fold *f, char *number, size_t size, double *value)
{
    size_t at = strcspn(text, "0123456789"), n = strspn(text + at, "0123456789.");
    while (n && text[at + n - 1] == '.')
        n--;
    f->whole = text;
    f->before = eb_strndup(text, at);
    f->after = n && n < size ? eb_strdup(text + at + n) : NULL;
    snprintf(number, size, "%.*s", (int)(n < size ? n : 0), text + at);
    *value = n ? strtod(number, NULL) : 0;
}

static bool alike(const fold *a, const fold *b)
{
    return !strcmp(a->before, b->before) && !a->after == !b->after && (!a->after || !strcmp(a->after, b->after));
}

static void add_to_folds(folds *all, const char *text, int trial, int c)
{
    fold one = { .trials = 0, .last_case = -1, .first_trial = trial }, *f = NULL;
    char number[32];
    double value;
    split(text, &one, number, sizeof number, &value);
    for (size_t i = 0; i < all->n && !f; i++)
        if (alike(&all->items[i], &one))
            f = &all->items[i];
    if (!f) {
        EB_GROW(all->items, all->n, all->cap);
        f = &all->items[all->n++];
        *f = one;
        f->low = INFINITY;
        f->high = -INFINITY;
    } else {
        free(one.before);
        free(one.after);
    }
    if (value < f->low)
        snprintf(f->low_text, sizeof f->low_text, "%s", number);
    if (value > f->high)
        snprintf(f->high_text, sizeof f->high_text, "%s", number);
    f->low = fmin(f->low, value);
    f->high = fmax(f->high, value);
    f->trials++;
    f->cases += f->last_case != c;
    f->last_case = c;
}

static void note_fold(const eb_run *run, eb_notes *out, const fold *f)
{
    char *title = eb_case_title(run, f->last_case);
    if (f->trials == 1)
        eb_notes_add(out, "warning", "trial %d: %s (%s)", f->first_trial, f->whole, title);
    else {
        const char *range = !f->after ? "" : f->low_text;
        bool spread = f->after && strcmp(f->low_text, f->high_text) != 0;
        eb_text t = { 0 };
        eb_text_add(&t, "%s%s%s%s%s", f->before, range, spread ? " to " : "", spread ? f->high_text : "",
                    f->after ? f->after : "");
        if (f->cases == 1)
            eb_notes_add(out, "warning", "%s, in %d trials (%s)", t.s, f->trials, title);
        else
            eb_notes_add(out, "warning", "%s, in %d trials of %d cases", t.s, f->trials, f->cases);
        eb_text_deinit(&t);
    }
    free(title);
}

// The model of stated watts counts this process's work alone.
static void warn_estimate(const eb_run *run, eb_notes *out)
{
    bool left_out = false;
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], "j_per_tok");
        for (int k = 0; m && m->grade == EB_GRADE_ESTIMATE && k < run->cases[i].n_warnings; k++)
            left_out |= strstr(run->cases[i].warnings[k], "other processes used ") != NULL;
    }
    if (left_out && eb_run_setting(run, "probes", "stated_load_w"))
        eb_notes_add(out, "warning", "the estimate leaves out the watts that other processes took");
}

void eb_notes_warnings(const eb_run *run, eb_notes *out)
{
    sayings all = { 0 };
    folds folded = { 0 };
    for (int i = 0; i < run->n_warnings; i++)
        eb_notes_add(out, "warning", "%s", run->warnings[i]);
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_result *c = &run->cases[i];
        for (int k = 0; k < c->n_warnings; k++) {
            int trial;
            const char *text;
            if (of_trial(c->warnings[k], &trial, &text))
                add_to_folds(&folded, text, trial, i);
            else
                say(&all, "", c->warnings[k], i);
        }
    }
    for (size_t i = 0; i < folded.n; i++) {
        note_fold(run, out, &folded.items[i]);
        free(folded.items[i].before);
        free(folded.items[i].after);
    }
    free(folded.items);
    warn_estimate(run, out);
    note_sayings(run, out, "warning", &all, run->n_cases);
}
