// SPDX-License-Identifier: Apache-2.0
// Which cases of the two sides are the same work, and what of them is gated.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "harness/record/gate_impl.h"

// What is gated where it is known, and what only explains.
static const struct {
    const char *key;
    eb_gate_class cls;
    bool explains;
} table[] = {
    { "ttft_ns", EB_GATE_MEDIAN, false },         { "itl_ns", EB_GATE_MEDIAN, false },
    { "j_per_tok", EB_GATE_MEDIAN, false },       { "ttft_p99_ns", EB_GATE_TAIL, false },
    { "itl_p99_ns", EB_GATE_TAIL, false },        { "e2e_p99_ns", EB_GATE_TAIL, false },
    { "rss_peak_bytes", EB_GATE_MEMORY, false },  { "instructions", EB_GATE_COUNT, false },
    { "throughput_tok_s", EB_GATE_MEDIAN, true }, { "power_w", EB_GATE_MEDIAN, true },
    { "prefill_tok_s", EB_GATE_MEDIAN, true },    { "decode_tok_s", EB_GATE_MEDIAN, true },
    { "j_per_prompt_tok", EB_GATE_MEDIAN, true }, { "j_per_decode_tok", EB_GATE_MEDIAN, true },
};
enum { N_TABLE = sizeof table / sizeof *table };

bool eb_check_knows(const char *key)
{
    for (int i = 0; i < N_TABLE; i++)
        if (strcmp(table[i].key, key) == 0)
            return !table[i].explains;
    return false;
}

static bool listed(const char *list, const char *key)
{
    size_t len = strlen(key);
    for (const char *p = list; p && *p; p += strcspn(p, ","), p += *p == ',')
        if (strcspn(p, ",") == len && strncmp(p, key, len) == 0)
            return true;
    return list == NULL;
}

bool eb_check_same(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

// The same shape of work, whatever model does it.
static bool same_shape(const eb_case_info *a, const eb_case_info *b)
{
    return eb_check_same(a->family, b->family) && a->prompt_tok == b->prompt_tok && a->output_tok == b->output_tok &&
           a->batch == b->batch && a->depth_tok == b->depth_tok && eb_check_same(a->load, b->load);
}

static const char *setting(const eb_header *h, const char *section, const char *name, const char *key)
{
    for (int i = 0; i < h->n_settings; i++)
        if (eb_check_same(h->settings[i].section, section) && eb_check_same(h->settings[i].key, key) &&
            eb_check_same(h->settings[i].name, name))
            return h->settings[i].value;
    return "";
}

// What the output depends on beside model and lengths.
static bool same_draws(const eb_run *base, const eb_run *cand, const eb_case_info *a, const eb_case_info *b)
{
    static const char *const keys[] = { "temperature", "top_k", "top_p" };
    const eb_header *x = base->header, *y = cand->header;
    bool equal = eb_check_same(setting(x, "run", "", "seed"), setting(y, "run", "", "seed")) &&
                 eb_check_same(setting(x, "model", a->model, "seed"), setting(y, "model", b->model, "seed"));
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        equal = equal && eb_check_same(setting(x, "workload", a->workload, keys[i]),
                                       setting(y, "workload", b->workload, keys[i]));
    return equal;
}

static bool same_work(const eb_run *base, const eb_run *cand, const eb_case_info *a, const eb_case_info *b)
{
    return same_shape(a, b) && eb_check_same(a->source, b->source) && eb_check_same(a->type, b->type) &&
           eb_check_same(a->kv, b->kv) && eb_check_same(base->header->engine, cand->header->engine) &&
           same_draws(base, cand, a, b);
}

static int by_id(const eb_run *run, const char *id)
{
    for (int k = 0; k < run->n_cases; k++)
        if (eb_check_same(run->cases[k].info->id, id))
            return k;
    return -1;
}

// A case by its id, else by its place, where the one that stands there has no other partner and the same shape.
static int partner(const eb_run *base, const eb_run *cand, int i)
{
    int k = by_id(cand, base->cases[i].info->id);
    if (k >= 0 || base->n_cases != cand->n_cases || by_id(base, cand->cases[i].info->id) >= 0)
        return k;
    return same_shape(base->cases[i].info, cand->cases[i].info) ? i : -1;
}

static void begin_metrics(const eb_check *c, eb_check_case *k)
{
    k->metrics = eb_alloc(sizeof *k->metrics * N_TABLE);
    for (int i = 0; i < N_TABLE; i++) {
        const eb_metric_def *def = eb_metric_table;
        while (def->key && strcmp(def->key, table[i].key) != 0)
            def++;
        eb_check_metric *m = &k->metrics[k->n_metrics++];
        *m = (eb_check_metric){ .key = def->key,
                                .unit = def->unit,
                                .cls = table[i].cls,
                                .explains = table[i].explains,
                                .more_is_worse = def->better <= 0,
                                .energy = def->energy,
                                .gated = !table[i].explains,
                                .base_median = NAN,
                                .cand_median = NAN,
                                .ratio = NAN };
        if (m->gated && !listed(c->options.metrics, m->key)) {
            m->gated = false;
            snprintf(m->why_not, sizeof m->why_not, EB_CHECK_NOT_ASKED);
        }
    }
}

bool eb_check_match(eb_check *c, const eb_run *base, const eb_run *cand, eb_err *err)
{
    c->cases = eb_alloc(sizeof *c->cases * (size_t)(base->n_cases + 1));
    for (int i = 0; i < base->n_cases; i++) {
        int p = partner(base, cand, i);
        if (p < 0)
            continue;
        eb_check_case *k = &c->cases[c->n_cases++];
        k->id = eb_strdup(base->cases[i].info->id);
        k->cand_id = eb_strdup(cand->cases[p].info->id);
        k->same_work = same_work(base, cand, base->cases[i].info, cand->cases[p].info);
        begin_metrics(c, k);
    }
    if (c->n_cases < base->n_cases || c->n_cases < cand->n_cases) {
        char *text =
            eb_format("%d of %d case%s of the base and %d of the candidate are the same work; the others are left out",
                      c->n_cases, base->n_cases, eb_s(base->n_cases), cand->n_cases);
        eb_check_say(&c->notes, &c->n_notes, text);
        free(text);
    }
    c->fingerprint = eb_strdup(base->header->fingerprint ? base->header->fingerprint : "");
    c->simulated = eb_check_same(base->header->engine, "null") || eb_check_same(cand->header->engine, "null");
    if (c->n_cases)
        return true;
    eb_err_set(err, EB_USAGE, "the base and the candidate have no work in common");
    return eb_err_hint(err,
                       "cases match by their id, or by workload, prompt, output, batch and depth in the same order");
}

const eb_case_result *eb_check_result(const eb_run *run, const char *id)
{
    for (int i = 0; i < run->n_cases; i++)
        if (eb_check_same(run->cases[i].info->id, id))
            return &run->cases[i];
    return NULL;
}
