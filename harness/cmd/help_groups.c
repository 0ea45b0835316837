// SPDX-License-Identifier: Apache-2.0
// `effbench help groups`: the metric groups, what their formulas may use, and which of their events count here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/io.h"
#include "harness/base/mem.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "probes/op_counters.h"

static void print_groups(const eb_groups *groups)
{
    for (int g = 0; g < groups->n_groups; g++) {
        printf("\n%s\n", groups->groups[g].name);
        eb_cmd_wrap(groups->groups[g].doc, 2, 2);
        for (int i = 0; i < groups->n_metrics; i++) {
            const eb_group_metric *m = &groups->metrics[i];
            if (m->group == g)
                printf("  %s [%s] = %s\n", m->key, m->unit, m->text);
        }
    }
}

static void print_event(const eb_op_event *e)
{
    char *words = e->detection.state == EB_PROBE_OK
                      ? eb_format("yes, as %s%s", e->event, e->user_only ? ", without the kernel's share" : "")
                      : eb_format("no: %s", e->detection.reason);
    printf("  %-16s ", e->name);
    eb_cmd_wrap(words, 19, 0);
    free(words);
}

// The groups' own events; what else `auto` counts is in no formula.
static void print_events(const eb_groups *groups, const char *sysroot)
{
    eb_io io = eb_io_select(sysroot);
    eb_op_counters *counters = eb_op_counters_new_groups(&io, groups, "auto", 1);
    const eb_op_event *events;
    int n = eb_op_counters_events(counters, &events);
    printf("\nevents, and whether they are counted here\n");
    for (int i = 0; i < n; i++)
        if (eb_groups_event(groups, events[i].name))
            print_event(&events[i]);
    eb_op_counters_free(counters);
    eb_io_deinit(&io);
}

static void print_variables(void)
{
    printf("\nwhat a formula knows besides events, of one operator in one phase\n");
    for (const eb_group_variable *v = eb_group_variables; v->name; v++) {
        printf("  %-16s ", v->name);
        eb_cmd_wrap(v->doc, 19, 0);
    }
}

int eb_help_groups(const char *sysroot)
{
    const eb_groups *groups = eb_groups_builtin();
    printf("metric groups: what `effbench profile` counts by operator, and what is made of it\n");
    print_groups(groups);
    print_events(groups, sysroot);
    print_variables();
    printf("\na file of groups (those above are probes/groups/*.txt)\n"
           "  # a comment\n"
           "  group NAME = DESCRIPTION\n"
           "  event NAME                       an event of the kernel or of libpfm4\n"
           "  event NAME = FIRST, SECOND, ...  the first of them that this machine counts\n"
           "  metric KEY [UNIT] = FORMULA      + - * / ( ), numbers, events, variables; [-] for no unit\n");
    return EB_OK;
}
