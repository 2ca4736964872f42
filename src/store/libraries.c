#include "store/libraries.h"

#include <lmdb.h>
#include <zstd.h>

#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)

const char *ff_lmdb_version(void)
{
    return "LMDB " TEXT(MDB_VERSION_MAJOR) "." TEXT(MDB_VERSION_MINOR) "." TEXT(MDB_VERSION_PATCH);
}

const char *ff_zstd_version(void)
{
    return "zstd " ZSTD_VERSION_STRING;
}
