/*
 * Reads a trained model: predicts rows in memory, and prints the tensors with the mean of their
 * values.
 *
 *     cc predict.c -o predict $(pkg-config --cflags --libs libfftool)
 *     ./predict model.ff
 *
 * Compiles as C11 and as C++.
 */
#include <fftool/fftool.h>
#include <stdio.h>
#include <stdlib.h>

#define ROWS 3

static int print_prediction(void *arg, const struct ff_prediction *prediction)
{
    (void)arg;
    printf("row %llu: label %u, probability %.3f\n", (unsigned long long)prediction->index,
           prediction->label, (double)prediction->probabilities[prediction->label]);
    return 0;
}

/* Predicts a black, a grey and a white image. */
static int predict(struct ff_ctx *ctx, const char *model, uint32_t features)
{
    unsigned char *values = (unsigned char *)malloc((size_t)ROWS * features);
    struct ff_evaluate_opts opts;
    struct ff_rows rows;
    uint64_t samples;
    int status;

    if (values == NULL)
        return FF_ENOMEM;
    for (size_t i = 0; i < (size_t)ROWS * features; i++)
        values[i] = (unsigned char)(i / features * 127);
    FF_INIT(&rows);
    rows.rows = ROWS;
    rows.features = features;
    rows.values = values;
    ff_evaluate_opts_init(&opts);
    opts.model = model;
    opts.data.rows = &rows;
    status = ff_predict(ctx, &opts, print_prediction, NULL, &samples);
    free(values);
    return status;
}

/* Reads one tensor and prints its mean. ARG is the model. */
static int print_tensor(void *arg, const struct ff_tensor_info *info)
{
    struct ff_model *model = (struct ff_model *)arg;
    size_t elements = (size_t)(info->rows * info->columns);
    float *values = (float *)malloc(elements * sizeof *values);
    double sum = 0;
    int status;

    if (values == NULL)
        return FF_ENOMEM;
    status = ff_model_read_tensor(model, info->name, values, elements);
    for (size_t i = 0; i < elements && status == FF_OK; i++)
        sum += (double)values[i];
    if (status == FF_OK)
        printf("%s: %llu x %llu, mean %.5f\n", info->name, (unsigned long long)info->rows,
               (unsigned long long)info->columns, sum / (double)elements);
    free(values);
    return status;
}

/* FEATURES gets the number of inputs of the model. */
static int look_into(struct ff_ctx *ctx, const char *path, uint32_t *features)
{
    struct ff_model_info info;
    struct ff_model *model;
    int status = ff_model_open(ctx, path, &model);

    if (status != FF_OK)
        return status;
    FF_INIT(&info);
    status = ff_model_info(model, &info);
    if (status == FF_OK) {
        *features = info.features;
        printf("%s: %u features, %u classes, mode %s, dropout %g\n", path, info.features,
               info.classes, ff_recipe_get_text(info.recipe, "mode"),
               ff_recipe_get_real(info.recipe, "dropout"));
        status = ff_model_tensors(model, print_tensor, model);
    }
    ff_model_close(model); /* before another call opens the file: once in a process */
    return status;
}

int main(int argc, char **argv)
{
    struct ff_ctx *ctx;
    uint32_t features = 0;
    int status;

    if (argc != 2) {
        fprintf(stderr, "usage: %s MODEL\n", argv[0]);
        return 2;
    }
    if (ff_ctx_new(&ctx) != FF_OK)
        return 1;
    status = look_into(ctx, argv[1], &features);
    if (status == FF_OK)
        status = predict(ctx, argv[1], features);
    if (status != FF_OK)
        fprintf(stderr, "%s: %s\n", argv[0],
                *ff_ctx_message(ctx) ? ff_ctx_message(ctx)
                                     : ff_status_text((enum ff_status)status));
    ff_ctx_free(ctx);
    return status == FF_OK ? 0 : 1;
}
