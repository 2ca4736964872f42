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
 * then ff_model_file_flip() commits the manifest that names it: readers see the old checkpoint or
 * the new one, never a part of it. The writer deletes generations that the manifest does not name
 * with ff_model_file_reclaim().
 */
#ifndef FF_STORE_MODEL_FILE_H
#define FF_STORE_MODEL_FILE_H

#include "store/db.h"
#include "store/tile_key.h"

struct ff_model_file;

enum ff_model_mode { FF_MODEL_READ, FF_MODEL_WRITE, FF_MODEL_CREATE, FF_MODEL_REPLACE };

/*
 * Opens or creates PATH. A writer holds an exclusive lock (writer_lock.h) on it until closed: a
 * second writer gets FF_ELOCKED. A file that is not a model is FF_EFORMAT, a damaged one
 * FF_ECORRUPT, an absent one FF_ENOTFOUND. A reader writes to no file, and sees complete
 * checkpoints while another process trains.
 *
 * FF_MODEL_CREATE and FF_MODEL_REPLACE create a new file, which is partial (partial.h) and gets its
 * name by ff_model_file_publish(); if closed before that, it is removed. Until then they also hold
 * the lock of an existing file at PATH. FF_MODEL_CREATE fails with FF_EEXIST if one exists, unless
 * it is a stub; FF_MODEL_REPLACE fails with FF_EFORMAT if it is not a model.
 */
FF_CHECK int ff_model_file_open(struct ff_ctx *ctx, const char *path, enum ff_model_mode mode,
                                struct ff_model_file **out);
void ff_model_file_close(struct ff_model_file *file);
const char *ff_model_file_path(const struct ff_model_file *file);
/* True if the file at PATH is a stub: left by an interrupted creation, it never held a model.
 * Opening it fails with FF_EFORMAT. */
bool ff_model_file_is_stub(struct ff_ctx *ctx, const char *path);
/* Gives a new file its name, replacing the file to be replaced, if any; does nothing if it has its
 * name. Tiles put since the last flip are not part of the model. Fails with FF_EREPLACED if either
 * file was renamed, replaced or deleted, and then changes no file. */
FF_CHECK int ff_model_file_publish(struct ff_model_file *file);
bool ff_model_file_is_published(const struct ff_model_file *file);
/* FF_OK if the file still has its name; else FF_EREPLACED, and the message says what happened. For
 * a writer. */
FF_CHECK int ff_model_file_check_place(struct ff_model_file *file);
/* True if the file has a name, maybe another one than it was opened by. */
bool ff_model_file_is_linked(const struct ff_model_file *file);
/* True if another process holds the writer's lock now. */
bool ff_model_file_in_training(struct ff_model_file *file);

/* Stores a tile, compressed (zstd 3). Durable only after the next flip (which commits). If a put
 * fails, for example on a full disk, all later puts and the flip fail too: the checkpoint is
 * abandoned, and the last one stays valid. */
FF_CHECK int ff_model_file_put(struct ff_model_file *file, const struct ff_tile_key *key,
                               const struct ff_matrix *tile);
/* Reads a tile of ROWS x COLUMNS f32 into OUT and verifies its hash. FF_ECORRUPT if it is missing
 * or has another shape. Sees tiles put since the last flip. */
FF_CHECK int ff_model_file_get(struct ff_model_file *file, const struct ff_tile_key *key,
                               uint32_t rows, uint32_t columns, float *out);
/* Describes a tile without reading its payload. FF_ECORRUPT if it is missing. */
FF_CHECK int ff_model_file_describe(struct ff_model_file *file, const struct ff_tile_key *key,
                                    struct ff_value *out);
/* Commits all tiles put so far together with the manifest TEXT, and frees the memory of coding
 * them; FF_EREPLACED if the file no longer has its name. */
FF_CHECK int ff_model_file_flip(struct ff_model_file *file, const char *text);
/*
 * Reads the manifest and verifies its hash. *TEXT is allocated (ff_free(ctx, FF_MEM_OTHER, text,
 * *SIZE)) and NUL-terminated; *SIZE includes the NUL. FF_EFORMAT if the file has no manifest.
 */
FF_CHECK int ff_model_file_manifest(struct ff_model_file *file, char **text, size_t *size);
/* Deletes the tiles of (KIND, LAYER) whose generation is neither KEEP nor ALSO (UINT64_MAX: no
 * generation), in bounded transactions, and commits. */
FF_CHECK int ff_model_file_reclaim(struct ff_model_file *file, char kind, uint32_t layer,
                                   uint64_t keep, uint64_t also);
/*
 * Calls VISIT for every tile in key order with its description; reads payloads only if VERIFY. For
 * a damaged tile it calls DAMAGED with the reason instead, and continues; an unknown key counts as
 * damage (with a key of all zero). VISIT and DAMAGED return 0 to continue; any other result ends
 * the walk and is returned. Neither may write to FILE or unpin it.
 */
FF_CHECK int ff_model_file_walk(
    struct ff_model_file *file, bool verify,
    int (*visit)(void *arg, const struct ff_tile_key *key, const struct ff_value *value),
    int (*damaged)(void *arg, const struct ff_tile_key *key, const char *reason), void *arg);
/* Ends the read snapshot (ff_db_unpin()), so that a writer may reuse pages, and frees the memory of
 * decoding tiles. Call between layers. */
void ff_model_file_unpin(struct ff_model_file *file);
/* For the planner: adds the memory of an open file, without its path. */
void ff_model_file_needs(struct ff_needs *needs);
/* Adds the memory of putting or reading tiles of ELEMENTS elements, which is held until the next
 * flip or unpin. During a put its uncompressed bytes and the pending writes come on top. */
void ff_model_file_coding_needs(size_t elements, bool puts, bool gets, struct ff_needs *needs);
/* Adds the memory for reading FILE at its present size: the check of its trees, when it is opened
 * and at each snapshot after another process has written to it; and its map, if it stays mapped. */
void ff_model_file_read_needs(const struct ff_model_file *file, struct ff_needs *needs);
/*
 * Rewrites the file without free pages, with the manifest TEXT, and verifies each value. The copy
 * is written beside the file, with its permissions, and then renamed to it; a crash leaves the old
 * file or the new one. STOP (may be NULL) is called between values; if it returns true, the result
 * is FF_EINTERRUPTED. On failure (FF_EFULL, FF_EREPLACED, ...) the file is unchanged.
 */
FF_CHECK int ff_model_file_compact(struct ff_model_file *file, const char *text,
                                   bool (*stop)(void *arg), void *arg);
FF_CHECK int ff_model_file_usage(struct ff_model_file *file, struct ff_db_usage *out);

#endif
