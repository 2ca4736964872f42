/* fftool plot: figures of results of `fftool profile`, and of logs of `fftool train`. */
#include "common/interrupt.h"
#include "figures/figure.h"
#include "options.h"

struct settings {
    const char *output, *style;
    bool log;
};

static const struct ff_recipe_choice styles[] = {
#define STYLE_ROW(name, summary) {#name, summary},
    FIGURE_STYLES(STYLE_ROW)
#undef STYLE_ROW
        {NULL, NULL},
};

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
     .help = "style of the figure [bars of results, curves of a log]",
     .offset = offsetof(struct settings, style),
     .choices = styles},
    {.kind = OPTION_FLAG,
     .name = "log",
     .help = "logarithmic axes; not for bars, whose length is the value",
     .offset = offsetof(struct settings, log)},
    {.name = NULL},
};

static int draw(const struct settings *settings, const struct figure_source *source)
{
    const struct figure_style *style;
    int result = figure_choose_style(source, settings->style, settings->log, &style);

    if (result == EXIT_DONE)
        result = figure_check(source->reading.cli, "output", settings->output);
    if (result == EXIT_DONE)
        result =
            figure_draw(&source->reading, style, source->contents, settings->output, settings->log);
    return result;
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct figure_source source;
    int result;

    interrupt_catch();
    result = figure_source_read(cli, operand, &source);
    if (result == EXIT_DONE)
        result = draw(arg, &source);
    figure_source_release(&source);
    return result;
}

const struct command cmd_plot = {
    .name = "plot",
    .operand = "FILE",
    .summary = "draw results of `profile`, or learning curves of a log",
    .description =
        "Draws FILE with gnuplot: results of `fftool profile`, or the log of a training (`fftool "
        "train --log`), which may still be running. Title and labels state what was measured. "
        "Colours are distinct for the colour-blind, and in print without colours.\n\n"
        "In results, failed trainings are marked. A log may be of several runs; of an epoch that "
        "was trained again the last one counts.",
    .examples = "  fftool plot profile.json --output memory.svg\n"
                "  fftool plot profile.json --output growth.pdf --style lines --log\n"
                "  fftool plot profile.json --output speed.png --style throughput\n"
                "  fftool plot train.jsonl --output curves.svg\n"
                "  fftool plot train.jsonl --output depth.svg --style depth\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .run = run,
};
