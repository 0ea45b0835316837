// SPDX-License-Identifier: Apache-2.0
// Writes the journal: CSV rows, fsync, line, fsync. What could not be written whole is cut off again.
#include "harness/record/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/journal_scan.h"
#include "harness/record/provenance.h"
#include "harness/record/rows.h"

enum { LINES = EB_CSV_COUNT, FILES };

struct eb_journal {
    char *path[FILES];
    int fd[FILES];
    uint64_t bytes[FILES];      // finished length of each file
    eb_header header;           // boundary and channels alone, a copy
    eb_text next[EB_CSV_COUNT]; // of the next trial, from eb_journal_spans
};

static eb_journal *new_journal(const char *dir, const eb_header *header)
{
    eb_journal *j = eb_alloc(sizeof *j);
    for (int i = 0; i < FILES; i++) {
        j->path[i] = eb_path_join(dir, i == LINES ? EB_JOURNAL_LINES : eb_csv_names[i]);
        j->fd[i] = -1;
    }
    j->header.boundary = header->boundary;
    j->header.n_channels = header->n_channels;
    size_t size = (size_t)header->n_channels * sizeof *header->channels;
    j->header.channels = eb_alloc(size + 1);
    if (size)
        memcpy(j->header.channels, header->channels, size);
    return j;
}

void eb_journal_close(eb_journal *j)
{
    if (!j)
        return;
    for (int i = 0; i < FILES; i++) {
        if (j->fd[i] >= 0)
            close(j->fd[i]); // every byte that counts is synced already
        free(j->path[i]);
    }
    for (int i = 0; i < EB_CSV_COUNT; i++)
        free(j->next[i].data);
    free(j->header.channels);
    free(j);
}

// Writes at the finished end and syncs; the length counts only once the caller says so.
static bool append(eb_journal *j, int file, const char *data, size_t len, eb_err *err)
{
    uint64_t at = j->bytes[file];
    while (len) {
        ssize_t n = pwrite(j->fd[file], data, len, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return eb_err_sys(err, EB_FAILED, errno, "cannot write", j->path[file]);
        data += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    if (fsync(j->fd[file]) != 0 && errno != EINVAL && errno != EROFS)
        return eb_err_sys(err, EB_FAILED, errno, "cannot write", j->path[file]);
    return true;
}

// Cuts every file to its finished length. What cannot be cut is ignored by readers all the same.
static void roll_back(eb_journal *j)
{
    for (int i = 0; i < FILES; i++) {
        int done = j->fd[i] >= 0 ? ftruncate(j->fd[i], (off_t)j->bytes[i]) : 0;
        (void)done;
    }
}

// Takes the line (freed here). On failure the files are as they were.
static bool append_line(eb_journal *j, char *line, eb_err *err)
{
    size_t n = strlen(line);
    bool ok = append(j, LINES, line, n, err);
    eb_debug("journal", "%zu bytes at %llu of %s%s: %.60s", n, (unsigned long long)j->bytes[LINES], j->path[LINES],
             ok ? "" : " (failed)", line);
    if (ok)
        j->bytes[LINES] += n;
    else
        roll_back(j);
    free(line);
    return ok;
}

static bool open_file(eb_journal *j, int file, int flags, eb_err *err)
{
    j->fd[file] = open(j->path[file], O_RDWR | O_CLOEXEC | flags, 0666);
    if (j->fd[file] < 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot write", j->path[file]);
    return true;
}

static bool lock(eb_journal *j, eb_err *err)
{
    if (flock(j->fd[LINES], LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        eb_err_set(err, EB_FAILED, "another effbench is writing to '%s'", j->path[LINES]);
        return eb_err_hint(err, "wait for its end, or name another folder with --out");
    }
    return true; // a file system without locks is no reason to stop
}

static void sync_folder(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static bool begin(eb_journal *j, const eb_header *header, eb_err *err)
{
    if (!lock(j, err))
        return false;
    for (int i = 0; i < EB_CSV_COUNT; i++) {
        size_t n = strlen(eb_csv_heads[i]);
        if (eb_csv_of_profile(i) && !eb_header_profile(header))
            continue;
        if (!open_file(j, i, O_CREAT | O_TRUNC, err) || !append(j, i, eb_csv_heads[i], n, err))
            return false;
        j->bytes[i] = n;
    }
    return append_line(j, eb_record_header(header, j->bytes), err);
}

eb_journal *eb_journal_create(const char *dir, const eb_header *header, eb_err *err)
{
    if (!eb_mkdirs(dir, err))
        return NULL;
    eb_journal *j = new_journal(dir, header);
    if (eb_file_exists(j->path[LINES])) {
        eb_err_set(err, EB_USAGE, "'%s' holds a run already", dir);
        eb_err_hint(err, "name another folder with --out");
    } else if (open_file(j, LINES, O_CREAT | O_EXCL, err)) {
        if (begin(j, header, err)) {
            sync_folder(dir);
            return j;
        }
        for (int i = 0; i < FILES; i++)
            if (j->fd[i] >= 0)
                unlink(j->path[i]); // nothing half-written: a run without a header is none
    }
    eb_journal_close(j);
    return NULL;
}

static bool same_text(const char *a, const char *b)
{
    return !strcmp(a ? a : "", b ? b : "");
}

static const eb_setting_row *find_setting(const eb_header *h, const eb_setting_row *like)
{
    for (int i = 0; i < h->n_settings; i++) {
        const eb_setting_row *s = &h->settings[i];
        if (same_text(s->section, like->section) && same_text(s->name, like->name) && same_text(s->key, like->key))
            return s;
    }
    return NULL;
}

static bool plan_changed(const char *dir, const eb_header *was, const eb_header *is, eb_err *err)
{
    char change[400] = "its digest differs";
    for (int side = 0; side < 2; side++) {
        const eb_header *from = side ? is : was;
        for (int i = 0; i < from->n_settings; i++) {
            const eb_setting_row *a = &from->settings[i], *b = find_setting(side ? was : is, a);
            if (b && same_text(a->value, b->value))
                continue;
            if (a->unplanned || (b && b->unplanned))
                continue;
            const eb_setting_row *old = side ? b : a, *new = side ? a : b;
            snprintf(change, sizeof change, "[%s%s%s] %s was '%.80s' and is '%.80s'", a->section,
                     a->name && *a->name ? " " : "", a->name ? a->name : "", a->key,
                     old && old->value ? old->value : "", new &&new->value ? new->value : "");
            side = 2;
            break;
        }
    }
    eb_err_set(err, EB_FAILED, "the plan is not the one that '%s' was begun with: %s", dir, change);
    return eb_err_hint(err, "resume with the same config and --set, or start a new run");
}

// Measured anew at every start, and no part of the fingerprint.
static bool measured_fact(const char *key)
{
    static const char *const keys[] = { "read_bandwidth_bytes_s", "flop_s",         "int8_op_s",
                                        "ceiling_measured_utc",   "ceiling_cached", EB_MACHINE_BATTERY,
                                        "energy_sources" };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (same_text(key, keys[i]))
            return true;
    return false;
}

static bool machine_changed(const char *dir, const eb_header *was, const eb_header *is, eb_err *err)
{
    char change[400] = "its fingerprint differs";
    for (int i = 0; i < was->n_machine; i++) {
        const char *value = NULL;
        if (measured_fact(was->machine[i].key))
            continue;
        for (int k = 0; k < is->n_machine; k++)
            if (same_text(was->machine[i].key, is->machine[k].key))
                value = is->machine[k].value;
        if (same_text(was->machine[i].value, value))
            continue;
        snprintf(change, sizeof change, "%s was '%.120s' and is '%.120s'", was->machine[i].key,
                 was->machine[i].value ? was->machine[i].value : "", value ? value : "");
        break;
    }
    eb_err_set(err, EB_FAILED, "the machine is not the one that '%s' was begun on: %s", dir, change);
    return eb_err_hint(err, "figures of two machines do not belong into one run: start a new one");
}

static bool same_run(const char *dir, const eb_header *was, const eb_header *is, eb_err *err)
{
    if (!same_text(was->plan_digest, is->plan_digest))
        return plan_changed(dir, was, is, err);
    if (!same_text(was->fingerprint, is->fingerprint))
        return machine_changed(dir, was, is, err);
    bool same = was->n_channels == is->n_channels && was->n_cases == is->n_cases;
    for (int i = 0; same && i < is->n_channels; i++)
        same = !strcmp(was->channels[i].name, is->channels[i].name) &&
               was->channels[i].quantity == is->channels[i].quantity;
    if (!same) {
        eb_err_set(err, EB_FAILED, "the probes do not see what they saw when '%s' was begun", dir);
        return eb_err_hint(
            err, "compare `effbench probes` with the sources in its header (permissions?), or start a new run");
    }
    return true;
}

// Cuts a file back to its finished length; one that is shorter has lost rows.
static bool cut(eb_journal *j, int file, uint64_t bytes, eb_err *err)
{
    struct stat st;
    if (fstat(j->fd[file], &st) != 0)
        return eb_err_sys(err, EB_FAILED, errno, "cannot read", j->path[file]);
    if ((uint64_t)st.st_size < bytes)
        return eb_err_at(err, EB_FAILED, j->path[file], 0, 0, "shorter than %s says: %lld bytes of %llu are there",
                         EB_JOURNAL_LINES, (long long)st.st_size, (unsigned long long)bytes);
    if ((uint64_t)st.st_size > bytes && (ftruncate(j->fd[file], (off_t)bytes) != 0 || fsync(j->fd[file]) != 0))
        return eb_err_sys(err, EB_FAILED, errno, "cannot cut", j->path[file]);
    j->bytes[file] = bytes;
    return true;
}

// Rows of a file have the columns of its head.
static bool same_columns(const eb_journal *j, const eb_scan *scan, eb_err *err)
{
    for (int i = 0; i < EB_CSV_COUNT; i++)
        if (scan->head_bytes[i] && scan->head_bytes[i] != strlen(eb_csv_heads[i])) {
            eb_err_set(err, EB_FAILED, "'%s' was begun by another version of this program: its columns are others",
                       j->path[i]);
            return eb_err_hint(err, "start a new run; `effbench report` reads what is there");
        }
    return true;
}

static void list_done(const eb_scan *scan, eb_trial_info **done, int *n_done)
{
    *done = eb_alloc((size_t)scan->n_trials * sizeof **done + 1);
    *n_done = 0;
    for (int i = 0; i < scan->n_trials; i++) {
        if (!scan->trials[i].info.number)
            continue;
        eb_trial_info *t = &(*done)[(*n_done)++];
        *t = scan->trials[i].info;
        t->error = NULL; // the caller frees the array alone
        t->warnings = NULL;
        t->n_warnings = 0;
    }
}

eb_journal *eb_journal_resume(const char *dir, const eb_header *header, eb_trial_info **done, int *n_done, eb_err *err)
{
    *done = NULL;
    *n_done = 0;
    eb_scan scan;
    if (!eb_scan_read(dir, &scan, err))
        return NULL;
    eb_journal *j = new_journal(dir, header);
    bool ok = same_run(dir, &scan.header, header, err) && same_columns(j, &scan, err);
    for (int i = FILES - 1; ok && i >= 0; i--) {
        if (i != LINES && scan.head_bytes[i] == 0)
            continue; // not of this run
        ok = open_file(j, i, 0, err) && (i != LINES || lock(j, err)) &&
             cut(j, i, i == LINES ? scan.line_bytes : scan.csv_bytes[i], err);
    }
    char now[32];
    eb_utc_now(now, sizeof now);
    ok = ok && append_line(j, eb_record_resume(now), err);
    if (ok && scan.header.n_channels > 0)
        memcpy(j->header.channels, scan.header.channels, (size_t)scan.header.n_channels * sizeof *j->header.channels);
    if (ok)
        list_done(&scan, done, n_done);
    eb_scan_deinit(&scan);
    if (ok)
        return j;
    eb_journal_close(j);
    return NULL;
}

const eb_channel *eb_journal_channels(const eb_journal *j)
{
    return j->header.channels;
}

bool eb_journal_facts(eb_journal *j, const eb_case_facts *facts, eb_err *err)
{
    return append_line(j, eb_record_facts(facts), err);
}

void eb_journal_spans(eb_journal *j, int trial, const eb_span *spans, size_t n_spans, const eb_op_count_row *ops,
                      size_t n_ops)
{
    if (j->fd[EB_CSV_SPANS] < 0)
        return;
    eb_rows_spans(&j->next[EB_CSV_SPANS], trial, spans, n_spans);
    eb_rows_ops(&j->next[EB_CSV_OPS], trial, ops, n_ops);
}

bool eb_journal_trial(eb_journal *j, const eb_trial_info *info, const eb_request_row *requests, size_t n_requests,
                      const eb_token_event *tokens, size_t n_tokens, const eb_power_row *power, size_t n_power,
                      eb_err *err)
{
    eb_text text[EB_CSV_COUNT];
    uint64_t bytes[EB_CSV_COUNT];
    memcpy(text, j->next, sizeof text);
    memset(j->next, 0, sizeof j->next);
    eb_token_energy *energies = eb_alloc(n_tokens * sizeof *energies + 1);
    eb_token_energies(&j->header, info, tokens, n_tokens, power, n_power, energies);
    eb_rows_requests(&text[EB_CSV_REQUESTS], info->number, requests, n_requests);
    eb_provenance from;
    eb_provenance_of_boundary(&j->header, NULL, &from, NULL);
    eb_rows_tokens(&text[EB_CSV_TOKENS], info->number, tokens, energies, n_tokens, &from);
    eb_provenance_deinit(&from);
    eb_rows_power(&text[EB_CSV_POWER], info->number, &j->header, power, n_power);
    free(energies);
    bool ok = true;
    for (int i = 0; i < EB_CSV_COUNT; i++) {
        ok = ok && (j->fd[i] < 0 || append(j, i, text[i].data, text[i].n, err));
        bytes[i] = j->bytes[i] + text[i].n;
        free(text[i].data);
    }
    if (!ok) {
        roll_back(j);
        return false;
    }
    if (!append_line(j, eb_record_trial(info, bytes), err))
        return false;
    memcpy(j->bytes, bytes, sizeof bytes);
    return true;
}

static bool append_warnings(eb_journal *j, eb_record_kind kind, char *const *warnings, size_t n, eb_err *err)
{
    char now[32];
    eb_utc_now(now, sizeof now);
    return append_line(j, eb_record_warnings(kind, now, warnings, n), err);
}

bool eb_journal_warnings(eb_journal *j, char *const *warnings, size_t n, eb_err *err)
{
    return n == 0 || append_warnings(j, EB_RECORD_WARNINGS, warnings, n, err);
}

bool eb_journal_end(eb_journal *j, const eb_warnings *warnings, eb_err *err)
{
    return append_warnings(j, EB_RECORD_END, warnings ? warnings->items : NULL, warnings ? warnings->n : 0, err);
}
