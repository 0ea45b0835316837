// SPDX-License-Identifier: Apache-2.0
// What is written is read back; a killed run loses no finished trial and repeats none, wherever it was cut.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "tests/unit/journal_sample.h"

static const char *const files[] = { "trials.jsonl", "requests.csv", "tokens.csv", "power.csv" };
enum { FILES = 4 };

typedef struct snapshot {
    char *data[FILES];
    size_t n[FILES];
} snapshot;

static snapshot take(const char *dir)
{
    snapshot s;
    eb_err err = { 0 };
    for (int i = 0; i < FILES; i++) {
        char *path = eb_path_join(dir, files[i]);
        s.data[i] = eb_file_read(path, 1 << 24, &s.n[i], &err);
        assert_non_null(s.data[i]);
        free(path);
    }
    return s;
}

static void drop(snapshot *s)
{
    for (int i = 0; i < FILES; i++)
        free(s->data[i]);
}

static void put_raw(const char *dir, int file, const char *data, size_t n)
{
    char *path = eb_path_join(dir, files[file]);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
    free(path);
}

static eb_journal *create(sample_run *s)
{
    eb_err err = { 0 };
    eb_journal *j = eb_journal_create(s->dir, &s->header, &err);
    if (!j)
        print_error("%s\n", err.message);
    assert_non_null(j);
    return j;
}

static void write_trial(sample_run *s, eb_journal *j, int number, int case_index, int round)
{
    eb_err err = { 0 };
    sample_trial(s, number, case_index, round, 1);
    assert_true(sample_write(s, j, &err));
}

static eb_journal_data *read_run(const char *dir)
{
    eb_err err = { 0 };
    eb_journal_data *d = eb_journal_read(dir, &err);
    if (!d)
        print_error("%s:%d: %s\n", err.file, err.line, err.message);
    assert_non_null(d);
    return d;
}

// Values that are easily lost: quotes and line ends, whole numbers beyond a double's, signs, what is not known.
static void odd_header(sample_run *s)
{
    sample_setting(s, "cost", "price_source", "a shop, \"x\"\n2nd line");
    s->header.cpus = 8;
    s->channels[0].jitter_ns = 20000;
    s->channels[0].read_ns = 630;
    s->channels[0].class_frac = 0.05;
    s->channels[0].gap_max_ns = 60000000000;
    s->channels[0].live = EB_LIVE_MOVES;
    s->channels[1].live = EB_LIVE_DEAD;
    snprintf(s->channels[1].note, sizeof s->channels[1].note, "stood still for 1.2 s");
}

static void odd_trial(sample_run *s, eb_journal *j)
{
    eb_err err = { 0 };
    sample_trial(s, 1, 1, 2, 1);
    static char *warnings[] = { (char *)"throttled", (char *)"steal 3 %" };
    s->info.error = (char *)"out of luck";
    s->info.warnings = warnings;
    s->info.n_warnings = 2;
    s->info.load_ns = 9007199254740993; // 2^53 + 1: a double would lose it
    s->info.rss_peak_bytes = 0;
    s->info.sampler_cpu_ns = 9007199254740995;
    s->info.wide_samples = 3;
    s->power[3].sample.raw = UINT64_MAX;
    s->power[4].sample.status = EB_SAMPLE_MISSING;
    s->tokens[3].token = -1;
    s->requests[1].status = EB_REQUEST_FAILED;
    s->requests[1].scheduled_ns = 0;
    assert_true(sample_write(s, j, &err));
}

static void same_header(const eb_journal_data *d, const sample_run *s)
{
    assert_string_equal(d->header.tool_version, "0.1.0");
    assert_string_equal(d->header.machine[0].value, "A \"quoted\" CPU");
    assert_string_equal(d->header.settings[1].value, "a shop, \"x\"\n2nd line");
    assert_null(d->header.settings[1].name);
    assert_int_equal(d->header.n_cases, 2);
    assert_string_equal(d->header.cases[1].type, "q8_0");
    assert_null(d->header.cases[1].reference_type);
    assert_int_equal(d->header.n_channels, 3);
    for (int i = 0; i < 3; i++) {
        const eb_channel *a = &d->header.channels[i], *b = &s->channels[i];
        assert_string_equal(a->name, b->name);
        assert_string_equal(a->label, b->label);
        assert_true(a->domain == b->domain && a->socket == b->socket && a->die == b->die && a->unit == b->unit &&
                    a->quantity == b->quantity && a->cumulative == b->cumulative && a->max_range == b->max_range &&
                    a->modulus == b->modulus && a->scale == b->scale && a->power_max_w == b->power_max_w &&
                    a->period_ns == b->period_ns && a->grade == b->grade && a->scope == b->scope &&
                    a->duplicate == b->duplicate && a->jitter_ns == b->jitter_ns && a->read_ns == b->read_ns &&
                    a->class_frac == b->class_frac && a->gap_max_ns == b->gap_max_ns && a->live == b->live);
        assert_string_equal(a->note, b->note);
        assert_string_equal(a->repeats, b->repeats);
    }
    assert_int_equal(d->header.cpus, 8);
}

static void same_trial(const eb_trial_data *t, const sample_run *s)
{
    assert_int_equal(t->info.round, 2);
    assert_true(t->info.load_ns == 9007199254740993 && t->info.rss_peak_bytes == 0);
    assert_true(t->info.sampler_cpu_ns == 9007199254740995 && t->info.wide_samples == 3);
    assert_string_equal(t->info.error, "out of luck");
    assert_int_equal(t->info.n_warnings, 2);
    assert_string_equal(t->info.warnings[1], "steal 3 %");
    assert_string_equal(t->info.digest, "00ff00ff00ff00ff");
    assert_int_equal(t->n_requests, SAMPLE_REQUESTS);
    assert_int_equal(t->n_tokens, SAMPLE_TOKENS);
    assert_memory_equal(t->requests, s->requests, sizeof s->requests);
    assert_memory_equal(t->tokens, s->tokens, sizeof s->tokens);
    assert_int_equal(t->n_power, s->n_power);
    for (size_t i = 0; i < s->n_power; i++) {
        assert_int_equal(t->power[i].channel, s->power[i].channel);
        assert_memory_equal(&t->power[i].sample, &s->power[i].sample, sizeof(int64_t) * 3 + sizeof(eb_status));
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    odd_header(&s);
    eb_journal *j = create(&s);
    eb_case_facts facts = sample_facts(1);
    facts.first_token_cold_ns = 123456789012345678;
    facts.kld_nats = 0.1;
    assert_true(eb_journal_facts(j, &facts, &err));
    facts.kld_nats = 0.25;
    assert_true(eb_journal_facts(j, &facts, &err));
    write_trial(&s, j, 0, 0, 0);
    odd_trial(&s, j);
    eb_warnings w = { 0 };
    eb_warn(&w, "governor is powersave");
    assert_true(eb_journal_end(j, &w, &err));
    eb_warnings_deinit(&w);
    eb_journal_close(j);

    eb_journal_data *d = read_run(s.dir);
    same_header(d, &s);
    assert_int_equal(d->n_facts, 1);
    assert_true(d->facts[0].kld_nats == 0.25 && isnan(d->facts[0].top1_agree));
    assert_true(d->facts[0].first_token_cold_ns == 123456789012345678);
    assert_true(d->facts[0].flop_per_tok == 3e6 && d->facts[0].flop_per_prompt_tok == 2.5e6);
    assert_int_equal(d->n_trials, 2);
    assert_int_equal(d->trials[0].info.number, 0);
    assert_int_equal(d->trials[0].info.case_index, -1);
    assert_int_equal(d->trials[0].n_tokens, 0);
    assert_int_equal(d->trials[0].n_power, 303);
    same_trial(&d->trials[1], &s);
    assert_true(d->complete);
    assert_int_equal(d->n_warnings, 1);
    assert_string_equal(d->warnings[0], "governor is powersave");
    eb_journal_data_free(d);
    sample_deinit(&s);
}

static void expect_warnings(const sample_run *s, char *const *want, int n)
{
    eb_journal_data *d = read_run(s->dir);
    assert_int_equal(d->n_warnings, n);
    for (int i = 0; i < n; i++)
        assert_string_equal(d->warnings[i], want[i]);
    eb_journal_data_free(d);
}

// What is known when a run begins is kept though it never ends, and when it is gone on with; what was said at its end
// is taken back when it goes on.
static void test_warnings_are_kept(void **state)
{
    (void)state;
    static char *const all[] = { (char *)"powercap measures a part only", (char *)"governor is powersave",
                                 (char *)"meter: the command ended", (char *)"stopped by max_time" };
    sample_run s;
    eb_err err = { 0 };
    eb_trial_info *done;
    int n_done;
    sample_init(&s);
    eb_journal *j = create(&s);
    snapshot before = take(s.dir);
    assert_true(eb_journal_warnings(j, NULL, 0, &err)); // none: no line
    snapshot after = take(s.dir);
    assert_int_equal(after.n[0], before.n[0]);
    drop(&before);
    drop(&after);
    assert_true(eb_journal_warnings(j, all, 2, &err));
    write_trial(&s, j, 1, 0, 0);
    eb_journal_close(j);
    expect_warnings(&s, all, 2);
    for (int round = 0; round < 2; round++) { // once more: the end of the first is forgotten
        j = eb_journal_resume(s.dir, &s.header, &done, &n_done, &err);
        assert_non_null(j);
        free(done);
        if (round == 0)
            assert_true(eb_journal_warnings(j, all + 2, 1, &err));
        expect_warnings(&s, all, 3);
        eb_warnings end = { 0 };
        eb_warn(&end, "%s", all[3]);
        assert_true(eb_journal_end(j, &end, &err));
        eb_warnings_deinit(&end);
        eb_journal_close(j);
        expect_warnings(&s, all, 4);
    }
    sample_deinit(&s);
}

static void test_energy_beside_the_tokens(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal *j = create(&s);
    write_trial(&s, j, 1, 0, 0);
    sample_trial(&s, 2, 0, 1, 1);
    for (int i = 0; i < SAMPLE_READS; i++) // memory moves once and is broken: nothing is known of a token
        s.power[3 * i + 1].sample.raw = i > 50 ? 2000000 : 1000;
    assert_true(sample_write(&s, j, &err));
    sample_trial(&s, 3, 0, 2, 1);
    assert_true(eb_journal_trial(j, &s.info, s.requests, 2, s.tokens, 8, NULL, 0, &err));
    eb_journal_close(j);
    snapshot now = take(s.dir);
    int line = 0;
    for (char *p = strtok(now.data[2], "\n"); p; p = strtok(NULL, "\n"), line++) {
        char phase[16], grade[16];
        int trial, request, index, token, end = 0;
        long long t0, t1;
        double uj, half;
        if (line == 0) {
            assert_string_equal(p, "trial,request,index,phase,t_start_ns,t_end_ns,token,energy_uj,"
                                   "energy_halfwidth_uj,grade,source,domains,coverage");
        } else if (line <= 8) {
            // 50 W: a prefill of 200 ms is 10 J, a step of 100 ms 5 J, halved between the two of a batch.
            assert_int_equal(sscanf(p, "%d,%d,%d,%15[^,],%lld,%lld,%d,%lf,%lf,%15[^,],%n", &trial, &request, &index,
                                    phase, &t0, &t1, &token, &uj, &half, grade, &end),
                             10);
            double truth = index ? 2.5e6 : 5e6;
            assert_true(fabs(uj - truth) < half && half < 0.05e6);
            assert_string_equal(grade, "counter");
            assert_string_equal(p + end, "powercap,package-0 + dram-0,complete");
        } else {
            assert_non_null(strstr(p, ",,,none,"));
        }
    }
    assert_int_equal(line, 25);
    drop(&now);
    sample_deinit(&s);
}

// The last trial's bytes are cut at every place in the order in which they are written: rows of three files, then the
// line.
static void test_cut_at_every_byte(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal *j = create(&s);
    for (int n = 0; n < 3; n++)
        write_trial(&s, j, n, n - 1 > 0, 0);
    snapshot before = take(s.dir);
    sample_trial(&s, 3, 1, 1, 1);
    s.n_power = 6;
    assert_true(sample_write(&s, j, &err));
    eb_journal_close(j);
    snapshot after = take(s.dir);
    static const int order[] = { 1, 2, 3, 0 };
    for (int stage = 0; stage < FILES; stage++) {
        int file = order[stage];
        for (size_t cut = before.n[file]; cut <= after.n[file]; cut++) {
            for (int i = 0; i < FILES; i++) {
                bool whole = false, partial = i == file;
                for (int k = 0; k < stage; k++)
                    whole = whole || order[k] == i;
                put_raw(s.dir, i, after.data[i], whole ? after.n[i] : partial ? cut : before.n[i]);
            }
            bool finished = stage == 3 && cut == after.n[0];
            eb_journal_data *d = read_run(s.dir);
            assert_int_equal(d->n_trials, finished ? 4 : 3);
            assert_int_equal(d->trials[2].n_tokens, 8);
            assert_false(d->complete);
            eb_journal_data_free(d);
            eb_trial_info *done;
            int n_done;
            j = eb_journal_resume(s.dir, &s.header, &done, &n_done, &err);
            assert_non_null(j);
            assert_int_equal(n_done, finished ? 3 : 2); // without the idle baseline
            for (int i = 0; i < n_done; i++)
                assert_int_equal(done[i].number, i + 1);
            free(done);
            if (!finished)
                assert_true(sample_write(&s, j, &err));
            eb_journal_close(j);
            d = read_run(s.dir);
            assert_int_equal(d->n_trials, 4);
            for (int i = 0; i < 4; i++)
                assert_int_equal(d->trials[i].info.number, i);
            assert_int_equal(d->trials[3].n_power, 6);
            eb_journal_data_free(d);
            // The rows are those of a run that was never cut.
            snapshot now = take(s.dir);
            for (int i = 1; i < FILES; i++) {
                assert_int_equal(now.n[i], after.n[i]);
                assert_memory_equal(now.data[i], after.data[i], now.n[i]);
            }
            drop(&now);
        }
    }
    drop(&before);
    drop(&after);
    sample_deinit(&s);
}

static void expect_refusal(sample_run *s, const char *message)
{
    eb_err err = { 0 };
    eb_trial_info *done = NULL;
    int n_done;
    snapshot before = take(s->dir);
    assert_null(eb_journal_resume(s->dir, &s->header, &done, &n_done, &err));
    assert_int_equal(err.code, EB_FAILED);
    if (!strstr(err.message, message))
        print_error("%s\n", err.message);
    assert_non_null(strstr(err.message, message));
    snapshot after = take(s->dir);
    for (int i = 0; i < FILES; i++)
        assert_int_equal(before.n[i], after.n[i]);
    drop(&before);
    drop(&after);
}

static void test_resume_refuses_another_run(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    eb_journal *j = create(&s);
    write_trial(&s, j, 1, 0, 0);
    expect_refusal(&s, "another effbench is writing");
    eb_journal_close(j);
    s.header.plan_digest = (char *)"4567";
    s.settings[0].value = (char *)"5";
    expect_refusal(&s, "[run] trials was '3' and is '5'");
    sample_setting(&s, "run", "pause", "1s");
    s.settings[0].value = (char *)"3";
    expect_refusal(&s, "[run] pause was '' and is '1s'");
    s.header.n_settings = 1;
    s.header.plan_digest = (char *)"0123";
    s.header.fingerprint = (char *)"beef";
    s.machine[1].value = (char *)"powersave";
    expect_refusal(&s, "governor was 'performance' and is 'powersave'");
    s.header.fingerprint = (char *)"feed";
    s.header.n_channels = 2;
    expect_refusal(&s, "the probes do not see what they saw");
    s.header.n_channels = 3;
    char *path = eb_path_join(s.dir, "power.csv");
    assert_int_equal(truncate(path, 200), 0);
    free(path);
    expect_refusal(&s, "shorter than trials.jsonl says: 200 bytes");
    sample_deinit(&s);
}

static void test_create_refuses_a_run(void **state)
{
    (void)state;
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal_close(create(&s));
    assert_null(eb_journal_create(s.dir, &s.header, &err));
    assert_int_equal(err.code, EB_USAGE);
    assert_non_null(strstr(err.message, "holds a run already"));
    sample_deinit(&s);
}

// A full disk, played by a limit on file sizes: the error names the file and the trial leaves no trace.
static void test_full_disk(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    eb_journal *j = create(&s);
    write_trial(&s, j, 1, 0, 0);
    snapshot before = take(s.dir);
    sample_trial(&s, 2, 0, 1, 1);
    struct rlimit old, small;
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    // power.csv fills up first, then the line of trials.jsonl does (the rows are few).
    for (int round = 0; round < 2; round++) {
        eb_err err = { 0 };
        if (round)
            s.n_power = 3;
        small.rlim_cur = (round ? before.n[0] : before.n[3]) + 60;
        if (round && before.n[3] + 1000 > small.rlim_cur)
            s.n_power = 0;
        setrlimit(RLIMIT_FSIZE, &small);
        bool ok = sample_write(&s, j, &err);
        setrlimit(RLIMIT_FSIZE, &old);
        assert_false(ok);
        assert_int_equal(err.code, EB_FAILED);
        assert_non_null(strstr(err.message, files[round ? 0 : 3]));
        snapshot after = take(s.dir);
        for (int i = 0; i < FILES; i++)
            assert_int_equal(before.n[i], after.n[i]);
        drop(&after);
    }
    signal(SIGXFSZ, handler);
    eb_err err = { 0 };
    assert_true(sample_write(&s, j, &err)); // there is room again
    eb_journal_close(j);
    eb_journal_data *d = read_run(s.dir);
    assert_int_equal(d->n_trials, 2);
    eb_journal_data_free(d);
    drop(&before);
    sample_deinit(&s);
}

static void replace(const char *dir, int file, const snapshot *from, const char *what, const char *by)
{
    char *at = strstr(from->data[file], what);
    assert_non_null(at);
    char *text = eb_format("%.*s%s%s", (int)(at - from->data[file]), from->data[file], by, at + strlen(what));
    put_raw(dir, file, text, strlen(text));
    free(text);
}

static void test_damage_is_one_clear_line(void **state)
{
    (void)state;
    sample_run s;
    sample_init(&s);
    eb_journal *j = create(&s);
    write_trial(&s, j, 1, 0, 0);
    eb_journal_close(j);
    snapshot good = take(s.dir);
    static const struct {
        int file;
        const char *what, *by;
        int line;
        const char *message;
    } table[] = {
        { 1, ",ok\n", ",no\n", 2, "column 'status' is not what it should be" },
        { 1, "1,0,4900000000,", "2,0,4900000000,", 2, "column 'trial' is not" },
        { 2, "prefill,5000000000,", "prefill,5000000x00,", 2, "column 't_start_ns' is not" },
        { 2, "prefill,5000000000,", "prefill,9000000000,", 2, "column 't_end_ns' is before t_start_ns" },
        { 2, "prefill,5000000000,", "prefill,4000000000,", 2, "column 't_start_ns' is before its request was sent" },
        { 1, "1,0,4900000000,", "1,0,-4900000000,", 2, "column 'scheduled_ns' is below 0" },
        { 1, "1,0,4900000000,", "1,0,6900000000,", 2, "column 'sent_ns' is before scheduled_ns" },
        { 2, "trial,request,index", "trial,request,indey", 1, "not a file of this program" },
        { 2, ",complete\n", ",complete,\n", 2, "too many columns" },
        { 2, ",powercap,", ",", 2, "too few columns" },
        { 3, "intel-rapl:0,", "intel-rapl:9,", 2, "column 'channel' is not" },
        { 3, "5000000000,5000000000,", "5000000000,4000000000,", 2, "column 't_after_ns' is not" },
        { 3, ",ok\n", "\"ok\n", 2, "" },
        { 0, "\"plan_digest\":\"0123\"", "\"plan_digest\":7", 1, "'plan_digest' is missing" },
        { 0, "\"case\":0", "\"case\":2", 2, "'case' is missing or not" },
        { 0, "\"domain\":\"dram\"", "\"domain\":\"drum\"", 1, "'domain' is missing or not" },
        { 0, "effbench.journal/1", "effbench.journal/9", 1, "journal of schema 'effbench.journal/9'" },
        { 0, "\"record\":\"trial\"", "\"record\":\"trail\"", 2, "not a record of a run" },
        { 0, "\"record\":\"trial\"", "\"record\":\"header\"", 2, "one header" },
        { 0, "\"record\":\"trial\"", "\"record\":\"warnings\"", 2, "malformed warnings record" },
        { 0, "{\"record\":\"trial\"", "[\"record\":\"trial\"", 2, "malformed JSON" },
        { 0, "\"t_start_ns\":\"5000000000\"", "\"t_start_ns\":\"50000000000000000000\"", 2, "'t_start_ns' is" },
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        eb_err err = { 0 };
        replace(s.dir, table[i].file, &good, table[i].what, table[i].by);
        assert_null(eb_journal_read(s.dir, &err));
        assert_int_equal(err.code, EB_USAGE);
        if (!strstr(err.message, table[i].message) || err.line != table[i].line)
            print_error("%zu: %s:%d: %s\n", i, err.file, err.line, err.message);
        assert_non_null(strstr(err.message, table[i].message));
        assert_int_equal(err.line, table[i].line);
        assert_non_null(strstr(err.file, files[table[i].file]));
        put_raw(s.dir, table[i].file, good.data[table[i].file], good.n[table[i].file]);
    }
    for (int i = 0; i < FILES; i++) { // a file that is gone, a file that is shorter than it was
        eb_err err = { 0 };
        char *path = eb_path_join(s.dir, files[i]);
        unlink(path);
        assert_null(eb_journal_read(s.dir, &err));
        assert_int_equal(err.code, EB_USAGE);
        put_raw(s.dir, i, good.data[i], i ? good.n[i] - 1 : 10);
        assert_null(eb_journal_read(s.dir, &err));
        assert_int_equal(err.code, EB_USAGE);
        put_raw(s.dir, i, good.data[i], good.n[i]);
        free(path);
    }
    eb_journal_data_free(read_run(s.dir));
    drop(&good);
    sample_deinit(&s);
}

// A run of before columns were added is read as it is; going on with it would give rows of two kinds.
static void test_older_columns(void **state)
{
    (void)state;
    static const char now[] = "energy_halfwidth_uj,grade,source,domains,coverage\n";
    static const char then[] = "energy_halfwidth_uj,grade\n";
    sample_run s;
    eb_err err = { 0 };
    eb_trial_info *done;
    int n_done;
    sample_init(&s);
    eb_journal_close(create(&s));
    snapshot made = take(s.dir);
    char *bytes = eb_format("\"tokens.csv\":\"%zu\"", made.n[2]);
    char *fewer = eb_format("\"tokens.csv\":\"%zu\"", made.n[2] - (sizeof now - sizeof then));
    replace(s.dir, 0, &made, bytes, fewer);
    replace(s.dir, 2, &made, now, then);
    eb_journal_data *d = read_run(s.dir);
    assert_int_equal(d->n_trials, 0);
    eb_journal_data_free(d);
    assert_null(eb_journal_resume(s.dir, &s.header, &done, &n_done, &err));
    assert_int_equal(err.code, EB_FAILED);
    assert_non_null(strstr(err.message, "tokens.csv' was begun by another version"));
    free(bytes);
    free(fewer);
    free(done);
    drop(&made);
    sample_deinit(&s);
}

static void test_many_tokens(void **state)
{
    (void)state;
    enum { TOKENS = 100000 };
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    eb_journal *j = create(&s);
    sample_trial(&s, 1, 0, 0, 1);
    eb_token_event *tokens = calloc(TOKENS, sizeof *tokens);
    for (int i = 0; i < TOKENS; i++)
        tokens[i] = (eb_token_event){ .index = (uint32_t)i,
                                      .phase = i ? EB_PHASE_DECODE : EB_PHASE_PREFILL,
                                      .token = i,
                                      .t_start_ns = 5000000000LL + i * 10000,
                                      .t_end_ns = 5000000000LL + (i + 1) * 10000 };
    assert_true(eb_journal_trial(j, &s.info, s.requests, 1, tokens, TOKENS, s.power, s.n_power, &err));
    eb_journal_close(j);
    eb_journal_data *d = read_run(s.dir);
    assert_int_equal(d->trials[0].n_tokens, TOKENS);
    assert_memory_equal(d->trials[0].tokens, tokens, TOKENS * sizeof *tokens);
    eb_journal_data_free(d);
    free(tokens);
    sample_deinit(&s);
}

// A profile's rows, two trials with spans and one with counts.
static eb_span sample_span(int64_t t, uint32_t length, eb_op op, int layer)
{
    return (eb_span){ .t_start_ns = t,
                      .length_ns = length,
                      .op = (uint8_t)op,
                      .phase = EB_PHASE_DECODE,
                      .layer = layer < 0 ? UINT16_MAX : (uint16_t)layer,
                      .bytes = 1048576,
                      .flop = 3e9f };
}

static void write_profile_trial(sample_run *s, eb_journal *j, int number)
{
    eb_err err = { 0 };
    eb_span spans[] = { sample_span(5000000000LL * number, 4294967295u, EB_OP_QKV, 3),
                        sample_span(5000000000LL * number + 4294967295, 1, EB_OP_SAMPLING, -1) };
    eb_op_count_row ops[] = {
        { .event = "cycles",
          .op = EB_OP_QKV,
          .phase = EB_PHASE_DECODE,
          .value = 12345678901.0,
          .running_frac = 0.5,
          .calls = 7 },
        { .event = "cpu/event=0x2e,\"x\"/",
          .op = EB_OP_OTHER,
          .phase = EB_PHASE_PREFILL,
          .value = 0.25,
          .running_frac = 1,
          .calls = 0 },
    };
    eb_journal_spans(j, number, spans, number == 2 ? 0 : 2, ops, number == 2 ? 2 : 0);
    memset(spans, 0xff, sizeof spans); // they were copied
    memset(ops, 0xff, sizeof ops);
    sample_trial(s, number, 0, number, 1);
    s->n_power = 3;
    assert_true(sample_write(s, j, &err));
}

static void expect_profile(const char *dir, int trials)
{
    eb_journal_data *d = read_run(dir);
    assert_int_equal(d->n_trials, trials);
    for (int i = 0; i < trials; i++) {
        const eb_trial_data *t = &d->trials[i];
        assert_int_equal(t->n_spans, t->info.number == 2 ? 0 : 2);
        assert_int_equal(t->n_ops, t->info.number == 2 ? 2 : 0);
        if (t->n_spans) {
            eb_span first = sample_span(5000000000LL * t->info.number, 4294967295u, EB_OP_QKV, 3);
            assert_memory_equal(&t->spans[0], &first, sizeof first);
            assert_int_equal(t->spans[1].layer, UINT16_MAX);
        } else {
            assert_string_equal(t->ops[1].event, "cpu/event=0x2e,\"x\"/");
            assert_true(t->ops[0].value == 12345678901.0 && t->ops[0].running_frac == 0.5 && t->ops[0].calls == 7);
            assert_true(t->ops[1].value == 0.25 && t->ops[1].op == EB_OP_OTHER && t->ops[1].phase == EB_PHASE_PREFILL);
        }
    }
    eb_journal_data_free(d);
}

// The rows of a profile come back; where the run was killed in the midst of them, they are cut off and written again.
static void test_spans_round_trip(void **state)
{
    (void)state;
    static const char *const names[] = { "spans.csv", "op_counters.csv" };
    sample_run s;
    eb_err err = { 0 };
    sample_init(&s);
    sample_setting(&s, "run", "profile", "yes");
    eb_journal *j = create(&s);
    for (int n = 1; n <= 3; n++)
        write_profile_trial(&s, j, n);
    eb_journal_close(j);
    expect_profile(s.dir, 3);
    char *whole[2];
    size_t size[2];
    for (int f = 0; f < 2; f++) {
        char *path = eb_path_join(s.dir, names[f]);
        assert_non_null(whole[f] = eb_file_read(path, 1 << 20, &size[f], &err));
        free(path);
    }
    char *lines = eb_path_join(s.dir, "trials.jsonl"), *spans = eb_path_join(s.dir, names[0]);
    size_t n_lines;
    char *text = eb_file_read(lines, 1 << 20, &n_lines, &err);
    assert_non_null(text);
    text[n_lines - 1] = '\0';
    size_t before = (size_t)(strrchr(text, '\n') - text) + 1; // without the third trial's line
    assert_int_equal(truncate(lines, (off_t)before), 0);
    size_t rows2 = size[0] - strlen(strstr(whole[0], "\n3,") + 1); // trial 3's rows begin here
    for (size_t cut = rows2; cut <= size[0]; cut++) {
        assert_int_equal(truncate(spans, (off_t)cut), 0);
        expect_profile(s.dir, 2);
        eb_trial_info *done;
        int n_done;
        assert_non_null(j = eb_journal_resume(s.dir, &s.header, &done, &n_done, &err));
        assert_int_equal(n_done, 2);
        free(done);
        write_profile_trial(&s, j, 3);
        eb_journal_close(j);
        expect_profile(s.dir, 3);
        size_t n;
        char *now = eb_file_read(spans, 1 << 20, &n, &err);
        assert_int_equal(n, size[0]);
        assert_memory_equal(now, whole[0], n);
        free(now);
        assert_int_equal(truncate(lines, (off_t)before), 0);
    }
    // A row that finished trials need and that is gone is damage, not an empty profile.
    assert_int_equal(truncate(spans, (off_t)rows2 - 3), 0);
    assert_null(eb_journal_read(s.dir, &err));
    assert_non_null(strstr(err.file, "spans.csv"));
    free(lines);
    free(spans);
    free(text);
    free(whole[0]);
    free(whole[1]);
    sample_deinit(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_warnings_are_kept),
        cmocka_unit_test(test_energy_beside_the_tokens),
        cmocka_unit_test(test_cut_at_every_byte),
        cmocka_unit_test(test_resume_refuses_another_run),
        cmocka_unit_test(test_create_refuses_a_run),
        cmocka_unit_test(test_full_disk),
        cmocka_unit_test(test_damage_is_one_clear_line),
        cmocka_unit_test(test_older_columns),
        cmocka_unit_test(test_many_tokens),
        cmocka_unit_test(test_spans_round_trip),
    };
    return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
