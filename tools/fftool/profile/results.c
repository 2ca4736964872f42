/* Results in memory, and writing them; read.c reads them. */
#include "profile/results.h"
#include "common/heap.h"
#include "common/output.h"
#include "common/whole_file.h"
#include "json.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *member;
    bool whole;
} figures[] = {
#define PROFILE_FIGURE_ROW(name, member, whole) {#member, whole},
    PROFILE_FIGURE_TABLE(PROFILE_FIGURE_ROW)
#undef PROFILE_FIGURE_ROW
};

const char *profile_figure_member(enum profile_figure figure)
{
    return figures[figure].member;
}

bool profile_figure_is_whole(enum profile_figure figure)
{
    return figures[figure].whole;
}

double profile_setting(const struct profile_results *results, const char *name)
{
    return reading_number(json_object_get(results->settings, name));
}

void profile_point_release(struct profile_point *point)
{
    free(point->mode);
    free(point->error);
    *point = (struct profile_point){0};
}

void profile_results_release(struct profile_results *results)
{
    size_t i;

    for (i = 0; i < results->n_points; i++)
        profile_point_release(&results->points[i]);
    free(results->points);
    free(results->date);
    free(results->data);
    json_decref(results->settings);
    json_decref(results->machine);
    *results = (struct profile_results){0};
}

/* The position of MODE in the table of modes; after all others if it is not in it. */
static size_t mode_rank(const char *mode)
{
    const struct ff_recipe_choice *choices = ff_recipe_choices("mode");
    size_t i;

    for (i = 0; choices[i].name != NULL; i++)
        if (strcmp(choices[i].name, mode) == 0)
            break;
    return i;
}

/* Returns negative, 0 or positive, as strcmp(). */
static int compare(const struct profile_point *a, const struct profile_point *b)
{
    size_t rank_a, rank_b;

    if (a->layers != b->layers)
        return a->layers < b->layers ? -1 : 1;
    rank_a = mode_rank(a->mode);
    rank_b = mode_rank(b->mode);
    if (rank_a != rank_b)
        return rank_a < rank_b ? -1 : 1;
    return strcmp(a->mode, b->mode);
}

void profile_put(struct profile_results *results, const struct profile_point *point)
{
    size_t at = results->n_points;
    struct profile_point *points;

    while (at > 0 && compare(&results->points[at - 1], point) > 0)
        at--;
    if (at > 0 && compare(&results->points[at - 1], point) == 0) {
        profile_point_release(&results->points[at - 1]);
        results->points[at - 1] = *point;
        return;
    }
    assert(results->n_points < PROFILE_MOST_POINTS);
    points = heap_resize(results->points, results->n_points + 1, sizeof *points);
    memmove(points + at + 1, points + at, (results->n_points - at) * sizeof *points);
    points[at] = *point;
    results->points = points;
    results->n_points++;
}

const struct profile_point *profile_find(const struct profile_results *results, const char *mode,
                                         uint32_t layers)
{
    size_t i;

    for (i = 0; i < results->n_points; i++)
        if (results->points[i].layers == layers && strcmp(results->points[i].mode, mode) == 0)
            return &results->points[i];
    return NULL;
}

double profile_figure(const struct profile_results *results, const char *mode, uint32_t layers,
                      enum profile_figure figure)
{
    const struct profile_point *point = profile_find(results, mode, layers);

    return point != NULL ? point->figures[figure] : NAN;
}

bool profile_did_not_fit(const struct profile_results *results, const struct profile_point *point)
{
    if (point->error == NULL)
        return false;
    return point->exit_code == EXIT_BUDGET ||
           (point->exit_code == PROFILE_KILLED_CODE && profile_setting(results, "limit") > 0);
}

/* Inserts MODE in order, unless it is present. Returns false if there is no room for it. */
static bool add_mode(struct profile_modes *modes, const char *mode)
{
    size_t i, at;

    for (i = 0; i < modes->n; i++)
        if (strcmp(modes->names[i], mode) == 0)
            return true;
    if (modes->n == PROFILE_MOST_MODES)
        return false;
    for (at = modes->n++; at > 0 && mode_rank(modes->names[at - 1]) > mode_rank(mode); at--)
        modes->names[at] = modes->names[at - 1];
    modes->names[at] = mode;
    return true;
}

void profile_modes(const struct profile_results *results, struct profile_modes *out)
{
    size_t i;

    out->n = 0;
    for (i = 0; i < results->n_points; i++)
        add_mode(out, results->points[i].mode);
}

void profile_depths(const struct profile_results *results, struct profile_depths *out)
{
    size_t i;

    out->n = 0;
    for (i = 0; i < results->n_points; i++)
        if (out->n == 0 || out->layers[out->n - 1] != results->points[i].layers)
            out->layers[out->n++] = results->points[i].layers;
}

bool profile_has_room(const struct profile_results *results, const struct profile_modes *modes,
                      const struct profile_depths *depths)
{
    struct profile_modes all;
    size_t points = results->n_points, m, i;

    profile_modes(results, &all);
    for (m = 0; m < modes->n; m++) {
        if (!add_mode(&all, modes->names[m]))
            return false;
        for (i = 0; i < depths->n; i++)
            points += profile_find(results, modes->names[m], depths->layers[i]) == NULL;
    }
    return points <= PROFILE_MOST_POINTS;
}

/* Sums over points of differences from their means, so that large numbers do not hide small
 * differences. */
struct fit {
    double n, mean_x, mean_y, sum_xx, sum_xy;
};

static struct fit fit_of(const double *x, const double *y, size_t n)
{
    struct fit fit = {.n = (double)n};
    size_t i;

    for (i = 0; i < n; i++) {
        fit.mean_x += x[i] / fit.n;
        fit.mean_y += y[i] / fit.n;
    }
    for (i = 0; i < n; i++) {
        fit.sum_xx += (x[i] - fit.mean_x) * (x[i] - fit.mean_x);
        fit.sum_xy += (x[i] - fit.mean_x) * (y[i] - fit.mean_y);
    }
    return fit;
}

static double sum_of_squared_residuals(const struct fit *fit, double slope, const double *x,
                                       const double *y, size_t n)
{
    double sum = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        double residual = y[i] - fit->mean_y - slope * (x[i] - fit->mean_x);

        sum += residual * residual;
    }
    return sum;
}

struct profile_slope profile_slope(const struct profile_results *results, const char *mode)
{
    struct profile_slope slope = {0, NAN, NAN};
    double *x = heap_resize(NULL, results->n_points, sizeof *x);
    double *y = heap_resize(NULL, results->n_points, sizeof *y);
    struct fit fit;
    size_t n = 0, i;

    for (i = 0; i < results->n_points; i++) {
        const struct profile_point *point = &results->points[i];

        if (strcmp(point->mode, mode) != 0 || isnan(point->figures[PROFILE_PEAK_RSS]))
            continue;
        x[n] = point->layers;
        y[n++] = point->figures[PROFILE_PEAK_RSS];
    }
    fit = fit_of(x, y, n);
    slope.points = (uint32_t)n;
    if (n >= 2)
        slope.bytes_per_layer = fit.sum_xy / fit.sum_xx;
    if (n >= 3)
        slope.standard_error_bytes =
            sqrt(sum_of_squared_residuals(&fit, slope.bytes_per_layer, x, y, n) / (fit.n - 2) /
                 fit.sum_xx);
    free(x);
    free(y);
    return slope;
}

static json_t *figure_value(enum profile_figure figure, double value)
{
    if (isnan(value))
        return json_null();
    return figures[figure].whole ? json_from_count((uint64_t)value) : json_from_real(value);
}

static json_t *point_object(const struct profile_results *results,
                            const struct profile_point *point)
{
    struct json_builder object = json_build(json_object());
    int i;

    json_add(&object, "mode", json_from_text(point->mode));
    json_add(&object, "layers", json_from_count(point->layers));
    json_add(&object, "hidden", json_incref(json_object_get(results->settings, "hidden")));
    json_add(&object, "batch", json_incref(json_object_get(results->settings, "batch")));
    for (i = 0; i < PROFILE_FIGURES; i++)
        json_add(&object, figures[i].member,
                 figure_value((enum profile_figure)i, point->figures[i]));
    if (point->error != NULL) {
        json_add(&object, "error", json_from_text(point->error));
        json_add(&object, "exit_code", json_integer(point->exit_code));
    }
    return json_built(&object);
}

static json_t *slope_object(const struct profile_results *results, const char *mode)
{
    struct profile_slope slope = profile_slope(results, mode);
    struct json_builder object = json_build(json_object());

    json_add(&object, "mode", json_from_text(mode));
    json_add(&object, "points", json_from_count(slope.points));
    json_add(&object, "bytes_per_layer", json_from_real(slope.bytes_per_layer));
    json_add(&object, "standard_error_bytes", json_from_real(slope.standard_error_bytes));
    return json_built(&object);
}

static json_t *document(const struct profile_results *results)
{
    struct json_builder object = json_build(json_object()), points = json_build(json_array()),
                        slopes = json_build(json_array());
    struct profile_modes modes;
    size_t i;

    for (i = 0; i < results->n_points; i++)
        json_append(&points, point_object(results, &results->points[i]));
    profile_modes(results, &modes);
    for (i = 0; i < modes.n; i++)
        json_append(&slopes, slope_object(results, modes.names[i]));
    json_add(&object, "schema", json_from_text(PROFILE_SCHEMA));
    json_add(&object, "date", json_from_text(results->date));
    json_add(&object, "data", json_from_text(results->data));
    json_add(&object, "machine", json_incref(results->machine));
    json_add(&object, "settings", json_incref(results->settings));
    json_add(&object, "points", json_built(&points));
    json_add(&object, "slopes", json_built(&slopes));
    return json_built(&object);
}

int profile_results_write(const struct cli *cli, const char *path,
                          const struct profile_results *results)
{
    char *text = json_document(document(results));
    int result = text != NULL ? whole_file_write(cli, path, text, strlen(text))
                              : report_failure(cli, "out of memory");

    free(text);
    return result;
}
