// SPDX-License-Identifier: Apache-2.0
#include "probes/meter_track.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include "harness/base/units.h"
#include "probes/probe_impl.h"

enum { FIELDS_MAX = 3, FIELD_BYTES = 64, PACE_OVER = 16 };

static const double ns_per_s = 1e9;
static const double most_j = 1e15;        // below it steps of 1 J can be told in a double, and no meter counts so far
static const double rate_tolerance = .01; // of a stamp's clock against ours; crystals are better than 0.0002
static const int64_t lead_window_ns = 5000000000;
static const int64_t least_silence_ns = 1000000000; // a busy machine delays lines for less

// ---- one line ----

// What may stand behind a value. Without a prefix in any case: mW and MW are not the same.
static const struct {
    const char *name;
    bool joules, any_case;
    double factor;
} units[] = {
    { "w", false, true, 1 },     { "watt", false, true, 1 }, { "watts", false, true, 1 }, { "mW", false, false, 1e-3 },
    { "kW", false, false, 1e3 }, { "j", true, true, 1 },     { "joule", true, true, 1 },  { "joules", true, true, 1 },
    { "mJ", true, false, 1e-3 }, { "kJ", true, false, 1e3 }, { "Wh", true, false, 3600 }, { "kWh", true, false, 3.6e6 },
};

// Its index, or -1.
static int unit_of(const char *word)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if ((units[i].any_case ? strcasecmp : strcmp)(word, units[i].name) == 0)
            return (int)i;
    return -1;
}

static int split(const char *text, char fields[FIELDS_MAX + 1][FIELD_BYTES])
{
    int n = 0;
    for (const char *p = text; n <= FIELDS_MAX;) {
        p += strspn(p, " \t,;");
        size_t len = strcspn(p, " \t,;");
        if (len == 0)
            break;
        // A number that does not fit is none.
        snprintf(fields[n++], FIELD_BYTES, "%.*s", (int)(len < FIELD_BYTES ? len : FIELD_BYTES - 1), p);
        p += len;
    }
    return n;
}

// "7,5": a number of a locale, and no time stamp of seconds since 1970. Read as TIME,VALUE it would be a wrong value.
static bool is_decimal_comma(const char *text)
{
    static const char digits[] = "0123456789";
    const char *p = text + strspn(text, " \t+-");
    size_t whole = strspn(p, digits);
    if (whole == 0 || whole > 5 || p[whole] != ',')
        return false;
    p += whole + 1;
    size_t part = strspn(p, digits);
    return part > 0 && !strpbrk(p + part, "0123456789.");
}

// Takes the unit off the last field, or the last field where that is one. Its index, or -1.
static int take_unit(char fields[FIELDS_MAX + 1][FIELD_BYTES], int *n)
{
    char *last = fields[*n - 1];
    int unit = *n > 1 ? unit_of(last) : -1;
    if (unit >= 0) {
        --*n;
        return unit;
    }
    size_t at = strlen(last);
    while (at > 0 && isalpha((unsigned char)last[at - 1]))
        at--;
    unit = at > 0 ? unit_of(last + at) : -1;
    if (unit >= 0)
        last[at] = '\0';
    return unit;
}

static int count_decimals(const char *number)
{
    if (strpbrk(number, "eE"))
        return -1;
    const char *point = strchr(number, '.');
    return point ? (int)strlen(point + 1) : 0;
}

// 2026-11-21, and 10:30:00 with any fraction and Z or +01:00 behind it. Seconds since 1970, of UTC where no zone is
// said: only differences matter.
static bool parse_calendar(const char *date, const char *clock, double *s)
{
    struct tm tm = { 0 };
    int at = 0, zone_h = 0, zone_min = 0;
    double seconds = 0, fraction = 0;
    if (sscanf(date, "%4d-%2d-%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &at) != 3 || at != 10 || date[at])
        return false;
    if (sscanf(clock, "%2d:%2d:%2d%n", &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &at) != 3 || at != 8)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    seconds = (double)timegm(&tm);
    const char *rest = clock + at;
    if (*rest == '.') {
        char digits[16] = "0";
        size_t n = strspn(rest + 1, "0123456789");
        snprintf(digits, sizeof digits, "0.%.*s", (int)(n < 12 ? n : 12), rest + 1);
        if (n == 0 || !eb_parse_double(digits, &fraction, NULL))
            return false;
        rest += 1 + n;
    }
    double sign = *rest == '-' ? -1 : 1;
    if ((*rest == '+' || *rest == '-') && sscanf(rest + 1, "%2d:%2d%n", &zone_h, &zone_min, &at) == 2 && at == 5)
        rest += 1 + at;
    else
        rest += *rest == 'Z';
    *s = seconds + fraction - sign * (zone_h * 3600.0 + zone_min * 60.0);
    return *rest == '\0';
}

// The stamp in front of the value: a number, or a date and time in one field or two.
static bool parse_stamp(char fields[FIELDS_MAX + 1][FIELD_BYTES], int n, eb_meter_line *out)
{
    char *t = strchr(fields[0], 'T');
    out->stamped = n > 1;
    out->calendar = n == 3 || (n == 2 && t);
    if (!out->stamped)
        return true;
    if (!out->calendar)
        return eb_parse_double(fields[0], &out->stamp, NULL);
    if (n == 2)
        *t = '\0';
    return parse_calendar(fields[0], n == 2 ? t + 1 : fields[1], &out->stamp);
}

const char *eb_meter_line_parse(const char *text, size_t len, bool joules, eb_meter_line *out)
{
    char fields[FIELDS_MAX + 1][FIELD_BYTES];
    *out = (eb_meter_line){ 0 };
    if (memchr(text, '\0', len))
        return "holds a NUL byte";
    size_t blank = strspn(text, " \t");
    if (text[blank] == '\0' || text[blank] == '#')
        return "";
    if (is_decimal_comma(text))
        return "looks like a decimal comma: write 7.5 for it, or a blank between a time stamp and a value";
    int n = split(text, fields);
    if (n == 0)
        return "holds no number";
    int unit = take_unit(fields, &n);
    if (unit >= 0 && units[unit].joules != joules)
        return joules ? "gives a power where meter_format is joules" : "gives an energy where meter_format is watts";
    if (n > FIELDS_MAX)
        return "has more than a time stamp and a value";
    if (!parse_stamp(fields, n, out))
        return n == FIELDS_MAX ? "has more than a time stamp and a value" : "has a time stamp that is none";
    if (!eb_parse_double(fields[n - 1], &out->value, NULL))
        return "holds no number";
    if (out->value < 0)
        return "is below 0";
    double factor = unit >= 0 ? units[unit].factor : 1;
    int decimals = count_decimals(fields[n - 1]);
    out->value *= factor;
    out->step = decimals >= 0 ? factor * pow(10, -decimals) : 0;
    return NULL;
}

// ---- time ----

void eb_meter_track_init(eb_meter_track *t, const eb_meter_setup *setup)
{
    *t = (eb_meter_track){ .setup = *setup };
}

static void say_lie(eb_meter_track *t, const char *what, double amount, const char *unit)
{
    snprintf(t->lie, sizeof t->lie, "its time stamps %s%.4g%s: the times at which its lines come are used instead",
             what, amount, unit);
}

// How much later than the promptest lines of late this one came, by what the stamps say.
static double lateness(eb_meter_track *t, double ahead_ns, int64_t came_ns)
{
    if (came_ns - t->lead_since_ns > lead_window_ns) {
        t->lead_before_ns = t->lead_ns;
        t->lead_ns = ahead_ns;
        t->lead_since_ns = came_ns;
    }
    t->lead_ns = fmax(t->lead_ns, ahead_ns);
    return fmax(t->lead_ns, t->lead_before_ns) - ahead_ns;
}

// Whether the stamps, `elapsed_ns` after the first by their own account, agree with the arrivals.
static bool is_lying(eb_meter_track *t, double elapsed_ns, double came_ns)
{
    double step_ns = elapsed_ns - t->stamp_ns, off_ns = elapsed_ns - came_ns;
    if (step_ns < 0) {
        say_lie(t, "step back by ", -step_ns / ns_per_s, " s");
        return true;
    }
    if (fabs(off_ns) <= (double)EB_METER_LATE_NS + rate_tolerance * came_ns)
        return false;
    double arrival_step_ns = came_ns - (double)(t->came_ns - t->first_came_ns), jump_ns = step_ns - arrival_step_ns;
    if (t->stamps > 1 && fabs(jump_ns) > 0.8 * fabs(off_ns))
        say_lie(t, jump_ns > 0 ? "jump ahead by " : "fall behind by ", fabs(jump_ns) / ns_per_s, " s");
    else
        say_lie(t, "run at ", came_ns > 0 ? elapsed_ns / came_ns : INFINITY, " times the rate of this machine's clock");
    return true;
}

static double time_of(eb_meter_track *t, const eb_meter_line *line, int64_t came_ns)
{
    if (!line->stamped || t->lie[0])
        return (double)came_ns;
    double stamp_ns = line->stamp * (line->calendar ? ns_per_s : t->setup.tick_ns);
    if (t->stamps == 0) {
        t->stamps = 1;
        t->first_stamp_ns = stamp_ns;
        t->first_came_ns = t->lead_since_ns = came_ns;
        return (double)came_ns;
    }
    double elapsed_ns = stamp_ns - t->first_stamp_ns;
    double since_ns = (double)(came_ns - t->first_came_ns);
    if (is_lying(t, elapsed_ns, since_ns))
        return (double)came_ns;
    t->stamp_ns = elapsed_ns;
    t->stamps++;
    return (double)came_ns - fmin(lateness(t, elapsed_ns - since_ns, came_ns), (double)EB_METER_LATE_NS);
}

// ---- energy ----

void eb_meter_track_refuse(eb_meter_track *t, const char *text, const char *why)
{
    char shown[48];
    snprintf(shown, sizeof shown, "%.40s", text);
    eb_probe_make_printable(shown);
    t->refused++;
    snprintf(t->refusal, sizeof t->refusal, "line %lld, '%s', %s", (long long)t->lines, shown, why);
}

static void break_energy(eb_meter_track *t, eb_status status, const char *fmt, double amount)
{
    t->broken = status;
    snprintf(t->breaks, sizeof t->breaks, fmt, amount);
}

static void add_power(eb_meter_track *t, double value, double at_ns, int64_t came_ns)
{
    int64_t gap_ns = came_ns - t->came_ns;
    if (gap_ns > t->setup.timeout_ns)
        break_energy(t, EB_SAMPLE_AMBIGUOUS, "no reading for %.3g s: what was drawn then is not known",
                     (double)gap_ns / ns_per_s);
    else
        t->uj += (t->value + value) / 2 * fmax(at_ns - t->at_ns, 0) / 1e3; // 1 W ns is 1 nJ
}

static void add_energy(eb_meter_track *t, double value, int64_t came_ns)
{
    double step_j = value - t->value;
    double most = t->setup.max_w * (double)(came_ns - t->came_ns + EB_METER_LATE_NS) / ns_per_s;
    if (step_j < 0)
        break_energy(t, EB_SAMPLE_RESET, "its energy went back by %.4g J", -step_j);
    else if (step_j > most + t->unit_j)
        break_energy(t, EB_SAMPLE_RESET, "its energy leapt by %.4g J, more than meter_max_w allows", step_j);
    else
        t->uj += step_j * 1e6;
}

// Lines that came together are one update.
static void learn_pace(eb_meter_track *t, int64_t came_ns)
{
    int64_t gap_ns = came_ns - t->came_ns;
    if (t->good == 0 || gap_ns > t->setup.timeout_ns || gap_ns <= 0)
        return;
    t->usual_ns = t->usual_ns > 0 ? t->usual_ns + (gap_ns - t->usual_ns) / PACE_OVER : gap_ns;
}

static void take(eb_meter_track *t, double value, double at_ns, int64_t came_ns)
{
    if (t->good > 0 && t->setup.joules)
        add_energy(t, value, came_ns);
    else if (t->good > 0)
        add_power(t, value, at_ns, came_ns);
    learn_pace(t, came_ns);
    t->value = value;
    t->came_ns = came_ns;
    t->at_ns = t->good ? fmax(at_ns, t->at_ns) : at_ns;
    t->good++;
}

static const char *beyond_bound(const eb_meter_track *t, double value)
{
    if (!isfinite(value) || value < 0)
        return "is no power";
    if (t->setup.joules)
        return value > most_j ? "is more than a counter of joules holds" : NULL;
    return value > t->setup.max_w ? "is more than meter_max_w" : NULL;
}

void eb_meter_track_value(eb_meter_track *t, double value, int64_t came_ns)
{
    if (!beyond_bound(t, value))
        take(t, value, (double)came_ns, came_ns);
}

void eb_meter_track_line(eb_meter_track *t, const char *text, size_t len, bool cut, int64_t came_ns)
{
    eb_meter_line line;
    t->lines++;
    const char *why = cut ? "is too long" : eb_meter_line_parse(text, len, t->setup.joules, &line);
    if (!why)
        why = beyond_bound(t, line.value);
    if (why && *why)
        eb_meter_track_refuse(t, text, why);
    if (why)
        return;
    if (t->setup.joules && line.step > 0)
        t->unit_j = t->unit_j > 0 ? fmin(t->unit_j, line.step) : line.step;
    take(t, line.value, time_of(t, &line, came_ns), came_ns);
}

// ---- reading ----

bool eb_meter_track_stalled(const eb_meter_track *t, int64_t now_ns)
{
    return t->good == 0 || now_ns - t->came_ns > t->setup.timeout_ns;
}

void eb_meter_track_read(eb_meter_track *t, int64_t now_ns, eb_sample *out)
{
    int64_t known_ns = t->usual_ns < t->setup.timeout_ns && t->good > 1 ? t->usual_ns : t->setup.timeout_ns;
    // A value is not shown when the next one is due: it would say that nothing was drawn since.
    bool fresh = t->good > 0 && now_ns - t->came_ns <= known_ns;
    out->status = !fresh ? EB_SAMPLE_MISSING : t->broken;
    // Late is no fault yet.
    out->errnum = !fresh && eb_meter_track_stalled(t, now_ns) ? ETIMEDOUT : 0;
    out->raw = fresh ? (uint64_t)t->uj : 0;
    if (fresh)
        t->broken = EB_SAMPLE_OK;
}

static size_t add(char *buf, size_t size, size_t at, const char *text)
{
    if (at < size && text[0])
        at += (size_t)snprintf(buf + at, size - at, "%s%s", at ? "; " : "", text);
    return at;
}

// A silence that lasts is told before it is a stall: what was measured in it has no energy.
static void say_silence(const eb_meter_track *t, int64_t now_ns, char *buf, size_t size)
{
    int64_t silent_ns = now_ns - t->came_ns, worth_ns = 3 * t->usual_ns;
    worth_ns = worth_ns > least_silence_ns ? worth_ns : least_silence_ns;
    buf[0] = '\0';
    if (t->good > 0 && (eb_meter_track_stalled(t, now_ns) || silent_ns > worth_ns))
        snprintf(buf, size, "no line for %.3g s", (double)silent_ns / ns_per_s);
}

bool eb_meter_track_trouble(const eb_meter_track *t, int64_t now_ns, char *buf, size_t size)
{
    char text[EB_METER_WHY_MAX + 64] = "";
    size_t at = 0;
    say_silence(t, now_ns, text, sizeof text);
    at = add(buf, size, at, text);
    at = add(buf, size, at, t->breaks);
    at = add(buf, size, at, t->lie);
    if (t->refused) {
        snprintf(text, sizeof text, "%lld of %lld line%s refused: %s", (long long)t->refused, (long long)t->lines,
                 eb_s(t->lines), t->refusal);
        at = add(buf, size, at, text);
    }
    return at > 0;
}
