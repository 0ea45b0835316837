// SPDX-License-Identifier: Apache-2.0
// How many CPUs there are for this process.
#ifndef EB_BASE_CPUS_H
#define EB_BASE_CPUS_H

// Of its affinity mask; at least 1.
int eb_cpus_allowed(void);

// The same, but no more than whole CPUs that its control groups pay for (a container with 2 of 64): threads beyond them
// would only be stopped all together, for most of each period. At least 1.
int eb_cpus_usable(void);

// CPU time per time that the control group of this process, and those above it, may take at most; INFINITY = no limit.
// `root` is put before every path ("" = the machine itself).
double eb_cpus_quota(const char *root);

#endif
