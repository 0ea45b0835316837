// SPDX-License-Identifier: Apache-2.0
#include "probes/hwmon_kind.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

typedef struct chip_rule {
    const char *chip, *label; // label: the beginning; "" = any
    eb_domain domain;
    bool numbered; // the label ends in the number of the socket
} chip_rule;

// Drivers whose documentation says what they measure. The first that matches counts.
static const chip_rule chip_rules[] = {
    { "amd_energy", "Esocket", EB_DOMAIN_PACKAGE, true },
    { "amd_energy", "Ecore", EB_DOMAIN_CORE, false },
    { "fam17h_power", "Esocket", EB_DOMAIN_PACKAGE, true },
    { "fam17h_power", "Ecore", EB_DOMAIN_CORE, false },
    { "fam17h_power", "", EB_DOMAIN_PACKAGE, false },
    { "fam15h_power", "", EB_DOMAIN_PACKAGE, false },
    { "i915", "", EB_DOMAIN_GPU, false },
    { "xe", "card", EB_DOMAIN_GPU, false },
    { "nouveau", "", EB_DOMAIN_GPU, false },
};

typedef struct rail_rule {
    const char *label;
    eb_domain domain;
    const char *note;
} rail_rule;

// Rails that the INA chips of Jetson modules watch, by the whole label in any case. What is not here, and what has a
// note but no domain, is listed and not summed.
static const rail_rule rail_rules[] = {
    { "VDD_IN", EB_DOMAIN_SYSTEM, "" },
    { "POM_5V_IN", EB_DOMAIN_SYSTEM, "" },
    { "VDD_CPU_GPU_CV", EB_DOMAIN_PACKAGE, "CPU, GPU and vision accelerators in one" },
    { "VDD_CPU_CV", EB_DOMAIN_PACKAGE, "CPU and vision accelerators in one" },
    { "VDD_SYS_CPU", EB_DOMAIN_PACKAGE, "" },
    { "VDD_CPU", EB_DOMAIN_PACKAGE, "" },
    { "POM_5V_CPU", EB_DOMAIN_PACKAGE, "" },
    { "CPU", EB_DOMAIN_PACKAGE, "" },
    { "VDD_GPU_SOC", EB_DOMAIN_GPU, "the rest of the SoC is in it: nothing measures the GPU apart" },
    { "VDD_SYS_GPU", EB_DOMAIN_GPU, "" },
    { "VDD_GPU", EB_DOMAIN_GPU, "" },
    { "POM_5V_GPU", EB_DOMAIN_GPU, "" },
    { "GPU", EB_DOMAIN_GPU, "" },
    { "VDDQ_VDD2_1V8AO", EB_DOMAIN_DRAM, "the always-on 1.8 V are in it: nothing measures the memory apart" },
    { "VDD_SYS_DDR", EB_DOMAIN_DRAM, "" },
    { "VDDRQ", EB_DOMAIN_DRAM, "" },
    { "VIN_SYS_5V0", EB_DOMAIN_UNKNOWN, "one of several supplies of the module, not their total" },
    { "SYS5V", EB_DOMAIN_UNKNOWN, "one of several supplies of the module, not their total" },
    { "VDD_SOC", EB_DOMAIN_UNKNOWN, "neither CPU nor GPU: what surrounds them on the chip" },
    { "VDD_SYS_SOC", EB_DOMAIN_UNKNOWN, "neither CPU nor GPU: what surrounds them on the chip" },
    { "SOC", EB_DOMAIN_UNKNOWN, "neither CPU nor GPU: what surrounds them on the chip" },
};

static int trailing_number(const char *label)
{
    const char *p = label + strlen(label);
    while (p > label && p[-1] >= '0' && p[-1] <= '9')
        p--;
    return *p && strlen(p) <= 4 ? atoi(p) : -1;
}

eb_hwmon_kind eb_hwmon_classify(const char *chip, const char *label)
{
    for (size_t i = 0; i < sizeof chip_rules / sizeof *chip_rules; i++) {
        const chip_rule *rule = &chip_rules[i];
        if (strcmp(chip, rule->chip) == 0 && strncmp(label, rule->label, strlen(rule->label)) == 0)
            return (eb_hwmon_kind){ rule->domain, rule->numbered ? trailing_number(label) : -1, "" };
    }
    bool rails = strncmp(chip, "ina", 3) == 0;
    for (size_t i = 0; rails && i < sizeof rail_rules / sizeof *rail_rules; i++)
        if (strcasecmp(label, rail_rules[i].label) == 0)
            return (eb_hwmon_kind){ rail_rules[i].domain, -1, rail_rules[i].note };
    return (eb_hwmon_kind){ EB_DOMAIN_UNKNOWN, -1, "" };
}

bool eb_hwmon_is_foreign(const char *chip)
{
    return strcmp(chip, "amdgpu") == 0;
}

int eb_hwmon_rails(const char *chip)
{
    return strcmp(chip, "ina3221") == 0 || strcmp(chip, "ina3221x") == 0 ? 3 : 0;
}
