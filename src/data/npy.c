/*
 * NumPy's .npy, versions 1 to 3 (NEP 1, "A simple file format for NumPy arrays"): six bytes of
 * magic, two of version, the length of the header (16 bits; 32 from version 2 on), the header, the
 * elements. The header is a Python literal, such as
 *     {'descr': '|u1', 'fortran_order': False, 'shape': (60000, 28, 28), }
 * padded with spaces and ended by a newline.
 */
#include "data/npy.h"

#include "data/format.h"
#include "data/pair.h"

#include <string.h>

#define MAGIC "\x93NUMPY"
#define MAGIC_BYTES 6
#define HEADER_BYTES 4096 /* longest header accepted; plain arrays need less than 200 */
#define AXIS_MAX ((uint64_t)1 << 60)

/* ---- The Python literal ---- */

struct parser {
    struct ff_ctx *ctx;
    const char *path;
    const char *at, *end;
};

static int unreadable(const struct parser *parser, const char *expected)
{
    return ff_fail(parser->ctx, FF_ECORRUPT,
                   "%s: its NumPy header is damaged: expected %s; save the array again",
                   parser->path, expected);
}

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end && memchr(" \t\r\n", *parser->at, 4))
        parser->at++;
}

/* Consumes the character C, after any white space, if it is next. */
static bool take(struct parser *parser, char c)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != c)
        return false;
    parser->at++;
    return true;
}

static bool take_word(struct parser *parser, const char *word)
{
    size_t length = strlen(word);

    skip_space(parser);
    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
        return false;
    parser->at += length;
    return true;
}

/* Consumes a quoted string without escapes; OUT is BYTES long. */
static bool take_string(struct parser *parser, char *out, size_t bytes)
{
    char quote = '\'';
    size_t length = 0;

    if (!take(parser, quote)) {
        quote = '"';
        if (!take(parser, quote))
            return false;
    }
    while (parser->at < parser->end && *parser->at != quote) {
        if (*parser->at == '\\' || *parser->at == '\0' || length + 1 >= bytes)
            return false;
        out[length++] = *parser->at++;
    }
    out[length] = '\0';
    return take(parser, quote);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Consumes a decimal number below AXIS_MAX; Python 2 may have appended an L. */
static bool take_number(struct parser *parser, uint64_t *out)
{
    skip_space(parser);
    if (parser->at == parser->end || !is_digit(*parser->at))
        return false;
    for (*out = 0; parser->at < parser->end && is_digit(*parser->at); parser->at++) {
        *out = *out * 10 + (uint64_t)(*parser->at - '0');
        if (*out >= AXIS_MAX)
            return false;
    }
    if (parser->at < parser->end && *parser->at == 'L')
        parser->at++;
    return true;
}

/* ---- The three fields ---- */

/* True if TEXT is the type of one number: byte order, kind, bytes. */
static bool is_number_type(const char *text)
{
    static const char *const sizes[] = {['b'] = "1", ['f'] = "248", ['i'] = "1248", ['u'] = "1248"};

    return strlen(text) == 3 && strchr("<>|", text[0]) && strchr("bfiu", text[1]) &&
           strchr(sizes[(unsigned char)text[1]], text[2]) && (text[0] != '|' || text[2] == '1');
}

/* Parses a type such as "|u1" or "<f4". A bool is a byte of value 0 or 1. */
static int parse_descr(struct parser *parser, struct ff_array *array)
{
    char text[16];

    skip_space(parser);
    if (parser->at < parser->end && *parser->at == '[')
        return ff_fail(parser->ctx, FF_EFORMAT,
                       "%s: holds records with named fields; save one plain array per file",
                       parser->path);
    if (!take_string(parser, text, sizeof text))
        return unreadable(parser, "a type such as '|u1'");
    if (!is_number_type(text))
        return ff_fail(parser->ctx, FF_EFORMAT,
                       "%s: elements of type '%s' are not supported; convert them to numbers of at "
                       "most 64 bits, such as numpy.asarray(x, dtype='float32')",
                       parser->path, text);
    array->element = (struct ff_element){
        .kind = text[1] == 'b' ? 'u' : text[1],
        .bytes = (uint8_t)(text[2] - '0'),
        .big_endian = text[0] == '>',
    };
    return FF_OK;
}

static int parse_order(struct parser *parser, struct ff_array *array)
{
    array->column_major = take_word(parser, "True");
    if (!array->column_major && !take_word(parser, "False"))
        return unreadable(parser, "True or False for fortran_order");
    return FF_OK;
}

static int parse_shape(struct parser *parser, struct ff_array *array)
{
    if (!take(parser, '('))
        return unreadable(parser, "a shape such as (60000, 784)");
    while (!take(parser, ')')) {
        if (array->axes == FF_ARRAY_AXES)
            return ff_fail(parser->ctx, FF_EFORMAT,
                           "%s: has more than %d axes; reshape it to (rows, features)",
                           parser->path, FF_ARRAY_AXES);
        if (!take_number(parser, &array->shape[array->axes++]))
            return unreadable(parser, "the length of an axis");
        if (!take(parser, ',')) {
            if (!take(parser, ')'))
                return unreadable(parser, "a comma or parenthesis in the shape");
            break;
        }
    }
    if (array->axes == 0)
        return ff_fail(parser->ctx, FF_EFORMAT,
                       "%s: holds a single number; an array of rows is required", parser->path);
    return FF_OK;
}

static const struct {
    const char *key;
    int (*parse)(struct parser *parser, struct ff_array *array);
} fields[] = {{"descr", parse_descr}, {"fortran_order", parse_order}, {"shape", parse_shape}};

#define FIELDS (sizeof fields / sizeof *fields)

/* Parses "'KEY': VALUE"; SEEN has a bit for each field. */
static int parse_field(struct parser *parser, unsigned *seen, struct ff_array *array)
{
    char key[32];

    if (!take_string(parser, key, sizeof key) || !take(parser, ':'))
        return unreadable(parser, "a key and a colon");
    for (size_t f = 0; f < FIELDS; f++) {
        if (strcmp(key, fields[f].key) != 0 || *seen & 1u << f)
            continue;
        *seen |= 1u << f;
        return fields[f].parse(parser, array);
    }
    return unreadable(parser, "descr, fortran_order and shape, each once");
}

static int parse_literal(struct parser *parser, struct ff_array *array)
{
    unsigned seen = 0;

    if (!take(parser, '{'))
        return unreadable(parser, "an opening brace");
    while (!take(parser, '}')) {
        int status = parse_field(parser, &seen, array);

        if (status != FF_OK)
            return status;
        if (!take(parser, ',')) {
            if (!take(parser, '}'))
                return unreadable(parser, "a comma or closing brace");
            break;
        }
    }
    skip_space(parser);
    if (parser->at != parser->end)
        return unreadable(parser, "nothing after the closing brace");
    if (seen != (1u << FIELDS) - 1)
        return unreadable(parser, "descr, fortran_order and shape, each once");
    return FF_OK;
}

/* ---- The file ---- */

static bool has_magic(const unsigned char *bytes, size_t n)
{
    return n >= MAGIC_BYTES && memcmp(bytes, MAGIC, MAGIC_BYTES) == 0;
}

/* Reads magic, version and the length of the literal that follows. */
static int read_length(struct ff_ctx *ctx, struct ff_input *input, uint32_t *length)
{
    unsigned char start[MAGIC_BYTES + 2], b[4] = {0};
    int status = ff_input_read_all(input, start, sizeof start, "header");
    unsigned version = start[MAGIC_BYTES];

    if (status != FF_OK)
        return status;
    if (!has_magic(start, sizeof start))
        return ff_fail(ctx, FF_EFORMAT, "%s: not a .npy file: does not start with \\x93NUMPY",
                       ff_input_path(input));
    if (version < 1 || version > 3)
        return ff_fail(ctx, FF_EFORMAT, "%s: .npy version %u; versions 1 to 3 are supported",
                       ff_input_path(input), version);
    status = ff_input_read_all(input, b, version == 1 ? 2 : 4, "header");
    *length = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    if (status == FF_OK && *length > HEADER_BYTES)
        return ff_fail(ctx, FF_EFORMAT,
                       "%s: its NumPy header has %u bytes; that of a plain array has fewer than %d",
                       ff_input_path(input), *length, HEADER_BYTES);
    return status;
}

int ff_npy_header(struct ff_ctx *ctx, struct ff_input *input, struct ff_array *array)
{
    char text[HEADER_BYTES];
    struct parser parser = {.ctx = ctx, .path = ff_input_path(input), .at = text};
    uint32_t length = 0;
    int status = read_length(ctx, input, &length);

    if (status == FF_OK)
        status = ff_input_read_all(input, text, length, "header");
    if (status != FF_OK)
        return status;
    parser.end = text + length;
    return parse_literal(&parser, array);
}

static bool has_name(const char *base)
{
    return ff_path_has_ending(base, ".npy");
}

static bool labels_of(char path[FF_PATH_BYTES])
{
    return ff_path_replace(path, "images", "labels") || ff_path_replace(path, "x_", "y_") ||
           ff_path_replace(path, "X_", "y_");
}

static const struct ff_pair_format npy_pair = {ff_npy_header, has_magic, has_name, labels_of};

static int npy_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    return ff_pair_bid(ctx, spec, &ff_format_npy, &npy_pair);
}

static int npy_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, struct ff_dataset **out)
{
    return ff_pair_open(ctx, spec, &ff_format_npy, &npy_pair, out);
}

static int npy_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                    char path[FF_PATH_BYTES])
{
    return ff_pair_find(ctx, spec, &ff_format_npy, &npy_pair, i, path);
}

static const char *const train_names[] = {"x_train.npy", "X_train.npy", "train-images.npy", NULL};
static const char *const test_names[] = {"x_test.npy", "X_test.npy", "test-images.npy", NULL};

const struct ff_dataset_format ff_format_npy = {
    .info = {.name = "npy",
             .summary = "NumPy .npy files of numbers",
             .layout = "a directory with x_train.npy, y_train.npy, x_test.npy and y_test.npy, or a "
                       "file of images, in C order or, uncompressed, in Fortran order; uint8 and "
                       "bool are read as bytes, other "
                       "integers and floats as float32; labels are whole numbers; images are "
                       "(rows, height, width), or with at most 4 channels (rows, height, width, "
                       "channels) or (rows, channels, height, width)"},
    .names = {train_names, test_names},
    .bid = npy_bid,
    .open = npy_open,
    .read = ff_pair_read,
    .close = ff_pair_close,
    .find = npy_find,
    .describe = ff_pair_describe,
};
