/* Hashes as text. */
#ifndef FF_BASE_HEX_H
#define FF_BASE_HEX_H

#include <stdint.h>

#define FF_HASH_BYTES                                       \
    33 /* of a hash of 128 bits: its hex digits, and a zero \
        */

void ff_hex128(uint64_t high, uint64_t low, char out[FF_HASH_BYTES]);

#endif
