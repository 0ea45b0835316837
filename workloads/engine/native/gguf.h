// SPDX-License-Identifier: Apache-2.0
// GGUF v2/v3 files, little-endian. Reading: mmap, with every offset, count, length and shape checked
// before use; a hostile file costs one clear error (EB_USAGE), never a large allocation.
// Threads: a read gguf is immutable. Strings and data are borrowed from the mapping until close.
#ifndef EB_NATIVE_GGUF_H
#define EB_NATIVE_GGUF_H

#include "harness/base/error.h"
#include "workloads/engine/kernels/kernels.h"

enum { EB_GGUF_MAX_DIMS = 4, EB_GGUF_MAX_NAME = 128 };

typedef enum eb_gguf_type {
    EB_GGUF_U8,
    EB_GGUF_I8,
    EB_GGUF_U16,
    EB_GGUF_I16,
    EB_GGUF_U32,
    EB_GGUF_I32,
    EB_GGUF_F32,
    EB_GGUF_BOOL,
    EB_GGUF_STRING,
    EB_GGUF_ARRAY,
    EB_GGUF_U64,
    EB_GGUF_I64,
    EB_GGUF_F64,
    EB_GGUF_TYPE_COUNT
} eb_gguf_type;

typedef struct eb_gguf_kv {
    const char *key;         // not NUL-terminated in the file: copied, owned by the gguf
    eb_gguf_type type, item; // item: of an ARRAY
    const uint8_t *value;    // into the mapping (STRING: the characters)
    uint64_t n;              // STRING: length; ARRAY: items; else 1
} eb_gguf_kv;

typedef struct eb_gguf_tensor {
    char name[EB_GGUF_MAX_NAME];
    eb_wtype type;
    int n_dims;
    int64_t ne[EB_GGUF_MAX_DIMS]; // ne[0] is the row (contiguous) dimension; unused = 1
    uint64_t offset;              // from the data section
    size_t bytes;
    const void *data; // into the mapping
} eb_gguf_tensor;

typedef struct eb_gguf {
    char path[512];
    int version;
    uint32_t alignment;
    eb_gguf_kv *kv;
    size_t n_kv;
    eb_gguf_tensor *tensors;
    size_t n_tensors;
    const uint8_t *map;
    size_t map_bytes, data_start;
    bool mapped; // map is ours to munmap
    int fd;      // of the file, -1 = parsed from memory
    void *index; // tensor name lookup
} eb_gguf;

eb_gguf *eb_gguf_open(const char *path, eb_err *err);
eb_gguf *eb_gguf_parse(const uint8_t *data, size_t bytes, const char *name,
                       eb_err *err); // data borrowed (fuzzing, tests)
void eb_gguf_close(eb_gguf *g);
// Bytes at a place of the mapping, read from the file: no page of the mapping comes into memory for them.
bool eb_gguf_read(const eb_gguf *g, const void *at, size_t bytes, void *to);

const eb_gguf_kv *eb_gguf_find(const eb_gguf *g, const char *key);
const eb_gguf_tensor *eb_gguf_tensor_find(const eb_gguf *g, const char *name);
// Any integer type that fits / f32 or f64 / bool; false when missing (or, with err set, of another type or range).
bool eb_gguf_u32(const eb_gguf *g, const char *key, uint32_t *out, eb_err *err);
bool eb_gguf_f32(const eb_gguf *g, const char *key, float *out, eb_err *err);
// Item i of an array of integers of any type; false where there is none, or it does not fit.
bool eb_gguf_item_u32(const eb_gguf_kv *kv, uint64_t i, uint32_t *out);
bool eb_gguf_str(const eb_gguf *g, const char *key, char *buf, size_t size);

// Writing: kvs and tensor infos first, then the data of each tensor in order. Written aside as
// PATH.tmp.PID; finish fsyncs and renames; abort removes.
typedef struct eb_gguf_writer eb_gguf_writer;
eb_gguf_writer *eb_gguf_writer_new(const char *path, eb_err *err);
eb_gguf_writer *eb_gguf_writer_dry(void);               // writes nothing: to ask for writer_bytes
uint64_t eb_gguf_writer_bytes(const eb_gguf_writer *w); // of the whole file, as put so far
void eb_gguf_put_u32(eb_gguf_writer *w, const char *key, uint32_t v);
void eb_gguf_put_u64(eb_gguf_writer *w, const char *key, uint64_t v);
void eb_gguf_put_f32(eb_gguf_writer *w, const char *key, float v);
void eb_gguf_put_bool(eb_gguf_writer *w, const char *key, bool v);
void eb_gguf_put_str(eb_gguf_writer *w, const char *key, const char *v);
void eb_gguf_put_copy(eb_gguf_writer *w, const eb_gguf_kv *kv); // a value as another file has it
void eb_gguf_put_tensor(eb_gguf_writer *w, const char *name, eb_wtype type, int n_dims, const int64_t *ne);
bool eb_gguf_begin_data(eb_gguf_writer *w, eb_err *err);                            // writes the head
bool eb_gguf_write(eb_gguf_writer *w, const void *data, size_t bytes, eb_err *err); // sequential; pads between tensors
bool eb_gguf_finish(eb_gguf_writer *w, eb_err *err);                                // frees w either way
void eb_gguf_abort(eb_gguf_writer *w);

#endif
