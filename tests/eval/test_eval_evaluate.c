/* Evaluation and prediction score as a naive network does, whatever the blocks and threads. */
#include "fixtures/evaluate_fixture.h"
#include "naive/network.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS EVALUATE_ROWS
#define LAYERS EVALUATE_LAYERS
/* Two labels whose scores are nearer than this, relative to their size, may change places. */
#define NEAR_TIE 1e-4
#define MOST_UNSURE (0.01 * ROWS) /* rows of which that is true */

/* Whether the model at hand can decide by its head, or by the goodness. */
static bool decides(bool head)
{
    return head ? evaluate_recipe.head_epochs > 0 : !naive_is_unsupervised(&evaluate_recipe);
}

/* Takes the model of KIND at hand, and all layers but for the first where the label is among its
 * inputs, whatever was chosen on held-out rows. */
static void choose_whole(int kind)
{
    bool embedded;

    evaluate_choose(kind);
    embedded = ff_loss_find(evaluate_recipe.loss)->pairs != NULL;
    evaluate_opts.first_layer = embedded ? 2 : 1;
    evaluate_opts.last_layer = FF_LAST_LAYER;
}

/* ---- Naive scores ---- */

#define WAYS (2 * LAYERS + 1) /* each layer alone; summed up to each layer; the head */

struct naive_scores {
    double wrong[WAYS], unsure[WAYS]; /* rows; rows near a tie */
    double *scores;                   /* (rows, WAYS, classes) */
    size_t rows;
};

/* Counts whether the best of SCORES is LABEL, and whether the second comes near. */
static void judge(const double *scores, uint16_t label, double *wrong, double *unsure)
{
    size_t best = 0;
    double second = -INFINITY;

    for (size_t c = 1; c < TRAIN_CLASSES; c++)
        best = scores[c] > scores[best] ? c : best;
    for (size_t c = 0; c < TRAIN_CLASSES; c++)
        second = c != best ? fmax(second, scores[c]) : second;
    *wrong += best != label;
    *unsure += scores[best] - second <= NEAR_TIE * (1 + fabs(scores[best]));
}

/* The scores of one row by every way. out: (WAYS, classes) */
static void score_row(const struct naive_network *network, const struct naive_data *data,
                      size_t row, double *out)
{
    double goodness[LAYERS];
    /* Where the label is among the inputs, the sum begins at the second layer. */
    size_t first = network->label_inputs > 0 ? 0 : 1;

    for (uint32_t label = 0; label < data->classes; label++) {
        naive_goodness(network, &evaluate_recipe, data, row, label, goodness);
        for (size_t k = 0; k < LAYERS; k++) {
            double *upto = &out[(LAYERS + k) * data->classes + label];

            out[k * data->classes + label] = goodness[k];
            *upto = goodness[k];
            for (size_t below = first; below < k; below++)
                *upto += goodness[below];
        }
    }
    naive_logits(network, &evaluate_recipe, data, row, &out[2 * LAYERS * data->classes]);
}

static void score_naively(const char *split, struct naive_scores *out)
{
    struct naive_network network;
    struct naive_data data;

    naive_data_read(evaluate_opts.data.path, split, TRAIN_CLASSES, &data);
    naive_read(evaluate_opts.model, &network);
    *out = (struct naive_scores){.rows = data.rows};
    out->scores = naive_alloc(data.rows * WAYS * TRAIN_CLASSES, sizeof *out->scores);
    for (size_t row = 0; row < data.rows; row++) {
        double *scores = out->scores + row * WAYS * TRAIN_CLASSES;

        score_row(&network, &data, row, scores);
        for (size_t way = 0; way < WAYS; way++)
            judge(scores + way * TRAIN_CLASSES, data.labels[row], &out->wrong[way],
                  &out->unsure[way]);
    }
    naive_release(&network);
    naive_data_release(&data);
}

/* ERROR is that of the naive scores, but for rows near a tie, of which there are next to none. */
static void ck_error(double error, const struct naive_scores *naive, size_t way)
{
    ck_assert_double_le(naive->unsure[way], MOST_UNSURE);
    ck_assert_msg(fabs(error * (double)naive->rows - naive->wrong[way]) <=
                      naive->unsure[way] + 1e-6,
                  "way %zu: %g of %zu wrong, naively %g", way, error * (double)naive->rows,
                  naive->rows, naive->wrong[way]);
}

START_TEST(errors_are_those_of_naive_scores)
{
    static const char *const splits[] = {"t10k", "train"};

    choose_whole(_i);
    for (int train = 0; train <= 1 && decides(false); train++) {
        struct naive_scores naive;
        struct ff_evaluation result = {.size = sizeof result};

        evaluate_opts.train_split = train;
        score_naively(splits[train], &naive);
        evaluate_ok(&result);
        ck_assert_uint_eq(result.samples, ROWS);
        ck_assert_uint_eq(result.classes, TRAIN_CLASSES);
        ck_assert_uint_eq(result.layers, LAYERS);
        for (size_t k = 0; k < LAYERS; k++) {
            ck_error(result.layer_error[k], &naive, k);
            if (k + 1 < result.first_layer)
                ck_assert_double_nan(result.upto_error[k]);
            else
                ck_error(result.upto_error[k], &naive, LAYERS + k);
        }
        ck_assert_uint_eq(result.trained_layers, LAYERS);
        ck_error(result.error, &naive, 2 * LAYERS - 1);
        ck_assert_double_eq(result.error, result.upto_error[LAYERS - 1]);
        ck_assert_double_lt(result.error, 0.6); /* better than chance, which is 0.75 */
        ff_evaluate_release(&result);
        free(naive.scores);
    }
    ck_assert_int_eq(evaluate_warnings, 0);
}
END_TEST

START_TEST(the_head_is_that_of_naive_logits)
{
    struct naive_scores naive;
    struct ff_evaluation result = {.size = sizeof result};

    evaluate_choose(_i);
    if (!decides(true))
        return;
    evaluate_opts.method = FF_METHOD_HEAD;
    score_naively("t10k", &naive);
    evaluate_ok(&result);
    ck_error(result.error, &naive, 2 * LAYERS);
    ck_assert_ptr_null(result.layer_error);
    ck_assert_ptr_null(result.upto_error);
    ck_assert_int_eq(result.method, FF_METHOD_HEAD);
    ff_evaluate_release(&result);
    free(naive.scores);
}
END_TEST

/* ---- Predictions ---- */

static void predict(struct evaluate_predictions *out)
{
    uint64_t samples;

    out->next = 0;
    ck_assert_msg(ff_predict(evaluate_ctx, &evaluate_opts, evaluate_keep, out, &samples) == FF_OK,
                  "%s", ff_ctx_message(evaluate_ctx));
    ck_assert_uint_eq(samples, out->next);
}

/* A head has no range of layers to choose. */
static void decide_by(int head)
{
    evaluate_opts.method = head ? FF_METHOD_HEAD : FF_METHOD_GOODNESS;
    if (head)
        evaluate_opts.first_layer = evaluate_opts.last_layer = 0;
}

START_TEST(scores_are_the_naive_ones)
{
    static struct evaluate_predictions kept;
    struct naive_scores naive;

    choose_whole(_i);
    score_naively("t10k", &naive);
    for (int head = !decides(false); head <= decides(true); head++) {
        decide_by(head);
        predict(&kept);
        ck_assert_uint_eq(kept.next, ROWS);
        for (size_t row = 0; row < ROWS; row++) {
            const double *expected =
                naive.scores + (row * WAYS + 2 * LAYERS - 1 + (size_t)head) * TRAIN_CLASSES;

            for (size_t c = 0; c < TRAIN_CLASSES; c++) {
                double score = (double)kept.scores[row][c];

                if (!(fabs(score - expected[c]) <= 1e-4 * (1 + fabs(expected[c]))))
                    ck_abort_msg("row %zu, label %zu: %g, naively %g", row, c, score, expected[c]);
            }
        }
    }
    free(naive.scores);
}
END_TEST

/* Images alone, without the labels beside them. */
START_TEST(predictions_without_labels_are_those_of_the_evaluation)
{
    static struct evaluate_predictions kept;
    struct naive_data data;
    struct ff_evaluation result = {.size = sizeof result};
    char *alone, *labelled;
    uint64_t confusion[TRAIN_CLASSES * TRAIN_CLASSES] = {0};

    evaluate_choose(_i);
    alone = strdup(train_path(evaluate_folder, "data/alone.idx"));
    naive_data_read(evaluate_opts.data.path, "t10k", TRAIN_CLASSES, &data);
    evaluate_ok(&result);
    ck_assert_int_eq(link(train_path(evaluate_folder, "data/t10k-images-idx3-ubyte"), alone), 0);
    labelled = (char *)(uintptr_t)evaluate_opts.data.path;
    evaluate_opts.data.path = alone;
    predict(&kept);
    for (size_t row = 0; row < ROWS; row++)
        confusion[data.labels[row] * TRAIN_CLASSES + kept.labels[row]]++;
    ck_assert_mem_eq(confusion, result.confusion, sizeof confusion);
    ck_assert_int_eq(unlink(alone), 0);
    evaluate_opts.data.path = labelled;
    free(alone);
    ff_evaluate_release(&result);
    naive_data_release(&data);
}
END_TEST

static int refuse_the_third(void *arg, const struct ff_prediction *prediction)
{
    (void)arg;
    return prediction->index == 2 ? -77 : 0;
}

START_TEST(a_callback_may_end_the_predictions)
{
    uint64_t samples;

    ck_assert_int_eq(ff_predict(evaluate_ctx, &evaluate_opts, refuse_the_third, NULL, &samples),
                     -77);
}
END_TEST

/* ---- Sums, cuts, threads ---- */

START_TEST(the_confusion_adds_up)
{
    evaluate_choose(_i);
    for (int head = !decides(false); head <= decides(true); head++) {
        struct naive_data data;
        struct ff_evaluation result = {.size = sizeof result};
        uint64_t all = 0, right = 0, of_class[TRAIN_CLASSES] = {0};

        evaluate_opts.method = head ? FF_METHOD_HEAD : FF_METHOD_GOODNESS;
        evaluate_opts.limit_rows = 500;
        naive_data_read(evaluate_opts.data.path, "t10k", TRAIN_CLASSES, &data);
        naive_data_limit(&data, evaluate_opts.limit_rows);
        evaluate_ok(&result);
        ck_assert_uint_eq(result.samples, 500);
        for (size_t row = 0; row < 500; row++)
            of_class[data.labels[row]]++;
        for (size_t truth = 0; truth < TRAIN_CLASSES; truth++) {
            uint64_t row_sum = 0;

            for (size_t c = 0; c < TRAIN_CLASSES; c++)
                row_sum += result.confusion[truth * TRAIN_CLASSES + c];
            ck_assert_uint_eq(row_sum, of_class[truth]);
            all += row_sum;
            right += result.confusion[truth * TRAIN_CLASSES + truth];
        }
        ck_assert_uint_eq(all, result.samples);
        ck_assert_double_eq_tol(result.error, 1 - (double)right / 500, 1e-12);
        ff_evaluate_release(&result);
        naive_data_release(&data);
    }
}
END_TEST

/* The same scores, bit for bit if EXACT, and the same labels. */
static void ck_same_predictions(const struct evaluate_predictions *a,
                                const struct evaluate_predictions *b)
{
    ck_assert_uint_eq(a->next, b->next);
    for (size_t row = 0; row < a->next; row++) {
        if (memcmp(a->scores[row], b->scores[row], sizeof a->scores[row]) != 0)
            ck_abort_msg("row %zu: other bits", row);
    }
}

static void ck_same_evaluation(const struct ff_evaluation *a, const struct ff_evaluation *b)
{
    ck_assert_uint_eq(a->samples, b->samples);
    ck_assert_double_eq(a->error, b->error);
    ck_assert_mem_eq(a->confusion, b->confusion,
                     TRAIN_CLASSES * TRAIN_CLASSES * sizeof *a->confusion);
    ck_assert_uint_eq(a->layers, b->layers);
    for (size_t k = 0; k < a->layers && a->layer_error; k++) {
        ck_assert_double_eq(a->layer_error[k], b->layer_error[k]);
        if (k + 1 < a->first_layer)
            ck_assert(isnan(a->upto_error[k]) && isnan(b->upto_error[k]));
        else
            ck_assert_double_eq(a->upto_error[k], b->upto_error[k]);
    }
}

/* Every kind of model in two sizes of blocks, every size with half of the kinds. */
START_TEST(blocks_do_not_change_a_bit)
{
    /* A row takes 2 * 50 * 4 bytes, once or under each of four labels. What is too little for a
     * chunk, or for another one, still makes for whole chunks. */
    static const uint64_t bytes[] = {1, 7 * 1600, 100 * 1600, 300 * 1600};
    static struct evaluate_predictions whole, cut;
    int kind = _i / 2, way = 2 * (_i % 2) + kind % 2;

    evaluate_choose(kind);
    for (int head = !decides(false); head <= decides(true); head++) {
        struct ff_evaluation expected = {.size = sizeof expected}, result = {.size = sizeof result};

        evaluate_opts.method = head ? FF_METHOD_HEAD : FF_METHOD_GOODNESS;
        evaluate_opts.scratch_bytes = 0;
        evaluate_ok(&expected);
        predict(&whole);
        evaluate_opts.scratch_bytes = bytes[way];
        evaluate_ok(&result);
        ck_same_evaluation(&result, &expected);
        predict(&cut);
        ck_same_predictions(&cut, &whole);
        ff_evaluate_release(&expected);
        ff_evaluate_release(&result);
    }
}
END_TEST

START_TEST(threads_do_not_change_a_bit)
{
    static const unsigned threads[] = {1, 4};
    static struct evaluate_predictions two, others;

    evaluate_choose(_i);
    predict(&two);
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        evaluate_opts.threads = threads[i];
        predict(&others);
        ck_same_predictions(&others, &two);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("eval: evaluate");
    TCase *tcase = tcase_create("evaluate");

    tcase_add_unchecked_fixture(tcase, evaluate_model_setup, evaluate_model_teardown);
    tcase_add_checked_fixture(tcase, evaluate_setup, evaluate_teardown);
    tcase_add_loop_test(tcase, errors_are_those_of_naive_scores, 0, train_kinds());
    tcase_add_loop_test(tcase, the_head_is_that_of_naive_logits, 0, train_kinds());
    tcase_add_loop_test(tcase, scores_are_the_naive_ones, 0, train_kinds());
    tcase_add_loop_test(tcase, predictions_without_labels_are_those_of_the_evaluation, 0,
                        train_kinds());
    tcase_add_test(tcase, a_callback_may_end_the_predictions);
    tcase_add_loop_test(tcase, the_confusion_adds_up, 0, train_kinds());
    tcase_add_loop_test(tcase, blocks_do_not_change_a_bit, 0, 2 * train_kinds());
    tcase_add_loop_test(tcase, threads_do_not_change_a_bit, 0, train_kinds());
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
