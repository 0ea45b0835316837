// SPDX-License-Identifier: Apache-2.0
// `effbench help WORD`: the words in the tables, in a sentence or two. docs/metrics.md has the whole definitions.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "harness/cmd/help.h"

const eb_help_word eb_help_words[] = {
    { "trial", "trials, n, round",
      "One case run once. Trials of all cases are interleaved; a figure is the median over its trials." },
    { "window", "", "The measured part of a trial: from the first request's start to the last token's end." },
    { "interval", "lo, hi, confidence, range",
      "From lo to hi. confidence: holds the true median 95 times of 100; range: smallest to largest trial, where there "
      "are too few for more (below 6)." },
    { "case", "cases, work",
      "One model at one type in one workload with one set of lengths: what is measured by itself, and a row of the "
      "tables." },
    { "prompt+output", "prompt, output, prompt +output, +out@depth",
      "Tokens that a request brings and tokens that it asks for; @: tokens that are in the context before them." },
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
    { "throughput", "tok/s, tokens, speed", "Output tokens of the window / window. See throughput_tok_s." },
    { "goodput", "good tok/s, good",
      "Throughput of the requests that met every limit of [slo] alone. See goodput_tok_s." },
    { "SLO", "limit, limits",
      "Service level objective: the limits of TTFT, TPOT and e2e in [slo] that a request must meet to count towards "
      "goodput." },
    { "offered", "achieved, poisson, arrivals",
      "Requests per second that the schedule sends (offered), and that were served (achieved). A level that does not "
      "keep up is marked." },
    { "load", "kind=load, kind = load, single, offline, server, closed, curve, load curve",
      "A workload of requests that arrive by a rule while others are served: single (one after the other), offline "
      "(all "
      "at once), server (by a schedule), closed (from a number of users), curve (as server, in levels). See "
      "workload.mode." },
    { "level", "levels, active idle, saturated",
      "A stretch of a load at one rate of arrivals; a curve has 100 % to 10 % of the most that was served (saturated), "
      "and "
      "active idle: the model in memory, nothing to do. In a history (check): the median of the accepted lines since "
      "it "
      "last changed." },
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
    { "J/token", "J/tok, mJ/tok, joules, energy", "Energy of the window / its output tokens. See j_per_tok." },
    { "tok/J", "perf/W, performance per watt", "Output tokens / energy: performance per watt. See tok_per_j." },
    { "$/Mtok", "usd/mtok, Mtok",
      "Cost of a million output tokens: machine, electricity and the rest of [cost] at its utilisation. See "
      "usd_per_mtok." },
    { "tok/$", "perf/$, performance per dollar", "Output tokens for a dollar: 1e6 / usd_per_mtok. See tok_per_usd." },
    { "PUE", "", "Power usage effectiveness: a building's power / its computers' power. See cost.pue." },
    { "utilisation", "utilization, at utilisation",
      "The part of its time in which the machine serves. See cost.utilisation." },
    { "break-even", "crossing, it may lie in, overtakes, cheaper below it, cheaper above it",
      "The utilisation, price or length at which two offers cost the same, and between which ends it may lie, over the "
      "ranges of the inputs. Below it one is cheaper, above it the other, which overtakes." },
    { "offer", "offers, price, prices, no price",
      "One way to pay for the tokens: owned, rented by the hour, by the token. A [cost NAME] of a price file; `config` "
      "is "
      "the run's own [cost]." },
    { "cheapest", "dearest, at the cheapest, at the dearest, cheapest by utilisation",
      "Of a cost: every input at the end of its range that makes it so. Of offers: who is cheapest between which "
      "utilisations." },
    { "CRF", "capex_year, elec_year, kwh_year, tokens_year, P_load, P_idle",
      "The parts of a cost (`cost --explain`). CRF: capital recovery factor, the part of a price that is paid each "
      "year over "
      "its years at its interest; capex_year: the machine's, less its residual; elec_year: of kwh_year; P_load, "
      "P_idle: watts "
      "while serving and while not." },
    { "tornado", "what moves it",
      "Each input of a cost moved to its low and to its high end, all others at their value; the widest first." },
    { "Pareto", "front, on the front, ~yes",
      "On the front: nothing else is at least as good in every respect and better in one. ~yes: only by differences "
      "within "
      "noise." },
    { "ratio", "relative to, reference, better, worse, same, word, leads, within noise",
      "Of a comparison: median over the trials of the row / that of the reference (the first row, or --reference). "
      "better, "
      "worse: its interval excludes 1; same: it lies within 2 % of 1; inconclusive: neither. leads: the best by the "
      "medians, where the trials do not tell it from another." },
    { "inconclusive", "",
      "The trials cannot tell. Of a ratio (compare): neither better, worse nor the same, or fewer than 6 trials of a "
      "side. Of a gate (check): after 40 pairs some metric neither fails nor passes (exit 4; --strict: 3)." },
    { "unmatched", "left out", "Work that only one of the runs has: listed, and in no ratio." },
    { "settings", "settings that differ",
      "What two runs did not have alike beside what is compared: a ratio may be of that." },
    { "verdict", "pass, fail",
      "Of a gate (check): pass (no metric is worse by its limit or more), fail (one is, certainly and by more than its "
      "margin, or an exact one differs), inconclusive, invalid. Each has its exit status: `help exit`." },
    { "margin", "bounds, change",
      "Of a gate: what an estimated change must be beyond, and certain, to fail; a pass excludes the limit. change: of "
      "the "
      "trimmed means, base to candidate; bounds: from the least of it that is certain to the most that is possible. "
      "--limit CLASS=MARGIN:LIMIT sets both." },
    { "pair", "pairs, looks, look, base, candidate",
      "One trial of the base and one of the candidate, right after each other, in random order. A gate looks after 10, "
      "20 "
      "and 40 pairs." },
    { "spoilt pair", "spoilt, spoilt pairs, spoilt by",
      "A pair that does not count: a trial of it was throttled, swapped or slept, had company on the CPU, lacks a "
      "gated "
      "figure, or did not keep up with its load. It is run again; more of them than of others (5 and more), or 20, "
      "make "
      "the gate invalid. --ignore lets them count." },
    { "not gated", "gated, not judged",
      "Of a metric of a gate: shown, and without a say in the verdict; the reason stands below." },
    { "history", "accepted, trend",
      "The lines that `check --history` appends, all of one machine. Accepted are those that passed, or were wanted "
      "with "
      "--reason." },
    { "machine", "fingerprint",
      "What a run was made on. Its fingerprint is a digest of what does not change from start to start: where it "
      "differs, a "
      "run is not gone on with, two folders get no verdict, and a history is another one." },
    { "plan", "plan digest",
      "The cases of a run and all settings that change what is measured: what --resume goes by." },
    { "note", "notes, warning, warnings",
      "note: of a figure, what is missing in it or its largest error term. warning: what makes figures doubtful." },
    { "digest", "output digest, outputs, same outputs",
      "A number made of all output tokens of a trial: the same work gives the same one. Another one means other "
      "arithmetic, "
      "another seed or another model." },
    { "outside", "beside",
      "The part of a window in which no sequence is in a step of the engine: of its time in a profile, of its energy "
      "in "
      "energy.csv." },
    { "KLD", "KL divergence, quality",
      "Mean Kullback-Leibler divergence of a type's logits against those of the reference type, in nats: 0 is the "
      "same. See kld_nats." },
    { "top-1", "top1, agreement, same %",
      "How often the most likely token is that of the reference type. See top1_agree." },
    { "type", "quantize, f16, bf16, f32, q8_0, q4_0, q4_k_m, quantized",
      "How weights are stored: f32, f16, bf16, or quantized in blocks (q8_0: 8 bits and a scale for 32 weights; _k_m: "
      "a mix of types). `effbench model shapes` lists them." },
    { "family", "dense", "The kind of a model: dense, mixture of experts (moe), state space (ssm)." },
    { "MoE", "expert, experts, router",
      "Mixture of experts: a router picks a few expert networks for each token; only these are read." },
    { "SSM", "mamba, state space, scan",
      "State space model: a state of fixed size in place of a cache that grows with the context." },
    { "KV cache", "kv", "Keys and values of the tokens so far, which attention reads for each new one. See kv_bytes." },
    { "batch", "b", "Sequences that are computed together." },
    { "depth", "d", "Tokens that are in the context before the prompt." },
    { "ceiling", "ceilings, bw, roofline, GB/s, GFLOP/s",
      "What this machine can do at most: bytes read and operations per second. See bw_frac, flop_frac." },
    { "power", "W, watts", "Energy of the window / window, inside the boundary. See power_w." },
    { "memory", "RSS", "Peak resident set of the process. See rss_peak_bytes." },
    { "of read peak %", "of read, peak, peak %",
      "Bytes read per second of decode as a share of the read bandwidth that was measured on this machine (its "
      "ceiling). "
      "See bw_frac." },
    { "MB read", "MB read /token", "Bytes that decoding one token reads: weights and cache. See bytes_per_tok." },
    { "gCO2e/Mtok", "carbon, gCO2e, g/Mtok, embodied, of it embodied",
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
    { "marks", "* ~, not known, *, ~, -, r, ±, +-, ≠",
      "*: best of its column; ~: best, or not told apart from the best by the intervals or that of their ratio; "
      "neither where fewer than 6 trials cannot say; -: not known, the notes say why; ±: the farther end of the "
      "interval, r after "
      "it: only the range of too few trials, s: of a single one, what its counters leave; ≠: energy of another "
      "kind (grade, domains) than the reference's." },
    { "operator", "operators, qkv, attn_out, ffn_in, ffn_out, ssm_in, ssm_param, ssm_out, head, other",
      "One step of a model's layer: qkv, attn_out, ffn_in, ffn_out, expert, ssm_in, ssm_param, ssm_out and head are "
      "products "
      "with weights; other is between operators of a step. `effbench profile`." },
    { "throttled", "throttle, throttles, hottest, clock, sustained, over time",
      "The processor went slower to stay cool or within its power: by its own counters, its temperature at the trip "
      "point, or its clock. Of a workload of kind sustained, with the part of its fastest speed that it holds in the "
      "end." },
    { "source", "sources, state, reason, ok, partial, no device, no permission, no driver, off, remedy",
      "What readings come from: a driver, a tool, a meter (`effbench probes`). Its state is ok, partial (some of it "
      "reads), "
      "no device, no permission, no driver, or off (not in [probes] sources); -> is what to do about it." },
    { "channel", "channels, zone, label, domain, domains, socket, die, counted, duplicate",
      "One figure that a source reads. domain: what it is the energy of (package, core, uncore, dram, gpu, system); "
      "counted: "
      "whether it is part of the sum of the boundary, since no joule is counted twice." },
    { "calibration", "updated each, a read, period, jitter, dead, moves",
      "A look at the counters before the first trial: how often each is updated, what a read takes, and whether it "
      "moves at "
      "all. One that is dead does not count. See probes.calibrate." },
    { "coverage", "complete, not measured, missing",
      "Whether the joules are those of the whole boundary, and else what of it nobody measures." },
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
