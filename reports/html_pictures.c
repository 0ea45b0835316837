// SPDX-License-Identifier: Apache-2.0
// Pictures of a page: all scripts go through one gnuplot, and its documents come back in their order.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "reports/gnuplot.h"
#include "reports/html.h"
#include "reports/svg.h"

enum { LIMIT_S = 120 };

void eb_html_picture_add(eb_html_pictures *p, const char *section, bool wide, char *script, const char *caption_fmt,
                         ...)
{
    va_list ap;
    char *caption = NULL;
    if (!script)
        return;
    va_start(ap, caption_fmt);
    if (vasprintf(&caption, caption_fmt, ap) < 0)
        caption = eb_strdup("");
    va_end(ap);
    EB_GROW(p->items, p->n, p->cap);
    p->items[p->n++] = (eb_html_picture){ .section = section, .caption = caption, .script = script, .wide = wide };
}

// Cuts gnuplot's output into the pictures' documents. False where their number is not what was asked for.
static bool take_documents(eb_html_pictures *p, const char *text, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < p->n; i++) {
        char id[32], *inline_text = NULL;
        size_t len = eb_svg_first(text + at, n - at), inline_len = 0;
        FILE *out = len ? open_memstream(&inline_text, &inline_len) : NULL;
        if (!out)
            return false;
        snprintf(id, sizeof id, "p%zu", i + 1);
        bool ok = eb_svg_inline(text + at, len, id, p->items[i].caption, out);
        ok = fclose(out) == 0 && ok;
        p->items[i].svg = inline_text;
        at += len;
        if (!ok)
            return false;
    }
    return true;
}

static void forget(eb_html_pictures *p, char *notice)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->items[i].svg);
        p->items[i].svg = NULL;
    }
    free(p->notice);
    p->notice = notice;
}

void eb_html_pictures_draw(eb_html_pictures *p, const char *program)
{
    eb_text all = { 0 };
    eb_err err = { 0 };
    char *text = NULL;
    size_t n = 0;
    if (!p->n)
        return;
    for (size_t i = 0; i < p->n; i++)
        eb_text_add(&all, "reset session\n%s\n", p->items[i].script);
    eb_gnuplot_result result = eb_gnuplot_run(program, all.s, LIMIT_S, &text, &n, &err);
    if (result == EB_GNUPLOT_ABSENT)
        forget(p, eb_strdup("No pictures: gnuplot was not installed where this page was made (Debian: gnuplot-nox)."));
    else if (result == EB_GNUPLOT_FAILED)
        forget(p, eb_format("No pictures: %s.", err.message));
    else if (!take_documents(p, text, n))
        forget(p, eb_strdup("No pictures: what gnuplot wrote was not understood."));
    eb_text_deinit(&all);
    free(text);
}

// "Caption, then a word of explanation": what follows the first " | " is set apart.
static void put_caption(const char *caption, FILE *out)
{
    const char *bar = strstr(caption, " | ");
    char *head = eb_strndup(caption, bar ? (size_t)(bar - caption) : strlen(caption));
    fprintf(out, "<figcaption>");
    eb_html_put(out, head);
    if (bar) {
        fprintf(out, "<small>");
        eb_html_put(out, bar + 3);
        fprintf(out, "</small>");
    }
    fprintf(out, "</figcaption>");
    free(head);
}

bool eb_html_pictures_have(const eb_html_pictures *p, const char *section)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->items[i].svg && !strcmp(p->items[i].section, section))
            return true;
    return false;
}

void eb_html_pictures_put(const eb_html_pictures *p, const char *section, FILE *out)
{
    bool any = false;
    for (size_t i = 0; i < p->n; i++) {
        const eb_html_picture *x = &p->items[i];
        if (!x->svg || strcmp(x->section, section))
            continue;
        if (!any)
            fprintf(out, "<div class=\"figures\">\n");
        any = true;
        fprintf(out, "<figure%s>", x->wide ? " class=\"wide\"" : "");
        put_caption(x->caption, out);
        fprintf(out, "<div>%s</div></figure>\n", x->svg);
    }
    if (any)
        fprintf(out, "</div>\n");
}

void eb_html_pictures_deinit(eb_html_pictures *p)
{
    forget(p, NULL);
    for (size_t i = 0; i < p->n; i++) {
        free(p->items[i].caption);
        free(p->items[i].script);
    }
    free(p->items);
    *p = (eb_html_pictures){ 0 };
}
