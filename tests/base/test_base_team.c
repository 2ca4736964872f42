/* Shares of a team. */
#include "base/team.h"
#include "support/suite.h"

#include <check.h>

/* Whatever the sizes, ranges follow each other without a gap, and none is longer than another by
 * more than one. */
START_TEST(shares_cover_all_items_once)
{
    for (unsigned size = 1; size <= 9; size++) {
        for (uint32_t n = 0; n <= 40; n++) {
            uint32_t end = 0;

            for (unsigned rank = 0; rank < size; rank++) {
                struct ff_range share = ff_team_share(rank, size, n);

                ck_assert_uint_eq(share.first, end);
                ck_assert_uint_ge(share.end, share.first);
                ck_assert_uint_ge(share.end - share.first, n / size);
                ck_assert_uint_le(share.end - share.first, n / size + 1);
                end = share.end;
            }
            ck_assert_uint_eq(end, n);
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("base: team");
    TCase *tcase = tcase_create("shares");

    tcase_add_test(tcase, shares_cover_all_items_once);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
