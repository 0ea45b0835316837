// SPDX-License-Identifier: Apache-2.0
// Hardware monitors: Jetson boards, AMD processors, sensors of unknown kind; totals to the microwatt; and every way in
// which a sensor does not read.
#include "probes/hwmon_kind.h"
#include "tests/unit/probe_tape.h"

#define HWMON "/sys/class/hwmon/hwmon"

static void say_chip(tape *t, int n, const char *name, const char *of_name)
{
    tape_say(t, "0 " HWMON "%d/name %s\n", n, name);
    if (of_name)
        tape_say(t, "0 " HWMON "%d/device/uevent DRIVER=%s\\nOF_NAME=x\\nOF_FULLNAME=/bus@0/i2c@c240000/%s\\n\n", n,
                 name, of_name);
}

static void say_rail(tape *t, int n, int index, const char *label, const char *mv, const char *ma)
{
    if (label)
        tape_say(t, "0 " HWMON "%d/in%d_label %s\n", n, index, label);
    tape_say(t, "0 " HWMON "%d/in%d_enable 1\n", n, index);
    tape_say(t, "0 " HWMON "%d/in%d_input %s\n0 " HWMON "%d/curr%d_input %s\n", n, index, mv, n, index, ma);
}

// What the driver shows beside its rails: shunt voltages, and their sum.
static void say_shunts(tape *t, int n)
{
    for (int i = 4; i <= 7; i++)
        tape_say(t, "0 " HWMON "%d/in%d_input 3\n0 " HWMON "%d/in%d_enable 1\n", n, i, n, i);
    tape_say(t, "0 " HWMON "%d/in7_label sum of shunt voltages\n0 " HWMON "%d/curr4_input 4711\n", n, n);
}

static tape *orin_nx(void)
{
    tape *t = tape_new();
    say_chip(t, 1, "ina3221", "ina3221@40");
    say_rail(t, 1, 1, "VDD_IN", "4968", "1312");
    say_rail(t, 1, 2, "VDD_CPU_GPU_CV", "4968", "288");
    say_rail(t, 1, 3, "VDD_SOC", "4968", "296");
    say_shunts(t, 1);
    return t;
}

static void jetson_orin_nx(void **state)
{
    (void)state;
    tape *t = orin_nx();
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    assert_int_equal(t->n, 3);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "VDD_IN", ""), 4968 * 1312);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "VDD_CPU_GPU_CV", "dram"), 4968 * 288);
    const eb_channel *c = tape_channel(t, "hwmon/ina3221@40/VDD_SOC");
    assert_int_equal(c->domain, EB_DOMAIN_UNKNOWN);
    assert_non_null(strstr(c->note, "neither CPU nor GPU"));
    assert_int_equal(tape_raw(t, c->name), 4968 * 296);
    assert_int_equal(c->grade, EB_GRADE_SAMPLED);
    assert_int_equal(c->quantity, EB_QUANTITY_POWER_UW);
    assert_false(c->cumulative);
    assert_string_equal(c->zone, "ina3221@40/3");
    tape_free(t);
}

static tape *agx_orin(void)
{
    tape *t = tape_new();
    say_chip(t, 3, "ina3221", "ina3221@41");
    say_rail(t, 3, 1, "NC", "0", "0");
    say_rail(t, 3, 2, "VDDQ_VDD2_1V8AO", "5000", "401");
    tape_say(t, "0 " HWMON "3/in3_label NC\n0 " HWMON "3/in3_enable 0\n0 " HWMON "3/in3_input !ENODATA\n");
    say_chip(t, 2, "ina3221", "ina3221@40");
    say_rail(t, 2, 1, "VDD_GPU_SOC", "19000", "213");
    say_rail(t, 2, 2, "VDD_CPU_CV", "19008", "107");
    say_rail(t, 2, 3, "VIN_SYS_5V0", "4992", "731");
    say_shunts(t, 2);
    return t;
}

static void jetson_agx_orin_has_no_total(void **state)
{
    (void)state;
    tape *t = agx_orin();
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    assert_int_equal(t->n, 4);
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "", "system"), 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "VDD_GPU_SOC + VDD_CPU_CV + VDDQ_VDD2_1V8AO", ""),
                     19000 * 213 + 19008 * 107 + 5000 * 401);
    assert_non_null(strstr(tape_channel(t, "hwmon/ina3221@40/VIN_SYS_5V0")->note, "not their total"));
    tape_free(t);
}

static void older_jetsons(void **state)
{
    (void)state;
    tape *t = tape_new(); // Nano
    say_chip(t, 0, "ina3221x", NULL);
    say_rail(t, 0, 1, "POM_5V_IN", "5000", "600");
    say_rail(t, 0, 2, "POM_5V_GPU", "5000", "0");
    say_rail(t, 0, 3, "POM_5V_CPU", "5000", "200");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "POM_5V_IN", ""), 3000000);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "POM_5V_GPU + POM_5V_CPU", "dram"), 1000000);
    tape_free(t);
}

static void amd_energy_sums_its_sockets(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 " HWMON "4/name amd_energy\n");
    for (int core = 0; core < 4; core++)
        tape_say(t, "0 " HWMON "4/energy%d_label Ecore%03d\n0 " HWMON "4/energy%d_input 1000%d\n", core + 1, core,
                 core + 1, core);
    for (int socket = 0; socket < 2; socket++)
        tape_say(t, "0 " HWMON "4/energy%d_label Esocket%d\n0 " HWMON "4/energy%d_input 50000000000%d\n", socket + 5,
                 socket, socket + 5, socket);
    tape_say(t, "1000 " HWMON "4/energy5_input 500000001234\n1000 " HWMON "4/energy6_input 500000000001\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    assert_int_equal(t->n, 6);
    tape_read(t, 0);
    uint64_t before = tape_total(t, EB_BOUNDARY_COMPUTE, "package-0 + package-1", "dram");
    assert_int_equal(before, 1000000000001u);
    tape_read(t, 1000);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "package-0 + package-1", "dram") - before, 1234);
    const eb_channel *c = tape_channel(t, "hwmon/amd_energy/Esocket1");
    assert_int_equal(c->socket, 1);
    assert_int_equal(c->grade, EB_GRADE_COUNTER);
    assert_true(c->cumulative);
    assert_int_equal(c->modulus, 0); // nobody says where it wraps: one that goes back was reset
    assert_int_equal(c->max_range, 0);
    assert_int_equal(tape_channel(t, "hwmon/amd_energy/Ecore000")->domain, EB_DOMAIN_CORE);
    tape_free(t);
}

// They are inside the package; the sockets behind them must not be lost.
static void many_cores_are_cut_short_and_no_socket(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 " HWMON "0/name amd_energy\n");
    for (int core = 0; core < 300; core++)
        tape_say(t, "0 " HWMON "0/energy%d_label Ecore%03d\n0 " HWMON "0/energy%d_input 1\n", core + 1, core, core + 1);
    tape_say(t, "0 " HWMON "0/energy301_label Esocket0\n0 " HWMON "0/energy301_input 77\n");
    eb_err err;
    eb_err_clear(&err);
    assert_true(eb_io_tape(t->text, &t->io, &err));
    eb_probe_config_default(&t->config);
    t->env = (eb_probe_env){ &t->io, &t->config };
    t->probe = eb_probe_open(&eb_probe_hwmon, &t->env, &err);
    assert_non_null(t->probe);
    const eb_channel *channels;
    int n = eb_probe_channels(t->probe, &channels);
    assert_int_equal(n, 65);
    assert_string_equal(channels[64].label, "Esocket0");
    tape_free(t);
}

static void family_17h_power_is_the_package(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 " HWMON "2/name fam17h_power\n0 " HWMON "2/power1_input 45123456\n");
    tape_say(t, "0 " HWMON "2/device/uevent DRIVER=fam17h_power\\nPCI_SLOT_NAME=0000:00:18.3\\n\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "power1", "dram"), 45123456);
    assert_string_equal(t->channels[0].name, "hwmon/fam17h_power@0000:00:18.3/power1");
    tape_free(t);
}

// An average is better than an instant; what no label proves is listed and not summed.
static void boards_with_unknown_sensors(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 " HWMON "0/name ina226\n0 " HWMON "0/power1_input 1250000\n0 " HWMON "0/update_interval 36\n");
    tape_say(t, "0 " HWMON "0/in0_input 2\n0 " HWMON "0/in1_input 5000\n0 " HWMON "0/curr1_input 250\n");
    tape_say(t, "0 " HWMON "1/name ina219\n0 " HWMON "1/power1_input 20000\n0 " HWMON "1/label VDD_IN\n");
    tape_say(t, "0 " HWMON "2/name power_meter\n0 " HWMON "2/power1_average 99\n0 " HWMON "2/power1_input 98\n");
    tape_say(t, "0 " HWMON "3/name corsairpsu\n0 " HWMON "3/power1_label power total\n0 " HWMON
                "3/power1_input 120000000\n");
    tape_say(t, "0 " HWMON "5/name ina238\n0 " HWMON "5/power1_input 7\n0 " HWMON "5/energy1_input 8\n");
    tape_say(t, "0 /sys/bus/i2c/devices/1-0044/hwmon/hwmon0/name ina226\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(t->n, 6);
    assert_int_equal(tape_raw(t, "hwmon/ina226@1-0044/power1"), 1250000);
    assert_int_equal(tape_channel(t, "hwmon/ina226@1-0044/power1")->period_ns, 36000000);
    assert_int_equal(tape_raw(t, "hwmon/power_meter/power1"), 99);
    assert_int_equal(tape_raw(t, "hwmon/corsairpsu/power total"), 120000000);
    assert_string_equal(tape_channel(t, "hwmon/ina238/power1")->zone, tape_channel(t, "hwmon/ina238/energy1")->zone);
    for (int i = 0; i < t->n; i++)
        assert_int_equal(t->channels[i].domain,
                         strcmp(t->channels[i].label, "VDD_IN") ? EB_DOMAIN_UNKNOWN : EB_DOMAIN_SYSTEM);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "VDD_IN", ""), 20000);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "", "package, dram"), 0);
    tape_free(t);
}

static void there_is_one_total_at_most(void **state)
{
    (void)state;
    tape *t = orin_nx();
    say_chip(t, 2, "ina3221", "ina3221@41");
    say_rail(t, 2, 1, "VDD_IN", "12000", "1000");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "VDD_IN", ""), 4968 * 1312);
    assert_int_equal(tape_channel(t, "hwmon/ina3221@41/VDD_IN")->domain, EB_DOMAIN_UNKNOWN);
    tape_free(t);
}

// GPUs have their PCI address for a zone, so that another source's view of one is the same piece.
static void gpus_are_known_by_their_address(void **state)
{
    (void)state;
    tape *t = tape_new();
    for (int i = 0; i < 2; i++) {
        tape_say(t, "0 " HWMON "%d/name i915\n0 " HWMON "%d/energy1_input 10%d\n", i, i, i);
        tape_say(t, "0 " HWMON "%d/device/uevent DRIVER=i915\\nPCI_SLOT_NAME=0000:0%d:00.0\\n\n", i, i + 3);
    }
    tape_say(t, "0 " HWMON "7/name amdgpu\n0 " HWMON "7/power1_average 5\n"); // another source's
    tape_say(t, "0 " HWMON "8/name BAT0\n0 " HWMON "8/power1_input 5\n0 /sys/class/power_supply/BAT0/type Battery\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    tape_read(t, 0);
    assert_int_equal(t->n, 2);
    assert_string_equal(t->channels[1].zone, "0000:04:00.0");
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "energy1 + energy1", "package, dram"), 201);
    tape_free(t);
}

// Hostile or odd labels: names stay unique and short.
static void names_are_unique(void **state)
{
    (void)state;
    tape *t = tape_new();
    static const char *const labels[] = { "A", "A#2", "A", "A", "power6", NULL };
    for (int chip = 0; chip < 2; chip++) {
        tape_say(t, "0 " HWMON "%d/name a-very-long-name-of-a-chip-that-nobody-would-give-to-one\n", chip);
        for (int i = 0; i < 6; i++) {
            tape_say(t, "0 " HWMON "%d/power%d_input 1\n", chip, i + 1);
            if (labels[i])
                tape_say(t, "0 " HWMON "%d/power%d_label %s\n", chip, i + 1, labels[i]);
        }
        tape_say(t,
                 "0 " HWMON "%d/power9_input 1\n0 " HWMON
                 "%d/power9_label an-even-longer-label-of-a-sensor-that-goes-on-and-on\n",
                 chip, chip);
    }
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, ""); // the core insists on unique names
    assert_int_equal(t->n, 14);
    for (int i = 0; i < t->n; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(t->channels[i].name, t->channels[k].name);
    tape_free(t);
}

// ---- what does not work ----

static void a_disabled_rail_is_said_with_its_remedy(void **state)
{
    (void)state;
    tape *t = tape_new();
    say_chip(t, 1, "ina3221", "ina3221@40");
    say_rail(t, 1, 1, "VDD_IN", "5000", "1000");
    tape_say(t, "0 " HWMON "1/in2_label VDD_CPU_GPU_CV\n0 " HWMON "1/in2_enable 0\n0 " HWMON "1/in2_input !ENODATA\n");
    say_rail(t, 1, 3, "VDD_SOC", "!ENODATA", "!ENODATA"); // disabled, without the file that says so
    tape_open(t, &eb_probe_hwmon, EB_PROBE_PARTIAL,
              "2 of 3 sensors cannot be read: " HWMON "1/in2_enable (ina3221, "
              "VDD_CPU_GPU_CV) is 0: the channel is disabled");
    assert_string_equal(t->found.remedy, "echo 1 | sudo tee " HWMON "1/in2_enable");
    // What no sum lacks is not a channel; the processor's rail is one, and its boundary says that it lacks.
    assert_int_equal(t->n, 2);
    const eb_channel *c = tape_channel(t, "hwmon/ina3221@40/VDD_CPU_GPU_CV");
    assert_int_equal(c->grade, EB_GRADE_NONE);
    assert_string_equal(c->note, "cannot be read: in2_enable is 0: the channel is disabled");
    tape_read(t, 0);
    tape_expect_status(t, c->name, EB_SAMPLE_MISSING);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "VDD_IN", ""), 5000000);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "", "package, dram"), 0);
    tape_free(t);
}

// Of two sockets one reads; of three GPUs one; of two rails of unknown socket one: the others stay, by name.
static void what_cannot_be_read_is_missing_by_name(void **state)
{
    (void)state;
    tape *t = tape_new();
    tape_say(t, "0 " HWMON "0/name amd_energy\n");
    for (int socket = 0; socket < 2; socket++)
        tape_say(t, "0 " HWMON "0/energy%d_label Esocket%d\n0 " HWMON "0/energy%d_input %s\n", socket + 1, socket,
                 socket + 1, socket ? "!EACCES" : "5");
    tape_say(t, "0 " HWMON "0/energy3_label Ecore000\n0 " HWMON "0/energy3_input !EACCES\n");
    for (int i = 1; i <= 3; i++) {
        tape_say(t, "0 " HWMON "%d/name i915\n0 " HWMON "%d/energy1_input %s\n", i, i, i == 2 ? "7" : "!EIO");
        tape_say(t, "0 " HWMON "%d/device/uevent DRIVER=i915\\nPCI_SLOT_NAME=0000:0%d:00.0\\n\n", i, i);
    }
    tape_say(t, "0 " HWMON "3/power1_input 11\n"); // the same card reads all the same
    tape_say(t, "0 " HWMON "3/power2_input !EIO\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_PARTIAL, "hwmon0/energy2_input (amd_energy, Esocket1) Permission denied");
    tape_read(t, 0);
    assert_int_equal(t->n, 5);
    const eb_channel *c = tape_channel(t, "hwmon/amd_energy/Esocket1");
    assert_int_equal(c->grade, EB_GRADE_NONE);
    assert_string_equal(c->note, "cannot be read: energy2_input Permission denied");
    tape_expect_status(t, c->name, EB_SAMPLE_MISSING);
    tape_expect_status(t, "hwmon/i915@0000:01:00.0/energy1", EB_SAMPLE_MISSING);
    tape_total(t, EB_BOUNDARY_COMPUTE, "package-0 + energy1 + power1",
               "package-1, dram, energy1 (hwmon/i915@0000:01:00.0/energy1)");
    tape_free(t);
    t = tape_new();
    say_chip(t, 2, "ina3221", "ina3221@40");
    say_rail(t, 2, 1, "VDD_CPU", "5000", "100");
    say_rail(t, 2, 2, "VDD_SYS_CPU", "!EIO", "100");
    say_rail(t, 2, 3, "VDD_IN", "5000", "garbage");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_PARTIAL, "2 of 3 sensors cannot be read");
    tape_read(t, 0);
    assert_int_equal(tape_total(t, EB_BOUNDARY_COMPUTE, "VDD_CPU", "dram, VDD_SYS_CPU"), 500000);
    assert_int_equal(tape_total(t, EB_BOUNDARY_PLATFORM, "", "system"), 0);
    tape_expect_status(t, "hwmon/ina3221@40/VDD_IN", EB_SAMPLE_MISSING);
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
        { "!EACCES", EB_PROBE_NO_PERMISSION, "/energy1_input (amd_energy, Esocket0) Permission denied", "chmod a+r" },
        { "!EPERM", EB_PROBE_NO_PERMISSION, "Operation not permitted", "cap_dac_read_search" },
        { "!EIO", EB_PROBE_NO_DRIVER, "Input/output error", "" },
        { "!ENODATA", EB_PROBE_NO_DRIVER, "No data available", "" },
        { "!EINVAL", EB_PROBE_NO_DRIVER, "Invalid argument", "" },
        { "", EB_PROBE_NO_DRIVER, "is empty or holds no number", "" },
        { "garbage", EB_PROBE_NO_DRIVER, "is empty or holds no number", "" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tape *t = tape_new();
        tape_say(t, "0 " HWMON "4/name amd_energy\n0 " HWMON "4/energy1_label Esocket0\n");
        tape_say(t, "0 " HWMON "4/energy1_input %s\n", cases[i].value);
        tape_open(t, &eb_probe_hwmon, cases[i].state, cases[i].reason);
        assert_non_null(strstr(t->found.remedy, cases[i].remedy));
        tape_free(t);
    }
    tape *t = tape_new();
    tape_open(t, &eb_probe_hwmon, EB_PROBE_NO_DEVICE, "/sys/class/hwmon: No such file");
    tape_free(t);
    t = tape_new();
    tape_say(t, "0 /sys/class/hwmon !EACCES\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_NO_PERMISSION, "/sys/class/hwmon: Permission denied");
    tape_free(t);
    t = tape_new();
    tape_say(t, "0 " HWMON "0/name nvme\n0 " HWMON "0/temp1_input 40000\n");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_NO_DEVICE, "no chip in /sys/class/hwmon measures");
    tape_free(t);
    t = tape_new();
    say_chip(t, 1, "ina3221", NULL);
    say_rail(t, 1, 1, "VDD_IN", "5000", "0");
    tape_open(t, &eb_probe_hwmon, EB_PROBE_NO_DRIVER,
              "curr1_input (ina3221, VDD_IN) says that the board takes no power");
    tape_free(t);
}

static void faults_in_the_middle_are_no_zeros(void **state)
{
    (void)state;
    static const struct {
        const char *mv, *ma;
        eb_status status;
    } faults[] = {
        { "!EIO", "100", EB_SAMPLE_MISSING },
        { "5000", "!ENODATA", EB_SAMPLE_MISSING },
        { "", "100", EB_SAMPLE_MISSING },
        { "5000", "garbage", EB_SAMPLE_MISSING },
        { "5000", "0", EB_SAMPLE_MISSING }, // nothing runs on a board that takes nothing
        { "5000", "-8", EB_SAMPLE_MISSING },
        { "-1", "-8", EB_SAMPLE_MISSING },
        { "9223372036854775807", "2", EB_SAMPLE_MISSING },
        { "5000", "!EACCES", EB_SAMPLE_MISSING },
        { "!ENODEV", "100", EB_SAMPLE_GONE },
        { "5000", "!ENXIO", EB_SAMPLE_GONE },
    };
    enum { N = sizeof faults / sizeof *faults };
    tape *t = orin_nx();
    for (int i = 0; i < N; i++)
        tape_say(t, "%d000 " HWMON "1/in1_input %s\n%d000 " HWMON "1/curr1_input %s\n", i + 1, faults[i].mv, i + 1,
                 faults[i].ma);
    tape_say(t, "%d000 " HWMON "1/in1_input 5008\n%d000 " HWMON "1/curr1_input 1001\n", N + 1, N + 1); // no newline
    tape_open(t, &eb_probe_hwmon, EB_PROBE_OK, "");
    for (int i = 0; i < N; i++) {
        tape_read(t, (i + 1) * 1000);
        tape_expect_status(t, "hwmon/ina3221@40/VDD_IN", faults[i].status);
        assert_int_equal(tape_raw(t, "hwmon/ina3221@40/VDD_SOC"), 4968 * 296);
    }
    tape_read(t, (N + 1) * 1000);
    assert_int_equal(tape_raw(t, "hwmon/ina3221@40/VDD_IN"), 5008 * 1001);
    tape_free(t);
}

static void kinds_need_the_right_chip(void **state)
{
    (void)state;
    assert_int_equal(eb_hwmon_classify("ina3221", "vdd_in").domain, EB_DOMAIN_SYSTEM);
    assert_int_equal(eb_hwmon_classify("asusec", "CPU").domain, EB_DOMAIN_UNKNOWN);
    assert_int_equal(eb_hwmon_classify("ina3221", "VDD_IN_2").domain, EB_DOMAIN_UNKNOWN);
    assert_int_equal(eb_hwmon_classify("amd_energy", "Etotal").domain, EB_DOMAIN_UNKNOWN);
    assert_int_equal(eb_hwmon_classify("amd_energy", "Esocket").socket, -1);
    assert_int_equal(eb_hwmon_classify("amd_energy", "Esocket12").socket, 12);
    assert_int_equal(eb_hwmon_classify("amd_energy", "Esocket99999999999").socket, -1);
    assert_int_equal(eb_hwmon_classify("xe", "card").domain, EB_DOMAIN_GPU);
    assert_int_equal(eb_hwmon_classify("xe", "pkg").domain, EB_DOMAIN_UNKNOWN);
    assert_int_equal(eb_hwmon_classify("", "").domain, EB_DOMAIN_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jetson_orin_nx),
        cmocka_unit_test(jetson_agx_orin_has_no_total),
        cmocka_unit_test(older_jetsons),
        cmocka_unit_test(amd_energy_sums_its_sockets),
        cmocka_unit_test(many_cores_are_cut_short_and_no_socket),
        cmocka_unit_test(family_17h_power_is_the_package),
        cmocka_unit_test(boards_with_unknown_sensors),
        cmocka_unit_test(there_is_one_total_at_most),
        cmocka_unit_test(gpus_are_known_by_their_address),
        cmocka_unit_test(names_are_unique),
        cmocka_unit_test(a_disabled_rail_is_said_with_its_remedy),
        cmocka_unit_test(what_cannot_be_read_is_missing_by_name),
        cmocka_unit_test(each_fault_has_its_reason),
        cmocka_unit_test(faults_in_the_middle_are_no_zeros),
        cmocka_unit_test(kinds_need_the_right_chip),
    };
    return cmocka_run_group_tests_name("hwmon", tests, NULL, NULL);
}
