// SPDX-License-Identifier: Apache-2.0
// `effbench run --trials 3`: an option that there is not, and a key of a config that there is.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/option.h"
#include "harness/base/words.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/plan/plan.h"

enum { KEYS_MAX = 256, KEY_SIZE = 64 };

// "--max-time=3" -> "max_time".
static void key_of(const char *arg, char key[KEY_SIZE])
{
    arg += strspn(arg, "-");
    snprintf(key, KEY_SIZE, "%.*s", (int)strcspn(arg, "="), arg);
    for (char *c = key; *c; c++)
        *c = *c == '-' ? '_' : *c;
}

// The key of that name or, where none is, one that is nearly written so; NULL = neither.
static const char *find_key(const char *key)
{
    const char *keys[KEYS_MAX];
    int n = 0;
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *opt = *table; opt->section && n < KEYS_MAX; opt++) {
            if (!strcmp(opt->key, key))
                return opt->key;
            keys[n++] = opt->key;
        }
    return eb_nearest(key, keys, n);
}

// What --set takes for it: the value given with the option, where it is one for the key and needs no quotes.
static const char *value_for(const eb_option *opt, const char *arg, const char *next)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/%+-";
    const char *equals = strchr(arg, '='), *given = equals ? equals + 1 : next;
    eb_value ignored;
    eb_err err = { 0 };
    if (!given || !*given || strlen(given) > 60 || given[strspn(given, plain)])
        return "VALUE";
    if (!equals && opt->type == EB_OPTION_STRING && (*given == '-' || strpbrk(given, "/."))) // an option, the config
        return "VALUE";
    return eb_option_parse(opt, given, &ignored, &err) ? given : "VALUE";
}

static const char *name_of(const char *section)
{
    for (const eb_help_section *s = eb_help_sections; s->name; s++)
        if (!strcmp(s->name, section))
            return strstr(s->head, " NAME") ? ":NAME" : "";
    return "";
}

int eb_cmd_unknown_key(const char *command, const char *arg, const char *next, const char *const *known, size_t n)
{
    char key[KEY_SIZE], sets[400] = "";
    key_of(arg, key);
    const char *found = find_key(key);
    if (!found || (strcmp(found, key) != 0 && eb_cmd_near(arg, known, n)))
        return eb_cmd_unknown(command, arg, known, n);
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *opt = *table; opt->section; opt++)
            if (!strcmp(opt->key, found)) {
                char *set = eb_format("--set %s%s:%s=%s", opt->section, name_of(opt->section), opt->key,
                                      value_for(opt, arg, next));
                eb_words_add(sets, sizeof sets, " or ", set);
                free(set);
            }
    eb_err err;
    eb_err_set(&err, EB_USAGE, "%s: there is no option '%.60s'", command, arg);
    eb_err_hint(&err, strcmp(found, key) ? "did you mean the config's key %s? %s" : "%s is a key of the config: %s",
                found, sets);
    return eb_cmd_fail(&err);
}
