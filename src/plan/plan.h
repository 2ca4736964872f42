/*
 * The planner: what a run will hold in memory at each of its moments, told beforehand by the same
 * lists of buffers that allocate it (base/buffers.h), and the knobs with which it fits a budget.
 *
 * A knob never changes a bit of the weights. Knobs belong to a stage and a layer and follow from
 * the job alone, so that the plan that is printed and the stage that runs come to the same ones.
 */
#ifndef FF_PLAN_PLAN_H
#define FF_PLAN_PLAN_H

#include "learn/job.h"
#include "model/layer.h"

#include <fftool/plan.h>

/* The planner of one job. */
struct ff_planner {
    const struct ff_job *job; /* not owned */
    struct ff_stage_work work;
    struct ff_needs base;   /* held all the time */
    struct ff_needs coding; /* held once the largest tile was written */
    uint64_t program;       /* memory of the process that is not accounted for, from training on */
    bool out_of_memory;     /* so base and coding are too low */
};

struct ff_planner ff_planner_make(const struct ff_job *job, struct ff_stage_work work);

/* Elements of the largest tile of a layer. */
size_t ff_plan_tile(uint32_t units, uint32_t fan_in);
/* The same of the largest of all tensors of a layer like SHAPE. */
size_t ff_plan_largest_tile(const struct ff_layer *shape);
/* About the bytes of the first layer in the model file: of its first checkpoint, or of less than
 * that. plan_disk.c */
uint64_t ff_plan_first_layer_bytes(const struct ff_planner *planner);
/* The knobs for STAGE of LAYER (from 1; where the whole network trains at once: 1). If nothing fits
 * the budget they are the tightest. */
struct ff_knobs ff_plan_knobs(const struct ff_planner *planner, enum ff_stage stage,
                              uint32_t layer);

/* Memory at the worst moment of a stage. */
struct ff_moment {
    enum ff_stage stage;
    uint32_t layer;
    struct ff_knobs knobs;
    struct ff_needs needs;
    uint64_t program;   /* beside them */
    uint64_t total;     /* needs, mapped and program */
    uint64_t accounted; /* most that is accounted for at any moment of the stage */
};
struct ff_moment ff_plan_moment(const struct ff_planner *planner, enum ff_stage stage,
                                uint32_t layer, const struct ff_knobs *knobs);
/* The smallest total that STAGE of LAYER can be brought to. */
uint64_t ff_plan_smallest(const struct ff_planner *planner, enum ff_stage stage, uint32_t layer);

/* The largest matrix products of a run; all zero: none. */
struct ff_plan_products {
    uint64_t rows, inputs; /* X: of a chunk; fan-in of a layer */
    uint64_t tile;         /* units of a tile */
    uint64_t units_passed; /* of a layer that hands its deltas down; 0: none does */
    bool forward_only;     /* nothing is trained */
};
/* Memory of the process beside what is accounted for and mapped. plan_memory.c */
uint64_t ff_plan_program(unsigned threads, const struct ff_plan_products *products);
/* By how much resident memory may exceed what is planned: a budget leaves so much free. */
uint64_t ff_plan_margin(unsigned threads);
/* About the bytes of a value of so many elements of weights, as stored. */
size_t ff_plan_packed(size_t elements);
/* Adds what LAYER takes while it is loaded from the model, tile by tile, each mapped in turn. */
void ff_plan_loading(const struct ff_layer *layer, struct ff_needs *needs);
/* Time of moving BYTES of tiles, against that of OPERATIONS on THREADS: an estimate. */
double ff_plan_paging_slowdown(unsigned threads, double operations, double bytes);
/* That of a step. */
double ff_plan_slowdown(const struct ff_planner *planner, uint32_t layer,
                        const struct ff_knobs *knobs);

/* Bytes of a layer's weights whose tiles are paged: what one tensor of it takes in scratch. */
uint64_t ff_plan_paged(uint32_t units, uint32_t fan_in, struct ff_residency residency);
/* Fills in what a run writes, stores and keeps. */
void ff_plan_disk(const struct ff_planner *planner, struct ff_plan *out);

/* Whether layer K of the first LAYERS differs in nothing from the one below. plan_run.c */
bool ff_plan_is_repeated(const struct ff_recipe *recipe, uint32_t layers, uint32_t k);
/* The plan of a whole run. FF_EBUDGET if it does not fit: then OUT is that of the smallest budget.
 */
FF_CHECK int ff_plan_run(struct ff_ctx *ctx, const struct ff_planner *planner, struct ff_plan *out);
/* FF_ENOMEM: for errno ENOMEM after sums of what will be needed, which are too low then
 * (store/value.h). */
FF_CHECK int ff_plan_out_of_memory(struct ff_ctx *ctx);
/* FF_EBUDGET with a message that tells the smallest budget. */
FF_CHECK int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan);
/* Warns if PLAN, which has no budget, takes more memory than there is, and tells whether a budget
 * would help. */
void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan);

#endif
