/* Hard negatives: rows under labels of their own, wrong ones as often as the goodness of the layers
 * below takes a row for them. */
#include "fixtures/train_fixture.h"
#include "learn/hard_negatives.h"
#include "learn/streams.h"
#include "model/workers.h"
#include "support/memory_scratch.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 4000
#define CLASSES 5
#define WIDTH 3
#define SCALE 0.25f

static const struct ff_hard_negatives_shape shape = {CLASSES, WIDTH, ROWS};
/* The same of every row: one label is likely, one hardly. */
static const float goodness[CLASSES] = {4, 8, 2, -30, 6};

static struct ff_ctx *ctx;
static struct ff_scratch scratch;
static struct ff_workers workers;
static struct ff_set *set;
static struct ff_hard_negatives gather;
static uint16_t labels[ROWS];
static float rows[ROWS * WIDTH];

/* What element J of a row holds under LABEL. */
static float element(size_t row, size_t label, size_t j)
{
    return (float)((row * CLASSES + label) * WIDTH + j);
}

static void put(uint32_t stream, enum ff_dtype dtype, uint32_t columns, const void *data)
{
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_matrix matrix = {dtype, ROWS, columns, data};

    ck_assert_int_eq(ff_set_put(set, 0, stream, &matrix, dtype, &none), FF_OK);
}

static void put_inputs(void)
{
    static float sums[ROWS * CLASSES], under[ROWS * WIDTH];

    put(FF_STREAM_LABELS, FF_U16, 1, labels);
    for (uint32_t c = 0; c < CLASSES; c++) {
        for (size_t i = 0; i < (size_t)ROWS * WIDTH; i++)
            under[i] = element(i / WIDTH, c, i % WIDTH);
        put(FF_STREAM_CLASS + c, FF_F32, WIDTH, under);
    }
    for (size_t i = 0; i < (size_t)ROWS * CLASSES; i++)
        sums[i] = goodness[i % CLASSES];
    put(FF_STREAM_GOODNESS, FF_F32, CLASSES, sums);
}

static void setup(void)
{
    struct ff_buffer buffers[FF_HARD_NEGATIVES_BUFFERS];
    const struct ff_seal seal = {.boundary = 1, .chunks = 1};

    ctx = train_ctx();
    gather = (struct ff_hard_negatives){0};
    for (size_t i = 0; i < ROWS; i++)
        labels[i] = (uint16_t)(i % CLASSES);
    ck_assert_int_eq(ff_workers_init(&workers, ctx, 1), FF_OK);
    ck_assert_int_eq(ff_memory_scratch_new(ctx, &scratch), FF_OK);
    ck_assert_int_eq(scratch.ops->create(scratch.self, 1, &set), FF_OK);
    put_inputs();
    ck_assert_int_eq(ff_set_seal(set, &seal), FF_OK);
    ff_hard_negatives_list(&shape, &gather, buffers);
    ck_assert_int_eq(ff_buffers_alloc(ctx, FF_HARD_NEGATIVES_BUFFERS, buffers), FF_OK);
}

static void teardown(void)
{
    struct ff_buffer buffers[FF_HARD_NEGATIVES_BUFFERS];
    struct ff_memory memory;

    ff_hard_negatives_list(&shape, &gather, buffers);
    ff_buffers_free(ctx, FF_HARD_NEGATIVES_BUFFERS, buffers);
    ff_set_close(set);
    ff_scratch_close(&scratch);
    ff_workers_release(&workers);
    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
}

static int gather_rows(bool negative, uint32_t epoch, uint64_t first)
{
    const struct ff_hard_negatives_choice choice = {
        .negative = negative,
        .rng = ff_rng_make(9, FF_RNG_HARD_LABEL, 2, epoch),
        .first = first,
        .scale = SCALE,
    };

    memset(rows, 0, sizeof rows);
    ck_assert_int_eq(ff_hard_negatives_find(&shape, set, 0, &gather), FF_OK);
    return ff_hard_negatives_gather(&shape, set, &gather, &choice, workers.coders[0], ROWS, rows);
}

/* The label that a gathered row is under; all of its elements are. */
static size_t label_of(size_t row)
{
    size_t label = (size_t)rows[row * WIDTH] / WIDTH % CLASSES;

    for (size_t j = 0; j < WIDTH; j++)
        ck_assert_float_eq(rows[row * WIDTH + j], element(row, label, j));
    return label;
}

START_TEST(positive_rows_are_under_the_true_label)
{
    ck_assert_int_eq(gather_rows(false, 0, 0), FF_OK);
    for (size_t row = 0; row < ROWS; row++)
        ck_assert_uint_eq(label_of(row), labels[row]);
}
END_TEST

/* Counts the labels that rows of each true label are under. */
static void count_labels(double counts[CLASSES][CLASSES])
{
    memset(counts, 0, sizeof(double) * CLASSES * CLASSES);
    for (size_t row = 0; row < ROWS; row++)
        counts[labels[row]][label_of(row)]++;
}

START_TEST(wrong_labels_are_drawn_from_the_softmax_of_the_goodness)
{
    const double n = (double)ROWS / CLASSES;
    double counts[CLASSES][CLASSES];

    ck_assert_int_eq(gather_rows(true, 0, 0), FF_OK);
    count_labels(counts);
    for (size_t truth = 0; truth < CLASSES; truth++) {
        double sum = 0;

        for (size_t c = 0; c < CLASSES; c++)
            sum += c == truth ? 0 : exp((double)(SCALE * goodness[c]));
        ck_assert_double_eq(counts[truth][truth], 0);
        for (size_t c = 0; c < CLASSES; c++) {
            double p = c == truth ? 0 : exp((double)(SCALE * goodness[c])) / sum;

            ck_assert_double_le(fabs(counts[truth][c] - n * p), 1 + 5.5 * sqrt(n * p * (1 - p)));
        }
    }
}
END_TEST

/* Rows that are under another label than in BEFORE. */
static size_t count_others(const float *before)
{
    size_t count = 0;

    for (size_t row = 0; row < ROWS; row++)
        count += rows[row * WIDTH] != before[row * WIDTH];
    return count;
}

/* By chance more than half of the rows are under another one, and many are under the same. */
START_TEST(a_wrong_label_is_a_function_of_sequence_and_row)
{
    static float before[ROWS * WIDTH];

    ck_assert_int_eq(gather_rows(true, 0, 0), FF_OK);
    memcpy(before, rows, sizeof before);
    ck_assert_int_eq(gather_rows(true, 0, 0), FF_OK);
    ck_assert_uint_eq(count_others(before), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(i ? gather_rows(true, 1, 0) : gather_rows(true, 0, ROWS), FF_OK);
        ck_assert_uint_ge(count_others(before), ROWS / 3);
        ck_assert_uint_le(count_others(before), ROWS * 9 / 10);
    }
}
END_TEST

START_TEST(a_label_of_no_class_is_damage)
{
    struct ff_hard_negatives_shape few = shape;
    const struct ff_hard_negatives_choice choice = {.rng = ff_rng_make(9, FF_RNG_HARD_LABEL, 2, 0)};

    few.classes = CLASSES - 1;
    ck_assert_int_eq(ff_hard_negatives_find(&few, set, 0, &gather), FF_OK);
    ck_assert_int_eq(
        ff_hard_negatives_gather(&few, set, &gather, &choice, workers.coders[0], ROWS, rows),
        FF_ECORRUPT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "label 4 of 4 classes"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn: hard negatives");
    TCase *tcase = tcase_create("gather");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, positive_rows_are_under_the_true_label);
    tcase_add_test(tcase, wrong_labels_are_drawn_from_the_softmax_of_the_goodness);
    tcase_add_test(tcase, a_wrong_label_is_a_function_of_sequence_and_row);
    tcase_add_test(tcase, a_label_of_no_class_is_damage);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
