// SPDX-License-Identifier: Apache-2.0
// Allocation for small things, whose failure nobody can handle: these never return NULL,
// they print one line and exit with EB_FAILED. Large or data-dependent blocks (models,
// caches, sample buffers) go through eb_try_alloc and report.
#ifndef EB_BASE_MEM_H
#define EB_BASE_MEM_H

#include <stddef.h>
#include "harness/base/error.h"

void *eb_alloc(size_t size);                            // zeroed
void *eb_realloc(void *ptr, size_t count, size_t size); // checks the product
char *eb_strdup(const char *s);
char *eb_strndup(const char *s, size_t n);
char *eb_format(const char *fmt, ...) __attribute__((format(printf, 1, 2))); // caller frees

// Zeroed, 64-byte aligned (free with free()); NULL and err (EB_FAILED, with the need) on failure.
void *eb_try_alloc(size_t count, size_t size, const char *what, eb_err *err);

// Makes room for one more element of a growing array: `EB_GROW(a->items, a->n, a->cap)`.
#define EB_GROW(items, n, cap)                                                                                         \
    do {                                                                                                               \
        if ((n) == (cap)) {                                                                                            \
            (cap) = (cap) ? 2 * (cap) : 8;                                                                             \
            (items) = eb_realloc((items), (size_t)(cap), sizeof *(items));                                             \
        }                                                                                                              \
    } while (0)

#endif
