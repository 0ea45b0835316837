// SPDX-License-Identifier: Apache-2.0
// Any bytes as a gate's history: refused with its line, or read and compared with.
#define _GNU_SOURCE 1 // memfd_create
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/base/mem.h"
#include "harness/record/gate_history.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// One case with one metric, as the seeds have them.
static eb_check *check_of(void)
{
    eb_check_options options;
    eb_check_options_default(&options);
    eb_check *c = eb_check_new(&options, "a", "b");
    c->cases = eb_alloc(sizeof *c->cases);
    c->n_cases = 1;
    c->cases[0].id = eb_strdup("m");
    c->cases[0].cand_id = eb_strdup("m");
    c->cases[0].metrics = eb_alloc(sizeof *c->cases[0].metrics);
    c->cases[0].n_metrics = 1;
    c->cases[0].metrics[0] = (eb_check_metric){
        .key = "itl_ns", .unit = "ns", .more_is_worse = true, .gated = true, .base_median = 12, .cand_median = 13
    };
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("history", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    eb_history h;
    eb_err err;
    eb_err_clear(&err);
    if (eb_history_read(path, &h, &err)) {
        eb_check *c = check_of();
        eb_history_compare(&h, c, true);
        for (int i = 0; i < c->n_trends; i++)
            if (c->trends[i].n < 1 || c->trends[i].n > c->trends[i].n_all || isnan(c->trends[i].change_frac))
                abort();
        eb_check_free(c);
        eb_history_deinit(&h);
    } else if (!err.message[0]) {
        abort();
    }
    close(fd);
    return 0;
}
