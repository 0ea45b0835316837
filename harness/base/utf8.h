// SPDX-License-Identifier: Apache-2.0
// Just enough UTF-8 to check what comes from outside and to cut it between characters.
#ifndef EB_BASE_UTF8_H
#define EB_BASE_UTF8_H

#include <stddef.h>

// Bytes of the well-formed character at `s` (n bytes left): 1..4; 0 when n is 0, -1 when it is malformed
// (overlong, surrogate, beyond U+10FFFF, cut off).
int eb_utf8_len(const char *s, size_t n);

// Offset of the first malformed byte, or n when all of it is well formed.
size_t eb_utf8_check(const char *s, size_t n);

// Largest length <= n at which `s` (at least n bytes) can be cut without splitting a character.
size_t eb_utf8_cut(const char *s, size_t n);

#endif
