// SPDX-License-Identifier: Apache-2.0
// Sums the channels of a boundary over windows of one trial.
#include "harness/record/trial_energy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/domain.h"

void eb_live_count(const eb_header *header, const bool *dead, bool *counted, char *domains, size_t domains_size,
                   char *missing, size_t missing_size)
{
    int n = header->n_channels;
    eb_channel *channels = eb_alloc((size_t)n * sizeof *channels + 1);
    for (int i = 0; i < n; i++) {
        channels[i] = header->channels[i];
        if (dead && (dead[i] || channels[i].live == EB_LIVE_DEAD))
            channels[i].live = dead[i] ? EB_LIVE_DEAD : EB_LIVE_UNKNOWN;
    }
    eb_domain_count(channels, n, header->boundary, counted, domains, domains_size, missing, missing_size);
    free(channels);
}

// Rows come channel by channel in turn; each trace wants its own in one piece.
static void build_traces(eb_trial_energy *e, const eb_power_row *power, size_t n_power)
{
    size_t *start = eb_alloc(((size_t)e->n + 1) * sizeof *start);
    eb_sample *samples = eb_realloc(NULL, n_power + 1, sizeof *samples);
    for (size_t i = 0; i < n_power; i++)
        start[power[i].channel + 1]++;
    for (int c = 0; c < e->n; c++)
        start[c + 1] += start[c];
    size_t *next = eb_alloc(((size_t)e->n + 1) * sizeof *next);
    memcpy(next, start, ((size_t)e->n + 1) * sizeof *next);
    for (size_t i = 0; i < n_power; i++)
        samples[next[power[i].channel]++] = power[i].sample;
    for (int c = 0; c < e->n; c++)
        e->traces[c] = eb_trace_new(&e->header->channels[c], samples + start[c], start[c + 1] - start[c]);
    free(next);
    free(samples);
    free(start);
}

void eb_trial_energy_init(eb_trial_energy *e, const eb_header *header, const bool *dead, const eb_power_row *power,
                          size_t n_power)
{
    *e = (eb_trial_energy){ .header = header, .n = header->n_channels };
    e->traces = eb_alloc((size_t)e->n * sizeof(void *) + 1);
    e->counted = eb_alloc((size_t)e->n * sizeof *e->counted + 1);
    eb_live_count(header, dead, e->counted, NULL, 0, NULL, 0);
    build_traces(e, power, n_power);
}

void eb_trial_energy_deinit(eb_trial_energy *e)
{
    for (int c = 0; c < e->n; c++)
        eb_trace_free(e->traces[c]);
    free(e->traces);
    free(e->counted);
    *e = (eb_trial_energy){ 0 };
}

static bool is_counter(const eb_channel *c)
{
    return c->cumulative && c->quantity == EB_QUANTITY_ENERGY_UJ;
}

// A counter that stands still from end to end has not counted to zero: it has told nothing.
eb_energy eb_trial_energy_channel(const eb_trial_energy *e, int channel, int64_t t0_ns, int64_t t1_ns)
{
    eb_energy part = eb_trace_energy(e->traces[channel], t0_ns, t1_ns);
    if (part.status == EB_SAMPLE_OK && is_counter(&e->header->channels[channel]) &&
        !eb_trace_updates(e->traces[channel], INT64_MIN, INT64_MAX))
        part = eb_energy_unknown(EB_SAMPLE_STALLED);
    part.channel = channel;
    return part;
}

eb_energy eb_trial_energy_window(const eb_trial_energy *e, int64_t t0_ns, int64_t t1_ns)
{
    eb_energy sum = { .grade = EB_GRADE_COUNT, .channel = -1 };
    for (int c = 0; c < e->n; c++) {
        if (!e->counted[c])
            continue;
        eb_energy part = eb_trial_energy_channel(e, c, t0_ns, t1_ns);
        eb_energy_add(&sum, &part);
    }
    if (sum.grade == EB_GRADE_COUNT)
        sum.status = EB_SAMPLE_MISSING;
    if (sum.status == EB_SAMPLE_OK)
        return sum;
    eb_energy none = eb_energy_unknown(sum.status);
    none.channel = sum.channel;
    return none;
}

size_t eb_trial_energy_updates(const eb_trial_energy *e, int64_t t0_ns, int64_t t1_ns)
{
    size_t fewest = SIZE_MAX;
    for (int c = 0; c < e->n; c++) {
        if (!e->counted[c])
            continue;
        size_t n = eb_trace_updates(e->traces[c], t0_ns, t1_ns);
        if (n < fewest)
            fewest = n;
    }
    return fewest == SIZE_MAX ? 0 : fewest;
}

eb_grade eb_trial_energy_grade(const eb_trial_energy *e)
{
    eb_grade grade = EB_GRADE_COUNT;
    for (int c = 0; c < e->n; c++)
        if (e->counted[c] && e->header->channels[c].grade < grade)
            grade = e->header->channels[c].grade;
    return grade == EB_GRADE_COUNT ? EB_GRADE_NONE : grade;
}
