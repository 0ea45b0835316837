// SPDX-License-Identifier: Apache-2.0
// effbench.1, made from the tables of commands, options and metrics that the program itself goes by.
#include <stdio.h>
#include <string.h>

#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/plan/plan.h"
#include "harness/record/run.h"

// In the order of eb_code: what a program that calls this one goes by. Every command keeps to it.
static const struct {
    int status;
    const char *meaning;
} statuses[] = {
    { EB_OK, "success, or a gate that passed" },
    { EB_FAILED, "the run failed: input and output, memory, a full disk, a plan that changed under --resume" },
    { EB_USAGE, "command line, config, model or result folder: what the user can mend; an output folder that holds a "
                "run already, or a place for the output that cannot be made" },
    { EB_REGRESSION, "a gate found a regression" },
    { EB_INCONCLUSIVE, "a gate could not tell" },
    { EB_UNAVAILABLE, "a required measurement is not to be had, or the run is invalid" },
    { EB_SIGINT, "interrupted (SIGINT); what was finished is kept" },
    { EB_SIGTERM, "interrupted (SIGTERM); what was finished is kept" },
};

static const struct {
    const char *name, *meaning;
} variables[] = {
    { "EFFBENCH_SYSROOT", "the folder of --sysroot, where that is not given" },
    { "NO_COLOR", "no colours unless --color always" },
    { "XDG_CACHE_HOME",
      "where models made of shapes and the machine's ceilings are kept (effbench/ below it); else ~/.cache" },
};

// Text as roff sees nothing but text in it: no escapes, no requests at the start of a line, hyphens that can be copied.
static void put(const char *text)
{
    for (const char *p = text; *p; p++) {
        bool start = p == text || p[-1] == '\n';
        if (start && (*p == '.' || *p == '\''))
            fputs("\\&", stdout);
        if (*p == '\\')
            fputs("\\e", stdout);
        else if (*p == '-')
            fputs("\\-", stdout);
        else
            putchar(*p);
    }
}

static void put_line(const char *before, const char *text, const char *after)
{
    fputs(before, stdout);
    put(text);
    fputs(after, stdout);
}

static void put_term(const char *term, const char *meaning)
{
    put_line(".TP\n.B ", term, "\n");
    put_line("", meaning, "\n");
}

static void put_literal(const char *text)
{
    printf(".PP\n.nf\n");
    put(text);
    printf("%s.fi\n", *text && text[strlen(text) - 1] == '\n' ? "" : "\n");
}

static void put_commands(void)
{
    printf(".SH COMMANDS\n");
    for (const eb_command *const *c = eb_command_table; *c; c++) {
        bool full = !strncmp((*c)->synopsis, "effbench ", 9);
        if ((*c)->internal)
            continue;
        put_line(".SS ", (*c)->name, "\n");
        printf(".nf\n");
        put_line(full ? "" : "effbench ", (*c)->synopsis, "\n.fi\n");
        put_line(".PP\n", (*c)->doc, "\n");
        if ((*c)->help && (*c)->help[0])
            put_literal((*c)->help);
    }
}

static void put_options(void)
{
    printf(".SH CONFIG\n");
    put_literal(eb_help_grammar);
    for (const eb_help_section *s = eb_help_sections; s->name; s++) {
        put_line(".SS \"", s->head, "\"\n");
        put_line("", s->doc, "\n");
        for (const eb_option *const *table = eb_option_tables; *table; table++)
            for (const eb_option *opt = *table; opt->section; opt++)
                if (!strcmp(opt->section, s->name))
                    put_term(opt->key, opt->doc);
    }
}

static void put_metrics(void)
{
    printf(".SH METRICS\n");
    for (const eb_metric_def *m = eb_metric_table; m->key; m++) {
        put_line(".TP\n.BR ", m->key, "");
        if (m->unit && m->unit[0])
            put_line(" \" [", m->unit, "]\"");
        put_line("\n", m->doc, "\n");
    }
}

int eb_help_exit(void)
{
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        printf("  %3d  ", statuses[i].status);
        eb_cmd_wrap(statuses[i].meaning, 7, 0);
    }
    return EB_OK;
}

int eb_help_man(void)
{
    printf(".\\\" Made by `effbench help --format man`.\n"
           ".TH EFFBENCH 1 \"\" \"effbench %s\"\n"
           ".SH NAME\n"
           "effbench \\- what a token costs here, in milliseconds, joules and dollars\n"
           ".SH SYNOPSIS\n"
           ".B effbench\n"
           ".I COMMAND\n"
           "\\&...\n"
           ".SH DESCRIPTION\n",
           eb_version);
    put("Runs dense, mixture-of-experts, quantized and state-space language models on an engine of its own, measures "
        "the "
        "time and the energy of every token, and says what a million of them cost.\n");
    put_commands();
    put_options();
    put_metrics();
    printf(".SH WORDS\n");
    for (const eb_help_word *w = eb_help_words; w->word; w++)
        put_term(w->word, w->doc);
    printf(".SH EXIT STATUS\n");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        char status[16];
        snprintf(status, sizeof status, "%d", statuses[i].status);
        put_term(status, statuses[i].meaning);
    }
    printf(".SH ENVIRONMENT\n");
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        put_term(variables[i].name, variables[i].meaning);
    return EB_OK;
}
