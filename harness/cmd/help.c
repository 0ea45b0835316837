// SPDX-License-Identifier: Apache-2.0
// `effbench help`: everything it says comes from the tables of commands, options and metrics.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/term.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/plan/plan.h"
#include "harness/record/run.h"

const eb_help_section eb_help_sections[] = {
    { "run", "[run]", "How the run goes: trials, stop rule, engine, threads." },
    { "model", "[model NAME]", "A model and the weight types it is run in. One section per model." },
    { "workload", "[workload NAME]", "What is done with the models. Lists span a grid of cases." },
    { "probes", "[probes]", "What is measured and how often." },
    { "cost", "[cost]",
      "Prices, tariffs and carbon intensities, each with its source and date; there are none built in." },
    { "slo", "[slo]", "Limits that a request must meet to count towards goodput." },
    { "null", "[null]",
      "The script of `engine = null`: times, watts, noise, drift and steps on a virtual clock. Nothing is computed and "
      "nothing measured." },
    { 0 },
};

static const eb_command *find_command(const char *name)
{
    for (const eb_command *const *c = eb_command_table; *c; c++)
        if (!strcmp((*c)->name, name))
            return *c;
    return NULL;
}

static const eb_help_section *find_section(const char *name)
{
    for (const eb_help_section *s = eb_help_sections; s->name; s++)
        if (!strcmp(s->name, name))
            return s;
    return NULL;
}

// ---- pages ----

static int help_overview(void)
{
    printf("effbench: what a token costs here, in milliseconds, joules and dollars\n"
           "usage: effbench COMMAND ...\n\n");
    for (const eb_command *const *c = eb_command_table; *c; c++)
        if (!(*c)->internal)
            printf("  %-10s %s\n", (*c)->name, (*c)->doc);
    printf("\nstart with:\n"
           "  effbench run configs/edge.ini       run four kinds of model, print the table\n"
           "  effbench probes                     what can be measured on this machine\n"
           "\n"
           "more help:\n"
           "  effbench help COMMAND               a command's arguments\n"
           "  effbench help config|SECTION[.KEY]  how a config is written; the keys of a section; one key\n"
           "  effbench help metrics               what the figures mean; `help groups`: those of operators\n"
           "  effbench help WORD                  what a word in the tables means, as TTFT; `help words`: all\n"
           "  effbench help exit                  what an exit status means\n"
           "\n"
           "everywhere: --sysroot DIR, --format F, --color WHEN, --debug TOPICS, --version, --help (`help help`)\n");
    return EB_OK;
}

static void help_command(const eb_command *c)
{
    bool full = !strncmp(c->synopsis, "effbench ", 9);
    printf("usage: %s%s\n\n%s\n", full ? "" : "effbench ", c->synopsis, c->doc);
    if (c->help && c->help[0])
        printf("\n%s%s", c->help, c->help[strlen(c->help) - 1] == '\n' ? "" : "\n");
}

static void help_section(const eb_help_section *s)
{
    printf("%s\n", s->head);
    eb_cmd_wrap(s->doc, 2, 2);
    for (const eb_option *const *table = eb_option_tables; *table; table++) {
        for (const eb_option *opt = *table; opt->section; opt++) {
            if (strcmp(opt->section, s->name) != 0)
                continue;
            printf("\n  %s%s%s%s\n", opt->key, opt->def ? " = " : "", opt->def ? opt->def : "",
                   opt->flags & EB_OPTION_REQUIRED ? "  (required)" : "");
            eb_cmd_wrap(opt->doc, 6, 6);
        }
    }
    printf("\n'effbench help %s.KEY' has a key's type, range and values.\n", s->name);
}

static int help_config(void)
{
    fputs(eb_help_grammar, stdout);
    printf("\nsections\n");
    for (const eb_help_section *s = eb_help_sections; s->name; s++) {
        printf("  %-16s ", s->head);
        eb_cmd_wrap(s->doc, 19, 0);
    }
    printf("\n'effbench help SECTION' lists the keys of a section.\n");
    return EB_OK;
}

static int help_metric(const eb_metric_def *m)
{
    static const char *const better[] = { "less is better", "", "more is better" };
    printf("%s  [%s]%s%s\n", m->key, m->unit && m->unit[0] ? m->unit : "-", m->better ? "  " : "",
           better[m->better + 1]);
    eb_cmd_wrap(m->doc, 4, 4);
    return EB_OK;
}

static int help_metrics(void)
{
    for (const eb_metric_def *m = eb_metric_table; m->key; m++)
        help_metric(m);
    return EB_OK;
}

// ---- finding the page ----

static int help_option(const char *topic)
{
    const char *dot = strchr(topic, '.');
    char section[32];
    snprintf(section, sizeof section, "%.*s", (int)(dot - topic), topic);
    const eb_option *opt = eb_option_find(section, dot + 1);
    if (opt) {
        char *text = eb_option_help(opt);
        fputs(text, stdout);
        free(text);
        return EB_OK;
    }
    eb_err err;
    const char *keys[128] = { 0 }, *near = NULL;
    int n = 0;
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *o = *table; o->section; o++)
            if (!strcmp(o->section, section) && n < 128)
                keys[n++] = o->key;
    if (n == 0) {
        eb_err_set(&err, EB_USAGE, "there is no section '%s'", section);
        eb_err_hint(&err, "effbench help config");
        return eb_cmd_fail(&err);
    }
    near = eb_nearest(dot + 1, keys, n);
    eb_err_set(&err, EB_USAGE, "there is no key '%.60s' in [%s]", dot + 1, section);
    if (near)
        eb_err_hint(&err, "did you mean 'effbench help %s.%s'?", section, near);
    else
        eb_err_hint(&err, "'effbench help %s' lists the keys", section);
    return eb_cmd_fail(&err);
}

// The first section that has a key of that name; NULL = none.
static const char *section_of_key(const char *key)
{
    for (const eb_option *const *table = eb_option_tables; *table; table++)
        for (const eb_option *o = *table; o->section; o++)
            if (!strcmp(o->key, key))
                return o->section;
    return NULL;
}

typedef struct names {
    char **items;
    int n, cap;
} names;

static void add_name(names *to, const char *name, size_t len)
{
    EB_GROW(to->items, to->n, to->cap);
    to->items[to->n++] = eb_strndup(name, len);
}

// Everything that `help` takes, but keys and metrics.
static names all_topics(void)
{
    static const char *const own[] = { "config", "metrics", "groups", "words", "exit" };
    names all = { 0 };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        add_name(&all, own[i], strlen(own[i]));
    for (const eb_command *const *c = eb_command_table; *c; c++)
        if (!(*c)->internal)
            add_name(&all, (*c)->name, strlen((*c)->name));
    for (const eb_help_section *s = eb_help_sections; s->name; s++)
        add_name(&all, s->name, strlen(s->name));
    for (const eb_help_word *w = eb_help_words; w->word; w++) {
        add_name(&all, w->word, strlen(w->word));
        for (const char *also = w->also; *also; also += strspn(also, ", ")) {
            size_t len = strcspn(also, ",");
            if (len > 2) // (a mark is near to anything)
                add_name(&all, also, len);
            also += len;
        }
    }
    return all;
}

// The first command whose help has a line of that option; NULL = none.
static const char *command_of_option(const char *option)
{
    size_t len = strlen(option);
    for (const eb_command *const *c = eb_command_table; *c; c++)
        for (const char *at = (*c)->help; option[0] == '-' && at && (at = strstr(at, option)); at += len)
            if (at >= (*c)->help + 2 && at[-1] == ' ' && at[-2] == ' ' && strchr(" ,=\n", at[len]))
                return (*c)->name;
    return NULL;
}

static int unknown_topic(const char *topic)
{
    const char *owner = command_of_option(topic);
    names all = all_topics();
    const char *near = eb_nearest(topic, (const char *const *)all.items, all.n), *section = section_of_key(topic);
    eb_err err;
    eb_err_set(&err, EB_USAGE, "there is no help on '%.60s'", topic);
    if (owner)
        eb_err_hint(&err, "did you mean 'effbench help %s %s'?", owner, topic);
    else if (section)
        eb_err_hint(&err, "did you mean 'effbench help %s.%s'?", section, topic);
    else if (near && topic[0] != '-')
        eb_err_hint(&err, strpbrk(near, " $") ? "did you mean effbench help '%s'?" : "did you mean 'effbench help %s'?",
                    near);
    else
        eb_err_hint(&err, "`effbench help` lists topics, `effbench help words` the words of the tables");
    for (int i = 0; i < all.n; i++)
        free(all.items[i]);
    free(all.items);
    return eb_cmd_fail(&err);
}

// Of a command's help the lines of one word, as `make` of model or `--out` of run. False: there are none.
static bool help_part(const eb_command *c, const char *word)
{
    size_t len = strlen(word);
    bool inside = false, any = false;
    for (const char *line = c->help ? c->help : "", *next; *line; line = next) {
        next = line + strcspn(line, "\n");
        next += *next == '\n';
        size_t indent = strspn(line, " ");
        if (indent <= 2)
            inside = indent == 2 && !strncmp(line + 2, word, len) && strchr(" ,=\n", line[2 + len]);
        if (inside && !any)
            printf("effbench %s\n", c->name);
        if (inside)
            printf("%.*s", (int)(next - line), line);
        any |= inside;
    }
    return any;
}

static int help_within(const eb_command *command, const char *word)
{
    if (help_part(command, word))
        return EB_OK;
    return eb_cmd_usage(command->name, "has no '%.60s'", word);
}

static int help_topic(const eb_globals *globals, const char *topic)
{
    const eb_command *command = find_command(topic);
    const eb_help_section *section = find_section(topic);
    if (!strcmp(topic, "config"))
        return help_config();
    if (!strcmp(topic, "metrics"))
        return help_metrics();
    if (!strcmp(topic, "groups"))
        return eb_help_groups(globals->sysroot);
    if (!strcmp(topic, "exit"))
        return eb_help_exit();
    if (!strcmp(topic, "words"))
        return eb_help_all_words();
    for (const eb_metric_def *m = eb_metric_table; m->key; m++)
        if (!strcmp(topic, m->key))
            return help_metric(m);
    if (!command && !section && eb_help_word_print(topic)) {
        const char *of = section_of_key(topic);
        if (of)
            printf("\n'effbench help %s.%s' has the key of that name.\n", of, topic);
        return EB_OK;
    }
    if (!command && !section)
        return strchr(topic, '.') ? help_option(topic) : unknown_topic(topic);
    if (command)
        help_command(command);
    if (command && section)
        printf("\n");
    if (section)
        help_section(section);
    return EB_OK;
}

// `help good tok/s`: a word of several words needs no quotes.
static int help_words(const eb_globals *globals, int n, char **words)
{
    char *topic = eb_strdup(words[0]);
    for (int i = 1; i < n; i++) {
        char *longer = eb_format("%s %s", topic, words[i]);
        free(topic);
        topic = longer;
    }
    int rc = help_topic(globals, topic);
    free(topic);
    return rc;
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    const eb_command *command = argc > 2 ? find_command(argv[1]) : NULL;
    static const struct {
        const char *name;
        int (*print)(void);
    } forms[] = { { "md", eb_help_markdown }, { "man", eb_help_man } };
    int (*whole)(void) = NULL;
    for (size_t i = 0; globals->format && i < sizeof forms / sizeof *forms; i++)
        whole = strcmp(forms[i].name, globals->format) ? whole : forms[i].print;
    if (globals->format && !whole && strcmp(globals->format, "term") != 0)
        return eb_cmd_usage("help", "there is no format '%.40s'; formats: term, md, man", globals->format);
    if (command && argc > 3)
        return eb_cmd_usage("help", "one topic at a time, not also '%.60s'", argv[3]);
    if (whole && argc >= 2)
        return eb_cmd_usage("help", "--format %s prints everything: leave '%.60s' out", globals->format, argv[1]);
    if (whole)
        return whole();
    if (command)
        return help_within(command, argv[2]);
    return argc >= 2 ? help_words(globals, argc - 1, argv + 1) : help_overview();
}

const eb_command eb_cmd_help = {
    .name = "help",
    .synopsis = "help [COMMAND [PART] | SECTION | SECTION.KEY | METRIC | WORD] [--format term|md|man]",
    .doc = "explain a command, a config key, a metric or a word of the tables",
    .run = run,
    .help = "  COMMAND        its arguments; COMMAND PART: one of them, as `help model quantize`,\n"
            "                 `help run --out`\n"
            "  SECTION        the keys of a section of a config: run, model, workload, probes, cost, slo,\n"
            "                 null\n"
            "  SECTION.KEY    one key: type, range, default, values\n"
            "  config         how a config is written\n"
            "  metrics        every metric with its unit and definition\n"
            "  WORD           a word that the tables use, as TTFT, goodput, grade; `words` has all of them\n"
            "  groups         metric groups of a profile: formulas, and which events count here\n"
            "  exit           what each exit status means\n"
            "  --format md    all options as markdown (docs/config.md)\n"
            "  --format man   everything as a manual page (docs/effbench.1)\n"
            "\n"
            "  everywhere:\n"
            "  --sysroot DIR  read /sys and /proc below DIR, never the machine's own (or EFFBENCH_SYSROOT)\n"
            "  --format F     output form; each command's help lists its own\n"
            "  --color WHEN   auto, always or never; NO_COLOR, TERM=dumb and a pipe turn `auto` off\n"
            "  --debug TOPICS debug text on stderr: a comma list of plan, journal, metrics, plots, or all\n"
            "  --version      the program's version\n"
            "  --help         help on the command\n",
};
