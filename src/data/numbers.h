/* Numbers of every type that arrays in files have, and their conversion. */
#ifndef FF_DATA_NUMBERS_H
#define FF_DATA_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The type of a number, which needs no alignment. */
struct ff_element {
    char kind;     /* 'u', 'i' or 'f', as NumPy writes it */
    uint8_t bytes; /* 1, 2, 4 or 8; of 'f': 2, 4 or 8 */
    bool big_endian;
};

#define FF_ELEMENT_BYTES 8 /* most bytes of a number */

/* True if numbers of this type are read as uint8; others are converted to float32. */
bool ff_element_is_byte(struct ff_element element);
/* Converts the N numbers at IN, rounded to nearest. Returns N, or the index of the first number
 * that is finite and too large for float32. Infinities and NaNs are kept. */
size_t ff_numbers_to_floats(struct ff_element element, size_t n, const void *in, float *out);
/* Converts the number at AT; false if it is not whole or does not fit. */
bool ff_number_to_integer(struct ff_element element, const void *at, int64_t *out);
/* The number at AT, rounded to nearest, for messages. */
double ff_number_to_double(struct ff_element element, const void *at);

#endif
