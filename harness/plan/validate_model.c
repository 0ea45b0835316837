// SPDX-License-Identifier: Apache-2.0
// Rules of [model NAME] and [workload NAME]: a source and types that the engine knows, and what fits together.
#include <stdlib.h>
#include <string.h>

#include "harness/base/mem.h"
#include "harness/plan/build.h"

static bool has_prefix(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix)) && s[strlen(prefix)] != '\0';
}

// What the engine says about a source and type, moved to where they stand.
static bool ask_engine(eb_build *b, const eb_model_spec *spec, const eb_slot *slot, int item)
{
    eb_err why = { 0 };
    const eb_engine_ops *engine = b->plan->engine;
    if (!b->check_models || !engine || !engine->check || engine->check(spec, &why))
        return true;
    eb_place place = slot->place;
    place.column = slot->items[item].column;
    eb_err *err = eb_complain(b, place, "%s", why.message);
    eb_err_hint(err, "%s", why.hint);
    return false;
}

// False, and said: no shape and no file is named.
static bool check_source(eb_build *b, const eb_slot *source)
{
    const char *text = source->items[0].text;
    if (!strcmp(text, "shape:") || !strcmp(text, "file:")) {
        eb_err_hint(eb_complain(b, source->place, "'%s' names nothing", text), "write %s%s", text,
                    text[0] == 's' ? "NAME, such as shape:smollm2-135m; `effbench model shapes` lists them"
                                   : "PATH, the path of a GGUF file");
        return false;
    }
    if (has_prefix(text, "shape:") || has_prefix(text, "file:"))
        return true;
    const eb_engine_ops *engine = b->plan->engine;
    bool path = strchr(text, '/') || strstr(text, ".gguf");
    char *shape = eb_format("shape:%s", text);
    eb_err why = { 0 };
    eb_err *err = eb_complain(b, source->place, "'%.60s' is neither shape:NAME nor file:PATH", text);
    if (!path && engine && engine->check && !engine->check(&(eb_model_spec){ .source = shape }, &why))
        eb_err_hint(err, "%s", why.hint); // which shape is nearest
    else
        eb_err_hint(err, "write %s:%.60s", path ? "file" : "shape", text);
    free(shape);
    return false;
}

// A type is looked at even where the source is wrong: all errors at once.
void eb_build_check_model(eb_build *b, const eb_block *model)
{
    const eb_slot *source = eb_block_slot(model, "model"), *type = eb_block_slot(model, "type");
    eb_model_spec spec = { .seed = (uint64_t)eb_block_i(model, "seed", 1) };
    if (source->n && !source->bad && check_source(b, source)) {
        spec.source = source->items[0].text;
        if (!ask_engine(b, &spec, source, 0))
            spec.source = NULL;
    }
    for (int i = 0; i < type->n; i++) {
        spec.type = type->items[i].text;
        ask_engine(b, &spec, type, i);
    }
}

// The reference type has to exist for each model that the workload runs; the first one that complains is enough.
static void check_reference(eb_build *b, const eb_block *w, const eb_slot *reference)
{
    const eb_slot *models = eb_block_slot(w, "model");
    for (size_t i = 0; i < b->n; i++) {
        bool runs = models->n == 0;
        for (int k = 0; k < models->n; k++)
            runs |= b->blocks[i].name && !strcmp(models->items[k].text, b->blocks[i].name);
        eb_model_spec spec = { .source = eb_block_s(&b->blocks[i], "model", ""), .type = reference->items[0].text };
        eb_err why = { 0 };
        // A source that is itself unknown has been complained about where it stands.
        bool known = runs && !strcmp(b->blocks[i].section, "model") && b->check_models && b->plan->engine &&
                     b->plan->engine->check && b->plan->engine->check(&(eb_model_spec){ .source = spec.source }, &why);
        if (known && !ask_engine(b, &spec, reference, 0))
            return;
    }
}

const char *eb_build_misfit(const eb_build *b, const eb_block *workload, const eb_block *model)
{
    const eb_workload_ops *ops = eb_workload_find(eb_block_s(workload, "kind", ""));
    const eb_engine_ops *engine = b->plan->engine;
    eb_model_spec spec = { .source = eb_block_s(model, "model", "") };
    if (!ops || !ops->family || !b->check_models || !engine || !engine->family)
        return NULL;
    const char *family = engine->family(&spec);
    return family && strcmp(family, ops->family) != 0 ? family : NULL;
}

static bool is_own(const eb_slot *slot)
{
    return slot && slot->n && !slot->bad && slot->origin != EB_ORIGIN_DEFAULT;
}

static void check_sustained(eb_build *b, const eb_block *w)
{
    static const char *const keys[] = { "duration", "window" };
    const eb_slot *kind = eb_block_slot(w, "kind"), *window = eb_block_slot(w, "window"),
                  *depth = eb_block_slot(w, "depth");
    bool sustained = !strcmp(eb_block_s(w, "kind", ""), "sustained");
    for (int i = 0; i < 2 && kind->n && !kind->bad && !sustained; i++) {
        const eb_slot *slot = eb_block_slot(w, keys[i]);
        if (is_own(slot))
            eb_err_hint(eb_complain(b, slot->place, "only kind = sustained has a %s", keys[i]),
                        "leave it out, or set kind = sustained");
    }
    if (!sustained)
        return;
    for (int i = 0; i < depth->n; i++)
        if (depth->items[i].value.i > 0) {
            eb_err_hint(eb_complain(b, depth->place, "kind = sustained takes no depth: its batches begin anew"),
                        "leave it out, or make the prompt longer");
            break;
        }
    if (is_own(window) && eb_block_i(w, "window", 0) > eb_block_i(w, "duration", 0) / EB_PLAN_WINDOWS_MIN)
        eb_err_hint(
            eb_complain(b, window->place, "window = %s is more than a sixth of the duration", window->items[0].text),
            "a shorter window, or a longer duration");
}

void eb_build_check_workload(eb_build *b, const eb_block *w)
{
    check_sustained(b, w);
    eb_build_check_load(b, w);
    const eb_slot *models = eb_block_slot(w, "model");
    for (int i = 0; i < models->n; i++) {
        eb_place place = models->place;
        place.column = models->items[i].column;
        const eb_block *model = eb_build_block(b, "model", models->items[i].text);
        const char *family = model ? eb_build_misfit(b, w, model) : NULL;
        if (!model)
            eb_complain_name(b, place, "model", models->items[i].text);
        else if (family)
            eb_err_hint(eb_complain(b, place, "model '%.60s' is of family %s, which kind = %s does not fit",
                                    models->items[i].text, family, eb_block_s(w, "kind", "")),
                        "use kind = %s, or name another model", family);
    }
    static const char *const sampling[] = { "top_k", "top_p" };
    for (int i = 0; i < 2 && eb_block_f(w, "temperature", 0) == 0; i++) {
        const eb_slot *slot = eb_block_slot(w, sampling[i]);
        if (slot && slot->origin != EB_ORIGIN_DEFAULT)
            eb_err_hint(eb_complain(b, slot->place, "%s has no effect at temperature 0", sampling[i]),
                        "set a temperature above 0, or leave %s out", sampling[i]);
    }
    const eb_slot *reference = eb_block_slot(w, "reference"), *kind = eb_block_slot(w, "kind");
    if (reference && kind->n && !kind->bad && reference->origin != EB_ORIGIN_DEFAULT &&
        strcmp(eb_block_s(w, "kind", ""), "quantized") != 0)
        eb_err_hint(eb_complain(b, reference->place, "only kind = quantized has a reference type"), "leave it out");
    else if (reference && reference->origin != EB_ORIGIN_DEFAULT)
        check_reference(b, w, reference);
}
