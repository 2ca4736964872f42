/*
 * Activation sets: the stored inputs of one layer. Boundary k holds the inputs of layer k+1;
 * boundary 0 is the dataset. A set holds streams of the same rows, split into chunks of equal
 * numbers of rows (the last one may be shorter). A stream is a number, which learn/streams.h gives
 * a meaning.
 *
 * A boundary is written once, front to back, chunk by chunk, then read any number of times in any
 * order. In the set FF_BOUNDARY_TILES writes and reads alternate, and a chunk may be overwritten.
 *
 * Sets have two implementations behind one table of functions: LMDB files in a scratch directory
 * (scratch.c), and memory, for tests (tests/support/memory_scratch.h). A set is a cache: it is
 * valid only if its seal, written last, equals the seal derived from the model's manifest.
 */
#ifndef FF_STORE_ACTIVATIONS_H
#define FF_STORE_ACTIVATIONS_H

#include "store/value.h"

#include <limits.h>

struct ff_set;

/* Identifies the contents of a set. */
struct ff_seal {
    uint8_t run[16]; /* hash of recipe and data */
    uint32_t boundary;
    uint32_t chunks, streams;
    uint32_t sweep; /* the sweep over the layers; each one changes the layers below */
};

struct ff_set_ops {
    /* Reserves SIZE bytes under KEY; the caller writes them to *OUT. */
    int (*reserve)(struct ff_set *set, struct ff_bytes key, size_t size, void **out);
    int (*commit)(struct ff_set *set);
    int (*find)(struct ff_set *set, struct ff_bytes key, struct ff_bytes *out); /* FF_ENOTFOUND */
    /* Copies BYTES, a stored value, to OUT without mapping its pages; NULL if nothing is mapped.
     * Thread-safe. */
    int (*copy)(struct ff_set *set, struct ff_bytes bytes, void *out);
    void (*will_need)(struct ff_set *set, struct ff_bytes bytes);
    void (*dont_need)(struct ff_set *set);
    /* Hint: the whole pages between FROM and TO, which may lie outside the set, are not needed.
     * NULL if nothing is mapped. */
    void (*drop_pages)(struct ff_set *set, const void *from, const void *to);
    void (*close)(struct ff_set *set); /* frees SET; the stored data stays */
};

/* The first member of every kind of set. */
struct ff_set {
    const struct ff_set_ops *ops;
    struct ff_ctx *ctx;
    struct ff_coder *coder; /* owned; for writing; NULL until the first write */
    void *buffer;           /* owned; holds a compressed value before its size is known */
    size_t buffer_bytes;
    char name[256]; /* for messages */
};

/* The set of the tiles of a layer that does not fit in memory. Never sealed. */
#define FF_BOUNDARY_TILES UINT32_MAX
/* Not a boundary. */
#define FF_NO_BOUNDARY (UINT32_MAX - 1)

/* The storage of sets: a directory of LMDB files, or memory. Not thread-safe. */
struct ff_scratch_ops {
    int (*create)(void *self, uint32_t boundary, struct ff_set **out); /* replaces an older one */
    int (*open)(void *self, uint32_t boundary, struct ff_set **out); /* FF_ENOTFOUND, FF_ECORRUPT */
    void (*drop)(void *self, uint32_t boundary);    /* frees the space; does nothing if absent */
    void (*drop_others)(void *self, uint32_t kept); /* all sets but this; may be FF_NO_BOUNDARY */
    int (*temporary)(void *self, int *fd); /* an empty unnamed file; the caller closes it */
    uint64_t (*bytes)(void *self);         /* stored at present, all sets */
    void (*free)(void *self);
};
struct ff_scratch {
    const struct ff_scratch_ops *ops;
    void *self;
    const char *name; /* for messages: the directory; valid until SCRATCH is closed */
};

/*
 * Opens scratch in DIRECTORY, created if absent, with one file boundary-K.lmdb for each set. The
 * directory is locked until scratch is closed: FF_ELOCKED if another scratch is open in it. Fails
 * also with FF_EIO, FF_ENOTFOUND (no parent directory), FF_ENOMEM.
 *
 * The directory may be deleted at any time. Then open sets stay readable and writable, the others
 * are absent, and creating a set creates the directory again: FF_ELOCKED if another scratch is open
 * in it by then.
 */
FF_CHECK int ff_scratch_open(struct ff_ctx *ctx, const char *directory, struct ff_scratch *out);
/* True if the name of PATH is that of a file in a scratch directory. */
bool ff_scratch_has_name(const char *path);
/* Opens scratch in DIRECTORY, which is private to this job and locked through the descriptor LOCK;
 * LOCK becomes owned by scratch. If the directory is deleted, it is created again for this user
 * only; FF_EIO if another user has put a directory or a link in its place. */
FF_CHECK int ff_scratch_adopt(struct ff_ctx *ctx, const char *directory, int lock,
                              struct ff_scratch *out);
/* Calls ff_scratch_reclaim(PREFIX), then opens scratch in a new directory PREFIX-XXXXXX. End it
 * with ff_scratch_remove(). Fails like ff_scratch_open(). */
FF_CHECK int ff_scratch_temporary(struct ff_ctx *ctx, const char *prefix, struct ff_scratch *out);
/* Removes the directories PREFIX-XXXXXX that killed processes of this user have left. */
void ff_scratch_reclaim(const char *prefix);
/* Frees SCRATCH, whose sets must be closed; they stay on disk. */
void ff_scratch_close(struct ff_scratch *scratch);
/* Removes all sets and, if it is then empty, the directory; frees SCRATCH. Does nothing if SCRATCH
 * is all zero. */
void ff_scratch_remove(struct ff_scratch *scratch);
/* Removes all sets in the directory that is open at the descriptor DIRECTORY. */
void ff_scratch_empty(int directory);

/* Encodes MATRIX and stores it as chunk CHUNK of STREAM, overwriting an existing one. Fails with
 * FF_EFULL, FF_EIO, FF_ENOMEM, FF_EBUDGET, FF_EINVAL; then the set can only be closed. */
FF_CHECK int ff_set_put(struct ff_set *set, uint32_t chunk, uint32_t stream,
                        const struct ff_matrix *matrix, enum ff_dtype stored,
                        const struct ff_compression *compression);
/* Writes the seal and commits: the set is complete and can be read. */
FF_CHECK int ff_set_seal(struct ff_set *set, const struct ff_seal *seal);
/* Checks that SET is sealed with SEAL: FF_ENOTFOUND if it has no seal, FF_EMISMATCH if another one,
 * FF_ECORRUPT if the seal is damaged. */
FF_CHECK int ff_set_check(struct ff_set *set, const struct ff_seal *seal);
void ff_set_close(struct ff_set *set); /* NULL-safe */

/* A chunk found in a set. BYTES is the stored value, in the map; valid until the next put or until
 * the set is closed. */
struct ff_chunk {
    uint32_t chunk, stream;
    uint8_t key[8];
    struct ff_bytes bytes;
};
/* Finds a chunk without reading its data. Call from one thread at a time. FF_ECORRUPT if the chunk
 * is missing. */
FF_CHECK int ff_set_find(struct ff_set *set, uint32_t chunk, uint32_t stream, struct ff_chunk *out);
/* The chunk whose stored BYTES ff_set_find() found before. */
void ff_chunk_at(uint32_t chunk, uint32_t stream, struct ff_bytes bytes, struct ff_chunk *out);
/* Copies the stored bytes of CHUNK into ROOM (CAPACITY bytes) without mapping their pages; CHUNK
 * then is the copy. FF_ECORRUPT if they are more; FF_EIO. Thread-safe. */
FF_CHECK int ff_chunk_copy(struct ff_set *set, struct ff_chunk *chunk, void *room, size_t capacity);
/*
 * Verifies CHUNK's hash and gives its elements as dtype WANTED. FF_ECORRUPT if it is not ROWS x
 * COLUMNS. If possible *DATA points into the map and BUFFER is not used; else the chunk is decoded
 * into BUFFER. BUFFER may be NULL if the caller expects a chunk stored raw as WANTED; then any
 * other is FF_ECORRUPT. Thread-safe if each thread has its own coder.
 */
FF_CHECK int ff_chunk_read(struct ff_set *set, const struct ff_chunk *chunk, struct ff_coder *coder,
                           enum ff_dtype wanted, uint32_t rows, uint32_t columns, void *buffer,
                           const void **data);
/* True if, by CHUNK's header, ff_chunk_read() as WANTED needs no buffer. Verifies no hash. */
bool ff_chunk_in_place(struct ff_set *set, const struct ff_chunk *chunk, enum ff_dtype wanted);
/* Hint: the chunk will be read soon. Thread-safe. */
void ff_chunk_will_need(struct ff_set *set, const struct ff_chunk *chunk);
/* Hint: no chunk is in use, so all pages of the set may be unmapped. Thread-safe. */
void ff_set_dont_need(struct ff_set *set);
/*
 * Unmaps pages around CHUNK after it was read: those mapped together with it and, unless it STAYS
 * in use, its own. BELOW and ABOVE (may be NULL) are the nearest chunks in use on either side of it
 * in the file; their pages stay. Thread-safe.
 */
void ff_chunk_trim(struct ff_set *set, const struct ff_chunk *chunk, bool stays,
                   const struct ff_chunk *below, const struct ff_chunk *above);
/* Estimated bytes of the pages that are mapped together with a chunk of BYTES bytes. */
size_t ff_chunk_slack(size_t bytes);

/* For the planner: adds the memory of open scratch, without its path. */
void ff_scratch_needs(struct ff_needs *needs);
/* Streams whose values in a chunk have the same shape and type. */
struct ff_set_values {
    enum ff_dtype given, stored;
    uint32_t rows, columns;
    uint32_t streams;
    bool packed;    /* compressed */
    size_t bytes;   /* expected size of a value, header included */
    double missing; /* fraction of the chunks without such a value */
};
#define FF_MAX_SET_VALUES 5
/* The bytes of a value, averaged over all chunks. */
size_t ff_set_average(const struct ff_set_values *values);
/* Adds the memory of a set in a directory, without its path, while CHUNKS chunks of these N kinds
 * of VALUES are put. N 0: while it is read, without mapped pages. */
void ff_set_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                  const struct ff_compression *compression, struct ff_needs *needs);
/* The same without mapped pages. */
void ff_set_heap_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                       const struct ff_compression *compression, struct ff_needs *needs);

/* For implementations of sets: initializes the common part. NAME is copied. */
void ff_set_init(struct ff_set *set, const struct ff_set_ops *ops, struct ff_ctx *ctx,
                 const char *name);
/* Frees the coder and the buffer used for writing. */
void ff_set_release(struct ff_set *set);

#endif
