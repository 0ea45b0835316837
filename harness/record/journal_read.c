// SPDX-License-Identifier: Apache-2.0
// The whole journal into memory: trials.jsonl, then each trial's rows by the byte lengths it recorded.
#include "harness/record/journal.h"

#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/journal_scan.h"
#include "harness/record/rows.h"
#include "harness/record/vouch.h"

// What a finished trial owns moves out of the scan.
static void move_scan(eb_scan *scan, eb_journal_data *d)
{
    d->header = scan->header;
    d->facts = scan->facts;
    d->n_facts = scan->n_facts;
    d->warnings = scan->warnings;
    d->n_warnings = scan->n_warnings;
    d->complete = scan->complete;
    d->ended_utc = scan->ended_utc;
    memcpy(d->digest, scan->digest, sizeof d->digest);
    memcpy(d->csv_bytes, scan->csv_bytes, sizeof d->csv_bytes);
    d->n_trials = scan->n_trials;
    d->trials = eb_alloc((size_t)scan->n_trials * sizeof *d->trials + 1);
    for (int i = 0; i < scan->n_trials; i++)
        d->trials[i].info = scan->trials[i].info;
}

static bool read_rows(const char *dir, const eb_scan *scan, eb_journal_data *d, int csv, eb_err *err)
{
    eb_rows_file file = { 0 };
    if (scan->head_bytes[csv] == 0 && eb_csv_of_profile(csv))
        return true; // no profile
    bool ok = eb_rows_open(&file, dir, csv, &d->header, scan->head_bytes[csv], err);
    for (int i = 0; ok && i < d->n_trials; i++)
        ok = eb_rows_read(&file, csv, scan->trials[i].bytes[csv], &d->trials[i], err);
    eb_rows_close(&file);
    return ok;
}

eb_journal_data *eb_journal_read(const char *dir, eb_err *err)
{
    eb_scan scan;
    if (!eb_scan_read(dir, &scan, err))
        return NULL;
    eb_journal_data *d = eb_alloc(sizeof *d);
    move_scan(&scan, d);
    bool ok = true;
    for (int csv = 0; ok && csv < EB_CSV_COUNT; csv++)
        ok = read_rows(dir, &scan, d, csv, err);
    for (int csv = 0; ok && csv < EB_CSV_COUNT; csv++)
        eb_vouch_csv(dir, csv, d->csv_bytes[csv], d->csv_digest[csv]);
    free(scan.trials);
    if (ok)
        return d;
    eb_journal_data_free(d);
    return NULL;
}

void eb_journal_data_free(eb_journal_data *d)
{
    if (!d)
        return;
    for (int i = 0; i < d->n_trials; i++) {
        eb_trial_info_deinit(&d->trials[i].info);
        free(d->trials[i].requests);
        free(d->trials[i].tokens);
        free(d->trials[i].power);
        free(d->trials[i].spans);
        free(d->trials[i].ops);
    }
    for (int i = 0; i < d->n_warnings; i++)
        free(d->warnings[i]);
    free(d->warnings);
    free(d->trials);
    free(d->facts);
    free(d->ended_utc);
    eb_header_deinit(&d->header);
    free(d);
}

const eb_case_facts *eb_journal_facts_of(const eb_journal_data *d, int case_index)
{
    for (int i = 0; i < d->n_facts; i++)
        if (d->facts[i].case_index == case_index)
            return &d->facts[i];
    return NULL;
}
