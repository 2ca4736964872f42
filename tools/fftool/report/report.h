/*
 * The sections of `fftool report`. Each is written to the page as it is read from the model.
 */
#ifndef CLI_REPORT_REPORT_H
#define CLI_REPORT_REPORT_H

#include "common/output.h"
#include "figures/figure.h"
#include "report/page.h"
#include <fftool/evaluate.h>
#include <fftool/model.h>

struct report {
    struct page page;
    const char *name; /* of the model, as given */
    struct ff_model *model;
    struct ff_model_info info;
    const char *log_path, *data;            /* as given; NULL: none */
    const struct figure_source *log;        /* of a training; NULL: none */
    bool log_differs;                       /* it is of another model, which was reported */
    const struct figure_source *profile;    /* results; NULL: none */
    const struct ff_evaluation *evaluation; /* NULL: none */
};

/* "784 > 500x4", whole or cut. */
struct text report_shape(const struct ff_model_info *info);
/* Title, the metrics that matter most, and what the model is. */
void report_write_summary(struct report *report);
/* Memory, speed and disk of the training, from its log. */
void report_write_resources(struct report *report);
/* A row for each layer, with a histogram of its weights. Returns a status of the library. */
int report_write_layers(struct report *report);
/* The commands that train and evaluate the model again. Returns a status of the library. */
int report_write_commands(struct report *report);
/* Writes to TEXT the options that make a recipe like RECIPE, which is complete: its layers, and the
 * fields that would have other values without them. Returns a status of the library. free() TEXT.
 */
int report_recipe_options(struct ff_ctx *ctx, const struct ff_recipe *recipe, char **text);

#endif
