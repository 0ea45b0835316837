// SPDX-License-Identifier: Apache-2.0
// From the plan's texts of prices and limits to what record/ computes with.
#include "harness/cmd/offers.h"

#include <stdlib.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/cmd.h"
#include "harness/plan/prices.h"

// Settings of one section as those of a header. What they point to is owned by the copy.
static void to_header(const eb_offer_text *text, const char *path, eb_header *out)
{
    *out = (eb_header){ .settings = eb_alloc(text->n * sizeof *out->settings + 1) };
    for (size_t i = 0; i < text->n; i++) {
        const eb_setting *s = &text->settings[i];
        char *origin =
            s->origin == EB_ORIGIN_FILE ? eb_format("%s:%d", eb_path_base(path), s->line) : eb_strdup("default");
        out->settings[out->n_settings++] = (eb_setting_row){ .section = eb_strdup(s->option->section),
                                                             .name = s->name ? eb_strdup(s->name) : NULL,
                                                             .key = eb_strdup(s->option->key),
                                                             .value = eb_strdup(s->text),
                                                             .unit = eb_strdup(s->option->unit ? s->option->unit : ""),
                                                             .origin = origin };
    }
}

void eb_cmd_free_limits(eb_header *limits)
{
    for (int i = 0; i < limits->n_settings; i++) {
        free(limits->settings[i].section);
        free(limits->settings[i].name);
        free(limits->settings[i].key);
        free(limits->settings[i].value);
        free(limits->settings[i].unit);
        free(limits->settings[i].origin);
    }
    free(limits->settings);
    *limits = (eb_header){ 0 };
}

int eb_cmd_read_prices(const char *path, eb_offers *out)
{
    eb_err_list errs = { 0 };
    eb_offer_texts texts = { 0 };
    int status = EB_OK;
    if (!eb_prices_load(path, &texts, &errs))
        status = eb_cmd_fail_all(&errs);
    for (size_t i = 0; i < texts.n && status == EB_OK; i++) {
        eb_header settings;
        to_header(&texts.items[i], path, &settings);
        EB_GROW(out->items, out->n, out->cap);
        eb_offer_init(&out->items[out->n++], texts.items[i].name, &settings);
        eb_cmd_free_limits(&settings);
    }
    eb_offer_texts_deinit(&texts);
    eb_err_list_deinit(&errs);
    return status;
}

void eb_cmd_offer_of_run(const eb_header *run, eb_offers *out)
{
    EB_GROW(out->items, out->n, out->cap);
    eb_offer_init(&out->items[out->n++], "config", run);
    eb_offer_of_machine(&out->items[out->n - 1], run);
    if (eb_cost_kind_of(&out->items[out->n - 1].value) == EB_COST_NONE)
        eb_offer_deinit(&out->items[--out->n]);
}

void eb_offers_deinit(eb_offers *offers)
{
    for (int i = 0; i < offers->n; i++)
        eb_offer_deinit(&offers->items[i]);
    free(offers->items);
    *offers = (eb_offers){ 0 };
}

int eb_cmd_read_limits(const char *path, eb_header *out)
{
    eb_err_list errs = { 0 };
    eb_offer_texts texts = { 0 };
    int status = EB_OK;
    if (eb_limits_load(path, &texts, &errs))
        to_header(&texts.items[0], path, out);
    else
        status = eb_cmd_fail_all(&errs);
    eb_offer_texts_deinit(&texts);
    eb_err_list_deinit(&errs);
    return status;
}
