// SPDX-License-Identifier: Apache-2.0
// Built without PAPI.
#include "probes/probe_impl.h"

static void detect(const eb_probe_env *env, eb_probe_detection *out)
{
    if (eb_probe_on_machine(env->io, out))
        eb_probe_say(out, EB_PROBE_NO_DRIVER, "install libpapi-dev and build with WITH_PAPI=1",
                     "this program is built without PAPI");
}

static bool open_probe(eb_probe *probe, eb_err *err)
{
    (void)probe, (void)err;
    return false;
}

static void read_probe(eb_probe *probe, eb_sample *out)
{
    (void)probe, (void)out;
}

static void close_probe(eb_probe *probe)
{
    (void)probe;
}

const eb_probe_ops eb_probe_papi = {
    .name = "papi",
    .doc = "PAPI presets: portable event names, counted in the thread that opens them",
    .by_name_only = true,
    .detect = detect,
    .open = open_probe,
    .read = read_probe,
    .close = close_probe,
};
