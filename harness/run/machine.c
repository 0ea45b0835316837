// SPDX-License-Identifier: Apache-2.0
#include "harness/run/machine.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness/base/mem.h"

enum { CPUINFO_LIMIT = 4 << 20, VALUE_MAX = 256 };

static void add(eb_header *h, const char *key, const char *value)
{
    h->machine = eb_realloc(h->machine, (size_t)h->n_machine + 1, sizeof *h->machine);
    h->machine[h->n_machine++] = (eb_pair){ eb_strdup(key), eb_strdup(value && *value ? value : "unknown") };
}

void eb_machine_add(eb_header *header, const char *key, const char *fmt, ...)
{
    char value[VALUE_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(value, sizeof value, fmt, ap);
    va_end(ap);
    add(header, key, value);
}

// First "field : value" line of /proc/cpuinfo-like text; "" when there is none.
static void field(const char *text, const char *name, char *out, size_t size)
{
    size_t len = strlen(name);
    out[0] = 0;
    for (const char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
        if (strncmp(line, name, len) != 0)
            continue;
        const char *p = line + len;
        while (*p == ' ' || *p == '\t')
            p++;
        if (*p != ':')
            continue;
        p++;
        while (*p == ' ' || *p == '\t')
            p++;
        size_t n = strcspn(p, "\n");
        n = n < size - 1 ? n : size - 1;
        memcpy(out, p, n);
        out[n] = 0;
        return;
    }
}

static void cpu_facts(const eb_io *io, eb_header *h)
{
    // x86's names first, then what ARM kernels print.
    static const char *const wanted[][3] = {
        { "cpu_model", "model name", "Model" },
        { "cpu_vendor", "vendor_id", "CPU implementer" },
        { "cpu_family", "cpu family", "CPU architecture" },
        { "cpu_model_number", "model", "CPU part" },
        { "cpu_stepping", "stepping", "CPU revision" },
        { "microcode", "microcode", "CPU variant" },
    };
    char value[VALUE_MAX];
    char *text = eb_io_slurp(io, "/proc/cpuinfo", CPUINFO_LIMIT);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        field(text ? text : "", wanted[i][1], value, sizeof value);
        if (!*value)
            field(text ? text : "", wanted[i][2], value, sizeof value);
        add(h, wanted[i][0], value);
    }
    int cpus = 0;
    for (const char *p = text; p && (p = strstr(p, "processor")) != NULL; p += 9)
        cpus += p == text || p[-1] == '\n';
    snprintf(value, sizeof value, "%d", cpus);
    add(h, "cpus", cpus ? value : "");
    char cores[32], sockets[VALUE_MAX];
    field(text ? text : "", "cpu cores", cores, sizeof cores);
    add(h, "cores_per_socket", cores);
    field(text ? text : "", "siblings", sockets, sizeof sockets);
    add(h, "threads_per_socket", sockets);
    const char *flags = text ? strstr(text, "\nflags") : NULL;
    const char *end = flags ? strchr(flags + 1, '\n') : NULL;
    const char *hyper = flags ? strstr(flags, " hypervisor") : NULL;
    add(h, "hypervisor", !flags ? "" : hyper && (!end || hyper < end) ? "yes" : "no");
    free(text);
}

static void line_fact(const eb_io *io, eb_header *h, const char *key, const char *path)
{
    char value[VALUE_MAX];
    ssize_t n = eb_io_read_line(io, path, value, sizeof value);
    add(h, key, n > 0 ? value : "");
}

static void memory_fact(const eb_io *io, eb_header *h)
{
    char value[VALUE_MAX];
    char *text = eb_io_slurp(io, "/proc/meminfo", 1 << 16);
    field(text ? text : "", "MemTotal", value, sizeof value);
    free(text);
    // The kernel's own share moves by some pages from boot to boot: whole MiB, rounded down to 64.
    long long kb = *value ? atoll(value) : 0;
    snprintf(value, sizeof value, "%lld", kb / 65536 * 64);
    add(h, "memory_mib", kb > 0 ? value : "");
}

static void turbo_fact(const eb_io *io, eb_header *h)
{
    char value[16];
    if (eb_io_read_line(io, "/sys/devices/system/cpu/intel_pstate/no_turbo", value, sizeof value) > 0)
        add(h, "turbo", value[0] == '0' ? "on" : "off");
    else if (eb_io_read_line(io, "/sys/devices/system/cpu/cpufreq/boost", value, sizeof value) > 0)
        add(h, "turbo", value[0] == '1' ? "on" : "off");
    else
        add(h, "turbo", "");
}

// What a config opens or states, and what permissions allow: the same machine has several. No part of what tells
// machines apart; grade and domains are compared where joules are.
static void energy_fact(eb_header *h)
{
    char text[VALUE_MAX] = "";
    size_t at = 0;
    for (int i = 0; i < h->n_channels && at < sizeof text; i++) {
        const eb_channel *c = &h->channels[i];
        if (c->grade != EB_GRADE_NONE)
            at += (size_t)snprintf(text + at, sizeof text - at, "%s%s (%s)", at ? ", " : "", c->name,
                                   eb_grade_name(c->grade));
    }
    add(h, "energy_sources", at ? text : "none");
}

// ---- battery ----

typedef struct batteries {
    const eb_io *io;
    double wh;
    bool unknown; // one of them does not say how much it holds
} batteries;

static bool supply_u64(const eb_io *io, const char *supply, const char *file, uint64_t *out)
{
    char path[192];
    snprintf(path, sizeof path, "/sys/class/power_supply/%s/%s", supply, file);
    return eb_io_read_u64(io, path, out) == 0;
}

static bool supply_says(const eb_io *io, const char *supply, const char *file, const char *wanted)
{
    char path[192], text[32] = "";
    snprintf(path, sizeof path, "/sys/class/power_supply/%s/%s", supply, file);
    return eb_io_read_line(io, path, text, sizeof text) > 0 && !strcmp(text, wanted);
}

// What a full one holds today: energy_full in uWh, or charge_full in uAh at the voltage it was designed for.
static void visit_battery(void *arg, const char *name)
{
    batteries *b = arg;
    uint64_t present = 1, full = 0, uv = 0;
    supply_u64(b->io, name, "present", &present);
    if (strlen(name) > 64 || !supply_says(b->io, name, "type", "Battery") ||
        supply_says(b->io, name, "scope", "Device") || !present)
        return;
    if (supply_u64(b->io, name, "energy_full", &full) && full)
        b->wh += (double)full / 1e6;
    else if (supply_u64(b->io, name, "charge_full", &full) && full &&
             supply_u64(b->io, name, "voltage_min_design", &uv) && uv)
        b->wh += (double)full / 1e6 * ((double)uv / 1e6);
    else
        b->unknown = true;
}

// It wears: no part of what tells machines apart.
static void battery_fact(const eb_io *io, eb_header *h)
{
    batteries b = { .io = io };
    io->list(io, "/sys/class/power_supply", visit_battery, &b);
    if (b.wh > 0 && b.wh < 1e6 && !b.unknown)
        eb_machine_add(h, EB_MACHINE_BATTERY, "%.6g", b.wh);
}

static void digest(eb_header *h)
{
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    for (int i = 0; i < h->n_machine; i++) {
        XXH3_128bits_update(state, h->machine[i].key, strlen(h->machine[i].key) + 1);
        XXH3_128bits_update(state, h->machine[i].value, strlen(h->machine[i].value) + 1);
    }
    XXH128_hash_t d = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    h->fingerprint = eb_format("%016llx%016llx", (unsigned long long)d.high64, (unsigned long long)d.low64);
}

void eb_machine_describe(const eb_io *io, const char *isa, eb_header *header)
{
    cpu_facts(io, header);
    memory_fact(io, header);
    line_fact(io, header, "kernel", "/proc/sys/kernel/osrelease");
    line_fact(io, header, "governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    line_fact(io, header, "scaling_driver", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_driver");
    line_fact(io, header, "smt", "/sys/devices/system/cpu/smt/control");
    turbo_fact(io, header);
    line_fact(io, header, "power_limit_uw", "/sys/class/powercap/intel-rapl:0/constraint_0_power_limit_uw");
    line_fact(io, header, "board", "/sys/class/dmi/id/board_name");
    line_fact(io, header, "product", "/sys/class/dmi/id/product_name");
    add(header, "isa", isa);
    digest(header);
    energy_fact(header);
    battery_fact(io, header);
}
