// SPDX-License-Identifier: Apache-2.0
// The chips of /sys/class/hwmon: which there are, what they are called, where they sit. Their numbers change between
// boots; name and place do not.
#ifndef EB_PROBES_HWMON_CHIP_H
#define EB_PROBES_HWMON_CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "harness/base/io.h"

#define EB_HWMON_CLASS "/sys/class/hwmon"

enum { EB_HWMON_CHIPS = 256 };

typedef struct eb_hwmon_chip {
    unsigned number; // of this boot
    char name[32];
    char id[24]; // place: PCI address, unit address in the device tree, or I2C address; "" = not known
    bool is_pci;
    int64_t period_ns; // of its gauges: update_interval, or an assumed one
    bool assumed;
} eb_hwmon_chip;

// Ascending numbers; how many, or -errno.
int eb_hwmon_list(const eb_io *io, unsigned numbers[EB_HWMON_CHIPS]);
void eb_hwmon_path(char *buf, size_t size, unsigned number, const char *file);
// Name and period. False for the chip that the kernel makes of each power supply.
bool eb_hwmon_look(const eb_io *io, unsigned number, eb_hwmon_chip *out);
// Fills in the place, which may take a search.
void eb_hwmon_place(const eb_io *io, eb_hwmon_chip *c);

#endif
