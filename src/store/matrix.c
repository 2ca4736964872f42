#include "store/matrix.h"

size_t ff_dtype_size(enum ff_dtype dtype)
{
    switch (dtype) {
    case FF_F32:
        return 4;
    case FF_BF16:
    case FF_U16:
        return 2;
    case FF_U8:
    case FF_SCALED_U8:
        return 1;
    }
    return 0;
}

uint64_t ff_row_bytes(enum ff_dtype dtype, uint32_t columns)
{
    return (dtype == FF_SCALED_U8 ? FF_SCALE_BYTES : 0) + (uint64_t)columns * ff_dtype_size(dtype);
}

const char *ff_dtype_name(enum ff_dtype dtype)
{
    switch (dtype) {
    case FF_F32:
        return "f32";
    case FF_BF16:
        return "bf16";
    case FF_U16:
        return "u16";
    case FF_U8:
        return "u8";
    case FF_SCALED_U8:
        return "scaled u8";
    }
    return "?";
}

bool ff_dtype_stores(enum ff_dtype stored, enum ff_dtype given)
{
    if (stored == FF_SCALED_U8 || stored == FF_BF16)
        return given == FF_F32 || (given == FF_BF16 && stored == FF_BF16);
    return stored == given;
}
