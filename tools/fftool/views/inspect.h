/*
 * The views of `fftool inspect`. Each reads the model layer by layer and prints as it goes, so that
 * memory stays small for a model of any size; as JSON it is printed when it is whole. Functions
 * return a status of the library unless documented otherwise.
 */
#ifndef CLI_VIEWS_INSPECT_H
#define CLI_VIEWS_INSPECT_H

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
int inspect_print_model(struct ff_model *model, const char *path, bool wide);
/* The tensors that the model has now, a line each, as text; as JSON, with an exit code. */
int inspect_print_tensors(struct ff_model *model);
int inspect_print_tensors_json(const struct cli *cli, struct ff_model *model);
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

/* Totals of the table of layers. */
struct inspect_totals {
    uint64_t parameters, raw, stored, optimizer;
    uint32_t dead_layers;
};
/* The table of layers, in 80 columns unless WIDE, and its totals. */
int inspect_print_layers(struct ff_model *model, const struct ff_model_info *info, bool wide,
                         struct inspect_totals *totals);
/* STORED as a part of RAW bytes, or "-". */
struct text inspect_ratio(uint64_t raw, uint64_t stored);

/* The range of LAYER's histogram: symmetric about the mean, four standard deviations or the range
 * of the weights. */
void inspect_range(const struct ff_tensor_stats *stats, double *low, double *high);

#endif
