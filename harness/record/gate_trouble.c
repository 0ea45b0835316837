// SPDX-License-Identifier: Apache-2.0
// Which warnings of a trial spoil a pair. test_gate_history feeds what harness/run/guards.c says through here.
#include <stdlib.h>
#include <string.h>

#include "harness/record/gate_impl.h"

bool eb_trouble_parse(const char *name, eb_trouble *out)
{
    static const struct {
        const char *name;
        eb_trouble trouble;
    } names[] = { { "throttle", EB_TROUBLE_THROTTLE }, { "swap", EB_TROUBLE_SWAP },   { "suspend", EB_TROUBLE_SUSPEND },
                  { "load", EB_TROUBLE_LOAD },         { "steal", EB_TROUBLE_STEAL }, { "gap", EB_TROUBLE_GAP },
                  { "digest", EB_TROUBLE_DIGEST } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].name, name) == 0) {
            *out = names[i].trouble;
            return true;
        }
    return false;
}

// Both sides bear some of it alike, and trimming bears the rest; from here on it is another machine.
#define LOAD_PCT  50.0
#define STEAL_PCT 5.0

eb_trouble eb_trouble_of(const char *warning)
{
    static const struct {
        const char *begins, *has;
        double from_pct; // of the number that the text has after `begins`; 0 = any
        eb_trouble trouble;
    } marks[] = {
        { "the CPU throttled ", "", 0, EB_TROUBLE_THROTTLE },
        { "the frequency governor changed", "", 0, EB_TROUBLE_THROTTLE },
        { "", "pages were swapped", 0, EB_TROUBLE_SWAP },
        { "the machine was suspended", "", 0, EB_TROUBLE_SUSPEND },
        { "other processes used ", "", LOAD_PCT, EB_TROUBLE_LOAD },
        { "the hypervisor stole ", "", STEAL_PCT, EB_TROUBLE_STEAL },
    };
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        size_t len = strlen(marks[i].begins);
        if (strncmp(warning, marks[i].begins, len) == 0 && strstr(warning, marks[i].has) &&
            (marks[i].from_pct == 0 || strtod(warning + len, NULL) >= marks[i].from_pct))
            return marks[i].trouble;
    }
    return EB_TROUBLE_NONE;
}

const char *eb_trouble_cure(const char *text)
{
    static const struct {
        eb_trouble trouble;
        const char *cure;
    } cures[] = {
        { EB_TROUBLE_THROTTLE, "governor and power limit must stay as they are" },
        { EB_TROUBLE_SWAP, "free memory, or take a smaller model" },
        { EB_TROUBLE_SUSPEND, "keep the machine awake" },
        { EB_TROUBLE_LOAD, "end what else runs on the machine" },
        { EB_TROUBLE_STEAL, "take a machine that shares its CPUs with no other" },
        { EB_TROUBLE_GAP, "`effbench probes` shows which meters can be read" },
    };
    const char *warning = strstr(text, ": "); // after the side
    eb_trouble t = eb_trouble_of(warning ? warning + 2 : text);
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        if (cures[i].trouble == (t == EB_TROUBLE_NONE ? EB_TROUBLE_GAP : t))
            return cures[i].cure;
    return "";
}
