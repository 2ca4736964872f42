/* The plan of a whole run: the worst of its moments, and what to say about it. */
#include "plan/plan.h"

#include "base/arithmetic.h"
#include "base/available.h"
#include "model/layer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

/* The moments that decide. */
struct survey {
    const struct ff_planner *planner;
    struct ff_moment peak;
    struct ff_moment training; /* the layer that is paged most, else the one that takes most */
    double slowdown;           /* of it */
    uint64_t smallest, accounted;
};

static void compare_training(struct survey *survey, const struct ff_moment *moment)
{
    double slowdown = 1;

    if (moment->knobs.residency.slots > 0)
        slowdown = ff_plan_slowdown(survey->planner, moment->layer, &moment->knobs);
    if (slowdown < survey->slowdown ||
        (slowdown <= survey->slowdown && moment->total <= survey->training.total))
        return;
    survey->training = *moment;
    survey->slowdown = slowdown;
}

static void look_at(struct survey *survey, enum ff_stage stage, uint32_t layer)
{
    const struct ff_planner *planner = survey->planner;
    struct ff_knobs knobs = ff_plan_knobs(planner, stage, layer);
    struct ff_moment moment = ff_plan_moment(planner, stage, layer, &knobs);
    uint64_t smallest = ff_plan_smallest(planner, stage, layer);

    if (moment.total > survey->peak.total)
        survey->peak = moment;
    if (moment.accounted > survey->accounted)
        survey->accounted = moment.accounted;
    if (smallest > survey->smallest)
        survey->smallest = smallest;
    if (stage == FF_STAGE_TRAIN)
        compare_training(survey, &moment);
}

bool ff_plan_is_repeated(const struct ff_recipe *recipe, uint32_t layers, uint32_t k)
{
    const uint32_t *hidden = recipe->hidden;
    const uint32_t first_alike = 4; /* up to the third, labels, heads and logits begin */

    return k > first_alike && k < layers && hidden[k - 1] == hidden[k - 2] &&
           hidden[k - 2] == hidden[k - 3];
}

static bool is_repeated(const struct ff_recipe *recipe, uint32_t k)
{
    return ff_plan_is_repeated(recipe, recipe->layers, k);
}

static struct survey make_survey(const struct ff_planner *planner)
{
    const struct ff_job *job = planner->job;
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct survey survey = {.planner = planner, .slowdown = 1};
    uint32_t first_head = ff_recipe_first_head(recipe);

    look_at(&survey, FF_STAGE_IMPORT, 1);
    for (uint32_t k = 1; k <= recipe->layers; k++) {
        if (k == 1 || (!job->mode->whole_network && !is_repeated(recipe, k)))
            look_at(&survey, FF_STAGE_TRAIN, k);
        if (job->mode->whole_network || is_repeated(recipe, k))
            continue;
        look_at(&survey, FF_STAGE_FORWARD, k);
        if (first_head && k >= first_head)
            look_at(&survey, FF_STAGE_HEAD, k);
    }
    return survey;
}

static enum ff_phase phase_of(enum ff_stage stage)
{
    switch (stage) {
    case FF_STAGE_IMPORT:
        return FF_PHASE_IMPORT;
    case FF_STAGE_FORWARD:
        return FF_PHASE_FORWARD;
    case FF_STAGE_HEAD:
        return FF_PHASE_HEAD;
    default:
        return FF_PHASE_TRAIN;
    }
}

static void fill_memory(const struct survey *survey, struct ff_plan *out)
{
    const struct ff_job *job = survey->planner->job;
    const struct ff_moment *peak = &survey->peak, *training = &survey->training;
    uint64_t rows = (uint64_t)training->knobs.micro_chunks * job->geometry.chunk_rows;
    bool one_layer = peak->stage != FF_STAGE_IMPORT && !job->mode->whole_network;

    /* Whole MiB: what is told is what can be typed. */
    out->smallest_bytes = ff_divide_up(survey->smallest, MIB) * MIB;
    out->peak_bytes = peak->total;
    memcpy(out->category_bytes, peak->needs.bytes, sizeof out->category_bytes);
    out->mapped_bytes = peak->needs.mapped;
    out->program_bytes = peak->program;
    out->phase = phase_of(peak->stage);
    out->layer = one_layer ? peak->layer : 0;
    out->accounted_peak_bytes = survey->accounted;
    out->threads = job->threads;
    out->chunk_rows = job->geometry.chunk_rows;
    out->micro_batch_rows = rows < job->geometry.batch ? (uint32_t)rows : job->geometry.batch;
    out->tiles = ff_tile_count(job->manifest->recipe.hidden[training->layer - 1]);
    out->tile_slots = training->knobs.residency.slots;
    out->resident_tiles = out->tile_slots ? training->knobs.residency.resident : out->tiles;
    out->slowdown = survey->slowdown;
}

static void fill(const struct survey *survey, struct ff_plan *out)
{
    const struct ff_job *job = survey->planner->job;
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    uint64_t stages = job->mode->whole_network ? 1 : recipe->layers;

    *out = (struct ff_plan){.budget_bytes = job->memory_bytes,
                            .samples = job->geometry.rows,
                            .held_out_samples = job->geometry.rows - job->geometry.learnt_rows};
    fill_memory(survey, out);
    ff_plan_disk(survey->planner, out);
    out->parameters =
        ff_recipe_parameters(recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    out->steps = ff_times(stages * recipe->epochs, job->geometry.batches);
    if (first_head && !job->mode->whole_network)
        out->steps = ff_plus(
            out->steps, ff_times((uint64_t)(recipe->layers - first_head + 1) * recipe->head_epochs,
                                 job->geometry.batches));
}

#define SIZE_TEXT 32
#define ADVICE_BYTES 96

/* "37.5M", as sizes are typed. */
static const char *size_text(uint64_t bytes, char text[SIZE_TEXT])
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes;
    int unit = -1;

    for (; value >= 1024 && units[unit + 1]; unit++)
        value /= 1024;
    if (unit < 0)
        snprintf(text, SIZE_TEXT, "%llu B", (unsigned long long)bytes);
    else
        snprintf(text, SIZE_TEXT, "%.4g%c", value, units[unit]);
    return text;
}

int ff_plan_out_of_memory(struct ff_ctx *ctx)
{
    return ff_fail(ctx, FF_ENOMEM, "out of memory for the plan");
}

int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    const uint64_t *bytes = plan->category_bytes;
    uint64_t parameters = bytes[FF_MEM_WEIGHTS] + bytes[FF_MEM_OPTIMIZER] + bytes[FF_MEM_GRADIENT];
    uint64_t outputs = bytes[FF_MEM_ACTIVATIONS] + plan->mapped_bytes;
    uint64_t others = bytes[FF_MEM_IO] + bytes[FF_MEM_OTHER] + ff_plan_margin(plan->threads);
    unsigned long long least = plan->smallest_bytes / MIB;
    char budget[SIZE_TEXT], weights[SIZE_TEXT], activations[SIZE_TEXT], program[SIZE_TEXT],
        rest[SIZE_TEXT];
    int rc = ff_fail(ctx, FF_EBUDGET,
                     "a budget of %s is too small: this needs at least %lluM (%s for weights and "
                     "what trains them, %s for activations, %s for the program itself, %s for I/O "
                     "and the rest); give --memory %lluM or more",
                     size_text(plan->budget_bytes, budget), least, size_text(parameters, weights),
                     size_text(outputs, activations), size_text(plan->program_bytes, program),
                     size_text(others, rest), least);

    /* No other network needs less where reading the dataset needs most. */
    return ff_about(ctx, rc, plan->phase == FF_PHASE_IMPORT ? FF_ABOUT_DATA : FF_ABOUT_OTHER);
}

void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    uint64_t available = ff_memory_available();
    char peak[SIZE_TEXT], there[SIZE_TEXT], advice[ADVICE_BYTES];
    bool helps = plan->smallest_bytes <= available;

    if (plan->budget_bytes || available == 0 || plan->peak_bytes <= available)
        return;
    snprintf(advice, sizeof advice,
             helps ? "--memory SIZE makes it fit, from %lluM on"
                   : "no --memory makes it fit: it needs at least %lluM",
             (unsigned long long)(plan->smallest_bytes / MIB));
    ff_warn(ctx, "this will take %s of memory, and there are %s; %s",
            size_text(plan->peak_bytes, peak), size_text(available, there), advice);
}

int ff_plan_run(struct ff_ctx *ctx, const struct ff_planner *planner, struct ff_plan *out)
{
    const struct ff_job *job = planner->job;
    struct ff_planner smallest = *planner;
    struct ff_job within = *planner->job;
    struct survey survey;
    bool fits;

    errno = 0;
    survey = make_survey(planner);
    fill(&survey, out);
    fits = !job->memory_bytes || out->smallest_bytes <= job->memory_bytes;
    if (!fits) {
        within.memory_bytes = out->smallest_bytes;
        smallest.job = &within;
        survey = make_survey(&smallest);
        fill(&survey, out);
    }
    if (planner->out_of_memory || errno == ENOMEM)
        return ff_plan_out_of_memory(ctx);
    if (fits)
        return FF_OK;
    out->budget_bytes = job->memory_bytes;
    return ff_plan_refuse(ctx, out);
}
