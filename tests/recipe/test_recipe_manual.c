/* The page of recipes defines every name that a field accepts. */
#include "recipe/field.h"
#include "support/modes.h"
#include "support/suite.h"

#include <check.h>
#include <ctype.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINE_BYTES 128
#define RECIPES "fftool-recipes.7"

static char *recipes; /* the page */

static char *read_page(const char *name)
{
    const char *root = getenv("FFTOOL_ROOT");
    char path[PATH_MAX], *text = NULL;
    size_t bytes = 0;
    FILE *in;

    snprintf(path, sizeof path, "%s/tools/man/%s", root ? root : ".", name);
    in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s: cannot open", path);
    ck_assert_int_gt(getdelim(&text, &bytes, '\0', in), 0);
    fclose(in);
    return text;
}

static void setup(void)
{
    recipes = read_page(RECIPES ".in");
}

static void teardown(void)
{
    free(recipes);
}

/* The section of PAGE that begins with the line HEADING, to be freed. Subsections belong to it. */
static char *section(const char *page, const char *heading)
{
    const char *start = strstr(page, heading), *end, *subsection;

    ck_assert_msg(start != NULL, "no section %s", heading);
    end = strstr(start + 1, "\n.Sh ");
    subsection = strstr(start + 1, "\n.Ss ");
    if (strncmp(heading, ".Ss ", 4) == 0 && subsection && subsection < end)
        end = subsection;
    ck_assert_ptr_nonnull(end);
    return strndup(start, (size_t)(end - start));
}

static bool is_of_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '-';
}

/* True if WORD, which may have other text before it, is in TEXT and is no part of another one. */
static bool has_word(const char *text, const char *word)
{
    for (const char *at = text; (at = strstr(at, word)); at++) {
        bool begins = at == text || !is_of_word(*word) || !is_of_word(at[-1]);

        if (begins && !is_of_word(at[strlen(word)]))
            return true;
    }
    return false;
}

static const struct ff_field *field_at(int i)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    ck_assert_uint_lt((size_t)i, n);
    return &fields[i];
}

static int field_count(void)
{
    size_t n;

    ff_fields(&n);
    return (int)n;
}

/* Where the page of recipes defines the names that a field accepts: in a section (NULL: in any),
 * behind that text. Modes have sections of their own. */
static const struct definitions {
    const char *field, *section, *before;
} definitions[] = {
    {"recipe", ".Sh RECIPES\n", "\n.Ss "},
    {"loss", ".Sh LOSSES\n", "\n.It Cm "},
    {"negatives", NULL, "Fl -negatives Cm "},
    {"label_embedding", ".Sh LABEL EMBEDDING\n", "\n.It Cm "},
    {"standardize", ".Sh STANDARDISATION\n", "\n.It Cm "},
    {"input_scaling", ".Sh INPUT SCALING\n", "\n.It Cm "},
    {"class_weights", ".Sh CLASS WEIGHTS\n", "\n.It Cm "},
    {"pass_on", ".Ss Pass-on\n", "\n.It Cm "},
    {"activations", ".Sh STORED ACTIVATIONS\n", "\n.It Cm "},
    {"optimizer", ".Sh OPTIMIZERS\n", "\n.It Cm "},
    {"schedule", ".Sh LEARNING-RATE SCHEDULES\n", "\n.It Cm "},
};
#define DEFINITIONS (sizeof definitions / sizeof *definitions)

static void ck_defined(const struct definitions *of)
{
    const struct ff_recipe_choice *choice = ff_recipe_choices(of->field);
    char *text = of->section ? section(recipes, of->section) : strdup(recipes);

    for (; choice->name; choice++) {
        char wanted[LINE_BYTES];

        snprintf(wanted, sizeof wanted, "%s%s", of->before, choice->name);
        ck_assert_msg(has_word(text, wanted), RECIPES ": %s %s is not defined", of->field,
                      choice->name);
    }
    free(text);
}

START_TEST(every_name_is_defined_in_the_page_of_recipes)
{
    const struct ff_field *field = field_at(_i);
    size_t i = 0;

    if (field->info.type != FF_FIELD_CHOICE || strcmp(field->info.name, "mode") == 0)
        return;
    while (i < DEFINITIONS && strcmp(definitions[i].field, field->info.name) != 0)
        i++;
    ck_assert_msg(i < DEFINITIONS, "%s: add where its names are defined", field->info.name);
    ck_defined(&definitions[i]);
}
END_TEST

START_TEST(every_mode_is_defined_in_the_page_of_recipes)
{
    char heading[LINE_BYTES], item[LINE_BYTES];

    snprintf(heading, sizeof heading, "\n.Sh %s\n", mode_name(MODE_ANY, _i));
    for (char *c = heading + strlen("\n.Sh "); *c; c++)
        *c = (char)toupper((unsigned char)*c);
    snprintf(item, sizeof item, "\n.It Cm %s\n", mode_name(MODE_ANY, _i));
    ck_assert_msg(strstr(recipes, heading) || strstr(recipes, item),
                  RECIPES ": mode %s is not defined", mode_name(MODE_ANY, _i));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: manual");
    TCase *tcase = tcase_create("manual");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_loop_test(tcase, every_name_is_defined_in_the_page_of_recipes, 0, field_count());
    tcase_add_loop_test(tcase, every_mode_is_defined_in_the_page_of_recipes, 0,
                        mode_count(MODE_ANY));
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
