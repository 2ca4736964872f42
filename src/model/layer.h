/*
 * A layer in memory: weights, biases and optimizer state, divided into tiles of neurons. A head is
 * a layer, too: its units are the classes.
 *
 * The tile is the unit of parallel work and of storage. Its size depends on the number of units
 * alone, never on threads or memory, because the bits of a matrix product depend on its shape.
 *
 * A label-conditioned layer (nn/labels.h) also has label weights. They are stored tile by tile,
 * each tile as (classes, neurons of the tile).
 */
#ifndef FF_MODEL_LAYER_H
#define FF_MODEL_LAYER_H

#include "base/buffers.h"
#include "base/pool.h"
#include "base/team.h"
#include "model/pager.h"
#include "nn/optimizer.h"
#include "store/model_file.h"

struct ff_manifest;

struct ff_layer {
    struct ff_ctx *ctx;
    uint32_t fan_in, units;
    uint32_t classes; /* classes of a label-conditioned layer; else 0 */
    uint32_t tile_units, tiles;
    bool shared;         /* by the processes of a team */
    struct ff_range own; /* tiles that this process holds and walks: all, or its share in a team */
    int states;          /* number of optimizer states; 0: not in training */
    /* Of a layer that a team shares, weights and their state have the rows of the own tiles only;
     * the other tensors are whole, and only their own part is in use. */
    float *weights;                           /* (units, fan_in) */
    float *biases;                            /* (units) */
    float *label_weights;                     /* (classes * units), tile by tile; may be NULL */
    float *weight_state[FF_OPTIMIZER_STATES]; /* as weights */
    float *bias_state[FF_OPTIMIZER_STATES];   /* as biases */
    float *label_state[FF_OPTIMIZER_STATES];  /* as label weights */
    /* Of a layer larger than memory, only some tiles of weights and of their state are in memory:
     * these buffers then have room for those rows only. Biases and label weights are always in
     * memory. */
    struct ff_residency residency;
    struct ff_pager *pager; /* owned; NULL: all tiles are in memory */
    float *unit_means;      /* (units): running means of activity, saved with the state; or NULL */
};

/* A layer or head of the network, and the key it is stored under. */
struct ff_part {
    struct ff_layer *layer;
    char kind;       /* 'W' or 'H' */
    uint32_t number; /* the layer's, or that of the head's layer */
};

/* The slot of a layer's running means in its state, after those of the optimizer. */
#define FF_SLOT_MEANS (FF_SLOTS * FF_OPTIMIZER_STATES)

/* Does one part of the work on a tile. */
typedef void ff_tile_fn(void *arg, uint32_t tile, size_t part, unsigned worker);

/* A walk over the tiles of a layer, with the tensors that it reads (FF_PAGE_IN) and changes
 * (FF_PAGE_OUT). */
struct ff_walk {
    size_t parts; /* tasks for each tile */
    ff_tile_fn *fn;
    void *arg;
    unsigned weights, state; /* access to them */
    float *gradient;         /* laid out as the weights; NULL: none */
    unsigned gradient_access;
};

/* Units of the largest tile: 128 for layers below 1,000 units, so that all threads have tiles, else
 * 256; UNITS if there are fewer. */
uint32_t ff_tile_units(uint32_t units);
uint32_t ff_tile_count(uint32_t units);
/* First neuron and number of neurons of TILE. */
void ff_tile_range(uint32_t units, uint32_t tile, uint32_t *first, uint32_t *count);

/* Describes a layer without allocating it, for ff_layer_needs(), with all tiles in one process. */
struct ff_layer ff_layer_shape(uint32_t fan_in, uint32_t units, int states);
/* The same for hidden layer NUMBER (from 1) of a model. */
struct ff_layer ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states);
/* The part of the layer SHAPE that RANK of a team of SIZE holds. */
struct ff_layer ff_layer_part(const struct ff_layer *shape, unsigned rank, unsigned size);
/* Adds the memory of the layer, used by THREADS, and that of loading it, without the stored
 * tile. */
void ff_layer_needs(const struct ff_layer *layer, unsigned threads, struct ff_needs *needs);
void ff_layer_load_needs(const struct ff_layer *layer, struct ff_needs *needs);
/* Allocates a layer of zeros like SHAPE, with this process's share of tiles in the team of CTX, all
 * in memory. On error nothing is left to release. */
FF_CHECK int ff_layer_init(struct ff_layer *out, struct ff_ctx *ctx, const struct ff_layer *shape);
/* The same with the tiles that PART says, in a context that is alone. */
FF_CHECK int ff_layer_init_part(struct ff_layer *out, struct ff_ctx *ctx,
                                const struct ff_layer *part);
/*
 * ff_layer_init() with the context of WORKERS. Tiles that SHAPE's residency does not keep in memory
 * are paged to a set of SCRATCH, which is deleted with the layer; only one layer at a time can be
 * paged. *DAMAGED (may be NULL) becomes true if the set is found to be damaged. The layer must be
 * seeded or loaded next.
 */
FF_CHECK int ff_layer_init_paged(struct ff_layer *out, struct ff_workers *workers,
                                 const struct ff_layer *shape, struct ff_scratch *scratch,
                                 bool *damaged);
/* Number of the tiles that this process holds, and of their neurons. */
uint32_t ff_layer_own_tiles(const struct ff_layer *layer);
uint32_t ff_layer_own_units(const struct ff_layer *layer);
/* Number of neurons whose weights fit the layer's buffers. */
size_t ff_layer_units_in_memory(const struct ff_layer *layer);
void ff_layer_release(struct ff_layer *layer);
/* Adds running means of the units' activity, all 0, to LAYER. They are part of the optimizer
 * state. */
FF_CHECK int ff_layer_add_means(struct ff_layer *layer);
/* Adds the memory of the means. */
void ff_layer_means_needs(const struct ff_layer *layer, struct ff_needs *needs);
/* Sets W ~ N(0, GAIN / fan_in), V ~ N(0, 1 / fan_in), b = 0: a function of (SEED, NUMBER, GAIN)
 * alone. */
FF_CHECK int ff_layer_seed(struct ff_layer *layer, struct ff_pool *pool, uint64_t seed,
                           uint32_t number, float gain);

/* Runs WALK->fn on the pool for every tile that this process holds and every part. All work on a
 * layer's weights uses this function. Tasks must not depend on each other. Fails if paging
 * fails. */
FF_CHECK int ff_layer_walk(const struct ff_layer *layer, struct ff_pool *pool,
                           const struct ff_walk *walk);
/* TILE's rows (count, fan_in) in TENSOR, which is laid out as the weights. Call during a walk
 * only. */
float *ff_layer_tile(const struct ff_layer *layer, float *tensor, uint32_t tile);
/* TILE's label weights (classes, count) in TENSOR, which is laid out as label_weights. */
float *ff_layer_label_tile(const struct ff_layer *layer, float *tensor, uint32_t tile);

/* Calls VISIT for each group of tiles from FIRST on while it is in memory, with WALK's access,
 * until VISIT fails. */
FF_CHECK int ff_layer_each_group(const struct ff_layer *layer, const struct ff_walk *walk,
                                 int (*visit)(void *arg, uint32_t first, uint32_t tiles),
                                 void *arg);

/* In a team rank 0 alone has a FILE, and the others NULL: their tiles pass through it. */

/* Writes the tiles of layer NUMBER under GENERATION, as KIND 'W' or 'H'; with STATE the optimizer's
 * too. FF_ENUMERIC if a weight, the square of one, or a state is not finite. */
FF_CHECK int ff_layer_save(const struct ff_layer *layer, struct ff_model_file *file, char kind,
                           uint32_t number, uint64_t generation, bool state);
/* Reads the tiles back. */
FF_CHECK int ff_layer_load(struct ff_layer *layer, struct ff_model_file *file, char kind,
                           uint32_t number, uint64_t generation, bool state);

/*
 * y = relu(x W' + b) for several blocks of rows at once, on the pool. Block i is rows[i] rows at
 * x[i] (rows[i] x fan_in, no gaps). Its outputs follow those of block i-1 in Y (sum of rows x
 * units). SUMS (tiles, sum of rows) receives each row's sum of squares over each tile's neurons.
 */
struct ff_block {
    const float *x;
    uint32_t rows;
    uint32_t first; /* its first row in Y */
};
FF_CHECK int ff_layer_forward(const struct ff_layer *layer, struct ff_pool *pool,
                              const struct ff_block *blocks, size_t n_blocks, size_t all_rows,
                              float *y, float *sums);
/* G_i = (1/units) sum over the tiles, in order, of SUMS (tiles, all_rows), which the team gathers
 * first. */
FF_CHECK int ff_layer_goodness(const struct ff_layer *layer, size_t all_rows, float *sums,
                               float *goodness);
/* Gathers Y (rows, units), of which every process of the team has computed its units. */
FF_CHECK int ff_layer_gather(const struct ff_layer *layer, size_t rows, float *y);
/* Describes a matrix (rows, units) of elements of BYTES, which the processes share as they share
 * the units. */
struct ff_team_columns ff_layer_columns(const struct ff_layer *layer, size_t bytes, size_t rows);

#endif
