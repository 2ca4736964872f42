/* The format of safetensors files, as far as reading and writing share it. */
#ifndef FF_EXCHANGE_SAFETENSORS_H
#define FF_EXCHANGE_SAFETENSORS_H

#include <fftool/exchange.h>

#define FF_SAFETENSORS_LENGTH_BYTES 8 /* the length of the header, at the start */
#define FF_SAFETENSORS_ALIGNMENT 8    /* of the first tensor in the file */

/* The name of DTYPE in headers. */
const char *ff_safetensors_dtype(enum ff_export_dtype dtype);

#endif
