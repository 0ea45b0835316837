// SPDX-License-Identifier: Apache-2.0
// Goodput under other limits than the run's own, from the rows of requests and tokens: one trial in memory at a time.
#include <math.h>
#include <stdlib.h>
#include "harness/base/mem.h"
#include "harness/record/compare_read.h"
#include "harness/record/journal_scan.h"
#include "harness/record/latency.h"
#include "harness/record/rows.h"

// The place of a trial among the cases' figures; NULL = it is behind none.
static double *place_of(eb_compare_run *run, const eb_trial_info *info)
{
    if (info->case_index < 0 || info->case_index >= run->n_cases)
        return NULL;
    eb_compare_case *c = &run->cases[info->case_index];
    eb_compare_value *v = &c->figures[EB_FIGURE_GOODPUT];
    for (int i = 0; i < c->n_trials && i < v->n_trials; i++)
        if (c->trial_numbers[i] == info->number)
            return &v->trials[i];
    return NULL;
}

// Of an imported trial nobody knows which tokens kept the limits.
static double goodput_of(const eb_trial_data *trial, const eb_slo *slo)
{
    if (trial->info.totals.known)
        return NAN;
    eb_latency latency;
    eb_doubles pools[EB_POOL_COUNT] = { 0 };
    eb_latency_measure(&latency, trial, slo, pools);
    for (int p = 0; p < EB_POOL_COUNT; p++)
        free(pools[p].items);
    double window_s = (double)(trial->info.t_end_ns - trial->info.t_start_ns) / 1e9;
    return window_s > 0 ? latency.good_tok / window_s : NAN;
}

static bool read_trial(eb_rows_file files[2], const eb_scanned_trial *scanned, eb_trial_data *trial, eb_err *err)
{
    static const int csv[] = { EB_CSV_REQUESTS, EB_CSV_TOKENS };
    *trial = (eb_trial_data){ .info = scanned->info };
    for (int i = 0; i < 2; i++)
        if (!eb_rows_read(&files[i], csv[i], scanned->bytes[csv[i]], trial, err))
            return false;
    return true;
}

static bool count_again(eb_compare_run *run, const eb_scan *scan, eb_rows_file files[2], const eb_slo *slo, eb_err *err)
{
    for (int t = 0; t < scan->n_trials; t++) {
        eb_trial_data trial;
        bool ok = read_trial(files, &scan->trials[t], &trial, err);
        double *place = ok && trial.info.number ? place_of(run, &trial.info) : NULL;
        if (place)
            *place = goodput_of(&trial, slo);
        free(trial.requests);
        free(trial.tokens);
        if (!ok)
            return false;
    }
    return true;
}

bool eb_compare_limit(eb_compare_run *run, const eb_header *limits, eb_err *err)
{
    eb_scan scan;
    eb_slo slo;
    eb_rows_file files[2] = { 0 };
    eb_slo_from_header(limits, &slo);
    if (!eb_scan_read(run->dir, &scan, err))
        return false;
    bool ok = eb_rows_open(&files[0], run->dir, EB_CSV_REQUESTS, &scan.header, scan.head_bytes[EB_CSV_REQUESTS], err) &&
              eb_rows_open(&files[1], run->dir, EB_CSV_TOKENS, &scan.header, scan.head_bytes[EB_CSV_TOKENS], err) &&
              count_again(run, &scan, files, &slo, err);
    for (int i = 0; i < 2; i++)
        eb_rows_close(&files[i]);
    eb_scan_deinit(&scan);
    for (int c = 0; ok && c < run->n_cases; c++)
        eb_compare_settle(&run->cases[c].figures[EB_FIGURE_GOODPUT], run->level);
    return ok;
}
