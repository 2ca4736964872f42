/* Memory: by libc's own names, for dlsym() itself allocates. */
#include "preload/calls.h"

#include <errno.h>
#include <stdlib.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

void *malloc(size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_malloc(size));
}

void *calloc(size_t n, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_calloc(n, size));
}

void *realloc(void *old, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_realloc(old, size));
}

void *aligned_alloc(size_t alignment, size_t size)
{
    CALL(void *, NULL, FAULTS_MALLOC, "", -1, __libc_memalign(alignment, size));
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    void *at;

    if (judge(FAULTS_MALLOC, __func__, "", -1) == FAIL)
        return ENOMEM;
    at = __libc_memalign(alignment, size);
    if (!at)
        return ENOMEM;
    *out = at;
    return 0;
}
