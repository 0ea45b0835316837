// SPDX-License-Identifier: Apache-2.0
#include "harness/record/sustained.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/trial_energy.h"

enum { WINDOWS_MAX = 1 << 20 };

static const double edge_max_s = 60;

// ---- windows --------------------------------------------------------------------------------------------------

typedef struct frame {
    int64_t t0_ns, t1_ns, window_ns;
    int n;
    eb_sustained_window *windows;
} frame;

static int64_t edge_ns(const frame *f, int i)
{
    return i < f->n ? f->t0_ns + i * f->window_ns : f->t1_ns;
}

// The last window takes a rest of less than half a window with it; a longer one is a window of its own.
static void cut(frame *f)
{
    int64_t length_ns = f->t1_ns - f->t0_ns, n = length_ns / f->window_ns;
    n += length_ns % f->window_ns >= f->window_ns / 2;
    f->n = n < 1 ? 1 : n > WINDOWS_MAX ? WINDOWS_MAX : (int)n;
    f->windows = eb_alloc((size_t)f->n * sizeof *f->windows);
    for (int i = 0; i < f->n; i++) {
        f->windows[i].t_s = (double)(edge_ns(f, i) - f->t0_ns) / 1e9;
        f->windows[i].length_s = (double)(edge_ns(f, i + 1) - edge_ns(f, i)) / 1e9;
        f->windows[i].heat = (eb_throttle_window){ NAN, NAN, NAN, NAN };
    }
}

// -1 = outside.
static int window_at(const frame *f, int64_t t_ns)
{
    if (t_ns < f->t0_ns || t_ns > f->t1_ns)
        return -1;
    int64_t i = (t_ns - f->t0_ns) / f->window_ns;
    return i < f->n ? (int)i : f->n - 1;
}

// ---- tokens ---------------------------------------------------------------------------------------------------

static void add_step(frame *f, int64_t from_ns, int64_t to_ns, double tokens)
{
    int last = window_at(f, to_ns);
    for (int i = window_at(f, from_ns); i >= 0 && i <= last; i++) {
        int64_t a = edge_ns(f, i) > from_ns ? edge_ns(f, i) : from_ns;
        int64_t b = edge_ns(f, i + 1) < to_ns ? edge_ns(f, i + 1) : to_ns;
        if (b <= a)
            continue;
        double share = tokens * (double)(b - a) / (double)(to_ns - from_ns);
        f->windows[i].tok += share;
        f->windows[i].decode_tok += share;
        f->windows[i].decode_s += (double)(b - a) / 1e9;
    }
}

// Tokens stand in the order in which they were made; those of one step have its times. A first token is there when its
// prefill ends.
static void add_tokens(frame *f, const eb_token_event *t, size_t n)
{
    for (size_t i = 0, end; i < n; i = end) {
        end = i + 1;
        if (t[i].index == 0) {
            int at = window_at(f, t[i].t_end_ns);
            if (at >= 0)
                f->windows[at].tok++;
            continue;
        }
        while (end < n && t[end].index > 0 && t[end].t_start_ns == t[i].t_start_ns && t[end].t_end_ns == t[i].t_end_ns)
            end++;
        add_step(f, t[i].t_start_ns, t[i].t_end_ns, (double)(end - i));
    }
}

// ---- probes ---------------------------------------------------------------------------------------------------

static int channel_named(const eb_header *h, const char *name)
{
    for (int i = 0; i < h->n_channels; i++)
        if (!strcmp(h->channels[i].name, name))
            return i;
    return -1;
}

// Sums of what was read in each window.
typedef struct reading {
    double sum, least, most;
    int n;
} reading;

static reading *readings_of(const frame *f, const eb_header *h, const char *name, const eb_trial_data *trial)
{
    reading *r = eb_alloc((size_t)f->n * sizeof *r);
    int channel = channel_named(h, name);
    for (size_t i = 0; channel >= 0 && i < trial->n_power; i++) {
        const eb_sample *s = &trial->power[i].sample;
        int at = window_at(f, s->t_before_ns + (s->t_after_ns - s->t_before_ns) / 2);
        if (trial->power[i].channel != channel || s->status != EB_SAMPLE_OK || at < 0)
            continue;
        double value = (double)s->raw * h->channels[channel].scale;
        r[at].least = r[at].n ? fmin(r[at].least, value) : value;
        r[at].most = r[at].n ? fmax(r[at].most, value) : value;
        r[at].sum += value;
        r[at].n++;
    }
    return r;
}

// Idle CPUs blur the mean: where the engine uses less than half of them, the fastest one speaks.
static const char *frequency_channel(const eb_header *h, const eb_case_info *info)
{
    return 2 * info->threads >= h->cpus ? "thermal/frequency" : "thermal/frequency_max";
}

// What a counter showed at the end of the window before is in it: steps between two windows belong to the later one.
static void add_counter(frame *f, const reading *r)
{
    double before = NAN;
    for (int i = 0; i < f->n; i++) {
        if (!r[i].n)
            continue;
        f->windows[i].heat.counted = r[i].most - (isnan(before) ? r[i].least : fmin(before, r[i].most));
        before = r[i].most;
    }
}

static void add_heat(frame *f, const eb_header *h, const eb_case_info *info, const eb_trial_data *trial)
{
    reading *hottest = readings_of(f, h, "thermal/hottest", trial), *trip = readings_of(f, h, "thermal/trip", trial);
    reading *hz = readings_of(f, h, frequency_channel(h, info), trial);
    reading *counter = readings_of(f, h, "thermal/throttles", trial);
    for (int i = 0; i < f->n; i++) {
        eb_throttle_window *w = &f->windows[i].heat;
        w->temperature_c = hottest[i].n ? hottest[i].most / 1000 : NAN;
        w->trip_c = trip[i].n ? trip[i].least / 1000 : NAN;
        w->frequency_hz = hz[i].n ? hz[i].sum / hz[i].n : NAN;
    }
    add_counter(f, counter);
    free(hottest);
    free(trip);
    free(hz);
    free(counter);
}

static void add_energy(frame *f, const eb_sums_env *env, const eb_trial_data *trial)
{
    eb_trial_energy e;
    eb_trial_energy_init(&e, env->header, env->dead, trial->power, trial->n_power);
    for (int i = 0; i < f->n; i++) {
        eb_sustained_window *w = &f->windows[i];
        eb_energy j = eb_trial_energy_window(&e, edge_ns(f, i), edge_ns(f, i + 1));
        w->j = j.j;
        w->w = j.j / w->length_s;
        w->halfwidth_j = j.halfwidth_j;
        w->grade = isnan(j.j) ? EB_GRADE_NONE : j.grade;
    }
    eb_trial_energy_deinit(&e);
}

// ---- the whole ------------------------------------------------------------------------------------------------

static double per(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static double stretch_tok_s(const eb_sustained *s, int from, int n)
{
    double tok = 0, time_s = 0;
    for (int i = from; i < from + n; i++) {
        tok += s->windows[i].decode_tok;
        time_s += s->windows[i].decode_s;
    }
    return per(tok, time_s);
}

// Neighbours share an edge, where the one's error is the other's with the other sign: in quadrature is more than it is.
static eb_sustained_edge edge_of(const eb_sustained *s, int from, int n)
{
    eb_grade grade = EB_GRADE_WALL;
    double j = 0, half_j = 0, tok = 0, length_s = 0, hz = 0, hottest = NAN;
    for (int i = from; i < from + n; i++) {
        const eb_sustained_window *w = &s->windows[i];
        j += w->j; // one that is not known makes the sum unknown
        half_j = hypot(half_j, w->halfwidth_j);
        grade = w->grade < grade ? w->grade : grade;
        hz += w->heat.frequency_hz;
        tok += w->tok;
        length_s += w->length_s;
        hottest = fmax(hottest, w->heat.temperature_c);
    }
    return (eb_sustained_edge){ .decode_tok_s = stretch_tok_s(s, from, n),
                                .w = per(j, length_s),
                                .halfwidth_w = per(half_j, length_s),
                                .grade = grade,
                                .j_per_tok = per(j, tok),
                                .halfwidth_j_per_tok = per(half_j, tok),
                                .frequency_hz = hz / n,
                                .temperature_c = hottest };
}

static void summarize(eb_sustained *s)
{
    double want_s = fmin(edge_max_s, s->ran_s / 4);
    int n = 0;
    while (n < s->n && (n == 0 || s->windows[n].t_s + s->windows[n].length_s <= want_s * 1.001)) // whole windows
        n++;
    s->edge_s = s->windows[n - 1].t_s + s->windows[n - 1].length_s;
    s->first = edge_of(s, 0, n);
    s->last = edge_of(s, s->n - n, n);
    s->peak_tok_s = NAN;
    for (int i = 0; i + n <= s->n; i++)
        s->peak_tok_s = fmax(s->peak_tok_s, stretch_tok_s(s, i, n));
    s->sustained_frac = per(s->last.decode_tok_s, s->peak_tok_s);
    s->hottest_c = NAN;
    for (int i = 0; i < s->n; i++)
        s->hottest_c = fmax(s->hottest_c, s->windows[i].heat.temperature_c);
}

static void find_throttling(eb_sustained *s)
{
    eb_throttle_window *w = eb_alloc((size_t)s->n * sizeof *w);
    bool *throttled = eb_alloc((size_t)s->n * sizeof *throttled);
    for (int i = 0; i < s->n; i++)
        w[i] = s->windows[i].heat;
    s->throttle = eb_throttle_find(w, s->n, throttled);
    s->onset_s = s->throttle.onset >= 0 ? s->windows[s->throttle.onset].t_s : NAN;
    s->trip_s = s->throttle.trip >= 0 ? s->windows[s->throttle.trip].t_s : NAN;
    for (int i = 0; i < s->n; i++) {
        s->windows[i].throttled = throttled[i];
        s->throttled_s += throttled[i] ? s->windows[i].length_s : 0;
    }
    free(throttled);
    free(w);
}

eb_sustained *eb_sustained_new(const eb_sums_env *env, const eb_trial_data *trial)
{
    const eb_trial_info *t = &trial->info;
    if (!t->number || t->error || t->case_index < 0 || t->case_index >= env->header->n_cases)
        return NULL;
    const eb_case_info *info = &env->header->cases[t->case_index];
    frame f = { .t0_ns = t->t_start_ns, .t1_ns = t->t_end_ns, .window_ns = info->window_ns };
    if (info->duration_ns <= 0 || f.window_ns <= 0 || f.t1_ns <= f.t0_ns)
        return NULL;
    cut(&f);
    add_tokens(&f, trial->tokens, trial->n_tokens);
    add_heat(&f, env->header, info, trial);
    add_energy(&f, env, trial);
    for (int i = 0; i < f.n; i++) {
        f.windows[i].tok_s = per(f.windows[i].tok, f.windows[i].length_s);
        f.windows[i].decode_tok_s = per(f.windows[i].decode_tok, f.windows[i].decode_s);
    }
    eb_sustained *s = eb_alloc(sizeof *s);
    *s = (eb_sustained){ .case_index = t->case_index,
                         .trial = t->number,
                         .windows = f.windows,
                         .n = f.n,
                         .asked_s = (double)info->duration_ns / 1e9,
                         .ran_s = (double)(f.t1_ns - f.t0_ns) / 1e9 };
    summarize(s);
    find_throttling(s);
    return s;
}

void eb_sustained_free(eb_sustained *s)
{
    if (s)
        free(s->windows);
    free(s);
}
