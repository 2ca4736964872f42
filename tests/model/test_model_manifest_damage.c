/* A manifest that is damaged or contradicts itself is an error, or the damage is harmless. */
#include "fixtures/manifest_fixture.h"
#include "support/suite.h"

#include <check.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void ck_refused(void)
{
    struct ff_manifest out;

    free(manifest_text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
    ck_assert_int_eq(read_text(manifest_text, &out), FF_ECORRUPT);
}

START_TEST(too_many_samples_are_refused)
{
    manifest.samples = UINT64_C(1) << 39; /* their chunks could not be counted */
    ck_refused();
    manifest.samples = 1000;
    manifest.all_samples = 999;
    ck_refused();
}
END_TEST

/* The stage and the numbers agree: a trainer can resume here, and will end.
 */
static bool mark_is_sane(const struct ff_manifest *m)
{
    const struct ff_progress_mark *mark = &m->mark;
    const struct ff_recipe *recipe = &m->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    bool inside = mark->batch * recipe->batch < m->samples;

    if (mark->layer < 1 || mark->layer > recipe->layers || mark->generation > mark->checkpoints)
        return false;
    switch (mark->stage) {
    case FF_STAGE_TRAIN:
        return mark->epoch < recipe->epochs && inside;
    case FF_STAGE_HEAD:
        return first_head && mark->layer >= first_head && mark->epoch < recipe->head_epochs &&
               inside;
    case FF_STAGE_DONE:
        return mark->layer == recipe->layers;
    default:
        return mark->epoch == 0 && mark->batch == 0;
    }
}

static bool is_sane(const struct ff_manifest *m)
{
    struct ff_recipe copy = m->recipe;
    bool replaces = strcmp(copy.label_embedding, "replace") == 0;

    return ff_recipe_complete(ctx, &copy) == FF_OK && mark_is_sane(m) && m->samples > 0 &&
           m->features > 0 && m->classes >= 2 && (!replaces || m->features >= m->classes) &&
           m->program && m->blas && m->lmdb && m->zstd && m->data_path &&
           (m->fingerprint[0] == '\0') == (m->mark.stage == FF_STAGE_IMPORT);
}

/* DAMAGED is refused, or makes sense. Returns whether it is refused. */
static bool ck_error_or_sane(const char *damaged)
{
    struct ff_manifest out;
    int status = read_text(damaged, &out);

    if (status == FF_OK) {
        ck_assert_msg(is_sane(&out), "taken for good: %s", damaged);
        ff_manifest_release(&out);
        return false;
    }
    ck_assert_msg(status == FF_ECORRUPT || status == FF_EFORMAT, "%d: %s", status, damaged);
    ck_assert_msg(strncmp(ff_ctx_message(ctx), "m.ff: manifest: ", 16) == 0, "%s",
                  ff_ctx_message(ctx));
    ck_assert_ptr_null(out.recipe.hidden);
    return true;
}

START_TEST(every_prefix_is_refused)
{
    char *prefix = strdup(manifest_text);

    for (size_t n = strlen(manifest_text); n-- > 0;) {
        prefix[n] = '\0';
        ck_assert_msg(ck_error_or_sane(prefix), "%s", prefix);
    }
    free(prefix);
}
END_TEST

START_TEST(a_deleted_character_is_an_error_or_harmless)
{
    size_t length = strlen(manifest_text), refused = 0;
    char *damaged = malloc(length);

    for (size_t at = 0; at < length; at++) {
        memcpy(damaged, manifest_text, at);
        strcpy(damaged + at, manifest_text + at + 1);
        refused += ck_error_or_sane(damaged);
    }
    free(damaged);
    ck_assert_uint_gt(refused, length / 2);
}
END_TEST

START_TEST(a_changed_character_is_an_error_or_harmless)
{
    static const char others[] = "0179-+.e\"\\{}[],: xn\x01\x7f\xff";
    size_t length = strlen(manifest_text);
    char *damaged = strdup(manifest_text);

    for (size_t at = 0; at < length; at++) {
        for (const char *other = others; *other; other++) {
            damaged[at] = *other;
            ck_error_or_sane(damaged);
        }
        damaged[at] = (char)(manifest_text[at] ^ 1);
        ck_error_or_sane(damaged);
        damaged[at] = manifest_text[at];
    }
    free(damaged);
}
END_TEST

START_TEST(text_that_is_not_a_manifest_is_refused)
{
    static const char *const texts[] = {"",
                                        " ",
                                        "null",
                                        "1",
                                        "\"fftool model\"",
                                        "[]",
                                        "{}",
                                        "{\"format\":\"fftool model\",\"version\":1}",
                                        "{\"format\":\"fftool model\",\"format\":\"x\"}"};
    char *deep = malloc(200001);

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        ck_assert_msg(ck_error_or_sane(texts[i]), "%s", texts[i]);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    ck_assert(ck_error_or_sane(deep));
    free(deep);
}
END_TEST

/* Calls VISIT with every member of every object under OBJECT; OBJECT is restored after each. */
static void each_member(json_t *root, json_t *object,
                        void (*visit)(json_t *root, json_t *object, const char *key))
{
    json_t *names = json_array();
    const char *key;
    json_t *value;
    size_t i;

    json_object_foreach(object, key, value) json_array_append_new(names, json_string(key));
    json_array_foreach(names, i, value)
    {
        json_t *member = json_incref(json_object_get(object, json_string_value(value)));

        visit(root, object, json_string_value(value));
        json_object_set(object, json_string_value(value), member);
        if (json_is_object(member))
            each_member(root, member, visit);
        json_decref(member);
    }
    json_decref(names);
}

static bool is_refused(const json_t *root)
{
    char *damaged = json_dumps(root, JSON_REAL_PRECISION(17));
    bool refused = ck_error_or_sane(damaged);

    free(damaged);
    return refused;
}

/* Labels and arrays are found by their usual names if none are named; the rest is not in older
 * models. */
static bool is_optional(const char *key)
{
    static const char *const keys[] = {
        "labels",       "all_samples",   "files",       "compacted", "class_names",
        "label_column", "fills_missing", "image_files", "resized",   "index_base",
        "arrays",       "context",       "folds_case"};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

static void leave_out(json_t *root, json_t *object, const char *key)
{
    json_object_del(object, key);
    ck_assert_msg(is_refused(root) != is_optional(key), "without %s", key);
}

START_TEST(every_field_is_required)
{
    json_t *root = json_loads(manifest_text, 0, NULL);

    each_member(root, root, leave_out);
    json_decref(root);
}
END_TEST

static void give_another_type(json_t *root, json_t *object, const char *key)
{
    static const char *const others[] = {"null", "{}", "[]", "[1]", "true", "\"?\"", "-1", "0.5"};
    json_type type = json_typeof(json_object_get(object, key));
    bool is_number = type == JSON_REAL || type == JSON_INTEGER;

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        json_t *other = json_loads(others[i], JSON_DECODE_ANY, NULL);
        bool suits = json_typeof(other) == type || (is_number && json_is_number(other)) ||
                     (json_is_boolean(other) && type == JSON_FALSE) || strcmp(key, "labels") == 0 ||
                     (json_is_null(other) && strcmp(key, "arrays") == 0);

        json_object_set_new(object, key, other);
        ck_assert_msg(is_refused(root) || suits, "%s: %s", key, others[i]);
    }
}

START_TEST(every_field_has_its_type)
{
    json_t *root = json_loads(manifest_text, 0, NULL);

    each_member(root, root, give_another_type);
    json_decref(root);
}
END_TEST

/* Numbers at the edges of what the C types hold. */
static void give_extremes(json_t *root, json_t *object, const char *key)
{
    static const json_int_t extremes[] = {0,          1,          INT32_MAX,  UINT32_MAX,
                                          1LL << 32,  1LL << 40,  INT64_MAX,  INT64_MIN,
                                          1000000000, 1073741824, -2147483648};

    if (!json_is_number(json_object_get(object, key)))
        return;
    for (size_t i = 0; i < sizeof extremes / sizeof *extremes; i++) {
        json_object_set_new(object, key, json_integer(extremes[i]));
        is_refused(root);
    }
}

START_TEST(numbers_are_checked)
{
    json_t *root = json_loads(manifest_text, 0, NULL);

    each_member(root, root, give_extremes);
    json_decref(root);
}
END_TEST

/* Marks that no trainer leaves; a trainer that resumed some of them would not end. */
START_TEST(a_contradictory_mark_is_refused)
{
    static const struct ff_progress_mark good[] = {
        {.stage = FF_STAGE_TRAIN, .layer = 6, .epoch = 4, .batch = 3},
        {.stage = FF_STAGE_TRAIN, .layer = 1, .sweep = 1, .epoch = 5},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .sweep = 2, .epoch = 16, .batch = 3},
        {.stage = FF_STAGE_FORWARD, .layer = 1, .sweep = 1},
        {.stage = FF_STAGE_HEAD, .layer = 2, .sweep = 2, .epoch = 3, .batch = 3},
        {.stage = FF_STAGE_HEAD, .layer = 2, .sweep = 2, .batch = 3, .sums = {900, -1, 1, 1, 900}},
        {.stage = FF_STAGE_DONE, .layer = 6, .sweep = 2},
        {.stage = FF_STAGE_DONE, .layer = 6, .sweep = 2, .checkpoints = (uint64_t)1 << 53},
    };
    static const struct ff_progress_mark bad[] = {
        {.stage = FF_STAGE_TRAIN, .layer = 6, .sweep = 2, .epoch = 17},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .epoch = 5}, /* of the next sweep */
        {.stage = FF_STAGE_TRAIN, .layer = 1, .sweep = 1, .epoch = 4},
        {.stage = FF_STAGE_TRAIN, .layer = 1, .sweep = 3, .epoch = 16},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 4},
        {.stage = FF_STAGE_TRAIN, .layer = 7},
        {.stage = FF_STAGE_TRAIN, .layer = 0},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .generation = 2, .checkpoints = 1},
        {.stage = FF_STAGE_HEAD, .layer = 2, .sweep = 2, .epoch = 4},
        {.stage = FF_STAGE_HEAD, .layer = 2, .sweep = 2, .batch = 4},
        {.stage = FF_STAGE_HEAD, .layer = 1, .sweep = 2},
        {.stage = FF_STAGE_HEAD, .layer = 2, .sweep = 1},
        {.stage = FF_STAGE_FORWARD, .layer = 1, .epoch = 1},
        {.stage = FF_STAGE_DONE, .layer = 5, .sweep = 2},
        {.stage = FF_STAGE_DONE, .layer = 6, .sweep = 1},
        {.stage = FF_STAGE_IMPORT, .layer = 1}, /* with a fingerprint */
        {.stage = FF_STAGE_DONE, .layer = 6, .sweep = 2, .checkpoints = ((uint64_t)1 << 53) + 1},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 1, .sums = {-1000, 1, 1, 1, -2000}},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 1, .sums = {1001, 1, 1, 1, 0}},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 1, .sums = {300, 1, 1, 1, 301}},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 1, .sums = {300, 1, 1, 1, -1}},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 0, .sums = {300, 1, 1, 1, 0}},
    };
    struct ff_manifest out;

    manifest.choice = (struct ff_range_choice){0};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        manifest.mark = good[i];
        ck_round_trip();
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        manifest.mark = bad[i];
        free(manifest_text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
        ck_assert_msg(read_text(manifest_text, &out) == FF_ECORRUPT, "%s", manifest_text);
    }
}
END_TEST

/* A label that replaces more inputs than there are would be written beyond the row. */
START_TEST(a_contradictory_choice_is_refused)
{
    static const struct ff_range_choice bad[] = {
        {0, 1, 0.1, 1},  {2, 1, 0.1, 1},    {1, 7, 0.1, 1},  {4, 5, 0.1, 1}, {1, 6, 0.1, 0},
        {1, 6, 0.1, 33}, {1, 6, 0.1, 0.06}, {1, 6, -0.1, 1}, {1, 6, 1.1, 1},
    };
    struct ff_manifest out;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        manifest.choice = bad[i];
        free(manifest_text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
        ck_assert_msg(read_text(manifest_text, &out) == FF_ECORRUPT, "%s", manifest_text);
    }
}
END_TEST

/* They add up to the samples that are learned from, and are those of balanced classes only. */
START_TEST(contradictory_samples_of_classes_are_refused)
{
    struct ff_manifest out;

    for (int i = 0; i < 4; i++) {
        manifest_teardown();
        manifest_setup();
        free(manifest_text);
        if (i == 0)
            manifest.class_weights.samples[3]--;
        if (i == 1)
            manifest.class_weights.samples[3]++;
        if (i == 2)
            manifest.recipe.class_weights = "none";
        if (i == 3)
            manifest.class_weights.n--;
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
        ck_assert_msg(read_text(manifest_text, &out) == FF_ECORRUPT, "%s", manifest_text);
    }
}
END_TEST

/* Height times width times channels are the features; and jitter needs them. */
START_TEST(an_image_fits_its_row)
{
    static const struct ff_image bad[] = {
        {14, 14, 3, false}, {0, 14, 4, false}, {14, 0, 4, false}, {65536, 65536, 1, false}};
    struct ff_manifest out;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        manifest.image = bad[i];
        free(manifest_text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
        ck_assert_msg(read_text(manifest_text, &out) == FF_ECORRUPT, "%s", manifest_text);
    }
}
END_TEST

START_TEST(the_label_fits_into_the_row)
{
    struct ff_manifest out;

    manifest.recipe.label_embedding = "replace";
    manifest.recipe.jitter = 0;
    manifest.image = (struct ff_image){0};
    manifest.features = manifest.classes - 1; /* and the constant input */
    ck_round_trip();
    manifest.features--;
    free(manifest_text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
    ck_assert_int_eq(read_text(manifest_text, &out), FF_ECORRUPT);
}
END_TEST

START_TEST(another_version_is_refused)
{
    static const json_int_t versions[] = {FF_OLDEST_MANIFEST_VERSION - 1, FF_MANIFEST_VERSION + 1,
                                          1000000, 0, -1};
    struct ff_manifest out;

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        json_t *root = json_loads(manifest_text, 0, NULL);
        char *other;

        json_object_set_new(root, "version", json_integer(versions[i]));
        json_object_set_new(root, "recipe", json_true()); /* whatever else it says */
        other = json_dumps(root, 0);
        ck_assert_int_eq(read_text(other, &out), FF_EFORMAT);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "version"));
        free(other);
        json_decref(root);
    }
}
END_TEST

START_TEST(a_field_of_a_later_version_is_refused)
{
    json_t *root = json_loads(manifest_text, 0, NULL);
    struct ff_manifest out;
    char *other;

    json_object_set_new(json_object_get(root, "recipe"), "gradient_clip", json_real(1));
    other = json_dumps(root, 0);
    ck_assert_int_eq(read_text(other, &out), FF_EFORMAT);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "\"gradient_clip\" is unknown"));
    free(other);
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: damaged manifests");
    TCase *tcase = tcase_create("damaged manifests");

    tcase_add_checked_fixture(tcase, manifest_setup, manifest_teardown);
    tcase_add_test(tcase, too_many_samples_are_refused);
    tcase_add_test(tcase, every_prefix_is_refused);
    tcase_add_test(tcase, a_deleted_character_is_an_error_or_harmless);
    tcase_add_test(tcase, a_changed_character_is_an_error_or_harmless);
    tcase_add_test(tcase, text_that_is_not_a_manifest_is_refused);
    tcase_add_test(tcase, every_field_is_required);
    tcase_add_test(tcase, every_field_has_its_type);
    tcase_add_test(tcase, numbers_are_checked);
    tcase_add_test(tcase, a_contradictory_mark_is_refused);
    tcase_add_test(tcase, a_contradictory_choice_is_refused);
    tcase_add_test(tcase, contradictory_samples_of_classes_are_refused);
    tcase_add_test(tcase, an_image_fits_its_row);
    tcase_add_test(tcase, the_label_fits_into_the_row);
    tcase_add_test(tcase, another_version_is_refused);
    tcase_add_test(tcase, a_field_of_a_later_version_is_refused);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
