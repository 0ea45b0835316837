// SPDX-License-Identifier: Apache-2.0
// What is used of NVIDIA's management library, declared here from its documented binary interface (no header of theirs
// is needed), and resolved at run time: the energy and the power of a board.
#ifndef EB_PROBES_NVML_H
#define EB_PROBES_NVML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "probes/probe.h"

#define EB_NVML_LIBRARY "libnvidia-ml.so.1"

// nvmlReturn_t, as far as it makes a difference.
enum {
    EB_NVML_SUCCESS = 0,
    EB_NVML_UNINITIALIZED = 1,
    EB_NVML_NOT_SUPPORTED = 3,
    EB_NVML_NO_PERMISSION = 4,
    EB_NVML_NOT_FOUND = 6,
    EB_NVML_INSUFFICIENT_POWER = 8,
    EB_NVML_DRIVER_NOT_LOADED = 9,
    EB_NVML_TIMEOUT = 10,
    EB_NVML_FUNCTION_NOT_FOUND = 13,
    EB_NVML_GPU_IS_LOST = 15,
    EB_NVML_RESET_REQUIRED = 16,
    EB_NVML_VERSION_MISMATCH = 18,
    EB_NVML_GPU_NOT_FOUND = 28,
    EB_NVML_UNKNOWN = 999,
};

typedef struct eb_nvml_device_opaque *eb_nvml_device;

// nvmlPciInfo_t of nvmlDeviceGetPciInfo_v3.
typedef struct eb_nvml_pci {
    char bus_id_legacy[16];
    unsigned domain, bus, device, device_id, subsystem_id;
    char bus_id[32];
} eb_nvml_pci;

typedef struct eb_nvml {
    void *handle; // of the library
    int (*init)(void);
    int (*shutdown)(void);
    int (*count)(unsigned *n);
    int (*by_index)(unsigned index, eb_nvml_device *device);
    // What an older library lacks is NULL.
    int (*energy)(eb_nvml_device device, unsigned long long *mj); // since the driver was loaded
    int (*power)(eb_nvml_device device, unsigned *mw);
    int (*name)(eb_nvml_device device, char *name, unsigned size);
    int (*pci)(eb_nvml_device device, eb_nvml_pci *pci);
    int (*limits)(eb_nvml_device device, unsigned *least_mw, unsigned *most_mw);
} eb_nvml;

// Loads the library and resolves it, all that it must have or nothing; `why` says what the loader said.
bool eb_nvml_load(eb_nvml *nvml, char *why, size_t size);
void eb_nvml_unload(eb_nvml *nvml);
// What a return value means, the state it puts the source in, and what to do about it.
typedef struct eb_nvml_cause {
    int code;
    eb_probe_state state;
    const char *reason, *remedy;
    bool gone; // for good
} eb_nvml_cause;
const eb_nvml_cause *eb_nvml_cause_of(int code);

#endif
