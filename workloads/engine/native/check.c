// SPDX-License-Identifier: Apache-2.0
// Is this a shape, file and type that we know? Asked for every model of a config, so that a typo is found at once.
#include "workloads/engine/native/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/words.h"
#include "workloads/engine/native/make.h"

static bool check_shape(const char *name, eb_err *err)
{
    const char *names[64] = { 0 };
    int n = 0;
    if (eb_shape_find(name))
        return true;
    for (const eb_shape *s = eb_shapes; s->name && n < 64; s++)
        names[n++] = s->name;
    const char *near = eb_nearest(name, names, n);
    eb_err_set(err, EB_USAGE, "there is no shape '%.60s'", name);
    if (near)
        return eb_err_hint(err, "did you mean 'shape:%s'?", near);
    return eb_err_hint(err, "'effbench model shapes' lists them; file:PATH takes any GGUF file");
}

static bool check_file(const char *path, eb_err *err)
{
    struct stat st;
    if (stat(path, &st) != 0 || access(path, R_OK) != 0)
        eb_err_sys(err, EB_USAGE, errno, "cannot read the model", path);
    else if (!S_ISREG(st.st_mode))
        eb_err_set(err, EB_USAGE, "the model '%.400s' is no file", path);
    else
        return true;
    return eb_err_hint(err, "the path is taken from the folder in which effbench is started");
}

static bool check_type(const char *type, eb_err *err)
{
    const char *const *names = eb_recipe_names();
    char list[256] = "";
    int n = 0;
    if (eb_recipe_find(type))
        return true;
    for (; names[n]; n++)
        eb_words_add(list, sizeof list, ", ", names[n]);
    const char *near = eb_nearest(type, names, n);
    eb_err_set(err, EB_USAGE, "there is no type '%.60s'", type);
    if (near)
        return eb_err_hint(err, "did you mean '%s'? allowed: %s", near, list);
    return eb_err_hint(err, "allowed: %s", list);
}

bool eb_native_check(const eb_model_spec *spec, eb_err *err)
{
    const char *source = spec->source;
    bool ok = true;
    if (source && !strncmp(source, "shape:", 6))
        ok = check_shape(source + 6, err);
    else if (source && !strncmp(source, "file:", 5))
        ok = check_file(source + 5, err);
    else if (source)
        ok = eb_err_set(err, EB_USAGE, "'%.60s' is neither shape:NAME nor file:PATH", source);
    return ok && (!spec->type || !spec->type[0] || check_type(spec->type, err));
}

const char *eb_native_family(const eb_model_spec *spec)
{
    const char *source = spec->source;
    if (!strncmp(source, "shape:", 6)) {
        const eb_shape *shape = eb_shape_find(source + 6);
        return shape ? eb_hparams_family(&shape->hp) : NULL;
    }
    eb_err ignored = { 0 };
    eb_model *m = strncmp(source, "file:", 5) ? NULL : eb_model_open(source + 5, &ignored);
    const char *family = m ? eb_model_family(m) : NULL;
    eb_model_close(m);
    return family;
}

int64_t eb_native_trained_ctx_tok(const eb_model_spec *spec)
{
    const char *source = spec->source;
    if (!strncmp(source, "shape:", 6)) {
        const eb_shape *shape = eb_shape_find(source + 6);
        return shape ? shape->hp.ctx_train : 0;
    }
    eb_err ignored = { 0 };
    eb_model *m = strncmp(source, "file:", 5) ? NULL : eb_model_open(source + 5, &ignored);
    int64_t tokens = m ? m->hp.ctx_train : 0;
    eb_model_close(m);
    return tokens;
}
