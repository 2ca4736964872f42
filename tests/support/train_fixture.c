#include "support/train_fixture.h"

#include "base/rng.h"
#include "nn/loss.h"
#include "recipe/recipe_table.h"
#include "support/data_fixture.h"

#include <assert.h>
#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFERS 16
#define IDX_HEADER 16 /* bytes, of a file with three axes */

static char root[PATH_MAX];

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return remove(path);
}

void train_root_setup(void)
{
    const char *parent = getenv("TMPDIR");

    ck_assert_int_lt(snprintf(root, sizeof root, "%s/train-XXXXXX", parent ? parent : "/tmp"),
                     (int)sizeof root);
    ck_assert_ptr_nonnull(mkdtemp(root));
}

void train_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void train_root_teardown(void)
{
    train_remove(root);
}

const char *train_path(const char *folder, const char *name)
{
    static char buffers[BUFFERS][PATH_MAX];
    static unsigned next;
    char *out = buffers[next++ % BUFFERS];

    ck_assert_int_lt(snprintf(out, PATH_MAX, "%s/%s", folder, name), PATH_MAX);
    return out;
}

/* A bar in one of four directions through noise. */
static void draw(uint64_t row, unsigned char *pixels, unsigned char *label)
{
    struct ff_rng rng = ff_rng_make(7, FF_RNG_WEIGHTS, 1, 0);
    uint32_t block[4], at;

    ff_rng_block(&rng, row * 32, block);
    *label = (unsigned char)(block[0] % TRAIN_CLASSES);
    at = block[1] % TRAIN_SIDE;
    for (uint32_t i = 0; i < TRAIN_FEATURES; i++) {
        uint32_t x = i % TRAIN_SIDE, y = i / TRAIN_SIDE, noise[4];
        bool bar[TRAIN_CLASSES] = {x == at, y == at, x == y, x + y == TRAIN_SIDE - 1};

        ff_rng_block(&rng, row * 32 + 1 + i / 4, noise);
        pixels[i] = (unsigned char)(noise[i % 4] % 60 + (bar[*label] ? 150 : 0));
    }
}

static void put_be32(FILE *out, uint32_t value)
{
    unsigned char bytes[4] = {(unsigned char)(value >> 24), (unsigned char)(value >> 16),
                              (unsigned char)(value >> 8), (unsigned char)value};

    ck_assert_uint_eq(fwrite(bytes, 1, 4, out), 4);
}

void train_set_mtime(const char *path, time_t seconds)
{
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

off_t train_size_of(const char *path)
{
    struct stat st;

    ck_assert_int_eq(stat(path, &st), 0);
    return st.st_size;
}

static void write_split(const char *folder, const char *split, uint64_t first, size_t rows)
{
    char name[64];
    FILE *images, *labels;

    snprintf(name, sizeof name, "%s-images-idx3-ubyte", split);
    images = fopen(train_path(folder, name), "wb");
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", split);
    labels = fopen(train_path(folder, name), "wb");
    ck_assert(images && labels);
    put_be32(images, 0x803);
    put_be32(images, (uint32_t)rows);
    put_be32(images, TRAIN_SIDE);
    put_be32(images, TRAIN_SIDE);
    put_be32(labels, 0x801);
    put_be32(labels, (uint32_t)rows);
    for (size_t row = 0; row < rows; row++) {
        unsigned char pixels[TRAIN_FEATURES], label;

        draw(first + row, pixels, &label);
        ck_assert_uint_eq(fwrite(pixels, 1, sizeof pixels, images), sizeof pixels);
        ck_assert_int_eq(fputc(label, labels), label);
    }
    ck_assert_int_eq(fclose(images), 0);
    ck_assert_int_eq(fclose(labels), 0);
    train_set_mtime(train_path(folder, name), TRAIN_MTIME);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", split);
    train_set_mtime(train_path(folder, name), TRAIN_MTIME);
}

/* A new directory with an empty one for data in it. */
static char *new_folder(void)
{
    char *folder = NULL;

    ck_assert_int_gt(asprintf(&folder, "%s/case-XXXXXX", root), 0);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(mkdir(train_path(folder, "data"), 0700), 0);
    return folder;
}

char *train_folder(size_t rows)
{
    char *folder = new_folder();
    const char *data = train_path(folder, "data");

    write_split(data, "train", 0, rows);
    write_split(data, "t10k", 1000000, rows);
    return folder;
}

/* Some bits of the label's pattern are the other way round. */
static void draw_pattern(uint64_t row, uint32_t label, unsigned char *pixels)
{
    const uint32_t flipped = 4, noise = 90, lit = 120;
    struct ff_rng patterns = ff_rng_make(8, FF_RNG_WEIGHTS, 1, 0);
    struct ff_rng chance = ff_rng_make(8, FF_RNG_WEIGHTS, 2, 0);
    uint32_t pattern[4], at[4];

    ff_rng_block(&patterns, label, pattern);
    for (uint32_t i = 0; i < flipped; i++) {
        ff_rng_block(&chance, row * TRAIN_FEATURES + i, at);
        pattern[at[1] % 2] ^= 1u << at[2] % 32;
    }
    for (uint32_t i = 0; i < TRAIN_FEATURES; i++) {
        ff_rng_block(&chance, row * TRAIN_FEATURES + i, at);
        pixels[i] = (unsigned char)(at[0] % noise + (pattern[i / 32] >> i % 32 & 1) * lit);
    }
}

static void write_patterns(const char *folder, const char *split, uint32_t classes, uint64_t first,
                           size_t rows)
{
    struct data_bytes images, labels;
    char text[128];

    snprintf(text, sizeof text, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, %d), }\n",
             rows, TRAIN_FEATURES);
    images = data_npy(1, text);
    snprintf(text, sizeof text, "{'descr': '<u2', 'fortran_order': False, 'shape': (%zu,), }\n",
             rows);
    labels = data_npy(1, text);
    for (size_t row = 0; row < rows; row++) {
        uint32_t label = (uint32_t)(row % classes);
        unsigned char pixels[TRAIN_FEATURES];
        const unsigned char bytes[] = {(unsigned char)label, (unsigned char)(label >> 8)};

        draw_pattern(first + row, label, pixels);
        data_put(&images, pixels, sizeof pixels);
        data_put(&labels, bytes, sizeof bytes);
    }
    snprintf(text, sizeof text, "x_%s.npy", split);
    data_write(folder, text, &images);
    snprintf(text, sizeof text, "y_%s.npy", split);
    data_write(folder, text, &labels);
}

char *train_folder_of(uint32_t classes, size_t rows)
{
    char *folder = new_folder();
    const char *data = train_path(folder, "data");

    write_patterns(data, "train", classes, 0, rows);
    write_patterns(data, "test", classes, 1000000, rows);
    return folder;
}

/* An image as floats: type 0x0d, (rows, TRAIN_SIDE, TRAIN_SIDE), big-endian. */
static void write_floats(const char *path, size_t rows, const unsigned char *pixels)
{
    FILE *out = fopen(path, "wb");

    ck_assert_ptr_nonnull(out);
    put_be32(out, 0xd03);
    put_be32(out, (uint32_t)rows);
    put_be32(out, TRAIN_SIDE);
    put_be32(out, TRAIN_SIDE);
    for (size_t i = 0; i < rows * TRAIN_FEATURES; i++) {
        float value = (float)pixels[i] * 0x1p-7f - 0.25f;
        uint32_t bits;

        memcpy(&bits, &value, sizeof bits);
        put_be32(out, bits);
    }
    ck_assert_int_eq(fclose(out), 0);
}

void train_make_floats(const char *folder)
{
    static const char *const names[] = {"data/train-images-idx3-ubyte",
                                        "data/t10k-images-idx3-ubyte"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *path = train_path(folder, names[i]);
        FILE *in = fopen(path, "rb");
        struct stat status;
        unsigned char *bytes;
        size_t size;

        ck_assert_ptr_nonnull(in);
        ck_assert_int_eq(fstat(fileno(in), &status), 0);
        size = (size_t)status.st_size;
        bytes = malloc(size);
        ck_assert_ptr_nonnull(bytes);
        ck_assert_uint_eq(fread(bytes, 1, size, in), size);
        fclose(in);
        write_floats(path, (size - IDX_HEADER) / TRAIN_FEATURES, bytes + IDX_HEADER);
        free(bytes);
    }
}

struct ff_ctx *train_ctx(void)
{
    struct ff_ctx *ctx;

    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    return ctx;
}

void train_named(const char *named, struct ff_recipe *recipe)
{
    struct ff_recipe out;

    ff_recipe_init(&out);
    out.hidden = recipe->hidden;
    out.layers = recipe->layers;
    out.recipe = named;
    out.activations = "f32";
    out.epochs = 3;
    out.batch = 32;
    out.head_epochs = 2;
    out.seed = 5;
    if (ff_loss_find(ff_recipe_find(named)->defaults->loss)->pairs)
        out.negative_sets = 2;
    *recipe = out;
}

void train_recipe(struct ff_ctx *ctx, const char *hidden, struct ff_recipe *out)
{
    ff_recipe_init(out);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, hidden, out), FF_OK);
    train_named("symba", out);
}

/* What differs from a recipe of the table; 0: nothing. */
struct variant {
    const char *recipe, *negatives, *pass_on;
    uint32_t label_samples, jitter, copies, sweeps;
    double validation;
    bool no_head;
};

static const struct variant variants[] = {
    {.recipe = "conditioned", .pass_on = "mean", .label_samples = 2, .no_head = true},
    {.recipe = "conditioned",
     .pass_on = "posterior",
     .jitter = 1,
     .copies = 2,
     .sweeps = 2,
     .validation = 0.2},
    {.recipe = "symba", .negatives = "hard", .jitter = 1, .sweeps = 2, .validation = 0.2},
    {.recipe = "unsupervised", .jitter = 1, .sweeps = 3},
};
#define VARIANTS (sizeof variants / sizeof *variants)

static void apply(const struct variant *variant, struct ff_recipe *recipe)
{
    train_named(variant->recipe, recipe);
    if (variant->negatives) { /* they are drawn for each epoch, and of no set */
        recipe->negatives = variant->negatives;
        recipe->negative_sets = FF_UNSET;
    }
    if (variant->pass_on)
        recipe->pass_on = variant->pass_on;
    if (variant->copies)
        recipe->augment_copies = variant->copies;
    if (variant->sweeps)
        recipe->sweeps = variant->sweeps;
    if (variant->no_head)
        recipe->head_epochs = 0;
    recipe->label_samples = variant->label_samples;
    recipe->jitter = variant->jitter;
    recipe->validation = variant->validation;
}

int train_kinds(void)
{
    size_t count;

    ff_recipes(&count);
    assert(count + VARIANTS <= TRAIN_MAX_KINDS);
    return (int)(count + VARIANTS);
}

void train_kind(int kind, struct ff_recipe *recipe)
{
    size_t count;
    const struct ff_recipe_entry *table = ff_recipes(&count);

    if ((size_t)kind < count)
        train_named(table[kind].name, recipe);
    else
        apply(&variants[(size_t)kind - count], recipe);
}

bool train_without_head(struct ff_recipe *recipe)
{
    if (strcmp(ff_recipe_find(recipe->recipe)->defaults->embedding, "none") == 0)
        return false;
    recipe->head_epochs = 0;
    return true;
}

void train_backprop(const char *mode, struct ff_recipe *recipe)
{
    struct ff_recipe plain;

    ff_recipe_init(&plain);
    recipe->mode = mode;
    recipe->recipe = plain.recipe;
    recipe->negative_sets = plain.negative_sets;
    recipe->head_epochs = plain.head_epochs;
}

void train_opts(const char *folder, struct ff_train_opts *out)
{
    ff_train_opts_init(out);
    out->model = strdup(train_path(folder, "model.ff"));
    out->data.path = strdup(train_path(folder, "data"));
    out->threads = 2;
    out->checkpoint_interval_s = 0;
}

void train_opts_release(struct ff_train_opts *opts)
{
    free((void *)(uintptr_t)opts->model);
    free((void *)(uintptr_t)opts->data.path);
}

void train_ok(struct ff_ctx *ctx, struct ff_recipe *recipe, const struct ff_train_opts *opts)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = ff_recipe_complete(ctx, recipe);

    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    status = ff_train(ctx, recipe, opts, &result);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
}

const char *train_hash(const char *path)
{
    static char buffers[BUFFERS][33];
    static unsigned next;
    struct ff_ctx *ctx = train_ctx();
    struct ff_model *model;
    struct ff_model_info info = {.size = sizeof info};
    char *out = buffers[next++ % BUFFERS];
    int status = ff_model_open(ctx, path, &model);

    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    status = ff_model_info(model, &info);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert(info.complete);
    strcpy(out, info.weights_hash);
    ff_model_close(model);
    ff_ctx_free(ctx);
    return out;
}

const char *train_reference(const struct ff_recipe *recipe, size_t rows)
{
    char *folder = train_folder(rows);
    struct ff_ctx *ctx = train_ctx();
    struct ff_recipe copy = *recipe;
    struct ff_train_opts opts;
    const char *hash;

    train_opts(folder, &opts);
    opts.checkpoint_interval_s = TRAIN_NEVER_S;
    train_ok(ctx, &copy, &opts);
    hash = train_hash(opts.model);
    train_opts_release(&opts);
    ff_ctx_free(ctx);
    free(folder);
    return hash;
}

bool train_countdown(void *arg)
{
    long *left = arg;

    return --*left < 0;
}
