/* What `fftool plan` prints: a network at length, a table, JSON, and a figure. */
#include "commands/planning.h"
#include "common/heap.h"
#include "figures/speedup.h"
#include <stdlib.h>

static void print_line(void *arg, const char *text)
{
    (void)arg;
    puts(text);
}

/* "12.34 ms", or as longer times are printed. */
static struct text text_short_time(double seconds)
{
    struct text out;

    if (!(seconds < 1))
        return text_duration(seconds);
    snprintf(out.s, sizeof out.s, "%.2f ms", seconds * 1e3);
    return out;
}

/* "2.71", "-" if it is not known */
static struct text text_speedup(const struct ff_plan *plan)
{
    struct text out = {"-"};

    if (plan->speedup > 0)
        snprintf(out.s, sizeof out.s, "%.2f", plan->speedup);
    return out;
}

static struct text text_link(const struct ff_train_opts *opts)
{
    struct text out;

    snprintf(out.s, sizeof out.s, "%g Gbit/s and %g ms", opts->bits_per_second * 1e-9,
             opts->latency_s * 1e3);
    return out;
}

static void print_team(const struct planning_row *row, const struct ff_train_opts *opts)
{
    const struct ff_plan *plan = &row->plan;

    if (row->ranks == 1)
        return;
    printf("team of %u, all of this for the first process: it sends %s and receives %s\n",
           row->ranks, text_bytes(plan->sent_bytes).s, text_bytes(plan->received_bytes).s);
    printf("  by a model of links of %s: %s in exchanges, %s of a step of %s; %s times as fast as "
           "one process\n",
           text_link(opts).s, text_duration(plan->exchange_seconds).s,
           text_short_time(plan->step_exchange_seconds).s, text_short_time(plan->step_seconds).s,
           text_speedup(plan).s);
}

static void print_at_length(const struct planning_row *row, const struct ff_train_opts *opts)
{
    const struct ff_plan *plan = &row->plan;

    printf("%s: %s, %s, %s in %s of batches of %s\n", row->mode,
           text_counted(row->layers, "layer").s, text_counted(plan->parameters, "parameter").s,
           text_counted(plan->steps, "step").s, text_counted(plan->epochs, "epoch").s,
           text_count(plan->batch).s);
    plan_lines(plan, print_line, NULL);
    printf("scratch: peak %s; written, with the model: %s\n",
           text_bytes(plan->scratch_peak_bytes).s, text_bytes(plan->written_bytes).s);
    printf("model: %s; while it is compacted at the end: %s\n", text_bytes(plan->model_bytes).s,
           text_bytes(plan->model_peak_bytes).s);
    print_team(row, opts);
    plan_time_line(plan, print_line, NULL);
    plan_time_lines(&row->times, print_line, NULL);
}

/* The table of teams. */
static void print_teams(const struct planning *planning)
{
    printf("A model: what the first process of a team computes, as measured or given, and what it "
           "exchanges over a link\nof %s. Step and exchange are those of the slowest layer; "
           "speed-up is that of the whole training.\n\n",
           text_link(&planning->opts).s);
    printf("mode           layers    units  ranks        peak     scratch        sent    received  "
           "      step    exchange  speed-up\n");
    for (size_t i = 0; i < planning->n_rows; i++) {
        const struct planning_row *row = &planning->rows[i];
        const struct ff_plan *plan = &row->plan;

        printf("%-14s %6u  %7u  %5u  %10s  %10s  %10s  %10s  %10s  %10s  %8s%s\n", row->mode,
               row->layers, row->units, row->ranks, text_bytes(plan->peak_bytes).s,
               text_bytes(plan->scratch_peak_bytes).s, text_bytes(plan->sent_bytes).s,
               text_bytes(plan->received_bytes).s, text_short_time(plan->step_seconds).s,
               text_short_time(plan->step_exchange_seconds).s, text_speedup(plan).s,
               row->fits ? "" : "  does not fit");
    }
}

static void print_table(const struct planning *planning)
{
    size_t i;

    printf("mode            layers        peak    smallest     scratch     written       model     "
           "    time\n");
    for (i = 0; i < planning->n_rows; i++) {
        const struct planning_row *row = &planning->rows[i];
        const struct ff_plan *plan = &row->plan;

        printf("%-14s %7u  %10s  %10s  %10s  %10s  %10s  %11s%s\n", row->mode, row->layers,
               text_bytes(plan->peak_bytes).s, text_bytes(plan->smallest_bytes).s,
               text_bytes(plan->scratch_peak_bytes).s, text_bytes(plan->written_bytes).s,
               text_bytes(plan->model_bytes).s, text_duration(plan->seconds).s,
               row->fits ? "" : "  does not fit");
    }
}

static json_t *data_object(const struct planning *planning)
{
    const char *path = planning->opts.data.path;
    const struct ff_plan_data *data = &planning->data;
    struct json_builder object = json_build(json_object());

    if (path != NULL) {
        json_add(&object, "path", json_from_text(path));
        return json_built(&object);
    }
    json_add(&object, "samples", json_from_count(data->samples));
    json_add(&object, "features", json_from_count(data->features));
    if (data->height > 0) {
        json_add(&object, "height", json_from_count(data->height));
        json_add(&object, "width", json_from_count(data->width));
    }
    json_add(&object, "classes", json_from_count(data->classes));
    json_add(&object, "float", json_boolean(data->is_float));
    return json_built(&object);
}

static void add_team(struct json_builder *object, const struct planning_row *row)
{
    const struct ff_plan *plan = &row->plan;

    json_add(object, "units", json_from_count(row->units));
    json_add(object, "ranks", json_from_count(row->ranks));
    json_add(object, "sent_bytes", json_from_count(plan->sent_bytes));
    json_add(object, "received_bytes", json_from_count(plan->received_bytes));
    json_add(object, "messages", json_from_count(plan->messages));
    json_add(object, "exchange_seconds", json_from_real(plan->exchange_seconds));
    json_add(object, "step_seconds", json_from_real(plan->step_seconds));
    json_add(object, "step_exchange_seconds", json_from_real(plan->step_exchange_seconds));
    json_add(object, "speedup", plan->speedup > 0 ? json_from_real(plan->speedup) : json_null());
}

static json_t *link_object(const struct planning *planning)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "bits_per_second", json_from_real(planning->opts.bits_per_second));
    json_add(&object, "latency_seconds", json_from_real(planning->opts.latency_s));
    return json_built(&object);
}

static json_t *point_object(const struct planning_row *row)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "mode", json_from_text(row->mode));
    json_add(&object, "layers", json_from_count(row->layers));
    json_add(&object, "fits", json_boolean(row->fits));
    json_add_plan(&object, &row->plan);
    json_add_times(&object, &row->plan, &row->times);
    add_team(&object, row);
    return json_built(&object);
}

static int print_json(const struct planning *planning)
{
    struct json_builder object = json_build(json_object()), points = json_build(json_array());
    size_t i;

    for (i = 0; i < planning->n_rows; i++)
        json_append(&points, point_object(&planning->rows[i]));
    json_add(&object, "data", data_object(planning));
    json_add(&object, "link", link_object(planning));
    json_add(&object, "points", json_built(&points));
    return json_print(planning->cli, json_built(&object));
}

static bool has_teams(const struct planning *planning)
{
    for (size_t i = 0; i < planning->ranks.n; i++)
        if (planning->ranks.values[i] > 1)
            return true;
    return planning->widths.n > 0;
}

/* A line for each network: its rows follow each other. */
static void list_lines(const struct planning *planning, struct speedup_line *lines)
{
    size_t each = planning->ranks.n;

    for (size_t i = 0; i * each < planning->n_rows; i++) {
        const struct planning_row *row = &planning->rows[i * each];

        lines[i] = (struct speedup_line){.first = i * each, .n = each};
        snprintf(lines[i].label, sizeof lines[i].label, "%s, %s of %s", row->mode,
                 text_counted(row->layers, "layer").s, text_counted(row->units, "unit").s);
    }
}

static int draw(const struct planning *planning)
{
    struct text link = text_link(&planning->opts);
    struct speedup_chart chart = {.n_lines = planning->n_rows / planning->ranks.n, .link = link.s};
    struct speedup_line *lines;
    struct speedup_point *points;
    struct gnuplot out;
    int result = gnuplot_begin(planning->cli, gnuplot_format(planning->plot), &out);

    if (result != EXIT_DONE)
        return result;
    chart.lines = lines = heap_resize(NULL, chart.n_lines, sizeof *lines);
    chart.points = points = heap_resize(NULL, planning->n_rows, sizeof *points);
    list_lines(planning, lines);
    for (size_t i = 0; i < planning->n_rows; i++)
        points[i] = (struct speedup_point){planning->rows[i].ranks, planning->rows[i].plan.speedup};
    speedup_write(&out, &chart);
    free(points);
    free(lines);
    return gnuplot_end(&out, planning->plot);
}

int planning_print(const struct planning *planning)
{
    int result = EXIT_DONE;
    size_t i;

    if (planning->json)
        result = print_json(planning);
    else if (planning->one)
        print_at_length(planning->rows, &planning->opts);
    else if (has_teams(planning))
        print_teams(planning);
    else
        print_table(planning);
    if (result == EXIT_DONE && planning->plot != NULL)
        result = draw(planning);
    for (i = 0; i < planning->n_rows && result == EXIT_DONE; i++)
        if (!planning->rows[i].fits)
            result = EXIT_BUDGET;
    return result;
}
