// SPDX-License-Identifier: Apache-2.0
// Lines in and out.
#include "harness/record/gate_history.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"

enum { FILE_LIMIT = 64 << 20, ENTRIES_MAX = 100000, VALUES_MAX = 100000 };

static void free_entry(eb_history_entry *e)
{
    for (int i = 0; i < e->n_values; i++) {
        free(e->values[i].id);
        free(e->values[i].key);
    }
    char *owned[] = { e->utc, e->fingerprint, e->verdict, e->candidate, e->reason };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
        free(owned[i]);
    free(e->values);
}

void eb_history_deinit(eb_history *h)
{
    for (int i = 0; i < h->n; i++)
        free_entry(&h->entries[i]);
    free(h->entries);
    *h = (eb_history){ 0 };
}

static char *text_of(const cJSON *json, const char *key)
{
    return eb_strdup(eb_json_str(json, key, ""));
}

static bool take_values(const cJSON *json, eb_history_entry *e)
{
    const cJSON *k, *m;
    int cap = 0;
    cJSON_ArrayForEach(k, cJSON_GetObjectItemCaseSensitive(json, "cases"))
    {
        cJSON_ArrayForEach(m, cJSON_GetObjectItemCaseSensitive(k, "metrics"))
        {
            double value = eb_json_num(m, "value", NAN);
            if (!(value > 0 && isfinite(value)) || e->n_values == VALUES_MAX)
                return false;
            EB_GROW(e->values, e->n_values, cap);
            e->values[e->n_values++] =
                (eb_history_value){ .id = text_of(k, "id"), .key = text_of(m, "key"), .value = value };
        }
    }
    return true;
}

static const char take_out[] = "take the line out, or begin a new file";

static bool take_line(eb_history *h, const char *line, size_t len, const char *path, int number, eb_err *err)
{
    eb_err why;
    eb_err_clear(&why);
    cJSON *json = eb_json_parse(line, len, path, &why);
    if (!json) {
        eb_err_at(err, EB_USAGE, path, number, 0, "damaged line: %.300s", why.message);
        return eb_err_hint(err, h->n ? take_out
                                     : "--history takes a file that an earlier gate began; name another, it is begun");
    }
    bool ok = false;
    if (strcmp(eb_json_str(json, "schema", ""), EB_HISTORY_SCHEMA) != 0) {
        eb_err_at(err, EB_USAGE, path, number, 0, "no line of a gate's history: schema '%.60s' is not '%s'",
                  eb_json_str(json, "schema", ""), EB_HISTORY_SCHEMA);
    } else if (h->n == ENTRIES_MAX) {
        eb_err_at(err, EB_USAGE, path, number, 0, "more than %d entries; begin a new file", ENTRIES_MAX);
    } else {
        EB_GROW(h->entries, h->n, h->cap);
        eb_history_entry *e = &h->entries[h->n++];
        *e = (eb_history_entry){ .utc = text_of(json, "utc"),
                                 .fingerprint = text_of(json, "fingerprint"),
                                 .verdict = text_of(json, "verdict"),
                                 .candidate = text_of(json, "candidate"),
                                 .reason = text_of(json, "reason"),
                                 .accepted = eb_json_bool(json, "accepted", false) };
        ok = take_values(json, e);
        if (!ok) {
            eb_err_at(err, EB_USAGE, path, number, 0, "damaged line: a metric without a value above 0");
            eb_err_hint(err, take_out);
        }
    }
    cJSON_Delete(json);
    return ok;
}

// Whether n bytes without an end may be what there is of a line of ours. What is not is somebody's file: it would be
// cut.
static bool begins_line(const char *text, size_t n)
{
    static const char head[] = "{\"schema\":\"" EB_HISTORY_SCHEMA "\"";
    return !strncmp(text, head, n < sizeof head - 1 ? n : sizeof head - 1);
}

bool eb_history_read(const char *path, eb_history *out, eb_err *err)
{
    *out = (eb_history){ 0 };
    size_t len = 0;
    if (!eb_file_exists(path))
        return true;
    char *text = eb_file_read_regular(path, FILE_LIMIT, &len, err);
    if (!text)
        return false;
    bool ok = true;
    int number = 1;
    for (size_t at = 0; ok && at < len; number++) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - (text + at)) : len - at;
        if (!end && begins_line(text + at, n))
            out->torn = true; // what was being written when the machine went down
        else if (!end)
            ok = eb_err_at(err, EB_USAGE, path, number, 0, "no line of a gate's history, and no end of the line");
        else if (n)
            ok = take_line(out, text + at, n, path, number, err);
        at += n + 1;
    }
    free(text);
    if (!ok)
        eb_history_deinit(out);
    return ok;
}

bool eb_history_fits(const eb_history *h, const char *path, const char *fingerprint, eb_err *err)
{
    for (int i = 0; i < h->n; i++)
        if (strcmp(h->entries[i].fingerprint, fingerprint) != 0) {
            eb_err_set(err, EB_UNAVAILABLE,
                       "'%s' is the history of another machine: fingerprint %.40s there, %.40s here", path,
                       h->entries[i].fingerprint, fingerprint);
            return eb_err_hint(err, "a history file for each machine; a new kernel or governor is a new machine");
        }
    return true;
}

static char *line_of(const eb_check *c, bool accepted, const char *reason)
{
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "schema", EB_HISTORY_SCHEMA);
    eb_json_add_str(json, "utc", c->started_utc);
    eb_json_add_str(json, "tool_version", c->tool_version);
    eb_json_add_str(json, "fingerprint", c->fingerprint);
    eb_json_add_str(json, "verdict", eb_gate_verdict_name(c->verdict));
    eb_json_add_str(json, "base", c->base);
    eb_json_add_str(json, "candidate", c->cand);
    eb_json_add_bool(json, "accepted", accepted);
    eb_json_add_str(json, "reason", reason ? reason : "");
    eb_json_add_i64(json, "pairs", c->pairs);
    cJSON *cases = eb_json_add_arr(json, "cases");
    for (int i = 0; i < c->n_cases; i++) {
        cJSON *k = eb_json_append_obj(cases);
        eb_json_add_str(k, "id", c->cases[i].cand_id);
        cJSON *metrics = eb_json_add_arr(k, "metrics");
        for (int j = 0; j < c->cases[i].n_metrics; j++) {
            const eb_check_metric *m = &c->cases[i].metrics[j];
            if (!(m->cand_median > 0))
                continue;
            cJSON *v = eb_json_append_obj(metrics);
            eb_json_add_str(v, "key", m->key);
            eb_json_add_num(v, "value", m->cand_median);
        }
    }
    char *text = eb_json_print(json, false);
    cJSON_Delete(json);
    return text;
}

// The bytes up to the end of the last whole line; -1 = cannot be read (errno).
static off_t whole_lines(int fd)
{
    char block[4096];
    off_t end = lseek(fd, 0, SEEK_END);
    while (end > 0) {
        off_t at = end > (off_t)sizeof block ? end - (off_t)sizeof block : 0;
        ssize_t n = pread(fd, block, (size_t)(end - at), at);
        if (n <= 0)
            return -1;
        const char *newline = memrchr(block, '\n', (size_t)n);
        if (newline)
            return at + (newline - block) + 1;
        end = at;
    }
    return end;
}

// Whether the file may be written to now: it is locked, or cannot be here.
static bool lock(eb_history_to *to, int fd)
{
    int rc;
    do
        rc = to->lock ? to->lock(fd, LOCK_EX) : flock(fd, LOCK_EX);
    while (rc != 0 && errno == EINTR);
    to->unlocked = rc != 0 && (errno == ENOLCK || errno == EOPNOTSUPP || errno == ENOSYS);
    return rc == 0 || to->unlocked;
}

// Under the lock: what lies behind the last whole line was left by a machine that went down, for nobody else is
// writing. A line that does not get in whole is taken out again.
static bool append_locked(int fd, const char *line, size_t len)
{
    off_t whole = whole_lines(fd);
    if (whole < 0 || ftruncate(fd, whole) != 0)
        return false;
    errno = 0;
    if (write(fd, line, len) == (ssize_t)len && fsync(fd) == 0)
        return true;
    int why = errno ? errno : ENOSPC;
    if (ftruncate(fd, whole) == 0)
        fsync(fd);
    errno = why;
    return false;
}

bool eb_history_append(eb_history_to *to, const eb_check *c, bool accepted, const char *reason, eb_err *err)
{
    char *line = line_of(c, accepted, reason), *whole = eb_format("%s\n", line);
    int fd = open(to->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    bool ok = fd >= 0 && lock(to, fd) && append_locked(fd, whole, strlen(whole));
    if (!ok)
        eb_err_sys(err, EB_FAILED, errno, "cannot append to", to->path);
    if (fd >= 0)
        close(fd); // and with it the lock
    free(line);
    free(whole);
    return ok;
}
