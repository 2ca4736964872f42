/* What a refusal of a recipe advises: it is possible, it helps, and following it ends.
 */
#include "fixtures/train_fixture.h"
#include "recipe/field.h"
#include "support/suite.h"

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define MAX_OPTIONS FF_MAX_FIELDS
#define MAX_VALUES 8
#define MAX_REMEDIES 4
#define MAX_MESSAGE 512
#define MAX_STEPS 6 /* remedies followed one after another */
#define EXAMPLE "3" /* for the N of "--jitter N" */

/* The option of a field, its name in messages, and values: all names, or some numbers. */
struct option {
    const struct ff_field *field;
    char name[64], words[FF_FIELD_WORDS_BYTES];
    const char *values[MAX_VALUES + 1];
};
static struct option options[MAX_OPTIONS];
static size_t n_options;

/* The value of each option; NULL: it is not given. */
struct request {
    const char *values[MAX_OPTIONS];
};

/* A request with one option changed. */
struct remedy {
    size_t option;
    char value[32]; /* empty: leave it out */
};

static struct ff_ctx *ctx;

static void setup(void)
{
    ctx = train_ctx();
}

static void teardown(void)
{
    ff_ctx_free(ctx);
}

/* What a field that is a number is given: no epochs, those of the network, and others. */
static void add_numbers(struct option *option)
{
    if (strcmp(option->field->info.name, "head_epochs") == 0) {
        option->values[0] = "0";
        option->values[1] = "10";
        option->values[2] = "7";
    } else {
        option->values[0] = option->field->info.type == FF_FIELD_COUNT ? "2" : ".5";
    }
}

static void add_option(const struct ff_field *field)
{
    const struct ff_recipe_choice *choices = ff_recipe_choices(field->info.name);
    struct option *option = &options[n_options++];

    *option = (struct option){.field = field};
    snprintf(option->name, sizeof option->name, "--%s", field->info.option);
    ff_field_words(field, option->words);
    if (!choices)
        add_numbers(option);
    for (size_t i = 0; choices && choices[i].name; i++) {
        ck_assert_uint_lt(i, MAX_VALUES);
        option->values[i] = choices[i].name;
    }
}

/* Lists the options of all fields but the seed, on which nothing depends. */
static void list_options(void)
{
    size_t n;
    const struct ff_field *fields = ff_fields(&n);

    n_options = 0;
    for (size_t i = 0; i < n; i++) {
        if (fields[i].info.type != FF_FIELD_SEED)
            add_option(&fields[i]);
    }
}

/* The reason for which REQUEST is refused, valid until the next call; empty: it is accepted. */
static const char *refusal(const struct request *request)
{
    struct ff_recipe recipe;
    int status;

    ff_recipe_init(&recipe);
    for (size_t i = 0; i < n_options; i++) {
        if (request->values[i])
            ck_assert_int_eq(ff_field_read(ctx, options[i].field, request->values[i], &recipe),
                             FF_OK);
    }
    ck_assert_int_eq(ff_recipe_parse_hidden(ctx, "1x2", &recipe), FF_OK);
    status = ff_recipe_complete(ctx, &recipe);
    ff_recipe_release(&recipe);
    return status == FF_OK ? "" : ff_ctx_message(ctx);
}

/* REQUEST as it is written, for messages; static. */
static const char *words_of(const struct request *request)
{
    static char text[MAX_MESSAGE];
    size_t used = 0;

    *text = '\0';
    for (size_t i = 0; i < n_options; i++) {
        if (request->values[i])
            used += (size_t)snprintf(text + used, sizeof text - used, "%s %s ", options[i].name,
                                     request->values[i]);
    }
    return text;
}

static size_t option_of(const char *name)
{
    size_t i = 0;

    while (i < n_options && strcmp(options[i].name, name) != 0)
        i++;
    ck_assert_msg(i < n_options, "%s: no such option", name);
    return i;
}

/* The option whose field MESSAGE begins with. */
static size_t subject_of(const char *message)
{
    size_t i = 0;

    while (i < n_options && strncmp(options[i].words, message, strlen(options[i].words)) != 0)
        i++;
    ck_assert_msg(i < n_options, "begins with no field: %s", message);
    return i;
}

/* Reads "leave it out, or use --recipe classic or symba": three remedies. Returns how many. */
static size_t read_remedies(const char *message, struct remedy remedies[MAX_REMEDIES])
{
    static const char separators[] = " ,";
    const char *advice = strrchr(message, ';');
    char text[MAX_MESSAGE];
    char *word, *rest;
    bool leave_out = false;
    size_t option = n_options, n = 0;

    ck_assert_msg(advice, "advises nothing: %s", message);
    snprintf(text, sizeof text, "%s", advice + 1);
    for (word = strtok_r(text, separators, &rest); word; word = strtok_r(NULL, separators, &rest)) {
        bool is_it = strcmp(word, "it") == 0, is_name = is_it || strncmp(word, "--", 2) == 0;

        if (strcmp(word, "leave") == 0 || strcmp(word, "use") == 0 || strcmp(word, "add") == 0) {
            leave_out = *word == 'l';
            continue;
        }
        if (strcmp(word, "out") == 0 || strcmp(word, "or") == 0)
            continue;
        if (is_name)
            option = is_it ? subject_of(message) : option_of(word);
        /* "leave out --loss" ends with the option, "use --recipe classic or symba" with values. */
        if (is_name != leave_out)
            continue;
        ck_assert_msg(n < MAX_REMEDIES && option < n_options, "not understood: %s", message);
        remedies[n] = (struct remedy){.option = option};
        if (!leave_out)
            snprintf(remedies[n].value, sizeof remedies[n].value, "%s",
                     strcmp(word, "N") == 0 ? EXAMPLE : word);
        n++;
    }
    return n;
}

/* Follows REMEDY, which must be possible. */
static struct request follow(const struct request *request, const struct remedy *remedy)
{
    struct request next = *request;
    const char **value = &next.values[remedy->option];

    if (!*remedy->value)
        ck_assert_msg(*value, "%sis to do without %s", words_of(request),
                      options[remedy->option].name);
    else
        ck_assert_msg(!*value || strcmp(*value, remedy->value) != 0, "%sis to have %s %s",
                      words_of(request), options[remedy->option].name, remedy->value);
    *value = *remedy->value ? remedy->value : NULL;
    return next;
}

/* Following the first remedy of every refusal leads from REQUEST to one that is accepted. */
static void ck_ends(struct request request)
{
    struct remedy followed[MAX_STEPS][MAX_REMEDIES];
    size_t step = 0;

    for (; *refusal(&request); step++) {
        ck_assert_msg(step < MAX_STEPS, "%sgoes on and on: %s", words_of(&request),
                      refusal(&request));
        ck_assert_uint_gt(read_remedies(refusal(&request), followed[step]), 0);
        request = follow(&request, &followed[step][0]);
    }
}

/* Each remedy in the refusal of REQUEST is possible, changes the outcome, and leads to acceptance.
 */
static void ck_remedies(const struct request *request)
{
    struct remedy remedies[MAX_REMEDIES];
    char reason[MAX_MESSAGE];
    size_t n;

    snprintf(reason, sizeof reason, "%s", refusal(request));
    if (!*reason)
        return;
    n = read_remedies(reason, remedies);
    for (size_t i = 0; i < n; i++) {
        struct request next = follow(request, &remedies[i]);

        ck_assert_msg(strcmp(refusal(&next), reason) != 0, "%sis refused like that without: %s",
                      words_of(&next), reason);
        ck_ends(next);
    }
}

/* Checks REQUEST with up to MORE options of those from FIRST on added, in every way. */
static void ck_with(struct request *request, size_t first, unsigned more)
{
    ck_remedies(request);
    for (size_t i = first; i < n_options && more > 0; i++) {
        for (size_t v = 0; options[i].values[v]; v++) {
            request->values[i] = options[i].values[v];
            ck_with(request, i + 1, more - 1);
        }
        request->values[i] = NULL;
    }
}

START_TEST(remedies_help_whichever_three_options_are_given)
{
    struct request none = {{NULL}};

    ck_with(&none, 0, 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("recipe: remedies");
    TCase *tcase = tcase_create("remedies");

    tcase_add_unchecked_fixture(tcase, list_options, NULL);
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, remedies_help_whichever_three_options_are_given);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
