/*
 * Text of sparse rows, as svmlight and libsvm read it:
 *
 *     LABEL INDEX:VALUE INDEX:VALUE ... # comment
 *
 * Indices ascend within a line. "qid:N" behind the label, blank lines and a UTF-8 byte order mark
 * are skipped. Rows are read value by value, so memory does not depend on the length of a line.
 */
#ifndef FF_TABLE_SPARSE_H
#define FF_TABLE_SPARSE_H

#include "input/input.h"

#include <locale.h>

#define FF_SPARSE_FIELD_BYTES 256            /* of a label or a pair, with the final NUL */
#define FF_SPARSE_BUFFER_BYTES (16 * 1024)   /* read at a time */
#define FF_SPARSE_LABEL_MAX 9007199254740992 /* 2^53: doubles hold all whole numbers up to it */

struct ff_sparse {
    struct ff_ctx *ctx;
    struct ff_input *input;
    bool has_label; /* of the row */
    int64_t label;  /* of the row: within +-FF_SPARSE_LABEL_MAX */
    uint32_t index; /* of the value: below FF_MAX_DATA_FEATURES */
    float value;    /* finite */
    /* The rest is private. */
    locale_t c;               /* the locale "C", for numbers */
    uint64_t line, character; /* of the next byte, from 1 */
    uint64_t field_at;        /* the character where FIELD begins */
    int64_t last_index;       /* of the row; -1: none so far */
    bool held;                /* FIELD is a pair that was read in place of a label */
    bool ended;               /* the file ends with the buffer */
    int status;               /* of reading the file */
    size_t begin, end;        /* the unread part of the buffer */
    char field[FF_SPARSE_FIELD_BYTES];
    char buffer[FF_SPARSE_BUFFER_BYTES];
};

/* Opens PATH, before its first row. After an error it needs no release. */
FF_CHECK int ff_sparse_open(struct ff_ctx *ctx, const char *path, struct ff_sparse *sparse);
void ff_sparse_release(struct ff_sparse *sparse); /* does nothing if SPARSE is zeroed */
/* Begins, again, before the first row. */
FF_CHECK int ff_sparse_rewind(struct ff_sparse *sparse);
/* Begins the next row, once the values of the last one are read; *GOT is false at the end. Fails
 * with FF_ECORRUPT or FF_EINVAL, with line and character in the message, or with FF_EIO. */
FF_CHECK int ff_sparse_next_row(struct ff_sparse *sparse, bool *got);
/* Reads the next value of the row; *GOT is false at its end. Fails likewise; FF_ENUMERIC: beyond
 * the range of float. */
FF_CHECK int ff_sparse_next_value(struct ff_sparse *sparse, bool *got);
/* Fails with "PATH: line 12, character 3: " and the text, at the last label or pair. */
int ff_sparse_fail(const struct ff_sparse *sparse, enum ff_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
