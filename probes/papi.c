// SPDX-License-Identifier: Apache-2.0
// PAPI presets: names that mean the same on every CPU. A PAPI event set counts one thread, the one that opened
// it, and is read by that thread only; the whole process is what `counters` is for. Available means added and
// started: PAPI's query succeeds for events that cannot be added.
#include <papi.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "probes/probe_impl.h"

enum { MAX_PRESETS = 16 };

static const char *const auto_presets[] = { "PAPI_TOT_CYC", "PAPI_TOT_INS", "PAPI_L3_TCM", "PAPI_L2_TCM",
                                            "PAPI_BR_MSP",  "PAPI_FP_OPS",  "PAPI_RES_STL" };

typedef struct preset {
    char name[48];
    int set; // an event set of its own each, so that one which does not fit does not take others along
    long long value;
} preset;

typedef struct papi_state {
    preset items[MAX_PRESETS];
    int n, n_tried;
    int error; // PAPI's, of the last that failed
    pthread_t thread;
} papi_state;

static void drop(int *set)
{
    PAPI_cleanup_eventset(*set);
    PAPI_destroy_eventset(set);
}

static void try_preset(void *arg, const char *name)
{
    papi_state *state = arg;
    if (strncmp(name, "PAPI_", 5) != 0 || state->n == MAX_PRESETS)
        return;
    state->n_tried++;
    preset p = { .set = PAPI_NULL };
    int code = 0;
    int rc = PAPI_event_name_to_code(name, &code);
    if (rc == PAPI_OK)
        rc = PAPI_create_eventset(&p.set);
    if (rc == PAPI_OK) {
        rc = PAPI_add_event(p.set, code);
        if (rc == PAPI_OK)
            rc = PAPI_start(p.set);
        if (rc != PAPI_OK)
            drop(&p.set);
    }
    if (rc != PAPI_OK) {
        state->error = rc;
        return;
    }
    snprintf(p.name, sizeof p.name, "%s", name);
    state->items[state->n++] = p;
}

static void try_item(void *arg, const char *item)
{
    if (strcmp(item, "auto") != 0) {
        try_preset(arg, item);
        return;
    }
    for (size_t i = 0; i < sizeof auto_presets / sizeof *auto_presets; i++)
        try_preset(arg, auto_presets[i]);
}

static papi_state *start_all(const eb_probe_env *env)
{
    papi_state *state = eb_alloc(sizeof *state);
    state->thread = pthread_self();
    int rc = PAPI_is_initialized() ? (int)PAPI_VER_CURRENT : PAPI_library_init(PAPI_VER_CURRENT);
    if (rc != (int)PAPI_VER_CURRENT) {
        state->error = rc < 0 ? rc : PAPI_EINVAL;
        return state;
    }
    eb_probe_each_item(env->config->events ? env->config->events : "auto", try_item, state);
    return state;
}

static void stop_all(papi_state *state)
{
    for (int i = 0; state && i < state->n; i++) {
        long long value;
        PAPI_stop(state->items[i].set, &value);
        drop(&state->items[i].set);
    }
    free(state);
}

// Why the CPU component counts nothing, in PAPI's own words; "" where it has none.
static const char *component_reason(void)
{
    int n = PAPI_num_components();
    for (int i = 0; i < n; i++) {
        const PAPI_component_info_t *info = PAPI_get_component_info(i);
        if (info && strcmp(info->short_name, "perf") == 0)
            return info->disabled_reason;
    }
    return "";
}

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (!eb_probe_on_machine(env->io, out))
        return;
    papi_state *state = start_all(env);
    if (state->n == 0 && state->n_tried == 0 && state->error == 0) {
        eb_probe_say(out, EB_PROBE_OFF, "add PAPI_TOT_INS or auto to [probes] events", "no presets are asked for");
    } else if (state->n == 0) {
        const char *reason = component_reason();
        eb_probe_say(out, EB_PROBE_NO_DEVICE, "", "no preset could be added and started: PAPI says \"%s\" (%d)%s%.120s",
                     PAPI_strerror(state->error), state->error, *reason ? ", component perf: " : "", reason);
    } else if (state->n < state->n_tried) {
        eb_probe_say(out, EB_PROBE_PARTIAL, "", "%d of %d presets could be added and started", state->n,
                     state->n_tried);
    }
    stop_all(state);
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)err; // the core says what detect says
    if (!eb_probe_io_is_real(probe->env.io))
        return false;
    papi_state *state = start_all(&probe->env);
    probe->state = state;
    probe->n = state->n;
    probe->channels = eb_alloc((size_t)(state->n + 1) * sizeof *probe->channels);
    for (int i = 0; i < state->n; i++) {
        eb_channel *c = &probe->channels[i];
        *c = (eb_channel){
            .source = "papi",
            .domain = EB_DOMAIN_NONE,
            .socket = -1,
            .die = -1,
            .quantity = EB_QUANTITY_COUNT,
            .cumulative = true,
            .unit = 1,
            .scale = 1,
            .grade = EB_GRADE_NONE,
            .scope = EB_SCOPE_PROCESS,
        };
        snprintf(c->name, sizeof c->name, "papi/%s", state->items[i].name);
        snprintf(c->label, sizeof c->label, "%.28s, opening thread", state->items[i].name);
    }
    return probe->n > 0;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    papi_state *state = probe->state;
    const eb_clock *clock = &probe->env.io->clock;
    bool same_thread = pthread_equal(state->thread, pthread_self());
    for (int i = 0; i < state->n; i++) {
        preset *p = &state->items[i];
        out[i].t_before_ns = clock->now_ns(clock);
        bool ok = same_thread && PAPI_read(p->set, &p->value) == PAPI_OK;
        out[i].t_after_ns = clock->now_ns(clock);
        out[i].raw = ok ? (uint64_t)p->value : 0;
        out[i].status = ok ? EB_SAMPLE_OK : EB_SAMPLE_MISSING;
    }
}

static void close_probe(eb_probe *probe)
{
    stop_all(probe->state);
}

const eb_probe_ops eb_probe_papi = {
    .name = "papi",
    .doc = "PAPI presets: portable event names, counted in the thread that opens them",
    .by_name_only = true,
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
