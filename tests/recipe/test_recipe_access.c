/* Recipes as programs handle them: by the names of fields. */
#include "support/suite.h"

#include <fftool/fftool.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct ff_ctx *ctx;
static struct ff_recipe *recipe;

static void setup(void)
{
    ck_assert_int_eq(ff_ctx_new(&ctx), FF_OK);
    ck_assert_int_eq(ff_recipe_new(ctx, &recipe), FF_OK);
}

static void teardown(void)
{
    ff_recipe_free(recipe);
    ff_ctx_free(ctx);
}

static void set(const char *field, const char *value)
{
    ck_assert_msg(ff_recipe_set(ctx, recipe, field, value) == FF_OK, "%s", ff_ctx_message(ctx));
}

static void ck_refused(const char *field, const char *value, const char *message)
{
    ck_assert_int_eq(ff_recipe_set(ctx, recipe, field, value), FF_EINVAL);
    ck_assert_ptr_nonnull(strstr(ff_ctx_message(ctx), message));
}

/* A value of FIELD as text, and back. */
static void write_value(const struct ff_recipe_field *field, char text[64])
{
    if (field->type == FF_FIELD_CHOICE)
        snprintf(text, 64, "%s", ff_recipe_get_text(recipe, field->name));
    else if (field->type == FF_FIELD_REAL)
        snprintf(text, 64, "%.17g", ff_recipe_get_real(recipe, field->name));
    else
        snprintf(text, 64, "%llu", (unsigned long long)ff_recipe_get_uint(recipe, field->name));
}

/* Something that FIELD may be. */
static void other_value(const struct ff_recipe_field *field, char text[64])
{
    const struct ff_recipe_choice *choice;

    if (field->type == FF_FIELD_CHOICE) {
        for (choice = ff_recipe_choices(field->name); choice[1].name;)
            choice++;
        snprintf(text, 64, "%s", choice->name);
    } else if (field->type == FF_FIELD_SEED) {
        snprintf(text, 64, "9223372036854775807");
    } else {
        snprintf(text, 64, "%.17g", field->high);
    }
}

START_TEST(every_field_reads_back_what_was_set)
{
    const struct ff_recipe_field *field;
    char value[64], read[64], initial[64];

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        write_value(field, initial);
        other_value(field, value);
        set(field->name, value);
        write_value(field, read);
        ck_assert_str_eq(read, value);
        set(field->name, NULL);
        write_value(field, read);
        ck_assert_str_eq(read, initial);
    }
}
END_TEST

START_TEST(every_field_refuses_what_it_cannot_be_and_names_itself)
{
    const struct ff_recipe_field *field;
    char words[64], before[64], after[64], beyond[64];

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        other_value(field, before);
        set(field->name, before);
        snprintf(words, sizeof words, "%s", field->name);
        for (char *at = words; *at && field->type != FF_FIELD_CHOICE; at++)
            *at = (char)(*at == '_' ? ' ' : *at);
        ck_refused(field->name, "", words);
        ck_refused(field->name, "1x", words);
        ck_refused(field->name, "-1e31", words);
        snprintf(beyond, sizeof beyond, "%.17g", field->high * 2 + 1);
        if (field->type != FF_FIELD_CHOICE && field->type != FF_FIELD_SEED)
            ck_refused(field->name, beyond, words);
        write_value(field, after);
        ck_assert_str_eq(after, before);
    }
    ck_refused("seed", "9223372036854775808", "seed 9223372036854775808: must be 0 to");
    ck_refused("optimizer", "adams", "choose one of adam, sgd");
    ck_refused("dropout", "nan", "must be a number from 0 to 0.99");
    ck_refused("epochs", "4294967297", "must be a whole number from 1 to 1000000");
}
END_TEST

START_TEST(an_unknown_field_is_refused_and_has_no_value)
{
    ck_refused("epoch", "3", "no field \"epoch\"");
    ck_assert_uint_eq(ff_recipe_get_uint(recipe, "epoch"), UINT64_MAX);
    ck_assert_double_nan(ff_recipe_get_real(recipe, "epoch"));
    ck_assert_ptr_null(ff_recipe_get_text(recipe, "epoch"));
    /* Of another type, or unset. */
    ck_assert_uint_eq(ff_recipe_get_uint(recipe, "dropout"), UINT64_MAX);
    ck_assert_uint_eq(ff_recipe_get_uint(recipe, "head_epochs"), UINT64_MAX);
    ck_assert_double_nan(ff_recipe_get_real(recipe, "dropout"));
    ck_assert_double_nan(ff_recipe_get_real(recipe, "epochs"));
    ck_assert_ptr_null(ff_recipe_get_text(recipe, "loss"));
    ck_assert_ptr_null(ff_recipe_get_text(recipe, "epochs"));
}
END_TEST

START_TEST(hidden_layers_that_are_refused_leave_those_there_are)
{
    ck_assert_uint_eq(ff_recipe_layers(recipe), 0);
    set("hidden", "30x2,20");
    ck_refused("hidden", "30,x", "hidden layers");
    ck_refused("hidden", "0", "hidden layers");
    ck_assert_uint_eq(ff_recipe_layers(recipe), 3);
    ck_assert_uint_eq(ff_recipe_units(recipe, 0), 0);
    ck_assert_uint_eq(ff_recipe_units(recipe, 1), 30);
    ck_assert_uint_eq(ff_recipe_units(recipe, 3), 20);
    ck_assert_uint_eq(ff_recipe_units(recipe, 4), 0);
    set("hidden", NULL);
    ck_assert_uint_eq(ff_recipe_layers(recipe), 0);
}
END_TEST

START_TEST(a_copy_is_independent)
{
    struct ff_recipe *copy;

    set("hidden", "30x2");
    set("dropout", "0.25");
    ck_assert_int_eq(ff_recipe_copy(ctx, recipe, &copy), FF_OK);
    set("hidden", "10");
    set("dropout", "0.5");
    ck_assert_uint_eq(ff_recipe_layers(copy), 2);
    ck_assert_uint_eq(ff_recipe_units(copy, 2), 30);
    ck_assert_double_eq(ff_recipe_get_real(copy, "dropout"), 0.25);
    ff_recipe_free(copy);
    ff_recipe_free(NULL);
}
END_TEST

START_TEST(completing_sets_every_field)
{
    const struct ff_recipe_field *field;
    char value[64];

    set("hidden", "10");
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_OK);
    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        write_value(field, value);
        ck_assert_str_ne(value, "nan");
        ck_assert_str_ne(value, "(null)");
        ck_assert_str_ne(value, "18446744073709551615");
    }
    ck_assert(ff_recipe_uses(recipe, "label_samples"));
    ck_assert(!ff_recipe_uses(recipe, "threshold"));
    ck_assert(!ff_recipe_uses(recipe, "nothing"));
}
END_TEST

/* The threshold of a loss is 0 where it has none. */
START_TEST(what_completing_sets_stays_set)
{
    struct ff_recipe *copy;

    set("hidden", "10");
    set("recipe", "symba");
    ck_assert_int_eq(ff_recipe_copy(ctx, recipe, &copy), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_OK);
    set("loss", "logistic");
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_OK);
    ck_assert_double_eq(ff_recipe_get_real(recipe, "threshold"), 0);
    set("optimizer", "sgd");
    ck_assert_int_eq(ff_recipe_complete(ctx, recipe), FF_EINVAL);

    ck_assert_int_eq(ff_recipe_set(ctx, copy, "loss", "logistic"), FF_OK);
    ck_assert_int_eq(ff_recipe_set(ctx, copy, "optimizer", "sgd"), FF_OK);
    ck_assert_int_eq(ff_recipe_complete(ctx, copy), FF_OK);
    ck_assert_double_eq(ff_recipe_get_real(copy, "threshold"), 1);
    ff_recipe_free(copy);
}
END_TEST

/* Where the machine has no such locale there is nothing that could go wrong. */
START_TEST(a_decimal_comma_of_the_locale_does_not_count)
{
    setlocale(LC_ALL, "de_DE.UTF-8");
    set("dropout", "0.25");
    ck_assert_double_eq(ff_recipe_get_real(recipe, "dropout"), 0.25);
    ck_refused("dropout", "0,25", "must be a number");
    setlocale(LC_ALL, "C");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: recipe access");
    TCase *tcase = tcase_create("recipe access");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, every_field_reads_back_what_was_set);
    tcase_add_test(tcase, every_field_refuses_what_it_cannot_be_and_names_itself);
    tcase_add_test(tcase, an_unknown_field_is_refused_and_has_no_value);
    tcase_add_test(tcase, hidden_layers_that_are_refused_leave_those_there_are);
    tcase_add_test(tcase, a_copy_is_independent);
    tcase_add_test(tcase, completing_sets_every_field);
    tcase_add_test(tcase, what_completing_sets_stays_set);
    tcase_add_test(tcase, a_decimal_comma_of_the_locale_does_not_count);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
