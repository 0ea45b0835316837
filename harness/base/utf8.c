// SPDX-License-Identifier: Apache-2.0
// UTF-8 as RFC 3629 has it.
#include "harness/base/utf8.h"

#include <stdint.h>

int eb_utf8_len(const char *s, size_t n)
{
    if (n == 0)
        return 0;
    const unsigned char *u = (const unsigned char *)s;
    if (u[0] < 0x80)
        return 1;
    int len = u[0] >= 0xF0 ? 4 : u[0] >= 0xE0 ? 3 : 2;
    if (u[0] < 0xC2 || u[0] > 0xF4 || (size_t)len > n)
        return -1;
    for (int i = 1; i < len; i++)
        if ((u[i] & 0xC0) != 0x80)
            return -1;
    // The second byte alone tells overlong forms, surrogates and what lies beyond U+10FFFF.
    if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F) || (u[0] == 0xF0 && u[1] < 0x90) ||
        (u[0] == 0xF4 && u[1] > 0x8F))
        return -1;
    return len;
}

size_t eb_utf8_check(const char *s, size_t n)
{
    size_t i = 0;
    while (i < n) {
        int len = eb_utf8_len(s + i, n - i);
        if (len < 0)
            return i;
        i += (size_t)len;
    }
    return n;
}

size_t eb_utf8_cut(const char *s, size_t n)
{
    size_t start = n;
    while (start > 0 && n - start < 3 && ((unsigned char)s[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || (unsigned char)s[start - 1] < 0xC0)
        return n; // ends in ASCII, or was never UTF-8
    return eb_utf8_len(s + start - 1, n - start + 1) > 0 ? n : start - 1;
}
