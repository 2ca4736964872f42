/*
 * A layer in memory: weights, biases and optimizer state, cut into tiles of neurons. A head is a
 * layer too: its units are the classes.
 *
 * The tile is the unit of parallel work and of storage. Its size follows from the number of units
 * alone, never from threads or memory, because the bits of a product depend on the shape of the
 * call.
 *
 * A label-conditioned layer (nn/labels.h) also has weights for each class. They lie tile by tile:
 * those of a tile of neurons as (classes, neurons of the tile).
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
    uint32_t classes; /* whose label conditions it; 0: none does */
    uint32_t tile_units, tiles;
    struct ff_range own;  /* tiles that this process holds: those that are visited */
    int states;           /* of the optimizer; 0 when only used, not trained */
    float *weights;       /* (units, fan_in) */
    float *biases;        /* (units) */
    float *label_weights; /* (classes * units), tile by tile; may be NULL */
    float *weight_state[FF_OPTIMIZER_STATES]; /* as weights */
    float *bias_state[FF_OPTIMIZER_STATES];   /* as biases */
    float *label_state[FF_OPTIMIZER_STATES];  /* as label weights */
    /* Of a layer larger than memory only some tiles of weights and their state are there at a time:
     * then these have as many rows as that. Biases and label weights always are. */
    struct ff_residency residency;
    struct ff_pager *pager; /* owned; NULL: all tiles are in memory */
    float *unit_means;      /* (units): running means of activity, saved with the state; or NULL */
};

/* A layer or a head of the network, and what it is stored as. */
struct ff_part {
    struct ff_layer *layer;
    char kind;       /* 'W' or 'H' */
    uint32_t number; /* of the layer, or of the one that the head is on */
};

/* The slot of a layer's running means among those of its state, after all the optimizer's. */
#define FF_SLOT_MEANS (FF_SLOTS * FF_OPTIMIZER_STATES)

/* Visits one of the parts of the work on a tile. */
typedef void ff_tile_fn(void *arg, uint32_t tile, size_t part, unsigned worker);

/* A walk over the tiles of a layer, and what it does with them: which tensors it reads
 * (FF_PAGE_IN) and changes (FF_PAGE_OUT). */
struct ff_walk {
    size_t parts; /* tasks for each tile */
    ff_tile_fn *fn;
    void *arg;
    unsigned weights, state; /* access to them */
    float *gradient;         /* laid out as the weights; NULL: none */
    unsigned gradient_access;
};

/* Units of the largest tile: 128 below 1,000 units, so that there are enough tiles for the threads,
 * else 256; all of them if there are fewer. */
uint32_t ff_tile_units(uint32_t units);
uint32_t ff_tile_count(uint32_t units);
/* First neuron and number of neurons of TILE. */
void ff_tile_range(uint32_t units, uint32_t tile, uint32_t *first, uint32_t *count);

/* Describes a layer without allocating it, for ff_layer_needs(). */
struct ff_layer ff_layer_shape(uint32_t fan_in, uint32_t units, int states);
/* The same of hidden layer NUMBER (from 1) of a model. */
struct ff_layer ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states);
/* Adds what the layer takes, used by THREADS; and what it takes while it is loaded, the stored tile
 * aside. */
void ff_layer_needs(const struct ff_layer *layer, unsigned threads, struct ff_needs *needs);
void ff_layer_load_needs(const struct ff_layer *layer, struct ff_needs *needs);
/* Allocates a layer of zeros. On error nothing is left to release. */
FF_CHECK int ff_layer_init(struct ff_layer *out, struct ff_ctx *ctx, uint32_t fan_in,
                           uint32_t units, int states);
/*
 * The same of a layer like SHAPE, whose tiles are in memory as its residency says, and paged to a
 * set of SCRATCH otherwise, which goes with the layer; one at a time can be paged. *DAMAGED (may be
 * NULL) becomes true when the set turns out to be. The layer is to be seeded or loaded next.
 */
FF_CHECK int ff_layer_init_paged(struct ff_layer *out, struct ff_workers *workers,
                                 const struct ff_layer *shape, struct ff_scratch *scratch,
                                 bool *damaged);
/* Neurons that the layer's weights have room for in memory. */
size_t ff_layer_units_in_memory(const struct ff_layer *layer);
void ff_layer_release(struct ff_layer *layer);
/* Gives LAYER running means of its units' activity, all 0, which count as optimizer state. */
FF_CHECK int ff_layer_add_means(struct ff_layer *layer);
/* Adds what they take. */
void ff_layer_means_needs(const struct ff_layer *layer, struct ff_needs *needs);
/* W ~ N(0, GAIN / fan_in), V ~ N(0, 1 / fan_in), b = 0: a function of (SEED, NUMBER, GAIN) alone.
 */
FF_CHECK int ff_layer_seed(struct ff_layer *layer, struct ff_pool *pool, uint64_t seed,
                           uint32_t number, float gain);

/* Runs WALK->fn for every tile that this process holds and every part on the pool. All work on a
 * layer's weights goes through here; tasks must not depend on each other. Fails as the pages'
 * scratch does. */
FF_CHECK int ff_layer_walk(const struct ff_layer *layer, struct ff_pool *pool,
                           const struct ff_walk *walk);
/* Where TILE's rows (count, fan_in) lie in TENSOR, which is laid out as the weights. During a walk.
 */
float *ff_layer_tile(const struct ff_layer *layer, float *tensor, uint32_t tile);
/* Where TILE's label weights (classes, count) lie in TENSOR, which is laid out as they are. */
float *ff_layer_label_tile(const struct ff_layer *layer, float *tensor, uint32_t tile);

/* Calls VISIT for each group of tiles from FIRST on while they are in memory, with the access that
 * WALK states, until it fails. */
FF_CHECK int ff_layer_each_group(const struct ff_layer *layer, const struct ff_walk *walk,
                                 int (*visit)(void *arg, uint32_t first, uint32_t tiles),
                                 void *arg);

/* Writes the tiles of layer NUMBER under GENERATION, as KIND 'W' or 'H'; with STATE the optimizer's
 * too. FF_ENUMERIC: some of it is not finite, or its squares are not. */
FF_CHECK int ff_layer_save(const struct ff_layer *layer, struct ff_model_file *file, char kind,
                           uint32_t number, uint64_t generation, bool state);
/* Reads them back. */
FF_CHECK int ff_layer_load(struct ff_layer *layer, struct ff_model_file *file, char kind,
                           uint32_t number, uint64_t generation, bool state);

/*
 * y = relu(x W' + b) for several blocks of rows at once, on the pool. Block i is rows[i] rows at
 * x[i] (rows[i] x fan_in, no gaps), its outputs follow those of block i-1 in Y (sum of rows x
 * units). SUMS, (tiles, sum of rows), gets each row's sum of squares over each tile's neurons.
 */
struct ff_block {
    const float *x;
    uint32_t rows;
    uint32_t first; /* its first row in Y */
};
FF_CHECK int ff_layer_forward(const struct ff_layer *layer, struct ff_pool *pool,
                              const struct ff_block *blocks, size_t n_blocks, size_t all_rows,
                              float *y, float *sums);
/* G_i = (1/units) sum over the tiles, in order, of SUMS. */
void ff_layer_goodness(const struct ff_layer *layer, size_t all_rows, const float *sums,
                       float *goodness);

#endif
