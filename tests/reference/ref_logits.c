// SPDX-License-Identifier: Apache-2.0
// ref_logits MODEL.gguf --tokens 1,2,3 [--row-last]
// Float64 logits as CSV on stdout: a row per position, a column per token.
#include "ref_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void usage(void)
{
    fputs("usage: ref_logits MODEL.gguf --tokens 1,2,3 [--row-last]\n", stderr);
    exit(2);
}

static uint32_t *parse_tokens(const char *list, size_t *n)
{
    uint32_t *tok = ref_alloc(strlen(list) / 2 + 1, sizeof *tok);
    *n = 0;
    for (const char *p = list;;) {
        char *end;
        unsigned long v = strtoul(p, &end, 10);
        if (end == p || *p == '-' || v > UINT32_MAX)
            ref_die("--tokens %s: not a list of tokens", list);
        tok[(*n)++] = (uint32_t)v;
        if (!*end)
            return tok;
        if (*end != ',')
            ref_die("--tokens %s: not a list of tokens", list);
        p = end + 1;
    }
}

int main(int argc, char **argv)
{
    const char *path = NULL, *list = NULL;
    bool last_only = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--tokens") == 0 && i + 1 < argc)
            list = argv[++i];
        else if (strcmp(argv[i], "--row-last") == 0)
            last_only = true;
        else if (argv[i][0] != '-' && !path)
            path = argv[i];
        else
            usage();
    }
    if (!path || !list)
        usage();

    ref_gguf g;
    ref_config c;
    size_t n_tok;
    uint32_t *tok = parse_tokens(list, &n_tok);
    ref_gguf_open(&g, path);
    ref_config_read(&c, &g);
    double *logits = ref_logits(&c, tok, n_tok);
    ref_check_all_used(&g);
    for (size_t t = last_only ? n_tok - 1 : 0; t < n_tok; t++)
        for (size_t i = 0; i < c.n_vocab; i++)
            printf("%.17g%c", logits[t * c.n_vocab + i], i + 1 < c.n_vocab ? ',' : '\n');
    free(logits);
    free(tok);
    ref_gguf_close(&g);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 1;
}
