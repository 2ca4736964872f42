#include "learn/estimate.h"

#include "base/arithmetic.h"
#include "store/db.h"

/* Compressed size of weights in per cent (86 to 88 measured): they are noise with a few regular
 * bits. */
#define PACKED_WEIGHTS 88

/*
 * Memory of the process beyond accounted and mapped memory, measured as VmHWM less both over some
 * 40 configurations (tools/measure-plan): code and data of the program and its libraries, heap,
 * LMDB's page lists; and per thread the stack and the touched part of OpenBLAS's packing buffer,
 * which grows with the matrices up to OpenBLAS's block size.
 */
#define PROGRAM_BYTES ((uint64_t)6 << 20)
#define THREAD_BYTES ((uint64_t)48 << 10)
/* MPI's code and buffers: 9 to 13 MB were measured for 2 to 4 processes of OpenMPI. */
#define MPI_BYTES ((uint64_t)11 << 20)
/* Rows and columns of a matrix that sgemm packs at a time, on x86-64. */
#define BLOCK_ROWS ((uint64_t)768)
#define BLOCK_COLUMNS ((uint64_t)384)

uint64_t ff_estimate_program(unsigned threads, unsigned ranks, const struct ff_products *products)
{
    uint64_t rows = ff_smaller(products->rows, BLOCK_COLUMNS), tile = products->tile;
    uint64_t inputs = ff_smaller(products->inputs, BLOCK_COLUMNS);
    uint64_t units = ff_smaller(products->units_passed, BLOCK_COLUMNS);
    /* The blocked operand of X W', dZ' X and dZ W, and the other operand of the same depth. */
    uint64_t learned = products->forward_only ? 0 : ff_smaller(products->inputs, BLOCK_ROWS) * rows;
    uint64_t blocks = ff_larger(tile * ff_larger(inputs, units), learned);
    uint64_t panel = ff_larger(ff_larger(inputs, units) * products->rows, rows * tile);

    return PROGRAM_BYTES + (ranks > 1 ? MPI_BYTES : 0) +
           threads * (THREAD_BYTES + (blocks + panel) * sizeof(float));
}

size_t ff_estimate_tile(uint32_t units, uint32_t fan_in)
{
    uint32_t first, rows;

    ff_tile_range(units, 0, &first, &rows);
    return (size_t)rows * fan_in;
}

size_t ff_estimate_largest_tile(const struct ff_layer *shape)
{
    return ff_estimate_tile(shape->units,
                            shape->fan_in > shape->classes ? shape->fan_in : shape->classes);
}

size_t ff_estimate_packed(size_t elements)
{
    return FF_VALUE_HEADER + elements * sizeof(float) / 100 * PACKED_WEIGHTS;
}

void ff_estimate_loading(const struct ff_layer *layer, struct ff_needs *needs)
{
    size_t tile = ff_estimate_packed(ff_estimate_largest_tile(layer));

    ff_layer_load_needs(layer, needs);
    if (layer->shared) /* the tile of another process */
        needs->bytes[FF_MEM_IO] += ff_estimate_largest_tile(layer) * sizeof(float);
    ff_needs_pass(needs, tile + ff_chunk_slack(tile));
}

uint64_t ff_estimate_paged(uint32_t units, uint32_t fan_in, struct ff_residency residency)
{
    uint64_t resident = (uint64_t)residency.resident * ff_tile_units(units);

    return residency.slots ? (units - ff_smaller(units, resident)) * fan_in * sizeof(float) : 0;
}

bool ff_estimate_is_repeated(const struct ff_recipe *recipe, uint32_t layers, uint32_t k)
{
    const uint32_t *hidden = recipe->hidden;
    const uint32_t first_alike = 4; /* labels, heads and logits first appear in layers 1 to 3 */

    return k > first_alike && k < layers && hidden[k - 1] == hidden[k - 2] &&
           hidden[k - 2] == hidden[k - 3];
}
