#include "input/libzip.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct ff_libzip ff_libzip;

static char why[256]; /* it was not loaded; "": it was */

/* Sets FUNCTION, a pointer to one, to the symbol NAME. */
static bool find(void *library, const char *name, void *function)
{
    void *found = dlsym(library, name);

    memcpy(function, &found, sizeof found);
    return found;
}

/* Keeps the first failure. */
static void note_failure(void)
{
    const char *text = dlerror();

    if (!*why)
        snprintf(why, sizeof why, "%s", text ? text : "unknown");
}

static void *load_as(const char *name)
{
    void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL);

    if (!library)
        note_failure();
    return library;
}

static void load(void)
{
    /* That of Debian, and that of the library's authors. */
    static const char *const names[] = {"libzip.so.4", "libzip.so.5"};
    void *library = NULL;

    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++)
        library = load_as(names[i]);
#define FF_FIND(name) &&find(library, "zip_" #name, &ff_libzip.name)
    if (!(library FF_LIBZIP_FUNCTIONS(FF_FIND)))
        note_failure();
    else
        *why = '\0';
#undef FF_FIND
}

int ff_libzip_load(struct ff_ctx *ctx)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, load);
    return !*why ? FF_OK
                 : ff_fail(ctx, FF_EFORMAT,
                           "libzip, which reads and writes .npz files, cannot be loaded: %s; it is "
                           "Debian's "
                           "package libzip4",
                           why);
}
