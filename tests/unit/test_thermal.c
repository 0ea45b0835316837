// SPDX-License-Identifier: Apache-2.0
// Temperature, frequency and throttling: which sensors are the processor's, what is no temperature, counters of CPUs
// that come and go.
#include "tests/unit/probe_tape.h"

#define ZONE "/sys/class/thermal/thermal_zone"
#define CPU  "/sys/devices/system/cpu/cpu"

static void say_zone(tape *t, int n, const char *type, const char *temp)
{
    tape_say(t, "0 " ZONE "%d/type %s\n0 " ZONE "%d/temp %s\n", n, type, n, temp);
}

static void say_cpu(tape *t, int n, const char *khz)
{
    tape_say(t, "0 " CPU "%d/cpufreq/scaling_cur_freq %s\n", n, khz);
}

static void say_throttle(tape *t, int64_t t_ns, int n, int core, int package)
{
    tape_say(t, "%lld " CPU "%d/thermal_throttle/core_throttle_count %d\n", (long long)t_ns, n, core);
    tape_say(t, "%lld " CPU "%d/thermal_throttle/package_throttle_count %d\n", (long long)t_ns, n, package);
}

static void the_hottest_zone_of_the_processor_counts(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "acpitz", "99000");
    say_zone(t, 1, "iwlwifi_1", "98000");
    say_zone(t, 2, "x86_pkg_temp", "61000");
    say_zone(t, 3, "INT3400 Thermal", "97000");
    say_zone(t, 12, "TCPU", "62500");
    say_cpu(t, 0, "1000000");
    tape_say(t, "0 /sys/class/hwmon/hwmon0/name coretemp\n0 /sys/class/hwmon/hwmon0/temp1_input 96000\n");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 62500);
    const eb_channel *c = tape_channel(t, "thermal/hottest");
    assert_string_equal(c->label, "hottest of 2");
    assert_int_equal(c->quantity, EB_QUANTITY_MILLICELSIUS);
    assert_int_equal(c->grade, EB_GRADE_NONE);
    assert_int_equal(c->domain, EB_DOMAIN_NONE);
    assert_false(c->cumulative);
    tape_free(t);
}

static void boards_name_their_zones_in_many_ways(void **state)
{
    (void)state;
    static const char *const types[] = { "cpu-thermal",     "CPU-therm",  "cpu_thermal",
                                         "soc0-thermal",    "tj-thermal", "bigcore0-thermal",
                                         "package-thermal", "cpuss-0",    "cluster1-thermal" };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        tape *t = tape_new();
        say_zone(t, 0, types[i], "50000");
        say_zone(t, 1, "gpu-thermal", "60000");
        say_zone(t, 2, "battery", "70000");
        say_cpu(t, 0, "1");
        tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
        tape_read(t, 0);
        assert_int_equal(tape_raw(t, "thermal/hottest"), 50000);
        assert_string_equal(tape_channel(t, "thermal/hottest")->label, types[i]);
        tape_free(t);
    }
}

static void chips_stand_in_where_no_zone_is_the_processors(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "acpitz", "99000");
    tape_say(t, "0 /sys/class/hwmon/hwmon0/name nvme\n0 /sys/class/hwmon/hwmon0/temp1_input 95000\n");
    tape_say(t, "0 /sys/class/hwmon/hwmon3/name k10temp\n0 /sys/class/hwmon/hwmon3/temp1_input 81000\n");
    tape_say(t, "0 /sys/class/hwmon/hwmon3/temp1_label Tctl\n0 /sys/class/hwmon/hwmon3/temp2_label Tdie\n");
    tape_say(t, "0 /sys/class/hwmon/hwmon3/temp2_input 61000\n0 /sys/class/hwmon/hwmon3/temp3_input 60000\n");
    say_cpu(t, 0, "1");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 61000); // not Tctl, which carries an offset here
    tape_free(t);
    t = tape_new(); // nothing better than a zone that may be the processor's
    say_zone(t, 0, "acpitz", "44000");
    say_cpu(t, 0, "1");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 44000);
    tape_free(t);
}

static void what_cannot_be_is_missing(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "0", "-50001", "200001", "!EIO", "!ENODATA", "", "warm", "-5000", "-", "12.5", "99999999999999999999"
    };
    tape *t = tape_new();
    say_zone(t, 0, "cpu-thermal", "-5000"); // a cold start: below freezing a reading cannot say
    say_cpu(t, 0, "1500000");
    tape_say(t, "1000 " ZONE "0/temp 200000\n");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        tape_say(t, "%zu " ZONE "0/temp %s\n", 2000 + i, bad[i]);
    tape_say(t, "3000 " ZONE "0/temp !ENODEV\n4000 " ZONE "0/temp 51000\n");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    tape_expect_status(t, "thermal/hottest", EB_SAMPLE_MISSING);
    tape_read(t, 1000);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 200000);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tape_read(t, (int64_t)(2000 + i));
        tape_expect_status(t, "thermal/hottest", EB_SAMPLE_MISSING);
        assert_int_equal(tape_raw(t, "thermal/frequency"), 1500000);
    }
    tape_read(t, 3000);
    tape_expect_status(t, "thermal/hottest", EB_SAMPLE_GONE);
    tape_read(t, 4000);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 51000);
    tape_free(t);
}

static void frequency_is_the_mean_of_the_cpus_that_answer(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "x86_pkg_temp", "50000");
    say_cpu(t, 0, "1000000");
    say_cpu(t, 1, "2000000");
    say_cpu(t, 2, "<unknown>");
    say_cpu(t, 10, "3000001");
    tape_say(t, "0 /sys/devices/system/cpu/cpufreq/x 1\n1000 " CPU "10/cpufreq/scaling_cur_freq !EBUSY\n");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/frequency"), 2000000);
    assert_int_equal(tape_raw(t, "thermal/frequency_max"), 3000001);
    assert_float_equal(tape_channel(t, "thermal/frequency")->scale, 1000, 0);
    assert_string_equal(tape_channel(t, "thermal/frequency")->label, "mean of 3 CPUs");
    tape_read(t, 1000);
    assert_int_equal(tape_raw(t, "thermal/frequency"), 1500000);
    tape_free(t);
}

static void throttles_of_a_package_count_once_and_never_go_back(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "x86_pkg_temp", "50000");
    for (int cpu = 0; cpu < 4; cpu++) {
        say_cpu(t, cpu, "1");
        say_throttle(t, 0, cpu, 10, 100);
        tape_say(t, "0 " CPU "%d/topology/physical_package_id %d\n", cpu, cpu / 2);
    }
    say_throttle(t, 1000, 0, 13, 105);
    say_throttle(t, 1000, 1, 10, 105);                                           // the same package
    tape_say(t, "2000 " CPU "3/thermal_throttle/core_throttle_count !ENODEV\n"); // its CPU is taken away
    tape_say(t, "3000 " CPU "3/thermal_throttle/core_throttle_count 2\n");       // and is back, from 0
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    static const uint64_t want[] = { 240, 248, 248, 250 };
    for (int i = 0; i < 4; i++) {
        tape_read(t, 1000 * i);
        assert_int_equal(tape_raw(t, "thermal/throttles"), want[i]);
    }
    assert_true(tape_channel(t, "thermal/throttles")->cumulative);
    tape_free(t);
}

// A machine of 200 CPUs costs as much as one of 64; the sample spans all of them.
static void many_cpus_are_sampled_evenly(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "x86_pkg_temp", "50000");
    for (int cpu = 0; cpu < 200; cpu++) {
        char khz[16];
        snprintf(khz, sizeof khz, "%d", 1000 + cpu);
        say_cpu(t, cpu, khz);
    }
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    uint64_t sum = 0;
    for (int i = 0; i < 64; i++)
        sum += (uint64_t)(1000 + i * 200 / 64);
    assert_int_equal(tape_raw(t, "thermal/frequency"), sum / 64);
    assert_string_equal(tape_channel(t, "thermal/frequency")->label, "mean of 64 CPUs");
    tape_free(t);
}

static void say_trip(tape *t, int zone, int point, const char *type, const char *temp)
{
    tape_say(t, "0 " ZONE "%d/trip_point_%d_type %s\n0 " ZONE "%d/trip_point_%d_temp %s\n", zone, point, type, zone,
             point, temp);
}

static void the_trip_point_is_where_the_processor_is_slowed_down(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_zone(t, 0, "cpu-thermal", "50000");
    say_trip(t, 0, 0, "active", "60000");  // a fan
    say_trip(t, 0, 1, "passive", "70000"); // where it begins to look
    say_trip(t, 0, 2, "passive", "85000");
    say_trip(t, 0, 3, "hot", "80000");
    say_trip(t, 0, 10, "critical", "105000");
    say_zone(t, 1, "cpu-1", "51000");
    say_trip(t, 1, 0, "passive", "-274000"); // not set
    say_trip(t, 1, 1, "passive", "0");
    say_trip(t, 1, 2, "hot", "99000");
    say_trip(t, 1, 3, "hot", "98000");
    say_zone(t, 2, "battery", "30000"); // not the processor's
    say_trip(t, 2, 0, "passive", "45000");
    say_cpu(t, 0, "1500000");
    tape_say(t, "1000 " ZONE "0/trip_point_2_temp !EIO\n");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/trip"), 85000);
    assert_int_equal(tape_channel(t, "thermal/trip")->quantity, EB_QUANTITY_MILLICELSIUS);
    tape_read(t, 1000);
    assert_int_equal(tape_raw(t, "thermal/trip"), 98000);
    tape_free(t);
    t = tape_new(); // no zone has one: the hardware's own limit
    say_zone(t, 0, "x86_pkg_temp", "50000");
    say_trip(t, 0, 0, "passive", "0");
    say_cpu(t, 0, "1500000");
    tape_say(t, "0 /sys/class/hwmon/hwmon0/name nvme\n0 /sys/class/hwmon/hwmon0/temp1_crit 84000\n");
    tape_say(t, "0 /sys/class/hwmon/hwmon1/name coretemp\n0 /sys/class/hwmon/hwmon1/temp1_crit 100000\n");
    tape_open(t, &eb_probe_thermal, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_raw(t, "thermal/trip"), 100000);
    assert_int_equal(tape_raw(t, "thermal/hottest"), 50000);
    tape_free(t);
}

static void what_is_not_here_is_said(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_open(t, &eb_probe_thermal, EB_PROBE_NO_DEVICE, "no temperature in /sys/class/thermal or /sys/class/hwmon");
    tape_free(t);
    t = tape_new();
    say_cpu(t, 0, "1000");
    say_zone(t, 3, "cpu-thermal", "!EACCES");
    tape_open(t, &eb_probe_thermal, EB_PROBE_PARTIAL, ZONE "3/temp: Permission denied");
    assert_non_null(strstr(t->found.remedy, "chmod"));
    assert_int_equal(tape_find(t, "thermal/hottest"), -1);
    tape_free(t);
    t = tape_new();
    say_zone(t, 0, "cpu-thermal", "40000");
    tape_open(t, &eb_probe_thermal, EB_PROBE_PARTIAL, "no frequency in");
    tape_free(t);
    t = tape_new();
    say_zone(t, 0, "cpu-thermal", "!EACCES");
    tape_open(t, &eb_probe_thermal, EB_PROBE_NO_PERMISSION, "Permission denied");
    tape_free(t);
    t = tape_new();
    say_zone(t, 0, "cpu-thermal", "0");
    tape_open(t, &eb_probe_thermal, EB_PROBE_NO_DEVICE, "no temperature");
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hottest_zone_of_the_processor_counts),
        cmocka_unit_test(boards_name_their_zones_in_many_ways),
        cmocka_unit_test(chips_stand_in_where_no_zone_is_the_processors),
        cmocka_unit_test(what_cannot_be_is_missing),
        cmocka_unit_test(frequency_is_the_mean_of_the_cpus_that_answer),
        cmocka_unit_test(throttles_of_a_package_count_once_and_never_go_back),
        cmocka_unit_test(many_cpus_are_sampled_evenly),
        cmocka_unit_test(the_trip_point_is_where_the_processor_is_slowed_down),
        cmocka_unit_test(what_is_not_here_is_said),
    };
    return cmocka_run_group_tests_name("thermal", tests, NULL, NULL);
}
