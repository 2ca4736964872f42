#include "learn/pairs.h"

#include "learn/streams.h"

size_t ff_pairs_request(uint32_t first_chunk, uint32_t chunks, uint32_t negative,
                        struct ff_piece_request *requests)
{
    for (uint32_t c = 0; c < chunks; c++) {
        requests[2 * c] = (struct ff_piece_request){first_chunk + c, FF_STREAM_INPUT};
        requests[2 * c + 1] =
            (struct ff_piece_request){first_chunk + c, FF_STREAM_INPUT + 1 + negative};
    }
    return (size_t)2 * chunks;
}

size_t ff_pairs_place(size_t n, const struct ff_piece *pieces, struct ff_block *blocks)
{
    size_t all_rows = 0;

    for (size_t i = 0; i < n; i++) {
        blocks[i] = (struct ff_block){pieces[i].x, pieces[i].rows, (uint32_t)all_rows};
        all_rows += pieces[i].rows;
    }
    return all_rows;
}

uint32_t ff_pairs_variant(uint32_t n, uint32_t epoch, uint64_t batch)
{
    return (uint32_t)((epoch + batch) % n);
}

void ff_pairs_scales(const struct ff_pairs *pairs, uint32_t units, const float *goodness,
                     float *scale, double *loss)
{
    float factor = 2 / (float)units;

    for (size_t i = 0; i < pairs->n_blocks; i += 2) {
        size_t pos = pairs->blocks[i].first, neg = pairs->blocks[i + 1].first;
        size_t rows = pairs->blocks[i].rows;
        double chunk_loss;

        pairs->loss->pairs(&pairs->params, rows, pairs->batch_rows, goodness + pos, goodness + neg,
                           scale + pos, scale + neg, &chunk_loss);
        *loss += chunk_loss;
        for (size_t row = 0; row < rows; row++) {
            scale[pos + row] *= factor;
            scale[neg + row] *= factor;
        }
    }
}

void ff_pairs_count(const struct ff_pairs *pairs, const float *goodness, struct ff_sums *sums)
{
    for (size_t i = 0; i < pairs->n_blocks; i += 2) {
        const float *pos = goodness + pairs->blocks[i].first;
        const float *neg = goodness + pairs->blocks[i + 1].first;

        for (size_t row = 0; row < pairs->blocks[i].rows; row++) {
            sums->goodness_pos += (double)pos[row];
            sums->goodness_neg += (double)neg[row];
            sums->wrong += neg[row] >= pos[row];
        }
    }
}
