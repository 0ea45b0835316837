// SPDX-License-Identifier: Apache-2.0
// One loop per instruction: as many independent sums as hide its latency, over and over.
#include "tests/bench/engine/peak.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "workloads/engine/native/pool.h"

enum { SUMS = 12, TURNS = 20000, ROUNDS = 5 };
#define ROUND_NS 30000000ll

typedef struct instruction {
    const char *name;
    bool is_int8;
    bool (*usable)(void);
    void (*turn)(void); // TURNS times SUMS instructions, or as many operations by others
    double ops;         // of a turn
} instruction;

#define OPS(lanes) (2.0 * (lanes)*SUMS * TURNS)
// The compiler may not know what v holds, nor that nobody reads it.
#define OPAQUE(v) __asm__ volatile("" : "+x"(v))

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#include <sys/syscall.h>

#define TURN(name, isa, vec, zero, step)                                                                               \
    __attribute__((target(isa))) static void name(void)                                                                \
    {                                                                                                                  \
        vec a[SUMS], x = zero, y = zero;                                                                               \
        for (int k = 0; k < SUMS; k++)                                                                                 \
            a[k] = zero;                                                                                               \
        OPAQUE(x);                                                                                                     \
        OPAQUE(y);                                                                                                     \
        for (int i = 0; i < TURNS; i++) {                                                                              \
            _Pragma("GCC unroll 12") for (int k = 0; k < SUMS; k++) a[k] = step;                                       \
            _Pragma("GCC unroll 12") for (int k = 0; k < SUMS; k++) OPAQUE(a[k]);                                      \
        }                                                                                                              \
    }

TURN(fma_avx2, "avx2,fma", __m256, _mm256_setzero_ps(), _mm256_fmadd_ps(x, y, a[k]))
TURN(fma_avx512, "avx512f", __m512, _mm512_setzero_ps(), _mm512_fmadd_ps(x, y, a[k]))
TURN(dot_avxvnni, "avx2,avxvnni", __m256i, _mm256_setzero_si256(), _mm256_dpbusd_avx_epi32(a[k], x, y))
TURN(dot_avx512vnni, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(), _mm512_dpbusd_epi32(a[k], x, y))

// Tiles of 16 rows of 64 bytes: four sums from two and two.
static const struct __attribute__((packed)) {
    uint8_t palette, start_row, reserved[14];
    uint16_t row_bytes[16];
    uint8_t rows[16];
} tiles = { .palette = 1, .row_bytes = { 64, 64, 64, 64, 64, 64, 64, 64 }, .rows = { 16, 16, 16, 16, 16, 16, 16, 16 } };

#define AMX_TURN(name, instruction)                                                                                    \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __asm__ volatile("ldtilecfg %0\n\ttilezero %%tmm0\n\ttilezero %%tmm1\n\ttilezero %%tmm2\n\t"                   \
                         "tilezero %%tmm3\n\ttilezero %%tmm4\n\ttilezero %%tmm5\n\ttilezero %%tmm6\n\t"                \
                         "tilezero %%tmm7" ::"m"(tiles)                                                                \
                         : "memory");                                                                                  \
        for (int i = 0; i < TURNS / AMX_FEWER; i++)                                                                    \
            __asm__ volatile(instruction " %%tmm6, %%tmm4, %%tmm0\n\t" instruction                                     \
                                         " %%tmm7, %%tmm4, %%tmm1\n\t" instruction                                     \
                                         " %%tmm6, %%tmm5, %%tmm2\n\t" instruction " %%tmm7, %%tmm5, %%tmm3" ::        \
                                             : "memory");                                                              \
        __asm__ volatile("tilerelease" ::: "memory");                                                                  \
    }
enum { AMX_FEWER = 16, AMX_SUMS = 4 };
#define AMX_OPS(products) (2.0 * 16 * 16 * (products)*AMX_SUMS * (TURNS / AMX_FEWER))

AMX_TURN(dot_amx_int8, "tdpbssd")
AMX_TURN(dot_amx_bf16, "tdpbf16ps")

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f");
}

static bool has_avx512vnni(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vnni");
}

static bool has_avxvnni(void)
{
    unsigned a, b, c, d;
    return has_avx2() && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4);
}

// The CPU has it, and the operating system lets this process use it: asked for by its number, as the header may be old.
static bool has_amx(unsigned bit)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    unsigned a, b, c, d;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d & 1u << 24) || !(d & 1u << bit))
        return false;
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
}

static bool has_amx_int8(void)
{
    return has_amx(25);
}

static bool has_amx_bf16(void)
{
    return has_amx(22);
}

static const instruction table[] = {
    { "avx2 fma", false, has_avx2, fma_avx2, OPS(8) },
    { "avx512 fma", false, has_avx512, fma_avx512, OPS(16) },
    { "amx bf16", false, has_amx_bf16, dot_amx_bf16, AMX_OPS(32) },
    { "avxvnni", true, has_avxvnni, dot_avxvnni, OPS(32) },
    { "avx512vnni", true, has_avx512vnni, dot_avx512vnni, OPS(64) },
    { "amx int8", true, has_amx_int8, dot_amx_int8, AMX_OPS(64) },
};

#else
typedef float four __attribute__((vector_size(16)));

static bool always(void)
{
    return true;
}

static void plain(void)
{
    four a[SUMS] = { { 0 } }, x = { 0 }, y = { 0 };
    for (int i = 0; i < TURNS; i++) {
        __asm__ volatile("" : "+m"(x), "+m"(y));
        for (int k = 0; k < SUMS; k++)
            a[k] += x * y;
    }
    __asm__ volatile("" ::"m"(a));
}

static const instruction table[] = { { "f32", false, always, plain, OPS(4) } };
#endif

typedef struct worker {
    const instruction *what;
    pthread_barrier_t *start;
    int64_t turns, ns;
} worker;

static void *work(void *arg)
{
    worker *w = arg;
    w->what->turn();
    pthread_barrier_wait(w->start);
    const int64_t from = eb_now_ns();
    do {
        w->what->turn();
        w->turns++;
        w->ns = eb_now_ns() - from;
    } while (w->ns < ROUND_NS);
    return NULL;
}

// The i-th CPU that this process may use, over again.
static void pin(pthread_attr_t *attr, int i)
{
    cpu_set_t mask, one;
    CPU_ZERO(&one);
    if (sched_getaffinity(0, sizeof mask, &mask) != 0 || CPU_COUNT(&mask) == 0)
        return;
    i %= CPU_COUNT(&mask);
    for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; cpu++)
        if (CPU_ISSET(cpu, &mask) && i-- == 0)
            CPU_SET(cpu, &one);
    pthread_attr_setaffinity_np(attr, sizeof one, &one);
}

// NAN when the threads cannot be had.
static double round_ops_s(const instruction *what, int threads)
{
    static worker workers[EB_POOL_MAX_THREADS];
    static pthread_t ids[EB_POOL_MAX_THREADS];
    pthread_barrier_t start;
    pthread_barrier_init(&start, NULL, (unsigned)threads);
    double sum = 0;
    for (int i = 0; i < threads; i++) {
        pthread_attr_t attr;
        pthread_attr_init(&attr);
        pin(&attr, i);
        workers[i] = (worker){ .what = what, .start = &start };
        const bool ok = pthread_create(&ids[i], &attr, work, &workers[i]) == 0;
        pthread_attr_destroy(&attr);
        if (!ok) // those that wait at the barrier end with this process
            return NAN;
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        sum += (double)workers[i].turns * what->ops * 1e9 / (double)workers[i].ns;
    }
    pthread_barrier_destroy(&start);
    return sum;
}

bool bench_peak_measure(int threads, bench_peak *out, eb_err *err)
{
    *out = (bench_peak){ .float_ops_s = NAN, .int8_ops_s = NAN };
    if (threads < 1 || threads > EB_POOL_MAX_THREADS)
        return eb_err_set(err, EB_USAGE, "a peak of %d threads cannot be measured", threads);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        double *best = table[i].is_int8 ? &out->int8_ops_s : &out->float_ops_s;
        for (int round = 0; table[i].usable() && round < ROUNDS; round++) {
            const double ops_s = round_ops_s(&table[i], threads);
            if (!(ops_s > *best) && !isnan(*best))
                continue;
            *best = ops_s;
            snprintf(table[i].is_int8 ? out->int8_name : out->float_name, sizeof out->int8_name, "%s", table[i].name);
        }
    }
    return !isnan(out->float_ops_s) || eb_err_set(err, EB_FAILED, "no threads to measure arithmetic with");
}
