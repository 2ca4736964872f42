#include "base/context.h"

#include <errno.h>
#include <fftool/text.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const struct {
    enum ff_status status;
    const char *text;
} status_texts[] = {
    {FF_OK, "done"},
    {FF_EINVAL, "invalid argument"},
    {FF_ENOMEM, "out of memory"},
    {FF_EIO, "input/output error"},
    {FF_EFORMAT, "unknown format"},
    {FF_ECORRUPT, "damaged file"},
    {FF_EBUDGET, "over the memory limit"},
    {FF_EEXIST, "exists already"},
    {FF_ENOTFOUND, "not found"},
    {FF_ELOCKED, "in use by another process"},
    {FF_EFULL, "disk full"},
    {FF_EMISMATCH, "model, data and options are incompatible"},
    {FF_ENUMERIC, "a value is not finite"},
    {FF_EINTERRUPTED, "interrupted"},
    {FF_EREPLACED, "file deleted, renamed or replaced while in use"},
    {FF_EFBIG, "file too large"},
};

const char *ff_status_text(enum ff_status status)
{
    for (size_t i = 0; i < sizeof status_texts / sizeof *status_texts; i++) {
        if (status_texts[i].status == status)
            return status_texts[i].text;
    }
    return "unknown status";
}

int ff_ctx_new(struct ff_ctx **out)
{
    struct ff_ctx *ctx = calloc(1, sizeof *ctx);

    *out = ctx;
    if (!ctx)
        return FF_ENOMEM;
    if (pthread_mutex_init(&ctx->lock, NULL) != 0) {
        free(ctx);
        *out = NULL;
        return FF_ENOMEM;
    }
    ctx->team.size = 1;
    return FF_OK;
}

void ff_ctx_free(struct ff_ctx *ctx)
{
    if (!ctx)
        return;
    pthread_mutex_destroy(&ctx->lock);
    free(ctx);
}

const char *ff_ctx_message(const struct ff_ctx *ctx)
{
    return ctx->message;
}

enum ff_subject ff_ctx_subject(const struct ff_ctx *ctx)
{
    return ctx->subject;
}

void ff_ctx_on_warning(struct ff_ctx *ctx, void (*warn)(void *arg, const char *text), void *arg)
{
    pthread_mutex_lock(&ctx->lock);
    ctx->warn = warn;
    ctx->warn_arg = arg;
    pthread_mutex_unlock(&ctx->lock);
}

int ff_fail(struct ff_ctx *ctx, enum ff_status status, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    pthread_mutex_lock(&ctx->lock);
    ff_text_escape(text, FF_ESCAPE_LINE, ctx->message, sizeof ctx->message);
    ctx->subject = FF_ABOUT_OTHER;
    pthread_mutex_unlock(&ctx->lock);
    return status;
}

int ff_about(struct ff_ctx *ctx, int status, enum ff_subject subject)
{
    if (status != FF_OK) {
        pthread_mutex_lock(&ctx->lock);
        if (ctx->subject == FF_ABOUT_OTHER)
            ctx->subject = subject;
        pthread_mutex_unlock(&ctx->lock);
    }
    return status;
}

static enum ff_status status_of_errno(int errnum)
{
    switch (errnum) {
    case ENOSPC:
    case EDQUOT:
        return FF_EFULL;
    case ENOENT:
        return FF_ENOTFOUND;
    case ENOMEM:
        return FF_ENOMEM;
    case EFBIG:
        return FF_EFBIG;
    default:
        return FF_EIO;
    }
}

/* For EFBIG: names the limit of the process, if it has one; else the file system's was reached. */
static const char *size_limit(int errnum)
{
    struct rlimit limit;

    if (errnum != EFBIG || getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return "";
    return " (the file size limit, ulimit -f, is reached)";
}

int ff_fail_errno(struct ff_ctx *ctx, int errnum, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES / 2];
    char reason[128];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ff_fail(ctx, status_of_errno(errnum), "%s: %s%s", text,
                   strerror_r(errnum, reason, sizeof reason), size_limit(errnum));
}

void ff_warn(struct ff_ctx *ctx, const char *format, ...)
{
    char text[FF_MESSAGE_BYTES], line[FF_MESSAGE_BYTES];
    void (*warn)(void *arg, const char *text);
    va_list args;
    void *arg;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ff_text_escape(text, FF_ESCAPE_LINE, line, sizeof line);
    pthread_mutex_lock(&ctx->lock);
    warn = ctx->warn;
    arg = ctx->warn_arg;
    pthread_mutex_unlock(&ctx->lock);
    if (warn)
        warn(arg, line);
}
