// SPDX-License-Identifier: Apache-2.0
// The sampler's schedule, what it does with readings that are too wide, missing or behind a suspend, and a whole
// window on a tape.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/io.h"
#include "harness/base/mem.h"
#include "harness/record/attribution.h"
#include "harness/run/reader.h"
#include "harness/run/sampler.h"
#include "probes/probe_impl.h"

static uint64_t fake_raw;
static void fake_read(eb_probe *probe, eb_sample *out)
{
    for (int i = 0; i < probe->n; i++)
        out[i] = (eb_sample){ .raw = fake_raw, .t_before_ns = (int64_t)fake_raw, .t_after_ns = (int64_t)fake_raw + 1 };
    fake_raw++;
}

static const eb_probe_ops fake_ops = { .name = "fake", .doc = "counts its reads", .read = fake_read };

static eb_sampler *fake_sampler(eb_probe *probe, eb_channel *channels, int n, eb_sampling mode, int64_t period_ns,
                                size_t rows)
{
    eb_err err;
    eb_err_clear(&err);
    eb_probe_config config = { .sampling = mode, .rate_hz = 100 };
    for (int i = 0; i < n; i++) {
        channels[i] = (eb_channel){ .period_ns = period_ns, .cumulative = true, .grade = EB_GRADE_COUNTER };
        snprintf(channels[i].name, sizeof channels[i].name, "fake/%d", i);
    }
    *probe = (eb_probe){ .ops = &fake_ops, .channels = channels, .n = n };
    fake_raw = 0;
    eb_sampler_setup setup = {
        .clock = &eb_clock_real, .probes = &probe, .n_probes = 1, .config = &config, .max_rows = rows, .busy_cpus = 1
    };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    assert_non_null(s);
    return s;
}

static void test_window_is_bounded_by_reads(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[2];
    eb_sampler *s = fake_sampler(&probe, channels, 2, EB_SAMPLING_TRACE, 0, 1000);
    size_t n;
    eb_sampler_begin(s);
    eb_sampler_end(s);
    const eb_power_row *rows = eb_sampler_rows(s, &n);
    assert_int_equal(n, 4); // two channels, read at both ends, without a thread in between
    assert_int_equal(rows[0].channel, 0);
    assert_int_equal(rows[1].channel, 1);
    assert_int_equal(rows[0].sample.raw, 0);
    assert_int_equal(rows[3].sample.raw, 1);
    eb_sampler_begin(s); // forgets
    eb_sampler_rows(s, &n);
    assert_int_equal(n, 2);
    eb_sampler_free(s);
}

static void test_poll_keeps_its_grid(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_TRACE, 0, 100000);
    eb_sampler_begin(s);
    int64_t now = eb_now_ns(), first = eb_sampler_poll(s, now), due = first;
    size_t before, after;
    eb_sampler_rows(s, &before);
    for (int i = 0; i < 50; i++) {
        int64_t next = eb_sampler_poll(s, due + 3000000); // 3 ms late each time
        assert_int_equal(next - due, 10000000);           // and still every 10 ms
        due = next;
    }
    eb_sampler_rows(s, &after);
    assert_int_equal(after - before, 50);
    assert_int_equal(eb_sampler_poll(s, due + 35000000) - due, 40000000); // missed reads are not made up
    eb_sampler_free(s);
}

static void test_edge_mode_polls_five_times_per_update(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_EDGE, 1000000, 100000);
    eb_sampler_begin(s);
    int64_t due = eb_sampler_poll(s, eb_now_ns());
    assert_int_equal(eb_sampler_poll(s, due) - due, 200000);
    eb_sampler_free(s);
}

// 262 kJ at 1500 W go round in 175 s, 300 J in 0.2 s: whatever the mode, eight reads and more.
static void test_no_mode_loses_a_wrap(void **state)
{
    (void)state;
    static const struct {
        eb_sampling mode;
        uint64_t modulus;
        int64_t want_ns;
    } cases[] = {
        { EB_SAMPLING_WINDOW, 262143328911, 1000000000 },
        { EB_SAMPLING_WINDOW, 300000000, 25000000 },
        { EB_SAMPLING_TRACE, 300000000, 10000000 },
        { EB_SAMPLING_TRACE, 30000000, 2500000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eb_channel c = { .name = "fake/0",
                         .quantity = EB_QUANTITY_ENERGY_UJ,
                         .cumulative = true,
                         .modulus = cases[i].modulus,
                         .scale = 1,
                         .power_max_w = 1500 };
        eb_probe probe = { .ops = &fake_ops, .channels = &c, .n = 1 }, *list = &probe;
        eb_probe_config config = { .sampling = cases[i].mode, .rate_hz = 100 };
        eb_err err;
        eb_err_clear(&err);
        eb_sampler_setup setup = {
            .clock = &eb_clock_real, .probes = &list, .n_probes = 1, .config = &config, .max_rows = 1000, .busy_cpus = 1
        };
        eb_sampler *s = eb_sampler_new(&setup, &err);
        assert_non_null(s);
        eb_sampler_begin(s);
        int64_t due = eb_sampler_poll(s, eb_now_ns());
        assert_int_equal(eb_sampler_poll(s, due) - due, cases[i].want_ns);
        eb_sampler_free(s);
    }
}

// ---- beats
// ------------------------------------------------------------------------------------------------------------

enum { ALL_CPUS = 1 << 20 };

// One source at 100 Hz on a virtual clock, of a workload that uses `busy` CPUs.
static eb_sampler *sampler_of(eb_probe *probe, const eb_clock *clock, int busy)
{
    eb_err err;
    eb_err_clear(&err);
    eb_probe_config config = { .sampling = EB_SAMPLING_TRACE, .rate_hz = 100 };
    eb_sampler_setup setup = {
        .clock = clock, .probes = &probe, .n_probes = 1, .config = &config, .max_rows = 1000, .busy_cpus = busy
    };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    assert_non_null(s);
    return s;
}

// A counter that is read in `read_ns`.
static eb_sampler *beaten_sampler(eb_probe *probe, eb_channel *channel, const eb_clock *clock, int64_t read_ns,
                                  int busy)
{
    *channel = (eb_channel){ .name = "fake/0", .cumulative = true, .read_ns = read_ns, .grade = EB_GRADE_COUNTER };
    *probe = (eb_probe){ .ops = &fake_ops, .channels = channel, .n = 1 };
    return sampler_of(probe, clock, busy);
}

static size_t rows_of(const eb_sampler *s)
{
    size_t n;
    eb_sampler_rows(s, &n);
    return n;
}

static void test_a_beat_reads_what_is_due(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channel;
    int64_t now_ns = 1000000;
    eb_clock clock = eb_clock_virtual(&now_ns);
    eb_sampler *s = beaten_sampler(&probe, &channel, &clock, 700, ALL_CPUS);
    const eb_pulse *pulse = eb_sampler_pulse(s);
    assert_non_null(pulse);
    assert_int_equal(pulse->beat(pulse->arg), now_ns); // not begun: nothing is read
    assert_int_equal(rows_of(s), 0);
    eb_sampler_begin(s);
    for (int i = 0; i < 100; i++, now_ns += 1000000) // 99 ms in beats of 1 ms
        assert_int_equal(pulse->beat(pulse->arg), now_ns);
    assert_int_equal(rows_of(s), 1 + 9);
    // The thread leaves what is due to the next beat, and takes it when none comes for 10 intervals.
    now_ns += 50000000;
    assert_true(eb_sampler_poll(s, now_ns) > now_ns);
    assert_int_equal(rows_of(s), 1 + 9);
    now_ns += 60000000;
    eb_sampler_poll(s, now_ns);
    assert_int_equal(rows_of(s), 1 + 10);
    // From then on the thread goes by its own grid, until a beat has read again.
    now_ns += 10000000;
    assert_true(eb_sampler_poll(s, now_ns) <= now_ns + 10000000);
    assert_int_equal(rows_of(s), 1 + 11);
    eb_sampler_end(s);
    pulse->beat(pulse->arg);
    assert_int_equal(rows_of(s), 1 + 11 + 1);
    assert_true(eb_sampler_beats_ns(s) <= eb_sampler_cpu_ns(s));
    eb_sampler_free(s);
}

// Beats end where the work does. What a counter drew until the thread comes is in its next reading; a line drawn from a
// gauge's last reading at work to one long after it would be joules that nobody drew.
static void test_a_gauge_is_read_on_time(void **state)
{
    (void)state;
    eb_channel channel = {
        .name = "fake/0", .quantity = EB_QUANTITY_POWER_UW, .read_ns = 700, .grade = EB_GRADE_SAMPLED
    };
    eb_probe probe = { .ops = &fake_ops, .channels = &channel, .n = 1 };
    int64_t now_ns = 1000000;
    eb_clock clock = eb_clock_virtual(&now_ns);
    eb_sampler *s = sampler_of(&probe, &clock, ALL_CPUS);
    const eb_pulse *pulse = eb_sampler_pulse(s);
    eb_sampler_begin(s);
    for (int i = 0; i < 45; i++, now_ns += 1000000)
        pulse->beat(pulse->arg);
    assert_int_equal(rows_of(s), 1 + 4);
    now_ns += 6000000; // 51 ms: due for 1 ms
    assert_int_equal(eb_sampler_poll(s, now_ns) - now_ns, 9000000);
    assert_int_equal(rows_of(s), 1 + 5);
    eb_sampler_end(s);
    eb_sampler_free(s);
}

static void test_a_beat_is_not_for_everything(void **state)
{
    (void)state;
    static const int64_t left_to_the_thread[] = { 0, 1000000 }; // not known, and a sensor behind a slow bus
    int64_t now_ns = 1000000;
    eb_clock clock = eb_clock_virtual(&now_ns);
    eb_probe probe;
    eb_channel channel;
    for (int i = 0; i < 2; i++) {
        eb_sampler *s = beaten_sampler(&probe, &channel, &clock, left_to_the_thread[i], ALL_CPUS);
        eb_sampler_begin(s);
        now_ns += 20000000;
        eb_sampler_pulse(s)->beat(eb_sampler_pulse(s)->arg);
        assert_int_equal(rows_of(s), 1);
        eb_sampler_poll(s, now_ns);
        assert_int_equal(rows_of(s), 2);
        eb_sampler_free(s);
    }
    eb_sampler *s = beaten_sampler(&probe, &channel, &clock, 700, 0); // CPUs to spare
    assert_null(eb_sampler_pulse(s));
    eb_sampler_free(s);
}

// Counts of events are wanted over windows: they do not wake the thread a thousand times a second.
static void test_what_is_no_energy_sets_no_pace(void **state)
{
    (void)state;
    eb_channel c = { .name = "fake/0", .quantity = EB_QUANTITY_COUNT, .cumulative = true };
    eb_probe probe = { .ops = &fake_ops, .channels = &c, .n = 1 }, *list = &probe;
    eb_probe_config config = { .sampling = EB_SAMPLING_TRACE, .rate_hz = 1000 };
    eb_err err;
    eb_err_clear(&err);
    eb_sampler_setup setup = {
        .clock = &eb_clock_real, .probes = &list, .n_probes = 1, .config = &config, .max_rows = 1000
    };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    eb_sampler_begin(s);
    int64_t due = eb_sampler_poll(s, eb_now_ns());
    assert_int_equal(eb_sampler_poll(s, due) - due, 50000000);
    eb_sampler_free(s);
}

static void test_full_buffer_thins_and_still_covers(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[3];
    eb_sampler *s = fake_sampler(&probe, channels, 3, EB_SAMPLING_TRACE, 0, 60);
    eb_sampler_begin(s);
    int64_t due = eb_now_ns();
    for (int i = 0; i < 1000; i++)
        due = eb_sampler_poll(s, due);
    eb_sampler_end(s);
    size_t n, per_channel[3] = { 0 };
    const eb_power_row *rows = eb_sampler_rows(s, &n);
    assert_true(n <= 70);
    uint64_t last[3] = { 0 };
    for (size_t i = 0; i < n; i++) {
        int c = rows[i].channel;
        assert_true(per_channel[c] == 0 ? rows[i].sample.raw == 0
                                        : rows[i].sample.raw > last[c]); // first kept, in order
        last[c] = rows[i].sample.raw;
        per_channel[c]++;
    }
    for (int c = 0; c < 3; c++) {
        assert_int_equal(last[c], fake_raw - 1); // the end read is there
        assert_int_equal(per_channel[c], per_channel[0]);
    }
    eb_sampler_free(s);
}

// A mark that says "what came before cannot be followed" is never thinned away.
static void test_thinning_keeps_breaks(void **state)
{
    (void)state;
    static const eb_status breaks[] = { EB_SAMPLE_SUSPENDED, EB_SAMPLE_RESET, EB_SAMPLE_AMBIGUOUS };
    for (size_t k = 0; k < 54; k++) {
        eb_probe probe;
        eb_channel channels[3];
        eb_sampler *s = fake_sampler(&probe, channels, 3, EB_SAMPLING_TRACE, 0, 70);
        eb_sampler_begin(s);
        int64_t due = eb_now_ns();
        for (int i = 0; i < 18; i++)
            due = eb_sampler_poll(s, due);
        size_t n, marked = 0;
        const eb_power_row *rows = eb_sampler_rows(s, &n);
        assert_true(n > k);
        eb_power_row *row = (eb_power_row *)&rows[k];
        eb_status want = breaks[k % 3];
        int channel = row->channel;
        row->sample.status = want;
        for (int i = 0; i < 1000; i++)
            due = eb_sampler_poll(s, due);
        eb_sampler_end(s);
        rows = eb_sampler_rows(s, &n);
        for (size_t i = 0; i < n; i++) {
            marked += rows[i].sample.status == want && rows[i].channel == channel;
            assert_true(rows[i].channel == channel || rows[i].sample.status == EB_SAMPLE_OK);
        }
        assert_int_equal(marked, 1);
        eb_sampler_free(s);
    }
}

static void test_thread_samples_and_stops(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[1];
    eb_err err;
    eb_err_clear(&err);
    eb_sampler *s = fake_sampler(&probe, channels, 1, EB_SAMPLING_TRACE, 0, 100000);
    assert_true(eb_sampler_start(s, &err));
    size_t n = 0;
    for (int tries = 0; tries < 50 && n < 5; tries++) { // until the thread got a few reads in, however slow the machine
        eb_sampler_begin(s);
        usleep(100000);
        eb_sampler_end(s);
        eb_sampler_rows(s, &n);
    }
    assert_true(n >= 5);
    uint64_t reads = fake_raw;
    usleep(50000);
    assert_int_equal(fake_raw, reads); // none after the end
    eb_sampler_free(s);
}

// ---- readings that are judged ------------------------------------------------------------------------------------

// A probe of one energy counter whose readings take the given times, one after the other; the last one repeats.
typedef struct scripted {
    const int64_t *widths_ns;
    int n, at;
    int64_t now_ns, suspended_ns;
    uint64_t missing; // bit i: reading i fails
} scripted;

static scripted script;

static void scripted_read(eb_probe *probe, eb_sample *out)
{
    (void)probe;
    int i = script.at < script.n ? script.at : script.n - 1;
    out[0] = (eb_sample){ .raw = (uint64_t)script.at, .t_before_ns = script.now_ns };
    out[0].t_after_ns = script.now_ns += script.widths_ns[i];
    if (script.missing >> script.at & 1)
        out[0].status = EB_SAMPLE_MISSING;
    script.at++;
}

static int64_t scripted_now(const eb_clock *clock)
{
    (void)clock;
    return script.now_ns;
}

static int64_t scripted_suspended(const eb_clock *clock)
{
    (void)clock;
    return script.suspended_ns;
}

static const eb_probe_ops scripted_ops = { .name = "scripted", .doc = "as told", .read = scripted_read };

static eb_channel scripted_channel = {
    .name = "scripted/0", .quantity = EB_QUANTITY_ENERGY_UJ, .cumulative = true, .scale = 1, .grade = EB_GRADE_COUNTER
};

static void scripted_reader(eb_reader *r, eb_probe *probe, const int64_t *widths_ns, int n)
{
    static const eb_clock clock = { .now_ns = scripted_now, .suspended_ns = scripted_suspended };
    *probe = (eb_probe){ .ops = &scripted_ops, .channels = &scripted_channel, .n = 1 };
    script = (scripted){ .widths_ns = widths_ns, .n = n };
    eb_reader_init(r, probe, &clock, &scripted_channel);
    eb_reader_begin(r);
}

static void test_a_wide_reading_is_read_again(void **state)
{
    (void)state;
    static const int64_t widths_ns[] = { 1000, 80000, 2000, 90000, 70000, 50000 };
    eb_reader r;
    eb_probe probe;
    eb_sample s;
    scripted_reader(&r, &probe, widths_ns, 6);
    eb_reader_poll(&r, &s);
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 0);
    eb_reader_poll(&r, &s); // 80 us, then 2 us
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 2 && r.wide == 0);
    eb_reader_poll(&r, &s); // 90 us, then 70 us
    assert_true(s.status == EB_SAMPLE_MISSING && r.wide == 1);
    eb_reader_poll(&r, &s); // 50 us is not wide
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 5 && r.wide == 1);
    eb_reader_deinit(&r);
}

static void test_a_slow_sensor_is_not_wide(void **state)
{
    (void)state;
    static const int64_t widths_ns[] = { 1000000, 3900000, 1000000, 9000000, 9000000 };
    eb_reader r;
    eb_probe probe;
    eb_sample s;
    scripted_reader(&r, &probe, widths_ns, 5);
    for (int i = 0; i < 3; i++) {
        eb_reader_poll(&r, &s);
        assert_true(s.status == EB_SAMPLE_OK && s.raw == (uint64_t)i);
    }
    eb_reader_poll(&r, &s);
    assert_int_equal(s.status, EB_SAMPLE_MISSING);
    // One that has become slow for good is followed.
    for (int i = 0; i < 100 && s.status != EB_SAMPLE_OK; i++)
        eb_reader_poll(&r, &s);
    assert_int_equal(s.status, EB_SAMPLE_OK);
    eb_reader_deinit(&r);
}

static void test_a_boundary_is_never_lost(void **state)
{
    (void)state;
    static const int64_t widths_ns[] = { 1000, 80000, 70000, 60000, 90000, 75000, 80000, 3000 };
    eb_reader r;
    eb_probe probe;
    eb_sample s;
    scripted_reader(&r, &probe, widths_ns, 8);
    eb_reader_boundary(&r, &s);
    assert_true(s.raw == 0 && script.at == 1);
    eb_reader_boundary(&r, &s); // five wide ones: the narrowest, as wide as it was
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 3 && s.t_after_ns - s.t_before_ns == 60000);
    assert_int_equal(script.at, 1 + EB_READER_TRIES);
    eb_reader_boundary(&r, &s); // 80 us, then 3 us
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 7);
    assert_int_equal(r.wide, 0);
    eb_reader_deinit(&r);
    scripted_reader(&r, &probe, widths_ns, 1);
    script.missing = 3; // two that fail
    eb_reader_boundary(&r, &s);
    assert_true(s.status == EB_SAMPLE_OK && s.raw == 2);
    script.missing = ~0ull;
    eb_reader_boundary(&r, &s);
    assert_int_equal(s.status, EB_SAMPLE_MISSING);
    eb_reader_deinit(&r);
}

static void test_a_suspend_voids_what_it_touches(void **state)
{
    (void)state;
    static const int64_t widths_ns[] = { 1000 };
    static const struct {
        int64_t suspended_ns;
        eb_status want;
    } steps[] = {
        { 7000000000, EB_SAMPLE_OK },                                      // before the first reading: of no concern
        { 7000000000, EB_SAMPLE_OK },        { 7000400000, EB_SAMPLE_OK }, // the clocks' own noise
        { 9000000000, EB_SAMPLE_SUSPENDED }, { 9000000000, EB_SAMPLE_SUSPENDED }, // it may have come behind the reading
        { 9000000000, EB_SAMPLE_OK },        { 9000900000, EB_SAMPLE_OK },
    };
    eb_reader r;
    eb_probe probe;
    eb_sample s;
    scripted_reader(&r, &probe, widths_ns, 1);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        script.suspended_ns = steps[i].suspended_ns;
        eb_reader_poll(&r, &s);
        assert_int_equal(s.status, steps[i].want);
    }
    // Drivers fail right after the machine woke: the first two readings that are good again bear the mark.
    script.suspended_ns = 12000000000;
    script.missing = 3ull << script.at;
    for (int i = 0; i < 5; i++) {
        eb_reader_poll(&r, &s);
        assert_int_equal(s.status, i < 2 ? EB_SAMPLE_MISSING : i < 4 ? EB_SAMPLE_SUSPENDED : EB_SAMPLE_OK);
    }
    script.suspended_ns = 20000000000;
    eb_reader_begin(&r); // another window
    eb_reader_boundary(&r, &s);
    assert_int_equal(s.status, EB_SAMPLE_OK);
    script.suspended_ns = 30000000000;
    eb_reader_boundary(&r, &s);
    assert_int_equal(s.status, EB_SAMPLE_SUSPENDED);
    eb_reader_deinit(&r);
}

// ---- a whole window on a tape --------------------------------------------------------------------------------------

#define ZONE "/sys/class/powercap/intel-rapl:0/"

typedef struct taped {
    char *text;
    size_t n, cap;
    eb_io io;
    eb_probe_config config;
    eb_probe *probe;
    eb_sampler *sampler;
} taped;

static void say(taped *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(taped *t, const char *fmt, ...)
{
    char line[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    t->text = eb_realloc(t->text, t->n + (size_t)n + 1, 1);
    memcpy(t->text + t->n, line, (size_t)n + 1);
    t->n += (size_t)n;
}

// A package of `watts` for `seconds`, updated each 0.976 ms.
static void say_counter(taped *t, double watts, double seconds)
{
    say(t, "0 " ZONE "name package-0\n0 " ZONE "max_energy_range_uj 262143328850\n");
    for (int i = 0; i * 976e-6 <= seconds; i++)
        say(t, "%lld " ZONE "energy_uj %llu\n", i * 976000ll, 1000ull + (unsigned long long)(watts * i * 976));
}

static void tape_start(taped *t, eb_sampling mode, double rate_hz)
{
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(t->text, &t->io, &err))
        fail_msg("%s", err.message);
    eb_probe_config_default(&t->config);
    t->config.sampling = mode;
    t->config.rate_hz = rate_hz;
    eb_probe_env env = { &t->io, &t->config };
    t->probe = eb_probe_open(&eb_probe_powercap, &env, &err);
    assert_non_null(t->probe);
    eb_sampler_setup setup = { .clock = &t->io.clock,
                               .probes = &t->probe,
                               .n_probes = 1,
                               .config = &t->config,
                               .max_rows = 100000,
                               .busy_cpus = 1 };
    t->sampler = eb_sampler_new(&setup, &err);
    assert_non_null(t->sampler);
}

static void tape_window(taped *t, int64_t from_ns, int64_t to_ns)
{
    const eb_clock *clock = &t->io.clock;
    clock->sleep_until_ns(clock, from_ns);
    eb_sampler_begin(t->sampler);
    for (int64_t due; (due = eb_sampler_poll(t->sampler, clock->now_ns(clock))) < to_ns;)
        clock->sleep_until_ns(clock, due);
    clock->sleep_until_ns(clock, to_ns);
    eb_sampler_end(t->sampler);
}

static eb_energy tape_energy(const taped *t, int64_t from_ns, int64_t to_ns, size_t *polls)
{
    const eb_channel *channels;
    size_t n;
    const eb_power_row *rows = eb_sampler_rows(t->sampler, &n);
    eb_sample *samples = eb_realloc(NULL, n + 1, sizeof *samples);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(rows[i].channel, 0);
        samples[i] = rows[i].sample;
    }
    eb_probe_channels(t->probe, &channels);
    eb_trace *trace = eb_trace_new(&channels[0], samples, n);
    eb_energy e = eb_trace_energy(trace, from_ns, to_ns);
    eb_trace_free(trace);
    free(samples);
    *polls = n;
    return e;
}

static void tape_end(taped *t)
{
    eb_sampler_free(t->sampler);
    eb_probe_close(t->probe);
    eb_io_deinit(&t->io);
    free(t->text);
}

static void test_a_window_on_tape_in_every_mode(void **state)
{
    (void)state;
    static const struct {
        eb_sampling mode;
        double rate_hz;
        size_t least, most;
    } cases[] = {
        { EB_SAMPLING_WINDOW, 1000, 4, 4 },   // both ends, and each second
        { EB_SAMPLING_TRACE, 100, 250, 252 }, // 2.5 s
        { EB_SAMPLING_TRACE, 1000, 2500, 2502 },
        { EB_SAMPLING_EDGE, 1, 12500, 13000 }, // 5 x 2500
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        taped t = { 0 };
        size_t polls;
        say_counter(&t, 50, 4);
        tape_start(&t, cases[i].mode, cases[i].rate_hz);
        tape_window(&t, 1000000000, 3500000000);
        eb_energy e = tape_energy(&t, 1000000000, 3500000000, &polls);
        assert_true(polls >= cases[i].least && polls <= cases[i].most);
        assert_int_equal(e.status, EB_SAMPLE_OK);
        assert_true(e.j > 125 - 0.15 && e.j < 125 + 0.15 && e.halfwidth_j > 0 && e.halfwidth_j < 0.2);
        assert_int_equal(eb_sampler_wide(t.sampler), 0);
        tape_end(&t);
    }
}

static void test_a_suspend_on_tape(void **state)
{
    (void)state;
    taped t = { 0 };
    size_t polls;
    say_counter(&t, 50, 4);
    say(&t, "0 " EB_IO_TAPE_SUSPENDED " 5000000000\n2000000000 " EB_IO_TAPE_SUSPENDED " 65000000000\n");
    tape_start(&t, EB_SAMPLING_TRACE, 100);
    tape_window(&t, 1000000000, 3500000000);
    assert_int_equal(tape_energy(&t, 1000000000, 3500000000, &polls).status, EB_SAMPLE_SUSPENDED);
    eb_energy before = tape_energy(&t, 1000000000, 1900000000, &polls),
              after = tape_energy(&t, 2100000000, 3500000000, &polls);
    assert_true(before.status == EB_SAMPLE_OK && before.j > 44.9 && before.j < 45.1);
    assert_true(after.status == EB_SAMPLE_OK && after.j > 69.9 && after.j < 70.1);
    // The next window knows nothing of it.
    tape_window(&t, 3600000000, 3900000000);
    assert_int_equal(tape_energy(&t, 3600000000, 3900000000, &polls).status, EB_SAMPLE_OK);
    tape_end(&t);
}

static void test_a_source_that_vanishes_on_tape(void **state)
{
    (void)state;
    static const char *const ways[] = { "ENODEV", "ENOENT", "ENXIO" };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        taped t = { 0 };
        size_t polls;
        say_counter(&t, 50, 2);
        say(&t, "2100000000 " ZONE "energy_uj !%s\n", ways[i]);
        tape_start(&t, EB_SAMPLING_TRACE, 100);
        tape_window(&t, 1000000000, 3500000000);
        assert_int_equal(tape_energy(&t, 1000000000, 3500000000, &polls).status, EB_SAMPLE_GONE);
        assert_int_equal(tape_energy(&t, 1000000000, 1900000000, &polls).status, EB_SAMPLE_OK);
        tape_end(&t);
    }
}

static void test_edge_mode_goes_by_what_was_found(void **state)
{
    (void)state;
    eb_probe probe;
    eb_channel channels[2];
    eb_err err;
    eb_err_clear(&err);
    eb_sampler_free(fake_sampler(&probe, channels, 2, EB_SAMPLING_EDGE, 1000000, 1000));
    eb_channel found[2] = { channels[0], channels[1] };
    found[0].period_ns = 976000;
    found[0].jitter_ns = 20000;
    found[1].period_ns = 500000; // dead: not worth a poll
    found[1].live = EB_LIVE_DEAD;
    eb_probe *list = &probe;
    eb_probe_config config = { .sampling = EB_SAMPLING_EDGE, .rate_hz = 100 };
    eb_sampler_setup setup = { .clock = &eb_clock_real,
                               .probes = &list,
                               .n_probes = 1,
                               .channels = found,
                               .config = &config,
                               .max_rows = 1000,
                               .busy_cpus = 1 };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    eb_sampler_begin(s);
    int64_t due = eb_sampler_poll(s, eb_now_ns());
    assert_int_equal(eb_sampler_poll(s, due) - due, (976000 - 40000) / 5);
    eb_sampler_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_is_bounded_by_reads),
        cmocka_unit_test(test_poll_keeps_its_grid),
        cmocka_unit_test(test_edge_mode_polls_five_times_per_update),
        cmocka_unit_test(test_no_mode_loses_a_wrap),
        cmocka_unit_test(test_a_beat_reads_what_is_due),
        cmocka_unit_test(test_a_gauge_is_read_on_time),
        cmocka_unit_test(test_a_beat_is_not_for_everything),
        cmocka_unit_test(test_what_is_no_energy_sets_no_pace),
        cmocka_unit_test(test_full_buffer_thins_and_still_covers),
        cmocka_unit_test(test_thinning_keeps_breaks),
        cmocka_unit_test(test_thread_samples_and_stops),
        cmocka_unit_test(test_a_wide_reading_is_read_again),
        cmocka_unit_test(test_a_slow_sensor_is_not_wide),
        cmocka_unit_test(test_a_boundary_is_never_lost),
        cmocka_unit_test(test_a_suspend_voids_what_it_touches),
        cmocka_unit_test(test_a_window_on_tape_in_every_mode),
        cmocka_unit_test(test_a_suspend_on_tape),
        cmocka_unit_test(test_a_source_that_vanishes_on_tape),
        cmocka_unit_test(test_edge_mode_goes_by_what_was_found),
    };
    return cmocka_run_group_tests_name("sampler", tests, NULL, NULL);
}
