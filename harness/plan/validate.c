// SPDX-License-Identifier: Apache-2.0
// Rules that span more than one value.
#include <math.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/plan/build.h"

// A figure that stands for nothing without the others: every price has a source and a date.
static const struct {
    const char *section, *key, *needs, *why;
} needs[] = {
    { "cost", "price_usd", "price_source", "a price counts only with its source" },
    { "cost", "price_usd", "price_date", "a price counts only with its date" },
    { "cost", "price_usd", "years", "its cost per token depends on the years of use" },
    { "cost", "price_usd", "utilisation", "its cost per token depends on how much of the time it is used" },
    { "cost", "usd_per_hour", "usd_per_hour_source", "a price counts only with its source" },
    { "cost", "usd_per_hour", "usd_per_hour_date", "a price counts only with its date" },
    { "cost", "usd_per_kwh", "tariff_source", "a tariff counts only with its source" },
    { "cost", "usd_per_kwh", "tariff_date", "a tariff counts only with its date" },
    { "cost", "intensity_g_per_kwh", "intensity_source", "an intensity counts only with its source" },
    { "cost", "intensity_g_per_kwh", "intensity_date", "an intensity counts only with its date" },
    { "cost", "embodied_g", "embodied_source", "embodied carbon counts only with its source" },
    { "cost", "embodied_g", "embodied_date", "embodied carbon counts only with its date" },
    { "cost", "usd_per_mtok_output", "usd_per_mtok_source", "a price counts only with its source" },
    { "cost", "usd_per_mtok_output", "usd_per_mtok_date", "a price counts only with its date" },
    { "cost", "opex_usd_year", "opex_source", "a cost counts only with its source" },
    { "cost", "opex_usd_year", "opex_date", "a cost counts only with its date" },
    { "cost", "usd_rate", "usd_rate_source", "a rate of exchange counts only with its source" },
    { "cost", "usd_rate", "usd_rate_date", "a rate of exchange counts only with its date" },
    { "probes", "stated_load_w", "stated_source", "stated watts count only with their source" },
    { "probes", "stated_load_w", "stated_date", "stated watts count only with their date" },
    { "probes", "meter_class", "meter", "it is the class of a meter" },
    { "probes", "stated_idle_w", "stated_load_w", "the model needs the watts under load too" },
};

enum { NAME_BYTES_MAX = 100 };

static const eb_slot *given_in(const eb_block *block, const char *key)
{
    const eb_slot *slot = eb_block_slot(block, key);
    return slot && slot->n && !slot->bad ? slot : NULL;
}

static const eb_slot *given(const eb_build *b, const char *section, const char *key)
{
    return given_in(eb_build_block(b, section, NULL), key);
}

// What `key` needs; NULL = every key.
static void check_needs(eb_build *b, const eb_block *block, const char *key)
{
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++) {
        if (strcmp(needs[i].section, block->section) != 0 || (key && strcmp(needs[i].key, key) != 0))
            continue;
        const eb_slot *slot = given_in(block, needs[i].key);
        if (!slot || slot->origin == EB_ORIGIN_DEFAULT || eb_block_slot(block, needs[i].needs)->n)
            continue;
        eb_err *err =
            eb_complain(b, slot->place, "%s stands without %s: %s", needs[i].key, needs[i].needs, needs[i].why);
        eb_err_hint(err, "add %s = ... to [%s%s%s]", needs[i].needs, needs[i].section, block->name ? " " : "",
                    block->name ? block->name : "");
    }
}

void eb_validate_needs(eb_build *b, const eb_block *block)
{
    check_needs(b, block, NULL);
}

static void check_currency(eb_build *b, const eb_block *cost)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const eb_slot *currency = given_in(cost, "currency"), *rate = given_in(cost, "usd_rate");
    const char *name = currency ? currency->items[0].text : "USD";
    if (strlen(name) != 3 || strspn(name, letters) != 3)
        eb_err_hint(eb_complain(b, currency->place, "'%.40s' is no currency", name),
                    "its three letters, such as USD or EUR");
    else if (strcmp(name, "USD") != 0 && !eb_block_slot(cost, "usd_rate")->n)
        eb_err_hint(eb_complain(b, currency->place, "prices in %s cannot be mixed with those in US dollars", name),
                    "add usd_rate = (US dollars for one %s), with usd_rate_source and usd_rate_date", name);
    else if (!strcmp(name, "USD") && rate)
        eb_err_hint(eb_complain(b, rate->place, "usd_rate needs the currency that it is the rate of"),
                    "add currency = EUR, or take it out");
}

void eb_validate_cost(eb_build *b, const eb_block *cost)
{
    const eb_slot *price = given_in(cost, "price_usd"), *rent = given_in(cost, "usd_per_hour"),
                  *tokens = given_in(cost, "usd_per_mtok_output"), *input = given_in(cost, "usd_per_mtok_input");
    if (price && rent)
        eb_err_hint(eb_complain(b, rent->place, "a machine is either bought (price_usd) or rented (usd_per_hour)"),
                    "take one of them out; `effbench cost --prices FILE` compares several offers");
    if (tokens && (price || rent))
        eb_err_hint(eb_complain(b, tokens->place, "tokens are bought (usd_per_mtok_output) or made on a machine (%s)",
                                price ? "price_usd" : "usd_per_hour"),
                    "take one of them out; `effbench cost --prices FILE` compares several offers");
    if (input && !eb_block_slot(cost, "usd_per_mtok_output")->n)
        eb_err_hint(eb_complain(b, input->place, "usd_per_mtok_input stands without usd_per_mtok_output"),
                    "add usd_per_mtok_output = ..., the price of what is made");
    check_currency(b, cost);
}

void eb_validate_rate(eb_build *b, const eb_block *cost)
{
    check_needs(b, cost, "usd_rate");
    check_currency(b, cost);
}

bool eb_build_idle_section(const eb_build *b, const char *section)
{
    for (const eb_engine_ops *const *e = eb_engine_table; *e; e++)
        if ((*e)->options && strcmp((*e)->options->section, section) == 0)
            return *e != b->plan->engine;
    return false;
}

// Keys of an engine that is not used would have no effect.
static void check_engines(eb_build *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const eb_block *block = &b->blocks[i];
        for (int k = 0; k < block->n_slots && eb_build_idle_section(b, block->section); k++)
            if (block->slots[k].origin != EB_ORIGIN_DEFAULT) {
                eb_err_hint(eb_complain(b, block->slots[k].place,
                                        "[%s] is of engine = %s, which this config does not use", block->section,
                                        block->section),
                            "set engine = %s in [run], or take the section out", block->section);
                break;
            }
    }
}

static void check_run(eb_build *b)
{
    const eb_slot *trials = given(b, "run", "trials"), *max = given(b, "run", "trials_max");
    if (trials && max && max->items[0].value.i < trials->items[0].value.i)
        eb_err_hint(eb_complain(b, max->place, "trials_max = %s is less than trials = %s", max->items[0].text,
                                trials->items[0].text),
                    "leave trials_max out to run exactly that many");
    const eb_slot *name = given(b, "run", "name"); // becomes part of the result folder's name
    if (name && (strchr(name->items[0].text, '/') || name->items[0].text[0] == '.' ||
                 strlen(name->items[0].text) > NAME_BYTES_MAX))
        eb_err_hint(eb_complain(b, name->place, "'%.70s' cannot be the name of a folder", name->items[0].text),
                    "at most %d bytes, no / in it and no . at its beginning", NAME_BYTES_MAX);
}

// A meter's joules may not claim to be more than they are.
static void check_meter(eb_build *b)
{
    const eb_slot *grade = given(b, "probes", "meter_grade"), *domain = given(b, "probes", "meter_domain");
    const eb_slot *format = given(b, "probes", "meter_format");
    const char *claim = grade ? grade->items[0].text : "auto";
    if (!strcmp(claim, "counter") && format && !strcmp(format->items[0].text, "watts"))
        eb_err_hint(eb_complain(b, grade->place, "watts that are sampled are no counter"),
                    "meter_format = joules, or meter_grade = sampled");
    if (!strcmp(claim, "wall") && domain && strcmp(domain->items[0].text, "system") != 0)
        eb_err_hint(
            eb_complain(b, grade->place, "a meter at the wall measures more than the %s", domain->items[0].text),
            "meter_domain = system, or another meter_grade");
}

// Scripted time has scripted watts, and only these.
static bool check_scripted(eb_build *b, const eb_slot *sources, int item)
{
    const eb_engine_ops *engine = b->plan->engine;
    const char *name = sources->items[item].text;
    bool scripted = !strcmp(name, "script"), simulated = engine && engine->simulate;
    eb_place place = sources->place;
    place.column = sources->items[item].column;
    if (scripted == simulated || !engine)
        return true;
    eb_err_hint(eb_complain(b, place, "the source '%s' is not to be had with engine = %s", name, engine->name),
                simulated ? "sources = auto: the script's watts" : "it is the watts of engine = null");
    return false;
}

static void check_probes(eb_build *b)
{
    check_meter(b);
    const eb_slot *load = given(b, "probes", "stated_load_w"), *idle = given(b, "probes", "stated_idle_w");
    if (load && idle && idle->items[0].value.f > load->items[0].value.f)
        eb_err_hint(eb_complain(b, idle->place, "stated_idle_w = %s is more than stated_load_w = %s",
                                idle->items[0].text, load->items[0].text),
                    "an idle machine draws no more than a busy one");
    const eb_slot *sources = given(b, "probes", "sources");
    for (int i = 0; sources && i < sources->n; i++) {
        const char *names[32], *name = sources->items[i].text;
        int n = 0;
        names[n++] = "auto";
        for (const eb_probe_ops *const *ops = eb_probe_table; *ops && n < 32; ops++)
            names[n++] = eb_probe_ops_name(*ops);
        if (!strcmp(name, "auto") || (eb_probe_find(name) && check_scripted(b, sources, i)))
            continue;
        if (eb_probe_find(name))
            return;
        eb_place place = sources->place;
        place.column = sources->items[i].column;
        const char *near = eb_nearest(name, names, n);
        eb_err *err = eb_complain(b, place, "there is no source '%.60s'", name);
        eb_err_hint(err, near ? "did you mean '%s'?" : "'effbench probes' lists them%s", near ? near : "");
    }
}

// The user's own metric groups join those that are built in.
static void read_groups(eb_build *b)
{
    const eb_slot *files = eb_block_slot(eb_build_block(b, "probes", NULL), "metric_groups");
    b->plan->groups = eb_alloc(sizeof *b->plan->groups);
    *b->plan->groups = *eb_groups_builtin();
    for (int i = 0; files && b->check_models && !files->bad && i < files->n; i++) {
        eb_err_list errs = { 0 };
        eb_place place = files->place;
        place.column = files->items[i].column;
        eb_groups_read_file(b->plan->groups, files->items[i].text, &errs);
        for (size_t k = 0; k < errs.n; k++)
            if (errs.items[k].line)
                *eb_err_list_add(b->errs) = errs.items[k];
            else // no place in the file: it is where the config names it
                eb_err_hint(eb_complain(b, place, "%s", errs.items[k].message), "%s", errs.items[k].hint);
        eb_err_list_deinit(&errs);
    }
}

void eb_build_validate(eb_build *b)
{
    const eb_block *run = eb_build_block(b, "run", NULL);
    const char *engine = eb_block_s(run, "engine", "native");
    b->plan->engine = eb_engine_find(engine);
    if (!b->plan->engine)
        eb_complain(b, eb_block_slot(run, "engine")->place, "there is no engine '%.60s'", engine);
    for (const eb_section_info *s = eb_config_sections; s->section; s++)
        if (s->naming == EB_NAME_NONE)
            eb_validate_needs(b, eb_build_block(b, s->section, NULL));
    eb_validate_cost(b, eb_build_block(b, "cost", NULL));
    check_engines(b);
    check_run(b);
    check_probes(b);
    read_groups(b);
    bool any_model = false, any_workload = false;
    for (size_t i = 0; i < b->n; i++) {
        const eb_block *block = &b->blocks[i];
        bool model = !strcmp(block->section, "model"), workload = !strcmp(block->section, "workload");
        any_model |= model;
        any_workload |= workload;
        if (model)
            eb_build_check_model(b, block);
        if (workload)
            eb_build_check_workload(b, block);
    }
    eb_place whole = { .file = b->ini.file };
    if (!any_model && b->readable)
        eb_err_hint(eb_complain(b, whole, "the config has no model"),
                    "add [model NAME] with model = shape:smollm2-135m");
    if (!any_workload && b->readable)
        eb_err_hint(eb_complain(b, whole, "the config has no workload"), "add [workload NAME] with kind = dense");
}
