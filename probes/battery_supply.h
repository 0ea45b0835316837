// SPDX-License-Identifier: Apache-2.0
// The supplies of /sys/class/power_supply: the machine's batteries, each by the best reading that it has, and what else
// could feed the machine. Drivers disagree on the sign of a current, so only `status` says which way it flows.
#ifndef EB_PROBES_BATTERY_SUPPLY_H
#define EB_PROBES_BATTERY_SUPPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/io.h"

#define EB_SUPPLY_CLASS "/sys/class/power_supply"

enum { EB_SUPPLIES = 32, EB_SUPPLY_NAME = 40 };

typedef enum eb_flow { EB_FLOW_RESTS, EB_FLOW_DISCHARGES, EB_FLOW_CHARGES, EB_FLOW_UNTOLD } eb_flow;

typedef struct eb_supply {
    char name[EB_SUPPLY_NAME];
    bool battery;
    int state;            // handle of `status` of a battery, of `online` of anything else; -1 = none
    int method;           // how a battery is read, the best first; -1 = not at all
    int value, second;    // handles; -1 = none
    int errnum;           // of the file that does not read; 0 = all do
    const char *bad_file; // its name
    int64_t step;         // of energy_now in uWh or charge_now in uAh, where one of them is read
    int64_t last;         // charge at the last reading
    double drawn_uj;      // since the first one
} eb_supply;

typedef struct eb_supplies {
    const eb_io *io; // borrowed
    eb_supply items[EB_SUPPLIES];
    int n, n_batteries;
    int errnum; // of the listing itself
} eb_supplies;

// All of the machine, by name: no batteries of mice, no empty bays.
void eb_supplies_scan(const eb_io *io, eb_supplies *out);
void eb_supplies_deinit(eb_supplies *s);

// Of a battery that reads: does it count what is lost, in uJ, or say the power, in uW?
bool eb_supply_is_counter(const eb_supply *s);
const char *eb_supply_file(const eb_supply *s);                  // what is read
double eb_supply_unit_uj(const eb_io *io, const eb_supply *s);   // of a counter; 0 of a gauge
int eb_supply_read(const eb_io *io, eb_supply *s, int64_t *out); // 0 or -errno; -ERANGE: no battery has that

// `text` gets the status as it may be shown, "" where there is none. 0, or the errno of a read that failed.
int eb_supply_status(const eb_io *io, const eb_supply *s, char *text, size_t size, eb_flow *flow);

// What keeps the batteries from being all that the machine runs on: a charger online, a battery that charges or does
// not say, or, where none discharges, the first of them. NULL: nothing. Fills flows[i] of each battery.
const eb_supply *eb_supplies_obstacle(const eb_supplies *s, eb_flow flows[EB_SUPPLIES]);

#endif
