// SPDX-License-Identifier: Apache-2.0
// Dead counters: under a hypervisor a counter can exist, read 0 without a fault, and never move. It is absent, not 0 J.
// A slow one (a 1 J unit, a battery) is not dead. The rule of MEASUREMENT section 3 is here and nowhere else.
#ifndef EB_RECORD_DEAD_H
#define EB_RECORD_DEAD_H

#include "harness/record/journal.h"

// How long a channel must have been seen under load without a change before it is dead: the longest of 250 ms, 20
// update periods, and the time in which the least plausible power fills 5 of its units. INFINITY for what is never
// dead: a gauge may well stand still, and a model is no counter.
double eb_dead_after_ns(const eb_channel *channel);

// dead[i] for each channel of the journal's header: it never moved in a trial, and the calibration has found it dead,
// the trials saw it for long enough, or one that repeats it moved. A warning for each, and one for what then takes its
// place.
void eb_dead_find(const eb_journal_data *d, bool *dead, eb_warnings *warnings);

#endif
