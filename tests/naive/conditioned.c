#include "naive/conditioned.h"

#include "base/rng.h"
#include "naive/backprop.h"
#include "naive/parts.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

bool naive_is_conditioned(const struct ff_recipe *recipe)
{
    return !naive_is_backprop(recipe) && oracle_is_over_labels(recipe->loss);
}

uint32_t naive_conditions(const struct ff_recipe *recipe, uint32_t classes)
{
    return naive_is_conditioned(recipe) ? classes : 0;
}

void naive_set_label(const struct ff_recipe *recipe, uint32_t classes, size_t width, uint32_t label,
                     double *x)
{
    for (uint32_t c = 0; c < classes; c++)
        x[width + c] = c == label ? recipe->label_strength : 0;
}

void naive_seed_conditioned(uint64_t seed, uint32_t number, uint32_t classes,
                            struct oracle_layer *layer)
{
    size_t width = layer->fan_in - classes;
    double deviation = 1 / sqrt((double)width);

    naive_normal(ff_rng_make(seed, FF_RNG_WEIGHTS, number, 0), 0, width, deviation, layer);
    naive_normal(ff_rng_make(seed, FF_RNG_LABEL_WEIGHTS, number, 0), width, classes, deviation,
                 layer);
}

/* The weight of each label in what is passed on, from the goodness G (classes), in its place. */
static void weigh(const struct ff_recipe *recipe, uint32_t classes, double *g)
{
    bool posterior = strcmp(recipe->pass_on, "posterior") == 0;
    double gs = posterior ? recipe->goodness_scale : 0, sum = 0, largest = g[0];

    ck_assert(posterior || strcmp(recipe->pass_on, "mean") == 0);
    for (uint32_t c = 1; c < classes; c++)
        largest = fmax(largest, g[c]);
    for (uint32_t c = 0; c < classes; c++) {
        g[c] = exp(gs * (g[c] - largest));
        sum += g[c];
    }
    for (uint32_t c = 0; c < classes; c++)
        g[c] /= sum;
}

void naive_pass_on(const struct ff_recipe *recipe, uint32_t classes,
                   const struct oracle_layer *layer, double *x, double *y)
{
    size_t width = layer->fan_in - classes, units = layer->units;
    double *under = naive_alloc(classes * (units + 1), sizeof *under);
    double *weight = under + classes * units;

    naive_set_label(recipe, classes, width, NAIVE_NEUTRAL, x);
    naive_forward(layer, x, y);
    if (classes == 0 || strcmp(recipe->pass_on, "label-free") == 0) {
        free(under);
        return;
    }
    for (uint32_t c = 0; c < classes; c++) {
        naive_set_label(recipe, classes, width, c, x);
        weight[c] = naive_forward(layer, x, under + c * units);
    }
    weigh(recipe, classes, weight);
    for (size_t j = 0; j < units; j++) {
        y[j] = 0;
        for (uint32_t c = 0; c < classes; c++)
            y[j] += weight[c] * under[c * units + j];
    }
    free(under);
}

/* ---- The labels that a row meets ---- */

struct list {
    uint32_t n;
    uint16_t *labels; /* (classes): N of them, and room */
    uint32_t truth;   /* the true one's place */
};

static bool is_listed(const struct list *list, uint32_t label)
{
    for (uint32_t i = 0; i < list->n; i++) {
        if (list->labels[i] == label)
            return true;
    }
    return false;
}

/* The goodness of the row under LABEL. x: (fan_in), room */
static double goodness_under(const struct naive_meeting *meeting, const struct oracle_layer *layer,
                             uint32_t label, double *x, double *y)
{
    size_t width = layer->fan_in - meeting->classes;

    memcpy(x, meeting->x, width * sizeof *x);
    naive_set_label(meeting->recipe, meeting->classes, width, label, x);
    return naive_forward(layer, x, y);
}

struct oracle_layer naive_few_units(const struct oracle_layer *layer, size_t turn)
{
    const size_t most = layer->units < 64 ? layer->units : 64;
    struct oracle_layer few = *layer;
    size_t step = ff_tile_units((uint32_t)layer->units), windows = 0, first;

    while (windows * step + most <= layer->units)
        windows++;
    first = turn % windows * step;
    few.units = most;
    few.w += first * few.fan_in;
    few.b += first;
    return few;
}

/* Lists the N hardest of the labels that are not listed yet. */
static void list_hard(const struct naive_meeting *meeting, const struct oracle_layer *layer,
                      uint32_t n, struct list *list)
{
    struct oracle_layer few = naive_few_units(layer, meeting->batch + meeting->epoch);
    double *x = naive_alloc(few.fan_in + few.units, sizeof *x), *y = x + few.fan_in;

    for (uint32_t i = 0; i < n; i++) {
        double best = -1;

        for (uint32_t label = 0; label < meeting->classes; label++) {
            double g = goodness_under(meeting, &few, label, x, y);

            if (g > best && !is_listed(list, label)) {
                best = g;
                list->labels[list->n] = (uint16_t)label;
            }
        }
        list->n++;
    }
    free(x);
}

/* Lists wrong labels at random until there are N; for one that is listed the next one that is not.
 */
static void list_random(const struct naive_meeting *meeting, uint32_t n, struct list *list)
{
    struct ff_rng rng =
        ff_rng_make(meeting->recipe->seed, FF_RNG_LABEL_SAMPLE, meeting->number, meeting->epoch);

    while (list->n < n) {
        uint32_t label = ff_rng_below(&rng, meeting->place * n + list->n, meeting->classes - 1);

        label += label >= meeting->truth;
        while (is_listed(list, label))
            label = (label + 1) % meeting->classes;
        list->labels[list->n++] = (uint16_t)label;
    }
}

static struct list list_labels(const struct naive_meeting *meeting,
                               const struct oracle_layer *layer)
{
    uint32_t wrong = meeting->recipe->label_samples;
    struct list list = {.labels = naive_alloc(meeting->classes, sizeof *list.labels)};

    wrong = wrong ? wrong : 19;
    if (meeting->number > 0 && wrong + 1 < meeting->classes) {
        list.labels[list.n++] = meeting->truth;
        list_hard(meeting, layer, (wrong + 1) / 2, &list);
        list_random(meeting, wrong + 1, &list);
        return list;
    }
    list.truth = meeting->truth;
    for (; list.n < meeting->classes; list.n++)
        list.labels[list.n] = (uint16_t)list.n;
    return list;
}

/* ---- What it learns from them ---- */

/* The loss of the row, and its derivatives by the goodness G (n) under each label. */
static double label_slopes(const struct naive_meeting *meeting, const struct list *list, double *g,
                           double *slopes)
{
    const struct ff_recipe *recipe = meeting->recipe;
    const struct ff_loss *loss = ff_loss_find(recipe->loss);
    struct ff_loss_params params = {.goodness_scale = (float)recipe->goodness_scale,
                                    .label_smoothing = (float)recipe->label_smoothing};

    for (uint32_t i = 0; i < list->n; i++) {
        double was = g[i], above, below;

        g[i] = was + NAIVE_SLOPE_STEP;
        above = oracle_label_loss(loss, &params, true, list->n, list->truth, g);
        g[i] = was - NAIVE_SLOPE_STEP;
        below = oracle_label_loss(loss, &params, true, list->n, list->truth, g);
        g[i] = was;
        slopes[i] = (above - below) / (2 * NAIVE_SLOPE_STEP);
    }
    return oracle_label_loss(loss, &params, true, list->n, list->truth, g);
}

/* The goodness of the true label against the others'. */
static void count(const struct naive_meeting *meeting, const struct list *list, const double *g,
                  struct naive_figures *figures)
{
    bool wrong = false;

    for (uint32_t i = 0; i < list->n; i++) {
        if (i == list->truth)
            continue;
        figures->goodness_neg += g[i] / (list->n - 1) / meeting->all_rows;
        wrong = wrong || g[i] >= g[list->truth];
    }
    figures->goodness_pos += g[list->truth] / meeting->all_rows;
    figures->error += wrong / meeting->all_rows;
}

void naive_meet(const struct naive_meeting *meeting, const struct oracle_layer *layer, double *dw,
                double *db, struct naive_figures *figures)
{
    struct list list = list_labels(meeting, layer);
    size_t n = list.n, fan_in = layer->fan_in, units = layer->units;
    double *x = naive_alloc(n * (fan_in + units + 2), sizeof *x);
    double *y = x + n * fan_in, *g = y + n * units, *slopes = g + n;

    for (size_t i = 0; i < n; i++)
        g[i] = goodness_under(meeting, layer, list.labels[i], x + i * fan_in, y + i * units);
    count(meeting, &list, g, figures);
    figures->loss += meeting->weight * label_slopes(meeting, &list, g, slopes) / meeting->all_rows;
    for (size_t i = 0; i < n; i++)
        naive_add_gradient(layer,
                           meeting->weight * slopes[i] * 2 / (double)units / meeting->batch_rows,
                           y + i * units, x + i * fan_in, dw, db);
    free(x);
    free(list.labels);
}
