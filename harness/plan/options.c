// SPDX-License-Identifier: Apache-2.0
// The options of [run], [model], [cost] and [slo], and the list of all tables.
#include <string.h>

#include "harness/plan/plan.h"

// Largest whole number that a JSON reader keeps exact.
#define EXACT_MAX  9007199254740992.0
#define NS_PER_S   1e9
#define NS_PER_DAY (86400 * NS_PER_S)

// In the order of eb_ceiling_use.
static const eb_choice ceilings[] = {
    { "cached", "as measured within the last 30 days on this machine, else measured now and kept" },
    { "measure", "measured now and kept" },
    { "off", "not measured: no fractions" },
    { 0 },
};

static const eb_choice grades[] = {
    { "none", "run without any" },
    { "estimate", "stated watts are enough" },
    { "sampled", "power that was sampled and integrated" },
    { "counter", "an integrated hardware counter" },
    { "wall", "an external meter of the whole system" },
    { 0 },
};

const eb_option eb_run_options[] = {
    { .section = "run",
      .key = "name",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Name of the run in titles and in the result folder, without a /; left out, the config's file name." },
    { .section = "run",
      .key = "out",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Result folder; left out, results/NAME-DATE-TIME. Must not hold a run yet." },
    { .section = "run",
      .key = "trials",
      .type = EB_OPTION_INT,
      .unit = "trials",
      .min = 1,
      .max = 10000,
      .def = "7",
      .doc = "Trials of each case. Below 6 no 95 % interval of a median exists, and the range is shown." },
    { .section = "run",
      .key = "trials_max",
      .type = EB_OPTION_INT,
      .unit = "trials",
      .min = 1,
      .max = 10000,
      .doc = "Go on beyond `trials`, up to this many, until a case's intervals are within `target`; left out, as "
             "`trials`." },
    { .section = "run",
      .key = "target",
      .type = EB_OPTION_FLOAT,
      .unit = "fraction",
      .min = 0.0001,
      .max = 1,
      .def = "0.02",
      .doc = "Half-width of the interval, relative to the median, at which a case stops. Only with `trials_max`." },
    { .section = "run",
      .key = "idle",
      .type = EB_OPTION_TIME,
      .unit = "ns",
      .min = 0,
      .max = 3600 * NS_PER_S,
      .def = "3s",
      .doc = "Idle baseline measured before the first case and again after the last; 0 = none, and net energies are "
             "not known." },
    { .section = "run",
      .key = "pause",
      .type = EB_OPTION_TIME,
      .unit = "ns",
      .min = 0,
      .max = 3600 * NS_PER_S,
      .def = "0",
      .doc = "Rest between trials, so that the machine cools." },
    { .section = "run",
      .key = "seed",
      .type = EB_OPTION_INT,
      .min = 0,
      .max = EXACT_MAX,
      .def = "1",
      .doc = "Seed of the order of trials, of the prompts and of sampling." },
    { .section = "run",
      .key = "cold_start",
      .type = EB_OPTION_BOOL,
      .def = "yes",
      .doc = "Measure the time from process start to the first token, once per case." },
    { .section = "run",
      .key = "profile",
      .type = EB_OPTION_BOOL,
      .def = "no",
      .doc = "Write down which operator ran when, and what it counted: what `effbench profile` asks for. The last "
             "round of "
             "trials counts events, the others measure time and energy." },
    { .section = "run",
      .key = "max_time",
      .type = EB_OPTION_TIME,
      .unit = "ns",
      .min = 0,
      .max = 30 * NS_PER_DAY,
      .def = "0",
      .flags = EB_OPTION_UNPLANNED,
      .doc = "No new round of trials starts after this time; 0 = no limit." },
    { .section = "run",
      .key = "ceilings",
      .type = EB_OPTION_ENUM,
      .def = "cached",
      .choices = ceilings,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "This machine's read bandwidth and arithmetic, which `bw_frac` and `flop_frac` are fractions of." },
    { .section = "run",
      .key = "require_energy",
      .type = EB_OPTION_ENUM,
      .def = "none",
      .choices = grades,
      .flags = EB_OPTION_UNPLANNED,
      .doc = "Refuse to run (exit 5) where the energy would be of a weaker grade than this." },
    { 0 },
};

const eb_option eb_model_options[] = {
    { .section = "model",
      .key = "model",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_REQUIRED,
      .doc = "shape:NAME for a published architecture with seeded random weights (made once, kept in the cache), or "
             "file:PATH for a GGUF file." },
    { .section = "model",
      .key = "type",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_LIST,
      .doc = "Weight types to run, such as f16, q8_0, q4_k_m; left out, f16 for a shape, and a file as it is." },
    { .section = "model",
      .key = "seed",
      .type = EB_OPTION_INT,
      .min = 0,
      .max = EXACT_MAX,
      .def = "1",
      .doc = "Seed of a shape's random weights." },
    { 0 },
};

#define USD      .type = EB_OPTION_FLOAT, .unit = "usd", .min = 0, .max = 1e9, .flags = EB_OPTION_UNPLANNED | EB_OPTION_RANGE
#define FRACTION .type = EB_OPTION_FLOAT, .unit = "fraction", .flags = EB_OPTION_UNPLANNED | EB_OPTION_RANGE
#define SOURCE   .type = EB_OPTION_STRING, .flags = EB_OPTION_UNPLANNED
#define DATE     .type = EB_OPTION_DATE, .flags = EB_OPTION_UNPLANNED
#define WATTS    .type = EB_OPTION_FLOAT, .unit = "w", .min = 0, .max = 1e6, .flags = EB_OPTION_UNPLANNED | EB_OPTION_RANGE
#define NUMBER   .type = EB_OPTION_FLOAT, .flags = EB_OPTION_UNPLANNED | EB_OPTION_RANGE

// Prices do not change what is measured: none of this is in the plan's digest.
// clang-format off
const eb_option eb_cost_options[] = {
    { .section = "cost", .key = "demonstration", .type = EB_OPTION_BOOL, .def = "no", .flags = EB_OPTION_UNPLANNED,
      .doc = "Say beside every figure made of these prices that they are made up for show." },
    { .section = "cost", .key = "currency", .type = EB_OPTION_STRING, .def = "USD", .flags = EB_OPTION_UNPLANNED,
      .doc = "Currency in which the prices here are written, three letters. Another one than USD needs usd_rate, with which all of them are turned into US dollars." },
    { .section = "cost", .key = "usd_rate", .type = EB_OPTION_FLOAT, .min = 1e-9, .max = 1e6, .flags = EB_OPTION_UNPLANNED | EB_OPTION_RANGE,
      .doc = "US dollars for one unit of `currency`. Needs usd_rate_source and usd_rate_date." },
    { .section = "cost", .key = "usd_rate_source", SOURCE, .doc = "Where the rate of exchange comes from." },
    { .section = "cost", .key = "usd_rate_date", DATE, .doc = "The day of that rate." },
    { .section = "cost", .key = "price_usd", USD,
      .doc = "Price of the machine (own it: this; rent it: usd_per_hour; pay by the token: usd_per_mtok_output). Needs price_source, price_date, years and utilisation." },
    { .section = "cost", .key = "price_source", SOURCE, .doc = "Where the price comes from." },
    { .section = "cost", .key = "price_date", DATE, .doc = "The day of that price." },
    { .section = "cost", .key = "residual", FRACTION, .min = 0, .max = 1, .def = "0",
      .doc = "Part of the price that the machine is worth at the end of its years." },
    { .section = "cost", .key = "interest", FRACTION, .min = 0, .max = 1, .def = "0", .doc = "Interest per year." },
    { .section = "cost", .key = "years", NUMBER, .unit = "years", .min = 0.1, .max = 50, .doc = "Years of use." },
    { .section = "cost", .key = "utilisation", FRACTION, .min = 0.0001, .max = 1,
      .doc = "Part of the year in which the machine makes tokens at the measured rate." },
    { .section = "cost", .key = "opex_usd_year", USD, .def = "0",
      .doc = "Other cost per year: space, network, care. Needs opex_source and opex_date." },
    { .section = "cost", .key = "opex_source", SOURCE, .doc = "Where that cost comes from." },
    { .section = "cost", .key = "opex_date", DATE, .doc = "The day of that cost." },
    { .section = "cost", .key = "usd_per_hour", USD,
      .doc = "Rent of the machine, electricity included. Needs usd_per_hour_source and usd_per_hour_date." },
    { .section = "cost", .key = "usd_per_hour_source", SOURCE, .doc = "Where the rent comes from." },
    { .section = "cost", .key = "usd_per_hour_date", DATE, .doc = "The day of that rent." },
    { .section = "cost", .key = "usd_per_mtok_output", USD,
      .doc = "Price of a million output tokens where a provider is paid by the token. Needs usd_per_mtok_source and usd_per_mtok_date." },
    { .section = "cost", .key = "usd_per_mtok_input", USD,
      .doc = "Price of a million prompt tokens of the same provider; the tokens that are sent per output token (prompt and depth) are those of the case." },
    { .section = "cost", .key = "usd_per_mtok_source", SOURCE, .doc = "Where the price per token comes from." },
    { .section = "cost", .key = "usd_per_mtok_date", DATE, .doc = "The day of that price." },
    { .section = "cost", .key = "usd_per_kwh", USD,
      .doc = "Price of electricity. Needs tariff_source and tariff_date." },
    { .section = "cost", .key = "tariff_source", SOURCE, .doc = "Where the price of electricity comes from." },
    { .section = "cost", .key = "tariff_date", DATE, .doc = "The day of that tariff." },
    { .section = "cost", .key = "pue", NUMBER, .min = 1, .max = 10, .def = "1",
      .doc = "Power of the building per power of the machine; 1 is right for an edge box only, surveys of data centres find 1.55 to 1.58." },
    { .section = "cost", .key = "rest_of_system_w", WATTS,
      .doc = "Watts that the boundary `compute` does not see: board, fans, disks, losses of the power supply." },
    { .section = "cost", .key = "idle_w", WATTS,
      .doc = "Power of the idle machine inside the boundary; left out, the measured idle baseline." },
    { .section = "cost", .key = "intensity_g_per_kwh", NUMBER, .unit = "g/kwh", .min = 0, .max = 5000,
      .doc = "Carbon intensity of the electricity, CO2 equivalents. Needs intensity_source and intensity_date." },
    { .section = "cost", .key = "intensity_source", SOURCE, .doc = "Where the carbon intensity comes from." },
    { .section = "cost", .key = "intensity_date", DATE, .doc = "The day of that intensity." },
    { .section = "cost", .key = "embodied_g", NUMBER, .unit = "g", .min = 0, .max = 1e12,
      .doc = "CO2 equivalents of making the machine. Needs embodied_source and embodied_date." },
    { .section = "cost", .key = "embodied_source", SOURCE, .doc = "Where the embodied carbon comes from." },
    { .section = "cost", .key = "embodied_date", DATE, .doc = "The day of that figure." },
    { .section = "cost", .key = "battery_wh", NUMBER, .unit = "wh", .min = 0.001, .max = 1e6,
      .doc = "Energy of a full battery, for tokens per charge. Left out: what the machine's own says that it holds." },
    { 0 },
};

const eb_option eb_slo_options[] = {
    { .section = "slo", .key = "ttft", .type = EB_OPTION_TIME, .unit = "ns", .min = 1, .max = 3600 * NS_PER_S,
      .flags = EB_OPTION_UNPLANNED, .doc = "Limit of the time to the first token; goodput counts requests that meet every limit." },
    { .section = "slo", .key = "tpot", .type = EB_OPTION_TIME, .unit = "ns", .min = 1, .max = 3600 * NS_PER_S,
      .flags = EB_OPTION_UNPLANNED, .doc = "Limit of the time per output token of a request." },
    { .section = "slo", .key = "e2e", .type = EB_OPTION_TIME, .unit = "ns", .min = 1, .max = NS_PER_DAY,
      .flags = EB_OPTION_UNPLANNED, .doc = "Limit of the time from a request's arrival to its last token." },
    { 0 },
};
// clang-format on

const eb_option *const eb_option_tables[] = { eb_run_options,      eb_engine_options, eb_model_options,
                                              eb_workload_options, eb_probe_options,  eb_cost_options,
                                              eb_slo_options,      eb_null_options,   NULL };

const eb_option *eb_option_find(const char *section, const char *key)
{
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *opt = *table; opt->section; opt++)
            if (!strcmp(opt->section, section) && !strcmp(opt->key, key))
                return opt;
    return NULL;
}
