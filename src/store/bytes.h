/*
 * Integers in stored bytes: little-endian in headers, big-endian in keys (so that byte order is
 * numeric order). Compilers turn each function into one move.
 */
#ifndef FF_STORE_BYTES_H
#define FF_STORE_BYTES_H

#include <stdint.h>

static inline void ff_put_le32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline void ff_put_le64(uint8_t *to, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(value >> (8 * i));
}

static inline uint32_t ff_get_le32(const uint8_t *from)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++)
        value |= (uint32_t)from[i] << (8 * i);
    return value;
}

static inline uint64_t ff_get_le64(const uint8_t *from)
{
    return ff_get_le32(from) | (uint64_t)ff_get_le32(from + 4) << 32;
}

static inline void ff_put_be32(uint8_t *to, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        to[i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void ff_put_be64(uint8_t *to, uint64_t value)
{
    ff_put_be32(to, (uint32_t)(value >> 32));
    ff_put_be32(to + 4, (uint32_t)value);
}

static inline uint32_t ff_get_be32(const uint8_t *from)
{
    uint32_t value = 0;

    for (int i = 0; i < 4; i++)
        value = value << 8 | from[i];
    return value;
}

static inline uint64_t ff_get_be64(const uint8_t *from)
{
    return (uint64_t)ff_get_be32(from) << 32 | ff_get_be32(from + 4);
}

#endif
