// SPDX-License-Identifier: Apache-2.0
// Finds the zones of powercap; one counts as available after an open and two good reads.
#include "probes/powercap_scan.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "harness/base/mem.h"

enum { MAX_ZONES = 1024, EMPTY_TRIES = 10, EMPTY_PAUSE_NS = 1000000 };

void eb_powercap_path(char *buf, size_t size, const eb_powercap_found *f, const char *attribute)
{
    snprintf(buf, size, EB_POWERCAP_CLASS "/%s/%s", f->zone.id, attribute);
}

static void visit_entry(void *arg, const char *name)
{
    eb_powercap_scan *s = arg;
    eb_powercap_found f = { .handle = -1 };
    if (s->n >= MAX_ZONES || !eb_powercap_zone_parse(name, &f.zone))
        return;
    EB_GROW(s->items, s->n, s->cap);
    s->items[s->n++] = f;
}

static int compare(const void *a, const void *b)
{
    return eb_powercap_zone_compare(&((const eb_powercap_found *)a)->zone, &((const eb_powercap_found *)b)->zone);
}

// An empty read may be a writer between truncating and writing (never the kernel): it must not cost the zone its run.
static int read_patiently(const eb_io *io, int handle, uint64_t *value)
{
    int rc = eb_io_pread_u64(io, handle, value);
    for (int i = 0; i < EMPTY_TRIES && rc == -EBADMSG; i++) {
        io->clock.sleep_until_ns(&io->clock, io->clock.now_ns(&io->clock) + EMPTY_PAUSE_NS);
        rc = eb_io_pread_u64(io, handle, value);
    }
    return rc;
}

// Found in a folder is not available: opens the counter and reads it twice.
static void try_zone(const eb_io *io, eb_powercap_found *f)
{
    char path[160];
    eb_powercap_path(path, sizeof path, f, "name");
    if (eb_io_read_line(io, path, f->name, sizeof f->name) < 0)
        f->name[0] = '\0';
    eb_probe_make_printable(f->name);
    eb_powercap_path(path, sizeof path, f, "energy_uj");
    f->handle = io->open(io, path);
    if (f->handle < 0) {
        f->errnum = -f->handle;
        return;
    }
    for (int i = 0; i < 2 && f->errnum == 0; i++)
        f->errnum = -read_patiently(io, f->handle, &f->value);
    eb_powercap_path(path, sizeof path, f, "max_energy_range_uj");
    if (eb_io_read_u64(io, path, &f->max_range) || f->value > f->max_range)
        f->max_range = 0; // a range that the counter is beyond of is not its range
}

void eb_powercap_scan_zones(const eb_io *io, eb_powercap_scan *out)
{
    *out = (eb_powercap_scan){ .io = io };
    out->errnum = -io->list(io, EB_POWERCAP_CLASS, visit_entry, out);
    if (out->n)
        qsort(out->items, (size_t)out->n, sizeof *out->items, compare);
    int kept = 0;
    for (int i = 0; i < out->n; i++) {
        eb_powercap_found *f = &out->items[i];
        try_zone(io, f);
        // Power caps of other kinds (dtpm, idle injection) need not have an energy counter.
        if (!f->zone.rapl && f->errnum == ENOENT)
            continue;
        out->n_good += f->errnum == 0;
        out->items[kept++] = *f;
    }
    out->n = kept;
}

void eb_powercap_scan_deinit(eb_powercap_scan *s)
{
    for (int i = 0; i < s->n; i++)
        if (s->items[i].handle >= 0)
            s->io->close(s->io, s->items[i].handle);
    free(s->items);
}

const char *eb_powercap_why(int errnum)
{
    return eb_probe_why("powercap", errnum);
}
