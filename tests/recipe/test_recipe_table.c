/* Recipes by name: what each decides, what options change, and what is of no use in one of them.
 */
#include "fixtures/train_fixture.h"
#include "model/manifest.h"
#include "model/manifest_recipe.h"
#include "nn/loss.h"
#include "recipe/recipe_table.h"
#include "support/modes.h"
#include "support/suite.h"

#include <check.h>
#include <math.h>
#include <string.h>

static struct ff_ctx *ctx;
static struct ff_recipe recipe;

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

static void ck_refused(const char *message)
{
    ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), FF_EINVAL);
    ck_assert_msg(strstr(ff_ctx_message(ctx), message) != NULL, "\"%s\" is not in \"%s\"", message,
                  ff_ctx_message(ctx));
}

static void setup(void)
{
    ctx = train_ctx();
    begin(NULL);
}

static void teardown(void)
{
    ff_recipe_release(&recipe);
    ff_ctx_free(ctx);
}

static const struct ff_recipe_entry *entry_at(int i)
{
    size_t count;
    const struct ff_recipe_entry *entries = ff_recipes(&count);

    ck_assert_uint_lt((size_t)i, count);
    return &entries[i];
}

static int entry_count(void)
{
    size_t count;

    ff_recipes(&count);
    return (int)count;
}

/* ---- The table ---- */

START_TEST(a_recipe_is_found_by_a_name_of_its_own)
{
    const struct ff_recipe_entry *entry = entry_at(_i);

    ck_assert_ptr_eq(ff_recipe_find(entry->name), entry);
    ck_assert_str_eq(ff_recipe_choices("recipe")[_i].name, entry->name);
    ck_assert_str_eq(ff_recipe_choices("recipe")[_i].summary, entry->summary);
    ck_assert_uint_gt(strlen(entry->summary), 0);
    ck_assert_uint_gt(strlen(entry->reaches), 0);
    ck_assert_ptr_null(ff_recipe_find("no such recipe"));
    ck_assert_ptr_null(ff_recipe_choices("recipe")[entry_count()].name);
}
END_TEST

/* NUMBER is a recipe's default: its own, or, where it leaves that to the loss, LOSS's. */
static void ck_number(double number, double own, float of_loss)
{
    if (isnan(own))
        ck_assert_float_eq((float)number, of_loss);
    else
        ck_assert_double_eq(number, own);
}

static void ck_defaults(const struct ff_recipe *defaults)
{
    const struct ff_loss *loss = ff_loss_find(defaults->loss);

    ck_assert_str_eq(recipe.loss, defaults->loss);
    ck_assert_str_eq(recipe.label_embedding, defaults->label_embedding);
    ck_assert_str_eq(recipe.negatives, defaults->negatives);
    ck_assert_uint_eq(recipe.negative_sets, defaults->negative_sets);
    ck_assert_uint_eq(recipe.head_epochs, defaults->head_epochs);
    ck_number(recipe.label_strength, defaults->label_strength, 0);
    ck_number(recipe.label_smoothing, defaults->label_smoothing, loss->defaults.label_smoothing);
    ck_number(recipe.dropout, defaults->dropout, 0);
    ck_number(recipe.goodness_scale, defaults->goodness_scale, loss->defaults.goodness_scale);
}

/* And is complete then: once more changes nothing. */
START_TEST(every_recipe_completes_with_its_own_defaults)
{
    struct ff_recipe once;

    begin(entry_at(_i)->name);
    complete();
    ck_assert_str_eq(recipe.recipe, entry_at(_i)->name);
    ck_defaults(entry_at(_i)->defaults);
    once = recipe;
    complete();
    ck_assert_int_eq(ff_manifest_same_recipe(ctx, &once, &recipe), FF_OK);
}
END_TEST

START_TEST(what_is_said_holds_over_the_recipe)
{
    struct ff_recipe defaults = *entry_at(_i)->defaults;

    defaults.goodness_scale = 7;
    defaults.dropout = 0.3;
    defaults.head_epochs = 4;
    begin(entry_at(_i)->name);
    recipe.goodness_scale = 7;
    recipe.dropout = 0.3;
    recipe.head_epochs = 4;
    complete();
    ck_defaults(&defaults);
}
END_TEST

/* ---- Which recipe ---- */

/* A row of a table, and the recipe that it is expected to choose. */
struct chosen {
    const char *name, *recipe;
};

/* The recipe that NAME is expected to choose, by N rows of LIST. */
static const char *expected(const struct chosen *list, size_t n, const char *name)
{
    size_t i = 0;

    while (i < n && strcmp(list[i].name, name) != 0)
        i++;
    ck_assert_msg(i < n, "%s: no recipe is expected of it; add a row to this test", name);
    return list[i].recipe;
}

START_TEST(a_loss_chooses_the_recipe_that_has_it)
{
    static const struct chosen chosen[] = {
        {"symba", "symba"}, {"logistic", "classic"}, {"softmax", "conditioned"}};
    size_t count;
    const struct ff_loss *losses = ff_losses(&count);

    for (size_t i = 0; i < count; i++) {
        begin(NULL);
        recipe.mode = mode_name(MODE_GOODNESS, _i);
        recipe.loss = losses[i].name;
        if (strcmp(recipe.mode, "ff-full") == 0 && losses[i].labels)
            continue; /* refused; see below */
        complete();
        ck_assert_str_eq(recipe.recipe,
                         expected(chosen, sizeof chosen / sizeof *chosen, losses[i].name));
        ck_assert_str_eq(recipe.loss, losses[i].name);
    }
}
END_TEST

START_TEST(a_mode_has_a_default_recipe)
{
    static const struct chosen usual[] = {{"ff-stream", "conditioned"},
                                          {"ff-full", "symba"},
                                          {"bp", "symba"},
                                          {"bp-accum", "symba"},
                                          {"bp-checkpoint", "symba"}};

    begin(NULL);
    recipe.mode = mode_name(MODE_ANY, _i);
    complete();
    ck_assert_str_eq(recipe.recipe, expected(usual, sizeof usual / sizeof *usual, recipe.mode));
}
END_TEST

/* The loss is then another one than the recipe's, whose other defaults hold; the numbers of the
 * loss are its own, and none of the recipe's loss is missed where it has no use. */
START_TEST(a_recipe_may_be_given_another_loss_of_its_kind)
{
    begin("classic");
    recipe.loss = "symba";
    complete();
    ck_assert_double_eq(recipe.threshold, 0);
    complete();
    begin("unsupervised");
    recipe.loss = "symba";
    complete();
    ck_assert_uint_eq(recipe.head_epochs, 10);
    begin("symba");
    recipe.loss = "logistic";
    complete();
    ck_assert_double_eq(recipe.threshold, 1);
}
END_TEST

START_TEST(a_recipe_is_of_no_use_to_a_loss_of_another_kind)
{
    begin("symba");
    recipe.loss = "softmax";
    ck_refused("recipe symba: ");
    ck_refused("use --recipe conditioned");
    begin("conditioned");
    recipe.loss = "logistic";
    ck_refused("use --recipe classic");
}
END_TEST

/* What completes a recipe names a loss in every mode; that is not to have been given one. */
START_TEST(backpropagation_is_given_no_loss)
{
    begin(NULL);
    recipe.mode = "bp";
    recipe.loss = "symba";
    ck_refused("loss: mode bp does not use it");
    begin(NULL);
    recipe.mode = "bp";
    complete();
    complete();
}
END_TEST

START_TEST(an_unknown_recipe_is_refused)
{
    begin("fancy");
    ck_refused("recipe \"fancy\" is not known: choose one of conditioned, classic, symba");
}
END_TEST

/* ---- What is of no use, or out of range ---- */

/* Names where a field of the recipe is. */
#define AT(field) offsetof(struct ff_recipe, field)

static const struct misuse {
    const char *recipe, *mode;
    size_t real, count, name; /* the field that is set, one of the three; 0: none of that type */
    const char *value;        /* of a name; numbers become 2 */
    const char *message;
} misuses[] = {
    {"conditioned", "ff-stream", .name = AT(label_embedding), .value = "append",
     .message = "label embedding: mode ff-stream with the loss softmax does not use it"},
    {"conditioned", "ff-stream", .name = AT(negatives), .value = "hard",
     .message = "negatives: mode ff-stream with the loss softmax does not use it"},
    {"conditioned", "ff-stream", .real = AT(threshold),
     .message = "threshold: mode ff-stream with the loss softmax does not use it"},
    {"conditioned", "ff-stream", .count = AT(negative_sets),
     .message = "negative sets: mode ff-stream with the loss softmax does not use it"},
    {"conditioned", "ff-stream", .real = AT(peer_normalisation),
     .message = "peer normalisation: mode ff-stream does not use it"},
    {"conditioned", "ff-full",
     .message = "loss softmax conditions every layer on the label, which "
                "mode ff-full does not support"},
    {"conditioned", "bp", .message = "recipe: mode bp does not use it"},
    {"conditioned", "ff-stream", .real = AT(label_smoothing), .message = "label smoothing 2: must"},
    {"conditioned", "ff-stream", .real = AT(dropout), .message = "dropout 2: must"},
    {"symba", "ff-stream", .real = AT(label_smoothing), .message = "label smoothing 2: must"},
    {"symba", "ff-stream", .count = AT(label_samples),
     .message = "label samples: mode ff-stream with the loss symba does not use it"},
    {"symba", "ff-stream", .name = AT(pass_on), .value = "mean",
     .message = "pass on: mode ff-stream with the loss symba does not use it"},
    {"conditioned", "ff-stream", .name = AT(pass_on), .value = "label",
     .message = "\"label\" is not known: choose one of label-free, mean, posterior"},
    {"classic", "ff-stream", .count = AT(label_samples),
     .message = "label samples: mode ff-stream with the loss logistic does not use it"},
    {"symba", "ff-full", .count = AT(label_samples),
     .message = "label samples: mode ff-full does not use it"},
    {"conditioned", "ff-stream", .count = AT(augment_copies),
     .message = "augment copies: mode ff-stream without jitter does not use it"},
    {"classic", "ff-stream", .count = AT(augment_copies),
     .message = "augment copies: mode ff-stream with the loss logistic does not use it"},
    {"symba", "ff-full", .count = AT(augment_copies),
     .message = "augment copies: mode ff-full does not use it"},
    {"symba", "ff-stream", .real = AT(threshold),
     .message = "threshold: mode ff-stream with the loss symba does not use it"},
    {"symba", "bp", .real = AT(threshold), .message = "threshold: mode bp does not use it"},
    {"conditioned", "ff-stream", .real = AT(head_learning_rate),
     .message = "head learning rate: mode ff-stream without a head (head epochs 0) does not use"},
    {"conditioned", "ff-stream", .real = AT(head_weight_decay),
     .message = "head weight decay: mode ff-stream without a head (head epochs 0) does not use"},
    {"conditioned", "bp", .name = AT(class_weights), .value = "inverse",
     .message = "\"inverse\" is not known: choose one of none, balanced"},
    {"symba", "ff-full", .name = AT(input_scaling), .value = "none",
     .message = "input scaling: mode ff-full does not use it"},
    {"unsupervised", "ff-stream", .real = AT(label_strength),
     .message = "label strength: mode ff-stream with the label embedding none does not use it"},
};
#define MISUSES ((int)(sizeof misuses / sizeof *misuses))

START_TEST(what_is_of_no_use_is_refused)
{
    const struct misuse *misuse = &misuses[_i];
    char *at = (char *)&recipe;
    const double two = 2;
    const uint32_t count = 2;

    begin(misuse->recipe);
    recipe.mode = misuse->mode;
    if (misuse->real)
        memcpy(at + misuse->real, &two, sizeof two);
    if (misuse->count)
        memcpy(at + misuse->count, &count, sizeof count);
    if (misuse->name)
        memcpy(at + misuse->name, &misuse->value, sizeof misuse->value);
    ck_refused(misuse->message);
}
END_TEST

/* The loss of layers over labels, the head and the output layer weigh classes. */
START_TEST(class_weights_need_a_loss_over_labels_or_a_head)
{
    static const struct {
        const char *recipe, *mode;
        uint32_t head_epochs;
        bool used;
    } ways[] = {
        {"conditioned", "ff-stream", 0, true},  {"symba", "ff-stream", 5, true},
        {"symba", "ff-stream", 0, false},       {"classic", "ff-stream", 0, false},
        {"unsupervised", "ff-stream", 5, true}, {"symba", "ff-full", FF_UNSET, true},
        {"symba", "ff-full", 0, false},         {NULL, "bp", FF_UNSET, true},
        {NULL, "bp-accum", FF_UNSET, true},     {NULL, "bp-checkpoint", FF_UNSET, true},
    };

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        begin(ways[i].recipe);
        recipe.mode = ways[i].mode;
        recipe.head_epochs = ways[i].head_epochs;
        recipe.class_weights = "balanced";
        if (ways[i].used)
            complete();
        else
            ck_refused("and without a head (head epochs 0) does not use it; leave it out, or add "
                       "--head-epochs N");
    }
}
END_TEST

/* Each optimizer has parameters of its own, in every mode. */
START_TEST(parameters_of_another_optimizer_are_refused)
{
    begin(NULL);
    recipe.mode = mode_name(MODE_ANY, _i);
    recipe.momentum = 0.5;
    ck_refused("momentum: mode ");
    ck_refused(" with the optimizer adam does not use it");
    begin(NULL);
    recipe.mode = mode_name(MODE_ANY, _i);
    recipe.optimizer = "sgd";
    recipe.momentum = 0.5;
    complete();
    recipe.beta1 = 0.5;
    ck_refused("beta1: mode ");
    recipe.beta1 = 0;
    recipe.beta2 = 0.5;
    ck_refused("beta2: mode ");
    recipe.beta2 = 0;
    recipe.epsilon = 0.5;
    ck_refused("epsilon: mode ");
    ck_refused(" with the optimizer sgd does not use it");
}
END_TEST

START_TEST(validation_is_of_use_with_labels_or_hard_negatives)
{
    begin("classic");
    recipe.validation = 0.1;
    ck_refused("validation: mode ff-stream with random negatives does not use it");
    recipe.negatives = "hard";
    complete();
    begin("unsupervised");
    recipe.validation = 0.1;
    ck_refused("validation: mode ff-stream with hybrid negatives does not use it");
    begin("symba");
    recipe.mode = "ff-full";
    recipe.validation = 0.1;
    ck_refused("validation: mode ff-full does not use it");
    begin("conditioned");
    recipe.validation = 0.1;
    complete();
}
END_TEST

START_TEST(dropout_is_of_no_use_where_all_layers_train_at_once)
{
    begin("symba");
    recipe.mode = "ff-full";
    recipe.dropout = 0.3;
    ck_refused("dropout: mode ff-full does not use it");
    recipe.mode = "ff-stream";
    complete();
}
END_TEST

START_TEST(numbers_of_labels_have_their_ranges)
{
    static const double smoothings[] = {0, 1, -1e-9, 1.001}, dropouts[] = {0, 0.99, -1e-9, 1};
    static const uint32_t samples[] = {0, FF_MAX_LABEL_SAMPLES, FF_MAX_LABEL_SAMPLES + 1,
                                       UINT32_MAX};

    for (int i = 0; i < 4; i++) {
        int expected = i < 2 ? FF_OK : FF_EINVAL;

        begin("conditioned");
        recipe.label_smoothing = smoothings[i];
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), expected);
        begin("conditioned");
        recipe.dropout = dropouts[i];
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), expected);
        begin("conditioned");
        recipe.label_samples = samples[i];
        ck_assert_int_eq(ff_recipe_complete(ctx, &recipe), expected);
    }
}
END_TEST

START_TEST(label_weights_are_counted)
{
    begin("conditioned");
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "7,5", &recipe), FF_OK);
    complete();
    ck_assert_uint_eq(ff_recipe_parameters(&recipe, 20, 4), 7 * 20 + 7 + 7 * 4 + 5 * 7 + 5 + 5 * 4);
}
END_TEST

START_TEST(patience_needs_held_out_samples_and_one_sweep)
{
    begin("conditioned");
    recipe.patience = 2;
    ck_refused("patience: mode ff-stream without held-out samples does not use it; leave it out, "
               "or add --validation 0.1");
    recipe.validation = 0.1;
    recipe.sweeps = 2;
    ck_refused("patience: mode ff-stream with several sweeps does not use it; leave it out, or use "
               "--sweeps 1");
    recipe.sweeps = 1;
    complete();
    begin("classic");
    recipe.patience = 2;
    ck_refused("patience: mode ff-stream with random negatives does not use it");
    begin("symba");
    recipe.mode = "ff-full";
    recipe.patience = 2;
    ck_refused("patience: mode ff-full does not use it");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: recipe table");
    TCase *tcase = tcase_create("recipe table");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, a_recipe_is_found_by_a_name_of_its_own, 0, entry_count());
    tcase_add_loop_test(tcase, every_recipe_completes_with_its_own_defaults, 0, entry_count());
    tcase_add_loop_test(tcase, what_is_said_holds_over_the_recipe, 0, entry_count());
    tcase_add_loop_test(tcase, a_loss_chooses_the_recipe_that_has_it, 0, mode_count(MODE_GOODNESS));
    tcase_add_loop_test(tcase, a_mode_has_a_default_recipe, 0, mode_count(MODE_ANY));
    tcase_add_test(tcase, a_recipe_may_be_given_another_loss_of_its_kind);
    tcase_add_test(tcase, a_recipe_is_of_no_use_to_a_loss_of_another_kind);
    tcase_add_test(tcase, backpropagation_is_given_no_loss);
    tcase_add_test(tcase, an_unknown_recipe_is_refused);
    tcase_add_loop_test(tcase, what_is_of_no_use_is_refused, 0, MISUSES);
    tcase_add_test(tcase, class_weights_need_a_loss_over_labels_or_a_head);
    tcase_add_loop_test(tcase, parameters_of_another_optimizer_are_refused, 0,
                        mode_count(MODE_ANY));
    tcase_add_test(tcase, validation_is_of_use_with_labels_or_hard_negatives);
    tcase_add_test(tcase, patience_needs_held_out_samples_and_one_sweep);
    tcase_add_test(tcase, dropout_is_of_no_use_where_all_layers_train_at_once);
    tcase_add_test(tcase, numbers_of_labels_have_their_ranges);
    tcase_add_test(tcase, label_weights_are_counted);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
