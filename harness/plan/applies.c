// SPDX-License-Identifier: Apache-2.0
// Keys that a section does not look at as it stands: those of other kinds and modes, of a meter that is not there.
#include <string.h>

#include "harness/plan/build.h"

static bool of_kind(const eb_block *w, const char *kind)
{
    return !strcmp(eb_block_s(w, "kind", ""), kind);
}

static bool is_quantized(const eb_block *w)
{
    return of_kind(w, "quantized");
}

static bool is_sustained(const eb_block *w)
{
    return of_kind(w, "sustained");
}

static bool has_depth(const eb_block *w)
{
    return !of_kind(w, "sustained") && !of_kind(w, "load");
}

static bool is_sampled(const eb_block *w)
{
    return eb_block_f(w, "temperature", 0) > 0;
}

static bool has_meter(const eb_block *probes)
{
    return eb_block_s(probes, "meter", NULL) != NULL;
}

static const struct {
    const char *section, *key;
    bool (*needs)(const eb_block *block);
} rules[] = {
    { "workload", "eval_tokens", is_quantized }, { "workload", "reference", is_quantized },
    { "workload", "duration", is_sustained },    { "workload", "window", is_sustained },
    { "workload", "depth", has_depth },          { "workload", "top_k", is_sampled },
    { "workload", "top_p", is_sampled },         { "probes", "meter_format", has_meter },
    { "probes", "meter_time", has_meter },       { "probes", "meter_domain", has_meter },
    { "probes", "meter_grade", has_meter },      { "probes", "meter_class", has_meter },
    { "probes", "meter_max_w", has_meter },      { "probes", "meter_timeout", has_meter },
};

static bool any_given(const eb_block *block)
{
    for (int i = 0; i < block->n_slots; i++)
        if (block->slots[i].origin != EB_ORIGIN_DEFAULT)
            return true;
    return false;
}

bool eb_build_applies(const eb_block *block, const eb_slot *slot)
{
    const char *key = slot->opt->key;
    if (slot->origin != EB_ORIGIN_DEFAULT)
        return true;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(rules[i].section, block->section) && !strcmp(rules[i].key, key))
            return rules[i].needs(block);
    if (!strcmp(block->section, "workload"))
        return eb_build_load_takes(block, key);
    // Of prices and limits a default alone says nothing: there is no price, there is no limit.
    return (strcmp(block->section, "cost") != 0 && strcmp(block->section, "slo") != 0) || any_given(block);
}
