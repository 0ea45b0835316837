// SPDX-License-Identifier: Apache-2.0
// The workloads there are, and the options that all of them take.
#include <string.h>

#include "workloads/workload_impl.h"

static const eb_choice kinds[] = {
    { "dense", "a transformer whose every weight takes part in every token" },
    { "moe", "a mixture of experts: a router picks some of them for each token" },
    { "ssm", "a state-space model: a state of fixed size instead of a growing cache" },
    { "quantized", "any model, with each type's logits compared with the reference type's" },
    { 0 },
};

enum { TOKENS_MAX = 1 << 20 };

const eb_option eb_workload_options[] = {
    { .section = "workload",
      .key = "kind",
      .type = EB_OPTION_ENUM,
      .choices = kinds,
      .flags = EB_OPTION_REQUIRED,
      .doc = "What is run. dense, moe and ssm refuse a model of another family." },
    { .section = "workload",
      .key = "model",
      .type = EB_OPTION_STRING,
      .flags = EB_OPTION_LIST,
      .doc = "Names of the [model NAME] sections to run; left out, all that the kind fits." },
    { .section = "workload",
      .key = "prompt",
      .type = EB_OPTION_INT,
      .unit = "tok",
      .min = 1,
      .max = TOKENS_MAX,
      .def = "128",
      .flags = EB_OPTION_LIST,
      .doc = "Prompt length." },
    { .section = "workload",
      .key = "output",
      .type = EB_OPTION_INT,
      .unit = "tok",
      .min = 1,
      .max = TOKENS_MAX,
      .def = "32",
      .flags = EB_OPTION_LIST,
      .doc = "Tokens generated for each sequence, exactly: generation does not stop early." },
    { .section = "workload",
      .key = "batch",
      .type = EB_OPTION_INT,
      .unit = "sequences",
      .min = 1,
      .max = 256,
      .def = "1",
      .flags = EB_OPTION_LIST,
      .doc = "Sequences submitted together." },
    { .section = "workload",
      .key = "depth",
      .type = EB_OPTION_INT,
      .unit = "tok",
      .min = 0,
      .max = TOKENS_MAX,
      .def = "0",
      .flags = EB_OPTION_LIST,
      .doc = "Context that is there before the prompt, put there outside of the measured window." },
    { .section = "workload",
      .key = "threads",
      .type = EB_OPTION_INT,
      .unit = "threads",
      .min = 0,
      .max = 1024,
      .def = "0",
      .flags = EB_OPTION_LIST,
      .doc = "Threads of the engine; 0 = as run.threads says." },
    { .section = "workload",
      .key = "temperature",
      .type = EB_OPTION_FLOAT,
      .min = 0,
      .max = 10,
      .def = "0",
      .doc = "Sampling temperature; 0 picks the most likely token each time (greedy)." },
    { .section = "workload",
      .key = "top_k",
      .type = EB_OPTION_INT,
      .unit = "tokens",
      .min = 0,
      .max = TOKENS_MAX,
      .def = "0",
      .doc = "Sample among the k most likely tokens only; 0 = off. Needs a temperature above 0." },
    { .section = "workload",
      .key = "top_p",
      .type = EB_OPTION_FLOAT,
      .unit = "fraction",
      .min = 0.000001,
      .max = 1,
      .def = "1",
      .doc = "Sample among the most likely tokens that together reach p; 1 = off. Needs a temperature above 0." },
    { .section = "workload",
      .key = "eval_tokens",
      .type = EB_OPTION_INT,
      .unit = "tok",
      .min = 2,
      .max = 1024,
      .def = "128",
      .doc = "quantized: tokens on which a type's logits are compared with the reference type's." },
    { .section = "workload",
      .key = "reference",
      .type = EB_OPTION_STRING,
      .def = "f16",
      .doc = "quantized: the type whose logits are taken as right." },
    { 0 },
};

const eb_workload_ops *const eb_workload_table[] = {
    &eb_workload_dense, &eb_workload_moe, &eb_workload_ssm, &eb_workload_quantized, NULL,
};

const eb_workload_ops *eb_workload_find(const char *name)
{
    for (const eb_workload_ops *const *w = eb_workload_table; *w; w++)
        if (!strcmp((*w)->name, name))
            return *w;
    return NULL;
}
