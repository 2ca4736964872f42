#include "base/team.h"

const struct ff_team ff_team_alone = {.rank = 0, .size = 1};

struct ff_range ff_team_share(const struct ff_team *team, uint32_t n)
{
    uint32_t each = n / team->size, longer = n % team->size, rank = team->rank;
    uint32_t first = rank * each + (rank < longer ? rank : longer);

    return (struct ff_range){first, first + each + (rank < longer)};
}
