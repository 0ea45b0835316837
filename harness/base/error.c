// SPDX-License-Identifier: Apache-2.0
// Errors as values: filled where something fails, printed in one place.
#include "harness/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/utf8.h"

void eb_err_clear(eb_err *err)
{
    memset(err, 0, sizeof *err);
}

// Formats into a fixed buffer; what is too long is cut between characters, not inside one. Text from outside may hold
// line ends: an error stays one line.
static void format_into(char *buf, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(buf, size, fmt, ap);
    if (n < 0)
        buf[0] = '\0';
    else if ((size_t)n >= size)
        buf[eb_utf8_cut(buf, size - 1)] = '\0';
    for (char *p = buf; (p = strpbrk(p, "\r\n")) != NULL;)
        *p = '?';
}

bool eb_err_set(eb_err *err, eb_code code, const char *fmt, ...)
{
    eb_err_clear(err);
    err->code = code;
    va_list ap;
    va_start(ap, fmt);
    format_into(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    return false;
}

bool eb_err_at(eb_err *err, eb_code code, const char *file, int line, int column, const char *fmt, ...)
{
    eb_err_clear(err);
    err->code = code;
    err->line = line;
    err->column = column;
    snprintf(err->file, sizeof err->file, "%s", file ? file : "");
    va_list ap;
    va_start(ap, fmt);
    format_into(err->message, sizeof err->message, fmt, ap);
    va_end(ap);
    return false;
}

// What to do about an error of the system; NULL = nothing that would be so everywhere.
static const char *hint_of(int errnum, bool writes)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return "make room there";
    case EFBIG:
        return "files may not grow that large here: `ulimit -f` shows the limit";
    case EROFS:
    case EPERM:
    case EACCES:
        return writes ? "name a place that this user may write to" : "see that this user may read it";
    case ENOTDIR:
    case EISDIR:
        return writes ? "something else has that name: take another one" : NULL;
    default:
        return NULL;
    }
}

eb_code eb_err_place(int errnum)
{
    static const int named_wrong[] = { ENOENT, ENOTDIR, EISDIR, EEXIST, EACCES, EPERM, EROFS, ENAMETOOLONG, ELOOP };
    for (size_t i = 0; i < sizeof named_wrong / sizeof *named_wrong; i++)
        if (named_wrong[i] == errnum)
            return EB_USAGE;
    return EB_FAILED;
}

bool eb_err_add(eb_err *err, const char *fmt, ...)
{
    enum { CUT = 3 }; // "..."
    char more[sizeof err->message - CUT];
    va_list ap;
    va_start(ap, fmt);
    format_into(more, sizeof more, fmt, ap);
    va_end(ap);
    size_t n = strlen(err->message), room = sizeof err->message - 1 - strlen(more);
    if (n > room) {
        n = eb_utf8_cut(err->message, room - CUT);
        memcpy(err->message + n, "...", CUT);
        n += CUT;
    }
    memcpy(err->message + n, more, strlen(more) + 1);
    return false;
}

bool eb_err_sys(eb_err *err, eb_code code, int errnum, const char *what, const char *path)
{
    eb_err_set(err, code, "%s '%s': %s", what, path, strerror(errnum));
    const char *hint = hint_of(errnum, strncmp(what, "cannot write", 12) == 0 || strncmp(what, "cannot make", 11) == 0);
    return hint ? eb_err_hint(err, "%s", hint) : false;
}

bool eb_err_hint(eb_err *err, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    format_into(err->hint, sizeof err->hint, fmt, ap);
    va_end(ap);
    return false;
}

void eb_err_source(eb_err *err, const char *line)
{
    enum { LEAD = 60 }; // what is shown to the left of the caret when a long line must be cut
    size_t len = strlen(line), start = 0, room = sizeof err->source - 1;
    if (len > room && err->column > LEAD + 1) {
        start = (size_t)(err->column - 1 - LEAD);
        while (start > 0 && ((unsigned char)line[start] & 0xC0) == 0x80)
            start--;
    }
    if (start > len)
        start = len;
    snprintf(err->source, sizeof err->source, "%.*s", (int)room, line + start);
    if (len - start > room)
        err->source[eb_utf8_cut(err->source, room)] = '\0';
    err->source_column = (int)start + 1;
}

// Text from outside goes to a terminal: control characters and broken UTF-8 become '?'.
static void put_clean(const char *s, FILE *to)
{
    while (*s) {
        int n = eb_utf8_len(s, strlen(s));
        unsigned char c = (unsigned char)*s;
        bool c1 = n == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0;
        if (n <= 0 || c1 || (n == 1 && (c < 0x20 || c == 0x7F) && c != '\t'))
            fputc('?', to);
        else
            fwrite(s, 1, (size_t)n, to);
        s += n > 0 ? n : 1;
    }
}

// Under the source line: a caret below the offending character; tabs stay tabs so that it lines up.
static void put_caret(const eb_err *err, FILE *to)
{
    int skip = err->column - (err->source_column ? err->source_column : 1);
    const char *s = err->source;
    if (skip < 0 || (size_t)skip > strlen(s))
        return;
    fputs("  ", to);
    for (const char *end = s + skip; s < end;) {
        int n = eb_utf8_len(s, strlen(s));
        fputc(*s == '\t' ? '\t' : ' ', to);
        s += n > 0 ? n : 1;
    }
    fputs("^\n", to);
}

void eb_err_print(const eb_err *err, FILE *to)
{
    put_clean(err->file[0] ? err->file : "effbench", to);
    if (err->file[0] && err->line > 0) {
        fprintf(to, ":%d", err->line);
        if (err->column > 0)
            fprintf(to, ":%d", err->column);
    } else if (err->file[0] && err->column > 0) {
        fprintf(to, ":%d", err->column);
    }
    fputs(": error: ", to);
    put_clean(err->message, to);
    fputc('\n', to);
    if (err->source[0] && err->column > 0) {
        fputs("  ", to);
        put_clean(err->source, to);
        fputc('\n', to);
        put_caret(err, to);
    }
    if (err->hint[0]) {
        fputs("hint: ", to);
        put_clean(err->hint, to);
        fputc('\n', to);
    }
}

eb_err *eb_err_list_add(eb_err_list *list)
{
    EB_GROW(list->items, list->n, list->cap);
    // A dropped error is still filled in by the caller: into the spare element behind the last one.
    eb_err *err = &list->items[list->n];
    if (list->n < EB_ERR_LIST_MAX)
        list->n++;
    else
        list->dropped++;
    eb_err_clear(err);
    return err;
}

void eb_err_list_deinit(eb_err_list *list)
{
    free(list->items);
    *list = (eb_err_list){ 0 };
}
