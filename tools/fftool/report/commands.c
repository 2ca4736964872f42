/* The commands that make the model again. */
#include "common/shell.h"
#include "report/report.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 17 /* of a double */

/* The value of FIELD as an option takes it, exactly. */
static struct text exact_value(const struct ff_recipe *recipe, const struct ff_recipe_field *field)
{
    double value = ff_recipe_get_real(recipe, field->name);
    struct text out = text_field(recipe, field);

    for (int digits = 6; field->type == FF_FIELD_REAL && digits <= MOST_DIGITS; digits++) {
        snprintf(out.s, sizeof out.s, "%.*g", digits, value);
        if (!(fabs(strtod(out.s, NULL) - value) > 0))
            break;
    }
    return out;
}

/* True if RECIPE, once complete, has VALUE for FIELD. */
static bool becomes(struct ff_ctx *ctx, const struct ff_recipe *recipe,
                    const struct ff_recipe_field *field, const char *value)
{
    struct ff_recipe *complete;
    bool same;

    if (ff_recipe_copy(ctx, recipe, &complete) != FF_OK)
        return false;
    same = ff_recipe_complete(ctx, complete) == FF_OK && ff_recipe_uses(complete, field->name) &&
           strcmp(exact_value(complete, field).s, value) == 0;
    ff_recipe_free(complete);
    return same;
}

/* Values that depend on the number of samples, which a recipe does not know. */
static bool depends_on_samples(const struct ff_recipe_field *field)
{
    return strcmp(field->name, "epochs") == 0 || strcmp(field->name, "batch") == 0;
}

/* Adds to OUT, and to the recipe SO_FAR, the fields in which WANTED differs from what SO_FAR
 * becomes. */
static int add_fields(struct ff_ctx *ctx, const struct ff_recipe *wanted, struct ff_recipe *so_far,
                      FILE *out)
{
    const struct ff_recipe_field *field;
    int status = FF_OK;

    for (size_t i = 0; (field = ff_recipe_field(i)) != NULL && status == FF_OK; i++) {
        struct text value;

        if (!ff_recipe_uses(wanted, field->name))
            continue;
        value = exact_value(wanted, field);
        if (!depends_on_samples(field) && becomes(ctx, so_far, field, value.s))
            continue;
        fprintf(out, " --%s %s", field->option, value.s);
        status = ff_recipe_set(ctx, so_far, field->name, value.s);
    }
    return status;
}

/* "500x4,100", to be freed; NULL: out of memory. */
static char *hidden_text(const struct ff_recipe *recipe)
{
    char *text = NULL;
    size_t bytes;
    FILE *out = open_memstream(&text, &bytes);
    uint32_t run;

    if (out == NULL)
        return NULL;

    for (uint32_t i = 1; i <= ff_recipe_layers(recipe); i += run) {
        uint32_t units = ff_recipe_units(recipe, i);

        for (run = 1; ff_recipe_units(recipe, i + run) == units;)
            run++;
        fprintf(out, run > 1 ? "%s%ux%u" : "%s%u", i > 1 ? "," : "", units, run);
    }
    return fclose(out) == 0 ? text : NULL;
}

int report_recipe_options(struct ff_ctx *ctx, const struct ff_recipe *recipe, char **text)
{
    char *hidden = hidden_text(recipe);
    struct ff_recipe *so_far = NULL;
    size_t bytes;
    FILE *out = open_memstream(text, &bytes);
    int status = out != NULL && hidden != NULL ? ff_recipe_new(ctx, &so_far) : FF_ENOMEM;

    if (status == FF_OK)
        status = ff_recipe_set(ctx, so_far, "hidden", hidden);
    if (status == FF_OK) {
        fprintf(out, " --hidden %s", hidden);
        status = add_fields(ctx, recipe, so_far, out);
    }
    ff_recipe_free(so_far);
    if (out != NULL)
        fclose(out);
    free(hidden);
    return status;
}

static void write_word(struct report *report, const char *option, const char *word)
{
    struct shell_text quoted = {.length = 0};

    shell_add_name(&quoted, word);
    fputs(option, report->page.out);
    page_text(&report->page, quoted.s);
}

/* Options of the dataset. */
static void write_source(struct report *report)
{
    const struct ff_model_info *info = &report->info;
    FILE *out = report->page.out;

    write_word(report, " --data ", info->data_path);
    if (info->data_labels != NULL)
        write_word(report, " --labels ", info->data_labels);
    if (info->data_arrays != NULL)
        write_word(report, " --array ", info->data_arrays);
    if (info->label_name != NULL)
        write_word(report, " --label-column ", info->label_name);
    if (info->id_name != NULL)
        write_word(report, " --id-column ", info->id_name);
    if (info->context > 0)
        fprintf(out, " --context %u", info->context);
    if (info->folds_case)
        fputs(" --fold-case", out);
    if (info->fills_missing)
        fputs(" --missing mean", out);
    if (info->resized)
        fprintf(out, " --resize %ux%u", info->width, info->height);
    if (info->dataset_samples > info->samples)
        fprintf(out, " --limit %llu", (unsigned long long)info->samples);
}

int report_write_commands(struct report *report)
{
    const struct ff_model_info *info = &report->info;
    struct page *page = &report->page;
    char *options = NULL;
    int status;

    if (info->samples == 0) /* another program trained the network */
        return FF_OK;
    status = report_recipe_options(page->cli->ctx, info->recipe, &options);

    if (status != FF_OK) {
        free(options);
        return status;
    }
    page_section(page, "How to reproduce");
    fputs("<pre>fftool train", page->out);
    write_source(report);
    write_word(report, " --model ", report->name);
    page_text(page, options);
    if (report->log_path != NULL)
        write_word(report, " --log ", report->log_path);
    if (report->data != NULL) {
        write_word(report, "\nfftool eval ", report->name);
        write_word(report, " --data ", report->data);
    }
    fputs("</pre>\n<p class=\"soft\">With the same data, kernels and version of fftool the weights "
          "have the same hash, which <code>fftool inspect</code> prints.",
          page->out);
    if (info->ancestors > 0)
        fputs(" This model was extended from others, which <code>fftool inspect</code> lists: the "
              "command trains one from the start.",
              page->out);
    fputs("</p>\n", page->out);
    page_end_section(page);
    free(options);
    return FF_OK;
}
