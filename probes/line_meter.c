// SPDX-License-Identifier: Apache-2.0
#include "probes/line_meter.h"

#include <errno.h>
#include <stdio.h>
#include "harness/base/units.h"

enum { FIRST_READINGS = 2 };
static const int64_t nap_ns = 5000000;

static void on_line(void *arg, const char *text, size_t len, bool cut, int64_t came_ns)
{
    eb_line_meter *m = arg;
    pthread_mutex_lock(&m->lock);
    m->line(m, text, len, cut, came_ns);
    pthread_mutex_unlock(&m->lock);
}

// ---- open ----

static bool say_silent(eb_line_meter *m, int64_t waited_ns, const eb_meter_track *t, eb_err *err)
{
    char waited[32], refused[EB_METER_WHY_MAX + 64] = "";
    if (t->refused)
        snprintf(refused, sizeof refused, " (%lld refused: %s)", (long long)t->refused, t->refusal);
    if (m->fatal)
        return eb_err_set(err, EB_UNAVAILABLE, "%s%s", m->fatal, refused);
    eb_err_set(err, EB_UNAVAILABLE, "no %s for %s%s", t->good ? "second usable line" : "usable line",
               eb_fmt_time(waited, sizeof waited, (double)waited_ns, 2), refused);
    return eb_err_hint(err, "the command must print a line per reading and not keep it back (flush it); a slow meter "
                            "needs a longer [probes] meter_timeout");
}

// Found is not available: two good readings are.
static bool wait_for_readings(eb_line_meter *m, const char *command, eb_err *err)
{
    const eb_clock *clock = m->clock;
    int64_t seen = 0, since_ns = clock->now_ns(clock);
    for (;;) {
        char why[EB_CHILD_WHY_MAX];
        bool ended = eb_child_ended(m->child, why);
        pthread_mutex_lock(&m->lock);
        eb_meter_track t = m->track;
        bool fatal = m->fatal != NULL;
        pthread_mutex_unlock(&m->lock);
        int64_t now_ns = clock->now_ns(clock);
        if (t.good >= FIRST_READINGS)
            return true;
        if (ended) {
            eb_err_set(err, EB_UNAVAILABLE, "%s", why);
            return eb_err_hint(err, "try it by hand: %s", command);
        }
        if (t.good > seen) {
            seen = t.good;
            since_ns = now_ns;
        }
        if (fatal || now_ns - since_ns > t.setup.timeout_ns)
            return say_silent(m, now_ns - since_ns, &t, err);
        clock->sleep_until_ns(clock, now_ns + nap_ns);
    }
}

bool eb_line_meter_open(eb_line_meter *m, const char *command, const eb_meter_setup *setup, eb_err *err)
{
    pthread_mutex_init(&m->lock, NULL);
    eb_meter_track_init(&m->track, setup);
    m->child = eb_child_open(&(eb_child_setup){ .command = command, .line = on_line, .arg = m }, err);
    return m->child && wait_for_readings(m, command, err);
}

// ---- read ----

void eb_line_meter_read(eb_line_meter *m, eb_sample *out)
{
    char why[EB_CHILD_WHY_MAX];
    bool ended = eb_child_ended(m->child, why);
    pthread_mutex_lock(&m->lock);
    out->t_before_ns = m->clock->now_ns(m->clock);
    eb_meter_track_read(&m->track, out->t_before_ns, out);
    out->t_after_ns = m->clock->now_ns(m->clock);
    pthread_mutex_unlock(&m->lock);
    // What it had said before it ended holds as long as it would have.
    if (ended && out->status == EB_SAMPLE_MISSING) {
        out->status = EB_SAMPLE_GONE;
        out->errnum = ECHILD;
    }
}

const char *eb_line_meter_why(int errnum)
{
    return errnum == ECHILD      ? "its command has ended"
           : errnum == ETIMEDOUT ? "its command has stalled: no line for longer than the timeout"
                                 : NULL;
}

bool eb_line_meter_trouble(eb_line_meter *m, char *buf, size_t size)
{
    char why[EB_CHILD_WHY_MAX], rest[2 * EB_METER_WHY_MAX];
    bool ended = eb_child_ended(m->child, why);
    size_t at = ended ? (size_t)snprintf(buf, size, "%s", why) : 0;
    pthread_mutex_lock(&m->lock);
    bool more = eb_meter_track_trouble(&m->track, m->clock->now_ns(m->clock), rest, sizeof rest);
    pthread_mutex_unlock(&m->lock);
    if (more && at < size)
        snprintf(buf + at, size - at, "%s%s", at ? "; " : "", rest);
    return ended || more;
}

void eb_line_meter_close(eb_line_meter *m)
{
    eb_child_close(m->child);
    m->child = NULL;
    pthread_mutex_destroy(&m->lock);
}
