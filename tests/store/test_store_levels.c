/* Conversions give the same bits on every level of instruction sets that this processor has. */
#include "base/level.h"
#include "store/convert.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

#define ROWS 7
#define MAX_COLUMNS 261
#define ELEMENTS (ROWS * MAX_COLUMNS)

struct results {
    uint8_t bytes[2][ELEMENTS * 4]; /* as bf16 and as scaled u8 */
    float widened[2][ELEMENTS];
    uint8_t shuffled[2][ELEMENTS * 4], unshuffled[2][ELEMENTS * 4];
    size_t zeros[3];
};

/* Every row begins with a special value; the others are of all sizes and signs. */
static void fill(size_t columns, float out[ELEMENTS])
{
    static const float special[ROWS] = {1, NAN, INFINITY, -INFINITY, 1e-40f, 0, -1};
    uint32_t noise = 1;

    memset(out, 0, ELEMENTS * sizeof *out);
    for (size_t i = 0; i < ROWS * columns; i++) {
        noise = noise * 1664525u + 1013904223u;
        out[i] = noise >> 30 ? ldexpf((float)(int32_t)noise, (int)(noise >> 8 & 31) - 40) : 0;
        if (i % columns == 0)
            out[i] = special[i / columns];
    }
}

static void convert(size_t columns, const float *from, struct results *out)
{
    static const enum ff_dtype types[2] = {FF_BF16, FF_SCALED_U8};
    size_t count = ROWS * columns;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < 2; i++) {
        size_t size = i == 0 ? 2 : 4;

        ff_narrow(from, ROWS, columns, types[i], out->bytes[i]);
        ff_widen(out->bytes[i], types[i], ROWS, columns, out->widened[i]);
        ff_shuffle(from, count, size, out->shuffled[i]);
        ff_unshuffle(out->shuffled[i], count, size, out->unshuffled[i]);
        out->zeros[i] = ff_count_zeros(from, count, size);
    }
    out->zeros[2] = ff_count_zeros(from, count, 1);
}

START_TEST(every_level_gives_the_same_bits)
{
    static const size_t widths[] = {1, 15, 16, 33, 64, 100, MAX_COLUMNS};
    static struct results first, other;
    float from[ELEMENTS];

    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        fill(widths[i], from);
        ff_level_use(FF_LEVEL_BASE);
        convert(widths[i], from, &first);
        for (unsigned level = FF_LEVEL_BASE + 1; level < ff_levels_here(); level++) {
            ff_level_use(level);
            convert(widths[i], from, &other);
            ck_assert_msg(memcmp(&first, &other, sizeof first) == 0, "%zu columns on level %u",
                          widths[i], level);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store: levels");
    TCase *tcase = tcase_create("levels");

    tcase_add_test(tcase, every_level_gives_the_same_bits);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
