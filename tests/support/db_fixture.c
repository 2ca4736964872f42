#include "support/db_fixture.h"

#include <string.h>

struct ff_bytes text(const char *string)
{
    return (struct ff_bytes){string, strlen(string)};
}

struct ff_db *open_db(const char *name, enum ff_db_mode mode)
{
    struct ff_db *db;

    must(store_ctx, ff_db_open(store_ctx, store_path(name), mode, &db));
    return db;
}

void put_text(struct ff_db *db, const char *key, const char *value)
{
    must(store_ctx, ff_db_put(db, text(key), text(value)));
}
