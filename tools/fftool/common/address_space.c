#include "common/address_space.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
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

    if (!address_space_is_limited())
        return;
    if (threads != NULL && strcmp(threads, "1") == 0) {
        prctl(PR_SET_NAME, program_invocation_short_name); /* it would be "exe" */
        return;
    }
    if (setenv(name, "1", 1) == 0)
        execv("/proc/self/exe", argv);
}
