#include "figures/log.h"
#include "common/heap.h"
#include "common/output.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_ROWS 1e15 /* more is impossible */
#define ROOM_ABOVE 10  /* pixels between the largest value and the end of the axis */

static bool fits(const char *text, size_t bytes)
{
    return training_log_fits(text, bytes);
}

static int read_log(const struct reading *reading, const char *text, size_t bytes, void *contents)
{
    training_log_parse(reading, text, bytes, contents);
    return EXIT_DONE;
}

static void release_log(void *contents)
{
    training_log_release(contents);
}

const struct figure_kind figure_kind_log = {
    .what = "a log of `fftool train`",
    .contents_bytes = sizeof(struct training_log),
    .fits = fits,
    .read = read_log,
    .release = release_log,
};

/* Of values; NAN: there is none. */
struct range {
    double least, most;
};

static const struct {
    const char *title;
    double scale; /* of what the log has */
} quantities[LOG_QUANTITIES] = {
    [LOG_QUANTITY_ERROR] = {"Error, %", 100},
    [LOG_QUANTITY_GOODNESS] = {"Goodness", 1},
    [LOG_QUANTITY_LOSS] = {"Loss", 1},
};

/*
 * Colours of Okabe and Ito ("Color Universal Design", 2008), as in the other figures; those of one
 * quantity differ in lightness, dashes and points, too.
 */
static const struct log_series all_series[LOG_MOST_SERIES] = {
    {LOG_QUANTITY_ERROR, LOG_ERROR, false, "error", "#0072B2", 1, 7},
    {LOG_QUANTITY_ERROR, LOG_ERROR, true, "error of the head", "#D55E00", 2, 5},
    {LOG_QUANTITY_ERROR, LOG_TRAINED_ERROR, false, "error, as trained", "#CC79A7", 4, 15},
    {LOG_QUANTITY_ERROR, LOG_HELD_OUT_ERROR, false, "held-out error of the layer alone", "#56B4E9",
     2, 8},
    {LOG_QUANTITY_ERROR, LOG_VALIDATION_ERROR, false, "held-out error, up to the layer", "#000000",
     3, 13},
    {LOG_QUANTITY_GOODNESS, LOG_GOODNESS_POS, false, NULL, "#009E73", 1, 9},
    {LOG_QUANTITY_GOODNESS, LOG_GOODNESS_NEG, false, NULL, "#E69F00", 2, 11},
    {LOG_QUANTITY_LOSS, LOG_LOSS, false, "loss", "#009E73", 1, 9},
    {LOG_QUANTITY_LOSS, LOG_LOSS, true, "loss of the head", "#E69F00", 2, 11},
};

/* The rows of each goodness, and the samples that count as errors: in an epoch, and of a layer as
 * trained. */
static const struct {
    const char *positive, *negative, *error, *trained;
} meanings[] = {
    [LOG_NEGATIVES_LABELS] = {"goodness, true label", "goodness, wrong ones",
                              "samples with a misranked wrong label",
                              "samples with a misranked wrong label"},
    [LOG_NEGATIVES_RANDOM] = {"goodness, true label", "goodness, wrong one",
                              "samples with a misranked wrong label", "misranked pairs"},
    [LOG_NEGATIVES_HARD] = {"goodness, true label", "goodness, wrong one",
                            "samples with a misranked wrong label",
                            "samples with a misranked wrong label"},
    [LOG_NEGATIVES_HYBRID] = {"goodness, images", "goodness, hybrids",
                              "misranked pairs of image and hybrid",
                              "misranked pairs of image and hybrid"},
    [LOG_NEGATIVES_UNKNOWN] = {"goodness, positive", "goodness, negative",
                               "samples with a misranked negative",
                               "samples with a misranked negative"},
};

const char *log_chart_label(const struct log_chart *chart, const struct log_series *series)
{
    if (series->label != NULL)
        return series->label;
    return series->figure == LOG_GOODNESS_POS ? meanings[chart->negatives].positive
                                              : meanings[chart->negatives].negative;
}

const char *log_quantity_title(enum log_quantity quantity)
{
    return quantities[quantity].title;
}

const struct log_epoch *log_stretch_last(const struct log_stretch *stretch)
{
    return &stretch->epochs[stretch->n - 1];
}

bool log_series_covers(const struct log_series *series, const struct log_stretch *stretch)
{
    return series->head == stretch->epochs[0].head;
}

double log_chart_value(const struct log_chart *chart, const struct log_series *series,
                       const struct log_epoch *epoch)
{
    double value = epoch->figures[series->figure] * quantities[series->quantity].scale;

    return chart->logarithmic && !(value > 0) ? NAN : value;
}

double log_stretch_place(const struct log_stretch *stretch, const struct log_epoch *epoch)
{
    return stretch->begin + (epoch->epoch - stretch->earlier);
}

static bool same_stretch(const struct log_epoch *a, const struct log_epoch *b)
{
    return a->sweep == b->sweep && a->layer == b->layer && a->head == b->head;
}

/* One stretch behind another, each as long as its last epoch's number without what earlier sweeps
 * have DONE of the layer, whatever is missing. */
static void find_stretches(struct log_chart *chart, uint32_t *done)
{
    const struct training_log *log = chart->log;
    double passed = 0;
    size_t i;

    chart->stretches = heap_resize(NULL, log->n, sizeof *chart->stretches);
    for (i = 0; i < log->n; chart->n_stretches++) {
        struct log_stretch *stretch = &chart->stretches[chart->n_stretches];
        const struct log_epoch *first = &log->epochs[i], *last;
        uint32_t *epochs = &done[first->layer];

        *stretch = (struct log_stretch){.epochs = first, .begin = passed};
        while (i < log->n && same_stretch(first, &log->epochs[i]))
            i++;
        stretch->n = (size_t)(&log->epochs[i] - first);
        last = log_stretch_last(stretch);
        if (!first->head) {
            stretch->earlier = *epochs < first->epoch ? *epochs : first->epoch - 1;
            *epochs = last->epoch;
        }
        stretch->end = passed = log_stretch_place(stretch, last);
    }
}

static uint32_t last_layer(const struct training_log *log)
{
    uint32_t last = 0;
    size_t i;

    for (i = 0; i < log->n; i++)
        if (log->epochs[i].layer > last)
            last = log->epochs[i].layer;
    return last;
}

/* Counts sweeps, and turns of layers. */
static void count_turns(struct log_chart *chart)
{
    const struct log_epoch *before = NULL;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_epoch *first = chart->stretches[i].epochs;
        bool new_sweep = before == NULL || first->sweep != before->sweep;

        chart->sweeps += new_sweep;
        chart->turns += first->layer > 0 && (new_sweep || first->layer != before->layer);
        before = first;
    }
}

/* What the negatives are is the same in all epochs that have any. */
static enum log_negatives find_negatives(const struct training_log *log)
{
    size_t i = 0;

    while (i < log->n && log->epochs[i].negatives == LOG_NEGATIVES_UNKNOWN)
        i++;
    return i < log->n ? log->epochs[i].negatives : LOG_NEGATIVES_UNKNOWN;
}

static void survey(struct log_chart *chart)
{
    uint32_t *done, layer;

    chart->last_layer = last_layer(chart->log);
    done = heap_resize(NULL, (size_t)chart->last_layer + 1, sizeof *done);
    memset(done, 0, ((size_t)chart->last_layer + 1) * sizeof *done);
    find_stretches(chart, done);
    count_turns(chart);
    for (layer = 1; layer <= chart->last_layer; layer++)
        chart->layers += done[layer] > 0;
    free(done);
    chart->negatives = find_negatives(chart->log);
}

/* Widens RANGE by the values of SERIES in the epochs that count. */
static void widen(const struct log_chart *chart, const struct log_series *series,
                  struct range *range)
{
    size_t i, e;

    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_stretch *stretch = &chart->stretches[i];

        if (!log_series_covers(series, stretch))
            continue;
        for (e = chart->last_only ? stretch->n - 1 : 0; e < stretch->n; e++) {
            double value = log_chart_value(chart, series, &stretch->epochs[e]);

            range->least = fmin(range->least, value);
            range->most = fmax(range->most, value);
        }
    }
}

static bool has_values(const struct log_chart *chart, const struct log_series *series)
{
    struct range range = {NAN, NAN};

    widen(chart, series, &range);
    return !isnan(range.most);
}

/* Those that have values; losses only without goodness, which shows more. */
static void choose_series(struct log_chart *chart)
{
    bool has_goodness = false;
    size_t i;

    for (i = 0; i < LOG_MOST_SERIES; i++) {
        const struct log_series *series = &all_series[i];

        if ((series->quantity == LOG_QUANTITY_LOSS && has_goodness) || !has_values(chart, series))
            continue;
        has_goodness = has_goodness || series->quantity == LOG_QUANTITY_GOODNESS;
        chart->series[chart->n_series++] = series;
    }
}

void log_chart_init(struct log_chart *chart, struct gnuplot *out, const struct training_log *log,
                    bool logarithmic, bool last_only)
{
    *chart = (struct log_chart){
        .out = out, .log = log, .logarithmic = logarithmic, .last_only = last_only};
    survey(chart);
    choose_series(chart);
}

void log_chart_keep_ends(struct log_chart *chart)
{
    size_t i, kept = 0;

    for (i = 0; i < chart->n_series; i++) {
        const struct log_series *series = chart->series[i];

        if (series->quantity == LOG_QUANTITY_ERROR && series->figure != LOG_HELD_OUT_ERROR &&
            (series->figure != LOG_ERROR || series->head))
            chart->series[kept++] = series;
    }
    chart->n_series = kept;
}

void log_chart_release(struct log_chart *chart)
{
    free(chart->stretches);
    *chart = (struct log_chart){.n_stretches = 0};
}

static bool shows_quantity(const struct log_chart *chart, enum log_quantity quantity)
{
    size_t i = 0;

    while (i < chart->n_series && chart->series[i]->quantity != quantity)
        i++;
    return i < chart->n_series;
}

struct axis log_chart_axis(const struct log_chart *chart, enum log_quantity quantity, double height)
{
    struct range range = {NAN, NAN};
    size_t i;

    for (i = 0; i < chart->n_series; i++)
        if (chart->series[i]->quantity == quantity)
            widen(chart, chart->series[i], &range);
    if (quantity == LOG_QUANTITY_GOODNESS && !chart->logarithmic)
        return axis_cut('y', range.least, range.most, height, ROOM_ABOVE);
    return axis_for('y', chart->logarithmic, range.least, range.most, height, ROOM_ABOVE);
}

bool log_chart_cuts_goodness(const struct log_chart *chart)
{
    return !chart->logarithmic && shows_quantity(chart, LOG_QUANTITY_GOODNESS) &&
           log_chart_axis(chart, LOG_QUANTITY_GOODNESS, PICTURE_HEIGHT).low > 0;
}

bool log_chart_has_heads(const struct log_chart *chart)
{
    size_t i;

    for (i = 0; i < chart->n_stretches; i++)
        if (chart->stretches[i].epochs[0].head)
            return true;
    return false;
}

static bool shows(const struct log_chart *chart, enum log_figure figure, bool head)
{
    size_t i;

    for (i = 0; i < chart->n_series; i++)
        if (chart->series[i]->figure == figure && chart->series[i]->head == head)
            return true;
    return false;
}

static bool has_goodness(const struct log_chart *chart)
{
    size_t i;

    for (i = 0; i < chart->log->n; i++)
        if (!isnan(chart->log->epochs[i].figures[LOG_GOODNESS_POS]))
            return true;
    return false;
}

void log_chart_note_error(const struct log_chart *chart, struct figure_note *note)
{
    bool by_goodness = shows(chart, LOG_ERROR, false) && has_goodness(chart);

    if (by_goodness)
        figure_note_add(note, "error: %s", meanings[chart->negatives].error);
    else if (shows(chart, LOG_ERROR, false))
        figure_note_add(note, "error: misclassified samples");
    if (shows(chart, LOG_ERROR, true))
        figure_note_add(note, "of the head: misclassified samples");
}

void log_chart_note_trained(const struct log_chart *chart, struct figure_note *note)
{
    if (shows(chart, LOG_TRAINED_ERROR, false))
        figure_note_add(note, "as trained: %s, without dropout",
                        meanings[chart->negatives].trained);
    if (shows(chart, LOG_VALIDATION_ERROR, false))
        figure_note_add(note, "held out: by goodness summed from the first layer up");
}

/* The most epochs of a layer, of the network, or of a head. */
static double most_epochs(const struct log_chart *chart, bool head)
{
    double most = NAN;
    size_t i;

    for (i = 0; i < chart->n_stretches; i++) {
        const struct log_epoch *last = log_stretch_last(&chart->stretches[i]);

        if (last->head == head)
            most = fmax(most, last->epoch);
    }
    return most;
}

/* Samples of a whole epoch: one in which a run resumed has only the rest. */
static double samples(const struct log_chart *chart)
{
    double most = NAN;
    size_t i;

    for (i = 0; i < chart->log->n; i++) {
        const double *figures = chart->log->epochs[i].figures;
        double rows = round(figures[LOG_RATE] * figures[LOG_SECONDS]);

        if (rows >= 1 && rows <= MOST_ROWS)
            most = fmax(most, rows);
    }
    return most;
}

void log_chart_note_what(const struct log_chart *chart, struct figure_note *note)
{
    bool all_at_once = chart->layers == 0;

    if (!all_at_once)
        figure_note_count(note, chart->layers, "layer", "layers");
    figure_note_count(note, most_epochs(chart, false),
                      all_at_once ? "epoch of the whole network" : "epoch of each",
                      all_at_once ? "epochs of the whole network" : "epochs of each");
    figure_note_count(note, most_epochs(chart, true), "epoch of each head", "epochs of each head");
    if (chart->sweeps > 1)
        figure_note_count(note, chart->sweeps, "sweep", "sweeps");
    figure_note_count(note, samples(chart), "sample", "samples");
    figure_note_text(note, chart->log->name);
}

void log_chart_write_looks(const struct log_chart *chart, bool thin)
{
    size_t i;

    /* A sample of more than one dash; points that stand on zero before the axis. */
    fputs("set key samplen 3\nset border 1 back linecolor rgb '" FIGURE_GREY "'\n",
          chart->out->script);
    for (i = 0; i < chart->n_series; i++)
        fprintf(chart->out->script,
                "set style line %zu linecolor rgb '%s' linewidth %g dashtype %d pointtype %d "
                "pointsize 0.9\n",
                i + 1, chart->series[i]->colour, thin ? 1.0 : 1.6, chart->series[i]->dash,
                chart->series[i]->point);
}
