// SPDX-License-Identifier: Apache-2.0
// What can be read of powercap here; and where nothing or not all can, why and what to do.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "probes/powercap_scan.h"

static void say_no_device(const eb_powercap_scan *s, eb_probe_detection *out)
{
    const char *what = s->errnum == ENOENT || s->errnum == ENOTDIR ? EB_POWERCAP_CLASS " is not there"
                                                                   : EB_POWERCAP_CLASS " lists no zones";
    if (eb_probe_is_virtual(s->io))
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "measure on the host, use an external meter, or state the watts of this machine: "
                     "[probes] stated_load_w and stated_idle_w",
                     "%s; this is a virtual machine (flag hypervisor in /proc/cpuinfo), and hypervisors pass no RAPL "
                     "counters on",
                     what);
    else
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "on a machine with RAPL (Intel since 2012, AMD Zen): sudo modprobe intel_rapl_msr; "
                     "otherwise state the watts: [probes] stated_load_w and stated_idle_w",
                     "%s: no driver for RAPL is loaded, or this machine has none", what);
}

static void say_no_permission(const eb_io *io, const char *path, eb_probe_detection *out)
{
    static const char remedy[] =
        "for all users until the next boot: sudo chmod a+r " EB_POWERCAP_CLASS
        "/*/energy_uj; for a group and for good: the udev "
        "rule 99-effbench-rapl.rules (docs/permissions.md); for this program alone: sudo setcap "
        "cap_dac_read_search=ep effbench";
    int mode = io->mode(io, path);
    char shown[32] = "mode not readable";
    if (mode >= 0)
        snprintf(shown, sizeof shown, "mode %04o", (unsigned)mode);
    eb_probe_say(out, EB_PROBE_NO_PERMISSION, remedy, "%s: %s (%s; only root may read it since CVE-2020-8694)", path,
                 strerror(EACCES), shown);
}

static const char driver_remedy[] =
    "reload the driver (sudo modprobe -r intel_rapl_msr; sudo modprobe intel_rapl_msr) and look at dmesg";

// None of the zones reads; the first speaks for all.
static void say_unreadable(const eb_powercap_scan *s, eb_probe_detection *out)
{
    const eb_powercap_found *f = &s->items[0];
    for (int i = 0; i < s->n; i++)
        if (s->items[i].errnum == EACCES || s->items[i].errnum == EPERM) {
            f = &s->items[i];
            break;
        }
    char path[160];
    eb_powercap_path(path, sizeof path, f, "energy_uj");
    if (f->errnum == EACCES || f->errnum == EPERM) {
        say_no_permission(s->io, path, out);
        return;
    }
    if (f->errnum == ENOENT || f->errnum == ENODEV) {
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "%s: %s: the zone has no energy counter", path,
                     eb_powercap_why(f->errnum));
        return;
    }
    eb_probe_say(out, EB_PROBE_NO_DRIVER, driver_remedy, "%s: %s: the driver does not deliver", path,
                 eb_powercap_why(f->errnum));
}

// The zones that fail with `errnum`, behind those that are in `names` already: "a, b (why)".
static size_t name_zones(const eb_powercap_scan *s, int errnum, char *names, size_t size, size_t used)
{
    bool first = true;
    for (int i = 0; i < s->n && used < size; i++) {
        if (s->items[i].errnum != errnum)
            continue;
        const char *separator = first ? (used ? "; " : "") : ", ";
        used += (size_t)snprintf(names + used, size - used, "%s%s", separator, s->items[i].zone.id);
        first = false;
    }
    if (used < size)
        used += (size_t)snprintf(names + used, size - used, " (%s)", eb_powercap_why(errnum));
    return used;
}

static void say_partial(const eb_powercap_scan *s, eb_probe_detection *out)
{
    char names[200] = "";
    size_t used = 0;
    bool permission = false, driver = false;
    for (int i = 0; i < s->n; i++) {
        int errnum = s->items[i].errnum;
        bool named = errnum == 0;
        for (int k = 0; k < i; k++)
            named |= s->items[k].errnum == errnum;
        if (!named && used < sizeof names)
            used = name_zones(s, errnum, names, sizeof names, used);
        permission |= errnum == EACCES || errnum == EPERM;
        driver |= errnum != 0 && errnum != ENOENT && errnum != ENODEV;
    }
    const char *remedy = permission ? "sudo chmod a+r " EB_POWERCAP_CLASS "/*/energy_uj" : driver ? driver_remedy : "";
    eb_probe_say(out, EB_PROBE_PARTIAL, remedy, "%d of %d zones cannot be read: %s%s", s->n - s->n_good, s->n, names,
                 used >= sizeof names ? " ..." : "");
}

void eb_powercap_detect(const eb_probe_env *env, eb_probe_detection *out)
{
    eb_powercap_scan s;
    eb_powercap_scan_zones(env->io, &s);
    out->parts = s.n > s.n_good;
    if (s.errnum == EACCES || s.errnum == EPERM)
        say_no_permission(env->io, EB_POWERCAP_CLASS, out);
    else if (s.n == 0)
        say_no_device(&s, out);
    else if (s.n_good == 0)
        say_unreadable(&s, out);
    else if (s.n_good < s.n)
        say_partial(&s, out);
    eb_powercap_scan_deinit(&s);
}
