// SPDX-License-Identifier: Apache-2.0
// The text of a value -> the items of its list, each parsed and with its column.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/mem.h"
#include "harness/plan/build.h"

eb_err *eb_complain(eb_build *b, eb_place place, const char *fmt, ...)
{
    eb_err *err = eb_err_list_add(b->errs);
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    eb_err_at(err, EB_USAGE, place.file, place.line, place.column, "%s", message);
    if (place.text)
        eb_err_source(err, place.text);
    return err;
}

static eb_place shifted(eb_place place, int column)
{
    place.column = column;
    return place;
}

void eb_slot_clear(eb_slot *slot)
{
    for (int i = 0; i < slot->n; i++)
        free(slot->items[i].text);
    free(slot->items);
    slot->items = NULL;
    slot->n = 0;
}

// The text between the quotes at s, `\"` and `\\` undone; *end is set past the closing quote.
static char *unquote(const char *s, size_t *end)
{
    char *out = eb_alloc(strlen(s));
    size_t n = 0, i = 1;
    for (; s[i] != '\0' && s[i] != '"'; i++) {
        if (s[i] == '\\' && (s[i + 1] == '"' || s[i + 1] == '\\'))
            i++;
        out[n++] = s[i];
    }
    *end = i + (s[i] == '"');
    return out;
}

// One item at s, which ends at a comma or the end; *len is what it takes up. The reader saw to it that quotes close.
static char *take_item(const char *s, size_t *len)
{
    if (s[0] == '"') {
        char *text = unquote(s, len);
        *len += strcspn(s + *len, ",");
        return text;
    }
    *len = strcspn(s, ",");
    size_t n = *len;
    while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
        n--;
    return eb_strndup(s, n);
}

// A day that nobody can have looked at yet. Somewhere it is tomorrow already. A clock that stands before this was
// written was never set, and tells nothing.
static bool is_future(const char *day)
{
    static const char written[] = "2026-11-01";
    char last[16];
    struct tm utc;
    time_t tomorrow = time(NULL) + 24 * 60 * 60;
    if (!gmtime_r(&tomorrow, &utc) || !strftime(last, sizeof last, "%Y-%m-%d", &utc))
        return false;
    return strcmp(last, written) > 0 && strcmp(day, last) > 0;
}

static bool parse_item(eb_build *b, const eb_slot *slot, eb_item *item, bool quoted, eb_place place)
{
    eb_err why = { 0 };
    if (eb_option_parse(slot->opt, item->text, &item->value, &why)) {
        if (slot->opt->type != EB_OPTION_DATE || !is_future(item->value.s))
            return true;
        eb_err_hint(eb_complain(b, shifted(place, item->column + quoted), "%s = %s is in the future", slot->opt->key,
                                item->value.s),
                    "the day on which it was looked at; if that day has come, this machine's clock is behind");
        return false;
    }
    int inside = why.column > 0 ? why.column - 1 : 0;
    eb_err *err = eb_complain(b, shifted(place, item->column + quoted + inside), "%s", why.message);
    eb_err_hint(err, "%s", why.hint);
    return false;
}

static bool same_value(const eb_option *opt, const eb_value *a, const eb_value *b)
{
    switch (opt->type) {
    case EB_OPTION_BOOL:
        return a->b == b->b;
    case EB_OPTION_FLOAT:
        return a->f == b->f;
    case EB_OPTION_STRING:
    case EB_OPTION_DATE:
        return !strcmp(a->s, b->s);
    default:
        return a->i == b->i;
    }
}

static bool check_repeats(eb_build *b, const eb_slot *slot, eb_place place)
{
    for (int i = 1; i < slot->n; i++) {
        for (int j = 0; j < i; j++) {
            if (!same_value(slot->opt, &slot->items[i].value, &slot->items[j].value))
                continue;
            eb_err *err = eb_complain(b, shifted(place, slot->items[i].column), "'%.60s' stands in the list twice",
                                      slot->items[i].text);
            eb_err_hint(err, "two cases would be the same: take one of them out");
            return false;
        }
    }
    return true;
}

// Notes what is wrong with there being one more item, if anything is.
static bool check_list(eb_build *b, const eb_slot *slot, eb_place place)
{
    bool list = slot->opt->flags & (EB_OPTION_LIST | EB_OPTION_RANGE);
    if (slot->n > 0 && !list) {
        eb_err *err = eb_complain(b, place, "%s takes one value, not a list", slot->opt->key);
        if (slot->opt->type == EB_OPTION_STRING)
            eb_err_hint(err, "if the comma belongs to the text, put the text into quotes");
        else
            eb_err_hint(err, "give one value");
        return false;
    }
    if (slot->n == EB_PLAN_LIST_MAX)
        eb_err_hint(eb_complain(b, place, "the list has more than %d items", EB_PLAN_LIST_MAX), "shorten it");
    return slot->n < EB_PLAN_LIST_MAX;
}

static bool is_whole(const char *text)
{
    return *text && text[strspn(text, "0123456789")] == '\0';
}

// "low, value, high": one number or three, in that order.
static bool check_range(eb_build *b, const eb_slot *slot, eb_place place)
{
    bool numbers = slot->opt->type == EB_OPTION_FLOAT;
    for (int i = 1; numbers && slot->n == 3 && i < 3; i++) {
        if (slot->items[i - 1].value.f <= slot->items[i].value.f)
            continue;
        eb_err *err = eb_complain(b, shifted(place, slot->items[i].column), "%s of %s is less than %s",
                                  i == 1 ? "the value" : "high", slot->opt->key, i == 1 ? "low" : "the value");
        eb_err_hint(err, "write low, value, high");
        return false;
    }
    if (slot->n == 1 || slot->n == 3)
        return true;
    eb_err *err = eb_complain(b, place, "%s takes one number, or three: low, value, high", slot->opt->key);
    if (slot->n == 2 && is_whole(slot->items[0].text) && is_whole(slot->items[1].text))
        eb_err_hint(err, "%.30s.%.30s with a point, if it is one", slot->items[0].text, slot->items[1].text);
    else
        eb_err_hint(err, "write low, value, high");
    return false;
}

static bool assign_items(eb_build *b, eb_slot *slot, const char *raw, eb_place place)
{
    bool ok = true, more = true;
    int cap = 0;
    size_t at = 0;
    while (more) {
        size_t len;
        at += strspn(raw + at, " \t");
        eb_place here = shifted(place, place.column + (int)at);
        if (!check_list(b, slot, here))
            return false;
        if ((slot->opt->flags & EB_OPTION_LIST) && (raw[at] == ',' || (raw[at] == '\0' && at > 0))) {
            eb_err_hint(eb_complain(b, here, "an empty item in the list"), "take the extra comma out");
            ok = false;
            more = raw[at++] == ',';
            continue;
        }
        EB_GROW(slot->items, slot->n, cap);
        eb_item *item = &slot->items[slot->n++];
        *item = (eb_item){ .column = here.column };
        bool quoted = raw[at] == '"';
        item->text = take_item(raw + at, &len);
        ok = parse_item(b, slot, item, quoted, place) && ok;
        more = raw[at + len] == ',';
        at += len + more;
    }
    if (slot->opt->flags & EB_OPTION_RANGE)
        return check_range(b, slot, place) && ok;
    return ok && check_repeats(b, slot, place);
}

bool eb_slot_assign(eb_build *b, eb_slot *slot, const char *raw, eb_place place, eb_origin_kind origin)
{
    eb_slot_clear(slot);
    slot->place = place;
    slot->origin = origin;
    slot->bad = !assign_items(b, slot, raw, place);
    return !slot->bad;
}

char *eb_slot_text(const eb_slot *slot)
{
    char *text = eb_strdup(slot->n ? slot->items[0].text : "");
    for (int i = 1; i < slot->n; i++) {
        char *longer = eb_format("%s, %s", text, slot->items[i].text);
        free(text);
        text = longer;
    }
    return text;
}

static char *canonical_item(const eb_option *opt, const eb_value *v)
{
    switch (opt->type) {
    case EB_OPTION_BOOL:
        return eb_strdup(v->b ? "yes" : "no");
    case EB_OPTION_FLOAT:
        return eb_format("%.17g", v->f);
    case EB_OPTION_INT:
    case EB_OPTION_TIME:
    case EB_OPTION_SIZE:
        return eb_format("%lld", (long long)v->i);
    default:
        return eb_strdup(v->s);
    }
}

char *eb_slot_canonical(const eb_slot *slot)
{
    char *text = eb_strdup("");
    for (int i = 0; i < slot->n; i++) {
        char *item = canonical_item(slot->opt, &slot->items[i].value);
        char *longer = eb_format("%s%s%zu:%s", text, i ? "," : "", strlen(item), item);
        free(item);
        free(text);
        text = longer;
    }
    return text;
}
