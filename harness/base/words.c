// SPDX-License-Identifier: Apache-2.0
#include "harness/base/words.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

void eb_words_add(char *buf, size_t size, const char *separator, const char *word)
{
    static const char more[] = "...";
    size_t n = strlen(buf), between = strlen(separator), rest = between + sizeof more;
    bool ended = n >= 3 && !strcmp(buf + n - 3, more);
    if (ended)
        return;
    bool fits = n + between + strlen(word) + rest <= size; // and then the end of a list that goes on
    snprintf(buf + n, size - n, "%s%s", n ? separator : "", fits ? word : more);
}
