/* The manifest: what is written is read back exactly, and differing recipes are named. */
#include "base/rng.h"
#include "fixtures/manifest_fixture.h"
#include "model/manifest_recipe.h"
#include "recipe/field.h"
#include "support/suite.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

START_TEST(every_field_is_read_back_exactly)
{
    ck_round_trip();
    free(manifest.data_labels);
    manifest.data_labels = NULL;
    free(manifest.data_arrays);
    manifest.data_arrays = NULL;
    manifest.is_float = false;
    manifest.recipe.seed = 0;
    manifest.class_weights.samples[0] += (UINT64_C(1) << 38) - manifest.samples;
    manifest.samples = UINT64_C(1) << 38;
    manifest.mark.generation = manifest.mark.checkpoints = INT64_C(1) << 53;
    ck_round_trip();
}
END_TEST

START_TEST(every_stage_is_read_back)
{
    manifest.choice = (struct ff_range_choice){0};
    for (int stage = FF_STAGE_IMPORT; stage <= FF_STAGE_DONE; stage++) {
        manifest.mark = (struct ff_progress_mark){.stage = (enum ff_stage)stage, .layer = 3};
        if (stage == FF_STAGE_IMPORT) {
            manifest.mark.layer = 1;
            manifest.fingerprint[0] = '\0';
        } else {
            strcpy(manifest.fingerprint, "f");
        }
        if (stage == FF_STAGE_DONE)
            manifest.mark.layer = manifest.recipe.layers;
        if (stage == FF_STAGE_HEAD || stage == FF_STAGE_DONE)
            manifest.mark.sweep = 2; /* the last one */
        ck_round_trip();
    }
}
END_TEST

/* The manifest of a text, with CLASSES characters. */
static void describe_text(uint32_t classes)
{
    ff_moments_release(&manifest.moments);
    ff_class_weights_release(&manifest.class_weights);
    ff_schema_release(&manifest.schema);
    manifest.recipe.class_weights = "none";
    manifest.recipe.standardize = "auto";
    manifest.recipe.jitter = 0;
    manifest.is_float = false;
    manifest.image = (struct ff_image){0};
    manifest.features = 12;
    manifest.classes = classes;
    manifest.schema = (struct ff_schema){.context = 12, .folds_case = true, .n_classes = classes};
    manifest.schema.classes = calloc(classes, sizeof *manifest.schema.classes);
    for (uint32_t c = 0; c < classes; c++)
        manifest.schema.classes[c] = strdup((const char[]){(char)('a' + c), 0});
}

START_TEST(a_text_is_read_back)
{
    struct ff_manifest out;
    char *text;

    describe_text(9);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_msg(ff_manifest_read(ctx, "x.ff", text, &out) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_uint_eq(out.schema.context, 12);
    ck_assert(out.schema.folds_case);
    ck_assert_str_eq(out.schema.classes[8], "i");
    ck_assert_uint_eq(ff_manifest_inputs(&out), 12 * 9 + 1);
    ck_assert_uint_eq(out.encoding.category[11], 9);
    ff_manifest_release(&out);
    free(text);
    manifest.features++;
    ck_assert(!ff_manifest_is_sane(&manifest));
}
END_TEST

/* In models of version 8 they are all 1. */
START_TEST(inputs_of_a_text_fall_with_the_distance)
{
    describe_text(9);
    ck_assert_int_eq(ff_manifest_encode(ctx, &manifest), FF_OK);
    ck_assert(!manifest.encoding.alike);
    for (uint32_t c = 0; c < 12; c++)
        ck_assert_double_eq(manifest.encoding.scale[c], 1.0 / (12 - c));
    manifest.version = 8;
    ck_assert_int_eq(ff_manifest_encode(ctx, &manifest), FF_OK);
    ck_assert(manifest.encoding.alike);
    ck_assert_double_eq(manifest.encoding.scale[0], 1);
}
END_TEST

START_TEST(only_a_text_has_context_dropout)
{
    manifest.recipe.context_dropout = 0.5;
    ck_assert(!ff_manifest_is_sane(&manifest));
    describe_text(9);
    ck_assert(ff_manifest_is_sane(&manifest));
}
END_TEST

/* Doubles of every size, 17 digits each. */
START_TEST(doubles_are_read_back_exactly)
{
    struct ff_rng rng = ff_rng_make(3, FF_RNG_WEIGHTS, 0, 0);

    for (uint64_t i = 0; i < 2000; i++) {
        uint32_t block[4];

        ff_rng_block(&rng, i, block);
        manifest.recipe.weight_decay = (double)block[0] * 0x1p-32 + (double)block[1] * 0x1p-64;
        manifest.recipe.head_weight_decay =
            (double)block[2] * (1 + (double)block[3] * 0x1p-52) * (i % 2 ? 1e-20 : 1e20);
        ck_round_trip();
    }
}
END_TEST

/* CHANGED differs from MANIFEST's recipe in the field NAME. */
static void ck_differs(const struct ff_recipe *changed, const char *name)
{
    char words[FF_FIELD_WORDS_BYTES];

    ck_assert_uint_lt(strlen(name), sizeof words);
    strcpy(words, name);
    ck_assert_int_eq(ff_manifest_same_recipe(ctx, &manifest.recipe, &manifest.recipe), FF_OK);
    ck_assert_msg(ff_manifest_same_recipe(ctx, &manifest.recipe, changed) == FF_EMISMATCH, "%s",
                  name);
    for (char *at = words; *at; at++) {
        if (*at == '_')
            *at = ' ';
    }
    ck_assert_msg(strstr(ff_ctx_message(ctx), words) != NULL, "%s: %s", name, ff_ctx_message(ctx));
}

START_TEST(the_differing_field_is_named)
{
    struct ff_recipe changed;
    uint32_t *hidden;

#define DIFFERS(field, value)         \
    do {                              \
        changed = manifest.recipe;    \
        changed.field = value;        \
        ck_differs(&changed, #field); \
    } while (0)
    DIFFERS(mode, "other");
    DIFFERS(negatives, "other");
    DIFFERS(peer_normalisation, 0.5);
    DIFFERS(loss, "symba");
    DIFFERS(optimizer, "adam");
    DIFFERS(schedule, "linear");
    DIFFERS(label_embedding, "replace");
    DIFFERS(activations, "f32");
    DIFFERS(standardize, "none");
    DIFFERS(class_weights, "none");
    DIFFERS(input_scaling, "none");
    DIFFERS(context_dropout, 0.5);
    DIFFERS(epochs, 18);
    DIFFERS(patience, 1);
    DIFFERS(batch, 301);
    DIFFERS(negative_sets, 4);
    DIFFERS(seed, INT64_MAX - 1);
    DIFFERS(learning_rate, 0.1);
    DIFFERS(weight_decay, 0.25);
    DIFFERS(momentum, 0.8);
    DIFFERS(beta1, 0.8);
    DIFFERS(beta2, 0.8);
    DIFFERS(epsilon, 1e-13);
    DIFFERS(goodness_scale, 12345.678901234565);
    DIFFERS(threshold, 0);
    DIFFERS(label_strength, 2);
    DIFFERS(head_epochs, 3);
    DIFFERS(head_learning_rate, 0);
    DIFFERS(head_weight_decay, 0);
#undef DIFFERS
    hidden = malloc(manifest.recipe.layers * sizeof *hidden);
    memcpy(hidden, manifest.recipe.hidden, manifest.recipe.layers * sizeof *hidden);
    changed = manifest.recipe;
    changed.hidden = hidden;
    hidden[2]++;
    ck_differs(&changed, "hidden");
    hidden[2]--;
    changed.layers--;
    ck_differs(&changed, "hidden");
    free(hidden);
}
END_TEST

/* A program of version 5 knew no weights of classes, no early stopping, no unscaled inputs and no
 * context dropout. */
START_TEST(a_field_that_a_version_lacks_is_at_its_initial_value)
{
    json_t *root = json_loads(manifest_text, 0, NULL);
    struct ff_manifest back;
    char *text;

    json_object_set_new(root, "version", json_integer(5));
    json_object_del(json_object_get(root, "recipe"), "class_weights");
    json_object_del(json_object_get(root, "recipe"), "patience");
    json_object_del(json_object_get(root, "recipe"), "input_scaling");
    json_object_del(json_object_get(root, "recipe"), "context_dropout");
    json_object_del(json_object_get(root, "data"), "class_samples");
    text = json_dumps(root, 0);
    ck_assert_msg(read_text(text, &back) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_str_eq(back.recipe.class_weights, "none");
    ck_assert_uint_eq(back.recipe.patience, 0);
    ck_assert_str_eq(back.recipe.input_scaling, "rms");
    ck_assert_double_eq(back.recipe.context_dropout, 0);
    ck_assert_uint_eq(back.class_weights.n, 0);
    ff_manifest_release(&back);
    free(text);
    json_object_set_new(root, "version", json_integer(FF_MANIFEST_VERSION));
    text = json_dumps(root, 0);
    ck_assert_int_eq(read_text(text, &back), FF_ECORRUPT);
    free(text);
    json_decref(root);
}
END_TEST

START_TEST(the_mark_determines_what_is_trained)
{
    static const struct {
        enum ff_stage stage;
        uint32_t layer, layers, heads;
    } marks[] = {
        {FF_STAGE_IMPORT, 1, 0, 0}, {FF_STAGE_TRAIN, 1, 0, 0}, {FF_STAGE_FORWARD, 1, 1, 0},
        {FF_STAGE_TRAIN, 3, 2, 2},  {FF_STAGE_HEAD, 3, 3, 2},  {FF_STAGE_FORWARD, 6, 6, 5},
        {FF_STAGE_DONE, 6, 6, 6},
    };

    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        manifest.mark.stage = marks[i].stage;
        manifest.mark.layer = marks[i].layer;
        ck_assert_uint_eq(ff_manifest_layers_trained(&manifest), marks[i].layers);
        ck_assert_uint_eq(ff_manifest_heads_trained(&manifest), marks[i].heads);
    }
    manifest.recipe.head_epochs = 0;
    ck_assert_uint_eq(ff_manifest_heads_trained(&manifest), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: manifest");
    TCase *tcase = tcase_create("manifest");

    tcase_add_checked_fixture(tcase, manifest_setup, manifest_teardown);
    tcase_add_test(tcase, every_field_is_read_back_exactly);
    tcase_add_test(tcase, every_stage_is_read_back);
    tcase_add_test(tcase, a_text_is_read_back);
    tcase_add_test(tcase, inputs_of_a_text_fall_with_the_distance);
    tcase_add_test(tcase, only_a_text_has_context_dropout);
    tcase_add_test(tcase, doubles_are_read_back_exactly);
    tcase_add_test(tcase, the_differing_field_is_named);
    tcase_add_test(tcase, a_field_that_a_version_lacks_is_at_its_initial_value);
    tcase_add_test(tcase, the_mark_determines_what_is_trained);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
