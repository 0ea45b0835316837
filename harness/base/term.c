// SPDX-License-Identifier: Apache-2.0
// Terminal questions, answered from the file and the environment.
#include "harness/base/term.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool eb_color_mode_parse(const char *s, eb_color_mode *out)
{
    static const char *const names[] = { "auto", "always", "never" };
    for (int i = 0; i < 3; i++) {
        if (!strcmp(s, names[i])) {
            *out = (eb_color_mode)i;
            return true;
        }
    }
    return false;
}

bool eb_term_live(FILE *to)
{
    const char *term = getenv("TERM");
    return isatty(fileno(to)) && term && strcmp(term, "dumb") != 0;
}

bool eb_term_color(eb_color_mode mode, FILE *to)
{
    const char *no_color = getenv("NO_COLOR");
    if (mode != EB_COLOR_AUTO)
        return mode == EB_COLOR_ALWAYS;
    return !(no_color && no_color[0]) && eb_term_live(to);
}

int eb_term_width(FILE *to)
{
    struct winsize size;
    if (isatty(fileno(to)) && ioctl(fileno(to), TIOCGWINSZ, &size) == 0 && size.ws_col >= 40)
        return size.ws_col;
    return 100;
}
