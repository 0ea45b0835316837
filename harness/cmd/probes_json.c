// SPDX-License-Identifier: Apache-2.0
// `effbench probes --format json`.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/json.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/probes.h"

static double known(double value, bool is_known)
{
    return is_known ? value : NAN;
}

// raw x scale; where the scale is 1 the digits themselves, which a double above 2^53 would not keep.
static void add_scaled(cJSON *obj, const char *key, uint64_t raw, double scale, bool is_known)
{
    if (is_known && scale == 1)
        eb_json_add_u64(obj, key, raw);
    else
        eb_json_add_num(obj, key, known((double)raw * scale, is_known));
}

static void add_channel(cJSON *list, const eb_channel *c, const eb_sample *sample, bool counted)
{
    cJSON *obj = eb_json_append_obj(list);
    bool energy = c->quantity == EB_QUANTITY_ENERGY_UJ;
    eb_json_add_str(obj, "name", c->name);
    eb_json_add_str(obj, "source", c->source);
    eb_json_add_str(obj, "zone", c->zone[0] ? c->zone : NULL);
    eb_json_add_str(obj, "label", c->label);
    eb_json_add_str(obj, "domain", eb_domain_name(c->domain));
    eb_json_add_num(obj, "socket", known(c->socket, c->socket >= 0));
    eb_json_add_num(obj, "die", known(c->die, c->die >= 0));
    eb_json_add_str(obj, "grade", eb_grade_name(c->grade));
    eb_json_add_bool(obj, "counted", counted);
    eb_json_add_bool(obj, "duplicate", c->duplicate);
    add_scaled(obj, "max_range_uj", c->max_range, c->scale, energy && c->max_range);
    add_scaled(obj, "modulus_uj", c->modulus, c->scale, energy && c->modulus);
    eb_json_add_num(obj, "unit_uj", known(c->unit * c->scale, energy && c->unit > 0));
    eb_json_add_num(obj, "power_max_w", known(c->power_max_w, c->power_max_w > 0));
    eb_json_add_num(obj, "period_ns", known((double)c->period_ns, c->period_ns > 0));
    eb_json_add_num(obj, "jitter_ns", known((double)c->jitter_ns, c->jitter_ns > 0));
    eb_json_add_num(obj, "read_ns", known((double)c->read_ns, c->read_ns > 0));
    eb_json_add_num(obj, "class_frac", known(c->class_frac, c->class_frac > 0));
    eb_json_add_str(obj, "live", eb_liveness_name(c->live));
    eb_json_add_str(obj, "note", c->note);
    eb_json_add_str(obj, "quantity", eb_quantity_name(c->quantity));
    eb_json_add_bool(obj, "cumulative", c->cumulative);
    eb_json_add_str(obj, "scope", c->scope == EB_SCOPE_PROCESS ? "process" : "machine");
    add_scaled(obj, "value", sample->raw, c->scale, sample->status == EB_SAMPLE_OK);
    eb_json_add_str(obj, "status", eb_status_name(sample->status));
}

int eb_probes_json(const eb_survey *s)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *sources = eb_json_add_arr(root, "sources");
    for (int i = 0; i < s->n_sources; i++) {
        const eb_survey_source *src = &s->sources[i];
        cJSON *obj = eb_json_append_obj(sources);
        eb_json_add_str(obj, "name", eb_probe_ops_name(src->ops));
        eb_json_add_str(obj, "state", eb_probe_state_name(src->found.state));
        eb_json_add_str(obj, "reason", src->found.reason);
        eb_json_add_str(obj, "remedy", src->found.remedy);
    }
    eb_json_add_num(root, "calibrated_ns", known((double)s->looked_ns, s->looked_ns > 0));
    cJSON *channels = eb_json_add_arr(root, "channels");
    for (int i = 0; i < s->n_channels; i++)
        add_channel(channels, &s->channels[i], &s->samples[i], s->counted[i]);
    cJSON *total = eb_json_add_obj(root, "total");
    eb_json_add_str(total, "boundary", eb_boundary_name(s->boundary));
    eb_json_add_str(total, "domains", s->domains);
    eb_json_add_str(total, "grade", eb_grade_name(s->grade));
    eb_json_add_str(total, "missing", s->missing);
    char *text = eb_json_print(root, true);
    cJSON_Delete(root);
    bool ok = text && puts(text) >= 0 && fflush(stdout) == 0;
    free(text);
    return ok ? EB_OK : EB_FAILED;
}
