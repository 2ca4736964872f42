/*
 * Trains a network on files of MNIST's format, and evaluates it on the test samples.
 *
 *     cc train.c -o train $(pkg-config --cflags --libs libfftool)
 *     ./train /usr/share/datasets/fashion-mnist model.ff
 *
 * Stopped and run again, it resumes from the last checkpoint. Compiles as C11 and as C++.
 */
#include <fftool/fftool.h>
#include <stdio.h>

/* Sets FIELD of RECIPE, unless STATUS is a failure already; returns the status. */
static int set(struct ff_ctx *ctx, struct ff_recipe *recipe, int status, const char *field,
               const char *value)
{
    return status == FF_OK ? ff_recipe_set(ctx, recipe, field, value) : status;
}

static void on_epoch(void *arg, const struct ff_epoch_report *report)
{
    (void)arg;
    printf("layer %u epoch %u: loss %.4f, %.0f samples/s\n", report->layer, report->epoch,
           report->loss, report->rows_per_second);
}

static int train(struct ff_ctx *ctx, const char *data, const char *model)
{
    struct ff_train_result result;
    struct ff_train_opts opts;
    struct ff_recipe *recipe;
    int status = ff_recipe_new(ctx, &recipe);

    status = set(ctx, recipe, status, "hidden", "200x2");
    status = set(ctx, recipe, status, "epochs", "2");
    status = set(ctx, recipe, status, "seed", "1");
    if (status == FF_OK) {
        FF_INIT(&result);
        ff_train_opts_init(&opts);
        opts.model = model;
        opts.data.path = data;
        opts.on_epoch = on_epoch;
        status = ff_train(ctx, recipe, &opts, &result);
    }
    if (status == FF_OK)
        printf("%s: %u layers, %llu parameters, peak memory %.1f MiB\n", model, result.layers,
               (unsigned long long)result.parameters,
               (double)result.memory.peak_rss_bytes / (1 << 20));
    ff_recipe_free(recipe);
    return status;
}

static int evaluate(struct ff_ctx *ctx, const char *data, const char *model)
{
    struct ff_evaluation evaluation;
    struct ff_evaluate_opts opts;
    int status;

    FF_INIT(&evaluation);
    ff_evaluate_opts_init(&opts);
    opts.model = model;
    opts.data.path = data;
    status = ff_evaluate(ctx, &opts, &evaluation);
    if (status == FF_OK)
        printf("error %.2f %% of %llu samples\n", 100 * evaluation.error,
               (unsigned long long)evaluation.samples);
    ff_evaluate_release(&evaluation);
    return status;
}

int main(int argc, char **argv)
{
    struct ff_ctx *ctx;
    int status;

    if (argc != 3) {
        fprintf(stderr, "usage: %s DATA MODEL\n", argv[0]);
        return 2;
    }
    if (ff_ctx_new(&ctx) != FF_OK)
        return 1;
    status = train(ctx, argv[1], argv[2]);
    if (status == FF_OK)
        status = evaluate(ctx, argv[1], argv[2]);
    if (status != FF_OK)
        fprintf(stderr, "%s: %s\n", argv[0], ff_ctx_message(ctx));
    ff_ctx_free(ctx);
    return status == FF_OK ? 0 : 1;
}
