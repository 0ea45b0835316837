// SPDX-License-Identifier: Apache-2.0
// The process of a trial: a group of its own, so that what a script started ends with it, and a time at which it ends
// if it does not by itself.
#include "harness/cmd/check_child.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

// A trial that takes this much longer than any of its side before it does not end by itself. The first of a real engine
// may make a model of many GB.
enum { LIMIT_FIRST_S = 3600, LIMIT_S = 60, LIMIT_TIMES = 20 };

enum { PATIENCE_S = 10, GONE_MS = 1000, TICK_MS = 5 };

static volatile sig_atomic_t group; // of the trial that runs now; 0 = none

int eb_check_limit_s(int64_t longest_ns, bool simulates)
{
    if (!longest_ns && !simulates)
        return LIMIT_FIRST_S;
    return LIMIT_S + (int)(LIMIT_TIMES * (longest_ns / 1000000000 + 1));
}

void eb_check_child_tell(int number)
{
    if (group)
        kill(-(pid_t)group, number);
}

bool eb_check_interrupted(const volatile sig_atomic_t *signal, eb_err *err)
{
    if (*signal)
        eb_err_set(err, *signal == SIGINT ? EB_SIGINT : EB_SIGTERM, "interrupted");
    return *signal != 0;
}

// A group in the background that reads the terminal is stopped by it: there is nothing to read.
static bool start(const char *program, char *const *argv, const char *log, pid_t *pid, eb_err *err)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 2, log, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
    int rc = posix_spawnp(pid, program, &actions, &attr, argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return rc == 0 || eb_err_sys(err, EB_USAGE, rc, "cannot start", program);
}

static volatile sig_atomic_t ticks; // seconds, of the clock that ends a trial that does not end

static void on_alarm(int number)
{
    (void)number;
    ticks++;
}

// Without SA_RESTART each tick ends a wait, so that a signal that came just before it is seen too. While we are stopped
// it stands still.
static void set_clock(bool on)
{
    struct sigaction sa = { .sa_handler = on ? on_alarm : SIG_DFL };
    struct itimerval timer = { .it_value.tv_sec = on, .it_interval.tv_sec = on };
    sigemptyset(&sa.sa_mask);
    if (on) {
        ticks = 0;
        sigaction(SIGALRM, &sa, NULL);
    }
    setitimer(ITIMER_REAL, &timer, NULL);
    if (!on)
        sigaction(SIGALRM, &sa, NULL);
}

// Until the child is dead, and not yet reaped: so long no other group can have its number. The terminal tells only us,
// so we tell the group; one that takes no notice is killed. SIGTERM for SIGINT too, which what a script has put into
// the background does not hear.
static void wait_for(pid_t pid, int limit_s, const volatile sig_atomic_t *signal, bool *late)
{
    siginfo_t info;
    bool told = false;
    set_clock(true);
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
        if (!told && (*signal || ticks >= limit_s)) {
            *late = !*signal;
            kill(-pid, SIGTERM);
            ticks = 0;
            told = true;
        } else if (told && ticks >= PATIENCE_S) {
            kill(-pid, SIGKILL);
        }
    }
    set_clock(false);
}

// What the child has left in its group ends now, and no longer writes where the caller tidies up.
static int end_group(pid_t pid)
{
    const struct timespec tick = { .tv_nsec = TICK_MS * 1000000L };
    int status = 0;
    kill(-pid, SIGKILL);
    group = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    for (int ms = 0; ms < GONE_MS && kill(-pid, 0) == 0; ms += TICK_MS)
        nanosleep(&tick, NULL);
    return status;
}

bool eb_check_child_run(const char *program, char *const *argv, const char *log, int limit_s,
                        const volatile sig_atomic_t *signal, eb_check_child *out, eb_err *err)
{
    pid_t pid;
    *out = (eb_check_child){ 0 };
    if (eb_check_interrupted(signal, err) || !start(program, argv, log, &pid, err))
        return false;
    group = (sig_atomic_t)pid;
    wait_for(pid, limit_s, signal, &out->late);
    out->status = end_group(pid);
    return !eb_check_interrupted(signal, err);
}
