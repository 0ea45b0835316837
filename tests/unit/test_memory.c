// SPDX-License-Identifier: Apache-2.0
// Memory that can be had, on made-up machines: meminfo alone, control groups of both versions, nonsense.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "tests/unit/folder.h"
#include "workloads/engine/native/memory.h"

#define MIB (1024ull * 1024)

static const char *const meminfo =
    "MemTotal:       2097152 kB\nMemFree:         262144 kB\nMemAvailable:   1048576 kB\n";

static void meminfo_alone(void **state)
{
    (void)state;
    assert_true(eb_memory_available(folder) == UINT64_MAX); // nothing there: not known
    put("/proc/meminfo", meminfo);
    assert_true(eb_memory_available(folder) == 1024 * MIB);
    put("/proc/meminfo", "MemTotal: 5 kB\nMemAvailable: -7 kB\n");
    assert_true(eb_memory_available(folder) == UINT64_MAX);
}

static void groups_of_version_2(void **state)
{
    (void)state;
    put("/proc/meminfo", meminfo);
    put("/proc/self/cgroup", "0::/jobs/one\n");
    put("/sys/fs/cgroup/jobs/one/memory.max", "max\n");
    put("/sys/fs/cgroup/jobs/one/memory.current", "10485760\n");
    assert_true(eb_memory_available(folder) == 1024 * MIB); // no limit
    put("/sys/fs/cgroup/jobs/one/memory.max", "419430400\n");
    assert_true(eb_memory_available(folder) == 390 * MIB);
    put("/sys/fs/cgroup/jobs/one/memory.stat", "anon 1048576\nfile 5242880\n");
    assert_true(eb_memory_available(folder) == 395 * MIB); // page cache can be had
    put("/sys/fs/cgroup/jobs/memory.max", "104857600\n");  // a group above allows less
    put("/sys/fs/cgroup/jobs/memory.current", "20971520\n");
    assert_true(eb_memory_available(folder) == 80 * MIB);
    put("/sys/fs/cgroup/jobs/memory.current", "209715200\n"); // over its limit already
    assert_true(eb_memory_available(folder) == 0);
}

static void a_group_at_the_top(void **state)
{
    (void)state;
    put("/proc/meminfo", meminfo);
    put("/proc/self/cgroup", "0::/\n");
    put("/sys/fs/cgroup/memory.max", "52428800\n");
    put("/sys/fs/cgroup/memory.current", "1048576\n");
    assert_true(eb_memory_available(folder) == 49 * MIB);
    put("/proc/self/cgroup", "0::/../../elsewhere\n"); // a path out of the tree is not followed
    assert_true(eb_memory_available(folder) == 49 * MIB);
}

static void groups_of_version_1(void **state)
{
    (void)state;
    put("/proc/meminfo", meminfo);
    put("/proc/self/cgroup", "4:memory:/docker/abc\n");
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("/sys/fs/cgroup/memory/memory.usage_in_bytes", "1048576\n");
    assert_true(eb_memory_available(folder) == 1024 * MIB);
    put("/sys/fs/cgroup/memory/memory.limit_in_bytes", "31457280\n");
    put("/sys/fs/cgroup/memory/memory.stat", "cache 0\ntotal_cache 524288\n");
    assert_true(eb_memory_available(folder) == 30 * MIB - MIB / 2);
}

static void check_says_need_and_available(void **state)
{
    eb_err err = { 0 };
    (void)state;
    put("/proc/meminfo", meminfo);
    assert_true(eb_memory_check(folder, "model 'x'", 1024 * MIB, &err));
    assert_false(eb_memory_check(folder, "model 'x'", 1024 * MIB + 1, &err));
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, "model 'x' needs 1.07 GB of memory, 1.07 GB are available"));
    assert_true(err.hint[0] != '\0');
    assert_false(eb_memory_check("/nonexistent", "model 'x'", UINT64_MAX, &err)); // an overflowed size fits nowhere
    assert_int_equal(err.code, EB_FAILED);
}

static void a_limit_on_addresses(void **state)
{
    (void)state;
    eb_err err = { 0 };
    struct rlimit before, limit;
    put("/proc/self/statm", "1024 5 5 5 0 5 0\n");                                     // pages in use
    assert_true(eb_memory_check_addresses(folder, "model 'x'", UINT64_MAX / 2, &err)); // no limit
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    limit = before;
    limit.rlim_cur = 1ull << 60; // nothing that runs here comes near it
    assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
    getrlimit(RLIMIT_AS, &limit);
    if (limit.rlim_cur != 1ull << 60) {
        fprintf(stderr, "skip a_limit_on_addresses: an emulator keeps no limit on addresses\n");
        skip();
    }
    const uint64_t left = (1ull << 60) - 1024 * (uint64_t)sysconf(_SC_PAGESIZE);
    bool fits = eb_memory_check_addresses(folder, "model 'x'", left, &err);
    bool over = eb_memory_check_addresses(folder, "model 'x'", left + 1, &err);
    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_true(fits && !over);
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, "the limit of this process leaves"));
}

static void a_tree_does_not_leak_the_machine(void **state)
{
    (void)state;
    char link[128];
    snprintf(link, sizeof link, "%s/proc", folder);
    assert_int_equal(symlink("/proc", link), 0); // absolute: means folder/proc, which is itself
    assert_true(eb_memory_available(folder) == UINT64_MAX);
    setenv("EFFBENCH_SYSROOT", folder, 1);
    assert_string_equal(eb_memory_root(), folder);
    unsetenv("EFFBENCH_SYSROOT");
    assert_string_equal(eb_memory_root(), "");
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, folder_make, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_A_MACHINE(meminfo_alone),
        ON_A_MACHINE(groups_of_version_2),
        ON_A_MACHINE(a_group_at_the_top),
        ON_A_MACHINE(groups_of_version_1),
        ON_A_MACHINE(check_says_need_and_available),
        ON_A_MACHINE(a_limit_on_addresses),
        ON_A_MACHINE(a_tree_does_not_leak_the_machine),
    };
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
