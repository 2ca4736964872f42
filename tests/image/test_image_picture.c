/* Decoding of PNG, JPEG, PGM and PPM files, and of damaged ones. */
#include "fixtures/dataset_fixture.h"
#include "fixtures/image_fixture.h"
#include "image/picture.h"
#include "support/each_allocation.h"
#include "support/suite.h"

#include <check.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define W 13
#define H 9
#define MOST_BYTES ((uint64_t)480 * 1024) /* of memory */

/* Decodes DIRECTORY/NAME to *OUT, malloc'd, unless it is NULL. */
static int decode(const char *name, struct ff_picture *shape, unsigned char **out)
{
    struct ff_picture picture;
    int status = ff_picture_open(ctx, data_path(directory, name), &picture);
    unsigned char *pixels;
    size_t row;

    if (status != FF_OK)
        return status;
    *shape = picture;
    row = (size_t)picture.width * picture.channels;
    /* A damaged header may declare more than is there. */
    pixels = malloc(out ? row * picture.height : row);
    for (uint32_t y = 0; y < picture.height && status == FF_OK; y++)
        status = ff_picture_row(&picture, pixels + (out ? y * row : 0));
    ff_picture_close(&picture);
    if (out && status == FF_OK)
        *out = pixels;
    else
        free(pixels);
    return status;
}

static unsigned char *take(const char *name, uint32_t width, uint32_t height, uint32_t channels)
{
    struct ff_picture shape;
    unsigned char *pixels = NULL;

    ck_assert_msg(decode(name, &shape, &pixels) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(shape.width, width);
    ck_assert_uint_eq(shape.height, height);
    ck_assert_uint_eq(shape.channels, channels);
    return pixels;
}

/* ---- PNG ---- */

static const struct {
    int type, depth;
    uint32_t values, channels; /* per pixel, in the file and decoded */
} pngs[] = {
    {PNG_COLOR_TYPE_GRAY, 1, 1, 1},        {PNG_COLOR_TYPE_GRAY, 2, 1, 1},
    {PNG_COLOR_TYPE_GRAY, 4, 1, 1},        {PNG_COLOR_TYPE_GRAY, 8, 1, 1},
    {PNG_COLOR_TYPE_GRAY, 16, 1, 1},       {PNG_COLOR_TYPE_GRAY_ALPHA, 8, 2, 1},
    {PNG_COLOR_TYPE_GRAY_ALPHA, 16, 2, 1}, {PNG_COLOR_TYPE_RGB, 8, 3, 3},
    {PNG_COLOR_TYPE_RGB, 16, 3, 3},        {PNG_COLOR_TYPE_RGB_ALPHA, 8, 4, 3},
    {PNG_COLOR_TYPE_RGB_ALPHA, 16, 4, 3},  {PNG_COLOR_TYPE_PALETTE, 1, 1, 3},
    {PNG_COLOR_TYPE_PALETTE, 4, 1, 3},     {PNG_COLOR_TYPE_PALETTE, 8, 1, 3},
};
#define PNGS (sizeof pngs / sizeof *pngs)

/* Value I of a row as stored, of DEPTH bits. */
static unsigned stored(const unsigned char *row, size_t i, int depth)
{
    size_t per_byte = 8 / (size_t)depth;

    if (depth == 16)
        return (unsigned)row[2 * i] << 8 | row[2 * i + 1];
    return (unsigned)row[i / per_byte] >> (8 - (size_t)depth * (i % per_byte + 1)) &
           ((1u << depth) - 1);
}

static unsigned char png_value(size_t k, const unsigned char *row, size_t x, size_t c)
{
    unsigned value = stored(row, x * pngs[k].values + c, pngs[k].depth);
    const unsigned most = (1u << pngs[k].depth) - 1;

    if (pngs[k].type != PNG_COLOR_TYPE_PALETTE)
        return (unsigned char)((value * 255 + most / 2) / most);
    value = stored(row, x, pngs[k].depth);
    return (unsigned char)(c == 0 ? value : c == 1 ? 2 * value : 255 - value);
}

static void check_png(size_t k, bool interlaced)
{
    unsigned char rows[H][W * 8];
    struct image_png image = {W,          H,       pngs[k].type,  pngs[k].depth,
                              interlaced, rows[0], sizeof rows[0]};
    unsigned char *pixels;

    for (size_t i = 0; i < sizeof rows; i++)
        rows[i / sizeof rows[0]][i % sizeof rows[0]] = data_pixel(i, i / 5);
    image_write_png(directory, "a.png", &image);
    pixels = take("a.png", W, H, pngs[k].channels);
    for (size_t y = 0; y < H; y++)
        for (size_t x = 0; x < W; x++)
            for (size_t c = 0; c < pngs[k].channels; c++)
                ck_assert_uint_eq(pixels[(y * W + x) * pngs[k].channels + c],
                                  png_value(k, rows[y], x, c));
    free(pixels);
}

START_TEST(every_type_of_png_becomes_grey_or_colour)
{
    check_png((size_t)_i, false);
    check_png((size_t)_i, true);
}
END_TEST

/* ---- JPEG ---- */

/* A gradient, which JPEG keeps nearly as it is. */
static void fill_smoothly(unsigned char *pixels, uint32_t channels)
{
    for (size_t i = 0; i < (size_t)W * H * channels; i++)
        pixels[i] =
            (unsigned char)(4 * (i / channels % W) + 6 * (i / channels / W) + 40 * (i % channels));
}

START_TEST(a_jpeg_is_nearly_what_was_written)
{
    const uint32_t channels = _i ? 3 : 1;
    unsigned char original[W * H * 3], *plain, *progressive;

    fill_smoothly(original, channels);
    image_write_jpeg(directory, "a.jpg", W, H, channels, false, original);
    image_write_jpeg(directory, "b.jpg", W, H, channels, true, original);
    plain = take("a.jpg", W, H, channels);
    progressive = take("b.jpg", W, H, channels);
    for (size_t i = 0; i < (size_t)W * H * channels; i++)
        ck_assert_int_le(abs(plain[i] - original[i]), 12);
    ck_assert_mem_eq(plain, progressive, (size_t)W * H * channels);
    free(plain);
    free(progressive);
}
END_TEST

/* ---- PGM and PPM ---- */

static void write_text(const char *name, const char *text)
{
    struct data_bytes bytes = {0};

    data_put(&bytes, text, strlen(text) + 1); /* an empty text has an address, too */
    bytes.n--;
    data_write(directory, name, &bytes);
}

static const struct {
    const char *text;
    uint32_t width, height, channels;
    unsigned char pixels[6];
} pnms[] = {
    {"P5 2 2 255\nabcd", 2, 2, 1, "abcd"},
    {"P6\n# made by hand\n1 2\n255\nabcdef", 1, 2, 3, "abcdef"},
    {"P5\t2#x\n1\r100\n\001\144", 2, 1, 1, {3, 255}},
    {"P2 3 1 255 1 2\n3", 3, 1, 1, {1, 2, 3}},
    {"P2#a\n3 1 3 0 1 # b\n 3 \n", 3, 1, 1, {0, 85, 255}},
    {"P2 3 1 255\n1#a\n2\n#b\n#c\r3# the end\n", 3, 1, 1, {1, 2, 3}},
    {"P2 1 1 255\n1 # without a line end", 1, 1, 1, {1}},
    {"P3 1 1 255\n7 8 9\n", 1, 1, 3, {7, 8, 9}},
};

START_TEST(a_pnm_is_read_as_bytes_or_text)
{
    unsigned char *pixels;

    write_text("a.pgm", pnms[_i].text);
    pixels = take("a.pgm", pnms[_i].width, pnms[_i].height, pnms[_i].channels);
    ck_assert_mem_eq(pixels, pnms[_i].pixels, pnms[_i].width * pnms[_i].height * pnms[_i].channels);
    free(pixels);
}
END_TEST

static const struct {
    const char *text;
    int status;
    const char *says;
} bad[] = {
    {"", FF_ECORRUPT, "is empty"},
    {"<!DOCTYPE html>", FF_EFORMAT, "is not an image"},
    {"P5 2", FF_ECORRUPT, "truncated"},
    {"P5 x 2 255\n", FF_ECORRUPT, "a number is missing in its width"},
    {"P5 2 -2 255\n", FF_ECORRUPT, "a number is missing in its height"},
    {"P5 2 1234567890123 255\n", FF_ECORRUPT, "a number is missing in its height"},
    {"P5 0 2 255\n", FF_EINVAL, "0 x 2 pixels"},
    {"P5 2 16385 255\n", FF_EINVAL, "2 x 16385 pixels"},
    {"P5 2 2 65535\nabcdefgh", FF_EINVAL, "8 bits"},
    {"P5 2 2 0\nabcd", FF_EINVAL, "8 bits"},
    {"P5 2 2 255\nabc", FF_ECORRUPT, "truncated"},
    {"P5 2 2 255\nabcde", FF_ECORRUPT, "does not end after its pixels"},
    {"P5 2 1 50\na1", FF_ECORRUPT, "more than 50"},
    {"P2 2 1 255\n1", FF_ECORRUPT, "truncated"},
    {"P2 2 1 255\n1 #2", FF_ECORRUPT, "truncated"},
    {"P2 2 1 255\n1 x", FF_ECORRUPT, "a number is missing in its pixels"},
    {"P2 2 1 255\n1 256", FF_ECORRUPT, "more than 255"},
    {"P2 2 1 255\n1 2 3", FF_ECORRUPT, "does not end after its pixels"},
};

START_TEST(a_damaged_pnm_is_an_error_that_names_it)
{
    struct ff_picture shape;

    write_text("a.pgm", bad[_i].text);
    ck_status(decode("a.pgm", &shape, NULL), bad[_i].status, bad[_i].says);
    ck_says("a.pgm");
}
END_TEST

/* ---- Any kind ---- */

static const char *const kinds[] = {"a.png", "interlaced.png", "a.jpg", "progressive.jpg", "a.ppm"};
#define KINDS (sizeof kinds / sizeof *kinds)

static void write_kind(size_t k)
{
    unsigned char pixels[W * H * 3];
    struct image_png png = {W, H, PNG_COLOR_TYPE_RGB, 8, k == 1, pixels, (size_t)W * 3};

    fill_smoothly(pixels, 3);
    if (k < 2)
        image_write_png(directory, kinds[k], &png);
    else if (k < 4)
        image_write_jpeg(directory, kinds[k], W, H, 3, k == 3, pixels);
    else
        image_write_pnm(directory, kinds[k], W, H, 3, pixels);
}

START_TEST(an_image_cut_anywhere_is_an_error)
{
    const char *name = kinds[_i];
    struct ff_picture shape;
    struct data_bytes whole;

    write_kind((size_t)_i);
    whole = data_read(directory, name);
    for (size_t cut = 1; cut <= whole.n; cut++) {
        ck_assert_int_eq(truncate(data_path(directory, name), (off_t)(whole.n - cut)), 0);
        ck_assert_int_ne(decode(name, &shape, NULL), FF_OK);
        ck_says(name);
    }
    free(whole.at);
}
END_TEST

/* dataset_teardown() checks that nothing leaks. */
START_TEST(any_damage_is_an_error_or_another_image)
{
    const char *name = kinds[_i];
    struct ff_picture shape;
    struct data_bytes whole;
    int status;

    ff_memory_limit(ctx, MOST_BYTES); /* a damaged header may declare a large image */
    write_kind((size_t)_i);
    whole = data_read(directory, name);
    for (size_t bit = 0; bit < 8 * whole.n; bit += 3) {
        struct data_bytes damaged = {0};

        data_put(&damaged, whole.at, whole.n);
        damaged.at[bit / 8] ^= (unsigned char)(1u << bit % 8);
        data_write(directory, name, &damaged);
        status = decode(name, &shape, NULL);
        if (status != FF_OK && status != FF_EBUDGET)
            ck_says(name);
    }
    free(whole.at);
}
END_TEST

static int decode_again(void *arg)
{
    struct ff_picture shape;

    return decode(arg, &shape, NULL);
}

START_TEST(every_failing_allocation_is_reported_and_leaks_nothing)
{
    char name[32];

    snprintf(name, sizeof name, "%s", kinds[_i]);
    write_kind((size_t)_i);
    ck_assert_int_gt(fail_each_allocation(ctx, decode_again, name, 1000), 2);
}
END_TEST

/* Coefficients of a progressive image are held whole. */
START_TEST(memory_of_libjpeg_counts_in_the_budget)
{
    const uint32_t side = 1000;
    unsigned char *pixels = calloc((size_t)side * side, 3);
    struct ff_picture shape;

    image_write_jpeg(directory, "a.jpg", side, side, 3, false, pixels);
    image_write_jpeg(directory, "b.jpg", side, side, 3, true, pixels);
    free(pixels);
    ff_memory_limit(ctx, MOST_BYTES);
    ck_assert_msg(decode("a.jpg", &shape, NULL) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_status(decode("b.jpg", &shape, NULL), FF_EBUDGET, "b.jpg: decoding this JPEG takes");
}
END_TEST

START_TEST(the_kind_is_that_of_the_content)
{
    unsigned char pixels[W * H * 3] = {0};

    image_write_jpeg(directory, "really-a-jpeg.PNG", W, H, 3, false, pixels);
    ck_assert(ff_picture_has_name("really-a-jpeg.PNG"));
    free(take("really-a-jpeg.PNG", W, H, 3));
    ck_assert(!ff_picture_has_name("png"));
    ck_assert(!ff_picture_has_name("a.png.txt"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("image: decoding");
    TCase *tc = dataset_tcase(suite, "kinds");

    tcase_add_loop_test(tc, every_type_of_png_becomes_grey_or_colour, 0, PNGS);
    tcase_add_loop_test(tc, a_jpeg_is_nearly_what_was_written, 0, 2);
    tcase_add_loop_test(tc, a_pnm_is_read_as_bytes_or_text, 0, sizeof pnms / sizeof *pnms);
    tcase_add_loop_test(tc, a_damaged_pnm_is_an_error_that_names_it, 0, sizeof bad / sizeof *bad);
    tcase_add_loop_test(tc, an_image_cut_anywhere_is_an_error, 0, KINDS);
    tcase_add_loop_test(tc, any_damage_is_an_error_or_another_image, 0, KINDS);
    tcase_add_loop_test(tc, every_failing_allocation_is_reported_and_leaks_nothing, 0, KINDS);
    tcase_add_test(tc, memory_of_libjpeg_counts_in_the_budget);
    tcase_add_test(tc, the_kind_is_that_of_the_content);
    return run_suite(suite);
}
