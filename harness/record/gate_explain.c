// SPDX-License-Identifier: Apache-2.0
// Why a gate failed: energy is power times time, time is prefill and decode, and these are operators.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/stats.h"
#include "harness/record/gate_impl.h"
#include "harness/record/profile.h"

enum { OPERATORS_SHOWN = 4 };

static const eb_check_metric *metric_of(const eb_check_case *k, const char *key)
{
    for (int i = 0; i < k->n_metrics; i++)
        if (strcmp(k->metrics[i].key, key) == 0)
            return &k->metrics[i];
    return NULL;
}

static bool failed(const eb_check_case *k, const char *key)
{
    const eb_check_metric *m = metric_of(k, key);
    return m && m->gated && m->found.n && m->found.verdict == EB_GATE_FAIL;
}

// In percent; NAN = not known.
static double change_of(const eb_check_case *k, const char *key)
{
    const eb_check_metric *m = metric_of(k, key);
    return m ? 100 * eb_check_change(m) : NAN;
}

static void say(eb_check_case *k, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(eb_check_case *k, const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    eb_check_say(&k->why, &k->n_why, text);
}

static double time_per_token(const eb_check_case *k)
{
    return 100 * (1 / (1 + change_of(k, "throughput_tok_s") / 100) - 1);
}

static void explain_energy(eb_check_case *k)
{
    double power = change_of(k, "power_w"), time = time_per_token(k);
    if (isnan(power) || isnan(time))
        return;
    const char *cause = power > 4 * fabs(time)   ? "the machine draws more power"
                        : time > 4 * fabs(power) ? "it takes longer, at the same power"
                        : power < 0              ? "it takes longer, and the lower power does not make up for it"
                        : time < 0               ? "it draws more power, and the time saved does not make up for it"
                                                 : "both contribute";
    say(k, "energy per token %+.1f %% = power %+.1f %% x time %+.1f %%: %s", change_of(k, "j_per_tok"), power, time,
        cause);
    double prompt = change_of(k, "j_per_prompt_tok"), decode = change_of(k, "j_per_decode_tok");
    if (!isnan(prompt) && !isnan(decode))
        say(k, "energy by phase: prefill %+.1f %% per prompt token, decode %+.1f %% per output token", prompt, decode);
    else if (!isnan(decode))
        say(k, "energy by phase: decode %+.1f %% per output token", decode);
}

static void explain_time(eb_check_case *k)
{
    double prefill = change_of(k, "prefill_tok_s"), decode = change_of(k, "decode_tok_s");
    if (!isnan(prefill) && !isnan(decode))
        say(k, "time by phase: prefill %+.1f %%, decode %+.1f %%", 100 * (1 / (1 + prefill / 100) - 1),
            100 * (1 / (1 + decode / 100) - 1));
}

// ---- operators ----------------------------------------------------------------------------------------------

static eb_check_operator *operator_of(eb_check_case *k, const eb_profile_row *row)
{
    const char *name = eb_profile_op_name(row);
    for (int i = 0; i < k->n_operators; i++)
        if (k->operators[i].phase == row->phase && strcmp(k->operators[i].name, name) == 0)
            return &k->operators[i];
    k->operators = eb_realloc(k->operators, (size_t)k->n_operators + 1, sizeof *k->operators);
    eb_check_operator *o = &k->operators[k->n_operators++];
    *o = (eb_check_operator){ .phase = row->phase, .name = name };
    return o;
}

static const eb_profile *profile_of(const eb_run *run, const char *id)
{
    for (int i = 0; i < run->n_profiles; i++)
        if (strcmp(run->cases[run->profiles[i]->case_index].info->id, id) == 0)
            return run->profiles[i];
    return NULL;
}

static void add(eb_check_case *k, const eb_profile *p, int side)
{
    for (int i = 0; i < p->n_rows; i++) {
        eb_check_operator *o = operator_of(k, &p->rows[i]);
        o->time_s[side][k->n_profiled] += p->rows[i].time_s;
        o->energy_j[side][k->n_profiled] += p->rows[i].shared ? NAN : p->rows[i].j;
    }
}

static double median_known(const double *x, int n)
{
    for (int i = 0; i < n; i++)
        if (isnan(x[i]))
            return NAN;
    return eb_median(x, (size_t)n);
}

void eb_check_profile(eb_check *c, const eb_run *base, const eb_run *cand)
{
    for (int i = 0; i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        const eb_profile *a = profile_of(base, k->id), *b = profile_of(cand, k->cand_id);
        if (!a || !b || k->n_profiled == EB_CHECK_PROFILED)
            continue;
        add(k, a, 0);
        add(k, b, 1);
        k->n_profiled++;
        for (int j = 0; j < k->n_operators; j++) {
            eb_check_operator *o = &k->operators[j];
            o->base_s = eb_median(o->time_s[0], (size_t)k->n_profiled);
            o->cand_s = eb_median(o->time_s[1], (size_t)k->n_profiled);
            o->base_j = median_known(o->energy_j[0], k->n_profiled);
            o->cand_j = median_known(o->energy_j[1], k->n_profiled);
        }
    }
}

static int by_growth(const void *a, const void *b)
{
    const eb_check_operator *x = a, *y = b;
    double gx = fabs(x->cand_s - x->base_s), gy = fabs(y->cand_s - y->base_s);
    return (gx < gy) - (gx > gy);
}

static void explain_operators(eb_check_case *k)
{
    double all = 0;
    if (!k->n_profiled)
        return;
    for (int i = 0; i < k->n_operators; i++)
        all += k->operators[i].cand_s - k->operators[i].base_s;
    qsort(k->operators, (size_t)k->n_operators, sizeof *k->operators, by_growth);
    for (int i = 0; i < k->n_operators && i < OPERATORS_SHOWN; i++) {
        const eb_check_operator *o = &k->operators[i];
        double more = o->cand_s - o->base_s;
        if (fabs(more) < 0.05 * fabs(all) || o->base_s <= 0)
            break;
        say(k, "%s %s: %+.3g ms per trial (%+.1f %%), of %+.3g ms in all", eb_phase_name(o->phase), o->name, 1e3 * more,
            100 * (o->cand_s / o->base_s - 1), 1e3 * all);
    }
}

void eb_check_explain(eb_check *c)
{
    for (int i = 0; c->verdict == EB_GATE_FAIL && i < c->n_cases; i++) {
        eb_check_case *k = &c->cases[i];
        bool any = false;
        for (int j = 0; j < k->n_metrics; j++)
            any = any || failed(k, k->metrics[j].key);
        if (failed(k, "j_per_tok"))
            explain_energy(k);
        if (any) {
            explain_time(k);
            explain_operators(k);
        }
    }
}
