#include "support/count_work.h"

#include "base/buffers.h"
#include "model/layer.h"

static size_t calls;

struct ff_layer __real_ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states);
struct ff_layer __wrap_ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states);
void __real_ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment);
void __wrap_ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment);

struct ff_layer __wrap_ff_layer_of(const struct ff_manifest *manifest, uint32_t number, int states)
{
    calls++;
    return __real_ff_layer_of(manifest, number, states);
}

void __wrap_ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment)
{
    calls++;
    __real_ff_peak_consider(peak, moment);
}

size_t count_work(void)
{
    size_t count = calls;

    calls = 0;
    return count;
}
