// SPDX-License-Identifier: Apache-2.0
// Fields of a CSV line.
#include "reports/csv_text.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void eb_csv_put_text(FILE *out, const char *s)
{
    bool quote = strpbrk(s, ",\"\r\n") || s[0] == ' ' || (s[0] && s[strlen(s) - 1] == ' ');
    if (!quote) {
        fputs(s, out);
        return;
    }
    fputc('"', out);
    for (; *s; s++)
        fprintf(out, *s == '"' ? "\"\"" : "%c", *s);
    fputc('"', out);
}

void eb_csv_put_number(FILE *out, double value)
{
    char text[40];
    if (!isfinite(value))
        return;
    int digits = 15;
    do
        snprintf(text, sizeof text, "%.*g", digits, value);
    while (strtod(text, NULL) != value && ++digits <= 17);
    fputs(text, out);
}
