// SPDX-License-Identifier: Apache-2.0
// How a config is written, and docs/config.md made from the option tables.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/term.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/help.h"
#include "harness/plan/plan.h"

const char eb_help_grammar[] =
    "  [model smol]                       a section; models and workloads have names\n"
    "  model = shape:smollm2-135m         key = value, one per line\n"
    "  type = f16, q8_0, q4_0             a list spans a grid: one case per item\n"
    "  # text, or ; text                  a comment: at the start of a line or after a space\n"
    "  name = \"a, b # c\"                  quotes keep , # ; and spaces; inside them \\\" and \\\\\n"
    "\n"
    "  numbers    128, 0.5; counts take k, M, G in steps of 1024: 4k = 4096\n"
    "  fractions  0.02 or 2%\n"
    "  times      250ms, 2s, 1.5min (ns, us, ms, s, min, h)\n"
    "  dates      2026-01-31\n"
    "\n"
    "  --set section[:name]:key=value on the command line overrides the file:\n"
    "  --set run:trials=3   --set model:smol:type=f16,q8_0\n";

void eb_cmd_wrap(const char *text, int indent, int first)
{
    int width = eb_term_width(stdout), column = indent;
    printf("%*s", first, "");
    for (const char *p = text; *p;) {
        int len = (int)strcspn(p, " ");
        if (column > indent && column + 1 + len > width) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", len, p);
        column += len;
        p += len;
        p += strspn(p, " ");
    }
    putchar('\n');
}

// In a cell of a markdown table a bar would end the cell.
static void put_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static void put_row(const eb_option *opt)
{
    char lo[40], hi[40];
    bool unit = opt->unit && opt->type != EB_OPTION_TIME;
    printf("| `%s` | %s%s%s%s%s | ", opt->key, eb_option_type_name(opt->type), unit ? ", " : "", unit ? opt->unit : "",
           opt->flags & EB_OPTION_LIST ? ", list" : "", opt->flags & EB_OPTION_RANGE ? ", or low, value, high" : "");
    if (opt->flags & EB_OPTION_REQUIRED)
        printf("required");
    else if (opt->def && opt->def[0])
        printf("`%s`", opt->def);
    printf(" | ");
    if (opt->min != 0 || opt->max != 0)
        printf("%s to %s", eb_option_bound(lo, sizeof lo, opt, opt->min),
               eb_option_bound(hi, sizeof hi, opt, opt->max));
    for (const eb_choice *c = opt->choices; c && c->name; c++)
        printf("%s`%s`", c == opt->choices ? "" : ", ", c->name);
    printf(" | ");
    put_cell(opt->doc);
    printf(" |\n");
}

int eb_help_markdown(void)
{
    printf("# Configuration\n\n"
           "Made by `effbench help --format md` from the tables that the program itself reads configs with; a test "
           "keeps the two equal.\n\n"
           "```ini\n%s```\n\n"
           "Every error of a config is reported at once, each with its place and a hint, and the exit status is 2. "
           "`effbench run CONFIG --dry-run` shows the resolved plan.\n",
           eb_help_grammar);
    for (const eb_help_section *s = eb_help_sections; s->name; s++) {
        printf("\n## %s\n\n%s\n\n| key | type | default | range or values | what |\n| --- | --- | --- | --- | --- |\n",
               s->head, s->doc);
        for (const eb_option *const *table = eb_option_tables; *table; table++)
            for (const eb_option *opt = *table; opt->section; opt++)
                if (!strcmp(opt->section, s->name))
                    put_row(opt);
    }
    return EB_OK;
}
