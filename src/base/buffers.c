#include "base/buffers.h"

#include <string.h>

/* The pointer at BUFFER->where, of any type. */
static void *pointer_of(const struct ff_buffer *buffer)
{
    void *pointer;

    memcpy(&pointer, buffer->where, sizeof pointer);
    return pointer;
}

static void set_pointer(const struct ff_buffer *buffer, void *pointer)
{
    memcpy(buffer->where, &pointer, sizeof pointer);
}

int ff_buffers_alloc(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers)
{
    for (size_t i = 0; i < n; i++)
        set_pointer(&buffers[i], NULL);
    for (size_t i = 0; i < n; i++) {
        const struct ff_buffer *buffer = &buffers[i];
        void *pointer = ff_alloc_array(ctx, buffer->category, buffer->count, buffer->size);

        if (!pointer)
            return ff_alloc_status(ctx);
        set_pointer(buffer, pointer);
    }
    return FF_OK;
}

void ff_buffers_free(struct ff_ctx *ctx, size_t n, const struct ff_buffer *buffers)
{
    for (size_t i = 0; i < n; i++) {
        const struct ff_buffer *buffer = &buffers[i];

        ff_free(ctx, buffer->category, pointer_of(buffer), buffer->count * buffer->size);
        set_pointer(buffer, NULL);
    }
}

void ff_buffers_count(size_t n, const struct ff_buffer *buffers, struct ff_needs *needs)
{
    for (size_t i = 0; i < n; i++)
        needs->bytes[buffers[i].category] += (uint64_t)buffers[i].count * buffers[i].size;
}

void ff_needs_add(struct ff_needs *needs, const struct ff_needs *more)
{
    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        needs->bytes[c] += more->bytes[c];
    needs->mapped += more->mapped;
    needs->kept += more->kept;
    needs->out_of_memory = needs->out_of_memory || more->out_of_memory;
    ff_needs_pass(needs, more->passing);
}

void ff_needs_keep(struct ff_needs *needs, uint64_t bytes)
{
    needs->mapped += bytes;
    needs->kept += bytes;
}

void ff_needs_pass(struct ff_needs *needs, uint64_t bytes)
{
    if (bytes > needs->passing)
        needs->passing = bytes;
}

uint64_t ff_needs_total(const struct ff_needs *needs)
{
    uint64_t total = 0;

    for (int c = 0; c < FF_MEM_CATEGORIES; c++)
        total += needs->bytes[c];
    return total;
}

void ff_peak_consider(struct ff_peak *peak, const struct ff_needs *moment)
{
    uint64_t accounted = ff_needs_total(moment), mapped = moment->mapped + moment->passing;
    bool out_of_memory = peak->needs.out_of_memory || moment->out_of_memory;

    if (accounted > peak->accounted)
        peak->accounted = accounted;
    if (accounted + mapped > ff_needs_total(&peak->needs) + peak->needs.mapped) {
        peak->needs = *moment;
        peak->needs.mapped = mapped;
        peak->needs.passing = 0;
    }
    peak->needs.out_of_memory = out_of_memory;
}
