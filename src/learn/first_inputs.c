#include "learn/first_inputs.h"

#include "data/context_dropout.h"
#include "data/hybrid.h"
#include "data/jitter.h"
#include "learn/streams.h"

void ff_first_inputs_begin_epoch(const struct ff_feed_opts *opts, uint32_t epoch,
                                 struct ff_first_inputs_noise *noise)
{
    noise->epoch = epoch;
    noise->shifts = ff_rng_make(opts->seed, FF_RNG_JITTER, 1, epoch);
    noise->masks = ff_rng_make(opts->seed, FF_RNG_HYBRID, 1, epoch);
}

enum ff_dtype ff_first_inputs_dtype(const struct ff_feed_opts *opts)
{
    return opts->is_float ? FF_F32 : FF_U8;
}

size_t ff_first_inputs_list(const struct ff_feed_opts *opts, struct ff_first_inputs *form,
                            struct ff_buffer out[FF_FIRST_INPUTS_BUFFERS])
{
    size_t rows = opts->geometry->chunk_rows, features = rows * opts->embedding.features, n = 0;
    size_t element = ff_dtype_size(ff_first_inputs_dtype(opts));
    size_t pixels = (size_t)opts->image.height * opts->image.width;

    out[n++] = (struct ff_buffer){&form->truth, FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)};
    out[n++] = (struct ff_buffer){&form->embedded, FF_MEM_ACTIVATIONS, rows, sizeof(uint16_t)};
    if (opts->jitter > 0 || opts->context_dropout > 0)
        out[n++] = (struct ff_buffer){&form->augmented, FF_MEM_ACTIVATIONS, features, element};
    if (opts->hybrid) {
        out[n++] = (struct ff_buffer){&form->mixed, FF_MEM_ACTIVATIONS, features, element};
        out[n++] = (struct ff_buffer){&form->mask, FF_MEM_ACTIVATIONS, pixels, 1};
        out[n++] = (struct ff_buffer){&form->work, FF_MEM_ACTIVATIONS, 2 * pixels, sizeof(float)};
    }
    return n;
}

/* Chooses the label that each row embeds. */
static void choose_labels(const struct ff_feed_opts *opts,
                          const struct ff_first_inputs_noise *noise,
                          const struct ff_first_inputs_rows *rows, uint16_t *out)
{
    bool given = noise->given && rows->stream == FF_STREAM_INPUT + 1;
    /* Hard negatives are redrawn in each epoch; before any layer is trained, all are equally
     * hard. */
    uint32_t set = opts->hard ? noise->epoch : rows->stream - FF_STREAM_INPUT - 1;

    for (uint32_t i = 0; i < rows->rows; i++) {
        if (rows->stream == FF_STREAM_INPUT)
            out[i] = rows->truth[i];
        else if (rows->stream == FF_STREAM_NEUTRAL)
            out[i] = FF_LABEL_NEUTRAL;
        else if (rows->stream >= FF_STREAM_CLASS)
            out[i] = (uint16_t)(rows->stream - FF_STREAM_CLASS);
        else if (given)
            out[i] = noise->given[rows->first - noise->given_first + i];
        else
            out[i] =
                ff_wrong_label(opts->seed, set, rows->first + i, rows->truth[i], opts->classes);
    }
}

/* The augmentation copy that STREAM is: label-free inputs have several, others one. */
static uint32_t copy_of(const struct ff_feed_opts *opts, uint32_t stream)
{
    return opts->embedding.classes > 0 || opts->hybrid ? 0 : stream - FF_STREAM_INPUT;
}

/* The random numbers of shifts and context dropout: an epoch's, or those of a stored copy. */
static struct ff_rng augmentation(const struct ff_feed_opts *opts,
                                  const struct ff_first_inputs_noise *noise, uint32_t stream)
{
    if (opts->use == FF_FEED_STORE)
        return ff_rng_make(opts->seed, FF_RNG_COPY_JITTER, 1, copy_of(opts, stream));
    return noise->shifts;
}

/* Shifts images at random, the positive and negative rows of a sample alike. */
static void shift_images(const struct ff_feed_opts *opts, const struct ff_first_inputs_noise *noise,
                         const struct ff_first_inputs_rows *rows, char *out)
{
    size_t element = ff_dtype_size(ff_first_inputs_dtype(opts)),
           bytes = opts->embedding.features * element;
    const struct ff_rng rng = augmentation(opts, noise, rows->stream);

    for (size_t i = 0; i < rows->rows; i++) {
        int32_t shift[2] = {0, 0}; /* held-out samples are not shifted */

        if (rows->first + i < opts->geometry->learned_rows)
            ff_jitter_draw(&rng, rows->first + i, opts->jitter, shift);
        ff_jitter_shift(&opts->image, element, shift, (const char *)rows->images + i * bytes,
                        out + i * bytes);
    }
}

/* Leaves out characters of contexts at random, the positive and negative rows of a sample alike. */
static void drop_context(const struct ff_feed_opts *opts, const struct ff_first_inputs_noise *noise,
                         const struct ff_first_inputs_rows *rows, uint8_t *out)
{
    const uint32_t context = opts->embedding.features;
    const struct ff_rng rng = augmentation(opts, noise, rows->stream);

    for (size_t i = 0; i < rows->rows; i++) {
        const bool learned = rows->first + i < opts->geometry->learned_rows;

        ff_context_dropout(&rng, rows->first + i, learned ? opts->context_dropout : 0, context,
                           (const uint8_t *)rows->images + i * context, out + i * context);
    }
}

/* Mixes each image with another one of its chunk, a random one, because rows are shuffled. */
static void mix_images(const struct ff_feed_opts *opts, const struct ff_first_inputs_noise *noise,
                       struct ff_first_inputs *form, const struct ff_first_inputs_rows *rows)
{
    size_t element = ff_dtype_size(ff_first_inputs_dtype(opts)),
           bytes = opts->embedding.features * element;
    const char *images = rows->images;
    uint32_t set = rows->stream - FF_STREAM_INPUT - 1, step = 1;
    struct ff_rng rng = noise->masks;

    if (opts->use == FF_FEED_STORE)
        rng = ff_rng_make(opts->seed, FF_RNG_SET_HYBRID, 1, set);
    if (rows->rows > 1)
        step += ff_rng_below(&rng, UINT64_MAX - rows->first, rows->rows - 1);
    for (size_t i = 0; i < rows->rows; i++) {
        size_t other = (i + step) % rows->rows;

        ff_hybrid_mask(&rng, rows->first + i, &opts->image, form->work, form->mask);
        ff_hybrid_mix(&opts->image, element, form->mask, images + i * bytes, images + other * bytes,
                      (char *)form->mixed + i * bytes);
    }
}

void ff_first_inputs_form(const struct ff_feed_opts *opts,
                          const struct ff_first_inputs_noise *noise, struct ff_first_inputs *form,
                          const struct ff_first_inputs_rows *rows, float *out)
{
    struct ff_first_inputs_rows now = *rows;

    if (opts->jitter > 0) {
        shift_images(opts, noise, &now, form->augmented);
        now.images = form->augmented;
    }
    if (opts->context_dropout > 0) {
        drop_context(opts, noise, &now, form->augmented);
        now.images = form->augmented;
    }
    if (opts->hybrid && now.stream > FF_STREAM_INPUT) {
        mix_images(opts, noise, form, &now);
        now.images = form->mixed;
    }
    if (opts->embedding.classes > 0)
        choose_labels(opts, noise, &now, form->embedded);
    ff_embed(&opts->embedding, now.rows, now.images, opts->is_float, form->embedded, out);
}
