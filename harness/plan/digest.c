// SPDX-License-Identifier: Apache-2.0
// The plan's digest: of every setting that changes what is measured, and of the cases. A run is resumed only under
// the same one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "harness/plan/build.h"

static void feed(XXH3_state_t *state, const char *text)
{
    // With the terminator, so that "ab" "c" and "a" "bc" differ.
    XXH3_128bits_update(state, text, strlen(text) + 1);
}

void eb_plan_digest(const eb_build *b, eb_plan *plan)
{
    XXH3_state_t *state = XXH3_createState();
    XXH3_128bits_reset(state);
    feed(state, "effbench plan 1");
    for (size_t i = 0; i < b->n; i++) {
        for (int k = 0; k < b->blocks[i].n_slots; k++) {
            const eb_slot *slot = &b->blocks[i].slots[k];
            if (slot->opt->flags & EB_OPTION_UNPLANNED || eb_build_idle_section(b, slot->opt->section))
                continue;
            char *value = eb_slot_canonical(slot);
            feed(state, b->blocks[i].section);
            feed(state, b->blocks[i].name ? b->blocks[i].name : "");
            feed(state, slot->opt->key);
            feed(state, value);
            free(value);
        }
    }
    for (int i = 0; i < plan->n_cases; i++) {
        char threads[24];
        snprintf(threads, sizeof threads, "%d", plan->cases[i].threads);
        feed(state, plan->cases[i].id);
        feed(state, threads);
    }
    XXH128_hash_t hash = XXH3_128bits_digest(state);
    XXH3_freeState(state);
    snprintf(plan->digest, sizeof plan->digest, "%016llx%016llx", (unsigned long long)hash.high64,
             (unsigned long long)hash.low64);
}
