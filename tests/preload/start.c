/* The start of a program: from main() on, calls are counted. */
#include "preload/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct faults_page *map_page(const char *path)
{
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *at;

    if (fd < 0)
        return NULL;
    at = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return at == MAP_FAILED ? NULL : at;
}

static int (*real_main)(int, char **, char **);

static int counted_main(int argc, char **argv, char **env)
{
    struct faults_page *mapped = NULL;

    if (strcmp(program_invocation_short_name, FAULTS_PROGRAM) == 0)
        mapped = map_page(getenv(FAULTS_VARIABLE));
    if (mapped) {
        FILE *out = stream_of(STDOUT_FILENO, "w");

        if (out)
            stdout = out;
    }
    page = mapped;
    return real_main(argc, argv, env);
}

/* What libc starts a program by. */
int __libc_start_main(int (*main_fn)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end);
int __libc_start_main(int (*main_fn)(int, char **, char **), int argc, char **argv,
                      void (*init)(void), void (*fini)(void), void (*rtld_fini)(void),
                      void *stack_end)
{
    REAL(__libc_start_main);

    real_main = main_fn;
    return real(counted_main, argc, argv, init, fini, rtld_fini, stack_end);
}
