/*
 * A text file of records, one after another: comma-separated values (RFC 4180) and their relatives.
 * Fields are separated by a character and may be quoted; a quoted field may hold separators,
 * newlines and doubled quotes. Lines end with LF or CRLF, blank lines are skipped, and so is a byte
 * order mark. One record is in memory at a time.
 */
#ifndef FF_TABLE_RECORDS_H
#define FF_TABLE_RECORDS_H

#include "data/input.h"

#define FF_RECORD_FIELDS 16385u             /* most fields of a record */
#define FF_RECORD_BYTES ((size_t)256 << 10) /* longest record */

struct ff_record_field {
    uint32_t at, bytes; /* in the text of the record */
};

struct ff_records {
    struct ff_ctx *ctx;
    struct ff_input *input;
    char separator;
    uint64_t line; /* of the record at hand, from 1 */
    /* The record at hand */
    char *text; /* within the buffer */
    uint32_t n;
    struct ff_record_field *fields;
    /* What was read of the file */
    char *buffer; /* FF_RECORD_BYTES */
    size_t begin, end;
    uint64_t next_line;
    bool at_end;
};

/* Opens PATH; its fields are separated by SEPARATOR, or with '\0' by the one of , ; tab | that cuts
 * the first line into most fields. FF_ENOTFOUND, FF_EIO, FF_ECORRUPT (no text). */
FF_CHECK int ff_records_open(struct ff_ctx *ctx, const char *path, char separator,
                             struct ff_records *out);
/* Does nothing if RECORDS is all zero. */
void ff_records_close(struct ff_records *records);
/* Reads the next record; *END: there is none. FF_ECORRUPT with the line: an unclosed quote, a byte
 * 0, too long a record or too many fields. */
FF_CHECK int ff_records_next(struct ff_records *records, bool *end);
/* Continues with the first record. */
FF_CHECK int ff_records_rewind(struct ff_records *records);
/* Field I of the record at hand, below N, ended by a 0. */
const char *ff_records_field(const struct ff_records *records, uint32_t i);
/* Adds the memory of open records, at most, without that of their input. */
void ff_records_needs(struct ff_needs *needs);

#endif
