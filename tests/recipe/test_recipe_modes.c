/* One recipe to compare modes with: each drops what it does not use. */
#include "fixtures/train_fixture.h"
#include "support/modes.h"
#include "support/suite.h"

#include <check.h>
#include <string.h>

static struct ff_ctx *ctx;
static struct ff_recipe recipe;

static void setup(void)
{
    ctx = train_ctx();
    ff_recipe_init(&recipe);
}

static void teardown(void)
{
    ff_recipe_release(&recipe);
    ff_ctx_free(ctx);
}

/* The recipe NAMED (NULL: none), of one layer. */
static void begin(const char *named)
{
    ff_recipe_release(&recipe);
    ff_recipe_init(&recipe);
    recipe.recipe = named;
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5", &recipe), FF_OK);
}

static void complete(void)
{
    ck_assert_msg(ff_recipe_complete(ctx, &recipe) == FF_OK, "%s", ff_ctx_message(ctx));
}

#define MOST_MODES 16
static const char *modes[MOST_MODES]; /* all, "ff-stream" first */
static size_t n_modes;

static void list_modes(void)
{
    n_modes = (size_t)mode_count(MODE_ANY);
    ck_assert_uint_le(n_modes, MOST_MODES);
    for (size_t i = 0; i < n_modes; i++)
        modes[i] = mode_name(MODE_ANY, (int)i);
    ck_assert_str_eq(modes[0], "ff-stream");
}

/* Every recipe, or its loss alone, serves to compare all modes; the mode that has a use for it
 * keeps it. */
START_TEST(every_recipe_serves_to_compare_modes)
{
    size_t count;
    const struct ff_recipe_entry *entry = &ff_recipes(&count)[_i / 2];

    for (size_t m = 0; m < n_modes; m++) {
        begin(_i % 2 ? NULL : entry->name);
        recipe.loss = _i % 2 ? entry->defaults->loss : NULL;
        recipe.mode = modes[m];
        recipe.goodness_scale = 7;
        recipe.dropout = 0.3;
        recipe.activations = "bf16";
        ff_recipe_drop_unused(&recipe, modes, n_modes);
        complete();
        if (m > 0)
            continue;
        ck_assert_str_eq(recipe.loss, entry->defaults->loss);
        ck_assert_double_eq(recipe.goodness_scale, 7);
        ck_assert_double_eq(recipe.dropout, 0.3);
        ck_assert_str_eq(recipe.activations, "bf16");
    }
}
END_TEST

/* Without a recipe said, ff-stream's conditions layers on the label: what other modes do with pairs
 * is dropped there, and only if another mode is compared that makes use of it. */
START_TEST(options_of_pairs_serve_to_compare_modes)
{
    static const char *const of_pairs[] = {"ff-stream", "ff-full"};

    for (size_t m = 0; m < 2; m++) {
        begin(NULL);
        recipe.mode = of_pairs[m];
        recipe.negative_sets = 3;
        recipe.label_embedding = "append";
        ff_recipe_drop_unused(&recipe, modes, n_modes);
        complete();
        ck_assert_uint_eq(recipe.negative_sets, m == 0 ? 1 : 3);
    }
    begin(NULL);
    recipe.negative_sets = 3;
    ff_recipe_drop_unused(&recipe, modes, 1);
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "negative sets"));
}
END_TEST

START_TEST(options_of_labels_serve_to_compare_modes)
{
    for (size_t m = 0; m < n_modes; m++) {
        begin(NULL);
        recipe.mode = modes[m];
        recipe.label_samples = 3;
        recipe.label_smoothing = 0.3;
        recipe.pass_on = "mean";
        ff_recipe_drop_unused(&recipe, modes, n_modes);
        complete();
        ck_assert_uint_eq(recipe.label_samples, m == 0 ? 3 : 0);
        ck_assert_str_eq(recipe.pass_on, m == 0 ? "mean" : "label-free");
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: modes");
    TCase *tcase = tcase_create("modes");
    size_t entries;

    ff_recipes(&entries);
    tcase_add_unchecked_fixture(tcase, list_modes, NULL);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_recipe_serves_to_compare_modes, 0, 2 * (int)entries);
    tcase_add_test(tcase, options_of_pairs_serve_to_compare_modes);
    tcase_add_test(tcase, options_of_labels_serve_to_compare_modes);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
