// SPDX-License-Identifier: Apache-2.0
// A filter over gnuplot's SVG. What passes is listed; everything else is left out.
#include "reports/svg.h"

#include <stdlib.h>
#include <string.h>
#include "reports/html.h"

// Colours that the scripts draw in, and what the page calls them.
static const struct {
    unsigned rgb;
    const char *name;
} palette[] = {
    { 0x1A1D21, "ink" },     { 0x202020, "ink" },    { 0x000000, "ink" },  { 0x5A626B, "mute" }, { 0x404040, "mute" },
    { 0x606060, "axis" },    { 0x808080, "axis" },   { 0xE4E4E4, "grid" }, { 0xE6E8EB, "grid" }, { 0xFFFFFF, "paper" },
    { 0x0B5A8F, "s1" },      { 0x0B4F7D, "s1" },     { 0xC2571A, "s2" },   { 0xA6501A, "s2" },   { 0x2F7D4F, "s3" },
    { 0x3F6B2A, "s3" },      { 0x8A4B8F, "s4" },     { 0x9C2A3F, "s5" },   { 0x8A6D00, "s6" },   { 0x9AA2AB, "rest" },
    { 0xFBE3C0, "prefill" }, { 0xD9E9F5, "decode" }, { 0xD98A3D, "warm" },
};

static const char *const elements[] = { "svg",  "g",    "path",  "rect", "circle", "polygon", "polyline",
                                        "line", "text", "tspan", "use",  "defs",   "clipPath" };
static const char *const attributes[] = {
    "d",
    "points",
    "x",
    "y",
    "x1",
    "x2",
    "y1",
    "y2",
    "cx",
    "cy",
    "r",
    "width",
    "height",
    "transform",
    "fill",
    "stroke",
    "color",
    "opacity",
    "fill-opacity",
    "stroke-width",
    "stroke-opacity",
    "fill-rule",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-dasharray",
    "font-size",
    "font-weight",
    "text-anchor",
    "shape-rendering",
    "id",
    "clip-path",
    "xlink:href",
};

typedef struct span {
    const char *s;
    size_t n;
} span;

static bool listed(span name, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == name.n && !memcmp(list[i], name.s, name.n))
            return true;
    return false;
}
#define LISTED(name, list) listed((name), (list), sizeof(list) / sizeof *(list))

static bool is(span name, const char *text)
{
    return strlen(text) == name.n && !memcmp(name.s, text, name.n);
}

// "rgb( 96,  96,  96)", "#606060", "black" -> the page's own name of it, NULL = not in the palette.
static const char *palette_name(span value)
{
    char text[32];
    unsigned r, g, b, rgb;
    if (value.n >= sizeof text)
        return NULL;
    memcpy(text, value.s, value.n);
    text[value.n] = '\0';
    if (sscanf(text, "rgb(%u ,%u ,%u)", &r, &g, &b) == 3 && r < 256 && g < 256 && b < 256)
        rgb = r << 16 | g << 8 | b;
    else if (value.n == 7 && sscanf(text, "#%6x", &rgb) == 1)
        rgb &= 0xFFFFFF;
    else if (!strcmp(text, "black"))
        rgb = 0;
    else
        return NULL;
    for (size_t i = 0; i < sizeof palette / sizeof *palette; i++)
        if (palette[i].rgb == rgb)
            return palette[i].name;
    return NULL;
}

// Nothing that could end the attribute, or name something outside of the plot.
static bool harmless(span value)
{
    for (size_t i = 0; i < value.n; i++)
        if (strchr("<>\"'&\\", value.s[i]) || (unsigned char)value.s[i] < ' ')
            return value.s[i] == '\n' || value.s[i] == '\t';
    return true;
}

static bool is_color(span name)
{
    return is(name, "fill") || is(name, "stroke") || is(name, "color");
}

static void put_attribute(span name, span value, const char *id, FILE *out)
{
    const char *own = is_color(name) ? palette_name(value) : NULL;
    bool url = value.n > 5 && !memcmp(value.s, "url(#", 5), link = is(name, "xlink:href");
    if (!LISTED(name, attributes) || !harmless(value) || (!url && memchr(value.s, ':', value.n)) ||
        (link && (value.n < 2 || value.s[0] != '#')) || (memmem(value.s, value.n, "url", 3) && !url))
        return;
    fprintf(out, " %.*s=\"", link ? 4 : (int)name.n, link ? "href" : name.s);
    if (own)
        fprintf(out, "var(--%s)", own);
    else if (is(name, "id"))
        fprintf(out, "%s-%.*s", id, (int)value.n, value.s);
    else if (link)
        fprintf(out, "#%s-%.*s", id, (int)value.n - 1, value.s + 1);
    else if (url)
        fprintf(out, "url(#%s-%.*s", id, (int)value.n - 5, value.s + 5);
    else
        fprintf(out, "%.*s", (int)value.n, value.s);
    fputc('"', out);
}

static const char *skip_blank(const char *p, const char *end)
{
    while (p < end && strchr(" \t\r\n", *p))
        p++;
    return p;
}

static span take_name(const char **p, const char *end)
{
    span name = { *p, 0 };
    while (*p < end && !strchr(" \t\r\n=/>", **p))
        ++*p;
    name.n = (size_t)(*p - name.s);
    return name;
}

// The attributes up to the tag's end; returns behind '>', NULL where the text is no tag. `id` NULL: none are written.
static const char *take_attributes(const char *p, const char *end, const char *id, bool *closed, FILE *out)
{
    *closed = false;
    for (;;) {
        p = skip_blank(p, end);
        if (p < end && *p == '/') {
            *closed = true;
            p++;
            continue;
        }
        if (p < end && *p == '>')
            return p + 1;
        span name = take_name(&p, end);
        p = skip_blank(p, end);
        if (!name.n || p >= end || *p != '=')
            return NULL;
        p = skip_blank(p + 1, end);
        if (p >= end || (*p != '"' && *p != '\''))
            return NULL;
        const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
        if (!close)
            return NULL;
        if (id)
            put_attribute(name, (span){ p + 1, (size_t)(close - p - 1) }, id, out);
        p = close + 1;
    }
}

// Text between tags: gnuplot has escaped it; what it has not is escaped here.
static void put_text(const char *p, const char *end, FILE *out)
{
    for (; p < end; p++)
        if (*p == '>')
            fputs("&gt;", out);
        else
            fputc(*p, out);
}

// The root keeps its view box alone: the page says how wide it is.
static const char *put_root(const char *p, const char *end, const char *label, FILE *out)
{
    bool closed;
    unsigned w, h;
    const char *box = memmem(p, (size_t)(end - p), "viewBox=\"0 0 ", 13);
    const char *after = take_attributes(p, end, NULL, &closed, out);
    if (!after || !box || box > after || sscanf(box + 13, "%5u %5u", &w, &h) != 2)
        return NULL;
    fprintf(out, "<svg viewBox=\"0 0 %u %u\" style=\"--w:%upx\" role=\"img\" aria-label=\"", w, h, w);
    eb_html_put(out, label);
    fputs("\">", out);
    return after;
}

// Behind an element that is left out, with all that is in it; these do not nest in gnuplot's output.
static const char *skip_element(const char *p, const char *end, span name)
{
    char close[40];
    int n = snprintf(close, sizeof close, "</%.*s", (int)name.n, name.s);
    if (n < 0 || (size_t)n >= sizeof close)
        return NULL;
    const char *at = memmem(p, (size_t)(end - p), close, (size_t)n);
    at = at ? memchr(at, '>', (size_t)(end - at)) : NULL;
    return at ? at + 1 : NULL;
}

static const char *put_tag(const char *p, const char *end, const char *id, const char *label, FILE *out)
{
    bool close = *p == '/', closed;
    p += close;
    span name = take_name(&p, end);
    if (is(name, "svg") && !close)
        return put_root(p, end, label, out);
    bool known = LISTED(name, elements);
    if (known)
        fprintf(out, "<%s%.*s", close ? "/" : "", (int)name.n, name.s);
    const char *after = take_attributes(p, end, known && !close ? id : NULL, &closed, out);
    if (known)
        fputs(closed ? "/>" : ">", out);
    else if (after && !close && !closed)
        after = skip_element(after, end, name);
    return after;
}

static const char *skip_to(const char *p, const char *end, const char *what)
{
    const char *at = memmem(p, (size_t)(end - p), what, strlen(what));
    return at ? at + strlen(what) : NULL;
}

bool eb_svg_inline(const char *svg, size_t n, const char *id, const char *label, FILE *out)
{
    const char *p = svg, *end = svg + n;
    while (p && p < end) {
        if (*p != '<') {
            const char *next = memchr(p, '<', (size_t)(end - p));
            next = next ? next : end;
            if (skip_blank(p, next) < next)
                put_text(p, next, out);
            p = next;
        } else if (end - p > 4 && !memcmp(p, "<!--", 4)) {
            p = skip_to(p, end, "-->");
        } else if (end - p > 2 && (p[1] == '?' || p[1] == '!')) {
            p = skip_to(p, end, ">");
        } else {
            p = put_tag(p + 1, end, id, label, out);
        }
    }
    return p != NULL && n > 0;
}

size_t eb_svg_first(const char *text, size_t n)
{
    const char *end = memmem(text, n, "</svg>", 6);
    return end ? (size_t)(end - text) + 6 : 0;
}
