#include "address_space.h"
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

bool address_space_is_limited(void)
{
    struct rlimit all, data;

    return (getrlimit(RLIMIT_AS, &all) == 0 && all.rlim_cur != RLIM_INFINITY) ||
           (getrlimit(RLIMIT_DATA, &data) == 0 && data.rlim_cur != RLIM_INFINITY);
}

void spare_address_space(char **argv)
{
    static const char name[] = "OPENBLAS_NUM_THREADS";
    const char *threads = getenv(name);

    if (!address_space_is_limited() || (threads != NULL && strcmp(threads, "1") == 0))
        return;
    if (setenv(name, "1", 1) == 0)
        execv("/proc/self/exe", argv);
}
