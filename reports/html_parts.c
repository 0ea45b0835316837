// SPDX-License-Identifier: Apache-2.0
// Parts that pages have in common: sections, definitions, notes, tables of texts.
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/html.h"

void eb_html_section(FILE *out, const char *id, const char *title)
{
    fprintf(out, "<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">", id, id, id);
    eb_html_put(out, title);
    fprintf(out, "</h2>\n");
}

// Every column that holds a metric, in words.
void eb_html_definitions(const eb_table *t, FILE *out)
{
    bool any = false;
    for (int c = 0; c < eb_table_width(t); c++) {
        const eb_column *col = eb_table_column_at(t, c);
        if (!col->key || col->role != EB_ROLE_VALUE || !*eb_metric_doc(col->key))
            continue;
        if (!any)
            fprintf(out, "<details><summary>Where these figures come from</summary>\n<dl>\n");
        any = true;
        fprintf(out, "<dt>");
        eb_html_put(out, *col->head ? col->head : col->unit);
        fprintf(out, " <code>%s</code></dt><dd>", col->key);
        eb_html_put(out, eb_metric_doc(col->key));
        fprintf(out, "</dd>\n");
    }
    if (any)
        fprintf(out,
                "</dl>\n<p>Each figure is the median over the trials; point at one, or tap it, for its interval, its "
                "trials, its grade and its source. ★ is the best of a column where its interval is clear of the "
                "others', ≈ cannot be told from the best.</p></details>\n");
}

int eb_html_count(const eb_notes *notes, const char *label)
{
    int n = 0;
    for (size_t i = 0; i < notes->n; i++)
        n += !strcmp(notes->items[i].label, label);
    return n;
}

// "12 tok/s" does not break between the two.
void eb_html_put_joined(FILE *out, const char *line)
{
    static const char *const units[] = { " tok/", " per million", " %", " x " };
    for (const char *p = line; *p; p++) {
        bool bound = false;
        for (size_t i = 0; i < sizeof units / sizeof *units && p > line; i++)
            bound = bound || (p[-1] >= '0' && p[-1] <= '9' && !strncmp(p, units[i], strlen(units[i])));
        fputs(bound ? "\xC2\xA0" : "", out);
        if (!bound)
            fputc(*p, out);
    }
}

void eb_html_notes(const eb_notes *notes, const char *alike, FILE *out)
{
    eb_html_section(out, "reading", "How to read it");
    fprintf(out,
            "<dl>\n<dt>★ ≈</dt><dd>★ best of the rows with %s; ≈ best where it is not, and what is as good or not told "
            "apart from it by the "
            "intervals or that of their ratio; no mark where fewer than 6 trials cannot say</dd>\n",
            alike);
    const char *last = "";
    for (size_t i = 0; i < notes->n; i++) {
        const eb_note *n = &notes->items[i];
        if (!strcmp(n->label, "* ~") || !strcmp(n->label, "marks") || !strcmp(n->label, "warning"))
            continue; // the marks have signs of their own here
        fprintf(out, "<dt>");
        eb_html_put(out, strcmp(n->label, last) ? n->label : "");
        last = n->label;
        fprintf(out, "</dt><dd>");
        eb_html_put(out, n->text);
        fprintf(out, "</dd>\n");
    }
    fprintf(out, "</dl>\n</section>\n");
}

void eb_html_warnings(const eb_notes *notes, FILE *out)
{
    if (!eb_html_count(notes, "warning"))
        return;
    eb_html_section(out, "warnings", "Warnings");
    fprintf(out, "<ul class=\"words\">\n");
    for (size_t i = 0; i < notes->n; i++)
        if (!strcmp(notes->items[i].label, "warning")) {
            fprintf(out, "<li>");
            eb_html_put(out, notes->items[i].text);
            fprintf(out, "</li>\n");
        }
    fprintf(out, "</ul>\n</section>\n");
}

// A name that is one long word may break behind its points, lines and slashes.
static void put_breakable(FILE *out, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "._/");
        n += p[n] != '\0';
        char *part = eb_strndup(p, n);
        eb_html_put(out, part);
        free(part);
        p += n;
        fputs(*p ? "<wbr>" : "", out);
    }
}

// A row of a table of texts; the first one names it. NULL is an empty cell.
void eb_html_texts_row(FILE *out, const char *const *cells, int n)
{
    fprintf(out, "<tr>");
    for (int i = 0; i < n; i++) {
        fprintf(out, i ? "<td>" : "<th scope=\"row\">");
        if (i)
            eb_html_put(out, cells[i] ? cells[i] : "");
        else
            put_breakable(out, cells[i] ? cells[i] : "");
        fprintf(out, i ? "</td>" : "</th>");
    }
    fprintf(out, "</tr>\n");
}

void eb_html_texts_begin(FILE *out, const char *label, const char *const *heads, int n)
{
    fprintf(out,
            "<div class=\"box\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table class=\"facts\"><thead><tr>",
            label);
    for (int i = 0; i < n; i++)
        fprintf(out, "<th scope=\"col\">%s</th>", heads[i]);
    fprintf(out, "</tr></thead>\n<tbody>\n");
}

void eb_html_texts_end(FILE *out)
{
    fprintf(out, "</tbody></table></div>\n");
}
