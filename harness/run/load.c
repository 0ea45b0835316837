// SPDX-License-Identifier: Apache-2.0
#include "harness/run/load.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include "harness/base/mem.h"

enum { STEPS = 4096 };

struct eb_load {
    pthread_t *threads;
    int n;
    atomic_bool stop;
};

static void *spin(void *arg)
{
    eb_load *load = arg;
    double x = 1.0;
    while (!atomic_load_explicit(&load->stop, memory_order_relaxed)) {
        for (int i = 0; i < STEPS; i++)
            x = x * 1.0000001 + 1e-9;
        __asm__ volatile("" : "+m"(x)); // the work is not optimized away
    }
    return NULL;
}

eb_load *eb_load_start(void)
{
    cpu_set_t may;
    int cpus = sched_getaffinity(0, sizeof may, &may) == 0 ? CPU_COUNT(&may) : 1, wanted = cpus > 2 ? cpus - 1 : 1;
    eb_load *load = eb_alloc(sizeof *load);
    load->threads = eb_alloc((size_t)wanted * sizeof *load->threads);
    // Fewer threads than wanted are still a load.
    while (load->n < wanted && pthread_create(&load->threads[load->n], NULL, spin, load) == 0)
        load->n++;
    return load;
}

void eb_load_stop(eb_load *load)
{
    if (!load)
        return;
    atomic_store(&load->stop, true);
    for (int i = 0; i < load->n; i++)
        pthread_join(load->threads[i], NULL);
    free(load->threads);
    free(load);
}
