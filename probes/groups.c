// SPDX-License-Identifier: Apache-2.0
// Reads metric groups: one statement per line, every error of a text reported with its place.
#include "probes/groups.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"

enum { LINE_SIZE = 512, FILE_LIMIT = 64 << 10 };

const eb_group_variable eb_group_variables[] = {
    { "time_s", "seconds the operator ran, on the clock" },
    { "calls", "how often it ran" },
    { "threads", "threads that ran it" },
    { "bytes", "bytes it must touch once, predicted from the model's shape" },
    { "flop", "floating point operations, predicted from the model's shape" },
    { 0 },
};

typedef struct reader {
    eb_groups *groups;
    eb_err_list *errs;
    const char *file;
    int line, first_group; // groups before this one are another text's
    char text[LINE_SIZE];  // of the line
} reader;

// An error at a place of the line.
static eb_err *wrong(reader *r, const char *at)
{
    eb_err *err = eb_err_list_add(r->errs);
    eb_err_at(err, EB_USAGE, r->file, r->line, (int)(at - r->text) + 1, "%s", "");
    return err;
}

static bool finish(reader *r, eb_err *err)
{
    eb_err_source(err, r->text);
    return false;
}

#define WRONG(r, at, ...)                                                                                              \
    do {                                                                                                               \
        eb_err *wrong_err = wrong(r, at);                                                                              \
        snprintf(wrong_err->message, sizeof wrong_err->message, __VA_ARGS__);                                          \
        return finish(r, wrong_err);                                                                                   \
    } while (0)

static char *skip(char *s)
{
    return s + strspn(s, " \t");
}

static bool is_variable(const char *name)
{
    for (const eb_group_variable *v = eb_group_variables; v->name; v++)
        if (strcmp(v->name, name) == 0)
            return true;
    return false;
}

const eb_group_event *eb_groups_event(const eb_groups *groups, const char *name)
{
    for (int i = 0; i < groups->n_events; i++)
        if (strcmp(groups->events[i].name, name) == 0)
            return &groups->events[i];
    return NULL;
}

// A key of ours: lower case, digits and _, at the start a letter.
static size_t key_length(const char *s)
{
    return *s >= 'a' && *s <= 'z' ? strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789_") : 0;
}

static bool take_key(reader *r, char **at, char *out)
{
    size_t n = key_length(*at);
    if (n == 0 || n >= EB_GROUP_KEY)
        WRONG(r, *at, "a name of at most %d small letters, digits and _ is expected here", EB_GROUP_KEY - 1);
    memcpy(out, *at, n);
    out[n] = '\0';
    *at = skip(*at + n);
    return true;
}

static bool take_equals(reader *r, char **at)
{
    if (**at != '=')
        WRONG(r, *at, "a = is expected here");
    *at = skip(*at + 1);
    if (!**at)
        WRONG(r, *at, "something is missing after the =");
    return true;
}

static bool take_group(reader *r, char *at)
{
    eb_groups *g = r->groups;
    eb_group group = { 0 };
    char *name = at;
    if (!take_key(r, &at, group.name) || !take_equals(r, &at))
        return false;
    for (int i = 0; i < g->n_groups; i++)
        if (strcmp(g->groups[i].name, group.name) == 0)
            WRONG(r, name, "there is a group '%s' already", group.name);
    if (strlen(at) >= sizeof group.doc)
        WRONG(r, at, "the description is longer than %zu characters", sizeof group.doc - 1);
    if (g->n_groups == EB_GROUPS_MAX)
        WRONG(r, name, "more than %d groups", EB_GROUPS_MAX);
    memcpy(group.doc, at, strlen(at));
    g->groups[g->n_groups++] = group;
    return true;
}

// The name of an event in formulas, or the one it has in the kernel or libpfm4, where = may be in it as well.
static bool take_event_name(reader *r, char **at, const char *ends, char *out)
{
    char name[LINE_SIZE];
    size_t n = strcspn(*at, ends);
    snprintf(name, sizeof name, "%.*s", (int)n, *at);
    for (char *c = name; *c && strchr(ends, '=') == NULL; c++)
        *c = *c == '=' ? '_' : *c;
    if (!eb_formula_is_name(name, n))
        WRONG(r, *at,
              "the name of an event is expected here (a letter or _, then letters, digits, _ : . -; at most %d)",
              EB_FORMULA_NAME - 1);
    memcpy(out, *at, n);
    out[n] = '\0';
    *at = skip(*at + n);
    return true;
}

static bool take_candidates(reader *r, char *at, eb_group_event *event)
{
    do {
        if (event->n_candidates == EB_GROUP_CANDIDATES)
            WRONG(r, at, "more than %d events to choose from", EB_GROUP_CANDIDATES);
        if (!take_event_name(r, &at, " \t,", event->candidates[event->n_candidates]))
            return false;
        event->n_candidates++;
        if (*at && *at != ',')
            WRONG(r, at, "a comma is expected here");
        at += *at == ',';
        at = skip(at);
    } while (*at);
    return true;
}

static bool same_event(const eb_group_event *a, const eb_group_event *b)
{
    bool same = a->n_candidates == b->n_candidates;
    for (int i = 0; same && i < a->n_candidates; i++)
        same = strcmp(a->candidates[i], b->candidates[i]) == 0;
    return same;
}

static bool take_event(reader *r, char *at)
{
    eb_groups *g = r->groups;
    eb_group_event event = { 0 };
    char *name = at;
    if (!take_event_name(r, &at, " \t=", event.name))
        return false;
    if (is_variable(event.name))
        WRONG(r, name, "'%s' is a variable, no event", event.name);
    const eb_group_event *known = eb_groups_event(g, event.name);
    if (!*at && known)
        return true;
    if (!*at)
        memcpy(event.candidates[event.n_candidates++], event.name, sizeof event.name);
    else if (!take_equals(r, &at) || !take_candidates(r, at, &event))
        return false;
    if (known && !same_event(known, &event))
        WRONG(r, name, "'%s' is another event elsewhere; give this one a name of its own", event.name);
    if (known)
        return true;
    if (g->n_events == EB_GROUP_EVENTS)
        WRONG(r, name, "more than %d events in all groups", EB_GROUP_EVENTS);
    g->events[g->n_events++] = event;
    return true;
}

static bool take_unit(reader *r, char **at, char *out, size_t size)
{
    size_t n = **at == '[' ? strcspn(*at + 1, "[]") : 0;
    if (n == 0 || (*at)[n + 1] != ']' || n >= size)
        WRONG(r, *at, "a unit of at most %zu characters is expected here, as [GB/s]; [-] for none", size - 1);
    memcpy(out, *at + 1, n);
    out[n] = '\0';
    *at = skip(*at + n + 2);
    return true;
}

static bool check_names(reader *r, const char *at, const eb_formula *f)
{
    for (int i = 0; i < f->n_names; i++)
        if (!is_variable(f->names[i]) && !eb_groups_event(r->groups, f->names[i])) {
            const bool minus = strchr(f->names[i], '-') != NULL;
            eb_err *err = wrong(r, at + f->name_at[i]);
            snprintf(err->message, sizeof err->message, "'%s' is neither a variable nor an event named so far",
                     f->names[i]);
            eb_err_hint(err, minus ? "name it in a line `event` before, or put a space before the minus"
                                   : "name it in a line `event` before; `effbench help groups` lists the variables");
            return finish(r, err);
        }
    return true;
}

static bool take_metric(reader *r, char *at)
{
    eb_groups *g = r->groups;
    eb_group_metric metric = { .group = g->n_groups - 1 };
    char *key = at;
    eb_err parse;
    if (!take_key(r, &at, metric.key) || !take_unit(r, &at, metric.unit, sizeof metric.unit) || !take_equals(r, &at))
        return false;
    for (int i = 0; i < g->n_metrics; i++)
        if (strcmp(g->metrics[i].key, metric.key) == 0)
            WRONG(r, key, "there is a metric '%s' already", metric.key);
    if (!eb_formula_parse(at, &metric.formula, &parse))
        WRONG(r, at + parse.column - 1, "%s", parse.message);
    if (!check_names(r, at, &metric.formula))
        return false;
    if (g->n_metrics == EB_GROUP_METRICS)
        WRONG(r, key, "more than %d metrics in all groups", EB_GROUP_METRICS);
    memcpy(metric.text, at, strlen(at) + 1); // it parsed: it fits
    g->metrics[g->n_metrics++] = metric;
    return true;
}

static const struct {
    const char *word;
    bool (*take)(reader *r, char *at);
} statements[] = { { "group", take_group }, { "event", take_event }, { "metric", take_metric } };

static bool take_line(reader *r)
{
    char *at = skip(r->text);
    size_t n = strcspn(at, " \t");
    if (!n || *at == '#')
        return true;
    for (char *c = r->text; *c; c++)
        if ((*c < ' ' || *c > '~') && *c != '\t')
            WRONG(r, c, "only printable ASCII characters are allowed outside of comments");
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++) {
        if (strlen(statements[i].word) != n || memcmp(statements[i].word, at, n) != 0)
            continue;
        if (statements[i].take != take_group && r->groups->n_groups == r->first_group)
            WRONG(r, at, "a line `group NAME = DESCRIPTION` comes before its events and metrics");
        return statements[i].take(r, skip(at + n));
    }
    WRONG(r, at, "a line begins with group, event, metric or #");
}

// Copies the line at `from` without the blanks at its end; false when it is too long or holds a NUL.
static bool copy_line(reader *r, const char *from, size_t n)
{
    while (n && strchr(" \t\r", from[n - 1]) && from[n - 1])
        n--;
    bool fits = n < LINE_SIZE && !memchr(from, 0, n);
    n = fits ? n : 0;
    memcpy(r->text, from, n);
    r->text[n] = '\0';
    if (!fits)
        WRONG(r, r->text, "the line is longer than %d characters or holds a NUL", LINE_SIZE - 1);
    return true;
}

bool eb_groups_read(eb_groups *groups, const char *file, const char *text, size_t len, eb_err_list *errs)
{
    const int n_groups = groups->n_groups, n_events = groups->n_events, n_metrics = groups->n_metrics;
    const size_t n_errs = errs->n + errs->dropped;
    reader r = { .groups = groups, .errs = errs, .file = file, .first_group = n_groups };
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t n = end ? (size_t)(end - text) - at : len - at;
        r.line++;
        if (copy_line(&r, text + at, n))
            take_line(&r);
        at += n + 1;
    }
    if (errs->n + errs->dropped == n_errs && groups->n_metrics == n_metrics)
        eb_err_at(eb_err_list_add(errs), EB_USAGE, file, 0, 0, "there is no metric in it");
    if (errs->n + errs->dropped == n_errs)
        return true;
    groups->n_groups = n_groups;
    groups->n_events = n_events;
    groups->n_metrics = n_metrics;
    return false;
}

bool eb_groups_read_file(eb_groups *groups, const char *path, eb_err_list *errs)
{
    eb_err err;
    size_t len = 0;
    eb_err_clear(&err);
    char *text = eb_file_read(path, FILE_LIMIT, &len, &err);
    if (!text) {
        *eb_err_list_add(errs) = err;
        return false;
    }
    bool ok = eb_groups_read(groups, path, text, len, errs);
    free(text);
    return ok;
}
