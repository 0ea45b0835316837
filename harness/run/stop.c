// SPDX-License-Identifier: Apache-2.0
// The stop rule's looks. A run that stops where its interval is narrow is wrong more often than one that always goes
// on: narrow intervals miss more. But of all looks only one is reported, and where an interval lies has little to do
// with how wide it is: the errors of the looks do not add up as those of a sequential test do. With 5 % / (1 + (looks -
// 1) / 4) at each look, simulated runs hold the truth 94 to 97 % of the time at any spread (tests/unit/test_coverage.c
// prints it). The looks are few: at trials_min, at each doubling, and at trials_max.
#include "harness/base/stats.h"
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
    return 1 - 0.05 / (1 + (eb_stop_looks(trials_min, trials_max) - 1) / 4.0);
}

bool eb_stop_now(const double *x, int n, int trials_min, int trials_max, double target)
{
    double lo, hi;
    if (trials_min == trials_max || target <= 0 || !eb_stop_is_look(n, trials_min, trials_max))
        return false;
    return eb_median_interval(x, (size_t)n, eb_stop_level(trials_min, trials_max), &lo, &hi) &&
           (hi - lo) / 2 <= target * eb_median(x, (size_t)n);
}
