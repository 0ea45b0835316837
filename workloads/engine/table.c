// SPDX-License-Identifier: Apache-2.0
// The engines of this build and the options they are opened with.
#include <string.h>

#include "workloads/engine/engine.h"
#include "workloads/engine/native/native.h"
#include "workloads/engine/null/null.h"

const eb_engine_ops *const eb_engine_table[] = { &eb_engine_native, &eb_engine_null, NULL };

const eb_engine_ops *eb_engine_find(const char *name)
{
    for (const eb_engine_ops *const *e = eb_engine_table; *e; e++)
        if (strcmp((*e)->name, name) == 0)
            return *e;
    return NULL;
}

static const eb_choice engines[] = {
    { "native", "the reference engine: GGUF files on this machine's CPU" },
    { "null", "a script on a virtual clock ([null] states times and watts): to try a pipeline dry" },
    { 0 },
};

// In the order of eb_kv_type.
static const eb_choice kv_types[] = {
    { "f32", "exact, twice the memory and traffic" },
    { "f16", "what most engines use" },
    { 0 },
};

const eb_option eb_engine_options[] = {
    { .section = "run",
      .key = "engine",
      .type = EB_OPTION_ENUM,
      .def = "native",
      .choices = engines,
      .doc = "What runs the models. Its instruction set is the best that this machine allows, or the one that the "
             "environment variable EFFBENCH_ISA names (scalar, avx2, avxvnni, avx512, avx512vnni, amx, neon, neondot, "
             "neoni8mm); "
             "the result says which." },
    { .section = "run",
      .key = "threads",
      .type = EB_OPTION_INT,
      .unit = "threads",
      .min = 0,
      .max = 1024,
      .def = "0",
      .doc = "Threads that compute. 0 = as many as there are CPUs that this process may use and its control groups pay "
             "for. The tokens that come out do not depend on it." },
    { .section = "run",
      .key = "affinity",
      .type = EB_OPTION_BOOL,
      .def = "no",
      .doc = "Keep thread i on the i-th CPU that this process may use." },
    { .section = "run",
      .key = "kv",
      .type = EB_OPTION_ENUM,
      .def = "f16",
      .choices = kv_types,
      .doc = "Element type of the KV cache. The state of a state space model is f32 whatever this says." },
    { 0 },
};
