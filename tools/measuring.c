#include "measuring.h"
#include "interrupt.h"
#include "plan_output.h"
#include <string.h>

/* In the order of enum ff_method. */
const struct ff_recipe_choice measuring_methods[] = {
    {"auto", "goodness; for a model trained by backpropagation, its output layer"},
    {"goodness", "the label whose goodness, summed over the layers, is largest"},
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

    measuring->plan = json_object();
    json_add_plan(measuring->plan, plan);
    if (plan->budget_bytes > 0)
        plan_lines(plan, plan_line, measuring);
}

void measuring_release(struct measuring *measuring)
{
    json_decref(measuring->plan);
    measuring->plan = NULL;
}

void measuring_begin(struct cli *cli, struct measuring *measuring, const char *model)
{
    struct ff_evaluate_opts *opts = &measuring->opts;

    cli->quiet = measuring->quiet;
    cli->model = model;
    opts->model = model;
    opts->method = method_of(measuring->method);
    opts->on_progress = on_progress;
    opts->on_plan = on_plan;
    opts->interrupted = interrupt_asked;
    opts->arg = measuring;
    progress_init(&measuring->progress, measuring->quiet);
    interrupt_catch();
}
