// SPDX-License-Identifier: Apache-2.0
// Whose energy it is: a trial's energy shared by its tokens and requests. While several sequences are in a step, each
// has an equal part of the power; tokens that one sequence gets from one step share its part. So the parts of all
// tokens and the energy outside every step add up to the window, to float rounding. Private to record/.
#ifndef EB_RECORD_SHARE_H
#define EB_RECORD_SHARE_H

#include "harness/base/event.h"
#include "harness/record/trial_energy.h"

typedef struct eb_shares {
    const eb_trial_energy *energy;
    const eb_token_event *tokens; // borrowed
    size_t n_tokens;
    int64_t t0_ns, t1_ns; // the window
    double *part;         // of its sequence's energy, per token: 1 / tokens of the same sequence and step
    size_t n_steps;       // distinct steps
    // Energy that one sequence has got until each time at which the number of sequences changes.
    int64_t *at_ns;
    double *each_j, *outside_j;
    size_t n_at;
    bool known; // the whole window has an energy
} eb_shares;

// Of the tokens that lie inside the window t0_ns..t1_ns. `energy` and `tokens` are borrowed.
void eb_shares_init(eb_shares *s, const eb_trial_energy *energy, const eb_token_event *tokens, size_t n_tokens,
                    int64_t t0_ns, int64_t t1_ns);
void eb_shares_deinit(eb_shares *s);

// Energy of one token, with the half-width of its step in the same proportion. Unknown where the window is.
eb_energy eb_shares_token(const eb_shares *s, size_t token);
// Energy of the `n` tokens whose numbers are given, of one request: the half-width is that of the time from the first
// one's start to the last one's end, in proportion.
eb_energy eb_shares_request(const eb_shares *s, const size_t *tokens, size_t n);
// Energy of the window's time in which no sequence was in a step.
double eb_shares_outside(const eb_shares *s);

#endif
