// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/table.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/stats.h"
#include "harness/base/units.h"

enum { NOTES_BYTES = 1536, DIGITS = 3, NUMBER_BYTES = 32 };
#define LEVEL       0.95
#define NOTICE_FRAC 0.02 // of the CPUs' time, taken by others: from here on it is said

static double median(const double *x, int n)
{
    return eb_median(x, (size_t)n);
}

// What a value is shown as: tok/s, of a cold start ms.
static double shown(const bench_cell *cell, double value)
{
    return cell->kind == BENCH_COLD ? value / 1e6 : value;
}

static const char *num(char buf[NUMBER_BYTES], double value)
{
    return eb_fmt_sig(buf, NUMBER_BYTES, value, DIGITS);
}

static const char *percent(char buf[NUMBER_BYTES], double frac)
{
    snprintf(buf, NUMBER_BYTES, isnan(frac) ? "-" : "%.0f %%", 100 * frac);
    return buf;
}

// " [lo, hi]", or nothing where there is no interval.
static const char *between(char *buf, size_t size, double lo, double hi)
{
    char a[NUMBER_BYTES], b[NUMBER_BYTES];
    snprintf(buf, size, isnan(lo) ? "" : " [%s, %s]", num(a, lo), num(b, hi));
    return buf;
}

// ---- columns ------------------------------------------------------------------------------------------

static const char *ours_text(char *buf, size_t size, const bench_cell *cell, const bench_rounds *r)
{
    double lo, hi;
    char value[NUMBER_BYTES], range[80];
    const bool known = eb_median_interval(r->side[0].value, (size_t)r->n, LEVEL, &lo, &hi);
    between(range, sizeof range, known ? shown(cell, lo) : NAN, known ? shown(cell, hi) : NAN);
    snprintf(buf, size, "%s%s%s", num(value, shown(cell, median(r->side[0].value, r->n))),
             cell->kind == BENCH_COLD ? " ms" : "", range);
    return buf;
}

// Our rate over a peer's, or its time over ours: above 1 we are faster.
static bench_ratio faster(const bench_cell *cell, const bench_rounds *r, const bench_side *than)
{
    const bool cold = cell->kind == BENCH_COLD;
    return bench_ratio_of(cold ? than->value : r->side[0].value, cold ? r->side[0].value : than->value, r->n);
}

static void peer_columns(FILE *to, const bench_setup *setup, const bench_rounds *r)
{
    const bench_cell *cell = setup->ours.cell;
    const bench_side *best = NULL;
    char a[NUMBER_BYTES], b[NUMBER_BYTES], text[96], range[80];
    bench_ratio least = { NAN, NAN, NAN };
    for (int i = 0; i < setup->n_peers; i++) {
        const bench_side *side = i + 1 < r->n_sides && cell->against == BENCH_PEERS ? &r->side[i + 1] : NULL;
        snprintf(text, sizeof text, "-");
        if (side && !side->failed) {
            const bench_ratio ratio = faster(cell, r, side);
            snprintf(text, sizeof text, "%s (x%s)", num(a, shown(cell, median(side->value, r->n))),
                     num(b, ratio.value));
            if (!best || ratio.value < least.value)
                best = side, least = ratio;
        }
        fprintf(to, " %-15s |", text);
    }
    snprintf(text, sizeof text, "%s%s", num(a, least.value), between(range, sizeof range, least.lo, least.hi));
    if (setup->n_peers > 0)
        fprintf(to, " %-21s |", best ? text : "-");
}

// ---- notes --------------------------------------------------------------------------------------------

typedef struct notes {
    char text[NOTES_BYTES];
} notes;

static void __attribute__((format(printf, 2, 3))) note(notes *n, const char *format, ...)
{
    va_list args;
    size_t used = strlen(n->text);
    if (used && used + 2 < sizeof n->text)
        used += (size_t)snprintf(n->text + used, sizeof n->text - used, "; ");
    va_start(args, format);
    vsnprintf(n->text + used, sizeof n->text - used, format, args);
    va_end(args);
}

static void note_scaling(notes *n, const bench_cell *cell, const bench_rounds *r)
{
    double engine[BENCH_ROUNDS_MAX], roof[BENCH_ROUNDS_MAX];
    const bool prefill = cell->kind == BENCH_PREFILL;
    for (int i = 0; i < r->n; i++) {
        engine[i] = r->side[0].value[i] / r->side[1].value[i];
        roof[i] = prefill ? r->roof.kernel_ops_s[i] / r->one_roof.kernel_ops_s[i]
                          : r->roof.steady_bytes_s[i] / r->one_roof.steady_bytes_s[i];
        if (isnan(roof[i]))
            return;
    }
    char a[NUMBER_BYTES], b[NUMBER_BYTES], c[NUMBER_BYTES], d[NUMBER_BYTES], range[80];
    const bench_ratio share = bench_ratio_of(engine, roof, r->n);
    note(n, "1 thread %s: x%s of the %s's x%s = %s%s", num(a, median(r->side[1].value, r->n)),
         num(b, median(engine, r->n)), prefill ? "arithmetic" : "memory", num(c, median(roof, r->n)),
         num(d, share.value), between(range, sizeof range, share.lo, share.hi));
}

static void note_busy(notes *n, const bench_rounds *r)
{
    char a[NUMBER_BYTES], b[NUMBER_BYTES], range[80];
    const bench_ratio kept = bench_ratio_of(r->side[1].value, r->side[0].value, r->n);
    note(n, "busy loop: %s = %s%s of it", num(a, median(r->side[1].value, r->n)), num(b, kept.value),
         between(range, sizeof range, kept.lo, kept.hi));
}

static void note_peers(notes *n, const bench_rounds *r)
{
    char mib[NUMBER_BYTES];
    for (int i = 1; i < r->n_sides; i++) {
        const bench_side *side = &r->side[i];
        if (!side->peer)
            continue;
        if (side->failed)
            note(n, "%s: %s%s%s", side->peer->label, side->err.message, *side->err.hint ? ", " : "", side->err.hint);
        else
            note(n, "%s%s%s %s, %s MiB", side->peer->label, *side->peer->version ? " " : "", side->peer->version,
                 side->options, num(mib, (double)side->rss_peak_bytes / (1 << 20)));
    }
}

static void note_roof(notes *n, const bench_roof *roof, int rounds)
{
    char a[NUMBER_BYTES], b[NUMBER_BYTES];
    note(n, "ceilings %s GB/s, %s %s TOP/s", num(a, median(roof->steady_bytes_s, rounds) / 1e9), roof->peak_name,
         num(b, median(roof->peak_ops_s, rounds) / 1e12));
}

static void note_rest(notes *n, const bench_cell *cell, const bench_rounds *r)
{
    const bench_side *ours = &r->side[0];
    if (ours->rss_most_bytes && ours->rss_peak_bytes > ours->rss_most_bytes)
        note(n, "memory over its %.0f MiB", (double)ours->rss_most_bytes / (1 << 20));
    if (cell->kind != BENCH_COLD)
        note_roof(n, &r->roof, r->n);
    if (r->others_frac > NOTICE_FRAC)
        note(n, "BUSY MACHINE: others took %.0f %% of the CPUs", 100 * r->others_frac);
    if (r->steal_frac > NOTICE_FRAC)
        note(n, "stolen %.0f %%", 100 * r->steal_frac);
}

// ---- the table ----------------------------------------------------------------------------------------

static void line(FILE *to, int width)
{
    for (int i = 0; i < width + 2; i++)
        fputc('-', to);
    fputc('|', to);
}

void bench_table_head(FILE *to, const bench_setup *setup)
{
    static const struct {
        const char *name;
        int width;
    } fixed[] = { { "model", 14 },        { "type", 7 },    { "cell", 14 },
                  { "tok/s [95 %]", 22 }, { "GB/s", 5 },    { "of read", 7 },
                  { "TOP/s", 6 },         { "of peak", 7 }, { "MiB", 6 } };
    const int n = (int)(sizeof fixed / sizeof *fixed);
    fputc('|', to);
    for (int i = 0; i < n; i++)
        fprintf(to, " %-*s |", fixed[i].width, fixed[i].name);
    for (int i = 0; i < setup->n_peers; i++)
        fprintf(to, " %-15s |", setup->peers[i].label);
    if (setup->n_peers > 0)
        fprintf(to, " %-21s |", "over the faster");
    fprintf(to, " notes |\n|");
    for (int i = 0; i < n; i++)
        line(to, fixed[i].width);
    for (int i = 0; i < setup->n_peers; i++)
        line(to, 15);
    if (setup->n_peers > 0)
        line(to, 21);
    fprintf(to, "-------|\n");
}

// Median over the rounds of a rate's share of the same round's ceiling.
static double share(const bench_rounds *r, double per_tok, const double *ceiling)
{
    double each[BENCH_ROUNDS_MAX];
    for (int i = 0; i < r->n; i++) {
        each[i] = r->side[0].value[i] * per_tok / ceiling[i];
        if (isnan(each[i]))
            return NAN;
    }
    return median(each, r->n);
}

void bench_table_row(FILE *to, const bench_setup *setup, const char *model, const char *type, const bench_cost *cost,
                     const bench_rounds *r)
{
    const bench_cell *cell = setup->ours.cell;
    const double rate = cell->kind == BENCH_COLD ? NAN : median(r->side[0].value, r->n);
    char ours[96], gb_s[NUMBER_BYTES], top_s[NUMBER_BYTES], read[NUMBER_BYTES], flop[NUMBER_BYTES], mib[NUMBER_BYTES];
    notes n = { "" };
    fprintf(to, "| %-14s | %-7s | %-14s | %-22s | %5s | %7s | %6s | %7s | %6s |", model, type, cell->name,
            ours_text(ours, sizeof ours, cell, r), num(gb_s, rate * cost->bytes_per_tok / 1e9),
            percent(read, share(r, cost->bytes_per_tok, r->roof.steady_bytes_s)),
            num(top_s, rate * cost->flop_per_tok / 1e12),
            percent(flop, share(r, cost->flop_per_tok, r->roof.peak_ops_s)),
            num(mib, (double)r->side[0].rss_peak_bytes / (1 << 20)));
    peer_columns(to, setup, r);
    if (cell->against == BENCH_ONE_THREAD)
        note_scaling(&n, cell, r);
    if (cell->against == BENCH_BUSY)
        note_busy(&n, r);
    note_peers(&n, r);
    note_rest(&n, cell, r);
    fprintf(to, " %s |\n", n.text);
    fflush(to);
}

void bench_table_failure(FILE *to, const char *model, const char *type, const char *cell, const eb_err *err)
{
    fprintf(to, "| %-14s | %-7s | %-14s | failed: %s |\n", model, type, cell, err->message);
    fflush(to);
}

void bench_table_legend(FILE *to, const bench_setup *setup)
{
    for (int i = 0; i < setup->n_peers; i++) {
        const bench_peer *p = &setup->peers[i];
        fprintf(to, "%s: %s, version %s; the best of", p->label, p->path, *p->version ? p->version : "not said");
        for (int k = 0; k < setup->n_options; k++)
            fprintf(to, "%s '%s'", k ? "," : "", setup->options[k]);
        fputc('\n', to);
    }
}

// ---- raw ----------------------------------------------------------------------------------------------

void bench_csv_head(FILE *to)
{
    fprintf(to, "model,type,cell,round,side,options,threads,value,steady_bytes_s,kernel_ops_s,peak_ops_s\n");
}

void bench_csv_rows(FILE *to, const bench_setup *setup, const char *model, const char *type, const bench_rounds *r)
{
    for (int round = 0; round < r->n; round++)
        for (int i = 0; i < r->n_sides; i++) {
            const bench_side *s = &r->side[i];
            const bench_roof *roof = i && !s->peer && !s->busy ? &r->one_roof : &r->roof;
            if (s->failed)
                continue;
            fprintf(to, "%s,%s,%s,%d,%s,%s,%d,%.9g,%.9g,%.9g,%.9g\n", model, type, setup->ours.cell->name, round,
                    s->peer   ? s->peer->label
                    : s->busy ? "ours-busy"
                              : "ours",
                    s->peer ? s->options : "", s->threads, s->value[round], roof->steady_bytes_s[round],
                    roof->kernel_ops_s[round], roof->peak_ops_s[round]);
        }
    fflush(to);
}
