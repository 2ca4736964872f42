/* A text, by itself and with the vocabulary of a model. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 3000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char a[] = "a", b[] = "b", *classes[] = {a, b};
    const struct ff_schema schema = {.features = 3,
                                     .context = 3,
                                     .folds_case = size % 2 > 0,
                                     .n_classes = 2,
                                     .classes = classes};
    const char *input = fuzz_file("input.txt", data, size);
    const struct ff_dataset_spec alone = {
        .path = input, .context = 1 + (uint32_t)(size % 5), .fold_case = size % 2 > 0};
    const struct ff_dataset_spec guessed = {.path = input};
    const struct ff_dataset_spec evaluated = {.path = input, .schema = &schema};
    const struct ff_dataset_spec predicted = {.path = input, .schema = &schema, .unlabelled = true};

    fuzz_dataset(&alone);
    fuzz_dataset(&guessed);
    fuzz_dataset(&evaluated);
    fuzz_dataset(&predicted);
    return 0;
}
