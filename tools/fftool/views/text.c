/* fftool inspect: a model, or one layer, for people. */
#include "common/print.h"
#include "views/inspect.h"
#include <fftool/memory.h>
#include <math.h>

#define BAR_CELLS 50  /* of the histogram's longest bar */
#define RANGE_STD 4.0 /* histogram: standard deviations to each side of the mean */
#define SHAPE_PARTS 8 /* most groups of equal layers in the line of the network */

const char *layer_state_name(enum ff_layer_state state)
{
    static const char *const names[] = {"waiting", "training", "trained"};

    return names[state];
}

void inspect_range(const struct ff_tensor_stats *stats, double *low, double *high)
{
    *low = stats->mean - RANGE_STD * stats->std;
    *high = stats->mean + RANGE_STD * stats->std;
    if (!(*low > stats->min))
        *low = stats->min;
    if (!(*high < stats->max))
        *high = stats->max;
    if (!isfinite(*low) || !isfinite(*high) || !(*low < *high)) {
        *low = isfinite(*low) ? *low - 1 : -1;
        *high = *low + 2;
    }
}

/* "784 > 1000x2 > 500", truncated if it is too long. */
static void print_shape(const struct ff_model_info *info)
{
    const struct ff_recipe *recipe = info->recipe;
    uint32_t i, run, parts = 0;

    printf("%u", info->features);
    for (i = 1; i <= ff_recipe_layers(recipe); i += run) {
        uint32_t units = ff_recipe_units(recipe, i);

        for (run = 1; ff_recipe_units(recipe, i + run) == units;)
            run++;
        if (++parts > SHAPE_PARTS) {
            fputs(" > ...", stdout);
            break;
        }
        printf(" > %u", units);
        if (run > 1)
            printf("x%u", run);
    }
}

static void print_choice(const struct ff_layer_choice *choice)
{
    if (choice->first == 0)
        return;
    printf("  choice    goodness of ");
    if (choice->first == choice->last)
        printf("layer %u", choice->first);
    else
        printf("layers %u to %u", choice->first, choice->last);
    printf("; held-out error %s, temperature %s\n", text_percent(choice->held_out_error).s,
           text_real(choice->temperature).s);
}

/* Prints the fields of GROUP that have an effect, as in "batch 128, seed 0". Returns the column. */
static int print_fields(const struct ff_recipe *recipe, enum ff_field_group group, int column)
{
    const struct ff_recipe_field *field;
    char item[128];

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++)
        if (field->group == group && ff_recipe_uses(recipe, field->name)) {
            snprintf(item, sizeof item, "%s %s", text_words(field->name).s,
                     text_field(recipe, field).s);
            column = inspect_item(item, column);
        }
    return column;
}

static void print_recipe(const struct ff_model_info *info)
{
    const struct ff_recipe *recipe = info->recipe;
    int column = print_fields(recipe, FF_GROUP_MODE, inspect_heading("recipe"));

    if (info->backprop)
        column = inspect_item("cross-entropy of a linear softmax output", column);
    print_fields(recipe, FF_GROUP_NETWORK, column);
    putchar('\n');
    print_fields(recipe, FF_GROUP_OPTIMIZER, inspect_heading("steps"));
    if (info->has_head && !info->backprop) {
        putchar('\n');
        print_fields(recipe, FF_GROUP_HEAD, inspect_heading("head"));
    }
    putchar('\n');
    if (info->held_out_samples > 0)
        printf("  held out  %s of %s samples\n", text_count(info->held_out_samples).s,
               text_count(info->samples).s);
}

/* Progress: the layer in training, or the next one. */
static void print_place(const struct ff_model_info *info)
{
    uint64_t epochs = ff_recipe_get_uint(info->recipe, info->on_head ? "head_epochs" : "epochs");
    uint64_t sweeps = ff_recipe_get_uint(info->recipe, "sweeps");

    if (sweeps > 1)
        printf(", sweep %u of %u", info->sweep, (uint32_t)sweeps);
    if (info->layer == 0)
        printf(", all at");
    else
        printf(", %slayer %u%s", info->on_head ? "head on " : "", info->layer,
               info->begun ? " at" : " next");
    if (info->layer == 0 || info->begun)
        printf(" epoch %u of %u", info->epoch, (uint32_t)epochs);
}

static void print_progress(const struct ff_model_info *info)
{
    printf("  progress  %u of %s trained", info->layers_trained,
           text_counted(ff_recipe_layers(info->recipe), "layer").s);
    if (!info->complete)
        print_place(info);
    printf("; %s checkpoint%s%s\n", text_count(info->checkpoints).s,
           info->checkpoints == 1 ? "" : "s", info->in_training ? "; in training now" : "");
}

static void print_summary(const struct ff_model *model, const struct ff_model_info *info,
                          const char *path)
{
    print_text(stdout, path);
    printf(": %s\n  network   ", info->complete ? "complete" : "not complete");
    print_shape(info);
    printf(", %u classes; %s parameters\n", info->classes, text_count(info->parameters).s);
    print_recipe(info);
    inspect_print_data(model, info);
    print_progress(info);
    print_choice(&info->choice);
    printf("  weights   hash %s\n", info->weights_hash);
    print_line(stdout, "  made by   fftool %s, %s, %s, %s", info->program_version, info->blas,
               info->lmdb, info->zstd);
    putchar('\n');
}

/* Tiles other than the weights of the layers and their optimizer state. */
static void print_other_tiles(const struct ff_model_info *info, uint64_t bytes)
{
    printf("     + %15s  %straining metrics%s\n", text_count(bytes).s,
           info->backprop   ? "output layer, "
           : info->has_head ? "head, "
                            : "",
           info->complete ? "" : ", obsolete tiles");
}

/* Where every byte of the file is. */
static void print_bytes(const struct ff_model_info *info, const struct inspect_totals *totals)
{
    uint64_t layers = totals->stored + totals->optimizer;

    printf("bytes  %15s  weights of the layers, as stored\n", text_count(totals->stored).s);
    if (totals->optimizer > 0)
        printf("     + %15s  optimizer state\n", text_count(totals->optimizer).s);
    if (info->tile_bytes >= layers)
        print_other_tiles(info, info->tile_bytes - layers);
    printf("     = %15s  in tiles\n", text_count(info->tile_bytes).s);
    printf("     + %15s  manifest, B-trees, rest of pages\n", text_count(info->overhead_bytes).s);
    printf("     + %15s  free pages (of %s)\n", text_count(info->free_bytes).s,
           text_bytes(info->page_bytes).s);
    printf("     = %15s  the file\n", text_count(info->file_bytes).s);
}

int inspect_print_model(struct ff_model *model, const char *path, bool wide)
{
    struct ff_model_info info = {.size = sizeof info};
    struct inspect_totals totals = {0};
    int status = ff_model_info(model, &info);

    if (status != FF_OK)
        return status;
    print_summary(model, &info, path);
    status = inspect_print_layers(model, &info, wide, &totals);
    if (status == FF_OK)
        print_bytes(&info, &totals);
    return status;
}

static void print_stats(const char *name, const struct ff_tensor_stats *stats)
{
    if (stats->count == 0) {
        printf("  %-8s none stored yet\n", name);
        return;
    }
    printf("  %-8s %s: min %s, max %s, mean %s, std %s; %s zeros, %s NaNs, %s infinities\n", name,
           text_count(stats->count).s, text_real(stats->min).s, text_real(stats->max).s,
           text_real(stats->mean).s, text_real(stats->std).s, text_count(stats->zeros).s,
           text_count(stats->nans).s, text_count(stats->infinities).s);
}

static void print_layer_head(const struct ff_layer_info *layer)
{
    printf("layer %u: %s, %u inputs, %u units, %s parameters (%s)\n", layer->layer,
           layer_state_name(layer->state), layer->fan_in, layer->units,
           text_count(layer->parameters).s, layer->dtype);
    printf("  stored   %s of %s raw (ratio %s)", text_bytes(layer->stored_bytes).s,
           text_bytes(layer->raw_bytes).s, inspect_ratio(layer->raw_bytes, layer->stored_bytes).s);
    if (layer->optimizer_stored_bytes > 0)
        printf("; optimizer %s", text_bytes(layer->optimizer_stored_bytes).s);
    putchar('\n');
    if (isfinite(layer->loss))
        printf("  trained  loss %s, goodness %s positive, %s negative, error %s, dead units %s\n",
               text_real(layer->loss).s, text_real(layer->goodness_pos).s,
               text_real(layer->goodness_neg).s, text_percent(layer->error).s,
               text_count(layer->dead_units).s);
    if (layer->kept_epoch > 0)
        printf("  epochs   stopped at epoch %u, kept epoch %u\n", layer->learned_epochs,
               layer->kept_epoch);
    print_stats("weights", &layer->weights);
    print_stats("biases", &layer->biases);
    if (layer->label_weights.count > 0)
        print_stats("labels", &layer->label_weights);
}

static void print_histogram(const uint64_t histogram[FF_HISTOGRAM_BINS], double low, double high)
{
    double width = (high - low) / FF_HISTOGRAM_BINS;
    uint64_t most = 1;
    int i;

    for (i = 0; i < FF_HISTOGRAM_BINS; i++)
        if (histogram[i] > most)
            most = histogram[i];
    printf("\nweights from       number\n");
    for (i = 0; i < FF_HISTOGRAM_BINS; i++) {
        int cells = (int)((double)histogram[i] / (double)most * BAR_CELLS + 0.5);

        printf("%12.5f %12s", low + width * i, text_count(histogram[i]).s);
        if (cells > 0)
            fputs("  ", stdout);
        while (cells-- > 0)
            putchar('#');
        putchar('\n');
    }
    printf("%12.5f               (the first and the last bin include all values outside)\n", high);
}

int inspect_print_layer(struct ff_model *model, uint32_t number)
{
    struct ff_layer_info layer = {.size = sizeof layer};
    struct ff_tile_info tile = {.size = sizeof tile};
    uint64_t histogram[FF_HISTOGRAM_BINS] = {0};
    double low, high;
    uint32_t i;
    int status = ff_model_layer(model, number, &layer);

    if (status != FF_OK)
        return status;
    print_layer_head(&layer);
    if (layer.weights.count == 0)
        return FF_OK;
    inspect_range(&layer.weights, &low, &high);
    printf(
        "\n tile  units         raw      stored  ratio       min       max       mean       std\n");
    for (i = 0; i < layer.tiles; i++) {
        const struct ff_tensor_stats *w = &tile.weights;

        status = ff_model_tile(model, number, i, low, high, histogram, &tile);
        if (status != FF_OK)
            return status;
        printf("%5u %6u %11s %11s %6s %9s %9s %10s %9s\n", tile.tile, tile.units,
               text_bytes(tile.raw_bytes).s, text_bytes(tile.stored_bytes).s,
               inspect_ratio(tile.raw_bytes, tile.stored_bytes).s, text_real(w->min).s,
               text_real(w->max).s, text_real(w->mean).s, text_real(w->std).s);
    }
    print_histogram(histogram, low, high);
    return FF_OK;
}
