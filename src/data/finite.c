#include "data/finite.h"

#include "base/context.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The exponent bits of infinities and NaNs. */
#define FLOAT_SPECIAL 0x7f800000u

int ff_check_finite(struct ff_ctx *ctx, const char *path, uint64_t first, size_t rows,
                    size_t columns, const void *values)
{
    const unsigned char *features = values;

    for (size_t row = 0; row < rows; row++, features += columns * sizeof(float)) {
        uint32_t special = 0;

        for (size_t j = 0; j < columns; j++) {
            uint32_t bits;

            memcpy(&bits, features + j * sizeof bits, sizeof bits);
            special |= (uint32_t)((bits & FLOAT_SPECIAL) == FLOAT_SPECIAL);
        }
        for (size_t j = 0; special && j < columns; j++) {
            float value;

            memcpy(&value, features + j * sizeof value, sizeof value);
            if (!isfinite(value))
                return ff_fail(ctx, FF_ENUMERIC,
                               "%s: the value in row %" PRIu64
                               ", column %zu (both from 0) is %s; replace it or drop the row",
                               path, first + row, j, isnan(value) ? "not a number" : "infinite");
        }
    }
    return FF_OK;
}
