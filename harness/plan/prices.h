// SPDX-License-Identifier: Apache-2.0
// Price files (configs/prices/*.ini) and files of limits: the [cost] and [slo] of a config, in files of their own.
// A price file has one [cost NAME] per offer; a [cost] without a name holds what its offers share, or is the only one.
// Keys, ranges and rules (no price without source and date) are those of a config.
#ifndef EB_PLAN_PRICES_H
#define EB_PLAN_PRICES_H

#include "harness/plan/plan.h"

typedef struct eb_offer_text {
    char *name;           // of [cost NAME]; the file's name without its ending for a [cost] alone
    eb_setting *settings; // every option of [cost]
    size_t n, cap;
} eb_offer_text;

typedef struct eb_offer_texts {
    eb_offer_text *items;
    size_t n, cap;
} eb_offer_texts;

// Appends the offers of the file. False: errors noted, each with its place; what was read is there to be freed.
bool eb_prices_load(const char *path, eb_offer_texts *out, eb_err_list *errs);
// The same from memory; `file` stands in messages.
bool eb_prices_parse(const char *file, const char *text, size_t len, eb_offer_texts *out, eb_err_list *errs);
// The [slo] of a file, as one offer without a name. At least one limit.
bool eb_limits_load(const char *path, eb_offer_texts *out, eb_err_list *errs);
void eb_offer_texts_deinit(eb_offer_texts *texts);

#endif
