// SPDX-License-Identifier: Apache-2.0
// What is known of a case once its model is open: facts of the file, fit for the workload, distance of its
// logits from the reference type's, the cold start. Done for every case before the first trial, so that
// a plan that cannot run fails at once.
#ifndef EB_RUN_FACTS_H
#define EB_RUN_FACTS_H

#include "harness/plan/plan.h"
#include "harness/record/run.h"

// The reference logits of the last model asked for; init with {0}.
typedef struct eb_reference {
    char path[512];
    uint64_t seed;
    int n_tok, vocab;
    float *logits;
} eb_reference;
void eb_reference_deinit(eb_reference *r);

eb_engine_config eb_case_engine_config(const eb_plan *plan, const eb_case *c);
// What the engine says of the model that it has open, of the file `path`.
void eb_facts_init(eb_case_facts *f, const eb_case *c, const char *path, const eb_engine *engine);

// Logits of the case's frozen tokens on the model at `reference_path` (kept in *ref) against those on `path`.
bool eb_facts_quality(const eb_plan *plan, const eb_case *c, const char *path, const char *reference_path,
                      eb_reference *ref, eb_case_facts *f, eb_err *err);

#endif
