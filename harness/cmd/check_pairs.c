// SPDX-License-Identifier: Apache-2.0
// The gate's course: a pair that warms up, pairs that count, and, on a fail, pairs with a profile.
#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/cmd/check.h"
#include "harness/cmd/check_child.h"

enum { PROFILED_PAIRS = 5, WALK_FDS = 16, AT_WARM = 1000000 };

typedef struct course {
    eb_check *check;
    const eb_check_args *args;
    const eb_history *history;
    const char *self, *dir;
    const volatile sig_atomic_t *signal;
    bool live, lines; // progress: one line rewritten, or a line each
    int attempt;
    int64_t longest_ns[2]; // trial of each side so far; 0 = there was none
} course;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void forget(const course *r, const char *dir)
{
    if (r->args->out) // kept where the user asked for a folder
        return;
    char *log = eb_format("%s.log", dir);
    nftw(dir, remove_one, WALK_FDS, FTW_DEPTH | FTW_PHYS);
    unlink(log);
    free(log);
}

static void progress(const course *r, const char *text)
{
    if (r->live)
        fprintf(stderr, "\r\033[K%s", text);
    else if (r->lines)
        fprintf(stderr, "%s\n", text);
}

static bool simulates(const eb_check_side *side)
{
    return side->plan->engine->simulate != NULL;
}

// Both trials of a pair, in the order asked for; what drifts in a simulation stands where `at` says.
static bool pair(course *r, const char *name, int number, bool swap, int64_t at, const char *set, eb_run *runs[2],
                 eb_err *err)
{
    runs[0] = runs[1] = NULL;
    for (int k = 0; k < 2; k++) {
        int i = swap ? !k : k, n = 0;
        const eb_check_side *side = &r->args->sides[i];
        const char *sets[2];
        char where[40], *dir = eb_format("%s/%s-%03d-%s", r->dir, name, number, i ? "cand" : "base");
        snprintf(where, sizeof where, "null:at=%lld", (long long)at + k);
        if (simulates(side))
            sets[n++] = where;
        if (set)
            sets[n++] = set;
        int limit_s = eb_check_limit_s(r->longest_ns[i], simulates(side));
        int64_t began = eb_now_ns();
        runs[i] = eb_check_trial(side, r->args, r->self, dir, sets, n, r->longest_ns[i] > 0, limit_s, r->signal, err);
        int64_t took = eb_now_ns() - began;
        r->longest_ns[i] = took > r->longest_ns[i] ? took : r->longest_ns[i];
        forget(r, dir);
        free(dir);
        if (!runs[i])
            break;
    }
    if (runs[0] && runs[1])
        return true;
    eb_run_free(runs[0]);
    eb_run_free(runs[1]);
    return false;
}

static void describe(eb_check *c, const eb_run *run)
{
    if (c->machine)
        return;
    for (int i = 0; i < run->header->n_machine; i++)
        if (strcmp(run->header->machine[i].key, "cpu_model") == 0)
            c->machine = eb_strdup(run->header->machine[i].value);
}

// Models are made, files get into the page cache, the clock rises; and what cannot work at all shows here. *over: there
// is nothing to gate, and no pair is needed to say so.
static bool warm_up(course *r, bool *over, eb_err *err)
{
    eb_run *runs[2];
    progress(r, "warming up both sides");
    if (!pair(r, "warm", 0, false, AT_WARM, NULL, runs, err))
        return false;
    *over = eb_check_nothing(r->check, runs[0], runs[1]);
    if (*over)
        describe(r->check, runs[0]);
    eb_run_free(runs[0]);
    eb_run_free(runs[1]);
    return true;
}

static bool profiled(course *r, eb_err *err)
{
    for (int k = 0; k < 2; k++)
        if (!r->args->sides[k].plan->engine->set_span_sink)
            return true;
    for (int i = 0; i < PROFILED_PAIRS; i++) {
        eb_run *runs[2];
        progress(r, "it fails: looking for the reason, operator by operator");
        if (!pair(r, "profile", i + 1, i % 2, AT_WARM, "run:profile=yes", runs, err))
            return false;
        eb_check_profile(r->check, runs[0], runs[1]);
        eb_run_free(runs[0]);
        eb_run_free(runs[1]);
    }
    return true;
}

static void say_where(const course *r)
{
    char text[160];
    const eb_check *c = r->check;
    int next = c->look + 1 < EB_GATE_LOOKS ? c->options.rule.pairs[c->look + 1] : c->pairs;
    snprintf(text, sizeof text, "pair %d of %d, next look after %d%s", c->pairs + 1,
             c->options.rule.pairs[EB_GATE_LOOKS - 1], next, c->void_pairs ? " (some were spoilt)" : "");
    progress(r, text);
}

static bool course_run(course *r, eb_err *err)
{
    eb_check *c = r->check;
    eb_rng order;
    eb_rng_init(&order, c->seed);
    bool swap = eb_gate_swap(&order, 0, false);
    for (eb_check_step step = EB_CHECK_VOID; step != EB_CHECK_ENDED;) {
        eb_run *runs[2];
        say_where(r);
        if (!pair(r, "pair", r->attempt + 1, swap, 2 * (int64_t)r->attempt, NULL, runs, err))
            return false;
        r->attempt++;
        describe(c, runs[0]);
        step = eb_check_pair(c, runs[0], runs[1], err);
        eb_run_free(runs[0]);
        eb_run_free(runs[1]);
        if (step == EB_CHECK_ERROR ||
            (r->attempt == 1 && !eb_history_fits(r->history, r->args->history, c->fingerprint, err)))
            return false;
        if (step == EB_CHECK_COUNTED && eb_check_look(c))
            break;
        if (step == EB_CHECK_COUNTED) // a spoilt one is run again as it was
            swap = eb_gate_swap(&order, c->pairs, swap);
    }
    return true;
}

bool eb_check_pairs(eb_check *c, const eb_check_args *a, const eb_history *history, const char *self, const char *dir,
                    const volatile sig_atomic_t *signal, eb_err *err)
{
    const char *term = getenv("TERM");
    bool tty = isatty(2) && !(term && strcmp(term, "dumb") == 0);
    course r = { .check = c, .args = a, .history = history, .self = self, .dir = dir, .signal = signal };
    r.live = tty && a->progress >= 0;
    r.lines = !tty && a->progress > 0;
    int64_t began = eb_now_ns();
    bool over = false, ok = warm_up(&r, &over, err) && (over || course_run(&r, err)) &&
                            (c->verdict != EB_GATE_FAIL || c->look < 0 || profiled(&r, err));
    if (ok)
        eb_check_explain(c);
    if (r.live)
        fputs("\r\033[K", stderr);
    c->seconds = (double)(eb_now_ns() - began) / 1e9;
    return ok;
}
