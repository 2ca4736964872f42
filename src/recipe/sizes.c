#include "recipe/sizes.h"

#include "base/arithmetic.h"

#include <math.h>

#define LARGEST_BATCH 128u
#define SMALLEST_BATCH 16u
#define LEAST_BATCHES 20u /* of an epoch, unless the batch is the smallest */
#define LEAST_EPOCHS 10u

static uint32_t batch_for(uint64_t samples)
{
    uint32_t batch = LARGEST_BATCH;

    while (samples > 0 && batch > SMALLEST_BATCH && samples / batch < LEAST_BATCHES)
        batch /= 2;
    return batch;
}

/* Batches that are not held out, as of model/geometry.h or fewer. */
static uint64_t learned_batches(const struct ff_recipe *recipe, uint64_t samples)
{
    uint64_t batches = ff_divide_up(samples, recipe->batch), held = 0;

    if (recipe->validation > 0)
        held = 1 + (uint64_t)ceil(recipe->validation * (double)samples / recipe->batch);
    return held < batches ? batches - held : 1;
}

uint32_t ff_sizes_least_epochs(const struct ff_recipe *recipe, uint64_t samples)
{
    return samples == 0 ? 1
                        : (uint32_t)ff_divide_up(FF_FEW_STEPS, learned_batches(recipe, samples));
}

void ff_sizes_settle(struct ff_recipe *recipe, uint64_t samples)
{
    uint32_t least;

    if (recipe->batch == FF_UNSET)
        recipe->batch = batch_for(samples);
    if (recipe->epochs != FF_UNSET || recipe->batch == 0)
        return;
    least = ff_sizes_least_epochs(recipe, samples);
    recipe->epochs = least > LEAST_EPOCHS ? least : LEAST_EPOCHS;
}
