// SPDX-License-Identifier: Apache-2.0
// What every probe shares: detect, open with a check of the channels, bracketed reads, close.
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

static const char *const state_names[EB_PROBE_STATE_COUNT] = {
    [EB_PROBE_OK] = "ok",
    [EB_PROBE_PARTIAL] = "partial",
    [EB_PROBE_NO_DEVICE] = "no device",
    [EB_PROBE_NO_PERMISSION] = "no permission",
    [EB_PROBE_NO_DRIVER] = "no driver",
    [EB_PROBE_OFF] = "off",
};

const char *eb_probe_state_name(eb_probe_state state)
{
    return (int)state >= 0 && state < EB_PROBE_STATE_COUNT ? state_names[state] : "invalid";
}

const char *eb_probe_ops_name(const eb_probe_ops *ops)
{
    return ops->name;
}

const char *eb_probe_ops_doc(const eb_probe_ops *ops)
{
    return ops->doc;
}

const char *eb_probe_name(const eb_probe *probe)
{
    return probe->ops->name;
}

void eb_probe_say(eb_probe_detection *out, eb_probe_state state, const char *remedy, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(out->reason, sizeof out->reason, fmt, args);
    va_end(args);
    out->state = state;
    snprintf(out->remedy, sizeof out->remedy, "%s", remedy ? remedy : "");
}

eb_status eb_probe_status(int errnum)
{
    // ENOENT of a handle that was open: the file was taken away.
    return errnum == ENODEV || errnum == ENXIO || errnum == EBADF || errnum == ENOENT ? EB_SAMPLE_GONE
                                                                                      : EB_SAMPLE_MISSING;
}

bool eb_probe_io_is_real(const eb_io *io)
{
    return strcmp(io->kind, "real") == 0;
}

bool eb_probe_on_machine(const eb_io *io, eb_probe_detection *out)
{
    bool real = eb_probe_io_is_real(io);
    if (!real)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, NULL, "events are counted on the machine itself only, not in a %s tree",
                     io->kind);
    return real;
}

bool eb_probe_is_virtual(const eb_io *io)
{
    static const char word[] = " hypervisor";
    char *text = eb_io_slurp(io, "/proc/cpuinfo", 65536);
    char *flags = text ? strstr(text, "\nflags") : NULL;
    bool found_it = false;
    if (flags) {
        flags[1 + strcspn(flags + 1, "\n")] = '\0';
        const char *at = strstr(flags, word);
        found_it = at && (at[sizeof word - 1] == ' ' || at[sizeof word - 1] == '\0');
    }
    free(text);
    return found_it;
}

void eb_probe_make_printable(char *s)
{
    size_t len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]))
        s[--len] = '\0';
    for (; *s; s++)
        if (*s < ' ' || *s > '~')
            *s = '?';
}

void eb_probe_each_item(const char *list, void (*visit)(void *arg, const char *item), void *arg)
{
    for (const char *p = list ? list : ""; *p;) {
        size_t len = strcspn(p, ",");
        const char *start = p, *end = p + len;
        p = end + (*end == ',');
        while (start < end && strchr(" \t", *start))
            start++;
        while (end > start && strchr(" \t", end[-1]))
            end--;
        char item[64];
        snprintf(item, sizeof item, "%.*s", (int)(end - start < 63 ? end - start : 63), start);
        if (*item)
            visit(arg, item);
    }
}

void eb_probe_detect(const eb_probe_ops *ops, const eb_probe_env *env, eb_probe_detection *out)
{
    memset(out, 0, sizeof *out);
    ops->detect(env, out);
}

bool eb_probe_works(const eb_probe_detection *found)
{
    return found->state == EB_PROBE_OK || found->state == EB_PROBE_PARTIAL;
}

bool eb_probe_opens(const eb_probe_detection *found)
{
    return eb_probe_works(found) || found->parts;
}

// Two channels of one name could not be told apart in the record. Odd trees can make them: the later ones get a number.
static void make_unique(eb_probe *probe)
{
    for (int i = 0; i < probe->n; i++) {
        char *name = probe->channels[i].name, plain[51];
        snprintf(plain, sizeof plain, "%.50s", name);
        int number = 2;
        for (int j = 0; j < i; j++)
            if (strcmp(name, probe->channels[j].name) == 0) {
                snprintf(name, sizeof probe->channels[i].name, "%.50s#%d", plain, number++);
                j = -1; // the new name may be taken as well
            }
    }
}

eb_probe *eb_probe_open(const eb_probe_ops *ops, const eb_probe_env *env, eb_err *err)
{
    eb_probe *probe = eb_alloc(sizeof *probe);
    probe->ops = ops;
    probe->env = *env;
    if (ops->open(probe, err) && probe->n > 0) {
        make_unique(probe);
        return probe;
    }
    if (err->code == EB_OK) {
        eb_probe_detection why;
        eb_probe_detect(ops, env, &why);
        eb_err_set(err, EB_UNAVAILABLE, "%s: %s", ops->name, *why.reason ? why.reason : "nothing could be opened");
        if (*why.remedy)
            eb_err_hint(err, "%s", why.remedy);
    }
    eb_probe_close(probe);
    return NULL;
}

int eb_probe_channels(const eb_probe *probe, const eb_channel **channels)
{
    *channels = probe->channels;
    return probe->n;
}

void eb_probe_read(eb_probe *probe, eb_sample *out)
{
    probe->ops->read(probe, out);
}

bool eb_probe_trouble(eb_probe *probe, char *buf, size_t size)
{
    buf[0] = '\0';
    return probe->ops->trouble && probe->ops->trouble(probe, buf, size);
}

const char *eb_probe_why(const char *source, int errnum)
{
    const eb_probe_ops *ops = eb_probe_find(source);
    const char *own = ops && ops->why ? ops->why(errnum) : NULL;
    return own ? own : errnum == EBADMSG ? "is empty or holds no number" : strerror(errnum);
}

void eb_probe_close(eb_probe *probe)
{
    if (!probe)
        return;
    probe->ops->close(probe);
    free(probe->channels);
    free(probe);
}

void eb_probe_sample_handle(const eb_io *io, int handle, eb_sample *out)
{
    out->t_before_ns = io->clock.now_ns(&io->clock);
    int rc = eb_io_pread_u64(io, handle, &out->raw);
    out->t_after_ns = io->clock.now_ns(&io->clock);
    eb_probe_sample_result(rc, out);
}

// What `unread` would measure, `c` does. The machine has one system, whatever shows it twice under one name.
static bool stands_for(const eb_channel *c, const eb_channel *unread)
{
    if (c->domain != unread->domain)
        return false;
    if (c->domain == EB_DOMAIN_SYSTEM)
        return strcmp(c->label, unread->label) == 0;
    if (c->domain == EB_DOMAIN_GPU || c->socket < 0 || unread->socket < 0)
        return strcmp(c->zone, unread->zone) == 0;
    return c->socket == unread->socket && (c->die == unread->die || c->die < 0 || unread->die < 0);
}

bool eb_probe_worth_naming(const eb_channel *unread, const eb_channel *others, int n)
{
    static const bool summed[EB_DOMAIN_COUNT] = {
        [EB_DOMAIN_PACKAGE] = true, [EB_DOMAIN_DRAM] = true, [EB_DOMAIN_GPU] = true, [EB_DOMAIN_SYSTEM] = true
    };
    for (int i = 0; i < n; i++)
        if (stands_for(&others[i], unread))
            return false;
    return summed[unread->domain];
}

void eb_probe_unread(eb_channel *channel, const char *why)
{
    channel->grade = EB_GRADE_NONE;
    channel->period_ns = channel->gap_max_ns = 0; // it sets nobody's pace
    channel->modulus = 0;
    snprintf(channel->note, sizeof channel->note, "cannot be read: %s", why);
}

void eb_probe_sample_unread(const eb_io *io, int errnum, eb_sample *out)
{
    out->t_before_ns = out->t_after_ns = io->clock.now_ns(&io->clock);
    out->status = EB_SAMPLE_MISSING;
    out->errnum = errnum;
    out->raw = 0;
}

void eb_probe_sample_result(int rc, eb_sample *out)
{
    out->status = rc ? eb_probe_status(-rc) : EB_SAMPLE_OK;
    out->errnum = -rc;
    if (rc)
        out->raw = 0;
}
