// SPDX-License-Identifier: Apache-2.0
// The forms, and how their figures are written.
#include "reports/gate.h"

#include <math.h>
#include <string.h>

#include "harness/base/units.h"

const char eb_gate_bounds_note[] =
    "from the least that is certain, at Holm's strictest step (what fails at a later one may show less than 0), to the "
    "most that is possible: a pass excludes more";

const char *eb_gate_change_note(const eb_check *c)
{
    return c->stored ? "of what is gated: by trimmed means, not by the two medians beside it"
                     : "by the trimmed mean over the pairs, not by the two medians beside it";
}

static const eb_gate_form forms[] = { { "term", eb_gate_write_term },
                                      { "json", eb_gate_write_json },
                                      { "junit", eb_gate_write_junit },
                                      { "github", eb_gate_write_github },
                                      { "md", eb_gate_write_summary } };

const eb_gate_form *eb_gate_form_find(const char *name)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (strcmp(forms[i].name, name) == 0)
            return &forms[i];
    return NULL;
}

bool eb_gate_metric_shown(const eb_check_metric *m)
{
    return !isnan(m->base_median) || !isnan(m->cand_median);
}

bool eb_gate_fact_shown(const eb_check_fact *f)
{
    return f->base[0] || f->cand[0];
}

bool eb_gate_judged(const eb_check *c, const eb_check_metric *m)
{
    return m->gated && c->look >= 0 && m->found.n;
}

bool eb_gate_case_shown(const eb_check_case *k)
{
    bool any = false;
    for (int i = 0; i < k->n_metrics; i++)
        any = any || eb_gate_metric_shown(&k->metrics[i]);
    for (int i = 0; i < k->n_facts; i++)
        any = any || eb_gate_fact_shown(&k->facts[i]);
    return any;
}

bool eb_gate_any_shown(const eb_check *c)
{
    bool any = false;
    for (int i = 0; i < c->n_cases; i++)
        any = any || eb_gate_case_shown(&c->cases[i]);
    return any;
}

char *eb_gate_percent(char *buf, size_t size, double share)
{
    if (isnan(share))
        snprintf(buf, size, "-");
    else if (isinf(share) || fabs(share) >= 99.995)
        snprintf(buf, size, share > 0 ? "more" : "less");
    else
        snprintf(buf, size, fabs(share) >= 0.995 ? "%+.0f %%" : "%+.1f %%",
                 fabs(share) < 0.0005 ? 0.0 : 100 * share); // no negative zero
    return buf;
}

char *eb_gate_value(char *buf, size_t size, const eb_check_metric *m, double value)
{
    char number[32];
    if (isnan(value))
        snprintf(buf, size, "-");
    else if (strcmp(m->unit, "ns") == 0)
        eb_fmt_time(buf, size, value, 4);
    else if (strcmp(m->unit, "B") == 0)
        eb_fmt_bytes(buf, size, value, 4);
    else
        snprintf(buf, size, "%s %s", eb_fmt_sig(number, sizeof number, value, 4), m->unit);
    return buf;
}
