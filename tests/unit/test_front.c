// SPDX-License-Identifier: Apache-2.0
// The Pareto front of rows whose values and words are given.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "harness/record/front.h"

typedef struct rows {
    double values[4][2]; // more is better
    double noise;        // what two values must differ by for a word
    bool apart;          // the last one is of another kind
} rows;

static int order(const void *ctx, int a, int b, int k)
{
    const rows *r = ctx;
    return (r->values[a][k] > r->values[b][k]) - (r->values[a][k] < r->values[b][k]);
}

static bool is_clear(const void *ctx, int a, int b, int k)
{
    const rows *r = ctx;
    double d = r->values[a][k] - r->values[b][k];
    return d > r->noise || -d > r->noise;
}

static bool together(const void *ctx, int a, int b)
{
    const rows *r = ctx;
    return !r->apart || (a < 3 && b < 3);
}

static void nobody_beats_what_is_on_it(void **state)
{
    (void)state;
    static const struct {
        rows rows;
        eb_front front[4];
    } sets[] = {
        // better in one and not worse in the other; as good in both; better in one, worse in the other
        { { { { 2, 2 }, { 1, 2 }, { 2, 2 }, { 3, 1 } }, 0.5, false },
          { EB_FRONT_ON, EB_FRONT_BEATEN, EB_FRONT_ON, EB_FRONT_ON } },
        // beaten by the values, and not by the words
        { { { { 2, 2 }, { 1.8, 2 }, { 1.9, 1.9 }, { 1, 1 } }, 0.5, false },
          { EB_FRONT_ON, EB_FRONT_NOISE, EB_FRONT_NOISE, EB_FRONT_BEATEN } },
        // held up by nothing but values: the first is clearly better in one and only by a trifle worse in the other
        { { { { 2, 2 }, { 1, 2.1 }, { 0, 0 }, { 0, 0 } }, 0.5, false },
          { EB_FRONT_ON, EB_FRONT_NOISE, EB_FRONT_BEATEN, EB_FRONT_BEATEN } },
        { { { { 2, 2 }, { 1, 1 }, { 1, 1 }, { 9, 9 } }, 0.5, true },
          { EB_FRONT_ON, EB_FRONT_BEATEN, EB_FRONT_BEATEN, EB_FRONT_ON } },
    };
    for (size_t s = 0; s < sizeof sets / sizeof *sets; s++) {
        const eb_front_rows r = {
            .n = 4, .n_objectives = 2, .together = together, .order = order, .clear = is_clear, .ctx = &sets[s].rows
        };
        for (int i = 0; i < 4; i++)
            assert_int_equal(eb_front_of(&r, i), sets[s].front[i]);
    }
    // Of the last two of a set alone.
    const eb_front_rows part = {
        .first = 2, .n = 2, .n_objectives = 2, .order = order, .clear = is_clear, .ctx = &sets[0].rows
    };
    assert_int_equal(eb_front_of(&part, 2), EB_FRONT_ON);
    assert_int_equal(eb_front_of(&part, 3), EB_FRONT_ON);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_beats_what_is_on_it),
    };
    return cmocka_run_group_tests_name("front", tests, NULL, NULL);
}
