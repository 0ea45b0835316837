// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE 1 // sched_getaffinity
#include "harness/run/ceilings.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "harness/base/file.h"
#include "harness/base/json.h"
#include "harness/base/mem.h"
#include "harness/record/trial_sums.h"
#include "harness/run/machine.h"

#define FORMAT     "effbench ceilings 4"
#define BUDGET_NS  600000000ll
#define VALID_S    (30ll * 86400)
#define MOST_PER_S 1e18 // beyond it a file is damaged
#define ABOVE      1.02 // a share that says that the ceiling is too low
enum { FILE_LIMIT = 65536, HEX = 33 };

// ---- the file's name --------------------------------------------------------------------------------

static void feed(XXH3_state_t *state, const char *text)
{
    XXH3_128bits_update(state, text, strlen(text) + 1);
}

// Without energy sources: a permission changes what can be read, not how fast.
static char *machine_digest(const char *isa)
{
    eb_io io = eb_io_real();
    eb_header h = { 0 };
    eb_machine_describe(&io, isa, &h);
    for (int i = 0; i < h.n_machine; i++) {
        free(h.machine[i].key);
        free(h.machine[i].value);
    }
    free(h.machine);
    return h.fingerprint;
}

static void key_of(const eb_engine_ops *engine, const char *isa, int threads, bool affinity, char key[HEX])
{
    char shape[64], *machine = machine_digest(isa);
    cpu_set_t mask;
    memset(&mask, 0, sizeof mask);
    if (sched_getaffinity(0, sizeof mask, &mask) != 0)
        memset(&mask, 0, sizeof mask);
    snprintf(shape, sizeof shape, "%d threads, affinity %d", threads, affinity);
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    feed(state, FORMAT);
    feed(state, engine->name);
    feed(state, isa);
    feed(state, shape);
    feed(state, machine);
    XXH3_128bits_update(state, &mask, sizeof mask);
    XXH128_hash_t d = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    free(machine);
    snprintf(key, HEX, "%016llx%016llx", (unsigned long long)d.high64, (unsigned long long)d.low64);
}

static void find_path(const char *key, eb_ceiling_reading *r)
{
    char *folder = eb_cache_folder();
    int n = folder ? snprintf(r->path, sizeof r->path, "%s/ceilings-%s.json", folder, key) : 0;
    if (n >= (int)sizeof r->path)
        r->path[0] = '\0';
    free(folder);
}

// ---- the file ---------------------------------------------------------------------------------------

static void say_when(int64_t unix_s, char utc[24])
{
    time_t t = (time_t)unix_s;
    struct tm tm;
    if (!gmtime_r(&t, &tm) || strftime(utc, 24, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        utc[0] = '\0';
}

static bool plausible(double per_s)
{
    return per_s > 0 && per_s <= MOST_PER_S; // not NAN
}

// False: not usable; `why` says what is wrong with it, or is "" where it is only too old.
static bool take(const cJSON *json, const char *key, eb_ceiling_reading *r, char *why, size_t size)
{
    const int64_t when = eb_json_i64(json, "measured_unix_s", -1), now = (int64_t)time(NULL);
    eb_ceilings c = r->c;
    c.read_bytes_s = eb_json_num(json, "read_bytes_s", NAN);
    c.flop_s = eb_json_num(json, "flop_s", NAN);
    c.int8_op_s = eb_json_num(json, "int8_op_s", NAN);
    if (strcmp(eb_json_str(json, "format", ""), FORMAT) != 0 || strcmp(eb_json_str(json, "key", ""), key) != 0 ||
        strcmp(eb_json_str(json, "isa", ""), c.isa) != 0 || !plausible(c.read_bytes_s) || !plausible(c.flop_s) ||
        !(isnan(c.int8_op_s) || plausible(c.int8_op_s)) || when < 0) {
        snprintf(why, size, "it does not say what it should");
        return false;
    }
    if (when > now || now - when > VALID_S)
        return false;
    r->c = c;
    r->cached = true;
    say_when(when, r->measured_utc);
    return true;
}

static bool read_file(const char *key, eb_ceiling_reading *r, char *why, size_t size)
{
    size_t len = 0;
    eb_err err;
    eb_err_clear(&err);
    char *text = eb_file_read(r->path, FILE_LIMIT, &len, &err);
    cJSON *json = text ? eb_json_parse(text, len, r->path, &err) : NULL;
    if (!json)
        snprintf(why, size, "%.160s", err.message);
    bool ok = json && take(json, key, r, why, size);
    cJSON_Delete(json);
    free(text);
    return ok;
}

static void write_file(const eb_engine_ops *engine, const char *key, bool affinity, const eb_ceiling_reading *r,
                       int64_t unix_s)
{
    cJSON *json = cJSON_CreateObject();
    eb_json_add_str(json, "format", FORMAT);
    eb_json_add_str(json, "key", key);
    eb_json_add_str(json, "engine", engine->name);
    eb_json_add_str(json, "isa", r->c.isa);
    eb_json_add_i64(json, "threads", r->threads);
    eb_json_add_bool(json, "affinity", affinity);
    eb_json_add_i64(json, "measured_unix_s", unix_s);
    eb_json_add_str(json, "measured_utc", r->measured_utc);
    eb_json_add_num(json, "read_bytes_s", r->c.read_bytes_s);
    eb_json_add_num(json, "flop_s", r->c.flop_s);
    eb_json_add_num(json, "int8_op_s", r->c.int8_op_s);
    char *text = eb_json_print(json, true), *folder = eb_cache_folder();
    eb_err ignored; // the ceilings are measured; that they cannot be kept costs the next run half a second
    eb_err_clear(&ignored);
    if (folder && eb_mkdirs(folder, &ignored))
        (void)eb_file_write_atomic(r->path, text, strlen(text), &ignored);
    free(folder);
    free(text);
    cJSON_Delete(json);
}

// ---- getting them -----------------------------------------------------------------------------------

static void begin(const eb_engine_ops *engine, int threads, bool affinity, eb_ceiling_reading *r, char key[HEX])
{
    const char *isa = engine->isa ? engine->isa() : NULL;
    *r = (eb_ceiling_reading){ .c = { .read_bytes_s = NAN, .steady_bytes_s = NAN, .flop_s = NAN, .int8_op_s = NAN },
                               .threads = threads };
    snprintf(r->c.isa, sizeof r->c.isa, "%s", isa ? isa : "");
    if (!isa || !engine->ceilings) // without the instruction set there is no key
        return;
    key_of(engine, isa, threads, affinity, key);
    find_path(key, r);
}

bool eb_ceilings_peek(const eb_engine_ops *engine, int threads, bool affinity, eb_ceiling_reading *out)
{
    char key[HEX] = "", why[200];
    begin(engine, threads, affinity, out, key);
    return out->path[0] && eb_file_exists(out->path) && read_file(key, out, why, sizeof why);
}

bool eb_ceilings_get(const eb_engine_ops *engine, eb_ceiling_use mode, int threads, bool affinity,
                     eb_warnings *warnings, eb_ceiling_reading *out, eb_err *err)
{
    char key[HEX] = "", why[200] = "";
    begin(engine, threads, affinity, out, key);
    if (mode == EB_CEILINGS_OFF || !engine->ceilings)
        return true;
    if (mode == EB_CEILINGS_CACHED && out->path[0] && eb_file_exists(out->path)) {
        if (read_file(key, out, why, sizeof why))
            return true;
        if (why[0])
            eb_warn(warnings, "the ceilings kept in '%s' are measured anew: %s", out->path, why);
    }
    if (!engine->ceilings(threads, affinity, BUDGET_NS, &out->c, err))
        return false;
    const int64_t now = (int64_t)time(NULL);
    say_when(now, out->measured_utc);
    if (out->path[0] && plausible(out->c.read_bytes_s) && plausible(out->c.flop_s))
        write_file(engine, key, affinity, out, now);
    return true;
}

void eb_ceilings_describe(const eb_ceiling_reading *r, eb_header *header)
{
    if (!isnan(r->c.read_bytes_s))
        eb_machine_add(header, "read_bandwidth_bytes_s", "%.6g", r->c.read_bytes_s);
    if (!isnan(r->c.flop_s))
        eb_machine_add(header, "flop_s", "%.6g", r->c.flop_s);
    if (!isnan(r->c.int8_op_s))
        eb_machine_add(header, "int8_op_s", "%.6g", r->c.int8_op_s);
    eb_machine_add(header, "ceiling_threads", "%d", r->threads);
    if (!r->measured_utc[0])
        return;
    eb_machine_add(header, "ceiling_measured_utc", "%s", r->measured_utc);
    eb_machine_add(header, "ceiling_cached", "%s", r->cached ? "yes" : "no");
}

// ---- a run above its ceilings -----------------------------------------------------------------------

static double larger(double a, double b)
{
    return b > a ? b : a; // a NAN is never larger
}

// Decode: each step reads the model once, for however many sequences. Prefill: all prompts together.
void eb_ceilings_compare(eb_ceiling_reading *r, const eb_case_facts *facts, int prompt_tok,
                         const eb_token_event *tokens, size_t n)
{
    double steps = 0, steps_ns = 0, prompts = 0;
    int64_t from = INT64_MAX, to = INT64_MIN, last_end = INT64_MIN;
    for (size_t i = 0; i < n; i++) {
        const eb_token_event *e = &tokens[i];
        if (e->phase == EB_PHASE_PREFILL) {
            prompts++;
            from = e->t_start_ns < from ? e->t_start_ns : from;
            to = e->t_end_ns > to ? e->t_end_ns : to;
        } else if (e->t_end_ns != last_end) {
            steps++;
            steps_ns += (double)(e->t_end_ns - e->t_start_ns);
            last_end = e->t_end_ns;
        }
    }
    if (steps_ns > 0 && facts->bytes_per_tok >= EB_BEYOND_CACHES_BYTES)
        r->read_frac = larger(r->read_frac, steps * facts->bytes_per_tok * 1e9 / steps_ns / r->c.read_bytes_s);
    const double ceiling = facts->int8 ? r->c.int8_op_s : r->c.flop_s;
    if (to > from)
        r->flop_frac = larger(r->flop_frac,
                              prompts * prompt_tok * facts->flop_per_prompt_tok * 1e9 / (double)(to - from) / ceiling);
}

void eb_ceilings_settle(const eb_ceiling_reading *r, eb_warnings *warnings)
{
    const struct {
        const char *what;
        double frac;
    } rows[] = { { "read bandwidth", r->read_frac }, { "arithmetic", r->flop_frac } };
    bool forget = false;
    for (size_t i = 0; r->cached && i < sizeof rows / sizeof *rows; i++) {
        if (!(rows[i].frac > ABOVE))
            continue;
        eb_warn(
            warnings,
            "%s reached %.0f %% of the ceiling that was measured at %s: it is too low, and the next run measures it "
            "anew (now: --set run:ceilings=measure)",
            rows[i].what, 100 * rows[i].frac, r->measured_utc);
        forget = true;
    }
    if (forget && r->path[0])
        (void)unlink(r->path);
}
