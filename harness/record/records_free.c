// SPDX-License-Identifier: Apache-2.0
// What a record's structures own is given back.
#include "harness/record/records.h"

#include <stdlib.h>

void eb_header_deinit(eb_header *h)
{
    for (int i = 0; i < h->n_settings; i++) {
        eb_setting_row *s = &h->settings[i];
        char *const texts[] = { s->section, s->name, s->key, s->value, s->unit, s->origin };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    for (int i = 0; i < h->n_machine; i++) {
        free(h->machine[i].key);
        free(h->machine[i].value);
    }
    for (int i = 0; i < h->n_sources; i++) {
        free(h->sources[i].name);
        free(h->sources[i].state);
        free(h->sources[i].reason);
        free(h->sources[i].remedy);
    }
    for (int i = 0; i < h->n_cases; i++) {
        eb_case_info *c = &h->cases[i];
        char *const texts[] = { c->id,       c->family, c->model,          c->source, c->type,
                                c->workload, c->kv,     c->reference_type, c->load };
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            free(texts[k]);
    }
    for (int i = 0; i < h->n_op_metrics; i++) {
        free(h->op_metrics[i].key);
        free(h->op_metrics[i].unit);
        free(h->op_metrics[i].formula);
    }
    void *const blocks[] = { h->op_metrics,   h->settings, h->machine,     h->sources, h->channels,    h->cases,
                             h->tool_version, h->config,   h->started_utc, h->engine,  h->plan_digest, h->fingerprint };
    for (size_t k = 0; k < sizeof blocks / sizeof *blocks; k++)
        free(blocks[k]);
    *h = (eb_header){ 0 };
}

void eb_trial_info_deinit(eb_trial_info *t)
{
    for (int i = 0; i < t->n_warnings; i++)
        free(t->warnings[i]);
    free(t->warnings);
    free(t->error);
    *t = (eb_trial_info){ 0 };
}
