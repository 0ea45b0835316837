// SPDX-License-Identifier: Apache-2.0
// `effbench help WORD`: the words in the tables, in a sentence or two. docs/metrics.md has the whole definitions.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "harness/cmd/help.h"

const eb_help_word eb_help_words[] = {
    { "trial", "trials, n",
      "One case run once. Trials of all cases are interleaved; a figure is the median over its trials." },
    { "window", "", "The measured part of a trial: from the first request's start to the last token's end." },
    { "interval", "lo, hi, confidence, range",
      "From lo to hi. confidence: holds the true median 95 times of 100; range: smallest to largest trial, where there "
      "are too few for more (below 6)." },
    { "prefill", "pp", "The prompt is read, all of it at once: up to the end of the first output token." },
    { "decode", "tg", "Token after token is made: from the end of the first output token to the end of the last." },
    { "TTFT", "first token, ttft_p50, ttft_p90, ttft_p99",
      "Time to first token: the end of the first output token - the scheduled arrival of its request. See ttft_ns." },
    { "TPOT", "tpot_p50, tpot_p90, tpot_p99",
      "Time per output token of one request: (end of the last - end of the first token) / (output tokens - 1). See "
      "tpot_ns." },
    { "ITL", "itl_p50, itl_p90, itl_p99",
      "Inter-token latency: the gap between the ends of one output token and the next of the same request. See "
      "itl_ns." },
    { "e2e", "end to end", "End of the last output token - scheduled arrival of the request. See e2e_ns." },
    { "p99", "p50, p90, percentile",
      "99 of 100 observations are at or below it (p90: 90, p50: the median). Below 459 observations for p99 (44 for "
      "p90) there is none: n too small." },
    { "throughput", "tok/s", "Output tokens of the window / window. See throughput_tok_s." },
    { "goodput", "", "Throughput of the requests that met every limit of [slo] alone. See goodput_tok_s." },
    { "SLO", "limit, limits",
      "Service level objective: the limits of TTFT, TPOT and e2e in [slo] that a request must meet to count towards "
      "goodput." },
    { "offered", "achieved, poisson, load",
      "Requests per second that the schedule sends (offered), and that were served (achieved). A level that does not "
      "keep up is marked." },
    { "grade", "grades, counter, sampled, estimate, none",
      "How an energy was come by, the best first: wall (a meter of the whole system), counter (integrated by the "
      "hardware, RAPL), sampled (power, summed up), estimate (a model of stated watts: idle watts x time + (load - "
      "idle watts) x "
      "this process's share of the CPUs), none. Figures of different grades do not belong into one ranking." },
    { "boundary", "compute, platform, wall",
      "What is summed up as energy: compute (packages, memory, GPUs), platform (psys, an input rail or the battery), "
      "wall (an external meter). See probes.boundary." },
    { "package", "core, uncore", "A processor's socket or die as RAPL measures it; core and uncore are parts of it." },
    { "psys", "", "RAPL's zone of the whole platform: it contains packages and memory, and is not added to them." },
    { "RAPL", "powercap", "Running average power limit: the energy counters inside processors." },
    { "idle", "baseline",
      "The power before the first trial, with nothing loaded. Net energy is energy - idle power x window." },
    { "net", "gross", "net: without what the machine draws while idle; gross: with it. See net_energy_j." },
    { "J/token", "J/tok, joules", "Energy of the window / its output tokens. See j_per_tok." },
    { "tok/J", "perf/W, performance per watt", "Output tokens / energy: performance per watt. See tok_per_j." },
    { "$/Mtok", "usd/mtok, Mtok",
      "Cost of a million output tokens: machine, electricity and the rest of [cost] at its utilisation. See "
      "usd_per_mtok." },
    { "tok/$", "perf/$, performance per dollar", "Output tokens for a dollar: 1e6 / usd_per_mtok. See tok_per_usd." },
    { "PUE", "", "Power usage effectiveness: a building's power / its computers' power. See cost.pue." },
    { "utilisation", "utilization", "The part of its time in which the machine serves. See cost.utilisation." },
    { "break-even", "crossing", "The utilisation, price or length at which two offers cost the same." },
    { "Pareto", "front", "On the front: nothing else is at least as good in every respect and better in one." },
    { "KLD", "KL divergence, quality",
      "Mean Kullback-Leibler divergence of a type's logits against those of the reference type, in nats: 0 is the "
      "same. See kld_nats." },
    { "top-1", "top1, agreement", "How often the most likely token is that of the reference type. See top1_agree." },
    { "type", "quantize, f16, bf16, f32, q8_0, q4_0, q4_k_m, quantized",
      "How weights are stored: f32, f16, bf16, or quantized in blocks (q8_0: 8 bits and a scale for 32 weights; _k_m: "
      "a mix of types). `effbench model shapes` lists them." },
    { "MoE", "expert, experts, router",
      "Mixture of experts: a router picks a few expert networks for each token; only these are read." },
    { "SSM", "mamba, state space, scan",
      "State space model: a state of fixed size in place of a cache that grows with the context." },
    { "KV cache", "kv", "Keys and values of the tokens so far, which attention reads for each new one. See kv_bytes." },
    { "batch", "b", "Sequences that are computed together." },
    { "depth", "d", "Tokens that are in the context before the prompt." },
    { "ceiling", "ceilings, bw, roofline",
      "What this machine can do at most: bytes read and operations per second. See bw_frac, flop_frac." },
    { "power", "W, watts", "Energy of the window / window, inside the boundary. See power_w." },
    { "memory", "RSS", "Peak resident set of the process. See rss_peak_bytes." },
    { "of read peak %", "of read, peak, peak %",
      "Bytes read per second of decode as a share of the read bandwidth that was measured on this machine (its "
      "ceiling). "
      "See bw_frac." },
    { "MB read", "MB read /token", "Bytes that decoding one token reads: weights and cache. See bytes_per_tok." },
    { "gCO2e/Mtok", "carbon, gCO2e, g/Mtok, embodied",
      "CO2 equivalents of a million output tokens: electricity, and the making of the machine (embodied). See "
      "gco2e_per_mtok." },
    { "tok/charge", "charge, battery", "Output tokens on one charge of the battery. See tok_per_charge." },
    { "demo", "demonstration",
      "Made of prices that are made up for show, not yours: set your own in [cost], with source and date." },
    { "completed", "", "Requests per second that were served in a level of a load." },
    { "invalid", "",
      "Of a level of a load: what was completed is not what was offered (or it is too short to tell), so its figures "
      "are of other work. Of a gate (check): there is no measurement to judge (exit 5)." },
    { "overall", "",
      "Tokens per joule of a load curve: sum of tok/s / sum of W over ten levels and active idle; unknown when one of "
      "them has no energy." },
    { "marks", "*, ~, -, r, ±, +-, ≠",
      "*: best of its column; ~: best, or not told apart from the best by the intervals or that of their ratio; "
      "neither where fewer than 6 trials cannot say; -: not known, the notes say why; ±: the farther end of the "
      "interval, r after "
      "it: only the range of too few trials; ≠: energy of another "
      "kind (grade, domains) than the reference's." },
    { "operator", "operators", "One step of a model's layer, such as a product of matrices: `effbench profile`." },
    { 0 },
};

// Whether `word` is one of the comma list.
static bool among(const char *word, const char *list)
{
    size_t len = strlen(word);
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ",");
        if (n == len && !strncasecmp(p, word, n))
            return true;
        p += n;
        p += strspn(p, ", ");
    }
    return false;
}

static void put_word(const eb_help_word *w)
{
    printf("%s%s%s%s\n", w->word, w->also[0] ? "  (" : "", w->also, w->also[0] ? ")" : "");
    eb_cmd_wrap(w->doc, 4, 4);
}

bool eb_help_word_print(const char *word)
{
    for (const eb_help_word *w = eb_help_words; w->word; w++)
        if (!strcasecmp(w->word, word) || among(word, w->also)) {
            put_word(w);
            return true;
        }
    return false;
}

int eb_help_all_words(void)
{
    for (const eb_help_word *w = eb_help_words; w->word; w++)
        put_word(w);
    return 0;
}
