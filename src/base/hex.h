/* Hashes as text. */
#ifndef FF_BASE_HEX_H
#define FF_BASE_HEX_H

#include <stdint.h>

#define FF_HASH_BYTES 33 /* a 128-bit hash in hex, with the final NUL */

/* Writes the 128-bit number HIGH:LOW to OUT as 32 hex digits. */
void ff_hex128(uint64_t high, uint64_t low, char out[FF_HASH_BYTES]);

#endif
