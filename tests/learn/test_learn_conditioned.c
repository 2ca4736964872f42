/* A label-conditioned layer at work: its goodness and its gradient are those of a plain layer whose
 * inputs are copied for every label, with the label among them; and the labels that a row meets
 * where there are many. */
#include "fixtures/train_fixture.h"
#include "learn/update.h"
#include "naive/conditioned.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FAN_IN 20
#define UNITS 300 /* three tiles, the last one smaller */
#define TILES 3
#define ROWS 24
#define BLOCKS 3
#define MANY_CLASSES 60
#define STRENGTH 0.75f

static const uint32_t block_rows[BLOCKS] = {11, 6, 7};

static struct ff_ctx *ctx;

static void setup(void)
{
    ctx = train_ctx();
}

static void teardown(void)
{
    struct ff_memory memory;

    ff_memory_read(ctx, &memory);
    ck_assert_uint_eq(memory.accounted_bytes, 0);
    ff_ctx_free(ctx);
}

/* A layer and rows for it. */
struct fixture {
    struct ff_manifest manifest;
    struct ff_workers workers;
    struct ff_layer layer;
    struct ff_conditioned conditioned;
    struct ff_block blocks[BLOCKS];
    struct ff_conditioned_rows rows;
    float x[ROWS * FAN_IN], z[ROWS * UNITS];
    uint16_t truth[ROWS];
    float class_weights[MANY_CLASSES];
};

static void place_blocks(struct fixture *f)
{
    uint32_t first = 0;

    for (size_t i = 0; i < BLOCKS; i++) {
        f->blocks[i] = (struct ff_block){f->x + first * FAN_IN, block_rows[i], first};
        first += block_rows[i];
    }
    f->rows = (struct ff_conditioned_rows){
        .blocks = f->blocks,
        .n_blocks = BLOCKS,
        .all_rows = ROWS,
        .z = f->z,
        .rng = ff_rng_make(9, FF_RNG_LABEL_SAMPLE, 1, 0),
        .first = 1000,
    };
}

/* With CLASSES classes, of which a row meets SAMPLES wrong ones (0: the default), or, if not
 * TRAINING, all. */
static void make(struct fixture *f, uint32_t classes, uint32_t samples, bool training)
{
    struct ff_recipe *recipe = &f->manifest.recipe;
    struct ff_layer shape;

    memset(f, 0, sizeof *f);
    ff_recipe_init(recipe);
    recipe->label_strength = (double)STRENGTH;
    recipe->label_samples = samples;
    f->manifest.classes = classes;
    f->manifest.features = FAN_IN;
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "300", recipe), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_OK);
    ck_assert_int_eq(ff_workers_init(&f->workers, ctx, 2), FF_OK);
    shape = ff_layer_of(&f->manifest, 1, 1);
    ck_assert_int_eq(ff_layer_init_paged(&f->layer, &f->workers, &shape, NULL, NULL), FF_OK);
    ck_assert_int_eq(ff_layer_seed(&f->layer, f->workers.pool, 3, 1, 1), FF_OK);
    oracle_fill(4, UNITS, -0.2f, 0.2f, f->layer.biases);
    oracle_fill(6, ROWS * FAN_IN, -1.7f, 1.7f, f->x);
    place_blocks(f);
    f->conditioned = ff_conditioned_make(&f->manifest, &f->layer, ROWS, training);
    ck_assert_int_eq(ff_conditioned_init(&f->conditioned, &f->workers), FF_OK);
    for (uint32_t row = 0; row < ROWS; row++)
        f->truth[row] = f->conditioned.truth[row] = (uint16_t)(row * 7 % classes);
}

static void release(struct fixture *f)
{
    ff_conditioned_release(&f->conditioned);
    ff_layer_release(&f->layer);
    ff_workers_release(&f->workers);
    ff_manifest_release(&f->manifest);
}

static void forward(struct fixture *f)
{
    ck_assert_int_eq(ff_conditioned_forward(&f->conditioned, &f->rows), FF_OK);
}

/* The label in place I of a row's list. */
static uint16_t label_at(const struct fixture *f, size_t row, size_t i)
{
    const struct ff_conditioned *c = &f->conditioned;

    return c->sampled ? c->labels[row * c->n_labels + i] : (uint16_t)i;
}

/* ---- Goodness and gradient ---- */

/* The goodness of ROW under LABEL, by the plain layer. */
static double goodness_under(const struct fixture *f, const struct oracle_layer *layer, size_t row,
                             uint16_t label)
{
    float x[FAN_IN + MANY_CLASSES] = {0};

    memcpy(x, f->x + row * FAN_IN, FAN_IN * sizeof *x);
    x[FAN_IN + label] = STRENGTH;
    return oracle_goodness(layer, x);
}

static const struct {
    uint32_t classes, samples;
    bool training;
} ways[] = {{4, 0, true}, {4, 2, true}, {MANY_CLASSES, 7, true}, {MANY_CLASSES, 7, false}};
#define WAYS ((int)(sizeof ways / sizeof *ways))

START_TEST(goodness_is_that_of_inputs_copied_for_every_label)
{
    static struct fixture f;
    struct oracle_layer layer;

    make(&f, ways[_i].classes, ways[_i].samples, ways[_i].training);
    ck_assert_uint_eq(f.conditioned.n_labels, ways[_i].training && ways[_i].samples
                                                  ? ways[_i].samples + 1
                                                  : ways[_i].classes);
    naive_copy(&f.layer, &layer);
    forward(&f);
    for (size_t i = 0; i < ROWS * f.conditioned.n_labels; i++) {
        size_t row = i / f.conditioned.n_labels;
        double expected =
            goodness_under(&f, &layer, row, label_at(&f, row, i % f.conditioned.n_labels));

        ck_assert_double_eq_tol((double)f.conditioned.goodness[i], expected, 1e-5 * expected);
    }
    free(layer.w);
    free(layer.b);
    release(&f);
}
END_TEST

#define STEP 1e-5

static const struct ff_loss_params gentle = {.goodness_scale = 3, .label_smoothing = 0.1f};

/* The loss of a batch, every row copied for each of its labels. */
static double objective(const struct fixture *f, const struct ff_loss *loss,
                        const struct oracle_layer *layer)
{
    double sum = 0;

    for (size_t row = 0; row < ROWS; row++) {
        double g[MANY_CLASSES];
        size_t truth = f->conditioned.sampled ? 0 : f->truth[row];

        for (size_t i = 0; i < f->conditioned.n_labels; i++)
            g[i] = goodness_under(f, layer, row, label_at(f, row, i));
        sum += (double)f->class_weights[f->truth[row]] *
               oracle_label_loss(loss, &gentle, true, f->conditioned.n_labels, truth, g);
    }
    return sum / ROWS;
}

/* Leaves the gradient in the velocity of plain gradient descent; returns the loss. */
static double compute_gradient(struct fixture *f, const struct ff_loss *loss, struct ff_sums *sums)
{
    struct ff_update update = {
        .workers = &f->workers, .layer = &f->layer, .optimizer = ff_optimizer_find("sgd")};
    struct ff_update_rows rows = {
        .blocks = f->blocks,
        .n_blocks = BLOCKS,
        .delta = f->z,
        .conditioned = &f->conditioned,
        .first = true,
        .last = true,
        .number = 1,
    };
    double value;

    forward(f);
    value = ff_conditioned_weigh(&f->conditioned, loss, &gentle, 0, ROWS, ROWS, sums);
    ck_assert_int_eq(ff_update_init(&update), FF_OK);
    ck_assert_int_eq(ff_update_run(&update, &rows), FF_OK);
    ff_update_release(&update);
    return value;
}

static void ck_slope(const struct fixture *f, const struct ff_loss *loss,
                     const struct oracle_layer *layer, double *parameter, double ours)
{
    double was = *parameter, above, below, slope;

    *parameter = was + STEP;
    above = objective(f, loss, layer);
    *parameter = was - STEP;
    below = objective(f, loss, layer);
    *parameter = was;
    slope = (above - below) / (2 * STEP);
    ck_assert_msg(fabs(ours - slope) <= 1e-7 + 1e-4 * fabs(slope), "%s: %g, not %g", loss->name,
                  ours, slope);
}

/* Every so many parameters of LAYER, as it was before, against the gradient in F. */
static void ck_gradient(const struct fixture *f, const struct ff_loss *loss,
                        struct oracle_layer *layer)
{
    struct ff_layer gradient = f->layer;
    struct oracle_layer slopes;

    gradient.weights = f->layer.weight_state[0];
    gradient.biases = f->layer.bias_state[0];
    gradient.label_weights = f->layer.label_state[0];
    naive_copy(&gradient, &slopes);
    for (size_t j = 0; j < UNITS; j += 23) {
        for (size_t k = j % 5; k < layer->fan_in; k += 5)
            ck_slope(f, loss, layer, &layer->w[j * layer->fan_in + k],
                     slopes.w[j * layer->fan_in + k]);
        ck_slope(f, loss, layer, &layer->b[j], slopes.b[j]);
    }
    free(slopes.w);
    free(slopes.b);
}

/* Of weights, biases and label weights; where a row meets some labels, by those. Classes have
 * weights. */
START_TEST(the_gradient_equals_finite_differences)
{
    static struct fixture f;
    size_t count;
    const struct ff_loss *losses = ff_losses(&count);

    for (size_t l = 0; l < count; l++) {
        struct oracle_layer layer;
        struct ff_sums sums = {0};
        double value;

        if (!oracle_is_over_labels(losses[l].name))
            continue;
        make(&f, ways[_i].classes, ways[_i].samples, true);
        oracle_fill(8, MANY_CLASSES, 0.2f, 3, f.class_weights);
        f.conditioned.class_weights = f.class_weights;
        naive_copy(&f.layer, &layer);
        value = compute_gradient(&f, &losses[l], &sums);
        ck_assert_double_eq_tol(value, objective(&f, &losses[l], &layer), 1e-5 * value);
        ck_gradient(&f, &losses[l], &layer);
        free(layer.w);
        free(layer.b);
        release(&f);
    }
}
END_TEST

/* ---- What is counted ---- */

START_TEST(a_tie_counts_as_wrong_and_negative_goodness_is_the_mean)
{
    static const float goodness[] = {
        3, 1, 2, /* right, by the first label; wrong by others */
        2, 2, 0, /* a tie */
        1, 4, 4,
    };
    static const uint16_t truth[] = {2, 0, 1};
    struct ff_sums sums = {0};

    ff_conditioned_count(3, 3, NULL, goodness, &sums);
    ck_assert_double_eq(sums.goodness_pos, 3 + 2 + 1);
    ck_assert_double_eq(sums.goodness_neg, 1.5 + 1 + 4);
    ck_assert_double_eq(sums.wrong, 2);
    ff_conditioned_count(3, 3, truth, goodness, &sums);
    ck_assert_double_eq(sums.goodness_pos, 6 + 2 + 2 + 4);
    ck_assert_double_eq(sums.goodness_neg, 6.5 + 2 + 1 + 2.5);
    ck_assert_double_eq(sums.wrong, 2 + 3);
    ck_assert_double_eq(sums.rows, 0);
    ck_assert_double_eq(sums.loss, 0);
}
END_TEST

/* ---- The labels that a row meets ---- */

static const uint32_t sample_counts[] = {1, 2, 5, 19, 58};
#define SAMPLE_COUNTS ((int)(sizeof sample_counts / sizeof *sample_counts))

START_TEST(the_true_label_comes_first_and_none_twice)
{
    static struct fixture f;
    uint32_t n = sample_counts[_i] + 1;

    make(&f, MANY_CLASSES, sample_counts[_i], true);
    forward(&f);
    ck_assert_uint_eq(f.conditioned.n_labels, n);
    for (size_t row = 0; row < ROWS; row++) {
        bool met[MANY_CLASSES] = {false};

        ck_assert_uint_eq(label_at(&f, row, 0), f.truth[row]);
        for (size_t i = 0; i < n; i++) {
            ck_assert_uint_lt(label_at(&f, row, i), MANY_CLASSES);
            ck_assert(!met[label_at(&f, row, i)]);
            met[label_at(&f, row, i)] = true;
        }
    }
    release(&f);
}
END_TEST

/* Of the wrong labels, the first half of a list is harder than all that are not in it, in
 * descending order; batch after batch another tile ranks them. */
START_TEST(half_of_the_labels_are_the_hardest)
{
    static struct fixture f;
    size_t hard = (sample_counts[_i] + 1) / 2;
    struct oracle_layer layer, few;

    make(&f, MANY_CLASSES, sample_counts[_i], true);
    naive_copy(&f.layer, &layer);
    for (f.rows.turn = 0; f.rows.turn < 2 * TILES; f.rows.turn++) {
        few = naive_few_units(&layer, f.rows.turn);
        ck_assert_uint_eq(few.units, 64); /* though the last tile has fewer */
        forward(&f);
        for (size_t row = 0; row < ROWS; row++) {
            uint16_t first = label_at(&f, row, 1), last = label_at(&f, row, hard);
            double least = goodness_under(&f, &few, row, last);
            size_t harder = 0;

            for (uint16_t label = 0; label < MANY_CLASSES; label++)
                harder += label != f.truth[row] &&
                          goodness_under(&f, &few, row, label) > least * (1 + 1e-5);
            ck_assert_uint_le(harder, hard - 1);
            ck_assert_double_ge(goodness_under(&f, &few, row, first), least * (1 - 1e-5));
        }
    }
    free(layer.w);
    free(layer.b);
    release(&f);
}
END_TEST

/* The labels of all rows of the batch into OUT (rows, n). */
static void lists_of(struct fixture *f, uint16_t *out)
{
    forward(f);
    memcpy(out, f->conditioned.labels, ROWS * f->conditioned.n_labels * sizeof *out);
}

/* Counts the rows whose lists differ in places FROM .. TO - 1. */
static size_t count_other(const struct fixture *f, const uint16_t *a, const uint16_t *b,
                          size_t from, size_t to)
{
    size_t n = f->conditioned.n_labels, other = 0;

    for (size_t row = 0; row < ROWS; row++)
        other += memcmp(a + row * n + from, b + row * n + from, (to - from) * sizeof *a) != 0;
    return other;
}

/* Hard ones follow from the layer alone; the others from the sequence of random numbers, which
 * names seed, layer and epoch, and the row's number. */
START_TEST(labels_at_random_are_a_function_of_sequence_and_row)
{
    enum { SAMPLES = 19, N = SAMPLES + 1, RANDOM = 1 + (SAMPLES + 1) / 2 };
    static struct fixture f;
    uint16_t lists[ROWS * N], again[ROWS * N];

    make(&f, MANY_CLASSES, SAMPLES, true);
    lists_of(&f, lists);
    lists_of(&f, again);
    ck_assert_mem_eq(again, lists, sizeof lists);
    f.rows.rng = ff_rng_make(9, FF_RNG_LABEL_SAMPLE, 1, 1);
    lists_of(&f, again);
    ck_assert_uint_eq(count_other(&f, again, lists, 0, RANDOM), 0);
    ck_assert_uint_eq(count_other(&f, again, lists, RANDOM, N), ROWS);
    f.rows.rng = ff_rng_make(9, FF_RNG_LABEL_SAMPLE, 1, 0);
    f.rows.first++;
    lists_of(&f, again);
    ck_assert_uint_eq(count_other(&f, again, lists, 0, RANDOM), 0);
    ck_assert_uint_eq(count_other(&f, again, lists, RANDOM, N), ROWS);
    release(&f);
}
END_TEST

/* Blocks of rows one by one, as in micro-batches, have the lists and the goodness of all together,
 * bit for bit. */
START_TEST(other_rows_of_a_call_do_not_matter)
{
    enum { SAMPLES = 6, N = SAMPLES + 1 };
    static struct fixture whole, part;
    size_t done = 0;

    make(&whole, MANY_CLASSES, SAMPLES, true);
    make(&part, MANY_CLASSES, SAMPLES, true);
    forward(&whole);
    for (size_t i = 0; i < BLOCKS; done += block_rows[i], i++) {
        part.blocks[i].first = 0;
        part.rows.blocks = &part.blocks[i];
        part.rows.n_blocks = 1;
        part.rows.all_rows = block_rows[i];
        part.rows.first = whole.rows.first + done;
        memcpy(part.conditioned.truth, whole.truth + done, block_rows[i] * sizeof *whole.truth);
        forward(&part);
        ck_assert_mem_eq(part.conditioned.labels, whole.conditioned.labels + done * N,
                         block_rows[i] * N * sizeof *whole.conditioned.labels);
        ck_assert_mem_eq(part.conditioned.goodness, whole.conditioned.goodness + done * N,
                         block_rows[i] * N * sizeof *whole.conditioned.goodness);
    }
    release(&whole);
    release(&part);
}
END_TEST

/* Over the epochs a row meets every label. */
START_TEST(every_label_is_met_in_time)
{
    static struct fixture f;
    uint32_t met[MANY_CLASSES] = {0};

    make(&f, MANY_CLASSES, 19, true);
    for (uint32_t epoch = 0; epoch < 60; epoch++) {
        f.rows.rng = ff_rng_make(9, FF_RNG_LABEL_SAMPLE, 1, epoch);
        forward(&f);
        for (size_t i = 0; i < f.conditioned.n_labels; i++)
            met[label_at(&f, 5, i)]++;
    }
    for (uint32_t label = 0; label < MANY_CLASSES; label++)
        ck_assert_uint_gt(met[label], 0);
    release(&f);
}
END_TEST

/* Up to 20 classes a row meets them all by default, and never more than there are. */
START_TEST(few_classes_are_all_met)
{
    static const struct {
        uint32_t classes, samples, met;
    } cases[] = {{2, 0, 2},  {20, 0, 20}, {21, 0, 20},  {1000, 0, 20},
                 {10, 3, 4}, {10, 9, 10}, {10, 64, 10}, {1000, FF_MAX_LABEL_SAMPLES, 129},
                 {2, 1, 2}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ff_manifest manifest = {.classes = cases[i].classes};

        manifest.recipe.label_samples = cases[i].samples;
        ck_assert_uint_eq(ff_manifest_labels_met(&manifest), cases[i].met);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("learn: conditioned");
    TCase *tcase = tcase_create("conditioned");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, goodness_is_that_of_inputs_copied_for_every_label, 0, WAYS);
    tcase_add_loop_test(tcase, the_gradient_equals_finite_differences, 0, WAYS - 1);
    tcase_add_test(tcase, a_tie_counts_as_wrong_and_negative_goodness_is_the_mean);
    tcase_add_loop_test(tcase, the_true_label_comes_first_and_none_twice, 0, SAMPLE_COUNTS);
    tcase_add_loop_test(tcase, half_of_the_labels_are_the_hardest, 0, SAMPLE_COUNTS);
    tcase_add_test(tcase, labels_at_random_are_a_function_of_sequence_and_row);
    tcase_add_test(tcase, other_rows_of_a_call_do_not_matter);
    tcase_add_test(tcase, every_label_is_met_in_time);
    tcase_add_test(tcase, few_classes_are_all_met);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
