/* What is held all the time, before any knob is turned. */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "model/layer.h"
#include "model/workers.h"

#include <errno.h>

size_t ff_plan_tile(uint32_t units, uint32_t fan_in)
{
    uint32_t first, rows;

    ff_tile_range(units, 0, &first, &rows);
    return (size_t)rows * fan_in;
}

size_t ff_plan_largest_tile(const struct ff_layer *shape)
{
    return ff_plan_tile(shape->units,
                        shape->fan_in > shape->classes ? shape->fan_in : shape->classes);
}

/* Elements of the largest tile of all layers and heads. */
static size_t largest_tile(const struct ff_manifest *manifest)
{
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    size_t largest = 0;

    for (uint32_t layer = 1; layer <= recipe->layers; layer++) {
        struct ff_layer shape = ff_layer_of(manifest, layer, 0);

        largest = ff_larger(largest, ff_plan_largest_tile(&shape));
        if (first_head && layer >= first_head)
            largest = ff_larger(largest, ff_plan_tile(manifest->classes, shape.units));
    }
    return largest;
}

/* Types that values are stored as, from FF_F32 on. */
#define DTYPES (FF_SCALED_U8 - FF_F32 + 1)

/* What a worker's coder reads: of each type as stored the widest values of all boundaries. */
static void list_reads(const struct ff_job *job, struct ff_coder_use uses[DTYPES])
{
    uint32_t last = job->mode->whole_network ? 0 : job->manifest->recipe.layers;

    for (size_t i = 0; i < DTYPES; i++)
        uses[i] = (struct ff_coder_use){
            .dtype = (enum ff_dtype)(FF_F32 + i),
            .rows = job->geometry.chunk_rows,
            .decompresses = job->compression.codec == FF_CODEC_ZSTD,
        };
    for (uint32_t boundary = 0; boundary <= last; boundary++) {
        struct ff_set_values values[FF_MAX_SET_VALUES];
        size_t n = ff_job_values(job, boundary, values);

        for (size_t i = 0; i < n; i++) {
            struct ff_coder_use *use = &uses[values[i].stored - FF_F32];

            use->converts = use->converts || values[i].given != values[i].stored;
            use->columns = (uint32_t)ff_larger(use->columns, values[i].columns);
        }
    }
}

/* What lives as long as the run. */
static void count_base(struct ff_planner *planner)
{
    struct ff_coder_use uses[DTYPES];
    size_t tile = largest_tile(planner->job->manifest);
    struct ff_needs closed = {0};

    list_reads(planner->job, uses);
    ff_workers_needs(planner->job->threads, DTYPES, uses, &planner->base);
    ff_scratch_needs(&planner->base);
    ff_model_file_needs(tile, false, false, &closed);
    ff_model_file_needs(tile, true, true, &planner->coding);
    ff_needs_add(&planner->base, &closed);
    ff_db_growing_map_needs(ff_plan_first_layer_bytes(planner), &planner->base);
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        planner->coding.bytes[c] -= closed.bytes[c];
}

static struct ff_plan_products products_of(const struct ff_job *job)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct ff_plan_products out = {.rows = job->geometry.chunk_rows,
                                   .inputs = ff_manifest_fan_in(job->manifest, 1)};

    for (uint32_t k = 0; k < recipe->layers; k++) {
        uint32_t first, tile;

        ff_tile_range(recipe->hidden[k], 0, &first, &tile);
        out.tile = ff_larger(out.tile, tile);
        if (k + 1 < recipe->layers)
            out.inputs = ff_larger(out.inputs, recipe->hidden[k]);
        if (job->mode->backprop)
            out.units_passed = ff_larger(out.units_passed, recipe->hidden[k]);
    }
    return out;
}

struct ff_planner ff_planner_make(const struct ff_job *job, struct ff_stage_work work)
{
    struct ff_planner planner = {.job = job, .work = work};
    struct ff_plan_products products = products_of(job);

    errno = 0;
    count_base(&planner);
    planner.out_of_memory = errno == ENOMEM;
    planner.program = ff_plan_program(job->threads, &products);
    return planner;
}
