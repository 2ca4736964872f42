/* fftool inspect --tensors: every tensor by name, as text or JSON. */
#include "common/print.h"
#include "views/inspect.h"
#include <inttypes.h>
#include <string.h>

static struct text shape_text(const struct ff_tensor_info *tensor)
{
    struct text out;

    if (tensor->dimensions == 1)
        snprintf(out.s, sizeof out.s, "(%" PRIu64 ")", tensor->rows);
    else
        snprintf(out.s, sizeof out.s, "(%" PRIu64 ", %" PRIu64 ")", tensor->rows, tensor->columns);
    return out;
}

struct sums {
    uint64_t tensors, elements, raw, stored;
};

static int print_tensor(void *arg, const struct ff_tensor_info *tensor)
{
    struct sums *sums = arg;

    printf("%-30s %-18s %-5s %5u %10s\n", tensor->name, shape_text(tensor).s, tensor->dtype,
           tensor->tiles, text_bytes(tensor->stored_bytes).s);
    sums->tensors++;
    sums->elements += tensor->rows * tensor->columns;
    sums->raw += tensor->raw_bytes;
    sums->stored += tensor->stored_bytes;
    return FF_OK;
}

int inspect_print_tensors(struct ff_model *model)
{
    struct sums sums = {0};
    int status;

    printf("%-30s %-18s %-5s %5s %10s\n", "tensor", "shape", "dtype", "tiles", "stored");
    status = ff_model_tensors(model, print_tensor, &sums);
    if (status == FF_OK)
        printf("\ntotal: %s, %s, %s, stored as %s\n", text_counted(sums.tensors, "tensor").s,
               text_counted(sums.elements, "element").s, text_bytes(sums.raw).s,
               text_bytes(sums.stored).s);
    return status;
}

static int add_tensor(void *arg, const struct ff_tensor_info *tensor)
{
    struct json_writer *writer = arg;
    struct json_builder object = json_build(json_object());
    struct json_builder shape = json_build(json_array());

    json_append(&shape, json_from_count(tensor->rows));
    if (tensor->dimensions > 1)
        json_append(&shape, json_from_count(tensor->columns));
    json_add(&object, "name", json_from_text(tensor->name));
    json_add(&object, "layer", json_from_count(tensor->layer));
    json_add(&object, "shape", json_built(&shape));
    json_add(&object, "dtype", json_from_text(tensor->dtype));
    json_add(&object, "tiles", json_from_count(tensor->tiles));
    json_add(&object, "raw_bytes", json_from_count(tensor->raw_bytes));
    json_add(&object, "stored_bytes", json_from_count(tensor->stored_bytes));
    json_member(writer, NULL, json_built(&object));
    return FF_OK;
}

int inspect_print_tensors_json(const struct cli *cli, struct ff_model *model)
{
    struct json_writer writer;
    int status;

    json_begin(&writer);
    json_member(&writer, "model", json_from_text(cli->model));
    json_begin_array(&writer, "tensors");
    status = ff_model_tensors(model, add_tensor, &writer);
    json_end_array(&writer);
    if (status == FF_OK)
        return json_end(&writer, cli);
    json_discard(&writer);
    return report_status(cli, status);
}
