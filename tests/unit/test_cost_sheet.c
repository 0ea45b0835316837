// SPDX-License-Identifier: Apache-2.0
// Many offers on one sheet: which pairs are worth a line, against what trying every utilisation finds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/stats.h"
#include "harness/record/cost_sheet.h"

enum { OFFERS = 11, PAIRS = OFFERS * (OFFERS - 1) / 2, CASES = 2, STEPS = 4000 };

typedef struct sheet_of {
    eb_run run;
    eb_header header;
    eb_case_info info[CASES];
    eb_case_result cases[CASES];
    eb_metric metrics[CASES][3];
    eb_offer offers[OFFERS];
    eb_cost_sheet sheet;
} sheet_of;

static eb_metric metric(const char *key, double value)
{
    return (eb_metric){ .key = key, .value = value, .lo = value, .hi = value, .n = 7, .grade = EB_GRADE_WALL };
}

static void set(eb_offer *offer, const char *key, double value)
{
    for (const eb_cost_field *f = eb_cost_fields; f->key; f++)
        if (!strcmp(f->key, key))
            *eb_cost_at(&offer->low, f) = *eb_cost_at(&offer->value, f) = *eb_cost_at(&offer->high, f) = value;
}

static void begin(sheet_of *s, eb_rng *rng, int n_rents)
{
    char name[24];
    *s = (sheet_of){ .header.boundary = EB_BOUNDARY_WALL };
    s->run = (eb_run){ .header = &s->header, .cases = s->cases, .n_cases = CASES };
    for (int c = 0; c < CASES; c++) {
        s->metrics[c][0] = metric("goodput_tok_s", 50 + 100 * eb_rng_uniform(rng));
        s->metrics[c][1] = metric("power_w", 20 + 10 * eb_rng_uniform(rng));
        s->metrics[c][2] = metric("idle_power_w", 5);
        s->info[c] = (eb_case_info){ .index = c, .prompt_tok = 8, .output_tok = 8 };
        s->cases[c] = (eb_case_result){ .info = &s->info[c], .n_metrics = 3, .metrics = s->metrics[c] };
    }
    for (int i = 0; i < OFFERS; i++) {
        snprintf(name, sizeof name, "offer%d", i);
        eb_offer_init(&s->offers[i], name, &s->header);
        if (i < n_rents) {
            set(&s->offers[i], "usd_per_hour", 0.005 + 0.05 * eb_rng_uniform(rng));
            continue;
        }
        set(&s->offers[i], "price_usd", 50 + 500 * eb_rng_uniform(rng));
        set(&s->offers[i], "years", 4);
        set(&s->offers[i], "utilisation", 0.3);
        set(&s->offers[i], "usd_per_kwh", 0.1 + 0.3 * eb_rng_uniform(rng));
    }
    eb_cost_sheet_init(&s->sheet, &s->run, s->offers, OFFERS);
}

static void end(sheet_of *s)
{
    eb_cost_sheet_deinit(&s->sheet);
    for (int i = 0; i < OFFERS; i++)
        eb_offer_deinit(&s->offers[i]);
}

static int cheapest(const eb_cost_sheet *sheet, int c, double u)
{
    int best = -1;
    for (int i = 0; i < OFFERS; i++)
        if (best < 0 || eb_cost_at_utilisation(sheet->entries[c * OFFERS + i].curve, u) <
                            eb_cost_at_utilisation(sheet->entries[c * OFFERS + best].curve, u))
            best = i;
    return best;
}

static const eb_cost_pair *pair_of(const eb_cost_sheet *sheet, int c, int x, int y)
{
    for (int i = 0; i < sheet->n_pairs; i++) {
        const eb_cost_pair *p = &sheet->pairs[i];
        if (p->case_index == c && ((p->a == x && p->b == y) || (p->a == y && p->b == x)))
            return p;
    }
    return NULL;
}

// Where the cheapest changes on a fine grid there is a pair that leads, and it is shown.
static int check_leads(const eb_cost_sheet *sheet, int c)
{
    int changes = 0, leads = 0, before = cheapest(sheet, c, 1.0 / STEPS);
    for (int step = 2; step < STEPS; step++) {
        int now = cheapest(sheet, c, (double)step / STEPS);
        if (now == before)
            continue;
        const eb_cost_pair *p = pair_of(sheet, c, before, now);
        if (p->leads) { // two changes within one step of the grid are none of one pair
            assert_true(p->shown && p->verdict == EB_BREAK_EVEN_AT && p->above == now && p->below == before);
            assert_true(p->utilisation <= (double)step / STEPS && p->utilisation >= (step - 1.0) / STEPS);
            changes++;
        }
        before = now;
    }
    for (int i = 0; i < sheet->n_pairs; i++)
        leads += sheet->pairs[i].case_index == c && sheet->pairs[i].leads;
    assert_true(leads >= changes && leads < OFFERS);
    for (int i = 0; i < sheet->turns[c].n; i++) {
        const eb_cost_turn *t = &sheet->turns[c].items[i];
        assert_true(t->from == (i ? t[-1].to : 0) && t->from < t->to);
        assert_int_equal(t->word, EB_TURN_SURE); // the inputs are exact
        assert_int_equal(t->n, 1);
        assert_int_equal(cheapest(sheet, c, (t->from + t->to) / 2), t->who[0]);
    }
    assert_true(sheet->turns[c].items[sheet->turns[c].n - 1].to == 1);
    return changes;
}

static void test_what_changes_the_ranking_is_shown(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 31);
    int changes = 0;
    for (int draw = 0; draw < 40; draw++) {
        sheet_of s;
        begin(&s, &rng, draw % OFFERS);
        assert_int_equal(s.sheet.n_pairs, CASES * PAIRS);
        for (int c = 0; c < CASES; c++) {
            int shown = 0, leads = 0, least = 3, most_left = 0;
            changes += check_leads(&s.sheet, c);
            for (int i = c * PAIRS; i < (c + 1) * PAIRS; i++) {
                const eb_cost_pair *p = &s.sheet.pairs[i];
                int worth = p->leads ? 3 : p->verdict == EB_BREAK_EVEN_AT ? 2 : p->lo < p->hi && p->lo < 1;
                assert_int_equal(p->case_index, c);
                assert_true(!p->shown || worth > 0);
                shown += p->shown;
                leads += p->leads;
                least = p->shown && worth < least ? worth : least;
                most_left = !p->shown && worth > most_left ? worth : most_left;
            }
            assert_true(shown <= (leads > EB_COST_PAIRS_SHOWN ? leads : EB_COST_PAIRS_SHOWN));
            assert_true(shown == 0 || most_left <= least);
            assert_true(shown >= EB_COST_PAIRS_SHOWN || most_left == 0);
        }
        end(&s);
    }
    assert_true(changes > 20); // the draws do exercise it
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_changes_the_ranking_is_shown),
    };
    return cmocka_run_group_tests_name("cost_sheet", tests, NULL, NULL);
}
