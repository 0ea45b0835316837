// SPDX-License-Identifier: Apache-2.0
// Envelopes, the plain way: there are few rows.
#include "harness/record/cost_leaders.h"

#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"

static bool known(eb_cost_curve c)
{
    return !isnan(c.flat + c.shared);
}

// Beyond what arithmetic makes of equal costs.
static bool less(double a, double b, eb_cost_curve x, eb_cost_curve y)
{
    return a < b - EB_COST_DUST * (fabs(x.flat) + fabs(x.shared) + fabs(y.flat) + fabs(y.shared)) / 2;
}

// Cheapest where the utilisation is next to nothing: the least shared cost, then the least flat one.
static int first_leader(const eb_cost_curve *c, int n)
{
    int best = -1;
    for (int i = 0; i < n; i++)
        if (known(c[i]) && (best < 0 || less(c[i].shared, c[best].shared, c[i], c[best]) ||
                            (!less(c[best].shared, c[i].shared, c[i], c[best]) && c[i].flat < c[best].flat)))
            best = i;
    return best;
}

int eb_cost_leaders(const eb_cost_curve *c, int n, eb_cost_leader *leaders)
{
    int at = first_leader(c, n), count = 0;
    double from = 0;
    while (at >= 0) {
        int next = -1;
        double meets = 1;
        for (int i = 0; i < n; i++) {
            if (!known(c[i]) || !less(c[i].flat, c[at].flat, c[i], c[at]) || !(c[i].shared > c[at].shared))
                continue;
            double u = (c[i].shared - c[at].shared) / (c[at].flat - c[i].flat);
            if (u < meets || (next >= 0 && u == meets && c[i].flat < c[next].flat)) {
                meets = u;
                next = i;
            }
        }
        leaders[count++] = (eb_cost_leader){ .row = at, .from = from, .to = meets };
        from = meets;
        at = next;
    }
    return count;
}

static int by_utilisation(const void *a, const void *b)
{
    const eb_compare_crossing *x = a, *y = b;
    if (x->utilisation != y->utilisation)
        return x->utilisation > y->utilisation ? 1 : -1;
    return x->below != y->below ? x->below - y->below : x->above - y->above;
}

int eb_cost_crossings(const eb_cost_curve *c, int n, eb_compare_crossing **out)
{
    int count = 0, cap = 0;
    *out = NULL;
    for (int a = 0; a < n; a++)
        for (int b = a + 1; b < n; b++) {
            double at;
            if (eb_cost_break_even(c[a], c[b], &at) != EB_BREAK_EVEN_AT || at >= 1)
                continue;
            EB_GROW(*out, count, cap);
            bool a_above = c[a].shared > c[b].shared;
            (*out)[count++] = (eb_compare_crossing){ at, a_above ? b : a, a_above ? a : b };
        }
    if (count)
        qsort(*out, (size_t)count, sizeof **out, by_utilisation);
    return count;
}
