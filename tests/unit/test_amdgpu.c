// SPDX-License-Identifier: Apache-2.0
// AMD GPUs: several boards, partitions, APUs, cards that sleep; totals to the microjoule; and every way in which one
// does not read.
#include <errno.h>
#include "tests/unit/probe_tape.h"

#define DRM "/sys/class/drm/"

// cardN at 0000:BUS:00.0 with the monitor hwmonM.
static void say_card(tape *t, int card, int bus, int monitor)
{
    tape_say(t, "0 " DRM "card%d/device/uevent DRIVER=amdgpu\\nPCI_CLASS=30000\\nPCI_SLOT_NAME=0000:%02x:00.0\\n\n",
             card, bus);
    tape_say(t, "0 " DRM "card%d/device/hwmon/hwmon%d/name amdgpu\n", card, monitor);
}

static void say_file(tape *t, int card, int monitor, const char *file, const char *value)
{
    tape_say(t, "0 " DRM "card%d/device/hwmon/hwmon%d/%s %s\n", card, monitor, file, value);
}

static void boards_add_up(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_card(t, 0, 0x03, 4); // counter and average
    say_file(t, 0, 4, "energy1_input", "9007199254740993");
    say_file(t, 0, 4, "power1_average", "250000000");
    say_card(t, 1, 0x43, 5); // average, and the instant beside it
    say_file(t, 1, 5, "power1_average", "101000001");
    say_file(t, 1, 5, "power1_input", "99000000");
    say_card(t, 10, 0xc3, 6); // the instant alone
    say_file(t, 10, 6, "power1_input", "35000002");
    tape_say(t, "0 " DRM "card0-DP-1/status connected\n0 " DRM "renderD128/dev 226:128\n");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
    assert_int_equal(t->n, 4);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "card0 + card1 + card10", "package, dram"),
                     9007199254740993 + 101000001 + 35000002);
    const eb_channel *c = tape_channel(t, "amdgpu/0000:03:00.0/energy1");
    assert_true(c->cumulative && c->grade == EB_GRADE_COUNTER && c->quantity == EB_QUANTITY_ENERGY_UJ);
    assert_true(c->domain == EB_DOMAIN_GPU && c->modulus == 0);
    assert_string_equal(c->zone, "0000:03:00.0");
    c = tape_channel(t, "amdgpu/0000:43:00.0/power1");
    assert_true(!c->cumulative && c->grade == EB_GRADE_SAMPLED && c->quantity == EB_QUANTITY_POWER_UW);
    assert_int_equal(tape_raw(t, "amdgpu/0000:03:00.0/power1"), 250000000);
    tape_free(t);
}

// Partitions are further cards of one board, with or without a monitor of their own.
static void partitions_count_once(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_card(t, 1, 0x0c, 3);
    say_file(t, 1, 3, "power1_average", "500000000");
    tape_say(t, "0 " DRM "card2/device/uevent DRIVER=amdgpu_xcp\\nMODALIAS=platform:amdgpu_xcp\\n\n");
    say_card(t, 3, 0x0c, 3);
    say_file(t, 3, 3, "power1_average", "500000000");
    say_card(t, 4, 0x0c, 7); // the same board by its address
    say_file(t, 4, 7, "power1_average", "500000000");
    tape_say(t, "0 /sys/class/hwmon/hwmon3/name amdgpu\n0 /sys/class/hwmon/hwmon3/power1_average 500000000\n");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
    assert_int_equal(t->n, 1);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "card1", "package, dram"), 500000000);
    tape_free(t);
}

// A container that shows monitors and no cards; and one more card of another driver.
static void a_monitor_without_its_card_counts(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 /sys/class/hwmon/hwmon2/name amdgpu\n0 /sys/class/hwmon/hwmon2/power1_average 42000000\n");
    tape_say(t, "0 /sys/class/hwmon/hwmon1/name nouveau\n0 /sys/class/hwmon/hwmon1/power1_input 1\n");
    tape_say(t, "0 " DRM "card0/device/hwmon/hwmon1/name nouveau\n");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "hwmon2", "package, dram"), 42000000);
    tape_free(t);
}

static void an_apu_is_a_package(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "0 " DRM "card0/device/hwmon/hwmon2/in1_label vddnb\n",
        "0 " DRM "card0/device/hwmon/hwmon2/power1_label slowPPT\n",
        "0 " DRM "card0/device/uevent DRIVER=amdgpu\\nPCI_ID=1002:74A0\\nPCI_SLOT_NAME=0000:04:00.0\\n\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        tape *t = tape_new();
        say_card(t, 0, 0x04, 2);
        say_file(t, 0, 2, "power1_input", "15000000");
        tape_say(t, "%s", lines[i]);
        tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
        tape_read(t, 0);
        assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "card0 (APU)", "dram"), 15000000);
        assert_non_null(strstr(t->channels[0].note, "CPU included"));
        // Beside a counter of the package it is not added.
        eb_channel both[2] = { { .source = "powercap",
                                 .zone = "intel-rapl:0",
                                 .domain = EB_DOMAIN_PACKAGE,
                                 .socket = 0,
                                 .die = -1,
                                 .grade = EB_GRADE_COUNTER },
                               t->channels[0] };
        bool counted[2];
        eb_domain_count(both, 2, EB_BOUNDARY_COMPUTE, counted, NULL, 0, NULL, 0);
        assert_true(counted[0] && !counted[1]);
        tape_free(t);
    }
}

static void a_card_that_sleeps_is_not_woken(void **state)
{
    (void)state;
    static const char *const words[] = { "suspended", "suspending", "resuming" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        tape *t = tape_new();
        say_card(t, 1, 0x03, 4);
        tape_say(t, "0 " DRM "card1/device/power/runtime_status %s\n", words[i]);
        say_file(t, 1, 4, "power1_average", "250000000"); // what it would say if it were woken
        tape_open(t, &eb_probe_amdgpu, EB_PROBE_OFF,
                  "1 of 1 boards cannot be read: card1 (0000:03:00.0): it sleeps, and reading its power would wake it");
        assert_non_null(strstr(t->found.remedy, "echo on | sudo tee " DRM "card1/device/power/control"));
        tape_free(t);
    }
    for (int i = 0; i < 2; i++) { // the driver's own words for it
        tape *t = tape_new();
        say_card(t, 1, 0x03, 4);
        say_file(t, 1, 4, "power1_average", i ? "!EBUSY" : "!EPERM");
        tape_open(t, &eb_probe_amdgpu, EB_PROBE_OFF, "it sleeps");
        tape_free(t);
    }
}

static void asleep_in_the_middle_is_no_zero(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_card(t, 0, 0x03, 4);
    say_file(t, 0, 4, "energy1_input", "7");
    say_file(t, 0, 4, "power1_average", "250000000");
    tape_say(t, "0 " DRM "card0/device/power/runtime_status active\n");
    tape_say(t, "1000 " DRM "card0/device/power/runtime_status suspended\n");
    tape_say(t, "2000 " DRM "card0/device/power/runtime_status active\n");
    tape_say(t, "3000 " DRM "card0/device/power/runtime_status unsupported\n");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
    for (int i = 0; i < 4; i++) {
        tape_read(t, 1000 * i);
        for (int k = 0; k < 2; k++) {
            const char *name = k ? "amdgpu/0000:03:00.0/power1" : "amdgpu/0000:03:00.0/energy1";
            if (i == 1)
                tape_expect_status(t, name, EB_SAMPLE_MISSING);
            else
                assert_int_equal(tape_raw(t, name), k ? 250000000 : 7);
        }
        assert_int_equal(tape_sample(t, "amdgpu/0000:03:00.0/power1")->errnum, i == 1 ? EBUSY : 0);
    }
    tape_free(t);
}

static void each_fault_has_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        eb_probe_state state;
        const char *reason, *remedy;
    } cases[] = {
        { "!EACCES", EB_PROBE_NO_PERMISSION, "card0 (0000:03:00.0): power1_average Permission denied",
          "sudo chmod a+r " DRM "card0/device/hwmon/hwmon4/power1_average" },
        { "!EIO", EB_PROBE_NO_DRIVER, "power1_average Input/output error", "dmesg" },
        { "!EINVAL", EB_PROBE_NO_DRIVER, "power1_average Invalid argument", "dmesg" },
        { "!ENODATA", EB_PROBE_NO_DRIVER, "power1_average No data available", "dmesg" },
        { "!EOPNOTSUPP", EB_PROBE_NO_DRIVER, "power1_average Operation not supported", "dmesg" },
        { "", EB_PROBE_NO_DRIVER, "power1_average is empty or holds no number", "" },
        { "garbage", EB_PROBE_NO_DRIVER, "power1_average is empty or holds no number", "" },
        { "99999999999999999999", EB_PROBE_NO_DRIVER, "power1_average is empty or holds no number", "" },
        { "9223372036854775807", EB_PROBE_NO_DRIVER, "power1_average says more than a board can take", "" },
        { "-5", EB_PROBE_NO_DRIVER, "power1_average says 0 W or less", "" },
        { "0", EB_PROBE_NO_DRIVER, "power1_average says 0 W or less: on boards of two dies the first", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t = tape_new();
        say_card(t, 0, 0x03, 4);
        say_file(t, 0, 4, "power1_average", cases[i].value);
        tape_open(t, &eb_probe_amdgpu, cases[i].state, cases[i].reason);
        assert_non_null(strstr(t->found.remedy, cases[i].remedy));
        tape_free(t);
    }
    tape *t = tape_new();
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_NO_DEVICE, "no AMD GPU");
    tape_free(t);
    t = tape_new();
    say_card(t, 0, 0x03, 4);
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_NO_DRIVER, "card0 (0000:03:00.0): it shows no power");
    tape_free(t);
    t = tape_new();
    tape_say(t, "0 /sys/class/drm !EACCES\n");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_NO_PERMISSION, "/sys/class/drm: Permission denied");
    tape_free(t);
}

// What works counts, the rest is named: the one that can be mended first.
static void some_boards_fail_and_one_is_named(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_card(t, 0, 0x03, 4);
    say_file(t, 0, 4, "power1_average", "0");
    say_card(t, 1, 0x04, 5);
    say_file(t, 1, 5, "power1_average", "70000000");
    say_card(t, 2, 0x05, 6);
    say_file(t, 2, 6, "energy1_input", "!EACCES"); // its power reads
    say_file(t, 2, 6, "power1_average", "!ENODATA");
    say_file(t, 2, 6, "power1_input", "80000000");
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_PARTIAL,
              "2 of 3 boards cannot be read: card2 (0000:05:00.0): energy1_input Permission denied");
    assert_int_equal(t->n, 2);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "card1 + card2", "package, dram"), 150000000);
    tape_free(t);
}

static void faults_in_the_middle_are_no_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        eb_status status;
    } faults[] = {
        { "!EPERM", EB_SAMPLE_MISSING },
        { "!EBUSY", EB_SAMPLE_MISSING },
        { "!ENODATA", EB_SAMPLE_MISSING },
        { "!EIO", EB_SAMPLE_MISSING },
        { "", EB_SAMPLE_MISSING },
        { "garbage", EB_SAMPLE_MISSING },
        { "0", EB_SAMPLE_MISSING },
        { "-1", EB_SAMPLE_MISSING },
        { "9223372036854775807", EB_SAMPLE_MISSING },
        { "2000000001", EB_SAMPLE_MISSING },
        { "!ENODEV", EB_SAMPLE_GONE },
        { "!ENOENT", EB_SAMPLE_GONE },
    };
    enum { N = sizeof faults / sizeof *faults };
    tape *t = tape_new();
    say_card(t, 0, 0x03, 4);
    say_file(t, 0, 4, "power1_average", "60000000");
    for (int i = 0; i < N; i++)
        tape_say(t, "%d000 " DRM "card0/device/hwmon/hwmon4/power1_average %s\n", i + 1, faults[i].value);
    tape_say(t, "%d000 " DRM "card0/device/hwmon/hwmon4/power1_average 2000000000\n", N + 1); // no newline
    tape_open(t, &eb_probe_amdgpu, EB_PROBE_OK, "");
    for (int i = 0; i < N; i++) {
        tape_read(t, (i + 1) * 1000);
        tape_expect_status(t, "amdgpu/0000:03:00.0/power1", faults[i].status);
        assert_int_not_equal(t->samples[0].errnum, 0);
    }
    tape_read(t, (N + 1) * 1000);
    assert_int_equal(tape_raw(t, "amdgpu/0000:03:00.0/power1"), 2000000000);
    tape_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_add_up),
        cmocka_unit_test(partitions_count_once),
        cmocka_unit_test(a_monitor_without_its_card_counts),
        cmocka_unit_test(an_apu_is_a_package),
        cmocka_unit_test(a_card_that_sleeps_is_not_woken),
        cmocka_unit_test(asleep_in_the_middle_is_no_zero),
        cmocka_unit_test(each_fault_has_its_reason),
        cmocka_unit_test(some_boards_fail_and_one_is_named),
        cmocka_unit_test(faults_in_the_middle_are_no_zeros),
    };
    return cmocka_run_group_tests_name("amdgpu", tests, NULL, NULL);
}
