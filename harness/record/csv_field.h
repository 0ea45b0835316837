// SPDX-License-Identifier: Apache-2.0
// The text of one CSV field -> a value, nothing believed: false when it is not what it must be. `s` need not end with
// 0. Private to record/.
#ifndef EB_RECORD_CSV_FIELD_H
#define EB_RECORD_CSV_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EB_CSV_FIELD = 128 }; // bytes of the longest number or name

bool eb_csv_u64(const char *s, size_t n, uint64_t max, uint64_t *out);
bool eb_csv_i64(const char *s, size_t n, int64_t min, int64_t max, int64_t *out);
bool eb_csv_u32(const char *s, size_t n, uint32_t *out);
bool eb_csv_time(const char *s, size_t n, int64_t *out); // ns
bool eb_csv_word(const char *word, const char *s, size_t n);
// Index of the name among `count`, -1 = none.
int eb_csv_name(const char *s, size_t n, int count, const char *(*name)(int));
// A number of at least 0, or nothing: NAN, not known. At most EB_CSV_FIELD bytes.
bool eb_csv_amount(const char *s, size_t n, double *out);

#endif
