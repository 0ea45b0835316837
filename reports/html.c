// SPDX-License-Identifier: Apache-2.0
// The frame of a page, and text made harmless.
#include "reports/html.h"

#include <stdlib.h>
#include "reports/assets.h"

void eb_html_put(FILE *out, const char *text)
{
    char *clean = eb_text_clean(text);
    for (const char *p = clean; *p; p++)
        switch (*p) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*p, out);
        }
    free(clean);
}

// Only our own script runs, nothing is loaded: what a hostile name might smuggle in stays text.
void eb_html_begin(FILE *out, const char *title)
{
    fprintf(out,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src "
            "'unsafe-inline'; "
            "script-src 'sha256-%s'; base-uri 'none'; form-action 'none'\">\n"
            "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
            "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n<title>",
            eb_asset_js_sha256);
    eb_html_put(out, title);
    fprintf(out,
            "</title>\n<style>\n%s</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#answer\">To the answer</a>\n"
            "<main>\n",
            eb_asset_css);
}

void eb_html_end(FILE *out)
{
    fprintf(out, "</main>\n<script>%s</script>\n</body>\n</html>\n", eb_asset_js);
}
