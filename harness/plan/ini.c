// SPDX-License-Identifier: Apache-2.0
// The INI reader: one pass over the lines, each error noted with its place, then on to the next line.
#include "harness/plan/ini.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/utf8.h"

enum { FILE_MAX = 1 << 20, LINE_BYTES_MAX = 4096, LINES_MAX = 20000, ENTRIES_MAX = 10000, SECTIONS_MAX = 1000 };

typedef struct reader {
    eb_ini *ini;
    eb_err_list *errs;
    const char *line; // the current line, NUL-terminated
    int number;       // its 1-based number
    bool ok;
    bool lost; // below a header that could not be read: keys are checked but belong nowhere
    const eb_ini_section *section;
} reader;

// Notes an error at byte `at` of the current line and returns it for the hint.
static eb_err *complain(reader *r, size_t at, const char *message)
{
    eb_err *err = eb_err_list_add(r->errs);
    eb_err_at(err, EB_USAGE, r->ini->file, r->number, (int)at + 1, "%s", message);
    eb_err_source(err, r->line);
    r->ok = false;
    return err;
}

static size_t skip_space(const char *s, size_t i)
{
    return i + strspn(s + i, " \t");
}

static bool at_comment(const char *s, size_t i)
{
    return (s[i] == '#' || s[i] == ';') && (i == 0 || s[i - 1] == ' ' || s[i - 1] == '\t');
}

static size_t trim_end(const char *s, size_t start, size_t end)
{
    while (end > start && (s[end - 1] == ' ' || s[end - 1] == '\t'))
        end--;
    return end;
}

// ---- sections ----

static void read_header(reader *r, size_t open)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    const char *s = r->line;
    r->section = NULL;
    r->lost = true;
    size_t word = skip_space(s, open + 1), word_end = word + strspn(s + word, letters), name = skip_space(s, word_end);
    size_t close = name + strcspn(s + name, "]#;");
    if (s[close] != ']') {
        eb_err_hint(complain(r, trim_end(s, open + 1, close), "the section is not closed"), "add ']'");
        return;
    }
    size_t rest = skip_space(s, close + 1), name_end = trim_end(s, name, close);
    if (word_end == word || (name == word_end && name < close)) {
        eb_err_hint(complain(r, word_end, "this is no section"), "write [section] or [section NAME]");
        return;
    }
    if (s[rest] != '\0' && !at_comment(s, rest)) {
        eb_err_hint(complain(r, rest, "text after the section"),
                    "keys go on lines of their own; a comment starts with #");
        return;
    }
    eb_ini *ini = r->ini;
    if (ini->n_sections == SECTIONS_MAX) {
        eb_err_hint(complain(r, open, "more than 1000 sections"), "make it several configs");
        return;
    }
    EB_GROW(ini->sections, ini->n_sections, ini->cap_sections);
    eb_ini_section *section = &ini->sections[ini->n_sections++];
    *section = (eb_ini_section){ .section = eb_strndup(s + word, word_end - word),
                                 .name = name < name_end ? eb_strndup(s + name, name_end - name) : NULL,
                                 .line = r->number,
                                 .column = (int)open + 1 };
    r->section = section;
    r->lost = false;
}

// ---- keys ----

// End of the quoted text whose opening quote is at i (past the closing one), or 0 when it is not closed.
static size_t quote_end(const char *s, size_t i)
{
    for (i++; s[i] != '\0' && s[i] != '"'; i++)
        if (s[i] == '\\' && (s[i + 1] == '"' || s[i + 1] == '\\'))
            i++;
    return s[i] == '"' ? i + 1 : 0;
}

// End of the value that starts at `i`: the whole line up to a comment. A quote counts where an item of a list begins.
static bool find_value_end(reader *r, size_t start, size_t *end)
{
    const char *s = r->line;
    bool item_start = true;
    for (size_t i = start; s[i] != '\0' && !at_comment(s, i); i++) {
        if (item_start && s[i] == '"') {
            size_t after = quote_end(s, i);
            if (after == 0) {
                eb_err_hint(complain(r, i, "the quote is not closed"), "add \" at the end of the text");
                return false;
            }
            size_t next = skip_space(s, after);
            if (s[next] != '\0' && s[next] != ',' && !at_comment(s, next)) {
                eb_err_hint(complain(r, next, "text after the closing quote"), "a quote inside quotes is written \\\"");
                return false;
            }
            i = after - 1;
        }
        *end = i + 1;
        if (s[i] != ' ' && s[i] != '\t')
            item_start = s[i] == ',';
    }
    *end = trim_end(s, start, *end);
    return true;
}

static void read_entry(reader *r, size_t key)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *s = r->line;
    size_t key_end = key + strspn(s + key, letters), equals = skip_space(s, key_end);
    if (s[equals] != '=') {
        eb_err *err = complain(r, equals, strchr(s, '=') ? "this does not belong in a key" : "there is no '='");
        eb_err_hint(err, "write key = value");
        return;
    }
    if (key_end == key) {
        eb_err_hint(complain(r, key, "there is no key before '='"), "write key = value");
        return;
    }
    size_t value = skip_space(s, equals + 1), value_end = value;
    if (!find_value_end(r, value, &value_end))
        return;
    if (value_end == value) {
        eb_err_hint(complain(r, equals + 1, "there is no value after '='"), "leave the line out for the default");
        return;
    }
    if (!r->section) {
        if (!r->lost)
            eb_err_hint(complain(r, key, "this key stands outside of a section"), "put it below a line such as [run]");
        return;
    }
    eb_ini *ini = r->ini;
    if (ini->n == ENTRIES_MAX) {
        eb_err_hint(complain(r, key, "more than 10000 keys"), "make it several configs");
        return;
    }
    EB_GROW(ini->entries, ini->n, ini->cap);
    ini->entries[ini->n++] = (eb_ini_entry){
        .section = eb_strdup(r->section->section),
        .name = r->section->name ? eb_strdup(r->section->name) : NULL,
        .key = eb_strndup(s + key, key_end - key),
        .value = eb_strndup(s + value, value_end - value),
        .line = r->number,
        .key_column = (int)key + 1,
        .value_column = (int)value + 1,
        .section_line = r->section->line,
    };
}

// ---- lines ----

// Bytes that have no business in a config, before anything looks at them as text.
static bool check_bytes(reader *r, const char *text, size_t len)
{
    if (len > LINE_BYTES_MAX) {
        eb_err_hint(complain(r, LINE_BYTES_MAX, "the line is longer than 4096 bytes"), "shorten it");
        return false;
    }
    size_t bad = eb_utf8_check(text, len);
    if (bad < len) {
        eb_err_hint(complain(r, bad, "this is not valid UTF-8"), "save the file as UTF-8");
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7F) {
            eb_err_hint(complain(r, i, c == 0 ? "a NUL byte" : "a control character"),
                        c == '\r' ? "end lines with a line feed" : "a config is plain text: take it out");
            return false;
        }
    }
    return true;
}

static void read_line(reader *r, const char *text, size_t len)
{
    eb_ini *ini = r->ini;
    r->line = ini->lines[ini->n_lines] = eb_alloc(len + 1);
    memcpy(ini->lines[ini->n_lines], text, len);
    r->number = ++ini->n_lines;
    size_t start = skip_space(r->line, 0);
    if (!check_bytes(r, text, len)) {
        if (r->line[start] == '[') { // a header that cannot be read: what follows is not of the section before it
            r->section = NULL;
            r->lost = true;
        }
        return;
    }
    if (r->line[start] == '[')
        read_header(r, start);
    else if (r->line[start] != '\0' && r->line[start] != '#' && r->line[start] != ';')
        read_entry(r, start);
}

static size_t count_lines(const char *text, size_t len)
{
    size_t n = 1;
    for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
        n++;
    return n;
}

// JSON or markup, a result folder's run.json among them: an error for each of its lines would say nothing.
static bool is_other_format(const char *text, size_t len, const char **what)
{
    size_t i = 0;
    while (i < len && (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n'))
        i++;
    *what = i < len && text[i] == '{' ? "JSON" : "markup";
    return i < len && (text[i] == '{' || text[i] == '<');
}

bool eb_ini_parse(const char *file, const char *text, size_t len, eb_ini *out, eb_err_list *errs)
{
    *out = (eb_ini){ .file = eb_strdup(file) };
    reader r = { .ini = out, .errs = errs, .line = "", .ok = true };
    size_t n_lines = len <= FILE_MAX ? count_lines(text, len) : 0;
    if (len > FILE_MAX || n_lines > LINES_MAX) {
        eb_err_at(eb_err_list_add(errs), EB_USAGE, file, 0, 0, "the file is too large for a config: %s",
                  len > FILE_MAX ? "more than 1 MiB" : "more than 20000 lines");
        return false;
    }
    if (len >= 2 && (!memcmp(text, "\xFF\xFE", 2) || !memcmp(text, "\xFE\xFF", 2))) {
        eb_err *err = eb_err_list_add(errs);
        eb_err_at(err, EB_USAGE, file, 1, 1, "the file is UTF-16");
        eb_err_hint(err, "save it as UTF-8");
        return false;
    }
    const char *what;
    if (is_other_format(text, len, &what)) {
        eb_err *err = eb_err_list_add(errs);
        eb_err_at(err, EB_USAGE, file, 0, 0, "the file is no INI file but %s", what);
        eb_err_hint(err, "sections are [section], keys are key = value");
        return false;
    }
    out->lines = eb_alloc(n_lines * sizeof *out->lines);
    size_t at = len >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3) ? 3 : 0;
    while (at < len) {
        const char *newline = memchr(text + at, '\n', len - at);
        size_t end = newline ? (size_t)(newline - text) : len, stop = end;
        if (stop > at && text[stop - 1] == '\r')
            stop--;
        read_line(&r, text + at, stop - at);
        at = end + 1;
    }
    return r.ok;
}

void eb_ini_deinit(eb_ini *ini)
{
    for (size_t i = 0; i < ini->n; i++) {
        free(ini->entries[i].section);
        free(ini->entries[i].name);
        free(ini->entries[i].key);
        free(ini->entries[i].value);
    }
    for (size_t i = 0; i < ini->n_sections; i++) {
        free(ini->sections[i].section);
        free(ini->sections[i].name);
    }
    for (int i = 0; i < ini->n_lines; i++)
        free(ini->lines[i]);
    free(ini->entries);
    free(ini->sections);
    free(ini->lines);
    free(ini->file);
    *ini = (eb_ini){ 0 };
}
