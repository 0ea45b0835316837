// SPDX-License-Identifier: Apache-2.0
// Every fault against every source that reads files. At the start: no channel, and the cause is named. In the middle of
// ten seconds at 5 W: the windows before and behind it have their joules, one across it has either the right joules or
// none, and the reading's cause is named. Never a silent 0 J, never a negative one.
#include <errno.h>
#include <math.h>
#include "harness/record/attribution.h"
#include "harness/run/reader.h"
#include "tests/unit/probe_tape.h"

enum { STEP_MS = 100, STEPS = 100, FAULT_FROM = 50, FAULT_TO = 60 }; // polls of the source; the fault's share of them

static const double watts = 5;

typedef struct source {
    const eb_probe_ops *ops;
    const char *path;     // of the value
    const char *machine;  // what else there is
    double steps_per_j;   // of a counter; 0: the value is uW
    uint64_t first;       // of a counter
    bool signs;           // either sign may be
    const char *stranger; // a machine whose sensor has an unknown name
    eb_probe_state stranger_state;
} source;

#define PC     "/sys/class/powercap/intel-rapl:0/"
#define PMU    "/sys/bus/event_source/devices/power/"
#define HW     "/sys/class/hwmon/hwmon1/"
#define GPU    "/sys/class/drm/card0/device/hwmon/hwmon4/"
#define BAT    "/sys/class/power_supply/BAT0/"
#define EVENTS "0 " PMU "type 17\n0 " PMU "cpumask 0\n"
#define EVENT(name)                                                                                                    \
    "0 " PMU "events/" name " event=0x02\n0 " PMU "events/" name ".scale 2.3283064365386962890625e-10\n0 " PMU         \
    "events/" name ".unit Joules\n"

static const source sources[] = {
    { &eb_probe_powercap, PC "energy_uj", "0 " PC "name package-0\n0 " PC "max_energy_range_uj 262143328850\n", 1e6,
      262140000000, false, "0 " PC "name package-zero\n0 " PC "energy_uj 5\n", EB_PROBE_OK },
    { &eb_probe_perf_power, "/perf/17/2@0", EVENTS EVENT("energy-pkg"), 4294967296.0, 1, false,
      EVENTS EVENT("energy-pgk") "0 /perf/17/2@0 5\n", EB_PROBE_OK },
    { &eb_probe_hwmon, HW "energy1_input", "0 " HW "name amd_energy\n0 " HW "energy1_label Esocket0\n", 1e6, 700, false,
      "0 " HW "name amd_energy\n0 " HW "energy1_label Eskt0\n0 " HW "energy1_input 5\n", EB_PROBE_OK },
    { &eb_probe_hwmon, HW "power1_input", "0 " HW "name ina226\n0 " HW "power1_label VDD_IN\n", 0, 0, false,
      "0 " HW "name ina226\n0 " HW "power1_label VDD_OUT\n0 " HW "power1_input 5\n", EB_PROBE_OK },
    { &eb_probe_amdgpu, GPU "energy1_input", "0 " GPU "name amdgpu\n", 1e6, 0, false,
      "0 " GPU "name amdgpx\n0 " GPU "power1_average 5\n", EB_PROBE_NO_DEVICE },
    { &eb_probe_amdgpu, GPU "power1_average", "0 " GPU "name amdgpu\n", 0, 0, false,
      "0 " GPU "name amdgpu\n0 " GPU "power1_medium 5\n", EB_PROBE_NO_DRIVER },
    { &eb_probe_battery, BAT "power_now", "0 " BAT "status Discharging\n", 0, 0, true,
      "0 /sys/class/power_supply/X/type Bakery\n0 /sys/class/power_supply/X/status Discharging\n"
      "0 /sys/class/power_supply/X/power_now 5\n",
      EB_PROBE_NO_DEVICE },
    { &eb_probe_battery, BAT "energy_now", "0 " BAT "status Discharging\n", -1e6 / 3600, 40000000, false,
      "0 " BAT "status Discharging\n0 " BAT "energy_soon 5\n", EB_PROBE_NO_DRIVER },
};
enum { SOURCES = sizeof sources / sizeof *sources };

// What the file holds, from the start or for a while.
static const struct {
    const char *value;
    int errnum; // that a sample has; 0 = the value is taken, and judged by what was before
    bool only_counter, only_gauge;
} faults[] = {
    { "!EACCES", EACCES, false, false },
    { "!EINVAL", EINVAL, false, false },
    { "!EIO", EIO, false, false },
    { "!ENODATA", ENODATA, false, false },
    { "", EBADMSG, false, false },
    { "garbage", EBADMSG, false, false },
    { "12 monkeys", EBADMSG, false, false },
    { "0x12", EBADMSG, false, false },
    { "99999999999999999999999", EBADMSG, false, false },
    { "!ENODEV", ENODEV, false, false },
    { "!ENOENT", ENOENT, false, false },
    { "9223372036854775807", 0, false, false }, // huge
    { "-4000000", 0, false, false },
    { "3", 0, true, false }, // back to its beginning
    { "0", 0, false, true },
};
enum { FAULTS = sizeof faults / sizeof *faults };

// `since`: the step at which a counter began anew.
static void say_value(tape *t, const source *s, int step, int since)
{
    double j = watts * (step - since) * STEP_MS / 1e3;
    uint64_t first = since ? 3 : s->first;
    uint64_t value =
        s->steps_per_j != 0 ? first + (uint64_t)(int64_t)llround(j * s->steps_per_j) : (uint64_t)(watts * 1e6);
    if (s->ops == &eb_probe_powercap)
        value %= 262143328911;             // it wraps on the way
    if (strncmp(s->path, "/perf", 5) == 0) // time enabled, time running
        tape_say(t, "%lld %s %llu %lld %lld\n", step * STEP_MS * 1000000ll, s->path, (unsigned long long)value,
                 step * STEP_MS * 1000000ll + 1, step * STEP_MS * 1000000ll + 1);
    else
        tape_say(t, "%lld %s %llu%s\n", step * STEP_MS * 1000000ll, s->path, (unsigned long long)value,
                 step % 2 ? "\\n" : ""); // with and without a newline
}

// ---- at the start --------------------------------------------------------------------------------------------------

// Words that the reason must have: the errno's own, or the source's.
static const char *reason_of(const source *s, const char *value, int errnum)
{
    static const struct {
        const char *source, *value, *words;
    } own[] = {
        { "powercap", "!ENOENT", "energy_uj" },
        { "perf_power", "!ENOENT", "CPU 0" },
        { "perf_power", "!ENODEV", "CPU 0" },
        { "perf_power", "!EINVAL", "CPU 0" },
        { "perf_power", "", "CPU 0" }, // an event without a count is the kernel's word for one that has gone
        { "perf_power", "garbage", "no number" },
        { "perf_power", "12 monkeys", "no number" },
        { "perf_power", "0x12", "no number" },
        { "perf_power", "99999999999999999999999", "no number" },
        { "amdgpu", "!ENOENT", "it shows no power" },
        { "hwmon", "!ENOENT", "no chip in" },
        { "battery", "!ENOENT", "has neither power_now" },
    };
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (strcmp(s->ops->name, own[i].source) == 0 && strcmp(value, own[i].value) == 0)
            return own[i].words;
    return errnum == EBADMSG ? "is empty or holds no number" : errnum ? strerror(errnum) : "";
}

static void at_the_start_nothing_counts_and_there_is_a_cause(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        const source *s = &sources[i];
        for (int f = 0; f < FAULTS; f++) {
            // A counter may begin anywhere, and that of a battery at nothing.
            if (!faults[f].errnum && (s->steps_per_j != 0) && faults[f].value[0] != '-')
                continue;
            if (faults[f].only_counter || (s->signs && faults[f].value[0] == '-'))
                continue;
            tape *t = tape_new();
            tape_say(t, "%s0 %s %s\n", s->machine, s->path, faults[f].value);
            eb_err err;
            eb_err_clear(&err);
            assert_true(eb_io_tape(t->text, &t->io, &err));
            eb_probe_config_default(&t->config);
            t->env = (eb_probe_env){ &t->io, &t->config };
            eb_probe_detect(s->ops, &t->env, &t->found);
            t->probe = eb_probe_open(s->ops, &t->env, &err);
            const char *words = reason_of(s, faults[f].value, faults[f].errnum);
            if (!reads_nothing(t->probe) || t->found.state == EB_PROBE_OK || t->found.state == EB_PROBE_PARTIAL ||
                !t->found.reason[0] || !strstr(t->found.reason, words) ||
                (!t->probe && (err.code != EB_UNAVAILABLE || !strstr(err.message, t->found.reason))))
                fail_msg("%s with '%s': %s, '%s'", s->path, faults[f].value, eb_probe_state_name(t->found.state),
                         t->found.reason);
            bool refused = faults[f].errnum == EACCES;
            assert_true((t->found.state == EB_PROBE_NO_PERMISSION) == refused);
            assert_true(!refused || t->found.remedy[0]);
            tape_free(t);
        }
    }
}

// ---- in the middle -------------------------------------------------------------------------------------------------

typedef struct course {
    tape *t;
    eb_sample samples[STEPS + 1];
    eb_trace *trace;
} course;

static course run_through(const source *s, const char *fault, bool for_good, bool anew)
{
    course c = { .t = tape_new() };
    tape_say(c.t, "%s", s->machine);
    for (int step = 0; step <= STEPS; step++) {
        if (!fault || step < FAULT_FROM || (step >= FAULT_TO && !for_good && !anew))
            say_value(c.t, s, step, 0);
        else if (anew && !for_good)
            say_value(c.t, s, step, FAULT_FROM);
        else if (step == FAULT_FROM)
            tape_say(c.t, "%lld %s %s\n", step * STEP_MS * 1000000ll, s->path, fault);
    }
    tape_open(c.t, s->ops, EB_PROBE_OK, "");
    assert_int_equal(c.t->n, 1);
    eb_reader reader;
    eb_reader_init(&reader, c.t->probe, &c.t->io.clock, c.t->channels);
    eb_reader_begin(&reader);
    for (int step = 0; step <= STEPS; step++) {
        c.t->io.clock.sleep_until_ns(&c.t->io.clock, step * STEP_MS * 1000000ll);
        eb_reader_poll(&reader, &c.samples[step]);
    }
    eb_reader_deinit(&reader);
    c.trace = eb_trace_new(&c.t->channels[0], c.samples, STEPS + 1);
    return c;
}

static void course_deinit(course *c)
{
    eb_trace_free(c->trace);
    tape_free(c->t);
}

// Joules of a window, with the status that it must have if it has none. What is said is true within the half-width.
static bool is_known(const course *c, int from_step, int to_step)
{
    eb_energy e = eb_trace_energy(c->trace, from_step * STEP_MS * 1000000ll, to_step * STEP_MS * 1000000ll);
    if (e.status != EB_SAMPLE_OK) {
        assert_true(isnan(e.j));
        return false;
    }
    double want = watts * (to_step - from_step) * STEP_MS / 1e3;
    if (!(e.j >= 0) || fabs(e.j - want) > fmax(e.halfwidth_j, 1e-6))
        fail_msg("%s: %g J in %d..%d, wanted %g +- %g", c->t->channels[0].name, e.j, from_step, to_step, want,
                 e.halfwidth_j);
    return true;
}

static void without_faults_all_is_known(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        course c = run_through(&sources[i], NULL, false, false);
        assert_true(is_known(&c, 0, STEPS) && is_known(&c, 10, 40) && is_known(&c, 51, 59));
        course_deinit(&c);
    }
}

static void in_the_middle_nothing_is_made_up(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        const source *s = &sources[i];
        for (int f = 0; f < FAULTS; f++) {
            bool counter = s->steps_per_j != 0;
            if ((faults[f].only_counter && (!counter || s->steps_per_j < 0)) || (faults[f].only_gauge && counter) ||
                (s->signs && faults[f].value[0] == '-'))
                continue;
            course c = run_through(s, faults[f].value, false, faults[f].only_counter);
            const eb_sample *bad = &c.samples[FAULT_FROM + 1];
            bool read = bad->status == EB_SAMPLE_OK;
            if ((!read && (bad->raw || !bad->errnum)) || (read && faults[f].errnum))
                fail_msg("%s with '%s': %s, raw %llu, errno %d", s->path, faults[f].value, eb_status_name(bad->status),
                         (unsigned long long)bad->raw, bad->errnum);
            bool own_word = faults[f].errnum == ENOENT || faults[f].errnum == ENODEV ||
                            (s->ops == &eb_probe_perf_power && !faults[f].value[0]);
            if (faults[f].errnum && !own_word)
                assert_string_equal(eb_probe_why(s->ops->name, bad->errnum), eb_probe_why("", faults[f].errnum));
            assert_true(eb_probe_why(s->ops->name, bad->errnum)[0]);
            // A counter that could not be read has counted on; a gauge, and a counter that was gone or went wrong, has
            // not.
            bool bridged = counter && bad->status == EB_SAMPLE_MISSING;
            bool across = is_known(&c, 20, 80), before = is_known(&c, 10, 45), behind = is_known(&c, 65, 95);
            if (!before || !behind || across != bridged)
                fail_msg("%s with '%s': before %d, across %d, behind %d", s->path, faults[f].value, before, across,
                         behind);
            for (int step = 0; step < STEPS; step += 3)
                is_known(&c, step, step + 7 < STEPS ? step + 7 : STEPS);
            course_deinit(&c);
            c = run_through(s, faults[f].value, true, false); // and it never comes back
            assert_false(is_known(&c, 20, 80));
            course_deinit(&c);
        }
    }
}

static void asleep_in_the_middle_voids_the_window(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        source s = sources[i];
        char machine[1024];
        snprintf(machine, sizeof machine, "%s5050000000 " EB_IO_TAPE_SUSPENDED " 3600000000000\n", s.machine);
        s.machine = machine;
        course c = run_through(&s, NULL, false, false);
        eb_energy e = eb_trace_energy(c.trace, 2000000000, 8000000000);
        assert_int_equal(e.status, EB_SAMPLE_SUSPENDED);
        assert_true(isnan(e.j));
        assert_true(is_known(&c, 10, 45) && is_known(&c, 65, 95));
        course_deinit(&c);
    }
}

static void unknown_names_are_never_summed(void **state)
{
    (void)state;
    for (int i = 0; i < SOURCES; i++) {
        tape *t = tape_new();
        tape_say(t, "%s", sources[i].stranger);
        tape_open(t, sources[i].ops, sources[i].stranger_state, "");
        for (int b = 0; b < EB_BOUNDARY_COUNT; b++) {
            bool counted[64];
            eb_domain_count(t->channels, t->n, (eb_boundary)b, counted, NULL, 0, NULL, 0);
            for (int k = 0; k < t->n; k++)
                assert_true(!counted[k] && (t->channels[k].domain == EB_DOMAIN_UNKNOWN || reads_nothing(t->probe)));
        }
        tape_free(t);
    }
}

// The CPU that a package is read through goes offline: the kernel goes on saying the last count.
static void a_lead_cpu_that_goes_is_gone(void **state)
{
    (void)state;
    const source *s = &sources[1];
    char value[64];
    snprintf(value, sizeof value, "%llu 5000000000 5000000000", (unsigned long long)llround(25 * s->steps_per_j));
    course c = run_through(s, value, true, false);
    assert_int_equal(c.samples[FAULT_FROM + 5].status, EB_SAMPLE_GONE);
    assert_int_equal(c.samples[FAULT_FROM + 5].errnum, ENODEV);
    assert_true(is_known(&c, 10, 45));
    assert_false(is_known(&c, 20, 80));
    course_deinit(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_the_start_nothing_counts_and_there_is_a_cause),
        cmocka_unit_test(without_faults_all_is_known),
        cmocka_unit_test(in_the_middle_nothing_is_made_up),
        cmocka_unit_test(asleep_in_the_middle_voids_the_window),
        cmocka_unit_test(unknown_names_are_never_summed),
        cmocka_unit_test(a_lead_cpu_that_goes_is_gone),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
