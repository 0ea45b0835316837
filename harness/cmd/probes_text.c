// SPDX-License-Identifier: Apache-2.0
// `effbench probes` as text.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/cmd/probes.h"

static void print_sources(const eb_survey *s)
{
    printf("sources\n");
    for (int i = 0; i < s->n_sources; i++) {
        const eb_survey_source *src = &s->sources[i];
        printf("  %-10s %-13s ", eb_probe_ops_name(src->ops), eb_probe_state_name(src->found.state));
        eb_cmd_wrap(src->found.reason[0] ? src->found.reason : eb_probe_ops_doc(src->ops), 27, 0);
        if (src->found.remedy[0]) {
            printf("%27s-> ", "");
            eb_cmd_wrap(src->found.remedy, 30, 0);
        }
    }
}

static const char *number_or_dash(char *buf, size_t size, int value)
{
    snprintf(buf, size, value >= 0 ? "%d" : "-", value);
    return buf;
}

static void print_energy(const eb_survey *s)
{
    int name_width = 7, label_width = 5, n = 0;
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        if (!eb_survey_is_energy(c))
            continue;
        int name = (int)strlen(c->name), label = (int)strlen(c->label);
        name_width = name > name_width ? name : name_width;
        label_width = label > label_width ? label : label_width;
        n++;
    }
    if (n == 0)
        return;
    printf("\nenergy\n  %-*s  %-*s  %-8s %6s %3s  %-8s  %s\n", name_width, "channel", label_width, "label", "domain",
           "socket", "die", "grade", "counted");
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        char socket[16], die[16], counts[96];
        if (eb_survey_is_energy(c))
            printf("  %-*s  %-*s  %-8s %6s %3s  %-8s  %s\n", name_width, c->name, label_width, c->label,
                   eb_domain_name(c->domain), number_or_dash(socket, sizeof socket, c->socket),
                   number_or_dash(die, sizeof die, c->die), eb_grade_name(c->grade),
                   eb_survey_counts(s, i, counts, sizeof counts));
    }
}

// "0.976 ms +- 20.1 us", or what keeps it from being known.
static const char *period_text(char *buf, size_t size, const eb_channel *c)
{
    char period[32], jitter[32];
    if (c->note[0] && c->live != EB_LIVE_MOVES)
        return c->note;
    if (c->period_ns <= 0)
        return "not known";
    eb_fmt_time(period, sizeof period, (double)c->period_ns, 3);
    if (c->jitter_ns > 0)
        snprintf(buf, size, "%s ± %s", period, eb_fmt_time(jitter, sizeof jitter, (double)c->jitter_ns, 2));
    else
        snprintf(buf, size, "%s", period);
    return buf;
}

static void print_calibration(const eb_survey *s)
{
    char looked[32], read[32], period[80];
    int width = 7;
    if (s->looked_ns <= 0)
        return;
    for (int i = 0; i < s->n_channels; i++)
        if (s->channels[i].read_ns > 0 && (int)strlen(s->channels[i].name) > width)
            width = (int)strlen(s->channels[i].name);
    printf("\ncalibration (%s%s)\n  %-*s  %8s  updated each\n",
           eb_fmt_time(looked, sizeof looked, (double)s->looked_ns, 2),
           strcmp(s->io->kind, "real") == 0 ? " under load" : "", width, "channel", "a read");
    for (int i = 0; i < s->n_channels; i++) {
        const eb_channel *c = &s->channels[i];
        if (c->read_ns <= 0)
            continue;
        printf("  %-*s  %8s  %s\n", width, c->name, eb_fmt_time(read, sizeof read, (double)c->read_ns, 2),
               period_text(period, sizeof period, c));
        if (c->live == EB_LIVE_MOVES && c->note[0])
            printf("  %-*s  %8s  %s\n", width, "", "", c->note);
    }
    if (s->still)
        printf("  nothing moves in this tree: that does not say whether its counters do on their machine\n");
}

static void print_others(const eb_survey *s)
{
    bool any = false;
    for (int i = 0; i < s->n_sources; i++) {
        const eb_survey_source *src = &s->sources[i];
        char *names = eb_strdup("");
        for (int k = src->first; k < src->first + src->n; k++) {
            if (eb_survey_is_energy(&s->channels[k]))
                continue;
            const char *slash = strchr(s->channels[k].name, '/');
            char *longer = eb_format("%s%s%s", names, *names ? ", " : "", slash ? slash + 1 : s->channels[k].name);
            free(names);
            names = longer;
        }
        if (*names) {
            printf("%s  %-10s ", any ? "" : "\nbeside energy\n", eb_probe_ops_name(src->ops));
            eb_cmd_wrap(names, 13, 0);
            any = true;
        }
        free(names);
    }
}

static void print_total(const eb_survey *s)
{
    const char *boundary = eb_boundary_name(s->boundary);
    if (!s->domains[0])
        printf("\ntotal (boundary %s): none; a run %s\n", boundary,
               s->configured ? "of this config prints no joules here"
                             : "prints no joules unless its config states watts or a meter");
    else
        printf("\ntotal (boundary %s) = %s, grade %s\n", boundary, s->domains, eb_grade_name(s->grade));
    if (s->domains[0] && s->missing[0])
        printf("not measured: %s\n", s->missing);
}

int eb_probes_text(const eb_survey *s)
{
    print_sources(s);
    print_energy(s);
    print_calibration(s);
    print_others(s);
    print_total(s);
    return fflush(stdout) ? EB_FAILED : EB_OK;
}
