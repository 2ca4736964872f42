/*
 * A file read front to back through one small buffer, plain or gzip-compressed. Which of the two is
 * told by its first bytes, whatever its name.
 *
 * Why inflate() and not zlib's gzFile: gzread() misses a file cut where its output buffer happened
 * to be full, ignores what follows the last member, and takes memory that the meter cannot see.
 */
#ifndef FF_DATA_INPUT_H
#define FF_DATA_INPUT_H

#include "base/buffers.h"
#include "data/files.h"

struct ff_input;

/* Opens the regular file PATH. Fails with FF_ENOTFOUND, FF_EIO, FF_EINVAL (a folder, a pipe). */
FF_CHECK int ff_input_open(struct ff_ctx *ctx, const char *path, struct ff_input **out);
void ff_input_close(struct ff_input *input); /* NULL-safe */

/* Adds what an open file takes at most, its path aside. */
void ff_input_needs(struct ff_needs *needs);

const char *ff_input_path(const struct ff_input *input);
bool ff_input_is_gzip(const struct ff_input *input);
/* Bytes on disk, as they were when the file was opened. */
uint64_t ff_input_file_bytes(const struct ff_input *input);
/* Bytes of uncompressed content read so far. */
uint64_t ff_input_offset(const struct ff_input *input);

/*
 * Reads WANT bytes of content; fewer (*GOT) only where the file ends, be it whole or cut short:
 * ff_input_expect_end() knows which. Fails with FF_EIO, or FF_ECORRUPT for damaged gzip data.
 */
FF_CHECK int ff_input_read(struct ff_input *input, void *buffer, size_t want, size_t *got);
/* Reads exactly BYTES bytes, which are the file's WHAT ("header"), else FF_ECORRUPT. */
FF_CHECK int ff_input_read_all(struct ff_input *input, void *buffer, size_t bytes,
                               const char *what);
/* Goes back to the beginning. */
FF_CHECK int ff_input_rewind(struct ff_input *input);
/*
 * Fails with FF_ECORRUPT unless the content ends here and, for gzip, its checksum is right. TAIL
 * says what should have been the end, such as "its 60000 images".
 */
FF_CHECK int ff_input_expect_end(struct ff_input *input, const char *tail);
/*
 * Describes the file as it was read since it was opened or rewound, with all of its bytes, be they
 * content or not: what is left of them is read. FF_EMISMATCH: it has changed meanwhile.
 */
FF_CHECK int ff_input_describe(struct ff_input *input, struct ff_data_file *out);
/* Reads up to WANT bytes at OFFSET of a plain file, and moves nothing. */
FF_CHECK int ff_input_peek(struct ff_input *input, uint64_t offset, void *buffer, size_t want,
                           size_t *got);

#endif
