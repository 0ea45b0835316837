// SPDX-License-Identifier: Apache-2.0
// Ceilings kept between runs, with an engine that counts how often it is asked to measure.
#include "harness/run/ceilings.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "tests/unit/folder.h"

static int measured;
static const char *isa_now = "avx2";
static eb_ceilings result;
static bool fails;

static const char *fake_isa(void)
{
    return isa_now;
}

static bool fake_ceilings(int threads, bool affinity, int64_t budget_ns, eb_ceilings *out, eb_err *err)
{
    (void)threads, (void)affinity;
    assert_true(budget_ns > 0);
    measured++;
    snprintf(result.isa, sizeof result.isa, "%s", isa_now);
    *out = result;
    return !fails || eb_err_set(err, EB_FAILED, "no memory for it");
}

static const eb_engine_ops fake = { .name = "fake", .isa = fake_isa, .ceilings = fake_ceilings };

// Every test begins with an empty cache.
static int begin(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s/effbench'", folder);
    measured = 0;
    fails = false;
    isa_now = "avx2";
    result = (eb_ceilings){ .read_bytes_s = 2.5e10, .flop_s = 1.25e11, .int8_op_s = NAN };
    setenv("XDG_CACHE_HOME", folder, 1);
    return system(command);
}

static eb_ceiling_reading get(eb_ceiling_use mode, int threads, bool affinity, size_t warnings)
{
    eb_ceiling_reading r;
    eb_warnings w = { 0 };
    eb_err err = { 0 };
    if (!eb_ceilings_get(&fake, mode, threads, affinity, &w, &r, &err))
        fail_msg("%s", err.message);
    if (w.n != warnings)
        fail_msg("%zu warnings: %s", w.n, w.n ? w.items[0] : "");
    if (w.n)
        assert_non_null(strstr(w.items[0], r.path));
    eb_warnings_deinit(&w);
    return r;
}

static void the_second_run_measures_nothing(void **state)
{
    (void)state;
    eb_ceiling_reading a = get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_true(measured == 1 && !a.cached && a.threads == 2);
    assert_int_equal(strlen(a.measured_utc), 20);
    assert_int_equal(strncmp(a.path, folder, strlen(folder)), 0);
    result.read_bytes_s = 1;
    eb_ceiling_reading b = get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_true(measured == 1 && b.cached);
    assert_true(b.c.read_bytes_s == 2.5e10 && b.c.flop_s == 1.25e11);
    assert_string_equal(b.c.isa, "avx2");
    assert_string_equal(b.measured_utc, a.measured_utc);
}

static void measure_does_and_off_does_not(void **state)
{
    (void)state;
    eb_ceiling_reading off = get(EB_CEILINGS_OFF, 2, false, 0);
    assert_true(measured == 0 && isnan(off.c.read_bytes_s) && isnan(off.c.flop_s) && !off.measured_utc[0]);
    assert_string_equal(off.c.isa, "avx2"); // the machine's facts name it all the same
    get(EB_CEILINGS_CACHED, 2, false, 0);
    result.flop_s = 2e11;
    eb_ceiling_reading now = get(EB_CEILINGS_MEASURE, 2, false, 0);
    assert_true(measured == 2 && !now.cached && now.c.flop_s == 2e11);
    eb_ceiling_reading kept = get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_true(measured == 2 && kept.cached && kept.c.flop_s == 2e11);
}

static void what_changes_speed_has_a_file_of_its_own(void **state)
{
    (void)state;
    get(EB_CEILINGS_CACHED, 2, false, 0);
    get(EB_CEILINGS_CACHED, 3, false, 0);
    get(EB_CEILINGS_CACHED, 2, true, 0);
    isa_now = "scalar";
    get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_int_equal(measured, 4);
    get(EB_CEILINGS_CACHED, 2, false, 0);
    isa_now = "avx2";
    get(EB_CEILINGS_CACHED, 2, true, 0);
    get(EB_CEILINGS_CACHED, 3, false, 0);
    assert_int_equal(measured, 4);
}

static void write_text(const char *path, const char *text, size_t len)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, len, f), len);
    fclose(f);
}

// The kept file with one of its values replaced; NULL: without it.
static void write_with(const char *path, const char *field, const char *raw)
{
    size_t len;
    eb_err err = { 0 };
    char *text = eb_file_read(path, 65536, &len, &err);
    cJSON *json = eb_json_parse(text, len, path, &err);
    assert_non_null(json);
    cJSON_DeleteItemFromObject(json, field);
    if (raw)
        cJSON_AddItemToObject(json, field, cJSON_CreateRaw(raw));
    char *out = eb_json_print(json, true);
    write_text(path, out, strlen(out));
    free(out);
    free(text);
    cJSON_Delete(json);
}

static void a_damaged_file_is_measured_anew(void **state)
{
    static const char *const texts[] = {
        "", "{", "[]", "{}", "null", "\xff\xfe", "{\"format\":\"effbench ceilings 4\"}"
    };
    static const char *const fields[][2] = {
        { "format", "\"effbench ceilings 2\"" },
        { "key", "\"0\"" },
        { "key", NULL },
        { "isa", "\"avx512\"" },
        { "read_bytes_s", NULL },
        { "read_bytes_s", "0" },
        { "read_bytes_s", "-5" },
        { "read_bytes_s", "null" },
        { "read_bytes_s", "1e300" },
        { "flop_s", "\"fast\"" },
        { "flop_s", "1e19" },
        { "measured_unix_s", NULL },
        { "measured_unix_s", "-1" },
    };
    enum { TEXTS = sizeof texts / sizeof *texts, FIELDS = sizeof fields / sizeof *fields };
    (void)state;
    eb_ceiling_reading r = get(EB_CEILINGS_CACHED, 2, false, 0);
    for (int i = 0; i < TEXTS + FIELDS; i++) {
        if (i < TEXTS)
            write_text(r.path, texts[i], strlen(texts[i]));
        else
            write_with(r.path, fields[i - TEXTS][0], fields[i - TEXTS][1]);
        measured = 0;
        eb_ceiling_reading again = get(EB_CEILINGS_CACHED, 2, false, 1);
        if (measured != 1 || again.cached)
            fail_msg("damage %d was believed", i);
        assert_true(get(EB_CEILINGS_CACHED, 2, false, 0).cached); // and it is whole again
    }
}

static void an_old_one_is_measured_anew_in_silence(void **state)
{
    char text[32];
    const long long now = (long long)time(NULL), day = 86400;
    (void)state;
    eb_ceiling_reading r = get(EB_CEILINGS_CACHED, 2, false, 0);
    snprintf(text, sizeof text, "%lld", now - 29 * day);
    write_with(r.path, "measured_unix_s", text);
    assert_true(get(EB_CEILINGS_CACHED, 2, false, 0).cached);
    snprintf(text, sizeof text, "%lld", now - 31 * day);
    write_with(r.path, "measured_unix_s", text);
    assert_false(get(EB_CEILINGS_CACHED, 2, false, 0).cached);
    snprintf(text, sizeof text, "%lld", now + day); // a clock that was wrong
    write_with(r.path, "measured_unix_s", text);
    assert_false(get(EB_CEILINGS_CACHED, 2, false, 0).cached);
    assert_int_equal(measured, 3);
}

static void what_was_not_measured_is_not_kept(void **state)
{
    eb_ceiling_reading r;
    eb_err err = { 0 };
    (void)state;
    result.read_bytes_s = NAN; // no memory for the buffer
    eb_ceiling_reading a = get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_true(isnan(a.c.read_bytes_s) && a.c.flop_s == 1.25e11);
    assert_false(eb_file_exists(a.path));
    fails = true;
    assert_false(eb_ceilings_get(&fake, EB_CEILINGS_CACHED, 2, false, NULL, &r, &err));
    assert_int_equal(err.code, EB_FAILED);
}

static void without_a_folder_nothing_is_kept(void **state)
{
    char *home = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    (void)state;
    setenv("XDG_CACHE_HOME", "/proc/nowhere", 1);
    get(EB_CEILINGS_CACHED, 2, false, 0);
    get(EB_CEILINGS_CACHED, 2, false, 0);
    setenv("XDG_CACHE_HOME", "relative", 1);
    unsetenv("HOME");
    assert_false(get(EB_CEILINGS_CACHED, 2, false, 0).path[0]);
    assert_int_equal(measured, 3);
    if (home)
        setenv("HOME", home, 1);
    free(home);
}

static void a_look_measures_nothing(void **state)
{
    eb_ceiling_reading r;
    (void)state;
    assert_false(eb_ceilings_peek(&fake, 2, false, &r));
    assert_int_equal(measured, 0);
    get(EB_CEILINGS_CACHED, 2, false, 0);
    assert_true(eb_ceilings_peek(&fake, 2, false, &r));
    assert_true(r.c.flop_s == 1.25e11 && measured == 1);
}

static const char *fact(const eb_header *h, const char *key)
{
    for (int i = 0; i < h->n_machine; i++)
        if (!strcmp(h->machine[i].key, key))
            return h->machine[i].value;
    return "";
}

static void the_result_says_when(void **state)
{
    (void)state;
    get(EB_CEILINGS_CACHED, 2, false, 0);
    for (int i = 0; i < 2; i++) {
        eb_header h = { 0 };
        eb_ceiling_reading r = get(i ? EB_CEILINGS_OFF : EB_CEILINGS_CACHED, 2, false, 0);
        eb_ceilings_describe(&r, &h);
        assert_string_equal(fact(&h, "ceiling_threads"), "2");
        assert_string_equal(fact(&h, "read_bandwidth_bytes_s"), i ? "" : "2.5e+10");
        assert_string_equal(fact(&h, "ceiling_measured_utc"), r.measured_utc);
        assert_string_equal(fact(&h, "ceiling_cached"), i ? "" : "yes");
        for (int k = 0; k < h.n_machine; k++) {
            free(h.machine[k].key);
            free(h.machine[k].value);
        }
        free(h.machine);
    }
}

// Two sequences: both prompts in the first 100 ms, then two steps of 40 ms for both.
static void compare(eb_ceiling_reading *r, double bytes_per_tok, double flop_per_prompt_tok)
{
    static const eb_token_event tokens[] = {
        { .request = 0, .phase = EB_PHASE_PREFILL, .t_start_ns = 0, .t_end_ns = 60000000 },
        { .request = 1, .phase = EB_PHASE_PREFILL, .t_start_ns = 60000000, .t_end_ns = 100000000 },
        { .request = 0, .index = 1, .phase = EB_PHASE_DECODE, .t_start_ns = 100000000, .t_end_ns = 140000000 },
        { .request = 1, .index = 1, .phase = EB_PHASE_DECODE, .t_start_ns = 100000000, .t_end_ns = 140000000 },
        { .request = 0, .index = 2, .phase = EB_PHASE_DECODE, .t_start_ns = 140000000, .t_end_ns = 180000000 },
        { .request = 1, .index = 2, .phase = EB_PHASE_DECODE, .t_start_ns = 140000000, .t_end_ns = 180000000 },
    };
    const eb_case_facts facts = { .bytes_per_tok = bytes_per_tok, .flop_per_prompt_tok = flop_per_prompt_tok };
    eb_ceilings_compare(r, &facts, 10, tokens, sizeof tokens / sizeof *tokens);
}

static size_t settle(const eb_ceiling_reading *r, const char *words)
{
    eb_warnings w = { 0 };
    eb_ceilings_settle(r, &w);
    const size_t n = w.n;
    if (n)
        assert_non_null(strstr(w.items[0], words));
    eb_warnings_deinit(&w);
    return n;
}

static void a_ceiling_that_a_run_is_above_is_forgotten(void **state)
{
    (void)state;
    eb_ceiling_reading fresh = get(EB_CEILINGS_CACHED, 2, false, 0);
    eb_ceiling_reading r = get(EB_CEILINGS_CACHED, 2, false, 0);
    compare(&r, 1e9, 1e8); // 25 GB/s, 20 GFLOP/s
    assert_true(fabs(r.read_frac - 1) < 1e-12 && fabs(r.flop_frac - 20e9 / 1.25e11) < 1e-12);
    compare(&r, 1.015e9, 1e7); // within the 2 %
    compare(&r, 5e8, 1e7);     // the largest counts
    assert_true(fabs(r.read_frac - 1.015) < 1e-12 && fabs(r.flop_frac - 20e9 / 1.25e11) < 1e-12);
    assert_int_equal(settle(&r, ""), 0);
    assert_true(eb_file_exists(r.path));
    compare(&r, 1.03e9, 1e8);
    assert_int_equal(settle(&r, "read bandwidth reached 103 %"), 1);
    assert_false(eb_file_exists(r.path));
    compare(&fresh, 1.5e9, 1e8); // measured just now: the next run has it, there is nothing to forget
    assert_int_equal(settle(&fresh, ""), 0);
    get(EB_CEILINGS_CACHED, 2, false, 0);
    r = get(EB_CEILINGS_CACHED, 2, false, 0);
    compare(&r, 2e8, 6.4e8); // a model that caches may hold says nothing of memory; 128 of 125 GFLOP/s
    assert_true(r.cached && r.read_frac == 0);
    assert_int_equal(settle(&r, "arithmetic reached 102 %"), 1);
    assert_false(eb_file_exists(r.path));
    compare(&r, 0, NAN); // not known
    eb_ceiling_reading off = get(EB_CEILINGS_OFF, 2, false, 0);
    compare(&off, 1e12, 1e12);
    assert_int_equal(settle(&off, ""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_second_run_measures_nothing, begin),
        cmocka_unit_test_setup(measure_does_and_off_does_not, begin),
        cmocka_unit_test_setup(what_changes_speed_has_a_file_of_its_own, begin),
        cmocka_unit_test_setup(a_damaged_file_is_measured_anew, begin),
        cmocka_unit_test_setup(an_old_one_is_measured_anew_in_silence, begin),
        cmocka_unit_test_setup(what_was_not_measured_is_not_kept, begin),
        cmocka_unit_test_setup(without_a_folder_nothing_is_kept, begin),
        cmocka_unit_test_setup(a_look_measures_nothing, begin),
        cmocka_unit_test_setup(the_result_says_when, begin),
        cmocka_unit_test_setup(a_ceiling_that_a_run_is_above_is_forgotten, begin),
    };
    return cmocka_run_group_tests_name("ceilings", tests, folder_make, folder_remove);
}
