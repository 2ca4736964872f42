/* A NumPy archive: with usual names of arrays, with those that are given, and without labels. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 8000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *input = fuzz_file("input.npz", data, size);
    char minus[] = "-1", one[] = "1", word[] = "one", *names[] = {minus, one, word};
    const struct ff_schema schema = {.n_classes = 3, .classes = names};
    const struct ff_dataset_spec usual = {.path = input};
    const struct ff_dataset_spec named = {.path = input, .arrays = "a,b", .schema = &schema};
    const struct ff_dataset_spec unlabelled = {
        .path = input, .split = FF_SPLIT_TEST, .unlabelled = true};

    fuzz_dataset(&usual);
    fuzz_dataset(&named);
    fuzz_dataset(&unlabelled);
    return 0;
}
