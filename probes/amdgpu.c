// SPDX-License-Identifier: Apache-2.0
// AMD GPUs through /sys/class/drm/cardN/device/hwmon/hwmonN: energy1_input where the kernel has it, power1_average or
// else power1_input. A board is known by its PCI address: partitions that show the same one count once. A card that the
// kernel has put to sleep is not woken: its runtime_status, which wakes nothing, is read before anything that would.
// The power of an APU is that of the whole package, CPU included, and so a second measure of the package, not a GPU.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"
#include "probes/sysfs.h"

#define DRM   "/sys/class/drm"
#define HWMON "/sys/class/hwmon"

enum { MAX_BOARDS = 64, MAX_CARDS = 256, SENSORS = 2 };

static const double power_bound_w = 2000;
static const int64_t power_period_ns = 100000000; // the driver does not say it

// The best that a board has of each is kept.
static const struct {
    const char *file, *name;
    bool counter;
} sensors[] = {
    { "energy1_input", "energy1", true },
    { "power1_average", "power1", false },
    { "power1_input", "power1", false }, // where the kernel has no average
};
enum { KINDS = sizeof sensors / sizeof *sensors };

// APUs whose voltage of the north bridge the driver does not show, which gives away the others.
static const char *const apu_ids[] = { "1002:74A0" }; // MI300A

typedef struct board {
    char base[112];  // folder of the device
    char hwmon[144]; // its monitor's
    char card[16];   // card1; hwmon7 where the card itself is not shown
    char pci[24];    // address; "" = not known
    unsigned number;
    bool apu;
    int awake;            // handle of runtime_status; -1 = the kernel says nothing of sleep
    int handles[SENSORS]; // energy, power; -1 = not to be had
    int file[SENSORS];    // which of `sensors`
    bool asleep, silent;  // why nothing of it is read: it sleeps; it has no reading or one of 0 W
    int errnum, bad_file; // the first file that could not be read; 0 = all could
} board;

typedef struct scan {
    const eb_io *io;
    board boards[MAX_BOARDS];
    int n, n_good, n_bad;
    int errnum; // of the listing itself
} scan;

// ---- the boards ----

// Reading the power of a card that sleeps would wake it, or be refused.
static bool is_asleep(const eb_io *io, const board *b)
{
    char text[16];
    ssize_t got = b->awake >= 0 ? io->pread(io, b->awake, text, sizeof text - 1) : 0;
    text[got > 0 ? got : 0] = '\0';
    return strncmp(text, "suspend", 7) == 0 || strncmp(text, "resuming", 8) == 0;
}

static bool is_apu(const eb_io *io, const board *b)
{
    char path[192], text[32];
    snprintf(path, sizeof path, "%s/in1_label", b->hwmon); // only APUs show the voltage of a north bridge
    eb_sysfs_read_text(io, path, text, sizeof text);
    if (strcmp(text, "vddnb") == 0)
        return true;
    snprintf(path, sizeof path, "%s/power1_label", b->hwmon);
    eb_sysfs_read_text(io, path, text, sizeof text);
    if (strcmp(text, "slowPPT") == 0)
        return true;
    snprintf(path, sizeof path, "%s/uevent", b->base);
    eb_sysfs_uevent(io, path, "PCI_ID", text, sizeof text);
    for (size_t i = 0; i < sizeof apu_ids / sizeof *apu_ids; i++)
        if (strcasecmp(text, apu_ids[i]) == 0)
            return true;
    return false;
}

// EPERM of a file that everybody may read is the driver's word for a card that sleeps.
static bool says_asleep(int errnum)
{
    return errnum == EPERM || errnum == EBUSY;
}

// The second die of a board says 0 W where its first measures both; a counter may begin at 0.
static int check_value(int kind, int64_t value)
{
    if (sensors[kind].counter)
        return value < 0 ? -EDOM : 0;
    return value <= 0 ? -EDOM : (double)value > power_bound_w * 1e6 ? -ERANGE : 0;
}

static void open_sensor(const eb_io *io, board *b, int kind)
{
    int slot = sensors[kind].counter ? 0 : 1;
    char path[192];
    int64_t value = 0;
    if (b->handles[slot] >= 0)
        return;
    snprintf(path, sizeof path, "%s/%s", b->hwmon, sensors[kind].file);
    int handle = eb_sysfs_open_number(io, path, &value);
    int rc = handle < 0 ? handle : check_value(kind, value);
    if (rc == 0) {
        b->handles[slot] = handle;
        b->file[slot] = kind;
        return;
    }
    if (handle >= 0)
        io->close(io, handle);
    b->asleep |= says_asleep(-rc);
    b->silent |= rc == -EDOM;
    if (rc != -ENOENT && !b->errnum) {
        b->errnum = -rc;
        b->bad_file = kind;
    }
}

static bool is_good(const board *b)
{
    return b->handles[0] >= 0 || b->handles[1] >= 0;
}

static void open_board(const eb_io *io, board *b)
{
    char path[192];
    snprintf(path, sizeof path, "%s/power/runtime_status", b->base);
    b->awake = io->open(io, path);
    b->handles[0] = b->handles[1] = -1;
    b->asleep = is_asleep(io, b);
    for (int kind = 0; kind < KINDS && !b->asleep; kind++)
        open_sensor(io, b, kind);
    b->asleep = b->asleep && !is_good(b);
    if (b->handles[1] >= 0 && b->errnum && !sensors[b->bad_file].counter)
        b->errnum = 0; // the other power reads
    b->silent = b->silent || (!is_good(b) && !b->errnum && !b->asleep);
    b->apu = is_apu(io, b);
}

static void board_close(const eb_io *io, board *b)
{
    int *handles[] = { &b->awake, &b->handles[0], &b->handles[1] };
    for (size_t i = 0; i < sizeof handles / sizeof *handles; i++) {
        if (*handles[i] >= 0)
            io->close(io, *handles[i]);
        *handles[i] = -1;
    }
}

static bool is_known(const scan *s, const board *b)
{
    for (int i = 0; i < s->n; i++)
        if (s->boards[i].number == b->number || (b->pci[0] && strcasecmp(s->boards[i].pci, b->pci) == 0))
            return true;
    return false;
}

static void add_board(scan *s, const char *base, const char *hwmon, const char *card, unsigned number)
{
    board b = { .number = number };
    char path[192], name[32];
    snprintf(path, sizeof path, "%s/name", hwmon);
    eb_sysfs_read_text(s->io, path, name, sizeof name);
    snprintf(b.base, sizeof b.base, "%s", base);
    snprintf(b.hwmon, sizeof b.hwmon, "%s", hwmon);
    snprintf(b.card, sizeof b.card, "%s", card);
    snprintf(path, sizeof path, "%s/uevent", base);
    eb_sysfs_uevent(s->io, path, "PCI_SLOT_NAME", b.pci, sizeof b.pci);
    if (strcmp(name, "amdgpu") != 0 || s->n >= MAX_BOARDS || is_known(s, &b))
        return;
    open_board(s->io, &b);
    s->n_good += is_good(&b);
    s->n_bad += !is_good(&b) || b.errnum != 0;
    s->boards[s->n++] = b;
}

static void scan_all(const eb_io *io, scan *s)
{
    unsigned cards[MAX_CARDS], numbers[MAX_CARDS];
    char base[112], hwmon[144], card[16];
    *s = (scan){ .io = io };
    int n = eb_sysfs_list_indices(io, DRM, "card", "", cards, MAX_CARDS);
    s->errnum = n < 0 ? -n : 0;
    for (int i = 0; i < n; i++) {
        snprintf(card, sizeof card, "card%u", cards[i]);
        snprintf(base, sizeof base, DRM "/%s/device", card);
        snprintf(hwmon, sizeof hwmon, "%s/hwmon", base);
        int n_monitors = eb_sysfs_list_indices(io, hwmon, "hwmon", "", numbers, MAX_CARDS);
        for (int k = 0; k < n_monitors; k++) {
            snprintf(hwmon, sizeof hwmon, "%s/hwmon/hwmon%u", base, numbers[k]);
            add_board(s, base, hwmon, card, numbers[k]);
        }
    }
    // A container may show the monitors and not the cards.
    n = eb_sysfs_list_indices(io, HWMON, "hwmon", "", numbers, MAX_CARDS);
    for (int i = 0; i < n; i++) {
        snprintf(card, sizeof card, "hwmon%u", numbers[i]);
        snprintf(hwmon, sizeof hwmon, HWMON "/%s", card);
        snprintf(base, sizeof base, HWMON "/%s/device", card);
        add_board(s, base, hwmon, card, numbers[i]);
    }
}

static void scan_deinit(scan *s)
{
    for (int i = 0; i < s->n; i++)
        board_close(s->io, &s->boards[i]);
}

// ---- detect ----

static eb_probe_state state_of(const board *b)
{
    return b->asleep ? EB_PROBE_OFF : eb_sysfs_refused(b->errnum) ? EB_PROBE_NO_PERMISSION : EB_PROBE_NO_DRIVER;
}

// Reads nothing and should. Not so a card that sleeps, and the second die of a board, whose first one says it for both.
static bool is_lacking(const board *b)
{
    return !is_good(b) && !b->asleep && !(b->silent && b->errnum);
}

// The one whose cause can be mended speaks for all.
static const board *worst(const scan *s)
{
    static const int rank[EB_PROBE_STATE_COUNT] = {
        [EB_PROBE_NO_PERMISSION] = 3, [EB_PROBE_OFF] = 2, [EB_PROBE_NO_DRIVER] = 1
    };
    const board *bad = NULL;
    for (int i = 0; i < s->n; i++) {
        const board *b = &s->boards[i];
        if ((!is_good(b) || b->errnum) && (!bad || rank[state_of(b)] > rank[state_of(bad)]))
            bad = b;
    }
    return bad;
}

static void say_why(const scan *s, const board *b, eb_probe_detection *out)
{
    char what[160], remedy[256] = "";
    const char *file = sensors[b->bad_file].file;
    if (b->asleep) {
        snprintf(what, sizeof what, "it sleeps, and reading its power would wake it");
        snprintf(remedy, sizeof remedy, "to keep it awake until the next boot: echo on | sudo tee %s/power/control",
                 b->base);
    } else if (eb_sysfs_refused(b->errnum)) {
        snprintf(what, sizeof what, "%s %s", file, strerror(b->errnum));
        snprintf(remedy, sizeof remedy, "until the next boot: sudo chmod a+r %s/%s", b->hwmon, file);
    } else if (b->silent && b->errnum) {
        snprintf(what, sizeof what, "%s says 0 W or less: on boards of two dies the first one says it for both", file);
    } else if (b->silent) {
        snprintf(what, sizeof what, "it shows no power");
        snprintf(remedy, sizeof remedy,
                 "the kernel must manage its power: no amdgpu.dpm=0; a virtual function has none");
    } else {
        snprintf(what, sizeof what, "%s %s", file, eb_probe_why("amdgpu", b->errnum));
        snprintf(remedy, sizeof remedy, "look at dmesg for what amdgpu says of it");
    }
    eb_probe_say(out, s->n_good ? EB_PROBE_PARTIAL : state_of(b), remedy, "%d of %d boards cannot be read: %s (%s): %s",
                 s->n_bad, s->n, b->card, b->pci[0] ? b->pci : b->hwmon, what);
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    scan *s = eb_alloc(sizeof *s);
    scan_all(env->io, s);
    const board *bad = worst(s);
    for (int i = 0; i < s->n; i++)
        out->parts = out->parts || is_lacking(&s->boards[i]);
    if (bad)
        say_why(s, bad, out);
    else if (s->n == 0 && eb_sysfs_refused(s->errnum))
        eb_probe_say(out, EB_PROBE_NO_PERMISSION, "sudo chmod a+rx " DRM, DRM ": %s", strerror(s->errnum));
    else if (s->n == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "no AMD GPU with a monitor of its driver amdgpu in " DRM);
    scan_deinit(s);
    free(s);
}

// ---- open ----

static void fill_channel(const board *b, int slot, eb_channel *c)
{
    bool counter = sensors[b->file[slot]].counter;
    *c = (eb_channel){
        .source = "amdgpu",
        .domain = b->apu ? EB_DOMAIN_PACKAGE : EB_DOMAIN_GPU,
        .socket = -1,
        .die = -1,
        .quantity = counter ? EB_QUANTITY_ENERGY_UJ : EB_QUANTITY_POWER_UW,
        .cumulative = counter,
        .scale = 1,
        .power_max_w = power_bound_w,
        .period_ns = counter ? 0 : power_period_ns,
        .grade = counter ? EB_GRADE_COUNTER : EB_GRADE_SAMPLED,
        .scope = EB_SCOPE_MACHINE,
    };
    const char *id = b->pci[0] ? b->pci : b->card;
    snprintf(c->name, sizeof c->name, "amdgpu/%s/%s", id, sensors[b->file[slot]].name);
    snprintf(c->zone, sizeof c->zone, "%s", id);
    snprintf(c->label, sizeof c->label, "%s%s", b->card, b->apu ? " (APU)" : "");
    if (b->apu)
        snprintf(c->note, sizeof c->note, "an APU: the power of the whole package, CPU included");
    else if (!counter)
        snprintf(c->note, sizeof c->note, "the driver does not say its update period");
}

static void fill_unread(const board *b, eb_channel *c)
{
    char reason[64] = "it shows no power";
    board shown = *b;
    shown.file[1] = b->errnum ? b->bad_file : 1;
    fill_channel(&shown, 1, c);
    if (b->errnum)
        snprintf(reason, sizeof reason, "%s %s", sensors[b->bad_file].file, eb_probe_why("amdgpu", b->errnum));
    eb_probe_unread(c, reason);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    scan *s = eb_alloc(sizeof *s);
    scan_all(probe->env.io, s);
    probe->state = s;
    probe->channels = eb_alloc((size_t)(SENSORS * s->n + 1) * sizeof *probe->channels);
    int kept = 0;
    for (int i = 0; i < s->n; i++) {
        board b = s->boards[i];
        if (is_lacking(&b)) {
            fill_unread(&b, &probe->channels[probe->n++]);
        } else if (!is_good(&b)) {
            board_close(s->io, &b);
            continue;
        }
        for (int slot = 0; slot < SENSORS; slot++)
            if (b.handles[slot] >= 0)
                fill_channel(&b, slot, &probe->channels[probe->n++]);
        s->boards[kept++] = b;
    }
    s->n = kept;
    return probe->n > 0;
}

// ---- read ----

static void read_sensor(const eb_io *io, const board *b, int slot, bool asleep, eb_sample *out)
{
    int64_t value = 0;
    out->t_before_ns = io->clock.now_ns(&io->clock);
    int rc = asleep ? -EBUSY : eb_sysfs_pread_s64(io, b->handles[slot], &value);
    out->t_after_ns = io->clock.now_ns(&io->clock);
    rc = rc ? rc : check_value(b->file[slot], value);
    out->raw = (uint64_t)value;
    eb_probe_sample_result(rc, out);
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    const scan *s = probe->state;
    int n = 0;
    for (int i = 0; i < s->n; i++) {
        const board *b = &s->boards[i];
        if (!is_good(b)) {
            eb_probe_sample_unread(s->io, b->errnum, &out[n++]);
            continue;
        }
        bool asleep = is_asleep(s->io, b);
        for (int slot = 0; slot < SENSORS; slot++)
            if (b->handles[slot] >= 0)
                read_sensor(s->io, b, slot, asleep, &out[n++]);
    }
}

static void close_probe(eb_probe *probe)
{
    if (probe->state)
        scan_deinit(probe->state);
    free(probe->state);
}

static const char *why(int errnum)
{
    return says_asleep(errnum) ? "the card slept"
           : errnum == EDOM    ? "says 0 W or less"
           : errnum == ERANGE  ? "says more than a board can take"
                               : NULL;
}

const eb_probe_ops eb_probe_amdgpu = {
    .name = "amdgpu",
    .doc = "AMD GPUs: energy or power of each board as its driver says it; of an APU that of the whole package",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = why,
};
