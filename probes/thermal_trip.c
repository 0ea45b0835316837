// SPDX-License-Identifier: Apache-2.0
#include "probes/thermal_trip.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "probes/sysfs.h"

#define ZONES "/sys/class/thermal"
#define HWMON "/sys/class/hwmon"

enum { MAX_TRIPS = 32, MAX_CHIPS = 64 };

static bool plausible(int64_t mc)
{
    return mc > 0 && mc <= EB_TRIP_HOTTEST_MC;
}

int eb_thermal_trip_zone(const eb_io *io, unsigned zone)
{
    unsigned trips[MAX_TRIPS];
    char path[96], type[24];
    int best = -1;
    bool best_passive = false;
    int64_t best_mc = 0;
    snprintf(path, sizeof path, ZONES "/thermal_zone%u", zone);
    int n = eb_sysfs_list_indices(io, path, "trip_point_", "_type", trips, MAX_TRIPS);
    for (int i = 0; i < n; i++) {
        int64_t mc = 0;
        snprintf(path, sizeof path, ZONES "/thermal_zone%u/trip_point_%u_type", zone, trips[i]);
        eb_sysfs_read_text(io, path, type, sizeof type);
        bool passive = !strcmp(type, "passive");
        snprintf(path, sizeof path, ZONES "/thermal_zone%u/trip_point_%u_temp", zone, trips[i]);
        if ((!passive && strcmp(type, "hot") != 0) || eb_sysfs_read_s64(io, path, &mc) != 0 || !plausible(mc))
            continue;
        bool better = best < 0 || (passive ? !best_passive || mc > best_mc : !best_passive && mc < best_mc);
        if (!better)
            continue;
        best = (int)trips[i];
        best_passive = passive;
        best_mc = mc;
    }
    if (best < 0)
        return -1;
    snprintf(path, sizeof path, ZONES "/thermal_zone%u/trip_point_%d_temp", zone, best);
    int handle = eb_sysfs_open_number(io, path, &best_mc);
    return handle < 0 ? -1 : handle;
}

int eb_thermal_trip_chips(const eb_io *io, int *handles, int max)
{
    unsigned chips[MAX_CHIPS], temps[MAX_TRIPS];
    char path[96], name[24];
    int n = eb_sysfs_list_indices(io, HWMON, "hwmon", "", chips, MAX_CHIPS), kept = 0;
    for (int i = 0; i < n && kept < max; i++) {
        snprintf(path, sizeof path, HWMON "/hwmon%u/name", chips[i]);
        eb_sysfs_read_text(io, path, name, sizeof name);
        if (strcmp(name, "coretemp") != 0)
            continue;
        snprintf(path, sizeof path, HWMON "/hwmon%u", chips[i]);
        int n_temps = eb_sysfs_list_indices(io, path, "temp", "_crit", temps, MAX_TRIPS);
        for (int k = 0; k < n_temps && kept < max; k++) {
            int64_t mc;
            snprintf(path, sizeof path, HWMON "/hwmon%u/temp%u_crit", chips[i], temps[k]);
            int handle = eb_sysfs_open_number(io, path, &mc);
            if (handle >= 0 && plausible(mc))
                handles[kept++] = handle;
            else if (handle >= 0)
                io->close(io, handle);
        }
    }
    return kept;
}
