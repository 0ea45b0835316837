// SPDX-License-Identifier: Apache-2.0
// Arbitrary contents of /sys and /proc, as a tape, through detection, opening and reading of every source that reads
// files. Whatever the text: no crash, no channel without a name, no value with a status other than ok, no energy that
// is negative or not a number.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/io.h"
#include "harness/base/mem.h"
#include "harness/record/attribution.h"
#include "harness/record/domain.h"
#include "probes/probe_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void check_channel(const eb_channel *c)
{
    check(c->name[0] && memchr(c->name, 0, sizeof c->name) && memchr(c->label, 0, sizeof c->label));
    check(c->domain < EB_DOMAIN_COUNT && c->socket >= -1 && c->die >= -1);
    check(c->modulus == 0 || c->modulus > c->max_range);
    check(c->scale > 0 && c->unit >= 0);
}

enum { TIMES = 7 };
static const int64_t times[TIMES] = { 0, 1, 10, 1000, 1000000000, 2000000000, INT64_MAX };

static void check_energy(const eb_channel *c, const eb_sample *samples)
{
    eb_trace *trace = eb_trace_new(c, samples, TIMES);
    for (int from = 0; from < TIMES; from++) {
        for (int to = from; to < TIMES; to++) {
            eb_energy e = eb_trace_energy(trace, times[from], times[to]);
            check(e.status == EB_SAMPLE_OK ? e.j >= 0 && isfinite(e.j) && e.halfwidth_j >= 0 : isnan(e.j));
        }
    }
    eb_trace_free(trace);
}

// Every channel at every time.
static void read_all(eb_probe *probe, const eb_io *io, const eb_channel *channels, int n)
{
    eb_sample *samples = eb_alloc((size_t)n * TIMES * sizeof *samples), series[TIMES];
    for (int t = 0; t < TIMES; t++) {
        io->clock.sleep_until_ns(&io->clock, times[t]);
        eb_probe_read(probe, samples + t * n);
    }
    for (int i = 0; i < n; i++) {
        for (int t = 0; t < TIMES; t++) {
            series[t] = samples[t * n + i];
            check(series[t].status == EB_SAMPLE_OK || series[t].raw == 0);
            check(series[t].t_before_ns <= series[t].t_after_ns);
        }
        if (channels[i].quantity == EB_QUANTITY_ENERGY_UJ || channels[i].quantity == EB_QUANTITY_POWER_UW)
            check_energy(&channels[i], series);
    }
    free(samples);
}

static eb_probe_detection detect(const eb_probe_ops *ops, const eb_probe_env *env)
{
    eb_probe_detection found;
    eb_probe_detect(ops, env, &found);
    check(found.state == EB_PROBE_OK || found.reason[0]);
    return found;
}

// A part that cannot be read has no grade, but a reason; nothing is ever read of it.
static bool is_unread(const eb_channel *c)
{
    return c->grade == EB_GRADE_NONE && strncmp(c->note, "cannot be read: ", 16) == 0;
}

static void exercise(const eb_probe_ops *ops, const eb_probe_env *env, const eb_probe_detection *found)
{
    eb_err err;
    eb_err_clear(&err);
    eb_probe *probe = eb_probe_open(ops, env, &err);
    check(probe ? eb_probe_opens(found) : !eb_probe_works(found));
    if (!probe)
        return;
    const eb_channel *channels;
    int n = eb_probe_channels(probe, &channels), unread = 0;
    for (int i = 0; i < n; i++) {
        check_channel(&channels[i]);
        unread += is_unread(&channels[i]);
    }
    check(eb_probe_works(found) == (unread < n));
    bool *counted = eb_alloc((size_t)n * sizeof *counted);
    char domains[64], missing[16];
    eb_domain_count(channels, n, EB_BOUNDARY_COMPUTE, counted, domains, sizeof domains, missing, sizeof missing);
    for (int i = 0; i < n; i++)
        check(!counted[i] ||
              (!is_unread(&channels[i]) && channels[i].domain != EB_DOMAIN_UNKNOWN && !channels[i].duplicate));
    free(counted);
    read_all(probe, env->io, channels, n);
    eb_probe_close(probe);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 20000)
        return 0;
    static const eb_probe_ops *const all[] = { &eb_probe_powercap, &eb_probe_perf_power, &eb_probe_hwmon,
                                               &eb_probe_amdgpu,   &eb_probe_battery,    &eb_probe_thermal,
                                               &eb_probe_process };
    char *text = eb_strndup((const char *)data, size);
    eb_probe_config config;
    eb_probe_config_default(&config);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        // Detection waits for empty files, and the tape's clock goes on: only from the same start must opening agree.
        eb_io first, second;
        eb_err err;
        eb_err_clear(&err);
        if (!eb_io_tape(text, &first, &err)) {
            check(err.code == EB_USAGE && err.message[0]);
            break;
        }
        check(eb_io_tape(text, &second, &err));
        eb_probe_detection found = detect(all[i], &(eb_probe_env){ &first, &config });
        exercise(all[i], &(eb_probe_env){ &second, &config }, &found);
        eb_io_deinit(&first);
        eb_io_deinit(&second);
    }
    free(text);
    return 0;
}
