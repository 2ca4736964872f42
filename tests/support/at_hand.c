#include "support/at_hand.h"

#include <check.h>
#include <string.h>

char *directory;
struct ff_ctx *ctx;
char warnings[2048];

static void keep_warning(void *arg, const char *text)
{
    (void)arg;
    ck_assert_uint_lt(strlen(warnings) + strlen(text) + 1, sizeof warnings);
    strcat(strcat(warnings, text), "\n");
}

void keep_warnings(void)
{
    warnings[0] = '\0';
    ff_ctx_on_warning(ctx, keep_warning, NULL);
}

void ck_says(const char *part)
{
    const char *message = ff_ctx_message(ctx);

    ck_assert_msg(strstr(message, part) != NULL, "\"%s\" is not in \"%s\"", part, message);
}

void ck_status(int status, int wanted, const char *in_message)
{
    ck_assert_msg(status == wanted, "status %d, not %d: %s", status, wanted, ff_ctx_message(ctx));
    ck_says(in_message);
}
