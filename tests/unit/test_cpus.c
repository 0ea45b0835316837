// SPDX-License-Identifier: Apache-2.0
// What control groups pay for, on made-up machines, and how many CPUs that leaves on this one.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/cpus.h"
#include "tests/unit/folder.h"

static void test_groups_of_version_2(void **state)
{
    (void)state;
    assert_true(isinf(eb_cpus_quota(folder))); // nothing there: no limit is known
    put("/proc/self/cgroup", "0::/jobs/one\n");
    put("/sys/fs/cgroup/jobs/one/cpu.max", "max 100000\n");
    assert_true(isinf(eb_cpus_quota(folder)));
    put("/sys/fs/cgroup/jobs/one/cpu.max", "250000 100000\n");
    assert_true(eb_cpus_quota(folder) == 2.5);
    put("/sys/fs/cgroup/jobs/cpu.max", "50000 100000\n"); // the group above has less
    assert_true(eb_cpus_quota(folder) == 0.5);
    put("/sys/fs/cgroup/jobs/cpu.max", "6400000 100000\n");
    assert_true(eb_cpus_quota(folder) == 2.5);
    put("/proc/self/cgroup", "0::/\n"); // a container's view of itself
    put("/sys/fs/cgroup/cpu.max", "200000 100000\n");
    assert_true(eb_cpus_quota(folder) == 2);
}

static void test_groups_of_version_1(void **state)
{
    (void)state;
    put("/proc/self/cgroup", "4:cpu,cpuacct:/docker/abc\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n");
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    assert_true(isinf(eb_cpus_quota(folder)));
    put("/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "150000\n");
    assert_true(eb_cpus_quota(folder) == 1.5);
    put("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "300000\n");
    assert_true(eb_cpus_quota(folder) == 1.5); // without its period it says nothing
    put("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n");
    assert_true(eb_cpus_quota(folder) == 3);
}

static void test_nonsense_is_no_limit(void **state)
{
    (void)state;
    static const char *const texts[] = { "",           "\n",          "max",        "200000\n",
                                         "200000 0\n", "-5 100000\n", "0 100000\n", "nan 100000\n",
                                         "inf 1\n",    "1 inf\n",     "a b c\n",    "100000 max\n" };
    put("/proc/self/cgroup", "0::/../../elsewhere\n");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        put("/sys/fs/cgroup/cpu.max", texts[i]);
        assert_true(isinf(eb_cpus_quota(folder)));
    }
}

static void test_usable_is_allowed_and_paid_for(void **state)
{
    (void)state;
    cpu_set_t before, one;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    assert_int_equal(eb_cpus_allowed(), CPU_COUNT(&before));
    const double quota = eb_cpus_quota("");
    assert_true(eb_cpus_usable() >= 1 && eb_cpus_usable() <= eb_cpus_allowed());
    assert_true(eb_cpus_usable() <= fmax(quota, 1));
    CPU_ZERO(&one);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &before))
            CPU_SET(cpu, &one);
    assert_int_equal(sched_setaffinity(0, sizeof one, &one), 0);
    assert_int_equal(eb_cpus_allowed(), 1);
    assert_int_equal(eb_cpus_usable(), 1);
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_groups_of_version_2, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_groups_of_version_1, folder_make, folder_remove),
        cmocka_unit_test_setup_teardown(test_nonsense_is_no_limit, folder_make, folder_remove),
        cmocka_unit_test(test_usable_is_allowed_and_paid_for),
    };
    return cmocka_run_group_tests_name("cpus", tests, NULL, NULL);
}
