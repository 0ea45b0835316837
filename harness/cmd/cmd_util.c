// SPDX-License-Identifier: Apache-2.0
// What every subcommand needs: its errors printed one way, its options read one way.
#include "harness/cmd/cmd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "harness/base/file.h"
#include "harness/base/option.h"
#include "harness/record/records.h"
#include "harness/record/vouch.h"

int eb_cmd_fail(const eb_err *err)
{
    fflush(stdout); // what was said before the error comes before it
    eb_err_print(err, stderr);
    return err->code == EB_OK ? EB_FAILED : (int)err->code;
}

int eb_cmd_fail_all(const eb_err_list *errs)
{
    int status = EB_FAILED;
    for (size_t i = 0; i < errs->n; i++) {
        int code = eb_cmd_fail(&errs->items[i]);
        if (i == 0)
            status = code;
    }
    if (errs->dropped)
        fprintf(stderr, "effbench: %zu errors, of which the first %zu are shown\n", errs->n + errs->dropped, errs->n);
    else if (errs->n > 1)
        fprintf(stderr, "effbench: %zu errors\n", errs->n);
    return status;
}

int eb_cmd_usage(const char *command, const char *fmt, ...)
{
    eb_err err;
    char message[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(message, sizeof message, fmt, ap);
    va_end(ap);
    if (command && command[0]) {
        eb_err_set(&err, EB_USAGE, "%s: %s", command, message);
        eb_err_hint(&err, "effbench help %s", command);
    } else {
        eb_err_set(&err, EB_USAGE, "%s", message);
        eb_err_hint(&err, "effbench help");
    }
    return eb_cmd_fail(&err);
}

const char *eb_cmd_near(const char *arg, const char *const *known, size_t n)
{
    enum { MOST = 32 };
    static const char *const global[] = { "--sysroot", "--format", "--color", "--debug", "--version", "--help" };
    const char *names[MOST];
    int count = 0;
    for (size_t i = 0; i < n && count < MOST; i++)
        names[count++] = known[i];
    for (size_t i = 0; i < sizeof global / sizeof *global && count < MOST; i++)
        names[count++] = global[i];
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(arg, "="), arg);
    return eb_nearest(word, names, count);
}

int eb_cmd_unknown(const char *command, const char *arg, const char *const *known, size_t n)
{
    const char *near = eb_cmd_near(arg, known, n);
    eb_err err;
    if (command)
        eb_err_set(&err, EB_USAGE, "%s: there is no option '%.60s'", command, arg);
    else
        eb_err_set(&err, EB_USAGE, "there is no global option '%.60s'", arg);
    if (near)
        eb_err_hint(&err, "did you mean '%s'?", near);
    else
        eb_err_hint(&err, "effbench help%s%s", command ? " " : "", command ? command : "");
    return eb_cmd_fail(&err);
}

bool eb_cmd_option(int argc, char **argv, int *i, const char *name, const char **value)
{
    const char *arg = argv[*i];
    size_t len = strlen(name);
    if (strncmp(arg, name, len) != 0 || (arg[len] != '\0' && arg[len] != '='))
        return false;
    if (arg[len] == '=')
        *value = arg + len + 1;
    else
        *value = *i + 1 < argc ? argv[++*i] : NULL;
    return true;
}

int eb_cmd_once(const char *command, int argc, char **argv, const char *const *once)
{
    for (; once && *once; once++) {
        const char *first = NULL, *value = NULL;
        for (int i = 1; i < argc && argv[i] && strcmp(argv[i], "--") != 0; i++) {
            if (!eb_cmd_option(argc, argv, &i, *once, &value) || !value)
                continue;
            if (first && strcmp(first, value) != 0)
                return eb_cmd_usage(command, "%s is given twice: '%.80s' and '%.80s'", *once, first, value);
            first = value;
        }
    }
    return EB_OK;
}

bool eb_cmd_say_newer(const char *dir, bool keep)
{
    char what[96];
    if (!eb_vouch_newer(dir, what, sizeof what))
        return false;
    char *path = eb_path_join(dir, "run.json");
    fprintf(stderr,
            "effbench: warning: '%s' %s: %sall figures are computed from the raw files (%s) by the definitions of "
            "effbench %s (docs/metrics.md)%s\n",
            path, what, keep ? "it is left as it is, with the CSV files made beside it; " : "", EB_JOURNAL_SCHEMA,
            eb_version, keep ? "" : "; for those of its own use the version of effbench that wrote it");
    free(path);
    return true;
}
