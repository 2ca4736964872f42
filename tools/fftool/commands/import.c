/* fftool import: a model of the weights in a file. */
#include "common/interrupt.h"
#include "common/output.h"
#include "common/print.h"
#include "common/progress.h"
#include "json.h"
#include "options.h"
#include <string.h>

struct settings {
    struct ff_import_opts opts;
    const char *inputs; /* NULL: exported by fftool */
    bool json, quiet;
    struct progress progress;
};

static const struct ff_recipe_choice inputs[] = {
    {"u8", "bytes divided by 255: pixels from 0 to 1"},
    {"float", "numbers as they are"},
    {NULL, NULL},
};

static void init(void *arg)
{
    struct settings *settings = arg;

    settings->opts.size = sizeof settings->opts;
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Import"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "MODEL",
     .help = "model file to create",
     .offset = offsetof(struct settings, opts.model),
     .required = true},
    {.kind = OPTION_CHOICE,
     .name = "inputs",
     .argument = "TYPE",
     .help = "inputs of a network of another program",
     .offset = offsetof(struct settings, inputs),
     .choices = inputs,
     .default_text = no_default},
    {.kind = OPTION_FLAG,
     .name = "force",
     .help = "overwrite an existing model",
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

static enum ff_import_inputs inputs_of(const char *name)
{
    if (name == NULL)
        return FF_INPUTS_UNKNOWN;
    return strcmp(name, inputs[0].name) == 0 ? FF_INPUTS_U8 : FF_INPUTS_FLOAT;
}

static void on_progress(void *arg, const struct ff_progress *at)
{
    struct settings *settings = arg;

    progress_show(&settings->progress, at);
}

static int print_json(const struct cli *cli, const struct settings *settings,
                      const struct ff_import_result *result)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "input", json_from_text(settings->opts.input));
    json_add(&object, "model", json_from_text(settings->opts.model));
    json_add(&object, "layers", json_from_count(result->layers));
    json_add(&object, "parameters", json_from_count(result->parameters));
    json_add(&object, "bytes", json_from_count(result->bytes));
    json_add(&object, "weights_hash", json_from_text(result->weights_hash));
    json_add(&object, "seconds", json_from_real(result->seconds));
    json_add_memory(&object, &result->memory);
    return json_print(cli, json_built(&object));
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct ff_import_opts *opts = &settings->opts;
    struct ff_import_result result = {.size = sizeof result};
    int status;

    cli->quiet = settings->quiet;
    opts->input = operand;
    opts->inputs = inputs_of(settings->inputs);
    opts->on_progress = on_progress;
    opts->interrupted = interrupt_asked;
    opts->arg = settings;
    progress_init(&settings->progress, settings->quiet);
    interrupt_catch();
    status = ff_import(cli->ctx, opts, &result);
    progress_end(&settings->progress);
    if (status != FF_OK)
        return report_status(cli, status);
    if (settings->json)
        return print_json(cli, settings, &result);
    print_line(stdout, "%s: %s, %s, %s", opts->model, text_counted(result.layers, "layer").s,
               text_counted(result.parameters, "parameter").s, text_bytes(result.bytes).s);
    return EXIT_DONE;
}

const struct command cmd_import = {
    .name = "import",
    .operand = "FILE",
    .summary = "make a model of a file that export or PyTorch wrote",
    .description =
        "Makes a model of a safetensors file that `fftool export` wrote of a complete model. From "
        "f32 it has the same weights_hash, which is checked. A file of another program has the "
        "linear layers of a network with ReLU between them, as PyTorch names them in an "
        "nn.Sequential: 0.weight, 0.bias, 2.weight, ... Its model is of mode bp, can be evaluated, "
        "and trained by `fftool extend --data`. One tile of a layer is in memory at a time. The "
        "model appears when it is complete.",
    .examples = "  fftool import model.safetensors --output model.ff\n"
                "  fftool import torch.safetensors --output torch.ff --inputs u8\n"
                "  fftool extend torch.ff --output tuned.ff --epochs 5 --data mnist\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
