// SPDX-License-Identifier: Apache-2.0
// Fuzzes price files: whatever the bytes, they are read without a crash; what is taken has prices in range, and every
// cost made of it is a number or is not known, within its own interval.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/plan/prices.h"
#include "harness/record/cost_sheet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const eb_offer *offer)
{
    eb_cost_load load = { .goodput_tok_s = 100, .load_w = 50, .idle_w = 10, .prompt_per_output = 2 };
    eb_cost_work work = { .low = load, .value = load, .high = load };
    eb_cost_range range;
    if (eb_cost_kind_of(&offer->value) == EB_COST_NONE)
        abort();
    eb_cost_result r = eb_cost_compute(&offer->value, &load);
    if (r.usd_per_mtok < 0 || r.gco2e_per_mtok < 0 || (isnan(r.usd_per_mtok) && !r.note[0]))
        abort();
    eb_cost_range_find(&range, offer, &work);
    double slack = 1e-9 * fabs(range.value);
    if (!isnan(range.value) && !(range.cheapest <= range.value + slack && range.value <= range.dearest + slack))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eb_err_list errs = { 0 };
    eb_offer_texts texts = { 0 };
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    bool ok = eb_prices_parse("f.ini", text, size, &texts, &errs);
    if (ok != (errs.n == 0) || (ok && texts.n == 0))
        abort();
    for (size_t i = 0; ok && i < texts.n; i++) {
        eb_setting_row *rows = calloc(texts.items[i].n, sizeof *rows);
        eb_header header = { .settings = rows };
        for (size_t k = 0; k < texts.items[i].n; k++)
            rows[header.n_settings++] = (eb_setting_row){ .section = (char *)"cost",
                                                          .key = (char *)texts.items[i].settings[k].option->key,
                                                          .value = texts.items[i].settings[k].text,
                                                          .origin = (char *)"f.ini:1" };
        eb_offer offer;
        eb_offer_init(&offer, texts.items[i].name, &header);
        check(&offer);
        eb_offer_deinit(&offer);
        free(rows);
    }
    eb_offer_texts_deinit(&texts);
    eb_err_list_deinit(&errs);
    free(text);
    return 0;
}
