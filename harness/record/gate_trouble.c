// SPDX-License-Identifier: Apache-2.0
// Which warnings of a trial spoil a pair, and what to do about them. test_gate_history feeds what harness/run/guards.c
// says through here.
#include <math.h>
#include <stddef.h>
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

// The first of the warnings that has `mark`: what it says behind that, or up to where it goes on about what is left
// out.
static bool warned(char *const *warnings, int n, const char *mark, bool behind, char *buf, size_t size)
{
    for (int i = 0; i < n; i++) {
        const char *at = strstr(warnings[i], mark), *end = strstr(warnings[i], ": it ");
        if (!at)
            continue;
        if (behind)
            snprintf(buf, size, "%s", at + strlen(mark));
        else
            snprintf(buf, size, "%.*s", (int)(end ? end - warnings[i] : (ptrdiff_t)strlen(warnings[i])), warnings[i]);
        return true;
    }
    return false;
}

char *eb_check_lack(const eb_run *run, const eb_case_result *r, const char *key, bool energy, char *buf, size_t size)
{
    const eb_metric *m = eb_case_metric(r, key), *joules = eb_case_metric(r, "energy_j");
    snprintf(buf, size, "%s", m ? m->note : "");
    if (!energy || (joules && !isnan(joules->value))) // there is an energy: something else is missing
        return buf;
    // Which counter, and what happened to it: record/summary.c, provenance.c and dead.c say it of a trial, a case, a
    // run.
    if (!warned(r->warnings, r->n_warnings, " has no energy: ", true, buf, size) &&
        !warned(r->warnings, r->n_warnings, " gave no reading in any trial of this case", false, buf, size))
        warned(run->warnings, run->n_warnings, " never moved in ", false, buf, size);
    return buf;
}

// By what the figure lacks: a meter that is there is not to be looked for.
static const char *gap_cure(const char *text)
{
    static const struct {
        const char *has, *cure;
    } cures[] = {
        { "no output tokens", "a trial without a token has nothing per token: `effbench run` shows its requests" },
        { "needs two output tokens", "take a longer `output`" },
        { "n too small", "take more requests, or a longer `output`" },
        { "(ambiguous)", "the counter was not read in time: leave a CPU to the sampler; one that may go half round "
                         "within an update of its own cannot be used" },
        { "gave no reading", "the counter was not read in time, or not at all: leave a CPU to the sampler; `effbench "
                             "probes` shows which meters can be read" },
        { "was reset", "nothing else may reset the counter or load its driver again" },
        { "was suspended", "keep the machine awake" },
        { EB_TROUBLE_GAP_TEXT "j_per_tok", "`effbench probes` shows which meters can be read" },
        { EB_TROUBLE_GAP_TEXT "instructions", "`effbench probes` shows which counters can be read" },
    };
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        if (strstr(text, cures[i].has))
            return cures[i].cure;
    return "";
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
    };
    const char *side = strstr(text, ": "), *warning = side ? side + 2 : text;
    eb_trouble t = strncmp(warning, EB_TROUBLE_GAP_TEXT, strlen(EB_TROUBLE_GAP_TEXT)) == 0 ? EB_TROUBLE_GAP
                                                                                           : eb_trouble_of(warning);
    for (size_t i = 0; i < sizeof cures / sizeof *cures; i++)
        if (cures[i].trouble == t)
            return cures[i].cure;
    return t == EB_TROUBLE_LEVEL ? eb_check_behind_cure(warning) : t == EB_TROUBLE_GAP ? gap_cure(warning) : "";
}

// ---- of a trial ----

void eb_check_say_trouble(eb_check *c, const char *side, const char *what)
{
    char *text = eb_format("%s: %s", side, what);
    eb_check_say(&c->troubles, &c->n_troubles, text);
    // Each stands there once, and what came last is the last.
    int i = 0;
    while (strcmp(c->troubles[i], text) != 0)
        i++;
    char *last = c->troubles[i];
    for (; i + 1 < c->n_troubles; i++)
        c->troubles[i] = c->troubles[i + 1];
    c->troubles[i] = last;
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
