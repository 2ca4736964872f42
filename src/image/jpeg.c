/*
 * JPEG, through libjpeg. It allocates by itself: what it takes at most is reserved from the meter
 * while an image is decoded. It holds some rows of a baseline image, and all coefficients of a
 * progressive one.
 */
#include "image/kind.h"

/* jpeglib.h needs size_t and FILE. */
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>
#include <string.h>

#define SOURCE_BYTES 4096
#define TABLE_BYTES ((size_t)96 * 1024) /* of libjpeg's own state, for any image */
#define BUFFERED_ROWS 64u               /* at most, of libjpeg's steps together */
#define BLOCK_MARGIN 4u                 /* blocks that a row or column is padded by, at most */
#define MOST_SCANS                                                                        \
    500        /* of a progressive image; usual are 10. A small file could hold millions. \
                */
#define CMYK 4 /* channels */

struct jpeg {
    struct jpeg_decompress_struct cinfo;
    struct jpeg_error_mgr errors;
    struct jpeg_source_mgr source;
    struct jpeg_progress_mgr progress;
    struct ff_picture *picture;
    jmp_buf jump;
    bool begun;
    int status;       /* of reading the file; FF_OK: the data is damaged */
    size_t reserved;  /* bytes */
    JSAMPLE *cmyk;    /* a row, unless it is grey or colour */
    size_t row_bytes; /* of CMYK */
    JOCTET buffer[SOURCE_BYTES];
};

static bool has_magic(const unsigned char *bytes, size_t n)
{
    return n >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff;
}

/* ---- What libjpeg calls ---- */

static void fail(j_common_ptr cinfo)
{
    struct jpeg *state = cinfo->client_data;
    char message[JMSG_LENGTH_MAX];

    if (state->status == FF_OK) {
        cinfo->err->format_message(cinfo, message);
        state->status =
            ff_fail(state->picture->ctx,
                    cinfo->err->msg_code == JERR_OUT_OF_MEMORY ? FF_ENOMEM : FF_ECORRUPT,
                    "%s: damaged JPEG (%s); copy or save it again, or remove it",
                    ff_input_path(state->picture->input), message);
    }
    longjmp(state->jump, 1);
}

/* A warning, of a level below 0, means that pixels are missing, and libjpeg would invent them; some
 * are about unusual headers and bytes between markers, without which the image is whole. */
static void take_message(j_common_ptr cinfo, int level)
{
    const int code = cinfo->err->msg_code;

    if (level < 0 && code != JWRN_EXTRANEOUS_DATA && code != JWRN_JFIF_MAJOR &&
        code != JWRN_ADOBE_XFORM)
        fail(cinfo);
}

static void count_scans(j_common_ptr cinfo)
{
    struct jpeg *state = cinfo->client_data;

    if (state->cinfo.input_scan_number <= MOST_SCANS)
        return;
    state->status = ff_fail(state->picture->ctx, FF_EINVAL, "%s: more than %d scans; save it again",
                            ff_input_path(state->picture->input), MOST_SCANS);
    longjmp(state->jump, 1);
}

static void no_start(j_decompress_ptr cinfo)
{
    (void)cinfo;
}

static boolean fill_buffer(j_decompress_ptr cinfo)
{
    struct jpeg *state = cinfo->client_data;
    size_t got;

    state->status = ff_input_read(state->picture->input, state->buffer, sizeof state->buffer, &got);
    if (state->status == FF_OK && got == 0)
        state->status = ff_fail(state->picture->ctx, FF_ECORRUPT,
                                "%s: truncated JPEG; copy it again, or remove it",
                                ff_input_path(state->picture->input));
    if (state->status != FF_OK)
        longjmp(state->jump, 1);
    state->source.next_input_byte = state->buffer;
    state->source.bytes_in_buffer = got;
    return TRUE;
}

static void skip_bytes(j_decompress_ptr cinfo, long bytes)
{
    struct jpeg_source_mgr *source = cinfo->src;

    while (bytes > 0 && (size_t)bytes > source->bytes_in_buffer) {
        bytes -= (long)source->bytes_in_buffer;
        fill_buffer(cinfo);
    }
    if (bytes > 0) {
        source->next_input_byte += bytes;
        source->bytes_in_buffer -= (size_t)bytes;
    }
}

/* ---- Calls of libjpeg that may jump ---- */

static int read_header(struct ff_picture *picture)
{
    struct jpeg *state = picture->state;

    if (setjmp(state->jump))
        return state->status;
    jpeg_create_decompress(&state->cinfo);
    state->cinfo.src = &state->source;
    state->cinfo.progress = &state->progress;
    jpeg_read_header(&state->cinfo, TRUE);
    picture->width = state->cinfo.image_width;
    picture->height = state->cinfo.image_height;
    picture->channels = state->cinfo.num_components == 1 ? 1 : 3;
    return FF_OK;
}

static int begin_pixels(struct ff_picture *picture)
{
    struct jpeg *state = picture->state;
    j_decompress_ptr cinfo = &state->cinfo;

    if (setjmp(state->jump))
        return state->status;
    cinfo->out_color_space = cinfo->num_components == 1   ? JCS_GRAYSCALE
                             : cinfo->num_components == 4 ? JCS_CMYK
                                                          : JCS_RGB;
    cinfo->dct_method = JDCT_ISLOW; /* the same values on every machine */
    jpeg_start_decompress(cinfo);
    return FF_OK;
}

static int read_row(struct ff_picture *picture, JSAMPLE *out)
{
    struct jpeg *state = picture->state;

    if (setjmp(state->jump))
        return state->status;
    jpeg_read_scanlines(&state->cinfo, &out, 1);
    return FF_OK;
}

static int read_end(struct ff_picture *picture)
{
    struct jpeg *state = picture->state;

    if (setjmp(state->jump))
        return state->status;
    jpeg_finish_decompress(&state->cinfo);
    return FF_OK;
}

/* ---- The operations ---- */

static int reserve(struct ff_picture *picture, size_t bytes)
{
    struct jpeg *state = picture->state;
    int status = ff_meter_reserve(picture->ctx, FF_MEM_IO, bytes);

    if (status == FF_OK)
        state->reserved += bytes;
    return status;
}

static int jpeg_open(struct ff_picture *picture)
{
    struct jpeg *state = ff_alloc(picture->ctx, FF_MEM_IO, sizeof *state);
    int status;

    if (!state)
        return ff_alloc_status(picture->ctx);
    picture->state = state;
    state->picture = picture;
    state->cinfo.err = jpeg_std_error(&state->errors);
    state->cinfo.client_data = state;
    state->errors.error_exit = fail;
    state->errors.emit_message = take_message;
    state->progress.progress_monitor = count_scans;
    state->source = (struct jpeg_source_mgr){
        .init_source = no_start,
        .fill_input_buffer = fill_buffer,
        .skip_input_data = skip_bytes,
        .resync_to_restart = jpeg_resync_to_restart,
        .term_source = no_start,
    };
    status = reserve(picture, TABLE_BYTES);
    return status == FF_OK ? read_header(picture) : status;
}

/* The bytes that libjpeg takes to decode the image. */
static size_t decoding_bytes(struct jpeg *state)
{
    j_decompress_ptr cinfo = &state->cinfo;
    size_t width = (size_t)cinfo->image_width + BLOCK_MARGIN * DCTSIZE;
    size_t bytes = width * (size_t)cinfo->num_components * BUFFERED_ROWS;

    for (int c = 0; jpeg_has_multiple_scans(cinfo) && c < cinfo->num_components; c++) {
        const jpeg_component_info *component = &cinfo->comp_info[c];

        bytes += sizeof(JBLOCK) * ((size_t)component->width_in_blocks + BLOCK_MARGIN) *
                 ((size_t)component->height_in_blocks + BLOCK_MARGIN);
    }
    return bytes;
}

static int begin(struct ff_picture *picture)
{
    struct jpeg *state = picture->state;
    size_t bytes = decoding_bytes(state);
    int status = reserve(picture, bytes);

    if (status == FF_EBUDGET)
        return ff_fail(picture->ctx, FF_EBUDGET,
                       "%s: decoding this JPEG takes %zu bytes, for which the memory budget has no "
                       "room; allow more, or save it smaller or without progressive scans",
                       ff_input_path(picture->input), bytes);
    if (status == FF_OK)
        status = begin_pixels(picture);
    if (status != FF_OK || state->cinfo.output_components != CMYK)
        return status;
    state->row_bytes = (size_t)picture->width * CMYK;
    state->cmyk = ff_alloc(picture->ctx, FF_MEM_IO, state->row_bytes);
    return state->cmyk ? FF_OK : ff_alloc_status(picture->ctx);
}

/* Adobe's programs store ink inverted. */
static void cmyk_to_rgb(const struct jpeg *state, unsigned char *out)
{
    unsigned flip = state->cinfo.saw_Adobe_marker ? 0 : 255;

    for (size_t x = 0; x < state->row_bytes / CMYK; x++) {
        const JSAMPLE *ink = state->cmyk + x * CMYK;

        for (size_t c = 0; c < 3; c++)
            out[x * 3 + c] = (unsigned char)(((ink[c] ^ flip) * (ink[3] ^ flip) + 127) / 255);
    }
}

static int jpeg_row(struct ff_picture *picture, unsigned char *out)
{
    struct jpeg *state = picture->state;
    int status = state->begun ? FF_OK : begin(picture);

    state->begun = true;
    if (status == FF_OK)
        status = read_row(picture, state->cmyk ? state->cmyk : out);
    if (status == FF_OK && state->cmyk)
        cmyk_to_rgb(state, out);
    return status;
}

static void jpeg_close(struct ff_picture *picture)
{
    struct jpeg *state = picture->state;

    if (!state)
        return;
    jpeg_destroy_decompress(&state->cinfo);
    ff_meter_sub(picture->ctx, FF_MEM_IO, state->reserved);
    if (state->cmyk)
        ff_free(picture->ctx, FF_MEM_IO, state->cmyk, state->row_bytes);
    ff_free(picture->ctx, FF_MEM_IO, state, sizeof *state);
}

static const char *const endings[] = {"jpg", "jpeg", NULL};

const struct ff_image_kind ff_image_jpeg = {
    .endings = endings,
    .magic = has_magic,
    .open = jpeg_open,
    .row = jpeg_row,
    .end = read_end,
    .close = jpeg_close,
};
