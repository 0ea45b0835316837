// SPDX-License-Identifier: Apache-2.0
// The parts of `effbench help`. Private to harness/cmd.
#ifndef EB_CMD_HELP_H
#define EB_CMD_HELP_H

typedef struct eb_help_section {
    const char *name, *head, *doc; // "model", "[model NAME]", one sentence
} eb_help_section;
extern const eb_help_section eb_help_sections[]; // ends with {0}

extern const char eb_help_grammar[]; // how a config is written
int eb_help_markdown(void);          // docs/config.md on stdout
int eb_help_man(void);               // docs/effbench.1 on stdout
int eb_help_exit(void);              // what each exit status means
int eb_help_groups(const char *sysroot);

// Words of `text` on stdout, broken at the terminal's width, each line indented; the first line by `first`
// (0: the cursor is there already).
void eb_cmd_wrap(const char *text, int indent, int first);

#endif
