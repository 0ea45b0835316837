// SPDX-License-Identifier: Apache-2.0
// Which table of kernels a process uses.
#include "workloads/engine/kernels/kernels.h"

#include <string.h>

const eb_kernels *eb_kernels_pick(const char *force)
{
    const eb_kernels *best = NULL;
    for (const eb_kernels *const *k = eb_kernels_table; *k; k++) {
        bool wanted = !force || strcmp((*k)->name, force) == 0;
        if (wanted && (*k)->usable())
            best = *k;
    }
    return best;
}
