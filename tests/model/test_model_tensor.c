/* Reading tensors by name: they are the stored tiles, put together. */
#include "model/layer.h"
#include "model/manifest.h"
#include "model/tensor.h"
#include "support/suite.h"
#include "support/training.h"

#include <check.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 300
#define HIDDEN "140,20" /* two tiles, then one */

static void setup(void)
{
    training_begin(ROWS, HIDDEN);
    train_named("conditioned", &recipe);
}

/* Names and shapes, one after another. */
static int note(void *arg, const struct ff_tensor_info *info)
{
    char *text = arg;
    size_t used = strlen(text);

    snprintf(text + used, 2048 - used, "%s %llux%llu\n", info->name, (unsigned long long)info->rows,
             (unsigned long long)info->columns);
    return FF_OK;
}

START_TEST(a_complete_model_lists_what_it_predicts_with)
{
    struct ff_model *model;
    char text[2048] = "";

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_tensors(model, note, text), FF_OK);
    ck_assert_str_eq(text, "layer.1.weights 140x64\n"
                           "layer.1.biases 140x1\n"
                           "layer.1.label_weights 4x140\n"
                           "layer.2.weights 20x140\n"
                           "layer.2.biases 20x1\n"
                           "layer.2.label_weights 4x20\n"
                           "head.2.weights 4x20\n"
                           "head.2.biases 4x1\n");
    ff_model_close(model);
}
END_TEST

START_TEST(a_model_in_training_lists_the_state_of_what_learns)
{
    struct ff_train_result result = {.size = sizeof result};
    struct ff_model *model;
    char text[2048] = "";
    long left = 15;

    opts.interrupted = train_countdown;
    opts.arg = &left;
    ck_assert_int_eq(ff_train(ctx, &recipe, &opts, &result), FF_EINTERRUPTED);
    model = open_model();
    ck_assert_int_eq(ff_model_tensors(model, note, text), FF_OK);
    ck_assert_ptr_nonnull(strstr(text, "layer.1.weights 140x64\n"));
    ck_assert_ptr_nonnull(strstr(text, "layer.1.weights.state.0 140x64\n"));
    ck_assert_ptr_nonnull(strstr(text, "layer.1.label_weights.state.1 4x140\n"));
    ck_assert_ptr_null(strstr(text, "layer.2"));
    ck_assert_ptr_null(strstr(text, "head"));
    ff_model_close(model);
}
END_TEST

static void ck_tensor(struct ff_model *model, const char *name, size_t n, const float *expected)
{
    float *read = calloc(n, sizeof *read);

    ck_assert_msg(ff_model_read_tensor(model, name, read, n) == FF_OK, "%s", ff_ctx_message(ctx));
    ck_assert_mem_eq(read, expected, n * sizeof *read);
    free(read);
}

/* The label weights of layer 1, (classes, units), put together from (classes, units of a tile). */
static void read_labels(struct ff_model_file *file, float out[TRAIN_CLASSES][140])
{
    for (uint32_t tile = 0; tile < ff_tile_count(140); tile++) {
        struct ff_tile_key key = {'W', 1, FF_GENERATION_FINAL, FF_SLOT_LABELS, tile};
        float part[TRAIN_CLASSES * 140];
        uint32_t first, count;

        ff_tile_range(140, tile, &first, &count);
        ck_assert_int_eq(ff_model_file_get(file, &key, TRAIN_CLASSES, count, part), FF_OK);
        for (uint32_t class = 0; class < TRAIN_CLASSES; class ++) {
            for (uint32_t i = 0; i < count; i++)
                out[class][first + i] = part[class * count + i];
        }
    }
}

START_TEST(a_tensor_is_its_tiles_put_together)
{
    float labels[TRAIN_CLASSES][140];
    const struct ff_layer shape = ff_layer_shape(TRAIN_FEATURES, 140, 0);
    const struct ff_layer head_shape = ff_layer_shape(20, TRAIN_CLASSES, 0);
    struct ff_model_file *file;
    struct ff_layer layer, head;
    struct ff_model *model;

    train_ok(ctx, &recipe, &opts);
    ck_assert_int_eq(ff_layer_init(&layer, ctx, &shape), FF_OK);
    ck_assert_int_eq(ff_layer_init(&head, ctx, &head_shape), FF_OK);
    ck_assert_int_eq(ff_model_file_open(ctx, opts.model, FF_MODEL_READ, &file), FF_OK);
    ck_assert_int_eq(ff_layer_load(&layer, file, 'W', 1, FF_GENERATION_FINAL, false), FF_OK);
    ck_assert_int_eq(ff_layer_load(&head, file, 'H', 2, FF_GENERATION_FINAL, false), FF_OK);
    read_labels(file, labels);
    ff_model_file_close(file); /* no file may be open twice */

    model = open_model();
    ck_tensor(model, "layer.1.weights", 140 * TRAIN_FEATURES, layer.weights);
    ck_tensor(model, "layer.1.biases", 140, layer.biases);
    ck_tensor(model, "layer.1.label_weights", 140 * TRAIN_CLASSES, labels[0]);
    ck_tensor(model, "head.2.weights", 20 * TRAIN_CLASSES, head.weights);
    ck_tensor(model, "head.2.biases", TRAIN_CLASSES, head.biases);
    ff_model_close(model);
    ff_layer_release(&layer);
    ff_layer_release(&head);
}
END_TEST

/* Rows FIRST to FIRST + N - 1 of a tensor are those of the whole. */
static void ck_rows(struct ff_model *model, const char *name, size_t rows, size_t columns,
                    uint64_t first, uint64_t n)
{
    float *whole = calloc(rows * columns, sizeof *whole);
    float *some = calloc(n * columns + 1, sizeof *some);

    ck_assert_int_eq(ff_model_read_tensor(model, name, whole, rows * columns), FF_OK);
    ck_assert_msg(ff_model_read_rows(model, name, first, n, some) == FF_OK, "%s",
                  ff_ctx_message(ctx));
    ck_assert_mem_eq(some, whole + first * columns, n * columns * sizeof *some);
    ck_assert(some[n * columns] == 0);
    free(whole);
    free(some);
}

START_TEST(rows_are_those_of_the_whole_tensor)
{
    static const struct {
        uint64_t first, n;
    } ranges[] = {{0, 140}, {0, 1}, {139, 1}, {127, 2}, {128, 12}, {100, 30}, {7, 0}};
    struct ff_model *model;
    float out[1];

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        ck_rows(model, "layer.1.weights", 140, TRAIN_FEATURES, ranges[i].first, ranges[i].n);
        ck_rows(model, "layer.1.biases", 140, 1, ranges[i].first, ranges[i].n);
    }
    ck_rows(model, "layer.1.label_weights", TRAIN_CLASSES, 140, 0, TRAIN_CLASSES);
    ck_rows(model, "layer.1.label_weights", TRAIN_CLASSES, 140, 1, 2);
    ck_status(ff_model_read_rows(model, "layer.1.biases", 140, 1, out), FF_EINVAL,
              "layer.1.biases has 140 rows, no 1 from row 140 on");
    ck_status(ff_model_read_rows(model, "layer.1.biases", UINT64_MAX, 2, out), FF_EINVAL,
              "140 rows");
    ck_status(ff_model_read_rows(model, "layer.3.biases", 0, 1, out), FF_ENOTFOUND, "no tensor");
    ff_model_close(model);
}
END_TEST

START_TEST(other_names_and_sizes_are_refused)
{
    static const char *const names[] = {
        "",
        "layer",
        "layer.0.weights",
        "layer.3.weights",
        "layer.1.weights.state.0",
        "layer.1.unit_means",
        "layer.1.weights ",
        "layer.01.weights",
        "layer.-1.weights",
        "layer.4294967297.weights",
        "head.1.weights",
        "head.3.weights",
        "head.2.label_weights",
    };
    struct ff_model *model;
    float out[21];

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_status(ff_model_read_tensor(model, names[i], out, 20), FF_ENOTFOUND, "has no tensor");
    ck_status(ff_model_read_tensor(model, "layer.2.biases", out, 21), FF_EINVAL,
              "layer.2.biases has 20 elements, not 21");
    ck_status(ff_model_read_tensor(model, "layer.2.biases", out, 20), FF_OK, "");
    ff_model_close(model);
}
END_TEST

/* Stops at the third tensor. */
static int stop(void *arg, const struct ff_tensor_info *info)
{
    int *left = arg;

    (void)info;
    return --*left == 0 ? 77 : FF_OK;
}

START_TEST(a_visitor_ends_the_list)
{
    struct ff_model *model;
    int left = 3;

    train_ok(ctx, &recipe, &opts);
    model = open_model();
    ck_assert_int_eq(ff_model_tensors(model, stop, &left), 77);
    ck_assert_int_eq(left, 0);
    ff_model_close(model);
}
END_TEST

struct compared {
    char names[2048];
    int left; /* tensors, until the comparison is ended */
    size_t both, in_a, in_b, same;
};

static int note_difference(void *arg, const struct ff_tensor_difference *difference)
{
    struct compared *compared = arg;
    size_t length = strlen(compared->names);

    snprintf(compared->names + length, sizeof compared->names - length, "%s\n", difference->name);
    compared->both += difference->in_a && difference->in_b;
    compared->in_a += difference->in_a;
    compared->in_b += difference->in_b;
    compared->same += difference->same_shape && difference->different == 0;
    ck_assert(!difference->same_shape || difference->elements > 0);
    return --compared->left == 0 ? 77 : FF_OK;
}

START_TEST(each_tensor_of_two_models_is_compared_once)
{
    struct compared compared = {.left = 0}, ended = {.left = 2};
    struct ff_model *model, *other;
    const char *first = opts.model;
    char path[PATH_MAX];

    train_ok(ctx, &recipe, &opts);
    snprintf(path, sizeof path, "%s.other", first);
    opts.model = path;
    recipe.layers = 1; /* which has a head then */
    train_ok(ctx, &recipe, &opts);
    other = open_model();
    opts.model = first;
    model = open_model();
    ck_assert_int_eq(ff_model_compare(model, other, note_difference, &compared), FF_OK);
    ck_assert_str_eq(compared.names, "layer.1.weights\nlayer.1.biases\nlayer.1.label_weights\n"
                                     "layer.2.weights\nlayer.2.biases\nlayer.2.label_weights\n"
                                     "head.1.weights\nhead.1.biases\n"
                                     "head.2.weights\nhead.2.biases\n");
    ck_assert_uint_eq(compared.same, 3);
    ck_assert_uint_eq(compared.both, 3);
    ck_assert_uint_eq(compared.in_a, 8);
    ck_assert_uint_eq(compared.in_b, 5);
    ck_assert_int_eq(ff_model_compare(other, model, note_difference, &ended), 77);
    ck_assert_str_eq(ended.names, "layer.1.weights\nlayer.1.biases\n");
    ff_model_close(model);
    ff_model_close(other);
}
END_TEST

/* The text of the public header, in a static buffer. */
static const char *read_header(void)
{
    static char text[32768];
    const char *root = getenv("FFTOOL_ROOT");
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof path, "%s/include/fftool/model.h", root ? root : ".");
    file = fopen(path, "r");
    ck_assert_msg(file != NULL, "%s", path);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    ck_assert(feof(file));
    fclose(file);
    return text;
}

/* The header has the name of TENSOR, and the ending of its optimizer state. */
static void ck_documented(const char *header, const struct ff_tensor *tensor, uint32_t layer)
{
    char name[FF_TENSOR_NAME_BYTES], quoted[FF_TENSOR_NAME_BYTES + 2];
    char *state;

    ff_tensor_name(tensor, layer, name);
    state = strstr(name, ".state.");
    if (state) {
        snprintf(quoted, sizeof quoted, "%s\"", state);
        ck_assert_msg(strstr(header, quoted) != NULL, "%s", quoted);
        *state = '\0';
    }
    snprintf(quoted, sizeof quoted, "\"%s\"", name);
    ck_assert_msg(strstr(header, quoted) != NULL, "%s", quoted);
}

START_TEST(every_name_is_documented)
{
    struct ff_layer layer = {.units = 3, .fan_in = 2, .classes = 4, .states = FF_OPTIMIZER_STATES};
    struct ff_layer head = {.units = 4, .fan_in = 3, .states = FF_OPTIMIZER_STATES};
    struct ff_tensor tensors[FF_MAX_TENSORS];
    const char *header = read_header();
    size_t n = ff_tensor_list(&layer, 'W', true, true, tensors);

    ck_assert_uint_eq(n, FF_MAX_TENSORS);
    for (size_t i = 0; i < n; i++)
        ck_documented(header, &tensors[i], 1);
    n = ff_tensor_list(&head, 'H', true, false, tensors);
    for (size_t i = 0; i < n; i++)
        ck_documented(header, &tensors[i], 2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("model: tensors");
    TCase *tcase = tcase_create("tensors");

    tcase_add_unchecked_fixture(tcase, train_root_setup, train_root_teardown);
    tcase_add_checked_fixture(tcase, setup, training_end);
    tcase_add_test(tcase, a_complete_model_lists_what_it_predicts_with);
    tcase_add_test(tcase, a_model_in_training_lists_the_state_of_what_learns);
    tcase_add_test(tcase, a_tensor_is_its_tiles_put_together);
    tcase_add_test(tcase, rows_are_those_of_the_whole_tensor);
    tcase_add_test(tcase, other_names_and_sizes_are_refused);
    tcase_add_test(tcase, a_visitor_ends_the_list);
    tcase_add_test(tcase, each_tensor_of_two_models_is_compared_once);
    tcase_add_test(tcase, every_name_is_documented);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
