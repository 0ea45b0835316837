// SPDX-License-Identifier: Apache-2.0
// A folder of the test's own: made before it, filled by it, removed after it.
#ifndef EB_TESTS_FOLDER_H
#define EB_TESTS_FOLDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "harness/base/file.h"

static char folder[64];

// Where a folder is made: in memory where that is to be had, as the program syncs each file it writes.
static inline const char *folder_parent(void)
{
    return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

static inline int folder_in(const char *parent)
{
    snprintf(folder, sizeof folder, "%s/effbench-test-XXXXXX", parent);
    return mkdtemp(folder) ? 0 : -1;
}

// Setup and teardown, of a test or of a group. In memory where that is to be had: the program syncs each file it
// writes.
static inline int folder_make(void **state)
{
    (void)state;
    return folder_in(folder_parent());
}

static inline int folder_remove(void **state)
{
    char command[96];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    return system(command);
}

// A file at PATH, which begins with '/', and the folders above it.
static inline void put(const char *path, const char *text)
{
    char full[512], dir[512];
    eb_err err = { 0 };
    snprintf(full, sizeof full, "%s%s", folder, path);
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(full, '/') - full), full);
    assert_true(eb_mkdirs(dir, &err));
    FILE *f = fopen(full, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

#endif
