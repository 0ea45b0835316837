// SPDX-License-Identifier: Apache-2.0
// `effbench check`: base against candidate, both run now in interleaved pairs; the exit status is the verdict.
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/cmd/check.h"
#include "harness/cmd/check_child.h"
#include "harness/cmd/cmd.h"
#include "reports/gate.h"

static volatile sig_atomic_t caught;

// The second time it ends us at once, and the trial, which the terminal does not reach, no less.
static void on_signal(int number)
{
    if (caught) {
        eb_check_child_tell(SIGKILL);
        signal(number, SIG_DFL);
        raise(number);
    }
    caught = number;
}

// A trial stops with us, and goes on with us.
static void on_stop(int number)
{
    int saved = errno;
    (void)number;
    eb_check_child_tell(SIGSTOP);
    raise(SIGSTOP);
    eb_check_child_tell(SIGCONT);
    errno = saved;
}

// Without SA_RESTART: waiting for a child ends, and the child is told. What was ignored before us, as nohup does it,
// still is; but scripts start what they put into the background with SIGINT ignored, and may want to end it so.
static void catch_signals(void)
{
    static const int numbers[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
    struct sigaction sa = { .sa_handler = on_signal }, stop = { .sa_handler = on_stop, .sa_flags = SA_RESTART }, old;
    sigemptyset(&sa.sa_mask);
    sigemptyset(&stop.sa_mask);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (i < 2 || (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN))
            sigaction(numbers[i], &sa, NULL);
    if (sigaction(SIGTSTP, NULL, &old) == 0 && old.sa_handler != SIG_IGN)
        sigaction(SIGTSTP, &stop, NULL);
}

static char *self_path(void)
{
    char buf[4096];
    ssize_t n = readlink("/proc/self/exe", buf, sizeof buf - 1);
    return n > 0 ? eb_strndup(buf, (size_t)n) : NULL;
}

// A folder of a run or of another gate would have two in it, and nobody could tell whose the files are.
static bool is_taken(const char *dir, eb_err *err)
{
    static const char *const names[] = { "trials.jsonl",  "config.ini",    "warm-000-base",
                                         "warm-000-cand", "pair-001-base", "pair-001-cand" };
    enum { OF_RUN = 2 };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = eb_path_join(dir, names[i]);
        bool there = eb_file_exists(path);
        free(path);
        if (!there)
            continue;
        if (i < OF_RUN)
            eb_err_set(err, EB_USAGE, "'%s' holds a %s already", dir, names[i]);
        else
            eb_err_set(err, EB_USAGE, "'%s' holds the trials of a gate already", dir);
        return eb_err_hint(err, "name another folder with --out"), true;
    }
    return false;
}

// Where trials lie: the folder asked for, or one of our own that is gone afterwards.
static char *trials_folder(const eb_check_args *a, eb_err *err)
{
    if (a->out)
        return eb_strdup(a->out);
    const char *tmp = getenv("TMPDIR");
    char *dir = eb_format("%s/effbench-check-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (mkdtemp(dir))
        return dir;
    eb_err_sys(err, eb_err_place(errno), errno, "cannot make the folder of the trials", dir);
    eb_err_hint(err, "$TMPDIR says where it is made; or name one with --out");
    free(dir);
    return NULL;
}

// A rename onto a device or a pipe would put a file in its place.
static bool may_be_file(const char *path, eb_err *err)
{
    struct stat st;
    bool stream = strncmp(path, "/dev/std", 8) == 0 || strncmp(path, "/dev/fd/", 8) == 0; // whatever it leads to
    bool there = stat(path, &st) == 0;
    if (!stream && (!there || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode)))
        return true;
    eb_err_set(err, EB_USAGE, "'%s' is not a file and cannot be written as one", path);
    return eb_err_hint(err, "--format json or junit prints on stdout");
}

// A file of ours is written aside and renamed; one that is appended to must be writable itself.
static bool can_write(const char *path, bool append, eb_err *err)
{
    struct stat st;
    if (!may_be_file(path, err))
        return false;
    char *folder = eb_strdup(path), *slash = strrchr(folder, '/');
    bool there = stat(path, &st) == 0;
    if (slash)
        slash[slash == folder] = '\0'; // the root keeps its name
    const char *changed = append && there ? path : slash ? folder : ".";
    int bad = access(changed, W_OK) != 0 ? errno : 0;
    if (there && S_ISDIR(st.st_mode))
        bad = EISDIR;
    free(folder);
    if (bad)
        eb_err_sys(err, EB_USAGE, bad, "cannot write", path);
    if (bad == ENOENT)
        eb_err_hint(err, "make its folder first");
    return !bad;
}

// The pairs may take an hour: what says how they ended must have a place before they begin.
static bool can_tell(const eb_check_args *a, eb_err *err)
{
    if (a->out && (is_taken(a->out, err) || !eb_mkdirs(a->out, err)))
        return false;
    return (!a->json || can_write(a->json, false, err)) && (!a->junit || can_write(a->junit, false, err)) &&
           (!a->history || can_write(a->history, true, err));
}

static bool run_pairs(eb_check *c, const eb_check_args *a, const eb_history *history, eb_err *err)
{
    char *dir = trials_folder(a, err), *self = self_path();
    bool ok = dir && self && eb_check_pairs(c, a, history, self, dir, &caught, err);
    if (dir && !self)
        eb_err_set(err, EB_FAILED, "this program's own path is not known; name it with --base-bin and --cand-bin");
    if (dir && !a->out)
        rmdir(dir);
    free(dir);
    free(self);
    return ok;
}

static bool compare_folders(eb_check *c, const eb_check_args *a, eb_err *err)
{
    eb_run *runs[2] = { 0 };
    bool ok = true;
    for (int i = 0; ok && i < 2; i++) {
        runs[i] = eb_run_load(a->sides[i].config, err);
        ok = runs[i] != NULL;
        if (ok)
            eb_cmd_say_newer(a->sides[i].config, false);
    }
    ok = ok && eb_check_stored(c, runs[0], runs[1], err);
    if (ok)
        eb_check_explain(c);
    eb_run_free(runs[0]);
    eb_run_free(runs[1]);
    return ok;
}

static bool write_file(const char *path, const eb_gate_form *form, const eb_check *c, eb_err *err)
{
    char *text = NULL;
    size_t len = 0;
    FILE *f = open_memstream(&text, &len);
    if (!f)
        return eb_err_sys(err, EB_FAILED, errno, "no memory for", path);
    form->write(c, false, f);
    fclose(f);
    bool ok = may_be_file(path, err) && eb_file_write_atomic(path, text, len, err);
    free(text);
    return ok;
}

// GitHub names a file that the markdown of the step's summary is appended to; elsewhere it goes where the annotations
// do.
static bool append_summary(const eb_check *c, eb_err *err)
{
    const char *path = getenv("GITHUB_STEP_SUMMARY");
    if (!path || !*path) {
        fprintf(stderr, "effbench: $GITHUB_STEP_SUMMARY is not set: the summary is printed on stdout, after the "
                        "annotations\n");
        fputc('\n', stdout);
        eb_gate_form_find("md")->write(c, false, stdout);
        return fflush(stdout) == 0 || eb_err_sys(err, EB_FAILED, errno, "cannot write the summary to", "stdout");
    }
    FILE *f = fopen(path, "a");
    if (f) {
        eb_gate_form_find("md")->write(c, false, f);
        int bad = ferror(f);
        if (fclose(f) == 0 && !bad) {
            fprintf(stderr, "effbench: the summary was appended to '%s'\n", path);
            return true;
        }
    }
    eb_err_sys(err, EB_FAILED, errno, "cannot append the summary to $GITHUB_STEP_SUMMARY", path);
    return eb_err_hint(err, "name a file that can be written, or unset it: then the summary is printed on stdout");
}

static int show(const eb_globals *globals, const eb_check_args *a, const eb_check *c)
{
    eb_err err;
    eb_err_clear(&err);
    eb_gate_form_find(globals->format ? globals->format : "term")->write(c, globals->color, stdout);
    fflush(stdout);
    char *own = a->out ? eb_path_join(a->out, "check.json") : NULL;
    bool ok = (!own || (eb_mkdirs(a->out, &err) && write_file(own, eb_gate_form_find("json"), c, &err))) &&
              (!a->json || write_file(a->json, eb_gate_form_find("json"), c, &err)) &&
              (!a->junit || write_file(a->junit, eb_gate_form_find("junit"), c, &err));
    free(own);
    if (ok && globals->format && !strcmp(globals->format, "github"))
        ok = append_summary(c, &err);
    if (!ok)
        return eb_cmd_fail(&err);
    return c->accepted ? EB_OK : eb_gate_exit(c->verdict, a->strict);
}

// What the history says of it.
static bool look_back(eb_check *c, const eb_check_args *a, const eb_history *h, eb_err *err)
{
    if (!eb_history_fits(h, a->history, c->fingerprint ? c->fingerprint : "", err))
        return false;
    eb_history_compare(h, c, a->block && !a->accept);
    if (a->accept && c->verdict == EB_GATE_FAIL)
        c->accepted = eb_strdup(a->reason);
    return true;
}

// A line more in the history; an invalid gate leaves none.
static bool remember(const eb_check *c, const eb_check_args *a, eb_err *err)
{
    eb_history_to to = { .path = a->history };
    if (!a->history || c->verdict == EB_GATE_INVALID)
        return true;
    if (!eb_history_append(&to, c, c->verdict == EB_GATE_PASS || a->accept, a->reason, err))
        return false;
    if (to.unlocked)
        fprintf(stderr,
                "effbench: '%s' lies where files cannot be locked: see that no other gate ends at the same time\n",
                a->history);
    return true;
}

// On the page of the workflow too: what stands on stderr is in its log alone.
static void annotate(const eb_globals *globals, const eb_err *err)
{
    if (!globals->format || strcmp(globals->format, "github") != 0 || err->code == EB_SIGINT || err->code == EB_SIGTERM)
        return;
    char place[20] = "";
    if (err->file[0] && err->line)
        snprintf(place, sizeof place, ":%d", err->line);
    char *text = eb_format("%s%s%s%s%s%s", err->file, place, err->file[0] ? ": " : "", err->message,
                           err->hint[0] ? "; " : "", err->hint);
    eb_gate_github_error(text, stdout);
    free(text);
}

static int gate(const eb_globals *globals, const eb_check_args *a)
{
    eb_err err;
    eb_err_clear(&err);
    char utc[32];
    bool folders = a->sides[0].kind == EB_SIDE_FOLDER;
    eb_check *c = eb_check_new(&a->options, a->sides[0].label, a->sides[1].label);
    c->seed = a->seeded ? a->seed : (uint64_t)time(NULL);
    c->tool_version = eb_strdup(eb_version);
    eb_utc_now(utc, sizeof utc);
    c->started_utc = eb_strdup(utc);
    eb_history history = { 0 };
    bool ok = !a->history || eb_history_read(a->history, &history, &err);
    ok = ok && can_tell(a, &err) && (folders ? compare_folders(c, a, &err) : run_pairs(c, a, &history, &err));
    ok = ok && (!a->history || look_back(c, a, &history, &err));
    if (!ok)
        annotate(globals, &err);
    int rc = ok ? show(globals, a, c) : eb_cmd_fail(&err);
    if (ok && !remember(c, a, &err)) // after it is shown: the pairs may have taken an hour
        rc = eb_cmd_fail(&err);
    eb_history_deinit(&history);
    eb_check_free(c);
    return rc;
}

// The verdict of an earlier gate would pass for that of this one, should it end without a verdict. What is none of
// ours stays until there is something to put in its place.
static void forget(const char *path)
{
    char head[512];
    struct stat st;
    FILE *f = path && stat(path, &st) == 0 && S_ISREG(st.st_mode) ? fopen(path, "r") : NULL;
    if (!f)
        return;
    head[fread(head, 1, sizeof head - 1, f)] = '\0';
    fclose(f);
    if (strstr(head, "\"" EB_CHECK_SCHEMA "\"") || strstr(head, "<testsuites name=\"effbench check\""))
        unlink(path);
}

// Of the command line as it stands: one that is not understood, here or before this command is started, ends without a
// verdict too.
static void forget_verdicts(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *value = NULL;
        if (eb_cmd_option(argc, argv, &i, "--json", &value) || eb_cmd_option(argc, argv, &i, "--junit", &value)) {
            forget(value);
        } else if (eb_cmd_option(argc, argv, &i, "--out", &value) && value) {
            char *own = eb_path_join(value, "check.json");
            forget(own);
            free(own);
        }
    }
}

static int run(const eb_globals *globals, int argc, char **argv)
{
    eb_check_args *a = eb_alloc(sizeof *a);
    eb_err_list errs = { 0 };
    int rc = eb_check_parse(a, argc, argv);
    if (rc == EB_OK && globals->format && !eb_gate_form_find(globals->format))
        rc = eb_cmd_usage("check", "there is no format '%.40s'; formats: term, json, junit, md, github",
                          globals->format);
    if (globals->sysroot && rc == EB_OK)
        setenv("EFFBENCH_SYSROOT", globals->sysroot, 1); // for the trials
    forget_verdicts(argc, argv);
    if (rc == EB_OK)
        catch_signals(); // before a first program is started: each has a group of its own
    for (int i = 0; i < 2 && rc == EB_OK; i++)
        if (!eb_check_side_resolve(&a->sides[i], a, &caught, &errs)) {
            for (size_t k = 0; k < errs.n; k++)
                annotate(globals, &errs.items[k]);
            rc = eb_cmd_fail_all(&errs);
        }
    if (rc == EB_OK)
        rc = gate(globals, a);
    for (int i = 0; i < 2; i++)
        eb_check_side_deinit(&a->sides[i]);
    eb_err_list_deinit(&errs);
    free(a);
    return rc;
}

const eb_command eb_cmd_check = {
    .name = "check",
    .synopsis = "check [CONFIG] [--base X] [--cand Y] [--cand-set S:K=V]\n"
                "                      [--cand-bin PROGRAM] [--strict]",
    .doc = "the gate for CI: did the candidate get slower or hungrier than the base",
    .run = run,
    .help = "  Both sides run now, on this machine, in pairs: A B B A or B A A B at random, 10, 20 or 40 of them.\n"
            "  exit status 0 pass, 3 fail, 4 inconclusive, 5 invalid; docs/ci.md has the rule and its error rates\n"
            "\n"
            "  --base X, --cand Y        a config; a model (shape:NAME, file:PATH) for CONFIG; a result folder\n"
            "                            (both or none)\n"
            "  CONFIG                    what a side without a config of its own runs\n"
            "  --set S[:NAME]:KEY=VALUE  change an option of both sides; --base-set, --cand-set: of one; may be\n"
            "                            repeated\n"
            "  --base-bin P, --cand-bin P  the effbench program that runs a side (default: this one)\n"
            "  --strict                  inconclusive fails too (exit 3)\n"
            "  --energy-grade GRADE      gate energies of this grade and better (default counter)\n"
            "  --metrics LIST            gate only these: ttft_ns, itl_ns, j_per_tok, ttft_p99_ns, itl_p99_ns,\n"
            "                            e2e_p99_ns, rss_peak_bytes, instructions\n"
            "  --limit CLASS=MARGIN:LIMIT  margin and limit of median, tail, memory or count, such as\n"
            "                              median=2%:5%\n"
            "  --ignore LIST             let pairs count in spite of throttle, swap, suspend, load, steal, gap,\n"
            "                            level (of a load, not kept up with); digest: let the output differ\n"
            "  --history FILE.jsonl      append the candidate's figures, and show the trend and where the level\n"
            "                            changed; a file of another machine is refused (exit 5)\n"
            "  --block                   fail when the candidate is worse than the history's level by the limit\n"
            "  --accept --reason TEXT    take a fail as the new level, for this reason (exit 0)\n"
            "  --seed N                  of the order of the pairs (default: the time)\n"
            "  --out DIR                 keep the trials there, and check.json\n"
            "  --json FILE, --junit FILE  write these too\n"
            "  --progress MODE           auto, always or never\n"
            "  --format F                term (default), json, junit, md, github (annotations; the md is appended\n"
            "                            to $GITHUB_STEP_SUMMARY, and printed after them where that is not set)\n",
    .unstarted = forget_verdicts,
    .once = (const char *const[]){ "--base", "--cand", "--base-bin", "--cand-bin", "--out", "--json", "--junit",
                                   "--history", "--reason", "--energy-grade", "--seed", "--progress", NULL },
};
