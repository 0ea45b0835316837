// SPDX-License-Identifier: Apache-2.0
// The parts of `effbench model`. Private to harness/cmd.
#ifndef EB_CMD_MODEL_H
#define EB_CMD_MODEL_H

#include <stddef.h>
#include "harness/cmd/cmd.h"

// An option `--name VALUE` (or, value NULL, a flag) of a subcommand.
typedef struct eb_model_option {
    const char *name;
    const char **value;
    bool *flag;
} eb_model_option;

// Fills the options (which end with {0}) and up to `max` plain words; what is missing stays NULL.
// EB_OK, or EB_USAGE after printing.
int eb_model_args(int argc, char **argv, const eb_model_option *options, const char **words, int max);

// "1.443 M", "2.5 G": counts with the prefixes of the field; returns buf.
const char *eb_model_count(char *buf, size_t size, double n);

int eb_model_inspect(const eb_globals *globals, int argc, char **argv);
int eb_model_logits(const eb_globals *globals, int argc, char **argv);

#endif
