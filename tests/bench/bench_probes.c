// SPDX-License-Identifier: Apache-2.0
// What measuring costs: a token mark, a read of a zone over a plain pread, the sampler's thread at 100 Hz and 1 kHz
// over six zones, and the tokens per second that sampling at 1 kHz takes, by interleaved pairs. Each figure with its
// target. The zones are files of a temporary folder, which cost less to read than sysfs does (0.63 us there,
// docs/energy.md); the way to them is that of the machine itself: kept handles and pread. bench_probes [PAIRS [SHAPE
// TYPE]]   (default: 24 pairs of smollm2-135m q8_0). THREADS: of the engine, else all CPUs. Exit 1 where something
// could not be measured at all; a missed target is a word, not a failure.
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

enum { ZONES = 6, ROUNDS = 31, CALLS = 20000, PROMPT = 16, OUTPUT = 48, PAIRS_MAX = 1000, PATH_SIZE = 512 };
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
static double tok_s(workload *w, eb_sampler *s)
{
    eb_err err;
    eb_err_clear(&err);
    eb_trial_sink sink = { .tokens = w->tokens, .cap_tokens = OUTPUT, .requests = w->requests, .cap_requests = 1 };
    if (s)
        eb_sampler_begin(s);
    bool ok = eb_generate_trial(&w->params, w->engine, &sink, &err);
    if (s)
        eb_sampler_end(s);
    if (!ok)
        stop(&err);
    return ok ? OUTPUT * 1e9 / (double)(sink.t_end_ns - sink.t_start_ns) : NAN;
}

// ---- the sampler's thread ------------------------------------------------------------------------------------------

static eb_sampler *make_sampler(eb_io *io, eb_probe **probe, eb_probe_config *config, double rate_hz, int busy)
{
    eb_err err;
    eb_err_clear(&err);
    config->rate_hz = rate_hz;
    eb_sampler_setup setup = {
        .clock = &io->clock, .probes = probe, .n_probes = 1, .config = config, .max_rows = 1 << 18, .busy_cpus = busy
    };
    eb_sampler *s = eb_sampler_new(&setup, &err);
    if (s && !eb_sampler_start(s, &err)) {
        eb_sampler_free(s);
        s = NULL;
    }
    if (!s)
        stop(&err);
    return s;
}

// The share of the machine's CPU time that the thread takes while the workload runs, and how often it read; false when
// it did not run.
static bool thread_cost(eb_sampler *s, workload *w, int n_zones, double *percent, double *set_us, double *sets)
{
    int64_t start = eb_now_ns();
    bool ok = true;
    eb_sampler_begin(s);
    while (ok && eb_now_ns() < start + LOOK_NS)
        ok = !isnan(tok_s(w, NULL));
    eb_sampler_end(s);
    double elapsed_ns = (double)(eb_now_ns() - start), cpu_ns = (double)eb_sampler_cpu_ns(s);
    size_t rows;
    eb_sampler_rows(s, &rows);
    *sets = (double)rows / n_zones - 2;
    *percent = 100 * cpu_ns / (elapsed_ns * online());
    *set_us = cpu_ns / *sets / 1e3;
    return ok && *sets > 0;
}

// A source that reads nothing: what is left is the thread's waking.
static void read_nothing(eb_probe *probe, eb_sample *out)
{
    (void)probe;
    out[0] = (eb_sample){ .status = EB_SAMPLE_OK };
}

static bool bench_thread(eb_io *io, eb_probe *probe, eb_probe_config *config, workload *w, double rate_hz,
                         double target)
{
    static const eb_probe_ops nothing_ops = { .name = "nothing", .doc = "reads nothing", .read = read_nothing };
    static eb_channel nothing_channel = { .name = "nothing/0", .scale = 1 };
    eb_probe nothing = { .ops = &nothing_ops, .channels = &nothing_channel, .n = 1 }, *no_zones = &nothing;
    double percent, set_us, sets, wake_percent, wake_us, wakes;
    eb_sampler *s = make_sampler(io, &probe, config, rate_hz, online());
    eb_sampler *empty = make_sampler(io, &no_zones, config, rate_hz, online());
    bool ok = s && empty && thread_cost(s, w, ZONES, &percent, &set_us, &sets) &&
              thread_cost(empty, w, 1, &wake_percent, &wake_us, &wakes);
    if (ok) {
        char what[64];
        snprintf(what, sizeof what, "six zones at %g Hz, of %d CPUs", rate_hz, online());
        verdict(what, percent, target, "% ");
        printf("%-44s %9.3f us a set, of it %.3f us for the kernel to wake a thread; %d dropped\n", "", set_us, wake_us,
               eb_sampler_wide(s));
    }
    eb_sampler_free(s);
    eb_sampler_free(empty);
    return ok;
}

// Pairs in the order A B B A, so that drift falls on both alike; a t interval on the mean of the log ratios.
static bool bench_pairs(eb_io *io, eb_probe *probe, eb_probe_config *config, workload *w, int pairs)
{
    static double ratio[PAIRS_MAX];
    eb_sampler *s = make_sampler(io, &probe, config, 1000, online());
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
    double mean = eb_mean(ratio, (size_t)pairs);
    double half = eb_student_quantile(0.975, pairs - 1) * eb_stddev(ratio, (size_t)pairs) / sqrt(pairs);
    double lo = 100 * (exp(mean - half) - 1), hi = 100 * (exp(mean + half) - 1);
    printf("%d pairs: %.1f tok/s, sampled at 1 kHz %.1f tok/s\n", pairs, without, with);
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
    int pairs = argc > 1 ? atoi(argv[1]) : 24;
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
              bench_thread(&io, probe, &config, &w, 1000, 0.25) && bench_pairs(&io, probe, &config, &w, pairs);
    eb_probe_close(probe);
    w.engine->ops->close(w.engine);
    remove_zones();
    return ok ? 0 : 1;
}
