/* fftool plot: figures of what `fftool profile` has measured. */
#include "figure.h"
#include "interrupt.h"
#include "options.h"
#include <string.h>

struct settings {
    const char *output, *style;
    bool log;
};

static const struct ff_recipe_choice styles[FIGURE_STYLES + 1] = {
    [FIGURE_BARS] = {"bars", "peak memory, bars grouped by depth"},
    [FIGURE_LINES] = {"lines", "peak memory and its growth, a line for each mode"},
    [FIGURE_THROUGHPUT] = {"throughput", "speed: samples x epochs x layers in a second"},
    [FIGURE_STYLES] = {NULL, NULL},
};

static void init(void *arg)
{
    struct settings *settings = arg;

    settings->style = styles[FIGURE_BARS].name;
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Figure"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "figure to draw: .svg, .png or .pdf",
     .offset = offsetof(struct settings, output),
     .required = true},
    {.kind = OPTION_CHOICE,
     .name = "style",
     .argument = "NAME",
     .help = "what is shown, and how",
     .offset = offsetof(struct settings, style),
     .choices = styles},
    {.kind = OPTION_FLAG,
     .name = "log",
     .help = "logarithmic axes; not for bars, whose length is what counts",
     .offset = offsetof(struct settings, log)},
    {.name = NULL},
};

static enum figure_style style_of(const char *name)
{
    int i = 0;

    while (strcmp(styles[i].name, name) != 0)
        i++;
    return (enum figure_style)i;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    enum figure_style style = style_of(settings->style);
    struct profile_results results;
    int result;

    if (settings->log && style == FIGURE_BARS)
        return usage_error(cli->command, "--log: bars stand on zero; use it with --style lines");
    interrupt_catch();
    result = profile_results_read(cli, operand, &results);
    if (result == EXIT_DONE && !figure_has_points(&results, style)) {
        report_failure(cli, "%s: no training in it has succeeded; there is nothing to draw",
                       operand);
        result = EXIT_DAMAGED;
    }
    if (result == EXIT_DONE)
        result = figure_check(cli, "output", settings->output);
    if (result == EXIT_DONE)
        result = figure_draw(cli, &results, settings->output, style, settings->log);
    profile_results_release(&results);
    return result;
}

const struct command cmd_plot = {
    .name = "plot",
    .operand = "RESULTS",
    .summary = "draw what `profile` has measured",
    .description =
        "Draws RESULTS of `fftool profile` with gnuplot. Title and labels say what was measured, "
        "how, and on what; a training that failed is marked. Colours are told apart by the "
        "colour-blind, and in print without colours.",
    .examples = "  fftool plot profile.json --output memory.svg\n"
                "  fftool plot profile.json --output growth.pdf --style lines --log\n"
                "  fftool plot profile.json --output speed.png --style throughput\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
