// SPDX-License-Identifier: Apache-2.0
#include "harness/record/import_rows.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/base/utf8.h"
#include "harness/record/import_llama_bench.h"

enum { MAX_COLUMNS = 256, MAX_FIELD = 4096 };

// ---- JSON, JSON lines ----

static cJSON *of_lines(const char *text, size_t len, const char *name, eb_json_fault *fault, eb_err *err)
{
    cJSON *rows = cJSON_CreateArray();
    const char *end = text + len;
    for (int line = 1; text < end; line++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        stop = stop ? stop : end;
        size_t n = (size_t)(stop - text);
        if (n && strspn(text, " \t\r") < n) {
            cJSON *row =
                cJSON_GetArraySize(rows) < EB_IMPORT_MAX_ROWS ? eb_json_parse_fault(text, n, name, fault, err) : NULL;
            if (!row) {
                if (err->code == EB_OK)
                    eb_err_at(err, EB_USAGE, name, line, 0, "more than %d rows", EB_IMPORT_MAX_ROWS);
                err->line = line;
                cJSON_Delete(rows);
                return NULL;
            }
            cJSON_AddItemToArray(rows, row);
        }
        text = stop + (stop < end);
    }
    return rows;
}

// ---- CSV ----

typedef struct reader {
    char *heads[MAX_COLUMNS];
    int n_heads, column, line;
    cJSON *rows, *row;
    const char *why; // what is wrong; NULL = nothing yet
} reader;

static void take_field(void *field, size_t len, void *to)
{
    reader *r = to;
    if (r->why)
        return;
    char *text = eb_strndup(field ? field : "", len);
    if (len > MAX_FIELD || strlen(text) != len)
        r->why = "a field is too long, or holds a NUL byte";
    else if (eb_utf8_check(text, len) != len)
        r->why = "a field is not UTF-8";
    else if (r->column >= (r->rows ? r->n_heads : MAX_COLUMNS))
        r->why = r->rows ? "a row has more fields than the head" : "there are too many columns";
    if (r->why) {
        free(text);
        return;
    }
    if (r->rows) {
        r->row = r->row ? r->row : eb_json_append_obj(r->rows);
        eb_json_add_str(r->row, r->heads[r->column], text);
        free(text);
    } else {
        r->heads[r->n_heads++] = text;
    }
    r->column++;
}

static void take_row(int terminator, void *to)
{
    (void)terminator;
    reader *r = to;
    if (r->why)
        return;
    if (!r->rows)
        r->rows = cJSON_CreateArray();
    else if (r->column != r->n_heads)
        r->why = "a row has fewer fields than the head";
    else if (cJSON_GetArraySize(r->rows) > EB_IMPORT_MAX_ROWS)
        r->why = "there are more than 1000 rows";
    r->line += !r->why; // an error stays at its row
    r->row = NULL;
    r->column = 0;
}

static bool names_differ(const reader *r)
{
    for (int i = 0; i < r->n_heads; i++)
        for (int k = 0; k < i; k++)
            if (!strcmp(r->heads[i], r->heads[k]))
                return false;
    return true;
}

static cJSON *of_csv(const char *text, size_t len, const char *name, eb_err *err)
{
    struct csv_parser parser;
    reader r = { .line = 1 };
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        eb_err_set(err, EB_FAILED, "no memory for CSV");
        return NULL;
    }
    size_t step = 1 << 14;
    for (size_t at = 0; at < len && !r.why; at += step) { // stops soon after what is wrong
        size_t n = len - at < step ? len - at : step;
        if (csv_parse(&parser, text + at, n, take_field, take_row, &r) != n)
            r.why = r.why ? r.why : "this is no CSV";
    }
    if (!r.why && csv_fini(&parser, take_field, take_row, &r) != 0)
        r.why = "a quote is not closed";
    csv_free(&parser);
    if (!r.why && !names_differ(&r)) {
        r.why = "a column is there twice";
        r.line = 1;
    }
    if (r.why)
        eb_err_at(err, EB_USAGE, name, r.line, 0, "%s", r.why);
    for (int i = 0; i < r.n_heads; i++)
        free(r.heads[i]);
    if (!r.why)
        return r.rows ? r.rows : cJSON_CreateArray();
    cJSON_Delete(r.rows);
    return NULL;
}

// What llama-bench writes too, and nothing can be made of: rounded, or to be run by a data base.
static bool other_form(const char *text, size_t len, const char *name, eb_err *err)
{
    static const char sql[] = "CREATE TABLE";
    const char *form = len && *text == '|'                                        ? "a markdown table"
                       : len >= sizeof sql && !strncmp(text, sql, sizeof sql - 1) ? "SQL"
                                                                                  : NULL;
    if (!form)
        return false;
    eb_err_at(err, EB_USAGE, name, 1, 0, "this is %s, which cannot be imported", form);
    eb_err_hint(err, "llama-bench -o json (or csv, jsonl) writes what can be imported");
    return true;
}

// What to do next, with the place in bytes: a file in one line has columns that no editor goes to.
static void advise(const char *text, size_t len, eb_json_fault fault, eb_err *err)
{
    static const char good[] = "llama-bench -o json (or csv, jsonl) writes what can be imported";
    size_t at = 0;
    if (err->hint[0])
        return;
    if (err->column <= 0) {
        eb_err_hint(err, "%s", good);
        return;
    }
    for (int line = 1; line < err->line && at < len; at++)
        line += text[at] == '\n';
    at += (size_t)err->column - 1;
    if (at + 1 < len || (at < len && fault == EB_JSON_TRAILING))
        eb_err_hint(err, "byte %zu of %zu is wrong; %s", at + 1, len, good);
    else
        eb_err_hint(err, "it ends too early, after %zu bytes: copy it whole, or measure again; %s", len, good);
}

cJSON *eb_import_rows(const char *text, size_t len, const char *name, eb_err *err)
{
    size_t first = 0;
    while (first < len && strchr(" \t\r\n", text[first]) && text[first])
        first++;
    if (other_form(text + first, len - first, name, err))
        return NULL;
    eb_json_fault fault = EB_JSON_FINE;
    char begins = first < len ? text[first] : '\0';
    cJSON *rows = begins == '['   ? eb_json_parse_fault(text, len, name, &fault, err)
                  : begins == '{' ? of_lines(text, len, name, &fault, err)
                  : begins        ? of_csv(text, len, name, err)
                                  : cJSON_CreateArray();
    if (!rows) {
        advise(text, len, fault, err);
        return NULL;
    }
    int n = cJSON_GetArraySize(rows);
    if (n > 0 && n <= EB_IMPORT_MAX_ROWS)
        return rows;
    cJSON_Delete(rows);
    eb_err_at(err, EB_USAGE, name, 0, 0, n ? "more than 1000 rows" : "there are no rows in it");
    eb_err_hint(err, "llama-bench -o json (or csv, jsonl) writes what can be imported");
    return NULL;
}
