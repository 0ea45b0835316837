// SPDX-License-Identifier: Apache-2.0
// What a load takes, by its mode, and what only a load takes.
#include <string.h>

#include "harness/plan/build.h"

enum { TOKENS_MAX = 1 << 24 }; // of a trial: its marks are kept in memory

// Which modes a key belongs to, and which need it.
static const struct {
    const char *key;
    unsigned modes, needed;
} keys[] = {
    { "mode", ~0u, 0 },
    { "requests", ~(1u << EB_LOAD_CURVE), 0 },
    { "rate", 1u << EB_LOAD_SERVER | 1u << EB_LOAD_CURVE, 1u << EB_LOAD_SERVER },
    { "arrivals", 1u << EB_LOAD_SERVER | 1u << EB_LOAD_CURVE, 0 },
    { "users", 1u << EB_LOAD_CLOSED, 1u << EB_LOAD_CLOSED },
    { "level", 1u << EB_LOAD_CURVE, 0 },
};
enum { KEYS = sizeof keys / sizeof *keys };

static bool is_own(const eb_slot *slot)
{
    return slot->n && !slot->bad && slot->origin != EB_ORIGIN_DEFAULT;
}

static void refuse_keys(eb_build *b, const eb_block *w)
{
    for (int i = 0; i < KEYS; i++) {
        const eb_slot *slot = eb_block_slot(w, keys[i].key);
        if (is_own(slot))
            eb_err_hint(eb_complain(b, slot->place, "only kind = load takes %s", keys[i].key),
                        "leave it out, or set kind = load");
    }
}

static void check_keys(eb_build *b, const eb_block *w, const char *mode, unsigned bit)
{
    for (int i = 0; i < KEYS; i++) {
        const eb_slot *slot = eb_block_slot(w, keys[i].key);
        if (!(keys[i].modes & bit) && is_own(slot))
            eb_err_hint(eb_complain(b, slot->place, "mode = %s takes no %s", mode, keys[i].key), "leave it out");
        else if (keys[i].needed & bit && !slot->n && !slot->bad)
            eb_err_hint(eb_complain(b, eb_block_slot(w, "mode")->place, "mode = %s needs %s", mode, keys[i].key),
                        "add %s = ... to [workload %s]", keys[i].key, w->name);
    }
}

bool eb_build_load_takes(const eb_block *w, const char *key)
{
    const eb_slot *mode = eb_block_slot(w, "mode");
    unsigned bit = mode->n && !strcmp(eb_block_s(w, "kind", ""), "load") ? 1u << mode->items[0].value.i : 0;
    for (int i = 0; i < KEYS; i++)
        if (!strcmp(keys[i].key, key))
            return keys[i].modes & bit;
    return true;
}

static int64_t most(const eb_slot *slot)
{
    int64_t max = 0;
    for (int i = 0; i < slot->n; i++)
        max = slot->items[i].value.i > max ? slot->items[i].value.i : max;
    return max;
}

static void check_sizes(eb_build *b, const eb_block *w, eb_load_mode mode)
{
    const eb_slot *depth = eb_block_slot(w, "depth"), *batch = eb_block_slot(w, "batch"),
                  *requests = eb_block_slot(w, "requests"), *output = eb_block_slot(w, "output");
    if (!depth->bad && most(depth) > 0)
        eb_err_hint(eb_complain(b, depth->place, "kind = load takes no depth: its sequences begin anew"),
                    "leave it out, or make the prompt longer");
    if (mode == EB_LOAD_SINGLE && !batch->bad && most(batch) > 1)
        eb_err_hint(eb_complain(b, batch->place, "mode = single serves one sequence at a time"),
                    "leave batch out, or take mode = closed with as many users");
    if (!requests->bad && !output->bad && most(requests) * most(output) > TOKENS_MAX)
        eb_err_hint(eb_complain(b, is_own(requests) ? requests->place : output->place,
                                "%s requests of %lld tokens are more than a trial keeps in memory (%d tokens)",
                                requests->items[0].text, (long long)most(output), TOKENS_MAX),
                    "fewer requests, and more trials");
}

void eb_build_check_load(eb_build *b, const eb_block *w)
{
    const eb_slot *kind = eb_block_slot(w, "kind"), *mode = eb_block_slot(w, "mode");
    if (!kind->n || kind->bad || mode->bad)
        return;
    if (strcmp(eb_block_s(w, "kind", ""), "load") != 0) {
        refuse_keys(b, w);
        return;
    }
    if (!mode->n) {
        eb_err *err = eb_complain(b, kind->place, "kind = load needs a mode");
        eb_err_hint(err, "`effbench help workload.mode` lists them");
        return;
    }
    check_keys(b, w, mode->items[0].text, 1u << mode->items[0].value.i);
    check_sizes(b, w, (eb_load_mode)mode->items[0].value.i);
}
