// SPDX-License-Identifier: Apache-2.0
#include "harness/record/compare_phase.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/mem.h"
#include "harness/record/compare_work.h"

typedef struct tokens { // of a phase; n 0 = there is none
    int n, depth;
} tokens;

bool eb_compare_imported(const eb_compare_run *run)
{
    return !strcmp(run->engine, "llama-bench");
}

eb_work_phase eb_compare_phase_of(const eb_compare_case *c)
{
    bool prompt = c->prompt_tok > 0, output = c->output_tok > 0;
    return prompt && !output ? EB_WORK_PROMPT : output && !prompt ? EB_WORK_OUTPUT : EB_WORK_WHOLE;
}

static tokens tokens_of(const eb_compare_run *run, const eb_compare_case *c, eb_work_phase phase)
{
    bool imported = eb_compare_imported(run);
    if (phase == EB_WORK_PROMPT)
        return (tokens){ c->prompt_tok, c->depth_tok };
    return imported ? (tokens){ c->output_tok, c->depth_tok }
                    : (tokens){ c->output_tok > 0 ? c->output_tok - 1 : 0, c->depth_tok + c->prompt_tok };
}

char *eb_compare_phase_key(const eb_compare_run *run, const eb_compare_case *c, eb_work_phase phase)
{
    bool plain = eb_compare_imported(run) || eb_compare_plain(c);
    tokens t = tokens_of(run, c, phase);
    if (phase == EB_WORK_WHOLE || !plain || c->load[0] || !(c->n_params > 0) || !c->type[0] || t.n < 1)
        return NULL;
    return eb_format("%s|%.0f|%s|%d|%d|%d|%s", phase == EB_WORK_PROMPT ? "pp" : "tg", c->n_params, c->type, t.n,
                     t.depth, c->batch, c->kv);
}

char *eb_compare_phase_title(const eb_compare_run *run, const eb_compare_case *c, eb_work_phase phase)
{
    tokens t = tokens_of(run, c, phase);
    bool prompt = phase == EB_WORK_PROMPT;
    char *model = eb_compare_model(c), depth[32] = "";
    if (t.depth)
        snprintf(depth, sizeof depth, "@%d", t.depth);
    char *title = eb_format("%s alone: %s %s %d+%d%s b%d", prompt ? "prompt" : "output", model, c->type,
                            prompt ? t.n : 0, prompt ? 0 : t.n, depth, c->batch);
    free(model);
    return title;
}

void eb_compare_phase_only(eb_compare_row *row, eb_work_phase phase)
{
    eb_figure kept = phase == EB_WORK_PROMPT ? EB_FIGURE_PREFILL : EB_FIGURE_DECODE;
    for (int f = 0; f < EB_FIGURE_COUNT; f++) {
        if (f == (int)kept)
            continue;
        free(row->figures[f].trials);
        row->figures[f] = (eb_compare_value){ .value = NAN, .lo = NAN, .hi = NAN };
        row->figures[f].trials = eb_alloc(sizeof *row->figures[f].trials);
    }
    row->curve = (eb_cost_curve){ NAN, NAN };
    row->phase = phase;
}
