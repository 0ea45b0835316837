// SPDX-License-Identifier: Apache-2.0
// What a token's joules are made of: by phase, and by part of the machine. A bar of each case, as long as its joules
// per token; where the parts are not known it stays whole.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "reports/plots_impl.h"

enum { MAX_ROWS = 40, MAX_PARTS = 5 };

// Shares of a case's joules; negative: the parts are not known.
typedef bool (*shares_fn)(const eb_run *run, const eb_case_result *c, double shares[MAX_PARTS]);

typedef struct parts {
    int n;
    const char *names[MAX_PARTS], *colors[MAX_PARTS];
    shares_fn shares;
} parts;

// Median over the trials of what a part takes of its trial's window; NAN = not known in any.
static double share_of(const eb_case_result *c, eb_part part)
{
    double *x = eb_alloc((c->n_energies + 1) * sizeof *x), whole = NAN;
    size_t n = 0;
    int trial = 0;
    for (size_t i = 0; i < c->n_energies; i++) {
        const eb_energy_row *e = &c->energies[i];
        if (e->part == EB_PART_WINDOW) {
            whole = e->j;
            trial = e->trial;
        } else if (e->part == part && e->trial == trial && isfinite(e->j / whole) && whole > 0) {
            x[n++] = e->j / whole;
        }
    }
    double share = eb_median(x, n);
    free(x);
    return share;
}

static bool by_phase(const eb_run *run, const eb_case_result *c, double shares[MAX_PARTS])
{
    (void)run;
    shares[0] = share_of(c, EB_PART_PREFILL);
    shares[1] = share_of(c, EB_PART_DECODE);
    shares[2] = fmax(0, 1 - shares[0] - shares[1]);
    double sum = shares[0] + shares[1] + shares[2];
    for (int i = 0; i < 3; i++)
        shares[i] /= sum;
    return isfinite(sum);
}

static double joules(const eb_case_result *c, const char *key)
{
    const eb_metric *m = eb_rank_value(c, key);
    return m ? m->value : 0;
}

// Packages, memory and GPUs are apart; a boundary that holds them all has a rest.
static bool by_domain(const eb_run *run, const eb_case_result *c, double shares[MAX_PARTS])
{
    double whole = joules(c, "energy_j"), core = joules(c, "energy_core_j"), package = joules(c, "energy_package_j");
    core = core < package ? core : 0;
    shares[0] = core / whole;
    shares[1] = (package - core) / whole;
    shares[2] = joules(c, "energy_dram_j") / whole;
    shares[3] = joules(c, "energy_gpu_j") / whole;
    shares[4] = 1 - shares[0] - shares[1] - shares[2] - shares[3];
    int known = 0;
    for (int i = 0; i < 4; i++)
        known += shares[i] > 0;
    if (run->header->boundary == EB_BOUNDARY_COMPUTE && fabs(shares[4]) < 0.02)
        shares[4] = 0;
    return whole > 0 && known && shares[4] > -0.02 && (known > 1 || shares[4] > 0);
}

static const parts phases = { 3, { "prefill", "decode", "between" }, { "#d98a3d", "#0b5a8f", "#9aa2ab" }, by_phase };
static const parts domains = { 5,
                               { "cores", "rest of package", "memory", "GPU", "rest of system" },
                               { "#0b5a8f", "#2f7d4f", "#d98a3d", "#8a4b8f", "#9aa2ab" },
                               by_domain };

static void add_case(eb_text bars[MAX_PARTS], const parts *p, const double *shares, double j_per_tok, int row)
{
    double from = 0;
    for (int i = 0; i < p->n; i++) {
        double to = from + fmax(shares[i], 0) * j_per_tok;
        if (to > from)
            eb_text_add(&bars[i], "%.9g %d %.9g %.9g %g %g\n", from, row, from, to, row - 0.3, row + 0.3);
        from = to;
    }
}

static char *script(const eb_run *run, const parts *p, bool need_known)
{
    int cases[MAX_ROWS], n = 0, known = 0, used = 0;
    eb_text bars[MAX_PARTS] = { { 0 } }, whole = { 0 }, ends = { 0 }, t = { 0 }, plot = { 0 };
    double most = 0, shares[MAX_PARTS] = { 0 };
    for (int i = 0; i < run->n_cases && n < MAX_ROWS; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], "j_per_tok");
        if (!m)
            continue;
        double half = eb_text_halfwidth(m), end = isnan(half) ? m->value : m->hi;
        char number[40];
        if (p->shares(run, &run->cases[i], shares)) {
            add_case(bars, p, shares, m->value, n);
            known++;
        } else {
            eb_text_add(&whole, "0 %d 0 %.9g %g %g\n", n, m->value, n - 0.3, n + 0.3);
        }
        eb_text_number(number, sizeof number, m->value, eb_text_place(m->value, half));
        eb_text_add(&ends, "%.9g %d %.9g %.9g %.9g %s\n", m->value, n, isnan(half) ? m->value : m->lo, end, end,
                    number);
        most = fmax(most, end);
        cases[n++] = i;
    }
    if (n && most > 0 && (known || !need_known)) {
        int height = eb_plot_rows(&t, run, cases, n, known ? 26 : 8);
        eb_text_add(&t, "set xrange [0:%.9g]\nset xlabel 'J per output token' offset 0,0.4 textcolor rgb '#5a626b'\n",
                    1.22 * most);
        eb_plot_tics(&t, 'x', 0, 1.22 * most, false);
        double x = 8.0 / EB_PLOT_PAGE_WIDTH;
        for (int i = 0; i < p->n; i++) {
            if (!bars[i].n)
                continue;
            eb_text_add(&t, "$part%d << END\n%sEND\n", i, bars[i].s);
            eb_text_add(&plot, "%s$part%d using 1:2:3:4:5:6 with boxxyerror fs solid noborder lc rgb '%s'",
                        plot.n ? ", " : "plot ", i, p->colors[i]);
            eb_plot_key(&t, &used, &x, 1 - 10.0 / height, p->colors[i], p->names[i]);
        }
        if (whole.n) {
            eb_text_add(&t, "$whole << END\n%sEND\n", whole.s);
            eb_text_add(&plot, "%s$whole using 1:2:3:4:5:6 with boxxyerror fs solid noborder lc rgb '#9aa2ab'",
                        plot.n ? ", " : "plot ");
        }
        eb_text_add(&t, "$ends << END\n%sEND\n", ends.s);
        eb_text_add(&t,
                    "%s, $ends using 1:2:3:4 with xerrorbars pt 0 lw 1.2 lc rgb '#1a1d21', $ends using "
                    "5:2:(stringcolumn(6)) with labels left offset 0.5,0 textcolor rgb '#1a1d21'\n",
                    plot.s);
    }
    for (int i = 0; i < MAX_PARTS; i++)
        eb_text_deinit(&bars[i]);
    eb_text_deinit(&whole);
    eb_text_deinit(&ends);
    eb_text_deinit(&plot);
    return t.s;
}

char *eb_plot_energy_by_phase(const eb_run *run)
{
    return script(run, &phases, false);
}

char *eb_plot_energy_by_domain(const eb_run *run)
{
    return script(run, &domains, true);
}
