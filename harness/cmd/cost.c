// SPDX-License-Identifier: Apache-2.0
// `effbench cost`: what a run's tokens cost by the prices of its config and of a price file.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/option.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/offers.h"
#include "harness/record/cost_sheet.h"
#include "reports/cost.h"
#include "reports/view.h"

typedef struct cost_args {
    const char *run, *prices;
    bool explain;
} cost_args;

static const eb_cost_form *find_form(const char *name)
{
    for (const eb_cost_form *f = eb_cost_forms; f->name; f++)
        if (!strcmp(f->name, name ? name : "term"))
            return f;
    eb_cmd_usage("cost", "there is no format '%.40s'; formats: term, md, csv, json", name);
    return NULL;
}

static int parse_args(int argc, char **argv, cost_args *args)
{
    bool options = true;
    for (int i = 1; i < argc; i++) {
        if (options && !strcmp(argv[i], "--")) {
            options = false;
        } else if (options && !strcmp(argv[i], "--explain")) {
            args->explain = true;
        } else if (options && eb_cmd_option(argc, argv, &i, "--prices", &args->prices)) {
            if (!args->prices)
                return eb_cmd_usage("cost", "--prices needs a file");
        } else if (options && argv[i][0] == '-' && argv[i][1]) {
            static const char *const known[] = { "--explain", "--prices" };
            return eb_cmd_unknown("cost", argv[i], known, sizeof known / sizeof *known);
        } else if (args->run) {
            return eb_cmd_usage("cost", "one run at a time, not also '%.60s'; `effbench compare` takes several",
                                argv[i]);
        } else {
            args->run = argv[i];
        }
    }
    return args->run ? EB_OK : eb_cmd_usage("cost", "needs the folder of a run (results/NAME-DATE-TIME)");
}

static bool has_goodput(const eb_cost_sheet *sheet)
{
    for (int i = 0; i < sheet->n_entries; i++)
        if (sheet->entries[i].work.value.goodput_tok_s > 0)
            return true;
    return false;
}

// A sheet on which every figure is missing is no answer.
static int fail_if_empty(const eb_cost_sheet *sheet)
{
    for (int i = 0; i < sheet->n_entries; i++)
        if (!isnan(sheet->entries[i].sum.usd_per_mtok) || !isnan(sheet->entries[i].sum.gco2e_per_mtok))
            return EB_OK;
    eb_err err = { 0 };
    const char *why = sheet->n_entries ? sheet->entries[0].sum.note : "the run has no cases";
    if (!eb_run_has_trials(sheet->run))
        why = "no trial of the run finished";
    eb_err_set(&err, EB_USAGE, "no cost can be told: %s", why);
    if (!eb_run_has_trials(sheet->run))
        eb_err_hint(&err,
                    "give a run with finished trials; `effbench run --resume DIR` goes on with one that did not end");
    else if (!has_goodput(sheet))
        eb_err_hint(&err, "`effbench report RUN` tells why; a price per token (usd_per_mtok_output) needs no speed");
    else
        eb_err_hint(&err, "prices and what the machine draws besides belong in [cost] of the config or in "
                          "--prices FILE; `effbench help cost`");
    return eb_cmd_fail(&err);
}

static int cost_of(const eb_globals *globals, const eb_cost_form *form, const cost_args *args, eb_offers *offers)
{
    eb_err err = { 0 };
    eb_run *run = eb_run_load(args->run, &err);
    if (!run)
        return eb_cmd_fail(&err);
    eb_cmd_say_newer(args->run, false);
    for (int i = 0; i < offers->n; i++)
        eb_offer_of_machine(&offers->items[i], run->header);
    eb_cmd_offer_of_run(run->header, offers);
    int status = EB_OK;
    if (offers->n == 0) {
        eb_err_set(&err, EB_USAGE, "'%s' has no prices: there is none in its [cost]", args->run);
        eb_err_hint(&err, "give a price file with --prices; configs/prices/ has examples, and each price needs its "
                          "source and date");
        status = eb_cmd_fail(&err);
    } else {
        eb_cost_sheet sheet;
        eb_cost_sheet_init(&sheet, run, offers->items, offers->n);
        eb_cost_style style = { .color = globals->color, .explain = args->explain };
        form->write(&sheet, &style, stdout);
        status = fail_if_empty(&sheet);
        eb_cost_sheet_deinit(&sheet);
    }
    eb_run_free(run);
    return status;
}

static int run_cost(const eb_globals *globals, int argc, char **argv)
{
    cost_args args = { 0 };
    eb_offers offers = { 0 };
    int status = parse_args(argc, argv, &args);
    const eb_cost_form *form = status == EB_OK ? find_form(globals->format) : NULL;
    if (!form)
        return status == EB_OK ? EB_USAGE : status;
    if (args.prices)
        status = eb_cmd_read_prices(args.prices, &offers);
    if (status == EB_OK)
        status = cost_of(globals, form, &args, &offers);
    eb_offers_deinit(&offers);
    return status;
}

const eb_command eb_cmd_cost = {
    .name = "cost",
    .synopsis = "effbench cost RUN [--prices FILE] [--explain] [--format term|md|csv|json]",
    .doc = "what a million tokens cost: own machine, rented, or by the token; carbon, break-even",
    .run = run_cost,
    .help = "  RUN             a result folder; its [cost] is the offer `config`\n"
            "  --prices FILE   further offers: an INI file with [cost NAME] sections (configs/prices/)\n"
            "  --explain       the whole sum of every case and offer, with the numbers filled in\n"
            "  --format FORM   term (default), md, csv (one row per case and offer), json\n",
    .once = (const char *const[]){ "--prices", NULL },
};
