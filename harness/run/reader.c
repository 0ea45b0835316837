// SPDX-License-Identifier: Apache-2.0
#include "harness/run/reader.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

enum { SUSPEND_MARKS = 2 };

void eb_reader_init(eb_reader *r, eb_probe *probe, const eb_clock *clock, const eb_channel *channels)
{
    const eb_channel *own;
    int n = eb_probe_channels(probe, &own);
    *r = (eb_reader){ .probe = probe, .clock = *clock, .n = n, .fresh = true };
    r->judged = eb_alloc((size_t)n + 1);
    r->fastest_ns = eb_alloc((size_t)n * sizeof *r->fastest_ns + 1);
    r->slept = eb_alloc((size_t)n * sizeof *r->slept + 1);
    r->again = eb_alloc((size_t)n * sizeof *r->again + 1);
    for (int i = 0; i < n; i++) {
        r->judged[i] = channels[i].grade != EB_GRADE_NONE;
        r->fastest_ns[i] = channels[i].read_ns > 0 ? channels[i].read_ns : INT64_MAX / (2 * EB_READER_WIDE_TIMES);
    }
}

void eb_reader_deinit(eb_reader *r)
{
    free(r->judged);
    free(r->fastest_ns);
    free(r->slept);
    free(r->again);
    *r = (eb_reader){ 0 };
}

void eb_reader_begin(eb_reader *r)
{
    r->fresh = true;
    memset(r->slept, 0, (size_t)r->n * sizeof *r->slept);
    r->wide = 0;
}

static int64_t width_of(const eb_sample *s)
{
    return s->t_after_ns - s->t_before_ns;
}

static bool is_wide(const eb_reader *r, int i, const eb_sample *s)
{
    int64_t limit_ns = EB_READER_WIDE_TIMES * r->fastest_ns[i];
    return r->judged[i] && s->status == EB_SAMPLE_OK &&
           width_of(s) > (limit_ns > EB_READER_WIDE_NS ? limit_ns : EB_READER_WIDE_NS);
}

// What a read takes undisturbed: the least seen, drawn up slowly where reads stay above it.
static void learn(eb_reader *r, int i, const eb_sample *s)
{
    int64_t width_ns = width_of(s);
    if (s->status != EB_SAMPLE_OK)
        return;
    if (width_ns < r->fastest_ns[i])
        r->fastest_ns[i] = width_ns;
    else if (is_wide(r, i, s))
        r->fastest_ns[i] += r->fastest_ns[i] / 16 + 1;
}

static bool any_wide(const eb_reader *r, const eb_sample *samples)
{
    bool any = false;
    for (int i = 0; i < r->n; i++)
        any = any || is_wide(r, i, &samples[i]);
    return any;
}

// After the reading: a suspend may have come before it or behind it, hence two marks. A reading that fails bears none:
// drivers often fail right after the machine woke.
static void mark_suspend(eb_reader *r, eb_sample *samples)
{
    int64_t now_ns = r->clock.suspended_ns(&r->clock), more_ns = now_ns - r->suspended_ns;
    bool slept = !r->fresh && (more_ns > EB_SUSPEND_MIN_NS || more_ns < -EB_SUSPEND_MIN_NS);
    for (int i = 0; i < r->n; i++) {
        if (slept)
            r->slept[i] = SUSPEND_MARKS;
        if (r->slept[i] && samples[i].status == EB_SAMPLE_OK) {
            samples[i].status = EB_SAMPLE_SUSPENDED;
            r->slept[i]--;
        }
    }
    r->suspended_ns = now_ns;
    r->fresh = false;
}

void eb_reader_poll(eb_reader *r, eb_sample *out)
{
    eb_probe_read(r->probe, out);
    if (any_wide(r, out)) {
        eb_probe_read(r->probe, r->again);
        for (int i = 0; i < r->n; i++) {
            if (!is_wide(r, i, &out[i]))
                continue;
            learn(r, i, &out[i]);
            out[i] = r->again[i];
            if (is_wide(r, i, &out[i])) {
                out[i].status = EB_SAMPLE_MISSING;
                r->wide++;
            }
        }
    }
    for (int i = 0; i < r->n; i++)
        learn(r, i, &out[i]);
    mark_suspend(r, out);
}

static bool is_better(const eb_sample *a, const eb_sample *b)
{
    if ((a->status == EB_SAMPLE_OK) != (b->status == EB_SAMPLE_OK))
        return a->status == EB_SAMPLE_OK;
    return a->status == EB_SAMPLE_OK && width_of(a) < width_of(b);
}

void eb_reader_boundary(eb_reader *r, eb_sample *out)
{
    eb_probe_read(r->probe, out);
    for (int tries = 1; tries < EB_READER_TRIES; tries++) {
        bool good = true;
        for (int i = 0; i < r->n; i++)
            good = good && (!r->judged[i] || (out[i].status != EB_SAMPLE_MISSING && !is_wide(r, i, &out[i])));
        if (good)
            break;
        eb_probe_read(r->probe, r->again);
        for (int i = 0; i < r->n; i++)
            if ((out[i].status == EB_SAMPLE_MISSING || is_wide(r, i, &out[i])) && is_better(&r->again[i], &out[i]))
                out[i] = r->again[i];
    }
    for (int i = 0; i < r->n; i++)
        learn(r, i, &out[i]);
    mark_suspend(r, out);
}
