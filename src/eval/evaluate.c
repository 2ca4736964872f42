/* Evaluation and prediction: results from the scores. */
#include "eval/evaluate.h"

#include "base/buffers.h"
#include "base/clock.h"
#include "eval/score.h"
#include "nn/softmax.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lower bound of a probability in the cross-entropy: one that is 0 in single precision has no
 * logarithm. */
#define LEAST ((double)FLT_MIN)
#define LN_2 0.69314718055994530942 /* nats of a bit */

struct evaluating {
    struct ff_ctx *ctx;
    struct ff_evaluation *result;
    uint64_t wrong;
    bool of_text;
    double cross_entropy, scale;
    float *probabilities;               /* (classes) */
    uint64_t *layer_wrong, *upto_wrong; /* (layers) */
    uint64_t metered;                   /* bytes of RESULT's arrays, until they are the caller's */
};

struct predicting {
    struct ff_ctx *ctx;
    const struct ff_schema *schema;
    struct ff_dataset *dataset;
    const char *id_name; /* NULL: rows have no names */
    uint64_t samples;
    uint32_t classes;
    double scale;
    float *probabilities; /* (classes) */
    int (*emit)(void *arg, const struct ff_prediction *prediction);
    void *arg;
};

static void release_results(struct ff_evaluation *result)
{
    free(result->layer_error);
    free(result->upto_error);
    free(result->confusion);
    free(result->class_names);
    memset(result, 0, sizeof *result);
}

#define MAX_BUFFERS 3

static size_t list_counts(struct evaluating *e, uint32_t classes, uint32_t layers,
                          struct ff_buffer out[MAX_BUFFERS])
{
    out[0] = (struct ff_buffer){&e->probabilities, FF_MEM_OTHER, classes, sizeof(float)};
    out[1] = (struct ff_buffer){&e->layer_wrong, FF_MEM_OTHER, layers, sizeof(uint64_t)};
    out[2] = (struct ff_buffer){&e->upto_wrong, FF_MEM_OTHER, layers, sizeof(uint64_t)};
    return 3;
}

static size_t list_results(struct ff_evaluation *result, enum ff_method method, uint32_t classes,
                           uint32_t layers, struct ff_buffer out[MAX_BUFFERS])
{
    size_t cells = (size_t)classes * classes;

    out[0] = (struct ff_buffer){&result->confusion, FF_MEM_OTHER, cells, sizeof(uint64_t)};
    out[1] = (struct ff_buffer){&result->layer_error, FF_MEM_OTHER, layers, sizeof(double)};
    out[2] = (struct ff_buffer){&result->upto_error, FF_MEM_OTHER, layers, sizeof(double)};
    return method == FF_METHOD_GOODNESS ? 3 : 1;
}

static void evaluation_needs(const struct ff_score_task *task, struct ff_needs *needs)
{
    struct evaluating shape = {.ctx = NULL};
    struct ff_evaluation result;
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_count(list_counts(&shape, task->classes, task->layers, buffers), buffers, needs);
    ff_buffers_count(list_results(&result, task->method, task->classes, task->layers, buffers),
                     buffers, needs);
}

static void release_counts(struct evaluating *e)
{
    struct ff_buffer buffers[MAX_BUFFERS];

    ff_buffers_free(e->ctx, list_counts(e, e->result->classes, e->result->layers, buffers),
                    buffers);
    ff_meter_sub(e->ctx, FF_MEM_OTHER, e->metered);
    e->metered = 0;
}

/* The arrays of the result outlive the context, so they are plain memory, accounted during the
 * work. */
static int allocate_results(struct evaluating *e)
{
    struct ff_evaluation *result = e->result;
    struct ff_buffer buffers[MAX_BUFFERS];
    struct ff_needs needs = {.mapped = 0};
    size_t n = list_results(result, result->method, result->classes, result->layers, buffers);
    int status;

    ff_buffers_count(n, buffers, &needs);
    status = ff_meter_reserve(e->ctx, FF_MEM_OTHER, ff_needs_total(&needs));
    if (status != FF_OK)
        return status;
    e->metered = ff_needs_total(&needs);
    for (size_t i = 0; i < n; i++) {
        void *array = calloc(buffers[i].count, buffers[i].size);

        if (!array)
            return ff_fail(e->ctx, FF_ENOMEM, "out of memory for the results");
        memcpy(buffers[i].where, &array, sizeof array);
    }
    return FF_OK;
}

/* Copies the names of SCHEMA into one block of plain memory: pointers, then strings. */
static int copy_names(struct ff_ctx *ctx, const struct ff_schema *schema, char ***out)
{
    size_t bytes = schema->n_classes * sizeof(char *);
    char **names;
    char *text;

    if (!schema->classes)
        return FF_OK;
    for (uint32_t c = 0; c < schema->n_classes; c++)
        bytes += strlen(schema->classes[c]) + 1;
    names = malloc(bytes);
    if (!names)
        return ff_fail(ctx, FF_ENOMEM, "out of memory for the results");
    text = (char *)&names[schema->n_classes];
    for (uint32_t c = 0; c < schema->n_classes; c++) {
        names[c] = strcpy(text, schema->classes[c]);
        text += strlen(text) + 1;
    }
    *out = names;
    return FF_OK;
}

static int begin_evaluation(void *arg, const struct ff_score_task *task)
{
    struct evaluating *e = arg;
    struct ff_evaluation *result = e->result;
    struct ff_buffer buffers[MAX_BUFFERS];
    int status;

    release_counts(e);
    release_results(result);
    e->wrong = 0;
    e->cross_entropy = 0;
    result->method = task->method;
    result->planned_bytes = task->planned_bytes;
    result->samples = task->samples;
    result->classes = task->classes;
    result->layers = task->layers;
    result->first_layer = task->first_layer;
    result->last_layer = task->last_layer;
    result->trained_layers = task->trained_layers;
    e->scale = task->scale;
    e->of_text = task->schema->context > 0;
    status =
        ff_buffers_alloc(e->ctx, list_counts(e, task->classes, task->layers, buffers), buffers);
    if (status == FF_OK)
        status = copy_names(e->ctx, task->schema, &result->class_names);
    return status == FF_OK ? allocate_results(e) : status;
}

static uint64_t count_wrong(const struct ff_scored *scored, const float *scores)
{
    uint64_t wrong = 0;

    for (uint32_t i = 0; i < scored->rows; i++)
        wrong +=
            ff_argmax(scored->classes, scores + (size_t)i * scored->classes) != scored->labels[i];
    return wrong;
}

static int evaluate_layer(void *arg, uint32_t layer, const struct ff_scored *scored)
{
    struct evaluating *e = arg;

    e->layer_wrong[layer - 1] += count_wrong(scored, scored->layer_scores);
    e->upto_wrong[layer - 1] += count_wrong(scored, scored->scores);
    return FF_OK;
}

/* -log p. fmax() would hide that P is NaN. */
static double surprise(float p)
{
    return -log((double)p < LEAST ? LEAST : (double)p);
}

static int evaluate_block(void *arg, const struct ff_scored *scored)
{
    struct evaluating *e = arg;

    for (uint32_t i = 0; i < scored->rows; i++) {
        const float *scores = scored->scores + (size_t)i * scored->classes;
        size_t predicted = ff_argmax(scored->classes, scores);

        if (scored->labels[i] >= scored->classes) {
            e->result->unseen++;
            e->wrong++;
            continue;
        }
        ff_softmax(scored->classes, scores, e->scale, e->probabilities);
        e->cross_entropy += surprise(e->probabilities[scored->labels[i]]);
        e->result->confusion[(size_t)scored->labels[i] * scored->classes + predicted]++;
        e->wrong += predicted != scored->labels[i];
    }
    return FF_OK;
}

static void finish(struct evaluating *e)
{
    struct ff_evaluation *result = e->result;

    result->error = (double)e->wrong / (double)result->samples;
    result->cross_entropy = e->cross_entropy / (double)(result->samples - result->unseen);
    result->bits_per_character = e->of_text ? result->cross_entropy / LN_2 : NAN;
    for (uint32_t layer = 0; layer < result->layers && result->layer_error; layer++) {
        result->layer_error[layer] = (double)e->layer_wrong[layer] / (double)result->samples;
        result->upto_error[layer] = layer + 1 < result->first_layer
                                        ? NAN
                                        : (double)e->upto_wrong[layer] / (double)result->samples;
    }
}

int ff_evaluate_with(struct ff_ctx *ctx, const struct ff_planner *planner,
                     const struct ff_evaluate_opts *opts, struct ff_evaluation *result)
{
    struct evaluating e = {.ctx = ctx, .result = result};
    struct ff_score_opts score = {
        .planner = planner,
        .evaluate = opts,
        .needs = evaluation_needs,
        .begin = begin_evaluation,
        .restarts = true,
        .on_layer = evaluate_layer,
        .on_block = evaluate_block,
        .arg = &e,
    };
    double began = ff_now();
    int status;

    memset(result, 0, sizeof *result);
    status = ff_score(ctx, &score);
    if (status == FF_OK)
        finish(&e);
    release_counts(&e);
    if (status != FF_OK) {
        release_results(result);
        return status;
    }
    result->seconds = ff_now() - began;
    ff_memory_read(ctx, &result->memory);
    return FF_OK;
}

static struct ff_buffer probabilities_buffer(struct predicting *p, uint32_t classes)
{
    return (struct ff_buffer){&p->probabilities, FF_MEM_OTHER, classes, sizeof(float)};
}

static void prediction_needs(const struct ff_score_task *task, struct ff_needs *needs)
{
    struct predicting shape = {.ctx = NULL};
    struct ff_buffer buffer = probabilities_buffer(&shape, task->classes);

    ff_buffers_count(1, &buffer, needs);
}

static void release_probabilities(struct predicting *p)
{
    struct ff_buffer buffer = probabilities_buffer(p, p->classes);

    ff_buffers_free(p->ctx, 1, &buffer);
}

static int begin_prediction(void *arg, const struct ff_score_task *task)
{
    struct predicting *p = arg;
    struct ff_buffer buffer = probabilities_buffer(p, task->classes);
    int status;

    release_probabilities(p);
    p->samples = task->samples;
    p->classes = task->classes;
    p->scale = task->scale;
    p->schema = task->schema;
    p->dataset = task->dataset;
    status = ff_dataset_begin_ids(p->dataset, &p->id_name);
    return status == FF_OK ? ff_buffers_alloc(p->ctx, 1, &buffer) : status;
}

static int predict_block(void *arg, const struct ff_scored *scored)
{
    struct predicting *p = arg;
    int status = FF_OK;

    for (uint32_t i = 0; i < scored->rows && status == FF_OK; i++) {
        const float *scores = scored->scores + (size_t)i * scored->classes;
        struct ff_prediction prediction = {
            .index = scored->first + i,
            .label = (uint32_t)ff_argmax(scored->classes, scores),
            .classes = scored->classes,
            .scores = scores,
            .probabilities = p->probabilities,
            .class_names = (const char *const *)p->schema->classes,
            .id_name = p->id_name,
        };

        ff_softmax(scored->classes, scores, p->scale, p->probabilities);
        if (p->id_name)
            status = ff_dataset_next_id(p->dataset, &prediction.id);
        if (status == FF_OK)
            status = p->emit(p->arg, &prediction);
    }
    return status;
}

int ff_predict_with(struct ff_ctx *ctx, const struct ff_planner *planner,
                    const struct ff_evaluate_opts *opts,
                    int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
                    uint64_t *samples)
{
    struct predicting p = {.ctx = ctx, .emit = emit, .arg = arg};
    struct ff_score_opts score = {
        .planner = planner,
        .evaluate = opts,
        .unlabelled = true,
        .needs = prediction_needs,
        .begin = begin_prediction,
        .on_block = predict_block,
        .arg = &p,
    };
    int status = ff_score(ctx, &score);

    release_probabilities(&p);
    *samples = p.samples;
    return status;
}

int ff_evaluate_plan(struct ff_ctx *ctx, const struct ff_planner *planner,
                     const struct ff_evaluate_opts *opts, bool unlabelled, struct ff_plan *out)
{
    struct ff_score_opts score = {
        .planner = planner,
        .evaluate = opts,
        .unlabelled = unlabelled,
        .needs = unlabelled ? prediction_needs : evaluation_needs,
        .plan_only = out,
    };

    *out = (struct ff_plan){0};
    return ff_score(ctx, &score);
}
