// SPDX-License-Identifier: Apache-2.0
// What llama-bench writes, read: its rows as cases, its samples as trials, nothing made up, nothing believed unchecked.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/record/import_llama_bench.h"

#define ROW(model, prompt, gen, rest)                                                                                  \
    "{\"build_commit\":\"abc\",\"cpu_info\":\"A CPU\",\"model_filename\":\"m.gguf\",\"model_type\":\"" model           \
    "\",\"model_size\":1000,\"model_n_params\":2000,\"n_threads\":4,\"type_k\":\"f16\",\"type_v\":\"f16\","            \
    "\"n_prompt\":" prompt ",\"n_gen\":" gen ",\"test_time\":\"2026-01-02T03:04:05Z\"" rest "}"

static bool imports(const char *text, eb_import *out, eb_err *err)
{
    *err = (eb_err){ 0 };
    return eb_import_llama_bench(text, strlen(text), "bench.json", out, err);
}

static void refused(const char *text, const char *why)
{
    eb_import in;
    eb_err err;
    assert_false(imports(text, &in, &err));
    assert_int_equal(err.code, EB_USAGE);
    if (!strstr(err.message, why))
        fail_msg("'%s' does not say '%s'", err.message, why);
    eb_import_deinit(&in);
}

static void rows_become_cases_and_samples_trials(void **state)
{
    (void)state;
    eb_import in;
    eb_err err;
    assert_true(imports(
        "[" ROW("qwen2 7B Q4_K - Medium", "512", "0",
                ",\"n_depth\":256,\"avg_ns\":5,\"samples_ns\":[100,200.4]") "," ROW("llama 7B mostly Q8_0", "0", "128",
                                                                                    ",\"avg_ns\":300,\"samples_"
                                                                                    "ns\":[300]") "," ROW("odd", "8",
                                                                                                          "4",
                                                                                                          ",\"avg_"
                                                                                                          "ns\":"
                                                                                                          "50") "]",
        &in, &err));
    assert_int_equal(in.header.n_cases, 3);
    const eb_case_info *c = in.header.cases;
    assert_string_equal(c[0].model, "qwen2 7B");
    assert_string_equal(c[0].type, "q4_k_m");
    assert_string_equal(c[0].workload, "pp512");
    assert_int_equal(c[0].depth_tok, 256);
    assert_string_equal(c[1].model, "llama 7B");
    assert_string_equal(c[1].type, "q8_0");
    assert_string_equal(c[1].workload, "tg128");
    assert_int_equal(c[1].depth_tok, 0);
    assert_string_equal(c[2].model, "odd");
    assert_string_equal(c[2].type, "");
    assert_string_equal(c[2].workload, "pp8+tg4");
    assert_int_equal(in.header.n_channels, 0); // no joules
    assert_string_equal(eb_header_imported(&in.header), "llama-bench");
    assert_int_equal(in.n_trials, 4);
    const eb_trial_info *t = in.trials;
    assert_int_equal(t[1].t_end_ns - t[1].t_start_ns, 200);
    assert_true(t[1].totals.known && t[1].totals.prompt_tok == 512 && t[1].totals.prefill_ns == 200);
    assert_int_equal(t[1].totals.decode_ns, 0);
    assert_true(t[2].totals.output_tok == 128 && t[2].totals.decode_ns == 300 && t[2].totals.prefill_ns == 0);
    assert_true(t[3].totals.prefill_ns == 0 && t[3].totals.decode_ns == 0); // the two are not told apart
    assert_int_equal(in.facts[0].n_params, 2000);
    assert_int_equal(in.warnings.n, 1); // of the row that has a mean alone
    eb_import_deinit(&in);
}

static void all_three_forms_say_the_same(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "[" ROW("a F16", "4", "0", ",\"avg_ns\":90") "," ROW("b BF16", "4", "0", ",\"avg_ns\":91") "]",
        ROW("a F16", "4", "0", ",\"avg_ns\":90") "\n\n" ROW("b BF16", "4", "0", ",\"avg_ns\":91") "\n",
        "build_commit,cpu_info,model_filename,model_type,model_size,model_n_params,n_threads,type_k,type_v,n_prompt,n_"
        "gen,"
        "test_time,avg_ns\n\"abc\",\"A CPU\",\"m.gguf\",\"a F16\",\"1000\",\"2000\",\"4\",\"f16\",\"f16\",\"4\",\"0\","
        "\"2026-01-02T03:04:05Z\",\"90\"\nabc,A CPU,m.gguf,b BF16,1000,2000,4,f16,f16,4,0,2026-01-02T03:04:05Z,91\n",
    };
    for (size_t i = 0; i < 3; i++) {
        eb_import in;
        eb_err err;
        assert_true(imports(texts[i], &in, &err));
        assert_int_equal(in.header.n_cases, 2);
        assert_string_equal(in.header.cases[1].model, "b");
        assert_string_equal(in.header.cases[1].type, "bf16");
        assert_string_equal(in.header.started_utc, "2026-01-02T03:04:05Z");
        assert_string_equal(in.header.machine[0].value, "A CPU");
        assert_int_equal(in.trials[1].totals.prefill_ns, 91);
        assert_int_equal(in.facts[1].model_bytes, 1000);
        eb_import_deinit(&in);
    }
}

static void what_is_not_llama_benchs_is_refused(void **state)
{
    (void)state;
    refused("", "no rows");
    refused(" \n\t", "no rows");
    refused("[]", "no rows");
    refused("[1]", "no object");
    refused("[{}]", "'model_type' is missing");
    refused("[" ROW("", "1", "0", "") "]", "'model_type' is missing");
    refused("[" ROW("a", "-1", "0", "") "]", "'n_prompt'");
    refused("[" ROW("a", "1.5", "0", "") "]", "'n_prompt'");
    refused("[" ROW("a", "\"1 \"", "0", "") "]", "'n_prompt'");
    refused("[" ROW("a", "3000000000", "0", "") "]", "'n_prompt'");
    refused("[" ROW("a", "0", "0", ",\"avg_ns\":1") "]", "both 0");
    refused("[" ROW("a", "1", "0", "") "]", "'avg_ns' is missing");
    refused("[" ROW("a", "1", "0", ",\"avg_ns\":0") "]", "'avg_ns'");
    refused("[" ROW("a", "1", "0", ",\"avg_ns\":1e300") "]", "'avg_ns'");
    refused("[" ROW("a", "1", "0", ",\"samples_ns\":[5,-5]") "]", "'samples_ns'");
    refused("[" ROW("a", "1", "0", ",\"samples_ns\":[\"x\"]") "]", "'samples_ns'");
    refused("[" ROW("a", "1", "0", ",\"n_depth\":-2,\"avg_ns\":1") "]", "'n_depth'");
    refused("[" ROW("a", "1", "0", ",\"n_seq\":0,\"avg_ns\":1") "]", "'n_seq'");
    refused("[" ROW("a", "2000000000", "0", ",\"n_seq\":2,\"avg_ns\":1") "]", "more tokens");
    refused("[{\"model_type\":\"a\",\"model_type\":\"b\"}]", "twice");
    refused("| model | size |\n| --- | --- |\n", "this is a markdown table");
    refused("a,b\n1\n", "fewer");
    refused("a,b\n1,2,3\n", "more fields");
    refused("a,a\n1,2\n", "twice");
    refused("a,b\n\"1,2\n", "quote");
    refused("a,b\n\xff,2\n", "UTF-8");
    refused("{\"a\":1\n", "");
}

static void too_many_rows_and_samples_are_refused(void **state)
{
    (void)state;
    char *rows = eb_alloc(16 * 2000), *at = rows;
    at += sprintf(at, "a\n");
    for (int i = 0; i < EB_IMPORT_MAX_ROWS + 1; i++)
        at += sprintf(at, "1\n");
    refused(rows, "1000 rows");
    char *samples = eb_alloc(1 << 14);
    at = samples + sprintf(samples, "[" ROW("a", "1", "0", ",\"samples_ns\":["));
    for (int i = 0; i < EB_IMPORT_MAX_SAMPLES + 1; i++)
        at += sprintf(at, "%s1", i ? "," : "");
    strcpy(at, "]}]");
    char *brace = strstr(samples, "[}"); // the macro closed the row already
    memmove(brace + 1, brace + 2, strlen(brace + 2) + 1);
    refused(samples, "1000 samples");
    free(samples);
    free(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_become_cases_and_samples_trials),
        cmocka_unit_test(all_three_forms_say_the_same),
        cmocka_unit_test(what_is_not_llama_benchs_is_refused),
        cmocka_unit_test(too_many_rows_and_samples_are_refused),
    };
    return cmocka_run_group_tests_name("import", tests, NULL, NULL);
}
