// SPDX-License-Identifier: Apache-2.0
// What `run --resume DIR` needs to know again: the config's text (DIR/config.ini) and the --set texts
// (DIR/sets.txt, one per line).
#ifndef EB_CMD_RESUME_H
#define EB_CMD_RESUME_H

#include "harness/base/error.h"
#include "harness/plan/plan.h"

typedef struct eb_resume {
    char *config; // path of DIR/config.ini
    char **sets;
    int n_sets;
} eb_resume;

bool eb_resume_save(const char *dir, const char *text, size_t len, const char *const *sets, int n_sets, eb_err *err);
// Takes back what save wrote, and the folder if it is empty then: for a run that never began.
void eb_resume_forget(const char *dir);
bool eb_resume_load(const char *dir, eb_resume *out, eb_err *err);
void eb_resume_deinit(eb_resume *r);
// The run in DIR came to its end, by this plan. One with max_time may have rounds left, and goes on.
bool eb_resume_complete(const char *dir, const eb_plan *plan);

#endif
