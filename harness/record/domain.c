// SPDX-License-Identifier: Apache-2.0
// Which channels a boundary's energy is the sum of.
#include "harness/record/domain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
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
           (!c->duplicate || c->repeats[0]) && c->live != EB_LIVE_DEAD;
}

const char *eb_domain_original(const eb_channel *c)
{
    return c->duplicate && c->repeats[0] ? c->repeats : c->name;
}

bool eb_domain_repeats(const eb_channel *a, const eb_channel *b)
{
    bool either = (a->duplicate && a->repeats[0]) || (b->duplicate && b->repeats[0]);
    return either && a->domain == b->domain && strcmp(a->source, b->source) == 0 &&
           strcmp(eb_domain_original(a), eb_domain_original(b)) == 0;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// "0000:01:00.0", or with a domain of eight digits: where it begins when the zeros in front are left out, else NULL.
static const char *pci_address(const char *zone)
{
    size_t domain = 0;
    while (is_hex(zone[domain]))
        domain++;
    const char *p = zone + domain;
    bool good = domain >= 4 && domain <= 8 && p[0] == ':' && is_hex(p[1]) && is_hex(p[2]) && p[3] == ':' &&
                is_hex(p[4]) && is_hex(p[5]) && p[6] == '.' && p[7] >= '0' && p[7] <= '7' && p[8] == '\0';
    return good ? zone + domain - 4 : NULL;
}

// Where socket or die are not known: one source tells its pieces by zone; what two sources say may be the same, and
// what may be the same is not added.
static bool may_be_same(const eb_channel *a, const eb_channel *b)
{
    return strcmp(a->source, b->source) != 0 || strcmp(a->zone, b->zone) == 0;
}

bool eb_domain_same_piece(const eb_channel *a, const eb_channel *b)
{
    if (a->domain != b->domain)
        return false;
    if (eb_domain_repeats(a, b))
        return true;
    const char *pci_a = pci_address(a->zone), *pci_b = pci_address(b->zone);
    if (pci_a && pci_b)
        return strcasecmp(pci_a, pci_b) == 0;
    if (a->domain == EB_DOMAIN_SYSTEM || a->socket < 0 || b->socket < 0)
        return may_be_same(a, b);
    // A die is inside its package.
    return a->socket == b->socket && (a->die == b->die || a->die < 0 || b->die < 0);
}

// Of channels that repeat each other: what moves, before what has not been seen to; then the original; then the first.
static bool is_preferred(const eb_channel *channels, int n, int i)
{
    const eb_channel *c = &channels[i];
    for (int k = 0; k < n; k++) {
        const eb_channel *other = &channels[k];
        if (k == i || !is_energy(other) || other->grade != c->grade || !eb_domain_repeats(c, other))
            continue;
        bool moves = other->live == EB_LIVE_MOVES;
        if (moves != (c->live == EB_LIVE_MOVES) ? moves : other->duplicate != c->duplicate ? c->duplicate : k < i)
            return false;
    }
    return true;
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
            if (!is_energy(c) || (int)c->grade != grade || !sums[c->domain] || !is_preferred(channels, n, i))
                continue;
            bool taken = false;
            for (int k = 0; k < n && !taken; k++)
                taken = counted[k] && eb_domain_same_piece(c, &channels[k]);
            counted[i] = !taken;
            total += !taken;
        }
    }
    return total;
}

const char *eb_domain_piece_name(const eb_channel *c, char *buf, size_t size)
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

static bool any_counted(const eb_channel *channels, int n, const bool *counted, eb_domain domain)
{
    for (int i = 0; i < n; i++)
        if (counted[i] && channels[i].domain == domain)
            return true;
    return false;
}

// Is `domain` counted where channel c lies? What does not know its socket may lie there.
static bool covers(const eb_channel *channels, int n, const bool *counted, eb_domain domain, const eb_channel *c)
{
    for (int i = 0; i < n; i++) {
        const eb_channel *k = &channels[i];
        if (counted[i] && k->domain == domain &&
            (k->socket < 0 || (k->socket == c->socket && (k->die == c->die || k->die < 0 || c->die < 0))))
            return true;
    }
    return false;
}

// A part that another channel gives away: a socket or die whose cores are seen has a package, a package has memory
// where others have it.
static bool shows(const eb_channel *c, eb_domain domain)
{
    bool energy = c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
    if (!energy || c->duplicate || c->socket < 0)
        return false;
    if (domain == EB_DOMAIN_DRAM)
        return c->domain == EB_DOMAIN_PACKAGE || c->domain == EB_DOMAIN_DRAM;
    return c->domain == EB_DOMAIN_PACKAGE || c->domain == EB_DOMAIN_CORE || c->domain == EB_DOMAIN_UNCORE ||
           c->domain == EB_DOMAIN_DRAM;
}

// Some pieces of `domain` are counted: the others are named one by one.
static void name_pieces(const eb_channel *channels, int n, const bool *counted, eb_domain domain, char *missing,
                        size_t size)
{
    for (int i = 0; i < n; i++) {
        const eb_channel *c = &channels[i];
        if (!shows(c, domain) || covers(channels, n, counted, domain, c))
            continue;
        bool named = false;
        for (int k = 0; k < i && !named; k++)
            named = shows(&channels[k], domain) && channels[k].socket == c->socket && channels[k].die == c->die;
        if (named)
            continue;
        eb_channel piece = { .domain = domain, .socket = c->socket, .die = c->die };
        char name[64];
        append(missing, size, ", ", eb_domain_piece_name(&piece, name, sizeof name));
    }
}

// There, part of what is summed, and silent: it cannot be read, or its counter is dead, and nothing counted may measure
// it.
static bool is_silent(const eb_channel *channels, int n, const bool *counted, const eb_channel *c)
{
    bool energy = c->quantity == EB_QUANTITY_ENERGY_UJ || c->quantity == EB_QUANTITY_POWER_UW;
    if (!energy || c->duplicate || is_energy(c))
        return false;
    for (int i = 0; i < n; i++)
        if (counted[i] && eb_domain_same_piece(c, &channels[i]))
            return false;
    return true;
}

// Two boards of one label are told apart by what the source calls them.
static void name_silent(const eb_channel *channels, int n, const eb_channel *c, char *missing, size_t size)
{
    bool alone = true;
    char name[96], longer[176];
    eb_domain_piece_name(c, name, sizeof name);
    for (int i = 0; i < n && alone; i++)
        alone = &channels[i] == c || channels[i].domain != c->domain || strcmp(channels[i].label, c->label) != 0 ||
                strcmp(channels[i].zone, c->zone) == 0;
    snprintf(longer, sizeof longer, "%s%s%s%s", name, alone ? "" : " (", alone ? "" : c->name, alone ? "" : ")");
    append(missing, size, ", ", longer);
}

// Pieces that name_pieces cannot name: of no known socket, and those of domains that a machine need not have.
static void name_all_silent(const eb_channel *channels, int n, eb_boundary boundary, const bool *counted, char *missing,
                            size_t size)
{
    const bool *sums = boundary_table[boundary].sums, *wants = boundary_table[boundary].wants;
    for (int i = 0; i < n; i++) {
        const eb_channel *c = &channels[i];
        bool named = wants[c->domain] && (!any_counted(channels, n, counted, c->domain) ||
                                          (c->socket >= 0 && c->domain != EB_DOMAIN_SYSTEM));
        if (!sums[c->domain] || named || !is_silent(channels, n, counted, c))
            continue;
        for (int k = 0; k < i && !named; k++)
            named = eb_domain_same_piece(c, &channels[k]) && is_silent(channels, n, counted, &channels[k]);
        if (!named)
            name_silent(channels, n, c, missing, size);
    }
}

// Memory of which no socket is known, beside packages that have theirs: the zone that holds it has a name that says
// nothing, and is a package that no channel shows.
static bool has_nameless_package(const eb_channel *channels, int n, const bool *counted, int i)
{
    const eb_channel *c = &channels[i];
    bool placed = false;
    if (!counted[i] || c->domain != EB_DOMAIN_DRAM || c->socket >= 0)
        return false;
    for (int k = 0; k < n; k++) {
        const eb_channel *package = &channels[k];
        if (!counted[k] || package->domain != EB_DOMAIN_PACKAGE || strcmp(package->source, c->source) != 0)
            continue;
        if (package->socket < 0)
            return false;
        placed = true;
    }
    return placed;
}

static void name_missing(const eb_channel *channels, int n, eb_boundary boundary, const bool *counted, char *missing,
                         size_t size)
{
    const bool *wants = boundary_table[boundary].wants;
    for (int d = 0; d < EB_DOMAIN_COUNT; d++) {
        if (!wants[d])
            continue;
        if (!any_counted(channels, n, counted, (eb_domain)d))
            append(missing, size, ", ", eb_domain_name((eb_domain)d));
        else if (d != EB_DOMAIN_SYSTEM)
            name_pieces(channels, n, counted, (eb_domain)d, missing, size);
    }
    for (int i = 0; i < n; i++) {
        char name[96];
        snprintf(name, sizeof name, "the package of %s", channels[i].name);
        if (wants[EB_DOMAIN_PACKAGE] && has_nameless_package(channels, n, counted, i))
            append(missing, size, ", ", name);
    }
    name_all_silent(channels, n, boundary, counted, missing, size);
}

// Memory beside nothing that computes is no energy of a boundary.
static bool does_work(const eb_channel *channels, int n, const bool *counted)
{
    for (int i = 0; i < n; i++)
        if (counted[i] && channels[i].domain != EB_DOMAIN_DRAM)
            return true;
    return false;
}

bool eb_domain_lacks(const eb_channel *channels, int n, eb_boundary boundary, const bool *counted, int i)
{
    for (int k = 0; k < n; k++)
        if (counted[k] && channels[k].grade == EB_GRADE_ESTIMATE)
            return false;
    const eb_channel *c = &channels[i];
    return boundary_table[boundary].sums[c->domain] && is_silent(channels, n, counted, c) &&
           (c->grade == EB_GRADE_NONE || c->domain != EB_DOMAIN_DRAM);
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
            append(domains, domains_size, " + ", eb_domain_piece_name(&channels[i], name, sizeof name));
    }
    if (!stated)
        name_missing(channels, n, boundary, counted, missing, missing_size);
}
