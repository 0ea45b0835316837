// SPDX-License-Identifier: Apache-2.0
#include "harness/cmd/progress.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/units.h"

#define SILENCE_NS 10000000000ll // between two lines of a log

void eb_screen_clear(eb_screen *s)
{
    if (s->dirty)
        fputs("\r\033[K", stderr);
    s->dirty = false;
}

static bool is_trial(const eb_progress *p)
{
    return strcmp(p->stage, "trial") == 0;
}

static void put_figures(char *text, size_t size, const eb_progress *p)
{
    char rate[32];
    size_t n = strlen(text);
    snprintf(text + n, size - n, "  %s tok/s", eb_fmt_sig(rate, sizeof rate, p->tok_s, 3));
    n = strlen(text);
    if (!isnan(p->eta_s))
        snprintf(text + n, size - n, "  ETA %d:%02d", (int)p->eta_s / 60, (int)p->eta_s % 60);
}

static void put_stage(char *text, size_t size, const eb_progress *p)
{
    if (is_trial(p))
        snprintf(text, size, "[%d/%d] %s  trial %d of %d", p->done + 1, p->total, p->case_id, p->round, p->rounds);
    else if (strcmp(p->stage, "idle") == 0)
        snprintf(text, size, "idle baseline");
    else if (strcmp(p->stage, "calibrate") == 0)
        snprintf(text, size, "looking at the energy counters");
    else
        snprintf(text, size, "%s %d/%d  %s", strcmp(p->stage, "model") == 0 ? "model" : "opening", p->case_index + 1,
                 p->n_cases, p->case_id ? p->case_id : "");
}

// A log's line is due after a silence, and where the trials begin: one of them can take minutes. (What the making of
// models says is a notice.)
static bool is_due(eb_screen *s, const eb_progress *p)
{
    int64_t now = eb_now_ns();
    bool due = now - s->said_ns >= SILENCE_NS || (is_trial(p) && !s->said_trial);
    s->said_trial |= is_trial(p);
    if (due)
        s->said_ns = now;
    return due;
}

void eb_screen_progress(void *arg, const eb_progress *p)
{
    eb_screen *s = arg;
    char text[256];
    if (!s->on || (s->sparse && !is_due(s, p)))
        return;
    put_stage(text, sizeof text, p);
    if (is_trial(p) && !s->sparse)
        put_figures(text, sizeof text, p);
    eb_screen_clear(s);
    fprintf(stderr, s->line ? "%.110s" : "%s\n", text);
    s->dirty = s->line;
    fflush(stderr);
}

void eb_screen_notice(void *arg, const char *line)
{
    eb_screen_clear(arg);
    fprintf(stderr, "%s\n", line);
}

eb_screen eb_screen_open(eb_progress_mode mode)
{
    const char *term = getenv("TERM");
    bool tty = isatty(2) && !(term && strcmp(term, "dumb") == 0);
    return (eb_screen){
        .on = mode != EB_PROGRESS_NEVER, .line = tty, .sparse = mode == EB_PROGRESS_AUTO && !tty, .said_ns = eb_now_ns()
    };
}
