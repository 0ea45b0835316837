// SPDX-License-Identifier: Apache-2.0
// The rails of a power management chip, from lines such as `3V3_SYS_A current(1)=0.06652000A` and
// `3V3_SYS_V volt(9)=3.31364200V`: a set of them, closed by a line EB_PMIC_END, is one reading of power, the sum of
// current x voltage over the rails that have both. The first set says which those are; a later one that lacks any of
// them is no reading. Pure but for its own state.
#ifndef EB_PROBES_PMIC_H
#define EB_PROBES_PMIC_H

#include <stdbool.h>
#include <stddef.h>

#define EB_PMIC_END "."

enum { EB_PMIC_RAILS_MAX = 64, EB_PMIC_NAME_MAX = 32 };

typedef struct eb_pmic_rail {
    char name[EB_PMIC_NAME_MAX];
    double a, v; // of the set that is being read; NAN = not seen
    bool counts; // has both since the first set
} eb_pmic_rail;

typedef struct eb_pmic {
    eb_pmic_rail rails[EB_PMIC_RAILS_MAX];
    int n, n_counting;
    bool known; // the first set is over
} eb_pmic;

// NULL, or why the line is refused.
const char *eb_pmic_line(eb_pmic *p, const char *text, size_t len);
// Ends the set. NULL and the power, or why it is none.
const char *eb_pmic_end(eb_pmic *p, double *w);
// The rails of which one half is missing: "EXT5V, BATT"; "" = none.
void eb_pmic_left_out(const eb_pmic *p, char *buf, size_t size);

#endif
