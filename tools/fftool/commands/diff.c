/* fftool diff: compares two models, tensor by tensor. */
#include "common/output.h"
#include "common/print.h"
#include "json.h"
#include "options.h"
#include <fftool/model.h>
#include <string.h>

#define EXIT_DIFFERS 1

struct settings {
    bool json, all, quiet;
};

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "all",
     .help = "list identical tensors, too",
     .offset = offsetof(struct settings, all)},
    {.kind = OPTION_FLAG,
     .name = "json",
     .help = "print everything as a JSON object",
     .offset = offsetof(struct settings, json)},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "print nothing, for the exit code alone",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

struct comparison {
    const struct settings *settings;
    struct ff_model *a, *b;
    struct json_writer *writer; /* NULL: text */
    uint64_t tensors, same;
    bool began; /* the table of tensors was begun */
    bool differ;
};

/* ---- Recipes, data, progress ---- */

/* Notes WHAT, as texts, if it differs. */
static void add_fact(struct comparison *c, const char *what, const char *a, const char *b)
{
    struct json_builder object;

    if (strcmp(a, b) == 0)
        return;
    c->differ = true;
    if (c->writer != NULL) {
        object = json_build(json_object());
        json_add(&object, "what", json_from_text(what));
        json_add(&object, "a", json_from_text(a));
        json_add(&object, "b", json_from_text(b));
        json_member(c->writer, NULL, json_built(&object));
    } else if (!c->settings->quiet) {
        print_line(stdout, "  %-20s %s | %s", what, a, b);
    }
}

static void compare_recipes(struct comparison *c, const struct ff_recipe *a,
                            const struct ff_recipe *b)
{
    const struct ff_recipe_field *field;
    struct text left, right;

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL; i++) {
        bool in_a = ff_recipe_uses(a, field->name), in_b = ff_recipe_uses(b, field->name);

        left = in_a ? text_field(a, field) : (struct text){"-"};
        right = in_b ? text_field(b, field) : (struct text){"-"};
        add_fact(c, text_words(field->name).s, left.s, right.s);
    }
}

static struct text layers_text(const struct ff_recipe *recipe)
{
    uint32_t layers = ff_recipe_layers(recipe), units = ff_recipe_units(recipe, 1);
    struct text out;

    for (uint32_t i = 2; i <= layers; i++)
        if (ff_recipe_units(recipe, i) != units)
            return text_counted(layers, "layer");
    snprintf(out.s, sizeof out.s, "%ux%u", units, layers);
    return out;
}

static struct text progress_text(const struct ff_model_info *info)
{
    struct text out;

    if (info->complete)
        return (struct text){"complete"};
    snprintf(out.s, sizeof out.s, "%u of %u layers", info->layers_trained,
             ff_recipe_layers(info->recipe));
    return out;
}

static void compare_facts(struct comparison *c, const struct ff_model_info *a,
                          const struct ff_model_info *b)
{
    add_fact(c, "layers", layers_text(a->recipe).s, layers_text(b->recipe).s);
    compare_recipes(c, a->recipe, b->recipe);
    /* Not the path of the data, which may have moved. */
    add_fact(c, "data fingerprint", a->data_fingerprint, b->data_fingerprint);
    add_fact(c, "samples", text_count(a->samples).s, text_count(b->samples).s);
    add_fact(c, "features", text_count(a->features).s, text_count(b->features).s);
    add_fact(c, "classes", text_count(a->classes).s, text_count(b->classes).s);
    add_fact(c, "progress", progress_text(a).s, progress_text(b).s);
    add_fact(c, "weights hash", a->weights_hash, b->weights_hash);
}

/* ---- Tensors ---- */

static void print_difference(struct comparison *c, const struct ff_tensor_difference *difference,
                             bool same)
{
    if (!c->began)
        printf("\n%-30s %11s %10s %10s %10s\n", "tensor", "different", "largest", "rms", "cosine");
    c->began = true;
    if (!difference->in_a || !difference->in_b)
        printf("%-30s only in %s\n", difference->name, difference->in_a ? "A" : "B");
    else if (!difference->same_shape)
        printf("%-30s of another shape\n", difference->name);
    else if (same)
        printf("%-30s identical\n", difference->name);
    else
        printf("%-30s %11s %10s %10s %10s\n", difference->name,
               text_percent((double)difference->different / (double)difference->elements).s,
               text_real(difference->largest).s, text_real(difference->rms).s,
               text_real(difference->cosine).s);
}

static json_t *difference_object(const struct ff_tensor_difference *difference, bool same)
{
    struct json_builder object = json_build(json_object());

    json_add(&object, "name", json_from_text(difference->name));
    json_add(&object, "in_a", json_boolean(difference->in_a));
    json_add(&object, "in_b", json_boolean(difference->in_b));
    json_add(&object, "same_shape", json_boolean(difference->same_shape));
    json_add(&object, "identical", json_boolean(same));
    if (difference->same_shape) {
        json_add(&object, "elements", json_from_count(difference->elements));
        json_add(&object, "different", json_from_count(difference->different));
        json_add(&object, "largest", json_from_real(difference->largest));
        json_add(&object, "rms", json_from_real(difference->rms));
        json_add(&object, "cosine", json_from_real(difference->cosine));
    }
    return json_built(&object);
}

static int note(void *arg, const struct ff_tensor_difference *difference)
{
    struct comparison *c = arg;
    bool same = difference->same_shape && difference->different == 0;

    c->tensors++;
    c->same += same;
    c->differ = c->differ || !same;
    if (c->writer != NULL)
        json_member(c->writer, NULL, difference_object(difference, same));
    else if (!c->settings->quiet && (!same || c->settings->all))
        print_difference(c, difference, same);
    return FF_OK;
}

/* ---- The command ---- */

static void print_end(const struct comparison *c)
{
    if (c->began)
        putchar('\n');
    if (c->differ)
        printf("%s of %s identical\n", text_count(c->same).s, text_counted(c->tensors, "tensor").s);
    else
        printf("identical: %s\n", text_counted(c->tensors, "tensor").s);
}

static int print_text_report(struct comparison *c, const struct ff_model_info *a,
                             const struct ff_model_info *b)
{
    int status;

    compare_facts(c, a, b);
    status = ff_model_compare(c->a, c->b, note, c);
    if (status == FF_OK && !c->settings->quiet)
        print_end(c);
    return status;
}

static int print_json_report(const struct cli *cli, struct comparison *c,
                             const struct ff_model_info *a, const struct ff_model_info *b,
                             int *printed)
{
    struct json_writer writer;
    int status;

    json_begin(&writer);
    c->writer = &writer; /* until the end of this function */
    json_member(&writer, "a", json_from_text(cli->model));
    json_member(&writer, "b", json_from_text(cli->other));
    json_begin_array(&writer, "facts");
    compare_facts(c, a, b);
    json_end_array(&writer);
    json_begin_array(&writer, "tensors");
    status = ff_model_compare(c->a, c->b, note, c);
    json_end_array(&writer);
    json_member(&writer, "identical", json_boolean(!c->differ));
    c->writer = NULL;
    if (status == FF_OK)
        *printed = json_end(&writer, cli);
    else
        json_discard(&writer);
    return status;
}

static int compare(const struct cli *cli, struct comparison *c)
{
    struct ff_model_info a = {.size = sizeof a}, b = {.size = sizeof b};
    int printed = EXIT_DONE;
    int status = ff_model_open(cli->ctx, cli->model, &c->a);

    if (status == FF_OK)
        status = ff_model_open(cli->ctx, cli->other, &c->b);
    if (status == FF_OK)
        status = ff_model_info(c->a, &a);
    if (status == FF_OK)
        status = ff_model_info(c->b, &b);
    if (status == FF_OK)
        status = c->settings->json ? print_json_report(cli, c, &a, &b, &printed)
                                   : print_text_report(c, &a, &b);
    ff_model_close(c->a);
    ff_model_close(c->b);
    return status == FF_OK ? printed : report_status(cli, status);
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    const struct settings *settings = arg;
    struct comparison c = {.settings = settings};
    int result;

    cli->quiet = settings->quiet;
    cli->model = operand;
    if (settings->json && settings->quiet)
        return usage_error(cli->command, "--json and --quiet exclude each other");
    result = compare(cli, &c);
    if (result == EXIT_DONE)
        return c.differ ? EXIT_DIFFERS : EXIT_DONE;
    return result == EXIT_DIFFERS ? EXIT_USAGE : result;
}

const struct command cmd_diff = {
    .name = "diff",
    .operand = "A",
    .other = "B",
    .summary = "compare two models, tensor by tensor",
    .description =
        "Compares the models A and B, complete or in training: what differs in recipe, data and "
        "progress, and for each tensor the elements that differ, the largest absolute difference, "
        "the root of the mean square of the differences, and the cosine of the angle between both. "
        "Needs the memory of two tiles. The exit code is 0 if the models are identical, 1 if they "
        "differ, and 2 or more if they cannot be compared.",
    .examples = "  fftool diff before.ff after.ff\n"
                "  fftool diff a.ff b.ff --json\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .run = run,
};
