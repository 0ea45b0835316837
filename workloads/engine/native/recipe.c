// SPDX-License-Identifier: Apache-2.0
// Which type a tensor gets. A plain type is given to every matrix; a recipe spends more bits where
// the field found them to matter. What must stay exact is F32 always. docs/models.md says it in words.
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "workloads/engine/native/make.h"

typedef enum role { ROLE_OTHER, ROLE_OUTPUT, ROLE_V, ROLE_K, ROLE_ATTN_OUT, ROLE_DOWN } role;

struct eb_recipe {
    const char *name;
    eb_wtype base;
    uint32_t file_type;
    eb_wtype (*mix)(const eb_hparams *hp, role r, int layer, eb_wtype base); // NULL: base for all
};

// The layers at both ends, and each third one between.
static bool favoured(int layer, int layers)
{
    return layer < layers / 8 || layer >= 7 * layers / 8 || (layer - layers / 8) % 3 == 2;
}

static eb_wtype mix_4_and_5(const eb_hparams *hp, role r, int layer, eb_wtype base)
{
    bool eight = hp->experts == 8; // attention is small beside eight experts
    if (r == ROLE_OUTPUT)
        return EB_W_Q6_K;
    if (eight && (r == ROLE_V || r == ROLE_K))
        return EB_W_Q8_0;
    if (eight && r == ROLE_ATTN_OUT)
        return EB_W_Q5_K;
    if ((r == ROLE_V || r == ROLE_DOWN) && favoured(layer, hp->layers))
        return EB_W_Q6_K;
    return base;
}

static eb_wtype mix_3(const eb_hparams *hp, role r, int layer, eb_wtype base)
{
    bool eight = hp->experts == 8;
    if (r == ROLE_OUTPUT)
        return EB_W_Q6_K;
    if (eight && (r == ROLE_V || r == ROLE_K))
        return EB_W_Q8_0;
    if (r == ROLE_V)
        return layer < 2 ? EB_W_Q5_K : EB_W_Q4_K;
    if (r == ROLE_DOWN)
        return layer < hp->layers / 16 ? EB_W_Q5_K : EB_W_Q4_K;
    if (r == ROLE_ATTN_OUT)
        return eight ? EB_W_Q5_K : EB_W_Q4_K;
    return base;
}

static const eb_recipe recipes[] = {
    { "f32", EB_W_F32, 0, NULL },
    { "f16", EB_W_F16, 1, NULL },
    { "bf16", EB_W_BF16, 32, NULL },
    { "q8_0", EB_W_Q8_0, 7, NULL },
    { "q4_0", EB_W_Q4_0, 2, NULL },
    { "q4_1", EB_W_Q4_1, 3, NULL },
    { "q5_0", EB_W_Q5_0, 8, NULL },
    { "q5_1", EB_W_Q5_1, 9, NULL },
    { "q2_k", EB_W_Q2_K, 10, NULL },
    { "q3_k", EB_W_Q3_K, 11, NULL },
    { "q4_k", EB_W_Q4_K, 14, NULL },
    { "q5_k", EB_W_Q5_K, 16, NULL },
    { "q6_k", EB_W_Q6_K, 18, NULL },
    { "q3_k_m", EB_W_Q3_K, 12, mix_3 },
    { "q4_k_m", EB_W_Q4_K, 15, mix_4_and_5 },
    { "q5_k_m", EB_W_Q5_K, 17, mix_4_and_5 },
};
enum { N_RECIPES = sizeof recipes / sizeof *recipes };

const eb_recipe *eb_recipe_find(const char *name)
{
    for (int i = 0; i < N_RECIPES; i++)
        if (!strcasecmp(recipes[i].name, name))
            return &recipes[i];
    return NULL;
}

const char *const *eb_recipe_names(void)
{
    static const char *const names[] = { "f32",  "f16",  "bf16", "q8_0", "q4_0",   "q4_1",   "q5_0",   "q5_1", "q2_k",
                                         "q3_k", "q4_k", "q5_k", "q6_k", "q3_k_m", "q4_k_m", "q5_k_m", NULL };
    return names;
}

const char *eb_recipe_name(const eb_recipe *recipe)
{
    return recipe->name;
}

uint32_t eb_recipe_file_type(const eb_recipe *recipe)
{
    return recipe->file_type;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && !strcmp(s + n - k, end);
}

// Norms, biases, routers and the small state tensors: added, multiplied or compared in f32.
static bool stays_f32(const char *tensor, int n_dims)
{
    return n_dims < 2 || ends_with(tensor, ".bias") || ends_with(tensor, "norm.weight") ||
           strstr(tensor, "ffn_gate_inp") || strstr(tensor, "ssm_conv1d") || ends_with(tensor, "ssm_a") ||
           ends_with(tensor, "ssm_d");
}

static role role_of(const char *tensor, bool tied)
{
    if (!strcmp(tensor, "output.weight") || (tied && !strcmp(tensor, "token_embd.weight")))
        return ROLE_OUTPUT;
    if (strstr(tensor, ".attn_v.weight"))
        return ROLE_V;
    if (strstr(tensor, ".attn_k.weight"))
        return ROLE_K;
    if (strstr(tensor, ".attn_output.weight"))
        return ROLE_ATTN_OUT;
    return strstr(tensor, ".ffn_down") ? ROLE_DOWN : ROLE_OTHER;
}

// A row that is no whole number of blocks takes the nearest type of smaller blocks, else F16.
static eb_wtype fallback(eb_wtype type, int64_t row)
{
    static const uint8_t smaller[EB_W_LIMIT] = { [EB_W_Q2_K] = EB_W_Q4_0,
                                                 [EB_W_Q3_K] = EB_W_Q4_0,
                                                 [EB_W_Q4_K] = EB_W_Q5_0,
                                                 [EB_W_Q5_K] = EB_W_Q5_1,
                                                 [EB_W_Q6_K] = EB_W_Q8_0 };
    if (row % eb_wtypes[type].block && smaller[type])
        type = (eb_wtype)smaller[type];
    return row % eb_wtypes[type].block ? EB_W_F16 : type;
}

eb_wtype eb_recipe_type(const eb_recipe *recipe, const eb_hparams *hp, bool tied, const char *tensor, int64_t row,
                        int n_dims)
{
    int layer = 0;
    if (stays_f32(tensor, n_dims))
        return EB_W_F32;
    eb_wtype type = recipe->base;
    if (recipe->mix) {
        (void)sscanf(tensor, "blk.%d.", &layer);
        type = recipe->mix(hp, role_of(tensor, tied), layer, type);
    }
    return fallback(type, row);
}
