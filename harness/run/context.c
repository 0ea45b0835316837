// SPDX-License-Identifier: Apache-2.0
#include "harness/run/context.h"

#include <string.h>

#include "harness/base/units.h"

static int64_t context_of(const eb_case *c)
{
    return (int64_t)c->params.depth_tok + c->params.prompt_tok + c->params.output_tok;
}

static bool first_of_its_model(const eb_plan *plan, int index)
{
    for (int i = 0; i < index; i++)
        if (!strcmp(plan->cases[i].model, plan->cases[index].model))
            return false;
    return true;
}

void eb_context_warn(const eb_plan *plan, eb_warnings *warnings)
{
    for (int i = 0; plan->engine->trained_ctx_tok && i < plan->n_cases; i++) {
        const eb_case *c = &plan->cases[i], *longest = c;
        if (!first_of_its_model(plan, i))
            continue;
        eb_model_spec spec = { .source = c->source, .type = c->type, .seed = c->model_seed };
        int64_t trained = plan->engine->trained_ctx_tok(&spec);
        int beyond = 0;
        for (int k = i; trained > 0 && k < plan->n_cases; k++) {
            const eb_case *o = &plan->cases[k];
            if (strcmp(o->model, c->model) != 0 || context_of(o) <= trained)
                continue;
            beyond++;
            longest = context_of(o) > context_of(longest) ? o : longest;
        }
        if (beyond)
            eb_warn(warnings,
                    "model '%s' was trained for a context of %lld tokens, and %d case%s beyond it, up to %lld "
                    "(%s): time and energy are right for that length, what the model would say there is not",
                    c->model, (long long)trained, beyond, beyond == 1 ? " goes" : "s go",
                    (long long)context_of(longest), longest->id);
    }
}
