// SPDX-License-Identifier: Apache-2.0
#include "harness/record/lack.h"

#include <stdio.h>
#include "harness/base/units.h"

static const double ns_per_s = 1e9;

// The longest stretch of the window without a reading, which is why the window has no energy.
static void say_missing(const eb_trial_data *trial, int channel, char *buf, size_t size)
{
    static const char *const where[] = { "for the first %.3g s of its window", "for %.3g s inside its window",
                                         "in the last %.3g s of its window" };
    int64_t t0 = trial->info.t_start_ns, t1 = trial->info.t_end_ns, at = t0, longest = 0;
    int place = -1;
    bool seen = false; // readings of before and behind the window bound what is not known of it
    for (size_t i = 0; i < trial->n_power; i++) {
        const eb_sample *s = &trial->power[i].sample;
        if (trial->power[i].channel != channel || s->status == EB_SAMPLE_MISSING || s->status == EB_SAMPLE_GONE)
            continue;
        int64_t until = s->t_before_ns < t1 ? s->t_before_ns : t1;
        if (until - at > longest) {
            longest = until - at;
            place = at == t0 ? 0 : until == t1 ? 2 : 1;
        }
        at = s->t_after_ns > at ? s->t_after_ns : at;
        seen = true;
    }
    if (seen && t1 - at > longest) {
        longest = t1 - at;
        place = 2;
    }
    int used = snprintf(buf, size, "gave no reading ");
    if (place < 0 || longest >= t1 - t0)
        snprintf(buf + used, size - (size_t)used, "of its window");
    else
        snprintf(buf + used, size - (size_t)used, where[place], (double)longest / ns_per_s);
}

void eb_lack_say(const eb_trial_data *trial, int channel, eb_status status, char *buf, size_t size)
{
    static const char *const words[EB_SAMPLE_STATUS_COUNT] = {
        [EB_SAMPLE_RESET] = "was reset",
        [EB_SAMPLE_AMBIGUOUS] = "may have gone half round between two reads, so that wraps cannot be told (ambiguous)",
        [EB_SAMPLE_SUSPENDED] = "was suspended with the machine",
        [EB_SAMPLE_GONE] = "is gone",
        [EB_SAMPLE_STALLED] = "stood still for longer than it can while the machine is on",
    };
    if (status == EB_SAMPLE_MISSING && channel >= 0)
        say_missing(trial, channel, buf, size);
    else if (status == EB_SAMPLE_MISSING)
        snprintf(buf, size, "gave no reading of its window");
    else
        snprintf(buf, size, "%s",
                 (unsigned)status < EB_SAMPLE_STATUS_COUNT && words[status] ? words[status] : eb_status_name(status));
}

void eb_lack_of_trials(const char *what, int lacking, int n, char *buf, size_t size)
{
    snprintf(buf, size, "%s, in %d of %d trial%s", what, lacking, n, eb_s(n));
}
