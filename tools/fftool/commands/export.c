/* fftool export: the weights of a model in a file for other programs. */
#include "common/interrupt.h"
#include "common/layer_range.h"
#include "common/output.h"
#include "common/print.h"
#include "common/progress.h"
#include "json.h"
#include "options.h"
#include <string.h>

struct settings {
    struct ff_export_opts opts;
    const char *dtype, *layers;
    bool json, quiet;
    struct progress progress;
};

/* In the order of enum ff_export_dtype. */
static const struct ff_recipe_choice dtypes[] = {
    {"f32", "the weights as they are"},
    {"f16", "half precision: 11 significant bits, at most 65,504"},
    {"bf16", "bfloat16: 8 significant bits and the range of f32"},
    {NULL, NULL},
};

static void init(void *arg)
{
    struct settings *settings = arg;

    settings->opts.size = sizeof settings->opts;
    settings->dtype = dtypes[FF_EXPORT_F32].name;
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Export"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "file to create, or DIRECTORY/; the end of its name selects the format",
     .offset = offsetof(struct settings, opts.output),
     .required = true},
    {.kind = OPTION_CHOICE,
     .name = "dtype",
     .argument = "TYPE",
     .help = "type of the elements",
     .offset = offsetof(struct settings, dtype),
     .choices = dtypes},
    {.kind = OPTION_STRING,
     .name = "layers",
     .argument = "RANGE",
     .help = "layers to export, such as " LAYER_RANGE_EXAMPLES " [all that are trained]",
     .offset = offsetof(struct settings, layers)},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "overwrite an existing file, or a directory of an export",
     .offset = offsetof(struct settings, opts.force)},
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print the result as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

static enum ff_export_dtype dtype_of(const char *name)
{
    enum ff_export_dtype dtype = FF_EXPORT_F32;

    while (strcmp(dtypes[dtype].name, name) != 0)
        dtype++;
    return dtype;
}

static void on_progress(void *arg, const struct ff_progress *at)
{
    struct settings *settings = arg;

    progress_show(&settings->progress, at);
}

static int print_json(const struct cli *cli, const struct settings *settings,
                      const struct ff_export_result *result)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "model", json_from_text(settings->opts.model));
    json_add(&object, "output", json_from_text(settings->opts.output));
    json_add(&object, "dtype", json_from_text(settings->dtype));
    json_add(&object, "first_layer", json_from_count(result->first_layer));
    json_add(&object, "last_layer", json_from_count(result->last_layer));
    json_add(&object, "tensors", json_from_count(result->tensors));
    json_add(&object, "parameters", json_from_count(result->parameters));
    json_add(&object, "bytes", json_from_count(result->bytes));
    json_add(&object, "weights_hash", json_from_text(result->weights_hash));
    json_add(&object, "seconds", json_from_real(result->seconds));
    json_add_memory(&object, &result->memory);
    return json_print(cli, json_built(&object));
}

static void print_result(const struct settings *settings, const struct ff_export_result *result)
{
    char layers[32];
    bool one = result->first_layer == result->last_layer;

    snprintf(layers, sizeof layers, one ? "layer %u" : "layers %u to %u", result->first_layer,
             result->last_layer);
    print_line(stdout, "%s: %s, %s as %s in %s, %s", settings->opts.output, layers,
               text_counted(result->parameters, "parameter").s, settings->dtype,
               text_counted(result->tensors, "tensor").s, text_bytes(result->bytes).s);
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct ff_export_opts *opts = &settings->opts;
    struct ff_export_result result = {.size = sizeof result};
    int status;

    cli->quiet = settings->quiet;
    cli->model = opts->model = operand;
    opts->dtype = dtype_of(settings->dtype);
    opts->on_progress = on_progress;
    opts->interrupted = interrupt_asked;
    opts->arg = settings;
    if (settings->layers != NULL &&
        layer_range_read(cli, settings->layers, &opts->first_layer, &opts->last_layer) != EXIT_DONE)
        return EXIT_USAGE;
    progress_init(&settings->progress, settings->quiet);
    interrupt_catch();
    status = ff_export(cli->ctx, opts, &result);
    progress_end(&settings->progress);
    if (status != FF_OK)
        return report_status(cli, status);
    if (settings->json)
        return print_json(cli, settings, &result);
    print_result(settings, &result);
    return EXIT_DONE;
}

static void describe_formats(FILE *out)
{
    const struct ff_export_format *format;

    fputs("\nFormats:\n", out);
    for (size_t i = 0; (format = ff_export_format(i)) != NULL; i++)
        fprintf(out, "  %-14s %s\n", format->suffix, format->summary);
}

const struct command cmd_export = {
    .name = "export",
    .operand = "MODEL",
    .summary = "write the weights of a model to a file for other programs",
    .description =
        "Writes the weights of MODEL to a file that NumPy, PyTorch and other programs read, with "
        "what they need to compute its scores. One tile of a layer is in memory at a time. The "
        "file appears when it is complete.",
    .describe_more = describe_formats,
    .examples = "  fftool export model.ff --output model.safetensors\n"
                "  fftool export model.ff -o half.safetensors --dtype f16 --layers 1-2\n"
                "  fftool export model.ff -o model.npz\n"
                "  fftool export model.ff -o arrays/\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
