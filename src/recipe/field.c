#include "recipe/field.h"

#include <math.h>
#include <string.h>

#define HUGE_NUMBER 1e30
#define LARGEST_BETA 0.999999 /* well below 1 as a float, too */
#define LARGEST_DROPOUT 0.99
#define MOST_VALIDATION 0.5

#define AT(member) .name = #member, .at = offsetof(struct ff_recipe, member)

static const struct ff_field fields[] = {
    {AT(mode), .words = "mode", .type = FF_FIELD_CHOICE},
    {AT(recipe), .words = "recipe", .type = FF_FIELD_CHOICE,
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE}},
    {AT(loss), .words = "loss", .type = FF_FIELD_CHOICE, .needs = {FF_IF_FORWARD, FF_IF_NATIVE},
     .by_recipe = true},
    {AT(optimizer), .words = "optimizer", .type = FF_FIELD_CHOICE},
    {AT(schedule), .words = "schedule", .type = FF_FIELD_CHOICE},
    {AT(embedding), .words = "embedding", .type = FF_FIELD_CHOICE,
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS}, .by_recipe = true},
    {AT(activations), .words = "activations", .type = FF_FIELD_CHOICE, .needs = {FF_IF_STREAMS},
     .by_recipe = true},
    {AT(negatives), .words = "negatives", .type = FF_FIELD_CHOICE,
     .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_PAIRS}, .by_recipe = true},
    {AT(pass_on), .words = "pass on", .type = FF_FIELD_CHOICE,
     .needs = {FF_IF_STREAMS, FF_IF_LABELS}},
    {AT(epochs), .words = "epochs", .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_EPOCHS},
    {AT(sweeps), .words = "sweeps", .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_EPOCHS,
     .needs = {FF_IF_STREAMS}},
    {AT(batch), .words = "batch", .type = FF_FIELD_COUNT, .low = 1, .high = FF_MAX_BATCH},
    {AT(negative_sets), .words = "negative sets", .type = FF_FIELD_COUNT, .low = 1,
     .high = FF_MAX_NEGATIVE_SETS, .needs = {FF_IF_FORWARD, FF_IF_PAIRS, FF_IF_DRAWN_ONCE},
     .by_recipe = true},
    {AT(seed), .words = "seed", .type = FF_FIELD_SEED},
    {AT(learning_rate), .words = "learning rate", .type = FF_FIELD_REAL, .low = 0,
     .high = HUGE_NUMBER, .by_recipe = true},
    {AT(weight_decay), .words = "weight decay", .type = FF_FIELD_REAL, .low = 0,
     .high = HUGE_NUMBER},
    {AT(momentum), .words = "momentum", .type = FF_FIELD_REAL, .low = 0, .high = 1,
     .needs = {FF_IF_MOMENTUM}},
    {AT(beta1), .words = "beta1", .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_BETA,
     .needs = {FF_IF_MOMENTS}},
    {AT(beta2), .words = "beta2", .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_BETA,
     .needs = {FF_IF_MOMENTS}},
    {AT(epsilon), .words = "epsilon", .type = FF_FIELD_REAL, .low = 0, .high = 1,
     .needs = {FF_IF_MOMENTS}},
    {AT(goodness_scale), .words = "goodness scale", .type = FF_FIELD_REAL, .low = 1e-6,
     .high = HUGE_NUMBER, .needs = {FF_IF_FORWARD, FF_IF_NATIVE}, .by_recipe = true},
    {AT(threshold), .words = "threshold", .type = FF_FIELD_REAL, .low = -HUGE_NUMBER,
     .high = HUGE_NUMBER, .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_THRESHOLD}},
    {AT(label_strength), .words = "label strength", .type = FF_FIELD_REAL, .low = 1e-6,
     .high = HUGE_NUMBER, .needs = {FF_IF_FORWARD, FF_IF_NATIVE, FF_IF_LABELLED},
     .by_recipe = true},
    {AT(label_smoothing), .words = "label smoothing", .type = FF_FIELD_REAL, .low = 0, .high = 1,
     .needs = {FF_IF_STREAMS, FF_IF_LABELS}, .by_recipe = true},
    {AT(label_samples), .words = "label samples", .type = FF_FIELD_COUNT, .low = 0,
     .high = FF_MAX_LABEL_SAMPLES, .needs = {FF_IF_STREAMS, FF_IF_LABELS}},
    {AT(dropout), .words = "dropout", .type = FF_FIELD_REAL, .low = 0, .high = LARGEST_DROPOUT,
     .needs = {FF_IF_STREAMS}, .by_recipe = true},
    {AT(jitter), .words = "jitter", .type = FF_FIELD_COUNT, .low = 0, .high = FF_MAX_JITTER},
    {AT(augment_copies), .words = "augment copies", .type = FF_FIELD_COUNT, .low = 1,
     .high = FF_MAX_AUGMENT_COPIES, .needs = {FF_IF_STREAMS, FF_IF_LABELS, FF_IF_SHIFTS}},
    {AT(validation), .words = "validation", .type = FF_FIELD_REAL, .low = 0,
     .high = MOST_VALIDATION, .needs = {FF_IF_STREAMS, FF_IF_HOLDS_OUT}},
    {AT(peer_normalisation), .words = "peer normalisation", .type = FF_FIELD_REAL, .low = 0,
     .high = HUGE_NUMBER, .needs = {FF_IF_FULL}},
    {AT(head_epochs), .words = "head epochs", .type = FF_FIELD_COUNT, .low = 0,
     .high = FF_MAX_EPOCHS, .needs = {FF_IF_FORWARD}, .by_recipe = true},
    {AT(head_learning_rate), .words = "head learning rate", .type = FF_FIELD_REAL, .low = 0,
     .high = HUGE_NUMBER, .needs = {FF_IF_FORWARD, FF_IF_HEAD}},
    {AT(head_weight_decay), .words = "head weight decay", .type = FF_FIELD_REAL, .low = 0,
     .high = HUGE_NUMBER, .needs = {FF_IF_FORWARD, FF_IF_HEAD}},
};

_Static_assert(sizeof fields / sizeof *fields <= FF_MAX_FIELDS, "room for a flag of each");

const struct ff_field *ff_fields(size_t *count)
{
    *count = sizeof fields / sizeof *fields;
    return fields;
}

const void *ff_field_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return (const char *)recipe + field->at;
}

static const char *name_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const char *const *)ff_field_of(field, recipe);
}

static uint64_t seed_of(const struct ff_field *field, const struct ff_recipe *recipe)
{
    return *(const uint64_t *)ff_field_of(field, recipe);
}

double ff_field_number(const struct ff_field *field, const struct ff_recipe *recipe)
{
    const void *at = ff_field_of(field, recipe);

    return field->type == FF_FIELD_COUNT ? *(const uint32_t *)at : *(const double *)at;
}

bool ff_field_is_unset(const struct ff_field *field, const struct ff_recipe *recipe)
{
    switch (field->type) {
    case FF_FIELD_CHOICE:
        return !name_of(field, recipe);
    case FF_FIELD_COUNT:
        return *(const uint32_t *)ff_field_of(field, recipe) == FF_UNSET;
    case FF_FIELD_REAL:
        return isnan(*(const double *)ff_field_of(field, recipe));
    case FF_FIELD_SEED:
        break;
    }
    return false;
}

bool ff_field_same(const struct ff_field *field, const struct ff_recipe *a,
                   const struct ff_recipe *b)
{
    if (field->type == FF_FIELD_CHOICE)
        return strcmp(name_of(field, a), name_of(field, b)) == 0;
    if (field->type == FF_FIELD_SEED)
        return seed_of(field, a) == seed_of(field, b);
    return ff_field_number(field, a) == ff_field_number(field, b);
}

void ff_field_copy(const struct ff_field *field, struct ff_recipe *to, const struct ff_recipe *from)
{
    static const size_t sizes[] = {
        [FF_FIELD_CHOICE] = sizeof(const char *),
        [FF_FIELD_COUNT] = sizeof(uint32_t),
        [FF_FIELD_SEED] = sizeof(uint64_t),
        [FF_FIELD_REAL] = sizeof(double),
    };

    memcpy((char *)to + field->at, ff_field_of(field, from), sizes[field->type]);
}
