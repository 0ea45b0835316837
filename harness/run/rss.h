// SPDX-License-Identifier: Apache-2.0
// Peak resident set of this process, per trial.
#ifndef EB_RUN_RSS_H
#define EB_RUN_RSS_H

#include "harness/base/io.h"

void eb_rss_reset(const eb_io *io);    // forgets the peak so far (the real machine only)
uint64_t eb_rss_peak(const eb_io *io); // bytes since the reset; 0 = not known

#endif
