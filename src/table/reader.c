#include "table/reader.h"

#include "table/byte_order_mark.h"
#include "table/number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define READ_BYTES ((size_t)64 * 1024) /* at a time, if records are not longer */
#define ESCAPED (UINT32_C(1) << 31)    /* in a length: the field has doubled quotation marks */

/* Where splitting a record stands. */
struct split {
    char *at;        /* the next byte */
    char *end;       /* of the bytes that were read; a line feed is there */
    uint64_t breaks; /* line ends within quotation marks so far */
};

/* What is next in the buffer. */
enum found { FOUND, INCOMPLETE, DAMAGED, TOO_MANY };

/* ---- Messages ---- */

int ff_reader_fail(const struct ff_reader *reader, enum ff_status status, uint32_t i,
                   const char *format, ...)
{
    char text[FF_MESSAGE_BYTES / 2], name[128] = "";
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (reader->names && i < reader->expected)
        snprintf(name, sizeof name, " (\"%.100s\")", reader->names[i]);
    return ff_fail(reader->ctx, status, "%s: line %" PRIu64 ", column %u%s: %s",
                   ff_input_path(reader->input), reader->line, i + 1, name, text);
}

/* A fault of the record that is being split, in its last field so far. */
static enum found damaged(struct ff_reader *reader, const struct split *split, const char *fault)
{
    reader->line += split->breaks;
    (void)ff_reader_fail(reader, FF_ECORRUPT, reader->n_fields, "%s", fault);
    return DAMAGED;
}

/* ---- Fields ---- */

static void skip_spaces(const struct ff_reader *reader, struct split *split)
{
    while (*split->at == ' ' || (*split->at == '\t' && reader->separator != '\t'))
        split->at++;
}

static void add_field(struct ff_reader *reader, const char *from, const char *to, uint32_t flags)
{
    reader->fields[reader->n_fields] = (struct ff_field){
        .at = (uint32_t)(from - reader->buffer),
        .length = (uint32_t)(to - from) | flags,
    };
}

static enum found plain_field(struct ff_reader *reader, struct split *split)
{
    char *from = split->at, *to;

    while (!reader->stops[(unsigned char)*split->at])
        split->at++;
    to = split->at;
    if (*to == '\0')
        return damaged(reader, split,
                       "a NUL byte: this is not text, or not UTF-8; save it as UTF-8");
    while (to > from && (to[-1] == ' ' || to[-1] == '\t'))
        to--;
    add_field(reader, from, to, 0);
    return FOUND;
}

/* Finds the closing quotation mark of a field, behind the opening one. */
static enum found find_quote(struct ff_reader *reader, struct split *split, uint32_t *flags)
{
    for (;; split->at++) {
        if (split->at == split->end)
            return reader->ended ? damaged(reader, split, "a quotation mark is not closed")
                                 : INCOMPLETE;
        if (*split->at == '\0')
            return damaged(reader, split, "a NUL byte: this is not text, or not UTF-8");
        if (*split->at == '\n')
            split->breaks++;
        if (*split->at != '"')
            continue;
        if (split->at + 1 == split->end && !reader->ended)
            return INCOMPLETE;
        if (split->at + 1 == split->end || split->at[1] != '"')
            return FOUND;
        split->at++;
        *flags = ESCAPED;
    }
}

static enum found quoted_field(struct ff_reader *reader, struct split *split)
{
    uint32_t flags = 0;
    char *from = ++split->at, *to;
    enum found found = find_quote(reader, split, &flags);

    if (found != FOUND)
        return found;
    to = split->at++;
    skip_spaces(reader, split);
    if (!reader->stops[(unsigned char)*split->at] || *split->at == '\0')
        return damaged(reader, split, "text after a closing quotation mark");
    add_field(reader, from, to, flags);
    return FOUND;
}

/* Splits the record at SPLIT into fields; SPLIT is then behind its end. */
static enum found split_record(struct ff_reader *reader, struct split *split)
{
    for (reader->n_fields = 0;; split->at++) {
        enum found found;

        if (reader->n_fields == reader->most_fields)
            return TOO_MANY;
        skip_spaces(reader, split);
        found = *split->at == '"' ? quoted_field(reader, split) : plain_field(reader, split);
        if (found != FOUND)
            return found;
        if (split->at == split->end && !reader->ended)
            return INCOMPLETE;
        reader->n_fields++;
        if (split->at == split->end || *split->at != reader->separator)
            break;
    }
    if (split->at == split->end)
        return FOUND;
    if (*split->at == '\r' && split->at + 1 == split->end && !reader->ended)
        return INCOMPLETE;
    if (*split->at == '\r' && split->at + 1 < split->end && split->at[1] == '\n')
        split->at++;
    split->at++;
    split->breaks++;
    return FOUND;
}

/* Replaces "" by " in TEXT of LENGTH bytes; returns the new length. */
static uint32_t unescape(char *text, uint32_t length)
{
    uint32_t out = 0;

    for (uint32_t in = 0; in < length; in++) {
        text[out++] = text[in];
        in += text[in] == '"';
    }
    return out;
}

/* Makes strings of the fields: possible only now, as it overwrites the separators. */
static void end_fields(struct ff_reader *reader)
{
    for (uint32_t i = 0; i < reader->n_fields; i++) {
        struct ff_field *field = &reader->fields[i];
        char *text = reader->buffer + field->at;

        if (field->length & ESCAPED)
            field->length = unescape(text, field->length & ~ESCAPED);
        text[field->length] = '\0';
    }
}

/* ---- Records ---- */

/* Reads more of the file behind the unread part of the buffer, which is moved to its beginning. */
static int fill(struct ff_reader *reader)
{
    size_t used = reader->end - reader->begin, room, want = used > READ_BYTES ? used : READ_BYTES;
    size_t got;
    int status;

    memmove(reader->buffer, reader->buffer + reader->begin, used);
    room = reader->capacity - used;
    if (room == 0)
        return ff_fail(reader->ctx, FF_ECORRUPT,
                       "%s: line %" PRIu64 ": the record is longer than %zu bytes; a quotation "
                       "mark may not be closed",
                       ff_input_path(reader->input), reader->line, reader->capacity);
    want = want < room ? want : room;
    status = ff_input_read(reader->input, reader->buffer + used, want, &got);
    reader->begin = 0;
    reader->end = used + got;
    reader->ended = got < want;
    reader->buffer[reader->end] = '\n';
    if (status == FF_OK && reader->ended)
        status = ff_input_expect_end(reader->input, "its last record");
    return status;
}

static int check_count(struct ff_reader *reader)
{
    if (reader->expected == 0 || reader->n_fields == reader->expected)
        return FF_OK;
    if (reader->n_fields > reader->expected)
        return ff_reader_fail(reader, FF_ECORRUPT, reader->expected,
                              "one of %u columns, but other lines have %u; quote a text that "
                              "contains the separator",
                              reader->n_fields, reader->expected);
    return ff_reader_fail(reader, FF_ECORRUPT, reader->n_fields,
                          "is missing: the line has %u column%s instead of %u", reader->n_fields,
                          reader->n_fields == 1 ? "" : "s", reader->expected);
}

/* Whether the record that begins at START is to be skipped as a blank line. */
static bool is_skipped(const struct ff_reader *reader, const char *start)
{
    return reader->expected != 1 && reader->n_fields == 1 && reader->fields[0].length == 0 &&
           *start != '"';
}

int ff_reader_next(struct ff_reader *reader, bool *got)
{
    *got = false;
    for (;;) {
        char *start = reader->buffer + reader->begin;
        struct split split = {.at = start, .end = reader->buffer + reader->end};
        enum found found = INCOMPLETE;
        bool skipped;

        if (reader->ended && reader->begin == reader->end)
            return FF_OK;
        reader->line = reader->next_line;
        if (reader->begin < reader->end)
            found = split_record(reader, &split);
        if (found == DAMAGED)
            return FF_ECORRUPT;
        if (found == TOO_MANY)
            return ff_fail(reader->ctx, FF_EINVAL,
                           "%s: line %" PRIu64 ": more than %u columns, which is the limit",
                           ff_input_path(reader->input), reader->line, FF_TABLE_FIELDS);
        if (found == INCOMPLETE) {
            int status = fill(reader);

            if (status != FF_OK)
                return status;
            continue;
        }
        skipped = is_skipped(reader, start);
        reader->begin = (size_t)(split.at - reader->buffer);
        reader->next_line += split.breaks;
        if (skipped)
            continue;
        end_fields(reader);
        *got = true;
        return check_count(reader);
    }
}

bool ff_reader_number(const struct ff_reader *reader, uint32_t i, double *out)
{
    return ff_number_parse(ff_reader_field(reader, i), reader->c, out);
}

bool ff_reader_is_missing(const char *text)
{
    static const char *const missing[] = {"", "NA", "N/A", "NaN", "nan", "null", "?"};

    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        if (strcmp(text, missing[i]) == 0)
            return true;
    return false;
}

/* ---- The file ---- */

/* No record is longer than the file, nor has more fields. */
static void bound_record(struct ff_reader *reader)
{
    uint64_t bytes = ff_input_file_bytes(reader->input);

    if (bytes < FF_RECORD_BYTES)
        bytes *= ff_input_ratio(reader->input);
    reader->capacity = bytes < FF_RECORD_BYTES ? (size_t)bytes + 1 : FF_RECORD_BYTES;
    reader->most_fields =
        reader->capacity < FF_TABLE_FIELDS ? reader->capacity + 1 : FF_TABLE_FIELDS;
}

int ff_reader_open(struct ff_ctx *ctx, const char *path, struct ff_reader *reader)
{
    int status;

    *reader = (struct ff_reader){.ctx = ctx};
    status = ff_input_open(ctx, path, &reader->input);
    if (status != FF_OK)
        return status;
    bound_record(reader);
    reader->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    reader->buffer = ff_alloc(ctx, FF_MEM_IO, reader->capacity + 1);
    if (reader->buffer)
        reader->fields =
            ff_alloc_array(ctx, FF_MEM_IO, reader->most_fields, sizeof *reader->fields);
    if (reader->c && reader->fields)
        return FF_OK;
    status = reader->c ? ff_alloc_status(ctx)
                       : ff_fail(ctx, FF_ENOMEM, "%s: out of memory for a locale", path);
    ff_reader_release(reader);
    return status;
}

void ff_reader_release(struct ff_reader *reader)
{
    if (reader->c)
        freelocale(reader->c);
    if (reader->fields)
        ff_free(reader->ctx, FF_MEM_IO, reader->fields,
                reader->most_fields * sizeof *reader->fields);
    if (reader->buffer)
        ff_free(reader->ctx, FF_MEM_IO, reader->buffer, reader->capacity + 1);
    ff_input_close(reader->input);
    *reader = (struct ff_reader){.ctx = NULL};
}

void ff_reader_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_IO] +=
        FF_RECORD_BYTES + 1 + (size_t)FF_TABLE_FIELDS * sizeof(struct ff_field);
}

int ff_reader_rewind(struct ff_reader *reader, char separator)
{
    int status = ff_input_rewind(reader->input);

    memset(reader->stops, 0, sizeof reader->stops);
    reader->stops['\0'] = reader->stops['\n'] = reader->stops['\r'] = true;
    reader->stops[(unsigned char)separator] = true;
    reader->separator = separator;
    reader->begin = reader->end = 0;
    reader->ended = false;
    reader->next_line = 1;
    if (status == FF_OK)
        status = fill(reader);
    if (status == FF_OK)
        reader->begin = ff_byte_order_mark(reader->buffer, reader->end);
    return status;
}
