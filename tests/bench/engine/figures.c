// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/figures.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/json.h"

#define MOST_TOK_S 1e9

static bool refuse(eb_err *err, const char *name, const char *why)
{
    eb_err_set(err, EB_FAILED, "'%.200s' printed %s", name, why);
    return eb_err_hint(err, "run it by hand with -o json; a llama-bench of another kind cannot be compared");
}

// A commit may be any text: only what a commit is made of is kept.
static void copy_word(char *to, size_t size, const char *from)
{
    size_t n = 0;
    for (; *from && n + 1 < size; from++)
        if ((*from >= '0' && *from <= '9') || (*from >= 'a' && *from <= 'z') || (*from >= 'A' && *from <= 'Z') ||
            *from == '.' || *from == '-')
            to[n++] = *from;
    to[n] = 0;
}

static bool right_test(const cJSON *test, const bench_cell *cell, int threads)
{
    const int64_t prompt = eb_json_i64(test, "n_prompt", -1), depth = eb_json_i64(test, "n_depth", 0);
    // One dialect calls the context that is there before a decode test its depth, the other its prompt.
    const int64_t before = cell->kind == BENCH_PREFILL ? depth : prompt + depth;
    const int tokens = cell->kind == BENCH_COLD ? 1 : cell->output_tok;
    return eb_json_i64(test, "n_threads", -1) == threads && prompt >= 0 && depth >= 0 && depth <= cell->depth_tok &&
           eb_json_i64(test, "n_gen", -1) == tokens && before == cell->depth_tok &&
           (cell->kind != BENCH_PREFILL || prompt == cell->prompt_tok);
}

bool peer_figure_of_bench(const char *text, size_t len, const char *name, const bench_cell *cell, int threads,
                          peer_figure *out, eb_err *err)
{
    eb_err where;
    eb_err_clear(&where);
    cJSON *all = eb_json_parse(text, len, name, &where);
    const cJSON *test = cJSON_IsArray(all) && cJSON_GetArraySize(all) == 1 ? all->child : NULL;
    const cJSON *samples = cJSON_IsObject(test) ? cJSON_GetObjectItemCaseSensitive(test, "samples_ts") : NULL;
    const int n = cJSON_IsArray(samples) ? cJSON_GetArraySize(samples) : 0;
    const cJSON *last = n > 0 ? cJSON_GetArrayItem(samples, n - 1) : NULL;
    *out = (peer_figure){ .tok_s = cJSON_IsNumber(last) ? last->valuedouble : NAN };
    bool ok = false;
    if (!all)
        refuse(err, name, "no JSON");
    else if (!last)
        refuse(err, name, "no test, or more than one");
    else if (!right_test(test, cell, threads))
        refuse(err, name, "the figures of another test than was asked for");
    else if (!(out->tok_s > 0 && out->tok_s < MOST_TOK_S))
        refuse(err, name, "no rate");
    else
        ok = true;
    char commit[32];
    copy_word(commit, sizeof commit, ok ? eb_json_str(test, "build_commit", "") : "");
    if (*commit)
        snprintf(out->version, sizeof out->version, "%s (build %lld)", commit,
                 (long long)eb_json_i64(test, "build_number", 0));
    cJSON_Delete(all);
    return ok;
}

enum { COLUMNS = 10, PP = 0, TG = 1, SEQUENCES = 2, S_TG = 7 };

// One line of the table: "| PP | TG | B | N_KV | T_PP | S_PP | T_TG | S_TG | T | S |".
static bool row(const char *line, const char *end, double value[COLUMNS])
{
    int n = 0;
    while (line < end && *line == '|' && n < COLUMNS) {
        char *after;
        value[n] = strtod(line + 1, &after);
        if (after == line + 1 || after >= end)
            return false;
        line = after + strspn(after, " ");
        n++;
    }
    return n == COLUMNS && line < end && *line == '|';
}

bool peer_figure_of_batched(const char *text, size_t len, const char *name, const bench_cell *cell, peer_figure *out,
                            eb_err *err)
{
    double v[COLUMNS];
    *out = (peer_figure){ .tok_s = NAN };
    for (const char *line = text, *end; line < text + len; line = end + 1) {
        end = memchr(line, '\n', (size_t)(text + len - line));
        end = end ? end : text + len;
        if (!row(line, end, v))
            continue;
        if (v[PP] != 1 || v[TG] != cell->output_tok || v[SEQUENCES] != cell->batch)
            return refuse(err, name, "the figures of another test than was asked for");
        out->tok_s = v[S_TG];
    }
    return (out->tok_s > 0 && out->tok_s < MOST_TOK_S) || refuse(err, name, "no rate");
}
