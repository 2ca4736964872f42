#include "support/suite.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#define PLACES 1024 /* a power of two */

void __real__mark_point(const char *file, int line);
void __wrap__mark_point(const char *file, int line);

/* Whether an assertion at this place has passed before in this process. Two places that share a
 * slot may count as new again. */
static bool passed_before(const char *file, int line)
{
    static struct {
        const char *file;
        int line;
    } places[PLACES];
    size_t slot = ((uintptr_t)file + (unsigned)line) % PLACES;

    if (places[slot].file == file && places[slot].line == line)
        return true;
    places[slot].file = file;
    places[slot].line = line;
    return false;
}

/* Check reports after a crash which assertion passed last; for that every assertion that passes
 * writes its place to a file, which takes a third of the time of some suites. With this wrapper
 * (the linker's --wrap) each place is written once. */
void __wrap__mark_point(const char *file, int line)
{
    if (!passed_before(file, line))
        __real__mark_point(file, line);
}

/* Against hanging there is the timeout of tests/run; a test may take as long as a busy machine
 * needs. */
__attribute__((constructor)) static void set_timeout(void)
{
    setenv("CK_DEFAULT_TIMEOUT", "86400", 0); /* seconds */
}

/* Unlike the program (tools/fftool/main.c), tests need not give memory back at once: to fault it in
 * again takes a fifth of their time. What is mapped comes cleared, such as the 2 MiB that LMDB has
 * calloc() clear for each database. */
__attribute__((constructor)) static void keep_memory(void)
{
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
    mallopt(M_TRIM_THRESHOLD, 1 << 30);
}

int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
