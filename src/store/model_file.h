/*
 * The model file NAME.ff: a durable LMDB file. It holds the manifest (JSON text, written by
 * model/manifest) and tiles. A tile is one value under the key (kind, layer, generation, slot,
 * tile), each big-endian:
 *
 *     kind        1 byte: 'W' weights, 'O' their optimizer state, 'H' head, 'Q' its optimizer
 *                 state, 'S' metrics as trained
 *     layer       4 bytes, from 1
 *     generation  8 bytes: which checkpoint wrote it
 *     slot        4 bytes: 0 weights, 1 biases, 2 label weights; of 'O' and 'Q' 3 * state + that, 6
 *                 running means
 *     tile        4 bytes
 *
 * A checkpoint writes tiles of a new generation with ff_model_file_put() in bounded transactions,
 * then ff_model_file_flip() commits the manifest that names it: readers see the old or the new,
 * never half of one. Generations the manifest does not name are reclaimed by the writer with
 * ff_model_file_sweep().
 */
#ifndef FF_STORE_MODEL_FILE_H
#define FF_STORE_MODEL_FILE_H

#include "store/db.h"
#include "store/tile_key.h"

struct ff_model_file;

enum ff_model_mode { FF_MODEL_READ, FF_MODEL_WRITE, FF_MODEL_CREATE, FF_MODEL_REPLACE };

/*
 * Opens or creates PATH. Writers hold an exclusive lock (writer_lock.h) on it until closed: a
 * second writer gets FF_ELOCKED. A file that is not a model is FF_EFORMAT, a damaged one
 * FF_ECORRUPT, an absent one FF_ENOTFOUND. A reader writes nothing anywhere, and sees whole
 * checkpoints while a writer in another process trains.
 *
 * FF_MODEL_CREATE and FF_MODEL_REPLACE make a new file, which is partial (partial.h) and gets its
 * name by ff_model_file_publish(); closed before that, it is removed. Until then they hold the lock
 * of the file that is at PATH, too. FF_MODEL_CREATE fails with FF_EEXIST if there is one, unless it
 * is a stub; FF_MODEL_REPLACE with FF_EFORMAT if it is no model.
 */
FF_CHECK int ff_model_file_open(struct ff_ctx *ctx, const char *path, enum ff_model_mode mode,
                                struct ff_model_file **out);
void ff_model_file_close(struct ff_model_file *file);
const char *ff_model_file_path(const struct ff_model_file *file);
/* True if there is a file at PATH in which no model has ever been: what is left if its creation is
 * cut short. To be opened it is FF_EFORMAT. */
bool ff_model_file_is_stub(struct ff_ctx *ctx, const char *path);
/* Gives a new file its name, in place of the one that it replaces; does nothing if it has it. What
 * was put since the last flip does not count. Fails with FF_EREPLACED if either has been tampered
 * with, and then leaves all files as they are. */
FF_CHECK int ff_model_file_publish(struct ff_model_file *file);
bool ff_model_file_is_published(const struct ff_model_file *file);
/* FF_OK if the file still has its name; else FF_EREPLACED, and a message that says what happened.
 * For a writer. */
FF_CHECK int ff_model_file_check_place(struct ff_model_file *file);
/* True if the file has a name, be it another one than it was opened by. */
bool ff_model_file_is_linked(const struct ff_model_file *file);
/* True if another process holds the writer's lock at the moment. */
bool ff_model_file_in_training(struct ff_model_file *file);

/* Stores a tile, compressed (zstd 3). Durable only after the next flip (which commits). When a put
 * fails for want of disk, so do all after it and the flip: the checkpoint is given up, and the last
 * one stays valid. */
FF_CHECK int ff_model_file_put(struct ff_model_file *file, const struct ff_tile_key *key,
                               const struct ff_matrix *tile);
/* Reads a tile of ROWS x COLUMNS f32 into OUT; hash verified. A missing or differently shaped tile
 * is FF_ECORRUPT. Sees what was put since the last flip. */
FF_CHECK int ff_model_file_get(struct ff_model_file *file, const struct ff_tile_key *key,
                               uint32_t rows, uint32_t columns, float *out);
/* Describes a tile without reading its payload. FF_ECORRUPT if it is missing. */
FF_CHECK int ff_model_file_describe(struct ff_model_file *file, const struct ff_tile_key *key,
                                    struct ff_value *out);
/* Commits everything put so far together with the manifest TEXT (a string); FF_EREPLACED if the
 * file does not have its name any more. */
FF_CHECK int ff_model_file_flip(struct ff_model_file *file, const char *text);
/*
 * The manifest, hash verified; *TEXT is allocated (ff_free(ctx, FF_MEM_OTHER, text, *SIZE)),
 * zero-terminated; *SIZE counts the zero. FF_EFORMAT if the file has none.
 */
FF_CHECK int ff_model_file_manifest(struct ff_model_file *file, char **text, size_t *size);
/* Deletes the tiles of (KIND, LAYER) whose generation is not KEEP (UINT64_MAX: all of them), in
 * bounded transactions, and commits. Visits no other tiles. */
FF_CHECK int ff_model_file_sweep(struct ff_model_file *file, char kind, uint32_t layer,
                                 uint64_t keep);
/*
 * Calls VISIT for every tile in key order with its description; reads payloads only if VERIFY. On a
 * corrupt one DAMAGED is called with the reason (then VISIT is not), and the walk goes on; a key
 * that is no tile's is damage too (then the key it gets is all zero). VISIT and DAMAGED return 0 to
 * go on; anything else ends the walk and is returned. Neither may write to FILE or unpin it.
 */
FF_CHECK int ff_model_file_walk(
    struct ff_model_file *file, bool verify,
    int (*visit)(void *arg, const struct ff_tile_key *key, const struct ff_value *value),
    int (*damaged)(void *arg, const struct ff_tile_key *key, const char *reason), void *arg);
/* Ends the snapshot of reads (see ff_db_unpin), so that a writer may reuse pages. Call between
 * layers. */
void ff_model_file_unpin(struct ff_model_file *file);
/* For the planner: adds what an open file takes, its path aside, once tiles of so many ELEMENTS
 * were put, or read. While one is put, its bytes uncompressed come on top, and what is pending. */
void ff_model_file_needs(size_t elements, bool puts, bool gets, struct ff_needs *needs);
/* Adds what reading FILE takes at its present size: the check of its trees when it is opened, and
 * at each snapshot of what another process wrote meanwhile; its map, if that stays. */
void ff_model_file_read_needs(const struct ff_model_file *file, struct ff_needs *needs);
/*
 * Rewrites the file with the manifest TEXT, each value verified: what is stored decides its size,
 * and no longer how often it was written. The copy is made beside the file, with its permissions,
 * and takes its name; a crash leaves the one or the other. STOP (may be NULL) is asked between
 * values: FF_EINTERRUPTED. On failure (FF_EFULL, FF_EREPLACED, ...) the file is as it was.
 */
FF_CHECK int ff_model_file_compact(struct ff_model_file *file, const char *text,
                                   bool (*stop)(void *arg), void *arg);
FF_CHECK int ff_model_file_usage(struct ff_model_file *file, struct ff_db_usage *out);

#endif
