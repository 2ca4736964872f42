/* fftool eval: evaluates a model on labelled data. */
#include "commands/measuring.h"
#include "common/output.h"
#include "common/print.h"
#include "figures/confusion.h"
#include "figures/figure.h"
#include "json.h"
#include <math.h>
#include <string.h>

#define MOST_NAME_WIDTH 40
#define MOST_CLASSES_SHOWN 20 /* a wider confusion matrix does not fit a screen */

struct settings {
    struct measuring measuring;
    const char *split, *plot;
    bool json;
};

static const struct ff_recipe_choice splits[] = {
    {"test", "test split"},
    {"train", "training split"},
    {NULL, NULL},
};

static void init(void *arg)
{
    struct settings *settings = arg;

    measuring_init(&settings->measuring);
    settings->split = splits[settings->measuring.opts.train_split ? 1 : 0].name;
}

static void release(void *arg)
{
    struct settings *settings = arg;

    measuring_release(&settings->measuring);
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Evaluation"},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "dataset directory, file of images, or table; - is standard input",
     .offset = offsetof(struct settings, measuring.opts.data.path),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if PATH is a file of images without labels beside it",
     .offset = offsetof(struct settings, measuring.opts.data.labels)},
    {.kind = OPTION_STRING,
     .name = "array",
     .argument = "NAME[,LABELS]",
     .help = "arrays of an .npz that are the images and labels, if they have no usual names",
     .offset = offsetof(struct settings, measuring.opts.data.arrays)},
    {.kind = OPTION_CHOICE,
     .name = "split",
     .argument = "NAME",
     .help = "split of a dataset directory",
     .offset = offsetof(struct settings, split),
     .choices = splits},
    MEASURING_OPTIONS(struct settings, measuring,
                      "evaluate on ROWS samples drawn at random, always the same ones; 0: all"),
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print everything as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_STRING,
     .name = "plot",
     .argument = "FILE",
     .help = "draw the confusion matrix: .svg, .png or .pdf",
     .offset = offsetof(struct settings, plot)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, measuring.quiet)},
    {.name = NULL},
};

/* Metrics of one class. NAN where one is undefined (0 / 0). */
struct class_figures {
    uint64_t samples; /* of this class */
    double precision, recall, f1;
};

static double ratio(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : NAN;
}

static struct class_figures figures_of(const struct ff_evaluation *evaluation, uint32_t class)
{
    const uint64_t *confusion = evaluation->confusion;
    uint64_t n = evaluation->classes, hits = confusion[class * n + class], predicted = 0;
    struct class_figures out = {0};
    uint64_t other;

    for (other = 0; other < n; other++) {
        out.samples += confusion[class * n + other];
        predicted += confusion[other * n + class];
    }
    out.precision = ratio(hits, predicted);
    out.recall = ratio(hits, out.samples);
    out.f1 = ratio(2 * hits, out.samples + predicted);
    return out;
}

static uint64_t wrong_samples(const struct ff_evaluation *evaluation)
{
    uint64_t wrong = evaluation->samples;
    uint32_t i;

    for (i = 0; i < evaluation->classes; i++)
        wrong -= evaluation->confusion[(uint64_t)i * evaluation->classes + i];
    return wrong;
}

/* Layers above those whose goodness is summed are not computed. */
static void print_unseen(const struct ff_evaluation *evaluation)
{
    uint32_t first = evaluation->layers + 1, last = evaluation->trained_layers;

    if (first == last)
        printf("Layer %u is above the layers whose goodness is summed, and is", last);
    else if (first < last)
        printf("Layers %u to %u are above the layers whose goodness is summed, and are", first,
               last);
    if (first <= last)
        puts(" not evaluated; --layers 1-last evaluates all.");
}

static void print_layers(const struct ff_evaluation *evaluation)
{
    uint32_t i;

    if (evaluation->layer_error == NULL || evaluation->upto_error == NULL)
        return;
    printf("\nError rate by goodness of a layer alone, and summed from layer %u up to it\n"
           "layer       alone       up to\n",
           evaluation->first_layer);
    for (i = 0; i < evaluation->layers; i++)
        printf("%5u  %10s  %10s\n", i + 1, text_percent(evaluation->layer_error[i]).s,
               text_percent(evaluation->upto_error[i]).s);
    print_unseen(evaluation);
}

/* The name of CLASS; TEXT is used if it is a number. */
static const char *class_name(const struct ff_evaluation *evaluation, uint32_t class,
                              struct text *text)
{
    if (evaluation->class_names)
        return evaluation->class_names[class];
    snprintf(text->s, sizeof text->s, "%u", class);
    return text->s;
}

/* Width of the column of class names; longer ones stick out. */
static int name_width(const struct ff_evaluation *evaluation, size_t least)
{
    size_t width = least;
    struct text text;

    for (uint32_t i = 0; i < evaluation->classes; i++) {
        size_t length = strlen(class_name(evaluation, i, &text));

        width = length > width ? length : width;
    }
    return (int)(width < MOST_NAME_WIDTH ? width : MOST_NAME_WIDTH);
}

/* Means over the classes, those without samples or predictions left out. */
static struct class_figures macro_averages(const struct ff_evaluation *evaluation)
{
    double sums[3] = {0}, counts[3] = {0};

    for (uint32_t i = 0; i < evaluation->classes; i++) {
        struct class_figures figures = figures_of(evaluation, i);
        const double values[] = {figures.precision, figures.recall, figures.f1};

        for (size_t k = 0; k < 3; k++) {
            sums[k] += isnan(values[k]) ? 0 : values[k];
            counts[k] += !isnan(values[k]);
        }
    }
    return (struct class_figures){.samples = evaluation->samples - evaluation->unseen,
                                  .precision = sums[0] / counts[0],
                                  .recall = sums[1] / counts[1],
                                  .f1 = sums[2] / counts[2]};
}

static void print_class(int width, const char *name, const struct class_figures *figures)
{
    print_column(stdout, width, name);
    printf("  %10s  %10s  %10s  %10s\n", text_count(figures->samples).s,
           text_percent(figures->precision).s, text_percent(figures->recall).s,
           text_percent(figures->f1).s);
}

static void print_classes(const struct ff_evaluation *evaluation)
{
    int width = name_width(evaluation, sizeof "class" - 1);
    struct class_figures means = macro_averages(evaluation);
    uint32_t i;

    printf("\n%*s     samples   precision      recall          F1\n", width, "class");
    for (i = 0; i < evaluation->classes; i++) {
        struct class_figures figures = figures_of(evaluation, i);
        struct text text;

        print_class(width, class_name(evaluation, i, &text), &figures);
    }
    print_class(width, "mean", &means);
    printf("balanced accuracy %s\n", text_percent(means.recall).s);
}

static void print_confusion(const struct ff_evaluation *evaluation)
{
    uint32_t n = evaluation->classes, i, j;
    uint64_t most = 0;
    struct text text;
    int width, names;

    if (n > MOST_CLASSES_SHOWN) {
        printf("\nThe confusion matrix of %u classes is in the output of --json.\n", n);
        return;
    }
    for (i = 0; i < n * n; i++)
        if (evaluation->confusion[i] > most)
            most = evaluation->confusion[i];
    width = snprintf(NULL, 0, "%llu", (unsigned long long)most);
    if (width < 3)
        width = 3;
    names = name_width(evaluation, 5);
    printf("\nConfusion: rows are true classes, columns predicted ones, in the same order\n%*s",
           names, "");
    for (j = 0; j < n; j++)
        printf(" %*u", width, j);
    for (i = 0; i < n; i++) {
        putchar('\n');
        print_column(stdout, names, class_name(evaluation, i, &text));
        for (j = 0; j < n; j++)
            printf(" %*llu", width, (unsigned long long)evaluation->confusion[i * n + j]);
    }
    putchar('\n');
}

static bool is_of_text(const struct ff_evaluation *evaluation)
{
    return !isnan(evaluation->bits_per_character);
}

static void print_text_metrics(const struct ff_evaluation *evaluation)
{
    if (is_of_text(evaluation))
        printf("%s bits per character, perplexity %s, top-1 %s\n",
               text_real(evaluation->bits_per_character).s,
               text_real(exp(evaluation->cross_entropy)).s, text_percent(1 - evaluation->error).s);
}

static void print_unknown(const struct ff_evaluation *evaluation)
{
    if (evaluation->unseen == 0)
        return;
    if (is_of_text(evaluation))
        printf("%s that the training text does not have, which count as errors, but not in the "
               "bits per character\n",
               text_counted(evaluation->unseen, "character").s);
    else
        printf("%s with labels that the training data does not have, which count as errors\n",
               text_counted(evaluation->unseen, "sample").s);
}

static void print_evaluation(const struct cli *cli, const struct ff_evaluation *evaluation)
{
    print_line(stdout, "%s: error %s (%s of %s misclassified), by %s", cli->model,
               text_percent(evaluation->error).s, text_count(wrong_samples(evaluation)).s,
               text_counted(evaluation->samples, "sample").s,
               measuring_method_name(evaluation->method));
    print_text_metrics(evaluation);
    printf("cross-entropy %s", text_real(evaluation->cross_entropy).s);
    if (evaluation->last_layer > evaluation->first_layer)
        printf("; goodness of layers %u to %u", evaluation->first_layer, evaluation->last_layer);
    else if (evaluation->last_layer > 0)
        printf("; goodness of layer %u", evaluation->last_layer);
    printf("\ntime %s; memory: ", text_duration(evaluation->seconds).s);
    print_memory(stdout, &evaluation->memory);
    putchar('\n');
    print_unknown(evaluation);
    print_layers(evaluation);
    print_classes(evaluation);
    print_confusion(evaluation);
}

static json_t *reals_array(const double *values, uint32_t n)
{
    struct json_builder array;
    uint32_t i;

    if (values == NULL)
        return json_null();
    array = json_build(json_array());
    for (i = 0; i < n; i++)
        json_append(&array, json_from_real(values[i]));
    return json_built(&array);
}

static json_t *class_object(const struct ff_evaluation *evaluation, uint32_t class)
{
    struct class_figures figures = figures_of(evaluation, class);
    struct json_builder object = json_build(json_object());

    json_add(&object, "class", json_from_count(class));
    json_add(&object, "samples", json_from_count(figures.samples));
    json_add(&object, "precision", json_from_real(figures.precision));
    json_add(&object, "recall", json_from_real(figures.recall));
    json_add(&object, "f1", json_from_real(figures.f1));
    return json_built(&object);
}

static json_t *class_names(const struct ff_evaluation *evaluation)
{
    struct json_builder names = json_build(json_array());

    for (uint32_t i = 0; i < evaluation->classes; i++)
        json_append(&names, json_from_text(evaluation->class_names[i]));
    return json_built(&names);
}

static json_t *confusion_row(const struct ff_evaluation *evaluation, uint32_t class)
{
    struct json_builder row = json_build(json_array());
    uint32_t i;

    for (i = 0; i < evaluation->classes; i++)
        json_append(&row, json_from_count(
                              evaluation->confusion[(uint64_t) class * evaluation->classes + i]));
    return json_built(&row);
}

static int print_json(const struct cli *cli, const struct measuring *measuring,
                      const struct ff_evaluation *evaluation)
{
    struct json_writer writer;
    struct json_builder head = json_build(json_object());
    struct class_figures means = macro_averages(evaluation);
    uint32_t i;

    json_add(&head, "model", json_from_text(cli->model));
    json_add(&head, "method", json_from_text(measuring_method_name(evaluation->method)));
    json_add(&head, "samples", json_from_count(evaluation->samples));
    json_add(&head, "error", json_from_real(evaluation->error));
    json_add(&head, "wrong", json_from_count(wrong_samples(evaluation)));
    json_add(&head, "classes", json_from_count(evaluation->classes));
    json_add(&head, "unseen", json_from_count(evaluation->unseen));
    json_add(&head, "balanced_accuracy", json_from_real(means.recall));
    json_add(&head, "macro_f1", json_from_real(means.f1));
    json_add(&head, "cross_entropy", json_from_real(evaluation->cross_entropy));
    if (is_of_text(evaluation)) {
        json_add(&head, "bits_per_character", json_from_real(evaluation->bits_per_character));
        json_add(&head, "perplexity", json_from_real(exp(evaluation->cross_entropy)));
        json_add(&head, "top1", json_from_real(1 - evaluation->error));
    }
    json_add(&head, "layers", json_from_count(evaluation->layers));
    json_add(&head, "trained_layers", json_from_count(evaluation->trained_layers));
    json_add(&head, "first_layer", json_from_count(evaluation->first_layer));
    json_add(&head, "last_layer", json_from_count(evaluation->last_layer));
    json_add(&head, "layer_error", reals_array(evaluation->layer_error, evaluation->layers));
    json_add(&head, "upto_error", reals_array(evaluation->upto_error, evaluation->layers));
    json_add(&head, "seconds", json_from_real(evaluation->seconds));
    json_add_memory(&head, &evaluation->memory);
    json_add(&head, "planned_bytes", json_from_count(evaluation->planned_bytes));
    json_add(&head, "plan", json_incref(measuring->plan));
    json_begin(&writer);
    json_members(&writer, json_built(&head));
    if (evaluation->class_names)
        json_member(&writer, "class_names", class_names(evaluation));
    json_begin_array(&writer, "per_class");
    for (i = 0; i < evaluation->classes; i++)
        json_member(&writer, NULL, class_object(evaluation, i));
    json_end_array(&writer);
    json_begin_array(&writer, "confusion");
    for (i = 0; i < evaluation->classes; i++)
        json_member(&writer, NULL, confusion_row(evaluation, i));
    json_end_array(&writer);
    return json_end(&writer, cli);
}

static int draw(const struct cli *cli, const char *path, const struct ff_evaluation *evaluation)
{
    struct gnuplot out;
    int result = gnuplot_begin(cli, gnuplot_format(path), &out);

    if (result != EXIT_DONE)
        return result;
    confusion_write(&out, evaluation, cli->model);
    return gnuplot_end(&out, path);
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct measuring *measuring = &settings->measuring;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    int status, result = EXIT_DONE;

    if (cli->rank > 0)
        settings->plot = NULL;
    if (settings->plot != NULL)
        result = figure_check(cli, "plot", settings->plot);
    if (result != EXIT_DONE)
        return result;
    if (measuring_begin(cli, measuring, operand) != EXIT_DONE)
        return EXIT_USAGE;
    measuring->opts.train_split = strcmp(settings->split, "train") == 0;
    status = ff_evaluate(cli->ctx, &measuring->opts, &evaluation);
    progress_end(&measuring->progress);
    if (status != FF_OK)
        return report_status(cli, status);
    if (settings->json)
        result = print_json(cli, measuring, &evaluation);
    else
        print_evaluation(cli, &evaluation);
    if (result == EXIT_DONE && settings->plot != NULL)
        result = draw(cli, settings->plot, &evaluation);
    ff_evaluate_release(&evaluation);
    return result;
}

const struct command cmd_eval = {
    .name = "eval",
    .operand = "MODEL",
    .summary = "evaluate a model on labelled data",
    .description = "Evaluates MODEL on labelled data: error rate, error rates of each layer up to "
                   "the last one whose goodness is summed, precision, recall and F1 of each class, "
                   "confusion matrix; of a text also bits per character, perplexity and the "
                   "share of characters predicted right (top-1). A model in training is evaluated "
                   "with its complete layers "
                   "(with backpropagation none before the end). One layer is in memory at a time.",
    .examples = "  fftool eval model.ff --data /usr/share/datasets/fashion-mnist\n"
                "  fftool eval model.ff --data mnist --method head --json\n"
                "  fftool eval model.ff --data mnist --layers last\n"
                "  fftool eval model.ff --data mnist --plot confusion.svg\n"
                "  fftool eval model.ff --data mnist --split train --limit 10000\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .release = release,
    .spreads = true,
    .run = run,
};
