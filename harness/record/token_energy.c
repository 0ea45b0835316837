// SPDX-License-Identifier: Apache-2.0
// The energy beside each token of a trial, where the counters say more than its share of the time.
#include <math.h>
#include "harness/record/rows.h"
#include "harness/record/share.h"

void eb_token_energies(const eb_header *header, const eb_trial_info *info, const eb_token_event *tokens,
                       size_t n_tokens, const eb_power_row *power, size_t n_power, eb_token_energy *out)
{
    if (!n_tokens)
        return;
    eb_trial_energy energy;
    eb_shares shares;
    eb_trial_energy_init(&energy, header, NULL, power, n_power);
    eb_shares_init(&shares, &energy, tokens, n_tokens, info->t_start_ns, info->t_end_ns);
    bool resolved = eb_trial_energy_updates(&energy, info->t_start_ns, info->t_end_ns) >= shares.n_steps;
    eb_grade grade = shares.known ? eb_trial_energy_grade(&energy) : EB_GRADE_NONE;
    for (size_t i = 0; i < n_tokens; i++) {
        eb_energy e = resolved ? eb_shares_token(&shares, i) : eb_energy_unknown(EB_SAMPLE_MISSING);
        out[i] = (eb_token_energy){ e.j * 1e6, e.halfwidth_j * 1e6, grade };
    }
    eb_shares_deinit(&shares);
    eb_trial_energy_deinit(&energy);
}
