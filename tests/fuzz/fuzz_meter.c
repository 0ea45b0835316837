// SPDX-License-Identifier: Apache-2.0
// What a command may print: lines of a meter, rails of a power management chip. The first byte says which. Whatever the
// text: no crash, no energy that goes back or that is more than the bound allows, nothing shown that is not known.
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/meter_track.h"
#include "probes/pmic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TIMEOUT_S = 2, LINE_MAX_BYTES = 512 };
static const double max_w = 1e5;

static void check(bool ok)
{
    if (!ok)
        abort();
}

// Calls take(arg, line, len, cut, how long after the last one) for each line; its length says when it came.
static void each_line(const uint8_t *data, size_t size, void (*take)(void *arg, const char *, size_t, bool, int64_t),
                      void *arg)
{
    while (size > 0) {
        const uint8_t *end = memchr(data, '\n', size);
        size_t len = end ? (size_t)(end - data) : size, kept = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES;
        char *line = eb_strndup("", 0);
        line = eb_realloc(line, kept + 1, 1);
        memcpy(line, data, kept);
        line[kept] = '\0';
        int64_t step_ns = len > 0 ? (int64_t)(data[len - 1] & 0x1f) * 20000000 * (len % 7 == 6 ? 10 : 1) : 0;
        take(arg, line, kept, kept < len, step_ns);
        free(line);
        data += len + (end != NULL);
        size -= len + (end != NULL);
    }
}

typedef struct metering {
    eb_meter_track track;
    int64_t now_ns;
    uint64_t last;
} metering;

static void meter_line(void *arg, const char *text, size_t len, bool cut, int64_t step_ns)
{
    metering *m = arg;
    m->now_ns += step_ns;
    double before_uj = m->track.uj;
    int64_t before_ns = m->track.came_ns, good = m->track.good;
    eb_meter_track_line(&m->track, text, len, cut, m->now_ns);
    // Times are those of arrival give or take half a second: never more energy than that.
    double most_s = (double)(m->now_ns - before_ns + 2 * EB_METER_LATE_NS) / 1e9, more_uj = m->track.uj - before_uj;
    check(isfinite(m->track.uj) && more_uj >= 0);
    check(good > 0 ? more_uj <= max_w * most_s * 1e6 + m->track.unit_j * 1e6 : more_uj == 0);
    check(m->track.at_ns <= (double)m->now_ns || m->track.good == 0);
    eb_sample s = { 0 };
    eb_meter_track_read(&m->track, m->now_ns, &s);
    check(s.status != EB_SAMPLE_MISSING || s.raw == 0);
    check(s.status == EB_SAMPLE_MISSING || s.raw >= m->last);
    m->last = s.status == EB_SAMPLE_MISSING ? m->last : s.raw;
    char why[300];
    if (eb_meter_track_trouble(&m->track, m->now_ns, why, sizeof why))
        for (const char *p = why; *p; p++)
            check(*p >= ' ' && *p <= '~');
    eb_meter_track_read(&m->track, m->now_ns + (TIMEOUT_S + 1) * 1000000000ll, &s);
    check(s.status == EB_SAMPLE_MISSING && s.errnum != 0);
}

static void pmic_line(void *arg, const char *text, size_t len, bool cut, int64_t step_ns)
{
    eb_pmic *p = arg;
    double w;
    char left_out[32];
    (void)cut, (void)step_ns;
    if (strcmp(text, EB_PMIC_END) == 0) {
        bool was_known = p->known;
        const char *why = eb_pmic_end(p, &w);
        check(isfinite(w) && w >= 0 && w <= 100 * 100 * EB_PMIC_RAILS_MAX);
        check(why || (p->known && p->n_counting > 0));
        check(!was_known || p->known);
    } else {
        const char *why = eb_pmic_line(p, text, len);
        check(!why || *why);
    }
    check(p->n <= EB_PMIC_RAILS_MAX && p->n_counting <= p->n);
    eb_pmic_left_out(p, left_out, sizeof left_out);
    check(memchr(left_out, '\0', sizeof left_out) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 20000)
        return 0;
    if (data[0] == 'p') {
        eb_pmic p = { 0 };
        each_line(data + 1, size - 1, pmic_line, &p);
        return 0;
    }
    metering m = { .now_ns = 1000000000000 };
    eb_meter_setup setup = {
        .joules = data[0] == 'j', .max_w = max_w, .tick_ns = 1e9, .timeout_ns = TIMEOUT_S * 1000000000ll
    };
    eb_meter_track_init(&m.track, &setup);
    each_line(data + 1, size - 1, meter_line, &m);
    return 0;
}
