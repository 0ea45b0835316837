// SPDX-License-Identifier: Apache-2.0
// What has to be said in words under the tables: boundary, grades, intervals, prices, what is missing, warnings.
#include "reports/notes_impl.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"

void eb_notes_add(eb_notes *notes, const char *label, const char *fmt, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, fmt);
    int n = vasprintf(&text, fmt, ap);
    va_end(ap);
    if (n < 0)
        return;
    EB_GROW(notes->items, notes->n, notes->cap);
    notes->items[notes->n++] = (eb_note){ label, eb_text_clean(text) };
    free(text);
}

void eb_notes_deinit(eb_notes *notes)
{
    for (size_t i = 0; i < notes->n; i++)
        free(notes->items[i].text);
    free(notes->items);
    *notes = (eb_notes){ 0 };
}

const char *eb_run_setting(const eb_run *run, const char *section, const char *key)
{
    const eb_header *h = run->header;
    for (int i = 0; i < h->n_settings; i++)
        if (!strcmp(h->settings[i].section, section) && !strcmp(h->settings[i].key, key))
            return h->settings[i].value && h->settings[i].value[0] ? h->settings[i].value : NULL;
    return NULL;
}

static const char *or_unknown(const char *s)
{
    return s && *s ? s : "unknown";
}

char *eb_run_title(const eb_run *run)
{
    int least = run->n_cases ? run->cases[0].n_trials : 0, most = least;
    for (int i = 0; i < run->n_cases; i++) {
        least = run->cases[i].n_trials < least ? run->cases[i].n_trials : least;
        most = run->cases[i].n_trials > most ? run->cases[i].n_trials : most;
    }
    eb_text t = { 0 };
    eb_text_add(&t, "effbench %s · %s · %s · %d case%s, ", or_unknown(run->header->tool_version),
                eb_path_base(or_unknown(run->header->config)), or_unknown(run->header->started_utc), run->n_cases,
                eb_s(run->n_cases));
    if (least == most)
        eb_text_add(&t, "%d trial%s each", most, eb_s(most));
    else
        eb_text_add(&t, "%d to %d trials each", least, most);
    if (eb_header_imported(run->header))
        eb_text_add(&t, " · imported from %s", eb_header_imported(run->header));
    if (!run->complete)
        eb_text_add(&t, " · not complete");
    char *clean = eb_text_clean(t.s);
    eb_text_deinit(&t);
    return clean;
}

// ---- energy ----

static const char *const grade_words[EB_GRADE_COUNT] = {
    [EB_GRADE_NONE] = "no joules are known",
    [EB_GRADE_ESTIMATE] = "a model, no measurement",
    [EB_GRADE_SAMPLED] = "power sampled and integrated",
    [EB_GRADE_COUNTER] = "an integrated hardware counter",
    [EB_GRADE_WALL] = "an external meter of the whole system",
};

static void note_grades(const eb_run *run, eb_notes *out)
{
    bool seen[EB_GRADE_COUNT] = { false };
    for (int i = 0; i < run->n_cases; i++) {
        const eb_metric *m = eb_rank_value(&run->cases[i], "j_per_tok");
        seen[m ? m->grade : EB_GRADE_NONE] = true;
    }
    eb_text t = { 0 };
    for (int g = EB_GRADE_COUNT - 1; g >= 0; g--)
        if (seen[g])
            eb_text_add(&t, "%s%s = %s", t.n ? "; " : "", eb_grade_name((eb_grade)g), grade_words[g]);
    const char *load = eb_run_setting(run, "probes", "stated_load_w");
    if (seen[EB_GRADE_ESTIMATE] && load) {
        const char *idle = eb_run_setting(run, "probes", "stated_idle_w");
        const char *source = eb_run_setting(run, "probes", "stated_source");
        const char *date = eb_run_setting(run, "probes", "stated_date");
        eb_text_add(&t,
                    ": idle watts × time + (load - idle watts) × this process's share of the CPUs (%s W under load, "
                    "%s%s idle; source: %s%s%s)",
                    load, idle ? idle : "unknown, as 0 W", idle ? " W" : "", source ? source : "not given",
                    date ? ", " : "", date ? date : "");
    }
    eb_notes_add(out, "grade", "%s", t.s);
    eb_text_deinit(&t);
}

// What the joules of one kind are the sum of, who reads them, and which rows have them.
static void note_kind(const eb_run *run, eb_notes *out, int kind, int kinds)
{
    eb_text t = { 0 };
    const eb_case_result *first = NULL;
    int more = 0;
    for (int i = 0; i < run->n_cases; i++) {
        if (eb_energy_kind(run, i) != kind)
            continue;
        more += first != NULL;
        first = first ? first : &run->cases[i];
    }
    if (!first)
        return;
    const eb_provenance *p = &first->energy;
    if (kinds > 1)
        eb_text_add(&t, "%c: ", 'a' + kind % 26);
    eb_text_add(&t, "boundary %s = %s", eb_boundary_name(run->header->boundary),
                or_unknown(p->domains ? p->domains : run->domains));
    if (p->source && *p->source)
        eb_text_add(&t, "; source %s, coverage %s", p->source, or_unknown(p->coverage));
    const char *missing = first->missing ? first->missing : run->missing;
    if (missing && *missing)
        eb_text_add(&t, "; not measured and so not in the joules: %s", missing);
    if (kinds > 1) {
        char *name = eb_case_title(run, (int)(first - run->cases));
        eb_text_add(&t, " (%s", name);
        eb_text_add(&t, more ? " and %d more)" : ")", more);
        free(name);
    }
    eb_notes_add(out, "energy", "%s", t.s);
    eb_text_deinit(&t);
}

static void note_energy(const eb_run *run, eb_notes *out)
{
    if (!eb_run_has_energy(run) && eb_run_setting(run, "import", "joules")) {
        eb_notes_add(
            out, "energy",
            "the joules of the imported rows (avg_j) are not taken over: no boundary, coverage or error stands "
            "beside them; the folder of the run that measured them has all of it");
        return;
    }
    if (!eb_run_has_energy(run) && eb_header_imported(run->header)) {
        eb_notes_add(out, "energy", "%s records no joules: none are known here", eb_header_imported(run->header));
        return;
    }
    if (!eb_run_has_trials(run)) {
        eb_notes_add(out, "energy",
                     "no trial ended: no joules are known, and this run does not tell whether they can be; "
                     "`effbench probes` lists the sources");
        return;
    }
    if (!eb_run_has_energy(run)) {
        eb_notes_add(out, "energy",
                     "no energy source: joules, and all that is made of them, are not known here; "
                     "`effbench probes` lists every source with what to do about it");
        return;
    }
    int kinds = eb_energy_kinds(run);
    for (int k = 0; k < kinds; k++)
        note_kind(run, out, k, kinds);
    note_grades(run, out);
}

static void add_watts(eb_text *t, double w, double halfwidth)
{
    char watts[40], half[40];
    int place = eb_text_place(w, halfwidth);
    eb_text_add(t, "%s W", eb_text_number(watts, sizeof watts, w, place));
    if (isfinite(halfwidth))
        eb_text_add(t, " ±%s", eb_text_number(half, sizeof half, fmax(halfwidth, pow(10, place)), place));
}

// Which trials a baseline stands between, in words.
static void add_when(eb_text *t, const eb_run *run, int i)
{
    int last = 0;
    for (int c = 0; c < run->n_cases; c++)
        for (size_t k = 0; k < run->cases[c].n_energies; k++)
            last = run->cases[c].energies[k].trial > last ? run->cases[c].energies[k].trial : last;
    if (!run->idles[i].after_trial)
        eb_text_add(t, "before the first case");
    else if (run->complete && i == run->n_idles - 1 && run->idles[i].after_trial >= last)
        eb_text_add(t, "after the last");
    else
        eb_text_add(t, "after trial %d", run->idles[i].after_trial);
}

static void note_idle(const eb_run *run, eb_notes *out)
{
    if (!eb_run_has_energy(run))
        return;
    if (!isfinite(run->idle_w)) {
        eb_notes_add(out, "idle", "no idle baseline was taken: no net figures");
        return;
    }
    eb_text t = { 0 };
    bool several = false;
    for (int i = 0; i < run->n_idles; i++) {
        char took[40];
        if (!isfinite(run->idles[i].w))
            continue;
        several = several || t.n;
        eb_text_add(&t, "%s", t.n ? ", " : "");
        add_watts(&t, run->idles[i].w, run->idles[i].halfwidth_w);
        eb_text_add(&t, " over %s ",
                    eb_fmt_time(took, sizeof took, (double)(run->idles[i].t_end_ns - run->idles[i].t_start_ns), 3));
        add_when(&t, run, i);
    }
    eb_notes_add(out, "idle", "%s (%s); net = gross minus %s for the time it took", t.s, eb_grade_name(run->idle_grade),
                 several ? "what lies between them" : "this");
    eb_text_deinit(&t);
}

// ---- how sure ----

static void note_interval(const eb_run *run, eb_notes *out)
{
    bool seen[EB_INTERVAL_RANGE + 1] = { false };
    bool sensors = false, unknown = false, single = false;
    int least = 0, most = 0;
    eb_shown_keys visible = eb_shown_keys_of(run);
    for (int i = 0; i < run->n_cases; i++)
        for (int k = 0; k < run->cases[i].n_metrics; k++) {
            const eb_metric *m = &run->cases[i].metrics[k];
            if (!isfinite(m->value) || !eb_shown(&visible, m->key))
                continue;
            sensors = sensors || (m->budget.largest && m->grade > EB_GRADE_ESTIMATE);
            unknown = unknown || (m->budget.largest && m->grade > EB_GRADE_ESTIMATE && isnan(m->budget.sensor_class));
            if (m->interval == EB_INTERVAL_RANGE && m->n < 2) {
                single = single || !isnan(eb_text_shown_halfwidth(m));
                continue; // a single one has no range
            }
            seen[m->interval] = true;
            if (m->interval == EB_INTERVAL_RANGE && m->n <= run->cases[i].n_trials) { // not a pool of observations
                least = least == 0 || m->n < least ? m->n : least;
                most = m->n > most ? m->n : most;
            }
        }
    eb_text t = { 0 };
    if (seen[EB_INTERVAL_CONFIDENCE])
        eb_text_add(&t, "farther end of the %.4g %% interval of the median over trials",
                    100 * run->header->interval_level);
    if (seen[EB_INTERVAL_RANGE]) {
        eb_text_add(&t, "%s%s", t.n ? "; r after it: " : "farther end of ", t.n ? "only " : "");
        if (most == 0)
            eb_text_add(&t, "the range of the trials");
        else if (least == most)
            eb_text_add(&t, "the range of %d trial%s", most, eb_s(most));
        else
            eb_text_add(&t, "the range of %d to %d trials", least, most);
        eb_text_add(&t, ", too few for an interval%s", seen[EB_INTERVAL_CONFIDENCE] ? "" : " (marked r)");
    }
    if (single)
        eb_text_add(&t, "%sof a single trial what its counters leave open, nothing of the spread between trials%s",
                    t.n ? "; s after it: " : "", t.n ? "" : " (marked s)");
    const char *class = !sensors  ? ""
                        : unknown ? "; the sensors' own class is unknown and not in it"
                                  : "; the sensors' own class is in it";
    if (t.n)
        eb_notes_add(out, "±", "%s; no figure is shown finer than it%s", t.s, class);
    else if (!eb_run_has_trials(run))
        eb_notes_add(out, "trials", "none ended: nothing was measured");
    else
        eb_notes_add(out, "trials", "a single one: nothing is known about the spread");
    eb_text_deinit(&t);
}

static void note_marks(const eb_run *run, eb_notes *out)
{
    bool rivals = false;
    for (int i = 0; i < run->n_cases; i++)
        for (int k = 0; k < i; k++)
            rivals |= eb_rank_comparable(run->cases[i].info, run->cases[k].info);
    if (rivals)
        eb_notes_add(out, "* ~",
                     "* best of the rows with the same prompt, output, batch and depth, and for energy and money the "
                     "same grade and domains; ~ best, or not told apart from the best by the intervals or that of "
                     "their ratio; no mark "
                     "where fewer than 6 trials cannot say");
}

// ---- where it was taken ----

static void note_machine(const eb_run *run, eb_notes *out)
{
    static const struct {
        const char *key, *before, *after;
    } facts[] = {
        { "cpu_model", "", "" },
        { "cpus", "", " CPUs" },
        { "memory_mib", "", " MiB" },
        { "isa", "", "" },
        { "governor", "governor ", "" },
        { "turbo", "turbo ", "" },
        { "hypervisor", "hypervisor ", "" },
        { "kernel", "Linux ", "" },
    };
    eb_text t = { 0 };
    for (size_t f = 0; f < sizeof facts / sizeof *facts; f++)
        for (int i = 0; i < run->header->n_machine; i++) {
            const eb_pair *p = &run->header->machine[i];
            if (!strcmp(p->key, facts[f].key) && p->value && p->value[0] && strcmp(p->value, "unknown"))
                eb_text_add(&t, "%s%s%s%s", t.n ? ", " : "", facts[f].before, p->value,
                            !strcmp(p->key, "cpus") && !strcmp(p->value, "1") ? " CPU" : facts[f].after);
        }
    eb_notes_add(out, "machine", "%s; fingerprint %s", t.n ? t.s : "unknown", or_unknown(run->header->fingerprint));
    eb_text_deinit(&t);
}

static void note_run(const eb_run *run, eb_notes *out)
{
    const char *seed = eb_run_setting(run, "run", "seed");
    eb_notes_add(out, "run", "seed %s, plan %s, engine %s", seed ? seed : "unknown",
                 or_unknown(run->header->plan_digest), or_unknown(run->header->engine));
}

void eb_notes_collect(const eb_run *run, eb_notes *out)
{
    note_energy(run, out);
    note_idle(run, out);
    note_interval(run, out);
    note_marks(run, out);
    eb_notes_prices(run, out);
    eb_notes_quality(run, out);
    eb_notes_profiles(run, out);
    for (int i = 0; i < run->n_sustained; i++) {
        char *text = eb_sustained_note(run, run->sustained[i]);
        eb_notes_add(out, "sustained", "%s", text);
        free(text);
    }
    for (int i = 0; i < run->n_crossings; i++) {
        char *text = eb_crossing_note(run, i);
        eb_notes_add(out, "crossing", "%s", text);
        free(text);
    }
    for (int i = 0; i < run->n_loads; i++) {
        char *text = eb_load_note(run, run->loads[i]);
        eb_notes_add(out, "load", "%s", text);
        free(text);
    }
    eb_notes_metrics(run, out);
    eb_notes_warnings(run, out);
    note_machine(run, out);
    note_run(run, out);
}
