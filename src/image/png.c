/*
 * PNG, through libpng. Its memory is metered. Chunks that do not matter for the pixels are skipped,
 * checksums of the others must match. An interlaced image is held whole; other images one row at a
 * time.
 */
#include "image/kind.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#define MAGIC_BYTES 8
#define BLOCK_PREFIX 64 /* stores the size of a block; a multiple of ff_alloc()'s alignment */

struct png {
    png_structp png;
    png_infop info;
    int status;        /* of reading the file, or of an allocation; FF_OK: the data is damaged */
    char message[160]; /* of libpng */
    bool begun, interlaced;
    unsigned char *pixels; /* of an interlaced image */
    size_t row_bytes;
};

static bool has_magic(const unsigned char *bytes, size_t n)
{
    return n >= MAGIC_BYTES && memcmp(bytes, "\x89PNG\r\n\x1a\n", MAGIC_BYTES) == 0;
}

/* ---- What libpng calls ---- */

static void fail(png_structp png, png_const_charp message)
{
    struct png *state = png_get_error_ptr(png);

    snprintf(state->message, sizeof state->message, "%s", message);
    png_longjmp(png, 1);
}

/* Warnings are about what does not matter for the pixels. */
static void ignore(png_structp png, png_const_charp message)
{
    (void)png;
    (void)message;
}

/* libpng frees without the size, so each block stores its own in front. */
static png_voidp allocate(png_structp png, png_alloc_size_t bytes)
{
    const struct ff_picture *picture = png_get_mem_ptr(png);
    unsigned char *block;
    size_t whole;

    if (__builtin_add_overflow((size_t)bytes, (size_t)BLOCK_PREFIX, &whole))
        return NULL;
    block = ff_alloc(picture->ctx, FF_MEM_IO, whole);
    if (!block) {
        ((struct png *)picture->state)->status = ff_alloc_status(picture->ctx);
        return NULL;
    }
    memcpy(block, &whole, sizeof whole);
    return block + BLOCK_PREFIX;
}

static void release(png_structp png, png_voidp pointer)
{
    const struct ff_picture *picture = png_get_mem_ptr(png);
    unsigned char *block = (unsigned char *)pointer - BLOCK_PREFIX;
    size_t whole;

    memcpy(&whole, block, sizeof whole);
    ff_free(picture->ctx, FF_MEM_IO, block, whole);
}

static void read_bytes(png_structp png, png_bytep out, size_t bytes)
{
    struct ff_picture *picture = png_get_io_ptr(png);
    struct png *state = picture->state;
    size_t got;

    state->status = ff_input_read(picture->input, out, bytes, &got);
    if (state->status == FF_OK && got < bytes)
        png_error(png, "truncated");
    if (state->status != FF_OK)
        png_error(png, "cannot read");
}

/* ---- Calls of libpng that may jump ---- */

static int failed(const struct ff_picture *picture)
{
    const struct png *state = picture->state;

    if (state->status != FF_OK)
        return state->status;
    return ff_fail(picture->ctx, FF_ECORRUPT, "%s: damaged PNG (%s); copy it again, or remove it",
                   ff_input_path(picture->input), state->message);
}

static int read_header(struct ff_picture *picture)
{
    struct png *state = picture->state;

    if (setjmp(png_jmpbuf(state->png)))
        return failed(picture);
    png_set_read_fn(state->png, picture, read_bytes);
    png_set_user_limits(state->png, FF_IMAGE_SIDE, FF_IMAGE_SIDE);
    png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(state->png, state->info);
    picture->width = png_get_image_width(state->png, state->info);
    picture->height = png_get_image_height(state->png, state->info);
    picture->channels = png_get_color_type(state->png, state->info) & PNG_COLOR_MASK_COLOR ? 3 : 1;
    return FF_OK;
}

/* Sets the conversion to 8 bits of grey or colour. */
static int begin_pixels(struct ff_picture *picture)
{
    struct png *state = picture->state;
    unsigned char type = png_get_color_type(state->png, state->info);

    if (setjmp(png_jmpbuf(state->png)))
        return failed(picture);
    if (type == PNG_COLOR_TYPE_PALETTE)
        png_set_palette_to_rgb(state->png);
    else if (type == PNG_COLOR_TYPE_GRAY)
        png_set_expand_gray_1_2_4_to_8(state->png);
    png_set_scale_16(state->png);
    png_set_strip_alpha(state->png);
    state->interlaced = png_set_interlace_handling(state->png) > 1;
    png_read_update_info(state->png, state->info);
    state->row_bytes = png_get_rowbytes(state->png, state->info);
    if (state->row_bytes != (size_t)picture->width * picture->channels)
        png_error(state->png, "unusual pixels");
    return FF_OK;
}

static int read_row(struct ff_picture *picture, unsigned char *out)
{
    struct png *state = picture->state;

    if (setjmp(png_jmpbuf(state->png)))
        return failed(picture);
    png_read_row(state->png, out, NULL);
    return FF_OK;
}

static int read_end(struct ff_picture *picture)
{
    struct png *state = picture->state;

    if (setjmp(png_jmpbuf(state->png)))
        return failed(picture);
    png_read_end(state->png, NULL);
    return FF_OK;
}

/* ---- The operations ---- */

static int png_open(struct ff_picture *picture)
{
    struct png *state = ff_alloc(picture->ctx, FF_MEM_IO, sizeof *state);

    if (!state)
        return ff_alloc_status(picture->ctx);
    picture->state = state;
    state->png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, state, fail, ignore, picture,
                                          allocate, release);
    if (state->png)
        state->info = png_create_info_struct(state->png);
    if (state->info)
        return read_header(picture);
    return state->status != FF_OK ? state->status
                                  : ff_fail(picture->ctx, FF_ENOMEM, "%s: libpng cannot be started",
                                            ff_input_path(picture->input));
}

/* Reads the passes of an interlaced image. */
static int read_passes(struct ff_picture *picture)
{
    struct png *state = picture->state;
    int status = FF_OK;

    state->pixels = ff_alloc_array(picture->ctx, FF_MEM_IO, picture->height, state->row_bytes);
    if (!state->pixels)
        return ff_alloc_status(picture->ctx);
    for (int pass = 0; pass < PNG_INTERLACE_ADAM7_PASSES; pass++)
        for (uint32_t y = 0; y < picture->height && status == FF_OK; y++)
            status = read_row(picture, state->pixels + y * state->row_bytes);
    return status;
}

static int png_row(struct ff_picture *picture, unsigned char *out)
{
    struct png *state = picture->state;
    int status = FF_OK;

    if (!state->begun) {
        status = begin_pixels(picture);
        if (status == FF_OK && state->interlaced)
            status = read_passes(picture);
    }
    state->begun = true;
    if (status != FF_OK)
        return status;
    if (!state->interlaced)
        return read_row(picture, out);
    memcpy(out, state->pixels + picture->next * state->row_bytes, state->row_bytes);
    return FF_OK;
}

static void png_close(struct ff_picture *picture)
{
    struct png *state = picture->state;

    if (!state)
        return;
    if (state->png)
        png_destroy_read_struct(&state->png, &state->info, NULL);
    ff_free(picture->ctx, FF_MEM_IO, state->pixels, picture->height * state->row_bytes);
    ff_free(picture->ctx, FF_MEM_IO, state, sizeof *state);
}

static const char *const endings[] = {"png", NULL};

const struct ff_image_kind ff_image_png = {
    .endings = endings,
    .magic = has_magic,
    .open = png_open,
    .row = png_row,
    .end = read_end,
    .close = png_close,
};
