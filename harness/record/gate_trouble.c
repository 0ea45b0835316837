// SPDX-License-Identifier: Apache-2.0
// Which warnings of a trial spoil a pair, and what to do about them. test_gate_history feeds what harness/run/guards.c
// says through here.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/record/gate_impl.h"
#include "harness/record/journal.h"

bool eb_trouble_parse(const char *name, eb_trouble *out)
{
    static const struct {
        const char *name;
        eb_trouble trouble;
    } names[] = { { "throttle", EB_TROUBLE_THROTTLE }, { "swap", EB_TROUBLE_SWAP },   { "suspend", EB_TROUBLE_SUSPEND },
                  { "load", EB_TROUBLE_LOAD },         { "steal", EB_TROUBLE_STEAL }, { "gap", EB_TROUBLE_GAP },
                  { "digest", EB_TROUBLE_DIGEST },     { "level", EB_TROUBLE_LEVEL } };
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
        { EB_TROUBLE_LEVEL_TEXT, "", 0, EB_TROUBLE_LEVEL },
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
    const char *side = strstr(text, ": "), *warning = side ? side + 2 : text;
    eb_trouble t = strncmp(warning, EB_TROUBLE_GAP_TEXT, strlen(EB_TROUBLE_GAP_TEXT)) == 0 ? EB_TROUBLE_GAP
                                                                                           : eb_trouble_of(warning);
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        if (cures[i].trouble == t)
            return cures[i].cure;
    return t == EB_TROUBLE_LEVEL ? eb_check_behind_cure(warning) : "";
}

// ---- of a trial ----

void eb_check_say_trouble(eb_check *c, const char *side, const char *what)
{
    char *text = eb_format("%s: %s", side, what);
    eb_check_say(&c->troubles, &c->n_troubles, text);
    free(text);
}

bool eb_check_trouble(eb_check *c, const char *side, const eb_run *run, const eb_trial_info *info, eb_check_kept *kept)
{
    bool any = eb_check_behind(c, side, run, info, kept);
    for (int i = 0; i < info->n_warnings; i++) {
        eb_trouble t = eb_trouble_of(info->warnings[i]);
        if (t == EB_TROUBLE_NONE || t & c->options.ignore)
            continue;
        eb_check_say_trouble(c, side, info->warnings[i]);
        any = true;
    }
    return any;
}
