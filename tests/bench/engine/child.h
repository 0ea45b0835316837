// SPDX-License-Identifier: Apache-2.0
// Whatever is measured runs in a process of its own, so that each side starts alike, leaves nothing behind, and has a
// peak of memory of its own. The parent must stay small: a child's ru_maxrss begins with its parent's.
#ifndef EB_BENCH_CHILD_H
#define EB_BENCH_CHILD_H

#include <stdint.h>
#include <sys/types.h>
#include "harness/base/error.h"

// A program that has ended.
typedef struct child_result {
    char *out; // what it wrote to stdout, NUL-terminated; child_free
    size_t out_len;
    char last_words[160]; // last line of stderr that holds any text
    bool line_ended;      // what comes next on stderr is another line
    int64_t start_ns;     // before it was started
    int64_t brace_ns;     // when the first '}' of stdout had come; 0 = none came
    uint64_t rss_peak_bytes;
} child_result;

// Runs argv[0], an absolute path, in the folder of temporary files (some leave logs where they run) to its end; false
// and err when it cannot be started, writes more than some MiB, takes longer than `limit_s` (it is killed then), or
// ends with anything but status 0. `together`: stderr goes where stdout goes. `r` is to be freed in any case.
bool child_run(char *const argv[], bool together, int limit_s, child_result *r, eb_err *err);
void child_free(child_result *r);

// Calls fn in a forked process of one thread: `out` of `size` bytes and err come back as fn left them.
typedef bool child_fn(const void *arg, void *out, eb_err *err);
bool child_call(child_fn *fn, const void *arg, void *out, size_t size, uint64_t *rss_peak_bytes, eb_err *err);

// A process that does nothing but burn the last CPU that this one may use; -1 and err on failure.
pid_t child_burn(eb_err *err);
void child_end(pid_t pid);

#endif
