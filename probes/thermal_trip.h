// SPDX-License-Identifier: Apache-2.0
// At which temperature a machine says that it slows its processor down. For probes/thermal.c.
#ifndef EB_PROBES_THERMAL_TRIP_H
#define EB_PROBES_THERMAL_TRIP_H

#include "harness/base/io.h"

enum { EB_TRIP_HOTTEST_MC = 200000 };

// Of a thermal zone: its highest `passive` trip point (the kernel holds the zone there by slowing what heats it; lower
// ones are where it begins to look), else its lowest `hot` one. `active` is a fan, `critical` an end. A kept handle of
// the file in millidegrees, -1 = it has none that could be a temperature.
int eb_thermal_trip_zone(const eb_io *io, unsigned zone);
// Of Intel's sensor `coretemp` the limit at which the hardware throttles (TjMax, tempN_crit): for machines whose zones
// have no trip point. Fills handles (of at least 1), returns how many; the first chips, at most max.
int eb_thermal_trip_chips(const eb_io *io, int *handles, int max);

#endif
