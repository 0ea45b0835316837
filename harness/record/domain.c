// SPDX-License-Identifier: Apache-2.0
// Which channels a boundary's energy is the sum of.
#include "harness/record/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"

// Domains that a boundary sums, and those whose lack is worth a name (a machine without a GPU lacks nothing).
static const struct {
    bool sums[EB_DOMAIN_COUNT], wants[EB_DOMAIN_COUNT];
    eb_grade weakest, best; // a wall meter is no platform meter, and the other way round
} boundary_table[EB_BOUNDARY_COUNT] = {
    [EB_BOUNDARY_COMPUTE] = { .sums = { [EB_DOMAIN_PACKAGE] = true, [EB_DOMAIN_DRAM] = true, [EB_DOMAIN_GPU] = true },
                              .wants = { [EB_DOMAIN_PACKAGE] = true, [EB_DOMAIN_DRAM] = true },
                              .weakest = EB_GRADE_SAMPLED,
                              .best = EB_GRADE_WALL },
    [EB_BOUNDARY_PLATFORM] = { .sums = { [EB_DOMAIN_SYSTEM] = true },
                               .wants = { [EB_DOMAIN_SYSTEM] = true },
                               .weakest = EB_GRADE_SAMPLED,
                               .best = EB_GRADE_COUNTER },
    [EB_BOUNDARY_WALL] = { .sums = { [EB_DOMAIN_SYSTEM] = true },
                           .wants = { [EB_DOMAIN_SYSTEM] = true },
                           .weakest = EB_GRADE_WALL,
                           .best = EB_GRADE_WALL },
};

static bool is_energy(const eb_channel *c)
{
    return (c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW) && c->grade != EB_GRADE_NONE &&
           !c->duplicate && c->live != EB_LIVE_DEAD;
}

// Do both measure the same piece of the machine? Sockets and dies tell, where they are known; two zones of one
// source whose socket it does not know (GPUs) are two pieces, a battery and psys are one system.
static bool same_piece(const eb_channel *a, const eb_channel *b)
{
    if (a->domain != b->domain || a->socket != b->socket)
        return false;
    if (a->domain == EB_DOMAIN_SYSTEM)
        return true;
    bool same_source = !strcmp(a->source, b->source);
    if (a->die != b->die)
        return !same_source && (a->die < 0 || b->die < 0);
    return a->socket >= 0 || !same_source || !strcmp(a->zone, b->zone);
}

// Counts, best grade first and then in order, each channel whose grade lies in weakest..best and whose piece is not
// counted yet. Returns how many.
static int count_grades(const eb_channel *channels, int n, const bool *sums, eb_grade weakest, eb_grade best,
                        bool *counted)
{
    int total = 0;
    for (int grade = best; grade >= (int)weakest; grade--) {
        for (int i = 0; i < n; i++) {
            const eb_channel *c = &channels[i];
            if (!is_energy(c) || (int)c->grade != grade || !sums[c->domain])
                continue;
            bool taken = false;
            for (int k = 0; k < n && !taken; k++)
                taken = counted[k] && same_piece(c, &channels[k]);
            counted[i] = !taken;
            total += !taken;
        }
    }
    return total;
}

static const char *piece_name(const eb_channel *c, char *buf, size_t size)
{
    if (c->grade == EB_GRADE_ESTIMATE)
        snprintf(buf, size, "%s (estimate)", c->label[0] ? c->label : eb_domain_name(c->domain));
    else if (c->domain == EB_DOMAIN_SYSTEM || (c->socket < 0 && c->label[0]))
        snprintf(buf, size, "%s", c->label[0] ? c->label : eb_domain_name(c->domain));
    else if (c->socket < 0)
        snprintf(buf, size, "%s", eb_domain_name(c->domain));
    else if (c->die < 0)
        snprintf(buf, size, "%s-%d", eb_domain_name(c->domain), c->socket);
    else
        snprintf(buf, size, "%s-%d-die-%d", eb_domain_name(c->domain), c->socket, c->die);
    return buf;
}

static void append(char *list, size_t size, const char *separator, const char *item)
{
    if (!list || !size)
        return;
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s", used ? separator : "", item);
}

static bool covers(const eb_channel *channels, int n, const bool *counted, eb_domain domain, int socket)
{
    for (int i = 0; i < n; i++)
        if (counted[i] && channels[i].domain == domain && (socket < 0 || channels[i].socket == socket))
            return true;
    return false;
}

// Memory of some sockets is measured: which sockets' is not?
static void name_missing_memory(const eb_channel *channels, int n, const bool *counted, char *missing, size_t size)
{
    for (int i = 0; i < n; i++)
        if (counted[i] && channels[i].domain == EB_DOMAIN_DRAM && channels[i].socket < 0)
            return; // nobody knows whose it is
    for (int i = 0; i < n; i++) {
        if (!counted[i] || channels[i].domain != EB_DOMAIN_PACKAGE || channels[i].socket < 0)
            continue;
        bool named = covers(channels, i, counted, EB_DOMAIN_PACKAGE, channels[i].socket);
        if (!named && !covers(channels, n, counted, EB_DOMAIN_DRAM, channels[i].socket)) {
            char name[32];
            snprintf(name, sizeof name, "dram-%d", channels[i].socket);
            append(missing, size, ", ", name);
        }
    }
}

static void name_missing(const eb_channel *channels, int n, const bool *wants, const bool *counted, char *missing,
                         size_t size)
{
    for (int d = 0; d < EB_DOMAIN_COUNT; d++)
        if (wants[d] && !covers(channels, n, counted, (eb_domain)d, -1))
            append(missing, size, ", ", eb_domain_name((eb_domain)d));
    if (wants[EB_DOMAIN_DRAM] && covers(channels, n, counted, EB_DOMAIN_DRAM, -1))
        name_missing_memory(channels, n, counted, missing, size);
}

// Memory beside nothing that computes is no energy of a boundary.
static bool does_work(const eb_channel *channels, int n, const bool *counted)
{
    for (int i = 0; i < n; i++)
        if (counted[i] && channels[i].domain != EB_DOMAIN_DRAM)
            return true;
    return false;
}

void eb_domain_pick(const eb_channel *channels, int n, eb_domain domain, bool *counted)
{
    bool sums[EB_DOMAIN_COUNT] = { 0 };
    sums[domain] = true;
    memset(counted, 0, (size_t)n * sizeof *counted);
    count_grades(channels, n, sums, EB_GRADE_SAMPLED, EB_GRADE_WALL, counted);
}

void eb_domain_count(const eb_channel *channels, int n, eb_boundary boundary, bool *counted, char *domains,
                     size_t domains_size, char *missing, size_t missing_size)
{
    static const bool anything[EB_DOMAIN_COUNT] = {
        [EB_DOMAIN_PACKAGE] = true, [EB_DOMAIN_DRAM] = true, [EB_DOMAIN_GPU] = true, [EB_DOMAIN_SYSTEM] = true
    };
    const bool *sums = boundary_table[boundary].sums;
    memset(counted, 0, (size_t)n * sizeof *counted);
    if (domains && domains_size)
        domains[0] = '\0';
    if (missing && missing_size)
        missing[0] = '\0';
    bool stated = false; // a model of all that the boundary wants
    int measured =
        count_grades(channels, n, sums, boundary_table[boundary].weakest, boundary_table[boundary].best, counted);
    if (measured && !does_work(channels, n, counted)) {
        memset(counted, 0, (size_t)n * sizeof *counted);
        measured = 0;
    }
    if (!measured && !count_grades(channels, n, sums, EB_GRADE_ESTIMATE, EB_GRADE_ESTIMATE, counted)) {
        // A model of the whole machine stands in for any boundary; one is enough.
        for (int i = 0; i < n && !stated; i++)
            if (is_energy(&channels[i]) && channels[i].grade == EB_GRADE_ESTIMATE && anything[channels[i].domain])
                counted[i] = stated = true;
    }
    for (int i = 0; i < n; i++) {
        char name[96];
        stated = stated || (counted[i] && channels[i].grade == EB_GRADE_ESTIMATE && channels[i].socket < 0);
        if (counted[i])
            append(domains, domains_size, " + ", piece_name(&channels[i], name, sizeof name));
    }
    if (!stated)
        name_missing(channels, n, boundary_table[boundary].wants, counted, missing, missing_size);
}
