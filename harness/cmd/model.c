// SPDX-License-Identifier: Apache-2.0
// `effbench model`: files of our own made, looked into, copied to another type, and computed on.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "harness/base/cpus.h"
#include "harness/base/option.h"
#include "harness/base/term.h"
#include "harness/base/units.h"
#include "harness/cmd/model.h"
#include "workloads/engine/native/make.h"

static bool match_option(int argc, char **argv, int *i, const eb_model_option *options, const eb_model_option **found)
{
    for (const eb_model_option *o = options; o->name; o++) {
        const char *value = NULL;
        *found = o;
        if (o->flag) {
            if (strcmp(argv[*i], o->name))
                continue;
            *o->flag = true;
            return true;
        }
        if (eb_cmd_option(argc, argv, i, o->name, &value)) {
            *o->value = value;
            return true;
        }
    }
    return false;
}

static int unknown_option(const char *command, const char *arg, const eb_model_option *options)
{
    const char *names[16];
    int n = 0;
    for (const eb_model_option *o = options; o->name && n < 16; o++)
        names[n++] = o->name;
    const char *near = eb_nearest(arg, names, n);
    if (near)
        return eb_cmd_usage("model", "%s has no option '%.60s'; did you mean %s?", command, arg, near);
    return eb_cmd_usage("model", "%s has no option '%.60s'", command, arg);
}

int eb_model_args(int argc, char **argv, const eb_model_option *options, const char **words, int max)
{
    int n = 0;
    bool only_words = false;
    for (int i = 1; i < argc; i++) {
        const eb_model_option *o = NULL;
        if (!only_words && !strcmp(argv[i], "--")) {
            only_words = true;
        } else if (!only_words && match_option(argc, argv, &i, options, &o)) {
            if (o->value && !*o->value)
                return eb_cmd_usage("model", "%s: %s needs a value", argv[0], o->name);
        } else if (!only_words && argv[i][0] == '-' && argv[i][1]) {
            return unknown_option(argv[0], argv[i], options);
        } else if (n == max) {
            return eb_cmd_usage("model", "%s: '%.60s' is one word too many", argv[0], argv[i]);
        } else {
            words[n++] = argv[i];
        }
    }
    return EB_OK;
}

const char *eb_model_count(char *buf, size_t size, double n)
{
    static const char *const prefixes[] = { "", " k", " M", " G", " T" };
    size_t i = 0;
    char digits[32];
    for (; n >= 1000 && i + 1 < sizeof prefixes / sizeof *prefixes; i++)
        n /= 1000;
    snprintf(buf, size, "%s%s", eb_fmt_sig(digits, sizeof digits, n, 4), prefixes[i]);
    return buf;
}

static void show_progress(void *arg, const char *line)
{
    (void)arg;
    if (eb_term_live(stderr))
        fprintf(stderr, "\r\033[K%s", line);
    else
        fprintf(stderr, "%s\n", line);
}

static void end_progress(void)
{
    if (eb_term_live(stderr))
        fprintf(stderr, "\r\033[K");
}

// The file written aside, for a signal to remove: only what a handler may use.
static char aside[4096];

static void on_signal(int number)
{
    unlink(aside);
    _exit(128 + number);
}

static void guard_aside(const char *out)
{
    struct sigaction act = { .sa_handler = on_signal };
    snprintf(aside, sizeof aside, "%s.tmp.%ld", out, (long)getpid());
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

static int threads_here(void)
{
    const int n = eb_cpus_usable();
    return n > 64 ? 64 : n;
}

static int find_type(const char *name, const eb_recipe **recipe)
{
    int n = 0;
    *recipe = eb_recipe_find(name);
    if (*recipe)
        return EB_OK;
    const char *const *names = eb_recipe_names();
    while (names[n])
        n++;
    const char *near = eb_nearest(name, names, n);
    eb_err err;
    eb_err_set(&err, EB_USAGE, "there is no weight type '%.60s'", name);
    if (near)
        eb_err_hint(&err, "did you mean '%s'? 'effbench model shapes' lists the types", near);
    else
        eb_err_hint(&err, "'effbench model shapes' lists the types");
    return eb_cmd_fail(&err);
}

static int find_shape(const char *name, const eb_shape **shape)
{
    const char *names[64];
    int n = 0;
    *shape = eb_shape_find(name);
    if (*shape)
        return EB_OK;
    for (const eb_shape *s = eb_shapes; s->name && n < 64; s++)
        names[n++] = s->name;
    const char *near = eb_nearest(name, names, n);
    eb_err err;
    eb_err_set(&err, EB_USAGE, "there is no model shape '%.60s'", name);
    if (near)
        eb_err_hint(&err, "did you mean '%s'? 'effbench model shapes' lists them", near);
    else
        eb_err_hint(&err, "'effbench model shapes' lists them");
    return eb_cmd_fail(&err);
}

// What was written, in a line on stdout, and whether it took the place of another.
static int say_made(const char *path, bool replaced)
{
    eb_err err = { 0 };
    char params[32], bytes[32];
    eb_model *m = eb_model_open(path, &err);
    if (!m)
        return eb_cmd_fail(&err);
    printf("%s: %s %s, %s parameters, %s\n", path, m->name, m->type,
           eb_model_count(params, sizeof params, (double)m->n_params),
           eb_fmt_bytes(bytes, sizeof bytes, (double)m->file->map_bytes, 4));
    eb_model_close(m);
    if (replaced)
        fprintf(stderr, "effbench: '%s' was there already and has been replaced\n", path);
    return EB_OK;
}

// *errnum: why the file cannot be read, so that what it is is not known; 0 = it can.
static bool looks_like_model(const char *path, int *errnum)
{
    char head[4] = "";
    FILE *f = fopen(path, "rb");
    *errnum = f ? 0 : errno;
    if (!f)
        return false;
    bool ok = fread(head, 1, sizeof head, f) == sizeof head && !memcmp(head, "GGUF", sizeof head);
    *errnum = ferror(f) ? errno : 0;
    fclose(f);
    return ok;
}

static bool is_model(const char *path)
{
    int ignored;
    return looks_like_model(path, &ignored);
}

// A model may be replaced by a model, as compilers and other quantizers do it, and that is said. Neither a device nor a
// folder may be, nor a file of another kind: that would be a slip of the hand.
static int check_output(const char *path)
{
    struct stat st;
    eb_err err;
    int errnum = 0;
    eb_err_clear(&err);
    if (stat(path, &st))
        return EB_OK;
    if (!S_ISREG(st.st_mode))
        return eb_cmd_usage("model", "the output '%.200s' is no regular file", path);
    if (st.st_size > 0 && !looks_like_model(path, &errnum)) {
        if (errnum)
            eb_err_set(&err, EB_USAGE,
                       "model: '%.200s' is there already and cannot be read (%s): it is not overwritten", path,
                       strerror(errnum));
        else
            eb_err_set(&err, EB_USAGE, "model: '%.200s' is there already and is no model file: it is not overwritten",
                       path);
        eb_err_hint(&err, "name another file, or remove that one first");
        return eb_cmd_fail(&err);
    }
    return EB_OK;
}

static int model_make(const eb_globals *globals, int argc, char **argv)
{
    const char *shape_name = NULL, *type = "f16", *out = NULL, *seed_text = "1";
    const eb_model_option options[] = {
        { "--shape", &shape_name, NULL }, { "--type", &type, NULL },      { "-o", &out, NULL },
        { "--out", &out, NULL },          { "--seed", &seed_text, NULL }, { 0 }
    };
    const eb_shape *shape;
    const eb_recipe *recipe;
    uint64_t seed;
    eb_err err = { 0 };
    (void)globals;
    int status = eb_model_args(argc, argv, options, NULL, 0);
    if (status)
        return status;
    if (!shape_name || !out || !*out)
        return eb_cmd_usage("model", "make needs --shape NAME and -o FILE");
    if (!eb_parse_u64(seed_text, &seed, NULL))
        return eb_cmd_usage("model", "make: --seed '%.60s' is no whole number from 0 to 2^64-1", seed_text);
    if ((status = find_shape(shape_name, &shape)) || (status = find_type(type, &recipe)) ||
        (status = check_output(out)))
        return status;
    bool replaces = is_model(out);
    guard_aside(out);
    bool ok = eb_make_shape(shape, recipe, seed, out, threads_here(), show_progress, NULL, &err);
    end_progress();
    return ok ? say_made(out, replaces) : eb_cmd_fail(&err);
}

static int model_quantize(const eb_globals *globals, int argc, char **argv)
{
    const char *type = NULL, *words[2] = { 0 };
    const eb_model_option options[] = { { "--type", &type, NULL }, { 0 } };
    const eb_recipe *recipe;
    eb_err err = { 0 };
    (void)globals;
    int status = eb_model_args(argc, argv, options, words, 2);
    if (status)
        return status;
    if (!words[0] || !words[1] || !*words[1] || !type)
        return eb_cmd_usage("model", "quantize needs IN, OUT and --type T");
    if ((status = find_type(type, &recipe)) || (status = check_output(words[1])))
        return status;
    bool replaces = is_model(words[1]);
    guard_aside(words[1]);
    bool ok = eb_requantize(words[0], words[1], recipe, threads_here(), show_progress, NULL, &err);
    end_progress();
    return ok ? say_made(words[1], replaces) : eb_cmd_fail(&err);
}

static int model_shapes(const eb_globals *globals, int argc, char **argv)
{
    const eb_model_option options[] = { { 0 } };
    (void)globals;
    int status = eb_model_args(argc, argv, options, NULL, 0);
    if (status)
        return status;
    printf("shapes\n");
    for (const eb_shape *s = eb_shapes; s->name; s++)
        printf("  %-15s %-9s %s\n", s->name, eb_arch_table[s->hp.arch].name, s->doc);
    printf("types\n ");
    for (const char *const *name = eb_recipe_names(); *name; name++)
        printf(" %s", *name);
    printf("\n");
    return EB_OK;
}

static const struct {
    const char *name;
    int (*run)(const eb_globals *globals, int argc, char **argv);
} subcommands[] = {
    { "make", model_make },        { "inspect", eb_model_inspect }, { "quantize", model_quantize },
    { "logits", eb_model_logits }, { "shapes", model_shapes },
};
enum { N_SUBCOMMANDS = sizeof subcommands / sizeof *subcommands };

static int cmd_model(const eb_globals *globals, int argc, char **argv)
{
    const char *names[N_SUBCOMMANDS];
    if (argc < 2)
        return eb_cmd_usage("model", "say what to do: make, inspect, quantize, logits or shapes");
    for (int i = 0; i < N_SUBCOMMANDS; i++) {
        names[i] = subcommands[i].name;
        if (!strcmp(argv[1], names[i]))
            return subcommands[i].run(globals, argc - 1, argv + 1);
    }
    const char *near = eb_nearest(argv[1], names, N_SUBCOMMANDS);
    if (near)
        return eb_cmd_usage("model", "there is no '%.60s'; did you mean '%s'?", argv[1], near);
    return eb_cmd_usage("model", "there is no '%.60s': say make, inspect, quantize, logits or shapes", argv[1]);
}

const eb_command eb_cmd_model = {
    .name = "model",
    .synopsis = "model make|inspect|quantize|logits|shapes ...",
    .doc = "make, look into, quantize and compute on model files (GGUF)",
    .run = cmd_model,
    .help = "  shapes                                      the shapes and weight types there are\n"
            "  make --shape S --type T -o F [--seed N]     a shape's file of seeded random weights (T: f16, N: 1)\n"
            "  inspect F [--tensors] [--format json]       what a file holds and what a token of it costs\n"
            "  quantize IN OUT --type T                    a copy in another type (from f32, f16, bf16, q8_0)\n"
            "  logits F --tokens 1,2,3                     CSV, a row per position, a column per vocabulary entry\n"
            "      --mode prefill|decode                   all at once (default), or one token at a time\n"
            "      --kv f32|f16                            type of the cache (default f32)\n"
            "      --chunk N                               prefill in chunks of N tokens\n"
            "      --batch N                               decode N sequences at once, all of the same tokens\n"
            "      --threads N                             default: one for each CPU\n"
            "\n"
            "A model file that is there already is replaced by make and quantize once the new one is whole, and\n"
            "they say so; a file of another kind is not overwritten.\n",
    .once = (const char *const[]){ "--shape", "--type", "-o", "--out", "--seed", "--tokens", "--mode", "--kv",
                                   "--threads", "--chunk", NULL },
};
