/* An image file of any kind: as it is, resized as for a model, and in a directory that is resized.
 */
#include "fuzz/dataset.h"
#include "fuzz/fuzz.h"

const size_t fuzz_replay_inputs = 3000;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct ff_schema schema = {.n_classes = 2, .image_files = true, .resizes = true};
    const struct ff_image image = {.height = 3, .width = 5, .channels = 3, .planar = true};
    const struct ff_dataset_spec alone = {.path = fuzz_file("input.png", data, size),
                                          .unlabelled = true};
    const struct ff_dataset_spec predicted = {
        .path = alone.path, .unlabelled = true, .schema = &schema, .image = &image};
    const struct ff_dataset_spec resized = {
        .path = fuzz_directory(), .unlabelled = true, .resize_width = 2, .resize_height = 9};

    fuzz_dataset(&alone);
    fuzz_dataset(&predicted);
    fuzz_dataset(&resized);
    return 0;
}
