/*
 * A dataset that rank 0 alone reads (ff_team_share_data()): all processes of the team make the same
 * calls, and the others get what rank 0 has read. Their dataset has no files.
 */
#ifndef FF_DATA_SHARED_H
#define FF_DATA_SHARED_H

#include "data/format.h"

/* True if the dataset of SPEC is to be shared in the team of CTX. */
bool ff_data_is_to_share(const struct ff_ctx *ctx, const struct ff_dataset_spec *spec);
/* True if DATASET is that of another rank than 0. */
bool ff_data_is_received(const struct ff_dataset *dataset);
/* Gives the description of *DATASET to all; of ranks other than 0 it is made. */
FF_CHECK int ff_data_share_opened(struct ff_ctx *ctx, struct ff_dataset **dataset);
/* Gives ROWS rows to all, with LABELS unless it is NULL. */
FF_CHECK int ff_data_share_rows(struct ff_dataset *dataset, void *features, uint16_t *labels,
                                size_t *rows);
FF_CHECK int ff_data_share_files(struct ff_dataset *dataset, struct ff_data_files *files);

#endif
