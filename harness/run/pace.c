// SPDX-License-Identifier: Apache-2.0
#include "harness/run/pace.h"

enum { POLLS_PER_UPDATE = 5, GUARDS_PER_HALF = 4 };
#define WINDOW_NS    1000000000ll // `window` mode still reads each second
#define EDGE_MIN_NS  100000ll
#define BEAT_READ_NS 30000ll    // a source that takes longer is not read on the workload's thread
#define BESIDE_NS    50000000ll // what is no energy is wanted over windows, not over tokens

// Between two updates, as short as they come; 0 = not known.
static int64_t shortest_update(const eb_channel *channels, int n)
{
    int64_t best = 0;
    for (int i = 0; i < n; i++) {
        const eb_channel *c = &channels[i];
        int64_t ns = c->period_ns - 2 * c->jitter_ns;
        ns = ns > c->period_ns / 2 ? ns : c->period_ns / 2;
        if (c->period_ns > 0 && c->live != EB_LIVE_DEAD && (best == 0 || ns < best))
            best = ns;
    }
    return best;
}

// Wraps can be told while reads with an update period before are well inside half of the time in which the counter goes
// once round at its greatest power, or as the source says; 0 = no such counter.
static int64_t wrap_guard(const eb_channel *channels, int n)
{
    int64_t best = 0;
    for (int i = 0; i < n; i++) {
        const eb_channel *c = &channels[i];
        int64_t gap_ns = c->gap_max_ns / 2;
        if (gap_ns > 0 && (best == 0 || gap_ns < best))
            best = gap_ns;
        if (!c->modulus || !(c->power_max_w > 0) || c->quantity != EB_QUANTITY_ENERGY_UJ)
            continue;
        const double half_ns = (double)c->modulus * c->scale * 1e3 / c->power_max_w / 2;
        const double guard_ns = (half_ns - (double)c->period_ns) / GUARDS_PER_HALF;
        int64_t ns = guard_ns < EDGE_MIN_NS ? EDGE_MIN_NS : guard_ns > 1e15 ? 0 : (int64_t)guard_ns;
        if (ns > 0 && (best == 0 || ns < best))
            best = ns;
    }
    return best;
}

bool eb_pace_is_energy(const eb_channel *c)
{
    return c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
}

static bool any_energy(const eb_channel *channels, int n)
{
    for (int i = 0; i < n; i++)
        if (eb_pace_is_energy(&channels[i]))
            return true;
    return false;
}

// `trace` reads at the configured rate, but no source more than 5 times per update of its own; `edge` reads
// 5 times per update whatever the rate.
static int64_t mode_interval(const eb_probe_config *config, const eb_channel *channels, int n)
{
    int64_t rate_ns = (int64_t)(1e9 / config->rate_hz), update_ns = shortest_update(channels, n) / POLLS_PER_UPDATE;
    if (config->sampling == EB_SAMPLING_WINDOW)
        return WINDOW_NS;
    if (!any_energy(channels, n))
        return rate_ns > BESIDE_NS ? rate_ns : BESIDE_NS;
    if (config->sampling == EB_SAMPLING_EDGE && update_ns > 0)
        return update_ns < EDGE_MIN_NS ? EDGE_MIN_NS : update_ns;
    return update_ns > rate_ns ? update_ns : rate_ns;
}

static bool is_quick(const eb_channel *channels, int n)
{
    int64_t sum_ns = 0;
    for (int i = 0; i < n; i++) {
        if (channels[i].read_ns <= 0 && channels[i].grade != EB_GRADE_NONE) // not known
            return false;
        sum_ns += channels[i].read_ns;
    }
    return sum_ns > 0 && sum_ns <= BEAT_READ_NS;
}

// A counter has what was drawn between two readings. The power between two of a gauge is a guess, and would be one that
// always errs the same way: beats end where the work ends, so what the thread read late would count as work.
static bool any_gauge(const eb_channel *channels, int n)
{
    for (int i = 0; i < n; i++)
        if (channels[i].quantity == EB_QUANTITY_POWER_UW && channels[i].grade != EB_GRADE_NONE)
            return true;
    return false;
}

eb_pace eb_pace_of(const eb_probe_config *config, const eb_channel *channels, int n)
{
    const int64_t interval_ns = mode_interval(config, channels, n), guard_ns = wrap_guard(channels, n);
    const bool quick = is_quick(channels, n);
    return (eb_pace){ .base_ns = guard_ns > 0 && guard_ns < interval_ns ? guard_ns : interval_ns,
                      .guard_ns = guard_ns,
                      .quick = quick,
                      .patient = quick && !any_gauge(channels, n) };
}
