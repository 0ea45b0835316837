// SPDX-License-Identifier: Apache-2.0
// Metric groups: those built in, the place of every mistake, and a text with mistakes that leaves nothing behind.
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "probes/groups.h"
#include "probes/names.h"

static const eb_group_metric *metric(const eb_groups *g, const char *key)
{
    for (int i = 0; i < g->n_metrics; i++)
        if (strcmp(g->metrics[i].key, key) == 0)
            return &g->metrics[i];
    fail_msg("there is no metric '%s'", key);
    return NULL;
}

// An operator of 0.5 s on one core: 2e9 cycles, 1e9 instructions, 1e6 misses, 1.5e9 stalled, 1e9 bytes.
static double known(void *arg, const char *name)
{
    static const struct {
        const char *name;
        double value;
    } values[] = { { "time_s", 0.5 },       { "bytes", 1e9 },      { "cycles", 2e9 },         { "instructions", 1e9 },
                   { "task-clock", 0.5e9 }, { "llc-misses", 1e6 }, { "memory-stalls", 1.5e9 } };
    (void)arg;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(values[i].name, name) == 0)
            return values[i].value;
    fail_msg("'%s' was asked for", name);
    return NAN;
}

static void built_in_groups_give_what_they_say(void **state)
{
    (void)state;
    const eb_groups *g = eb_groups_builtin();
    static const struct {
        const char *key, *unit;
        double value;
    } want[] = { { "ipc", "-", 0.5 },           { "clock_ghz", "GHz", 4 },           { "llc_mpki", "1/kinstr", 1 },
                 { "llc_gb_s", "GB/s", 0.128 }, { "llc_traffic_ratio", "-", 0.064 }, { "stall_share", "-", 0.75 } };
    assert_int_equal(g->n_metrics, sizeof want / sizeof *want);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        const eb_group_metric *m = metric(g, want[i].key);
        double value = eb_formula_eval(&m->formula, known, NULL);
        assert_string_equal(m->unit, want[i].unit);
        if (fabs(value - want[i].value) > 1e-12)
            fail_msg("%s = %.17g, not %g", m->key, value, want[i].value);
        assert_true(g->groups[m->group].doc[0]);
    }
    for (int i = 0; i < g->n_events; i++) // the last resort of each is known everywhere
        assert_true(g->events[i].n_candidates > 0);
    assert_non_null(eb_event_find(eb_groups_event(g, "memory-stalls")->candidates[5]));
    assert_non_null(eb_event_find(eb_groups_event(g, "llc-misses")->candidates[0]));
    assert_null(eb_groups_event(g, "llc"));
}

// What is built in is what lies in the source tree.
static void every_file_is_built_in(void **state)
{
    (void)state;
    const char *src = getenv("SRC");
    char *path = eb_path_join(src ? src : ".", "probes/groups");
    DIR *dir = opendir(path);
    int files = 0, texts = 0;
    if (!dir) {
        fprintf(stderr, "skip every_file_is_built_in: no source tree at '%s'\n", path);
        free(path);
        skip();
    }
    for (struct dirent *e = readdir(dir); e; e = readdir(dir))
        files += strlen(e->d_name) > 4 && strcmp(e->d_name + strlen(e->d_name) - 4, ".txt") == 0;
    closedir(dir);
    free(path);
    for (const eb_group_text *t = eb_group_texts; t->file; t++, texts++) {
        eb_err err = { 0 };
        size_t n;
        path = eb_path_join(src ? src : ".", t->file);
        char *text = eb_file_read(path, 1 << 20, &n, &err);
        assert_non_null(text);
        assert_string_equal(text, t->text);
        free(text);
        free(path);
    }
    assert_int_equal(files, texts);
}

static bool read_text(eb_groups *g, const char *text, eb_err_list *errs)
{
    return eb_groups_read(g, "own.txt", text, strlen(text), errs);
}

static void own_groups_stand_beside(void **state)
{
    (void)state;
    eb_groups *g = eb_alloc(sizeof *g);
    eb_err_list errs = { 0 };
    *g = *eb_groups_builtin();
    const int events = g->n_events, metrics = g->n_metrics;
    assert_true(read_text(g,
                          "# two groups\r\n\n"
                          "  group branch=Mispredictions\r\n"
                          "event branches\nevent wrong = BR_MISP_RETIRED:c=1:u, branch-misses\n"
                          "event cycles\n\tmetric miss_share [%]=100*wrong/branches\n"
                          "group other = x\nmetric per_call [1] = llc-misses / calls", // built in, no newline
                          &errs));
    assert_int_equal(errs.n, 0);
    assert_int_equal(g->n_events, events + 2);
    assert_int_equal(g->n_metrics, metrics + 2);
    assert_string_equal(eb_groups_event(g, "wrong")->candidates[0], "BR_MISP_RETIRED:c=1:u");
    assert_string_equal(eb_groups_event(g, "wrong")->candidates[1], "branch-misses");
    assert_string_equal(metric(g, "miss_share")->unit, "%");
    assert_string_equal(metric(g, "miss_share")->text, "100*wrong/branches");
    assert_string_equal(g->groups[metric(g, "per_call")->group].name, "other");
    eb_err_list_deinit(&errs);
    free(g);
}

#define G "group g = d\nevent e\n"
static const struct {
    const char *text;
    int line, column; // of the first error; 0 = of the whole file
    const char *says;
} wrong[] = {
    { "", 0, 0, "no metric" },
    { "# nothing\n", 0, 0, "no metric" },
    { G, 0, 0, "no metric" },
    { "event e\n", 1, 1, "comes before" },
    { "metric m [1] = 1\n", 1, 1, "comes before" },
    { "  banana\n", 1, 3, "begins with" },
    { "groups g = d\n", 1, 1, "begins with" },
    { "group\n", 1, 6, "small letters" },
    { "group G = d\n", 1, 7, "small letters" },
    { "group a-b = d\n", 1, 8, "= is expected" },
    { "group g =\n", 1, 10, "missing after" },
    { "group ipc = d\n", 1, 7, "already" },
    { G "group g = d\n", 3, 7, "already" },
    { G "event\n", 3, 6, "name of an event" },
    { G "event 9\n", 3, 7, "name of an event" },
    { G "event a b\n", 3, 9, "= is expected" },
    { G "event a = b c\n", 3, 13, "comma" },
    { G "event a = b,,c\n", 3, 13, "name of an event" },
    { G "event a = a,b,c,d,e,f,g,h,i\n", 3, 27, "more than 8" },
    { G "event time_s\n", 3, 7, "variable" },
    { G "event e = other\n", 3, 7, "another event" },
    { G "event cycles = other\n", 3, 7, "another event" },
    { G "metric m = e\n", 3, 10, "unit" },
    { G "metric m [] = e\n", 3, 10, "unit" },
    { G "metric m [GB/s = e\n", 3, 10, "unit" },
    { G "metric m [sixteen letters!] = e\n", 3, 10, "unit" },
    { G "metric m [1] e\n", 3, 14, "= is expected" },
    { G "metric m [1] = e +\n", 3, 19, "expected here" },
    { G "metric m [1] = 2 * x\n", 3, 20, "'x' is neither" },
    { G "metric ipc [1] = e\n", 3, 8, "already" },
    { G "metric m [1] = e\nmetric m [1] = e\n", 4, 8, "already" },
    { G "metric m [1] = e\nevent \xC3\xA4\n", 4, 7, "ASCII" },
    { G "metric m [1] = e\x01\n", 3, 17, "ASCII" },
};

static void mistakes_have_a_place_and_leave_nothing(void **state)
{
    (void)state;
    eb_groups *g = eb_alloc(sizeof *g);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        eb_err_list errs = { 0 };
        *g = *eb_groups_builtin();
        if (read_text(g, wrong[i].text, &errs) || errs.n < 1)
            fail_msg("taken: %s", wrong[i].text);
        const eb_err *e = &errs.items[0];
        if (e->line != wrong[i].line || e->column != wrong[i].column || !strstr(e->message, wrong[i].says))
            fail_msg("%s: %d:%d %s", wrong[i].text, e->line, e->column, e->message);
        assert_string_equal(e->file, "own.txt");
        assert_int_equal(g->n_groups, eb_groups_builtin()->n_groups);
        assert_int_equal(g->n_events, eb_groups_builtin()->n_events);
        assert_int_equal(g->n_metrics, eb_groups_builtin()->n_metrics);
        eb_err_list_deinit(&errs);
    }
    free(g);
}

static void every_mistake_is_reported(void **state)
{
    (void)state;
    eb_groups g = { 0 };
    eb_err_list errs = { 0 };
    assert_false(read_text(&g, "group g = d\nbad\nevent 1\nmetric m [1] = a-b\nmetric n [1] = 1\n", &errs));
    assert_int_equal(errs.n, 3);
    assert_int_equal(errs.items[2].line, 4);
    assert_non_null(strstr(errs.items[2].hint, "space before the minus"));
    assert_string_equal(errs.items[2].source, "metric m [1] = a-b");
    eb_err_list_deinit(&errs);
}

static void counts_are_bounded(void **state)
{
    (void)state;
    eb_groups *g = eb_alloc(sizeof *g);
    char text[8192] = "group g = d\n";
    for (int pass = 0; pass < 2; pass++) { // 32 metrics fit, 33 do not
        eb_err_list errs = { 0 };
        *g = (eb_groups){ 0 };
        for (int i = 0; i < EB_GROUP_METRICS + pass; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "metric m%d_%d [1] = 1\n", pass, i);
        assert_int_equal(read_text(g, text, &errs), pass == 0);
        eb_err_list_deinit(&errs);
        snprintf(text, sizeof text, "group g = d\n");
    }
    for (int pass = 0; pass < 2; pass++) {
        eb_err_list errs = { 0 };
        *g = (eb_groups){ 0 };
        snprintf(text, sizeof text, "group g = d\nmetric m [1] = 1\n");
        for (int i = 0; i < EB_GROUP_EVENTS + pass; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "event e%d\n", i);
        assert_int_equal(read_text(g, text, &errs), pass == 0);
        eb_err_list_deinit(&errs);
    }
    for (int pass = 0; pass < 2; pass++) {
        eb_err_list errs = { 0 };
        *g = (eb_groups){ 0 };
        snprintf(text, sizeof text, "group g = d\nmetric m [1] = 1\n");
        for (int i = 1; i < EB_GROUPS_MAX + pass; i++)
            snprintf(text + strlen(text), sizeof text - strlen(text), "group g%d = d\n", i);
        assert_int_equal(read_text(g, text, &errs), pass == 0);
        eb_err_list_deinit(&errs);
    }
    free(g);
}

// A NUL, and lines that do not end, are mistakes like any other.
static void bytes_of_any_kind(void **state)
{
    (void)state;
    eb_groups g = { 0 };
    eb_err_list errs = { 0 };
    char *text = eb_alloc(1 << 16);
    memset(text, 'x', 1 << 16);
    assert_false(eb_groups_read(&g, "f", text, 1 << 16, &errs));
    assert_false(eb_groups_read(&g, "f", "group g = d\0\nmetric m [1] = 1\n", 30, &errs));
    assert_int_equal(errs.items[1].line, 1);
    memset(text, '\n', 1 << 16);
    assert_false(eb_groups_read(&g, "f", text, 1 << 16, &errs));
    assert_false(eb_groups_read_file(&g, "/nonexistent/file", &errs));
    assert_non_null(strstr(errs.items[errs.n - 1].message, "/nonexistent/file"));
    eb_err_list_deinit(&errs);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_in_groups_give_what_they_say),
        cmocka_unit_test(every_file_is_built_in),
        cmocka_unit_test(own_groups_stand_beside),
        cmocka_unit_test(mistakes_have_a_place_and_leave_nothing),
        cmocka_unit_test(every_mistake_is_reported),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(bytes_of_any_kind),
    };
    return cmocka_run_group_tests_name("groups", tests, NULL, NULL);
}
