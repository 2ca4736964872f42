/* fftool inspect: the table of layers, in 80 columns or wide. */
#include "common/print.h"
#include "views/inspect.h"
#include <math.h>

struct text inspect_ratio(uint64_t raw, uint64_t stored)
{
    struct text out;

    if (raw == 0 || stored == 0)
        snprintf(out.s, sizeof out.s, "-");
    else
        snprintf(out.s, sizeof out.s, "%.3f", (double)stored / (double)raw);
    return out;
}

/* NAN where there are no weights yet. */
static double known(const struct ff_layer_info *layer, double value)
{
    return layer->weights.count > 0 ? value : NAN;
}

static struct text number_text(const struct ff_layer_info *layer)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%u", layer->layer);
    return out;
}

static struct text state_text(const struct ff_layer_info *layer)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%s", layer_state_name(layer->state));
    return out;
}

static struct text shape_text(const struct ff_layer_info *layer)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%u x %u", layer->fan_in, layer->units);
    return out;
}

static struct text units_text(const struct ff_layer_info *layer)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%u", layer->units);
    return out;
}

static struct text parameters_text(const struct ff_layer_info *layer)
{
    return text_count(layer->parameters);
}

static struct text dtype_text(const struct ff_layer_info *layer)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%s", layer->dtype);
    return out;
}

static struct text raw_text(const struct ff_layer_info *layer)
{
    return text_bytes(layer->raw_bytes);
}

static struct text stored_text(const struct ff_layer_info *layer)
{
    return text_bytes(layer->stored_bytes);
}

static struct text ratio_text(const struct ff_layer_info *layer)
{
    return inspect_ratio(layer->raw_bytes, layer->stored_bytes);
}

static struct text min_text(const struct ff_layer_info *layer)
{
    return text_real(known(layer, layer->weights.min));
}

static struct text max_text(const struct ff_layer_info *layer)
{
    return text_real(known(layer, layer->weights.max));
}

static struct text mean_text(const struct ff_layer_info *layer)
{
    return text_real(known(layer, layer->weights.mean));
}

static struct text std_text(const struct ff_layer_info *layer)
{
    return text_real(known(layer, layer->weights.std));
}

static struct text zeros_text(const struct ff_layer_info *layer)
{
    return text_share(layer->weights.zeros, layer->weights.count);
}

static struct text nans_text(const struct ff_layer_info *layer)
{
    return text_share(layer->weights.nans, layer->weights.count);
}

static struct text dead_text(const struct ff_layer_info *layer)
{
    return isfinite(layer->loss) ? text_count(layer->dead_units) : (struct text){"-"};
}

static struct text positive_text(const struct ff_layer_info *layer)
{
    return text_real(layer->goodness_pos);
}

static struct text negative_text(const struct ff_layer_info *layer)
{
    return text_real(layer->goodness_neg);
}

static struct text error_text(const struct ff_layer_info *layer)
{
    return text_percent(layer->error);
}

/* The epoch that a layer keeps, and those that it learned for: "4/7". */
static struct text epochs_text(const struct ff_layer_info *layer)
{
    struct text out = {"-"};

    if (layer->kept_epoch > 0)
        snprintf(out.s, sizeof out.s, "%u/%u", layer->kept_epoch, layer->learned_epochs);
    return out;
}

/* When a column is shown. */
enum {
    IN_NARROW = 1,   /* also without --wide */
    IF_METRICS = 2,  /* layers have metrics as trained */
    NO_METRICS = 4,  /* they have none: without --wide */
    IF_STOPPING = 8, /* layers may stop early */
    NO_STOPPING = 16 /* they do not: without --wide */
};

static const struct column {
    const char *heading;
    int width; /* negative: aligned at the left */
    unsigned when;
    struct text (*text)(const struct ff_layer_info *layer);
} columns[] = {
    {"layer", 5, IN_NARROW, number_text},
    {"state", -8, IN_NARROW, state_text},
    {"shape", 13, 0, shape_text},
    {"units", 7, IN_NARROW, units_text},
    {"parameters", 11, IN_NARROW, parameters_text},
    {"dtype", -5, 0, dtype_text},
    {"raw", 10, 0, raw_text},
    {"stored", 10, IN_NARROW | NO_STOPPING, stored_text},
    {"ratio", 6, 0, ratio_text},
    {"min", 9, 0, min_text},
    {"max", 9, 0, max_text},
    {"mean", 10, IN_NARROW | NO_METRICS, mean_text},
    {"std", 9, IN_NARROW | NO_METRICS, std_text},
    {"zeros", 7, 0, zeros_text},
    {"NaNs", 7, 0, nans_text},
    {"dead", 5, IN_NARROW | IF_METRICS, dead_text},
    {"good pos", 8, IN_NARROW | IF_METRICS, positive_text},
    {"good neg", 8, IN_NARROW | IF_METRICS, negative_text},
    {"error", 8, IN_NARROW | IF_METRICS, error_text},
    {"epochs", 7, IN_NARROW | IF_STOPPING, epochs_text},
};

/* What the model has, and --wide. */
struct view {
    bool wide, metrics, stopping;
};

static bool is_shown(const struct column *column, const struct view *view)
{
    if (((column->when & IF_METRICS) && !view->metrics) ||
        ((column->when & IF_STOPPING) && !view->stopping))
        return false;
    return view->wide ||
           ((column->when & IN_NARROW) && !((column->when & NO_METRICS) && view->metrics) &&
            !((column->when & NO_STOPPING) && view->stopping));
}

/* Prints a cell that HEADING names, with TEXT, unless that is not shown. */
static void print_cells(const struct view *view, const struct ff_layer_info *layer)
{
    const char *between = "";

    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) {
        const struct column *column = &columns[i];

        if (!is_shown(column, view))
            continue;
        printf("%s%*s", between, column->width,
               layer != NULL ? column->text(layer).s : column->heading);
        between = " ";
    }
    putchar('\n');
}

static void print_totals(const struct ff_model_info *info, const struct inspect_totals *totals)
{
    if (info->has_head && info->parameters > totals->parameters)
        printf("%s: %s\n", info->backprop ? "output layer" : "heads",
               text_counted(info->parameters - totals->parameters, "parameter").s);
    printf("total: %s; the layers take %s, stored as %s (%s)\n\n",
           text_counted(info->parameters, "parameter").s, text_bytes(totals->raw).s,
           text_bytes(totals->stored).s, inspect_ratio(totals->raw, totals->stored).s);
    if (totals->dead_layers > 0)
        printf("%s with dead units only, above which no layer can learn;\n"
               "try a lower learning rate or another seed\n\n",
               text_counted(totals->dead_layers, "layer").s);
}

int inspect_print_layers(struct ff_model *model, const struct ff_model_info *info, bool wide,
                         struct inspect_totals *totals)
{
    const struct view view = {.wide = wide,
                              .metrics = !info->whole_network,
                              .stopping = ff_recipe_get_uint(info->recipe, "patience") > 0};
    struct ff_layer_info layer = {.size = sizeof layer};

    print_cells(&view, NULL);
    for (uint32_t i = 1; i <= ff_recipe_layers(info->recipe); i++) {
        int status = ff_model_layer(model, i, &layer);

        if (status != FF_OK)
            return status;
        print_cells(&view, &layer);
        totals->parameters += layer.parameters;
        totals->raw += layer.raw_bytes;
        totals->stored += layer.stored_bytes;
        totals->optimizer += layer.optimizer_stored_bytes;
        totals->dead_layers += isfinite(layer.loss) && layer.dead_units >= layer.units;
    }
    putchar('\n');
    print_totals(info, totals);
    return FF_OK;
}
