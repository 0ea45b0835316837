// SPDX-License-Identifier: Apache-2.0
// A table as HTML: every value with its spread beside it, its source in its title, its numbers aligned at the point.
#include <ctype.h>
#include <math.h>
#include <string.h>
#include "reports/html.h"
#include "reports/view.h"

enum { MAX_COLUMNS = 64, MAX_DECIMALS = 4, MANY = 20, NO_COLUMN = -1 };

// Decimals of the number that a text begins with; -1 = it does not begin with one.
static int decimals_of(const char *text)
{
    const char *p = text + (strncmp(text, "≠", strlen("≠")) ? 0 : strlen("≠")); // set apart from its column
    p += *p == '-';
    if (!isdigit((unsigned char)*p))
        return -1;
    p += strspn(p, "0123456789");
    return *p == '.' ? (int)strspn(p + 1, "0123456789") : 0;
}

// A number that names the rows and is the same in all of them is said once, above the table.
static bool is_common(const eb_table *t, int c)
{
    const eb_column *col = eb_table_column_at(t, c);
    if (c == 0 || !col->label || col->left || !eb_table_height(t))
        return false;
    for (int r = 1; r < eb_table_height(t); r++)
        if (strcmp(eb_table_cell_at(t, r, c)->text, eb_table_cell_at(t, 0, c)->text))
            return false;
    return true;
}

static void put_common(const eb_table *t, FILE *out)
{
    bool any = false;
    for (int c = 0; c < eb_table_width(t); c++) {
        const eb_column *col = eb_table_column_at(t, c);
        if (!is_common(t, c))
            continue;
        fprintf(out, any ? ", " : "<p class=\"same\">All rows: ");
        any = true;
        eb_html_put(out, col->head);
        fputs(*col->head && *col->unit && *col->unit != '+' ? " " : "", out);
        eb_html_put(out, col->unit);
        fputc(' ', out);
        eb_html_put(out, eb_table_cell_at(t, 0, c)->text);
    }
    fprintf(out, any ? "</p>\n" : "");
}

typedef struct layout {
    const eb_table *t;
    int n_labels;
    int decimals[MAX_COLUMNS]; // most of a column
    bool spread[MAX_COLUMNS];  // a column of ± goes beside it
    bool shown[MAX_COLUMNS];
    int also;  // the column that tells rows of one name apart: on a phone it goes under the name
    bool many; // more columns than paper is wide
} layout;

static layout layout_of(const eb_table *t)
{
    layout l = { .t = t };
    int value = -1, cells = 0;
    for (int c = 0; c < eb_table_width(t) && c < MAX_COLUMNS; c++) {
        const eb_column *col = eb_table_column_at(t, c);
        l.n_labels += col->label;
        value = col->role == EB_ROLE_VALUE ? c : value;
        bool beside = col->role == EB_ROLE_SPREAD;
        for (int r = 0; r < eb_table_height(t); r++) {
            const eb_cell *x = eb_table_cell_at(t, r, c);
            int d = decimals_of(x->text);
            l.decimals[c] = d > l.decimals[c] ? d : l.decimals[c];
            l.spread[c] = l.spread[c] || x->spread;
        }
        l.shown[c] = !beside && !is_common(t, c);
        cells += l.shown[c] + (l.shown[c] && l.spread[c]);
    }
    const eb_column *second = eb_table_width(t) > 1 ? eb_table_column_at(t, 1) : NULL;
    l.also = second && second->label && second->left && l.shown[1] ? 1 : NO_COLUMN;
    l.many = cells > MANY;
    return l;
}

static bool is_number(const eb_column *col)
{
    return !col->label && !col->left;
}

static bool is_right(const eb_column *col)
{
    return !col->left;
}

static const char *better_of(const char *key)
{
    for (const eb_metric_def *d = eb_metric_table; key && d->key; d++)
        if (!strcmp(d->key, key))
            return d->better > 0 ? " data-better=\"more\"" : "";
    return "";
}

// Where a head goes on in the second line, the first one is its prefix ("prompt" over "+output").
static bool is_prefix(const eb_column *col)
{
    return col->label && *col->unit == '+';
}

static void put_head(const layout *l, int c, FILE *out)
{
    const eb_column *col = eb_table_column_at(l->t, c);
    bool two = *col->head && *col->unit;
    fprintf(out, "<th scope=\"col\"%s%s",
            c == l->also             ? " class=\"also\""
            : c > 0 && is_right(col) ? " class=\"n\""
                                     : "",
            better_of(col->key));
    if (col->key && *eb_metric_doc(col->key)) {
        fprintf(out, " title=\"");
        eb_html_put(out, eb_metric_doc(col->key));
        fprintf(out, "\"");
    }
    fprintf(out, "><b>");
    eb_html_put(out, *col->head ? col->head : col->unit);
    if (two && is_prefix(col))
        eb_html_put(out, col->unit);
    fprintf(out, "</b>");
    if (two && !is_prefix(col))
        eb_html_put(out, col->unit);
    fprintf(out, "</th>");
    if (l->spread[c])
        fprintf(out, "<th scope=\"col\" class=\"pm\">±</th>");
}

static void put_mark(eb_mark mark, FILE *out)
{
    if (mark == EB_MARK_BEST)
        fprintf(out, "<span class=\"mark\" role=\"img\" aria-label=\"best\">★</span>");
    else if (mark == EB_MARK_TIED)
        fprintf(out, "<span class=\"mark\" role=\"img\" aria-label=\"tied\">≈</span>");
}

static void put_title(const eb_cell *x, FILE *out)
{
    if (!x->about)
        return;
    fprintf(out, " title=\"");
    eb_html_put(out, x->about);
    fprintf(out, "\"");
}

// What a number lacks of its column's decimals is made up for by padding: the points stand under each other.
static void put_number(const layout *l, int c, const eb_cell *x, FILE *out)
{
    int d = decimals_of(x->text), lack = l->decimals[c] - d;
    lack = lack > MAX_DECIMALS ? MAX_DECIMALS : lack;
    if (d < 0) {
        bool spread = !strncmp(x->text, "±", strlen("±"));
        fprintf(out, spread ? "<td class=\"pm\"%s>" : "<td class=\"none\"%s>", l->spread[c] ? " colspan=\"2\"" : "");
        if (strcmp(x->text, "-") != 0)
            eb_html_put(out, x->text);
        else
            fprintf(out, "<span role=\"img\" aria-label=\"not known\">–</span>");
        fprintf(out, "</td>");
        return;
    }
    fprintf(out, "<td class=\"n%s\"", x->mark == EB_MARK_BEST ? " best" : "");
    if (isfinite(x->sort))
        fprintf(out, " data-v=\"%.9g\"", x->sort);
    put_title(x, out);
    fprintf(out, ">");
    put_mark(x->mark, out);
    if (lack > 0)
        fprintf(out, "<span class=\"%c%d\">", d == 0 ? 'd' : 'e', lack);
    eb_html_put(out, x->text);
    fprintf(out, "%s</td>", lack > 0 ? "</span>" : "");
    if (l->spread[c]) {
        fprintf(out, "<td class=\"pm\">");
        eb_html_put(out, x->spread ? x->spread : "");
        fprintf(out, "</td>");
    }
}

static void put_grade(const eb_cell *x, FILE *out)
{
    fprintf(out, "<td>");
    if (strcmp(x->text, "-") != 0 && strcmp(x->text, "none") != 0) {
        int n = (int)strspn(x->text, "abcdefghijklmnopqrstuvwxyz"); // "counter b"
        fprintf(out, "<span class=\"grade %.*s\"", n, x->text);
        put_title(x, out);
        fprintf(out, ">");
        eb_html_put(out, x->text);
        fprintf(out, "</span>");
    }
    fprintf(out, "</td>");
}

static void put_row(const layout *l, int r, FILE *out)
{
    const char *group = eb_table_group(l->t, r);
    fprintf(out, "<tr>");
    for (int c = 0; c < eb_table_width(l->t) && c < MAX_COLUMNS; c++) {
        const eb_column *col = eb_table_column_at(l->t, c);
        const eb_cell *x = eb_table_cell_at(l->t, r, c);
        if (!l->shown[c])
            continue;
        if (col->role == EB_ROLE_GRADE) {
            put_grade(x, out);
        } else if (is_number(col)) {
            put_number(l, c, x, out);
        } else {
            bool head = c == 0;
            fprintf(out, head           ? "<th scope=\"row\">"
                         : c == l->also ? "<td class=\"also\">"
                         : col->left    ? "<td>"
                                        : "<td class=\"n\">");
            eb_html_put(out, x->text);
            if (head && l->also != NO_COLUMN) {
                fprintf(out, " <span class=\"under\">");
                eb_html_put(out, eb_table_cell_at(l->t, r, l->also)->text);
                fprintf(out, "</span>");
            }
            if (head && group) {
                fprintf(out, " <span class=\"fam\">");
                eb_html_put(out, group);
                fprintf(out, "</span>");
            }
            fprintf(out, head ? "</th>" : "</td>");
        }
    }
    fprintf(out, "</tr>\n");
}

static void put_group(const layout *l, const char *group, FILE *out)
{
    int n = 0;
    for (int c = 0; c < eb_table_width(l->t) && c < MAX_COLUMNS; c++)
        n += l->shown[c] + (l->shown[c] && l->spread[c]);
    fprintf(out, "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%d\">", n);
    eb_html_put(out, group);
    fprintf(out, "</th></tr>\n");
}

void eb_html_table(const eb_table *t, const char *label, FILE *out)
{
    layout l = layout_of(t);
    bool abouts = false;
    put_common(t, out);
    fprintf(out, "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"");
    eb_html_put(out, label);
    fprintf(out, "\"><table class=\"sortable%s\"><thead><tr>", l.many ? " many" : "");
    for (int c = 0; c < eb_table_width(t) && c < MAX_COLUMNS; c++)
        if (l.shown[c])
            put_head(&l, c, out);
    fprintf(out, "</tr></thead>\n<tbody>\n");
    for (int r = 0; r < eb_table_height(t); r++) {
        const char *group = eb_table_group(t, r), *last = r ? eb_table_group(t, r - 1) : NULL;
        if (group && (!last || strcmp(group, last)))
            put_group(&l, group, out);
        put_row(&l, r, out);
        for (int c = 0; c < eb_table_width(t); c++)
            abouts = abouts || eb_table_cell_at(t, r, c)->about;
    }
    fprintf(out, "</tbody></table></div>\n");
    if (abouts)
        fprintf(out, "<p class=\"from\" aria-live=\"polite\"></p>\n");
}
