/*
 * Records of a table of text, as in RFC 4180: fields are divided by a separator and records by a
 * line feed, a carriage return or both; the last record may lack its end. A field that begins with
 * a quotation mark ends with one; between them separators and line ends are text, and "" is a
 * quotation mark. Spaces around a field are not part of it unless they are within quotation marks.
 * A UTF-8 byte order mark is skipped, and so are blank lines, unless each record must have one
 * field: a blank line is then a missing value. The reader holds one record.
 */
#ifndef FF_TABLE_READER_H
#define FF_TABLE_READER_H

#include "input/input.h"

#include <locale.h>

#define FF_TABLE_FIELDS 16386u        /* of a record: 16,384 columns, the label, the name */
#define FF_RECORD_BYTES (1024 * 1024) /* longest record */

struct ff_field {
    uint32_t at, length; /* in the buffer; a NUL follows */
};

struct ff_reader {
    struct ff_ctx *ctx;
    struct ff_input *input;
    locale_t c; /* the locale "C", for numbers */
    char separator;
    uint32_t expected;  /* fields that each record must have; 0: any number */
    char *const *names; /* of the columns, for messages; NULL: they have none. Not owned. */
    uint64_t line;      /* where the record begins, from 1 */
    uint32_t n_fields;  /* of the record */
    struct ff_field *fields;
    char *buffer;
    /* The rest is private. */
    uint64_t next_line;
    size_t capacity, most_fields;
    size_t begin, end; /* the unread part of the buffer */
    bool ended;        /* the file ends with it */
    bool stops[256];   /* bytes that end a field without quotation marks */
};

/* Opens PATH; begins with ff_reader_rewind(). After an error it needs no release. */
FF_CHECK int ff_reader_open(struct ff_ctx *ctx, const char *path, struct ff_reader *reader);
void ff_reader_release(struct ff_reader *reader); /* does nothing if READER is zeroed */
/* Adds the memory of a reader, at most. */
void ff_reader_needs(struct ff_needs *needs);
/* Begins, again, with the first record, with fields divided by SEPARATOR. */
FF_CHECK int ff_reader_rewind(struct ff_reader *reader, char separator);
/* Reads the next record; *GOT is false at the end. FF_ECORRUPT, with the line in the message, or
 * FF_EIO. */
FF_CHECK int ff_reader_next(struct ff_reader *reader, bool *got);
/* Field I of the record. Valid until the next call. */
static inline char *ff_reader_field(const struct ff_reader *reader, uint32_t i)
{
    return reader->buffer + reader->fields[i].at;
}
/* Field I of the record as a number, as ff_number_parse(). */
bool ff_reader_number(const struct ff_reader *reader, uint32_t i, double *out);
/* TEXT is how a missing value is written: nothing, NA, N/A, NaN, nan, null or ?. */
bool ff_reader_is_missing(const char *text);
/* Fails with "PATH: line 12, column 3 ("NAME"): ", for field I of the record, and the text. */
int ff_reader_fail(const struct ff_reader *reader, enum ff_status status, uint32_t i,
                   const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
