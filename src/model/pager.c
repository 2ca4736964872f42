#include "model/pager.h"

#include "base/arithmetic.h"
#include "store/db.h"

#include <stdatomic.h>
#include <string.h>

struct ff_pager {
    struct ff_workers *workers;
    struct ff_pager_opts opts;
    struct ff_set *set;
    uint32_t page_units; /* neurons of a page; the last one of a tile may have fewer */
    size_t max_pages;    /* pages of one tensor in memory at a time */
    struct page *pages;  /* pages being read */
};

/* The weights of consecutive neurons of one tile. */
struct page {
    uint32_t first, units;
    float *data;
    struct ff_chunk stored;
};

uint32_t ff_residency_slot(struct ff_residency residency, uint32_t tile)
{
    if (residency.slots == 0 || tile < residency.resident)
        return tile;
    return residency.resident + (tile - residency.resident) % residency.slots;
}

size_t ff_residency_units(struct ff_residency residency, uint32_t units, uint32_t tile_units)
{
    size_t room = ((size_t)residency.resident + residency.slots) * tile_units;

    return residency.slots == 0 || room > units ? units : room;
}

static struct ff_pager make_pager(struct ff_workers *workers, const struct ff_pager_opts *opts)
{
    struct ff_pager pager = {.workers = workers, .opts = *opts};
    size_t units = FF_PAGER_PAGE_BYTES / (opts->fan_in * sizeof(float));

    pager.page_units = units < 1                  ? 1
                       : units < opts->tile_units ? (uint32_t)units
                                                  : opts->tile_units;
    pager.max_pages =
        (size_t)opts->residency.slots * ff_divide_up(opts->tile_units, pager.page_units);
    return pager;
}

static struct ff_buffer pages_buffer(struct ff_pager *pager)
{
    return (struct ff_buffer){&pager->pages, FF_MEM_IO, pager->max_pages, sizeof *pager->pages};
}

int ff_pager_new(struct ff_workers *workers, const struct ff_pager_opts *opts,
                 struct ff_pager **out)
{
    struct ff_pager *pager = ff_alloc(workers->ctx, FF_MEM_IO, sizeof *pager);
    struct ff_buffer buffer;
    int status;

    *out = NULL;
    if (!pager)
        return ff_alloc_status(workers->ctx);
    *pager = make_pager(workers, opts);
    buffer = pages_buffer(pager);
    status = ff_buffers_alloc(workers->ctx, 1, &buffer);
    if (status == FF_OK)
        status = opts->scratch->ops->create(opts->scratch->self, FF_BOUNDARY_TILES, &pager->set);
    if (status != FF_OK) {
        ff_pager_free(pager);
        return status;
    }
    *out = pager;
    return FF_OK;
}

void ff_pager_free(struct ff_pager *pager)
{
    struct ff_buffer buffer;
    struct ff_ctx *ctx;

    if (!pager)
        return;
    ctx = pager->workers->ctx;
    buffer = pages_buffer(pager);
    ff_buffers_free(ctx, 1, &buffer);
    ff_set_close(pager->set);
    pager->opts.scratch->ops->drop(pager->opts.scratch->self, FF_BOUNDARY_TILES);
    ff_free(ctx, FF_MEM_IO, pager, sizeof *pager);
}

/* What storing a page maps, in pages: parts of the page that it replaces, and of the trees of pages
 * and of free space. Up to 576 KiB were measured. */
#define STORING_PAGES 3

/* Mapped memory, read-ahead included. No page is read while PENDING bytes wait for a commit. If
 * nothing is written, the file may hold other tensors beside those that are read. */
static void count_mapped(const struct ff_pager_opts *opts, uint64_t page_bytes, unsigned threads,
                         unsigned out, uint64_t pending, struct ff_needs *needs)
{
    uint64_t reading = threads * (page_bytes + ff_chunk_slack(page_bytes));
    uint64_t units = opts->units - (uint64_t)opts->residency.resident * opts->tile_units;
    uint64_t tensor = units * opts->fan_in * sizeof(float);
    uint64_t storing = STORING_PAGES * ff_smaller(page_bytes, FF_DB_FOLIO_BYTES);

    bool small = ff_db_map_needs(tensor * ff_larger(out, 1), false, needs);

    if (!small || out == 0)
        ff_needs_pass(needs, ff_larger(reading - ff_smaller(reading, pending),
                                       ff_smaller(tensor * out, storing)));
}

void ff_pager_needs(const struct ff_pager_opts *opts, unsigned threads, unsigned out,
                    struct ff_needs *needs)
{
    struct ff_pager shape = make_pager(NULL, opts);
    struct ff_buffer buffer = pages_buffer(&shape);
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    const struct ff_set_values page = {
        .given = FF_F32,
        .stored = FF_F32,
        .rows = shape.page_units,
        .columns = opts->fan_in,
        .streams = 1,
        .bytes = FF_VALUE_HEADER + (size_t)shape.page_units * opts->fan_in * sizeof(float),
    };

    uint64_t pending;

    needs->bytes[FF_MEM_IO] += sizeof shape;
    ff_buffers_count(1, &buffer, needs);
    pending = needs->bytes[FF_MEM_IO];
    ff_set_heap_needs(1, &page, out > 0, &none, needs); /* each is committed on its own */
    pending = needs->bytes[FF_MEM_IO] - pending;
    count_mapped(opts, page.bytes, threads, out, pending, needs);
}

/* Calls VISIT for each page of TILES tiles from FIRST on of the tensor in buffers DATA, until VISIT
 * fails. */
static int each_page(const struct ff_pager *pager, uint32_t first, uint32_t tiles, float *data,
                     int (*visit)(void *arg, const struct page *page), void *arg)
{
    const struct ff_pager_opts *opts = &pager->opts;
    uint32_t begin_tile = first - opts->first_tile;
    int status = FF_OK;

    for (uint32_t tile = begin_tile; tile < begin_tile + tiles; tile++) {
        uint32_t begin = tile * opts->tile_units;
        uint32_t end = begin + (uint32_t)ff_smaller(opts->tile_units, opts->units - begin);
        float *at = data + (size_t)ff_residency_slot(opts->residency, tile) * opts->tile_units *
                               opts->fan_in;

        for (uint32_t unit = begin; unit < end && status == FF_OK; unit += pager->page_units) {
            struct page page = {.first = unit,
                                .units = (uint32_t)ff_smaller(pager->page_units, end - unit),
                                .data = at + (size_t)(unit - begin) * opts->fan_in};

            status = visit(arg, &page);
        }
    }
    return status;
}

/* The read of one tensor of some tiles. */
struct reading {
    struct ff_pager *pager;
    uint32_t tensor;
    size_t n;
    _Atomic int status;
};

static int find_page(void *arg, const struct page *page)
{
    struct reading *reading = arg;
    struct page *found = &reading->pager->pages[reading->n++];

    *found = *page;
    return ff_set_find(reading->pager->set, page->first, reading->tensor, &found->stored);
}

static void read_page(void *arg, size_t task, unsigned worker)
{
    struct reading *reading = arg;
    struct ff_pager *pager = reading->pager;
    struct page *page = &pager->pages[task];
    uint32_t fan_in = pager->opts.fan_in;
    const void *data;
    int status = ff_chunk_read(pager->set, &page->stored, pager->workers->coders[worker], FF_F32,
                               page->units, fan_in, page->data, &data);

    if (status != FF_OK)
        atomic_store(&reading->status, status);
    else if (data != page->data)
        memcpy(page->data, data, (size_t)page->units * fan_in * sizeof(float));
    /* Keeps the mapped part of the file small. */
    ff_chunk_trim(pager->set, &page->stored, false, NULL, NULL);
}

/* Records damage of the set and returns STATUS. */
static int noted(struct ff_pager *pager, int status)
{
    if (status == FF_ECORRUPT && pager->opts.damaged)
        *pager->opts.damaged = true;
    return status;
}

int ff_pager_in(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                const struct ff_paged_tensor *tensors)
{
    for (size_t i = 0; i < n; i++) {
        struct reading reading = {.pager = pager, .tensor = tensors[i].id, .status = FF_OK};
        int status;

        if (!(tensors[i].access & FF_PAGE_IN))
            continue;
        status = each_page(pager, first, tiles, tensors[i].data, find_page, &reading);
        if (status != FF_OK)
            return noted(pager, status);
        ff_set_dont_need(pager->set); /* unmaps what the lookup mapped */
        ff_pool_run(pager->workers->pool, reading.n, read_page, &reading);
        ff_set_dont_need(pager->set);
        if (reading.status != FF_OK)
            return noted(pager, reading.status);
    }
    return FF_OK;
}

struct writing {
    struct ff_pager *pager;
    uint32_t tensor;
};

static int put_page(void *arg, const struct page *page)
{
    const struct writing *writing = arg;
    const struct ff_compression none = {FF_CODEC_NONE, 0};
    struct ff_matrix matrix = {FF_F32, page->units, writing->pager->opts.fan_in, page->data};
    struct ff_set *set = writing->pager->set;
    int status = ff_set_put(set, page->first, writing->tensor, &matrix, FF_F32, &none);

    return status == FF_OK ? set->ops->commit(set) : status;
}

int ff_pager_out(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                 const struct ff_paged_tensor *tensors)
{
    int status = FF_OK;

    for (size_t i = 0; i < n && status == FF_OK; i++) {
        struct writing writing = {pager, tensors[i].id};

        if (tensors[i].access & FF_PAGE_OUT)
            status = each_page(pager, first, tiles, tensors[i].data, put_page, &writing);
    }
    return status;
}

struct hint {
    struct ff_pager *pager;
    uint32_t tensor;
};

static int hint_page(void *arg, const struct page *page)
{
    const struct hint *hint = arg;
    struct ff_chunk stored;

    /* A missing page is reported when it is read. */
    if (ff_set_find(hint->pager->set, page->first, hint->tensor, &stored) == FF_OK) {
        ff_chunk_will_need(hint->pager->set, &stored);
        ff_set_dont_need(hint->pager->set);
    }
    return FF_OK;
}

void ff_pager_will_need(struct ff_pager *pager, uint32_t first, uint32_t tiles, size_t n,
                        const struct ff_paged_tensor *tensors)
{
    for (size_t i = 0; i < n; i++) {
        struct hint hint = {pager, tensors[i].id};

        if (tensors[i].access & FF_PAGE_IN)
            (void)each_page(pager, first, tiles, tensors[i].data, hint_page, &hint);
    }
}
