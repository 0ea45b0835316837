// SPDX-License-Identifier: Apache-2.0
// What measuring costs: a token mark, a read of a zone over a plain pread, the sampler at 100 Hz and 1 kHz over six
// zones (the thread's own CPU clock, judged; and what is read in beats, which the pairs judge), and the tokens per
// second that sampling takes, by interleaved pairs. Each figure with its target. The zones are files of a
// temporary folder, which cost less to read than sysfs does (0.63 us there, docs/energy.md); the way to them is that of
// the machine itself: kept handles and pread. bench_probes [PAIRS [SHAPE TYPE]]   (default: 300 pairs of smollm2-135m
// q8_0). THREADS: of the engine, else all CPUs. Exit 1 where something could not be measured at all; a missed target is
// a word, not a failure.
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "harness/base/bootstrap.h"
#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/stats.h"
#include "harness/run/sampler.h"
#include "probes/probe_impl.h"
#include "workloads/engine/engine.h"
#include "workloads/workload_impl.h"

enum {
    ZONES = 6,
    ROUNDS = 31,
    CALLS = 20000,
    PROMPT = 16,
    OUTPUT = 16,
    PAIRS_MAX = 4000,
    PATH_SIZE = 512,
    READ_NS = 700
};
#define LOOK_NS 2000000000ll

static char root[] = "/tmp/eb-bench-XXXXXX";

static int online(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n > 0 ? (int)n : 1;
}

static bool stop(const eb_err *err)
{
    eb_err_print(err, stderr);
    return false;
}

static void verdict(const char *what, double value, double target, const char *unit)
{
    printf("%-44s %9.3f %s  target %g: %s\n", what, value, unit, target, value <= target ? "ok" : "over");
}

// ---- the machine itself, with its files below `root` ---------------------------------------------------------------

static int below_open(const eb_io *io, const char *path)
{
    char whole[PATH_SIZE];
    (void)io;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

static int below_list(const eb_io *io, const char *path, void (*visit)(void *arg, const char *name), void *arg)
{
    char whole[PATH_SIZE];
    eb_io real = eb_io_real();
    (void)io;
    snprintf(whole, sizeof whole, "%s%s", root, path);
    return real.list(&real, whole, visit, arg);
}

static bool put(const char *zone, const char *name, const char *text)
{
    char path[PATH_SIZE];
    eb_err err;
    eb_err_clear(&err);
    snprintf(path, sizeof path, "%s/sys/class/powercap/%s", root, zone);
    if (!eb_mkdirs(path, &err))
        return stop(&err);
    snprintf(path, sizeof path, "%s/sys/class/powercap/%s/%s", root, zone, name);
    return eb_file_write_atomic(path, text, strlen(text), &err) || stop(&err);
}

static bool make_zones(void)
{
    static const char *const zones[ZONES][2] = {
        { "intel-rapl:0", "package-0" }, { "intel-rapl:0:0", "core" }, { "intel-rapl:0:1", "dram" },
        { "intel-rapl:1", "package-1" }, { "intel-rapl:1:0", "core" }, { "intel-rapl:1:1", "dram" },
    };
    bool ok = mkdtemp(root) != NULL;
    for (int i = 0; ok && i < ZONES; i++)
        ok = put(zones[i][0], "name", zones[i][1]) && put(zones[i][0], "energy_uj", "123456789012\n") &&
             put(zones[i][0], "max_energy_range_uj", "262143328850\n");
    return ok;
}

static void remove_zones(void)
{
    char command[64];
    snprintf(command, sizeof command, "rm -rf '%s'", root);
    if (system(command) != 0)
        fprintf(stderr, "could not remove %s\n", root);
}

static eb_probe *open_zones(eb_io *io, const eb_probe_config *config)
{
    eb_err err;
    eb_err_clear(&err);
    *io = eb_io_real();
    io->open = below_open;
    io->list = below_list;
    eb_probe_env env = { io, config };
    eb_probe *probe = eb_probe_open(&eb_probe_powercap, &env, &err);
    const eb_channel *channels;
    if (!probe)
        stop(&err);
    else if (eb_probe_channels(probe, &channels) != ZONES)
        eb_probe_close(probe), probe = NULL;
    return probe;
}

// ---- costs of single calls: the median of rounds -------------------------------------------------------------------

static double mark_ns(void)
{
    static eb_token_event marks[CALLS];
    double rounds[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        int64_t start = eb_now_ns(), last = start;
        for (int i = 0; i < CALLS; i++) {
            int64_t now = eb_now_ns();
            marks[i] = (eb_token_event){ .index = (uint32_t)i, .t_start_ns = last, .t_end_ns = now };
            last = now;
        }
        rounds[r] = (double)(eb_now_ns() - start) / CALLS;
        __asm__ volatile("" : : "r"(marks) : "memory");
    }
    return eb_median(rounds, ROUNDS);
}

static double plain_ns(int fd)
{
    char buf[64];
    int64_t start = eb_now_ns();
    for (int i = 0; i < CALLS; i++)
        if (pread(fd, buf, sizeof buf, 0) <= 0)
            return NAN;
    return (double)(eb_now_ns() - start) / CALLS;
}

static double zone_ns(eb_probe *probe)
{
    eb_sample samples[ZONES];
    int64_t start = eb_now_ns();
    for (int i = 0; i < CALLS / ZONES; i++) {
        eb_probe_read(probe, samples);
        for (int z = 0; z < ZONES; z++)
            if (samples[z].status != EB_SAMPLE_OK)
                return NAN;
    }
    return (double)(eb_now_ns() - start) / (CALLS / ZONES * ZONES);
}

static bool bench_calls(eb_probe *probe)
{
    double plain[ROUNDS], extra[ROUNDS];
    int fd = below_open(NULL, "/sys/class/powercap/intel-rapl:0/energy_uj");
    verdict("token mark (a clock read and a store)", mark_ns(), 100, "ns");
    for (int r = 0; r < ROUNDS; r++) {
        plain[r] = plain_ns(fd);
        extra[r] = zone_ns(probe) - plain[r];
    }
    close(fd);
    if (isnan(eb_median(plain, ROUNDS)) || isnan(eb_median(extra, ROUNDS)))
        return false;
    printf("%-44s %9.3f us\n", "plain pread of a zone's file", eb_median(plain, ROUNDS) / 1e3);
    verdict("a zone's reading over that", eb_median(extra, ROUNDS) / 1e3, 1, "us");
    return true;
}

// ---- the workload under which all this is measured
// ----------------------------------------------------------------------------

typedef struct workload {
    eb_engine *engine;
    eb_workload_params params;
    eb_token_event tokens[OUTPUT];
    eb_request_row requests[1];
} workload;

static bool open_workload(workload *w, const char *shape, const char *type, int threads)
{
    char source[128], path[PATH_SIZE];
    const eb_engine_ops *ops = eb_engine_find("native");
    eb_err err;
    eb_err_clear(&err);
    snprintf(source, sizeof source, "shape:%s", shape);
    eb_model_spec spec = { .source = source, .type = type, .seed = 1 };
    eb_engine_config config = {
        .threads = threads, .affinity = true, .max_batch = 1, .max_ctx_tok = PROMPT + OUTPUT, .kv = EB_KV_F16
    };
    w->params = (eb_workload_params){
        .prompt_tok = PROMPT, .output_tok = OUTPUT, .batch = 1, .seed = 1, .sampling = { .top_p = 1 }
    };
    w->engine = ops->prepare(&spec, path, sizeof path, NULL, NULL, &err) ? ops->open(path, &config, &err) : NULL;
    return w->engine || stop(&err);
}

// Output tokens per second; NAN after an error.
static double tok_s_with(workload *w, const eb_pulse *pulse, eb_sampler *s)
{
    eb_err err;
    eb_err_clear(&err);
    eb_trial_sink sink = { .tokens = w->tokens, .cap_tokens = OUTPUT, .requests = w->requests, .cap_requests = 1 };
    w->engine->ops->set_pulse(w->engine, pulse);
    if (s)
        eb_sampler_begin(s);
    bool ok = eb_generate_trial(&w->params, w->engine, &sink, &err);
    if (s)
        eb_sampler_end(s);
    if (!ok)
        stop(&err);
    return ok ? OUTPUT * 1e9 / (double)(sink.t_end_ns - sink.t_start_ns) : NAN;
}

static double tok_s(workload *w, eb_sampler *s)
{
    return tok_s_with(w, s ? eb_sampler_pulse(s) : NULL, s);
}

// ---- the sampler's thread ------------------------------------------------------------------------------------------

static eb_sampler *make_sampler(eb_io *io, eb_probe **probe, eb_probe_config *config, double rate_hz, int busy)
{
    eb_channel channels[ZONES];
    const eb_channel *own;
    int n = eb_probe_channels(*probe, &own);
    for (int i = 0; i < n; i++) {
        channels[i] = own[i];
        channels[i].read_ns = READ_NS; // as calibration would find
    }
    eb_err err;
    eb_err_clear(&err);
    config->rate_hz = rate_hz;
    eb_sampler_setup setup = { .clock = &io->clock,
                               .probes = probe,
                               .n_probes = 1,
                               .channels = channels,
                               .config = config,
                               .max_rows = 1 << 18,
                               .busy_cpus = busy };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    if (s && !eb_sampler_start(s, &err)) {
        eb_sampler_free(s);
        s = NULL;
    }
    if (!s)
        stop(&err);
    return s;
}

// What sampling takes of the machine's CPU time while the workload runs.
typedef struct cost {
    double thread_percent, beats_percent; // on a thread of its own, and on the workload's
    double set_us;
} cost;

// False when it did not run.
static bool sampling_cost(eb_sampler *s, workload *w, int n_zones, cost *out)
{
    int64_t start = eb_now_ns();
    bool ok = true;
    eb_sampler_begin(s);
    while (ok && eb_now_ns() < start + LOOK_NS)
        ok = !isnan(tok_s_with(w, eb_sampler_pulse(s), NULL));
    eb_sampler_end(s);
    double had_ns = (double)(eb_now_ns() - start) * online();
    double all_ns = (double)eb_sampler_cpu_ns(s), beats_ns = (double)eb_sampler_beats_ns(s);
    size_t rows;
    eb_sampler_rows(s, &rows);
    double sets = (double)rows / n_zones - 2;
    *out = (cost){ 100 * (all_ns - beats_ns) / had_ns, 100 * beats_ns / had_ns, all_ns / sets / 1e3 };
    return ok && sets > 0;
}

// A source that reads nothing: what is left is the way to the reading.
static void read_nothing(eb_probe *probe, eb_sample *out)
{
    (void)probe;
    out[0] = (eb_sample){ .status = EB_SAMPLE_OK };
}

static bool bench_thread(eb_io *io, eb_probe *probe, eb_probe_config *config, workload *w, double rate_hz,
                         double target)
{
    static const eb_probe_ops nothing_ops = { .name = "nothing", .doc = "reads nothing", .read = read_nothing };
    static eb_channel nothing_channel = { .name = "nothing/0",
                                          .quantity = EB_QUANTITY_ENERGY_UJ,
                                          .cumulative = true,
                                          .scale = 1,
                                          .grade = EB_GRADE_COUNTER };
    eb_probe nothing = { .ops = &nothing_ops, .channels = &nothing_channel, .n = 1 }, *no_zones = &nothing;
    cost zones, none;
    eb_sampler *s = make_sampler(io, &probe, config, rate_hz, online());
    eb_sampler *empty = make_sampler(io, &no_zones, config, rate_hz, online());
    bool ok = s && empty && sampling_cost(s, w, ZONES, &zones) && sampling_cost(empty, w, 1, &none);
    if (ok) {
        char what[64];
        snprintf(what, sizeof what, "six zones at %g Hz: thread, of %d CPUs", rate_hz, online());
        verdict(what, zones.thread_percent, target, "% ");
        printf("%-44s %9.3f %%  in beats on the workload's thread, where no CPU is to spare\n", "",
               zones.beats_percent);
        printf("%-44s %9.3f us a set, both together; %.3f us of it without the readings; %d dropped\n", "",
               zones.set_us, none.set_us, eb_sampler_wide(s));
    }
    eb_sampler_free(s);
    eb_sampler_free(empty);
    return ok;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// Mean of the middle three fifths and the half-width of its 95 % interval (Yuen: the winsorized deviation over
// (1 - 2 trim) sqrt n, n - 2 trimmed degrees of freedom): a foreign process that cuts into some pairs does not count.
static double trimmed(double *x, int n, double *half)
{
    const int cut = n / 5, kept = n - 2 * cut;
    qsort(x, (size_t)n, sizeof *x, by_value);
    double mean = eb_mean(x + cut, (size_t)kept);
    for (int i = 0; i < cut; i++) {
        x[i] = x[cut];
        x[n - 1 - i] = x[n - 1 - cut];
    }
    *half = eb_student_quantile(0.975, kept - 1) * eb_stddev(x, (size_t)n) * n / (kept * sqrt(n));
    return mean;
}

// Pairs in the order A B B A, so that drift falls on both alike.
static bool bench_pairs(eb_io *io, eb_probe *probe, eb_probe_config *config, workload *w, double rate_hz, int pairs)
{
    static double ratio[PAIRS_MAX];
    eb_sampler *s = make_sampler(io, &probe, config, rate_hz, online());
    bool ok = s && !isnan(tok_s(w, NULL)) && !isnan(tok_s(w, s));
    double with = 0, without = 0;
    for (int i = 0; ok && i < pairs; i++) {
        double first = tok_s(w, i % 2 ? s : NULL), second = tok_s(w, i % 2 ? NULL : s);
        double sampled = i % 2 ? first : second, plain = i % 2 ? second : first;
        ok = !isnan(first) && !isnan(second);
        ratio[i] = log(sampled / plain);
        with += sampled / pairs;
        without += plain / pairs;
    }
    eb_sampler_free(s);
    if (!ok)
        return false;
    double half, mean = trimmed(ratio, pairs, &half);
    double lo = 100 * (exp(mean - half) - 1), hi = 100 * (exp(mean + half) - 1);
    printf("%d pairs: %.1f tok/s, sampled at %g Hz %.1f tok/s\n", pairs, without, rate_hz, with);
    printf("%-44s %+9.3f %%  95 %% interval %+.2f to %+.2f; target: no loss beyond 1: %s\n", "tokens/s with sampling",
           100 * (exp(mean) - 1), lo, hi,
           lo > -1   ? "ok"
           : hi < -1 ? "over"
                     : "not told (noise: more pairs)");
    return true;
}

int main(int argc, char **argv)
{
    static workload w;
    int pairs = argc > 1 ? atoi(argv[1]) : 300;
    const char *shape = argc > 3 ? argv[2] : "smollm2-135m", *type = argc > 3 ? argv[3] : "q8_0";
    const char *wanted = getenv("THREADS");
    int threads = wanted && atoi(wanted) > 0 ? atoi(wanted) : online();
    eb_probe_config config;
    eb_io io;
    eb_probe_config_default(&config);
    if (pairs < 2 || pairs > PAIRS_MAX) {
        fprintf(stderr, "usage: bench_probes [PAIRS [SHAPE TYPE]]\n");
        return 2;
    }
    if (!make_zones() || !open_workload(&w, shape, type, threads))
        return 1;
    printf("zones are files of a temporary folder: cheaper to read than sysfs. Load: %s %s, %d threads of %d CPUs\n",
           shape, type, threads, online());
    eb_probe *probe = open_zones(&io, &config);
    bool ok = probe && bench_calls(probe) && bench_thread(&io, probe, &config, &w, 100, 0.1) &&
              bench_thread(&io, probe, &config, &w, 1000, 0.25) && bench_pairs(&io, probe, &config, &w, 100, pairs) &&
              bench_pairs(&io, probe, &config, &w, 1000, pairs);
    eb_probe_close(probe);
    w.engine->ops->close(w.engine);
    remove_zones();
    return ok ? 0 : 1;
}
