/* The table of layers, each with a histogram of its weights. */
#include "figures/training_log.h"
#include "report/report.h"
#include "views/inspect.h"
#include <math.h>

#define SPARK_WIDTH 128 /* units of its own */
#define SPARK_HEIGHT 24
#define LOG_TOLERANCE 1e-6 /* between error rates in a log and in the model */

static void write_spark(FILE *out, const uint64_t histogram[FF_HISTOGRAM_BINS], double low,
                        double high)
{
    double width = (double)SPARK_WIDTH / FF_HISTOGRAM_BINS;
    uint64_t most = 1;

    for (int i = 0; i < FF_HISTOGRAM_BINS; i++)
        most = histogram[i] > most ? histogram[i] : most;
    fprintf(out,
            "<svg class=\"spark\" viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\">"
            "<title>weights from %.3g to %.3g</title><path d=\"M0 %d",
            SPARK_WIDTH, SPARK_HEIGHT, low, high, SPARK_HEIGHT);
    for (int i = 0; i < FF_HISTOGRAM_BINS; i++)
        fprintf(out, "V%.1fH%g", SPARK_HEIGHT * (1 - (double)histogram[i] / (double)most),
                width * (i + 1));
    fprintf(out, "V%dz\"/></svg>", SPARK_HEIGHT);
}

static int write_histogram(struct report *report, const struct ff_layer_info *layer)
{
    struct ff_tile_info tile = {.size = sizeof tile};
    uint64_t histogram[FF_HISTOGRAM_BINS] = {0};
    double low, high;
    int status = FF_OK;

    if (layer->weights.count == 0)
        return FF_OK;
    inspect_range(&layer->weights, &low, &high);
    for (uint32_t i = 0; i < layer->tiles && status == FF_OK; i++)
        status = ff_model_tile(report->model, layer->layer, i, low, high, histogram, &tile);
    if (status == FF_OK)
        write_spark(report->page.out, histogram, low, high);
    return status;
}

/* The error of a LAYER of the evaluation; "-" where it is not evaluated. */
static struct text error_text(const struct report *report, const double *errors, uint32_t layer)
{
    const struct ff_evaluation *evaluation = report->evaluation;

    return text_percent(errors != NULL && layer <= evaluation->layers ? errors[layer - 1] : NAN);
}

static bool has_errors(const struct report *report)
{
    return report->evaluation != NULL && report->evaluation->layer_error != NULL;
}

static void write_heading(struct report *report)
{
    FILE *out = report->page.out;

    fputs("<thead><tr><th>Layer</th><th>Units</th><th>Parameters</th><th>Stored</th>"
          "<th>Weights</th><th>Mean</th><th>Std</th>",
          out);
    if (!report->info.whole_network)
        fputs("<th>Dead<br>units</th><th>Goodness,<br>positive</th><th>Goodness,<br>negative</th>"
              "<th>Training<br>error</th>",
              out);
    if (has_errors(report))
        fputs("<th>Error,<br>layer alone</th><th>Error,<br>up to layer</th>", out);
    fputs("</tr></thead>\n<tbody>\n", out);
}

/* The error of LAYER as trained, by the log; NAN: it is not in there. */
static double logged_error(const struct training_log *log, uint32_t layer)
{
    double error = NAN;

    for (size_t i = 0; i < log->n; i++) {
        const struct log_epoch *epoch = &log->epochs[i];

        if (epoch->layer == layer && !epoch->head && !isnan(epoch->figures[LOG_TRAINED_ERROR]))
            error = epoch->figures[LOG_TRAINED_ERROR];
    }
    return error;
}

/* Warns, once, if the log has another error of LAYER than the model, whose metrics are 32-bit. */
static void check_log(struct report *report, const struct ff_layer_info *layer)
{
    if (report->log == NULL || !report->info.complete || report->log_differs)
        return;
    report->log_differs =
        fabs(logged_error(report->log->contents, layer->layer) - layer->error) > LOG_TOLERANCE;
    if (report->log_differs)
        report_warning(report->page.cli,
                       "%s seems to be of another training: its error of layer %u is not that of "
                       "%s",
                       report->log_path, layer->layer, report->name);
}

static int write_layer(struct report *report, uint32_t number)
{
    struct ff_layer_info layer = {.size = sizeof layer};
    FILE *out = report->page.out;
    int status = ff_model_layer(report->model, number, &layer);
    bool known = layer.weights.count > 0;

    if (status != FF_OK)
        return status;
    check_log(report, &layer);
    fprintf(out, "<tr><td>%u</td><td>%s</td><td>%s</td><td>%s</td><td>", number,
            text_count(layer.units).s, text_count(layer.parameters).s,
            known ? text_bytes(layer.stored_bytes).s : layer_state_name(layer.state));
    status = write_histogram(report, &layer);
    fprintf(out, "</td><td>%s</td><td>%s</td>", text_real(known ? layer.weights.mean : NAN).s,
            text_real(known ? layer.weights.std : NAN).s);
    if (!report->info.whole_network)
        fprintf(out, "<td>%s</td><td>%s</td><td>%s</td><td>%s</td>",
                isfinite(layer.loss) ? text_count(layer.dead_units).s : "-",
                text_real(layer.goodness_pos).s, text_real(layer.goodness_neg).s,
                text_percent(layer.error).s);
    if (has_errors(report))
        fprintf(out, "<td>%s</td><td>%s</td>",
                error_text(report, report->evaluation->layer_error, number).s,
                error_text(report, report->evaluation->upto_error, number).s);
    fputs("</tr>\n", out);
    return status;
}

int report_write_layers(struct report *report)
{
    uint32_t layers = ff_recipe_layers(report->info.recipe);
    int status = FF_OK;

    page_section(&report->page, "Layers");
    fputs("<div class=\"wide\"><table>\n", report->page.out);
    write_heading(report);
    for (uint32_t i = 1; i <= layers && status == FF_OK; i++)
        status = write_layer(report, i);
    fputs("</tbody>\n</table></div>\n", report->page.out);
    page_end_section(&report->page);
    return status;
}
