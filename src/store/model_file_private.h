/* What the files of the model file share. */
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
    int replaced; /* of the file at PATH that is to be replaced, likewise; -1: none */
    bool writer;
    bool partial;            /* lies at PARTIAL yet */
    char resolved[PATH_MAX]; /* PATH without symbolic links; a writer's */
    char beside[PATH_MAX];   /* its partial file's name; a writer's */
    size_t path_bytes;
    char path[];
};

/* Every failure that leaves this module is the model's. */
int ff_model_file_blame(struct ff_model_file *file, int rc);
/* A model file that is open nowhere yet. */
FF_CHECK int ff_model_file_new(struct ff_ctx *ctx, const char *path, bool writer,
                               struct ff_model_file **out);
FF_CHECK int ff_model_file_open_partial(struct ff_model_file *file, enum ff_db_mode mode);
/* Gives FILE its name, in place of the file open at REPLACED (-1: none). */
FF_CHECK int ff_model_file_give_name(struct ff_model_file *file, int replaced);
FF_CHECK int ff_model_file_put_manifest(struct ff_model_file *file, const char *text);
bool ff_model_file_is_manifest(struct ff_bytes key);

#endif
