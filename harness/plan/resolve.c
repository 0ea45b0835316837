// SPDX-License-Identifier: Apache-2.0
// Entries of the config -> blocks of slots. Whatever does not fit a table is an error with a hint.
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/words.h"
#include "harness/plan/build.h"

const eb_section_info eb_config_sections[] = {
    { "run", EB_NAME_NONE },  { "model", EB_NAME_NEEDED }, { "workload", EB_NAME_NEEDED }, { "probes", EB_NAME_NONE },
    { "cost", EB_NAME_NONE }, { "slo", EB_NAME_NONE },     { "null", EB_NAME_NONE },       { NULL, EB_NAME_NONE },
};
enum { SECTIONS_MAX = 16, KEYS_MAX = 128 };

static const eb_section_info *sections_of(const eb_build *b)
{
    return b->sections ? b->sections : eb_config_sections;
}

static const eb_section_info *find_section(const eb_section_info *sections, const char *section)
{
    for (; sections->section; sections++)
        if (!strcmp(sections->section, section))
            return sections;
    return NULL;
}

bool eb_section_named(const char *section)
{
    const eb_section_info *info = find_section(eb_config_sections, section);
    return info && info->naming == EB_NAME_NEEDED;
}

// ---- hints ----

void eb_complain_section(eb_build *b, eb_place place, const char *section)
{
    static const char *const naming[] = { "", " NAME", " [NAME]" };
    const char *names[SECTIONS_MAX];
    char list[200] = "", one[64];
    int n = 0;
    for (const eb_section_info *s = sections_of(b); s->section && n < SECTIONS_MAX; s++) {
        snprintf(one, sizeof one, "%s%s", s->section, naming[s->naming]);
        eb_words_add(list, sizeof list, ", ", one);
        names[n++] = s->section;
    }
    const char *near = eb_nearest(section, names, n);
    eb_err *err = eb_complain(b, place, "unknown section '%.60s'", section);
    if (near)
        eb_err_hint(err, "did you mean '%s'?", near);
    else
        eb_err_hint(err, "sections: %s", list);
}

void eb_complain_key(eb_build *b, eb_place place, const char *section, const char *key)
{
    const char *keys[KEYS_MAX] = { 0 };
    int n = 0;
    const eb_option *elsewhere = NULL;
    for (const eb_option *const *table = eb_option_tables; *table; table++) {
        for (const eb_option *opt = *table; opt->section; opt++) {
            if (!strcmp(opt->section, section) && n < KEYS_MAX)
                keys[n++] = opt->key;
            else if (!elsewhere && !strcmp(opt->key, key))
                elsewhere = opt;
        }
    }
    const char *near = eb_nearest(key, keys, n);
    eb_err *err = eb_complain(b, place, "unknown key '%.60s' in [%s]", key, section);
    if (elsewhere)
        eb_err_hint(err, "'%s' belongs in [%s%s]", key, elsewhere->section,
                    eb_section_named(elsewhere->section) ? " NAME" : "");
    else if (near)
        eb_err_hint(err, "did you mean '%s'?", near);
    else
        eb_err_hint(err, "'effbench help %s' lists the keys", section);
}

void eb_complain_name(eb_build *b, eb_place place, const char *section, const char *name)
{
    const char *names[64] = { 0 };
    int n = 0;
    char list[400] = "";
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->blocks[i].section, section) != 0 || n == 64)
            continue;
        eb_words_add(list, sizeof list, ", ", b->blocks[i].name);
        names[n++] = b->blocks[i].name;
    }
    const char *near = eb_nearest(name, names, n);
    eb_err *err = eb_complain(b, place, "there is no [%s %.60s]", section, name);
    if (near)
        eb_err_hint(err, "did you mean '%s'?", near);
    else if (n)
        eb_err_hint(err, "the config has: %s", list);
    else
        eb_err_hint(err, "add a section [%s NAME]", section);
}

// ---- blocks ----

eb_block *eb_build_block(const eb_build *b, const char *section, const char *name)
{
    for (size_t i = 0; i < b->n; i++) {
        eb_block *block = &b->blocks[i];
        if (!strcmp(block->section, section) && (!name || (block->name && !strcmp(block->name, name))))
            return block;
    }
    return NULL;
}

eb_slot *eb_block_slot(const eb_block *block, const char *key)
{
    for (int i = 0; i < block->n_slots; i++)
        if (!strcmp(block->slots[i].opt->key, key))
            return &block->slots[i];
    return NULL;
}

static const eb_item *first_item(const eb_block *block, const char *key)
{
    const eb_slot *slot = eb_block_slot(block, key);
    return slot && slot->n ? &slot->items[0] : NULL;
}

int64_t eb_block_i(const eb_block *block, const char *key, int64_t fallback)
{
    const eb_item *item = first_item(block, key);
    return item ? item->value.i : fallback;
}

double eb_block_f(const eb_block *block, const char *key, double fallback)
{
    const eb_item *item = first_item(block, key);
    return item ? item->value.f : fallback;
}

const char *eb_block_s(const eb_block *block, const char *key, const char *fallback)
{
    const eb_item *item = first_item(block, key);
    return item ? item->text : fallback;
}

// A new block with every option of its section at the default.
static void add_block(eb_build *b, const eb_section_info *info, const char *name, eb_place place)
{
    EB_GROW(b->blocks, b->n, b->cap);
    eb_block *block = &b->blocks[b->n++];
    *block = (eb_block){ .section = info->section, .name = name ? eb_strdup(name) : NULL, .place = place };
    int cap = 0;
    for (const eb_option *const *table = eb_option_tables; *table; table++) {
        for (const eb_option *opt = *table; opt->section; opt++) {
            if (strcmp(opt->section, info->section) != 0)
                continue;
            EB_GROW(block->slots, block->n_slots, cap);
            eb_slot *slot = &block->slots[block->n_slots++];
            *slot = (eb_slot){ .opt = opt };
            if (opt->def && opt->def[0])
                eb_slot_assign(b, slot, opt->def, (eb_place){ .file = "default", .column = 1, .text = opt->def },
                               EB_ORIGIN_DEFAULT);
        }
    }
}

static eb_place section_place(const eb_build *b, const eb_ini_section *s)
{
    return (eb_place){ b->ini.file, s->line, s->column, b->ini.lines[s->line - 1] };
}

// Names become parts of case ids, folder names and --set texts.
static bool check_name(eb_build *b, const eb_ini_section *s)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-";
    const eb_section_info *info = find_section(sections_of(b), s->section);
    eb_place place = section_place(b, s);
    if (!info) {
        place.column++;
        eb_complain_section(b, place, s->section);
        return false;
    }
    if (info->naming == EB_NAME_NEEDED && !s->name) {
        eb_err_hint(eb_complain(b, place, "[%s] needs a name", s->section), "write [%s NAME]", s->section);
        return false;
    }
    if (info->naming == EB_NAME_NONE && s->name) {
        eb_err_hint(eb_complain(b, place, "[%s] takes no name", s->section), "write [%s]", s->section);
        return false;
    }
    if (s->name && (strspn(s->name, letters) != strlen(s->name) || strlen(s->name) > 64)) {
        eb_err_hint(eb_complain(b, place, "'%.70s' cannot be a name", s->name),
                    "up to 64 letters, digits, and . _ + -");
        return false;
    }
    return true;
}

// Index of the section's block, or -1 when its keys are to be passed over (the error has been noted).
static int open_section(eb_build *b, const eb_ini_section *s)
{
    if (!check_name(b, s)) {
        b->readable = false; // it may have been the model or the workload that would now be missed
        return -1;
    }
    eb_block *block = eb_build_block(b, s->section, s->name);
    eb_place place = section_place(b, s);
    if (block && block->place.line) {
        eb_err *err =
            eb_complain(b, place, "duplicate section [%s%s%s]", s->section, s->name ? " " : "", s->name ? s->name : "");
        eb_err_hint(err, "the first one is at line %d", block->place.line);
        return (int)(block - b->blocks); // its keys are looked at all the same
    }
    if (!block) {
        add_block(b, find_section(sections_of(b), s->section), s->name, place);
        return (int)b->n - 1;
    }
    block->place = place;
    return (int)(block - b->blocks);
}

static void take_entry(eb_build *b, eb_block *block, const eb_ini_entry *e)
{
    eb_slot *slot = eb_block_slot(block, e->key);
    eb_place place = { b->ini.file, e->line, e->key_column, b->ini.lines[e->line - 1] };
    if (!slot) {
        eb_complain_key(b, place, e->section, e->key);
    } else if (slot->origin == EB_ORIGIN_FILE) {
        eb_err_hint(eb_complain(b, place, "duplicate key '%s'", e->key), "the first one is at line %d",
                    slot->place.line);
    } else {
        place.column = e->value_column;
        eb_slot_assign(b, slot, e->value, place, EB_ORIGIN_FILE);
    }
}

static void check_required(eb_build *b, const eb_block *block)
{
    for (int i = 0; i < block->n_slots; i++) {
        const eb_option *opt = block->slots[i].opt;
        if (!(opt->flags & EB_OPTION_REQUIRED) || block->slots[i].n)
            continue;
        eb_err *err = eb_complain(b, block->place, "[%s%s%s] has no '%s'", block->section, block->name ? " " : "",
                                  block->name ? block->name : "", opt->key);
        eb_err_hint(err, "'effbench help %s.%s'", opt->section, opt->key);
    }
}

void eb_build_blocks(eb_build *b)
{
    const eb_ini *ini = &b->ini;
    for (const eb_section_info *s = sections_of(b); s->section; s++)
        if (s->naming != EB_NAME_NEEDED)
            add_block(b, s, NULL, (eb_place){ .file = ini->file });
    size_t e = 0;
    for (size_t s = 0; s < ini->n_sections; s++) {
        int block = open_section(b, &ini->sections[s]);
        for (; e < ini->n && ini->entries[e].section_line == ini->sections[s].line; e++)
            if (block >= 0)
                take_entry(b, &b->blocks[block], &ini->entries[e]);
    }
    eb_build_sets(b);
    for (size_t i = 0; i < b->n; i++)
        check_required(b, &b->blocks[i]);
}

void eb_build_free(eb_build *b)
{
    for (size_t i = 0; i < b->n; i++) {
        for (int k = 0; k < b->blocks[i].n_slots; k++)
            eb_slot_clear(&b->blocks[i].slots[k]);
        free(b->blocks[i].slots);
        free(b->blocks[i].name);
    }
    free(b->blocks);
    for (int i = 0; b->set_files && i < b->n_sets; i++)
        free(b->set_files[i]);
    free(b->set_files);
    eb_ini_deinit(&b->ini);
}
