// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/engine/peer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/bench/engine/child.h"
#include "tests/bench/engine/figures.h"

enum { LIMIT_S = 3600, HELP_LIMIT_S = 60, MOST_ARGS = 48, TEXT_BYTES = 512, CELL_TOK = 256, BATCHED_TRIES = 3 };

// ---- what it is ---------------------------------------------------------------------------------------

static bool learn(bench_peer *p, eb_err *err)
{
    child_result r;
    char *argv[] = { p->path, (char *)"--help", NULL };
    const bool ok = child_run(argv, false, HELP_LIMIT_S, &r, err);
    const bool known = ok && strstr(r.out, "--n-prompt") && strstr(r.out, "--output");
    if (known) {
        p->has_depth = strstr(r.out, "--n-depth") != NULL;
        p->has_no_warmup = strstr(r.out, "--no-warmup") != NULL;
    }
    child_free(&r);
    if (ok && !known) {
        eb_err_set(err, EB_USAGE, "PEER: '%s' is no llama-bench", p->path);
        return eb_err_hint(err, "PEER=/path/to/llama-bench, PEER=\"a=/path/to/one b=/path/to/another\"");
    }
    return known;
}

bool bench_peer_open(const char *item, bench_peer *out, eb_err *err)
{
    const char *equals = strchr(item, '='), *path = equals ? equals + 1 : item;
    *out = (bench_peer){ .label = "peer" };
    char *whole = strchr(path, '/') && access(path, X_OK) == 0 ? realpath(path, NULL) : NULL;
    const bool fits = whole && strlen(whole) < sizeof out->path;
    if (fits)
        snprintf(out->path, sizeof out->path, "%s", whole);
    free(whole);
    if (!fits) {
        eb_err_set(err, EB_USAGE, "PEER: '%.200s' is not the path of a program", path);
        return eb_err_hint(err, "PEER=/path/to/llama-bench");
    }
    if (equals && equals > item)
        snprintf(out->label, sizeof out->label, "%.*s", (int)(equals - item), item);
    snprintf(out->batched_path, sizeof out->batched_path, "%.*s/llama-batched-bench",
             (int)(strrchr(out->path, '/') - out->path), out->path);
    return learn(out, err);
}

// ---- its command line ---------------------------------------------------------------------------------

typedef struct line {
    char text[TEXT_BYTES]; // the arguments made here, each with its NUL
    size_t used;
    char *argv[MOST_ARGS + 1];
    int n;
    bool full;
} line;

static void add(line *l, const char *word, size_t len)
{
    if (l->n == MOST_ARGS || l->used + len + 1 > sizeof l->text) {
        l->full = true;
        return;
    }
    l->argv[l->n++] = memcpy(l->text + l->used, word, len);
    l->used += len + 1;
}

// Words of `text`, separated by spaces.
static void add_words(line *l, const char *text)
{
    for (size_t len; *(text += strspn(text, " ")); text += len)
        add(l, text, len = strcspn(text, " "));
}

static void add_test(line *l, const bench_peer *p, const bench_cell *c)
{
    char text[128];
    if (c->kind == BENCH_COLD)
        snprintf(text, sizeof text, "-p 0 -n 1 %s", p->has_no_warmup ? "--no-warmup" : "-w 0");
    else if (c->kind == BENCH_PREFILL)
        snprintf(text, sizeof text, "-p %d -n 0", c->prompt_tok);
    else if (c->depth_tok == 0)
        snprintf(text, sizeof text, "-p 0 -n %d", c->output_tok);
    else if (p->has_depth)
        snprintf(text, sizeof text, "-p 0 -n %d -d %d", c->output_tok, c->depth_tok);
    else
        snprintf(text, sizeof text, "-p 0 -n 0 -gp %d,%d", c->depth_tok, c->output_tok);
    add_words(l, text);
    // A dialect that warms up with a single token needs a first repetition to warm up a prompt.
    add_words(l, c->kind == BENCH_PREFILL && !p->has_depth ? "-r 2 -o json" : "-r 1 -o json");
}

// Each sequence gets its own part of the context, which some round up to a multiple of 256.
static void add_batched_test(line *l, const bench_cell *c)
{
    char text[128];
    const long per_sequence = (1 + (long)c->output_tok + CELL_TOK - 1) / CELL_TOK * CELL_TOK;
    snprintf(text, sizeof text, "-c %ld -npp 1 -ntg %d -npl %d", per_sequence * c->batch, c->output_tok, c->batch);
    add_words(l, text);
}

// ---- a measurement ------------------------------------------------------------------------------------

static bool read_figure(bench_peer *p, const bench_cell *cell, int threads, const child_result *r, bool batched,
                        bench_reading *out, eb_err *err)
{
    peer_figure figure;
    const bool ok = batched ? peer_figure_of_batched(r->out, r->out_len, p->batched_path, cell, &figure, err)
                            : peer_figure_of_bench(r->out, r->out_len, p->path, cell, threads, &figure, err);
    if (ok && *figure.version)
        memcpy(p->version, figure.version, sizeof p->version);
    out->value = !ok ? NAN : cell->kind == BENCH_COLD ? (double)(r->brace_ns - r->start_ns) : figure.tok_s;
    out->rss_peak_bytes = r->rss_peak_bytes;
    return ok;
}

// A batched bench may print its table on stderr; one that writes it from another thread may end before it is out, and
// gets another chance.
static bool run_line(bench_peer *p, char *const argv[], const bench_cell *cell, int threads, bench_reading *out,
                     eb_err *err)
{
    const bool batched = cell->batch > 1;
    bool ok = false, ran = true;
    for (int i = 0; ran && !ok && i < (batched ? BATCHED_TRIES : 1); i++) {
        child_result r;
        eb_err_clear(err);
        ran = child_run(argv, batched, LIMIT_S, &r, err);
        ok = ran && read_figure(p, cell, threads, &r, batched, out, err);
        child_free(&r);
    }
    return ok;
}

bool bench_peer_measure(bench_peer *p, const char *options, const bench_cell *cell, const char *model_path, int threads,
                        bench_reading *out, eb_err *err)
{
    const bool batched = cell->batch > 1;
    line l = { .n = 0 };
    char t[32];
    *out = (bench_reading){ .value = NAN };
    l.argv[l.n++] = batched ? p->batched_path : p->path;
    add_words(&l, "-m");
    l.argv[l.n++] = (char *)model_path;
    snprintf(t, sizeof t, "-t %d", threads);
    add_words(&l, t);
    add_words(&l, options);
    if (batched)
        add_batched_test(&l, cell);
    else
        add_test(&l, p, cell);
    if (l.full)
        return eb_err_set(err, EB_USAGE, "PEER_OPTIONS: '%.200s' is too long", options);
    if (batched && access(p->batched_path, X_OK) != 0) {
        eb_err_set(err, EB_FAILED, "'%s' is not there", p->batched_path);
        return eb_err_hint(err, "put it beside llama-bench: batches are measured with it");
    }
    return run_line(p, l.argv, cell, threads, out, err);
}
