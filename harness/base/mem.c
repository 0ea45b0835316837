// SPDX-License-Identifier: Apache-2.0
// Allocation: small things never fail (they end the program), large ones report.
#include "harness/base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/units.h"

static _Noreturn void out_of_memory(size_t size)
{
    fprintf(stderr, "effbench: error: out of memory (%zu bytes)\n", size);
    exit(EB_FAILED);
}

void *eb_alloc(size_t size)
{
    void *p = calloc(1, size ? size : 1);
    if (!p)
        out_of_memory(size);
    return p;
}

void *eb_realloc(void *ptr, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        out_of_memory(SIZE_MAX);
    void *p = realloc(ptr, bytes ? bytes : 1);
    if (!p)
        out_of_memory(bytes);
    return p;
}

char *eb_strdup(const char *s)
{
    return eb_strndup(s, strlen(s));
}

char *eb_strndup(const char *s, size_t n)
{
    n = strnlen(s, n);
    char *copy = eb_alloc(n + 1);
    memcpy(copy, s, n);
    return copy;
}

char *eb_format(const char *fmt, ...)
{
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *s = eb_alloc(n > 0 ? (size_t)n + 1 : 1);
    if (n > 0)
        vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

void *eb_try_alloc(size_t count, size_t size, const char *what, eb_err *err)
{
    enum { ALIGN = 64 };
    size_t bytes;
    bool sane = !__builtin_mul_overflow(count, size, &bytes) && bytes <= PTRDIFF_MAX - ALIGN;
    size_t rounded = sane ? (bytes + ALIGN - 1) / ALIGN * ALIGN : 0;
    void *p = sane ? aligned_alloc(ALIGN, rounded ? rounded : ALIGN) : NULL;
    if (!p) {
        char need[32];
        eb_fmt_bytes(need, sizeof need, (double)count * (double)size, 3);
        eb_err_set(err, EB_FAILED, "no memory for %s: %s are needed", what, need);
        return NULL;
    }
    memset(p, 0, rounded ? rounded : ALIGN);
    return p;
}
