/*
 * Activation sets: the stored inputs of one layer ("boundary" k holds the inputs of layer k+1;
 * boundary 0 the dataset). A set holds streams of the same rows, cut into chunks of equal rows (the
 * last one may be shorter). Streams:
 *
 *     FF_STREAM_LABELS          u16, one column: the class of each row
 *     FF_STREAM_INPUT + 0       the positive inputs, or label-free ones (at boundary 0: the images
 *                               as they are)
 *     FF_STREAM_INPUT + 1 + j   the j-th set of negative inputs, under wrong labels or of hybrid
 *                               images; or another copy of label-free inputs
 *     FF_STREAM_NEUTRAL         the inputs under the neutral label, for the head
 *     FF_STREAM_LOGITS          logits of the heads of the layers below: one column per class
 *     FF_STREAM_SUMS            of held-out rows: goodness summed over layers (eval/holdout.h)
 *     FF_STREAM_GOODNESS        goodness summed over the layers below: one column per class
 *     FF_STREAM_CLASS + c       the inputs under label c
 *
 * Boundaries are written once, front to back, chunk by chunk, then read any number of times in any
 * order. The set FF_BOUNDARY_TILES is written and read in turn: a chunk that is put again replaces
 * the one before.
 *
 * Two stores stand behind one table of functions: LMDB files in a scratch folder (scratch.c), and
 * memory, for tests (tests/support/memory_scratch.h). A set is a cache: it counts only if its seal,
 * written last, matches the one that follows from the model's manifest.
 */
#ifndef FF_STORE_ACTIVATIONS_H
#define FF_STORE_ACTIVATIONS_H

#include "store/value.h"

#include <limits.h>

enum {
    FF_STREAM_LABELS = 0,
    FF_STREAM_INPUT = 1,
    FF_STREAM_NEUTRAL = 0x10000,
    FF_STREAM_LOGITS = 0x10001,
    FF_STREAM_SUMS = 0x10002,
    FF_STREAM_GOODNESS = 0x10003,
    FF_STREAM_CLASS = 0x20000,
};

struct ff_set;

/* Identifies a set's contents: which run (hash of recipe and data) and which boundary. */
struct ff_seal {
    uint8_t run[16];
    uint32_t boundary;
    uint32_t chunks, streams;
    uint32_t round; /* of training, which changes the layers that the set was computed with */
};

struct ff_set_ops {
    /* Makes room for SIZE bytes under KEY and gives where the caller writes them. */
    int (*reserve)(struct ff_set *set, struct ff_bytes key, size_t size, void **out);
    int (*commit)(struct ff_set *set);
    int (*find)(struct ff_set *set, struct ff_bytes key, struct ff_bytes *out); /* FF_ENOTFOUND */
    void (*will_need)(struct ff_set *set, struct ff_bytes bytes);
    void (*dont_need)(struct ff_set *set);
    /* Whole pages within may go, FROM and TO may lie outside. NULL where there are none, as in
     * memory. */
    void (*let_go)(struct ff_set *set, const void *from, const void *to);
    void (*close)(struct ff_set *set); /* frees SET; keeps what is stored */
};

/* The common head of every kind of set. */
struct ff_set {
    const struct ff_set_ops *ops;
    struct ff_ctx *ctx;
    struct ff_coder *coder; /* owned; for writing; NULL until then */
    void *buffer;           /* owned; holds a compressed value before its size is known */
    size_t buffer_bytes;
    char name[256]; /* for messages */
};

/* Beside the boundaries: the tiles of a layer at work that does not fit memory, in training or
 * read. It is never sealed. */
#define FF_BOUNDARY_TILES UINT32_MAX
/* No set's boundary. */
#define FF_NO_BOUNDARY (UINT32_MAX - 1)

/* Where sets live: a folder of LMDB files, or memory. Not thread-safe. */
struct ff_scratch_ops {
    int (*create)(void *self, uint32_t boundary, struct ff_set **out); /* replaces an older one */
    int (*open)(void *self, uint32_t boundary, struct ff_set **out); /* FF_ENOTFOUND, FF_ECORRUPT */
    void (*drop)(void *self, uint32_t boundary);    /* frees the space; absent is fine */
    void (*drop_others)(void *self, uint32_t kept); /* all sets but this; may be FF_NO_BOUNDARY */
    int (*temporary)(void *self, int *fd);          /* an empty file without a name, for close() */
    uint64_t (*bytes)(void *self);                  /* stored now, all sets */
    void (*free)(void *self);
};
struct ff_scratch {
    const struct ff_scratch_ops *ops;
    void *self;
    const char *name; /* for messages: the folder; valid until SCRATCH is closed */
};

/*
 * Scratch in FOLDER, made if absent, with one file boundary-K.lmdb for each set. The folder stays
 * locked until it is closed: FF_ELOCKED if another scratch is open there. Fails also with FF_EIO,
 * FF_ENOTFOUND (no parent folder), FF_ENOMEM.
 *
 * The folder may be deleted at any time. Open sets stay readable and writable, the others are
 * absent, and creating one makes the folder again: FF_ELOCKED if another scratch is open there by
 * then.
 */
FF_CHECK int ff_scratch_open(struct ff_ctx *ctx, const char *folder, struct ff_scratch *out);
/* True if PATH is, by its name, a file of a scratch directory. */
bool ff_scratch_has_name(const char *path);
/* Scratch in FOLDER, a directory of this job alone that is there and locked through the descriptor
 * LOCK, which is taken over. If it is deleted, it is made again for this user alone; FF_EIO if
 * somebody else has put a directory or a link there by then. */
FF_CHECK int ff_scratch_adopt(struct ff_ctx *ctx, const char *folder, int lock,
                              struct ff_scratch *out);
/* Scratch in a new folder PREFIX-XXXXXX, after ff_scratch_sweep(PREFIX). ff_scratch_remove() when
 * done. Fails as ff_scratch_open(). */
FF_CHECK int ff_scratch_temporary(struct ff_ctx *ctx, const char *prefix, struct ff_scratch *out);
/* Removes the folders PREFIX-XXXXXX that killed processes of this user left behind. */
void ff_scratch_sweep(const char *prefix);
/* Frees SCRATCH, whose sets were closed before; they stay on disk. */
void ff_scratch_close(struct ff_scratch *scratch);
/* Removes all sets and, if it is then empty, their folder; frees SCRATCH. A SCRATCH that is all
 * zero is ignored. */
void ff_scratch_remove(struct ff_scratch *scratch);
/* Removes all sets in the open directory FOLDER. */
void ff_scratch_empty(int folder);

/* Encodes MATRIX and stores it as chunk CHUNK of STREAM, replacing any before. Fails with FF_EFULL,
 * FF_EIO, FF_ENOMEM, FF_EBUDGET, FF_EINVAL; then the set is of no more use. */
FF_CHECK int ff_set_put(struct ff_set *set, uint32_t chunk, uint32_t stream,
                        const struct ff_matrix *matrix, enum ff_dtype stored,
                        const struct ff_compression *compression);
/* Writes the seal and commits: the set is complete, and can be read. */
FF_CHECK int ff_set_seal(struct ff_set *set, const struct ff_seal *seal);
/* Checks that SET is complete and sealed with SEAL: FF_ENOTFOUND if not sealed, FF_EMISMATCH if
 * with another, FF_ECORRUPT if the seal is damaged. */
FF_CHECK int ff_set_check(struct ff_set *set, const struct ff_seal *seal);
void ff_set_close(struct ff_set *set); /* NULL-safe */

/* A chunk found in a set. BYTES is the stored value (points into the map); valid until something is
 * put into the set, or it is closed. */
struct ff_chunk {
    uint32_t chunk, stream;
    uint8_t key[8];
    struct ff_bytes bytes;
};
/* Finds a chunk: cheap, no data is read. Call from one thread at a time. FF_ENOTFOUND becomes
 * FF_ECORRUPT. */
FF_CHECK int ff_set_find(struct ff_set *set, uint32_t chunk, uint32_t stream, struct ff_chunk *out);
/*
 * Verifies CHUNK's hash and gives its elements as WANTED, ROWS x COLUMNS as the caller expects
 * (else FF_ECORRUPT): in place if possible (*DATA points into the map; BUFFER untouched), else
 * decoded into BUFFER. BUFFER may be NULL if the caller knows the chunk is stored raw as WANTED;
 * then a chunk that is not is FF_ECORRUPT. Thread-safe: each thread brings its own coder.
 */
FF_CHECK int ff_chunk_read(struct ff_set *set, const struct ff_chunk *chunk, struct ff_coder *coder,
                           enum ff_dtype wanted, uint32_t rows, uint32_t columns, void *buffer,
                           const void **data);
/* True if CHUNK's header says that ff_chunk_read() as WANTED needs no buffer. Nothing is verified.
 */
bool ff_chunk_lies_ready(struct ff_set *set, const struct ff_chunk *chunk, enum ff_dtype wanted);
/* Hints: the chunk will be read soon; no chunk is in use, and all pages of the set may go.
 * Thread-safe. */
void ff_chunk_will_need(struct ff_set *set, const struct ff_chunk *chunk);
void ff_set_dont_need(struct ff_set *set);
/*
 * What may go of the pages in and around CHUNK, after it was read: those that came along with it,
 * if it STAYS in use, else also its own. The neighbours in use on either side of it in the file are
 * BELOW and ABOVE (may be NULL). Thread-safe.
 */
void ff_chunk_trim(struct ff_set *set, const struct ff_chunk *chunk, bool stays,
                   const struct ff_chunk *below, const struct ff_chunk *above);
/* Bytes of pages that come along, about, with a chunk of so many. */
size_t ff_chunk_slack(size_t bytes);

/* For the planner: adds what an open folder takes, its path aside. */
void ff_scratch_needs(struct ff_needs *needs);
/* Streams whose values in a chunk are alike. */
struct ff_set_values {
    enum ff_dtype given, stored;
    uint32_t rows, columns;
    uint32_t streams;
    bool packed;    /* compressed */
    size_t bytes;   /* that one is expected to take, header included */
    double missing; /* fraction of the chunks that have none */
};
#define FF_MAX_SET_VALUES 5
/* Bytes that one takes on the average of all chunks. */
size_t ff_set_average(const struct ff_set_values *values);
/* Adds what a set in a folder takes, its path aside, while CHUNKS chunks of these N kinds of VALUES
 * are put; without values: while it is read, mapped pages excluded. */
void ff_set_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                  const struct ff_compression *compression, struct ff_needs *needs);
/* The same without what is mapped. */
void ff_set_heap_needs(size_t n, const struct ff_set_values *values, uint64_t chunks,
                       const struct ff_compression *compression, struct ff_needs *needs);

/* For stores of sets: what every kind of set begins and ends with. NAME is copied. */
void ff_set_init(struct ff_set *set, const struct ff_set_ops *ops, struct ff_ctx *ctx,
                 const char *name);
void ff_set_release(struct ff_set *set); /* what writing took */
/* Keys, for tests: chunk and stream, big-endian, so that byte order is reading order. The seal's
 * key comes last. */
void ff_chunk_key(uint32_t chunk, uint32_t stream, uint8_t key[8]);

#endif
