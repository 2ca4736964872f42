/* Recipes: what they are read from, what completes them, and what is refused. */
#include "fixtures/train_fixture.h"
#include "model/manifest.h"
#include "nn/loss.h"
#include "nn/optimizer.h"
#include "recipe/field.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
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

/* The recipe read from TEXT has these layers, ended by 0. */
static void ck_hidden(const char *text, const uint32_t *layers)
{
    uint32_t n = 0;

    ck_assert_msg(ff_recipe_parse_hidden(ctx, text, &recipe) == FF_OK, "%s", ff_ctx_message(ctx));
    for (; layers[n]; n++) {
        ck_assert_uint_lt(n, recipe.layers);
        ck_assert_uint_eq(recipe.hidden[n], layers[n]);
    }
    ck_assert_uint_eq(recipe.layers, n);
}

START_TEST(layers_are_read)
{
    ck_hidden("7", (const uint32_t[]){7, 0});
    ck_hidden("2000x4", (const uint32_t[]){2000, 2000, 2000, 2000, 0});
    ck_hidden("3X2", (const uint32_t[]){3, 3, 0});
    ck_hidden("1000,500x2", (const uint32_t[]){1000, 500, 500, 0});
    ck_hidden("1000x2,500,1x3", (const uint32_t[]){1000, 1000, 500, 1, 1, 1, 0});
    ck_hidden("007x01", (const uint32_t[]){7, 0});
    ck_hidden("1048576", (const uint32_t[]){FF_MAX_UNITS, 0});
}
END_TEST

START_TEST(as_many_layers_as_promised)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5x99999,6", &recipe), FF_OK);
    ck_assert_uint_eq(recipe.layers, FF_MAX_LAYERS);
    ck_assert_uint_eq(recipe.hidden[FF_MAX_LAYERS - 2], 5);
    ck_assert_uint_eq(recipe.hidden[FF_MAX_LAYERS - 1], 6);
}
END_TEST

START_TEST(nonsense_is_no_list_of_layers)
{
    static const char *const texts[] = {
        "",
        " ",
        "x",
        "x4",
        ",",
        "5,",
        ",5",
        "5,,5",
        "5x",
        "5x,5",
        "5xx4",
        "5x4x2",
        "5 x4",
        " 5",
        "5 ",
        "+5",
        "-5",
        "5x-1",
        "5.0",
        "5e3",
        "0x10",
        "five",
        "5;5",
        "5\n",
        "0",
        "5,0",
        "5x0",
        "0x5",
        "1048577",
        "1x100001",
        "1x99999,1x2",
        "4294967297",
        "1x4294967297",
        "18446744073709551616",
        "18446744073709551617",
        "1x18446744073709551617",
        "99999999999999999999999999999999999999",
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5x2", &recipe), FF_OK);
        ck_assert_msg(ff_recipe_parse_hidden(ctx, texts[i], &recipe) == FF_EINVAL, "\"%s\"",
                      texts[i]);
        ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "hidden layers"));
        ck_assert_uint_eq(recipe.layers, 0);
        ck_assert_ptr_null(recipe.hidden);
    }
}
END_TEST

START_TEST(the_part_not_understood_is_named)
{
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "1000,5oo", &recipe), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "\"5oo\""));
}
END_TEST

/* A complete recipe of one layer, with the defaults of the one NAMED (NULL: of the mode's). */
static void complete_named(const char *named)
{
    ff_recipe_release(&recipe);
    ff_recipe_init(&recipe);
    recipe.recipe = named;
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5", &recipe), FF_OK);
    ck_assert_msg(ff_recipe_complete(ctx, &recipe) == FF_OK, "%s", ff_ctx_message(ctx));
}

/* Of a recipe that most options are of use in. */
static void complete(void)
{
    complete_named("symba");
}

/* What a recipe's mode does not use can be dropped if another mode does; what it does use stays.
 */
START_TEST(what_a_mode_makes_no_use_of_can_be_dropped)
{
    const struct ff_recipe_choice *modes = ff_recipe_choices("mode");
    const char *names[16];
    size_t n = 0;

    for (; modes[n].name; n++)
        names[n] = modes[n].name;
    for (size_t i = 0; i < n; i++) {
        ff_recipe_init(&recipe);
        ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5x3", &recipe), FF_OK);
        recipe.mode = names[i];
        recipe.recipe = "symba";
        recipe.loss = "logistic";
        recipe.goodness_scale = 3;
        recipe.threshold = 2;
        recipe.label_embedding = "append";
        recipe.label_strength = 4;
        recipe.activations = "bf16";
        recipe.negative_sets = 3;
        recipe.peer_normalisation = 0.5;
        recipe.head_epochs = 3;
        recipe.head_learning_rate = 0.25;
        recipe.head_weight_decay = 0.125;
        recipe.epochs = 7;
        ff_recipe_drop_unused(&recipe, &names[i], 1);
        ck_assert_msg(ff_recipe_complete(ctx, &recipe) == FF_EINVAL, "%s", names[i]);
        ff_recipe_drop_unused(&recipe, names, n);
        ck_assert_msg(ff_recipe_complete(ctx, &recipe) == FF_OK, "%s: %s", names[i],
                      ff_ctx_message(ctx));
        ck_assert_uint_eq(recipe.epochs, 7);
        if (strncmp(names[i], "ff-", 3) == 0)
            ck_assert_str_eq(recipe.loss, "logistic");
        if (strncmp(names[i], "ff-", 3) == 0)
            ck_assert_uint_eq(recipe.negative_sets, 3);
        ff_recipe_release(&recipe);
    }
}
END_TEST

START_TEST(defaults_are_those_documented)
{
    complete_named(NULL);
    ck_assert_str_eq(recipe.recipe, "conditioned");
    ck_assert_str_eq(recipe.loss, "softmax");
    ck_assert_double_eq(recipe.goodness_scale, 100);
    ck_assert_double_eq(recipe.label_strength, 3);
    ck_assert_double_eq(recipe.label_smoothing, 0.1);
    ck_assert_double_eq(recipe.dropout, 0.2);
    ck_assert_uint_eq(recipe.head_epochs, 0);
    complete();
    ck_assert_str_eq(recipe.loss, "symba");
    ck_assert_str_eq(recipe.optimizer, "adam");
    ck_assert_str_eq(recipe.schedule, "linear");
    ck_assert_str_eq(recipe.label_embedding, "replace");
    ck_assert_str_eq(recipe.activations, "f32");
    ck_assert_uint_eq(recipe.epochs, 10);
    ck_assert_uint_eq(recipe.batch, 128);
    ck_assert_uint_eq(recipe.negative_sets, 1);
    ck_assert_double_eq(recipe.learning_rate, 3e-3);
    ck_assert_double_eq(recipe.beta1, 0.9);
    ck_assert_double_eq(recipe.beta2, 0.999);
    ck_assert_double_eq(recipe.epsilon, 1e-8);
    ck_assert_double_eq(recipe.goodness_scale, 64);
    ck_assert_double_eq(recipe.label_strength, 1);
}
END_TEST

/* Each loss and optimizer brings its own numbers, but not over those that were given. */
START_TEST(numbers_come_from_the_loss_and_the_optimizer)
{
    size_t losses, optimizers;
    const struct ff_loss *loss = ff_losses(&losses);
    const struct ff_optimizer *optimizer = ff_optimizers(&optimizers);

    for (size_t i = 0; i < losses * optimizers; i++) {
        const struct ff_loss *l = &loss[i / optimizers];
        const struct ff_optimizer *o = &optimizer[i % optimizers];

        complete_named(l->labels ? "conditioned" : "symba");
        recipe.loss = l->name;
        recipe.optimizer = o->name;
        recipe.goodness_scale = recipe.threshold = recipe.learning_rate = NAN;
        recipe.momentum = recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN;
        recipe.head_epochs = 1;
        recipe.head_learning_rate = 0.25;
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_OK);
        ck_assert_float_eq((float)recipe.goodness_scale, l->defaults.goodness_scale);
        ck_assert_float_eq((float)recipe.threshold, l->defaults.threshold);
        ck_assert_float_eq((float)recipe.learning_rate, l->learning_rate);
        ck_assert_float_eq((float)recipe.momentum, o->defaults.momentum);
        ck_assert_float_eq((float)recipe.beta1, o->defaults.beta1);
        ck_assert_float_eq((float)recipe.beta2, o->defaults.beta2);
        ck_assert_float_eq((float)recipe.epsilon, o->defaults.epsilon);
        ck_assert_double_eq(recipe.head_learning_rate, 0.25);
    }
}
END_TEST

START_TEST(no_layers_no_recipe)
{
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), "no hidden layers"));
}
END_TEST

/* Completing says FF_EINVAL and names FIELD, or, with no FIELD, says FF_OK. */
static void ck_complete(const char *field)
{
    int status = ff_recipe_complete(ctx, &recipe);

    if (!field) {
        ck_assert_msg(status == FF_OK, "%s", ff_ctx_message(ctx));
        return;
    }
    ck_assert_msg(status == FF_EINVAL, "%s: %d", field, status);
    ck_assert_msg(strncmp(ff_ctx_message(ctx), field, strlen(field)) == 0,
                  "\"%s\" is not in \"%s\"", field, ff_ctx_message(ctx));
}

START_TEST(unknown_names_are_refused)
{
    static const char *const bad[] = {"", "nothing", "ADAM", "symba "};
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    for (size_t i = 0; i < n; i++) {
        const char *name = fields[i].info.name;

        for (size_t j = 0; fields[i].info.type == FF_FIELD_CHOICE && j < 4; j++) {
            complete();
            memcpy((char *)&recipe + fields[i].offset, &bad[j], sizeof bad[j]);
            ck_complete(name);
            /* The message lists the choices. */
            ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), ff_recipe_choices(name)[0].name));
        }
    }
    ck_assert_ptr_null(ff_recipe_choices("colour"));
}
END_TEST

/* A name given in memory of the caller's lives on as the table's own. */
START_TEST(names_need_not_outlive_the_call)
{
    char loss[] = "logistic";

    complete();
    recipe.loss = loss;
    ck_complete(NULL);
    memset(loss, 'x', sizeof loss - 1);
    ck_assert_str_eq(recipe.loss, "logistic");
}
END_TEST

START_TEST(counts_have_their_ranges)
{
    const struct {
        const char *field;
        uint32_t *value;
        uint32_t good[2], bad[2];
    } counts[] = {
        {"epochs", &recipe.epochs, {1, 1000000}, {0, 1000001}},
        {"batch", &recipe.batch, {1, 1 << 24}, {0, (1 << 24) + 1}},
        {"negative sets",
         &recipe.negative_sets,
         {1, FF_MAX_NEGATIVE_SETS},
         {0, FF_MAX_NEGATIVE_SETS + 1}},
        {"head epochs", &recipe.head_epochs, {0, 1000000}, {1000001, UINT32_MAX - 1}},
    };

    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        for (size_t j = 0; j < 2; j++) {
            complete();
            *counts[i].value = counts[i].good[j];
            ck_complete(NULL);
            *counts[i].value = counts[i].bad[j];
            ck_complete(counts[i].field);
        }
    }
}
END_TEST

/* Chooses what makes use of FIELD. */
static void choose_for(const char *field)
{
    if (strcmp(field, "threshold") == 0)
        recipe.loss = "logistic";
    if (strcmp(field, "momentum") == 0) {
        recipe.optimizer = "sgd";
        recipe.beta1 = recipe.beta2 = recipe.epsilon = NAN;
    }
}

START_TEST(numbers_have_their_ranges)
{
    static const double huge = 1e30, too_huge = 2e30;
    const struct {
        const char *field;
        double *value, good[2], bad[2];
    } numbers[] = {
        {"learning rate", &recipe.learning_rate, {0, huge}, {-1e-9, too_huge}},
        {"weight decay", &recipe.weight_decay, {0, huge}, {-1e-9, too_huge}},
        {"momentum", &recipe.momentum, {0, 1}, {-1e-9, 1.001}},
        {"beta1", &recipe.beta1, {0, 0.9999}, {-1e-9, 1}},
        {"beta2", &recipe.beta2, {0, 0.9999}, {-1e-9, 1}},
        {"epsilon", &recipe.epsilon, {1e-30, 1}, {0, 1.001}},
        {"goodness scale", &recipe.goodness_scale, {1e-6, huge}, {0, too_huge}},
        {"threshold", &recipe.threshold, {-huge, huge}, {-too_huge, too_huge}},
        {"label strength", &recipe.label_strength, {1e-6, huge}, {0, too_huge}},
        {"head learning rate", &recipe.head_learning_rate, {0, huge}, {-1e-9, too_huge}},
        {"head weight decay", &recipe.head_weight_decay, {0, huge}, {-1e-9, too_huge}},
    };

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        for (size_t j = 0; j < 2; j++) {
            complete();
            choose_for(numbers[i].field);
            *numbers[i].value = numbers[i].good[j];
            ck_complete(NULL);
            *numbers[i].value = numbers[i].bad[j];
            ck_complete(numbers[i].field);
            *numbers[i].value = j ? INFINITY : -INFINITY;
            ck_complete(numbers[i].field);
        }
    }
}
END_TEST

/* Not a number means the default, where there is one. */
START_TEST(not_a_number_is_no_number)
{
    double *const without[] = {&recipe.weight_decay, &recipe.head_learning_rate,
                               &recipe.head_weight_decay};

    for (size_t i = 0; i < sizeof without / sizeof *without; i++) {
        complete();
        *without[i] = NAN;
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_EINVAL);
    }
}
END_TEST

/* The seed is stored as a signed number of 64 bits. */
START_TEST(the_seed_has_63_bits)
{
    static const uint64_t good[] = {0, 1, (UINT64_C(1) << 63) - 1, (UINT64_C(1) << 63) - 1025};
    static const uint64_t bad[] = {UINT64_C(1) << 63, (UINT64_C(1) << 63) + 1, UINT64_MAX};

    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        complete();
        recipe.seed = good[i];
        ck_complete(NULL);
        ck_assert_uint_eq(recipe.seed, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        complete();
        recipe.seed = bad[i];
        ck_complete("seed");
    }
}
END_TEST

START_TEST(sgd_needs_no_epsilon)
{
    complete();
    recipe.optimizer = "sgd";
    recipe.momentum = recipe.beta1 = recipe.beta2 = NAN;
    recipe.epsilon = 0;
    ck_complete(NULL);
}
END_TEST

START_TEST(heads_stand_on_all_layers_but_the_first)
{
    complete();
    recipe.head_epochs = 3;
    ck_assert_uint_eq(ff_recipe_first_head(&recipe), 1);
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "5x2", &recipe), FF_OK);
    ck_assert_uint_eq(ff_recipe_first_head(&recipe), 2);
    recipe.head_epochs = 0;
    ck_assert_uint_eq(ff_recipe_first_head(&recipe), 0);
}
END_TEST

START_TEST(parameters_are_counted)
{
    complete();
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "7,5,3", &recipe), FF_OK);
    recipe.head_epochs = 0;
    ck_assert_uint_eq(ff_recipe_parameters(&recipe, 20, 4), 7 * 20 + 7 + 5 * 7 + 5 + 3 * 5 + 3);
    recipe.head_epochs = 1;
    ck_assert_uint_eq(ff_recipe_parameters(&recipe, 20, 4),
                      7 * 20 + 7 + 5 * 7 + 5 + 3 * 5 + 3 + (4 * 5 + 4) + (4 * 3 + 4));
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "1048576x3", &recipe), FF_OK);
    ck_assert_uint_gt(ff_recipe_parameters(&recipe, 1048576, 4), UINT64_C(3) << 40);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: recipe");
    TCase *tcase = tcase_create("recipe");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, layers_are_read);
    tcase_add_test(tcase, as_many_layers_as_promised);
    tcase_add_test(tcase, nonsense_is_no_list_of_layers);
    tcase_add_test(tcase, the_part_not_understood_is_named);
    tcase_add_test(tcase, what_a_mode_makes_no_use_of_can_be_dropped);
    tcase_add_test(tcase, defaults_are_those_documented);
    tcase_add_test(tcase, numbers_come_from_the_loss_and_the_optimizer);
    tcase_add_test(tcase, no_layers_no_recipe);
    tcase_add_test(tcase, unknown_names_are_refused);
    tcase_add_test(tcase, names_need_not_outlive_the_call);
    tcase_add_test(tcase, counts_have_their_ranges);
    tcase_add_test(tcase, numbers_have_their_ranges);
    tcase_add_test(tcase, not_a_number_is_no_number);
    tcase_add_test(tcase, the_seed_has_63_bits);
    tcase_add_test(tcase, sgd_needs_no_epsilon);
    tcase_add_test(tcase, heads_stand_on_all_layers_but_the_first);
    tcase_add_test(tcase, parameters_are_counted);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
