// SPDX-License-Identifier: Apache-2.0
// From text to plan: the grid and its ids, origins, --set, the digest, and the errors of a config with their places.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "harness/plan/plan.h"

#define MINIMAL "[model m]\nmodel = shape:tiny-llama\n[workload w]\nkind = dense\n"

static eb_plan *load_with(const char *text, const char *const *sets, int n_sets, eb_err_list *errs)
{
    return eb_plan_from_text("dir/t.ini", text, strlen(text), sets, n_sets, false, errs);
}

static eb_plan *load(const char *text, const char *const *sets, int n_sets)
{
    eb_err_list errs = { 0 };
    eb_plan *plan = load_with(text, sets, n_sets, &errs);
    if (!plan)
        fail_msg("%s:%d:%d %s", errs.items[0].file, errs.items[0].line, errs.items[0].column, errs.items[0].message);
    assert_int_equal(errs.n, 0);
    return plan;
}

static void test_defaults(void **state)
{
    (void)state;
    eb_plan *p = load(MINIMAL, NULL, 0);
    assert_int_equal(p->n_cases, 1);
    const eb_case *c = &p->cases[0];
    assert_string_equal(c->id, "m/f16/w/p128-n32-b1");
    assert_string_equal(c->source, "shape:tiny-llama");
    assert_string_equal(c->ops->name, "dense");
    assert_true(c->threads >= 1);
    assert_int_equal(c->reference, -1);
    assert_null(c->reference_type);
    assert_string_equal(p->run.name, "t");
    assert_null(p->run.out);
    assert_int_equal(p->run.trials_min, p->run.trials_max);
    assert_true(isnan(p->probes.stated_load_w));
    assert_non_null(p->engine);
    assert_int_equal(strlen(p->digest), 32);
    eb_plan_free(p);
}

static void test_grid(void **state)
{
    (void)state;
    eb_plan *p = load("[run]\nthreads = 3\n"
                      "[model a]\nmodel = shape:x\ntype = f16, Q8_0\n"
                      "[model b]\nmodel = file:y.gguf\n"
                      "[workload w]\nkind = quantized\nprompt = 128, 4k\nbatch = 1, 8\ndepth = 0, 512\nthreads = 0, 2\n"
                      "[workload v]\nkind = moe\nmodel = b\n",
                      NULL, 0);
    assert_int_equal(p->n_cases, 2 * 16 + 16 + 1);
    assert_string_equal(p->cases[0].id, "a/f16/w/p128-n32-b1");
    assert_int_equal(p->cases[0].threads, 3);
    assert_string_equal(p->cases[1].id, "a/f16/w/p128-n32-b1-t2");
    assert_int_equal(p->cases[1].threads, 2);
    assert_string_equal(p->cases[15].id, "a/f16/w/p4096-n32-b8-d512-t2");
    assert_int_equal(p->cases[15].params.depth_tok, 512);
    assert_string_equal(p->cases[16].id, "a/q8_0/w/p128-n32-b1");
    assert_string_equal(p->cases[32].id, "b/file/w/p128-n32-b1");
    assert_string_equal(p->cases[48].id, "b/file/v/p128-n32-b1");
    // Each case of another type points at the f16 case of the same point; a model without one at none.
    assert_int_equal(p->cases[16 + 5].reference, 5);
    assert_int_equal(p->cases[5].reference, 5);
    assert_int_equal(p->cases[32].reference, -1);
    assert_string_equal(p->cases[32].reference_type, "f16");
    for (int i = 0; i < p->n_cases; i++) {
        assert_int_equal(p->cases[i].index, i);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(p->cases[i].id, p->cases[j].id);
    }
    eb_plan_free(p);
}

static const eb_setting *setting(const eb_plan *p, const char *section, const char *name, const char *key)
{
    for (size_t i = 0; i < p->n_settings; i++) {
        const eb_setting *s = &p->settings[i];
        if (!strcmp(s->option->section, section) && !strcmp(s->option->key, key) && (!name || !strcmp(s->name, name)))
            return s;
    }
    fail_msg("no setting %s.%s", section, key);
    return NULL;
}

static void test_origins(void **state)
{
    (void)state;
    static const char *const sets[] = { "model:m:type=q8_0,q4_0", "run:seed=5", "cost:pue=1.2", "run:name=\"a, b\"",
                                        "run:seed=6" };
    eb_plan *p = load(MINIMAL "prompt = 1k\n[run]\nseed = 4\n", sets, 5);
    const eb_setting *s = setting(p, "workload", "w", "prompt");
    assert_int_equal(s->origin, EB_ORIGIN_FILE);
    assert_int_equal(s->line, 5);
    assert_string_equal(s->text, "1k");
    s = setting(p, "run", NULL, "seed");
    assert_int_equal(s->origin, EB_ORIGIN_FLAG);
    assert_string_equal(s->text, "6");
    assert_int_equal(p->run.seed, 6);
    s = setting(p, "workload", "w", "output");
    assert_int_equal(s->origin, EB_ORIGIN_DEFAULT);
    assert_string_equal(setting(p, "model", "m", "type")->text, "q8_0, q4_0");
    assert_string_equal(setting(p, "cost", NULL, "pue")->text, "1.2");
    assert_string_equal(p->run.name, "a, b");
    assert_int_equal(p->n_cases, 2);
    eb_plan_free(p);
}

static void digest_of(const char *text, const char *set, char out[33])
{
    eb_plan *p = load(text, &set, set ? 1 : 0);
    memcpy(out, p->digest, 33);
    eb_plan_free(p);
}

static void test_digest(void **state)
{
    (void)state;
    char a[33], b[33];
    digest_of(MINIMAL, NULL, a);
    static const char *const same[] = { "workload:w:prompt=128", "run:name=x", "run:out=x",   "run:max_time=5s",
                                        "slo:ttft=1s",           "cost:pue=2", "run:trials=7" };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        digest_of(MINIMAL, same[i], b);
        if (strcmp(a, b))
            fail_msg("%s changed the digest", same[i]);
    }
    static const char *const other[] = { "workload:w:prompt=129",
                                         "run:seed=2",
                                         "run:trials=8",
                                         "model:m:seed=2",
                                         "model:m:type=q8_0",
                                         "run:threads=77",
                                         "probes:rate=50",
                                         "workload:w:temperature=1",
                                         "run:idle=1s" };
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        digest_of(MINIMAL, other[i], b);
        if (!strcmp(a, b))
            fail_msg("%s did not change the digest", other[i]);
    }
    digest_of("# note\n\n" MINIMAL "prompt = 128  # as always\n", NULL, b);
    assert_string_equal(a, b);
}

// One error, at its place, with a hint that helps.
static void refuse(const char *text, const char *set, int line, int column, const char *message, const char *hint)
{
    eb_err_list errs = { 0 };
    assert_null(load_with(text, &set, set ? 1 : 0, &errs));
    const eb_err *e = &errs.items[0];
    if (errs.n != 1 || e->line != line || e->column != column || !strstr(e->message, message) || !strstr(e->hint, hint))
        fail_msg("got %zu: %d:%d '%s' hint '%s'; want %d:%d '%s' hint '%s'", errs.n, e->line, e->column, e->message,
                 e->hint, line, column, message, hint);
    assert_int_equal(e->code, EB_USAGE);
    eb_err_list_deinit(&errs);
}

static void test_errors(void **state)
{
    (void)state;
    refuse("[workload w]\nkind = dense\n", NULL, 0, 0, "no model", "[model NAME]");
    refuse("[model m]\nmodel = shape:x\n", NULL, 0, 0, "no workload", "[workload NAME]");
    refuse(MINIMAL "[run]\nrepeat = 2\n", NULL, 6, 1, "unknown key 'repeat' in [run]", "effbench help run");
    refuse(MINIMAL "[run]\ntrails = 2\n", NULL, 6, 1, "unknown key 'trails'", "did you mean 'trials'?");
    refuse(MINIMAL "[run]\nprompt = 2\n", NULL, 6, 1, "unknown key 'prompt'", "belongs in [workload NAME]");
    refuse(MINIMAL "[rum]\nx = 2\n", NULL, 5, 2, "unknown section 'rum'", "did you mean 'run'?");
    refuse(MINIMAL "kind = moe\n", NULL, 5, 1, "duplicate key 'kind'", "line 4");
    refuse(MINIMAL "[model m]\ntype = f16\n", NULL, 5, 1, "duplicate section [model m]", "line 1");
    refuse(MINIMAL "prompt = 0\n", NULL, 5, 10, "out of range", "1 to");
    refuse(MINIMAL "prompt = 1, x2\n", NULL, 5, 13, "whole number", "4k");
    refuse(MINIMAL "prompt = 1,, 2\n", NULL, 5, 12, "empty item", "comma");
    refuse(MINIMAL "prompt = 1k, 1024\n", NULL, 5, 14, "'1024' stands in the list twice", "same");
    refuse(MINIMAL "[run]\nseed = 1, 2\n", NULL, 6, 11, "one value, not a list", "one value");
    refuse(MINIMAL "[run]\nidle = 5\n", NULL, 6, 9, "needs a unit", "250ms");
    refuse(MINIMAL "[run]\ntrials = 9\ntrials_max = 3\n", NULL, 7, 14, "less than trials", "leave trials_max out");
    refuse(MINIMAL "model = q\n", NULL, 5, 9, "there is no [model q]", "the config has: m");
    refuse("[model m]\nmodel = smol\n[workload w]\nkind = dense\n", NULL, 2, 9, "neither shape:NAME nor file:PATH",
           "shape:smol");
    refuse("[model m]\nmodel = a/b.gguf\n[workload w]\nkind = dense\n", NULL, 2, 9, "neither", "file:a/b.gguf");
    refuse("[model m]\n[workload w]\nkind = dense\n", NULL, 1, 1, "[model m] has no 'model'", "model.model");
    refuse(MINIMAL "[cost]\nprice_usd = 5\nprice_source = x\nyears = 4\nutilisation = 50%\n", NULL, 6, 13,
           "without price_date", "price_date");
    refuse(MINIMAL "[cost]\nusd_per_kwh = 0.3\ntariff_date = 2026-01-01\n", NULL, 6, 15, "without tariff_source",
           "tariff_source");
    refuse(MINIMAL "[probes]\nstated_load_w = 5\nstated_date = 2026-01-01\n", NULL, 6, 17, "without stated_source",
           "stated_source");
    refuse(MINIMAL "[probes]\nsources = powercab\n", NULL, 6, 11, "no source 'powercab'", "did you mean 'powercap'?");
    refuse(MINIMAL "top_k = 40\n", NULL, 5, 9, "no effect at temperature 0", "temperature");
    refuse(MINIMAL "type = f16\n", NULL, 5, 1, "unknown key 'type'", "belongs in [model NAME]");
    refuse("[model m]\nmodel = shape:x\ntype = q8_0, Q8_0\n[workload w]\nkind = dense\n", NULL, 4, 1,
           "two cases are the same", "");
}

static void test_set_errors(void **state)
{
    (void)state;
    refuse(MINIMAL, "run.trials=3", 0, 1, "no section before the key", "write run:trials=3");
    refuse(MINIMAL, "run:trials", 0, 11, "no '='", "section[:name]:key=value");
    refuse(MINIMAL, "run:trials=x", 0, 12, "whole number", "4k");
    refuse(MINIMAL, "run:trails=3", 0, 5, "unknown key", "did you mean 'trials'?");
    refuse(MINIMAL, "rum:trials=3", 0, 1, "unknown section", "did you mean 'run'?");
    refuse(MINIMAL, "model:n:seed=3", 0, 7, "there is no [model n]", "the config has: m");
    refuse(MINIMAL, "model:seed=3", 0, 1, "needs a name", "model:NAME:key=value");
    refuse(MINIMAL, "run:x:seed=3", 0, 5, "takes no name", "run:key=value");
    refuse(MINIMAL, "run:seed=1 # x", 0, 11, "comment", "quotes");
    refuse(MINIMAL, "run:name=\"x", 0, 10, "quote is not closed", "\"");
    refuse(MINIMAL, "run:seed=", 0, 10, "no value", "default");
    refuse(MINIMAL, "run:name=a\nb", 0, 1, "line break", "");
}

static void test_too_many_cases(void **state)
{
    (void)state;
    char text[20000] = MINIMAL "prompt = 1";
    for (int i = 2; i <= 40; i++)
        sprintf(text + strlen(text), ", %d", i);
    strcat(text, "\noutput = 1");
    for (int i = 2; i <= 25; i++)
        sprintf(text + strlen(text), ", %d", i);
    eb_plan *p = load(text, NULL, 0);
    assert_int_equal(p->n_cases, 1000);
    eb_plan_free(p);
    strcat(text, ", 26");
    refuse(text, NULL, 3, 1, "more than 1000 cases", "[workload w]");
}

// All errors of a config come at once, in the order of the file, flags last.
static void test_all_errors_in_order(void **state)
{
    (void)state;
    static const char *const sets[] = { "run:seed=x" };
    eb_err_list errs = { 0 };
    assert_null(load_with("[run]\ntrials = 0\nfoo = 1\n[model m]\nmodel = x\n[workload w]\nkind = dense\nbar\n", sets,
                          1, &errs));
    assert_int_equal(errs.n, 5);
    static const int lines[] = { 2, 3, 5, 8, 0 };
    for (int i = 0; i < 5; i++)
        assert_int_equal(errs.items[i].line, lines[i]);
    assert_string_equal(errs.items[4].file, "--set 1");
    eb_err_list_deinit(&errs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),       cmocka_unit_test(test_grid),
        cmocka_unit_test(test_origins),        cmocka_unit_test(test_digest),
        cmocka_unit_test(test_errors),         cmocka_unit_test(test_set_errors),
        cmocka_unit_test(test_too_many_cases), cmocka_unit_test(test_all_errors_in_order),
    };
    return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
