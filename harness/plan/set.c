// SPDX-License-Identifier: Apache-2.0
// --set section[:name]:key=value. The part after the section is read as a line of a config would be.
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/plan/build.h"

typedef struct path {
    char *section, *name;   // name NULL = none
    size_t name_at, key_at; // byte offsets in the text
} path;

static void path_deinit(path *p)
{
    free(p->section);
    free(p->name);
}

// Splits what stands before '=' at its colons.
static bool split_path(eb_build *b, const char *text, eb_place place, path *out)
{
    size_t equals = strcspn(text, "="), first = strcspn(text, ":"), dot = strcspn(text, ".");
    *out = (path){ 0 };
    if (text[equals] == '\0') {
        place.column = (int)equals + 1;
        eb_err_hint(eb_complain(b, place, "there is no '='"), "write section[:name]:key=value");
        return false;
    }
    if (first >= equals) {
        place.column = 1;
        eb_err *err = eb_complain(b, place, "there is no section before the key");
        if (dot < equals)
            eb_err_hint(err, "write %.*s:%.100s", (int)dot, text, text + dot + 1);
        else
            eb_err_hint(err, "write section[:name]:key=value, such as run:trials=3");
        return false;
    }
    out->section = eb_strndup(text, first);
    out->key_at = first + 1;
    size_t second = out->key_at + strcspn(text + out->key_at, ":");
    if (second < equals) {
        out->name_at = out->key_at;
        out->name = eb_strndup(text + out->name_at, second - out->name_at);
        out->key_at = second + 1;
    }
    return true;
}

static eb_block *find_block(eb_build *b, const path *p, eb_place place)
{
    place.column = 1;
    bool named = eb_section_named(p->section);
    eb_block *block = eb_build_block(b, p->section, NULL);
    if (!named && !block) {
        eb_complain_section(b, place, p->section);
        return NULL;
    }
    if (named && !p->name) {
        eb_err_hint(eb_complain(b, place, "'%s' needs a name", p->section), "write %s:NAME:key=value", p->section);
        return NULL;
    }
    if (!named && p->name) {
        place.column = (int)p->name_at + 1;
        eb_err_hint(eb_complain(b, place, "'%s' takes no name", p->section), "write %s:key=value", p->section);
        return NULL;
    }
    block = eb_build_block(b, p->section, p->name);
    if (!block) {
        place.column = (int)p->name_at + 1;
        eb_complain_name(b, place, p->section, p->name);
    }
    return block;
}

// Errors of the line reader, moved to where the text stands in the flag.
static void move_errors(eb_build *b, eb_err_list *found, eb_place place, size_t offset)
{
    for (size_t i = 0; i < found->n; i++) {
        place.column = found->items[i].column + (int)offset;
        eb_err *err = eb_complain(b, place, "%s", found->items[i].message);
        eb_err_hint(err, "%s", found->items[i].hint);
    }
    eb_err_list_deinit(found);
}

static void assign(eb_build *b, eb_block *block, const eb_ini_entry *e, size_t offset, size_t line_len, eb_place place)
{
    eb_slot *slot = eb_block_slot(block, e->key);
    place.column = e->key_column + (int)offset;
    if (!slot) {
        eb_complain_key(b, place, block->section, e->key);
        return;
    }
    size_t value_end = (size_t)e->value_column - 1 + strlen(e->value);
    if (value_end < line_len) {
        place.column = (int)(value_end + offset) + 1;
        eb_err_hint(eb_complain(b, place, "what follows would be a comment"), "put the value into quotes");
        return;
    }
    place.column = e->value_column + (int)offset;
    eb_slot_assign(b, slot, e->value, place, EB_ORIGIN_FLAG);
}

static void take_set(eb_build *b, const char *text, eb_place place)
{
    path p;
    eb_err_list found = { 0 };
    eb_ini line = { 0 };
    eb_block *block = split_path(b, text, place, &p) ? find_block(b, &p, place) : NULL;
    if (block) {
        char *config = eb_format("[set]\n%s", text + p.key_at);
        size_t len = strlen(text + p.key_at);
        while (len && (text[p.key_at + len - 1] == ' ' || text[p.key_at + len - 1] == '\t'))
            len--;
        if (strchr(text, '\n'))
            eb_complain(b, place, "a line break in --set");
        else if (eb_ini_parse(place.file, config, strlen(config), &line, &found) && line.n == 1)
            assign(b, block, &line.entries[0], p.key_at, len, place);
        else if (found.n == 0)
            eb_err_hint(eb_complain(b, place, "there is no key"), "write section[:name]:key=value");
        move_errors(b, &found, place, p.key_at);
        eb_ini_deinit(&line);
        free(config);
    }
    path_deinit(&p);
}

void eb_build_sets(eb_build *b)
{
    b->set_files = eb_alloc((size_t)b->n_sets * sizeof *b->set_files);
    for (int i = 0; i < b->n_sets; i++) {
        b->set_files[i] = eb_format("--set %d", i + 1);
        take_set(b, b->sets[i], (eb_place){ .file = b->set_files[i], .column = 1, .text = b->sets[i] });
    }
}
