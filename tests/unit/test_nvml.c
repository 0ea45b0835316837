// SPDX-License-Identifier: Apache-2.0
// NVIDIA GPUs through a stand-in for their library (tests/fixtures/fake_nvml.c): channels, readings, what each failure
// is taken for.
#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/mem.h"
#include "probes/nvml.h"
#include "probes/probe_impl.h"

static char script[] = "/tmp/fake-nvml-XXXXXX";
static eb_io io;
static eb_probe_config config;
static const eb_probe_env env = { &io, &config };

static void say(const char *text)
{
    FILE *f = fopen(script, "w");
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

static eb_probe *start(const char *text, int n)
{
    eb_err err;
    eb_err_clear(&err);
    say(text);
    eb_probe *probe = eb_probe_open(&eb_probe_nvml, &env, &err);
    if (!probe)
        fail_msg("%s", err.message);
    assert_int_equal(probe->n, n);
    return probe;
}

static void detected(const char *text, eb_probe_state state, const char *reason)
{
    eb_probe_detection found;
    say(text);
    eb_probe_detect(&eb_probe_nvml, &env, &found);
    if (found.state != state || !strstr(found.reason, reason))
        fail_msg("%s: %s", eb_probe_state_name(found.state), found.reason);
    eb_err err;
    eb_err_clear(&err);
    eb_probe *probe = eb_probe_open(&eb_probe_nvml, &env, &err);
    assert_true(probe ? eb_probe_opens(&found) : err.code == EB_UNAVAILABLE && !eb_probe_works(&found));
    bool any = false;
    for (int i = 0; probe && i < probe->n; i++)
        any = any || probe->channels[i].grade != EB_GRADE_NONE;
    assert_int_equal(any, eb_probe_works(&found));
    eb_probe_close(probe);
}

static void boards_are_channels(void **state)
{
    (void)state;
    eb_probe *p =
        start("init ok\ncount ok 3\nname:0 ok NVIDIA H200\npci:0 ok 00000000:41:00.0\nenergy:0 ok 123456789012\n"
              "name:1 ok T\x1b[1m4\npower:1 ok 70000\nhandle:2 fails 4\n",
              3);
    const eb_channel *c = p->channels;
    assert_string_equal(c[0].name, "nvml/0");
    assert_string_equal(c[0].label, "NVIDIA H200");
    assert_string_equal(c[0].zone, "00000000:41:00.0");
    assert_true(c[0].domain == EB_DOMAIN_GPU && c[0].grade == EB_GRADE_COUNTER && c[0].cumulative);
    assert_true(c[0].quantity == EB_QUANTITY_ENERGY_UJ && c[0].scale == 1000 && c[0].modulus == 0);
    assert_string_equal(c[1].name, "nvml/1");
    assert_string_equal(c[1].label, "T?[1m4");
    assert_true(c[1].grade == EB_GRADE_SAMPLED && !c[1].cumulative && c[1].quantity == EB_QUANTITY_POWER_UW);
    assert_string_not_equal(c[0].zone, c[1].zone);
    // It is there, and its joules are not.
    assert_string_equal(c[2].name, "nvml/2");
    assert_string_equal(c[2].label, "GPU 2");
    assert_true(c[2].domain == EB_DOMAIN_GPU && c[2].grade == EB_GRADE_NONE);
    assert_string_equal(c[2].note, "cannot be read: nvmlDeviceGetHandleByIndex: no permission (NO_PERMISSION)");
    eb_sample s[3];
    eb_probe_read(p, s);
    assert_true(s[0].status == EB_SAMPLE_OK && s[0].raw == 123456789012);
    assert_true(s[1].status == EB_SAMPLE_OK && s[1].raw == 70000);
    assert_true(s[2].status == EB_SAMPLE_MISSING && s[2].raw == 0);
    assert_non_null(strstr(eb_probe_why("nvml", s[2].errnum), "NO_PERMISSION"));
    assert_true(s[0].t_before_ns <= s[0].t_after_ns && s[0].t_after_ns <= s[1].t_before_ns);
    char why[256];
    assert_false(eb_probe_trouble(p, why, sizeof why));
    eb_probe_close(p);
}

static void failures_have_a_status_and_a_reason(void **state)
{
    (void)state;
    static const struct {
        int code;
        eb_status status;
        const char *why;
    } cases[] = {
        { 1, EB_SAMPLE_GONE, "shut down" },        { 3, EB_SAMPLE_MISSING, "NOT_SUPPORTED" },
        { 4, EB_SAMPLE_MISSING, "NO_PERMISSION" }, { 9, EB_SAMPLE_GONE, "DRIVER_NOT_LOADED" },
        { 10, EB_SAMPLE_MISSING, "TIMEOUT" },      { 15, EB_SAMPLE_GONE, "GPU_IS_LOST" },
        { 16, EB_SAMPLE_GONE, "RESET_REQUIRED" },  { 999, EB_SAMPLE_MISSING, "UNKNOWN" },
        { 77, EB_SAMPLE_MISSING, "failed [77]" },
    };
    static const char *const kinds[] = { "energy", "power" };
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            char text[128], why[256];
            snprintf(text, sizeof text, "init ok\ncount ok 1\n%s:0 ok 5000\n", kinds[k]);
            eb_probe *p = start(text, 1);
            snprintf(text, sizeof text, "init ok\ncount ok 1\n%s:0 fails %d\n", kinds[k], cases[i].code);
            say(text);
            eb_sample s;
            eb_probe_read(p, &s);
            assert_string_equal(eb_status_name(s.status), eb_status_name(cases[i].status));
            assert_int_equal(s.raw, 0);
            assert_true(eb_probe_trouble(p, why, sizeof why));
            if (!strstr(why, cases[i].why))
                fail_msg("%s", why);
            eb_probe_close(p);
        }
    }
}

static void a_power_that_cannot_be_is_missing(void **state)
{
    (void)state;
    eb_probe *p = start("init ok\ncount ok 1\npower:0 ok 70000\n", 1);
    say("init ok\ncount ok 1\npower:0 ok 4294967295\n");
    eb_sample s;
    eb_probe_read(p, &s);
    assert_true(s.status == EB_SAMPLE_MISSING && s.raw == 0);
    eb_probe_close(p);
}

static void what_is_not_there_is_said(void **state)
{
    (void)state;
    detected("init fails 9\n", EB_PROBE_NO_DRIVER, "nvmlInit: the kernel driver is not loaded");
    detected("init fails 4\n", EB_PROBE_NO_PERMISSION, "nvmlInit: no permission");
    detected("init fails 18\n", EB_PROBE_NO_DRIVER, "different versions");
    detected("init fails 12345\n", EB_PROBE_NO_DRIVER, "nvmlInit: the library failed [12345]");
    detected("init ok\ncount fails 999\n", EB_PROBE_NO_DRIVER, "nvmlDeviceGetCount: the driver failed");
    detected("init ok\ncount ok 0\n", EB_PROBE_NO_DEVICE, "finds no board");
    detected("init ok\ncount ok 1\n", EB_PROBE_NO_DEVICE, "energy and power: the board does not offer it");
    detected("init ok\ncount ok 1\nenergy:0 fails 4\n", EB_PROBE_NO_PERMISSION, "energy: no permission");
    detected("init ok\ncount ok 1\npower:0 fails 16\n", EB_PROBE_NO_DEVICE, "must be reset");
    detected("init ok\ncount ok 2\nenergy:1 ok 1\n", EB_PROBE_PARTIAL, "GPU 0: energy and power");
    detected("init ok\ncount ok 1\nenergy:0 ok 1\n", EB_PROBE_OK, "");
    detected("init ok\ncount ok 4000000000\nenergy:1 ok 1\n", EB_PROBE_PARTIAL, "GPU 0");
}

static void a_tree_is_not_the_machine(void **state)
{
    (void)state;
    eb_err err;
    eb_io tape;
    eb_probe_detection found;
    eb_err_clear(&err);
    say("init ok\ncount ok 1\nenergy:0 ok 1\n");
    assert_true(eb_io_tape("", &tape, &err));
    eb_probe_env other = { &tape, &config };
    eb_probe_detect(&eb_probe_nvml, &other, &found);
    assert_int_equal(found.state, EB_PROBE_NO_DEVICE);
    assert_null(eb_probe_open(&eb_probe_nvml, &other, &err));
    eb_io_deinit(&tape);
}

// The stand-in is loaded first, by its path: whoever asks for its name then gets it.
static int prepare(void **state)
{
    (void)state;
    char *path = eb_format("%s/lib/" EB_NVML_LIBRARY, getenv("TESTBIN") ? getenv("TESTBIN") : ".");
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        fprintf(stderr, "%s\n", dlerror());
    free(path);
    int fd = mkstemp(script);
    if (fd < 0 || !library)
        return -1;
    close(fd);
    setenv("FAKE_NVML", script, 1);
    io = eb_io_real();
    eb_probe_config_default(&config);
    return 0;
}

static int clean(void **state)
{
    (void)state;
    return unlink(script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boards_are_channels),
        cmocka_unit_test(failures_have_a_status_and_a_reason),
        cmocka_unit_test(a_power_that_cannot_be_is_missing),
        cmocka_unit_test(what_is_not_there_is_said),
        cmocka_unit_test(a_tree_is_not_the_machine),
    };
    return cmocka_run_group_tests_name("nvml", tests, prepare, clean);
}
