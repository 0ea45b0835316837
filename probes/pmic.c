// SPDX-License-Identifier: Apache-2.0
// The power management chip of a Raspberry Pi 5 and boards like it, through `vcgencmd pmic_read_adc`. The call is slow
// (milliseconds, a process each time), so a shell beside the measurement repeats it ten times a second.
#include "probes/pmic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "probes/line_meter.h"
#include "probes/probe_impl.h"

#define PROGRAM "vcgencmd"
#define COMMAND PROGRAM " pmic_read_adc"

static const double most_a = 100, most_v = 100; // of a rail of a board
static const double most_w = 1000;
static const int64_t timeout_ns = 5000000000;

// ---- lines and sets ----

static eb_pmic_rail *find_rail(eb_pmic *p, const char *name, size_t len)
{
    for (int i = 0; i < p->n; i++)
        if (strlen(p->rails[i].name) == len && memcmp(p->rails[i].name, name, len) == 0)
            return &p->rails[i];
    if (p->n == EB_PMIC_RAILS_MAX)
        return NULL;
    eb_pmic_rail *r = &p->rails[p->n++];
    *r = (eb_pmic_rail){ .a = NAN, .v = NAN };
    memcpy(r->name, name, len);
    eb_probe_make_printable(r->name);
    return r;
}

const char *eb_pmic_line(eb_pmic *p, const char *text, size_t len)
{
    char number[32];
    double value;
    if (memchr(text, '\0', len))
        return "holds a NUL byte";
    const char *name = text + strspn(text, " \t");
    size_t name_len = strcspn(name, " \t="), end = strlen(text);
    const char *equals = strchr(name, '=');
    while (end > 0 && strchr(" \t\r", text[end - 1]))
        end--;
    if (!equals || name_len < 3 || name_len >= EB_PMIC_NAME_MAX || text + end <= equals + 1)
        return "is no current and no voltage of a rail";
    char kind = name[name_len - 1], unit = text[end - 1];
    if (name[name_len - 2] != '_' || (kind != 'A' && kind != 'V') || unit != kind)
        return "is no current and no voltage of a rail";
    size_t digits = (size_t)(text + end - 1 - (equals + 1));
    snprintf(number, sizeof number, "%.*s", (int)(digits < sizeof number ? digits : 0), equals + 1);
    if (!eb_parse_double(number, &value, NULL))
        return "holds no number";
    if (!(value >= 0 && value <= (kind == 'A' ? most_a : most_v)))
        return "is beyond what a rail has";
    eb_pmic_rail *r = find_rail(p, name, name_len - 2);
    double *half = r ? (kind == 'A' ? &r->a : &r->v) : NULL;
    if (!half || !isnan(*half))
        return half ? "stands twice in its set" : "is one rail too many";
    *half = value;
    return NULL;
}

const char *eb_pmic_end(eb_pmic *p, double *w)
{
    int seen = 0, any = 0;
    double sum = 0;
    for (int i = 0; i < p->n; i++) {
        eb_pmic_rail *r = &p->rails[i];
        bool both = !isnan(r->a) && !isnan(r->v);
        any += !isnan(r->a) || !isnan(r->v);
        r->counts = p->known ? r->counts : both;
        seen += r->counts && both;
        sum += r->counts && both ? r->a * r->v : 0;
        r->a = r->v = NAN;
    }
    *w = sum;
    if (!any)
        return "holds no rail";
    if (seen == 0)
        return "has no rail with both a current and a voltage";
    if (!p->known)
        p->n_counting = seen;
    p->known = true;
    return seen == p->n_counting ? NULL : "lacks a rail that earlier ones had";
}

void eb_pmic_left_out(const eb_pmic *p, char *buf, size_t size)
{
    size_t at = 0;
    buf[0] = '\0';
    for (int i = 0; i < p->n && at < size; i++)
        if (!p->rails[i].counts)
            at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? ", " : "", p->rails[i].name);
}

// ---- the source ----

typedef struct pmic_state {
    eb_line_meter meter;
    eb_pmic rails; // under the meter's lock
    int64_t set_came_ns;
    bool spoilt; // a line of the set was refused
} pmic_state;

static bool in_path(const char *program)
{
    const char *path = getenv("PATH");
    for (const char *p = path ? path : ""; *p; p += *p == ':') {
        int len = (int)strcspn(p, ":");
        char *file = eb_format("%.*s/%s", len, p, program);
        bool found = len > 0 && access(file, X_OK) == 0;
        free(file);
        if (found)
            return true;
        p += len;
    }
    return false;
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (strcmp(env->io->kind, "tape") == 0)
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "a command runs by the machine's own clock, which a tape is not");
    else if (env->config->pmic_command)
        return; // what the config names is run whatever tree /sys is read from
    else if (!eb_probe_io_is_real(env->io))
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", PROGRAM " speaks of the machine itself, not of a %s tree",
                     env->io->kind);
    else if (!in_path(PROGRAM))
        eb_probe_say(out, EB_PROBE_NO_DEVICE,
                     "on a Raspberry Pi 5: sudo apt install raspi-utils; for another board's command: [probes] "
                     "pmic_command",
                     PROGRAM " is not in PATH: no board with a power management chip that it reads");
}

static void end_set(pmic_state *s, const char *text)
{
    double w = 0;
    const char *why = eb_pmic_end(&s->rails, &w);
    if (why)
        eb_meter_track_refuse(&s->meter.track, text, why);
    else if (!s->spoilt)
        eb_meter_track_value(&s->meter.track, w, s->set_came_ns);
    if (!s->rails.known)
        s->meter.fatal = "the command prints no rails of a power management chip";
    s->spoilt = false;
}

static void take_line(eb_line_meter *m, const char *text, size_t len, bool cut, int64_t came_ns)
{
    pmic_state *s = m->arg;
    m->track.lines++;
    if (strcmp(text, EB_PMIC_END) == 0) {
        end_set(s, "the set before");
        return;
    }
    if (text[strspn(text, " \t")] == '\0' && !memchr(text, '\0', len))
        return;
    s->set_came_ns = came_ns;
    const char *why = cut ? "is too long" : eb_pmic_line(&s->rails, text, len);
    if (!why)
        return;
    eb_meter_track_refuse(&m->track, text, why);
    s->spoilt = true;
}

static void fill_channel(pmic_state *s, eb_channel *c)
{
    char left_out[64];
    pthread_mutex_lock(&s->meter.lock);
    *c = (eb_channel){
        .name = "pmic/rails",
        .source = "pmic",
        .domain = EB_DOMAIN_SYSTEM,
        .socket = -1,
        .die = -1,
        .quantity = EB_QUANTITY_ENERGY_UJ,
        .cumulative = true,
        .unit = 1,
        .scale = 1,
        .period_ns = s->meter.track.usual_ns,
        .grade = EB_GRADE_SAMPLED,
        .scope = EB_SCOPE_MACHINE,
    };
    snprintf(c->label, sizeof c->label, "%d rail%s", s->rails.n_counting, eb_s(s->rails.n_counting));
    eb_pmic_left_out(&s->rails, left_out, sizeof left_out);
    pthread_mutex_unlock(&s->meter.lock);
    snprintf(c->note, sizeof c->note, "without the 5 V outputs%s%.40s", left_out[0] ? " and without " : "", left_out);
}

// Ends with the command's status when that fails.
static char *repeated(const char *command)
{
    return eb_format(
        "while :; do\n%s\nstatus=$?; [ $status = 0 ] || exit $status; echo " EB_PMIC_END "; sleep 0.1; done", command);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    const eb_probe_config *config = probe->env.config;
    eb_probe_detection found = { 0 };
    detect(&probe->env, &found);
    if (found.state != EB_PROBE_OK)
        return false; // the core says what detect says
    pmic_state *s = eb_alloc(sizeof *s);
    probe->state = s;
    s->meter = (eb_line_meter){ .line = take_line, .arg = s, .clock = &probe->env.io->clock };
    eb_meter_setup setup = { .max_w = most_w, .tick_ns = 1, .timeout_ns = timeout_ns };
    char *command = repeated(config->pmic_command ? config->pmic_command : COMMAND);
    bool ok = eb_line_meter_open(&s->meter, command, &setup, err);
    free(command);
    if (!ok) {
        eb_err_hint(err, "try it by hand: %s", config->pmic_command ? config->pmic_command : COMMAND);
        return false;
    }
    probe->channels = eb_alloc(sizeof *probe->channels);
    probe->n = 1;
    fill_channel(s, &probe->channels[0]);
    return true;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    pmic_state *s = probe->state;
    eb_line_meter_read(&s->meter, out);
}

static bool trouble(eb_probe *probe, char *buf, size_t size)
{
    pmic_state *s = probe->state;
    return eb_line_meter_trouble(&s->meter, buf, size);
}

static void close_probe(eb_probe *probe)
{
    pmic_state *s = probe->state;
    if (s)
        eb_line_meter_close(&s->meter);
    free(s);
}

const eb_probe_ops eb_probe_pmic = {
    .name = "pmic",
    .doc = "Power management chip of a Raspberry Pi 5 and boards like it: the sum of its rails' current x voltage",
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
    .why = eb_line_meter_why,
    .trouble = trouble,
};
