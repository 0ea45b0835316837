// SPDX-License-Identifier: Apache-2.0
// The prices of a comparison's rows. Private to record/.
#ifndef EB_RECORD_COMPARE_PRICE_H
#define EB_RECORD_COMPARE_PRICE_H

#include "harness/record/compare.h"

// Cost, tokens per dollar and carbon of a row, trial by trial, from its goodput and watts. NULL offer: the prices of
// the run's own [cost]. Sets the row's prices and its curve too. With `again` false the run's own figures are left as
// they are.
void eb_compare_price(eb_compare_row *row, const eb_compare_run *run, const eb_offer *offer, bool again);
// One of those three figures by other prices; caller frees out->trials.
void eb_compare_price_at(const eb_compare_row *row, const eb_compare_run *run, const eb_cost *cost, eb_figure f,
                         eb_compare_value *out);
// What the machine of a row does and draws, in the middle of its trials.
eb_cost_load eb_compare_load(const eb_compare_row *row, const eb_compare_run *run, const eb_cost *cost);

#endif
