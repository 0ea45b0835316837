// SPDX-License-Identifier: Apache-2.0
// `effbench first-token FILE`: a cold start for `run` to time (first_token_cold_ns): opens the model, makes one token,
// prints when it was there, in ns of CLOCK_MONOTONIC.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "harness/base/units.h"
#include "harness/cmd/cmd.h"
#include "harness/run/cold.h"

static int run(const eb_globals *globals, int argc, char **argv)
{
    const char *path = NULL, *threads = "1", *affinity = "yes", *kv = "f16";
    (void)globals;
    for (int i = 1; i < argc; i++) {
        if (eb_cmd_option(argc, argv, &i, "--threads", &threads) || eb_cmd_option(argc, argv, &i, "--kv", &kv) ||
            eb_cmd_option(argc, argv, &i, "--affinity", &affinity) || strcmp(argv[i], "--") == 0)
            continue;
        if (path)
            return eb_cmd_usage("first-token", "one file at a time");
        path = argv[i];
    }
    int64_t n = 0, t = 0;
    eb_err err;
    eb_err_clear(&err);
    const bool pin = affinity && strcmp(affinity, "yes") == 0;
    if (!path || !threads || !kv || !affinity || (!pin && strcmp(affinity, "no") != 0) ||
        !eb_parse_int(threads, &n, NULL) || n < 1 || n > 1024 || (strcmp(kv, "f16") != 0 && strcmp(kv, "f32") != 0))
        return eb_cmd_usage("first-token", "usage: first-token FILE [--threads N] [--affinity yes|no] [--kv f16|f32]");
    if (!eb_cold_child(eb_engine_find("native"), path, (int)n, pin, strcmp(kv, "f16") == 0 ? EB_KV_F16 : EB_KV_F32, &t,
                       &err))
        return eb_cmd_fail(&err);
    printf("%" PRId64 "\n", t);
    return EB_OK;
}

const eb_command eb_cmd_first_token = {
    .name = "first-token",
    .synopsis = "first-token FILE [--threads N] [--affinity yes|no] [--kv f16|f32]",
    .doc = "open a model, make one token, print its time (used by run for cold starts)",
    .run = run,
    .internal = true,
    .help = "  Prints the time of the first output token in ns of CLOCK_MONOTONIC.\n",
};
