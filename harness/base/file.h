// SPDX-License-Identifier: Apache-2.0
// Files of our own: written aside and renamed, appended with a checked fsync. Errors name the file.
#ifndef EB_BASE_FILE_H
#define EB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/error.h"

char *eb_file_read(const char *path, size_t limit, size_t *len, eb_err *err); // NUL-terminated; caller frees
// What must be a file and nothing else: a pipe that nobody writes to would be waited for, a device never ends. A
// descriptor of the caller's, or -1 and EB_USAGE.
int eb_file_open_regular(const char *path, eb_err *err);
char *eb_file_read_regular(const char *path, size_t limit, size_t *len, eb_err *err); // as eb_file_read
// Writes path.tmp.PID, fsyncs, renames; on failure nothing is left behind.
bool eb_file_write_atomic(const char *path, const void *data, size_t len, eb_err *err);
bool eb_mkdirs(const char *path, eb_err *err);
bool eb_file_exists(const char *path);
// Whether it is a folder; else err (EB_USAGE) says that nothing is there, or that it is a file and not `what`.
bool eb_folder_exists(const char *path, const char *what, eb_err *err);
// Where things are kept between runs: $XDG_CACHE_HOME/effbench, else ~/.cache/effbench; NULL where neither is an
// absolute path. Not made. Caller frees.
char *eb_cache_folder(void);
char *eb_path_join(const char *dir, const char *name); // caller frees
const char *eb_path_base(const char *path);            // borrowed

#endif
