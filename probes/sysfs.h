// SPDX-License-Identifier: Apache-2.0
// What sources that read small files of /sys share: signed numbers, printable text, names with an index in them,
// a first look at a file that is to be kept open. Everything goes through the I/O table; nothing allocates.
#ifndef EB_PROBES_SYSFS_H
#define EB_PROBES_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/energy.h"
#include "harness/base/io.h"

// One decimal number with an optional minus sign, white space around it allowed; 0 or -errno, -EBADMSG for empty or
// garbage.
int eb_sysfs_parse_s64(const char *text, size_t len, int64_t *out);
int eb_sysfs_pread_s64(const eb_io *io, int handle, int64_t *out);
int eb_sysfs_read_s64(const eb_io *io, const char *path, int64_t *out);

// The first line of a file as it may be shown on a terminal; "" where it cannot be read.
void eb_sysfs_read_text(const eb_io *io, const char *path, char *buf, size_t size);

// The value of KEY=value in a device's uevent file, printable. False (and "") where it does not say.
bool eb_sysfs_uevent(const eb_io *io, const char *path, const char *key, char *buf, size_t size);

// Opens a file that holds a number and reads it twice: found in a folder is not available. An empty read, which may be
// a writer between truncating and writing, is tried again for 10 ms. The handle, or -errno.
int eb_sysfs_open_number(const eb_io *io, const char *path, int64_t *value);

// "temp12_input" with prefix "temp" and suffix "_input" -> 12; at most 6 digits, no leading zero but "0" itself.
bool eb_sysfs_index(const char *name, const char *prefix, const char *suffix, unsigned *index);

// The indices of the entries of `dir` that eb_sysfs_index takes, ascending; at most `size`. How many, or -errno.
int eb_sysfs_list_indices(const eb_io *io, const char *dir, const char *prefix, const char *suffix, unsigned *out,
                          int size);

// Why a file gave no number, for people.
const char *eb_sysfs_why(int errnum);
bool eb_sysfs_refused(int errnum); // EACCES, EPERM

#endif
