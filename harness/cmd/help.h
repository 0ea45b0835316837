// SPDX-License-Identifier: Apache-2.0
// The parts of `effbench help`. Private to harness/cmd.
#ifndef EB_CMD_HELP_H
#define EB_CMD_HELP_H

#include <stdbool.h>

typedef struct eb_help_section {
    const char *name, *head, *doc; // "model", "[model NAME]", one sentence
} eb_help_section;
extern const eb_help_section eb_help_sections[]; // ends with {0}

typedef struct eb_help_word {
    const char *word, *also, *doc; // as tables write it; a comma list of other words for it, ""; a sentence or two
} eb_help_word;
extern const eb_help_word eb_help_words[]; // ends with {0}
bool eb_help_word_print(const char *word); // false: there is none; case does not count
int eb_help_all_words(void);

extern const char eb_help_grammar[]; // how a config is written
int eb_help_markdown(void);          // docs/config.md on stdout
int eb_help_man(void);               // docs/effbench.1 on stdout
int eb_help_exit(void);              // what each exit status means
int eb_help_groups(const char *sysroot);

// Words of `text` on stdout, broken at the terminal's width, each line indented; the first line by `first`
// (0: the cursor is there already).
void eb_cmd_wrap(const char *text, int indent, int first);

#endif
