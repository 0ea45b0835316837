// SPDX-License-Identifier: Apache-2.0
// The stop rule's looks. Stopping as soon as an interval is narrow enough makes a plain 95 % interval
// cover less than 95 %; so the error is split evenly over all the looks that the rule may take
// (Bonferroni), and the looks are few: at trials_min, at each doubling, and at trials_max.
#include "harness/run/runner.h"

bool eb_stop_is_look(int n, int trials_min, int trials_max)
{
    if (n == trials_max)
        return true;
    for (int64_t k = trials_min; k < trials_max; k *= 2)
        if (n == k)
            return true;
    return false;
}

int eb_stop_looks(int trials_min, int trials_max)
{
    int looks = 1;
    for (int64_t k = trials_min; k < trials_max; k *= 2)
        looks++;
    return looks;
}

double eb_stop_level(int trials_min, int trials_max)
{
    return 1 - 0.05 / eb_stop_looks(trials_min, trials_max);
}
