// SPDX-License-Identifier: Apache-2.0
// The same work: shape, weight type, lengths, batch, depth, cache type and what the workload does.
#include "harness/record/compare_work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/mem.h"

static bool is_one_of(const char *s, const char *const *list, int n)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(s, list[i]))
            return true;
    return false;
}

bool eb_compare_plain(const eb_compare_case *c)
{
    static const char *const plain[] = { "dense", "moe", "ssm", "quantized" };
    return is_one_of(c->family, plain, 4);
}

static char *append(char *s, const char *sep, const char *more)
{
    char *longer = eb_format("%s%s%s", s, sep, more);
    free(s);
    return longer;
}

// Whatever else the workload was told: arrivals, users, duration.
static char *add_workload(char *key, const eb_compare_run *run, const eb_compare_case *c)
{
    static const char *const elsewhere[] = { "kind", "model", "prompt", "output", "batch", "depth", "threads" };
    for (int i = 0; i < run->text.n_settings; i++) {
        const eb_setting_row *s = &run->text.settings[i];
        if (!strcmp(s->section, "workload") && !strcmp(s->name, c->workload) && !is_one_of(s->key, elsewhere, 7) &&
            s->value[0]) {
            key = append(key, "|", s->key);
            key = append(key, "=", s->value);
        }
    }
    return key;
}

char *eb_compare_model(const eb_compare_case *c)
{
    if (!strncmp(c->source, "shape:", 6))
        return eb_strdup(c->source + 6);
    if (c->model_name[0])
        return eb_strdup(c->model_name);
    return eb_strdup(strncmp(c->source, "file:", 5) ? c->model : eb_path_base(c->source + 5));
}

// A file is known by what is in it: its path says nothing on another machine.
static char *shape_of(const eb_compare_case *c)
{
    if (!strncmp(c->source, "shape:", 6))
        return eb_strdup(c->source);
    char *name = eb_compare_model(c),
         *shape = eb_format("%s/%s/%.0f", c->arch, name, isnan(c->n_params) ? 0 : c->n_params);
    free(name);
    return shape;
}

char *eb_compare_key(const eb_compare_run *run, int run_index, const eb_compare_case *c, eb_compare_by by)
{
    char *shape = by == EB_BY_MODEL ? eb_strdup("") : shape_of(c);
    bool any_family = by == EB_BY_MODEL && eb_compare_plain(c);
    char *key = eb_format("%s|%s|%s|%d|%d|%d|%d|%s|%s|%d", any_family ? "" : c->family, shape,
                          by == EB_BY_TYPE ? "" : c->type, c->prompt_tok, c->output_tok, c->batch, c->depth_tok, c->kv,
                          c->load, by == EB_BY_MACHINE ? -1 : run_index);
    free(shape);
    return eb_compare_plain(c) ? key : add_workload(key, run, c);
}

char *eb_compare_title(const eb_compare_run *run, const eb_compare_case *c, const char *offer, eb_compare_by by,
                       bool with_run)
{
    char *model = by == EB_BY_MODEL ? eb_strdup("any model") : eb_compare_model(c), depth[32] = "";
    if (c->depth_tok)
        snprintf(depth, sizeof depth, "@%d", c->depth_tok);
    bool said = by == EB_BY_MODEL && eb_compare_plain(c);
    char *title = eb_format("%s%s%s%s%s %d+%d%s b%d%s%s%s%s%s%s", said ? "" : c->family, said ? "" : ": ", model,
                            by == EB_BY_TYPE || !c->type[0] ? "" : " ", by == EB_BY_TYPE ? "" : c->type, c->prompt_tok,
                            c->output_tok, depth, c->batch, c->load[0] ? " " : "", c->load, with_run ? " on " : "",
                            with_run ? run->name : "", offer ? ", " : "", offer ? offer : "");
    free(model);
    return title;
}
