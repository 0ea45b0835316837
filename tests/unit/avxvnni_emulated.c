// SPDX-License-Identifier: Apache-2.0
// The products of AVX-VNNI by the same instruction as AVX-512 encodes it, for machines that have only that.
#include <immintrin.h>

#define _mm256_dpbusd_avx_epi32 _mm256_dpbusd_epi32
#define eb_packed_avxvnni       eb_packed_avxvnni_emulated
#include "workloads/engine/kernels/avxvnni.c"
