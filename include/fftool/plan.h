/*
 * The plan of a job: an estimate of its memory and disk use before anything is done, and how the
 * job stays within a memory budget (memory_bytes of struct ff_train_opts and struct
 * ff_evaluate_opts). The budget is for the peak resident memory of the whole process, of which the
 * library's own allocations are a part. It does not affect the weights.
 *
 * For the fftool program estimated memory is within 5 % or 4 MB of measured memory, whichever is
 * more. A program that embeds the library adds what it holds itself.
 *
 * Time is estimated from the operations of the job and a speed. Measured speeds give it within 30 %
 * on a machine that does nothing else; what the context has measured, it does not measure again.
 */
#ifndef FFTOOL_PLAN_H
#define FFTOOL_PLAN_H

#include <fftool/evaluate.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Where the speed of an estimate of time is from. */
enum ff_speed_source {
    FF_SPEED_NONE,     /* no time is estimated: an evaluation */
    FF_SPEED_NOMINAL,  /* 45 GFLOP/s for each thread; the estimate may be off by a factor of two */
    FF_SPEED_MEASURED, /* measure_speed of struct ff_train_opts */
    FF_SPEED_GIVEN,    /* gflops of struct ff_train_opts */
};

struct ff_plan {
    size_t size;             /* sizeof(struct ff_plan) */
    uint64_t budget_bytes;   /* as given; 0: none */
    uint64_t smallest_bytes; /* the smallest budget that suffices */
    /* Peak resident memory: the sum of the three members after it, at the moment that needs most,
     * in PHASE, on LAYER (from 1; 0: no single layer). */
    uint64_t peak_bytes;
    uint64_t category_bytes[FF_MEM_CATEGORIES]; /* accounted memory */
    uint64_t mapped_bytes;                      /* pages of scratch that are read in place */
    uint64_t program_bytes; /* code, stacks, OpenBLAS's packing buffers, allocations of other
                               libraries */
    enum ff_phase phase;
    uint32_t layer;
    /* Peak of accounted memory, maybe at another moment. */
    uint64_t accounted_peak_bytes;

    /* Of the layer that is paged most, else of the one whose training needs most memory. */
    unsigned threads;
    uint32_t chunk_rows;       /* rows of a chunk of stored activations; follows from the batch */
    uint32_t micro_batch_rows; /* samples at a time */
    uint32_t tiles;            /* of its weights */
    uint32_t resident_tiles;   /* those that stay in memory */
    uint32_t tile_slots;       /* buffers that the others share; 0: all tiles stay */
    /* Estimated time of a step, relative to one with the whole layer in memory, from nominal speeds
     * of processor and disk. 1: nothing is paged. In an evaluation the time of a layer, which
     * includes loading it more often if fewer rows fit. */
    double slowdown;

    /* Disk. Savings by compression are estimates. Checkpoints within a layer, whose number depends
     * on time, are not counted. */
    uint64_t scratch_peak_bytes;
    uint64_t written_bytes;    /* to scratch and to the model */
    uint64_t model_bytes;      /* the finished model file */
    uint64_t model_peak_bytes; /* while the model is compacted, which needs a second file */

    uint64_t parameters;
    uint64_t steps;                     /* of the optimizer, in total */
    uint64_t samples, held_out_samples; /* HELD_OUT_SAMPLES of the SAMPLES; 0 in an evaluation */

    /* Estimated time of a training. */
    double seconds; /* in total; of a training that is resumed, what is left */
    double gflops;  /* the speed assumed: matrix products in epochs, 1e9 operations per second */
    enum ff_speed_source speed_source;
    /* Of the recipe, completed for the samples; 0 in an evaluation. */
    uint32_t batch, epochs;
    char reserved[4]; /* 0 */

    /*
     * A team of processes (ranks of struct ff_train_opts), by a model of its link: an exchange
     * takes its messages times the latency, and its bytes at the bandwidth. One process has none.
     * Memory, scratch and these members are those of rank 0, which holds the most. Checkpoints
     * within a layer are not counted.
     */
    uint64_t sent_bytes, received_bytes, messages; /* of the training in total */
    double exchange_seconds; /* of SECONDS, those in exchanges that nothing is computed beside */
    double step_seconds;     /* of a step of the layer whose steps take longest */
    double step_exchange_seconds; /* of STEP_SECONDS */
    double speedup; /* SECONDS of one process with as many threads and no budget, over SECONDS; 0:
                       not known */
};

/* Shape of data that need not exist, within the limits of data.h. */
struct ff_plan_data {
    size_t size;            /* sizeof(struct ff_plan_data) */
    uint64_t samples;       /* 1 .. FF_MAX_DATA_SAMPLES */
    uint32_t features;      /* 1 .. FF_MAX_DATA_FEATURES */
    uint32_t classes;       /* 2 .. FF_MAX_DATA_CLASSES */
    uint32_t height, width; /* of images, which have FEATURES / (HEIGHT * WIDTH) channels; 0:
                               samples are no images */
    bool is_float;          /* features are float32, else uint8 */
    char reserved[7];       /* 0 */
};

/*
 * Plans ff_train() of RECIPE, of which a copy is completed, with OPTS, on DATA or, if that is
 * NULL, on the data of OPTS, of which only sizes and labels are read. Creates and changes nothing.
 * FF_EBUDGET: memory_bytes is too small; OUT describes the smallest budget that suffices, which the
 * message states, too.
 */
FF_CHECK int ff_plan_train(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                           const struct ff_train_opts *opts, const struct ff_plan_data *data,
                           struct ff_plan *out);
/* Plans ff_evaluate() or, if UNLABELLED, ff_predict(). Fails as they do, and with FF_EBUDGET as
 * ff_plan_train(). */
FF_CHECK int ff_plan_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                              bool unlabelled, struct ff_plan *out);

#ifdef __cplusplus
}
#endif
#endif
