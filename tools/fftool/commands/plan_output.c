#include "commands/plan_output.h"
#include "common/heap.h"
#include <stdarg.h>
#include <stdlib.h>

static const char *phase_name(enum ff_phase phase)
{
    static const char *const names[] = {
        [FF_PHASE_IMPORT] = "reading the dataset",
        [FF_PHASE_TRAIN] = "training",
        [FF_PHASE_FORWARD] = "forward",
        [FF_PHASE_HEAD] = "training the head",
        [FF_PHASE_EVALUATE] = "measuring",
        [FF_PHASE_EXCHANGE] = "copying weights",
    };

    return names[phase];
}

/* Lines of text, and their destination. */
struct lines {
    void (*line)(void *arg, const char *text);
    void *arg;
};

static void say(const struct lines *lines, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void say(const struct lines *lines, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lines->line(lines->arg, text);
}

static void say_peak(const struct lines *lines, const struct ff_plan *plan)
{
    char where[64] = "";

    if (plan->layer > 0)
        snprintf(where, sizeof where, ", layer %u", plan->layer);
    if (plan->budget_bytes > 0)
        say(lines, "memory plan: peak %s of %s, %s%s; --memory %s would do",
            text_bytes(plan->peak_bytes).s, text_bytes(plan->budget_bytes).s,
            phase_name(plan->phase), where, text_size(plan->smallest_bytes).s);
    else
        say(lines, "memory plan: peak %s, %s%s; --memory %s would do",
            text_bytes(plan->peak_bytes).s, phase_name(plan->phase), where,
            text_size(plan->smallest_bytes).s);
}

static void say_categories(const struct lines *lines, const struct ff_plan *plan)
{
    int c;

    for (c = 0; c < FF_MEM_CATEGORIES; c++)
        say(lines, "  %-12s %10s", ff_memory_category((enum ff_category)c),
            text_bytes(plan->category_bytes[c]).s);
    say(lines, "  %-12s %10s  pages of scratch, read in place", "mapped",
        text_bytes(plan->mapped_bytes).s);
    say(lines, "  %-12s %10s  code, stacks, libraries", "program",
        text_bytes(plan->program_bytes).s);
}

static void say_arrangement(const struct lines *lines, const struct ff_plan *plan)
{
    if (plan->micro_batch_rows > 0)
        say(lines,
            "  %s samples at a time, in chunks of %s, a size that depends on the batch alone; the "
            "next rows are read ahead into the page cache",
            text_count(plan->micro_batch_rows).s, text_count(plan->chunk_rows).s);
    if (plan->tile_slots == 0)
        return;
    say(lines,
        "  the layer is larger than memory: %s of its %s tiles stay in memory, the others are "
        "paged, %s at a time;",
        text_count(plan->resident_tiles).s, text_count(plan->tiles).s,
        text_count(plan->tile_slots).s);
    say(lines, "  a step takes about %.1f times as long (an estimate)", plan->slowdown);
}

void plan_lines(const struct ff_plan *plan, void (*line)(void *arg, const char *text), void *arg)
{
    const struct lines lines = {line, arg};

    say_peak(&lines, plan);
    say_categories(&lines, plan);
    say_arrangement(&lines, plan);
}

void plan_times_add(struct plan_times *times, uint32_t first, uint32_t last, double seconds)
{
    times->rows = heap_resize(times->rows, times->n + 1, sizeof *times->rows);
    times->rows[times->n++] = (struct plan_time){first, last, seconds};
}

void plan_times_release(struct plan_times *times)
{
    free(times->rows);
    *times = (struct plan_times){.n = 0};
}

static const char *const speed_names[] = {
    [FF_SPEED_NONE] = "none",
    [FF_SPEED_NOMINAL] = "nominal",
    [FF_SPEED_MEASURED] = "measured",
    [FF_SPEED_GIVEN] = "given",
};

/* A nominal speed may be off by a factor of two. */
#define FEW_SECONDS 10

void plan_time_line(const struct ff_plan *plan, void (*line)(void *arg, const char *text),
                    void *arg)
{
    const struct lines lines = {line, arg};

    if (plan->speed_source == FF_SPEED_NONE)
        return;
    if (plan->speed_source != FF_SPEED_NOMINAL || plan->seconds >= FEW_SECONDS)
        say(&lines, "estimated time: about %s at %.1f GFLOP/s (%s)", text_duration(plan->seconds).s,
            plan->gflops, speed_names[plan->speed_source]);
}

void plan_time_lines(const struct plan_times *times, void (*line)(void *arg, const char *text),
                     void *arg)
{
    const struct lines lines = {line, arg};

    for (size_t i = 0; i < times->n; i++) {
        const struct plan_time *time = &times->rows[i];
        struct text seconds = text_duration(time->seconds);

        if (time->first == 0)
            say(&lines, "  an epoch takes about %s", seconds.s);
        else if (time->first == time->last)
            say(&lines, "  an epoch of layer %u takes about %s", time->first, seconds.s);
        else
            say(&lines, "  an epoch of each of the layers %u to %u takes about %s", time->first,
                time->last, seconds.s);
    }
}

static json_t *time_object(const struct plan_time *time)
{
    struct json_builder object = json_build(json_object());
    bool network = time->first == 0;

    json_add(&object, "first_layer", network ? json_null() : json_from_count(time->first));
    json_add(&object, "last_layer", network ? json_null() : json_from_count(time->last));
    json_add(&object, "seconds", json_from_real(time->seconds));
    return json_built(&object);
}

void json_add_times(struct json_builder *object, const struct ff_plan *plan,
                    const struct plan_times *times)
{
    struct json_builder epochs = json_build(json_array());

    for (size_t i = 0; i < times->n; i++)
        json_append(&epochs, time_object(&times->rows[i]));
    json_add(object, "seconds", json_from_real(plan->seconds));
    json_add(object, "epoch_times", json_built(&epochs));
    json_add(object, "gflops", json_from_real(plan->gflops));
    json_add(object, "speed", json_from_text(speed_names[plan->speed_source]));
}

static json_t *categories_object(const struct ff_plan *plan)
{
    struct json_builder object = json_build(json_object());
    int c;

    for (c = 0; c < FF_MEM_CATEGORIES; c++)
        json_add(&object, ff_memory_category((enum ff_category)c),
                 json_from_count(plan->category_bytes[c]));
    return json_built(&object);
}

void json_add_plan(struct json_builder *object, const struct ff_plan *plan)
{
    const struct {
        const char *key;
        uint64_t value;
    } counts[] = {
        {"peak_bytes", plan->peak_bytes},
        {"smallest_bytes", plan->smallest_bytes},
        {"mapped_bytes", plan->mapped_bytes},
        {"program_bytes", plan->program_bytes},
        {"accounted_peak_bytes", plan->accounted_peak_bytes},
        {"threads", plan->threads},
        {"chunk_rows", plan->chunk_rows},
        {"micro_batch_rows", plan->micro_batch_rows},
        {"tiles", plan->tiles},
        {"resident_tiles", plan->resident_tiles},
        {"tile_slots", plan->tile_slots},
        {"scratch_peak_bytes", plan->scratch_peak_bytes},
        {"written_bytes", plan->written_bytes},
        {"model_bytes", plan->model_bytes},
        {"model_peak_bytes", plan->model_peak_bytes},
        {"parameters", plan->parameters},
        {"batch", plan->batch},
        {"epochs", plan->epochs},
        {"steps", plan->steps},
        {"held_out_samples", plan->held_out_samples},
    };
    size_t i;

    json_add(object, "budget_bytes",
             plan->budget_bytes > 0 ? json_from_count(plan->budget_bytes) : json_null());
    for (i = 0; i < sizeof counts / sizeof counts[0]; i++)
        json_add(object, counts[i].key, json_from_count(counts[i].value));
    json_add(object, "category_bytes", categories_object(plan));
    json_add(object, "phase", json_from_text(phase_name(plan->phase)));
    json_add(object, "layer", plan->layer > 0 ? json_from_count(plan->layer) : json_null());
    json_add(object, "slowdown", json_from_real(plan->slowdown));
}

void plan_warn_of_steps(const struct cli *cli, const struct ff_plan *plan)
{
    uint64_t samples = plan->samples - plan->held_out_samples, batches, steps;

    if (plan->batch == 0)
        return;
    batches = samples / plan->batch + (samples % plan->batch > 0);
    steps = batches * plan->epochs;
    if (steps < FF_FEW_STEPS)
        report_warning(cli,
                       "a layer takes only %s in %s of %s, and may learn little; use more epochs "
                       "or a smaller batch than %u",
                       text_counted(steps, "step").s, text_counted(plan->epochs, "epoch").s,
                       text_counted(samples, "sample").s, plan->batch);
}
