// SPDX-License-Identifier: Apache-2.0
// Settings and facts that differ between what is lined up. Private to record/.
#ifndef EB_RECORD_COMPARE_SETTINGS_H
#define EB_RECORD_COMPARE_SETTINGS_H

#include "harness/record/compare.h"

// Is this setting, or fact of a machine (section NULL), kept by the reader for what follows?
bool eb_compare_keeps(const char *section, const char *key);
// Fills c->differences: for each run that is compared with another, or row with another of its run, what differs. Needs
// the groups with their references.
void eb_compare_find_differences(eb_compare *c);
void eb_compare_free_differences(eb_compare *c);

#endif
