// SPDX-License-Identifier: Apache-2.0
// Numbers with units, in and out. Parsing takes the whole text or fails (junk is an error).
// Token counts and other plain counts take k/M/G as 1024-steps ("4k" tokens = 4096), as the field does
// for context lengths; bytes: k/M/G = 1000, Ki/Mi/Gi = 1024.
#ifndef EB_BASE_UNITS_H
#define EB_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// `bad` (may be NULL) gets the 0-based offset of the first character that does not fit.
bool eb_parse_int(const char *s, int64_t *out, size_t *bad);     // "128", "4k"
bool eb_parse_double(const char *s, double *out, size_t *bad);   // "0.21", finite only, '.' in any locale
bool eb_parse_time_ns(const char *s, int64_t *out, size_t *bad); // "250ms", "2s", "1.5min", "0"
bool eb_parse_bytes(const char *s, int64_t *out, size_t *bad);   // "2GiB", "512M"
bool eb_parse_u64(const char *s, uint64_t *out, size_t *bad);    // digits only

// Rounded to `digits` significant digits, which are all printed ("1.50", "12300"); no exponent for
// 1e-4..1e9; NAN -> "-", 0 -> "0".
// buf of 32 is always enough; returns buf.
char *eb_fmt_sig(char *buf, size_t size, double value, int digits);
// A value under `limit`, in three digits, or in as many as it takes not to read as the limit: 97.97 of 98 is not "98".
char *eb_fmt_below(char *buf, size_t size, double value, double limit);
char *eb_fmt_time(char *buf, size_t size, double ns, int digits);     // "12.3 ms"
char *eb_fmt_bytes(char *buf, size_t size, double bytes, int digits); // "135 MB"

// What a noun takes behind a count: "" for one, "s" for any other ("1 case", "0 cases").
const char *eb_s(long long n);

#endif
