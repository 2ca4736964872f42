#include "support/planning.h"

#include "base/context.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* What the planner cannot know: how far weights compress (a tile's worth of what waits for a
 * commit), and whether a dataset is compressed. */
#define SLACK_BYTES (192 * 1024)
#define SLACK_SHARE 0.05

/* And how far activations do, of which that much may wait. */
#define SLACK_PACKED_BYTES (2 << 20)

struct ff_plan seen = {.size = sizeof seen};

static void keep_plan(void *arg, const struct ff_plan *plan)
{
    (void)arg;
    seen = *plan;
}

static void choose_opts(void)
{
    opts.checkpoint_interval_s = 1000;
    opts.force = true;
    opts.on_plan = keep_plan;
}

void planning_setup(void)
{
    training_begin(PLANNING_ROWS, "300x2");
    recipe.epochs = 1;
    recipe.head_epochs = 1;
    choose_opts();
}

void choose_recipe(const char *named)
{
    train_named(named, &recipe);
    recipe.epochs = recipe.head_epochs = 1;
}

void use_classes(uint32_t classes)
{
    free(directory);
    train_opts_release(&opts);
    directory = train_folder_of(classes, PLANNING_ROWS);
    train_opts(directory, &opts);
    choose_opts();
}

void apply_noise(const struct config *config)
{
    recipe.jitter = config->jitter;
    recipe.validation = config->validation;
    if (config->copies)
        recipe.augment_copies = config->copies;
    if (config->sweeps)
        recipe.sweeps = recipe.epochs = config->sweeps;
    if (config->pass_on)
        recipe.pass_on = config->pass_on;
    if (config->negatives) {
        recipe.negatives = config->negatives;
        recipe.negative_sets = FF_UNSET;
    }
}

struct ff_train_result train_seen(void)
{
    struct ff_train_result result = {.size = sizeof result};
    int status = ff_recipe_complete(ctx, &recipe);

    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    status = ff_train(ctx, &recipe, &opts, &result);
    ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
    return result;
}

void check_accounted(uint64_t planned, uint64_t measured)
{
    double slack = SLACK_BYTES + SLACK_SHARE * (double)measured;

    if (opts.compress && strcmp(opts.compress, "none") != 0)
        slack += SLACK_PACKED_BYTES;

    ck_assert_msg(planned + SLACK_BYTES >= measured && (double)planned <= (double)measured + slack,
                  "planned %llu, measured %llu bytes", (unsigned long long)planned,
                  (unsigned long long)measured);
}

void check_limit(struct ff_ctx *limited, uint64_t limit, int status)
{
    ck_assert_int_eq(status, FF_EBUDGET);
    ck_assert_msg(strstr(ff_ctx_message(limited), "memory limit of") != NULL, "%s",
                  ff_ctx_message(limited));
    ck_assert_uint_eq(limited->meter.limit, limit);
}
