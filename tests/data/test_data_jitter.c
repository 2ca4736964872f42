/* Jitter: where every pixel goes, and how shifts are drawn. */
#include "data/jitter.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BYTES 1024 /* of an image */
#define MOST_SHIFT 9    /* beyond all of these images */

static const struct ff_image images[] = {
    {.height = 5, .width = 7, .channels = 1},
    {.height = 5, .width = 7, .channels = 1, .planar = true},
    {.height = 8, .width = 3, .channels = 3},
    {.height = 8, .width = 3, .channels = 3, .planar = true},
    {.height = 1, .width = 6, .channels = 4},
    {.height = 6, .width = 1, .channels = 4, .planar = true},
    {.height = 1, .width = 1, .channels = 2},
};
#define IMAGES ((int)(sizeof images / sizeof *images))

static const size_t sizes[] = {1, 4}; /* of an element, in bytes */
#define SIZES ((int)(sizeof sizes / sizeof *sizes))

static size_t elements(const struct ff_image *image)
{
    return (size_t)image->height * image->width * image->channels;
}

/* The place of an element among those of the image. */
static size_t place(const struct ff_image *image, size_t y, size_t x, size_t channel)
{
    if (image->planar)
        return (channel * image->height + y) * image->width + x;
    return (y * image->width + x) * image->channels + channel;
}

/* Copies the element of OUT at (Y, X) from where it was before the shift, if that is inside. */
static void move_here(const struct ff_image *image, size_t size, const int32_t shift[2], size_t y,
                      size_t x, size_t channel, const unsigned char *in, unsigned char *out)
{
    long from_y = (long)y - shift[1], from_x = (long)x - shift[0];

    if (from_y < 0 || from_y >= (long)image->height || from_x < 0 || from_x >= (long)image->width)
        return;
    memcpy(out + place(image, y, x, channel) * size,
           in + place(image, (size_t)from_y, (size_t)from_x, channel) * size, size);
}

static void shift_naively(const struct ff_image *image, size_t size, const int32_t shift[2],
                          const unsigned char *in, unsigned char *out)
{
    memset(out, 0, elements(image) * size);
    for (size_t y = 0; y < image->height; y++) {
        for (size_t x = 0; x < image->width; x++) {
            for (size_t c = 0; c < image->channels; c++)
                move_here(image, size, shift, y, x, c, in, out);
        }
    }
}

/* No byte is 0, which is what moves in. */
static void fill(size_t n, unsigned char *bytes)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (unsigned char)(1 + i % 255);
}

START_TEST(a_shift_moves_every_pixel_and_zeros_move_in)
{
    const struct ff_image *image = &images[_i / SIZES];
    size_t size = sizes[_i % SIZES], bytes = elements(image) * size;
    unsigned char in[MOST_BYTES], out[MOST_BYTES + 1], expected[MOST_BYTES];

    ck_assert_uint_le(bytes, MOST_BYTES);
    fill(bytes, in);
    for (int32_t x = -MOST_SHIFT; x <= MOST_SHIFT; x++) {
        for (int32_t y = -MOST_SHIFT; y <= MOST_SHIFT; y++) {
            const int32_t shift[2] = {x, y};

            memset(out, 0xee, sizeof out);
            ff_jitter_shift(image, size, shift, in, out);
            shift_naively(image, size, shift, in, expected);
            ck_assert_msg(memcmp(out, expected, bytes) == 0, "shifted by (%d, %d)", x, y);
            ck_assert_uint_eq(out[bytes], 0xee);
        }
    }
}
END_TEST

static struct ff_rng sequence(uint32_t epoch)
{
    return ff_rng_make(3, FF_RNG_JITTER, 1, epoch);
}

/* Each pair of x and y as often as any other: so they know nothing of each other, either. */
START_TEST(every_shift_is_as_likely)
{
    enum { PIXELS = 2, SHIFTS = 2 * PIXELS + 1, ROWS = 50000 };
    const double mean = ROWS / (double)(SHIFTS * SHIFTS);
    struct ff_rng rng = sequence(0);
    uint32_t drawn[SHIFTS][SHIFTS] = {{0}};

    for (uint64_t row = 0; row < ROWS; row++) {
        int32_t shift[2];

        ff_jitter_draw(&rng, row, PIXELS, shift);
        ck_assert(abs(shift[0]) <= PIXELS && abs(shift[1]) <= PIXELS);
        drawn[shift[1] + PIXELS][shift[0] + PIXELS]++;
    }
    for (size_t i = 0; i < (size_t)SHIFTS * SHIFTS; i++)
        ck_assert_double_le(fabs(drawn[i / SHIFTS][i % SHIFTS] - mean), 5.5 * sqrt(mean));
}
END_TEST

/* One y of 7 is the x of the next row by chance. */
START_TEST(rows_share_no_draw)
{
    struct ff_rng rng = sequence(0);
    int32_t before[2], shift[2];
    int equal = 0;

    ff_jitter_draw(&rng, 0, 3, before);
    for (uint64_t row = 1; row < 700; row++) {
        ff_jitter_draw(&rng, row, 3, shift);
        equal += shift[0] == before[1];
        before[1] = shift[1];
    }
    ck_assert_int_ge(equal, 50);
    ck_assert_int_le(equal, 150);
}
END_TEST

START_TEST(the_farthest_shift_is_as_asked)
{
    const uint32_t pixels = 64;
    struct ff_rng rng = sequence(0);
    int32_t least = 0, most = 0, shift[2];

    for (uint64_t row = 0; row < 2000; row++) {
        ff_jitter_draw(&rng, row, pixels, shift);
        for (int axis = 0; axis < 2; axis++) {
            least = shift[axis] < least ? shift[axis] : least;
            most = shift[axis] > most ? shift[axis] : most;
        }
    }
    ck_assert_int_eq(least, -(int32_t)pixels);
    ck_assert_int_eq(most, (int32_t)pixels);
    ff_jitter_draw(&rng, 7, 0, shift);
    ck_assert(shift[0] == 0 && shift[1] == 0);
}
END_TEST

/* How many of the first rows of two sequences, the second one from row FIRST on, shift alike. */
static int alike(const struct ff_rng *a, const struct ff_rng *b, uint64_t first, int rows)
{
    int count = 0;

    for (int row = rows - 1; row >= 0; row--) {
        int32_t one[2], other[2];

        ff_jitter_draw(a, (uint64_t)row, 3, one);
        ff_jitter_draw(b, first + (uint64_t)row, 3, other);
        count += one[0] == other[0] && one[1] == other[1];
    }
    return count;
}

/* One shift of 49 is the same by chance. */
START_TEST(a_shift_is_a_function_of_sequence_and_row)
{
    const int rows = 500, by_chance = 30;
    struct ff_rng rng = sequence(0), again = sequence(0), next = sequence(1);

    ck_assert_int_eq(alike(&rng, &again, 0, rows), rows);
    ck_assert_int_le(alike(&rng, &next, 0, rows), by_chance);
    ck_assert_int_le(alike(&rng, &rng, 1, rows), by_chance);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("data: jitter");
    TCase *tcase = tcase_create("jitter");

    tcase_add_loop_test(tcase, a_shift_moves_every_pixel_and_zeros_move_in, 0, SIZES * IMAGES);
    tcase_add_test(tcase, every_shift_is_as_likely);
    tcase_add_test(tcase, rows_share_no_draw);
    tcase_add_test(tcase, the_farthest_shift_is_as_asked);
    tcase_add_test(tcase, a_shift_is_a_function_of_sequence_and_row);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
