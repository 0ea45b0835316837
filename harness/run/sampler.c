// SPDX-License-Identifier: Apache-2.0
#include "harness/run/sampler.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "harness/base/clock.h"
#include "harness/base/cpus.h"
#include "harness/base/mem.h"
#include "harness/run/pace.h"
#include "harness/run/reader.h"

enum { MAX_CHANNELS = 4096, TIMER_SLACK_NS = 1 };
#define LONGEST_SLEEP_NS 1000000000ll
#define SHORT_SLEEP_NS   20000000ll
#define LATE_MIN_NS      50000000ll // so long the thread waits for a beat that is due
#define LATE_MAX_NS      250000000ll

// One probe's place in the schedule.
typedef struct slot {
    eb_reader reader;
    int first, n; // channels
    eb_pace pace;
    int64_t interval_ns; // as thinned in this window
    int64_t due_ns;
} slot;

struct eb_sampler {
    eb_clock clock;
    slot *slots;
    int n_slots, n_channels;
    eb_sample *scratch; // one read of the widest probe
    bool *unread;       // channels that are there and cannot be read: rows of them would say nothing
    eb_power_row *rows;
    size_t n_rows, max_rows;
    int busy_cpus;

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock; // guards all above while sampling, and the two below
    pthread_cond_t wake;
    bool sampling, quit;
    int64_t cpu_begin_ns, cpu_ns;

    eb_pulse pulse; // beat NULL = none is wanted
    int64_t beats_ns;
    _Atomic int64_t beat_seen_ns; // the newest beat, whether something was due or not
    _Atomic int64_t beat_due_ns;  // of the quick slots; INT64_MAX = nothing to do
};

static void add_slot(eb_sampler *s, const eb_sampler_setup *setup, int i, const eb_channel *channels, int n)
{
    slot *p = &s->slots[s->n_slots++];
    *p = (slot){ .first = s->n_channels, .n = n, .pace = eb_pace_of(setup->config, channels, n) };
    eb_reader_init(&p->reader, setup->probes[i], setup->clock, channels);
    s->unread = eb_realloc(s->unread, (size_t)(s->n_channels + n) + 1, sizeof *s->unread);
    for (int k = 0; k < n; k++)
        s->unread[s->n_channels + k] = channels[k].grade == EB_GRADE_NONE && eb_pace_is_energy(&channels[k]);
    s->n_channels += n;
}

static bool add_slots(eb_sampler *s, const eb_sampler_setup *setup, eb_err *err)
{
    int widest = 1;
    for (int i = 0; i < setup->n_probes; i++) {
        const eb_channel *channels;
        int n = eb_probe_channels(setup->probes[i], &channels);
        if (s->n_channels + n > MAX_CHANNELS)
            return eb_err_set(err, EB_FAILED, "more than %d channels", MAX_CHANNELS);
        if (setup->channels)
            channels = setup->channels + s->n_channels;
        add_slot(s, setup, i, channels, n);
        widest = n > widest ? n : widest;
    }
    s->scratch = eb_alloc(sizeof *s->scratch * (size_t)widest);
    return true;
}

static int64_t beat(void *arg);

static void want_beats(eb_sampler *s)
{
    atomic_init(&s->beat_due_ns, INT64_MAX);
    atomic_init(&s->beat_seen_ns, INT64_MIN / 2);
    if (eb_cpus_usable() <= s->busy_cpus)
        s->pulse = (eb_pulse){ beat, s };
}

eb_sampler *eb_sampler_new(const eb_sampler_setup *setup, eb_err *err)
{
    eb_sampler *s = eb_alloc(sizeof *s);
    s->clock = *setup->clock;
    s->slots = eb_alloc(sizeof *s->slots * (size_t)(setup->n_probes ? setup->n_probes : 1));
    s->busy_cpus = setup->busy_cpus;
    want_beats(s);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    if (!add_slots(s, setup, err))
        goto fail;
    // Room for at least a few whole sets, or the thinning below could not work.
    size_t least = 16 * (size_t)s->n_channels + 16;
    s->max_rows = setup->max_rows > least ? setup->max_rows : least;
    s->rows = eb_try_alloc(s->max_rows, sizeof *s->rows, "sample buffer", err);
    if (!s->rows)
        goto fail;
    return s;
fail:
    eb_sampler_free(s);
    return NULL;
}

// What lies between this sample and the one before cannot be followed: who comes after it has to know.
static bool is_break(eb_status status)
{
    return status == EB_SAMPLE_RESET || status == EB_SAMPLE_AMBIGUOUS || status == EB_SAMPLE_SUSPENDED;
}

// Halves the rows: of each channel every other sample stays, the first always. A break that goes passes its mark on to
// the next sample that could be read.
static void thin(eb_sampler *s)
{
    bool keep[MAX_CHANNELS];
    eb_status broken[MAX_CHANNELS] = { EB_SAMPLE_OK };
    size_t out = 0;
    memset(keep, 1, sizeof keep);
    for (size_t i = 0; i < s->n_rows; i++) {
        eb_power_row row = s->rows[i];
        int c = row.channel;
        if (row.sample.status == EB_SAMPLE_OK && broken[c]) {
            row.sample.status = broken[c];
            broken[c] = EB_SAMPLE_OK;
        }
        if (keep[c])
            s->rows[out++] = row;
        else if (is_break(row.sample.status))
            broken[c] = row.sample.status;
        keep[c] = !keep[c];
    }
    // The newest sample was a break and went: its mark stands on one that stays.
    for (size_t i = out; i-- > 0;) {
        eb_power_row *row = &s->rows[i];
        if (broken[row->channel] && row->sample.status == EB_SAMPLE_OK) {
            row->sample.status = broken[row->channel];
            broken[row->channel] = EB_SAMPLE_OK;
        }
    }
    s->n_rows = out;
    for (int i = 0; i < s->n_slots; i++) {
        slot *p = &s->slots[i];
        if (p->pace.guard_ns == 0 || 2 * p->interval_ns <= p->pace.guard_ns)
            p->interval_ns *= 2;
    }
}

static void make_room(eb_sampler *s)
{
    if (s->n_rows + 2 * (size_t)s->n_channels > s->max_rows)
        thin(s);
}

static void keep_rows(eb_sampler *s, const slot *p)
{
    for (int k = 0; k < p->n; k++)
        if (!s->unread[p->first + k])
            s->rows[s->n_rows++] = (eb_power_row){ .channel = p->first + k, .sample = s->scratch[k] };
}

// Every channel, at an end of the window.
static void read_all(eb_sampler *s)
{
    make_room(s);
    for (int i = 0; i < s->n_slots; i++) {
        eb_reader_boundary(&s->slots[i].reader, s->scratch);
        keep_rows(s, &s->slots[i]);
    }
}

static void take(eb_sampler *s, slot *p, int64_t now_ns)
{
    make_room(s);
    eb_reader_poll(&p->reader, s->scratch);
    keep_rows(s, p);
    // On a grid, so that a late read does not shift the ones after it; what was missed is not made up.
    p->due_ns += p->interval_ns * (1 + (now_ns - p->due_ns) / p->interval_ns);
}

// How long the thread leaves a reading that is due to the next beat. Two of these gaps still lie inside a quarter of
// the shortest wrap.
static int64_t patience_ns(const eb_sampler *s, const slot *p, int64_t now_ns)
{
    int64_t ns = 10 * p->interval_ns;
    ns = ns < LATE_MIN_NS ? LATE_MIN_NS : ns > LATE_MAX_NS ? LATE_MAX_NS : ns;
    ns = p->pace.guard_ns > 0 && ns > p->pace.guard_ns / 2 ? p->pace.guard_ns / 2 : ns;
    return p->pace.patient && now_ns - atomic_load_explicit(&s->beat_seen_ns, memory_order_relaxed) < ns ? ns : 0;
}

static void publish_due(eb_sampler *s)
{
    int64_t due_ns = INT64_MAX;
    for (int i = 0; s->sampling && i < s->n_slots; i++)
        if (s->slots[i].pace.quick && s->slots[i].due_ns < due_ns)
            due_ns = s->slots[i].due_ns;
    atomic_store_explicit(&s->beat_due_ns, due_ns, memory_order_relaxed);
}

static int64_t take_due(eb_sampler *s, int64_t now_ns)
{
    int64_t next = now_ns + LONGEST_SLEEP_NS;
    for (int i = 0; i < s->n_slots; i++) {
        slot *p = &s->slots[i];
        if (p->due_ns + patience_ns(s, p, now_ns) <= now_ns)
            take(s, p, now_ns);
    }
    publish_due(s);
    for (int i = 0; i < s->n_slots; i++) {
        int64_t due_ns = s->slots[i].due_ns + patience_ns(s, &s->slots[i], now_ns);
        next = due_ns < next ? due_ns : next;
    }
    return next;
}

int64_t eb_sampler_poll(eb_sampler *s, int64_t now_ns)
{
    return take_due(s, now_ns);
}

// On the workload's thread. A lock that is taken is the sampler's thread reading: nothing is left to do.
static int64_t beat(void *arg)
{
    eb_sampler *s = arg;
    int64_t now_ns = s->clock.now_ns(&s->clock);
    atomic_store_explicit(&s->beat_seen_ns, now_ns, memory_order_relaxed);
    if (now_ns < atomic_load_explicit(&s->beat_due_ns, memory_order_relaxed) || pthread_mutex_trylock(&s->lock) != 0)
        return now_ns;
    int64_t start_ns = now_ns;
    if (s->sampling) {
        for (int i = 0; i < s->n_slots; i++)
            if (s->slots[i].pace.quick && s->slots[i].due_ns <= now_ns)
                take(s, &s->slots[i], now_ns);
        publish_due(s);
        now_ns = s->clock.now_ns(&s->clock);
        s->beats_ns += now_ns - start_ns;
    }
    pthread_mutex_unlock(&s->lock);
    return now_ns;
}

const eb_pulse *eb_sampler_pulse(const eb_sampler *s)
{
    return s->pulse.beat ? &s->pulse : NULL;
}

// Off the workload's CPUs where the process may use more of them than the workload does.
static void keep_off(int busy_cpus)
{
    cpu_set_t may, mine;
    if (sched_getaffinity(0, sizeof may, &may) != 0 || CPU_COUNT(&may) <= busy_cpus)
        return;
    CPU_ZERO(&mine);
    int seen = 0;
    for (int c = 0; c < CPU_SETSIZE; c++)
        if (CPU_ISSET(c, &may) && seen++ >= busy_cpus)
            CPU_SET(c, &mine);
    pthread_setaffinity_np(pthread_self(), sizeof mine, &mine);
}

// A short sleep is a bare one, which costs a third less CPU time than one on a condition; out of a long one the end of
// the run and the next window must be able to wake the thread. Called with the lock held.
static void sleep_until(eb_sampler *s, int64_t next_ns, int64_t now_ns)
{
    struct timespec until = { next_ns / 1000000000, next_ns % 1000000000 };
    if (next_ns - now_ns > SHORT_SLEEP_NS) {
        pthread_cond_timedwait(&s->wake, &s->lock, &until);
        return;
    }
    pthread_mutex_unlock(&s->lock);
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    pthread_mutex_lock(&s->lock);
}

// The kernel's slack, 50 us for a thread that does not ask, would blur a period of 1 ms.
static void *sampler_main(void *arg)
{
    eb_sampler *s = arg;
    keep_off(s->busy_cpus);
    prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
    pthread_mutex_lock(&s->lock);
    while (!s->quit) {
        if (!s->sampling) {
            pthread_cond_wait(&s->wake, &s->lock);
            continue;
        }
        int64_t now = s->clock.now_ns(&s->clock);
        sleep_until(s, take_due(s, now), now);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

static int64_t thread_cpu_ns(const eb_sampler *s)
{
    clockid_t id;
    struct timespec ts;
    if (!s->has_thread || pthread_getcpuclockid(s->thread, &id) != 0 || clock_gettime(id, &ts) != 0)
        return 0;
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

bool eb_sampler_start(eb_sampler *s, eb_err *err)
{
    int rc = pthread_create(&s->thread, NULL, sampler_main, s);
    if (rc != 0)
        return eb_err_sys(err, EB_FAILED, rc, "cannot start the sampler thread", "pthread_create");
    s->has_thread = true;
    return true;
}

void eb_sampler_begin(eb_sampler *s)
{
    pthread_mutex_lock(&s->lock);
    s->n_rows = 0;
    for (int i = 0; i < s->n_slots; i++) {
        s->slots[i].interval_ns = s->slots[i].pace.base_ns;
        eb_reader_begin(&s->slots[i].reader);
    }
    s->cpu_begin_ns = thread_cpu_ns(s);
    s->cpu_ns = s->beats_ns = 0;
    atomic_store_explicit(&s->beat_seen_ns, INT64_MIN / 2, memory_order_relaxed);
    read_all(s);
    int64_t now = s->clock.now_ns(&s->clock);
    for (int i = 0; i < s->n_slots; i++)
        s->slots[i].due_ns = now + s->slots[i].interval_ns;
    s->sampling = true;
    publish_due(s);
    pthread_cond_signal(&s->wake);
    pthread_mutex_unlock(&s->lock);
}

void eb_sampler_read(eb_sampler *s)
{
    pthread_mutex_lock(&s->lock);
    read_all(s);
    pthread_mutex_unlock(&s->lock);
}

void eb_sampler_end(eb_sampler *s)
{
    pthread_mutex_lock(&s->lock);
    s->sampling = false;
    publish_due(s);
    read_all(s);
    s->cpu_ns = thread_cpu_ns(s) - s->cpu_begin_ns + s->beats_ns;
    pthread_mutex_unlock(&s->lock);
}

const eb_power_row *eb_sampler_rows(const eb_sampler *s, size_t *n)
{
    *n = s->n_rows;
    return s->rows;
}

int64_t eb_sampler_cpu_ns(const eb_sampler *s)
{
    return s->cpu_ns;
}

int64_t eb_sampler_beats_ns(const eb_sampler *s)
{
    return s->beats_ns;
}

int eb_sampler_wide(const eb_sampler *s)
{
    int n = 0;
    for (int i = 0; i < s->n_slots; i++)
        n += s->slots[i].reader.wide;
    return n;
}

void eb_sampler_free(eb_sampler *s)
{
    if (!s)
        return;
    if (s->has_thread) {
        pthread_mutex_lock(&s->lock);
        s->quit = true;
        pthread_cond_signal(&s->wake);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    free(s->rows);
    free(s->scratch);
    free(s->unread);
    for (int i = 0; i < s->n_slots; i++)
        eb_reader_deinit(&s->slots[i].reader);
    free(s->slots);
    free(s);
}
