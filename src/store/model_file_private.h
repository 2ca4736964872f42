/* Shared by model_file.c and model_compact.c. */
#ifndef FF_STORE_MODEL_FILE_PRIVATE_H
#define FF_STORE_MODEL_FILE_PRIVATE_H

#include "store/model_file.h"

#include <limits.h>

#define FF_TILE_NAME_BYTES 512

struct ff_model_file {
    struct ff_ctx *ctx;
    struct ff_db *db;
    struct ff_coder *coder;
    int fd;       /* of the file; a writer holds the writer's lock through it */
    int replaced; /* of the file at PATH that is to be replaced, locked likewise; -1: none */
    bool writer;
    bool partial;            /* the file has the name BESIDE, not yet PATH */
    char resolved[PATH_MAX]; /* PATH without symbolic links; set for a writer */
    char beside[PATH_MAX];   /* name of the partial file; set for a writer */
    size_t path_bytes;
    char path[];
};

/* Sets the model as the subject of the failure RC; returns RC. */
int ff_model_file_blame(struct ff_model_file *file, int rc);
/* Allocates a model file without opening it. */
FF_CHECK int ff_model_file_new(struct ff_ctx *ctx, const char *path, bool writer,
                               struct ff_model_file **out);
FF_CHECK int ff_model_file_open_partial(struct ff_model_file *file, enum ff_db_mode mode);
/* Gives FILE its name, replacing the file open at REPLACED (-1: none). */
FF_CHECK int ff_model_file_give_name(struct ff_model_file *file, int replaced);
FF_CHECK int ff_model_file_put_manifest(struct ff_model_file *file, const char *text);
bool ff_model_file_is_manifest(struct ff_bytes key);

#endif
