// SPDX-License-Identifier: Apache-2.0
// Batteries with and without power_now, of either sign, one and several; chargers; and every way in which one does not
// say what the machine takes.
#include <errno.h>
#include <math.h>
#include "harness/record/attribution.h"
#include "harness/record/dead.h"
#include "harness/run/calibrate.h"
#include "tests/unit/probe_tape.h"

#define CLASS "/sys/class/power_supply/"

static void say_file(tape *t, const char *supply, const char *file, const char *value)
{
    tape_say(t, "0 " CLASS "%s/%s %s\n", supply, file, value);
}

static void say_battery(tape *t, const char *name, const char *status)
{
    say_file(t, name, "type", "Battery");
    say_file(t, name, "present", "1");
    say_file(t, name, "status", status);
}

static void say_charger(tape *t, const char *name, const char *type, const char *online)
{
    say_file(t, name, "type", type);
    say_file(t, name, "online", online);
}

static void readings_of_every_kind(void **state)
{
    (void)state;
    static const struct {
        const char *files[3][2];
        int64_t uw;
    } cases[] = {
        { { { "power_now", "12345678" } }, 12345678 },
        { { { "power_now", "-12345678" } }, 12345678 },
        { { { "current_now", "1234567" }, { "voltage_now", "11876543" } }, 14662388 }, // 14662388.10...
        { { { "current_now", "-1234567" }, { "voltage_now", "11876543" } }, 14662388 },
        { { { "power_now", "5000000" }, { "current_now", "9" }, { "voltage_now", "9000000" } }, 5000000 },
        { { { "power_now", "0" }, { "current_now", "500000" }, { "voltage_now", "8000000" } }, 4000000 },
        { { { "power_now", "!ENODEV" }, { "current_now", "500000" }, { "voltage_now", "8000000" } }, 4000000 },
        { { { "power_avg", "7000001" }, { "voltage_now", "8000000" } }, 7000001 },
        { { { "current_avg", "-250000" }, { "voltage_now", "8000000" } }, 2000000 },
        { { { "power_now", "3000000" }, { "energy_now", "50000000" } }, 3000000 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t = tape_new();
        say_battery(t, "BAT0", "Discharging");
        for (int k = 0; k < 3 && cases[i].files[k][0]; k++)
            say_file(t, "BAT0", cases[i].files[k][0], cases[i].files[k][1]);
        say_charger(t, "AC", "Mains", "0");
        tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
        assert_int_equal(t->n, 1);
        tape_read(t, 0);
        assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "BAT0", ""), cases[i].uw);
        const eb_channel *c = tape_channel(t, "battery/BAT0");
        assert_true(c->domain == EB_DOMAIN_SYSTEM && c->grade == EB_GRADE_SAMPLED && !c->cumulative);
        assert_int_equal(c->quantity, EB_QUANTITY_POWER_UW);
        assert_int_equal(c->period_ns, 0); // nobody says it
        assert_true(isinf(eb_dead_after_ns(c)));
        tape_free(t);
    }
}

// Joules of a tape from t = 0 to `s` seconds, read each 100 ms.
static double joules(tape *t, double s)
{
    enum { MAX = 1000 };
    static eb_sample samples[MAX];
    size_t n = 0;
    for (double at = 0; at <= s + 0.001 && n < MAX; at += 0.1) {
        tape_read(t, (int64_t)llround(at * 1e9));
        samples[n++] = t->samples[0];
    }
    eb_trace *trace = eb_trace_new(&t->channels[0], samples, n);
    eb_energy e = eb_trace_energy(trace, 0, (int64_t)(s * 1e9));
    eb_trace_free(trace);
    if (e.status != EB_SAMPLE_OK)
        assert_true(isnan(e.j));
    return e.j;
}

// 36 W for 20 s: an update of 10 mWh each second, and one of the charge each two.
static void what_is_left_is_counted(void **state)
{
    (void)state;
    for (int charge = 0; charge < 2; charge++) {
        tape *t = tape_new();
        say_battery(t, "BAT1", "Discharging");
        say_file(t, "BAT1", charge ? "charge_full" : "energy_full", charge ? "4999000" : "50000000");
        say_file(t, "BAT1", "voltage_now", "10000000");
        for (int i = 0; i <= (charge ? 10 : 20); i++)
            tape_say(t, "%lld000000000 " CLASS "BAT1/%s %d\n", (long long)(charge ? 2 * i : i),
                     charge ? "charge_now" : "energy_now", charge ? 4000000 - 2000 * i : 40000000 - 10000 * i);
        tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
        const eb_channel *c = tape_channel(t, "battery/BAT1");
        assert_true(c->cumulative && c->quantity == EB_QUANTITY_ENERGY_UJ && c->grade == EB_GRADE_SAMPLED);
        assert_true(fabs(c->unit - 36e6) < 1);
        // Slow, not dead: 5 units at half a watt.
        assert_true(fabs(eb_dead_after_ns(c) - 360e9) < 1e3);
        assert_non_null(strstr(c->note, charge ? "charge_now" : "energy_now"));
        assert_true(fabs(joules(t, 20) - 720) < 40);
        tape_free(t);
    }
}

// A gauge that thinks better of it: the stretch is void, and what follows counts on.
static void a_charge_that_rises_is_a_reset(void **state)
{
    (void)state;
    for (int charge = 0; charge < 2; charge++) {
        tape *t = tape_new();
        say_battery(t, "BAT0", "Discharging");
        say_file(t, "BAT0", "voltage_now", "10000000");
        const char *file = charge ? "charge_now" : "energy_now";
        tape_say(t, "0 " CLASS "BAT0/%s 4000000\n1000000000 " CLASS "BAT0/%s 3999000\n", file, file);
        tape_say(t, "2000000000 " CLASS "BAT0/%s 4500000\n", file);
        tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
        assert_true(isnan(joules(t, 4)));
        tape_free(t);
    }
}

static void several_add_up(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_battery(t, "BAT1", "Discharging");
    say_file(t, "BAT1", "power_now", "7000000");
    say_battery(t, "BAT0", "Discharging");
    say_file(t, "BAT0", "current_now", "1000000");
    say_file(t, "BAT0", "voltage_now", "12000001");
    say_battery(t, "CMB2", "Unknown"); // rests
    say_file(t, "CMB2", "power_now", "0");
    say_battery(t, "BAT3", "Unknown"); // an empty bay
    say_file(t, "BAT3", "present", "0");
    say_file(t, "hidpp_battery_0", "type", "Battery"); // a mouse
    say_file(t, "hidpp_battery_0", "scope", "Device");
    say_file(t, "hidpp_battery_0", "status", "Charging");
    say_file(t, "hidpp_battery_0", "online", "1");
    say_charger(t, "AC", "Mains", "0");
    say_charger(t, "ucsi-source-psy-USBC000:001", "USB", "0");
    tape_say(t, "1000 " CLASS "CMB2/power_now 5\n2000 " CLASS "CMB2/power_now 0\n");
    tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
    assert_int_equal(t->n, 3);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "BAT0 + BAT1 + CMB2", ""), 19000001);
    assert_string_equal(t->channels[0].name, "battery/BAT0");
    tape_read(t, 1000); // it rests and gives: which way?
    tape_expect_status(t, "battery/CMB2", EB_SAMPLE_MISSING);
    tape_read(t, 2000);
    assert_int_equal(tape_raw(t, "battery/CMB2"), 0);
    tape_free(t);
}

static void only_what_discharges_alone_counts(void **state)
{
    (void)state;
    static const struct {
        const char *status, *online, *reason;
        eb_probe_state state;
    } cases[] = {
        { "Charging", "1", CLASS "AC is online", EB_PROBE_OFF },
        { "Discharging", "1", CLASS "AC is online", EB_PROBE_OFF }, // a charger that is too weak
        { "Not charging", "1", CLASS "AC is online", EB_PROBE_OFF },
        { "Charging", "0", CLASS "BAT0/status is 'Charging': only a battery that discharges", EB_PROBE_OFF },
        { "Not charging", "0", CLASS "BAT0/status is 'Not charging'", EB_PROBE_OFF },
        { "Full", "0", CLASS "BAT0/status is 'Full'", EB_PROBE_OFF },
        { "Unknown", "0", CLASS "BAT0/status is 'Unknown'", EB_PROBE_OFF },
        { "discharging!", "0", CLASS "BAT0/status is 'discharging!'", EB_PROBE_OFF },
        { "", "0", CLASS "BAT0/status does not say", EB_PROBE_NO_DRIVER },
        { "!EIO", "0", CLASS "BAT0/status does not say", EB_PROBE_NO_DRIVER },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t = tape_new();
        say_battery(t, "BAT0", cases[i].status);
        say_file(t, "BAT0", "power_now", "9000000");
        say_charger(t, "AC", i % 2 ? "USB" : "Mains", cases[i].online);
        tape_open(t, &eb_probe_battery, cases[i].state, cases[i].reason);
        if (cases[i].state == EB_PROBE_OFF)
            assert_string_equal(t->found.remedy, "unplug the charger for as long as is measured");
        tape_free(t);
    }
}

static void each_fault_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        eb_probe_state state;
        const char *reason, *remedy;
    } cases[] = {
        { "!EACCES", EB_PROBE_NO_PERMISSION, CLASS "BAT0/power_now: Permission denied",
          "sudo chmod a+r " CLASS "BAT0/" },
        { "!EPERM", EB_PROBE_NO_PERMISSION, "Operation not permitted", "chmod" },
        { "!EIO", EB_PROBE_NO_DRIVER, "BAT0/power_now Input/output error", "dmesg" },
        { "!EINVAL", EB_PROBE_NO_DRIVER, "BAT0/power_now Invalid argument", "dmesg" },
        { "!ENODATA", EB_PROBE_NO_DRIVER, "BAT0/power_now No data available", "dmesg" },
        { "!ENODEV", EB_PROBE_NO_DRIVER, "BAT0/power_now No such device", "dmesg" },
        { "", EB_PROBE_NO_DRIVER, "BAT0/power_now is empty or holds no number", "" },
        { "garbage", EB_PROBE_NO_DRIVER, "BAT0/power_now is empty or holds no number", "" },
        { "9223372036854775808", EB_PROBE_NO_DRIVER, "BAT0/power_now is empty or holds no number", "" },
        { "9223372036854775807", EB_PROBE_NO_DRIVER, "BAT0/power_now holds a value that no battery has", "" },
        { "-9223372036854775807", EB_PROBE_NO_DRIVER, "BAT0/power_now holds a value that no battery has", "" },
        { "0", EB_PROBE_NO_DRIVER, "the batteries discharge and say that they give 0 W", "try again" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t = tape_new();
        say_battery(t, "BAT0", "Discharging");
        say_file(t, "BAT0", "power_now", cases[i].value);
        tape_open(t, &eb_probe_battery, cases[i].state, cases[i].reason);
        assert_non_null(strstr(t->found.remedy, cases[i].remedy));
        tape_free(t);
    }
    tape *t = tape_new();
    tape_open(t, &eb_probe_battery, EB_PROBE_NO_DEVICE, "no battery of the machine");
    tape_free(t);
    t = tape_new();
    tape_say(t, "0 /sys/class/power_supply !EACCES\n");
    tape_open(t, &eb_probe_battery, EB_PROBE_NO_PERMISSION, "/sys/class/power_supply: Permission denied");
    tape_free(t);
    t = tape_new(); // the other one discharges as well, and nobody knows how much
    say_battery(t, "BAT0", "Discharging");
    say_file(t, "BAT0", "power_now", "9000000");
    say_battery(t, "BAT1", "Discharging");
    tape_open(t, &eb_probe_battery, EB_PROBE_NO_DRIVER, CLASS "BAT1 has neither power_now");
    tape_free(t);
    t = tape_new(); // huge products
    say_battery(t, "BAT0", "Discharging");
    say_file(t, "BAT0", "current_now", "9223372036854775807");
    say_file(t, "BAT0", "voltage_now", "2");
    tape_open(t, &eb_probe_battery, EB_PROBE_NO_DRIVER, "holds a value that no battery has");
    tape_free(t);
}

static void faults_in_the_middle_are_no_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *path, *value, *back;
        eb_status status;
    } faults[] = {
        { "BAT0/status", "Charging", "Discharging", EB_SAMPLE_MISSING },
        { "BAT0/status", "Not charging", "Discharging", EB_SAMPLE_MISSING },
        { "BAT0/status", "", "Discharging", EB_SAMPLE_MISSING },
        { "BAT0/status", "!EIO", "Discharging", EB_SAMPLE_MISSING },
        { "AC/online", "1", "0", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "0", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "garbage", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "!EACCES", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "!EIO", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "!EINVAL", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "!ENODATA", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/power_now", "!ENODEV", "8000000", EB_SAMPLE_MISSING }, // not known now: its status is there
        { "BAT0/power_now", "9223372036854775807", "8000000", EB_SAMPLE_MISSING },
        { "BAT0/status", "!ENODEV", "Discharging", EB_SAMPLE_GONE },
        { "BAT0/status", "!ENOENT", "Discharging", EB_SAMPLE_GONE },
    };
    enum { N = sizeof faults / sizeof *faults };
    tape *t = tape_new();
    say_battery(t, "BAT0", "Discharging");
    say_file(t, "BAT0", "power_now", "8000000\\n");
    say_charger(t, "AC", "Mains", "0");
    for (int i = 0; i < N; i++)
        tape_say(t, "%d0000 " CLASS "%s %s\n%d5000 " CLASS "%s %s\n", i + 1, faults[i].path, faults[i].value, i + 1,
                 faults[i].path, faults[i].back);
    tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
    for (int i = 0; i < N; i++) {
        tape_read(t, (i + 1) * 10000);
        tape_expect_status(t, "battery/BAT0", faults[i].status);
        assert_int_not_equal(t->samples[0].errnum, 0);
        tape_read(t, (i + 1) * 10000 + 5000);
        assert_int_equal(tape_raw(t, "battery/BAT0"), 8000000); // no newline
    }
    tape_free(t);
}

// Nobody knows what was drawn while it charged; what a single failed reading hides is small.
static void a_charger_in_the_middle_voids_the_window(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        tape *t = tape_new();
        say_battery(t, "BAT0", "Discharging");
        say_file(t, "BAT0", "power_now", "8000000");
        say_charger(t, "AC", "Mains", "0");
        if (i)
            tape_say(t, "5000000000 " CLASS "AC/online 1\n%lld " CLASS "AC/online 0\n",
                     i == 1 ? 6000000000ll : 1000000000000ll);
        tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
        double j = joules(t, 10);
        if (i == 0)
            assert_true(fabs(j - 80) < 1e-9);
        else
            assert_true(isnan(j));
        tape_free(t);
    }
}

// Watts that change each `period_ms`, as a tape.
static tape *updated_each(int period_ms)
{
    tape *t = tape_new();
    say_battery(t, "BAT0", "Discharging");
    for (int i = 0; i * period_ms <= 20000; i++)
        tape_say(t, "%lld000000 " CLASS "BAT0/power_now %d\n", (long long)i * period_ms, 9000000 + 1000 * (i % 7));
    tape_open(t, &eb_probe_battery, EB_PROBE_OK, "");
    return t;
}

// A look finds a period of up to a second and a half; a longer one leaves the half-width to say what is not known.
static void its_period_is_measured(void **state)
{
    (void)state;
    for (int period_ms = 1000; period_ms <= 8000; period_ms *= 8) {
        tape *t = updated_each(period_ms);
        eb_channel c = t->channels[0];
        eb_calibrate_setup setup = { &t->io, &t->probe, 1, EB_CALIBRATE_LIMIT_NS, NULL, NULL };
        int64_t took_ns = eb_calibrate(&setup, &c);
        assert_true(took_ns > EB_CALIBRATE_GAUGE_NS && took_ns <= EB_CALIBRATE_LIMIT_NS);
        assert_int_not_equal(c.live, EB_LIVE_DEAD);
        if (period_ms == 1000)
            assert_true(llabs(c.period_ns - 1000000000) < 20000000);
        else
            assert_int_equal(c.period_ns, 0);
        tape_free(t);
    }
}

static double halfwidth_frac(int period_ms, double seconds)
{
    tape *t = updated_each(period_ms);
    eb_sample samples[200];
    size_t n = 0;
    for (; n <= seconds * 10; n++) {
        tape_read(t, (int64_t)n * 100000000);
        samples[n] = t->samples[0];
    }
    eb_trace *trace = eb_trace_new(&t->channels[0], samples, n);
    eb_energy e = eb_trace_energy(trace, 0, (int64_t)(seconds * 1e9));
    assert_int_equal(e.status, EB_SAMPLE_OK);
    assert_true(fabs(e.j / seconds - 9) < 0.01);
    eb_trace_free(trace);
    tape_free(t);
    return e.halfwidth_j / e.j;
}

// 1.96 x sqrt(2/12) of the time between two updates, or of what that may be.
static void a_slow_one_is_uncertain_and_not_wrong(void **state)
{
    (void)state;
    assert_true(fabs(halfwidth_frac(1000, 10) - 0.08) < 0.01);
    assert_true(halfwidth_frac(8000, 5) > 0.7);
    assert_true(halfwidth_frac(8000, 10) > 0.35);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_of_every_kind),
        cmocka_unit_test(what_is_left_is_counted),
        cmocka_unit_test(a_charge_that_rises_is_a_reset),
        cmocka_unit_test(several_add_up),
        cmocka_unit_test(only_what_discharges_alone_counts),
        cmocka_unit_test(each_fault_has_its_reason),
        cmocka_unit_test(faults_in_the_middle_are_no_zeros),
        cmocka_unit_test(a_charger_in_the_middle_voids_the_window),
        cmocka_unit_test(its_period_is_measured),
        cmocka_unit_test(a_slow_one_is_uncertain_and_not_wrong),
    };
    return cmocka_run_group_tests_name("battery", tests, NULL, NULL);
}
