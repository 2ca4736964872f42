#include "common/spawn.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/progress.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_MS 200
/* Between two signals to a program that was asked to end: the second makes fftool end at once. */
#define PATIENCE_S 2.0
#define MOST_OUTPUT_BYTES ((size_t)64 << 20)
#define SIGNAL_CODE 128 /* plus the signal, as shells report it */

enum { READ_END, WRITE_END };

/* A running program, as seen by this one. */
struct running {
    pid_t pid;
    int out, err;        /* -1 once they are at their end */
    double last_asked_s; /* when it was last asked to end; 0: never */
};

/*
 * In the child. The program gets a process group of its own, so that what the terminal sends comes
 * by way of this one only. It starts with SIGINT ignored: a shell script in between continues, to
 * clean up after a program that does not ignore it. Should this process die, it is asked to end
 * with SIGTERM, because such a script has to notice: nothing else ends the programs that it has
 * started.
 */
static _Noreturn void become(const struct spawn *spawn, int out, int err, int failure)
{
    int input = spawn->input >= 0 ? spawn->input : open("/dev/null", O_RDONLY | O_CLOEXEC);
    ssize_t ignored;

    setpgid(0, 0);
    signal(SIGINT, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (input >= 0 && dup2(input, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0 &&
        dup2(err, STDERR_FILENO) >= 0)
        execvpe(spawn->argv[0], (char *const *)(uintptr_t)spawn->argv,
                spawn->environment != NULL ? (char *const *)(uintptr_t)spawn->environment
                                           : environ);
    ignored = write(failure, &errno, sizeof errno);
    (void)ignored;
    _exit(EXIT_FAILURE);
}

static void close_pair(const int fds[2])
{
    if (fds[READ_END] >= 0)
        close(fds[READ_END]);
    if (fds[WRITE_END] >= 0)
        close(fds[WRITE_END]);
}

/* Returns 0 or an errno. */
static int start(const struct spawn *spawn, struct running *running)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1}, failure[2] = {-1, -1}, why = 0;

    if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 ||
        pipe2(failure, O_CLOEXEC) != 0 || (running->pid = fork()) < 0) {
        why = errno;
        close_pair(out);
        close_pair(err);
        close_pair(failure);
        return why;
    }
    if (running->pid == 0)
        become(spawn, out[WRITE_END], err[WRITE_END], failure[WRITE_END]);
    setpgid(running->pid, running->pid); /* here too: either may be first */
    close(out[WRITE_END]);
    close(err[WRITE_END]);
    close(failure[WRITE_END]);
    running->out = out[READ_END];
    running->err = err[READ_END];
    /* The pipe closes by itself when the program starts. */
    if (read(failure[READ_END], &why, sizeof why) != sizeof why)
        why = 0;
    close(failure[READ_END]);
    return why;
}

/* Reads what is available. Returns 0 or an errno; *FD becomes -1 at the end. */
static int take(int *fd, struct spawn_output *output)
{
    char buffer[8192];
    ssize_t n = read(*fd, buffer, sizeof buffer);

    if (n < 0)
        return errno == EINTR || errno == EAGAIN ? 0 : errno;
    if (n == 0) {
        close(*fd);
        *fd = -1;
        return 0;
    }
    if (output->bytes + (size_t)n > MOST_OUTPUT_BYTES)
        return EFBIG;
    output->text = heap_resize(output->text, output->bytes + (size_t)n + 1, 1);
    memcpy(output->text + output->bytes, buffer, (size_t)n);
    output->bytes += (size_t)n;
    output->text[output->bytes] = '\0';
    return 0;
}

static void pass_interruption_on(struct running *running)
{
    double now = now_s();

    if (!interrupt_asked(NULL))
        return;
    if (running->last_asked_s > 0 && now - running->last_asked_s < PATIENCE_S)
        return;
    kill(-running->pid, SIGINT);
    running->last_asked_s = now;
}

/* Reads both streams to their ends. Returns 0 or an errno. */
static int follow(const struct spawn *spawn, struct running *running, struct spawn_result *result)
{
    int why = 0;

    while (why == 0 && (running->out >= 0 || running->err >= 0)) {
        struct pollfd fds[2] = {{.fd = running->out, .events = POLLIN},
                                {.fd = running->err, .events = POLLIN}};

        if (poll(fds, 2, TICK_MS) > 0) {
            if (fds[0].revents != 0)
                why = take(&running->out, &result->out);
            if (fds[1].revents != 0 && why == 0)
                why = take(&running->err, &result->err);
        }
        pass_interruption_on(running);
        if (spawn->tick != NULL)
            spawn->tick(spawn->arg);
    }
    return why;
}

/* Waits for the end, which is near once the streams are closed. */
static int wait_for_end(struct running *running, int *code)
{
    int status;

    while (waitpid(running->pid, &status, 0) < 0)
        if (errno != EINTR)
            return errno;
    *code = WIFSIGNALED(status) ? SIGNAL_CODE + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

int spawn_run(const struct spawn *spawn, struct spawn_result *result)
{
    struct running running = {.pid = -1, .out = -1, .err = -1};
    int why, wait_why;

    *result = (struct spawn_result){.out.text = heap_copy(""), .err.text = heap_copy("")};
    why = start(spawn, &running);
    if (running.pid < 0)
        return why;
    if (why == 0) {
        why = follow(spawn, &running, result);
        if (why != 0)
            kill(-running.pid, SIGKILL);
    }
    wait_why = wait_for_end(&running, &result->code);
    if (running.out >= 0)
        close(running.out);
    if (running.err >= 0)
        close(running.err);
    return why != 0 ? why : wait_why;
}

void spawn_release(struct spawn_result *result)
{
    free(result->out.text);
    free(result->err.text);
    *result = (struct spawn_result){0};
}
