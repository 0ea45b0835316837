// SPDX-License-Identifier: Apache-2.0
#include "harness/record/front.h"

#include <stddef.h>

static bool together(const eb_front_rows *r, int a, int b)
{
    return a != b && (!r->together || r->together(r->ctx, a, b));
}

static bool as_good(const eb_front_rows *r, int a, int b, bool *better)
{
    bool worse = false;
    *better = false;
    for (int k = 0; k < r->n_objectives; k++) {
        int order = r->order(r->ctx, a, b, k);
        worse = worse || order < 0;
        *better = *better || order > 0;
    }
    return !worse;
}

// Is row a, by the words, better (+1) or worse (-1) than row b in something?
static bool clearly(const eb_front_rows *r, int a, int b, int order)
{
    for (int k = 0; k < r->n_objectives; k++)
        if (r->order(r->ctx, a, b, k) == order && r->clear(r->ctx, a, b, k))
            return true;
    return false;
}

// The values first: words are looked up only of those that can beat the row, and, if nobody does, until one is found
// that noise alone keeps from it.
eb_front eb_front_of(const eb_front_rows *rows, int row)
{
    bool noise = false;
    for (int k = rows->first; k < rows->first + rows->n; k++) {
        bool better;
        if (!together(rows, k, row) || !as_good(rows, k, row, &better))
            continue;
        if (clearly(rows, k, row, 1))
            return EB_FRONT_BEATEN;
        noise = noise || better; // beaten by the values alone
    }
    for (int k = rows->first; k < rows->first + rows->n && !noise; k++) // held up by nothing but values
        noise = together(rows, k, row) && clearly(rows, k, row, 1) && !clearly(rows, k, row, -1);
    return noise ? EB_FRONT_NOISE : EB_FRONT_ON;
}
