/* ff-full computes what it says: weights, heads and metrics equal those of a naive network in
 * double precision; a layer's gradient, peer normalisation included, equals finite differences. */
#include "learn/pairs.h"
#include "learn/peers.h"
#include "learn/update.h"
#include "naive/parts.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Two batches of 301, each of two chunks, and one of 99. No batch holds a class as often as chance
 * has it: then the first gradient of a head's bias is nothing but rounding, which Adam enlarges. */
#define ROWS 701
#define BATCH 301
#define EPOCHS 6
/* In deviations of initial weights; a few dozen steps in single precision take a twentieth of it.
 */
#define TOLERANCE 3e-4
#define FIGURE_TOLERANCE 3e-4 /* relative */
/* Pairs are counted as wrong whose goodnesses nearly tie: so many may fall to the other side. */
#define NEAR_TIES (2.0 / ROWS)

static struct ff_epoch_report reports[EPOCHS];
static size_t n_reports;

static void keep_report(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    ck_assert(!report->head);
    ck_assert_uint_eq(report->layer, 0);
    ck_assert_uint_lt(n_reports, EPOCHS);
    reports[n_reports++] = *report;
}

static void setup(void)
{
    training_begin(ROWS, "24x3");
    recipe.mode = "ff-full";
    recipe.epochs = recipe.head_epochs = EPOCHS;
    recipe.batch = BATCH;
    recipe.learning_rate = 3e-3;
    opts.on_epoch = keep_report;
    opts.checkpoint_interval_s = TRAIN_NEVER_S; /* no time for syncing disks */
    opts.force = true;
}

static void ck_layer(const char *what, uint32_t k, const struct oracle_layer *ours,
                     const struct oracle_layer *naive)
{
    double most;

    ck_assert_int_eq(ours->w != NULL, naive->w != NULL);
    if (!naive->w)
        return;
    ck_assert_uint_eq(ours->units, naive->units);
    ck_assert_uint_eq(ours->fan_in, naive->fan_in);
    most = naive_difference(ours, naive);
    ck_assert_msg(most <= TOLERANCE, "%s, %s: %s %u: weights differ by %g deviations", recipe.loss,
                  recipe.negatives, what, k + 1, most);
}

static void ck_close(const char *what, double ours, double naive)
{
    ck_assert_msg(fabs(ours - naive) <= FIGURE_TOLERANCE * (1 + fabs(naive)),
                  "%s: %s: %.9g, naively %.9g", recipe.loss, what, ours, naive);
}

static void ck_epochs(const struct naive_network *naive)
{
    ck_assert_uint_eq(n_reports, recipe.epochs);
    for (size_t i = 0; i < n_reports; i++) {
        ck_assert_uint_eq(reports[i].epoch, i + 1);
        ck_close("loss of an epoch", reports[i].loss, naive->epochs[i].loss);
        ck_close("positive goodness", reports[i].goodness_pos, naive->epochs[i].goodness_pos);
        ck_close("negative goodness", reports[i].goodness_neg, naive->epochs[i].goodness_neg);
        ck_assert_double_le(fabs(reports[i].error - naive->epochs[i].error), NEAR_TIES);
    }
}

/* Trains RECIPE on the directory's data, both ways, and compares all that comes out. */
static void ck_training(void)
{
    struct naive_data data;
    struct naive_network naive, ours;

    n_reports = 0;
    train_ok(ctx, &recipe, &opts);
    naive_data_read(opts.data.path, "train", TRAIN_CLASSES, &data);
    naive_train_full(&recipe, &data, &naive);
    naive_read(opts.model, &ours);
    ck_assert_uint_eq(ours.layers, recipe.layers);
    for (uint32_t k = 0; k < recipe.layers; k++) {
        ck_layer("layer", k, &ours.layer[k], &naive.layer[k]);
        ck_layer("head", k, &ours.head[k], &naive.head[k]);
    }
    ck_epochs(&naive);
    naive_release(&naive);
    naive_release(&ours);
    naive_data_release(&data);
}

START_TEST(every_loss_of_pairs_and_optimizer)
{
    size_t losses, optimizers;
    const struct ff_loss *loss = ff_losses(&losses);
    const struct ff_optimizer *optimizer = ff_optimizers(&optimizers);

    for (size_t i = 0; i < losses * optimizers; i++) {
        if (!loss[i / optimizers].pairs)
            continue;
        recipe.loss = loss[i / optimizers].name;
        recipe.goodness_scale = recipe.threshold = NAN;
        recipe.optimizer = optimizer[i % optimizers].name;
        recipe.momentum = recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN;
        ck_training();
        ck_assert_double_lt(reports[EPOCHS - 1].loss, reports[0].loss);
    }
}
END_TEST

/* With and without a head, of one part and of several; hard negatives; weights of classes; peers;
 * decay; batches of every cut; several tiles. */
START_TEST(every_part_of_the_recipe)
{
    static const struct {
        const char *hidden, *negatives;
        uint32_t batch, sets;
        bool head, balanced;
        double peers, decay;
    } ways[] = {
        {"24x3", "random", BATCH, 3, false, false, 0, 0},
        {"24x2", "random", BATCH, 1, true, true, 0, 5},
        {"24x3", "hard", BATCH, 1, true, false, 0, 0},
        {"24x3", "random", 130, 2, false, false, 3, 0},
        {"24", "hard", 200, 1, true, true, 1, 0},
        {"140,20,30", "hard", 257, 1, true, true, 2, 5},
        {"20,140,30,10", "hard", 9999, 1, true, false, 2, 5},
    };

    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, ways[_i].hidden, &recipe), FF_OK);
    recipe.negatives = ways[_i].negatives;
    recipe.batch = ways[_i].batch;
    recipe.negative_sets = ways[_i].sets;
    recipe.head_epochs = ways[_i].head ? EPOCHS : 0;
    if (ways[_i].head)
        recipe.head_learning_rate = 0.01;
    if (ways[_i].balanced)
        recipe.class_weights = "balanced";
    recipe.peer_normalisation = ways[_i].peers;
    recipe.weight_decay = ways[_i].decay;
    recipe.head_weight_decay = ways[_i].head ? ways[_i].decay : 0;
    ck_training();
    if (ways[_i].head)
        ck_assert_uint_eq(recipe.head_epochs, recipe.epochs);
}
END_TEST

/* Positive, negative and neutral rows of a sample alike. */
START_TEST(shifted_images)
{
    recipe.jitter = 2;
    recipe.negatives = _i ? "hard" : "random";
    recipe.negative_sets = _i ? 1 : 3;
    recipe.head_epochs = EPOCHS;
    recipe.head_learning_rate = 0.01;
    ck_training();
}
END_TEST

/* Hinton's own recipe, of a small network. */
START_TEST(hintons_recipe)
{
    recipe.loss = "logistic";
    recipe.goodness_scale = 24;
    recipe.threshold = 1;
    recipe.optimizer = "sgd";
    recipe.learning_rate = 5e-3;
    recipe.weight_decay = 0.02;
    recipe.schedule = "half-linear";
    recipe.negatives = "hard";
    recipe.negative_sets = 1;
    recipe.peer_normalisation = 0.03;
    ck_training();
}
END_TEST

/* ---- A layer's gradient ---- */

#define FAN_IN 20
#define UNITS 150 /* two tiles */
#define PAIRS 12  /* in chunks of 7 and 5 */
#define STRENGTH 0.7
#define STEP 1e-5

struct gradient_case {
    struct ff_workers workers;
    struct ff_layer layer;
    struct ff_block blocks[4];
    struct ff_pairs pairs;
    float x[2 * PAIRS * FAN_IN];
    double before[UNITS]; /* running means */
};

static const uint32_t block_rows[] = {7, 7, 5, 5};

static void gradient_case_make(struct gradient_case *c, const struct ff_loss *loss)
{
    const struct ff_layer shape = ff_layer_shape(FAN_IN, UNITS, 1);
    uint32_t first = 0;

    ck_assert_int_eq(ff_workers_init(&c->workers, ctx, 2), FF_OK);
    ck_assert_int_eq(ff_layer_init(&c->layer, ctx, &shape), FF_OK);
    ck_assert_int_eq(ff_layer_add_means(&c->layer), FF_OK);
    ck_assert_int_eq(ff_layer_seed(&c->layer, c->workers.pool, 3, 1, 1), FF_OK);
    oracle_fill(4, UNITS, -0.2f, 0.2f, c->layer.biases);
    oracle_fill(5, UNITS, 0.1f, 0.9f, c->layer.unit_means);
    oracle_fill(6, sizeof c->x / sizeof *c->x, -1.7f, 1.7f, c->x);
    for (size_t j = 0; j < UNITS; j++)
        c->before[j] = (double)c->layer.unit_means[j];
    for (size_t i = 0; i < 4; i++) {
        c->blocks[i] = (struct ff_block){c->x + first * FAN_IN, block_rows[i], first};
        first += block_rows[i];
    }
    c->pairs =
        (struct ff_pairs){loss, {.goodness_scale = 3, .threshold = 0.8f}, PAIRS, c->blocks, 4};
}

/* Leaves the gradient in the velocity of plain gradient descent. */
static void compute_gradient(struct gradient_case *c)
{
    struct ff_update update = {.workers = &c->workers,
                               .layer = &c->layer,
                               .optimizer = ff_optimizer_find("sgd"),
                               .kept_rows = 7};
    float y[2 * PAIRS * UNITS], kept[2 * PAIRS * UNITS], sums[2 * 2 * PAIRS];
    float goodness[2 * PAIRS], scale[2 * PAIRS], shift[UNITS];
    struct ff_update_rows rows = {.blocks = c->blocks,
                                  .n_blocks = 4,
                                  .delta = y,
                                  .scale = scale,
                                  .shift = shift,
                                  .first = true,
                                  .last = true,
                                  .number = 1};
    double factor = STRENGTH * 2 * 3 / UNITS / PAIRS, loss = 0;

    ck_assert_int_eq(ff_layer_forward(&c->layer, c->workers.pool, c->blocks, 4, 2 * PAIRS, y, sums),
                     FF_OK);
    memcpy(kept, y, sizeof y);
    ck_assert_int_eq(ff_layer_goodness(&c->layer, 2 * PAIRS, sums, goodness), FF_OK);
    ff_pairs_scales(&c->pairs, UNITS, goodness, scale, &loss);
    ck_assert_int_eq(ff_peers_move(&c->layer, c->workers.pool, c->blocks, 4, y, factor, shift),
                     FF_OK);
    ck_assert_int_eq(ff_update_init(&update), FF_OK);
    ck_assert_int_eq(ff_update_run(&update, &rows), FF_OK);
    ff_update_release(&update);
    ck_assert_msg(memcmp(kept, y, sizeof y) == 0, "outputs were not kept");
}

/* The loss, and the pull of the peers on every z, whose strength is SHIFT (units). */
static double objective(const struct gradient_case *c, const struct oracle_layer *layer,
                        const double *shift)
{
    double sum = 0;

    for (size_t i = 0; i < 4; i += 2) {
        for (size_t r = 0; r < c->blocks[i].rows; r++) {
            const float *pos = c->blocks[i].x + r * FAN_IN, *neg = c->blocks[i + 1].x + r * FAN_IN;

            sum += oracle_loss(c->pairs.loss, &c->pairs.params, true, oracle_goodness(layer, pos),
                               oracle_goodness(layer, neg)) /
                   PAIRS;
            for (size_t j = 0; j < UNITS; j++) {
                double z = layer->b[j];

                for (size_t k = 0; k < FAN_IN; k++)
                    z += layer->w[j * FAN_IN + k] * (double)pos[k];
                sum += shift[j] * z;
            }
        }
    }
    return sum;
}

/* By the formula: strength (2 gs / n) (m_j - mean m) / B, the means moved on by the batch. */
static void expected_shift(const struct gradient_case *c, const struct oracle_layer *layer,
                           double *shift)
{
    double mean = 0;

    for (size_t j = 0; j < UNITS; j++) {
        double active = 0;

        for (size_t i = 0; i < 4; i += 2) {
            for (size_t r = 0; r < c->blocks[i].rows; r++) {
                double z = layer->b[j];

                for (size_t k = 0; k < FAN_IN; k++)
                    z += layer->w[j * FAN_IN + k] * (double)c->blocks[i].x[r * FAN_IN + k];
                active += z > 0 ? z : 0;
            }
        }
        shift[j] = 0.9 * c->before[j] + 0.1 * active / PAIRS;
        mean += shift[j] / UNITS;
    }
    for (size_t j = 0; j < UNITS; j++)
        shift[j] = STRENGTH * 2 * 3 / UNITS / PAIRS * (shift[j] - mean);
}

static void ck_slope(const struct gradient_case *c, const struct oracle_layer *layer,
                     const double *shift, double *parameter, float ours)
{
    double was = *parameter, above, below, slope;

    *parameter = was + STEP;
    above = objective(c, layer, shift);
    *parameter = was - STEP;
    below = objective(c, layer, shift);
    *parameter = was;
    slope = (above - below) / (2 * STEP);
    ck_assert_msg(fabs((double)ours - slope) <= 1e-7 + 1e-4 * fabs(slope), "%s: %g, not %g",
                  c->pairs.loss->name, (double)ours, slope);
}

START_TEST(the_gradient_with_peers_equals_finite_differences)
{
    size_t losses;
    const struct ff_loss *loss = ff_losses(&losses);

    for (size_t l = 0; l < losses; l++) {
        struct oracle_layer layer;
        struct gradient_case c;
        double shift[UNITS];

        if (oracle_is_over_labels(loss[l].name))
            continue;
        gradient_case_make(&c, &loss[l]);
        naive_layer_init(&layer, FAN_IN, UNITS);
        for (size_t i = 0; i < UNITS * FAN_IN; i++)
            layer.w[i] = (double)c.layer.weights[i];
        for (size_t j = 0; j < UNITS; j++)
            layer.b[j] = (double)c.layer.biases[j];
        expected_shift(&c, &layer, shift);
        compute_gradient(&c);
        for (size_t i = 0; i < UNITS * FAN_IN; i += 13)
            ck_slope(&c, &layer, shift, &layer.w[i], c.layer.weight_state[0][i]);
        for (size_t j = 0; j < UNITS; j += 3)
            ck_slope(&c, &layer, shift, &layer.b[j], c.layer.bias_state[0][j]);
        free(layer.w);
        free(layer.b);
        ff_layer_release(&c.layer);
        ff_workers_release(&c.workers);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("train: ff-full, oracle");
    TCase *tcase = tcase_create("oracle");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, every_loss_of_pairs_and_optimizer);
    tcase_add_loop_test(tcase, every_part_of_the_recipe, 0, 7);
    tcase_add_loop_test(tcase, shifted_images, 0, 2);
    tcase_add_test(tcase, hintons_recipe);
    tcase_add_test(tcase, the_gradient_with_peers_equals_finite_differences);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
