// SPDX-License-Identifier: Apache-2.0
// `effbench compare` of 100 folders with 1,000,000 token rows in all: time and peak memory of the whole program, from
// run.json, under limits that make it read every token, and by price; and what a report of one folder costs first.
// bench_compare [FOLDERS]; the folders are made anew in a temporary one by make_run, which stands beside this program.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "harness/record/run.h"

enum { FOLDERS = 100, ROWS = 10000, REPEATS = 5, MOST_ARGS = 1200 };
static const double target_s = 2, target_mb = 300;

typedef struct cost {
    double s, cpu_s, mb; // the CPU's share is what a busy machine changes least
} cost;

static cost run(char *const *argv)
{
    struct rusage used;
    int status = -1;
    const int64_t t0 = eb_now_ns();
    const pid_t pid = fork();
    if (pid == 0) {
        const int null = open("/dev/null", O_WRONLY);
        dup2(null, STDOUT_FILENO);
        execv(argv[0], argv);
        fprintf(stderr, "bench_compare: cannot run %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, &used) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_compare: %s failed\n", argv[0]);
        exit(1);
    }
    const double cpu_s = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                         (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
    return (cost){ (double)(eb_now_ns() - t0) / 1e9, cpu_s, (double)used.ru_maxrss / 1e3 };
}

static void make_folder(const char *maker, const char *dir, int number)
{
    char speed[40], seed[40], print[40];
    snprintf(speed, sizeof speed, "speed=%g", 20 + 0.1 * number);
    snprintf(seed, sizeof seed, "seed=%d", number + 1);
    snprintf(print, sizeof print, "print=%d", number);
    char *const argv[] = { (char *)maker,
                           (char *)dir,
                           speed,
                           seed,
                           print,
                           (char *)"trials=10",
                           (char *)"requests=5",
                           (char *)"case=tiny/f16/dense/64/100/1/1",
                           (char *)"case=tiny/q8_0/dense/64/100/1/1.8",
                           (char *)"cost:usd_per_hour=0.1",
                           NULL };
    run(argv);
    eb_err err = { 0 };
    eb_run *made = eb_run_load(dir, &err);
    if (!made || !eb_run_json_write(made, dir, &err)) {
        fprintf(stderr, "bench_compare: %s\n", err.message);
        exit(1);
    }
    eb_run_free(made);
}

static void measure(const char *what, char *const *argv)
{
    cost best = { 1e9, 1e9, 0 };
    for (int i = 0; i < REPEATS; i++) {
        const cost one = run(argv);
        best.s = one.s < best.s ? one.s : best.s;
        best.cpu_s = one.cpu_s < best.cpu_s ? one.cpu_s : best.cpu_s;
        best.mb = one.mb > best.mb ? one.mb : best.mb;
    }
    printf("  %-44s %7.3f s  (CPU %.3f s)  %6.0f MB  %s\n", what, best.s, best.cpu_s, best.mb,
           best.s <= target_s && best.mb <= target_mb ? "ok" : "MISSED");
}

int main(int argc, char **argv)
{
    int folders = argc > 1 ? atoi(argv[1]) : FOLDERS;
    folders = folders < 2 ? 2 : folders > 1000 ? 1000 : folders;
    char root[] = "/tmp/eb-compare-XXXXXX";
    if (!mkdtemp(root))
        return 1;
    char *here = eb_strndup(argv[0], (size_t)(eb_path_base(argv[0]) - argv[0])), *maker = eb_format("%smake_run", here);
    char *program = eb_format("%s../effbench", here), *slo = eb_path_join(root, "slo.ini");
    FILE *f = fopen(slo, "w");
    if (!f)
        return 1;
    fputs("[slo]\ntpot = 1s\n", f);
    fclose(f);
    char *args[MOST_ARGS] = { program, (char *)"compare" };
    int n = 2;
    for (int i = 0; i < folders; i++) {
        args[n] = eb_format("%s/run-%03d", root, i);
        make_folder(maker, args[n++], i);
    }
    printf("effbench compare: %d folders, %d token rows (best time and largest memory of %d; targets %g s, %g MB)\n",
           folders, folders * ROWS, REPEATS, target_s, target_mb);
    measure("from run.json", args);
    args[n] = (char *)"--slo";
    args[n + 1] = slo;
    measure("with limits: every token is read", args);
    args[n] = (char *)"--format";
    args[n + 1] = (char *)"json";
    measure("as JSON", args);
    char *const report[] = { program, (char *)"report", args[2], NULL };
    measure("beside it: effbench report of one of them", report);
    char *remove = eb_format("rm -rf '%s'", root);
    const int status = system(remove);
    for (int i = 2; i < n; i++)
        free(args[i]);
    free(remove);
    free(slo);
    free(program);
    free(maker);
    free(here);
    return status != 0;
}
