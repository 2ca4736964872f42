/* Sparse rows of text: by themselves, recognised by their content, and for a model. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 3000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char minus[] = "-1", one[] = "1", *classes[] = {minus, one};
    const struct ff_schema schema = {.features = 3,
                                     .index_base = size % 2 ? FF_INDEX_FROM_1 : FF_INDEX_FROM_0,
                                     .n_classes = 2,
                                     .classes = classes};
    const char *input = fuzz_file("input.svm", data, size);
    const struct ff_dataset_spec alone = {.path = input};
    const struct ff_dataset_spec evaluated = {.path = input, .schema = &schema};
    struct ff_dataset_spec predicted = {.path = input, .schema = &schema, .unlabelled = true};

    fuzz_dataset(&alone);
    fuzz_dataset(&evaluated);
    fuzz_dataset(&predicted);
    predicted.path = fuzz_file("input", data, size);
    fuzz_dataset(&predicted);
    return 0;
}
