/* fftool report: everything about a model on one page. */
#include "report/report.h"
#include "commands/measuring.h"
#include "common/output_file.h"
#include "common/overwrite.h"
#include "figures/confusion.h"
#include "figures/log.h"
#include "figures/profile.h"
#include "views/filters.h"
#include <string.h>

struct settings {
    struct measuring measuring;
    const char *output, *log, *profile;
};

static void init(void *arg)
{
    struct settings *settings = arg;

    measuring_init(&settings->measuring);
}

static void release(void *arg)
{
    struct settings *settings = arg;

    measuring_release(&settings->measuring);
}

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Report"},
    {.kind = OPTION_STRING,
     .name = "output",
     .short_name = 'o',
     .argument = "FILE",
     .help = "page to write, such as report.html",
     .offset = offsetof(struct settings, output),
     .required = true},
    {.kind = OPTION_STRING,
     .name = "log",
     .argument = "FILE",
     .help = "log of the training: learning curves, memory, speed",
     .offset = offsetof(struct settings, log)},
    {.kind = OPTION_STRING,
     .name = "profile",
     .argument = "FILE",
     .help = "results of `fftool profile`: memory against depth",
     .offset = offsetof(struct settings, profile)},
    {.kind = OPTION_STRING,
     .name = "data",
     .short_name = 'd',
     .argument = "PATH",
     .help = "evaluate on the test split of a dataset, or on a file: error, confusion matrix",
     .offset = offsetof(struct settings, measuring.opts.data.path)},
    {.kind = OPTION_STRING,
     .name = "labels",
     .argument = "FILE",
     .help = "file of labels, if PATH is a file of images without labels beside it",
     .offset = offsetof(struct settings, measuring.opts.data.labels),
     .needs = "data"},
    MEASURING_OPTIONS(struct settings, measuring,
                      "evaluate on ROWS samples drawn at random, always the same ones; 0: all"),
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress progress and warnings",
     .offset = offsetof(struct settings, measuring.quiet)},
    {.name = NULL},
};

/* Returns EXIT_DONE, or an exit code with the reason printed. */
static int check_output(const struct cli *cli, const char *path)
{
    static const struct overwrite_kind kind = {"report of fftool", page_is_report};
    int why = output_file_check(path);

    if (why != 0)
        return report_failure(cli, "--output: %s: %s", path, errno_text(why));
    if (overwrite_check(cli, "output", path, &kind) != EXIT_DONE)
        return EXIT_FAILED;
    return gnuplot_check(cli, gnuplot_format("figure.svg"));
}

/* Reads PATH, given with --OPTION, which is to be of KIND; does nothing if it is NULL. */
static int read_source(const struct cli *cli, const char *option, const char *path,
                       const struct figure_kind *kind, struct figure_source *out)
{
    int result = path != NULL ? figure_source_read(cli, path, out) : EXIT_DONE;

    if (result == EXIT_DONE && path != NULL && out->kind != kind)
        return usage_error(cli->command, "--%s: %s is %s, not %s", option, path, out->kind->what,
                           kind->what);
    return result;
}

/* Adds a figure of SOURCE in its default style. */
static int add_figure(struct page *page, const struct figure_source *source, const char *caption)
{
    const struct figure_style *style;
    struct gnuplot out;
    int result = figure_choose_style(source, NULL, false, &style);

    if (result == EXIT_DONE)
        result = style->check(&source->reading, source->contents, false);
    if (result == EXIT_DONE)
        result = page_figure_begin(page, &out);
    if (result != EXIT_DONE)
        return result;
    style->write(&out, source->contents, false);
    return page_figure_end(page, &out, caption, false);
}

static int add_confusion(struct page *page, const struct report *report)
{
    struct gnuplot out;
    int result = page_figure_begin(page, &out);

    if (result != EXIT_DONE)
        return result;
    confusion_write(&out, report->evaluation, report->name);
    return page_figure_end(page, &out, "Confusion matrix", false);
}

/* Of images only, and once layer 1 is trained. */
static int add_filters(struct page *page, const struct report *report)
{
    struct gnuplot out;
    int result;

    if (report->info.height == 0 || report->info.layers_trained == 0)
        return EXIT_DONE;
    result = page_figure_begin(page, &out);
    if (result != EXIT_DONE)
        return result;
    result = inspect_write_filters(page->cli, report->model, report->name, 1, &out);
    if (result != EXIT_DONE) {
        gnuplot_discard(&out);
        return result;
    }
    page_section(page, "Filters");
    result = page_figure_end(page, &out, "Weights of the first layer as images", true);
    page_end_section(page);
    return result;
}

static int add_section(struct page *page, const char *heading, const struct figure_source *source,
                       const char *caption)
{
    int result;

    page_section(page, heading);
    result = add_figure(page, source, caption);
    page_end_section(page);
    return result;
}

static int write_sections(struct report *report)
{
    struct page *page = &report->page;
    int result = EXIT_DONE;

    report_write_summary(report);
    if (report->log != NULL) {
        report_write_resources(report);
        result = add_section(page, "Learning curves", report->log, "Learning curves");
    }
    if (result == EXIT_DONE)
        result = report_status(page->cli, report_write_layers(report));
    if (result == EXIT_DONE && report->evaluation != NULL) {
        page_section(page, "Confusion matrix");
        result = add_confusion(page, report);
        page_end_section(page);
    }
    if (result == EXIT_DONE)
        result = add_filters(page, report);
    if (result == EXIT_DONE && report->profile != NULL)
        result = add_section(page, "Memory against depth", report->profile, "Peak memory");
    if (result == EXIT_DONE)
        result = report_status(page->cli, report_write_commands(report));
    return result;
}

static int write_page(const struct cli *cli, struct report *report, const char *path)
{
    int result = report_status(cli, ff_model_open(cli->ctx, report->name, &report->model));

    if (result == EXIT_DONE)
        result = report_status(cli, ff_model_info(report->model, &report->info));
    if (result == EXIT_DONE)
        result = page_begin(cli, report->name, &report->page);
    if (result == EXIT_DONE) {
        result = write_sections(report);
        if (result == EXIT_DONE)
            result = page_end(&report->page, path);
        page_release(&report->page);
    }
    ff_model_close(report->model);
    return result;
}

static int evaluate(const struct cli *cli, struct measuring *measuring,
                    struct ff_evaluation *evaluation)
{
    int status = ff_evaluate(cli->ctx, &measuring->opts, evaluation);

    progress_end(&measuring->progress);
    return report_status(cli, status);
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    const char *data = settings->measuring.opts.data.path;
    struct ff_evaluation evaluation = {.size = sizeof evaluation};
    struct figure_source log = {.kind = NULL}, profile = {.kind = NULL};
    struct report report = {.name = operand,
                            .info = {.size = sizeof report.info},
                            .log_path = settings->log,
                            .data = data,
                            .log = settings->log != NULL ? &log : NULL,
                            .profile = settings->profile != NULL ? &profile : NULL,
                            .evaluation = data != NULL ? &evaluation : NULL};
    int result = check_output(cli, settings->output);

    if (result == EXIT_DONE)
        result = measuring_begin(cli, &settings->measuring, operand);
    if (result == EXIT_DONE)
        result = read_source(cli, "log", settings->log, &figure_kind_log, &log);
    if (result == EXIT_DONE)
        result = read_source(cli, "profile", settings->profile, &figure_kind_results, &profile);
    if (result == EXIT_DONE && data != NULL)
        result = evaluate(cli, &settings->measuring, &evaluation);
    if (result == EXIT_DONE)
        result = write_page(cli, &report, settings->output);
    if (result == EXIT_DONE)
        progress_line(&settings->measuring.progress, "%s: report of %s", settings->output, operand);
    ff_evaluate_release(&evaluation);
    figure_source_release(&log);
    figure_source_release(&profile);
    return result;
}

const struct command cmd_report = {
    .name = "report",
    .operand = "MODEL",
    .summary = "write a page about a model: curves, layers, errors, filters",
    .description =
        "Writes a page of HTML about MODEL that stands alone, without scripts or network access: "
        "summary, memory and speed, learning curves (--log), a table of the layers with "
        "histograms of their weights, confusion matrix (--data), filters of the first layer (of "
        "images), memory against depth (--profile), and the command that reproduces the model. "
        "It is light or dark as the reader's system is. Figures are drawn by gnuplot.",
    .examples = "  fftool report model.ff --output report.html\n"
                "  fftool report model.ff --log train.jsonl --data mnist --output report.html\n"
                "  fftool report model.ff --profile profile.json --output report.html\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .release = release,
    .run = run,
};
