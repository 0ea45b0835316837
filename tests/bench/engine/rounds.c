// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/rounds.h"

#include <math.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/stats.h"
#include "harness/run/guards.h"
#include "tests/bench/engine/child.h"

// Options of a peer that are this much slower in a first try are not its best.
#define CLOSE_FRAC 0.9
#define LEVEL      0.95
enum { TRIES = 2 };

bench_ratio bench_ratio_of(const double *a, const double *b, int n)
{
    double each[BENCH_ROUNDS_MAX];
    bench_ratio r = { eb_median(a, (size_t)n) / eb_median(b, (size_t)n), NAN, NAN };
    for (int i = 0; i < n; i++)
        each[i] = a[i] / b[i];
    double lo, hi;
    if (eb_median_interval(each, (size_t)n, LEVEL, &lo, &hi)) {
        r.lo = lo;
        r.hi = hi;
    }
    return r;
}

// ---- one side -----------------------------------------------------------------------------------------

static bool measure(const bench_setup *setup, bench_side *side, bench_reading *r, eb_err *err)
{
    bench_ours ours = setup->ours;
    ours.threads = side->threads;
    pid_t burner = side->busy ? child_burn(err) : 0;
    bool ok = burner >= 0;
    if (ok && side->peer)
        ok = bench_peer_measure(side->peer, side->options, ours.cell, ours.model_path, ours.threads, r, err);
    else if (ok)
        ok = bench_ours_measure(&ours, r, err);
    child_end(burner);
    if (ok && !(r->value > 0))
        ok = eb_err_set(err, EB_FAILED, "a measurement of '%s' gave no time", ours.cell->name);
    return ok;
}

static void run_side(const bench_setup *setup, bench_side *side, int round)
{
    bench_reading r;
    if (side->failed)
        return;
    side->failed = !measure(setup, side, &r, &side->err);
    if (side->failed)
        return;
    side->value[round] = r.value;
    side->rss_peak_bytes = r.rss_peak_bytes > side->rss_peak_bytes ? r.rss_peak_bytes : side->rss_peak_bytes;
    side->rss_most_bytes = r.rss_most_bytes > side->rss_most_bytes ? r.rss_most_bytes : side->rss_most_bytes;
}

// How good, more is better.
static double goodness(const bench_cell *cell, double value)
{
    return cell->kind == BENCH_COLD ? 1 / value : value;
}

static int at_least(const double *best, int n, double least)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += best[i] > 0 && best[i] >= least;
    return found;
}

// A peer's best options for the cell: those that were ever fastest, of as many tries as are needed to tell.
static void choose_options(const bench_setup *setup, bench_side *side)
{
    double best[PEER_OPTIONS_MAX], top = 0;
    bool refused[PEER_OPTIONS_MAX] = { false };
    eb_err first;
    eb_err_clear(&first);
    for (int t = 0; t < TRIES; t++) {
        const double least = t == 0 ? 0 : top * CLOSE_FRAC;
        if (t > 0 && at_least(best, setup->n_options, least) < 2) // nothing to tell apart
            break;
        for (int i = 0; i < setup->n_options; i++) {
            bench_reading r;
            eb_err err;
            eb_err_clear(&err);
            if (t == 0)
                best[i] = 0;
            if (refused[i] || best[i] < least)
                continue;
            side->options = setup->options[i];
            refused[i] = !measure(setup, side, &r, &err);
            if (refused[i] && first.code == EB_OK)
                first = err;
            const double good = refused[i] ? 0 : goodness(setup->ours.cell, r.value);
            best[i] = good > best[i] ? good : best[i];
            top = best[i] > top ? best[i] : top;
        }
    }
    side->failed = top == 0;
    if (side->failed)
        side->err = first;
    for (int i = 0; i < setup->n_options; i++)
        if (best[i] == top)
            side->options = setup->options[i];
}

// ---- rounds -------------------------------------------------------------------------------------------

static bool add_sides(const bench_setup *setup, bench_rounds *out)
{
    const bench_against against = setup->ours.cell->against;
    out->side[out->n_sides++] = (bench_side){ .threads = setup->ours.threads };
    if (against == BENCH_ONE_THREAD)
        out->side[out->n_sides++] = (bench_side){ .threads = 1 };
    if (against == BENCH_BUSY)
        out->side[out->n_sides++] = (bench_side){ .threads = setup->ours.threads, .busy = true };
    if (against != BENCH_PEERS)
        return true;
    // The page cache, so that no side pays for the file; no context for that, it may take minutes.
    bench_side warm = out->side[0];
    bench_setup shallow = *setup;
    bench_cell cell = *setup->ours.cell;
    cell.depth_tok = 0;
    shallow.ours.cell = &cell;
    run_side(&shallow, &warm, 0);
    for (int i = 0; i < setup->n_peers; i++) {
        bench_side *side = &out->side[out->n_sides++];
        *side = (bench_side){ .peer = &setup->peers[i], .threads = setup->ours.threads };
        choose_options(setup, side);
    }
    out->side[0].failed = warm.failed;
    out->side[0].err = warm.err;
    return !warm.failed;
}

// What the cell's products are: weights of some bits are multiplied as 8-bit numbers, plain ones otherwise in prompts.
static bench_peak_kind kind_of(const char *type, const bench_cell *cell)
{
    if (strchr(type, 'q'))
        return BENCH_PEAK_INT8;
    return cell->kind == BENCH_PREFILL && strstr(type, "f16") ? BENCH_PEAK_PROMPT : BENCH_PEAK_F32;
}

static bool peak(const void *arg, void *out, eb_err *err)
{
    const bench_setup *setup = arg;
    const char *isa = setup->ours.ops->isa ? setup->ours.ops->isa() : NULL;
    return bench_peak_measure(setup->ours.threads, isa ? isa : "scalar", kind_of(setup->type, setup->ours.cell), out,
                              err);
}

// Not knowing the peak is no failure: an instruction may be there in name only.
static void look_up_peak(const bench_setup *setup, bench_roof *roof, int round)
{
    uint64_t rss;
    eb_err ignored;
    eb_err_clear(&ignored);
    bench_peak p = { .ops_s = NAN };
    const bool ok = child_call(peak, setup, &p, sizeof p, &rss, &ignored);
    roof->peak_ops_s[round] = ok ? p.ops_s : NAN;
    if (ok)
        memcpy(roof->peak_name, p.name, sizeof p.name);
}

static bool look_up(const bench_setup *setup, int threads, eb_ceilings *out, eb_err *err)
{
    bench_ours ours = setup->ours;
    ours.threads = threads;
    *out = (eb_ceilings){ .read_bytes_s = NAN, .steady_bytes_s = NAN, .flop_s = NAN, .int8_op_s = NAN };
    return !ours.ops->ceilings || bench_ours_ceilings(&ours, out, err);
}

// What the kernels come to on cached data; a table without packed weights multiplies all of them as f32.
static double kernel_rate(const eb_ceilings *c, bench_peak_kind kind)
{
    return kind == BENCH_PEAK_INT8 && !isnan(c->int8_op_s) ? c->int8_op_s : c->flop_s;
}

// Ours, and the ceilings just before it and just after it.
static bool run_under_roof(const bench_setup *setup, bench_side *side, bench_roof *roof, int round, eb_err *err)
{
    bench_setup with = *setup;
    with.ours.threads = side->threads;
    look_up_peak(&with, roof, round);
    eb_ceilings before, after;
    if (!look_up(setup, side->threads, &before, err))
        return false;
    run_side(setup, side, round);
    if (!look_up(setup, side->threads, &after, err))
        return false;
    roof->steady_bytes_s[round] = (before.steady_bytes_s + after.steady_bytes_s) / 2;
    const bench_peak_kind kind = kind_of(setup->type, setup->ours.cell);
    roof->kernel_ops_s[round] = fmax(kernel_rate(&before, kind), kernel_rate(&after, kind));
    return true;
}

static bool run_round(const bench_setup *setup, bench_rounds *out, int round, eb_rng *rng, eb_err *err)
{
    int order[BENCH_SIDES_MAX];
    const bool roofs = setup->ours.cell->kind != BENCH_COLD;
    for (int i = 0; i < out->n_sides; i++) { // a shuffle, inside out
        const int j = (int)eb_rng_below(rng, (uint64_t)i + 1);
        order[i] = order[j];
        order[j] = i;
    }
    for (int i = 0; i < out->n_sides; i++) {
        bench_side *side = &out->side[order[i]];
        if (!roofs || side->peer || side->busy)
            run_side(setup, side, round);
        else if (!run_under_roof(setup, side, order[i] == 0 ? &out->roof : &out->one_roof, round, err))
            return false;
    }
    for (int i = 0; i < out->n_sides; i++)
        if (out->side[i].failed && !out->side[i].peer) {
            *err = out->side[i].err;
            return false;
        }
    return true;
}

static double cpu_s(int who)
{
    struct rusage u;
    getrusage(who, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

typedef struct look {
    eb_guard guard;
    double own_s;
} look;

static look look_now(void)
{
    look l;
    const eb_io io = eb_io_real();
    eb_guard_read(&io, &l.guard);
    l.own_s = cpu_s(RUSAGE_SELF) + cpu_s(RUSAGE_CHILDREN);
    return l;
}

bool bench_rounds_run(const bench_setup *setup, bench_rounds *out, eb_err *err)
{
    eb_rng rng;
    eb_rng_init(&rng, 1);
    *out = (bench_rounds){ .n = setup->rounds };
    if (!add_sides(setup, out)) {
        *err = out->side[0].err;
        return false;
    }
    const look before = look_now();
    for (int i = 0; i < setup->rounds; i++)
        if (!run_round(setup, out, i, &rng, err))
            return false;
    const look after = look_now();
    const double all_s = (double)(after.guard.t_ns - before.guard.t_ns) / 1e9 * (double)sysconf(_SC_NPROCESSORS_ONLN);
    const double busy_s = after.guard.busy_s - before.guard.busy_s, own_s = after.own_s - before.own_s;
    out->others_frac = fmax(busy_s - own_s, 0) / all_s;
    out->steal_frac = (after.guard.steal_s - before.guard.steal_s) / all_s;
    return true;
}
