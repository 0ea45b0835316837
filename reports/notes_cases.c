// SPDX-License-Identifier: Apache-2.0
// What is said of several cases, once: why a figure is missing, what goes with one, warnings.
#include "reports/notes_impl.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

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

typedef struct saying {
    char *text, *keys; // keys: the metrics it is said of, "" = none
    int *cases, n, cap;
} saying;
typedef struct sayings {
    saying *items;
    size_t n, cap;
} sayings;

// Is `key` one of the comma list? "" is in every list.
static bool listed(const char *list, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = strstr(list, key); at && n; at = strstr(at + 1, key))
        if ((at == list || at[-1] == ' ') && (at[n] == ',' || at[n] == '\0'))
            return true;
    return n == 0;
}

static void say(sayings *all, const char *key, const char *text, int c)
{
    saying *s = NULL;
    for (size_t i = 0; i < all->n && !s; i++)
        if (!strcmp(all->items[i].text, text))
            s = &all->items[i];
    if (!s) {
        EB_GROW(all->items, all->n, all->cap);
        s = &all->items[all->n++];
        *s = (saying){ .text = eb_strdup(text), .keys = eb_strdup(key) };
    }
    if (!listed(s->keys, key)) {
        char *more = eb_format("%s, %s", s->keys, key);
        free(s->keys);
        s->keys = more;
    }
    if (s->n && s->cases[s->n - 1] == c)
        return;
    EB_GROW(s->cases, s->n, s->cap);
    s->cases[s->n++] = c;
}

// Notes them as "KEYS: TEXT (CASE, CASE and 3 more)"; a long list is cut with a pointer to the full one.
// `total` is how many cases it could be said of.
static void note_sayings(const eb_run *run, eb_notes *out, const char *label, sayings *all, int total)
{
    enum { CASES = 3, LINES = 8 };
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
        free(s->text);
        free(s->keys);
        free(s->cases);
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
    static const char *const explained[] = { "j_per_tok", "usd_per_mtok", "gco2e_per_mtok", "bytes_per_tok" };
    sayings gaps = { 0 }, beside[4] = { { 0 } };
    eb_shown_keys visible = eb_shown_keys_of(run);
    for (int i = 0; i < run->n_cases; i++)
        for (int k = 0; k < run->cases[i].n_metrics; k++) {
            const eb_metric *m = &run->cases[i].metrics[k];
            if (!m->note[0] || !eb_shown(&visible, m->key) || !eb_block_has_cell(&run->cases[i], m->key))
                continue;
            if (!isfinite(m->value) && (strcmp(m->key, "usd_per_mtok") || eb_run_has_prices(run)))
                say(&gaps, m->key, m->note, i); // without prices the column says so
            for (size_t e = 0; e < 4 && isfinite(m->value); e++)
                if (!strcmp(m->key, explained[e]))
                    say(&beside[e], m->key, m->note, i);
        }
    for (size_t e = 0; e < 4; e++)
        note_sayings(run, out, "note", &beside[e], cases_with(run, explained[e]));
    note_sayings(run, out, "unknown", &gaps, run->n_cases);
}

void eb_notes_warnings(const eb_run *run, eb_notes *out)
{
    sayings all = { 0 };
    for (int i = 0; i < run->n_warnings; i++)
        eb_notes_add(out, "warning", "%s", run->warnings[i]);
    for (int i = 0; i < run->n_cases; i++) {
        const eb_case_result *c = &run->cases[i];
        for (int k = 0; k < c->n_warnings; k++)
            say(&all, "", c->warnings[k], i);
    }
    note_sayings(run, out, "warning", &all, run->n_cases);
}
