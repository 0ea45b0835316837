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
#include "workloads/engine/native/caches.h"

static char root[64];

static void put(int cpu, int index, const char *file, const char *text)
{
    char full[512], dir[256];
    eb_err err = { 0 };
    snprintf(dir, sizeof dir, "%s/sys/devices/system/cpu/cpu%d/cache/index%d", root, cpu, index);
    snprintf(full, sizeof full, "%s/%s", dir, file);
    assert_true(eb_mkdirs(dir, &err));
    assert_true(eb_file_write_atomic(full, text, strlen(text), &err));
}

static void put_cache(int cpu, int index, const char *level, const char *size, const char *shared)
{
    put(cpu, index, "level", level);
    put(cpu, index, "size", size);
    put(cpu, index, "shared_cpu_list", shared);
}

static int new_machine(void **state)
{
    (void)state;
    strcpy(root, "/tmp/eb-caches-XXXXXX");
    return mkdtemp(root) ? 0 : -1;
}

static int remove_machine(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

// Two sockets of four CPUs, each CPU two threads, a cache of 32 MiB for every two of them; CPU 5 is off.
static void test_each_last_level_once(void **state)
{
    (void)state;
    assert_true(eb_caches_bytes(root) == 0);
    for (int cpu = 0; cpu < 8; cpu++) {
        char shared[16];
        if (cpu == 5)
            continue;
        put_cache(cpu, 0, "1\n", "32K\n", "0\n");
        put_cache(cpu, 1, "2\n", "1024K\n", "0\n");
        snprintf(shared, sizeof shared, "%d%s%d\n", cpu & 6, cpu < 4 ? "-" : ",", cpu | 1);
        put_cache(cpu, 2, "3\n", "32768K\n", shared);
    }
    assert_true(eb_caches_bytes(root) == 4 * (32ull << 20));
}

static void test_a_machine_without_a_third_level(void **state)
{
    (void)state;
    for (int cpu = 0; cpu < 4; cpu++) {
        put_cache(cpu, 0, "1\n", "64K\n", "9\n");
        put_cache(cpu, 1, "1\n", "64K\n", "9\n");
        put_cache(cpu, 2, "2\n", "1M\n", "0-3\n");
    }
    assert_true(eb_caches_bytes(root) == 1ull << 20);
}

static void test_nonsense_counts_for_nothing(void **state)
{
    (void)state;
    static const char *const sizes[] = { "", "\n", "K\n", "lots\n", "-4K\n", "99999999999999999999999G\n" };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        put_cache(0, 0, "3\n", sizes[i], "0\n");
        assert_true(eb_caches_bytes(root) == 0);
    }
    put_cache(0, 0, "x\n", "4K\n", "0\n");
    assert_true(eb_caches_bytes(root) == 0);
    put_cache(0, 0, "3\n", "4K\n", "nobody\n");
    put_cache(1, 0, "3\n", "4K\n", "nobody\n");
    assert_true(eb_caches_bytes(root) <= 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_last_level_once, new_machine, remove_machine),
        cmocka_unit_test_setup_teardown(test_a_machine_without_a_third_level, new_machine, remove_machine),
        cmocka_unit_test_setup_teardown(test_nonsense_counts_for_nothing, new_machine, remove_machine),
    };
    return cmocka_run_group_tests_name("caches", tests, NULL, NULL);
}
