// SPDX-License-Identifier: Apache-2.0
// The table layouter.
#include "reports/table.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/text.h"

enum { MAX_COLUMNS = 64, INDENT = 2, GAP = 2, SHRUNK = 12 };

struct eb_table {
    char *title;
    eb_column columns[MAX_COLUMNS];
    int n_columns;
    char **groups;  // per row; NULL = none
    eb_cell *cells; // rows x n_columns
    int n_rows, cap_rows, filled;
};

static const char *const mark_text[] = { [EB_MARK_NONE] = " ", [EB_MARK_BEST] = "*", [EB_MARK_TIED] = "~" };

eb_table *eb_table_new(const char *title)
{
    eb_table *t = eb_alloc(sizeof *t);
    t->title = eb_strdup(title);
    return t;
}

void eb_table_free(eb_table *t)
{
    if (!t)
        return;
    for (int i = 0; i < t->n_rows * t->n_columns; i++) {
        free(t->cells[i].text);
        free(t->cells[i].spread);
        free(t->cells[i].about);
    }
    for (int i = 0; i < t->n_rows; i++)
        free(t->groups[i]);
    free(t->cells);
    free(t->groups);
    free(t->title);
    free(t);
}

void eb_table_column(eb_table *t, eb_column column)
{
    assert(t->n_rows == 0 && t->n_columns < MAX_COLUMNS);
    t->columns[t->n_columns++] = column;
}

void eb_table_row(eb_table *t, const char *group)
{
    assert(t->n_rows == 0 || t->filled == t->n_columns);
    if (t->n_rows == t->cap_rows) {
        t->cap_rows = t->cap_rows ? 2 * t->cap_rows : 16;
        t->groups = eb_realloc(t->groups, (size_t)t->cap_rows, sizeof *t->groups);
        t->cells = eb_realloc(t->cells, (size_t)t->cap_rows * (size_t)t->n_columns, sizeof *t->cells);
    }
    t->groups[t->n_rows] = group ? eb_text_clean(group) : NULL;
    memset(&t->cells[t->n_rows * t->n_columns], 0, (size_t)t->n_columns * sizeof *t->cells);
    t->n_rows++;
    t->filled = 0;
}

void eb_table_cell(eb_table *t, const char *text, eb_mark mark)
{
    assert(t->n_rows > 0 && t->filled < t->n_columns);
    eb_cell *c = &t->cells[(t->n_rows - 1) * t->n_columns + t->filled++];
    c->text = eb_text_clean(text);
    c->mark = mark;
    c->sort = NAN;
}

void eb_table_about(eb_table *t, double sort, const char *spread, const char *about)
{
    assert(t->filled > 0);
    eb_cell *c = &t->cells[(t->n_rows - 1) * t->n_columns + t->filled - 1];
    c->sort = sort;
    free(c->spread);
    free(c->about);
    c->spread = spread ? eb_text_clean(spread) : NULL;
    c->about = about ? eb_text_clean(about) : NULL;
}

const char *eb_table_title(const eb_table *t)
{
    return t->title;
}

int eb_table_width(const eb_table *t)
{
    return t->n_columns;
}

int eb_table_height(const eb_table *t)
{
    return t->n_rows;
}

const eb_column *eb_table_column_at(const eb_table *t, int column)
{
    return &t->columns[column];
}

const eb_cell *eb_table_cell_at(const eb_table *t, int row, int column)
{
    return &t->cells[row * t->n_columns + column];
}

const char *eb_table_group(const eb_table *t, int row)
{
    return t->groups[row];
}

bool eb_table_has_spread(const eb_table *t)
{
    for (int c = 0; c < t->n_columns; c++)
        if (t->columns[c].role == EB_ROLE_SPREAD)
            return true;
    return false;
}

int eb_table_columns(const eb_table *t)
{
    int n = 0;
    for (int c = 0; c < t->n_columns; c++)
        n += !t->columns[c].label;
    return n;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static int natural_width(const eb_table *t, int c)
{
    int width = larger(eb_text_width(t->columns[c].head), eb_text_width(t->columns[c].unit));
    for (int r = 0; r < t->n_rows; r++)
        width = larger(width, eb_text_width(t->cells[r * t->n_columns + c].text));
    return width;
}

// Columns that column c adds to the line, with the blanks before it and the mark after it.
static int span_of(const eb_table *t, const int *widths, int c)
{
    int before = c == 0 ? INDENT : t->columns[c].glue ? 1 : GAP;
    return before + widths[c] + t->columns[c].marks;
}

// End (exclusive) of the columns glued to column c.
static int unit_end(const eb_table *t, int c)
{
    do
        c++;
    while (c < t->n_columns && t->columns[c].glue);
    return c;
}

// First column that does not fit beside the labels when the line begins its values at `from`; at least one unit fits.
static int chunk_end(const eb_table *t, const int *widths, int n_labels, int from, int width)
{
    int used = 0, end = from;
    for (int c = 0; c < n_labels; c++)
        used += span_of(t, widths, c);
    while (end < t->n_columns) {
        int next = unit_end(t, end), more = 0;
        for (int c = end; c < next; c++)
            more += span_of(t, widths, c);
        if (end > from && used + more > width)
            break;
        used += more;
        end = next;
    }
    return end;
}

// Takes from the label column that may shrink what the widest line lacks.
static void shrink(const eb_table *t, int *widths, int n_labels, int width)
{
    int total = 0, flexible = -1;
    for (int c = 0; c < t->n_columns; c++) {
        total += span_of(t, widths, c);
        if (c < n_labels && t->columns[c].shrink)
            flexible = c;
    }
    if (flexible < 0 || total <= width)
        return;
    int least =
        larger(SHRUNK, larger(eb_text_width(t->columns[flexible].head), eb_text_width(t->columns[flexible].unit)));
    int lacking = total - width;
    // When even the least does not save the line, it is continued anyway: then only a name of undue length is cut.
    bool saved = widths[flexible] - lacking >= least;
    int target = saved ? widths[flexible] - lacking : 24;
    if (widths[flexible] > target)
        widths[flexible] = larger(target, least);
}

typedef struct line {
    FILE *out;
    bool color;
    int pending; // blanks not yet written, so that no line ends in any
} line;

static void put(line *l, const char *text, int width, bool left, const char *sgr)
{
    int pad = larger(width - eb_text_width(text), 0);
    if (!left)
        l->pending += pad;
    if (*text) {
        fprintf(l->out, "%*s", l->pending, "");
        l->pending = 0;
        bool color = l->color && sgr;
        fprintf(l->out, "%s%s%s", color ? sgr : "", text, color ? "\033[0m" : "");
    }
    if (left)
        l->pending += pad;
}

static void put_blank(line *l, const eb_table *t, int c)
{
    l->pending += c == 0 ? INDENT : t->columns[c].glue ? 1 : GAP;
}

static void end_line(line *l)
{
    l->pending = 0;
    fputc('\n', l->out);
}

static bool in_chunk(const eb_table *t, int c, int from, int end)
{
    return t->columns[c].label || (c >= from && c < end);
}

static void print_head(const eb_table *t, const int *widths, int from, int end, line *l)
{
    for (int k = 0; k < 2; k++) {
        for (int c = 0; c < t->n_columns; c++) {
            const eb_column *col = &t->columns[c];
            if (!in_chunk(t, c, from, end))
                continue;
            put_blank(l, t, c);
            put(l, k ? col->unit : col->head, widths[c], col->left, "\033[2m");
            l->pending += col->marks;
        }
        end_line(l);
    }
}

static void print_row(const eb_table *t, const int *widths, int row, int from, int end, line *l)
{
    static const char *const sgr[] = {
        [EB_MARK_NONE] = NULL, [EB_MARK_BEST] = "\033[1;32m", [EB_MARK_TIED] = "\033[1m"
    };
    for (int c = 0; c < t->n_columns; c++) {
        const eb_cell *x = &t->cells[row * t->n_columns + c];
        if (!in_chunk(t, c, from, end))
            continue;
        char *text = eb_text_fit(x->text, widths[c]);
        put_blank(l, t, c);
        put(l, text, widths[c], t->columns[c].left, sgr[x->mark]);
        if (t->columns[c].marks && x->mark)
            put(l, mark_text[x->mark], 1, true, sgr[x->mark]);
        else
            l->pending += t->columns[c].marks;
        free(text);
    }
    end_line(l);
}

static int count_chunks(const eb_table *t, const int *widths, int n_labels, int width)
{
    int n = 0;
    for (int from = n_labels; from < t->n_columns; n++)
        from = chunk_end(t, widths, n_labels, from, width);
    return n;
}

static bool all_fit(const eb_table *t, const int *widths, int n_labels, int width)
{
    for (int from = n_labels, end; from < t->n_columns; from = end) {
        int used = 0;
        end = chunk_end(t, widths, n_labels, from, width);
        for (int c = 0; c < end; c++)
            used += c < n_labels || c >= from ? span_of(t, widths, c) : 0;
        if (used > width)
            return false;
    }
    return true;
}

// Gives a name that was cut what room its blocks leave.
static void widen(const eb_table *t, int *widths, int n_labels, int width)
{
    for (int c = 0; c < n_labels; c++) {
        int n = count_chunks(t, widths, n_labels, width), whole = natural_width(t, c);
        while (t->columns[c].shrink && widths[c] < whole) {
            widths[c]++;
            if (count_chunks(t, widths, n_labels, width) > n || !all_fit(t, widths, n_labels, width)) {
                widths[c]--;
                break;
            }
        }
    }
}

// The narrowest width that needs no more blocks than `width` does: no block is left with a single column while
// another is full.
static int even_width(const eb_table *t, const int *widths, int n_labels, int width)
{
    int n = count_chunks(t, widths, n_labels, width), narrow = width;
    while (n > 1 && narrow > 1 && count_chunks(t, widths, n_labels, narrow - 1) == n)
        narrow--;
    return narrow;
}

void eb_table_print(const eb_table *t, int width, bool color, FILE *out)
{
    int widths[MAX_COLUMNS] = { 0 }, n_labels = t->n_columns - eb_table_columns(t);
    for (int c = 0; c < t->n_columns; c++)
        widths[c] = natural_width(t, c);
    shrink(t, widths, n_labels, width);
    widen(t, widths, n_labels, width);
    width = even_width(t, widths, n_labels, width);
    line l = { .out = out, .color = color };
    for (int from = n_labels; from < t->n_columns;) {
        int end = chunk_end(t, widths, n_labels, from, width);
        put(&l, t->title, 0, true, "\033[1m");
        put(&l, from > n_labels ? ", continued" : "", 0, true, "\033[1m");
        end_line(&l);
        print_head(t, widths, from, end, &l);
        for (int r = 0; r < t->n_rows; r++) {
            if (t->groups[r] && (r == 0 || !t->groups[r - 1] || strcmp(t->groups[r], t->groups[r - 1]))) {
                put(&l, t->groups[r], 0, true, "\033[4m");
                end_line(&l);
            }
            print_row(t, widths, r, from, end, &l);
        }
        from = end;
        if (from < t->n_columns)
            fputc('\n', out);
    }
}

void eb_table_markdown(const eb_table *t, const char *group_head, FILE *out)
{
    static const char *const open[] = { "", "**", "" }, *const close[] = { "", "**", " ≈" };
    bool grouped = t->n_rows && t->groups[0];
    fprintf(out, "%s", grouped ? "| " : "|");
    if (grouped)
        fprintf(out, "%s |", group_head);
    for (int c = 0; c < t->n_columns; c++) {
        const eb_column *col = &t->columns[c];
        fprintf(out, " ");
        eb_text_markdown(out, col->head);
        fprintf(out, "%s", *col->head && *col->unit ? " " : "");
        eb_text_markdown(out, col->unit);
        fprintf(out, " |");
    }
    fprintf(out, "\n|%s", grouped ? " --- |" : "");
    for (int c = 0; c < t->n_columns; c++)
        fprintf(out, "%s", t->columns[c].left ? " --- |" : " ---: |");
    fprintf(out, "\n");
    for (int r = 0; r < t->n_rows; r++) {
        fprintf(out, "|");
        if (grouped) {
            fprintf(out, " ");
            eb_text_markdown(out, t->groups[r]);
            fprintf(out, " |");
        }
        for (int c = 0; c < t->n_columns; c++) {
            const eb_cell *x = &t->cells[r * t->n_columns + c];
            fprintf(out, " %s", open[x->mark]);
            eb_text_markdown(out, x->text);
            fprintf(out, "%s |", close[x->mark]);
        }
        fprintf(out, "\n");
    }
}
