// SPDX-License-Identifier: Apache-2.0
// Threads take pieces of rows in file order, fill and quantize them into a ring of buffers, and the
// caller's thread writes them in order. Memory is the ring, whatever the model's size.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/clock.h"
#include "harness/base/mem.h"
#include "harness/base/units.h"
#include "workloads/engine/native/make_impl.h"

enum { PIECE_WEIGHTS = 1 << 19, MAX_THREADS = 64 };

typedef struct piece {
    uint8_t *data;
    size_t bytes;
    size_t tensor;
    int64_t row, rows;
    bool done;
} piece;

typedef struct line {
    const eb_made_list *list;
    const eb_row_source *source;
    piece *ring;
    size_t n_ring;
    int64_t max_row;
    size_t max_piece;
    pthread_mutex_t lock;
    pthread_cond_t room, ready;
    // under lock:
    size_t taken, written; // pieces
    size_t tensor;         // next piece to take
    int64_t row;
    bool stop;
    eb_err err; // of the first worker that failed
} line;

static int64_t rows_of(const eb_made_tensor *t)
{
    return t->ne[1] * t->ne[2] * t->ne[3];
}

static int64_t piece_rows(const eb_made_tensor *t)
{
    int64_t n = PIECE_WEIGHTS / t->ne[0], all = rows_of(t);
    return n < 1 ? 1 : n < all ? n : all;
}

// The next piece, when there is one and a buffer free for it; NULL: no more. Under lock.
static piece *take(line *l)
{
    while (!l->stop && l->tensor < l->list->n && l->taken - l->written >= l->n_ring)
        pthread_cond_wait(&l->room, &l->lock);
    if (l->stop || l->tensor == l->list->n)
        return NULL;
    const eb_made_tensor *t = &l->list->items[l->tensor];
    piece *p = &l->ring[l->taken++ % l->n_ring];
    int64_t left = rows_of(t) - l->row, n = piece_rows(t);
    p->tensor = l->tensor;
    p->row = l->row;
    p->rows = n < left ? n : left;
    p->bytes = (size_t)p->rows * eb_row_bytes(t->type, t->ne[0]);
    l->row += p->rows;
    if (p->rows == left) {
        l->tensor++;
        l->row = 0;
    }
    return p;
}

static bool fill_piece(const line *l, piece *p, float *values, eb_err *err)
{
    const eb_made_tensor *t = &l->list->items[p->tensor];
    size_t row_bytes = eb_row_bytes(t->type, t->ne[0]);
    for (int64_t i = 0; i < p->rows; i++) {
        if (!l->source->row(l->source->arg, p->tensor, p->row + i, values, err))
            return false;
        eb_quantize_row(t->type, values, p->data + (size_t)i * row_bytes, t->ne[0]);
    }
    return true;
}

static void *work(void *arg)
{
    line *l = arg;
    eb_err err = { 0 };
    piece *p;
    float *values = eb_try_alloc((size_t)l->max_row, sizeof *values, "a row of weights", &err);
    pthread_mutex_lock(&l->lock);
    while (values && (p = take(l))) {
        pthread_mutex_unlock(&l->lock);
        bool ok = fill_piece(l, p, values, &err);
        pthread_mutex_lock(&l->lock);
        p->done = true;
        if (!ok)
            break;
        pthread_cond_signal(&l->ready);
    }
    if (err.code) {
        if (!l->err.code)
            l->err = err;
        l->stop = true;
        pthread_cond_broadcast(&l->room);
        pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
    free(values);
    return NULL;
}

typedef struct progress {
    eb_notify *notify;
    void *arg;
    const char *label;
    double total, done;
    int64_t next_ns;
} progress;

static void report(progress *p, size_t bytes)
{
    char text[160], total[32];
    p->done += (double)bytes;
    if (!p->notify || eb_now_ns() < p->next_ns)
        return;
    p->next_ns = eb_now_ns() + 500000000;
    snprintf(text, sizeof text, "%s: %.0f %% of %s", p->label, 100 * p->done / p->total,
             eb_fmt_bytes(total, sizeof total, p->total, 3));
    p->notify(p->arg, text);
}

// Writes piece after piece until all are written or something failed.
static bool write_all(line *l, eb_gguf_writer *w, size_t n_pieces, progress *show, eb_err *err)
{
    for (size_t i = 0; i < n_pieces; i++) {
        piece *p = &l->ring[i % l->n_ring];
        pthread_mutex_lock(&l->lock);
        while (!p->done && !l->stop)
            pthread_cond_wait(&l->ready, &l->lock);
        bool stopped = l->stop;
        pthread_mutex_unlock(&l->lock);
        if (stopped)
            return false;
        if (!eb_gguf_write(w, p->data, p->bytes, err))
            return false;
        report(show, p->bytes);
        pthread_mutex_lock(&l->lock);
        p->done = false;
        l->written++;
        pthread_cond_broadcast(&l->room);
        pthread_mutex_unlock(&l->lock);
    }
    return true;
}

static bool run_line(line *l, eb_gguf_writer *w, size_t n_pieces, int threads, progress *show, eb_err *err)
{
    pthread_t ids[MAX_THREADS];
    int started = 0;
    while (started < threads && started < MAX_THREADS && pthread_create(&ids[started], NULL, work, l) == 0)
        started++;
    bool ok = started > 0 ? write_all(l, w, n_pieces, show, err)
                          : eb_err_set(err, EB_FAILED, "no thread could be started to make the model file");
    pthread_mutex_lock(&l->lock);
    l->stop = true;
    pthread_cond_broadcast(&l->room);
    pthread_mutex_unlock(&l->lock);
    for (int i = 0; i < started; i++)
        pthread_join(ids[i], NULL);
    if (l->err.code) {
        *err = l->err;
        return false;
    }
    return ok;
}

bool eb_fill_file(eb_gguf_writer *w, const eb_made_list *list, const eb_row_source *source, int threads,
                  const char *label, eb_notify *notify, void *arg, eb_err *err)
{
    progress show = { .notify = notify, .arg = arg, .label = label, .next_ns = eb_now_ns() + 500000000 };
    line l = { .list = list, .source = source, .n_ring = 2 * (size_t)(threads > 0 ? threads : 1) };
    size_t n_pieces = 0;
    for (size_t i = 0; i < list->n; i++) {
        const eb_made_tensor *t = &list->items[i];
        size_t row_bytes = eb_row_bytes(t->type, t->ne[0]), bytes = (size_t)piece_rows(t) * row_bytes;
        l.max_row = t->ne[0] > l.max_row ? t->ne[0] : l.max_row;
        l.max_piece = bytes > l.max_piece ? bytes : l.max_piece;
        n_pieces += (size_t)((rows_of(t) + piece_rows(t) - 1) / piece_rows(t));
        show.total += (double)rows_of(t) * (double)row_bytes;
    }
    l.ring = eb_alloc(l.n_ring * sizeof *l.ring);
    bool ok = true;
    for (size_t i = 0; i < l.n_ring && ok; i++)
        ok = (l.ring[i].data = eb_try_alloc(l.max_piece, 1, "pieces of a model file", err)) != NULL;
    pthread_mutex_init(&l.lock, NULL);
    pthread_cond_init(&l.room, NULL);
    pthread_cond_init(&l.ready, NULL);
    ok = ok && run_line(&l, w, n_pieces, threads, &show, err);
    pthread_cond_destroy(&l.ready);
    pthread_cond_destroy(&l.room);
    pthread_mutex_destroy(&l.lock);
    for (size_t i = 0; i < l.n_ring; i++)
        free(l.ring[i].data);
    free(l.ring);
    return ok;
}
