// SPDX-License-Identifier: Apache-2.0
#include "harness/run/faults.h"

#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "probes/probe.h"

typedef struct tally {
    size_t n, failed;
    int errnum;
    bool gone; // and did not come back
} tally;

void eb_faults_warn(const eb_channel *channels, int n_channels, const eb_power_row *rows, size_t n,
                    eb_warnings *warnings)
{
    tally *tallies = eb_alloc((size_t)n_channels * sizeof *tallies + 1);
    for (size_t i = 0; i < n; i++) {
        tally *t = &tallies[rows[i].channel];
        const eb_sample *s = &rows[i].sample;
        t->n++;
        t->gone = s->status == EB_SAMPLE_GONE;
        if (s->status == EB_SAMPLE_OK || !s->errnum)
            continue;
        t->failed++;
        t->errnum = s->errnum;
    }
    for (int c = 0; c < n_channels; c++) {
        const tally *t = &tallies[c];
        if (!t->failed || channels[c].grade == EB_GRADE_NONE)
            continue;
        const char *why = eb_probe_why(channels[c].source, t->errnum);
        if (t->gone)
            eb_warn(warnings, "%s has gone: %s", channels[c].name, why);
        else
            eb_warn(warnings, "%s: %zu of %zu reading%s failed: %s", channels[c].name, t->failed, t->n,
                    eb_s((long long)t->n), why);
    }
    free(tallies);
}
