// SPDX-License-Identifier: Apache-2.0
// The library and its vocabulary: symbols and return values.
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include "probes/nvml.h"

static const struct {
    const char *name, *older; // of what it had been before; NULL = nothing
    size_t offset;
    bool needed;
} symbols[] = {
    { "nvmlInit_v2", "nvmlInit", offsetof(eb_nvml, init), true },
    { "nvmlShutdown", NULL, offsetof(eb_nvml, shutdown), true },
    { "nvmlDeviceGetCount_v2", "nvmlDeviceGetCount", offsetof(eb_nvml, count), true },
    { "nvmlDeviceGetHandleByIndex_v2", "nvmlDeviceGetHandleByIndex", offsetof(eb_nvml, by_index), true },
    { "nvmlDeviceGetTotalEnergyConsumption", NULL, offsetof(eb_nvml, energy), false },
    { "nvmlDeviceGetPowerUsage", NULL, offsetof(eb_nvml, power), false },
    { "nvmlDeviceGetName", NULL, offsetof(eb_nvml, name), false },
    { "nvmlDeviceGetPciInfo_v3", NULL, offsetof(eb_nvml, pci), false },
    { "nvmlDeviceGetPowerManagementLimitConstraints", NULL, offsetof(eb_nvml, limits), false },
};

bool eb_nvml_load(eb_nvml *nvml, char *why, size_t size)
{
    *nvml = (eb_nvml){ .handle = dlopen(EB_NVML_LIBRARY, RTLD_NOW | RTLD_LOCAL) };
    if (!nvml->handle) {
        const char *said = dlerror();
        snprintf(why, size, "%s", said ? said : EB_NVML_LIBRARY " cannot be loaded");
        return false;
    }
    for (size_t i = 0; i < sizeof symbols / sizeof *symbols; i++) {
        void *symbol = dlsym(nvml->handle, symbols[i].name);
        if (!symbol && symbols[i].older)
            symbol = dlsym(nvml->handle, symbols[i].older);
        if (!symbol && symbols[i].needed) {
            snprintf(why, size, EB_NVML_LIBRARY " has no function %s", symbols[i].name);
            eb_nvml_unload(nvml);
            return false;
        }
        memcpy((char *)nvml + symbols[i].offset, &symbol, sizeof symbol);
    }
    return true;
}

void eb_nvml_unload(eb_nvml *nvml)
{
    if (nvml->handle)
        dlclose(nvml->handle);
    *nvml = (eb_nvml){ 0 };
}

#define DMESG "look at dmesg (NVRM, Xid)"

static const eb_nvml_cause causes[] = {
    { EB_NVML_UNINITIALIZED, EB_PROBE_NO_DRIVER, "the library was shut down", "", true },
    { EB_NVML_NOT_SUPPORTED, EB_PROBE_NO_DEVICE, "the board does not offer it (NOT_SUPPORTED)",
      "energy needs Volta or later; boards without a power sensor and virtual GPUs have neither", false },
    { EB_NVML_NO_PERMISSION, EB_PROBE_NO_PERMISSION, "no permission (NO_PERMISSION)",
      "ls -l /dev/nvidia*: read and write for this user; in a container, pass the devices in", false },
    { EB_NVML_NOT_FOUND, EB_PROBE_NO_DEVICE, "there is no such board (NOT_FOUND)", "", true },
    { EB_NVML_INSUFFICIENT_POWER, EB_PROBE_NO_DEVICE, "the board's power cables are not attached (INSUFFICIENT_POWER)",
      "attach them", false },
    { EB_NVML_DRIVER_NOT_LOADED, EB_PROBE_NO_DRIVER, "the kernel driver is not loaded (DRIVER_NOT_LOADED)",
      "sudo modprobe nvidia; in a container, pass /dev/nvidiactl and /dev/nvidia0 in", true },
    { EB_NVML_TIMEOUT, EB_PROBE_NO_DRIVER, "the driver did not answer in time (TIMEOUT)", DMESG, false },
    { EB_NVML_FUNCTION_NOT_FOUND, EB_PROBE_NO_DRIVER, "the library is too old for it (FUNCTION_NOT_FOUND)",
      "a newer driver", false },
    { EB_NVML_GPU_IS_LOST, EB_PROBE_NO_DEVICE, "the board has fallen off the bus (GPU_IS_LOST)", DMESG "; reboot",
      true },
    { EB_NVML_RESET_REQUIRED, EB_PROBE_NO_DEVICE, "the board must be reset (RESET_REQUIRED)",
      "sudo nvidia-smi --gpu-reset, or reboot", true },
    { EB_NVML_VERSION_MISMATCH, EB_PROBE_NO_DRIVER,
      "library and kernel driver are of different versions (LIB_RM_VERSION_MISMATCH)",
      "reboot, or reload the driver, after an update of it", false },
    { EB_NVML_GPU_NOT_FOUND, EB_PROBE_NO_DEVICE, "no board was found (GPU_NOT_FOUND)", DMESG, true },
    { EB_NVML_UNKNOWN, EB_PROBE_NO_DRIVER, "the driver failed (UNKNOWN)", DMESG, false },
};

const eb_nvml_cause *eb_nvml_cause_of(int code)
{
    static const eb_nvml_cause other = { -1, EB_PROBE_NO_DRIVER, "the library failed", DMESG, false };
    for (size_t i = 0; i < sizeof causes / sizeof *causes; i++)
        if (causes[i].code == code)
            return &causes[i];
    return &other;
}
