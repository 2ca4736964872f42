/* The plan of a whole run: the worst of its moments, and what to say about it. */
#include "train/plan.h"

#include "base/available.h"
#include "train/layer.h"

#include <stdio.h>
#include <string.h>

#define MIB ((uint64_t)1 << 20)

/* The moments that decide. */
struct survey {
    const struct ff_plan_job *job;
    struct ff_moment peak;
    struct ff_moment training; /* the layer whose training takes most */
    uint64_t smallest, accounted;
    double slowdown;
};

static void look_at(struct survey *survey, enum ff_stage stage, uint32_t layer)
{
    const struct ff_plan_job *job = survey->job;
    struct ff_knobs knobs = ff_plan_knobs(job, stage, layer);
    struct ff_moment moment = ff_plan_moment(job, stage, layer, &knobs);
    uint64_t smallest = ff_plan_smallest(job, stage, layer);

    if (moment.total > survey->peak.total)
        survey->peak = moment;
    if (stage == FF_STAGE_TRAIN && moment.total > survey->training.total)
        survey->training = moment;
    if (moment.accounted > survey->accounted)
        survey->accounted = moment.accounted;
    if (smallest > survey->smallest)
        survey->smallest = smallest;
    if (stage == FF_STAGE_TRAIN && knobs.residency.slots > 0) {
        double slowdown = ff_plan_slowdown(job, layer, &knobs);

        survey->slowdown = slowdown > survey->slowdown ? slowdown : survey->slowdown;
    }
}

/* Whether layer K differs in nothing from the one below, which was looked at. */
static bool is_repeated(const struct ff_recipe *recipe, uint32_t k)
{
    const uint32_t *hidden = recipe->hidden;
    const uint32_t first_alike = 4; /* up to the third, labels, heads and logits begin */

    return k > first_alike && k < recipe->layers && hidden[k - 1] == hidden[k - 2] &&
           hidden[k - 2] == hidden[k - 3];
}

static struct survey make_survey(const struct ff_plan_job *job)
{
    const struct ff_recipe *recipe = &job->manifest->recipe;
    struct survey survey = {.job = job, .slowdown = 1};
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
    const struct ff_plan_job *job = survey->job;
    const struct ff_moment *peak = &survey->peak, *training = &survey->training;
    uint64_t rows = (uint64_t)training->knobs.micro_chunks * job->geometry.chunk_rows;
    bool one_layer = peak->stage != FF_STAGE_IMPORT && !job->mode->whole_network;

    /* Whole MiB: what is told is what can be typed. */
    out->smallest_bytes = (survey->smallest + MIB - 1) / MIB * MIB;
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
    const struct ff_plan_job *job = survey->job;
    const struct ff_manifest *manifest = job->manifest;
    const struct ff_recipe *recipe = &manifest->recipe;
    uint32_t first_head = ff_recipe_first_head(recipe);
    uint64_t stages = job->mode->whole_network ? 1 : recipe->layers;

    *out = (struct ff_plan){.budget_bytes = job->memory_bytes};
    fill_memory(survey, out);
    ff_plan_disk(job, out);
    out->parameters =
        ff_recipe_parameters(recipe, ff_manifest_fan_in(manifest, 1), manifest->classes);
    out->steps = stages * recipe->epochs * job->geometry.batches;
    if (first_head && !job->mode->whole_network)
        out->steps += (uint64_t)(recipe->layers - first_head + 1) * recipe->head_epochs *
                      job->geometry.batches;
}

/* "37.5M", as sizes are typed. */
static const char *size_text(uint64_t bytes, char text[24])
{
    if (bytes < 1024 * MIB)
        snprintf(text, 24, "%.4gM", (double)bytes / (double)MIB);
    else
        snprintf(text, 24, "%.4gG", (double)bytes / (double)(1024 * MIB));
    return text;
}

int ff_plan_refuse(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    uint64_t parameters = plan->category_bytes[FF_MEM_WEIGHTS] +
                          plan->category_bytes[FF_MEM_OPTIMIZER] +
                          plan->category_bytes[FF_MEM_GRADIENT];
    char budget[24], weights[24], activations[24], program[24];

    return ff_fail(
        ctx, FF_EBUDGET,
        "a budget of %s is too small: this needs at least %lluM (%s for weights and what "
        "trains them, %s for activations, %s for the program itself); give --memory "
        "%lluM or more",
        size_text(plan->budget_bytes, budget), (unsigned long long)(plan->smallest_bytes / MIB),
        size_text(parameters, weights),
        size_text(plan->category_bytes[FF_MEM_ACTIVATIONS] + plan->mapped_bytes, activations),
        size_text(plan->program_bytes, program), (unsigned long long)(plan->smallest_bytes / MIB));
}

void ff_plan_warn(struct ff_ctx *ctx, const struct ff_plan *plan)
{
    uint64_t available = ff_memory_available();
    char peak[24], there[24];

    if (plan->budget_bytes || available == 0 || plan->peak_bytes <= available)
        return;
    ff_warn(ctx,
            "this will take %s of memory, and there are %s; --memory SIZE makes it fit, from %lluM "
            "on",
            size_text(plan->peak_bytes, peak), size_text(available, there),
            (unsigned long long)(plan->smallest_bytes / MIB));
}

int ff_plan_run(struct ff_ctx *ctx, const struct ff_plan_job *job, struct ff_plan *out)
{
    struct survey survey = make_survey(job);
    struct ff_plan_job smallest = *job;

    fill(&survey, out);
    if (!job->memory_bytes || out->smallest_bytes <= job->memory_bytes)
        return FF_OK;
    smallest.memory_bytes = out->smallest_bytes;
    survey = make_survey(&smallest);
    fill(&survey, out);
    out->budget_bytes = job->memory_bytes;
    return ff_plan_refuse(ctx, out);
}
