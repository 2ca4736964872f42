/*
 * A file, plain or compressed (decompress.h), or a member of a zip archive (archive.h), read
 * sequentially through one small buffer.
 */
#ifndef FF_INPUT_INPUT_H
#define FF_INPUT_INPUT_H

#include "base/buffers.h"
#include "input/files.h"

struct ff_archive;
struct ff_input;

/* Opens the regular file PATH. Fails with FF_ENOTFOUND, FF_EIO, FF_EINVAL (a directory, a pipe). */
FF_CHECK int ff_input_open(struct ff_ctx *ctx, const char *path, struct ff_input **out);
/* Opens the zip archive PATH, of which only the names may be asked. Fails also like
 * ff_archive_open(). */
FF_CHECK int ff_input_open_archive(struct ff_ctx *ctx, const char *path, struct ff_input **out);
/* Opens MEMBER of the zip archive PATH. Fails also like ff_archive_open() and ff_archive_begin().
 */
FF_CHECK int ff_input_open_member(struct ff_ctx *ctx, const char *path, const char *member,
                                  struct ff_input **out);
void ff_input_close(struct ff_input *input); /* NULL-safe */

/* Adds the memory of an open file, at most, without its path, without libzip's, and without
 * ff_input_extra_bytes(). */
void ff_input_needs(struct ff_needs *needs);
/* Memory that decompressing takes beyond that, as far as the file has been read. */
uint64_t ff_input_extra_bytes(const struct ff_input *input);

/* What to call it in messages: its path, of a member "PATH: MEMBER". */
const char *ff_input_path(const struct ff_input *input);
/* NULL: a whole file. */
const struct ff_archive *ff_input_archive(const struct ff_input *input);
/* The content has at most so many times ff_input_file_bytes(); 1: it is not compressed. */
uint32_t ff_input_ratio(const struct ff_input *input);
/* Bytes on disk when the file was opened; of a member, those of its content as declared. */
uint64_t ff_input_file_bytes(const struct ff_input *input);
/* Bytes of uncompressed content read so far. */
uint64_t ff_input_offset(const struct ff_input *input);

/*
 * Reads WANT bytes of uncompressed content; *GOT is less only at the end of the file, complete or
 * truncated: ff_input_expect_end() distinguishes the two. Fails with FF_EIO, or as
 * decompressing does (decompress.h).
 */
FF_CHECK int ff_input_read(struct ff_input *input, void *buffer, size_t want, size_t *got);
/* Reads exactly BYTES bytes; FF_ECORRUPT if there are fewer. WHAT names them in the message
 * ("header"). */
FF_CHECK int ff_input_read_all(struct ff_input *input, void *buffer, size_t bytes,
                               const char *what);
/* Continues from the beginning. */
FF_CHECK int ff_input_rewind(struct ff_input *input);
/*
 * Fails with FF_ECORRUPT unless the content ends here and, if compressed or a member, its checksum
 * matches. TAIL names the part that should have been the last, such as "its 60000 images".
 */
FF_CHECK int ff_input_expect_end(struct ff_input *input, const char *tail);
/* Reads all from the beginning, which checks the checksum of a member. */
FF_CHECK int ff_input_verify(struct ff_input *input);
/*
 * Describes the file as read since it was opened or rewound; the hash covers all bytes on disk, so
 * the rest of the file is read; of a member, all of the archive. FF_EMISMATCH: the file was changed
 * since it was opened.
 */
FF_CHECK int ff_input_describe(struct ff_input *input, struct ff_data_file *out);
/* True unless the content is compressed. */
bool ff_input_can_peek(const struct ff_input *input);
/* Reads up to WANT bytes at OFFSET of uncompressed content. Does not move the read position of a
 * file; a member must be rewound before it is read on. */
FF_CHECK int ff_input_peek(struct ff_input *input, uint64_t offset, void *buffer, size_t want,
                           size_t *got);

#endif
