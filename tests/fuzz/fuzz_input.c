/* A file of data, plain or compressed: its content does not depend on how much is read at a time.
 */
#include "fuzz/fuzz.h"
#include "input/input.h"

#include <stdlib.h>
#include <string.h>

#define MOST_BYTES ((size_t)1 << 18) /* of content that is looked at */

const size_t fuzz_replay_inputs = 8000;

/* Reads at most MOST_BYTES of content, STEP at a time, into OUT; checks the end if it is reached.
 */
static int read_content(struct ff_ctx *ctx, struct ff_input *input, size_t step, uint8_t *out,
                        size_t *n)
{
    size_t got = step, want = step;
    int status = FF_OK;

    for (*n = 0; status == FF_OK && got == want && *n < MOST_BYTES; *n += got) {
        want = MOST_BYTES - *n < step ? MOST_BYTES - *n : step;
        status = fuzz_status(ctx, ff_input_read(input, out + *n, want, &got));
        FUZZ_CHECK(got <= want);
    }
    FUZZ_CHECK(ff_input_offset(input) == *n);
    if (status == FF_OK && *n < MOST_BYTES)
        status = fuzz_status(ctx, ff_input_expect_end(input, "its content"));
    return status;
}

static void check_input(struct ff_ctx *ctx, struct ff_input *input, const uint8_t *data,
                        size_t size)
{
    static uint8_t whole[MOST_BYTES], pieces[MOST_BYTES];
    size_t n, m;
    int status = read_content(ctx, input, sizeof whole, whole, &n);

    FUZZ_CHECK(ff_input_file_bytes(input) == size);
    FUZZ_CHECK(status != FF_OK || n / ff_input_ratio(input) <= size);
    if (ff_input_ratio(input) == 1)
        FUZZ_CHECK(status == FF_OK && n == (size < MOST_BYTES ? size : MOST_BYTES) &&
                   memcmp(whole, data, n) == 0);
    if (status != FF_OK)
        return;
    if (ff_input_ratio(input) > 1)
        fuzz_accept();
    FUZZ_CHECK(fuzz_status(ctx, ff_input_rewind(input)) == FF_OK);
    FUZZ_CHECK(read_content(ctx, input, size % 61 + 1, pieces, &m) == FF_OK);
    FUZZ_CHECK(m == n && memcmp(whole, pieces, n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct ff_ctx *ctx = fuzz_ctx();
    const char *path = fuzz_file("input", data, size);
    struct ff_input *input;

    if (fuzz_status(ctx, ff_input_open(ctx, path, &input)) == FF_OK) {
        check_input(ctx, input, data, size);
        ff_input_close(input);
    }
    fuzz_ctx_free(ctx);
    return 0;
}
