/*
 * The team: the processes that train a layer together. Once the goodness of a step is known, all
 * work is local to a tile, so each process holds a range of a layer's tiles. At present a team is
 * one process, which holds all of them.
 */
#ifndef FF_BASE_TEAM_H
#define FF_BASE_TEAM_H

#include <stdint.h>

struct ff_team {
    unsigned rank; /* of this process, from 0 */
    unsigned size; /* number of processes, at least 1 */
};

/* The team of this process alone. */
extern const struct ff_team ff_team_alone;

/* Items FIRST .. END - 1. */
struct ff_range {
    uint32_t first, end;
};

/* The range of N items that this process holds. Ranges follow each other by rank and have the same
 * length; the first N % size ones have one item more. */
struct ff_range ff_team_share(const struct ff_team *team, uint32_t n);

#endif
