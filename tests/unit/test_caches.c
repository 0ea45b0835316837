// SPDX-License-Identifier: Apache-2.0
// The caches of made-up machines.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/file.h"
#include "tests/unit/folder.h"
#include "workloads/engine/native/caches.h"

static void put_cache(int cpu, int index, const char *level, const char *size, const char *shared)
{
    const char *const files[][2] = { { "level", level }, { "size", size }, { "shared_cpu_list", shared } };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[128];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cache/index%d/%s", cpu, index, files[i][0]);
        put(path, files[i][1]);
    }
}

// Two sockets of four CPUs, each CPU two threads, a cache of 32 MiB for every two of them; CPU 5 is off.
static void test_each_last_level_once(void **state)
{
    (void)state;
    assert_true(eb_caches_bytes(folder) == 0);
    for (int cpu = 0; cpu < 8; cpu++) {
        char shared[16];
        if (cpu == 5)
            continue;
        put_cache(cpu, 0, "1\n", "32K\n", "0\n");
        put_cache(cpu, 1, "2\n", "1024K\n", "0\n");
        snprintf(shared, sizeof shared, "%d%s%d\n", cpu & 6, cpu < 4 ? "-" : ",", cpu | 1);
        put_cache(cpu, 2, "3\n", "32768K\n", shared);
    }
    assert_true(eb_caches_bytes(folder) == 4 * (32ull << 20));
}

static void test_a_machine_without_a_third_level(void **state)
{
    (void)state;
    for (int cpu = 0; cpu < 4; cpu++) {
        put_cache(cpu, 0, "1\n", "64K\n", "9\n");
        put_cache(cpu, 1, "1\n", "64K\n", "9\n");
        put_cache(cpu, 2, "2\n", "1M\n", "0-3\n");
    }
    assert_true(eb_caches_bytes(folder) == 1ull << 20);
}

static void test_nonsense_counts_for_nothing(void **state)
{
    (void)state;
    static const char *const sizes[] = { "", "\n", "K\n", "lots\n", "-4K\n", "99999999999999999999999G\n" };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_cache(0, 0, "3\n", sizes[i], "0\n");
        assert_true(eb_caches_bytes(folder) == 0);
    }
    put_cache(0, 0, "x\n", "4K\n", "0\n");
    assert_true(eb_caches_bytes(folder) == 0);
    put_cache(0, 0, "3\n", "4K\n", "nobody\n");
    put_cache(1, 0, "3\n", "4K\n", "nobody\n");
    assert_true(eb_caches_bytes(folder) <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_last_level_once, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_a_machine_without_a_third_level, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_nonsense_counts_for_nothing, folder_make, folder_remove),
    };
    return cmocka_run_group_tests_name("caches", tests, NULL, NULL);
}
