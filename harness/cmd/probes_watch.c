// SPDX-License-Identifier: Apache-2.0
// `effbench probes --watch`: live watts. The sampler is polled here, so that the watts come by the same way as those of
// a run: raw counters, edges, interpolation.
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/term.h"
#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/probes.h"
#include "harness/record/attribution.h"
#include "harness/record/dead.h"
#include "harness/run/sampler.h"

enum { MAX_ROWS = 1 << 18, PERIODS = 10, STEPS = 10 };
#define NAP_NS  50000000ll    // a signal is noticed within this
#define KEEP_NS 20000000000ll // of the past, for sources that are slow
#define LATE_NS 100000000ll   // what a counter may stand still without a word, whatever its steps

static volatile sig_atomic_t signalled;

static void on_signal(int number)
{
    signalled = number;
}

// The recent samples of one channel.
typedef struct history {
    eb_sample *samples;
    size_t n, cap;
} history;

typedef struct watts {
    double w; // NAN: not known, and `why` says why
    const char *why;
} watts;

typedef struct watching {
    const eb_survey *survey;
    const eb_watch *request;
    eb_sampler *sampler;
    history *past;
    watts *now, total;
    int64_t began_ns, window_ns;
    int lines; // that the last refresh took on a terminal
    bool live;
} watching;

static int64_t now_ns(const watching *w)
{
    return w->survey->io->clock.now_ns(&w->survey->io->clock);
}

static void remember(watching *w, int64_t end_ns)
{
    size_t n;
    const eb_power_row *rows = eb_sampler_rows(w->sampler, &n);
    for (size_t i = 0; i < n; i++) {
        history *h = &w->past[rows[i].channel];
        EB_GROW(h->samples, h->n, h->cap);
        h->samples[h->n++] = rows[i].sample;
    }
    for (int c = 0; c < w->survey->n_channels; c++) {
        history *h = &w->past[c];
        size_t old = 0;
        while (old + 2 < h->n && h->samples[old + 1].t_before_ns < end_ns - KEEP_NS)
            old++;
        h->n -= old;
        if (old > 0)
            memmove(h->samples, h->samples + old, h->n * sizeof *h->samples);
    }
}

static const char *const broken[EB_SAMPLE_STATUS_COUNT] = {
    [EB_SAMPLE_MISSING] = "gives no reading",
    [EB_SAMPLE_RESET] = "the counter was reset",
    [EB_SAMPLE_AMBIGUOUS] = "it may have gone half round between two reads: wraps cannot be told",
    [EB_SAMPLE_SUSPENDED] = "the machine slept",
    [EB_SAMPLE_GONE] = "the source is gone",
    [EB_SAMPLE_STALLED] = "stalled: the counter stands still",
};

// How a counter moves: in what steps, as they were seen, and for how long it has stood still.
typedef struct motion {
    size_t moves;
    double step_ns; // between two moves, on average; infinite where there were no two
    int64_t still_ns;
} motion;

static motion look(const history *h)
{
    motion m = { .step_ns = INFINITY };
    const eb_sample *last = NULL;
    int64_t first_ns = 0, moved_ns = 0;
    for (size_t i = 0; i < h->n; i++) {
        const eb_sample *now = &h->samples[i];
        if (now->status == EB_SAMPLE_MISSING || now->status == EB_SAMPLE_GONE)
            continue;
        if (last && now->raw != last->raw) {
            moved_ns = now->t_after_ns;
            first_ns = m.moves++ ? first_ns : moved_ns;
        }
        last = now;
    }
    if (m.moves > 1)
        m.step_ns = (double)(moved_ns - first_ns) / (double)(m.moves - 1);
    if (m.moves > 0)
        m.still_ns = last->t_after_ns - moved_ns;
    return m;
}

// A counter that went and goes no more has no power that could be told; one that is slow needs a longer look.
static const char *judge_motion(const eb_channel *c, const history *h, int64_t since_ns, int64_t *window_ns)
{
    if (!c->cumulative || c->grade == EB_GRADE_ESTIMATE || h->n == 0 || h->samples[h->n - 1].status != EB_SAMPLE_OK)
        return NULL;
    motion m = look(h);
    if (m.moves == 0)
        return (double)since_ns > eb_dead_after_ns(c) ? "does not move" : "has not moved yet";
    double slow_ns = STEPS * m.step_ns;
    if ((double)m.still_ns > slow_ns && (m.still_ns >= *window_ns || m.still_ns > LATE_NS))
        return broken[EB_SAMPLE_STALLED];
    if (slow_ns > (double)*window_ns)
        *window_ns = slow_ns < KEEP_NS ? (int64_t)slow_ns : KEEP_NS;
    return NULL;
}

// The mean power of the last refresh, or of as many updates as it takes to tell it.
static watts measure(const watching *w, int channel, int64_t end_ns)
{
    const eb_channel *c = &w->survey->channels[channel];
    const history *h = &w->past[channel];
    int64_t window_ns = w->request->interval_ns, since_ns = end_ns - w->began_ns;
    if (c->grade == EB_GRADE_NONE)
        return (watts){ NAN, c->note };
    if (c->live == EB_LIVE_DEAD)
        return (watts){ NAN, "does not move" };
    const char *why = judge_motion(c, h, since_ns, &window_ns);
    if (why)
        return (watts){ NAN, why };
    window_ns = window_ns > PERIODS * c->period_ns ? window_ns : PERIODS * c->period_ns;
    window_ns = window_ns < since_ns ? window_ns : since_ns;
    window_ns = window_ns < KEEP_NS / 2 ? window_ns : KEEP_NS / 2;
    eb_trace *trace = eb_trace_new(c, h->samples, h->n);
    eb_energy e = eb_trace_energy(trace, end_ns - window_ns, end_ns);
    eb_trace_free(trace);
    if (e.status != EB_SAMPLE_OK)
        return (watts){ NAN, broken[e.status] };
    return (watts){ e.j / ((double)window_ns / 1e9), NULL };
}

static void measure_all(watching *w, int64_t end_ns)
{
    const eb_survey *s = w->survey;
    w->total = (watts){ s->domains[0] ? 0 : NAN, "nothing measures this boundary" };
    for (int i = 0; i < s->n_channels; i++) {
        if (!eb_survey_is_energy(&s->channels[i]))
            continue;
        w->now[i] = measure(w, i, end_ns);
        if (s->counted[i] && isnan(w->now[i].w))
            w->total.why = "a part of it is not known";
        if (s->counted[i])
            w->total.w += w->now[i].w;
    }
}

static const char *watts_text(char *buf, size_t size, double w)
{
    snprintf(buf, size, isnan(w) ? "-" : fabs(w) < 10 ? "%.2f" : "%.1f", w);
    return buf;
}

// One line for each channel and one for the total; on a terminal over those of the last refresh.
static void print_lines(watching *w, double t_s)
{
    const eb_survey *s = w->survey;
    char number[32];
    int width = 0;
    for (int i = 0; i < s->n_channels; i++)
        if (eb_survey_is_energy(&s->channels[i]) && (int)strlen(s->channels[i].name) > width)
            width = (int)strlen(s->channels[i].name);
    const char *clear = w->live ? "\033[K" : "";
    int lines = 0;
    if (w->lines > 0)
        printf("\033[%dA", w->lines);
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        if (!eb_survey_is_energy(c))
            continue;
        bool known = !isnan(w->now[i].w);
        printf("%7.1f s %9s W  %c %-8s  %-*s  %s%s%s%s\n", t_s, watts_text(number, sizeof number, w->now[i].w),
               s->counted[i] ? '+' : ' ', eb_grade_name(c->grade), width, c->name, c->label, known ? "" : ": ",
               known ? "" : w->now[i].why, clear);
        lines++;
    }
    bool known = !isnan(w->total.w);
    printf("%7.1f s %9s W  = %-8s  total (boundary %s)%s%s%s%s%s\n", t_s, watts_text(number, sizeof number, w->total.w),
           eb_grade_name(s->grade), eb_boundary_name(s->boundary), known ? " = " : ": ",
           known ? s->domains : w->total.why, known && s->missing[0] ? ", without " : "", known ? s->missing : "",
           clear);
    w->lines = w->live ? lines + 1 : 0;
}

static bool print_json(const watching *w, double t_s)
{
    const eb_survey *s = w->survey;
    cJSON *root = cJSON_CreateObject();
    eb_json_add_num(root, "t_s", t_s);
    cJSON *channels = eb_json_add_arr(root, "channels");
    for (int i = 0; i < s->n_channels; i++) {
        if (!eb_survey_is_energy(&s->channels[i]))
            continue;
        cJSON *obj = eb_json_append_obj(channels);
        eb_json_add_str(obj, "name", s->channels[i].name);
        eb_json_add_num(obj, "power_w", w->now[i].w);
        eb_json_add_str(obj, "grade", eb_grade_name(s->channels[i].grade));
        eb_json_add_bool(obj, "counted", s->counted[i]);
        eb_json_add_str(obj, "reason", isnan(w->now[i].w) ? w->now[i].why : NULL);
    }
    cJSON *total = eb_json_add_obj(root, "total");
    eb_json_add_str(total, "boundary", eb_boundary_name(s->boundary));
    eb_json_add_num(total, "power_w", w->total.w);
    eb_json_add_str(total, "grade", eb_grade_name(s->grade));
    eb_json_add_str(total, "domains", s->domains);
    eb_json_add_str(total, "missing", s->missing);
    char *text = eb_json_print(root, false);
    cJSON_Delete(root);
    bool ok = text && puts(text) >= 0;
    free(text);
    return ok;
}

// Samples until the refresh is due or a signal came.
static void sample_until(watching *w, int64_t end_ns)
{
    const eb_clock *clock = &w->survey->io->clock;
    eb_sampler_begin(w->sampler);
    for (int64_t now = now_ns(w); now < end_ns && !signalled; now = now_ns(w)) {
        int64_t next = eb_sampler_poll(w->sampler, now), nap = now + NAP_NS;
        next = next < end_ns ? next : end_ns;
        clock->sleep_until_ns(clock, next < nap ? next : nap);
    }
    eb_sampler_end(w->sampler);
}

static int refresh_all(watching *w)
{
    bool ok = true;
    w->began_ns = now_ns(w);
    for (int64_t i = 1; ok && !signalled && (w->request->count == 0 || i <= w->request->count); i++) {
        sample_until(w, w->began_ns + i * w->request->interval_ns);
        int64_t end_ns = now_ns(w);
        remember(w, end_ns);
        if (signalled)
            break;
        measure_all(w, end_ns);
        double t_s = (double)(end_ns - w->began_ns) / 1e9;
        if (w->request->json)
            ok = print_json(w, t_s);
        else
            print_lines(w, t_s);
        ok = fflush(stdout) == 0 && ok;
    }
    return ok ? signalled == SIGTERM ? EB_SIGTERM : EB_OK : EB_FAILED; // SIGINT is how one ends it
}

static eb_sampler *make_sampler(const eb_survey *s, eb_probe **probes, const eb_probe_config *config, eb_err *err)
{
    eb_sampler_setup setup = { .clock = &s->io->clock,
                               .probes = probes,
                               .channels = s->channels,
                               .config = config,
                               .max_rows = MAX_ROWS,
                               .busy_cpus = 1 };
    for (int i = 0; i < s->n_sources; i++)
        if (s->sources[i].n > 0)
            probes[setup.n_probes++] = s->sources[i].probe;
    return eb_sampler_new(&setup, err);
}

int eb_probes_watch(const eb_survey *s, const eb_probe_config *config, const eb_watch *request)
{
    eb_err err;
    eb_err_clear(&err);
    int energies = 0;
    for (int i = 0; i < s->n_channels; i++)
        energies += eb_survey_is_energy(&s->channels[i]) && s->channels[i].grade != EB_GRADE_NONE;
    if (energies == 0) {
        eb_err_set(&err, EB_UNAVAILABLE, "nothing here measures power");
        eb_err_hint(&err, "`effbench probes` says what is missing and how to mend it");
        return eb_cmd_fail(&err);
    }
    eb_probe **probes = eb_alloc((size_t)s->n_sources * sizeof(void *) + 1);
    watching w = { .survey = s, .request = request, .sampler = make_sampler(s, probes, config, &err) };
    w.live = !request->json && eb_term_live(stdout);
    w.past = eb_alloc((size_t)s->n_channels * sizeof *w.past);
    w.now = eb_alloc((size_t)s->n_channels * sizeof *w.now);
    struct sigaction action = { .sa_handler = on_signal };
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    int status = w.sampler ? refresh_all(&w) : eb_cmd_fail(&err);
    eb_sampler_free(w.sampler);
    for (int i = 0; i < s->n_channels; i++)
        free(w.past[i].samples);
    free(w.past);
    free(w.now);
    free(probes);
    return status;
}
