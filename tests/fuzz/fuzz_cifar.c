/* A batch of CIFAR-10: as a file, with and without labels, and as a directory's only one; and one
 * of CIFAR-100, with either label. */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 4000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *batch = fuzz_file("data_batch_1.bin", data, size);
    struct ff_dataset_spec spec = {.path = batch};
    int labelled = fuzz_dataset(&spec), unlabelled;

    spec.unlabelled = true;
    unlabelled = fuzz_dataset(&spec);
    FUZZ_CHECK(labelled != FF_OK || unlabelled == FF_OK);
    spec = (struct ff_dataset_spec){.path = fuzz_directory()};
    fuzz_dataset(&spec);
    spec = (struct ff_dataset_spec){.path = fuzz_file("train.bin", data, size)};
    fuzz_dataset(&spec);
    spec.label_column = "coarse";
    fuzz_dataset(&spec);
    return 0;
}
