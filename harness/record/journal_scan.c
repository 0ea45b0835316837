// SPDX-License-Identifier: Apache-2.0
// Reads trials.jsonl line by line.
#include "harness/record/journal_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/record/vouch.h"

static const size_t max_lines_bytes = (size_t)1 << 30;

// A run that was gone on with: what was said at its end is said of another one.
static void forget_end(eb_scan *s)
{
    while (s->n_warnings > s->n_kept)
        free(s->warnings[--s->n_warnings]);
    free(s->ended_utc);
    s->ended_utc = NULL;
    s->complete = false;
}

static bool take_facts(eb_scan *s, const cJSON *json, eb_record_place at, eb_err *err)
{
    eb_case_facts facts = { 0 };
    if (!eb_record_read_facts(json, at, s->header.n_cases, &facts, err))
        return false;
    int i = 0;
    while (i < s->n_facts && s->facts[i].case_index != facts.case_index)
        i++;
    if (i == s->n_facts) {
        EB_GROW(s->facts, s->n_facts, s->cap_facts);
        s->n_facts++;
    }
    s->facts[i] = facts;
    return true;
}

static bool take_trial(eb_scan *s, const cJSON *json, eb_record_place at, eb_err *err)
{
    EB_GROW(s->trials, s->n_trials, s->cap_trials);
    eb_scanned_trial *t = &s->trials[s->n_trials++];
    *t = (eb_scanned_trial){ 0 };
    if (!eb_record_read_trial(json, at, s->header.n_cases, &t->info, err) ||
        !eb_record_read_bytes(json, at, t->bytes, err))
        return false;
    for (int i = 0; i < EB_CSV_COUNT; i++)
        if (t->bytes[i] < s->csv_bytes[i])
            return eb_err_at(err, EB_USAGE, at.file, at.line, 0, "'%s' goes backwards", eb_csv_names[i]);
    for (int i = s->n_trials - 2; t->info.number && i >= 0; i--) {
        if (!s->trials[i].info.number)
            continue;
        if (s->trials[i].info.number >= t->info.number)
            return eb_err_at(err, EB_USAGE, at.file, at.line, 0, "trial %d comes after trial %d", t->info.number,
                             s->trials[i].info.number);
        break;
    }
    memcpy(s->csv_bytes, t->bytes, sizeof s->csv_bytes);
    return true;
}

static bool take_warnings(eb_scan *s, const cJSON *json, eb_record_place at, eb_err *err)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(json, "warnings");
    bool ok = cJSON_IsArray(list) && eb_json_str(json, "at", NULL);
    for (const cJSON *item = ok ? list->child : NULL; item && ok; item = item->next) {
        EB_GROW(s->warnings, s->n_warnings, s->cap_warnings);
        ok = cJSON_IsString(item);
        if (ok)
            s->warnings[s->n_warnings++] = eb_strdup(item->valuestring);
    }
    return ok || eb_err_at(err, EB_USAGE, at.file, at.line, 0, "malformed %s record", eb_json_str(json, "record", ""));
}

static bool take_end(eb_scan *s, const cJSON *json, eb_record_place at, eb_err *err)
{
    if (!take_warnings(s, json, at, err))
        return false;
    s->ended_utc = eb_strdup(eb_json_str(json, "at", ""));
    s->complete = true;
    return true;
}

static bool take_record(eb_scan *s, const cJSON *json, eb_record_place at, eb_err *err)
{
    eb_record_kind kind;
    if (!eb_record_kind_of(json, at, &kind, err))
        return false;
    if ((kind == EB_RECORD_HEADER) != (at.line == 1))
        return eb_err_at(err, EB_USAGE, at.file, at.line, 0, "a run has one header, on its first line");
    forget_end(s);
    switch (kind) {
    case EB_RECORD_HEADER:
        if (!eb_record_read_header(json, at, &s->header, err) || !eb_record_read_bytes(json, at, s->csv_bytes, err))
            return false;
        memcpy(s->head_bytes, s->csv_bytes, sizeof s->head_bytes);
        return true;
    case EB_RECORD_CASE:
        return take_facts(s, json, at, err);
    case EB_RECORD_IDLE:
    case EB_RECORD_TRIAL:
        return take_trial(s, json, at, err);
    case EB_RECORD_WARNINGS:
        if (!take_warnings(s, json, at, err))
            return false;
        s->n_kept = s->n_warnings;
        return true;
    case EB_RECORD_END:
        return take_end(s, json, at, err);
    default:
        return true;
    }
}

void eb_journal_digest(const char *lines, size_t len, char out[17])
{
    snprintf(out, 17, "%016llx", (unsigned long long)XXH64(lines, len, 0));
}

static bool scan_lines(eb_scan *s, const char *path, const char *text, size_t len, eb_err *err)
{
    eb_record_place at = { .file = path, .line = 0 };
    while (s->line_bytes < len) {
        const char *line = text + s->line_bytes;
        const char *end = memchr(line, '\n', len - s->line_bytes);
        if (!end)
            break; // a killed run's last words
        at.line++;
        eb_err bad = { 0 };
        cJSON *json = eb_json_parse(line, (size_t)(end - line), path, &bad);
        if (!json)
            return eb_err_at(err, EB_USAGE, path, at.line, bad.column, "%s", bad.message);
        bool ok = take_record(s, json, at, err);
        cJSON_Delete(json);
        if (!ok)
            return false;
        s->line_bytes = (uint64_t)(end + 1 - text);
    }
    eb_journal_digest(text, s->line_bytes, s->digest);
    return at.line > 0 || eb_err_at(err, EB_USAGE, path, 0, 0, "the run was stopped before it began: nothing is in it");
}

bool eb_scan_read(const char *dir, eb_scan *out, eb_err *err)
{
    *out = (eb_scan){ 0 };
    char *path = eb_path_join(dir, EB_JOURNAL_LINES);
    size_t len = 0;
    char *text = NULL;
    bool ok = eb_file_exists(path);
    if (!ok) {
        char newer[96];
        bool is_newer = eb_vouch_newer(dir, newer, sizeof newer);
        if (eb_folder_exists(dir, "the folder of a run", err))
            eb_err_set(err, EB_USAGE, "'%s' holds no run: there is no %s in it%s%s", dir, EB_JOURNAL_LINES,
                       is_newer ? ", and its run.json " : "", is_newer ? newer : "");
        eb_err_hint(err, is_newer ? "use the version of effbench that wrote it, or give the whole folder"
                                  : "give the folder that `effbench run` named at its end");
    } else {
        text = eb_file_read_regular(path, max_lines_bytes, &len, err);
        ok = text && scan_lines(out, path, text, len, err);
    }
    if (!ok)
        eb_scan_deinit(out);
    free(text);
    free(path);
    return ok;
}

void eb_scan_deinit(eb_scan *s)
{
    s->n_kept = 0;
    forget_end(s);
    free(s->warnings);
    for (int i = 0; i < s->n_trials; i++)
        eb_trial_info_deinit(&s->trials[i].info);
    free(s->trials);
    free(s->facts);
    eb_header_deinit(&s->header);
    *s = (eb_scan){ 0 };
}
