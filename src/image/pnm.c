/*
 * PGM and PPM (netpbm): "P5" or "P6", width, height and the largest value as text, a single white
 * space, and the values as bytes; "P2" and "P3" have them as text. In text # begins a comment.
 */
#include "image/kind.h"

#include <string.h>

#define MOST_DIGITS 9 /* of a number of the header, or a value */

struct pnm {
    bool text;
    unsigned most; /* the value of white, 1 .. 255 */
};

static bool has_magic(const unsigned char *bytes, size_t n)
{
    return n >= 3 && bytes[0] == 'P' && memchr("2356", bytes[1], 4) &&
           memchr(" \t\n\v\f\r#", bytes[2], 7);
}

static bool is_space(unsigned char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static int no_number(const struct ff_picture *picture, const char *what)
{
    return ff_fail(picture->ctx, FF_ECORRUPT, "%s: damaged: a number is missing in its %s",
                   ff_input_path(picture->input), what);
}

/* Reads a byte, unless the file ends; a comment, up to the end of its line, is one white space, as
 * for pm_getc() of libnetpbm. */
static int read_byte(struct ff_picture *picture, unsigned char *byte, size_t *got)
{
    int status = ff_input_read(picture->input, byte, 1, got);

    if (status != FF_OK || *got == 0 || *byte != '#')
        return status;
    while (status == FF_OK && *got > 0 && *byte != '\n' && *byte != '\r')
        status = ff_input_read(picture->input, byte, 1, got);
    return status;
}

/* Reads white space, a number and one white space or the end of the file. */
static int read_number(struct ff_picture *picture, const char *what, uint32_t *out)
{
    unsigned char byte = ' ';
    unsigned digits = 0;
    size_t got = 1;
    int status = FF_OK;

    while (status == FF_OK && got > 0 && is_space(byte))
        status = read_byte(picture, &byte, &got);
    if (status == FF_OK && got == 0)
        return ff_input_read_all(picture->input, &byte, 1, what); /* reports the truncation */
    for (*out = 0; status == FF_OK && got > 0 && byte >= '0' && byte <= '9'; digits++) {
        *out = *out * 10 + (byte - '0');
        if (digits >= MOST_DIGITS)
            break;
        status = read_byte(picture, &byte, &got);
    }
    if (status == FF_OK && (digits == 0 || (got > 0 && !is_space(byte))))
        return no_number(picture, what);
    return status;
}

static int pnm_open(struct ff_picture *picture)
{
    struct pnm *pnm = ff_alloc(picture->ctx, FF_MEM_IO, sizeof *pnm);
    unsigned char magic[2];
    uint32_t most = 0;
    int status;

    if (!pnm)
        return ff_alloc_status(picture->ctx);
    picture->state = pnm;
    status = ff_input_read_all(picture->input, magic, sizeof magic, "header");
    if (status != FF_OK)
        return status;
    pnm->text = magic[1] < '5';
    picture->channels = magic[1] == '3' || magic[1] == '6' ? 3 : 1;
    status = read_number(picture, "width", &picture->width);
    if (status == FF_OK)
        status = read_number(picture, "height", &picture->height);
    if (status == FF_OK)
        status = read_number(picture, "largest value", &most);
    pnm->most = most;
    if (status == FF_OK && (most == 0 || most > 255))
        return ff_fail(picture->ctx, FF_EINVAL,
                       "%s: values up to %u; convert it to 8 bits, values up to 255",
                       ff_input_path(picture->input), most);
    return status;
}

static int too_large(const struct ff_picture *picture)
{
    const struct pnm *pnm = picture->state;

    return ff_fail(picture->ctx, FF_ECORRUPT,
                   "%s: damaged: a value of row %u (from 0) is more than %u, the largest that its "
                   "header allows",
                   ff_input_path(picture->input), picture->next, pnm->most);
}

static int read_values(struct ff_picture *picture, unsigned char *out, size_t n)
{
    const struct pnm *pnm = picture->state;
    int status = FF_OK;

    if (!pnm->text)
        return ff_input_read_all(picture->input, out, n, "pixels");
    for (size_t i = 0; i < n && status == FF_OK; i++) {
        uint32_t value;

        status = read_number(picture, "pixels", &value);
        if (status == FF_OK && value > pnm->most)
            return too_large(picture);
        out[i] = (unsigned char)value;
    }
    return status;
}

static int pnm_row(struct ff_picture *picture, unsigned char *out)
{
    const struct pnm *pnm = picture->state;
    size_t n = (size_t)picture->width * picture->channels;
    int status = read_values(picture, out, n);

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        if (out[i] > pnm->most)
            return too_large(picture);
        out[i] = (unsigned char)((out[i] * 255u + pnm->most / 2) / pnm->most);
    }
    return status;
}

static int pnm_end(struct ff_picture *picture)
{
    const struct pnm *pnm = picture->state;
    unsigned char byte = ' ';
    size_t got = 1;
    int status = FF_OK;

    if (!pnm->text)
        return ff_input_expect_end(picture->input, "its pixels");
    while (status == FF_OK && got > 0 && is_space(byte))
        status = read_byte(picture, &byte, &got);
    if (status == FF_OK && got > 0)
        return ff_fail(picture->ctx, FF_ECORRUPT,
                       "%s: does not end after its pixels; its header is wrong",
                       ff_input_path(picture->input));
    return status;
}

static void pnm_close(struct ff_picture *picture)
{
    ff_free(picture->ctx, FF_MEM_IO, picture->state, sizeof(struct pnm));
}

static const char *const endings[] = {"pgm", "ppm", "pnm", NULL};

const struct ff_image_kind ff_image_pnm = {
    .endings = endings,
    .magic = has_magic,
    .open = pnm_open,
    .row = pnm_row,
    .end = pnm_end,
    .close = pnm_close,
};
