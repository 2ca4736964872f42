/*
 * The team: the processes that train a layer together. After the goodness of a step is known
 * everything is local to a tile, so each process holds a range of a layer's tiles. There is one
 * process today, whose range is whole.
 */
#ifndef FF_BASE_TEAM_H
#define FF_BASE_TEAM_H

#include <stdint.h>

struct ff_team {
    unsigned rank; /* of this process, from 0 */
    unsigned size; /* number of processes, 1 and more */
};

/* Items FIRST .. END - 1. */
struct ff_range {
    uint32_t first, end;
};

/* The range of N items that this process holds: ranges of the same length, the first ones longer by
 * one where N is no multiple of the size; in the order of the ranks. */
struct ff_range ff_team_share(const struct ff_team *team, uint32_t n);

#endif
