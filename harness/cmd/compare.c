// SPDX-License-Identifier: Apache-2.0
// `effbench compare`: runs of several machines, models, types or prices side by side.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/mem.h"
#include "harness/base/option.h"
#include "harness/cmd/cmd.h"
#include "harness/cmd/offers.h"
#include "harness/record/compare.h"
#include "reports/compare.h"
#include "reports/text.h"

typedef struct compare_args {
    const char **dirs;
    int n;
    const char *by, *reference, *slo, *prices;
} compare_args;

static const eb_compare_form *find_form(const char *name)
{
    for (const eb_compare_form *f = eb_compare_forms; f->name; f++)
        if (!strcmp(f->name, name ? name : "term"))
            return f;
    eb_cmd_usage("compare", "there is no format '%.40s'; formats: term, md, html, csv, json", name);
    return NULL;
}

static int parse_args(int argc, char **argv, compare_args *args)
{
    const struct {
        const char *name, **value;
    } options[] = { { "--by", &args->by },
                    { "--reference", &args->reference },
                    { "--slo", &args->slo },
                    { "--prices", &args->prices } };
    bool more = true;
    for (int i = 1; i < argc; i++) {
        bool taken = false;
        if (more && !strcmp(argv[i], "--")) {
            more = false;
            continue;
        }
        for (size_t k = 0; k < sizeof options / sizeof *options && more && !taken; k++) {
            taken = eb_cmd_option(argc, argv, &i, options[k].name, options[k].value);
            if (taken && !*options[k].value)
                return eb_cmd_usage("compare", "%s needs a value", options[k].name);
        }
        if (!taken && more && argv[i][0] == '-' && argv[i][1]) {
            static const char *const known[] = { "--by", "--reference", "--slo", "--prices" };
            return eb_cmd_unknown("compare", argv[i], known, sizeof known / sizeof *known);
        }
        if (!taken)
            args->dirs[args->n++] = argv[i];
    }
    return args->n ? EB_OK : eb_cmd_usage("compare", "needs the folders of runs (results/NAME-DATE-TIME)");
}

// One line for a folder that is passed over.
static void pass_over(const char *dir, const eb_err *err)
{
    eb_text t = { 0 };
    if (err->file[0])
        eb_text_add(&t, "%s", err->file);
    if (err->line)
        eb_text_add(&t, ":%d", err->line);
    eb_text_add(&t, "%s%s", t.n ? ": " : "", err->message);
    char *clean = eb_text_clean(t.s), *name = eb_text_clean(dir);
    fprintf(stderr, "effbench: %s is passed over: %s\n", name, clean);
    free(name);
    free(clean);
    eb_text_deinit(&t);
}

// The same folder named again, however it is written.
static bool named_before(const compare_args *args, int i)
{
    struct stat one, other;
    if (stat(args->dirs[i], &one) != 0)
        return false;
    for (int k = 0; k < i; k++)
        if (stat(args->dirs[k], &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino)
            return true;
    return false;
}

// Those that could be read; *status is that of the first that could not.
static eb_compare_run **read_runs(const compare_args *args, const eb_header *limits, int *n, int *status)
{
    eb_compare_run **runs = eb_alloc((size_t)args->n * sizeof *runs + 1);
    *n = 0;
    for (int i = 0; i < args->n; i++) {
        eb_err err = { 0 };
        if (named_before(args, i)) {
            eb_err_set(&err, EB_OK, "it is named twice");
            pass_over(args->dirs[i], &err);
            continue;
        }
        eb_compare_run *run = eb_compare_read(args->dirs[i], &err);
        if (run && limits && !eb_compare_limit(run, limits, &err)) {
            eb_compare_run_free(run);
            run = NULL;
        }
        if (run) {
            runs[(*n)++] = run;
            continue;
        }
        pass_over(args->dirs[i], &err);
        *status = *status == EB_OK ? (err.code == EB_OK ? EB_FAILED : (int)err.code) : *status;
    }
    return runs;
}

// Prices of several offers belong to the runs that bear their names, unless the offers are what is compared.
static int check_offers(const eb_compare_options *options, eb_compare_run *const *runs, int n)
{
    bool any = options->n_offers < 2 || options->by == EB_BY_PRICE;
    for (int i = 0; i < n && !any; i++)
        any = eb_compare_offer_of(options->offers, options->n_offers, runs[i]) >= 0;
    return any ? EB_OK
               : eb_cmd_usage("compare",
                              "the price file has %d offers and none bears the name of a run: compare them with --by "
                              "price, or name them as the runs' folders begin",
                              options->n_offers);
}

static int find_by(const compare_args *args, eb_compare_run *const *runs, int n, eb_compare_by *by)
{
    static const char *const names[] = { "machine", "model", "type", "price" };
    *by = args->prices && n == 1 ? EB_BY_PRICE : eb_compare_guess(runs, n);
    if (!args->by || eb_compare_by_parse(args->by, by))
        return EB_OK;
    const char *near = eb_nearest(args->by, names, 4);
    return eb_cmd_usage("compare", "--by is machine, model, type or price, not '%.40s'%s%s%s", args->by,
                        near ? " (did you mean '" : "", near ? near : "", near ? "'?)" : "");
}

static int compare_runs(const eb_globals *globals, const eb_compare_form *form, const compare_args *args,
                        eb_compare_run **runs, int n, const eb_offers *offers, const eb_header *limits)
{
    eb_err err = { 0 };
    eb_compare_options options = {
        .reference = args->reference, .offers = offers->items, .n_offers = offers->n, .slo = limits
    };
    int status = find_by(args, runs, n, &options.by);
    if (status == EB_OK)
        status = check_offers(&options, runs, n);
    if (status != EB_OK)
        return status;
    eb_compare *c = eb_compare_new(runs, n, &options, &err);
    if (!c)
        return eb_cmd_fail(&err);
    form->write(c, globals->color, stdout);
    eb_compare_free(c);
    return EB_OK;
}

static int run_compare(const eb_globals *globals, int argc, char **argv)
{
    compare_args args = { .dirs = eb_alloc((size_t)argc * sizeof *args.dirs) };
    eb_offers offers = { 0 };
    eb_header limits = { 0 };
    int n = 0, status = parse_args(argc, argv, &args), passed_over = EB_OK;
    const eb_compare_form *form = status == EB_OK ? find_form(globals->format) : NULL;
    eb_compare_run **runs = NULL;
    if (status == EB_OK && !form)
        status = EB_USAGE;
    if (status == EB_OK && args.prices)
        status = eb_cmd_read_prices(args.prices, &offers);
    if (status == EB_OK && args.slo)
        status = eb_cmd_read_limits(args.slo, &limits);
    if (status == EB_OK)
        runs = read_runs(&args, args.slo ? &limits : NULL, &n, &passed_over);
    if (status == EB_OK && n)
        status = compare_runs(globals, form, &args, runs, n, &offers, args.slo ? &limits : NULL);
    for (int i = 0; i < n; i++)
        eb_compare_run_free(runs[i]);
    free(runs);
    eb_cmd_free_limits(&limits);
    eb_offers_deinit(&offers);
    free(args.dirs);
    return status == EB_OK ? passed_over : status;
}

const eb_command eb_cmd_compare = {
    .name = "compare",
    .synopsis = "effbench compare RUN... [--by machine|model|type|price] [--reference RUN] [--slo FILE]\n"
                "                        [--prices FILE] [--format term|md|html|csv|json]",
    .doc = "the same work of several runs side by side: ratios, perf/W, perf/$, Pareto front",
    .run = run_compare,
    .help = "  RUN              result folders; what cannot be read is said in one line and passed over\n"
            "  --by WHAT        what differs: machine (run against run), model, type, price; left out, machine\n"
            "                   for several runs, and model or type for one\n"
            "  --reference RUN  what ratios are of: a folder, or a name in the first column (left out: the first)\n"
            "  --slo FILE       limits that all are held to: an INI file with [slo] and ttft, tpot, e2e\n"
            "  --prices FILE    a price file; with several offers each goes to the runs whose folder begins with\n"
            "                   its name, or --by price compares them\n"
            "  --format FORM    term (default), md, html, csv, json\n",
    .once = (const char *const[]){ "--by", "--reference", "--slo", "--prices", NULL },
};
