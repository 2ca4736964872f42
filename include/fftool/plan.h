/*
 * The plan of a job: how much memory and disk it will take, told before anything is done, and how
 * it is arranged to stay within a memory budget (memory_bytes of struct ff_train_opts and struct
 * ff_evaluate_opts). A budget is for the whole process: for its peak resident memory, of which the
 * library's own allocations are but a part. No budget changes a bit of the weights.
 *
 * What a plan says of memory is within 5 % or 4 MB of what is measured, whichever is more, where
 * the process is the fftool program. A process that embeds the library adds what it holds itself.
 */
#ifndef FFTOOL_PLAN_H
#define FFTOOL_PLAN_H

#include <fftool/evaluate.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ff_plan {
    size_t size;             /* sizeof(struct ff_plan) */
    uint64_t budget_bytes;   /* as given; 0: none */
    uint64_t smallest_bytes; /* the smallest budget that would do */
    /* Peak resident memory, the sum of the three after it, which are those of the moment that needs
     * most: in PHASE, on LAYER (from 1; 0: no one layer). */
    uint64_t peak_bytes;
    uint64_t category_bytes[FF_MEM_CATEGORIES]; /* accounted for */
    uint64_t mapped_bytes;                      /* pages of scratch that are read in place */
    uint64_t program_bytes; /* the program itself: code, stacks, packing buffers of the matrix
                               product, what libraries allocate */
    enum ff_phase phase;
    uint32_t layer;
    /* Most bytes accounted for at any moment, which may be another one. */
    uint64_t accounted_peak_bytes;

    /* How it is arranged, on the layer that is paged most, else the one whose training takes most.
     */
    unsigned threads;
    uint32_t chunk_rows;       /* rows of a unit of storage: follows from the batch alone */
    uint32_t micro_batch_rows; /* samples at a time */
    uint32_t tiles;            /* of its weights */
    uint32_t resident_tiles;   /* those that stay in memory */
    uint32_t tile_slots;       /* buffers that the others share; 0: all tiles stay */
    /* Time of a step against one whose layer is all in memory; an estimate from nominal speeds of
     * processor and disk. 1: nothing is paged. Of an evaluation: time that a layer takes, where
     * fewer rows at a time count too, for then it is loaded more often. */
    double slowdown;

    /* Disk. What compression saves is estimated; checkpoints within a layer, of which there are as
     * many as time brings, are not counted. */
    uint64_t scratch_peak_bytes;
    uint64_t written_bytes;    /* to scratch and to the model */
    uint64_t model_bytes;      /* the model file in the end */
    uint64_t model_peak_bytes; /* the same and the one that it is compacted from, side by side */

    uint64_t parameters;
    uint64_t steps;                     /* of the optimizer, in all */
    uint64_t samples, held_out_samples; /* held out: of these, whole batches; 0 of an evaluation */
};

#define FF_PLAN_MAX_SAMPLES ((uint64_t)1 << 40)
#define FF_PLAN_MAX_FEATURES (1u << 24)
#define FF_PLAN_MAX_CLASSES 1000u

/* Shape of a dataset that is not there, each number from 1 to its largest. */
struct ff_plan_data {
    size_t size; /* sizeof(struct ff_plan_data) */
    uint64_t samples;
    uint32_t features, classes;
    uint32_t height, width; /* of images, which have FEATURES / (HEIGHT * WIDTH) channels; 0: rows
                               are no images */
    bool is_float;          /* features are float32, else uint8 */
};

/*
 * Plans ff_train() of RECIPE, of which a copy is completed, with OPTS, on DATA, or, if that is
 * NULL, on the dataset of OPTS, of which only sizes and labels are read. Nothing is made or
 * changed. FF_EBUDGET: it cannot be done within memory_bytes; OUT is filled as for the smallest
 * budget that would do, which the message tells, too.
 */
FF_CHECK int ff_plan_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                           const struct ff_train_opts *opts, const struct ff_plan_data *data,
                           struct ff_plan *out);
/* Plans ff_evaluate(), or, for data without labels, ff_predict(). Fails as they do, and with
 * FF_EBUDGET as above. */
FF_CHECK int ff_plan_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                              bool unlabelled, struct ff_plan *out);

#ifdef __cplusplus
}
#endif
#endif
