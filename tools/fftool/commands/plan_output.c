#include "commands/plan_output.h"
#include "common/output.h"
#include <stdarg.h>

static const char *phase_name(enum ff_phase phase)
{
    static const char *const names[] = {
        [FF_PHASE_IMPORT] = "reading the dataset",
        [FF_PHASE_TRAIN] = "training",
        [FF_PHASE_FORWARD] = "forward",
        [FF_PHASE_HEAD] = "training the head",
        [FF_PHASE_EVALUATE] = "measuring",
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
