#include "store/model_file_private.h"

#include "store/db_check.h"
#include "store/partial.h"
#include "store/tile_key.h"
#include "store/writer_lock.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MANIFEST_KEY "M"
/* Weights are mostly noise: higher levels gain next to nothing. */
#define TILE_ZSTD_LEVEL 3
/* Keys of tiles that are collected, then deleted together. */
#define RECLAIM_KEYS 128
static const struct ff_bytes manifest_key = {MANIFEST_KEY, sizeof MANIFEST_KEY - 1};

const char *ff_model_file_path(const struct ff_model_file *file)
{
    return file->path;
}

bool ff_model_file_in_training(struct ff_model_file *file)
{
    return !file->writer && ff_writer_lock_held(file->fd);
}

int ff_model_file_blame(struct ff_model_file *file, int rc)
{
    return ff_about(file->ctx, rc, FF_ABOUT_MODEL);
}

bool ff_model_file_is_stub(struct ff_ctx *ctx, const char *path)
{
    enum ff_db_kind kind;
    bool is_stub;
    int fd;

    if (ff_writer_lock_open(ctx, path, FF_LOCK_NONE, &fd) != FF_OK)
        return false;
    is_stub = ff_db_look(ctx, fd, path, &kind) == FF_OK && kind == FF_DB_IS_STUB;
    close(fd);
    return is_stub;
}

static int open_existing(struct ff_model_file *file, enum ff_model_mode mode)
{
    bool reads = mode == FF_MODEL_READ;
    enum ff_db_kind kind;
    int rc =
        ff_writer_lock_open(file->ctx, file->path, reads ? FF_LOCK_NONE : FF_LOCK_TAKE, &file->fd);

    if (rc == FF_OK)
        rc = ff_db_look(file->ctx, file->fd, file->path, &kind);
    if (rc != FF_OK)
        return rc;
    if (kind == FF_DB_IS_STUB)
        return ff_fail(file->ctx, FF_EFORMAT,
                       "%s: holds no model: its creation was interrupted; create the model with "
                       "`fftool train`",
                       file->path);
    if (!reads)
        ff_partial_reclaim(file->ctx, file->beside);
    return ff_db_open_fd(file->ctx, file->fd, file->path, reads ? FF_DB_READ : FF_DB_WRITE,
                         &file->db);
}

/* Locks the file that the new one is to replace, if it exists. */
static int lock_replaced(struct ff_model_file *file, enum ff_model_mode mode)
{
    int rc = ff_writer_lock_open(file->ctx, file->path, FF_LOCK_TAKE, &file->replaced);
    enum ff_db_kind kind;

    if (rc != FF_OK)
        return rc == FF_ENOTFOUND ? FF_OK : rc;
    rc = ff_db_look(file->ctx, file->replaced, file->path, &kind);
    if (rc != FF_OK)
        return rc;
    if (kind == FF_DB_IS_STUB || (kind == FF_DB_IS_LMDB && mode == FF_MODEL_REPLACE))
        return FF_OK;
    if (mode == FF_MODEL_CREATE)
        return ff_fail(file->ctx, FF_EEXIST, "%s: exists already", file->path);
    return ff_fail(file->ctx, FF_EFORMAT, "%s: is not a model, so it is not overwritten",
                   file->path);
}

int ff_model_file_open_partial(struct ff_model_file *file, enum ff_db_mode mode)
{
    int rc = ff_partial_create(file->ctx, file->beside, &file->fd);

    if (rc != FF_OK)
        return rc;
    file->partial = true;
    return ff_db_open_fd(file->ctx, file->fd, file->path, mode, &file->db);
}

static int open_new(struct ff_model_file *file, enum ff_model_mode mode)
{
    int rc = lock_replaced(file, mode);

    return rc == FF_OK ? ff_model_file_open_partial(file, FF_DB_CREATE) : rc;
}

int ff_model_file_new(struct ff_ctx *ctx, const char *path, bool writer, struct ff_model_file **out)
{
    size_t path_bytes = strlen(path) + 1;
    struct ff_model_file *file = ff_alloc(ctx, FF_MEM_OTHER, sizeof *file + path_bytes);
    int rc = FF_OK;

    *out = NULL;
    if (!file)
        return ff_alloc_status(ctx);
    file->ctx = ctx;
    file->fd = file->replaced = -1;
    file->writer = writer;
    file->path_bytes = path_bytes;
    memcpy(file->path, path, path_bytes);
    if (writer)
        rc = ff_partial_resolve(ctx, path, file->resolved);
    if (rc == FF_OK && writer)
        rc = ff_partial_name(ctx, file->resolved, file->beside);
    if (rc == FF_OK)
        *out = file;
    else
        ff_model_file_close(file);
    return rc;
}

int ff_model_file_open(struct ff_ctx *ctx, const char *path, enum ff_model_mode mode,
                       struct ff_model_file **out)
{
    bool is_new = mode == FF_MODEL_CREATE || mode == FF_MODEL_REPLACE;
    struct ff_model_file *file;
    int rc = ff_model_file_new(ctx, path, mode != FF_MODEL_READ, &file);

    *out = NULL;
    if (rc != FF_OK)
        return rc;
    rc = ff_coder_new(ctx, &file->coder);
    if (rc == FF_OK)
        rc = ff_model_file_blame(file, is_new ? open_new(file, mode) : open_existing(file, mode));
    if (rc != FF_OK) {
        ff_model_file_close(file);
        return rc;
    }
    *out = file;
    return FF_OK;
}

void ff_model_file_close(struct ff_model_file *file)
{
    if (!file)
        return;
    ff_db_close(file->db);
    ff_coder_free(file->coder);
    if (file->partial)
        ff_partial_discard(file->beside, file->fd);
    /* Last: the locks protect all of the above. */
    if (file->fd >= 0)
        close(file->fd);
    if (file->replaced >= 0)
        close(file->replaced);
    ff_free(file->ctx, FF_MEM_OTHER, file, sizeof *file + file->path_bytes);
}

bool ff_model_file_is_published(const struct ff_model_file *file)
{
    return !file->partial;
}

int ff_model_file_check_place(struct ff_model_file *file)
{
    const char *path = file->partial ? file->beside : file->path;

    return ff_model_file_blame(file, ff_partial_check_place(file->ctx, path, file->fd));
}

bool ff_model_file_is_linked(const struct ff_model_file *file)
{
    struct stat st;

    return fstat(file->fd, &st) == 0 && st.st_nlink > 0;
}

int ff_model_file_give_name(struct ff_model_file *file, int replaced)
{
    const struct ff_publication publication = {
        .name = file->path,
        .path = file->resolved,
        .partial = file->beside,
        .fd = file->fd,
        .replaced = replaced,
    };
    int rc = ff_partial_publish(file->ctx, &publication);

    file->partial = rc != FF_OK;
    return rc;
}

int ff_model_file_publish(struct ff_model_file *file)
{
    /* The model to be replaced may have been deleted or renamed, if no other file has its name. */
    int replaced = access(file->path, F_OK) == 0 ? file->replaced : -1, rc;

    if (!file->partial)
        return FF_OK;
    rc = ff_model_file_give_name(file, replaced);
    if (rc != FF_OK)
        return ff_model_file_blame(file, rc);
    if (file->replaced >= 0)
        close(file->replaced);
    file->replaced = -1;
    return FF_OK;
}

/* Encodes MATRIX and puts it under KEY. */
static int put_value(struct ff_model_file *file, struct ff_bytes key,
                     const struct ff_matrix *matrix, const struct ff_compression *compression)
{
    size_t bound = ff_value_bound(matrix->dtype, matrix->rows, matrix->columns, compression);
    size_t size = 0;
    void *buffer;
    int rc;

    buffer = ff_alloc(file->ctx, FF_MEM_IO, bound);
    if (!buffer)
        return ff_alloc_status(file->ctx);
    rc = ff_value_encode(file->coder, key, matrix, matrix->dtype, compression, buffer, &size);
    if (rc == FF_OK)
        rc = ff_db_put(file->db, key, (struct ff_bytes){buffer, size});
    ff_memory_sample(file->ctx); /* the peak of a training */
    ff_free(file->ctx, FF_MEM_IO, buffer, bound);
    return rc;
}

int ff_model_file_put(struct ff_model_file *file, const struct ff_tile_key *key,
                      const struct ff_matrix *tile)
{
    const struct ff_compression zstd = {FF_CODEC_ZSTD, TILE_ZSTD_LEVEL};
    uint8_t bytes[FF_TILE_KEY_BYTES];

    ff_tile_key_encode(key, bytes);
    return ff_model_file_blame(
        file, put_value(file, (struct ff_bytes){bytes, sizeof bytes}, tile, &zstd));
}

void ff_model_file_needs(struct ff_needs *needs)
{
    needs->bytes[FF_MEM_OTHER] += sizeof(struct ff_model_file);
    ff_db_needs(needs);
    ff_coder_needs(0, NULL, needs);
}

void ff_model_file_coding_needs(size_t elements, bool puts, bool gets, struct ff_needs *needs)
{
    int level = puts ? TILE_ZSTD_LEVEL : 0;
    struct ff_coder_use use = {FF_F32, false, 1, (uint32_t)elements, level, gets};

    ff_coder_work_needs(1, &use, needs);
}

void ff_model_file_read_needs(const struct ff_model_file *file, struct ff_needs *needs)
{
    struct stat st;

    if (fstat(file->fd, &st) != 0)
        return;
    ff_db_check_needs((uint64_t)st.st_size, needs);
    (void)ff_db_map_needs((uint64_t)st.st_size, false, needs);
}

/* Finds a tile, and with VERIFY checks its hash. STORED becomes all of its bytes, NAME its name for
 * messages. */
static int find_tile(struct ff_model_file *file, const struct ff_tile_key *key, bool verify,
                     char name[FF_TILE_NAME_BYTES], struct ff_bytes *stored, struct ff_value *value)
{
    uint8_t bytes[FF_TILE_KEY_BYTES];
    struct ff_bytes key_bytes = {bytes, sizeof bytes};
    int rc;

    ff_tile_key_encode(key, bytes);
    ff_tile_key_name(key, file->path, name, FF_TILE_NAME_BYTES);
    rc = ff_db_get(file->db, key_bytes, stored);
    if (rc == FF_ENOTFOUND)
        return ff_fail(file->ctx, FF_ECORRUPT, "%s: damaged: is missing", name);
    if (rc != FF_OK)
        return rc;
    if (verify)
        ff_db_will_need(file->db, *stored);
    return ff_value_open(file->ctx, key_bytes, *stored, verify, name, value);
}

static int get(struct ff_model_file *file, const struct ff_tile_key *key, uint32_t rows,
               uint32_t columns, float *out)
{
    char name[FF_TILE_NAME_BYTES];
    struct ff_bytes stored;
    struct ff_value value;
    int rc = find_tile(file, key, true, name, &stored, &value);

    if (rc != FF_OK)
        return rc;
    if (value.dtype != FF_F32 || value.rows != rows || value.columns != columns)
        return ff_fail(file->ctx, FF_ECORRUPT, "%s: damaged: %u x %u %s instead of %u x %u f32",
                       name, value.rows, value.columns, ff_dtype_name(value.dtype), rows, columns);
    rc = ff_value_decode(file->coder, &value, FF_F32, name, out);
    ff_db_dont_need(file->db);
    return rc;
}

int ff_model_file_get(struct ff_model_file *file, const struct ff_tile_key *key, uint32_t rows,
                      uint32_t columns, float *out)
{
    return ff_model_file_blame(file, get(file, key, rows, columns, out));
}

int ff_model_file_describe(struct ff_model_file *file, const struct ff_tile_key *key,
                           struct ff_value *out)
{
    char name[FF_TILE_NAME_BYTES];
    struct ff_bytes stored;

    return ff_model_file_blame(file, find_tile(file, key, false, name, &stored, out));
}

int ff_model_file_put_manifest(struct ff_model_file *file, const char *text)
{
    const struct ff_compression none = {.codec = FF_CODEC_NONE};
    size_t length = strlen(text);
    struct ff_matrix matrix = {FF_U8, 1, (uint32_t)length, text};

    if (length == 0 || length > FF_VALUE_MAX_BYTES)
        return ff_fail(file->ctx, FF_EINVAL, "%s: a manifest of %zu bytes", file->path, length);
    return put_value(file, manifest_key, &matrix, &none);
}

int ff_model_file_flip(struct ff_model_file *file, const char *text)
{
    int rc = ff_model_file_check_place(file);

    if (rc == FF_OK)
        rc = ff_model_file_put_manifest(file, text);
    ff_coder_release(file->coder);
    return ff_model_file_blame(file, rc == FF_OK ? ff_db_commit(file->db) : rc);
}

static int read_manifest(struct ff_model_file *file, char **text, size_t *size)
{
    struct ff_bytes stored;
    struct ff_value value;
    char name[FF_TILE_NAME_BYTES];
    int rc;

    *text = NULL;
    *size = 0;
    rc = ff_db_get(file->db, manifest_key, &stored);
    if (rc == FF_ENOTFOUND)
        return ff_fail(file->ctx, FF_EFORMAT, "%s: is an LMDB file of another program, not a model",
                       file->path);
    if (rc != FF_OK)
        return rc;
    snprintf(name, sizeof name, "%s: manifest", file->path);
    rc = ff_value_open(file->ctx, manifest_key, stored, true, name, &value);
    if (rc != FF_OK)
        return rc;
    if (value.dtype != FF_U8 || value.codec != FF_CODEC_NONE ||
        memchr(value.payload, '\0', (size_t)value.raw_bytes))
        return ff_fail(file->ctx, FF_ECORRUPT, "%s: damaged: not a text", name);
    *text = ff_alloc(file->ctx, FF_MEM_OTHER, (size_t)value.raw_bytes + 1);
    if (!*text)
        return ff_alloc_status(file->ctx);
    *size = (size_t)value.raw_bytes + 1;
    memcpy(*text, value.payload, (size_t)value.raw_bytes);
    return FF_OK;
}

int ff_model_file_manifest(struct ff_model_file *file, char **text, size_t *size)
{
    return ff_model_file_blame(file, read_manifest(file, text, size));
}

/* Collects, from *FROM on, up to RECLAIM_KEYS keys of tiles of (KIND, LAYER) of other generations
 * than KEEP and ALSO. *FROM becomes the key to continue from. */
static int collect(struct ff_model_file *file, struct ff_tile_key *from, uint64_t keep,
                   uint64_t also, struct ff_tile_key found[RECLAIM_KEYS], size_t *count)
{
    uint8_t bytes[FF_TILE_KEY_BYTES];
    struct ff_bytes key, stored;
    struct ff_tile_key tile;
    int rc;

    *count = 0;
    ff_tile_key_encode(from, bytes);
    rc = ff_db_seek(file->db, (struct ff_bytes){bytes, sizeof bytes}, &key, &stored);
    while (rc == FF_OK && *count < RECLAIM_KEYS) {
        if (!ff_tile_key_decode(key, &tile) || tile.kind != from->kind || tile.layer != from->layer)
            break;
        if (tile.generation == keep || tile.generation == also) {
            from->generation = tile.generation + 1; /* skips all of it with one seek */
            ff_tile_key_encode(from, bytes);
            rc = ff_db_seek(file->db, (struct ff_bytes){bytes, sizeof bytes}, &key, &stored);
            continue;
        }
        found[(*count)++] = tile;
        rc = ff_db_next(file->db, &key, &stored);
    }
    return rc == FF_ENOTFOUND ? FF_OK : rc;
}

int ff_model_file_reclaim(struct ff_model_file *file, char kind, uint32_t layer, uint64_t keep,
                          uint64_t also)
{
    struct ff_tile_key found[RECLAIM_KEYS];
    struct ff_tile_key from = {.kind = kind, .layer = layer};
    size_t count;
    int rc;

    do {
        rc = collect(file, &from, keep, also, found, &count);
        for (size_t i = 0; rc == FF_OK && i < count; i++) {
            uint8_t bytes[FF_TILE_KEY_BYTES];

            ff_tile_key_encode(&found[i], bytes);
            rc = ff_db_delete(file->db, (struct ff_bytes){bytes, sizeof bytes});
        }
    } while (rc == FF_OK && count == RECLAIM_KEYS);
    return ff_model_file_blame(file, rc == FF_OK ? ff_db_commit(file->db) : rc);
}

struct walk {
    bool verify;
    int (*visit)(void *arg, const struct ff_tile_key *key, const struct ff_value *value);
    int (*damaged)(void *arg, const struct ff_tile_key *key, const char *reason);
    void *arg;
};

bool ff_model_file_is_manifest(struct ff_bytes key)
{
    return key.size == manifest_key.size && memcmp(key.data, manifest_key.data, key.size) == 0;
}

static int walk_value(struct ff_model_file *file, const struct walk *walk, struct ff_bytes key,
                      struct ff_bytes stored)
{
    char reason[FF_MESSAGE_BYTES], name[FF_TILE_NAME_BYTES];
    struct ff_tile_key tile;
    struct ff_value value;
    int rc;

    if (ff_model_file_is_manifest(key))
        return 0;
    if (!ff_tile_key_decode(key, &tile)) {
        snprintf(reason, sizeof reason, "%.*s: damaged: an unknown key of %zu bytes",
                 FF_TILE_NAME_BYTES, file->path, key.size);
        return walk->damaged(walk->arg, &tile, reason);
    }
    ff_tile_key_name(&tile, file->path, name, sizeof name);
    if (walk->verify)
        ff_db_will_need(file->db, stored);
    rc = ff_value_open(file->ctx, key, stored, walk->verify, name, &value);
    if (rc == FF_OK)
        return walk->visit(walk->arg, &tile, &value);
    snprintf(reason, sizeof reason, "%s", ff_ctx_message(file->ctx));
    return walk->damaged(walk->arg, &tile, reason);
}

int ff_model_file_walk(struct ff_model_file *file, bool verify,
                       int (*visit)(void *arg, const struct ff_tile_key *key,
                                    const struct ff_value *value),
                       int (*damaged)(void *arg, const struct ff_tile_key *key, const char *reason),
                       void *arg)
{
    const struct walk walk = {verify, visit, damaged, arg};
    struct ff_bytes key = {"", 1}, stored; /* the byte 0 precedes every key */
    int rc;

    rc = ff_db_seek(file->db, key, &key, &stored);
    while (rc == FF_OK) {
        rc = walk_value(file, &walk, key, stored);
        ff_db_dont_need(file->db);
        if (rc != FF_OK)
            return rc;
        rc = ff_db_next(file->db, &key, &stored);
    }
    return ff_model_file_blame(file, rc == FF_ENOTFOUND ? FF_OK : rc);
}

void ff_model_file_unpin(struct ff_model_file *file)
{
    ff_db_unpin(file->db);
    ff_coder_release(file->coder);
}

int ff_model_file_usage(struct ff_model_file *file, struct ff_db_usage *out)
{
    return ff_model_file_blame(file, ff_db_usage(file->db, out));
}
