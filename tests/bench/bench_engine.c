// SPDX-License-Identifier: Apache-2.0
// The engine's own benchmark (docs/performance.md): models x types x cells, each against this machine's ceilings of the
// same rounds, and against peers' llama-bench on the same file. All it is told comes from the environment, so that
// `make bench-engine MODELS=... PEER=...` reads well:
//   MODELS TYPES CELLS   lists, or "all"
//   ROUNDS THREADS       numbers
//   PEER                 "[LABEL=]PATH ..."
//   PEER_OPTIONS         "options|options|...": the best are used, per cell
//   EFFBENCH             the program, for cold starts
//   CSV TABLE            files that every round, every row is appended to
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/base/cpus.h"
#include "harness/base/mem.h"
#include "harness/run/machine.h"
#include "tests/bench/engine/table.h"
#include "workloads/engine/native/pool.h"

enum { PATH_SIZE = 512, LIST_MAX = 64, DEFAULT_ROUNDS = 7 };

static const char all_models[] = "llama-3.2-1b smollm2-135m olmoe-1b-7b edge-moe-7b mamba-130m mamba-370m mamba-1.4b";
static const char all_types[] = "f16 q8_0 q4_0 q4_k_m";
static const char all_cells[] =
    "pp512 tg128 tg128@4096 tg128x4 tg128x16 cold scale-pp512 scale-tg128 busy-pp512 busy-tg128";
static const char all_options[] = "-fa 0|-fa 1|-rtr 1 -fa 0|-rtr 1 -fa 1";
// Minutes, not hours.
static const char few_models[] = "smollm2-135m mamba-130m edge-moe-180m", few_types[] = "q8_0 q4_0",
                  few_cells[] = "pp512 tg64 tg64x16";

// ---- what is asked ------------------------------------------------------------------------------------

typedef struct list {
    char *text; // the items are in here
    char *item[LIST_MAX];
    int n;
} list;

static bool split(const char *name, const char *text, const char *separators, list *out, eb_err *err)
{
    char *rest;
    *out = (list){ .text = eb_strdup(text) };
    for (char *s = strtok_r(out->text, separators, &rest); s; s = strtok_r(NULL, separators, &rest)) {
        if (out->n == LIST_MAX)
            return eb_err_set(err, EB_USAGE, "%s: more than %d items", name, LIST_MAX);
        out->item[out->n++] = s;
    }
    return true;
}

static bool ask_list(const char *name, const char *few, const char *all, list *out, eb_err *err)
{
    const char *text = getenv(name);
    text = !text || !*text ? few : strcmp(text, "all") == 0 ? all : text;
    return split(name, text, strchr(few, '|') ? "|" : " ,\t\n", out, err);
}

static bool ask_number(const char *name, int fallback, int most, int *out, eb_err *err)
{
    const char *text = getenv(name);
    char *end = NULL;
    errno = 0;
    const long n = text && *text ? strtol(text, &end, 10) : fallback;
    *out = (int)n;
    if ((end && *end) || errno || n < 1 || n > most)
        return eb_err_set(err, EB_USAGE, "%s: '%.32s' is no number of 1 to %d", name, text, most);
    return true;
}

typedef struct asked {
    list models, types, cells, options, peers;
    bench_peer peer[PEER_MAX];
    int rounds, threads;
    FILE *csv, *table; // or NULL
    const char *program;
} asked;

static bool ask_peers(asked *a, eb_err *err)
{
    const char *text = getenv("PEER");
    if (!split("PEER", text ? text : "", " \t\n", &a->peers, err))
        return false;
    if (a->peers.n > PEER_MAX || a->options.n > PEER_OPTIONS_MAX)
        return eb_err_set(err, EB_USAGE, "PEER takes %d, PEER_OPTIONS %d", PEER_MAX, PEER_OPTIONS_MAX);
    for (int i = 0; i < a->peers.n; i++)
        if (!bench_peer_open(a->peers.item[i], &a->peer[i], err))
            return false;
    return true;
}

// A file that more and more is written to, or NULL where its variable is not set.
static bool ask_file(const char *name, FILE **out, eb_err *err)
{
    const char *path = getenv(name);
    *out = path && *path ? fopen(path, "a") : NULL;
    return *out || !path || !*path || eb_err_sys(err, EB_FAILED, errno, "cannot write", path);
}

static bool ask(asked *a, eb_err *err)
{
    const char *program = getenv("EFFBENCH");
    bench_cell ignored;
    a->program = realpath(program && *program ? program : "effbench", NULL); // lives as long as this program
    if (!a->program)
        return eb_err_sys(err, EB_USAGE, errno, "EFFBENCH: cannot find", program && *program ? program : "effbench");
    if (!ask_list("MODELS", few_models, all_models, &a->models, err) ||
        !ask_list("TYPES", few_types, all_types, &a->types, err) ||
        !ask_list("CELLS", few_cells, all_cells, &a->cells, err) ||
        !ask_list("PEER_OPTIONS", all_options, all_options, &a->options, err) ||
        !ask_number("ROUNDS", DEFAULT_ROUNDS, BENCH_ROUNDS_MAX, &a->rounds, err) ||
        !ask_number("THREADS", eb_cpus_usable(), EB_POOL_MAX_THREADS, &a->threads, err) || !ask_peers(a, err))
        return false;
    for (int i = 0; i < a->cells.n; i++)
        if (!bench_cell_parse(a->cells.item[i], &ignored, err))
            return false;
    return ask_file("CSV", &a->csv, err) && ask_file("TABLE", &a->table, err);
}

// ---- what is done -------------------------------------------------------------------------------------

static void notify(void *arg, const char *line)
{
    (void)arg;
    fprintf(stderr, "%s\n", line);
}

static bool bench_cell_of(const asked *a, bench_setup *setup, const char *model, const char *type, const eb_model *m,
                          const char *name, eb_err *err)
{
    static bench_rounds rounds;
    bench_cell cell;
    setup->ours.cell = &cell;
    if (!bench_cell_parse(name, &cell, err) || !bench_rounds_run(setup, &rounds, err))
        return false;
    const bench_cost cost = bench_cell_cost(m, &cell);
    bench_table_row(stdout, setup, model, type, &cost, &rounds);
    if (a->table)
        bench_table_row(a->table, setup, model, type, &cost, &rounds);
    if (a->csv)
        bench_csv_rows(a->csv, setup, model, type, &rounds);
    return true;
}

static void say_failure(const asked *a, const char *model, const char *type, const char *cell, const eb_err *err)
{
    bench_table_failure(stdout, model, type, cell, err);
    if (a->table)
        bench_table_failure(a->table, model, type, cell, err);
}

// All cells of one file; the number of those that failed.
static int bench_file(asked *a, const char *model, const char *type)
{
    char source[128], path[PATH_SIZE];
    eb_err err;
    eb_err_clear(&err);
    snprintf(source, sizeof source, strchr(model, ':') ? "%s" : "shape:%s", model);
    const eb_model_spec spec = { .source = source, .type = type, .seed = 1 };
    const eb_engine_ops *ops = eb_engine_find("native");
    eb_model *m = ops->prepare(&spec, path, sizeof path, notify, NULL, &err) ? eb_model_open(path, &err) : NULL;
    if (!m) {
        say_failure(a, model, type, "-", &err);
        return 1;
    }
    char *whole = realpath(path, NULL); // peers run elsewhere
    bench_setup setup = {
        .ours = { .ops = ops, .model_path = whole ? whole : path, .program = a->program, .threads = a->threads },
        .peers = a->peer,
        .n_peers = a->peers.n,
        .options = a->options.item,
        .n_options = a->options.n,
        .rounds = a->rounds,
        .type = m->type
    };
    int failures = 0;
    for (int i = 0; i < a->cells.n; i++) {
        eb_err_clear(&err);
        if (bench_cell_of(a, &setup, model, type, m, a->cells.item[i], &err))
            continue;
        say_failure(a, model, type, a->cells.item[i], &err);
        failures++;
    }
    eb_model_close(m);
    free(whole);
    return failures;
}

static void say_machine(const asked *a)
{
    eb_header header = { 0 };
    const eb_io io = eb_io_real();
    const char *isa = eb_engine_find("native")->isa(), *cpu = "unknown CPU";
    char now[32];
    eb_machine_describe(&io, isa, &header);
    for (int i = 0; i < header.n_machine; i++)
        if (strcmp(header.machine[i].key, "cpu_model") == 0)
            cpu = header.machine[i].value;
    eb_utc_now(now, sizeof now);
    printf("effbench " EB_VERSION ", %s, %s, %d thread%s, %d interleaved round%s, %s\n\n", cpu,
           isa ? isa : "no kernels", a->threads, a->threads == 1 ? "" : "s", a->rounds, a->rounds == 1 ? "" : "s", now);
}

int main(void)
{
    static asked a;
    eb_err err;
    eb_err_clear(&err);
    if (!ask(&a, &err)) {
        eb_err_print(&err, stderr);
        return err.code;
    }
    const bench_setup peers = {
        .peers = a.peer, .n_peers = a.peers.n, .options = a.options.item, .n_options = a.options.n
    };
    int failures = 0;
    say_machine(&a);
    bench_table_head(stdout, &peers);
    if (a.table && ftell(a.table) == 0)
        bench_table_head(a.table, &peers);
    if (a.csv && ftell(a.csv) == 0)
        bench_csv_head(a.csv);
    for (int i = 0; i < a.models.n; i++)
        for (int k = 0; k < a.types.n; k++)
            failures += bench_file(&a, a.models.item[i], a.types.item[k]);
    putchar('\n');
    bench_table_legend(stdout, &peers);
    return failures ? EB_FAILED : EB_OK;
}
