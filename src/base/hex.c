#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>

void ff_hex128(uint64_t high, uint64_t low, char out[FF_HASH_BYTES])
{
    snprintf(out, FF_HASH_BYTES, "%016" PRIx64 "%016" PRIx64, high, low);
}
