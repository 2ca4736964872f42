/* What the tests of the layer over LMDB share: files in the test's directory, with text in them. */
#ifndef DB_FIXTURE_H
#define DB_FIXTURE_H

#include "support/store_fixture.h"

struct ff_bytes text(const char *string);
/* Opens the file NAME of the test's directory; fails the test if that fails. */
struct ff_db *open_db(const char *name, enum ff_db_mode mode);
void put_text(struct ff_db *db, const char *key, const char *value);

#endif
