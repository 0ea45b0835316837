// SPDX-License-Identifier: Apache-2.0
// A machine on a tape, for the unit tests of sources: say what its files hold and when, open one source on it, read
// that at chosen times.
#ifndef EB_TESTS_PROBE_TAPE_H
#define EB_TESTS_PROBE_TAPE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/mem.h"
#include "harness/record/domain.h"
#include "probes/probe_impl.h"

typedef struct tape {
    char text[65536];
    eb_io io;
    eb_probe_config config;
    eb_probe_env env;
    eb_probe_detection found;
    eb_probe *probe;
    const eb_channel *channels;
    int n;
    eb_sample samples[64];
} tape;

static inline tape *tape_new(void)
{
    return eb_alloc(sizeof(tape));
}

static inline void tape_say(tape *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static inline void tape_say(tape *t, const char *fmt, ...)
{
    size_t used = strlen(t->text);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(t->text + used, sizeof t->text - used, fmt, args);
    va_end(args);
    assert_true(n >= 0 && used + (size_t)n < sizeof t->text);
}

// Nothing of it can be read: it does not open, or shows what lacks, without a grade and with the reason.
static inline bool reads_nothing(const eb_probe *probe)
{
    for (int i = 0; probe && i < probe->n; i++)
        if (!strstr(probe->channels[i].note, "cannot be read: ") || probe->channels[i].grade != EB_GRADE_NONE)
            return false;
    return true;
}

// Detects and opens; what is then found must be `want`, with the text `reason` in what it says.
static inline void tape_open(tape *t, const eb_probe_ops *ops, eb_probe_state want, const char *reason)
{
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(t->text, &t->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&t->config);
    t->env = (eb_probe_env){ &t->io, &t->config };
    eb_probe_detect(ops, &t->env, &t->found);
    if (t->found.state != want || !strstr(t->found.reason, reason) || (want != EB_PROBE_OK && !t->found.reason[0]))
        fail_msg("state %s: %s", eb_probe_state_name(t->found.state), t->found.reason);
    t->probe = eb_probe_open(ops, &t->env, &err);
    assert_true(eb_probe_works(&t->found) ? t->probe && !reads_nothing(t->probe) : reads_nothing(t->probe));
    assert_true(t->probe ? eb_probe_opens(&t->found) : err.code == EB_UNAVAILABLE);
    t->n = t->probe ? eb_probe_channels(t->probe, &t->channels) : 0;
    assert_true(t->n <= 64);
}

static inline int tape_find(const tape *t, const char *name)
{
    for (int i = 0; i < t->n; i++)
        if (strcmp(t->channels[i].name, name) == 0)
            return i;
    return -1;
}

static inline const eb_channel *tape_channel(const tape *t, const char *name)
{
    int i = tape_find(t, name);
    if (i < 0)
        fail_msg("no channel %s", name);
    return &t->channels[i];
}

static inline void tape_read(tape *t, int64_t t_ns)
{
    t->io.clock.sleep_until_ns(&t->io.clock, t_ns);
    eb_probe_read(t->probe, t->samples);
}

static inline const eb_sample *tape_sample(const tape *t, const char *name)
{
    tape_channel(t, name);
    return &t->samples[tape_find(t, name)];
}

// The value of a channel now, which must have one.
static inline uint64_t tape_raw(const tape *t, const char *name)
{
    const eb_sample *s = tape_sample(t, name);
    if (s->status != EB_SAMPLE_OK)
        fail_msg("%s: %s", name, eb_status_name(s->status));
    return s->raw;
}

// The sum of what counts inside a boundary, in raw steps; all of it must have been read.
static inline uint64_t tape_total(const tape *t, eb_boundary boundary, const char *domains, const char *missing)
{
    char got_domains[256], got_missing[128];
    bool counted[64];
    uint64_t sum = 0;
    eb_domain_count(t->channels, t->n, boundary, counted, got_domains, sizeof got_domains, got_missing,
                    sizeof got_missing);
    if (strcmp(got_domains, domains) != 0 || strcmp(got_missing, missing) != 0)
        fail_msg("%s: '%s', missing '%s'", eb_boundary_name(boundary), got_domains, got_missing);
    for (int i = 0; i < t->n; i++)
        if (counted[i])
            sum += tape_raw(t, t->channels[i].name);
    return sum;
}

// It has none, for this reason, and nothing that could be taken for one.
static inline void tape_expect_status(const tape *t, const char *name, eb_status status)
{
    const eb_sample *s = tape_sample(t, name);
    if (s->status != status || s->raw != 0)
        fail_msg("%s: %s, raw %llu", name, eb_status_name(s->status), (unsigned long long)s->raw);
}

static inline void tape_free(tape *t)
{
    eb_probe_close(t->probe);
    eb_io_deinit(&t->io);
    free(t);
}

#endif
