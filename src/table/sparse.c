#include "table/sparse.h"

#include "table/byte_order_mark.h"
#include "table/number.h"

#include <fftool/data.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define END (-1) /* no more bytes, or an error */

int ff_sparse_fail(const struct ff_sparse *sparse, enum ff_status status, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES / 2];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ff_fail(sparse->ctx, status, "%s: line %" PRIu64 ", character %" PRIu64 ": %s",
                   ff_input_path(sparse->input), sparse->line, sparse->field_at, text);
}

/* ---- Bytes ---- */

static void fill(struct ff_sparse *sparse)
{
    size_t got = 0;

    sparse->status = ff_input_read(sparse->input, sparse->buffer, sizeof sparse->buffer, &got);
    sparse->begin = 0;
    sparse->end = sparse->status == FF_OK ? got : 0;
    sparse->ended = got < sizeof sparse->buffer;
    if (sparse->status == FF_OK && sparse->ended)
        sparse->status = ff_input_expect_end(sparse->input, "its last row");
}

/* The next byte, which is not read, or END. */
static int peek(struct ff_sparse *sparse)
{
    if (sparse->begin == sparse->end && !sparse->ended)
        fill(sparse);
    if (sparse->status != FF_OK || sparse->begin == sparse->end)
        return END;
    return (unsigned char)sparse->buffer[sparse->begin];
}

/* Reads the byte that peek() returned. */
static void take(struct ff_sparse *sparse)
{
    sparse->begin++;
    sparse->character++;
}

static bool is_space(int byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\f' || byte == '\v';
}

static bool ends_line(int byte)
{
    return byte == END || byte == '\n';
}

/* ---- Fields ---- */

/* Reads the next field of the line; *GOT is false before the end of the line. */
static int next_field(struct ff_sparse *sparse, bool *got)
{
    size_t n = 0;
    int byte;

    while (is_space(byte = peek(sparse)))
        take(sparse);
    if (byte == '#')
        while (!ends_line(byte = peek(sparse)))
            take(sparse);
    *got = !ends_line(byte);
    sparse->field_at = sparse->character;
    for (; !ends_line(byte) && !is_space(byte) && byte != '#'; byte = peek(sparse)) {
        if (byte == '\0')
            return ff_sparse_fail(sparse, FF_ECORRUPT, "a NUL byte: this is not text");
        sparse->field[n++] = (char)byte;
        if (n == sizeof sparse->field)
            return ff_sparse_fail(sparse, FF_ECORRUPT,
                                  "\"%.20s...\" is too long for a label or INDEX:VALUE",
                                  sparse->field);
        take(sparse);
    }
    sparse->field[n] = '\0';
    return sparse->status;
}

static void next_line(struct ff_sparse *sparse)
{
    sparse->begin++;
    sparse->line++;
    sparse->character = 1;
}

static int read_label(struct ff_sparse *sparse)
{
    const char *text = sparse->field;
    double label;

    if (strchr(text, ','))
        return ff_sparse_fail(sparse, FF_EINVAL,
                              "\"%.60s\" is more than one label; rows of several classes are not "
                              "supported",
                              text);
    if (!ff_number_parse(text, sparse->c, &label))
        return ff_sparse_fail(
            sparse, FF_ECORRUPT,
            "\"%.60s\" is not a label; a line is LABEL INDEX:VALUE ..., and labels "
            "are integers",
            text);
    if (label != trunc(label) || fabs(label) > (double)FF_SPARSE_LABEL_MAX)
        return ff_sparse_fail(sparse, FF_EINVAL,
                              "label %.60s is not an integer; divide the range of a quantity into "
                              "classes",
                              text);
    sparse->label = (int64_t)label;
    return FF_OK;
}

/* Reads the digits of FIELD, up to its colon at END_OF_INDEX. */
static int read_index(struct ff_sparse *sparse, const char *end_of_index)
{
    const char *at = sparse->field;
    uint64_t index = 0;

    for (; *at >= '0' && *at <= '9' && index < FF_MAX_DATA_FEATURES; at++)
        index = index * 10 + (unsigned)(*at - '0');
    if (index >= FF_MAX_DATA_FEATURES)
        return ff_sparse_fail(sparse, FF_EINVAL, "index %.*s is too large; the limit is %u",
                              (int)(end_of_index - sparse->field), sparse->field,
                              FF_MAX_DATA_FEATURES - 1);
    if (at == sparse->field || at != end_of_index)
        return ff_sparse_fail(sparse, FF_ECORRUPT, "\"%.*s\" is not an index",
                              (int)(end_of_index - sparse->field), sparse->field);
    if ((int64_t)index <= sparse->last_index)
        return ff_sparse_fail(sparse, FF_ECORRUPT,
                              "index %" PRIu64 " after %" PRId64 "; indices must ascend in a line",
                              index, sparse->last_index);
    sparse->index = (uint32_t)index;
    sparse->last_index = (int64_t)index;
    return FF_OK;
}

static int read_pair(struct ff_sparse *sparse)
{
    const char *colon = strchr(sparse->field, ':');
    double value;
    int status;

    if (!colon)
        return ff_sparse_fail(sparse, FF_ECORRUPT, "\"%.60s\" is not INDEX:VALUE", sparse->field);
    status = read_index(sparse, colon);
    if (status != FF_OK)
        return status;
    if (!ff_number_parse(colon + 1, sparse->c, &value))
        return ff_sparse_fail(sparse, FF_ECORRUPT, "value \"%.60s\" is not a number", colon + 1);
    sparse->value = (float)value;
    if (isfinite(sparse->value))
        return FF_OK;
    return ff_sparse_fail(sparse, FF_ENUMERIC, "%.60s is beyond the range of float (%.6g)",
                          colon + 1, (double)FLT_MAX);
}

/* ---- Rows ---- */

/* The field is "qid:N". */
static bool is_query(const struct ff_sparse *sparse)
{
    return strncmp(sparse->field, "qid:", strlen("qid:")) == 0;
}

int ff_sparse_next_row(struct ff_sparse *sparse, bool *got)
{
    int status;

    sparse->held = false;
    sparse->last_index = -1;
    do {
        if (peek(sparse) == '\n')
            next_line(sparse);
        status = next_field(sparse, got);
    } while (status == FF_OK && !*got && peek(sparse) == '\n');
    if (status != FF_OK || !*got)
        return status;
    sparse->has_label = !strchr(sparse->field, ':');
    if (!sparse->has_label) {
        sparse->held = true;
        return FF_OK;
    }
    return read_label(sparse);
}

int ff_sparse_next_value(struct ff_sparse *sparse, bool *got)
{
    int status = FF_OK;

    *got = true;
    if (!sparse->held)
        status = next_field(sparse, got);
    sparse->held = false;
    while (status == FF_OK && *got && sparse->last_index < 0 && is_query(sparse))
        status = next_field(sparse, got);
    return status == FF_OK && *got ? read_pair(sparse) : status;
}

/* ---- The file ---- */

int ff_sparse_rewind(struct ff_sparse *sparse)
{
    sparse->status = ff_input_rewind(sparse->input);
    sparse->begin = sparse->end = 0;
    sparse->ended = false;
    sparse->line = sparse->character = 1;
    if (sparse->status == FF_OK)
        fill(sparse);
    if (sparse->status == FF_OK)
        sparse->begin = ff_byte_order_mark(sparse->buffer, sparse->end);
    return sparse->status;
}

int ff_sparse_open(struct ff_ctx *ctx, const char *path, struct ff_sparse *sparse)
{
    int status;

    memset(sparse, 0, sizeof *sparse);
    sparse->ctx = ctx;
    status = ff_input_open(ctx, path, &sparse->input);
    if (status != FF_OK)
        return status;
    sparse->c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    status = sparse->c ? ff_sparse_rewind(sparse)
                       : ff_fail(ctx, FF_ENOMEM, "%s: out of memory for a locale", path);
    if (status != FF_OK)
        ff_sparse_release(sparse);
    return status;
}

void ff_sparse_release(struct ff_sparse *sparse)
{
    if (sparse->c)
        freelocale(sparse->c);
    ff_input_close(sparse->input);
    sparse->c = (locale_t)0;
    sparse->input = NULL;
}
