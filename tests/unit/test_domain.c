// SPDX-License-Identifier: Apache-2.0
// Which channels make up a boundary, on machines as MEASUREMENT's section 3 describes them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "harness/record/domain.h"

enum { MAX = 16 };

typedef struct machine {
    eb_channel c[MAX];
    int n;
    bool counted[MAX];
    char domains[256], missing[256];
} machine;

static eb_channel *add(machine *m, const char *source, const char *zone, const char *label, eb_domain domain,
                       int socket, int die, eb_grade grade)
{
    eb_channel *c = &m->c[m->n++];
    *c = (eb_channel){ .domain = domain, .socket = socket, .die = die, .grade = grade, .cumulative = true, .scale = 1 };
    strcpy(c->source, source);
    strcpy(c->zone, zone);
    strcpy(c->label, label);
    return c;
}

static void count(machine *m, eb_boundary boundary)
{
    memset(m->counted, 1, sizeof m->counted);
    eb_domain_count(m->c, m->n, boundary, m->counted, m->domains, sizeof m->domains, m->missing, sizeof m->missing);
}

static void expect(machine *m, eb_boundary boundary, const char *counted, const char *domains, const char *missing)
{
    count(m, boundary);
    for (int i = 0; i < m->n; i++)
        if (m->counted[i] != (counted[i] == '1'))
            fail_msg("channel %d (%s) counted %d", i, m->c[i].label, m->counted[i]);
    assert_string_equal(m->domains, domains);
    assert_string_equal(m->missing, missing);
}

static machine two_sockets(void)
{
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0:0", "core", EB_DOMAIN_CORE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0:1", "dram", EB_DOMAIN_DRAM, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:1", "psys", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:2", "package-1", EB_DOMAIN_PACKAGE, 1, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:2:0", "dram", EB_DOMAIN_DRAM, 1, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl-mmio:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER)->duplicate = true;
    add(&m, "powercap", "intel-rapl:3", "thing", EB_DOMAIN_UNKNOWN, -1, -1, EB_GRADE_COUNTER);
    add(&m, "process", "", "rss", EB_DOMAIN_NONE, -1, -1, EB_GRADE_NONE)->quantity = EB_QUANTITY_BYTES;
    return m;
}

static void test_two_sockets(void **state)
{
    (void)state;
    machine m = two_sockets();
    expect(&m, EB_BOUNDARY_COMPUTE, "101011000", "package-0 + dram-0 + package-1 + dram-1", "");
    expect(&m, EB_BOUNDARY_PLATFORM, "000100000", "psys", "");
    expect(&m, EB_BOUNDARY_WALL, "000000000", "", "system");
}

static void test_missing_parts_are_named(void **state)
{
    (void)state;
    machine m = two_sockets();
    m.c[5].grade = EB_GRADE_NONE;
    expect(&m, EB_BOUNDARY_COMPUTE, "101010000", "package-0 + dram-0 + package-1", "dram-1");
    m.c[2].grade = EB_GRADE_NONE;
    expect(&m, EB_BOUNDARY_COMPUTE, "100010000", "package-0 + package-1", "dram");
    m.n = 0;
    expect(&m, EB_BOUNDARY_COMPUTE, "", "", "package, dram");
}

static void test_memory_alone_is_no_boundary(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0:0", "dram", EB_DOMAIN_DRAM, 0, -1, EB_GRADE_COUNTER);
    count(&m, EB_BOUNDARY_COMPUTE);
    assert_false(m.counted[0]);
    assert_string_equal(m.domains, "");
    assert_non_null(strstr(m.missing, "package"));
}

static void test_best_grade_of_a_piece_wins(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "hwmon", "hwmon3", "cpu", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_SAMPLED);
    add(&m, "perf", "power", "pkg", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "nvml", "0", "gpu", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    add(&m, "nvml", "1", "gpu", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    add(&m, "meter", "", "wall", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_WALL);
    add(&m, "battery", "BAT0", "battery", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_SAMPLED);
    expect(&m, EB_BOUNDARY_COMPUTE, "0101100", "package-0 + gpu + gpu", "dram");
    expect(&m, EB_BOUNDARY_PLATFORM, "0000001", "battery", "");
    expect(&m, EB_BOUNDARY_WALL, "0000010", "wall", "");
}

static void test_dies(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0", "package-0-die-0", EB_DOMAIN_PACKAGE, 0, 0, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:1", "package-0-die-1", EB_DOMAIN_PACKAGE, 0, 1, EB_GRADE_COUNTER);
    add(&m, "perf", "power", "pkg", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0:0", "dram", EB_DOMAIN_DRAM, 0, 0, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "1101", "package-0-die-0 + package-0-die-1 + dram-0-die-0", "dram-0-die-1");
}

// The whole package counted first: its dies are inside it. And mirrored dies, once they are known to be.
static void test_a_package_holds_its_dies(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "perf_power", "energy-pkg@0", "energy-pkg", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0", "package-0-die-0", EB_DOMAIN_PACKAGE, 0, 0, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:1", "package-0-die-1", EB_DOMAIN_PACKAGE, 0, 1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:2", "package-1-die-0", EB_DOMAIN_PACKAGE, 1, 0, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:3", "package-1-die-1", EB_DOMAIN_PACKAGE, 1, 1, EB_GRADE_COUNTER)->duplicate = true;
    expect(&m, EB_BOUNDARY_COMPUTE, "10010", "package-0 + package-1-die-0", "dram");
}

static void test_gpus_are_told_by_their_address(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "nvml", "00000000:01:00.0", "gpu 0", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    add(&m, "nvml", "00000000:41:00.0", "gpu 1", EB_DOMAIN_GPU, -1, -1, EB_GRADE_SAMPLED);
    add(&m, "hwmon", "0000:01:00.0", "card0", EB_DOMAIN_GPU, -1, -1, EB_GRADE_SAMPLED);
    add(&m, "amdgpu", "0000:C1:00.0", "card1", EB_DOMAIN_GPU, -1, -1, EB_GRADE_SAMPLED);
    add(&m, "amdgpu", "0000:c1:00.0", "card1 energy", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    add(&m, "amdgpu", "0001:01:00.0", "card2", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "110011", "gpu 0 + gpu 1 + card1 energy + card2", "package, dram");
    // No address: it may be one of those already counted.
    add(&m, "hwmon", "hwmon4/power1", "VDD_GPU", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "1100110", "gpu 0 + gpu 1 + card1 energy + card2", "package, dram");
}

static void test_a_gpu_that_tells_nothing_is_named(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:0:0", "dram", EB_DOMAIN_DRAM, 0, -1, EB_GRADE_COUNTER);
    add(&m, "nvml", "0000:01:00.0", "gpu 0", EB_DOMAIN_GPU, -1, -1, EB_GRADE_COUNTER)->live = EB_LIVE_DEAD;
    expect(&m, EB_BOUNDARY_COMPUTE, "110", "package-0 + dram-0", "gpu 0");
    add(&m, "nvml", "0000:01:00.0", "gpu 0", EB_DOMAIN_GPU, -1, -1, EB_GRADE_SAMPLED);
    expect(&m, EB_BOUNDARY_COMPUTE, "1101", "package-0 + dram-0 + gpu 0", "");
}

static void test_batteries_add_and_are_one_system(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "battery", "BAT0", "BAT0", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_SAMPLED);
    add(&m, "battery", "BAT1", "BAT1", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_SAMPLED);
    expect(&m, EB_BOUNDARY_PLATFORM, "11", "BAT0 + BAT1", "");
    add(&m, "powercap", "intel-rapl:1", "psys", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_PLATFORM, "001", "psys", "");
    m.c[2].live = EB_LIVE_DEAD;
    expect(&m, EB_BOUNDARY_PLATFORM, "110", "BAT0 + BAT1", "");
    add(&m, "hwmon", "hwmon1/power1", "VDD_IN", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_SAMPLED);
    expect(&m, EB_BOUNDARY_PLATFORM, "1100", "BAT0 + BAT1", "");
}

// A source that does not say the socket may mean any: it is not added to one that does.
static void test_what_may_be_the_same_is_not_added(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:1", "package-1", EB_DOMAIN_PACKAGE, 1, -1, EB_GRADE_COUNTER);
    add(&m, "hwmon", "hwmon2/energy1", "Esocket", EB_DOMAIN_PACKAGE, -1, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "110", "package-0 + package-1", "dram");
    // Alone, it tells its pieces by zone.
    m.c[0].live = m.c[1].live = EB_LIVE_DEAD;
    add(&m, "hwmon", "hwmon2/energy2", "Esocket", EB_DOMAIN_PACKAGE, -1, -1, EB_GRADE_COUNTER);
    add(&m, "hwmon", "hwmon2/energy2", "Esocket", EB_DOMAIN_PACKAGE, -1, -1, EB_GRADE_SAMPLED);
    expect(&m, EB_BOUNDARY_COMPUTE, "00110", "Esocket + Esocket", "dram");
}

static void test_a_socket_without_its_package_is_named(void **state)
{
    (void)state;
    machine m = two_sockets();
    m.c[4].live = EB_LIVE_DEAD;
    expect(&m, EB_BOUNDARY_COMPUTE, "101001000", "package-0 + dram-0 + dram-1", "package-1");
    // Its channel is not there at all, and its memory gives it away.
    machine other = two_sockets();
    other.c[4] = other.c[3];
    expect(&other, EB_BOUNDARY_COMPUTE, "101001000", "package-0 + dram-0 + dram-1", "package-1");
}

static void test_stated_watts_only_where_nothing_measures(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "stated", "", "stated 65 W", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_ESTIMATE);
    expect(&m, EB_BOUNDARY_COMPUTE, "1", "stated 65 W (estimate)", "");
    expect(&m, EB_BOUNDARY_PLATFORM, "1", "stated 65 W (estimate)", "");
    m.c[0].domain = EB_DOMAIN_PACKAGE;
    expect(&m, EB_BOUNDARY_COMPUTE, "1", "stated 65 W (estimate)", "");
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "01", "package-0", "dram");
    // A counter that a hypervisor filters is an estimate of its package, not of the whole.
    m.n = 0;
    add(&m, "powercap", "intel-rapl:0", "package-0", EB_DOMAIN_PACKAGE, 0, -1, EB_GRADE_ESTIMATE);
    expect(&m, EB_BOUNDARY_COMPUTE, "1", "package-0 (estimate)", "dram");
}

// Of two that repeat each other one counts: what moves, then the original. A record of before `repeats` counts none.
static void test_one_of_two_that_repeat(void **state)
{
    (void)state;
    machine m = { 0 };
    strcpy(add(&m, "powercap", "intel-rapl:1", "psys", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_COUNTER)->name, "first");
    eb_channel *second = add(&m, "powercap", "intel-rapl:2", "psys", EB_DOMAIN_SYSTEM, -1, -1, EB_GRADE_COUNTER);
    strcpy(second->name, "second");
    second->duplicate = true;
    m.c[0].live = EB_LIVE_DEAD;
    expect(&m, EB_BOUNDARY_PLATFORM, "00", "", "system");
    strcpy(second->repeats, "first");
    expect(&m, EB_BOUNDARY_PLATFORM, "01", "psys", "");
    m.c[0].live = EB_LIVE_UNKNOWN;
    expect(&m, EB_BOUNDARY_PLATFORM, "10", "psys", "");
    second->live = EB_LIVE_MOVES;
    expect(&m, EB_BOUNDARY_PLATFORM, "01", "psys", "");
    m.c[0].live = EB_LIVE_MOVES;
    expect(&m, EB_BOUNDARY_PLATFORM, "10", "psys", "");
}

// Memory in a zone whose name says nothing gives the package away that the zone is.
static void test_a_nameless_package_is_missed(void **state)
{
    (void)state;
    machine m = { 0 };
    add(&m, "powercap", "intel-rapl:0", "thing", EB_DOMAIN_UNKNOWN, -1, -1, EB_GRADE_COUNTER);
    strcpy(add(&m, "powercap", "intel-rapl:0:0", "dram", EB_DOMAIN_DRAM, -1, -1, EB_GRADE_COUNTER)->name, "p/0:0");
    add(&m, "powercap", "intel-rapl:1", "package-1", EB_DOMAIN_PACKAGE, 1, -1, EB_GRADE_COUNTER);
    add(&m, "powercap", "intel-rapl:1:0", "dram", EB_DOMAIN_DRAM, 1, -1, EB_GRADE_COUNTER);
    expect(&m, EB_BOUNDARY_COMPUTE, "0111", "dram + package-1 + dram-1", "the package of p/0:0");
    m.c[2].socket = -1; // no socket is known of any: one source tells its pieces by zone
    expect(&m, EB_BOUNDARY_COMPUTE, "0111", "dram + package-1 + dram-1", "");
}

static void test_one_domain(void **state)
{
    (void)state;
    machine m = two_sockets();
    bool counted[MAX];
    eb_domain_pick(m.c, m.n, EB_DOMAIN_PACKAGE, counted);
    for (int i = 0; i < m.n; i++)
        assert_int_equal(counted[i], i == 0 || i == 4);
    eb_domain_pick(m.c, m.n, EB_DOMAIN_GPU, counted);
    for (int i = 0; i < m.n; i++)
        assert_false(counted[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_sockets),
        cmocka_unit_test(test_missing_parts_are_named),
        cmocka_unit_test(test_memory_alone_is_no_boundary),
        cmocka_unit_test(test_best_grade_of_a_piece_wins),
        cmocka_unit_test(test_dies),
        cmocka_unit_test(test_a_package_holds_its_dies),
        cmocka_unit_test(test_gpus_are_told_by_their_address),
        cmocka_unit_test(test_a_gpu_that_tells_nothing_is_named),
        cmocka_unit_test(test_batteries_add_and_are_one_system),
        cmocka_unit_test(test_what_may_be_the_same_is_not_added),
        cmocka_unit_test(test_a_socket_without_its_package_is_named),
        cmocka_unit_test(test_stated_watts_only_where_nothing_measures),
        cmocka_unit_test(test_one_of_two_that_repeat),
        cmocka_unit_test(test_a_nameless_package_is_missed),
        cmocka_unit_test(test_one_domain),
    };
    return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
