// SPDX-License-Identifier: Apache-2.0
// One loop per instruction: as many independent sums as hide its latency, over and over.
#include "tests/bench/engine/peak.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/clock.h"
#include "workloads/engine/native/pool.h"

enum { SUMS = 12, TURNS = 20000, ROUNDS = 12 };
#define ROUND_NS 30000000ll

typedef struct instruction {
    const char *name;
    bench_peak_kind kind;
    const char *sets;   // the instruction sets whose products it does, each between spaces
    void (*turn)(void); // TURNS times SUMS instructions, or as many operations by others
    double ops;         // of a turn
} instruction;

#define OPS(lanes) (2.0 * (lanes)*SUMS * TURNS)

// Scalar code is what the compiler makes of it: at most this.
typedef float four __attribute__((vector_size(16)));

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

#if defined(__x86_64__)
// Sums 0 to 11, operands 12 and 13, all zero; an instruction by its text, since a compiler may keep sums in memory.
#define X86_TWELVE(one) one(0) one(1) one(2) one(3) one(4) one(5) one(6) one(7) one(8) one(9) one(10) one(11)
#define X86_ZERO(i)     "vxorps %%xmm" #i ", %%xmm" #i ", %%xmm" #i "\n\t"
#define X86_TURN(name, one)                                                                                            \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __asm__ volatile(X86_TWELVE(X86_ZERO) X86_ZERO(12) X86_ZERO(13)::X86_TOUCHED);                                 \
        for (int i = 0; i < TURNS; i++)                                                                                \
            __asm__ volatile(X86_TWELVE(one)::X86_TOUCHED);                                                            \
        __asm__ volatile("vzeroupper" ::X86_TOUCHED);                                                                  \
    }
#define X86_TOUCHED                                                                                                    \
    : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14"

#define FMA_AVX2(i)        "vfmadd231ps %%ymm13, %%ymm12, %%ymm" #i "\n\t"
#define FMA_AVX512(i)      "vfmadd231ps %%zmm13, %%zmm12, %%zmm" #i "\n\t"
#define DOT_AVXVNNI(i)     "%{vex%} vpdpbusd %%ymm13, %%ymm12, %%ymm" #i "\n\t"
#define DOT_AVX512VNNI(i)  "vpdpbusd %%zmm13, %%zmm12, %%zmm" #i "\n\t"
#define PAIR_AVX512VNNI(i) "vpdpwssd %%zmm13, %%zmm12, %%zmm" #i "\n\t"
// 2 products to a sum of 16 bits, which is an addition of its own.
#define PAIR_AVX2(i) "vpmaddubsw %%ymm13, %%ymm12, %%ymm14\n\tvpaddw %%ymm14, %%ymm" #i ", %%ymm" #i "\n\t"

X86_TURN(fma_avx2, FMA_AVX2)
X86_TURN(fma_avx512, FMA_AVX512)
X86_TURN(pair_avx2, PAIR_AVX2)
X86_TURN(dot_avxvnni, DOT_AVXVNNI)
X86_TURN(dot_avx512vnni, DOT_AVX512VNNI)
X86_TURN(pair_avx512vnni, PAIR_AVX512VNNI)

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

static const instruction table[] = {
    { "f32", BENCH_PEAK_F32, " scalar ", plain, OPS(4) },
    { "avx2 fma", BENCH_PEAK_F32, " avx2 avxvnni ", fma_avx2, OPS(8) },
    { "avx512 fma", BENCH_PEAK_F32, " avx512 avx512vnni amx ", fma_avx512, OPS(16) },
    { "avx512 vpdpwssd", BENCH_PEAK_PROMPT, " avx512vnni ", pair_avx512vnni, OPS(32) },
    { "amx bf16", BENCH_PEAK_PROMPT, " amx ", dot_amx_bf16, AMX_OPS(32) },
    { "avx2 vpmaddubsw", BENCH_PEAK_INT8, " avx2 avx512 ", pair_avx2, OPS(32) },
    { "avx-vnni vpdpbusd", BENCH_PEAK_INT8, " avxvnni ", dot_avxvnni, OPS(32) },
    { "avx512 vpdpbusd", BENCH_PEAK_INT8, " avx512vnni ", dot_avx512vnni, OPS(64) },
    { "amx int8", BENCH_PEAK_INT8, " amx ", dot_amx_int8, AMX_OPS(64) },
};

#elif defined(__aarch64__)
// By number, as an assembler may not know all: sums v0 to v11, operands v12 and v13.
#define NEON_ONE(code, sum) ".inst " code " + (13 << 16) + (12 << 5) + " sum "\n\t"
#define NEON_TURN(name, code)                                                                                          \
    static void name(void)                                                                                             \
    {                                                                                                                  \
        __asm__ volatile("movi v12.16b, #0\n\tmovi v13.16b, #0" ::: "v12", "v13");                                     \
        for (int i = 0; i < TURNS; i++)                                                                                \
            __asm__ volatile(                                                                                          \
                NEON_ONE(code, "0") NEON_ONE(code, "1") NEON_ONE(code, "2") NEON_ONE(code, "3") NEON_ONE(code, "4")    \
                    NEON_ONE(code, "5") NEON_ONE(code, "6") NEON_ONE(code, "7") NEON_ONE(code, "8")                    \
                        NEON_ONE(code, "9") NEON_ONE(code, "10") NEON_ONE(code, "11")::                                \
                            : "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13"); \
    }

NEON_TURN(fma_neon, "0x4e20cc00")
NEON_TURN(dot_neon, "0x4e809400")
NEON_TURN(dot_i8mm, "0x4e80a400")

static const instruction table[] = {
    { "f32", BENCH_PEAK_F32, " scalar ", plain, OPS(4) },
    { "neon fmla", BENCH_PEAK_F32, " neon neondot neoni8mm ", fma_neon, OPS(4) },
    { "neon sdot", BENCH_PEAK_INT8, " neondot ", dot_neon, OPS(16) },
    { "neon smmla", BENCH_PEAK_INT8, " neoni8mm ", dot_i8mm, OPS(32) },
};

#else
static const instruction table[] = { { "f32", BENCH_PEAK_F32, " scalar ", plain, OPS(4) } };
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

bool bench_peak_measure(int threads, const char *isa, bench_peak_kind kind, bench_peak *out, eb_err *err)
{
    char set[32];
    snprintf(set, sizeof set, " %s ", isa);
    *out = (bench_peak){ .ops_s = NAN };
    if (threads < 1 || threads > EB_POOL_MAX_THREADS)
        return eb_err_set(err, EB_USAGE, "a peak of %d threads cannot be measured", threads);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const instruction *what = &table[i];
        const bool asked = strstr(what->sets, set) && (what->kind == kind || what->kind == BENCH_PEAK_F32);
        for (int round = 0; asked && round < ROUNDS; round++) {
            const double ops_s = round_ops_s(what, threads);
            if (!(ops_s > out->ops_s) && !isnan(out->ops_s))
                continue;
            out->ops_s = ops_s;
            snprintf(out->name, sizeof out->name, "%s", what->name);
        }
    }
    return !isnan(out->ops_s) || eb_err_set(err, EB_FAILED, "no peak of '%s': no threads, or no loop for it", isa);
}
