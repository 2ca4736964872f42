#include "figures/training_log.h"
#include "report/report.h"
#include <math.h>
#include <string.h>

#define MOST_NAMES 20 /* of classes */

struct text report_shape(const struct ff_model_info *info)
{
    const struct ff_recipe *recipe = info->recipe;
    struct text out;
    size_t used = (size_t)snprintf(out.s, sizeof out.s, "%s", text_count(info->features).s);
    uint32_t run;

    for (uint32_t i = 1; i <= ff_recipe_layers(recipe); i += run) {
        uint32_t units = ff_recipe_units(recipe, i);
        char part[24];

        for (run = 1; ff_recipe_units(recipe, i + run) == units;)
            run++;
        snprintf(part, sizeof part, run > 1 ? " > %ux%u" : " > %u", units, run);
        if (used + strlen(part) + sizeof " > ..." > sizeof out.s) {
            snprintf(out.s + used, sizeof out.s - used, " > ...");
            break;
        }
        used += (size_t)snprintf(out.s + used, sizeof out.s - used, "%s", part);
    }
    return out;
}

/* NOTE may be "". */
static void write_card(struct report *report, const char *name, const char *value, const char *note)
{
    FILE *out = report->page.out;

    fprintf(out, "<div><dt>%s</dt><dd>", name);
    page_text(&report->page, value);
    if (*note != '\0') {
        fputs("<small>", out);
        page_text(&report->page, note);
        fputs("</small>", out);
    }
    fputs("</dd></div>\n", out);
}

/* The metrics of all epochs of a log. */
struct resources {
    double peak_rss, peak_anon, scratch; /* bytes; NAN: not known */
    double seconds, rows, flops;         /* sums */
};

static struct resources resources_of(const struct training_log *log)
{
    struct resources out = {.peak_rss = NAN, .peak_anon = NAN, .scratch = NAN};

    for (size_t i = 0; i < log->n; i++) {
        const double *figures = log->epochs[i].figures;
        double seconds = figures[LOG_SECONDS];

        out.peak_rss = fmax(out.peak_rss, figures[LOG_PEAK_RSS]);
        out.peak_anon = fmax(out.peak_anon, figures[LOG_PEAK_ANON]);
        out.scratch = fmax(out.scratch, figures[LOG_SCRATCH]);
        if (!(seconds >= 0))
            continue;
        out.seconds += seconds;
        out.rows += figures[LOG_RATE] >= 0 ? figures[LOG_RATE] * seconds : 0;
        out.flops += figures[LOG_GFLOPS] >= 0 ? figures[LOG_GFLOPS] * seconds : 0;
    }
    return out;
}

static struct text bytes_or_dash(double bytes)
{
    return bytes >= 0 ? text_bytes((uint64_t)bytes) : (struct text){"-"};
}

static void write_error_card(struct report *report)
{
    const struct ff_evaluation *evaluation = report->evaluation;
    const struct ff_layer_choice *choice = &report->info.choice;

    if (evaluation != NULL)
        write_card(report, "Error", text_percent(evaluation->error).s,
                   text_counted(evaluation->samples, "sample").s);
    if (choice->first > 0)
        write_card(report, "Held-out error", text_percent(choice->held_out_error).s,
                   text_counted(report->info.held_out_samples, "sample").s);
}

static void write_cards(struct report *report)
{
    const struct ff_model_info *info = &report->info;

    fputs("<dl class=\"cards\">\n", report->page.out);
    write_error_card(report);
    write_card(report, "Layers", text_count(ff_recipe_layers(info->recipe)).s,
               report_shape(info).s);
    write_card(report, "Parameters", text_count(info->parameters).s, "");
    if (report->log != NULL) {
        struct resources resources = resources_of(report->log->contents);

        write_card(report, "Peak memory", bytes_or_dash(resources.peak_rss).s, "resident");
        write_card(report, "Training", text_duration(resources.seconds).s, "all epochs");
    }
    write_card(report, "Model file", text_bytes(info->file_bytes).s, "");
    fputs("</dl>\n", report->page.out);
}

/* A row of the fields of GROUP that have an effect: "batch 128, seed 0". */
static void write_fields(struct report *report, const char *name, enum ff_field_group group)
{
    const struct ff_recipe *recipe = report->info.recipe;
    const struct ff_recipe_field *field;
    const char *separator = "";

    fprintf(report->page.out, "<tr><th>%s</th><td>", name);
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        if (field->group != group || !ff_recipe_uses(recipe, field->name))
            continue;
        fputs(separator, report->page.out);
        page_text(&report->page, text_words(field->name).s);
        fputs(" ", report->page.out);
        page_text(&report->page, text_field(recipe, field).s);
        separator = ", ";
    }
    fputs("</td></tr>\n", report->page.out);
}

static void write_classes(struct report *report)
{
    const struct ff_model_info *info = &report->info;

    if (info->class_names == NULL)
        return;
    fputs("<tr><th>Classes</th><td>", report->page.out);
    for (uint32_t i = 0; i < info->classes && i < MOST_NAMES; i++) {
        fputs(i > 0 ? ", " : "", report->page.out);
        page_text(&report->page, info->class_names[i]);
    }
    if (info->classes > MOST_NAMES)
        fprintf(report->page.out, ", … (%u)", info->classes);
    fputs("</td></tr>\n", report->page.out);
}

static void write_facts(struct report *report)
{
    const struct ff_model_info *info = &report->info;
    const struct ff_layer_choice *choice = &info->choice;
    struct page *page = &report->page;

    fputs("<table class=\"facts\">\n", page->out);
    write_fields(report, "Recipe", FF_GROUP_MODE);
    write_fields(report, "Network", FF_GROUP_NETWORK);
    write_fields(report, "Optimizer", FF_GROUP_OPTIMIZER);
    if (info->has_head && !info->backprop)
        write_fields(report, "Head", FF_GROUP_HEAD);
    if (info->samples == 0)
        page_row(page, "Data", "not known: samples of %s %s, %s classes",
                 text_count(info->features).s, info->data_is_float ? "floats" : "bytes",
                 text_count(info->classes).s);
    else
        page_row(page, "Data", "%s: %s of %s %s, %s classes, fingerprint %s", info->data_path,
                 text_counted(info->samples, "sample").s, text_count(info->features).s,
                 info->data_is_float ? "floats" : "bytes", text_count(info->classes).s,
                 info->data_fingerprint);
    write_classes(report);
    if (choice->first > 0)
        page_row(page, "Layers chosen", "%u to %u, temperature %s", choice->first, choice->last,
                 text_real(choice->temperature).s);
    page_row(page, "Weights", "hash %s", info->weights_hash);
    page_row(page, "Made by", "fftool %s, %s, %s, %s", info->program_version, info->blas,
             info->lmdb, info->zstd);
    fputs("</table>\n", page->out);
}

void report_write_summary(struct report *report)
{
    const struct ff_model_info *info = &report->info;
    struct page *page = &report->page;

    fputs("<header>\n<h1>", page->out);
    page_text(page, report->name);
    fprintf(page->out, "</h1>\n<p class=\"soft\">%s, %u of %s trained</p>\n</header>\n",
            info->backprop ? "Backpropagation" : "Forward-Forward", info->layers_trained,
            text_counted(ff_recipe_layers(info->recipe), "layer").s);
    write_cards(report);
    page_section(page, "Summary");
    write_facts(report);
    page_end_section(page);
}

void report_write_resources(struct report *report)
{
    struct resources resources = resources_of(report->log->contents);
    struct page *page = &report->page;

    page_section(page, "Memory and speed");
    fputs("<table class=\"facts\">\n", page->out);
    page_row(page, "Peak memory", "%s resident, %s anonymous", bytes_or_dash(resources.peak_rss).s,
             bytes_or_dash(resources.peak_anon).s);
    page_row(page, "Scratch", "%s on disk at the end of an epoch, at most",
             bytes_or_dash(resources.scratch).s);
    page_row(page, "Time", "%s in epochs", text_duration(resources.seconds).s);
    if (resources.seconds > 0)
        page_row(page, "Speed", "%s samples/s in a layer, %.1f GFLOP/s",
                 text_count((uint64_t)(resources.rows / resources.seconds)).s,
                 resources.flops / resources.seconds);
    fputs("</table>\n", page->out);
    page_end_section(page);
}
