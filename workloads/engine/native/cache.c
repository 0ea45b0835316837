// SPDX-License-Identifier: Apache-2.0
// Model files that were made once and are used again. Beside NAME lie NAME.xxh (digest and size) and
// NAME.lock, which keeps two processes from making the same file. The digest is computed each time:
// it runs at the speed of reading, and a damaged weight would be a result that nobody can explain.
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>
#include "harness/base/cpus.h"
#include "harness/base/file.h"
#include "harness/base/mem.h"
#include "workloads/engine/native/make_impl.h"

enum { DIGEST_HEX = 33, RECORD = 80 };

static bool cache_folder(char **folder, eb_err *err)
{
    *folder = eb_cache_folder();
    if (*folder)
        return true;
    eb_err_set(err, EB_FAILED, "no folder for the model cache: neither XDG_CACHE_HOME nor HOME is an absolute path");
    return eb_err_hint(err, "set XDG_CACHE_HOME to a folder with room for models");
}

static bool path_in(const char *folder, const char *name, char *path, size_t size, eb_err *err)
{
    char *joined = eb_path_join(folder, name);
    bool ok = strlen(joined) < size;
    if (ok)
        memcpy(path, joined, strlen(joined) + 1);
    else
        eb_err_set(err, EB_FAILED, "the path of the model cache '%.200s...' is too long", folder);
    free(joined);
    return ok;
}

bool eb_model_cache_path(const char *name, char *path, size_t size, eb_err *err)
{
    char *folder = NULL;
    bool ok = cache_folder(&folder, err) && path_in(folder, name, path, size, err);
    if (ok && !eb_mkdirs(folder, err)) {
        ok = false;
        eb_err_hint(err, "models are made there; set XDG_CACHE_HOME to a folder that you may write to");
    }
    free(folder);
    return ok;
}

static bool digest_file(const char *path, char hex[DIGEST_HEX], uint64_t *bytes, eb_err *err)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st)) {
        eb_err_sys(err, EB_FAILED, errno, "cannot read the model file", path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    *bytes = (uint64_t)st.st_size;
    void *map = *bytes ? mmap(NULL, *bytes, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    int errnum = errno;
    close(fd);
    if (map == MAP_FAILED)
        return eb_err_sys(err, EB_FAILED, errnum, "cannot map the model file", path);
    if (map)
        (void)madvise(map, *bytes, MADV_SEQUENTIAL);
    XXH128_hash_t h = XXH3_128bits(map, *bytes);
    if (map)
        munmap(map, *bytes);
    snprintf(hex, DIGEST_HEX, "%016llx%016llx", (unsigned long long)h.high64, (unsigned long long)h.low64);
    return true;
}

static bool write_record(const char *path, eb_err *err)
{
    char hex[DIGEST_HEX], text[RECORD];
    uint64_t bytes;
    if (!digest_file(path, hex, &bytes, err))
        return false;
    char *beside = eb_format("%s.xxh", path);
    int n = snprintf(text, sizeof text, "%s  %llu\n", hex, (unsigned long long)bytes);
    bool ok = eb_file_write_atomic(beside, text, (size_t)n, err);
    free(beside);
    return ok;
}

static bool damaged(const char *path, const char *how, eb_err *err)
{
    eb_err_set(err, EB_FAILED, "the model file '%s' in the cache is damaged: %s", path, how);
    return eb_err_hint(err, "remove it; it will be made again");
}

static bool check_record(const char *path, const char *record, eb_err *err)
{
    char hex[DIGEST_HEX], want[DIGEST_HEX];
    unsigned long long want_bytes = 0;
    uint64_t bytes;
    if (sscanf(record, "%32[0-9a-f] %llu", want, &want_bytes) != 2 || strlen(want) != DIGEST_HEX - 1)
        return damaged(path, "the digest beside it (.xxh) cannot be read", err);
    if (!digest_file(path, hex, &bytes, err))
        return false;
    if (bytes != want_bytes)
        return damaged(path, "its size is not what was written", err);
    return !strcmp(hex, want) || damaged(path, "its digest is not what was written", err);
}

// *found: the file is there and whole. A file without a digest was never finished: it is made again.
static bool look(const char *path, bool *found, eb_err *err)
{
    struct stat st;
    eb_err ignored = { 0 };
    *found = false;
    if (stat(path, &st))
        return errno == ENOENT || eb_err_sys(err, EB_FAILED, errno, "cannot look into the model cache", path);
    char *beside = eb_format("%s.xxh", path);
    char *record = eb_file_read(beside, RECORD, NULL, &ignored);
    bool there = eb_file_exists(beside);
    free(beside);
    bool ok = true;
    if (record)
        ok = *found = check_record(path, record, err);
    else if (there)
        ok = damaged(path, "the digest beside it (.xxh) cannot be read", err);
    free(record);
    return ok;
}

// What a maker that was killed left behind. Under the lock, so nobody is writing it.
static void sweep(const char *path)
{
    glob_t found = { 0 };
    char *pattern = eb_format("%s.tmp.*", path);
    if (!strpbrk(path, "*?[\\") && glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        for (size_t i = 0; i < found.gl_pathc; i++)
            unlink(found.gl_pathv[i]);
    globfree(&found);
    free(pattern);
}

// The lock file's descriptor; -1 with err. Held until it is closed, also by a process that dies.
static int lock(const char *path, eb_notify *notify, void *arg, eb_err *err)
{
    char *name = eb_format("%s.lock", path);
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0) {
        eb_err_sys(err, EB_FAILED, errno, "cannot write to the model cache", name);
        eb_err_hint(err, "set XDG_CACHE_HOME to a folder that you may write to");
    }
    free(name);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0)
        return fd;
    if (notify)
        notify(arg, "waiting for another process that makes the same model");
    while (flock(fd, LOCK_EX))
        if (errno != EINTR) {
            eb_err_sys(err, EB_FAILED, errno, "cannot lock the model cache at", path);
            close(fd);
            return -1;
        }
    return fd;
}

// One thing to be made: a shape with a seed, or a copy of a file.
typedef struct wanted {
    const eb_shape *shape;
    const char *file;
    const eb_recipe *recipe;
    uint64_t seed;
    char name[256]; // in the cache; "" = `file` itself
} wanted;

static int make_threads(void)
{
    const int n = eb_cpus_usable();
    return n > 16 ? 16 : n;
}

static bool make(const wanted *w, const char *path, eb_notify *notify, void *arg, eb_err *err)
{
    bool ok = w->shape ? eb_make_shape(w->shape, w->recipe, w->seed, path, make_threads(), notify, arg, err)
                       : eb_requantize(w->file, path, w->recipe, make_threads(), notify, arg, err);
    return ok && write_record(path, err);
}

static bool ensure(const wanted *w, const char *path, eb_notify *notify, void *arg, eb_err *err)
{
    bool found = false;
    if (eb_file_exists(path) && access(path, W_OK) && look(path, &found, err) && found)
        return true; // a cache that others keep for us
    if (err->code)
        return false;
    int held = lock(path, notify, arg, err);
    if (held < 0)
        return false;
    bool ok = look(path, &found, err);
    if (ok && !found) {
        sweep(path);
        ok = make(w, path, notify, arg, err);
    }
    close(held);
    return ok;
}

static bool find_recipe(const char *type, wanted *w, eb_err *err)
{
    w->recipe = eb_recipe_find(type);
    if (w->recipe)
        return true;
    eb_err_set(err, EB_USAGE, "there is no weight type '%.64s'", type);
    return eb_err_hint(err, "'effbench model shapes' lists shapes and types");
}

static bool want_shape(const char *name, const char *type, uint64_t seed, wanted *w, eb_err *err)
{
    w->shape = eb_shape_find(name);
    w->seed = seed;
    if (!w->shape) {
        eb_err_set(err, EB_USAGE, "there is no model shape '%.64s'", name);
        return eb_err_hint(err, "'effbench model shapes' lists shapes and types");
    }
    if (!find_recipe(*type ? type : "f16", w, err))
        return false;
    snprintf(w->name, sizeof w->name, "%s-%s-s%llu-v%d.gguf", name, eb_recipe_name(w->recipe), (unsigned long long)seed,
             EB_MAKE_VERSION);
    return true;
}

static bool want_file(const char *path, const char *type, wanted *w, eb_err *err)
{
    char hex[DIGEST_HEX];
    uint64_t bytes;
    w->file = path;
    if (!*type) {
        if (access(path, R_OK) == 0)
            return true;
        eb_err_sys(err, EB_USAGE, errno, "cannot read the model file", path);
        return eb_err_hint(err, "give the path of a GGUF file after 'file:'");
    }
    if (!find_recipe(type, w, err))
        return false;
    eb_model *m = eb_model_open(path, err);
    if (!m)
        return false;
    bool same = !strcmp(m->type, eb_recipe_name(w->recipe));
    eb_model_close(m);
    if (same)
        return true;
    if (!digest_file(path, hex, &bytes, err))
        return false;
    snprintf(w->name, sizeof w->name, "copy-%.16s-%s-v%d.gguf", hex, eb_recipe_name(w->recipe), EB_MAKE_VERSION);
    return true;
}

static bool want(const char *source, const char *type, uint64_t seed, wanted *w, eb_err *err)
{
    *w = (wanted){ .file = "" };
    eb_err_clear(err);
    type = type ? type : "";
    if (!strncmp(source, "shape:", 6))
        return want_shape(source + 6, type, seed, w, err);
    if (!strncmp(source, "file:", 5))
        return want_file(source + 5, type, w, err);
    eb_err_set(err, EB_USAGE, "model source '%.128s' is neither shape:NAME nor file:PATH", source);
    return eb_err_hint(err, "for instance shape:smollm2-135m, or file:models/my.gguf");
}

static bool copy_path(const char *from, char *path, size_t size, eb_err *err)
{
    if (strlen(from) >= size)
        return eb_err_set(err, EB_USAGE, "the path of the model '%.200s...' is too long", from);
    memcpy(path, from, strlen(from) + 1);
    return true;
}

bool eb_model_prepare(const char *source, const char *type, uint64_t seed, char *path, size_t size, eb_notify *notify,
                      void *arg, eb_err *err)
{
    wanted w;
    if (!want(source, type, seed, &w, err))
        return false;
    if (!w.name[0])
        return copy_path(w.file, path, size, err);
    return eb_model_cache_path(w.name, path, size, err) && ensure(&w, path, notify, arg, err);
}

bool eb_model_cached(const char *source, const char *type, uint64_t seed, char *path, size_t size)
{
    wanted w;
    eb_err ignored = { 0 };
    char *folder = NULL;
    if (!want(source, type, seed, &w, &ignored))
        return false;
    if (!w.name[0])
        return copy_path(w.file, path, size, &ignored);
    bool ok = cache_folder(&folder, &ignored) && path_in(folder, w.name, path, size, &ignored) && eb_file_exists(path);
    free(folder);
    return ok;
}
