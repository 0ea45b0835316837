// SPDX-License-Identifier: Apache-2.0
// Files as models: every shape opens, and every way of being wrong is named.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "harness/base/mem.h"
#include "tests/unit/emulated.h"
#include "tests/unit/folder.h"
#include "workloads/engine/native/hparams.h"
#include "workloads/engine/native/make_impl.h"

static char path[128];

static int setup(void **state)
{
    if (folder_make(state))
        return -1;
    snprintf(path, sizeof path, "%s/m.gguf", folder);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

// What one test changes in an otherwise good file of a shape.
typedef struct change {
    const char *drop_tensor, *add_tensor; // names
    const char *reshape;                  // this tensor gets one row more
    const char *retype;                   // this tensor is written as `type`
    eb_wtype type;
    const char *drop_key;
    const char *u32_key, *f32_key, *str_key, *bool_key;
    uint32_t u32;
    float f32;
    const char *str;
    const char *array_key;
    uint32_t array[3];
    int array_n;             // 0: one per layer, as it should be
    eb_gguf_type array_item; // 0 (u8, which it is never written as): u32
} change;

static bool is(const char *a, const char *b)
{
    return a && !strcmp(a, b);
}

static void put_array(eb_gguf_writer *w, const change *c)
{
    uint64_t n = c->array_n ? (uint64_t)c->array_n : 2, wide[3] = { c->array[0], c->array[1], c->array[2] };
    bool is_wide = c->array_item == EB_GGUF_U64 || c->array_item == EB_GGUF_I64;
    eb_gguf_kv kv = { .key = c->array_key,
                      .type = EB_GGUF_ARRAY,
                      .item = c->array_item ? c->array_item : EB_GGUF_U32,
                      .value = is_wide ? (const uint8_t *)wide : (const uint8_t *)c->array,
                      .n = n };
    eb_gguf_put_copy(w, &kv);
}

static void put_keys(eb_gguf_writer *w, const eb_gguf *from, const change *c)
{
    for (size_t i = 0; i < from->n_kv; i++) {
        const char *key = from->kv[i].key;
        if (!is(c->drop_key, key) && !is(c->u32_key, key) && !is(c->f32_key, key) && !is(c->str_key, key) &&
            !is(c->array_key, key))
            eb_gguf_put_copy(w, &from->kv[i]);
    }
    if (c->u32_key)
        eb_gguf_put_u32(w, c->u32_key, c->u32);
    if (c->f32_key)
        eb_gguf_put_f32(w, c->f32_key, c->f32);
    if (c->str_key)
        eb_gguf_put_str(w, c->str_key, c->str);
    if (c->bool_key)
        eb_gguf_put_bool(w, c->bool_key, c->u32);
    if (c->array_key)
        put_array(w, c);
}

// The tensors as changed; their data is that of the shape, quantized to the type asked for.
static void write_changed(const eb_gguf *from, const change *c)
{
    eb_err err = { 0 };
    eb_gguf_writer *w = eb_gguf_writer_new(path, &err);
    put_keys(w, from, c);
    for (size_t i = 0; i < from->n_tensors; i++) {
        eb_gguf_tensor t = from->tensors[i];
        t.ne[1] += is(c->reshape, t.name);
        t.n_dims = t.n_dims == 1 && t.ne[1] > 1 ? 2 : t.n_dims;
        if (!is(c->drop_tensor, t.name))
            eb_gguf_put_tensor(w, t.name, is(c->retype, t.name) ? c->type : t.type, t.n_dims, t.ne);
    }
    if (c->add_tensor) {
        const int64_t ne[] = { 4 };
        eb_gguf_put_tensor(w, c->add_tensor, EB_W_F32, 1, ne);
    }
    assert_true(eb_gguf_begin_data(w, &err));
    for (size_t i = 0; i < from->n_tensors; i++) {
        const eb_gguf_tensor *t = &from->tensors[i];
        eb_wtype type = is(c->retype, t->name) ? c->type : t->type;
        int64_t rows = t->ne[1] * t->ne[2] * t->ne[3] + (is(c->reshape, t->name) ? t->ne[2] : 0);
        size_t bytes = eb_row_bytes(type, t->ne[0]) * (size_t)rows;
        if (is(c->drop_tensor, t->name))
            continue;
        uint8_t *data = eb_alloc(bytes);
        if (type != t->type)
            eb_quantize_row(type, t->data, data, t->ne[0] * rows);
        else
            memcpy(data, t->data, t->bytes);
        assert_true(eb_gguf_write(w, data, bytes, &err));
        free(data);
    }
    const float four[4] = { 0 };
    if (c->add_tensor)
        assert_true(eb_gguf_write(w, four, sizeof four, &err));
    assert_true(eb_gguf_finish(w, &err));
}

static void make(const char *shape, const char *type)
{
    eb_err err = { 0 };
    assert_true(eb_make_shape(eb_shape_find(shape), eb_recipe_find(type), 1, path, 1, NULL, NULL, &err));
}

static eb_model *changed(const char *shape, const change *c, eb_err *err)
{
    memset(err, 0, sizeof *err);
    make(shape, "f32");
    eb_gguf *from = eb_gguf_open(path, err);
    assert_non_null(from);
    write_changed(from, c);
    eb_gguf_close(from);
    return eb_model_open(path, err);
}

static void refused(const char *shape, const change c, const char *why)
{
    eb_err err;
    eb_model *m = changed(shape, &c, &err);
    if (m)
        fail_msg("%s: opened, should be refused with '%s'", shape, why);
    assert_int_equal(err.code, EB_USAGE);
    assert_string_equal(err.file, path);
    if (!strstr(err.message, why))
        fail_msg("%s: '%s' does not say '%s'", shape, err.message, why);
    assert_true(err.hint[0]);
}

static eb_model *accepted(const char *shape, const change c)
{
    eb_err err;
    eb_model *m = changed(shape, &c, &err);
    if (!m)
        fail_msg("%s: refused with '%s'", shape, err.message);
    return m;
}

static void test_every_tiny_shape_in_every_type(void **state)
{
    (void)state;
    for (const eb_shape *s = eb_shapes; s->name; s++) {
        if (strncmp(s->name, "tiny-", 5))
            continue;
        for (const char *const *type = eb_recipe_names(); *type; type++) {
            eb_err err = { 0 };
            if (emulated() && (s - eb_shapes + (type - eb_recipe_names())) % 4)
                continue;
            make(s->name, *type);
            eb_model *m = eb_model_open(path, &err);
            if (!m)
                fail_msg("%s %s: %s", s->name, *type, err.message);
            assert_string_equal(m->name, s->name);
            assert_string_equal(m->type, *type);
            assert_int_equal(m->hp.embd, s->hp.embd);
            assert_int_equal(m->hp.experts_used, s->hp.experts_used);
            assert_int_equal(m->hp.expert_ffn, s->hp.expert_ffn);
            assert_int_equal(m->hp.shared_ffn, s->hp.shared_ffn);
            assert_int_equal(m->hp.vocab, s->hp.vocab);
            assert_true(m->hp.norm_eps == s->hp.norm_eps);
            assert_int_equal(m->output.data == m->tok_embd.data, s->tied);
            assert_int_equal(m->rope_freqs != NULL, s->rope_factor > 0);
            eb_model_close(m);
        }
    }
}

// Published parameter counts, from the shapes alone: a wrong dimension would show.
static void test_published_sizes(void **state)
{
    (void)state;
    const struct {
        const char *shape;
        double params; // as the publishers count them, within 0.1 %
    } published[] = {
        { "smollm2-135m", 134.515e6 }, { "smollm2-360m", 361.821e6 },   { "qwen2.5-0.5b", 494.033e6 },
        { "qwen3-0.6b", 596.050e6 },   { "llama-3.2-1b", 1235.814e6 },  { "llama-3.1-8b", 8030.261e6 },
        { "olmoe-1b-7b", 6919.162e6 }, { "qwen3-30b-a3b", 30532.12e6 }, { "mixtral-8x7b", 46702.79e6 },
        { "mamba-130m", 129.135e6 },   { "mamba-370m", 371.516e6 },     { "mamba-1.4b", 1372.178e6 },
        { "mamba2-130m", 128.99e6 },
    };
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        eb_made_list list = { 0 };
        double n = 0;
        eb_made_tensors(eb_shape_find(published[i].shape), eb_recipe_find("f16"), &list);
        for (size_t t = 0; t < list.n; t++)
            n += (double)(list.items[t].ne[0] * list.items[t].ne[1] * list.items[t].ne[2]);
        free(list.items);
        if (n < 0.999 * published[i].params || n > 1.001 * published[i].params)
            fail_msg("%s: %.0f parameters, published %.0f", published[i].shape, n, published[i].params);
    }
}

static void test_shapes_have_their_facts(void **state)
{
    (void)state;
    for (const eb_shape *s = eb_shapes; s->name; s++) {
        eb_err err = { 0 };
        if (!eb_hparams_check(&s->hp, s->name, &err))
            fail_msg("%s: %s", s->name, err.message);
        assert_non_null(s->source);
        assert_ptr_equal(eb_shape_find(s->name), s);
        // llama.cpp wants an output of its own in these two
        assert_false(s->tied && (s->hp.arch == EB_ARCH_OLMOE || s->hp.arch == EB_ARCH_QWEN2MOE));
    }
    assert_null(eb_shape_find("no-such"));
}

static void test_missing_tensors(void **state)
{
    (void)state;
    const char *const of[][2] = {
        { "tiny-llama", "token_embd.weight" },
        { "tiny-llama", "output_norm.weight" },
        { "tiny-llama", "blk.1.ffn_down.weight" },
        { "tiny-llama", "blk.0.attn_norm.weight" },
        { "tiny-qwen2", "blk.0.attn_k.bias" },
        { "tiny-qwen3", "blk.1.attn_q_norm.weight" },
        { "tiny-olmoe", "blk.0.ffn_gate_inp.weight" },
        { "tiny-qwen2moe", "blk.0.ffn_gate_inp_shexp.weight" },
        { "tiny-mamba", "blk.1.ssm_a" },
        { "tiny-mamba2", "blk.1.ssm_norm.weight" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        char why[160];
        snprintf(why, sizeof why, "tensor '%s' is missing", of[i][1]);
        refused(of[i][0], (change){ .drop_tensor = of[i][1] }, why);
    }
}

static void test_wrong_shapes(void **state)
{
    (void)state;
    refused("tiny-llama", (change){ .reshape = "blk.1.attn_v.weight" },
            "tensor 'blk.1.attn_v.weight' has the shape [256, 129, 1, 1], its model wants [256, 128, 1, 1]");
    refused("tiny-llama", (change){ .reshape = "token_embd.weight" }, "has 513 rows, the vocabulary 512 entries");
    refused("tiny-llama", (change){ .reshape = "blk.0.attn_norm.weight" }, "wants [256, 1, 1, 1]");
    refused("tiny-mixtral", (change){ .reshape = "blk.0.ffn_up_exps.weight" }, "wants [256, 256, 4, 1]");
    refused("tiny-mamba", (change){ .reshape = "blk.0.ssm_a" }, "wants [16, 512, 1, 1]");
}

static void test_tensors_that_would_be_left_out(void **state)
{
    (void)state;
    refused("tiny-llama", (change){ .add_tensor = "output.bias" }, "tensor 'output.bias' is no part of a llama model");
    refused("tiny-llama", (change){ .add_tensor = "blk.0.ffn_up.bias" }, "no part of a llama model");
    refused("tiny-llama", (change){ .add_tensor = "blk.2.attn_norm.weight" }, "no part of a llama model");
    refused("tiny-qwen3", (change){ .add_tensor = "blk.0.attn_sinks" }, "no part of a qwen3 model");
}

static void test_keys_that_are_wrong(void **state)
{
    (void)state;
    const struct {
        const char *shape, *key;
        uint32_t value;
        const char *why;
    } of[] = {
        { "tiny-llama", "llama.block_count", 0, "allowed is 1 to 512" },
        { "tiny-llama", "llama.block_count", UINT32_MAX, "allowed is 1 to 512" },
        { "tiny-llama", "llama.block_count", 3, "'blk.2.attn_norm.weight' is missing" },
        { "tiny-llama", "llama.block_count", 1, "tensor 'blk.1.attn_norm.weight' is no part" },
        { "tiny-llama", "llama.attention.head_count", 0, "allowed is" },
        { "tiny-llama", "llama.embedding_length", UINT32_MAX, "is 4294967295, allowed is 1 to 1048576" },
        { "tiny-llama", "llama.attention.head_count_kv", 3, "no multiple of attention.head_count_kv" },
        { "tiny-llama", "llama.rope.dimension_count", 63, "not even" },
        { "tiny-llama", "llama.rope.dimension_count", 66, "larger than attention.key_length" },
        { "tiny-llama", "llama.embedding_length", 512, "has the shape" },
        { "tiny-llama", "llama.vocab_size", 511, "has 512 rows, the vocabulary 511 entries" },
        { "tiny-llama", "llama.feed_forward_length", 0, "feed_forward_length is missing or 0" },
        { "tiny-llama", "llama.expert_used_count", 2, "without expert_count" },
        { "tiny-llama", "llama.attention.sliding_window", 512, "sliding window" },
        { "tiny-mixtral", "llama.expert_used_count", 5, "expert_used_count" },
        { "tiny-mixtral", "llama.expert_used_count", 0, "expert_used_count" },
        { "tiny-olmoe", "olmoe.expert_count", 0, "expert_count is missing or 0" },
        { "tiny-qwen3moe", "qwen3moe.expert_gating_func", 2, "does not compute" },
        { "tiny-mamba", "mamba.ssm.state_size", 0, "allowed is" },
        { "tiny-mamba2", "mamba2.ssm.group_count", 3, "group_count does not divide" },
        { "tiny-mamba2", "mamba2.ssm.time_step_rank", 7, "no multiple of ssm.time_step_rank" },
    };
    for (size_t i = 0; i < sizeof of / sizeof *of; i++)
        refused(of[i].shape, (change){ .u32_key = of[i].key, .u32 = of[i].value }, of[i].why);
}

static void test_keys_that_are_missing_or_of_another_kind(void **state)
{
    (void)state;
    refused("tiny-llama", (change){ .drop_key = "general.architecture" }, "general.architecture' is missing");
    refused("tiny-llama", (change){ .str_key = "general.architecture", .str = "gpt2" }, "architecture 'gpt2'");
    refused("tiny-llama", (change){ .drop_key = "llama.block_count" }, "key 'llama.block_count' is missing");
    refused("tiny-llama", (change){ .drop_key = "llama.attention.layer_norm_rms_epsilon" }, "is missing");
    refused("tiny-mamba2", (change){ .drop_key = "mamba2.ssm.group_count" }, "is missing");
    refused("tiny-llama", (change){ .str_key = "llama.block_count", .str = "2" }, "type string");
    refused("tiny-llama", (change){ .f32_key = "llama.block_count", .f32 = 2 }, "type f32");
    refused("tiny-llama", (change){ .u32_key = "llama.rope.freq_base", .u32 = 2 }, "type u32");
    refused("tiny-llama", (change){ .f32_key = "llama.rope.freq_base", .f32 = -1 }, "allowed is");
    refused("tiny-llama", (change){ .str_key = "llama.rope.scaling.type", .str = "yarn" }, "scaling of positions");
    refused("tiny-llama", (change){ .bool_key = "llama.attention.causal", .u32 = 0 }, "not causal");
    refused("tiny-olmoe", (change){ .bool_key = "olmoe.expert_weights_norm", .u32 = 1 }, "contradicts");
    refused("tiny-llama", (change){ .f32_key = "llama.logit_scale", .f32 = 0.5f }, "does not compute");
    refused("tiny-mixtral", (change){ .f32_key = "llama.expert_weights_scale", .f32 = 2 }, "does not compute");
    refused("tiny-llama", (change){ .array_key = "llama.attention.head_count_kv", .array = { 2, 1 } },
            "differs from layer to layer");
    change array = { .array_key = "llama.attention.head_count_kv", .array = { 2, 2, 2 }, .array_n = 3 };
    refused("tiny-llama", array, "another length than the model has layers");
    array = (change){ .array_key = array.array_key, .array = { 0xfffffffe, 0xfffffffe }, .array_item = EB_GGUF_I32 };
    refused("tiny-llama", array, "holds no whole numbers");
    array = (change){ .array_key = array.array_key, .array = { 2, 2 }, .array_item = EB_GGUF_F32 };
    refused("tiny-llama", array, "holds no whole numbers");
}

static void test_defaults_and_neutral_values(void **state)
{
    (void)state;
    eb_model *m = accepted("tiny-llama", (change){ .drop_key = "llama.attention.key_length" });
    assert_int_equal(m->hp.dim_k, 64);
    eb_model_close(m);
    m = accepted("tiny-olmoe", (change){ .drop_key = "olmoe.attention.head_count_kv" });
    assert_int_equal(m->hp.kv_heads, 4);
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .drop_key = "llama.rope.freq_base" });
    assert_true(m->hp.rope_base == 10000);
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .drop_key = "llama.vocab_size" });
    assert_int_equal(m->hp.vocab, 512);
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .array_key = "llama.attention.head_count_kv", .array = { 2, 2 } });
    assert_int_equal(m->hp.kv_heads, 2);
    eb_model_close(m);
    const eb_gguf_type items[] = { EB_GGUF_I32, EB_GGUF_U64, EB_GGUF_I64 };
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        change array = { .array_key = "llama.attention.head_count_kv", .array = { 2, 2 }, .array_item = items[i] };
        m = accepted("tiny-llama", array);
        assert_int_equal(m->hp.kv_heads, 2);
        eb_model_close(m);
    }
    m = accepted("tiny-llama", (change){ .f32_key = "llama.rope.scaling.factor", .f32 = 4 });
    assert_true(m->hp.rope_scale == 4);
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .str_key = "llama.rope.scaling.type",
                                         .str = "none",
                                         .f32_key = "llama.rope.scaling.factor",
                                         .f32 = 4 });
    assert_true(m->hp.rope_scale == 1);
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .u32_key = "llama.attention.sliding_window", .u32 = 4096 });
    eb_model_close(m);
    m = accepted("tiny-mixtral", (change){ .drop_tensor = "output.weight" });
    assert_ptr_equal(m->output.data, m->tok_embd.data);
    eb_model_close(m);
}

static void test_vectors_of_other_types(void **state)
{
    (void)state;
    eb_model *plain = accepted("tiny-qwen2", (change){ 0 });
    float want = plain->layer[1].bq[7];
    eb_model_close(plain);
    eb_model *m = accepted("tiny-qwen2", (change){ .retype = "blk.1.attn_q.bias", .type = EB_W_F16 });
    assert_true(m->layer[1].bq[7] == eb_f16_to_f32(eb_f32_to_f16(want)));
    assert_int_equal(m->n_owned, 1);
    eb_model_close(m);
    m = accepted("tiny-qwen2", (change){ .retype = "output_norm.weight", .type = EB_W_BF16 });
    assert_true(m->output_norm[0] > 0.9f && m->output_norm[0] < 1.1f);
    eb_model_close(m);
    refused("tiny-qwen2", (change){ .retype = "blk.1.attn_q.bias", .type = EB_W_Q8_0 }, "is of type q8_0");
}

static void test_type_of_a_foreign_file(void **state)
{
    (void)state;
    eb_model *m = accepted("tiny-llama", (change){ .drop_key = "effbench.type" });
    assert_string_equal(m->type, "f32");
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .drop_key = "effbench.type", .u32_key = "general.file_type", .u32 = 15 });
    assert_string_equal(m->type, "q4_k_m");
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .str_key = "effbench.type", .str = "\033[31m" });
    assert_string_equal(m->type, "f32");
    eb_model_close(m);
    m = accepted("tiny-llama", (change){ .str_key = "general.name", .str = "bad\033name\xff" });
    assert_string_equal(m->name, "bad?name?");
    eb_model_close(m);
}

// Worked out from the shape on paper: 2 layers of q, o 256x256, k, v 128x256, FFN 3 x 512x256; output 512x256.
static void test_predictions(void **state)
{
    (void)state;
    make("tiny-llama", "f32");
    eb_err err = { 0 };
    eb_model *m = eb_model_open(path, &err);
    const double layer = 2.0 * 256 * 256 + 2.0 * 128 * 256 + 3.0 * 512 * 256, out = 512.0 * 256;
    const double vectors = 2 * (2.0 * 256) + 256, row = 256;
    assert_true(eb_model_bytes_per_tok(m, 0, 2) == 4 * (2 * layer + out + vectors + row));
    assert_true(eb_model_bytes_per_tok(m, 10, 2) - eb_model_bytes_per_tok(m, 0, 2) == 2 * 10 * 2 * 128 * 2.0);
    assert_true(eb_model_flop_per_tok(m, 0) == 2 * (2 * layer + out) + 2 * 2.0 * 4 * 128);
    assert_true(eb_model_flop_per_tok(m, 9) - eb_model_flop_per_tok(m, 0) == 9 * 2 * 2.0 * 4 * 128);
    assert_int_equal(m->n_params, (uint64_t)(2 * layer + 2 * out + vectors + 32));
    assert_string_equal(eb_model_family(m), "dense");
    eb_model_close(m);
    // Of four experts two are read, and the router whole.
    make("tiny-mixtral", "f32");
    m = eb_model_open(path, &err);
    const double attention = 2.0 * 256 * 256 + 2.0 * 128 * 256, moe = 4 * 256 + 2 * 3.0 * 256 * 256;
    assert_true(eb_model_bytes_per_tok(m, 0, 2) == 4 * (2 * (attention + moe) + out + vectors + row));
    assert_string_equal(eb_model_family(m), "moe");
    eb_model_close(m);
    make("tiny-mamba", "f32");
    m = eb_model_open(path, &err);
    assert_string_equal(eb_model_family(m), "ssm");
    assert_true(eb_model_bytes_per_tok(m, 0, 2) == eb_model_bytes_per_tok(m, 5000, 2));
    eb_model_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_tiny_shape_in_every_type),
        cmocka_unit_test(test_published_sizes),
        cmocka_unit_test(test_shapes_have_their_facts),
        cmocka_unit_test(test_missing_tensors),
        cmocka_unit_test(test_wrong_shapes),
        cmocka_unit_test(test_tensors_that_would_be_left_out),
        cmocka_unit_test(test_keys_that_are_wrong),
        cmocka_unit_test(test_keys_that_are_missing_or_of_another_kind),
        cmocka_unit_test(test_defaults_and_neutral_values),
        cmocka_unit_test(test_vectors_of_other_types),
        cmocka_unit_test(test_type_of_a_foreign_file),
        cmocka_unit_test(test_predictions),
    };
    return cmocka_run_group_tests_name("model", tests, setup, teardown);
}
