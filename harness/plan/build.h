// SPDX-License-Identifier: Apache-2.0
// Between the config's text and the plan: sections as blocks of slots, one slot per option, each
// value with the place it came from. Private to harness/plan.
#ifndef EB_PLAN_BUILD_H
#define EB_PLAN_BUILD_H

#include "harness/plan/ini.h"
#include "harness/plan/plan.h"

enum { EB_PLAN_CASES_MAX = 1000, EB_PLAN_LIST_MAX = 1000, EB_PLAN_WINDOWS_MIN = 6 };

// Where a value stands. Strings are borrowed from the ini, or from the build's copies of --set.
typedef struct eb_place {
    const char *file; // config file, or "--set 2"
    int line, column; // line 0: a flag
    const char *text; // the line that column points into
} eb_place;

typedef struct eb_item {
    char *text; // one item of the value, unquoted
    eb_value value;
    int column; // of its first character
} eb_item;

typedef struct eb_slot {
    const eb_option *opt;
    eb_item *items;
    int n;    // 0 = unset
    bool bad; // given, but not as the option wants it: the error has been noted
    eb_origin_kind origin;
    eb_place place;
} eb_slot;

typedef struct eb_block {
    const char *section;
    char *name; // NULL for [run] and its like
    eb_place place;
    eb_slot *slots;
    int n_slots;
} eb_block;

// Which sections a file may have. The keys are those of the option tables in any case.
typedef enum eb_naming { EB_NAME_NONE, EB_NAME_NEEDED, EB_NAME_FREE } eb_naming;
typedef struct eb_section_info {
    const char *section;
    eb_naming naming;
} eb_section_info;
extern const eb_section_info eb_config_sections[]; // ends with {0}; resolve.c

typedef struct eb_build {
    const eb_section_info *sections; // NULL = those of a config
    eb_ini ini;
    eb_err_list *errs;
    bool readable; // every line and section could be read: what is missing is missing
    bool check_models;
    char **set_files; // "--set 1", ...
    const char *const *sets;
    int n_sets;
    eb_block *blocks;
    size_t n, cap;
    eb_plan *plan;
} eb_build;

// ---- values.c ----
// Splits the raw text of a value at commas outside of quotes and parses each item. False: errors noted.
bool eb_slot_assign(eb_build *b, eb_slot *slot, const char *raw, eb_place place, eb_origin_kind origin);
void eb_slot_clear(eb_slot *slot);
char *eb_slot_text(const eb_slot *slot);      // joined with ", "; "" = unset; caller frees
char *eb_slot_canonical(const eb_slot *slot); // the same for equal values however written; caller frees
eb_err *eb_complain(eb_build *b, eb_place place, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

// ---- resolve.c ----
void eb_build_blocks(eb_build *b); // ini + sets -> blocks
void eb_build_free(eb_build *b);
eb_block *eb_build_block(const eb_build *b, const char *section, const char *name);
bool eb_section_named(const char *section); // of a config: [model NAME], [workload NAME]
// Notes an unknown key or section with the nearest known one.
void eb_complain_section(eb_build *b, eb_place place, const char *section);
void eb_complain_key(eb_build *b, eb_place place, const char *section, const char *key);
void eb_complain_name(eb_build *b, eb_place place, const char *section, const char *name);

// Never NULL for a key of the section's tables; NULL for others.
eb_slot *eb_block_slot(const eb_block *block, const char *key);
int64_t eb_block_i(const eb_block *block, const char *key, int64_t fallback);
double eb_block_f(const eb_block *block, const char *key, double fallback);
const char *eb_block_s(const eb_block *block, const char *key, const char *fallback);

// ---- set.c ----
void eb_build_sets(eb_build *b);

// ---- validate.c ----
void eb_build_validate(eb_build *b); // rules that span more than one value
// Those of one block: what counts only with its source and date; what one pays is one thing.
void eb_validate_needs(eb_build *b, const eb_block *block);
void eb_validate_cost(eb_build *b, const eb_block *cost);
void eb_validate_rate(eb_build *b, const eb_block *cost); // currency, rate of exchange, its source and date
// ---- validate_model.c ----
// The model's family where it can be told and is not the one that the workload's kind needs; NULL = fits, or not known.
const char *eb_build_misfit(const eb_build *b, const eb_block *workload, const eb_block *model);
void eb_build_check_model(eb_build *b, const eb_block *model);
void eb_build_check_workload(eb_build *b, const eb_block *workload);
// ---- validate_load.c ----
void eb_build_check_load(eb_build *b, const eb_block *workload);
// False for a load's key in a workload whose kind or mode does not look at it.
bool eb_build_load_takes(const eb_block *workload, const char *key);

// ---- applies.c ----
// Whether the block looks at the slot, as it stands; what is given always does, or is an error.
bool eb_build_applies(const eb_block *block, const eb_slot *slot);

// A section of an engine that this plan does not use: no part of it.
bool eb_build_idle_section(const eb_build *b, const char *section);

// ---- plan.c ----
// From `from` on, in the order of the file.
void eb_build_sort_errors(eb_err_list *errs, size_t from);

// ---- grid.c, digest.c ----
void eb_build_cases(eb_build *b);
void eb_plan_digest(const eb_build *b, eb_plan *plan);

#endif
