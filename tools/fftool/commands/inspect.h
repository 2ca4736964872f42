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
/* One layer as text: statistics, tiles, a histogram of weights. */
int inspect_print_layer(struct ff_model *model, uint32_t layer);
/* Either as JSON; LAYER 0 is the whole model. Returns an exit code, with the reason of a
 * failure printed. */
int inspect_print_json(const struct cli *cli, struct ff_model *model, uint32_t layer,
                       const struct verification *verification);
/* Only the result of --verify, for a model too damaged to be shown. Returns as above. */
int inspect_print_damage_json(const struct cli *cli, const struct verification *verification);

/* The range of LAYER's histogram: symmetric about the mean, four standard deviations or the range
 * of the weights. */
void inspect_range(const struct ff_tensor_stats *stats, double *low, double *high);

#endif
