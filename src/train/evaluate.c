/* Evaluation and prediction: what is made of the scores. */
#include <fftool/evaluate.h>

#include "nn/softmax.h"
#include "train/clock.h"
#include "train/score.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Probability of a label that has none in single precision, whose logarithm is counted instead. */
#define LEAST ((double)FLT_MIN)

struct evaluating {
    struct ff_ctx *ctx;
    struct ff_evaluation *result;
    uint64_t wrong;
    double cross_entropy, scale;
    float *probabilities;               /* (classes) */
    uint64_t *layer_wrong, *upto_wrong; /* (layers) */
};

struct predicting {
    struct ff_ctx *ctx;
    uint64_t samples;
    double scale;
    float *probabilities; /* (classes) */
    int (*emit)(void *arg, const struct ff_prediction *prediction);
    void *arg;
};

void ff_evaluate_opts_init(struct ff_evaluate_opts *out)
{
    *out = (struct ff_evaluate_opts){.method = FF_METHOD_AUTO};
}

void ff_evaluate_release(struct ff_evaluation *result)
{
    free(result->layer_error);
    free(result->upto_error);
    free(result->confusion);
    memset(result, 0, sizeof *result);
}

static void release_counts(struct evaluating *e)
{
    free(e->layer_wrong);
    free(e->upto_wrong);
    free(e->probabilities);
}

static int begin_evaluation(void *arg, const struct ff_score_task *task)
{
    struct evaluating *e = arg;
    struct ff_evaluation *result = e->result;
    uint32_t classes = task->classes, layers = task->layers;

    release_counts(e);
    ff_evaluate_release(result);
    e->wrong = 0;
    e->cross_entropy = 0;
    result->method = task->method;
    result->planned_bytes = task->planned_bytes;
    result->samples = task->samples;
    result->classes = classes;
    result->layers = layers;
    result->first_layer = task->first_layer;
    result->last_layer = task->last_layer;
    result->trained_layers = task->trained_layers;
    e->scale = task->scale;
    e->probabilities = calloc(classes, sizeof *e->probabilities);
    result->confusion = calloc((size_t)classes * classes, sizeof *result->confusion);
    e->layer_wrong = calloc(layers, sizeof *e->layer_wrong);
    e->upto_wrong = calloc(layers, sizeof *e->upto_wrong);
    if (result->method == FF_METHOD_GOODNESS) {
        result->layer_error = calloc(layers, sizeof *result->layer_error);
        result->upto_error = calloc(layers, sizeof *result->upto_error);
    }
    if (!result->confusion || !e->probabilities || !e->layer_wrong || !e->upto_wrong ||
        (result->method == FF_METHOD_GOODNESS && (!result->layer_error || !result->upto_error)))
        return ff_fail(e->ctx, FF_ENOMEM, "out of memory for the results");
    return FF_OK;
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

static int evaluate_block(void *arg, const struct ff_scored *scored)
{
    struct evaluating *e = arg;

    for (uint32_t i = 0; i < scored->rows; i++) {
        const float *scores = scored->scores + (size_t)i * scored->classes;
        size_t predicted = ff_argmax(scored->classes, scores);

        ff_softmax(scored->classes, scores, e->scale, e->probabilities);
        e->cross_entropy -= log(fmax((double)e->probabilities[scored->labels[i]], LEAST));
        e->result->confusion[(size_t)scored->labels[i] * scored->classes + predicted]++;
        e->wrong += predicted != scored->labels[i];
    }
    return FF_OK;
}

static void finish(struct evaluating *e)
{
    struct ff_evaluation *result = e->result;

    result->error = (double)e->wrong / (double)result->samples;
    result->cross_entropy = e->cross_entropy / (double)result->samples;
    for (uint32_t layer = 0; layer < result->layers && result->layer_error; layer++) {
        result->layer_error[layer] = (double)e->layer_wrong[layer] / (double)result->samples;
        result->upto_error[layer] = layer + 1 < result->first_layer
                                        ? NAN
                                        : (double)e->upto_wrong[layer] / (double)result->samples;
    }
}

int ff_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
                struct ff_evaluation *result)
{
    struct evaluating e = {.ctx = ctx, .result = result};
    struct ff_score_opts score = {
        .evaluate = opts,
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
        ff_evaluate_release(result);
        return status;
    }
    result->seconds = ff_now() - began;
    ff_memory_read(ctx, &result->memory);
    return FF_OK;
}

static int begin_prediction(void *arg, const struct ff_score_task *task)
{
    struct predicting *p = arg;

    free(p->probabilities);
    p->samples = task->samples;
    p->scale = task->scale;
    p->probabilities = calloc(task->classes, sizeof *p->probabilities);
    return p->probabilities ? FF_OK : ff_fail(p->ctx, FF_ENOMEM, "out of memory for the results");
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
        };

        ff_softmax(scored->classes, scores, p->scale, p->probabilities);
        status = p->emit(p->arg, &prediction);
    }
    return status;
}

int ff_predict(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts,
               int (*emit)(void *arg, const struct ff_prediction *prediction), void *arg,
               uint64_t *samples)
{
    struct predicting p = {.ctx = ctx, .emit = emit, .arg = arg};
    struct ff_score_opts score = {
        .evaluate = opts,
        .unlabelled = true,
        .begin = begin_prediction,
        .on_block = predict_block,
        .arg = &p,
    };
    int status = ff_score(ctx, &score);

    free(p.probabilities);
    *samples = p.samples;
    return status;
}

int ff_plan_evaluate(struct ff_ctx *ctx, const struct ff_evaluate_opts *opts, bool unlabelled,
                     struct ff_plan *out)
{
    struct ff_score_opts score = {.evaluate = opts, .unlabelled = unlabelled, .plan_only = out};

    *out = (struct ff_plan){0};
    return ff_score(ctx, &score);
}
