// SPDX-License-Identifier: Apache-2.0
// Offers of price files and limits of an SLO file, as `effbench cost` and `effbench compare` take them.
#ifndef EB_CMD_OFFERS_H
#define EB_CMD_OFFERS_H

#include "harness/record/cost_range.h"

typedef struct eb_offers {
    eb_offer *items;
    int n, cap;
} eb_offers;

// Appends the offers of a price file. EB_OK, or the status after every error of the file was printed.
int eb_cmd_read_prices(const char *path, eb_offers *out);
// The [cost] of a run as an offer named "config"; nothing where it gives no price.
void eb_cmd_offer_of_run(const eb_header *run, eb_offers *out);
void eb_offers_deinit(eb_offers *offers);
// The [slo] of a file as the settings of a header; to be freed by eb_cmd_free_limits.
int eb_cmd_read_limits(const char *path, eb_header *out);
void eb_cmd_free_limits(eb_header *limits);

#endif
