/* What `fftool inspect` shows of the data that a model is trained on. */
#include "common/print.h"
#include "views/inspect.h"

#include <fftool/text.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MOST_NAMES 20 /* of columns, of classes, of categories */
#define LINE_WIDTH 100
#define NAME_BYTES 256

/* Prints ITEM after the one before it, on a new line if it does not fit. Returns the column. */
int inspect_item(const char *item, int column)
{
    int length = (int)strlen(item);

    if (column > TEXT_COLUMN && column + length + 2 > LINE_WIDTH) {
        printf(",\n%*s", TEXT_COLUMN, "");
        column = TEXT_COLUMN;
    }
    return column + printf("%s%s", column > TEXT_COLUMN ? ", " : "", item);
}

int inspect_heading(const char *heading)
{
    return printf("  %-*s", TEXT_COLUMN - 2, heading);
}

static struct text time_text(int64_t ns)
{
    time_t seconds = (time_t)(ns / 1000000000);
    struct text out = {"at an unknown time"};
    struct tm utc;

    if (ns != 0 && gmtime_r(&seconds, &utc) != NULL)
        strftime(out.s, sizeof out.s, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return out;
}

static void print_data_files(const struct ff_model *model)
{
    struct ff_data_file_info file = {.size = sizeof file};
    uint32_t i;

    for (i = 0; ff_model_data_file(model, i, &file) == FF_OK; i++)
        print_line(stdout, "            %s: %s bytes, modified %s", file.name,
                   text_count(file.bytes).s, time_text(file.mtime_ns).s);
}

static int print_name(const char *name, int column)
{
    char item[NAME_BYTES];

    ff_text_escape(name, FF_ESCAPE_LINE, item, sizeof item);
    return inspect_item(item, column);
}

/* Ends a line of names, of which there are N. */
static void end_names(uint32_t n, int column)
{
    char item[32];

    snprintf(item, sizeof item, "... (%u)", n);
    if (n > MOST_NAMES)
        inspect_item(item, column);
    putchar('\n');
}

static void print_column_names(const struct ff_model *model, uint32_t n)
{
    struct ff_column_info info = {.size = sizeof info};
    int column = TEXT_COLUMN;

    for (uint32_t i = 0; i < n && i < MOST_NAMES; i++) {
        if (ff_model_column(model, i, &info) != FF_OK || info.name == NULL)
            return;
        if (i == 0)
            column = inspect_heading("columns");
        column = print_name(info.name, column);
    }
    if (n > 0)
        end_names(n, column);
}

static void print_class_names(const struct ff_model_info *info)
{
    int column;

    if (info->class_names == NULL)
        return;
    column = inspect_heading("classes");
    for (uint32_t i = 0; i < info->classes && i < MOST_NAMES; i++)
        column = print_name(info->class_names[i], column);
    end_names(info->classes, column);
}

static void print_ancestors(const struct ff_model *model, uint32_t n)
{
    struct ff_ancestor_info ancestor = {.size = sizeof ancestor};

    for (uint32_t i = n; i-- > 0 && ff_model_ancestor(model, i, &ancestor) == FF_OK;)
        print_line(
            stdout, "  %-8s  weights %s: %u of %s, %s, %s", i + 1 == n ? "from" : "",
            ancestor.weights_hash, ancestor.layers_kept, text_counted(ancestor.layers, "layer").s,
            text_counted(ancestor.epochs, "epoch").s,
            ancestor.samples > 0 ? text_counted(ancestor.samples, "sample").s : "data not known");
}

/* Path, samples and files of the data. */
static void print_source(const struct ff_model *model, const struct ff_model_info *info)
{
    const char *type = info->data_is_float ? "floats" : "bytes";

    if (info->samples == 0) {
        print_line(stdout, "  data      not known: samples of %u %s, %u classes", info->features,
                   type, info->classes);
        return;
    }
    print_line(stdout, "  data      %s%s%s%s%s: %s samples of %u %s, %u classes", info->data_path,
               info->data_labels != NULL ? ", labels " : "",
               info->data_labels != NULL ? info->data_labels : "",
               info->data_arrays != NULL ? ", arrays " : "",
               info->data_arrays != NULL ? info->data_arrays : "", text_count(info->samples).s,
               info->features, type, info->classes);
    print_line(stdout, "            fingerprint %s", info->data_fingerprint);
    print_data_files(model);
}

static void print_text_facts(const struct ff_model_info *info)
{
    if (info->context > 0)
        print_line(stdout, "  text      %s predict the next one%s",
                   text_counted(info->context, "character").s,
                   info->folds_case ? "; upper-case letters are read as lower-case ones" : "");
}

void inspect_print_data(const struct ff_model *model, const struct ff_model_info *info)
{
    print_source(model, info);
    print_text_facts(info);
    print_column_names(model, info->columns);
    print_class_names(info);
    print_ancestors(model, info->ancestors);
}

/* ---- --columns ---- */

static void print_categories(const struct ff_column_info *column)
{
    uint32_t i;

    for (i = 0; i < column->n_categories && i < MOST_NAMES; i++) {
        printf("%s", i > 0 ? ", " : ": ");
        print_text(stdout, column->categories[i]);
    }
    if (i < column->n_categories)
        printf(", ... (%u)", column->n_categories);
}

static void print_column_row(uint32_t i, const struct ff_column_info *column)
{
    printf("%6u", i + 1);
    if (isnan(column->mean))
        printf(" %12s %12s  ", "-", "-");
    else
        printf(" %12s %12s  ", text_real(column->mean).s, text_real(column->deviation).s);
    print_text(stdout, column->name != NULL ? column->name : "-");
    print_categories(column);
    putchar('\n');
}

int inspect_print_columns(struct ff_model *model)
{
    struct ff_model_info info = {.size = sizeof info};
    struct ff_column_info column = {.size = sizeof column};
    int status = ff_model_info(model, &info);

    if (status != FF_OK)
        return status;
    if (info.context > 0) {
        printf("%u characters, each one of %u: one-hot\n", info.context, info.classes);
        return FF_OK;
    }
    if (info.columns == 0) {
        printf("%u features, not standardised\n", info.features);
        return FF_OK;
    }
    printf("column         mean    deviation  name: categories\n");
    for (uint32_t i = 0; i < info.columns && status == FF_OK; i++) {
        status = ff_model_column(model, i, &column);
        if (status == FF_OK)
            print_column_row(i, &column);
    }
    if (info.columns < info.features)
        printf("all %u features are standardised alike\n", info.features);
    return status;
}
