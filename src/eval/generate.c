#include "eval/generate.h"

#include "base/arithmetic.h"
#include "base/buffers.h"
#include "base/team.h"
#include "learn/conditioned.h"
#include "learn/forward.h"
#include "model/manifest.h"
#include "nn/softmax.h"
#include "text/characters.h"
#include "text/vocabulary.h"

#include <math.h>
#include <string.h>

struct generating {
    struct ff_ctx *ctx;
    const struct ff_generate_opts *opts;
    struct ff_model_file *file;
    struct ff_manifest manifest;
    struct ff_vocabulary vocabulary;
    struct ff_workers workers;
    bool by_head;
    uint32_t first, last;   /* layers whose goodness is summed, or with LAST the head's */
    uint32_t loaded;        /* parts in memory that stay there */
    struct ff_layer *parts; /* (last layer and its head): layers 1 .. LAST, then the head */
    size_t widest;          /* inputs or outputs of a layer */
    uint8_t *symbols;       /* (samples, context) */
    float *in, *out;        /* (samples, widest) */
    float *sums;            /* (samples, widest): no layer has more tiles than units */
    float *scores;          /* (samples, classes) */
    float *product;         /* (samples, classes), of the head */
};

#define MAX_BUFFERS 7

static size_t list_buffers(struct generating *g, struct ff_buffer out[MAX_BUFFERS])
{
    const size_t samples = g->opts->samples, classes = samples * g->manifest.classes;
    const struct ff_buffer buffers[MAX_BUFFERS] = {
        {&g->parts, FF_MEM_OTHER, (size_t)g->last + 1, sizeof *g->parts},
        {&g->symbols, FF_MEM_OTHER, samples, g->manifest.features},
        {&g->in, FF_MEM_ACTIVATIONS, samples * g->widest, sizeof(float)},
        {&g->out, FF_MEM_ACTIVATIONS, samples * g->widest, sizeof(float)},
        {&g->sums, FF_MEM_ACTIVATIONS, samples * g->widest, sizeof(float)},
        {&g->scores, FF_MEM_OTHER, classes, sizeof(float)},
        {&g->product, FF_MEM_OTHER, classes, sizeof(float)},
    };

    memcpy(out, buffers, sizeof buffers);
    return MAX_BUFFERS;
}

/* ---- Model and prompt ---- */

static int check_opts(struct ff_ctx *ctx, const struct ff_generate_opts *opts)
{
    if (!opts->model || !opts->emit)
        return ff_fail(ctx, FF_EINVAL, "generate: no model or no function that takes the text");
    if (opts->length == 0 || opts->samples == 0 || opts->samples > FF_MAX_GENERATED_SAMPLES)
        return ff_fail(ctx, FF_EINVAL,
                       "generate: 1 character or more, and 1 to %u samples are required",
                       FF_MAX_GENERATED_SAMPLES);
    if (!(opts->temperature >= 0 && isfinite(opts->temperature)))
        return ff_fail(ctx, FF_EINVAL, "temperature %g: must be 0 or more", opts->temperature);
    if (ff_team_size(ctx) > 1)
        return ff_fail(ctx, FF_EINVAL, "generate is not spread over several processes; start one");
    return ff_workers_check(ctx, opts->threads);
}

static int check_model(struct generating *g)
{
    const struct ff_manifest *manifest = &g->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    const char *path = g->opts->model;

    if (manifest->schema.context == 0)
        return ff_fail(g->ctx, FF_EINVAL, "%s was not trained on a text", path);
    if (manifest->mark.stage != FF_STAGE_DONE)
        return ff_fail(g->ctx, FF_EINVAL, "%s is not complete: resume its training first", path);
    if (ff_recipe_has_goodness(recipe) && !ff_recipe_conditioned(recipe))
        return ff_fail(g->ctx, FF_EINVAL,
                       "generate takes label-conditioned layers or backpropagation, and %s has the "
                       "recipe %s",
                       path, recipe->recipe);
    if (!ff_vocabulary_of_schema(&manifest->schema, &g->vocabulary))
        return ff_fail(g->ctx, FF_ECORRUPT, "%s: its classes are no vocabulary of a text", path);
    return FF_OK;
}

static int open_model(struct generating *g)
{
    int status = ff_model_file_open(g->ctx, g->opts->model, FF_MODEL_READ, &g->file);

    if (status != FF_OK)
        return status;
    status = ff_manifest_load(g->ctx, g->file, &g->manifest);
    if (status == FF_OK)
        status = check_model(g);
    if (status != FF_OK)
        return ff_about(g->ctx, status, FF_ABOUT_MODEL);
    g->by_head = !ff_recipe_has_goodness(&g->manifest.recipe);
    g->last = g->manifest.recipe.layers;
    if (!g->by_head)
        ff_manifest_range(&g->manifest, g->last, &g->first, &g->last);
    for (uint32_t k = 1; k <= g->last; k++) {
        g->widest = ff_larger(g->widest, ff_manifest_fan_in(&g->manifest, k));
        g->widest = ff_larger(g->widest, g->manifest.recipe.hidden[k - 1]);
    }
    return FF_OK;
}

/* Moves the context of SAMPLE on by SYMBOL. */
static void push(struct generating *g, uint32_t sample, uint8_t symbol)
{
    const size_t context = g->manifest.features;
    uint8_t *symbols = g->symbols + sample * context;

    memmove(symbols, symbols + 1, context - 1);
    symbols[context - 1] = symbol;
}

static int read_prompt(struct generating *g)
{
    const char *at = g->opts->prompt ? g->opts->prompt : "";
    uint64_t unknown = 0;
    locale_t unicode = (locale_t)0;
    int status = g->manifest.schema.folds_case ? ff_fold_open(g->ctx, &unicode) : FF_OK;

    memset(g->symbols, FF_SYMBOL_NONE, (size_t)g->opts->samples * g->manifest.features);
    while (status == FF_OK && *at) {
        size_t bytes;
        uint32_t character = ff_utf8_read(at, &bytes);
        uint8_t symbol = ff_vocabulary_symbol(&g->vocabulary, ff_fold(unicode, character));

        if (character == FF_NO_CHARACTER)
            status = ff_fail(g->ctx, FF_EINVAL, "the prompt is not UTF-8");
        unknown += symbol == FF_SYMBOL_NONE;
        for (uint32_t i = 0; i < g->opts->samples; i++)
            push(g, i, symbol);
        at += bytes;
    }
    ff_fold_close(unicode);
    if (status == FF_OK && unknown > 0)
        ff_warn(g->ctx, "%llu character%s of the prompt %s not in the vocabulary of %s",
                (unsigned long long)unknown, unknown == 1 ? "" : "s", unknown == 1 ? "is" : "are",
                g->opts->model);
    return status;
}

/* ---- Layers ---- */

/* Layer NUMBER; the one above the last is the head. */
static int load(struct generating *g, uint32_t number, struct ff_layer *out)
{
    const bool is_head = number > g->last;
    const char kind = is_head ? 'H' : 'W';
    const uint32_t of = is_head ? g->last : number;
    struct ff_layer shape =
        is_head ? ff_layer_shape(g->manifest.recipe.hidden[of - 1], g->manifest.classes, 0)
                : ff_layer_of(&g->manifest, of, 0);
    int status = ff_layer_init(out, g->ctx, &shape);

    if (status != FF_OK)
        return status;
    status = ff_layer_load(out, g->file, kind, of, ff_manifest_generation(&g->manifest, kind, of),
                           false);
    if (status != FF_OK)
        ff_layer_release(out);
    return status;
}

static uint32_t count_parts(const struct generating *g)
{
    return g->last + g->by_head;
}

static void unload(struct generating *g)
{
    while (g->loaded > 0)
        ff_layer_release(&g->parts[--g->loaded]);
}

/* Loads all layers, or none if they do not fit. */
static int load_all(struct generating *g)
{
    int status = FF_OK;

    while (status == FF_OK && g->loaded < count_parts(g)) {
        status = load(g, g->loaded + 1, &g->parts[g->loaded]);
        g->loaded += status == FF_OK;
    }
    if (status != FF_EBUDGET)
        return status;
    unload(g);
    return FF_OK;
}

/* A label-conditioned layer: adds its goodness to the scores. */
static int pass_conditioned(struct generating *g, const struct ff_layer *layer, uint32_t number,
                            const struct ff_block *block)
{
    struct ff_conditioned c = ff_conditioned_make(&g->manifest, layer, g->opts->samples, false);
    const struct ff_conditioned_rows rows = {
        .blocks = block, .n_blocks = 1, .all_rows = block->rows, .z = g->out};
    const size_t n = (size_t)block->rows * g->manifest.classes;
    int status = ff_conditioned_init(&c, &g->workers);

    if (status == FF_OK)
        status = ff_conditioned_forward(&c, &rows);
    for (size_t i = 0; status == FF_OK && number >= g->first && i < n; i++)
        g->scores[i] += c.goodness[i];
    if (status == FF_OK && number < g->last)
        status = ff_conditioned_outputs(&c, &rows);
    if (status == FF_OK && number < g->last)
        ff_forward_normalise(g->workers.pool, block->rows, layer->units, g->out);
    ff_conditioned_release(&c);
    return status;
}

static int pass_part(struct generating *g, const struct ff_layer *part, uint32_t number)
{
    const struct ff_block block = {g->in, g->opts->samples, 0};
    float *in = g->in;
    int status;

    if (number > g->last)
        return ff_head_logits(part, g->workers.pool, block.rows, g->in, g->product, g->scores);
    status = g->by_head
                 ? ff_layer_forward(part, g->workers.pool, &block, 1, block.rows, g->out, g->sums)
                 : pass_conditioned(g, part, number, &block);
    g->in = g->out;
    g->out = in;
    return status;
}

/* Computes the scores of the next characters. */
static int score(struct generating *g)
{
    const struct ff_embedding embedding = ff_manifest_embedding(&g->manifest);
    int status = FF_OK;

    ff_embed(&embedding, g->opts->samples, g->symbols, false, NULL, g->in);
    memset(g->scores, 0, (size_t)g->opts->samples * g->manifest.classes * sizeof *g->scores);
    for (uint32_t k = 1; k <= count_parts(g) && status == FF_OK; k++) {
        struct ff_layer one;

        if (g->loaded > 0) {
            status = pass_part(g, &g->parts[k - 1], k);
            continue;
        }
        status = load(g, k, &one);
        if (status != FF_OK)
            break;
        status = pass_part(g, &one, k);
        ff_layer_release(&one);
    }
    return status;
}

/* ---- Characters ---- */

/* The factor that turns scores into logits. */
static double logit_scale(const struct generating *g)
{
    const struct ff_range_choice *choice = &g->manifest.choice;

    if (g->by_head)
        return 1;
    return g->manifest.recipe.goodness_scale / (g->last - g->first + 1) /
           (choice->first > 0 ? choice->temperature : 1);
}

/* Draws a class from SCORES (classes), which become probabilities. */
static size_t draw(const struct generating *g, uint32_t sample, uint64_t index, float *scores)
{
    const size_t classes = g->manifest.classes;
    const struct ff_rng rng = ff_rng_make(g->opts->seed, FF_RNG_GENERATE, 0, sample);
    double left = ff_rng_unit(&rng, index);
    size_t label = ff_argmax(classes, scores);

    if (g->opts->temperature == 0)
        return label;
    ff_softmax(classes, scores, logit_scale(g) / g->opts->temperature, scores);
    for (size_t c = 0; c < classes; c++) {
        if (left < (double)scores[c])
            return c;
        left -= (double)scores[c];
    }
    return label; /* rounding has left nothing */
}

static int emit_all(struct generating *g, uint64_t index)
{
    int status = FF_OK;

    for (uint32_t i = 0; i < g->opts->samples && status == FF_OK; i++) {
        size_t label = draw(g, i, index, g->scores + (size_t)i * g->manifest.classes);

        push(g, i, (uint8_t)label);
        status = g->opts->emit(g->opts->arg, i, index, g->manifest.schema.classes[label]);
    }
    return status;
}

static int generate(struct generating *g)
{
    int status = read_prompt(g);

    if (status == FF_OK)
        status = load_all(g);
    for (uint64_t index = 0; index < g->opts->length && status == FF_OK; index++) {
        if (g->opts->interrupted && g->opts->interrupted(g->opts->arg))
            return ff_fail(g->ctx, FF_EINTERRUPTED, "interrupted");
        status = score(g);
        if (status == FF_OK)
            status = emit_all(g, index);
    }
    return status;
}

int ff_generate_text(struct ff_ctx *ctx, const struct ff_generate_opts *opts)
{
    struct generating g = {.ctx = ctx, .opts = opts};
    struct ff_buffer buffers[MAX_BUFFERS];
    const uint64_t limit_before = ctx->meter.limit;
    int status = check_opts(ctx, opts);

    if (status != FF_OK)
        return status;
    ff_meter_tighten(ctx, opts->memory_bytes);
    status = open_model(&g);
    if (status == FF_OK)
        status = ff_workers_init(&g.workers, ctx, opts->threads);
    if (status == FF_OK)
        status = ff_buffers_alloc(ctx, list_buffers(&g, buffers), buffers);
    if (status == FF_OK) {
        status = generate(&g);
        unload(&g);
        ff_buffers_free(ctx, list_buffers(&g, buffers), buffers);
    }
    ff_workers_release(&g.workers);
    ff_manifest_release(&g.manifest);
    ff_model_file_close(g.file);
    ff_memory_limit(ctx, limit_before);
    return status;
}
