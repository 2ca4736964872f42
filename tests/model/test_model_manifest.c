/* The manifest: what is written is read back exactly; what is damaged is told or harmless. */
#include "base/rng.h"
#include "model/manifest.h"
#include "model/manifest_recipe.h"
#include "support/suite.h"
#include "support/train_fixture.h"

#include <check.h>
#include <jansson.h>
#include <string.h>

static struct ff_ctx *ctx;
static struct ff_manifest manifest; /* with another value in every field */
static char *text;

static void fill_recipe(struct ff_recipe *recipe)
{
    ff_recipe_init(recipe);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "30x3,20,10x2", recipe), FF_OK);
    recipe->recipe = "symba";
    recipe->loss = "logistic";
    recipe->optimizer = "sgd";
    recipe->schedule = "half-linear";
    recipe->embedding = "append";
    recipe->activations = "bf16";
    recipe->epochs = 17;
    recipe->sweeps = 3;
    recipe->batch = 300;
    recipe->negative_sets = 5;
    recipe->seed = INT64_MAX;
    recipe->learning_rate = 0.1 + 0x1p-54;
    recipe->weight_decay = 1.0 / 3;
    recipe->momentum = 0.9 - 0x1p-53;
    recipe->goodness_scale = 12345.678901234567;
    recipe->threshold = -7.0 / 11;
    recipe->label_strength = 3;
    recipe->dropout = 0.125;
    recipe->jitter = 2;
    recipe->head_epochs = 4;
    recipe->head_learning_rate = 1e-300;
    recipe->head_weight_decay = 1e29;
    ck_assert_msg(ff_recipe_complete(ctx, recipe) == FF_OK, "%s", ff_ctx_message(ctx));
}

static void setup(void)
{
    ctx = train_ctx();
    manifest = (struct ff_manifest){
        .program = strdup("1.2.3"),
        .blas = strdup("OpenBLAS \"x\""),
        .lmdb = strdup("0.9"),
        .zstd = strdup("1.5"),
        .data_path = strdup("/data/B\xc3\xa4ume \\ \"neu\"\n/x"),
        .data_labels = strdup("/labels"),
        .fingerprint = "0123456789abcdef0123456789abcdef",
        .files = {2,
                  {{"images.npy", 784000, 1700000000123456789, "fedcba9876543210fedcba9876543210"},
                   {"y_\xc3\xa4.npy", 1128, 0, "00000000000000000000000000000000"}}},
        .samples = 1000,
        .all_samples = INT64_C(1) << 40,
        .features = 784,
        .classes = 10,
        .is_float = true,
        .image = {14, 14, 4, true},
        .mark = {.stage = FF_STAGE_HEAD,
                 .layer = 6,
                 .round = 2,
                 .epoch = 2,
                 .batch = 1,
                 .generation = 40,
                 .checkpoints = 41,
                 .sums = {7, 1.0 / 7, 0x1p-40, 1e200, 3}},
        .choice = {2, 5, 1.0 / 3, 0x1.8p-3},
    };
    fill_recipe(&manifest.recipe);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
}

static void teardown(void)
{
    free(text);
    ff_manifest_release(&manifest);
    ff_ctx_free(ctx);
}

static int read_text(const char *from, struct ff_manifest *out)
{
    return ff_manifest_read(ctx, "m.ff", from, out);
}

static void ck_same_recipe(const struct ff_recipe *a, const struct ff_recipe *b)
{
    ck_assert_uint_eq(a->layers, b->layers);
    ck_assert_mem_eq(a->hidden, b->hidden, a->layers * sizeof *a->hidden);
    ck_assert_str_eq(a->loss, b->loss);
    ck_assert_str_eq(a->optimizer, b->optimizer);
    ck_assert_str_eq(a->schedule, b->schedule);
    ck_assert_str_eq(a->embedding, b->embedding);
    ck_assert_str_eq(a->activations, b->activations);
    ck_assert_uint_eq(a->epochs, b->epochs);
    ck_assert_uint_eq(a->sweeps, b->sweeps);
    ck_assert_uint_eq(a->jitter, b->jitter);
    ck_assert(a->dropout == b->dropout);
    ck_assert_uint_eq(a->batch, b->batch);
    ck_assert_uint_eq(a->negative_sets, b->negative_sets);
    ck_assert_uint_eq(a->seed, b->seed);
    ck_assert_uint_eq(a->head_epochs, b->head_epochs);
    ck_assert(a->learning_rate == b->learning_rate && a->weight_decay == b->weight_decay);
    ck_assert(a->momentum == b->momentum && a->beta1 == b->beta1);
    ck_assert(a->beta2 == b->beta2 && a->epsilon == b->epsilon);
    ck_assert(a->goodness_scale == b->goodness_scale && a->threshold == b->threshold);
    ck_assert(a->label_strength == b->label_strength);
    ck_assert(a->head_learning_rate == b->head_learning_rate);
    ck_assert(a->head_weight_decay == b->head_weight_decay);
}

static void ck_same_mark(const struct ff_progress_mark *a, const struct ff_progress_mark *b)
{
    ck_assert_int_eq(a->stage, b->stage);
    ck_assert_uint_eq(a->layer, b->layer);
    ck_assert_uint_eq(a->round, b->round);
    ck_assert_uint_eq(a->epoch, b->epoch);
    ck_assert_uint_eq(a->batch, b->batch);
    ck_assert_uint_eq(a->generation, b->generation);
    ck_assert_uint_eq(a->checkpoints, b->checkpoints);
    ck_assert_int_eq(a->compacted, b->compacted);
    ck_assert(a->sums.rows == b->sums.rows && a->sums.loss == b->sums.loss);
    ck_assert(a->sums.goodness_pos == b->sums.goodness_pos);
    ck_assert(a->sums.goodness_neg == b->sums.goodness_neg && a->sums.wrong == b->sums.wrong);
}

/* MANIFEST, written, reads back as the same. */
static void ck_round_trip(void)
{
    struct ff_manifest back;
    char *again;

    free(text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_msg(read_text(text, &back) == FF_OK, "%s\n%s", ff_ctx_message(ctx), text);
    ck_same_recipe(&back.recipe, &manifest.recipe);
    ck_same_mark(&back.mark, &manifest.mark);
    ck_assert_str_eq(back.program, manifest.program);
    ck_assert_str_eq(back.blas, manifest.blas);
    ck_assert_str_eq(back.lmdb, manifest.lmdb);
    ck_assert_str_eq(back.zstd, manifest.zstd);
    ck_assert_str_eq(back.data_path, manifest.data_path);
    ck_assert_pstr_eq(back.data_labels, manifest.data_labels);
    ck_assert_str_eq(back.fingerprint, manifest.fingerprint);
    ck_assert(ff_data_files_equal(&back.files, &manifest.files));
    ck_assert_uint_eq(back.samples, manifest.samples);
    ck_assert_uint_eq(back.all_samples, manifest.all_samples);
    ck_assert_uint_eq(back.features, manifest.features);
    ck_assert_uint_eq(back.classes, manifest.classes);
    ck_assert_int_eq(back.is_float, manifest.is_float);
    ck_assert_int_eq(ff_manifest_write(ctx, &back, &again), FF_OK);
    ck_assert_str_eq(again, text);
    free(again);
    ff_manifest_release(&back);
}

START_TEST(every_field_comes_back_exactly)
{
    ck_round_trip();
    free(manifest.data_labels);
    manifest.data_labels = NULL;
    manifest.is_float = false;
    manifest.recipe.seed = 0;
    manifest.samples = UINT64_C(1) << 38;
    manifest.mark.generation = manifest.mark.checkpoints = INT64_C(1) << 53;
    ck_round_trip();
}
END_TEST

static void ck_refused(void)
{
    struct ff_manifest out;

    free(text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(read_text(text, &out), FF_ECORRUPT);
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

START_TEST(every_stage_comes_back)
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
            manifest.mark.round = 2; /* the last one */
        ck_round_trip();
    }
}
END_TEST

/* Doubles of every size, 17 digits each. */
START_TEST(doubles_come_back_exactly)
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

/* The stage and the numbers fit each other: a trainer can go on from here, and will come to an end.
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
    bool replaces = strcmp(copy.embedding, "replace") == 0;

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
    char *prefix = strdup(text);

    for (size_t n = strlen(text); n-- > 0;) {
        prefix[n] = '\0';
        ck_assert_msg(ck_error_or_sane(prefix), "%s", prefix);
    }
    free(prefix);
}
END_TEST

START_TEST(a_character_less_is_an_error_or_harmless)
{
    size_t length = strlen(text), refused = 0;
    char *damaged = malloc(length);

    for (size_t at = 0; at < length; at++) {
        memcpy(damaged, text, at);
        strcpy(damaged + at, text + at + 1);
        refused += ck_error_or_sane(damaged);
    }
    free(damaged);
    ck_assert_uint_gt(refused, length / 2);
}
END_TEST

START_TEST(another_character_is_an_error_or_harmless)
{
    static const char others[] = "0179-+.e\"\\{}[],: xn\x01\x7f\xff";
    size_t length = strlen(text);
    char *damaged = strdup(text);

    for (size_t at = 0; at < length; at++) {
        for (const char *other = others; *other; other++) {
            damaged[at] = *other;
            ck_error_or_sane(damaged);
        }
        damaged[at] = (char)(text[at] ^ 1);
        ck_error_or_sane(damaged);
        damaged[at] = text[at];
    }
    free(damaged);
}
END_TEST

START_TEST(what_is_no_manifest_is_refused)
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

/* Labels are found by their usual names if none are named; the rest is not in older models. */
static bool is_optional(const char *key)
{
    static const char *const keys[] = {"labels", "all_samples", "files", "compacted"};

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

START_TEST(every_field_must_be_there)
{
    json_t *root = json_loads(text, 0, NULL);

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
                     (json_is_boolean(other) && type == JSON_FALSE) || strcmp(key, "labels") == 0;

        json_object_set_new(object, key, other);
        ck_assert_msg(is_refused(root) || suits, "%s: %s", key, others[i]);
    }
}

START_TEST(every_field_has_its_type)
{
    json_t *root = json_loads(text, 0, NULL);

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
    json_t *root = json_loads(text, 0, NULL);

    each_member(root, root, give_extremes);
    json_decref(root);
}
END_TEST

/* Marks that no trainer leaves; a trainer that went on from some would not end. */
START_TEST(a_contradictory_mark_is_refused)
{
    static const struct ff_progress_mark good[] = {
        {.stage = FF_STAGE_TRAIN, .layer = 6, .epoch = 4, .batch = 3},
        {.stage = FF_STAGE_TRAIN, .layer = 1, .round = 1, .epoch = 5},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .round = 2, .epoch = 16, .batch = 3},
        {.stage = FF_STAGE_FORWARD, .layer = 1, .round = 1},
        {.stage = FF_STAGE_HEAD, .layer = 2, .round = 2, .epoch = 3, .batch = 3},
        {.stage = FF_STAGE_HEAD, .layer = 2, .round = 2, .batch = 3, .sums = {900, -1, 1, 1, 900}},
        {.stage = FF_STAGE_DONE, .layer = 6, .round = 2},
        {.stage = FF_STAGE_DONE, .layer = 6, .round = 2, .checkpoints = (uint64_t)1 << 53},
    };
    static const struct ff_progress_mark bad[] = {
        {.stage = FF_STAGE_TRAIN, .layer = 6, .round = 2, .epoch = 17},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .epoch = 5}, /* of the next round */
        {.stage = FF_STAGE_TRAIN, .layer = 1, .round = 1, .epoch = 4},
        {.stage = FF_STAGE_TRAIN, .layer = 1, .round = 3, .epoch = 16},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .batch = 4},
        {.stage = FF_STAGE_TRAIN, .layer = 7},
        {.stage = FF_STAGE_TRAIN, .layer = 0},
        {.stage = FF_STAGE_TRAIN, .layer = 6, .generation = 2, .checkpoints = 1},
        {.stage = FF_STAGE_HEAD, .layer = 2, .round = 2, .epoch = 4},
        {.stage = FF_STAGE_HEAD, .layer = 2, .round = 2, .batch = 4},
        {.stage = FF_STAGE_HEAD, .layer = 1, .round = 2},
        {.stage = FF_STAGE_HEAD, .layer = 2, .round = 1},
        {.stage = FF_STAGE_FORWARD, .layer = 1, .epoch = 1},
        {.stage = FF_STAGE_DONE, .layer = 5, .round = 2},
        {.stage = FF_STAGE_DONE, .layer = 6, .round = 1},
        {.stage = FF_STAGE_IMPORT, .layer = 1}, /* with a fingerprint */
        {.stage = FF_STAGE_DONE, .layer = 6, .round = 2, .checkpoints = ((uint64_t)1 << 53) + 1},
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
        free(text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
        ck_assert_msg(read_text(text, &out) == FF_ECORRUPT, "%s", text);
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
        free(text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
        ck_assert_msg(read_text(text, &out) == FF_ECORRUPT, "%s", text);
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
        free(text);
        ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
        ck_assert_msg(read_text(text, &out) == FF_ECORRUPT, "%s", text);
    }
}
END_TEST

START_TEST(the_label_fits_into_the_row)
{
    struct ff_manifest out;

    manifest.recipe.embedding = "replace";
    manifest.recipe.jitter = 0;
    manifest.image = (struct ff_image){0};
    manifest.features = manifest.classes;
    ck_round_trip();
    manifest.features--;
    free(text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &text), FF_OK);
    ck_assert_int_eq(read_text(text, &out), FF_ECORRUPT);
}
END_TEST

START_TEST(another_version_is_another_format)
{
    static const json_int_t versions[] = {2, 4, 1000000, 0, -1};
    struct ff_manifest out;

    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        json_t *root = json_loads(text, 0, NULL);
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

/* CHANGED differs from MANIFEST's recipe in the field NAME. */
static void ck_differs(const struct ff_recipe *changed, const char *name)
{
    ck_assert_int_eq(ff_manifest_same_recipe(ctx, &manifest.recipe, &manifest.recipe), FF_OK);
    ck_assert_msg(ff_manifest_same_recipe(ctx, &manifest.recipe, changed) == FF_EMISMATCH, "%s",
                  name);
    ck_assert_msg(strstr(ff_ctx_message(ctx), name) != NULL, "%s: %s", name, ff_ctx_message(ctx));
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
    DIFFERS(embedding, "replace");
    DIFFERS(activations, "f32");
    DIFFERS(epochs, 18);
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

START_TEST(the_mark_tells_what_is_trained)
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

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_field_comes_back_exactly);
    tcase_add_test(tcase, too_many_samples_are_refused);
    tcase_add_test(tcase, every_stage_comes_back);
    tcase_add_test(tcase, doubles_come_back_exactly);
    tcase_add_test(tcase, every_prefix_is_refused);
    tcase_add_test(tcase, a_character_less_is_an_error_or_harmless);
    tcase_add_test(tcase, another_character_is_an_error_or_harmless);
    tcase_add_test(tcase, what_is_no_manifest_is_refused);
    tcase_add_test(tcase, every_field_must_be_there);
    tcase_add_test(tcase, every_field_has_its_type);
    tcase_add_test(tcase, numbers_are_checked);
    tcase_add_test(tcase, a_contradictory_mark_is_refused);
    tcase_add_test(tcase, a_contradictory_choice_is_refused);
    tcase_add_test(tcase, an_image_fits_its_row);
    tcase_add_test(tcase, the_label_fits_into_the_row);
    tcase_add_test(tcase, another_version_is_another_format);
    tcase_add_test(tcase, the_differing_field_is_named);
    tcase_add_test(tcase, the_mark_tells_what_is_trained);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
