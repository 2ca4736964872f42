#include "base/available.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CGROUP_ROOT "/sys/fs/cgroup"

static uint64_t smaller_known(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a ? a : b;
    return a < b ? a : b;
}

static uint64_t machine_bytes(void)
{
    FILE *file = fopen("/proc/meminfo", "re");
    unsigned long long kib = 0;
    char line[128];

    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1)
            break;
    }
    if (file)
        fclose(file);
    return kib * 1024;
}

/* The number in a file; 0 if it holds none ("max") or cannot be read. */
static uint64_t limit_in(const char *path)
{
    FILE *file = fopen(path, "re");
    unsigned long long bytes = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%llu", &bytes) != 1)
        bytes = 0;
    fclose(file);
    return bytes;
}

/* The lowest limit of GROUP ("/a/b") and of its parent groups; 0: none. Overwrites GROUP. */
static uint64_t group_bytes(const char *root, char *group, const char *name)
{
    uint64_t least = 0;
    char path[PATH_MAX];

    for (;;) {
        char *slash = strrchr(group, '/');

        if (snprintf(path, sizeof path, "%s%s/%s", root, group, name) < (int)sizeof path)
            least = smaller_known(least, limit_in(path));
        if (!slash)
            return least;
        *slash = '\0';
    }
}

/* Lines of /proc/self/cgroup are "0::/group" (version 2) or "N:memory:/group". */
static uint64_t cgroup_bytes(void)
{
    FILE *file = fopen("/proc/self/cgroup", "re");
    uint64_t least = 0;
    char line[PATH_MAX];

    while (file && fgets(line, sizeof line, file)) {
        char *group = strchr(line, '/');

        line[strcspn(line, "\n")] = '\0';
        if (group && strncmp(line, "0::", 3) == 0)
            least = smaller_known(least, group_bytes(CGROUP_ROOT, group, "memory.max"));
        else if (group && strstr(line, ":memory:"))
            least = smaller_known(
                least, group_bytes(CGROUP_ROOT "/memory", group, "memory.limit_in_bytes"));
    }
    if (file)
        fclose(file);
    return least;
}

uint64_t ff_memory_available(void)
{
    return smaller_known(machine_bytes(), cgroup_bytes());
}
