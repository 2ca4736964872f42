/* Memory, stage by stage, for given knobs. */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "model/layer.h"
#include "model/network.h"
#include "store/db.h"

#include <unistd.h>

/* Weights are noise with a few regular bits: bytes that zstd leaves of 100 (86 to 88 measured). */
#define PACKED_WEIGHTS 88

/*
 * What the process holds beside what is accounted for and mapped, measured as VmHWM less both over
 * some 40 configurations (tools/measure-plan): code and data of the program and its libraries, its
 * heap, LMDB's lists of pages; and for each thread its stack and what OpenBLAS touches of a buffer
 * to pack matrices into, which grows with them up to the size of its blocks.
 */
#define PROGRAM_BYTES ((uint64_t)6 << 20)
#define THREAD_BYTES ((uint64_t)48 << 10)
/* Rows and columns of a matrix that sgemm packs at a time, on x86-64. */
#define BLOCK_ROWS ((uint64_t)768)
#define BLOCK_COLUMNS ((uint64_t)384)

/* What the figure for the program leaves out (330 KiB were measured). */
#define UNTOLD_BYTES ((uint64_t)512 << 10)
/*
 * By how much the kernel's figure for resident memory may be too high on a few processors. It
 * counts pages of files and anonymous ones apart, on each processor in a batch of its own
 * (lib/percpu_counter.c), and leaves what is in the batches out.
 */
#define COUNTERS 2
#define BATCH_PAGES 32

uint64_t ff_plan_margin(unsigned threads)
{
    uint64_t processors = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);

    return UNTOLD_BYTES + COUNTERS * ff_smaller(threads, processors) * BATCH_PAGES *
                              (uint64_t)sysconf(_SC_PAGESIZE);
}

uint64_t ff_plan_program(unsigned threads, const struct ff_plan_products *products)
{
    uint64_t rows = ff_smaller(products->rows, BLOCK_COLUMNS), tile = products->tile;
    uint64_t inputs = ff_smaller(products->inputs, BLOCK_COLUMNS);
    uint64_t units = ff_smaller(products->units_passed, BLOCK_COLUMNS);
    /* One operand in blocks, of X W', dZ' X and dZ W; and the other one, as deep. */
    uint64_t learnt = products->forward_only ? 0 : ff_smaller(products->inputs, BLOCK_ROWS) * rows;
    uint64_t blocks = ff_larger(tile * ff_larger(inputs, units), learnt);
    uint64_t panel = ff_larger(ff_larger(inputs, units) * products->rows, rows * tile);

    return PROGRAM_BYTES + threads * (THREAD_BYTES + (blocks + panel) * sizeof(float));
}

size_t ff_plan_packed(size_t elements)
{
    return FF_VALUE_HEADER + elements * sizeof(float) / 100 * PACKED_WEIGHTS;
}

void ff_plan_loading(const struct ff_layer *layer, struct ff_needs *needs)
{
    size_t tile = ff_plan_packed(ff_plan_largest_tile(layer));

    ff_layer_load_needs(layer, needs);
    ff_needs_pass(needs, tile + ff_chunk_slack(tile));
}

/* What a checkpoint writes: what that takes of LMDB, and the elements of the largest tile. */
struct saving {
    uint64_t cost;
    size_t largest;
};

/* The part of the network that is stored as KIND and NUMBER; between its EPOCHS with its state. */
static void add_part(const struct ff_planner *planner, char kind, uint32_t number, uint32_t epochs,
                     struct saving *saving)
{
    struct ff_layer part = ff_network_shape(planner->job->manifest, kind, number);
    uint64_t tensors = part.tiles * (epochs > 1 ? 1 + (uint64_t)part.states : 1);
    const struct ff_db_writes writes[] = {
        {ff_plan_packed(ff_plan_tile(part.units, part.fan_in)), tensors},
        {ff_plan_packed(ff_plan_tile(part.units, 1)), tensors},
        {ff_plan_packed(ff_plan_tile(part.units, part.classes)), part.classes ? tensors : 0},
    };

    saving->cost += ff_db_cost(sizeof writes / sizeof *writes, writes, 1);
    saving->largest = ff_larger(saving->largest, ff_plan_largest_tile(&part));
}

/* All parts that learn in STAGE. */
static struct saving list_saving(const struct ff_planner *planner, enum ff_stage stage,
                                 uint32_t layer)
{
    const struct ff_job *job = planner->job;
    const struct ff_recipe *recipe = &job->manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    struct saving saving = {0};

    if (stage == FF_STAGE_HEAD)
        add_part(planner, 'H', layer, recipe->head_epochs, &saving);
    else if (!job->mode->whole_network)
        add_part(planner, 'W', layer, recipe->epochs, &saving);
    for (uint32_t k = 1; k <= recipe->layers && job->mode->whole_network; k++) {
        add_part(planner, 'W', k, recipe->epochs, &saving);
        if (first_head && k >= first_head)
            add_part(planner, 'H', k, recipe->epochs, &saving);
    }
    return saving;
}

/* The layer of a stage, which may be paged. */
static struct ff_layer layer_of(const struct ff_planner *planner, const struct ff_moment *at)
{
    struct ff_layer layer = ff_layer_of(planner->job->manifest, at->layer, 0);

    layer.residency = at->knobs.residency;
    return layer;
}

/* Tiles that are paged come in, but do not go out: what waits for a commit of theirs is not there.
 */
static void count_paged_in(const struct ff_planner *planner, const struct ff_moment *at,
                           struct ff_needs *needs)
{
    struct ff_layer layer = layer_of(planner, at);
    struct ff_needs reads = {0}, writes = {0};

    if (at->knobs.residency.slots == 0)
        return;
    ff_layer_needs(&layer, planner->job->threads, &reads);
    layer.states = planner->job->optimizer->states;
    ff_layer_load_needs(&layer, &writes);
    needs->bytes[FF_MEM_IO] -= writes.bytes[FF_MEM_IO] - reads.bytes[FF_MEM_IO];
    ff_needs_pass(needs, reads.passing);
}

/* The moments of a checkpoint, beside the NEEDS of its stage: tiles are paged in while others wait
 * for a commit; then one is encoded, and pages of the model file's tree are mapped. Small files
 * stay mapped. */
static void consider_checkpoint(const struct ff_planner *planner, const struct ff_moment *at,
                                struct ff_needs needs, struct ff_peak *peak)
{
    struct saving saving = list_saving(planner, at->stage, at->layer);

    needs.mapped = needs.kept;
    needs.passing = 0;
    needs.bytes[FF_MEM_IO] += ff_db_pending_bound(saving.cost, ff_plan_packed(saving.largest));
    count_paged_in(planner, at, &needs);
    ff_peak_consider(peak, &needs);
    needs.passing = ff_chunk_slack((size_t)saving.cost);
    needs.bytes[FF_MEM_IO] += FF_VALUE_HEADER + saving.largest * sizeof(float);
    ff_peak_consider(peak, &needs);
}

struct ff_moment ff_plan_moment(const struct ff_planner *planner, enum ff_stage stage,
                                uint32_t layer, const struct ff_knobs *knobs)
{
    struct ff_moment out = {.stage = stage, .layer = layer, .knobs = *knobs};
    const struct ff_plan_products none = {0};
    struct ff_needs needs = planner->base;
    struct ff_peak peak = {.accounted = 0};

    if (stage != FF_STAGE_IMPORT)
        ff_needs_add(&needs, &planner->coding);
    /* What learns holds a gradient by and by, which takes more than a stored tile. */
    if (stage == FF_STAGE_FORWARD) {
        struct ff_layer shape = layer_of(planner, &out);
        struct ff_needs loading = needs;

        (void)ff_db_map_needs(ff_job_stored(planner->job, layer - 1),
                              planner->job->compression.codec != FF_CODEC_NONE, &loading);
        ff_plan_loading(&shape, &loading);
        ff_peak_consider(&peak, &loading);
    }
    planner->work.of[stage]->needs(planner->job, layer, knobs, &needs);
    ff_peak_consider(&peak, &needs);
    if (stage == FF_STAGE_TRAIN || stage == FF_STAGE_HEAD)
        consider_checkpoint(planner, &out, needs, &peak);
    out.needs = peak.needs;
    out.accounted = peak.accounted;
    out.program =
        stage == FF_STAGE_IMPORT ? ff_plan_program(planner->job->threads, &none) : planner->program;
    out.total = ff_needs_total(&out.needs) + out.needs.mapped + out.program;
    return out;
}
