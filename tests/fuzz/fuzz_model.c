/*
 * A whole model file: opened, described, verified, evaluated. Damage may end each step with an
 * error and no more.
 */
#include "fuzz/fuzz.h"

#include <fftool/fftool.h>

#include <math.h>
#include <string.h>

#define ROWS 3 /* that are evaluated */
#define MOST_LAYERS 8
#define MOST_TILES 4
#define MOST_FEATURES 4096
#define MEMORY_BYTES ((uint64_t)256 << 20) /* of the process, when it evaluates */

const size_t fuzz_replay_inputs = 80;

static void check_tiles(struct ff_ctx *ctx, struct ff_model *model,
                        const struct ff_layer_info *layer)
{
    for (uint32_t tile = 0; tile < layer->tiles && tile < MOST_TILES; tile++) {
        uint64_t histogram[FF_HISTOGRAM_BINS] = {0}, sum = 0;
        struct ff_tile_info out = {.size = sizeof out};

        if (fuzz_status(ctx, ff_model_tile(model, layer->layer, tile, layer->weights.min,
                                           layer->weights.max, histogram, &out)) != FF_OK)
            continue;
        for (int bin = 0; bin < FF_HISTOGRAM_BINS; bin++)
            sum += histogram[bin];
        FUZZ_CHECK(out.units >= 1 && out.units <= layer->units);
        FUZZ_CHECK(sum + out.weights.nans == out.weights.count);
    }
}

static void check_layers(struct ff_ctx *ctx, struct ff_model *model, uint32_t layers)
{
    struct ff_layer_info layer = {.size = sizeof layer};

    for (uint32_t i = 1; i <= layers && i <= MOST_LAYERS; i++) {
        if (fuzz_status(ctx, ff_model_layer(model, i, &layer)) != FF_OK)
            continue;
        FUZZ_CHECK(layer.units >= 1 && layer.fan_in >= 1 && layer.tiles >= 1);
        if (layer.state != FF_LAYER_WAITING)
            FUZZ_CHECK(layer.weights.count == (uint64_t)layer.units * layer.fan_in);
        check_tiles(ctx, model, &layer);
    }
    FUZZ_CHECK(fuzz_status(ctx, ff_model_layer(model, layers + 1, &layer)) == FF_EINVAL);
}

static void count_damage(void *arg, const char *text)
{
    uint64_t *damaged = arg;

    FUZZ_CHECK(*text != '\0');
    ++*damaged;
}

static void check_values(struct ff_ctx *ctx, struct ff_model *model)
{
    uint64_t values, bytes, damaged = 0;
    int status = fuzz_status(ctx, ff_model_verify(model, count_damage, &damaged, &values, &bytes));

    FUZZ_CHECK(damaged <= values && (status != FF_OK || damaged == 0));
}

/* What evaluation needs to know; CLASSES 0: do not evaluate. */
struct shape {
    uint32_t features, classes;
    bool has_head;
};

/* Describes the model, which is not open any more when it returns. */
static struct shape inspect(struct ff_ctx *ctx, const char *path, size_t size)
{
    struct shape shape = {0, 0, false};
    struct ff_model_info info = {.size = sizeof info};
    struct ff_model *model;

    if (fuzz_status(ctx, ff_model_open(ctx, path, &model)) != FF_OK)
        return shape;
    if (fuzz_status(ctx, ff_model_info(model, &info)) == FF_OK) {
        FUZZ_CHECK(info.file_bytes == size);
        FUZZ_CHECK(info.tile_bytes + info.overhead_bytes + info.free_bytes == info.file_bytes);
        FUZZ_CHECK(info.layers_trained <= ff_recipe_layers(info.recipe));
        check_layers(ctx, model, ff_recipe_layers(info.recipe));
        if (info.features <= MOST_FEATURES)
            shape = (struct shape){info.features, info.classes, info.has_head};
    }
    check_values(ctx, model);
    ff_model_close(model);
    return shape;
}

/* Writes an IDX file of bytes, (ROWS, COLUMNS); one axis if COLUMNS is 0. */
static const char *write_idx(const char *name, uint32_t columns, uint8_t below)
{
    static uint8_t file[12 + ROWS * MOST_FEATURES];
    size_t n = 0, values = (size_t)ROWS * (columns ? columns : 1);

    memset(file, 0, sizeof file);
    file[2] = 8;
    file[3] = columns ? 2 : 1;
    file[7] = ROWS;
    file[10] = (uint8_t)(columns >> 8);
    file[11] = (uint8_t)columns;
    n = columns ? 12 : 8;
    for (size_t i = 0; i < values; i++)
        file[n + i] = (uint8_t)(i % below);
    return fuzz_file(name, file, n + values);
}

static void evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts)
{
    struct ff_evaluation out = {.size = sizeof out};
    uint64_t cells = 0;

    if (fuzz_status(ctx, ff_evaluate(ctx, opts, &out)) != FF_OK)
        return;
    fuzz_accept();
    FUZZ_CHECK(out.samples == ROWS && out.error >= 0 && out.error <= 1);
    for (size_t i = 0; i < (size_t)out.classes * out.classes; i++)
        cells += out.confusion[i];
    FUZZ_CHECK(cells == out.samples);
    ff_evaluate_release(&out);
}

static int check_prediction(void *arg, const struct ff_prediction *prediction)
{
    const struct shape *shape = arg;

    FUZZ_CHECK(prediction->index < ROWS && prediction->label < shape->classes);
    FUZZ_CHECK(prediction->classes == shape->classes);
    return FF_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ff_ctx *ctx = fuzz_ctx();
    struct ff_evaluate_opts opts;
    struct shape shape;
    uint64_t samples;

    ff_evaluate_opts_init(&opts);
    opts.model = fuzz_file("input.ff", data, size);
    shape = inspect(ctx, opts.model, size);
    if (shape.classes > 0) {
        opts.data.path = write_idx("images", shape.features, 255);
        opts.data.labels = write_idx("labels", 0, 2);
        opts.threads = 1;
        opts.memory_bytes = MEMORY_BYTES;
        opts.scratch = fuzz_directory();
        evaluate(ctx, &opts);
        opts.data.labels = NULL;
        opts.method = FF_METHOD_HEAD;
        if (shape.has_head &&
            fuzz_status(ctx, ff_predict(ctx, &opts, check_prediction, &shape, &samples)) == FF_OK)
            FUZZ_CHECK(samples == ROWS);
    }
    fuzz_ctx_free(ctx);
    return 0;
}

#ifdef FF_LIBFUZZER
/* Mutations that know where the parts of a model file are: most blind ones break what LMDB needs
 * and are refused at once. */

#define PAGE_BYTES 4096
#define MOST_REGION 4096

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

/* Mutates BYTES bytes at AT, as many as there are; what becomes shorter is padded with PADDING. */
static void mutate_region(uint8_t *data, size_t size, size_t at, size_t bytes, uint8_t padding)
{
    uint8_t region[MOST_REGION];
    size_t n;

    if (at >= size)
        return;
    if (bytes > size - at)
        bytes = size - at;
    if (bytes > sizeof region)
        bytes = sizeof region;
    memcpy(region, data + at, bytes);
    n = LLVMFuzzerMutate(region, bytes, bytes);
    memset(region + n, padding, bytes - n);
    memcpy(data + at, region, bytes);
}

/* Where TEXT is for the (TURN modulo how often it is there)-th time; SIZE: nowhere. */
static size_t find(const uint8_t *data, size_t size, const char *text, unsigned turn)
{
    const size_t length = strlen(text);
    unsigned count = 0;

    for (int pass = 0; pass < 2; pass++) {
        unsigned left = count ? turn % count : 0;

        for (size_t at = 0; at + length <= size; at++) {
            if (memcmp(data + at, text, length) != 0)
                continue;
            if (pass == 0)
                count++;
            else if (left-- == 0)
                return at;
        }
    }
    return size;
}

/* The manifest stays as long as its value's header says: JSON may end in spaces. */
static void mutate_manifest(uint8_t *data, size_t size, unsigned turn)
{
    size_t at = find(data, size, "\"fftool model\"", turn), end = at;

    if (at == size)
        return;
    while (end < size && data[end] != '\0')
        end++;
    while (at > 0 && data[at - 1] != '\0') /* the last bytes of the header are zeros */
        at--;
    mutate_region(data, size, at, end - at, ' ');
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
    enum { WHOLE, META, PAGE, MANIFEST, HEADER, PAYLOAD, KINDS };
    const unsigned turn = seed / KINDS;
    const size_t page = size < PAGE_BYTES ? 0 : turn % (size / PAGE_BYTES) * PAGE_BYTES;

    switch (seed % KINDS) {
    case META:
        mutate_region(data, size, turn % 2 * PAGE_BYTES, 152, 0);
        return size;
    case PAGE:
        mutate_region(data, size, page, 64, 0);
        return size;
    case MANIFEST:
        mutate_manifest(data, size, turn);
        return size;
    case HEADER:
        mutate_region(data, size, find(data, size, "FFv1", turn), 48, 0);
        return size;
    case PAYLOAD:
        mutate_region(data, size, find(data, size, "FFv1", turn) + 48, 64, 0);
        return size;
    default:
        return LLVMFuzzerMutate(data, size, max_size);
    }
}
#endif
