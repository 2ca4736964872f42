#include "commands/planning.h"
#include "common/heap.h"
#include "options.h"
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int planning_parse_numbers(const char *command, const char *option, const char *text, uint32_t most,
                           struct planning_numbers *out)
{
    const char *at = text;

    for (out->n = 0; out->n < PLANNING_MOST_NUMBERS; at++) {
        char *end;
        unsigned long value;

        errno = 0;
        value = strtoul(at, &end, 10);
        if (*at < '0' || *at > '9' || errno != 0 || value < 1 || value > most ||
            (*end != ',' && *end != '\0'))
            break;
        out->values[out->n++] = (uint32_t)value;
        at = end;
        if (*end == '\0')
            return EXIT_DONE;
    }
    if (out->n == PLANNING_MOST_NUMBERS)
        return usage_error(command, "--%s: more than %d numbers", option, PLANNING_MOST_NUMBERS);
    return usage_error(command, "--%s: \"%s\" is not a list of whole numbers from 1 to %u", option,
                       text, most);
}

/* A unit behind a number. */
struct unit {
    const char *name;
    double factor;
};

/* Reads a number with one of UNITS, of which the last has no name. Returns NAN for anything else.
 */
static double read_quantity(const char *text, const struct unit *units)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || !isfinite(value))
        return NAN;
    while (*units->name != '\0' && strcmp(end, units->name) != 0)
        units++;
    return strcmp(end, units->name) == 0 ? value * units->factor : NAN;
}

int planning_parse_link(const char *command, const char *bandwidth, const char *latency,
                        struct planning *planning)
{
    static const struct unit rates[] = {{"K", 1e3}, {"k", 1e3},  {"M", 1e6},
                                        {"G", 1e9}, {"T", 1e12}, {"", 1}};
    static const struct unit times[] = {{"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"", 1}};
    struct ff_train_opts *opts = &planning->opts;

    opts->bits_per_second = read_quantity(bandwidth, rates);
    opts->latency_s = read_quantity(latency, times);
    if (!(opts->bits_per_second > 0))
        return usage_error(command,
                           "--bandwidth: \"%s\" is not a number of bits per second such as "
                           "1G or 500M, above 0",
                           bandwidth);
    if (!(opts->latency_s >= 0))
        return usage_error(command, "--latency: \"%s\" is not a time such as 0.1ms, 50us or 0",
                           latency);
    return EXIT_DONE;
}

static void on_epoch_time(void *arg, uint32_t first, uint32_t last, double seconds)
{
    struct planning_row *row = arg;

    plan_times_add(&row->times, first, last, seconds);
}

/* Plans RECIPE, whose layers are set, for RANKS processes. */
static int plan_one(struct planning *planning, struct ff_recipe *recipe, uint32_t ranks)
{
    const struct ff_plan_data *data = &planning->data;
    const struct profile_modes *modes = &planning->modes;
    struct ff_train_opts opts = planning->opts;
    struct planning_row *row = &planning->rows[planning->n_rows];
    int status;

    *row = (struct planning_row){.plan.size = sizeof row->plan, .ranks = ranks};
    opts.ranks = (uint16_t)ranks;
    opts.on_epoch_time = on_epoch_time;
    opts.arg = row;
    ff_recipe_drop_unused(recipe, modes->names, modes->n);
    ff_train_opts_drop_unused(&opts, ff_recipe_get_text(recipe, "mode"), modes->names, modes->n);
    status = ff_plan_train(planning->cli->ctx, recipe, &opts, opts.data.path != NULL ? NULL : data,
                           &row->plan);
    if (status != FF_OK && (status != FF_EBUDGET || planning->one)) {
        int result = report_status(planning->cli, status);

        if (status != FF_EBUDGET || !planning->json)
            return result;
    }
    if (ranks == planning->ranks.values[0])
        plan_warn_of_steps(planning->cli, &row->plan);
    row->mode = ff_recipe_get_text(recipe, "mode");
    row->layers = ff_recipe_layers(recipe);
    row->units = ff_recipe_units(recipe, 1);
    row->fits = status == FF_OK;
    planning->n_rows++;
    return EXIT_DONE;
}

/* Plans MODE with HIDDEN layers, for each number of processes. */
static int plan_network(struct planning *planning, const char *mode, const char *hidden)
{
    const struct cli *cli = planning->cli;
    int result = EXIT_DONE;

    for (size_t i = 0; i < planning->ranks.n && result == EXIT_DONE; i++) {
        struct ff_recipe *recipe;

        result = recipe_from_options(cli, hidden, &recipe);
        if (result == EXIT_DONE)
            result = report_status(cli, ff_recipe_set(cli->ctx, recipe, "mode", mode));
        if (result == EXIT_DONE)
            result = plan_one(planning, recipe, planning->ranks.values[i]);
        ff_recipe_free(recipe);
    }
    return result;
}

/* Plans MODE with DEPTH layers of each width; 0: the layers of --hidden. */
static int plan_depth(struct planning *planning, const char *mode, uint32_t depth)
{
    int result = EXIT_DONE;
    char hidden[64];

    if (depth == 0)
        return plan_network(planning, mode, planning->hidden);
    snprintf(hidden, sizeof hidden, "%.32sx%u", planning->hidden, depth);
    if (planning->widths.n == 0)
        return plan_network(planning, mode, hidden);
    for (size_t i = 0; i < planning->widths.n && result == EXIT_DONE; i++) {
        snprintf(hidden, sizeof hidden, "%ux%u", planning->widths.values[i], depth);
        result = plan_network(planning, mode, hidden);
    }
    return result;
}

/* Nothing is printed before all is known: one mode may be rejected where others are not. */
int planning_run(struct planning *planning)
{
    size_t depths = planning->depths.n > 0 ? planning->depths.n : 1, d, m;
    size_t widths = planning->widths.n > 0 ? planning->widths.n : 1;
    size_t most = depths * widths * planning->modes.n * planning->ranks.n;
    int result = EXIT_DONE;

    planning->one = most == 1;
    planning->rows = heap_resize(NULL, most, sizeof *planning->rows);
    for (d = 0; d < depths; d++)
        for (m = 0; m < planning->modes.n && result == EXIT_DONE; m++)
            result = plan_depth(planning, planning->modes.names[m],
                                planning->depths.n > 0 ? planning->depths.layers[d] : 0);
    return result;
}

void planning_release(struct planning *planning)
{
    for (size_t i = 0; i < planning->n_rows; i++)
        plan_times_release(&planning->rows[i].times);
    free(planning->rows);
}
