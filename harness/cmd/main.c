// SPDX-License-Identifier: Apache-2.0
// The program: global options out of the way, then one subcommand.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/log.h"
#include "harness/base/mem.h"
#include "harness/base/option.h"
#include "harness/base/term.h"
#include "harness/base/words.h"
#include "harness/cmd/cmd.h"

const eb_command *const eb_command_table[] = { &eb_cmd_run,    &eb_cmd_profile,     &eb_cmd_report, &eb_cmd_compare,
                                               &eb_cmd_check,  &eb_cmd_cost,        &eb_cmd_probes, &eb_cmd_model,
                                               &eb_cmd_import, &eb_cmd_first_token, &eb_cmd_help,   NULL };

typedef struct invocation {
    eb_globals globals;
    eb_color_mode color;
    bool help, version;
    const char *debug, *color_mode; // as given
    const char *lacks;              // the first global option without a value; NULL = none
    char **argv;                    // what is left: the command and its own arguments
    int argc;
} invocation;

// A closed standard stream would hand its number to the next file opened, and prints would land in that file.
static void guard_streams(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
            (void)!open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY); // reading end: writes still fail and are reported
}

// Takes the global option at argv[*i], if it is one.
static bool take_global(invocation *in, int argc, char **argv, int *i)
{
    struct {
        const char *name, **value;
    } const options[] = {
        { "--sysroot", &in->globals.sysroot },
        { "--format", &in->globals.format },
        { "--color", &in->color_mode },
        { "--debug", &in->debug },
    };
    if (!strcmp(argv[*i], "--help") || !strcmp(argv[*i], "-h"))
        return in->help = true;
    if (!strcmp(argv[*i], "--version"))
        return in->version = true;
    for (size_t k = 0; k < sizeof options / sizeof *options; k++) {
        if (!eb_cmd_option(argc, argv, i, options[k].name, options[k].value))
            continue;
        if ((!*options[k].value || !**options[k].value) && !in->lacks)
            in->lacks = options[k].name;
        return true;
    }
    return false;
}

// The global options, and what is left; what is wrong with it is not looked at yet.
static void split(invocation *in, int argc, char **argv)
{
    int i = 1;
    for (; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!take_global(in, argc, argv, &i))
            in->argv[in->argc++] = argv[i];
    for (; i < argc; i++)
        in->argv[in->argc++] = argv[i];
    in->argv[in->argc] = NULL;
}

// What a variable leaves that is not set is no name of anything.
static int refuse_empty(int argc, char **argv)
{
    eb_err err;
    int i = 1;
    while (i < argc && argv[i][0])
        i++;
    if (i == argc)
        return EB_OK;
    if (i > 1)
        eb_err_set(&err, EB_USAGE, "the argument after '%.80s' is empty", argv[i - 1]);
    else
        eb_err_set(&err, EB_USAGE, "the first argument is empty");
    eb_err_hint(&err, "is a variable of the shell not set? Say what is meant, or leave the argument out");
    return eb_cmd_fail(&err);
}

static int check_globals(invocation *in, int argc, char **argv)
{
    static const char *const once[] = { "--sysroot", "--format", "--color", "--debug", NULL };
    int status = refuse_empty(argc, argv);
    if (status == EB_OK)
        status = eb_cmd_once(NULL, argc, argv, once);
    if (status == EB_OK && in->lacks)
        status = eb_cmd_usage(NULL, "%s needs a value", in->lacks);
    if (status == EB_OK && in->color_mode && !eb_color_mode_parse(in->color_mode, &in->color))
        status = eb_cmd_usage(NULL, "--color is auto, always or never, not '%.40s'", in->color_mode);
    const char *root = getenv("EFFBENCH_SYSROOT");
    if (!in->globals.sysroot && root && root[0])
        in->globals.sysroot = root;
    if (in->globals.sysroot)
        setenv("EFFBENCH_SYSROOT", in->globals.sysroot, 1); // for the engine, and for the child of a cold start
    struct stat st;
    if (status == EB_OK && in->globals.sysroot && (stat(in->globals.sysroot, &st) != 0 || !S_ISDIR(st.st_mode)))
        status = eb_cmd_usage(NULL, "the sysroot '%s' is no folder", in->globals.sysroot);
    return status;
}

static int unknown_topic(const char *name)
{
    eb_err err;
    char list[128] = "";
    for (int i = 0; eb_log_topics[i]; i++)
        eb_words_add(list, sizeof list, ", ", eb_log_topics[i]);
    size_t len = strcspn(name, ",");
    eb_err_set(&err, EB_USAGE, "there is no debug topic '%.*s'", (int)(len < 60 ? len : 60), name);
    eb_err_hint(&err, "a comma list of: %s", list);
    return eb_cmd_fail(&err);
}

static int unknown_command(const char *name)
{
    const char *names[16];
    int n = 0;
    for (const eb_command *const *c = eb_command_table; *c; c++)
        if (!(*c)->internal)
            names[n++] = (*c)->name;
    if (name[0] == '-')
        return eb_cmd_unknown(NULL, name, NULL, 0);
    const char *near = eb_nearest(name, names, n);
    eb_err err;
    eb_err_set(&err, EB_USAGE, "there is no command '%.60s'", name);
    if (near)
        eb_err_hint(&err, "did you mean 'effbench %s'?", near);
    else
        eb_err_hint(&err, "effbench help");
    return eb_cmd_fail(&err);
}

static const eb_command *command_named(const char *name)
{
    for (const eb_command *const *c = eb_command_table; name && *c; c++)
        if (!strcmp((*c)->name, name))
            return *c;
    return NULL;
}

// Everything up to the command itself.
static int prepare(invocation *in, int argc, char **argv, const eb_command *c)
{
    int status = check_globals(in, argc, argv);
    if (status != EB_OK)
        return status;
    in->globals.color = eb_term_color(in->color, stdout);
    const char *odd = eb_log_enable(in->debug);
    if (odd)
        return unknown_topic(odd);
    return c && !in->help && !in->version ? eb_cmd_once(c->name, in->argc, in->argv, c->once) : EB_OK;
}

static int dispatch(invocation *in, const eb_command *c)
{
    const char *name = in->argc ? in->argv[0] : "help";
    if (in->version) {
        printf("effbench %s\n", eb_version);
        return EB_OK;
    }
    // `effbench run --help` is `effbench help run`.
    char *help_argv[] = { "help", in->argc && strcmp(name, "help") != 0 ? in->argv[0] : NULL, NULL };
    if (in->help)
        return eb_cmd_help.run(&in->globals, help_argv[1] ? 2 : 1, help_argv);
    if (in->argc == 0)
        return eb_cmd_help.run(&in->globals, 1, help_argv);
    return c ? c->run(&in->globals, in->argc, in->argv) : unknown_command(name);
}

// A full disk behind `> file` must not look like success; a reader that closed its end (`| head`) is no error.
static int finish_stdout(int status)
{
    errno = 0;
    bool lost = ferror(stdout) != 0;
    lost = fflush(stdout) != 0 || lost;
    if (!lost)
        return status;
    int cause = errno;
    struct pollfd out = { .fd = STDOUT_FILENO, .events = POLLOUT };
    if (cause == EPIPE || (poll(&out, 1, 0) > 0 && (out.revents & POLLERR)))
        return status;
    eb_err err;
    eb_err_set(&err, EB_FAILED, "cannot write to standard output: %s", cause ? strerror(cause) : "a write failed");
    eb_err_hint(&err, "what was printed is not whole: %s",
                cause == EBADF ? "it is closed" : "see whether there is room where it goes");
    eb_err_print(&err, stderr);
    return status == EB_OK ? EB_FAILED : status;
}

int main(int argc, char **argv)
{
    guard_streams();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); // a file at its limit (ulimit -f) is a write that fails, and is said like one
    invocation in = { .argv = eb_alloc((size_t)(argc + 1) * sizeof(char *)) };
    split(&in, argc, argv);
    const eb_command *c = command_named(in.argv[0]);
    int status = prepare(&in, argc, argv, c);
    if (status == EB_OK)
        status = dispatch(&in, c);
    else if (c && c->unstarted)
        c->unstarted(in.argc, in.argv);
    status = finish_stdout(status);
    free(in.argv);
    return status;
}
