/*
 * Decompression of files. A format is one file and one row of FF_DECOMPRESSORS; it is recognised by
 * the first bytes of a file, not by its name. Files may consist of several compressed parts
 * (members of gzip, frames of zstd), whose contents follow one another.
 */
#ifndef FF_INPUT_DECOMPRESS_H
#define FF_INPUT_DECOMPRESS_H

#include "base/buffers.h"

#include <stdbool.h>

/* Compressed bytes that were read from a file, of which those from BEGIN to END are left. */
struct ff_compressed {
    const char *path; /* in messages */
    uint64_t content; /* bytes decompressed so far, the same */
    unsigned char *bytes;
    size_t begin, end;
};

struct ff_decompressor {
    const char *name;   /* in messages: "gzip" */
    const char *ending; /* of file names: ".gz" */
    uint32_t ratio;     /* the content has at most so many times the bytes of the file */
    bool (*detect)(const unsigned char *bytes, size_t n);
    /* *STATE is to be closed also after a failure, if it is not NULL. FF_ENOMEM, FF_EBUDGET. */
    int (*open)(struct ff_ctx *ctx, void **state);
    void (*close)(void *state);
    /* Continues from the beginning of the file. */
    void (*rewind)(void *state);
    /*
     * Decompresses some of IN, which is empty only at the end of the file, to OUT of WANT bytes.
     * *GOT may be 0 while IN is consumed; 0 of an empty IN is the end. Fails with FF_ECORRUPT,
     * FF_EFORMAT (needs what is not supported), FF_ENOMEM, FF_EBUDGET.
     */
    int (*read)(void *state, struct ff_compressed *in, void *out, size_t want, size_t *got);
    /* True if the file must not end here: the end of a member or frame was not read. */
    bool (*is_within)(const void *state);
    /* Memory in use beyond ff_decompressor_needs(), which depends on the file. NULL: none. */
    size_t (*extra_bytes)(const void *state);
};

#define FF_DECOMPRESSORS(ROW) \
    ROW(gzip)                 \
    ROW(zstd)

#define FF_DECLARE_DECOMPRESSOR(name) extern const struct ff_decompressor ff_decompressor_##name;
FF_DECOMPRESSORS(FF_DECLARE_DECOMPRESSOR)
#undef FF_DECLARE_DECOMPRESSOR

/* The table; *COUNT rows. */
const struct ff_decompressor *const *ff_decompressors(size_t *count);
/* That of a file which begins with N BYTES; NULL: it is not compressed. */
const struct ff_decompressor *ff_decompressor_detect(const unsigned char *bytes, size_t n);
/* Adds the memory of any decompressor, but for its extra_bytes(). */
void ff_decompressor_needs(struct ff_needs *needs);
/* Fails with FF_ECORRUPT. NAME is the decompressor's, WHY explains. */
int ff_decompress_damaged(struct ff_ctx *ctx, const struct ff_compressed *in, const char *name,
                          const char *why);

#endif
