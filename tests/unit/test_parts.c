// SPDX-License-Identifier: Apache-2.0
// The files that say whose energy it was: their rows add up to the window to 1 uJ, as printed, and each has a
// half-width.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/journal_sample.h"

// Field `column` of a row of CSV without quoted commas; NULL: there is none.
static char *field(char *row, int column)
{
    for (; row && column > 0; column--) {
        row = strchr(row, ',');
        row = row ? row + 1 : NULL;
    }
    return row;
}

static int column_of(const char *head, const char *name)
{
    char copy[512];
    int column = 0;
    snprintf(copy, sizeof copy, "%.*s", (int)strcspn(head, "\n"), head);
    for (char *save, *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save), column++)
        if (!strcmp(word, name))
            return column;
    fail_msg("no column %s", name);
    return -1;
}

// Of the rows whose field `by` begins with `value`: the sum of `what`; each must have a `half` above 0.
static double sum(const char *text, const char *what, const char *half, const char *by, const char *value, int *n)
{
    char *copy = strdup(text), *save;
    int at = column_of(text, what), half_at = column_of(text, half), by_at = column_of(text, by);
    double total = 0;
    *n = 0;
    strtok_r(copy, "\n", &save);
    for (char *row; (row = strtok_r(NULL, "\n", &save));) {
        if (strncmp(field(row, by_at), value, strlen(value)) != 0)
            continue;
        total += strtod(field(row, at), NULL);
        assert_true(strtod(field(row, half_at), NULL) > 0);
        ++*n;
    }
    free(copy);
    return total;
}

// A window of 1 s at 133 kW: what is written with few digits does not add up.
static void write_run(sample_run *s)
{
    eb_err err = { 0 };
    s->channels[0].power_max_w = s->channels[1].power_max_w = 1e7;
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    assert_non_null(j);
    sample_trial(s, 1, 0, 0, 1.7);
    s->tokens[7].t_end_ns += 12345; // the sequences' last steps end apart
    for (int r = 0; r < 2; r++)
        s->tokens[r].t_start_ns += 77777; // and nothing runs at first
    sample_power(s, s->info.t_start_ns, 123456.78, 9876.54);
    assert_true(sample_write(s, j, &err));
    assert_true(eb_journal_end(j, NULL, &err));
    eb_journal_close(j);
}

static void parts_add_up_as_they_are_printed(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    write_run(&s);
    eb_run *run = eb_run_load(s.dir, &err);
    assert_non_null(run);
    char *text = eb_energy_csv(run), path[128];
    int n;
    double window = sum(text, "energy_j", "halfwidth_j", "part", "window", &n);
    assert_int_equal(n, 1);
    assert_true(window > 1.3e5);
    double outside = sum(text, "energy_j", "halfwidth_j", "part", "outside", &n);
    assert_int_equal(n, 1);
    assert_true(outside > 0.1);
    double requests = sum(text, "energy_j", "halfwidth_j", "part", "request", &n);
    assert_int_equal(n, SAMPLE_REQUESTS);
    assert_true(fabs(requests + outside - window) < 1e-6);
    free(text);
    size_t len;
    snprintf(path, sizeof path, "%s/tokens.csv", s.dir);
    text = eb_file_read(path, 1 << 20, &len, &err);
    assert_non_null(text);
    double tokens_uj = sum(text, "energy_uj", "energy_halfwidth_uj", "trial", "1", &n);
    assert_int_equal(n, SAMPLE_TOKENS);
    if (!(fabs(tokens_uj - requests * 1e6) < 1))
        print_error("%.17g uJ of tokens, %.17g J of requests\n", tokens_uj, requests);
    assert_true(fabs(tokens_uj - requests * 1e6) < 1);
    free(text);
    eb_run_free(run);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(parts_add_up_as_they_are_printed) };
    return cmocka_run_group_tests_name("parts of an energy", tests, NULL, NULL);
}
