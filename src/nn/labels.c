#include "nn/labels.h"

#include "nn/level.h"
#include "nn/vector.h"

/* Not z > 0 ? z : 0, which would turn a NaN into 0 and hide that training has diverged. */
static inline float relu(float z)
{
    return z < 0.0f ? 0.0f : z;
}

static size_t label_of(const struct ff_labels *with, size_t row, size_t i)
{
    return with->labels ? with->labels[row * with->n + i] : i;
}

static float sum_of_squares(size_t units, const float *restrict z, const float *restrict v,
                            float scale)
{
    float lanes[FF_LABEL_LANES] = {0.0f}, sum = 0.0f;
    size_t whole = units - units % FF_LABEL_LANES;

    for (size_t j = 0; j < whole; j += FF_LABEL_LANES) {
        for (size_t l = 0; l < FF_LABEL_LANES; l++) {
            float y = relu(z[j + l] + scale * v[j + l]);

            lanes[l] += y * y;
        }
    }
    for (size_t j = whole; j < units; j++) {
        float y = relu(z[j] + scale * v[j]);

        lanes[j - whole] += y * y;
    }
    for (size_t l = 0; l < FF_LABEL_LANES; l++)
        sum += lanes[l];
    return sum;
}

/* The sums of the labels of each row by themselves. */
static void sum_singly(const struct ff_labels *with, size_t rows, size_t units, const float *z,
                       size_t ldz, float *sums)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t c = 0; c < with->n; c++)
            sums[i * with->n + c] = sum_of_squares(
                units, z + i * ldz, with->v + label_of(with, i, c) * with->ldv, with->scale);
    }
}

/* Labels that are evaluated together, each in an element of its own: a sum then needs no additions
 * across a vector, which would take longer than its squares. */
#define GROUP 16
#define GROUP_VECTORS (GROUP / FF_VECTOR)
/* Rows for which label weights are loaded once. */
#define GROUP_ROWS (FF_VECTOR / 2)
/* With fewer labels too many elements are unused; with fewer rows transposing the label weights
 * costs more than it saves. */
#define GROUP_MIN_LABELS 6
#define GROUP_MIN_ROWS 16
/* Most units, whose label weights are on the stack. Tiles are usually no wider. */
#define GROUP_UNITS 256

struct group {
    float of[GROUP];
};

/* SHIFT: (units), s v of each label. OUT: (rows), the sums of ROWS rows. */
static FF_ALWAYS_INLINE void sum_group(size_t rows, size_t units, const struct group *shift,
                                       const float *z, size_t ldz, struct group *out)
{
    ff_vector sums[GROUP_ROWS][GROUP_VECTORS] = {0};

    for (size_t l = 0; l < FF_LABEL_LANES && l < units; l++) {
        ff_vector lane[GROUP_ROWS][GROUP_VECTORS] = {0};

        for (size_t j = l; j < units; j += FF_LABEL_LANES) {
            for (size_t r = 0; r < rows; r++) {
                for (size_t k = 0; k < GROUP_VECTORS; k++) {
                    ff_vector y = ff_vector_relu(
                        z[r * ldz + j] + ff_vector_load(shift[j].of + k * FF_VECTOR, FF_VECTOR));

                    lane[r][k] += y * y;
                }
            }
        }
        for (size_t r = 0; r < rows; r++) {
            for (size_t k = 0; k < GROUP_VECTORS; k++)
                sums[r][k] += lane[r][k];
        }
    }
    for (size_t r = 0; r < rows; r++) {
        for (size_t k = 0; k < GROUP_VECTORS; k++)
            ff_vector_store(out[r].of + k * FF_VECTOR, sums[r][k], FF_VECTOR);
    }
}

/* The sums of labels FIRST .. FIRST + COUNT - 1, at most GROUP. */
static void sum_together(const struct ff_labels *with, size_t first, size_t count, size_t rows,
                         size_t units, const float *z, size_t ldz, float *sums)
{
    struct group shift[GROUP_UNITS], group[GROUP_ROWS];

    for (size_t j = 0; j < units; j++) {
        for (size_t c = 0; c < GROUP; c++)
            shift[j].of[c] = c < count ? with->scale * with->v[(first + c) * with->ldv + j] : 0.0f;
    }
    for (size_t i = 0, now; i < rows; i += now) {
        now = rows - i < GROUP_ROWS ? 1 : GROUP_ROWS;
        if (now == GROUP_ROWS)
            sum_group(GROUP_ROWS, units, shift, z + i * ldz, ldz, group);
        else
            sum_group(1, units, shift, z + i * ldz, ldz, group);
        for (size_t r = 0; r < now; r++)
            memcpy(sums + (i + r) * with->n + first, group[r].of, count * sizeof(float));
    }
}

void FF_AT_LEVEL(ff_label_sums)(const struct ff_labels *with, size_t rows, size_t units,
                                const float *z, size_t ldz, float *sums)
{
    if (with->labels || with->n < GROUP_MIN_LABELS || rows < GROUP_MIN_ROWS ||
        units > GROUP_UNITS) {
        sum_singly(with, rows, units, z, ldz, sums);
        return;
    }
    for (size_t first = 0; first < with->n; first += GROUP) {
        size_t left = with->n - first;

        sum_together(with, first, left < GROUP ? left : GROUP, rows, units, z, ldz, sums);
    }
}

/* Rows and vectors of units of a chunk, whose z and sums stay in registers for all labels: of rows
 * that have the same labels, and of one row. */
#define CHUNK_ROWS 4
#define CHUNK_VECTORS 2
#define ROW_VECTORS 4

/* Of COUNT units, those from vector K on. */
static FF_ALWAYS_INLINE size_t from_vector(size_t k, size_t count)
{
    return count > k * FF_VECTOR ? count - k * FF_VECTOR : 0;
}

static FF_ALWAYS_INLINE void load_units(const float *x, size_t vectors, size_t count,
                                        ff_vector *out)
{
    for (size_t k = 0; k < vectors; k++)
        out[k] = ff_vector_load(x + k * FF_VECTOR, from_vector(k, count));
}

static FF_ALWAYS_INLINE void store_units(float *x, const ff_vector *in, size_t vectors,
                                         size_t count)
{
    for (size_t k = 0; k < vectors; k++)
        ff_vector_store(x + k * FF_VECTOR, in[k], from_vector(k, count));
}

/* A mixture's arguments, of ff_label_mix() and ff_label_backward(). */
struct mixture {
    const struct ff_labels *with;
    const float *z;
    size_t ldz;
    const float *weight;
    float *out;
    size_t ldo;
    float *dv; /* NULL: none */
};

/* The mixture of COUNT units, at most those of VECTORS, from unit FIRST on, of ROWS rows from ROW
 * on. */
static FF_ALWAYS_INLINE void mix_chunk(const struct mixture *m, size_t row, size_t rows,
                                       size_t first, size_t vectors, size_t count)
{
    ff_vector z[CHUNK_ROWS][ROW_VECTORS], mixed[CHUNK_ROWS][ROW_VECTORS] = {0};
    float scale = m->with->scale;
    size_t n = m->with->n;

    for (size_t r = 0; r < rows; r++)
        load_units(m->z + (row + r) * m->ldz + first, vectors, count, z[r]);
    for (size_t c = 0; c < n; c++) {
        size_t at = label_of(m->with, row, c) * m->with->ldv + first;
        ff_vector v[ROW_VECTORS], dv[ROW_VECTORS] = {0};

        load_units(m->with->v + at, vectors, count, v);
        if (m->dv)
            load_units(m->dv + at, vectors, count, dv);
        for (size_t r = 0; r < rows; r++) {
            for (size_t k = 0; k < vectors; k++) {
                ff_vector y = ff_vector_relu(z[r][k] + scale * v[k]);
                ff_vector part = m->weight[(row + r) * n + c] * y;

                mixed[r][k] += part;
                dv[k] += scale * part;
            }
        }
        if (m->dv)
            store_units(m->dv + at, dv, vectors, count);
    }
    for (size_t r = 0; r < rows; r++)
        store_units(m->out + (row + r) * m->ldo + first, mixed[r], vectors, count);
}

/* All units of ROWS rows from ROW on, by chunks of VECTORS. */
static FF_ALWAYS_INLINE void mix_rows(const struct mixture *m, size_t row, size_t rows,
                                      size_t vectors, size_t units)
{
    size_t chunk = vectors * FF_VECTOR, whole = units - units % chunk;

    for (size_t first = 0; first < whole; first += chunk)
        mix_chunk(m, row, rows, first, vectors, chunk);
    if (whole < units)
        mix_chunk(m, row, rows, whole, vectors, units - whole);
}

static FF_ALWAYS_INLINE void mix(const struct mixture *m, size_t rows, size_t units)
{
    size_t together = m->with->labels ? 0 : rows - rows % CHUNK_ROWS;

    for (size_t i = 0; i < together; i += CHUNK_ROWS)
        mix_rows(m, i, CHUNK_ROWS, CHUNK_VECTORS, units);
    for (size_t i = together; i < rows; i++)
        mix_rows(m, i, 1, ROW_VECTORS, units);
}

void FF_AT_LEVEL(ff_label_mix)(const struct ff_labels *with, size_t rows, size_t units,
                               const float *z, size_t ldz, const float *weight, float *out,
                               size_t ldo)
{
    const struct mixture m = {with, z, ldz, weight, out, ldo, NULL};

    mix(&m, rows, units);
}

void FF_AT_LEVEL(ff_label_backward)(const struct ff_labels *with, size_t rows, size_t units,
                                    float *z, size_t ldz, const float *weight, float *dv)
{
    const struct mixture m = {with, z, ldz, weight, z, ldz, dv};

    mix(&m, rows, units);
}
