#include "commands/measuring.h"
#include "commands/plan_output.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/layer_range.h"
#include "common/standard_input.h"
#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of enum ff_method. */
const struct ff_recipe_choice measuring_methods[] = {
    {"auto", "goodness; for a model trained by backpropagation its output layer, for one trained "
             "without labels (unsupervised) its head"},
    {"goodness", "the label with the largest goodness, summed over the layers"},
    {"head", "the linear softmax head trained with the model; the output layer"},
    {NULL, NULL},
};

void measuring_init(struct measuring *measuring)
{
    ff_evaluate_opts_init(&measuring->opts);
    measuring->method = measuring_method_name(measuring->opts.method);
}

const char *measuring_method_name(enum ff_method method)
{
    return measuring_methods[method].name;
}

static enum ff_method method_of(const char *name)
{
    enum ff_method method = FF_METHOD_AUTO;

    while (strcmp(measuring_methods[method].name, name) != 0)
        method++;
    return method;
}

static void on_progress(void *arg, const struct ff_progress *at)
{
    struct measuring *measuring = arg;

    progress_show(&measuring->progress, at);
}

static void plan_line(void *arg, const char *text)
{
    struct measuring *measuring = arg;

    progress_line(&measuring->progress, "%s", text);
}

static void on_plan(void *arg, const struct ff_plan *plan)
{
    struct measuring *measuring = arg;

    struct json_builder object = json_build(json_object());

    json_add_plan(&object, plan);
    measuring->plan = json_built(&object);
    if (plan->budget_bytes > 0)
        plan_lines(plan, plan_line, measuring);
}

void measuring_release(struct measuring *measuring)
{
    json_decref(measuring->plan);
    measuring->plan = NULL;
}

/* "-" is standard input. Temporary files are where the library puts its own. */
static int keep_standard_input(const struct cli *cli, struct ff_evaluate_opts *opts)
{
    const char *slash = strrchr(opts->model, '/'), *temporary = getenv("TMPDIR");
    char *beside = slash != NULL ? heap_format("%.*s", (int)(slash - opts->model + 1), opts->model)
                                 : heap_copy(".");
    const char *const directories[] = {opts->scratch != NULL ? opts->scratch : beside,
                                       temporary != NULL ? temporary : P_tmpdir};
    int result = standard_input_keep(cli, directories, opts->scratch != NULL ? 1 : 2);

    free(beside);
    opts->data.path = STANDARD_INPUT_PATH;
    return result;
}

int measuring_begin(struct cli *cli, struct measuring *measuring, const char *model)
{
    struct ff_evaluate_opts *opts = &measuring->opts;
    bool piped;

    cli->quiet = measuring->quiet || cli->rank > 0;
    cli->model = model;
    opts->model = model;
    opts->method = method_of(measuring->method);
    opts->on_progress = on_progress;
    opts->on_plan = on_plan;
    opts->interrupted = interrupt_asked;
    opts->arg = measuring;
    if (measuring->layers != NULL && layer_range_read(cli, measuring->layers, &opts->first_layer,
                                                      &opts->last_layer) != EXIT_DONE)
        return EXIT_USAGE;
    progress_init(&measuring->progress, cli->quiet);
    interrupt_catch();
    piped = opts->data.path != NULL && strcmp(opts->data.path, "-") == 0;
    if (measuring->broadcast || piped) /* the first process alone has the standard input */
        ff_team_share_data(cli->ctx);
    return piped && cli->rank == 0 ? keep_standard_input(cli, opts) : EXIT_DONE;
}
