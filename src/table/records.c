#include "table/records.h"

#include "base/arithmetic.h"

#include <inttypes.h>
#include <string.h>

#define MARK "\xef\xbb\xbf" /* byte order mark of UTF-8 */

static int damaged(const struct ff_records *records, const char *why)
{
    return ff_fail(records->ctx, FF_ECORRUPT, "%s: line %" PRIu64 ": %s",
                   ff_input_path(records->input), records->line, why);
}

/* Reads on behind what is in the buffer, which is moved to its beginning. */
static int fill(struct ff_records *records)
{
    size_t held = records->end - records->begin, got = 0;
    int status;

    memmove(records->buffer, records->buffer + records->begin, held);
    records->begin = 0;
    records->end = held;
    if (held == FF_RECORD_BYTES)
        return damaged(records, "the record is longer than 256 KiB; is a quote left open?");
    status = ff_input_read(records->input, records->buffer + held, FF_RECORD_BYTES - held, &got);
    records->end += got;
    records->at_end = status == FF_OK && got < FF_RECORD_BYTES - held;
    if (records->at_end)
        status = ff_input_expect_end(records->input, "its last record");
    return status;
}

/* The end of the record that begins the buffer: behind its newline, outside of quotes. 0: it is not
 * in the buffer yet. *LINES are the newlines before it. */
static size_t find_end(const struct ff_records *records, uint64_t *lines)
{
    const char *text = records->buffer + records->begin;
    size_t n = records->end - records->begin, at = 0;
    bool quoted = false;

    *lines = 0;
    while (at < n) {
        const char *newline = memchr(text + at, '\n', n - at);
        size_t stop = newline ? (size_t)(newline - text) + 1 : n;

        for (const char *quote = memchr(text + at, '"', stop - at); quote;
             quote = memchr(quote + 1, '"', stop - (size_t)(quote + 1 - text)))
            quoted = !quoted;
        at = stop;
        *lines += newline != NULL;
        if (newline && !quoted)
            return at;
    }
    return 0;
}

/* Unquotes the field of BYTES bytes at TEXT in place; returns its length, or -1 if it is not well
 * formed. */
static int64_t unquote(char *text, size_t bytes)
{
    size_t kept = 0;

    if (bytes < 2 || text[bytes - 1] != '"')
        return -1;
    for (size_t i = 1; i + 1 < bytes; i++) {
        if (text[i] == '"' && (i + 2 >= bytes || text[++i] != '"'))
            return -1;
        text[kept++] = text[i];
    }
    return (int64_t)kept;
}

/* The end of the field at TEXT: its separator, outside of quotes, or END. */
static char *end_of_field(const struct ff_records *records, char *text, char *end)
{
    char *at = text;

    while (at < end && *text == '"') {
        char *quote = at < text + 1 ? text : memchr(at, '"', (size_t)(end - at));

        if (!quote)
            return end;
        at = quote + 1;
        if (quote == text)
            continue;
        if (at < end && *at == '"') { /* a doubled quote */
            at++;
            continue;
        }
        break;
    }
    at = memchr(at, records->separator, (size_t)(end - at));
    return at ? at : end;
}

/* Cuts the BYTES bytes of the record's text into fields. */
static int split(struct ff_records *records, size_t bytes)
{
    char *at = records->text, *end = at + bytes;

    for (records->n = 0;; at++) {
        char *stop = end_of_field(records, at, end);
        int64_t length = stop - at;

        if (records->n == FF_RECORD_FIELDS)
            return damaged(records, "has more than 16,385 fields");
        if (*at == '"' && at < stop)
            length = unquote(at, (size_t)length);
        if (length < 0)
            return damaged(records, "a quote is not closed, or text follows it");
        records->fields[records->n++] =
            (struct ff_record_field){(uint32_t)(at - records->text), (uint32_t)length};
        at[length] = '\0';
        if (stop == end)
            return FF_OK;
        at = stop;
    }
}

/* Takes the next BYTES bytes, which hold LINES newlines, as the record; *BLANK: they are blank. */
static int take(struct ff_records *records, size_t bytes, uint64_t lines, bool *blank)
{
    char *text = records->buffer + records->begin;
    size_t length = bytes;

    records->line = records->next_line;
    records->next_line += lines;
    records->begin += bytes;
    if (length > 0 && text[length - 1] == '\n')
        length--;
    if (length > 0 && text[length - 1] == '\r')
        length--;
    *blank = length == 0;
    if (memchr(text, '\0', length))
        return damaged(records, "holds a byte 0; is this text?");
    records->text = text;
    return *blank ? FF_OK : split(records, length);
}

int ff_records_next(struct ff_records *records, bool *end)
{
    bool blank = true;
    int status = FF_OK;

    *end = false;
    while (status == FF_OK && blank) {
        uint64_t lines;
        size_t bytes = find_end(records, &lines);

        if (bytes == 0 && !records->at_end) {
            records->line = records->next_line;
            status = fill(records);
            continue;
        }
        if (bytes == 0)
            bytes = records->end - records->begin; /* a last line without a newline */
        *end = bytes == 0;
        if (*end)
            return FF_OK;
        status = take(records, bytes, lines, &blank);
    }
    return status;
}

const char *ff_records_field(const struct ff_records *records, uint32_t i)
{
    return records->text + records->fields[i].at;
}

static size_t list_buffers(struct ff_records *records, struct ff_buffer out[2])
{
    /* With room for a 0 behind the last field. */
    out[0] = (struct ff_buffer){&records->buffer, FF_MEM_IO, FF_RECORD_BYTES + 1, 1};
    out[1] =
        (struct ff_buffer){&records->fields, FF_MEM_IO, FF_RECORD_FIELDS, sizeof *records->fields};
    return 2;
}

void ff_records_needs(struct ff_needs *needs)
{
    struct ff_records shape;
    struct ff_buffer buffers[2];

    ff_buffers_count(list_buffers(&shape, buffers), buffers, needs);
}

/* Begins with the first record. */
static int begin(struct ff_records *records)
{
    size_t mark = strlen(MARK);
    int status;

    records->begin = records->end = 0;
    records->next_line = records->line = 1;
    status = fill(records);
    if (status == FF_OK && records->end >= mark && memcmp(records->buffer, MARK, mark) == 0)
        records->begin = mark;
    return status;
}

/* The separator that cuts the first line into most fields. */
static char guess_separator(const struct ff_records *records)
{
    static const char all[] = ",;\t|";
    const char *text = records->buffer + records->begin;
    size_t n = records->end - records->begin, most = 0;
    const char *newline = memchr(text, '\n', n);
    char best = ',';

    n = newline ? (size_t)(newline - text) : n;
    for (const char *one = all; *one; one++) {
        size_t count = 0;

        for (size_t i = 0; i < n; i++)
            count += text[i] == *one;
        if (count > most) {
            most = count;
            best = *one;
        }
    }
    return best;
}

int ff_records_open(struct ff_ctx *ctx, const char *path, char separator, struct ff_records *out)
{
    struct ff_buffer buffers[2];
    int status;

    *out = (struct ff_records){.ctx = ctx};
    status = ff_buffers_alloc(ctx, list_buffers(out, buffers), buffers);
    if (status == FF_OK)
        status = ff_input_open(ctx, path, &out->input);
    if (status == FF_OK)
        status = begin(out);
    if (status == FF_OK)
        out->separator = separator ? separator : guess_separator(out);
    else
        ff_records_close(out);
    return status;
}

void ff_records_close(struct ff_records *records)
{
    struct ff_buffer buffers[2];

    if (!records->ctx)
        return;
    ff_input_close(records->input);
    ff_buffers_free(records->ctx, list_buffers(records, buffers), buffers);
    *records = (struct ff_records){.ctx = NULL};
}

int ff_records_rewind(struct ff_records *records)
{
    int status = ff_input_rewind(records->input);

    return status == FF_OK ? begin(records) : status;
}
