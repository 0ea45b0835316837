// SPDX-License-Identifier: Apache-2.0
// The tape: what a path reads as at which time, and what is refused in its text.
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/energy.h"
#include "harness/base/io.h"

static eb_io open_tape(const char *text)
{
    eb_io io;
    eb_err err;
    eb_err_clear(&err);
    if (!eb_io_tape(text, &io, &err))
        fail_msg("%s (line %d)", err.message, err.line);
    return io;
}

static void set_time(const eb_io *io, int64_t t_ns)
{
    io->clock.sleep_until_ns(&io->clock, t_ns);
    assert_int_equal(io->clock.now_ns(&io->clock), t_ns);
}

static void newest_event_at_or_before_now(void **state)
{
    (void)state;
    eb_io io = open_tape("# a comment\n"
                         "10 /a 5\n"
                         "20 /a 7\r\n"
                         "\n"
                         "20 /a 8\n"
                         "30 /a !EIO\n"
                         "40 /a !ENOENT\n"
                         "50 /a 9");
    static const struct {
        int64_t t_ns;
        int rc;
        uint64_t value;
    } want[] = { { 0, -ENOENT, 0 }, { 9, -ENOENT, 0 }, { 10, 0, 5 },       { 19, 0, 5 }, { 20, 0, 8 },  { 29, 0, 8 },
                 { 30, -EIO, 0 },   { 39, -EIO, 0 },   { 40, -ENOENT, 0 }, { 50, 0, 9 }, { 1000, 0, 9 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        set_time(&io, want[i].t_ns);
        uint64_t value = 0;
        assert_int_equal(eb_io_read_u64(&io, "/a", &value), want[i].rc);
        assert_int_equal(value, want[i].value);
    }
    eb_io_deinit(&io);
}

static void kept_handle_sees_time_pass(void **state)
{
    (void)state;
    eb_io io = open_tape("0 /a 1\n5 /a 2\n6 /a !ENODEV\n");
    int handle = io.open(&io, "/a");
    assert_true(handle >= 0);
    uint64_t value = 0;
    assert_int_equal(eb_io_pread_u64(&io, handle, &value), 0);
    assert_int_equal(value, 1);
    set_time(&io, 5);
    assert_int_equal(eb_io_pread_u64(&io, handle, &value), 0);
    assert_int_equal(value, 2);
    set_time(&io, 6);
    assert_int_equal(eb_io_pread_u64(&io, handle, &value), -ENODEV);
    assert_int_equal(io.pread(&io, 77, (char[8]){ 0 }, 8), -EBADF);
    io.close(&io, handle);
    eb_io_deinit(&io);
}

static void errors_of_lookup_and_of_reading(void **state)
{
    (void)state;
    eb_io io = open_tape("0 /no !EACCES\n0 /bad !EINVAL\n");
    assert_int_equal(io.open(&io, "/no"), -EACCES);
    assert_int_equal(io.mode(&io, "/no"), 0400);
    int handle = io.open(&io, "/bad");
    assert_true(handle >= 0);
    assert_int_equal(io.pread(&io, handle, (char[8]){ 0 }, 8), -EINVAL);
    assert_int_equal(io.mode(&io, "/bad"), 0444);
    assert_int_equal(io.mode(&io, "/none"), -ENOENT);
    assert_int_equal(io.perf_open(&io, NULL, 0, -1, -1, 0), -ENODEV);
    eb_io_deinit(&io);
}

static void collect(void *arg, const char *name)
{
    strcat(arg, name);
    strcat(arg, " ");
}

static void folders_come_from_paths(void **state)
{
    (void)state;
    eb_io io = open_tape("0 /s/p/z:0/name a\n0 /s/p/z:0/energy 1\n0 /s/p/z:1/name b\n5 /s/p/late x\n"
                         "0 /s/pp/other x\n5 /s/p/z:1/name !ENOENT\n0 /locked !EACCES\n0 /locked/x 1\n");
    char names[128] = "";
    assert_int_equal(io.list(&io, "/s/p", collect, names), 0);
    assert_string_equal(names, "z:0 z:1 ");
    set_time(&io, 5);
    names[0] = '\0';
    assert_int_equal(io.list(&io, "/s/p/", collect, names), 0);
    assert_string_equal(names, "z:0 late ");
    assert_int_equal(io.list(&io, "/nothing", collect, names), -ENOENT);
    assert_int_equal(io.list(&io, "/locked", collect, names), -EACCES);
    eb_io_deinit(&io);
}

static void values_of_several_lines(void **state)
{
    (void)state;
    eb_io io = open_tape("0 /f one\\ntwo\\\\n three\n");
    char *text = eb_io_slurp(&io, "/f", 100);
    assert_string_equal(text, "one\ntwo\\n three");
    free(text);
    char line[32];
    assert_int_equal(eb_io_read_line(&io, "/f", line, sizeof line), 3);
    assert_string_equal(line, "one");
    eb_io_deinit(&io);
}

static void bad_text_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int line, column;
    } bad[] = {
        { "0 /a 1\nx /a 1\n", 2, 1 },
        { "-1 /a 1\n", 1, 1 },
        { "5 a 1\n", 1, 3 },
        { "1 /a !EWRONG\n", 1, 6 },
        { "5 /a 1\n4 /a 1\n", 2, 1 },
        { "99999999999999999999 /a 1", 1, 1 },
        { "12", 1, 1 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        eb_io io;
        eb_err err;
        eb_err_clear(&err);
        assert_false(eb_io_tape(bad[i].text, &io, &err));
        assert_int_equal(err.code, EB_USAGE);
        assert_int_equal(err.line, bad[i].line);
        assert_int_equal(err.column, bad[i].column);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_event_at_or_before_now),   cmocka_unit_test(kept_handle_sees_time_pass),
        cmocka_unit_test(errors_of_lookup_and_of_reading), cmocka_unit_test(folders_come_from_paths),
        cmocka_unit_test(values_of_several_lines),         cmocka_unit_test(bad_text_is_refused_with_its_place),
    };
    return cmocka_run_group_tests_name("tape", tests, NULL, NULL);
}
