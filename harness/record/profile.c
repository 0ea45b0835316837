// SPDX-License-Identifier: Apache-2.0
#include "harness/record/profile.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/formula.h"
#include "harness/base/mem.h"
#include "harness/record/trial_energy.h"

enum { MAX_EVENTS = 64 };

const char *eb_header_imported(const eb_header *header)
{
    for (int i = 0; i < header->n_settings; i++) {
        const eb_setting_row *s = &header->settings[i];
        if (!strcmp(s->section, "import") && !strcmp(s->key, "from") && s->value && s->value[0])
            return s->value;
    }
    return NULL;
}

bool eb_header_profile(const eb_header *header)
{
    for (int i = 0; i < header->n_settings; i++) {
        const eb_setting_row *s = &header->settings[i];
        if (!strcmp(s->section, "run") && !strcmp(s->key, "profile"))
            return s->value && (!strcmp(s->value, "yes") || !strcmp(s->value, "true") || !strcmp(s->value, "on") ||
                                !strcmp(s->value, "1"));
    }
    return false;
}

const char *eb_profile_op_name(const eb_profile_row *row)
{
    return row->op == EB_OP_COUNT ? "outside" : eb_op_name((eb_op)row->op);
}

// ---- time, traffic, work -----------------------------------------------------------------------------------

typedef struct sums {
    double calls, bytes, flop;
} sums;

static bool measures(const eb_trial_data *t, int case_index)
{
    return t->info.number && t->info.case_index == case_index && !t->info.error && t->n_spans > 0;
}

static double per(double a, double b)
{
    return b > 0 ? a / b : NAN;
}

static int by_phase_and_time(const void *a, const void *b)
{
    const eb_profile_row *x = a, *y = b;
    int outside = (x->op == EB_OP_COUNT) - (y->op == EB_OP_COUNT);
    if (outside || x->phase != y->phase)
        return outside ? outside : x->phase < y->phase ? -1 : 1;
    if (x->time_s != y->time_s)
        return x->time_s > y->time_s ? -1 : 1;
    return x->op - y->op;
}

// Of a model in 8-bit arithmetic the matrices are; what lies between them is not.
static bool in_int8(const eb_case_facts *facts, int op)
{
    static const bool matrices[EB_OP_COUNT] = {
        [EB_OP_QKV] = true,       [EB_OP_ATTN_OUT] = true, [EB_OP_FFN_IN] = true,
        [EB_OP_FFN_OUT] = true,   [EB_OP_EXPERT] = true,   [EB_OP_SSM_IN] = true,
        [EB_OP_SSM_PARAM] = true, [EB_OP_SSM_OUT] = true,  [EB_OP_HEAD] = true
    };
    return facts && facts->int8 && op < EB_OP_COUNT && matrices[op];
}

static void add_row(eb_profile *p, const eb_sums_env *env, const eb_case_facts *facts, int column, const sums *s,
                    double window_s)
{
    const eb_split_op *o = &p->split.op[column];
    const double n = p->n_trials;
    if (!(o->time_s > 0))
        return;
    eb_profile_row *row = &p->rows[p->n_rows++];
    bool outside = column == EB_SPLIT_OUTSIDE;
    *row = (eb_profile_row){
        .phase = outside ? EB_PHASE_DECODE : (eb_phase)(column / EB_OP_COUNT),
        .op = outside ? EB_OP_COUNT : column % EB_OP_COUNT,
        .calls = s->calls / n,
        .time_s = o->time_s / n,
        .time_frac = o->time_s / window_s,
        .bytes = s->bytes / n,
        .flop = s->flop / n,
        .bw_frac = per(s->bytes / o->time_s, env->read_bytes_s),
        .flop_frac = per(s->flop / o->time_s,
                         in_int8(facts, outside ? EB_OP_COUNT : column % EB_OP_COUNT) ? env->int8_op_s : env->flop_s),
        .group = o->group,
        .j = o->j / n,
        .halfwidth_j = o->halfwidth_j / n,
        .w = o->j / o->time_s
    };
    const eb_split_group *g = o->group >= 0 && !*p->split.refused ? &p->split.groups[o->group] : NULL;
    if (g && isnan(o->j)) {
        row->shared = true;
        row->j = g->j / n;
        row->halfwidth_j = g->halfwidth_j / n;
        row->w = g->w;
    }
    if (isfinite(row->j))
        row->grade = g && g->like >= 0 && p->split.grade > EB_GRADE_ESTIMATE ? EB_GRADE_ESTIMATE : p->split.grade;
}

static void add_rows(eb_profile *p, const eb_sums_env *env, const eb_journal_data *d)
{
    sums column[EB_SPLIT_COLUMNS] = { 0 };
    double window_s = 0;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_data *trial = &d->trials[t];
        if (!measures(trial, p->case_index))
            continue;
        window_s += (double)(trial->info.t_end_ns - trial->info.t_start_ns) / 1e9;
        for (size_t i = 0; i < trial->n_spans; i++) {
            const eb_span *s = &trial->spans[i];
            sums *to = &column[eb_split_column((eb_phase)s->phase, (eb_op)s->op)];
            to->calls++;
            to->bytes += (double)s->bytes;
            to->flop += (double)s->flop;
        }
    }
    const eb_case_facts *facts = eb_journal_facts_of(d, p->case_index);
    p->rows = eb_alloc(EB_SPLIT_COLUMNS * sizeof *p->rows);
    for (int c = 0; c < EB_SPLIT_COLUMNS; c++)
        add_row(p, env, facts, c, &column[c], window_s);
    qsort(p->rows, (size_t)p->n_rows, sizeof *p->rows, by_phase_and_time);
}

// ---- joules ----------------------------------------------------------------------------------------------------

static void split(eb_profile *p, const eb_sums_env *env, const eb_journal_data *d)
{
    eb_split_trial *trials = eb_alloc((size_t)d->n_trials * sizeof *trials + 1);
    eb_trial_energy *energies = eb_alloc((size_t)d->n_trials * sizeof *energies + 1);
    const eb_trace **traces = eb_alloc((size_t)d->n_trials * (size_t)d->header.n_channels * sizeof(void *) + 1);
    bool stated = true;
    int n = 0;
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_data *trial = &d->trials[t];
        if (!measures(trial, p->case_index))
            continue;
        eb_trial_energy *e = &energies[n];
        eb_trial_energy_init(e, env->header, env->dead, trial->power, trial->n_power);
        const eb_trace **own = traces + (size_t)n * (size_t)d->header.n_channels;
        trials[n] = (eb_split_trial){ .t_start_ns = trial->info.t_start_ns,
                                      .t_end_ns = trial->info.t_end_ns,
                                      .spans = trial->spans,
                                      .n_spans = trial->n_spans,
                                      .traces = own };
        for (int c = 0; c < e->n; c++)
            if (e->counted[c]) {
                own[trials[n].n_traces++] = e->traces[c];
                stated = stated && env->header->channels[c].grade == EB_GRADE_ESTIMATE;
            }
        stated = stated && trials[n].n_traces;
        n++;
    }
    p->n_trials = n;
    eb_op_split(trials, n, &p->split);
    if (stated && *p->split.refused)
        snprintf(p->split.refused, sizeof p->split.refused,
                 "the watts are stated, not measured: they tell no operators apart");
    for (int i = 0; i < n; i++)
        eb_trial_energy_deinit(&energies[i]);
    free(traces);
    free(energies);
    free(trials);
}

// ---- events ------------------------------------------------------------------------------------------------------

static int event_index(eb_profile *p, const char *name)
{
    for (int i = 0; i < p->n_events; i++)
        if (!strcmp(p->events[i], name))
            return i;
    if (p->n_events == MAX_EVENTS)
        return -1;
    p->events[p->n_events] = eb_strdup(name);
    p->running_frac[p->n_events] = 1;
    return p->n_events++;
}

static eb_profile_row *row_of(eb_profile *p, eb_phase phase, eb_op op)
{
    for (int i = 0; i < p->n_rows; i++)
        if (p->rows[i].phase == phase && p->rows[i].op == (int)op)
            return &p->rows[i];
    return NULL;
}

static void add_counts(eb_profile *p, const eb_journal_data *d)
{
    p->events = eb_alloc(MAX_EVENTS * sizeof *p->events);
    p->running_frac = eb_alloc(MAX_EVENTS * sizeof *p->running_frac);
    for (int i = 0; i < p->n_rows; i++) {
        p->rows[i].counts = eb_alloc(MAX_EVENTS * sizeof(double));
        for (int e = 0; e < MAX_EVENTS; e++)
            p->rows[i].counts[e] = NAN;
    }
    for (int t = 0; t < d->n_trials; t++) {
        const eb_trial_data *trial = &d->trials[t];
        if (trial->info.case_index != p->case_index || trial->info.error || !trial->n_ops)
            continue;
        p->n_counted++;
        for (size_t i = 0; i < trial->n_ops; i++) {
            const eb_op_count_row *r = &trial->ops[i];
            int e = event_index(p, r->event);
            eb_profile_row *row = row_of(p, r->phase, r->op);
            if (e < 0 || !row)
                continue;
            row->counts[e] = isnan(row->counts[e]) ? r->value : row->counts[e] + r->value;
            if (r->running_frac < p->running_frac[e])
                p->running_frac[e] = r->running_frac;
        }
    }
    for (int i = 0; i < p->n_rows && p->n_counted; i++)
        for (int e = 0; e < p->n_events; e++)
            p->rows[i].counts[e] /= p->n_counted;
}

// ---- metrics of operators ------------------------------------------------------------------------------------------

typedef struct operand {
    const eb_profile *p;
    const eb_profile_row *row;
    int threads;
} operand;

static double value_of(void *arg, const char *name)
{
    const operand *o = arg;
    const struct {
        const char *name;
        double value;
    } variables[] = { { "time_s", o->row->time_s },
                      { "calls", o->row->calls },
                      { "threads", o->threads > 0 ? o->threads : NAN },
                      { "bytes", o->row->bytes },
                      { "flop", o->row->flop } };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        if (!strcmp(variables[i].name, name))
            return variables[i].value;
    for (int e = 0; e < o->p->n_events; e++)
        if (!strcmp(o->p->events[e], name))
            return o->row->counts[e];
    return NAN;
}

static void add_metrics(eb_profile *p, const eb_header *header)
{
    for (int i = 0; i < p->n_rows; i++)
        p->rows[i].metrics = eb_alloc((size_t)header->n_op_metrics * sizeof(double) + 1);
    for (int m = 0; m < header->n_op_metrics; m++) {
        eb_formula formula;
        eb_err err;
        bool good = eb_formula_parse(header->op_metrics[m].formula, &formula, &err);
        for (int i = 0; i < p->n_rows; i++) {
            operand o = { p, &p->rows[i], header->cases[p->case_index].threads };
            p->rows[i].metrics[m] = good ? eb_formula_eval(&formula, value_of, &o) : NAN;
        }
    }
}

eb_profile *eb_profile_new(const eb_sums_env *env, const eb_journal_data *d, int case_index)
{
    eb_profile *p = eb_alloc(sizeof *p);
    p->case_index = case_index;
    split(p, env, d);
    if (p->n_trials == 0) {
        free(p);
        return NULL;
    }
    add_rows(p, env, d);
    add_counts(p, d);
    add_metrics(p, &d->header);
    return p;
}

void eb_profile_free(eb_profile *p)
{
    if (!p)
        return;
    for (int i = 0; i < p->n_events; i++)
        free(p->events[i]);
    for (int i = 0; i < p->n_rows; i++) {
        free(p->rows[i].counts);
        free(p->rows[i].metrics);
    }
    free(p->events);
    free(p->running_frac);
    free(p->rows);
    free(p);
}

// ---- profile.csv ---------------------------------------------------------------------------------------------------

static void put(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

static void put_rows(FILE *out, const eb_run *run, const eb_profile *p)
{
    const eb_provenance *from = &run->cases[p->case_index].energy;
    for (int i = 0; i < p->n_rows; i++) {
        const eb_profile_row *r = &p->rows[i];
        bool outside = r->op == EB_OP_COUNT;
        fprintf(out, "\"%s\",%s,%s", run->cases[p->case_index].info->id, outside ? "" : eb_phase_name(r->phase),
                eb_profile_op_name(r));
        const double values[] = {
            r->calls,   r->time_s,   r->time_frac, r->bytes, r->flop, r->bytes / r->time_s, r->flop / r->time_s,
            r->bw_frac, r->flop_frac
        };
        for (size_t k = 0; k < sizeof values / sizeof *values; k++)
            put(out, values[k]);
        put(out, r->shared ? NAN : r->j);
        put(out, r->shared ? NAN : r->halfwidth_j);
        put(out, r->shared ? NAN : r->w);
        fprintf(out, ",%s,", eb_grade_name(r->grade));
        if (r->shared)
            fprintf(out, "%d", r->group);
        put(out, r->shared ? r->j : NAN);
        for (int e = 0; e < p->n_events; e++) {
            fprintf(out, "%s%s=", e ? ";" : ",", p->events[e]);
            if (isfinite(r->counts[e]))
                fprintf(out, "%.9g", r->counts[e]);
        }
        fputs(p->n_events ? "," : ",,", out);
        for (int m = 0, n = 0; m < run->header->n_op_metrics; m++)
            if (isfinite(r->metrics[m]))
                fprintf(out, "%s%s=%.9g", n++ ? ";" : "", run->header->op_metrics[m].key, r->metrics[m]);
        put(out, r->shared ? r->halfwidth_j : NAN);
        fprintf(out, ",\"%s\",\"%s\",\"%s\"\n", from->source, from->domains, from->coverage);
    }
}

char *eb_profile_csv(const eb_run *run)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return eb_strdup("");
    fputs(
        "case,phase,op,calls,time_s,time_frac,bytes,flop,bytes_s,flop_s,bw_frac,flop_frac,energy_j,halfwidth_j,power_w,"
        "grade,group,group_energy_j,counts,metrics,group_halfwidth_j,source,domains,coverage\n",
        out);
    for (int i = 0; i < run->n_profiles; i++)
        put_rows(out, run, run->profiles[i]);
    fclose(out);
    return text;
}

bool eb_profile_csv_write(const eb_run *run, const char *dir, eb_err *err)
{
    char *path = eb_path_join(dir, "profile.csv"), *text = eb_profile_csv(run);
    bool ok = eb_file_write_atomic(path, text, strlen(text), err);
    free(text);
    free(path);
    return ok;
}
