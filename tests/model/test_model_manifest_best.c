/* The best epoch in a manifest's mark: read back, checked, and which tiles it keeps. */
#include "fixtures/manifest_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#define EPOCHS 9
#define PATIENCE 3

/* Makes the manifest one whose layers may stop early: 7 batches of 100 and 3 held out. */
static void setup(void)
{
    struct ff_recipe own;

    manifest_setup();
    ff_recipe_init(&own);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "30x3", &own), FF_OK);
    own.epochs = EPOCHS;
    own.batch = 100;
    own.validation = 0.3;
    own.patience = PATIENCE;
    own.standardize = "whole";
    ck_assert_msg(ff_recipe_complete(ctx, &own) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_int_eq(ff_manifest_set_recipe(ctx, &manifest, &own), FF_OK);
    ff_recipe_release(&own);
    ff_class_weights_release(&manifest.class_weights);
    manifest.choice = (struct ff_range_choice){0};
}

/* A mark in layer 2 after EPOCH epochs. */
static struct ff_progress_mark mark_at(enum ff_stage stage, uint32_t epoch,
                                       struct ff_best_epoch best)
{
    return (struct ff_progress_mark){.stage = stage,
                                     .layer = 2,
                                     .epoch = epoch,
                                     .generation = stage == FF_STAGE_TRAIN ? 8 : 0,
                                     .checkpoints = 9,
                                     .best = best};
}

static int status_of(struct ff_progress_mark mark)
{
    struct ff_manifest out;
    int status;

    manifest.mark = mark;
    free(manifest_text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
    status = read_text(manifest_text, &out);
    if (status == FF_OK)
        ff_manifest_release(&out);
    return status;
}

START_TEST(the_best_epoch_is_read_back_exactly)
{
    static const struct ff_best_epoch best[] = {
        {1, 0, 8, 0}, {5, 1.0 / 3, 8, 0}, {3, 1, 7, 0}, {5, 0.1, 1, 0}};
    static const struct ff_best_epoch kept[] = {{1, 0.5, 0, 4}, {9, 1.0 / 7, 0, 9}, {7, 0, 0, 9}};

    for (size_t i = 0; i < sizeof best / sizeof *best; i++) {
        manifest.mark = mark_at(FF_STAGE_TRAIN, best[i].epoch == 1 ? 1 : 5, best[i]);
        ck_round_trip();
    }
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        manifest.mark = mark_at(FF_STAGE_FORWARD, 0, kept[i]);
        ck_round_trip();
    }
    manifest.mark = mark_at(FF_STAGE_TRAIN, 0, (struct ff_best_epoch){0});
    ck_round_trip();
}
END_TEST

/* A trainer that resumed some of them would not find the weights, or not stop. */
START_TEST(a_contradictory_best_epoch_is_refused)
{
    const struct ff_progress_mark bad[] = {
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){0}), /* an epoch, but none is best */
        mark_at(FF_STAGE_TRAIN, 0, (struct ff_best_epoch){1, 0.1, 8, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){6, 0.1, 8, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){2, 0.1, 8, 0}), /* out of patience */
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 1.5, 8, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, -0.1, 8, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 0.1, 0, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 0.1, 9, 0}),
        mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 0.1, 8, 5}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){0}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){4, 0.1, 8, 7}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){4, 0.1, 0, 3}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){4, 0.1, 0, 8}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){8, 0.1, 0, 10}),
        mark_at(FF_STAGE_FORWARD, 0, (struct ff_best_epoch){4, 0.1, 0, 6}), /* too soon */
    };
    const struct ff_best_epoch best = {5, 0.1, 8, 0}, kept = {9, 0.1, 0, 9};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ck_assert_msg(status_of(bad[i]) == FF_ECORRUPT, "%s", manifest_text);
    ck_assert_int_eq(status_of(mark_at(FF_STAGE_TRAIN, 5, best)), FF_OK);
    manifest.recipe.patience = 0;
    ck_assert_int_eq(status_of(mark_at(FF_STAGE_TRAIN, 5, best)), FF_ECORRUPT);
    ck_assert_int_eq(status_of(mark_at(FF_STAGE_FORWARD, 0, kept)), FF_ECORRUPT);
    ck_assert_int_eq(status_of(mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){0})), FF_OK);
    ck_assert_ptr_null(strstr(manifest_text, "\"best\""));
}
END_TEST

START_TEST(every_member_is_required)
{
    static const char *const members[] = {"epoch", "error", "generation", "learned"};

    ck_assert_int_eq(status_of(mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 0.1, 7, 0})),
                     FF_OK);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        json_t *root = json_loads(manifest_text, 0, NULL);
        json_t *best = json_object_get(json_object_get(root, "progress"), "best");
        struct ff_manifest out;
        char *text;

        ck_assert_int_eq(json_object_del(best, members[i]), 0);
        text = json_dumps(root, JSON_REAL_PRECISION(17));
        ck_assert_int_eq(read_text(text, &out), FF_ECORRUPT);
        free(text);
        json_decref(root);
    }
}
END_TEST

START_TEST(the_mark_says_which_weights_are_kept)
{
    manifest.mark = mark_at(FF_STAGE_TRAIN, 5, (struct ff_best_epoch){4, 0.1, 7, 0});
    ck_assert_uint_eq(ff_manifest_best_generation(&manifest, 'W', 2), 7);
    ck_assert_uint_eq(ff_manifest_best_generation(&manifest, 'O', 2), FF_NO_GENERATION);
    ck_assert_uint_eq(ff_manifest_best_generation(&manifest, 'H', 2), FF_NO_GENERATION);
    ck_assert_uint_eq(ff_manifest_best_generation(&manifest, 'W', 1), FF_NO_GENERATION);
    ck_assert(!ff_manifest_stops(&manifest));
    manifest.mark.epoch = 7;
    ck_assert(ff_manifest_stops(&manifest));
    ff_manifest_advance(&manifest);
    ck_assert_int_eq(manifest.mark.stage, FF_STAGE_FORWARD);
    ck_assert_uint_eq(manifest.mark.best.epoch, 4);
    ck_assert_uint_eq(manifest.mark.best.learned, 7);
    ck_assert_uint_eq(ff_manifest_best_generation(&manifest, 'W', 2), FF_NO_GENERATION);
    ff_manifest_advance(&manifest);
    ck_assert_uint_eq(manifest.mark.best.epoch, 0);
    ck_assert(!ff_manifest_stops(&manifest));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: best epochs in manifests");
    TCase *tcase = tcase_create("best epochs");

    tcase_add_checked_fixture(tcase, setup, manifest_teardown);
    tcase_add_test(tcase, the_best_epoch_is_read_back_exactly);
    tcase_add_test(tcase, a_contradictory_best_epoch_is_refused);
    tcase_add_test(tcase, every_member_is_required);
    tcase_add_test(tcase, the_mark_says_which_weights_are_kept);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
