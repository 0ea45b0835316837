// SPDX-License-Identifier: Apache-2.0
#include "harness/record/provenance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/domain.h"
#include "harness/record/trial_energy.h"

enum { TEXT = 2048 }; // eight sockets of four dies, each with its memory

// Which channels gave any reading in the window of a trial. One that vanished within it takes the trial's energy away;
// only one that told nothing in all of a case is left out of what the case is the sum of.
static void note_alive(const eb_trial_data *trial, bool *alive)
{
    for (size_t i = 0; i < trial->n_power; i++) {
        eb_status status = trial->power[i].sample.status;
        int c = trial->power[i].channel;
        alive[c] = alive[c] || (status != EB_SAMPLE_GONE && status != EB_SAMPLE_MISSING);
    }
}

void eb_provenance_dead(const eb_journal_data *d, int case_index, const bool *run_dead, const bool *run_counted,
                        bool *dead, eb_warnings *warnings)
{
    int n = d->header.n_channels, trials = 0;
    bool *alive = eb_alloc((size_t)n + 1);
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_info *info = &d->trials[t].info;
        if (!info->number || info->case_index != case_index || info->error)
            continue;
        note_alive(&d->trials[t], alive);
        trials++;
    }
    for (int c = 0; c < n; c++) {
        bool vanished = trials && !alive[c];
        dead[c] = run_dead[c] || vanished;
        if (vanished && run_counted[c])
            eb_warn(warnings,
                    "%s gave no reading in any trial of this case: it is left out here, and so is its part where "
                    "nothing else measures it",
                    d->header.channels[c].name);
    }
    free(alive);
}

static void add_once(char *list, const char *item)
{
    size_t n = strlen(list), len = strlen(item);
    for (const char *at = strstr(list, item); at; at = strstr(at + 1, item))
        if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]))
            return;
    snprintf(list + n, TEXT - n, "%s%s", n ? " + " : "", item);
}

static char *sources_of(const eb_header *h, const bool *counted)
{
    char list[TEXT] = "";
    for (int c = 0; c < h->n_channels; c++)
        if (counted[c])
            add_once(list, h->channels[c].source);
    return eb_strdup(list);
}

static bool only_stated(const eb_header *h, const bool *counted)
{
    bool any = false;
    for (int c = 0; c < h->n_channels; c++) {
        if (counted[c] && h->channels[c].grade != EB_GRADE_ESTIMATE)
            return false;
        any = any || counted[c];
    }
    return any;
}

static void of_domain(const eb_header *h, const bool *dead, eb_domain domain, bool *counted, eb_provenance *out)
{
    eb_channel *live = eb_alloc((size_t)h->n_channels * sizeof *live + 1);
    char list[TEXT] = "";
    for (int c = 0; c < h->n_channels; c++) {
        live[c] = h->channels[c];
        if (dead[c])
            live[c].grade = EB_GRADE_NONE;
    }
    eb_domain_pick(live, h->n_channels, domain, counted);
    char name[96];
    for (int c = 0; c < h->n_channels; c++)
        if (counted[c])
            add_once(list, eb_domain_piece_name(&live[c], name, sizeof name));
    *out = (eb_provenance){ sources_of(h, counted), eb_strdup(list), eb_format("%s only", eb_domain_name(domain)) };
    free(live);
}

void eb_provenance_of_boundary(const eb_header *h, const bool *dead, eb_provenance *energy, char **missing)
{
    char names[TEXT], lacks[TEXT / 2];
    bool *counted = eb_alloc((size_t)h->n_channels + 1);
    eb_live_count(h, dead, counted, names, sizeof names, lacks, sizeof lacks);
    if (missing)
        *missing = eb_strdup(names[0] ? lacks : "");
    *energy = (eb_provenance){ sources_of(h, counted), eb_strdup(names), NULL };
    if (only_stated(h, counted))
        energy->coverage = eb_strdup("as stated");
    else
        energy->coverage = !names[0]  ? eb_strdup("")
                           : lacks[0] ? eb_format("without %s", lacks)
                                      : eb_strdup("complete");
    free(counted);
}

void eb_provenance_of(const eb_header *h, const bool *dead, eb_provenance *energy, eb_provenance *domains,
                      char **missing)
{
    bool *counted = eb_alloc((size_t)h->n_channels + 1);
    eb_provenance_of_boundary(h, dead, energy, missing);
    for (int d = 0; d < EB_DOMAIN_COUNT; d++)
        if (d != EB_DOMAIN_UNKNOWN && d != EB_DOMAIN_NONE)
            of_domain(h, dead, (eb_domain)d, counted, &domains[d]);
    free(counted);
}

eb_provenance eb_provenance_of_channels(const eb_header *h, const bool *which, bool all)
{
    char names[TEXT] = "", only[TEXT] = "";
    for (int c = 0; c < h->n_channels; c++) {
        if (!which[c])
            continue;
        add_once(names, h->channels[c].label[0] ? h->channels[c].label : h->channels[c].name);
        add_once(only, eb_domain_name(h->channels[c].domain));
    }
    eb_provenance out = { sources_of(h, which), eb_strdup(names), NULL }, whole;
    eb_provenance_of_boundary(h, NULL, &whole, NULL);
    out.coverage = all ? eb_strdup(whole.coverage) : eb_format("%s only", only);
    eb_provenance_deinit(&whole);
    return out;
}

void eb_provenance_deinit(eb_provenance *p)
{
    free(p->source);
    free(p->domains);
    free(p->coverage);
    *p = (eb_provenance){ 0 };
}
