// SPDX-License-Identifier: Apache-2.0
#include "workloads/engine/native/repack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 // Linux 5.14
#endif

enum { SLICE_BYTES = 16 << 20, ALIGN = 64, GROUP_GRAIN = 4, MATS_OF_LAYER = 20 };

// The matrices of a layer; those that it lacks have no data.
static int mats_of(eb_layer *y, eb_mat *out[MATS_OF_LAYER])
{
    eb_mat *const all[] = { &y->wq,    &y->wk,      &y->wv,        &y->wo,      &y->gate,      &y->up,
                            &y->down,  &y->router,  &y->gate_exps, &y->up_exps, &y->down_exps, &y->gate_sh,
                            &y->up_sh, &y->down_sh, &y->ssm_in,    &y->ssm_x,   &y->ssm_dt,    &y->ssm_out };
    int n = 0;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i]->data)
            out[n++] = all[i];
    return n;
}

static size_t round_up(size_t n, size_t to)
{
    return (n + to - 1) / to * to;
}

static size_t mat_bytes(const eb_mat *w)
{
    return round_up(eb_packed_bytes(w->type, w->in, w->out), ALIGN) * (size_t)w->experts;
}

typedef void mat_fn(void *arg, eb_mat *w);

// All matrices that are packed, in the file's order as far as converters write it.
static void each_packed(eb_model *m, const eb_kernels *kernels, mat_fn *fn, void *arg)
{
    for (int layer = 0; m->layer && layer < m->hp.layers; layer++) {
        eb_mat *mats[MATS_OF_LAYER];
        const int n = mats_of(&m->layer[layer], mats);
        for (int i = 0; i < n; i++)
            if (eb_repack_takes(kernels, mats[i]))
                fn(arg, mats[i]);
    }
    if (eb_repack_takes(kernels, &m->output))
        fn(arg, &m->output);
}

static void add_bytes(void *arg, eb_mat *w)
{
    *(uint64_t *)arg += mat_bytes(w);
}

typedef const void *kept_fn(void *arg, const void *data, size_t bytes);

// All else in the file that passes read, but for the token embedding: fn says where it is from then on.
static void each_kept(eb_model *m, const eb_kernels *kernels, kept_fn *fn, void *arg)
{
    for (int i = 0; i < m->n_vectors; i++)
        *m->vectors[i].at = fn(arg, *m->vectors[i].at, (size_t)m->vectors[i].n * sizeof(float));
    for (int layer = 0; m->layer && layer < m->hp.layers; layer++) {
        eb_mat *mats[MATS_OF_LAYER];
        const int n = mats_of(&m->layer[layer], mats);
        for (int i = 0; i < n; i++)
            if (!eb_repack_takes(kernels, mats[i]))
                mats[i]->data = fn(arg, mats[i]->data, mats[i]->expert_bytes * (size_t)mats[i]->experts);
    }
    if (!eb_repack_takes(kernels, &m->output) && m->output.data != m->tok_embd.data)
        m->output.data = fn(arg, m->output.data, m->output.expert_bytes * (size_t)m->output.experts);
}

uint64_t eb_repack_bytes(const eb_model *m, const eb_kernels *kernels)
{
    uint64_t bytes = 0;
    each_packed((eb_model *)(uintptr_t)m, kernels, add_bytes, &bytes); // add_bytes changes nothing
    return bytes;
}

// ---- pages ----------------------------------------------------------------------------------------------------------

typedef struct span {
    uint8_t *begin;
    size_t bytes;
} span;

// The pages that hold any of these bytes, or (`inner`) nothing else.
static span pages_of(const void *data, size_t bytes, bool inner)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const uintptr_t begin = (uintptr_t)data, end = begin + bytes;
    const uintptr_t first = inner ? (begin + page - 1) / page * page : begin / page * page;
    const uintptr_t last = inner ? end / page * page : (end + page - 1) / page * page;
    return (span){ (uint8_t *)first, last > first ? last - first : 0 };
}

// A page at a time, as an older kernel has no call for it.
static void touch(span s)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    volatile uint8_t sink = 0;
    for (size_t at = 0; at < s.bytes; at += page)
        sink = s.begin[at];
    (void)sink;
}

// Maps the pages of these bytes, reading what is not there: of a file that cannot be read the call tells, not a signal.
static bool bring_in(const void *data, size_t bytes)
{
    const span s = pages_of(data, bytes, false);
    if (madvise(s.begin, s.bytes, MADV_POPULATE_READ) == 0)
        return true;
    if (errno == EFAULT || errno == EIO || errno == EHWPOISON)
        return false;
    touch(s);
    return true;
}

static bool unreadable(const eb_gguf *file, eb_err *err)
{
    eb_err_at(err, EB_FAILED, file->path, 0, 0, "the file cannot be read to its end");
    return eb_err_hint(err, "check the disk, and that nothing is writing to the file");
}

typedef struct bringing {
    const eb_gguf *file;
    _Atomic bool failed;
} bringing;

enum { BRING_BYTES = 4 << 20 };

static void bring_slices(void *arg, int64_t begin, int64_t end, int thread)
{
    bringing *b = arg;
    const eb_gguf *g = b->file;
    (void)thread;
    for (int64_t i = begin; i < end; i++) {
        const size_t at = (size_t)i * BRING_BYTES;
        if (!bring_in(g->map + at, g->map_bytes - at < BRING_BYTES ? g->map_bytes - at : BRING_BYTES))
            b->failed = true;
    }
}

bool eb_repack_bring_in(const eb_model *m, eb_pool *pool, eb_err *err)
{
    bringing b = { .file = m->file };
    if (!m->file->mapped)
        return true;
    madvise((void *)(uintptr_t)m->file->map, m->file->map_bytes, MADV_WILLNEED);
    eb_pool_for(pool, (int64_t)((m->file->map_bytes + BRING_BYTES - 1) / BRING_BYTES), 1, bring_slices, &b);
    return !b.failed || unreadable(m->file, err);
}

static void let_go(const eb_gguf *g, span s)
{
    if (g->mapped && s.bytes)
        madvise(s.begin, s.bytes, MADV_DONTNEED);
}

// ---- packing --------------------------------------------------------------------------------------------------------

typedef struct packing {
    const eb_gguf *file;
    eb_pool *pool;
    uint8_t *at;    // where the next matrix goes
    eb_mat *w;      // the one at hand
    int64_t groups; // of one expert
    int64_t first;  // of the slice, over all experts
    bool failed;    // the file cannot be read any more
    uint64_t kept;  // bytes of what is copied
} packing;

static void pack_groups(void *arg, int64_t begin, int64_t end, int thread)
{
    const packing *p = arg;
    const eb_mat *w = p->w;
    (void)thread;
    begin += p->first;
    end += p->first;
    while (begin < end) {
        const int64_t expert = begin / p->groups, first = begin % p->groups;
        const int64_t last = first + end - begin < p->groups ? first + end - begin : p->groups;
        eb_pack(w->type, w->data + (size_t)expert * w->expert_bytes, w->row_bytes, w->in, w->out, first, last,
                p->at + (size_t)expert * w->packed_expert_bytes);
        begin += last - first;
    }
}

// Where group `g`, counted over all experts, begins in the file.
static const uint8_t *group_data(const packing *p, int64_t g)
{
    const eb_mat *w = p->w;
    const size_t expert = (size_t)(g / p->groups) * w->expert_bytes;
    return w->data + expert + (size_t)(g % p->groups * EB_PACK_ROWS) * w->row_bytes;
}

// In slices, so that little of a matrix is in memory twice.
static void pack_mat(void *arg, eb_mat *w)
{
    packing *p = arg;
    if (p->failed)
        return;
    p->w = w;
    p->groups = (w->out + EB_PACK_ROWS - 1) / EB_PACK_ROWS;
    w->packed_expert_bytes = mat_bytes(w) / (size_t)w->experts;
    const int64_t all = p->groups * w->experts;
    const int64_t step = 1 + (int64_t)(SLICE_BYTES / (EB_PACK_ROWS * w->row_bytes));
    for (p->first = 0; p->first < all; p->first += step) {
        const int64_t end = p->first + step < all ? p->first + step : all;
        const uint8_t *data = group_data(p, p->first);
        const size_t bytes = (size_t)(group_data(p, end) - data);
        if (p->file->mapped && !bring_in(data, bytes)) {
            p->failed = true;
            return;
        }
        eb_pool_for(p->pool, end - p->first, GROUP_GRAIN, pack_groups, p);
        let_go(p->file, pages_of(data, bytes, true));
    }
    w->packed = p->at;
    p->at += mat_bytes(w);
}

static const void *add_kept(void *arg, const void *data, size_t bytes)
{
    packing *p = arg;
    p->kept += round_up(bytes, ALIGN);
    p->failed |= !bring_in(data, bytes);
    return data;
}

static const void *copy_kept(void *arg, const void *data, size_t bytes)
{
    packing *p = arg;
    uint8_t *copy = memcpy(p->at, data, bytes);
    p->at += round_up(bytes, ALIGN);
    return copy;
}

static void unpack(void *arg, eb_mat *w)
{
    (void)arg;
    w->packed = NULL;
    w->packed_expert_bytes = 0;
}

// Every page of the file goes: a large one would come back as a whole for what lies beside packed weights in it.
bool eb_repack(eb_model *m, const eb_kernels *kernels, eb_pool *pool, eb_err *err)
{
    const uint64_t packed = eb_repack_bytes(m, kernels);
    packing p = { .file = m->file, .pool = pool };
    if (packed == 0)
        return true;
    if (m->file->mapped)
        each_kept(m, kernels, add_kept, &p);
    if (p.failed)
        return unreadable(m->file, err);
    void *memory = mmap(NULL, packed + p.kept, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        eb_err_sys(err, EB_FAILED, errno, "no memory for the packed weights", "mmap");
        return eb_err_hint(err, "allow the process more memory (ulimit -v), or take a smaller model or type");
    }
    madvise(memory, packed + p.kept, MADV_HUGEPAGE); // a wish
    p.at = memory;
    each_packed(m, kernels, pack_mat, &p);
    if (p.failed) {
        each_packed(m, kernels, unpack, NULL);
        munmap(memory, packed + p.kept);
        return unreadable(m->file, err);
    }
    if (m->file->mapped)
        each_kept(m, kernels, copy_kept, &p);
    let_go(m->file, pages_of(m->file->map, m->file->map_bytes, false));
    m->packed = memory;
    m->packed_bytes = packed + p.kept;
    return true;
}
