// SPDX-License-Identifier: Apache-2.0
// The metric groups that are built in, read once.
#include "probes/groups.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

static eb_groups builtin; // written once, under the lock of pthread_once

static void read_all(void)
{
    eb_err_list errs = { 0 };
    for (const eb_group_text *t = eb_group_texts; t->file; t++)
        eb_groups_read(&builtin, t->file, t->text, strlen(t->text), &errs);
    assert(errs.n == 0); // files of our own; test_groups reads every one
    eb_err_list_deinit(&errs);
}

const eb_groups *eb_groups_builtin(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, read_all);
    return &builtin;
}
