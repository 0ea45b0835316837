// SPDX-License-Identifier: Apache-2.0
// Subcommands: one file each, the only place that prints or exits. Results on stdout; progress,
// warnings and errors on stderr.
#ifndef EB_CMD_CMD_H
#define EB_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include "harness/base/error.h"

typedef struct eb_globals {
    const char *sysroot; // --sysroot or EFFBENCH_SYSROOT; NULL = the machine itself
    const char *format;  // --format; NULL = the command's default
    bool color;          // resolved for stdout
} eb_globals;

typedef struct eb_command {
    const char *name, *synopsis, *doc;
    // argv[0] is the command's name; global options are already taken out. Returns the exit status.
    int (*run)(const eb_globals *globals, int argc, char **argv);
    bool internal;    // called by the program itself: not listed
    const char *help; // the text of `effbench help NAME` below the synopsis
    // Options that take one value: given twice with different ones, it is an error. Ends with NULL; NULL = none.
    const char *const *once;
    // Of a command line of it with which `run` is not called, for what is wrong with it: what must not be left as it
    // is. NULL = nothing.
    void (*unstarted)(int argc, char **argv);
} eb_command;

extern const eb_command *const eb_command_table[]; // ends with NULL
extern const eb_command eb_cmd_run, eb_cmd_profile, eb_cmd_report, eb_cmd_compare, eb_cmd_check, eb_cmd_cost,
    eb_cmd_probes, eb_cmd_model, eb_cmd_import, eb_cmd_first_token, eb_cmd_help;
extern const char eb_version[];

// Prints the error and returns its exit status.
int eb_cmd_fail(const eb_err *err);
// Prints all of them and their number; returns the exit status of the first.
int eb_cmd_fail_all(const eb_err_list *errs);
// Usage error: one line and the pointer to help; returns EB_USAGE.
int eb_cmd_usage(const char *command, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

// The same for an option that is none of the command's (NULL = none of the program's): names the nearest of `known` and
// of the global ones.
int eb_cmd_unknown(const char *command, const char *arg, const char *const *known, size_t n);
const char *eb_cmd_near(const char *arg, const char *const *known, size_t n); // the nearest; NULL = none is near

// The same for a command that takes --set: a key of a config of about that name is shown as --set has it. `next`: the
// argument behind it, which may be its value; NULL = none.
int eb_cmd_unknown_key(const char *command, const char *arg, const char *next, const char *const *known, size_t n);

// Whether the run.json of `dir` is a newer program's; says so on stderr, and that it is left as it is where it would
// have been made again (`keep`).
bool eb_cmd_say_newer(const char *dir, bool keep);

// The report format of that name (NULL: the default); NULL after the message that there is none.
struct eb_report_ops;
const struct eb_report_ops *eb_cmd_report_format(const char *name);

// EB_OK, or EB_USAGE and said, where one of `once` has two values that differ. `command`: NULL = of the whole program.
int eb_cmd_once(const char *command, int argc, char **argv, const char *const *once);

// One option of a command line: `--name VALUE` or `--name=VALUE` at argv[*i]. Returns true when argv[*i] is that option
// and advances *i past the value; a missing value sets *value to NULL.
bool eb_cmd_option(int argc, char **argv, int *i, const char *name, const char **value);

#endif
