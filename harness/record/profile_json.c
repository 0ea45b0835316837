// SPDX-License-Identifier: Apache-2.0
// A profile in run.json: its operators, and what the split of their joules was judged by.
#include "harness/record/profile_json.h"

#include <math.h>
#include "harness/base/json.h"
#include "harness/record/provenance_json.h"

static void add_profile_row(cJSON *list, const eb_header *h, const eb_profile *p, const eb_profile_row *r)
{
    cJSON *obj = eb_json_append_obj(list);
    eb_json_add_known(obj, "phase", r->op == EB_OP_COUNT ? NULL : eb_phase_name(r->phase));
    eb_json_add_str(obj, "op", eb_profile_op_name(r));
    eb_json_add_num(obj, "calls", r->calls);
    eb_json_add_num(obj, "time_s", r->time_s);
    eb_json_add_num(obj, "time_frac", r->time_frac);
    eb_json_add_num(obj, "bytes", r->bytes);
    eb_json_add_num(obj, "flop", r->flop);
    eb_json_add_num(obj, "bw_frac", r->bw_frac);
    eb_json_add_num(obj, "flop_frac", r->flop_frac);
    eb_json_add_num(obj, "energy_j", r->shared ? NAN : r->j);
    eb_json_add_num(obj, "halfwidth_j", r->shared ? NAN : r->halfwidth_j);
    eb_json_add_num(obj, "power_w", r->shared ? NAN : r->w);
    eb_json_add_str(obj, "grade", eb_grade_name(r->grade));
    eb_json_add_num(obj, "group", r->shared ? r->group : NAN);
    eb_json_add_num(obj, "group_energy_j", r->shared ? r->j : NAN);
    eb_json_add_num(obj, "group_halfwidth_j", r->shared ? r->halfwidth_j : NAN);
    cJSON *counts = eb_json_add_obj(obj, "counts");
    for (int e = 0; e < p->n_events; e++)
        eb_json_add_num(counts, p->events[e], r->counts[e]);
    cJSON *metrics = eb_json_add_obj(obj, "metrics");
    for (int m = 0; m < h->n_op_metrics; m++)
        eb_json_add_num(metrics, h->op_metrics[m].key, r->metrics[m]);
}

void eb_profile_json(cJSON *case_obj, const eb_header *h, const eb_profile *p, const eb_provenance *from)
{
    cJSON *obj = eb_json_add_obj(case_obj, "profile");
    eb_json_add_i64(obj, "trials", p->n_trials);
    eb_json_add_i64(obj, "counting_trials", p->n_counted);
    eb_json_add_known(obj, "refused", p->split.refused);
    eb_json_add_i64(obj, "windows", (int64_t)p->split.windows);
    eb_json_add_i64(obj, "updates_per_window", p->split.span);
    eb_json_add_num(obj, "residual_frac", *p->split.refused ? NAN : p->split.residual_frac);
    eb_json_add_num(obj, "condition", *p->split.refused ? NAN : p->split.condition);
    eb_json_add_num(obj, "sum_j", p->split.sum_j / p->n_trials);
    eb_json_add_num(obj, "measured_j", p->split.total_j / p->n_trials);
    eb_json_add_num(obj, "measured_halfwidth_j", p->split.total_halfwidth_j / p->n_trials);
    eb_json_add_str(obj, "grade", eb_grade_name(p->split.grade));
    eb_provenance_json(obj, from);
    cJSON *running = eb_json_add_obj(obj, "running_frac");
    for (int e = 0; e < p->n_events; e++)
        eb_json_add_num(running, p->events[e], p->running_frac[e]);
    cJSON *rows = eb_json_add_arr(obj, "operators");
    for (int i = 0; i < p->n_rows; i++)
        add_profile_row(rows, h, p, &p->rows[i]);
}
