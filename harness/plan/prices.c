// SPDX-License-Identifier: Apache-2.0
// Price files and files of limits, by the reader and the option table of configs.
#include "harness/plan/prices.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/plan/build.h"

enum { READ_MAX = 2 << 20 }; // beyond the reader's own limit, whose message is the better one

static const eb_section_info price_sections[] = { { "cost", EB_NAME_FREE }, { NULL, EB_NAME_NONE } };
static const eb_section_info limit_sections[] = { { "slo", EB_NAME_NONE }, { NULL, EB_NAME_NONE } };

// ---- what offers share ----

static const char *currency_of(const eb_block *block)
{
    const eb_slot *slot = eb_block_slot(block, "currency");
    return slot->n ? slot->items[0].text : "USD";
}

static bool is_given(const eb_block *block, const char *key)
{
    return eb_block_slot(block, key)->origin == EB_ORIGIN_FILE;
}

// Prices of an offer in another currency than the shared ones: a rate of exchange is of one currency.
static bool is_foreign(const eb_block *block, const eb_block *shared)
{
    return is_given(block, "currency") && strcmp(currency_of(block), currency_of(shared)) != 0;
}

// The rate of exchange, where it is from and when: all three are one statement.
static bool is_of_rate(const eb_slot *slot)
{
    return !strncmp(slot->opt->key, "usd_rate", strlen("usd_rate"));
}

// What the block leaves open is as in `shared`.
static void inherit(eb_block *block, const eb_block *shared)
{
    bool own_rate = is_foreign(block, shared) || is_given(block, "usd_rate");
    for (int i = 0; i < block->n_slots; i++) {
        eb_slot *slot = &block->slots[i];
        const eb_slot *from = &shared->slots[i];
        if (slot->origin == EB_ORIGIN_FILE || from->origin != EB_ORIGIN_FILE)
            continue;
        if (own_rate && is_of_rate(slot))
            continue;
        eb_slot_clear(slot);
        *slot = *from;
        slot->items = eb_alloc((size_t)from->n * sizeof *slot->items + 1);
        for (int k = 0; k < from->n; k++) {
            slot->items[k] = from->items[k];
            slot->items[k].text = eb_strdup(from->items[k].text);
            slot->items[k].value.s = slot->items[k].text;
        }
    }
}

// A price that was taken over: a value stands on a line of its own.
static bool is_shared_price(const eb_slot *slot, const eb_slot *from)
{
    return slot->opt->unit && !strcmp(slot->opt->unit, "usd") && slot->origin == EB_ORIGIN_FILE &&
           from->origin == EB_ORIGIN_FILE && slot->place.line == from->place.line;
}

static bool any_given(const eb_block *block)
{
    for (int i = 0; i < block->n_slots; i++)
        if (block->slots[i].origin == EB_ORIGIN_FILE)
            return true;
    return false;
}

static void check_priced(eb_build *b, const eb_block *block)
{
    static const char *const prices[] = { "price_usd", "usd_per_hour", "usd_per_mtok_output" };
    for (int i = 0; i < 3; i++)
        if (eb_block_slot(block, prices[i])->n || eb_block_slot(block, prices[i])->bad)
            return;
    eb_err_hint(
        eb_complain(b, block->place, "[cost%s%s] has no price", block->name ? " " : "", block->name ? block->name : ""),
        "add price_usd (own the machine), usd_per_hour (rent it) or usd_per_mtok_output (pay by the token)");
}

static void keep_slot(const eb_slot *slot, const eb_option *as, eb_offer_text *offer)
{
    EB_GROW(offer->settings, offer->n, offer->cap);
    offer->settings[offer->n++] = (eb_setting){
        .option = as,
        .text = eb_slot_text(slot),
        .origin = slot->origin,
        .line = slot->origin == EB_ORIGIN_FILE ? slot->place.line : 0,
    };
}

static eb_offer_text *keep(const eb_block *block, const char *name, eb_offer_texts *out)
{
    EB_GROW(out->items, out->n, out->cap);
    eb_offer_text *offer = &out->items[out->n++];
    *offer = (eb_offer_text){ .name = eb_strdup(name) };
    for (int i = 0; i < block->n_slots; i++)
        keep_slot(&block->slots[i], block->slots[i].opt, offer);
    return offer;
}

// The prices that the offer took over stay in their own currency: marked, with the rate of the section they stand in.
static void keep_shared_money(eb_build *b, const eb_block *block, const eb_block *shared, eb_offer_text *offer)
{
    static const char *const rate[] = { "usd_rate", "usd_rate_source", "usd_rate_date", "currency" };
    static const eb_option as[] = {
        { .section = "cost", .key = "shared_usd_rate" },
        { .section = "cost", .key = "shared_usd_rate_source" },
        { .section = "cost", .key = "shared_usd_rate_date" },
        { .section = "cost", .key = "shared_currency" },
    };
    const char *currency = currency_of(shared);
    bool dollars = !strcmp(currency, "USD"), rated = is_given(shared, "usd_rate"), any = false;
    if (!is_foreign(block, shared) && !rated)
        return; // the offer's rate is that of the shared currency too
    for (int i = 0; i < block->n_slots; i++) {
        const eb_slot *slot = &block->slots[i];
        if (!is_shared_price(slot, &shared->slots[i]))
            continue;
        any = true;
        offer->settings[i].name = eb_strdup(EB_OPTION_SHARED);
        if (!dollars && !rated)
            eb_err_hint(eb_complain(b, slot->place, "%s is in %.40s, and [cost] says no rate to US dollars",
                                    slot->opt->key, currency),
                        "add usd_rate = (US dollars for one %.40s) to [cost], with usd_rate_source and usd_rate_date",
                        currency);
    }
    for (int i = 0; i < 4 && any && !dollars; i++)
        keep_slot(eb_block_slot(shared, rate[i]), &as[i], offer);
}

static eb_offer_text *take_offer(eb_build *b, const eb_block *block, const char *name, eb_offer_texts *out)
{
    eb_validate_needs(b, block);
    eb_validate_cost(b, block);
    check_priced(b, block);
    return keep(block, name, out);
}

static void take_prices(eb_build *b, const char *stem, eb_offer_texts *out)
{
    const eb_block *shared = &b->blocks[0]; // [cost] without a name stands first, written or not
    for (size_t i = 1; i < b->n; i++) {
        bool apart = is_given(&b->blocks[i], "usd_rate");
        inherit(&b->blocks[i], shared);
        eb_offer_text *offer = take_offer(b, &b->blocks[i], b->blocks[i].name, out);
        if (apart || is_foreign(&b->blocks[i], shared))
            keep_shared_money(b, &b->blocks[i], shared, offer);
    }
    if (b->n > 1 && is_given(shared, "usd_rate"))
        eb_validate_rate(b, shared);
    if (b->n > 1)
        return;
    if (any_given(shared))
        take_offer(b, shared, stem, out);
    else if (b->readable)
        eb_err_hint(eb_complain(b, (eb_place){ .file = b->ini.file }, "the file has no prices"),
                    "add [cost NAME] with price_usd, usd_per_hour or usd_per_mtok_output");
}

static void take_limits(eb_build *b, const char *stem, eb_offer_texts *out)
{
    (void)stem;
    if (any_given(&b->blocks[0]))
        keep(&b->blocks[0], "", out);
    else if (b->readable)
        eb_err_hint(eb_complain(b, (eb_place){ .file = b->ini.file }, "the file has no limits"),
                    "add [slo] with ttft, tpot or e2e");
}

// What is wrong with a shared value is wrong once.
static void drop_repeats(eb_err_list *errs, size_t from)
{
    size_t n = from;
    for (size_t i = from; i < errs->n; i++) {
        const eb_err *e = &errs->items[i];
        size_t k = from;
        while (k < n && (errs->items[k].line != e->line || errs->items[k].column != e->column ||
                         strcmp(errs->items[k].message, e->message) != 0))
            k++;
        if (k == n)
            errs->items[n++] = *e;
    }
    errs->n = n;
}

typedef void take_fn(eb_build *b, const char *stem, eb_offer_texts *out);

static bool has_section(const eb_section_info *sections, const char *name)
{
    for (; sections->section; sections++)
        if (!strcmp(sections->section, name))
            return true;
    return false;
}

// The first section of a file that is a good one for something else; NULL where it is for this, or for nothing.
static const eb_ini_section *for_something_else(const eb_build *b)
{
    for (size_t i = 0; i < b->ini.n_sections; i++)
        if (has_section(b->sections, b->ini.sections[i].section) ||
            !has_section(eb_config_sections, b->ini.sections[i].section))
            return NULL;
    return b->readable && b->ini.n_sections ? &b->ini.sections[0] : NULL;
}

// One word for the whole file, instead of one for each of its sections.
static void say_what_is_missing(eb_build *b, const eb_ini_section *found)
{
    bool limits = b->sections == limit_sections;
    const char *other = !strcmp(found->section, "cost")  ? "; prices are for --prices"
                        : !strcmp(found->section, "slo") ? "; limits are for --slo"
                                                         : "";
    eb_err_hint(eb_complain(b, (eb_place){ .file = b->ini.file }, "the file has no %s: there is [%.40s%s%.40s] in it",
                            limits ? "limits" : "prices", found->section, found->name ? " " : "",
                            found->name ? found->name : ""),
                "add %s%s",
                limits ? "[slo] with ttft, tpot or e2e"
                       : "[cost NAME] with price_usd, usd_per_hour or usd_per_mtok_output",
                other);
}

static bool parse(const char *file, const char *text, size_t len, const eb_section_info *sections, take_fn *take,
                  eb_offer_texts *out, eb_err_list *errs)
{
    size_t first = errs->n, before = errs->n + errs->dropped;
    const char *base = eb_path_base(file), *dot = strrchr(base, '.');
    char *stem = eb_strndup(base, dot && dot > base ? (size_t)(dot - base) : strlen(base));
    eb_build b = { .sections = sections, .errs = errs };
    b.readable = eb_ini_parse(file, text, len, &b.ini, errs);
    const eb_ini_section *other = for_something_else(&b);
    if (other) {
        say_what_is_missing(&b, other);
    } else {
        eb_build_blocks(&b);
        take(&b, stem, out);
    }
    eb_build_sort_errors(errs, first);
    bool ok = errs->n + errs->dropped == before;
    drop_repeats(errs, first);
    eb_build_free(&b);
    free(stem);
    return ok;
}

static char *read_text(const char *path, const char *what, size_t *len, eb_err_list *errs)
{
    eb_err why = { 0 };
    char *text = eb_file_read(path, READ_MAX, len, &why);
    if (text)
        return text;
    why.code = EB_USAGE;
    eb_err_hint(&why, "%s", what);
    *eb_err_list_add(errs) = why;
    return NULL;
}

bool eb_prices_parse(const char *file, const char *text, size_t len, eb_offer_texts *out, eb_err_list *errs)
{
    return parse(file, text, len, price_sections, take_prices, out, errs);
}

bool eb_prices_load(const char *path, eb_offer_texts *out, eb_err_list *errs)
{
    static const char hint[] = "a price file is an INI file with [cost NAME] sections; configs/prices/ has some";
    size_t len = 0;
    char *text = read_text(path, hint, &len, errs);
    bool ok = text && eb_prices_parse(path, text, len, out, errs);
    free(text);
    return ok;
}

bool eb_limits_load(const char *path, eb_offer_texts *out, eb_err_list *errs)
{
    static const char hint[] = "limits are an INI file with [slo] and ttft, tpot or e2e";
    size_t len = 0;
    char *text = read_text(path, hint, &len, errs);
    bool ok = text && parse(path, text, len, limit_sections, take_limits, out, errs);
    free(text);
    return ok;
}

void eb_offer_texts_deinit(eb_offer_texts *texts)
{
    for (size_t i = 0; i < texts->n; i++) {
        for (size_t k = 0; k < texts->items[i].n; k++) {
            free(texts->items[i].settings[k].name);
            free(texts->items[i].settings[k].text);
        }
        free(texts->items[i].settings);
        free(texts->items[i].name);
    }
    free(texts->items);
    *texts = (eb_offer_texts){ 0 };
}
