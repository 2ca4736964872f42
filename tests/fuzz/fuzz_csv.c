/* A table of text, by itself and with the columns of a model; and its first bytes as a number. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"
#include "table/number.h"

#include <stdlib.h>
#include <string.h>

#define NUMBER_BYTES 64 /* longest text that is read as a number */

const size_t fuzz_replay_inputs = 3000;

static void check_number(const uint8_t *data, size_t size)
{
    locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *text = fuzz_string(data, size < NUMBER_BYTES ? size : NUMBER_BYTES);
    double value, expected;

    if (ff_number_parse(text, c, &value)) {
        expected = strtod_l(text, NULL, c);
        FUZZ_CHECK(memcmp(&value, &expected, sizeof value) == 0);
    }
    free(text);
    freelocale(c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char n[] = "n", t[] = "t", label[] = "c", blue[] = "blue", red[] = "red", x[] = "x",
                y[] = "y";
    static char *categories[] = {blue, red}, *classes[] = {x, y};
    static struct ff_column columns[] = {
        {.kind = FF_COLUMN_NUMBER, .name = n, .mean = 2},
        {.kind = FF_COLUMN_CATEGORY, .name = t, .n_categories = 2, .categories = categories},
    };
    const struct ff_schema schema = {.n_columns = 2,
                                     .columns = columns,
                                     .n_classes = 2,
                                     .classes = classes,
                                     .label_name = label,
                                     .fills_missing = true};
    const char *input = fuzz_file("input.csv", data, size);
    const struct ff_dataset_spec alone = {.path = input, .fill_missing = size % 2 > 0};
    const struct ff_dataset_spec predicted = {.path = input, .unlabelled = true, .schema = &schema};
    const struct ff_dataset_spec evaluated = {.path = input, .schema = &schema};

    fuzz_dataset(&alone);
    fuzz_dataset(&predicted);
    fuzz_dataset(&evaluated);
    check_number(data, size);
    return 0;
}
