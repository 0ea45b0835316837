// SPDX-License-Identifier: Apache-2.0
// What is here: every source with its state, the channels of those that work, what of them makes up the total.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/cmd/probes.h"
#include "harness/record/domain.h"
#include "harness/run/calibrate.h"

// `auto` shows all there is; a list of the config is what a run will use.
static void leave_out_unwanted(eb_survey_source *src, const eb_probe_config *config)
{
    if (!config->sources || strcmp(config->sources, "auto") == 0 || eb_probe_wanted(src->ops, config))
        return;
    src->found = (eb_probe_detection){ .state = EB_PROBE_OFF, .reason = "not in [probes] sources" };
}

static void open_sources(eb_survey *s, const eb_probe_env *env)
{
    int n = 0;
    while (eb_probe_table[n])
        n++;
    s->sources = eb_alloc((size_t)(n + 1) * sizeof *s->sources);
    for (int i = 0; i < n; i++) {
        if (!eb_probe_applies(eb_probe_table[i], env->io))
            continue;
        eb_survey_source *src = &s->sources[s->n_sources++];
        src->ops = eb_probe_table[i];
        eb_probe_detect(src->ops, env, &src->found);
        leave_out_unwanted(src, env->config);
        if (!eb_probe_opens(&src->found))
            continue;
        eb_err err;
        eb_err_clear(&err);
        src->probe = eb_probe_open(src->ops, env, &err);
        if (!src->probe && eb_probe_works(&src->found)) { // it went away in between
            src->found.state = EB_PROBE_NO_DEVICE;
            snprintf(src->found.reason, sizeof src->found.reason, "%.*s", (int)sizeof src->found.reason - 1,
                     err.message);
            snprintf(src->found.remedy, sizeof src->found.remedy, "%s", err.hint);
        }
    }
}

// One flat list of channels with a reading of each, and what of it makes up the boundary's energy.
static void read_sources(eb_survey *s)
{
    for (int i = 0; i < s->n_sources; i++) {
        const eb_channel *channels;
        eb_survey_source *src = &s->sources[i];
        src->first = s->n_channels;
        src->n = src->probe ? eb_probe_channels(src->probe, &channels) : 0;
        if (src->n == 0)
            continue;
        size_t total = (size_t)s->n_channels + (size_t)src->n;
        s->channels = eb_realloc(s->channels, total, sizeof *s->channels);
        s->samples = eb_realloc(s->samples, total, sizeof *s->samples);
        memcpy(s->channels + s->n_channels, channels, (size_t)src->n * sizeof *channels);
        eb_probe_read(src->probe, s->samples + s->n_channels);
        s->n_channels += src->n;
    }
    s->counted = eb_alloc((size_t)(s->n_channels + 1) * sizeof *s->counted);
}

// Of the total: that of its weakest part.
static void count(eb_survey *s)
{
    eb_domain_count(s->channels, s->n_channels, s->boundary, s->counted, s->domains, sizeof s->domains, s->missing,
                    sizeof s->missing);
    eb_grade grade = EB_GRADE_COUNT;
    for (int i = 0; i < s->n_channels; i++)
        if (s->counted[i] && s->channels[i].grade < grade)
            grade = s->channels[i].grade;
    s->grade = grade == EB_GRADE_COUNT ? EB_GRADE_NONE : grade;
}

// What a source that works has to complain of.
static void note_trouble(eb_survey *s)
{
    for (int i = 0; i < s->n_sources; i++) {
        eb_survey_source *src = &s->sources[i];
        char why[sizeof src->found.reason];
        if (!src->probe || !eb_probe_trouble(src->probe, why, sizeof why))
            continue;
        src->found.state = EB_PROBE_PARTIAL;
        memcpy(src->found.reason, why, sizeof why);
    }
}

void eb_survey_open(eb_survey *s, eb_io *io, const eb_probe_config *config)
{
    eb_probe_env env = { io, config };
    *s = (eb_survey){ .io = io, .boundary = config->boundary };
    open_sources(s, &env);
    read_sources(s);
    note_trouble(s);
    count(s);
}

// A copy of another machine's files stands still as a whole. That says nothing of whether its counters count there.
static void forgive_still_copy(eb_survey *s)
{
    s->still = strcmp(s->io->kind, "real") != 0;
    for (int i = 0; i < s->n_channels; i++)
        s->still = s->still && s->channels[i].live != EB_LIVE_MOVES;
    for (int i = 0; s->still && i < s->n_channels; i++)
        s->channels[i].live = EB_LIVE_UNKNOWN;
}

void eb_survey_calibrate(eb_survey *s, int64_t limit_ns)
{
    eb_probe **probes = eb_alloc((size_t)s->n_sources * sizeof(void *) + 1);
    eb_calibrate_setup setup = { .io = s->io, .probes = probes, .limit_ns = limit_ns };
    for (int i = 0; i < s->n_sources; i++)
        if (s->sources[i].n > 0)
            probes[setup.n_probes++] = s->sources[i].probe;
    s->looked_ns = eb_calibrate(&setup, s->channels);
    free(probes);
    note_trouble(s);
    if (s->looked_ns > 0)
        forgive_still_copy(s);
    count(s);
}

void eb_survey_close(eb_survey *s)
{
    for (int i = 0; i < s->n_sources; i++)
        eb_probe_close(s->sources[i].probe);
    free(s->sources);
    free(s->channels);
    free(s->samples);
    free(s->counted);
}

bool eb_survey_is_energy(const eb_channel *c)
{
    return c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
}

static bool has_better(const eb_survey *s, int channel)
{
    for (int i = 0; i < s->n_channels; i++)
        if (s->counted[i] && eb_domain_same_piece(&s->channels[i], &s->channels[channel]))
            return true;
    return false;
}

// In whose place a channel counts, and why that does not itself.
static const char *counts_instead(const eb_survey *s, const eb_channel *c, char *buf, size_t size)
{
    const eb_channel *other = NULL;
    for (int i = 0; i < s->n_channels && c->duplicate && !other; i++)
        if (strcmp(s->channels[i].name, c->repeats) == 0)
            other = &s->channels[i];
    if (!other)
        return "yes";
    snprintf(buf, size, "yes: %s %s", other->name, other->live == EB_LIVE_DEAD ? "does not move" : "has not moved");
    return buf;
}

// Which of the channels that repeat each other is counted.
static const char *repeats_what(const eb_survey *s, const eb_channel *c, char *buf, size_t size)
{
    for (int i = 0; i < s->n_channels; i++)
        if (s->counted[i] && eb_domain_repeats(c, &s->channels[i])) {
            const char *how = c->domain == EB_DOMAIN_SYSTEM ? "may be in" : "repeats";
            snprintf(buf, size, "no: %s %s", how, s->channels[i].name);
            return buf;
        }
    return "no: repeats another";
}

const char *eb_survey_counts(const eb_survey *s, int channel, char *buf, size_t size)
{
    const eb_channel *c = &s->channels[channel];
    if (s->counted[channel])
        return counts_instead(s, c, buf, size);
    if (c->grade == EB_GRADE_NONE)
        return "no: cannot be read";
    if (c->live == EB_LIVE_DEAD)
        return "no: does not move";
    if (c->duplicate)
        return repeats_what(s, c, buf, size);
    if (c->domain == EB_DOMAIN_UNKNOWN)
        return "no: unknown kind";
    if (c->domain == EB_DOMAIN_CORE || c->domain == EB_DOMAIN_UNCORE)
        return "no: inside package";
    if (c->grade == EB_GRADE_ESTIMATE)
        return "no: measured instead";
    return has_better(s, channel) ? "no: a check of another" : "no: not this boundary";
}
