/* fftool inspect: shows the contents of a model file, complete or in training. */
#include "views/inspect.h"
#include "common/print.h"
#include "figures/figure.h"
#include "options.h"
#include "views/filters.h"

struct settings {
    uint32_t layer;   /* 0: all */
    uint32_t filters; /* the layer whose filters are drawn; 0: none */
    const char *output;
    bool wide, tensors, json, verify, columns, quiet;
};

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Views"},
    {.kind = OPTION_COUNT,
     .name = "layer",
     .argument = "K",
     .help = "show layer K, from 1: its tiles, and a histogram of its weights",
     .offset = offsetof(struct settings, layer),
     .min = 1,
     .max = FF_MAX_LAYERS},
    {.kind = OPTION_FLAG,
     .name = "wide",
     .help = "show all columns of the table of layers, in lines of more than 80 characters",
     .offset = offsetof(struct settings, wide)},
    {.kind = OPTION_FLAG,
     .name = "tensors",
     .help = "list the tensors: name, shape, data type, tiles, bytes in the file",
     .offset = offsetof(struct settings, tensors)},
    {.kind = OPTION_FLAG,
     .name = "columns",
     .help = "show the columns of the data: their means and standard deviations, or categories",
     .offset = offsetof(struct settings, columns)},
    {.kind = OPTION_COUNT,
     .name = "filters",
     .argument = "K",
     .help = "draw weights from the pixels of images to the strongest units of layer K, as images",
     .offset = offsetof(struct settings, filters),
     .min = 1,
     .max = FF_MAX_LAYERS,
     .needs = "output"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "figure of --filters: .svg, .png or .pdf",
     .offset = offsetof(struct settings, output),
     .needs = "filters"},
    {.kind = OPTION_FLAG,
     .name = "verify",
     .help =
         "read every stored value and verify its checksum; the exit code is 4 if one is damaged",
     .offset = offsetof(struct settings, verify)},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print everything as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

static void on_damaged(void *arg, const char *text)
{
    struct verification *verification = arg;

    json_append(&verification->damaged, json_from_text(text));
}

static int verify(const struct cli *cli, struct ff_model *model, struct verification *verification)
{
    int status;

    verification->done = true;
    status = ff_model_verify(model, on_damaged, verification, &verification->values,
                             &verification->bytes);
    if (verification->damaged.failed)
        return report_failure(cli, "out of memory");
    return report_status(cli, status);
}

static void print_verification(const struct verification *verification)
{
    size_t i, n = json_array_size(verification->damaged.value);

    for (i = 0; i < n; i++)
        print_line(stdout, "damaged: %s",
                   json_string_value(json_array_get(verification->damaged.value, i)));
    printf("verified %s values, %s: %s damaged\n", text_count(verification->values).s,
           text_bytes(verification->bytes).s, n > 0 ? text_count(n).s : "none");
}

/* Prints the view that SETTINGS select; the verification first, because a damaged model may have no
 * view. */
static int show(const struct cli *cli, struct ff_model *model, const struct settings *settings,
                const struct verification *verification)
{
    bool damaged = json_array_size(verification->damaged.value) > 0;

    if (settings->json && damaged)
        return inspect_print_damage_json(cli, verification);
    if (settings->json && settings->tensors)
        return inspect_print_tensors_json(cli, model);
    if (settings->json)
        return inspect_print_json(cli, model, settings->layer, verification);
    if (verification->done)
        print_verification(verification);
    if (damaged)
        return EXIT_DONE;
    if (verification->done)
        putchar('\n');
    return report_status(cli, settings->columns   ? inspect_print_columns(model)
                              : settings->tensors ? inspect_print_tensors(model)
                              : settings->layer > 0
                                  ? inspect_print_layer(model, settings->layer)
                                  : inspect_print_model(model, cli->model, settings->wide));
}

static int draw_filters(const struct cli *cli, struct ff_model *model,
                        const struct settings *settings)
{
    struct gnuplot out;
    int result = gnuplot_begin(cli, gnuplot_format(settings->output), &out);

    if (result != EXIT_DONE)
        return result;
    result = inspect_write_filters(cli, model, cli->model, settings->filters, &out);
    if (result == EXIT_DONE)
        return gnuplot_end(&out, settings->output);
    gnuplot_discard(&out);
    return result;
}

/* Returns EXIT_DONE, or another exit code with the reason printed: the views are alternatives. */
static int check_views(const struct cli *cli, const struct settings *settings)
{
    if (settings->filters > 0 && (settings->json || settings->layer > 0 || settings->columns ||
                                  settings->tensors || settings->verify))
        return usage_error(cli->command, "--filters only draws: leave out the other views");
    if (settings->columns && (settings->json || settings->layer > 0))
        return usage_error(cli->command, "--columns: leave out --layer and --json, which has them");
    if (settings->tensors && (settings->columns || settings->layer > 0))
        return usage_error(cli->command, "--tensors is a view of its own: leave out %s",
                           settings->columns ? "--columns" : "--layer");
    return settings->filters > 0 ? figure_check(cli, "output", settings->output) : EXIT_DONE;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    struct verification verification = {.damaged = json_build(json_array())};
    struct ff_model *model = NULL;
    int result = check_views(cli, settings), shown;

    cli->quiet = settings->quiet;
    cli->model = operand;
    if (result == EXIT_DONE)
        result = report_status(cli, ff_model_open(cli->ctx, operand, &model));
    if (result == EXIT_DONE && settings->verify)
        result = verify(cli, model, &verification);
    if (result == EXIT_DONE || (verification.done && result == EXIT_DAMAGED)) {
        shown = settings->filters > 0 ? draw_filters(cli, model, settings)
                                      : show(cli, model, settings, &verification);
        if (result == EXIT_DONE)
            result = shown;
    }
    ff_model_close(model);
    json_decref(verification.damaged.value);
    return result;
}

const struct command cmd_inspect = {
    .name = "inspect",
    .operand = "MODEL",
    .summary = "show the contents of a model, complete or in training",
    .description =
        "Shows the contents of MODEL: architecture, recipe, data, progress, and a table of its "
        "layers with statistics of their weights and their bytes in the file. It may run while the "
        "model is in training, and needs little memory for a model of any size.",
    .examples = "  fftool inspect model.ff\n"
                "  fftool inspect model.ff --layer 2\n"
                "  fftool inspect model.ff --filters 1 --output filters.png\n"
                "  fftool inspect model.ff --verify\n"
                "  fftool inspect model.ff --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .run = run,
};
