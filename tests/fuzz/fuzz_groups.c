// SPDX-License-Identifier: Apache-2.0
// Metric groups from anywhere, on top of those built in: either they are taken, and every formula of theirs can be
// evaluated, or there are errors with a place and nothing is left behind.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "probes/groups.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static double value_of(void *arg, const char *name)
{
    int *asked = arg;
    check(name[0] && memchr(name, 0, EB_FORMULA_NAME));
    return (double)((*asked)++ % 3);
}

static void check_metric(const eb_groups *g, const eb_group_metric *m)
{
    eb_formula again;
    eb_err err;
    int asked = 0;
    check(m->group >= 0 && m->group < g->n_groups && m->key[0] && m->unit[0]);
    double value = eb_formula_eval(&m->formula, value_of, &asked);
    check(isnan(value) || isfinite(value));
    check(eb_formula_parse(m->text, &again, &err) && again.n_steps == m->formula.n_steps);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static eb_groups groups;
    const eb_groups *builtin = eb_groups_builtin();
    eb_err_list errs = { 0 };
    groups = *builtin;
    bool ok = eb_groups_read(&groups, "f", (const char *)data, size, &errs);
    check(ok == (errs.n == 0));
    check(ok || (groups.n_groups == builtin->n_groups && groups.n_events == builtin->n_events &&
                 groups.n_metrics == builtin->n_metrics));
    for (int i = 0; i < groups.n_metrics; i++)
        check_metric(&groups, &groups.metrics[i]);
    for (int i = 0; i < groups.n_events; i++)
        check(groups.events[i].name[0] && groups.events[i].n_candidates > 0);
    for (size_t i = 0; i < errs.n; i++)
        check(errs.items[i].code == EB_USAGE && errs.items[i].message[0]);
    eb_err_list_deinit(&errs);
    return 0;
}
