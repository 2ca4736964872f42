#include "learn/feed_slot.h"

#include "data/schema.h"
#include "learn/streams.h"
#include "nn/dropout.h"

#include <string.h>

bool ff_slot_gathers(const struct ff_feed_opts *opts)
{
    return opts->hard && opts->boundary > 0;
}

static struct ff_hard_negatives_shape gather_shape(const struct ff_feed_opts *opts)
{
    return (struct ff_hard_negatives_shape){opts->classes, opts->width, opts->geometry->chunk_rows};
}

bool ff_slot_has_buffer(const struct ff_feed_opts *opts)
{
    return opts->boundary == 0 || opts->dropout > 0 || opts->hard;
}

/* The most that a chunk has as stored: one that compression does not make smaller is stored raw. */
static size_t bound(enum ff_dtype stored, const struct ff_feed_opts *opts, uint32_t columns)
{
    const struct ff_compression none = {.codec = FF_CODEC_NONE};

    return ff_value_bound(stored, opts->geometry->chunk_rows, columns, &none);
}

static size_t input_bytes(const struct ff_feed_opts *opts)
{
    if (opts->boundary == 0)
        return bound(ff_first_inputs_dtype(opts), opts, opts->embedding.features);
    return bound(opts->stored, opts, opts->width);
}

static size_t label_bytes(const struct ff_feed_opts *opts)
{
    return bound(FF_U16, opts, 1);
}

static bool has_labels(const struct ff_feed_opts *opts)
{
    return opts->labelled || (opts->boundary == 0 && opts->embedding.classes > 0);
}

size_t ff_slot_list(const struct ff_feed_opts *opts, struct ff_slot *slot,
                    struct ff_buffer out[FF_SLOT_BUFFERS])
{
    size_t rows = opts->geometry->chunk_rows, n = 0;
    struct ff_hard_negatives_shape shape = gather_shape(opts);

    if (opts->ahead)
        out[n++] = (struct ff_buffer){&slot->stored, FF_MEM_ACTIVATIONS, input_bytes(opts), 1};
    if (opts->ahead && has_labels(opts))
        out[n++] =
            (struct ff_buffer){&slot->stored_labels, FF_MEM_ACTIVATIONS, label_bytes(opts), 1};
    if (opts->labelled)
        out[n++] = (struct ff_buffer){&slot->truth, FF_MEM_ACTIVATIONS, rows, sizeof *slot->truth};
    if (!ff_slot_has_buffer(opts))
        return n;
    out[n++] =
        (struct ff_buffer){&slot->buffer, FF_MEM_ACTIVATIONS, rows * opts->width, sizeof(float)};
    if (opts->boundary == 0)
        return n + ff_first_inputs_list(opts, &slot->form, out + n);
    if (!opts->hard)
        return n;
    ff_hard_negatives_list(&shape, &slot->gather, out + n);
    return n + FF_HARD_NEGATIVES_BUFFERS;
}

struct ff_buffer ff_slot_decoded(const struct ff_feed_opts *opts, struct ff_slot *slot)
{
    size_t rows = opts->geometry->chunk_rows;

    if (opts->boundary > 0)
        return (struct ff_buffer){&slot->buffer, FF_MEM_ACTIVATIONS, rows * opts->width,
                                  sizeof(float)};
    return (struct ff_buffer){&slot->images, FF_MEM_ACTIVATIONS, rows * opts->embedding.features,
                              ff_dtype_size(ff_first_inputs_dtype(opts))};
}

/* Every stream of boundary 0 is formed from the images. */
uint32_t ff_slot_stored(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->boundary == 0 ? (uint32_t)FF_STREAM_INPUT : stream;
}

static bool needs_truth(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->embedding.classes > 0 && stream < FF_STREAM_NEUTRAL;
}

/* True if the labels of a piece are looked up with it. */
static bool needs_labels(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->labelled || (opts->boundary == 0 && needs_truth(opts, stream));
}

int ff_slot_check_labels(const struct ff_feed_base *base, const struct ff_chunk *chunk,
                         const uint16_t *labels, uint32_t rows, bool unseen)
{
    for (uint32_t i = 0; i < rows; i++) {
        if (labels[i] >= base->opts.classes && !(unseen && labels[i] == FF_LABEL_UNSEEN))
            return ff_fail(base->workers->ctx, FF_ECORRUPT, "%s: chunk %u: label %u of %u classes",
                           base->opts.set->name, chunk->chunk, labels[i], base->opts.classes);
    }
    return FF_OK;
}

static int form_inputs(const struct ff_feed_base *base, struct ff_slot *slot,
                       struct ff_coder *coder)
{
    const struct ff_feed_opts *opts = &base->opts;
    struct ff_first_inputs_rows rows = {
        .stream = slot->request.stream, .first = slot->first, .rows = slot->rows};
    const void *truth = NULL;
    int status;

    status = ff_chunk_read(opts->set, &slot->input, coder, ff_first_inputs_dtype(opts), slot->rows,
                           opts->embedding.features, slot->images, &rows.images);
    if (status == FF_OK && needs_truth(opts, slot->request.stream)) {
        status = ff_chunk_read(opts->set, &slot->labels, coder, FF_U16, slot->rows, 1,
                               slot->form.truth, &truth);
        if (status == FF_OK)
            status = ff_slot_check_labels(base, &slot->labels, truth, slot->rows, false);
    }
    rows.truth = truth;
    if (status != FF_OK)
        return status;
    ff_first_inputs_form(opts, &base->noise, &slot->form, &rows, slot->buffer);
    slot->x = slot->buffer;
    return FF_OK;
}

/* The nearest chunk in use other than SLOT's, in steps of STEP through the slots; NULL: none.
 * Neighbouring slots may share a chunk: at boundary 0 a pair is formed from the same images. */
static const struct ff_chunk *neighbour(const struct ff_slot_group *group,
                                        const struct ff_slot *slot, ptrdiff_t step)
{
    ptrdiff_t i = slot - group->slots + step;

    while (i >= 0 && i < (ptrdiff_t)group->n &&
           group->slots[i].input.bytes.data == slot->input.bytes.data)
        i += step;
    return i >= 0 && i < (ptrdiff_t)group->n ? &group->slots[i].input : NULL;
}

/* Unmaps the read-ahead pages around SLOT's chunk, and the chunk itself if it was decoded, so that
 * mapped memory is known in advance. Requests ascend, and so do chunks in the file. */
static void trim_slot(const struct ff_slot_group *group, const struct ff_slot *slot)
{
    const struct ff_feed_base *base = group->base;
    bool decoded = slot->x == slot->buffer;

    ff_chunk_trim(base->opts.set, &slot->input, !decoded, neighbour(group, slot, -1),
                  neighbour(group, slot, 1));
    if (needs_labels(&base->opts, slot->request.stream))
        ff_chunk_trim(base->opts.set, &slot->labels, false, NULL, NULL);
}

static void add_noise(const struct ff_feed_base *base, struct ff_slot *slot)
{
    const struct ff_feed_opts *opts = &base->opts;

    if (opts->dropout <= 0)
        return;
    ff_dropout(&base->dropped, slot->first, slot->rows, opts->width, opts->dropout, slot->x,
               slot->buffer);
    slot->x = slot->buffer;
}

static int gather_inputs(const struct ff_feed_base *base, struct ff_slot *slot,
                         struct ff_coder *coder)
{
    const struct ff_feed_opts *opts = &base->opts;
    struct ff_hard_negatives_shape shape = gather_shape(opts);
    struct ff_hard_negatives_choice choice = {
        .negative = slot->request.stream != FF_STREAM_INPUT,
        .rng = base->drawn,
        .first = slot->first,
        .scale = opts->goodness_scale / (float)opts->boundary,
    };

    slot->x = slot->buffer;
    return ff_hard_negatives_gather(&shape, opts->set, &slot->gather, &choice, coder, slot->rows,
                                    slot->buffer);
}

/* Reads the labels of SLOT along. */
static int read_along(const struct ff_feed_base *base, struct ff_slot *slot, struct ff_coder *coder)
{
    const void *data;
    int status = ff_chunk_read(base->opts.set, &slot->labels, coder, FF_U16, slot->rows, 1,
                               slot->truth, &data);

    if (status == FF_OK && data != slot->truth)
        memcpy(slot->truth, data, slot->rows * sizeof *slot->truth);
    return status == FF_OK
               ? ff_slot_check_labels(base, &slot->labels, slot->truth, slot->rows, false)
               : status;
}

/* Allocates the buffer for decoded elements if SLOT's chunk cannot be used in place: it is
 * compressed, of another type, or so small that it shares a page and is unaligned. */
static int need_buffer(const struct ff_feed_base *base, struct ff_slot *slot)
{
    enum ff_dtype wanted = base->opts.boundary > 0 ? FF_F32 : ff_first_inputs_dtype(&base->opts);
    struct ff_buffer buffer = ff_slot_decoded(&base->opts, slot);
    const void *there = base->opts.boundary > 0 ? slot->buffer : slot->images;

    if (there || ff_chunk_in_place(base->opts.set, &slot->input, wanted))
        return FF_OK;
    return ff_buffers_alloc(base->workers->ctx, 1, &buffer);
}

/* Copies the stored chunks of SLOT, so that none of their pages is mapped. */
static int copy_stored(const struct ff_feed_base *base, struct ff_slot *slot)
{
    const struct ff_feed_opts *opts = &base->opts;
    int status = ff_chunk_copy(opts->set, &slot->input, slot->stored, input_bytes(opts));

    if (status == FF_OK && needs_labels(opts, slot->request.stream))
        status = ff_chunk_copy(opts->set, &slot->labels, slot->stored_labels, label_bytes(opts));
    return status == FF_OK ? need_buffer(base, slot) : status;
}

static int load_inputs(const struct ff_feed_base *base, struct ff_slot *slot,
                       struct ff_coder *coder)
{
    const void *data;
    int status;

    if (base->opts.boundary == 0)
        return form_inputs(base, slot, coder);
    if (base->opts.hard)
        return gather_inputs(base, slot, coder);
    status = ff_chunk_read(base->opts.set, &slot->input, coder, FF_F32, slot->rows,
                           base->opts.width, slot->buffer, &data);
    slot->x = data;
    return status;
}

void ff_slot_load(void *arg, size_t task, unsigned worker)
{
    const struct ff_slot_group *group = arg;
    const struct ff_feed_base *base = group->base;
    struct ff_slot *slot = &group->slots[task];
    struct ff_coder *coder = base->workers->coders[worker];

    slot->status = base->opts.ahead ? copy_stored(base, slot) : FF_OK;
    if (slot->status == FF_OK)
        slot->status = load_inputs(base, slot, coder);
    if (slot->status == FF_OK && base->opts.labelled)
        slot->status = read_along(base, slot, coder);
    if (slot->status != FF_OK)
        return;
    add_noise(base, slot);
    if (!base->opts.ahead && !ff_slot_gathers(&base->opts))
        trim_slot(group, slot);
}

static int find(struct ff_feed_base *base, uint32_t chunk, uint32_t stream, struct ff_chunk *out)
{
    return base->opts.ahead ? ff_chunk_index_find(&base->index, base->opts.set, chunk, stream, out)
                            : ff_set_find(base->opts.set, chunk, stream, out);
}

int ff_slot_find(struct ff_feed_base *base, const struct ff_piece_request *request,
                 struct ff_slot *slot)
{
    const struct ff_feed_opts *opts = &base->opts;
    struct ff_hard_negatives_shape shape = gather_shape(opts);
    int status;

    slot->request = *request;
    ff_chunk_range(opts->geometry, request->chunk, &slot->first, &slot->rows);
    if (ff_slot_gathers(opts)) {
        status = ff_hard_negatives_find(&shape, opts->set, request->chunk, &slot->gather);
        slot->input = slot->gather.labels;
    } else {
        status = find(base, request->chunk, ff_slot_stored(opts, request->stream), &slot->input);
        if (status == FF_OK && !opts->ahead)
            status = need_buffer(base, slot);
    }
    if (status == FF_OK && needs_labels(opts, request->stream))
        status = find(base, request->chunk, FF_STREAM_LABELS, &slot->labels);
    return status;
}
