#include "support/manifest_fixture.h"
#include "model/manifest_recipe.h"
#include "support/train_fixture.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

struct ff_manifest manifest;
char *manifest_text;

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

void manifest_setup(void)
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
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
}

void manifest_teardown(void)
{
    free(manifest_text);
    ff_manifest_release(&manifest);
    ff_ctx_free(ctx);
}

int read_text(const char *from, struct ff_manifest *out)
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

void ck_round_trip(void)
{
    struct ff_manifest back;
    char *again;

    free(manifest_text);
    ck_assert_int_eq(ff_manifest_write(ctx, &manifest, &manifest_text), FF_OK);
    ck_assert_msg(read_text(manifest_text, &back) == FF_OK, "%s\n%s", ff_ctx_message(ctx),
                  manifest_text);
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
    ck_assert_str_eq(again, manifest_text);
    free(again);
    ff_manifest_release(&back);
}
