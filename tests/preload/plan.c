/* The plan: counts calls by class and decides what becomes of each. */
#include "preload/calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

struct faults_page *page;

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

static bool transfers(enum faults_class class)
{
    return class == FAULTS_READ || class == FAULTS_WRITE || class == FAULTS_STDOUT;
}

/* True if this call of CLASS is one that the plan strikes. */
static bool is_struck(enum faults_class class)
{
    uint64_t n = atomic_fetch_add(&page->counts[class], 1) + 1;

    if (class != FAULTS_MALLOC && page->class == FAULTS_ANY)
        n = atomic_fetch_add(&page->counts[FAULTS_ANY], 1) + 1;
    else if (class != FAULTS_MALLOC)
        atomic_fetch_add(&page->counts[FAULTS_ANY], 1);
    if (page->action == FAULTS_COUNT)
        return false;
    if (page->class != class && (page->class != FAULTS_ANY || class == FAULTS_MALLOC))
        return false;
    return n == page->n || (page->action == FAULTS_FAIL_ALWAYS && n > page->n);
}

static void note(const char *call, const char *path, int fd)
{
    char link[64], target[160] = "";
    ssize_t n = 0;

    if (!path && fd >= 0) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        n = readlink(link, target, sizeof target - 1);
        target[n > 0 ? n : 0] = '\0';
        path = target;
    }
    snprintf(page->what, sizeof page->what, "%s(%s)", call, path ? path : "");
}

enum verdict judge(enum faults_class class, const char *call, const char *path, int fd)
{
    if (!page || !is_struck(class))
        return GO;
    if (atomic_fetch_add(&page->fired, 1) == 0 && class != FAULTS_MALLOC)
        note(call, path, fd);
    switch (page->action) {
    case FAULTS_FAIL:
    case FAULTS_FAIL_ALWAYS:
        errno = page->error;
        return FAIL;
    case FAULTS_SHORT:
        return transfers(class) ? SHORT : GO;
    case FAULTS_KILL_WITHIN:
        return class == FAULTS_WRITE || class == FAULTS_STDOUT ? SHORT : KILL_AFTER;
    case FAULTS_KILL_AFTER:
        return KILL_AFTER;
    default:
        die();
    }
    return GO;
}

void settle(enum verdict verdict)
{
    if (verdict == KILL_AFTER || (verdict == SHORT && page->action == FAULTS_KILL_WITHIN))
        die();
}

void find(void **real, const char *name)
{
    if (!*real)
        *real = dlsym(RTLD_NEXT, name);
}
