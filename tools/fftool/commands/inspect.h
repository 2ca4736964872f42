/*
 * The views of `fftool inspect`. Each reads the model layer by layer and prints as it goes, so that
 * memory stays small for a model of any size; as JSON it is printed when it is whole. Functions
 * return a status of the library unless documented otherwise.
 */
#ifndef CLI_COMMANDS_INSPECT_H
#define CLI_COMMANDS_INSPECT_H

#include "common/output.h"
#include "json.h"
#include <fftool/model.h>

/* What --verify found. */
struct verification {
    bool done;
    uint64_t values, bytes;
    struct json_builder damaged; /* array of texts */
};

/* "waiting", "training", "trained" */
const char *layer_state_name(enum ff_layer_state state);

/* The whole model as text: summary, a table of layers, totals reconciled with the file's size. */
int inspect_print_model(struct ff_model *model, const char *path);
/* The columns of the data as text: names, what they are standardised by, categories. */
int inspect_print_columns(struct ff_model *model);
/* One layer as text: statistics, tiles, a histogram of weights. */
int inspect_print_layer(struct ff_model *model, uint32_t layer);
/* Either as JSON; LAYER 0 is the whole model. Returns an exit code, with the reason of a
 * failure printed. */
int inspect_print_json(const struct cli *cli, struct ff_model *model, uint32_t layer,
                       const struct verification *verification);
/* Only the result of --verify, for a model too damaged to be shown. Returns as above. */
int inspect_print_damage_json(const struct cli *cli, const struct verification *verification);

#define TEXT_COLUMN 12 /* of the summary, where text begins */
/* Begins a line of the summary with HEADING; returns the column. */
int inspect_heading(const char *heading);
/* Prints ITEM after the one before it, on a new line if it does not fit. Returns the column. */
int inspect_item(const char *item, int column);
/* The lines of the summary about the data. */
void inspect_print_data(const struct ff_model *model, const struct ff_model_info *info);

/* The range of LAYER's histogram: symmetric about the mean, four standard deviations or the range
 * of the weights. */
void inspect_range(const struct ff_tensor_stats *stats, double *low, double *high);

#endif
