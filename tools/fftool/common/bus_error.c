#include "common/bus_error.h"
#include "common/cli.h"
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

/* A line of /proc/self/maps: numbers, and a path in which a newline takes four bytes. */
#define LINE_BYTES 8192

/* A signal handler can reach nothing but globals, and may call little. */
static const char *running;
static atomic_flag caught = ATOMIC_FLAG_INIT;
static char buffer[LINE_BYTES];

static void print(const char *text, size_t bytes)
{
    while (bytes > 0) {
        ssize_t written = write(STDERR_FILENO, text, bytes);

        if (written <= 0)
            return;
        text += written;
        bytes -= (size_t)written;
    }
}

static void print_text(const char *text)
{
    print(text, strlen(text));
}

/* Reads a hexadecimal number and advances *TEXT past it. */
static uintptr_t read_number(const char **text)
{
    static const char digits[] = "0123456789abcdef";
    uintptr_t value = 0;
    const char *digit;

    for (; **text != '\0' && (digit = strchr(digits, **text)) != NULL; (*text)++)
        value = value * 16 + (uintptr_t)(digit - digits);
    return value;
}

/* The path in LINE, "FIRST-LAST rwxp OFFSET DEVICE INODE   /PATH", if ADDRESS is in that range. */
static char *path_in(char *line, uintptr_t address)
{
    const char *at = line;
    uintptr_t first = read_number(&at), last;

    if (*at++ != '-')
        return NULL;
    last = read_number(&at);
    return address >= first && address < last ? strchr(line, '/') : NULL;
}

/* Finds the file that is mapped at ADDRESS. NULL: none, or unknown. */
static char *find_file(uintptr_t address)
{
    int maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    size_t held = 0;
    ssize_t got;

    while (maps >= 0 && (got = read(maps, buffer + held, sizeof buffer - 1 - held)) > 0) {
        char *line = buffer, *end, *path;

        held += (size_t)got;
        buffer[held] = '\0';
        for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
            *end = '\0';
            path = path_in(line, address);
            if (path != NULL)
                return path;
        }
        held = (size_t)(buffer + held - line);
        memmove(buffer, line, held);
    }
    return NULL;
}

/* Another user may have named the file. */
static void print_path(char *path)
{
    for (unsigned char *c = (unsigned char *)path; *c != '\0'; c++) {
        if (c[0] == 0xc2 && c[1] >= 0x80 && c[1] <= 0x9f) /* a control character in UTF-8 */
            c[0] = c[1] = '?';
        if (*c < 0x20 || *c == 0x7f)
            *c = '?';
    }
    print_text(path);
}

/* By the names of fftool-format(5). */
static bool is_scratch(const char *path)
{
    static const char *const names[] = {"boundary-", "tiles.lmdb", "import.tmp"};
    const char *name = strrchr(path, '/') + 1; /* the kernel's paths are absolute */

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(name, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    char *path = NULL;

    (void)context;
    if (atomic_flag_test_and_set(
            &caught)) /* by another thread, which is about to end the process */
        for (;;)
            pause();
    if (info->si_code == BUS_ADRERR)
        path = find_file((uintptr_t)info->si_addr);
    if (path == NULL) { /* a bug, or a signal from outside: it is delivered when this returns */
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    print_text("fftool: ");
    print_text(running);
    print_text(": ");
    print_path(path);
    print_text(": truncated by another program, or its disk failed, while it was read\nhint: ");
    print_text(is_scratch(path) ? "it is scratch, which is rebuilt: when nothing else "
                                  "writes to it, run the command again\n"
                                : "when nothing else writes to it, restore it if it is "
                                  "damaged, and run the command again\n");
    _exit(EXIT_DAMAGED);
}

/* Without a stack of its own: it is a full stack that would need one, and that is a SIGSEGV. */
void bus_error_catch(const char *command)
{
    struct sigaction action = {.sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO};

    running = command;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}
