// SPDX-License-Identifier: Apache-2.0
#include "harness/cmd/resume.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/journal.h"

enum { LIMIT = 1 << 20 };

bool eb_resume_save(const char *dir, const char *text, size_t len, const char *const *sets, int n_sets, eb_err *err)
{
    size_t n = 0;
    if (!eb_mkdirs(dir, err))
        return false;
    // `--out .` beside a config of that name must not overwrite it.
    static const char *const taken[] = { "trials.jsonl", "config.ini" };
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        char *path = eb_path_join(dir, taken[i]);
        bool there = eb_file_exists(path);
        free(path);
        if (there) {
            eb_err_set(err, EB_USAGE, "'%s' holds a %s already", dir, taken[i]);
            return eb_err_hint(err, "name another folder, or go on with `effbench run --resume '%s'`", dir);
        }
    }
    char *path = eb_path_join(dir, taken[1]);
    bool ok = eb_file_write_atomic(path, text, len, err);
    free(path);
    for (int i = 0; i < n_sets; i++)
        n += strlen(sets[i]) + 1;
    char *all = eb_alloc(n + 1), *at = all;
    for (int i = 0; i < n_sets; i++) {
        at = stpcpy(at, sets[i]);
        *at++ = '\n';
    }
    path = eb_path_join(dir, "sets.txt");
    ok = ok && (n == 0 || eb_file_write_atomic(path, all, n, err));
    free(path);
    free(all);
    return ok;
}

void eb_resume_forget(const char *dir)
{
    static const char *const names[] = { "config.ini", "sets.txt" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = eb_path_join(dir, names[i]);
        unlink(path);
        free(path);
    }
    rmdir(dir);
}

bool eb_resume_load(const char *dir, eb_resume *out, eb_err *err)
{
    size_t len;
    *out = (eb_resume){ .config = eb_path_join(dir, "config.ini") };
    if (!eb_file_exists(out->config)) {
        eb_resume_deinit(out);
        if (eb_folder_exists(dir, "the folder of a run", err))
            eb_err_set(err, EB_USAGE, "'%s' holds no run to go on with (no config.ini)", dir);
        return eb_err_hint(err, "name the folder that `effbench run` printed at its end");
    }
    int fd = eb_file_open_regular(out->config, err);
    if (fd < 0) {
        eb_resume_deinit(out);
        return false;
    }
    close(fd);
    char *path = eb_path_join(dir, "sets.txt");
    char *text = eb_file_exists(path) ? eb_file_read_regular(path, LIMIT, &len, err) : eb_strdup("");
    free(path);
    if (!text) {
        eb_resume_deinit(out);
        return false;
    }
    int cap = 0;
    for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        EB_GROW(out->sets, out->n_sets, cap);
        out->sets[out->n_sets++] = eb_strdup(line);
    }
    free(text);
    return true;
}

void eb_resume_deinit(eb_resume *r)
{
    for (int i = 0; i < r->n_sets; i++)
        free(r->sets[i]);
    free(r->sets);
    free(r->config);
    *r = (eb_resume){ 0 };
}

bool eb_resume_complete(const char *dir, const eb_plan *plan)
{
    eb_err err;
    eb_err_clear(&err);
    eb_journal_data *d = plan->run.max_time_ns > 0 ? NULL : eb_journal_read(dir, &err);
    bool complete = d && d->complete && !strcmp(d->header.plan_digest, plan->digest);
    eb_journal_data_free(d);
    return complete;
}
