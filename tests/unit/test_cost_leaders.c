// SPDX-License-Identifier: Apache-2.0
// Leaders against what trying everything finds.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include "harness/base/stats.h"
#include "harness/record/cost_leaders.h"

enum { N = 12, DRAWS = 400 };

static void test_leaders_and_crossings(void **state)
{
    (void)state;
    eb_rng rng;
    eb_rng_init(&rng, 12);
    int changes = 0;
    for (int d = 0; d < DRAWS; d++) {
        eb_cost_curve c[N];
        eb_cost_leader leaders[N];
        eb_compare_crossing *crossings;
        for (int i = 0; i < N; i++) {
            bool rent = eb_rng_below(&rng, 3) == 0;
            c[i] = (eb_cost_curve){ rent ? 0.2 + eb_rng_uniform(&rng) : 0.3 * eb_rng_uniform(&rng),
                                    rent ? 0 : 0.3 * eb_rng_uniform(&rng) };
        }
        c[3].flat = NAN; // not known: nobody's rival
        int n = eb_cost_leaders(c, N, leaders), crossed = eb_cost_crossings(c, N, &crossings);
        assert_true(n >= 1 && leaders[0].from == 0 && leaders[n - 1].to == 1);
        for (int l = 0; l < n; l++) {
            assert_true(leaders[l].row != 3 && leaders[l].from < leaders[l].to);
            assert_true(l == 0 || leaders[l].from == leaders[l - 1].to);
            for (int step = 1; step < 10; step++) {
                double u = leaders[l].from + (leaders[l].to - leaders[l].from) * step / 10;
                for (int i = 0; i < N; i++)
                    assert_true(isnan(c[i].flat) || eb_cost_at_utilisation(c[leaders[l].row], u) <=
                                                        eb_cost_at_utilisation(c[i], u) * (1 + 1e-9));
            }
        }
        changes += n - 1;
        for (int k = 0; k < crossed; k++) {
            const eb_compare_crossing *x = &crossings[k];
            assert_true(x->utilisation > 0 && x->utilisation < 1 && x->below != 3 && x->above != 3);
            assert_true(k == 0 || crossings[k - 1].utilisation <= x->utilisation);
            assert_true(eb_cost_at_utilisation(c[x->above], x->utilisation * 1.001) <=
                        eb_cost_at_utilisation(c[x->below], x->utilisation * 1.001) * (1 + 1e-12));
            assert_true(eb_cost_at_utilisation(c[x->below], x->utilisation * 0.999) <=
                        eb_cost_at_utilisation(c[x->above], x->utilisation * 0.999) * (1 + 1e-12));
        }
        free(crossings);
    }
    assert_true(changes > DRAWS / 4); // the draws do exercise it
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaders_and_crossings),
    };
    return cmocka_run_group_tests_name("cost_leaders", tests, NULL, NULL);
}
