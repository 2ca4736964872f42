/* Trials of reading inputs from scratch and of writing outputs to it. They use a file in memory,
 * so that page faults and system calls are measured, too. */
#include "base/arithmetic.h"
#include "learn/first_inputs.h"
#include "learn/streams.h"
#include "nn/dropout.h"
#include "plan/speed.h"
#include "store/value.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct ff_bytes key = {"trial", 5};

/* The most elements of a piece; of wider ones fewer rows are measured. */
#define MOST_ELEMENTS ((size_t)1 << 20)

static uint32_t rows_to_measure(const struct ff_trial *trial, size_t columns)
{
    size_t rows = ff_larger(1, MOST_ELEMENTS / columns);

    return (uint32_t)ff_smaller(rows, trial->job->geometry.chunk_rows);
}

/* The inputs of one worker. */
struct inputs {
    void *map;    /* the stored value */
    float *x;     /* (chunk_rows, width) */
    void *images; /* boundary 0: (chunk_rows, features), decoded */
    struct ff_first_inputs form;
    int status;
};

struct load_trial {
    struct ff_trial base;
    struct ff_geometry geometry; /* with the rows that are measured as a chunk */
    struct ff_feed_opts opts;
    struct ff_first_inputs_noise noise;
    struct ff_rng dropped;
    enum ff_dtype wanted; /* type of what is read */
    uint32_t columns;     /* of what is stored */
    uint32_t reads;       /* values read for a piece */
    int file;
    size_t size; /* of the stored value, in bytes */
    struct inputs inputs[FF_POOL_MAX];
};

static size_t list_inputs(struct load_trial *l, struct inputs *inputs,
                          struct ff_buffer out[FF_FIRST_INPUTS_BUFFERS + 2])
{
    const struct ff_feed_opts *opts = &l->opts;
    size_t rows = opts->geometry->chunk_rows, n = 0;

    out[n++] =
        (struct ff_buffer){&inputs->x, FF_MEM_ACTIVATIONS, rows * opts->width, sizeof(float)};
    if (opts->boundary > 0)
        return n;
    out[n++] = (struct ff_buffer){&inputs->images, FF_MEM_ACTIVATIONS,
                                  rows * opts->embedding.features, ff_dtype_size(l->wanted)};
    return n + ff_first_inputs_list(opts, &inputs->form, out + n);
}

/* Reads the stored value, in place where the feed may. *DATA are its elements. Small values the
 * feed copies, which takes as long as the page faults here. */
static int read_value(struct load_trial *l, struct inputs *inputs, unsigned worker,
                      const void **data)
{
    struct ff_workers *workers = l->base.workers;
    void *decoded = l->opts.boundary > 0 ? (void *)inputs->x : inputs->images;
    struct ff_bytes stored = {inputs->map, l->size};
    struct ff_value value;
    int status = ff_value_open(workers->ctx, key, stored, true, "trial", &value);

    *data = decoded;
    if (status == FF_OK && ff_value_in_place(&value, l->wanted))
        *data = value.payload;
    else if (status == FF_OK)
        status = ff_value_decode(workers->coders[worker], &value, l->wanted, "trial", decoded);
    return status;
}

/* A piece as the feed loads it: of the first variant, or of the second, which may be a negative. */
static void load_piece(void *arg, size_t task, unsigned worker)
{
    struct load_trial *l = arg;
    struct inputs *inputs = &l->inputs[worker];
    const struct ff_feed_opts *opts = &l->opts;
    struct ff_first_inputs_rows rows = {
        .stream = FF_STREAM_INPUT + (task & 1),
        .rows = opts->geometry->chunk_rows,
        .truth = inputs->form.truth,
    };
    const void *data = NULL;
    int status = FF_OK;

    for (uint32_t i = 0; i < l->reads && status == FF_OK; i++) {
        if (i > 0)
            madvise(inputs->map, l->size, MADV_DONTNEED);
        status = read_value(l, inputs, worker, &data);
    }
    if (status == FF_OK && opts->boundary == 0) {
        rows.images = data;
        ff_first_inputs_form(opts, &l->noise, &inputs->form, &rows, inputs->x);
        data = inputs->x;
    }
    if (status == FF_OK && opts->dropout > 0)
        ff_dropout(&l->dropped, 0, rows.rows, opts->width, opts->dropout, data, inputs->x);
    madvise(inputs->map, l->size, MADV_DONTNEED);
    if (status != FF_OK)
        inputs->status = status;
}

/* Two pieces for each thread. */
static int run_load(struct ff_trial *trial)
{
    struct load_trial *l = (struct load_trial *)trial;
    int status = FF_OK;

    ff_pool_run(trial->workers->pool, 2 * (size_t)trial->workers->threads, load_piece, l);
    for (unsigned i = 0; i < trial->workers->threads; i++)
        status = l->inputs[i].status != FF_OK ? l->inputs[i].status : status;
    return status;
}

/* A value of a chunk's rows. */
struct sample {
    struct ff_matrix matrix;
    enum ff_dtype stored;
    void *elements, *encoded;
    size_t capacity, size; /* of ENCODED, in bytes */
};

static size_t list_sample(struct sample *sample, struct ff_buffer out[2])
{
    const struct ff_matrix *matrix = &sample->matrix;

    out[0] = (struct ff_buffer){&sample->elements, FF_MEM_ACTIVATIONS,
                                (size_t)matrix->rows * matrix->columns, sizeof(float)};
    out[1] = (struct ff_buffer){&sample->encoded, FF_MEM_IO, sample->capacity, 1};
    return 2;
}

static int encode(const struct ff_trial *trial, struct sample *sample)
{
    return ff_value_encode(trial->workers->coders[0], key, &sample->matrix, sample->stored,
                           &trial->job->compression, sample->encoded, &sample->size);
}

/* Makes SAMPLE of made-up elements, to be released also on error. */
static int make_sample(const struct ff_trial *trial, const struct ff_matrix *matrix,
                       enum ff_dtype stored, struct sample *sample)
{
    size_t elements = (size_t)matrix->rows * matrix->columns;
    struct ff_buffer buffers[2];
    int status;

    *sample = (struct sample){
        .matrix = *matrix,
        .stored = stored,
        .capacity = ff_value_bound(stored, matrix->rows, matrix->columns, &trial->job->compression),
    };
    status = ff_buffers_alloc(trial->workers->ctx, list_sample(sample, buffers), buffers);
    if (status != FF_OK)
        return status;
    ff_trial_fill(elements, sample->elements);
    sample->matrix.data = sample->elements;
    return encode(trial, sample);
}

static void release_sample(const struct ff_trial *trial, struct sample *sample)
{
    struct ff_buffer buffers[2];

    ff_buffers_free(trial->workers->ctx, list_sample(sample, buffers), buffers);
}

static int open_file(const struct ff_trial *trial, int *out)
{
    *out = memfd_create("fftool-trial", MFD_CLOEXEC);
    return *out >= 0 ? FF_OK : ff_fail_errno(trial->workers->ctx, errno, "file in memory");
}

static int write_file(const struct ff_trial *trial, int file, const struct sample *sample)
{
    ssize_t n;

    do
        n = pwrite(file, sample->encoded, sample->size, 0);
    while (n < 0 && errno == EINTR);
    if (n == (ssize_t)sample->size)
        return FF_OK;
    return ff_fail_errno(trial->workers->ctx, errno, "file in memory");
}

/* The file that is read, and a map of it for each worker. */
static int make_file(struct load_trial *l)
{
    struct ff_trial *trial = &l->base;
    struct ff_matrix matrix = {l->opts.boundary > 0 ? FF_F32 : l->wanted, l->geometry.chunk_rows,
                               l->columns, NULL};
    enum ff_dtype stored = l->opts.boundary > 0 ? trial->job->stored : l->wanted;
    struct sample sample;
    int status = make_sample(trial, &matrix, stored, &sample);

    l->size = sample.size;
    if (status == FF_OK)
        status = open_file(trial, &l->file);
    if (status == FF_OK)
        status = write_file(trial, l->file, &sample);
    release_sample(trial, &sample);
    for (unsigned i = 0; i < trial->workers->threads && status == FF_OK; i++) {
        void *map = mmap(NULL, l->size, PROT_READ, MAP_SHARED, l->file, 0);

        if (map == MAP_FAILED)
            status = ff_fail_errno(trial->workers->ctx, errno, "file in memory");
        else
            l->inputs[i].map = map;
    }
    return status;
}

static void close_file(struct load_trial *l)
{
    for (unsigned i = 0; i < l->base.workers->threads; i++) {
        if (l->inputs[i].map)
            munmap(l->inputs[i].map, l->size);
    }
    if (l->file >= 0)
        close(l->file);
}

static void prepare(struct load_trial *l)
{
    const struct ff_operation *operation = &l->base.operation;
    const struct ff_job *job = l->base.job;

    l->geometry = job->geometry;
    l->geometry.chunk_rows = rows_to_measure(&l->base, operation->units);
    l->opts = ff_feed_opts_of(job->manifest, &l->geometry, operation->boundary, operation->blocks,
                              operation->use);
    l->dropped = ff_rng_make(1, FF_RNG_DROPOUT, 1, 0);
    ff_first_inputs_begin_epoch(&l->opts, 0, &l->noise);
    l->file = -1;
    l->wanted = l->opts.boundary > 0 ? FF_F32 : ff_first_inputs_dtype(&l->opts);
    l->columns = l->opts.boundary > 0 ? l->opts.width : l->opts.embedding.features;
    /* Hard negatives are gathered from the chunk under each label. */
    l->reads = l->opts.hard && l->opts.boundary > 0 ? l->opts.classes : 1;
}

static int measure_load(struct load_trial *l, double *seconds)
{
    unsigned threads = l->base.workers->threads;
    uint32_t pieces = l->base.operation.blocks;
    /* Of one piece after another on each thread; beside a step all threads share the work. */
    double rounds =
        l->opts.ahead ? (double)pieces / threads : (double)ff_divide_up(pieces, threads);
    double two;
    int status = ff_trial_measure(&l->base, &two);

    *seconds = two / 2 * rounds * l->base.job->geometry.chunk_rows / l->geometry.chunk_rows;
    return status;
}

int ff_trial_load(struct ff_trial *trial, double *seconds)
{
    struct ff_ctx *ctx = trial->workers->ctx;
    struct load_trial *l = ff_alloc(ctx, FF_MEM_OTHER, sizeof *l);
    struct ff_buffer buffers[FF_FIRST_INPUTS_BUFFERS + 2];
    int status = FF_OK;

    if (!l)
        return ff_alloc_status(ctx);
    l->base = *trial;
    l->base.run = run_load;
    prepare(l);
    for (unsigned i = 0; i < trial->workers->threads && status == FF_OK; i++)
        status = ff_buffers_alloc(ctx, list_inputs(l, &l->inputs[i], buffers), buffers);
    if (status == FF_OK)
        status = make_file(l);
    if (status == FF_OK)
        status = measure_load(l, seconds);
    close_file(l);
    for (unsigned i = 0; i < trial->workers->threads; i++)
        ff_buffers_free(ctx, list_inputs(l, &l->inputs[i], buffers), buffers);
    ff_free(ctx, FF_MEM_OTHER, l, sizeof *l);
    return status;
}

struct store_trial {
    struct ff_trial base;
    struct sample sample;
    int file;
};

/* As LMDB does it: copied to new memory, then written to pages that the file does not have yet. */
static int run_store(struct ff_trial *trial)
{
    struct store_trial *s = (struct store_trial *)trial;
    struct ff_ctx *ctx = trial->workers->ctx;
    struct sample copy;
    int status = encode(trial, &s->sample);

    if (status == FF_OK && ftruncate(s->file, 0) != 0)
        status = ff_fail_errno(ctx, errno, "file in memory");
    if (status != FF_OK)
        return status;
    copy = s->sample;
    copy.encoded = ff_alloc(ctx, FF_MEM_IO, copy.size);
    if (!copy.encoded)
        return ff_alloc_status(ctx);
    memcpy(copy.encoded, s->sample.encoded, copy.size);
    status = write_file(trial, s->file, &copy);
    ff_free(ctx, FF_MEM_IO, copy.encoded, copy.size);
    return status;
}

int ff_trial_store(struct ff_trial *trial, double *seconds)
{
    struct store_trial s = {.base = *trial, .file = -1};
    uint32_t columns = trial->operation.units, rows = rows_to_measure(trial, columns);
    struct ff_matrix matrix = {FF_F32, rows, columns, NULL};
    int status = make_sample(trial, &matrix, trial->job->stored, &s.sample);

    s.base.run = run_store;
    if (status == FF_OK)
        status = open_file(trial, &s.file);
    if (status == FF_OK)
        status = ff_trial_measure(&s.base, seconds);
    *seconds *= (double)trial->job->geometry.chunk_rows / rows;
    if (s.file >= 0)
        close(s.file);
    release_sample(trial, &s.sample);
    return status;
}
