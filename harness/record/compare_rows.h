// SPDX-License-Identifier: Apache-2.0
// Cases of all runs as rows, at their prices, in groups of the same work. Between compare*.c.
#ifndef EB_RECORD_COMPARE_ROWS_H
#define EB_RECORD_COMPARE_ROWS_H

#include "harness/record/compare.h"

// Fills rows, groups (each with its title, without any relation between its rows), kinds and lone of a comparison whose
// runs and options are set.
void eb_compare_group_rows(eb_compare *c);
void eb_compare_free_figures(eb_compare_row *row); // and its label
bool eb_compare_has_prices(const eb_compare_run *run);

#endif
