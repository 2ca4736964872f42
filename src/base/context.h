/*
 * The private part of the context: the error message, and the meter that counts every allocation of
 * the library.
 */
#ifndef FF_BASE_CONTEXT_H
#define FF_BASE_CONTEXT_H

#include <fftool/context.h>
#include <fftool/memory.h>
#include <fftool/team.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

#define FF_MESSAGE_BYTES 1024

struct ff_meter {
    _Atomic uint64_t now[FF_MEM_CATEGORIES];
    _Atomic uint64_t peak[FF_MEM_CATEGORIES];
    _Atomic uint64_t total;
    _Atomic uint64_t total_peak;
    _Atomic uint64_t peak_anon; /* bytes, sampled by ff_memory_sample() */
    _Atomic uint64_t written;   /* bytes, to files that the library creates */
    uint64_t limit;             /* bytes; 0: none */
    _Atomic int failure;        /* status of the last allocation that failed */
};

/* A speed that was measured once, by the hash of what was measured. */
struct ff_memo {
    uint64_t key;
    double seconds;
};
#define FF_MEMOS 1024

/* The team that the process is in (team.h). */
struct ff_team {
    unsigned rank;                       /* of this process, from 0 */
    unsigned size;                       /* number of processes, at least 1 */
    const struct ff_team_engine *engine; /* NULL: the process is alone */
    bool voting;                         /* a vote is under way */
    bool shares_data;                    /* rank 0 alone reads datasets */
    _Atomic uint64_t sent, received;     /* bytes */
    double waited;                       /* seconds */
};

struct ff_ctx {
    pthread_mutex_t lock; /* guards message, subject and warn */
    char message[FF_MESSAGE_BYTES];
    enum ff_subject subject; /* of the message */
    void (*warn)(void *arg, const char *text);
    void *warn_arg;
    struct ff_meter meter;
    struct ff_team team;
    struct ff_memo memos[FF_MEMOS]; /* guarded by the lock, too */
    size_t n_memos;
};

/* Sets *SECONDS to what is noted under KEY; false: nothing is. Thread-safe. */
bool ff_memo_find(struct ff_ctx *ctx, uint64_t key, double *seconds);
/* Notes SECONDS under KEY while there is room. Thread-safe. */
void ff_memo_note(struct ff_ctx *ctx, uint64_t key, double seconds);

/*
 * Sets the message and returns STATUS, so that a fault is reported where it is found:
 *     return ff_fail(ctx, FF_ECORRUPT, "%s: truncated", path);
 * Thread-safe. Characters unsafe on a terminal are escaped (ff_text_escape()).
 */
int ff_fail(struct ff_ctx *ctx, enum ff_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same for a failed system call: appends the text of ERRNUM; ENOSPC and EDQUOT become FF_EFULL,
 * EFBIG FF_EFBIG, ENOENT FF_ENOTFOUND, ENOMEM FF_ENOMEM, anything else FF_EIO. */
int ff_fail_errno(struct ff_ctx *ctx, int errnum, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Sets the subject of the failure STATUS that was just reported, unless a callee has set it.
 * Returns STATUS; FF_OK changes nothing. For the return of a module that deals with one subject. */
int ff_about(struct ff_ctx *ctx, int status, enum ff_subject subject);
/* Passes a line of text to the warning hook, if one is set. Thread-safe. */
void ff_warn(struct ff_ctx *ctx, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Returns BYTES of zeroed memory, aligned to 64 bytes, or NULL with the message set
 * (ff_alloc_status() gives the status: FF_ENOMEM or FF_EBUDGET). BYTES 0 gives a valid pointer.
 * Large blocks are separate mappings, so that ff_free() returns them to the system at once.
 * Thread-safe.
 */
void *ff_alloc(struct ff_ctx *ctx, enum ff_category category, size_t bytes);
/* Frees POINTER (may be NULL) from ff_alloc() with the same category and bytes. */
void ff_free(struct ff_ctx *ctx, enum ff_category category, void *pointer, size_t bytes);
/* Like ff_alloc() for COUNT items of SIZE bytes; NULL also when the product overflows. */
void *ff_alloc_array(struct ff_ctx *ctx, enum ff_category category, size_t count, size_t size);
/* The status to return after ff_alloc() returned NULL: FF_ENOMEM or FF_EBUDGET. */
int ff_alloc_status(const struct ff_ctx *ctx);

/* Lowers the memory limit to BYTES. Does nothing if BYTES is 0 or not below the present limit. */
void ff_meter_tighten(struct ff_ctx *ctx, uint64_t bytes);

/* Counts memory that another library allocates on our behalf (a codec's context). FF_EBUDGET if it
 * would exceed the limit; then it is not counted. */
FF_CHECK int ff_meter_reserve(struct ff_ctx *ctx, enum ff_category category, size_t bytes);
/* The same without a limit, for memory that is in use already. */
void ff_meter_add(struct ff_ctx *ctx, enum ff_category category, size_t bytes);
void ff_meter_sub(struct ff_ctx *ctx, enum ff_category category, size_t bytes);

/* Counts BYTES written to files that the library creates; ff_meter_written() returns the sum. */
void ff_meter_wrote(struct ff_ctx *ctx, uint64_t bytes);
uint64_t ff_meter_written(const struct ff_ctx *ctx);

/* Samples the anonymous memory of the process; call where it peaks. Takes about 10 microseconds. */
void ff_memory_sample(struct ff_ctx *ctx);

#endif
