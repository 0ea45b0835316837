// SPDX-License-Identifier: Apache-2.0
// The course of sustained trials as sustained.csv, and the verdict on it in words.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/sustained.h"

static void put(FILE *out, double value)
{
    fputc(',', out);
    if (isfinite(value))
        fprintf(out, "%.9g", value);
}

static void put_rows(FILE *out, const eb_run *run, const eb_sustained *s)
{
    const eb_provenance *from = &run->cases[s->case_index].energy;
    for (int i = 0; i < s->n; i++) {
        const eb_sustained_window *w = &s->windows[i];
        fprintf(out, "\"%s\",%d,%d", run->cases[s->case_index].info->id, s->trial, i);
        const double speed[] = { w->t_s, w->length_s, w->tok, w->tok_s, w->decode_tok_s };
        for (size_t k = 0; k < sizeof speed / sizeof *speed; k++)
            put(out, speed[k]);
        fprintf(out, ",%s", eb_phase_name(w->decode_s >= 0.5 * w->length_s ? EB_PHASE_DECODE : EB_PHASE_PREFILL));
        const double power[] = { w->j, w->halfwidth_j, w->w };
        for (size_t k = 0; k < sizeof power / sizeof *power; k++)
            put(out, power[k]);
        fprintf(out, ",%s", eb_grade_name(w->grade));
        const double heat[] = { w->heat.temperature_c, w->heat.trip_c, w->heat.frequency_hz, w->heat.counted };
        for (size_t k = 0; k < sizeof heat / sizeof *heat; k++)
            put(out, heat[k]);
        fprintf(out, ",%s", s->throttle.verdict == EB_THROTTLE_UNKNOWN ? "" : w->throttled ? "yes" : "no");
        fprintf(out, ",\"%s\",\"%s\",\"%s\"\n", from->source, from->domains, from->coverage);
    }
}

char *eb_sustained_csv(const eb_run *run)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out)
        return eb_strdup("");
    fputs("case,trial,window,t_s,length_s,tok,tok_s,decode_tok_s,phase,energy_j,halfwidth_j,power_w,grade,"
          "temperature_c,trip_c,frequency_hz,throttles,throttled,source,domains,coverage\n",
          out);
    for (int i = 0; i < run->n_sustained; i++)
        put_rows(out, run, run->sustained[i]);
    fclose(out);
    return text;
}

bool eb_sustained_csv_write(const eb_run *run, const char *dir, eb_err *err)
{
    char *path = eb_path_join(dir, "sustained.csv"), *text = eb_sustained_csv(run);
    bool ok = eb_file_write_atomic(path, text, strlen(text), err);
    free(text);
    free(path);
    return ok;
}

// ---- in words ---------------------------------------------------------------------------------------------------

static void add(char *buf, size_t size, const char *text)
{
    size_t n = strlen(buf);
    snprintf(buf + n, size - n, "%s%s", n ? ", " : "", text);
}

char *eb_sustained_why(const eb_sustained *s, char *buf, size_t size)
{
    const eb_throttle *t = &s->throttle;
    char text[120];
    buf[0] = '\0';
    if (t->verdict == EB_THROTTLE_UNKNOWN) {
        const char *why = "no temperature, no frequency and no throttle counter";
        if (t->n_frequency)
            why = "too few windows have a frequency";
        else if (t->temperature)
            why = "no frequency, no throttle counter and no trip point to hold the temperature against";
        snprintf(buf, size, "%s", why);
        return buf;
    }
    if (t->verdict == EB_THROTTLE_NO) {
        if (t->frequency)
            snprintf(buf, size, "the frequency stayed within %.2g %% of its start",
                     100 * (1 - t->limit_hz / t->start_hz));
        if (t->counter)
            add(buf, size, "the throttle counters stood still");
        if (t->trip >= 0)
            add(buf, size, "though the temperature reached the trip point");
        else if (!t->frequency && !t->counter)
            add(buf, size, "the temperature stayed below the trip point");
        return buf;
    }
    if (t->why & EB_THROTTLE_FREQUENCY) {
        snprintf(text, sizeof text, "the frequency fell to as low as %.0f %% of its start",
                 100 * t->lowest_hz / t->start_hz);
        add(buf, size, text);
    }
    if (t->why & EB_THROTTLE_COUNTER)
        add(buf, size, "the throttle counters went up");
    if (t->why & EB_THROTTLE_TRIP)
        add(buf, size, "the temperature reached the trip point");
    if (t->why == EB_THROTTLE_FREQUENCY)
        add(buf, size, "and nothing tells whether heat or a power limit did it");
    return buf;
}
