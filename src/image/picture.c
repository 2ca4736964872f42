#include "image/picture.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define KIND_ADDRESS(name) &ff_image_##name,
static const struct ff_image_kind *const kinds[] = {FF_IMAGE_KINDS(KIND_ADDRESS)};
#undef KIND_ADDRESS
#define KINDS (sizeof kinds / sizeof *kinds)

bool ff_picture_has_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    for (size_t k = 0; dot && k < KINDS; k++)
        for (const char *const *ending = kinds[k]->endings; *ending; ending++)
            if (strcasecmp(dot + 1, *ending) == 0)
                return true;
    return false;
}

static const struct ff_image_kind *kind_of(const unsigned char *bytes, size_t n)
{
    for (size_t k = 0; k < KINDS; k++)
        if (kinds[k]->magic(bytes, n))
            return kinds[k];
    return NULL;
}

bool ff_picture_has_magic(const unsigned char *bytes, size_t n)
{
    return kind_of(bytes, n) != NULL;
}

static int find_kind(struct ff_picture *picture)
{
    unsigned char magic[FF_IMAGE_MAGIC];
    size_t got = 0;
    int status = ff_input_read(picture->input, magic, sizeof magic, &got);

    if (status != FF_OK)
        return status;
    picture->kind = kind_of(magic, got);
    if (picture->kind)
        return ff_input_rewind(picture->input);
    if (got == 0)
        return ff_fail(picture->ctx, FF_ECORRUPT, "%s: is empty; remove it, or copy it again",
                       ff_input_path(picture->input));
    return ff_fail(
        picture->ctx, FF_EFORMAT,
        "%s: is not an image: its first bytes are neither those of PNG, JPEG nor PGM or PPM; "
        "remove or convert it",
        ff_input_path(picture->input));
}

static int check_size(const struct ff_picture *picture)
{
    if (picture->width > 0 && picture->height > 0 && picture->width <= FF_IMAGE_SIDE &&
        picture->height <= FF_IMAGE_SIDE)
        return FF_OK;
    return ff_fail(picture->ctx, FF_EINVAL,
                   "%s: an image of %u x %u pixels; 1 to %u pixels wide and high are supported",
                   ff_input_path(picture->input), picture->width, picture->height, FF_IMAGE_SIDE);
}

int ff_picture_open(struct ff_ctx *ctx, const char *path, struct ff_picture *picture)
{
    int status;

    *picture = (struct ff_picture){.ctx = ctx};
    status = ff_input_open(ctx, path, &picture->input);
    if (status == FF_OK)
        status = find_kind(picture);
    if (status == FF_OK)
        status = picture->kind->open(picture);
    if (status == FF_OK)
        status = check_size(picture);
    if (status != FF_OK)
        ff_picture_close(picture);
    return status;
}

int ff_picture_row(struct ff_picture *picture, unsigned char *out)
{
    int status;

    assert(picture->next < picture->height);
    status = picture->kind->row(picture, out);
    picture->next++;
    if (status == FF_OK && picture->next == picture->height)
        status = picture->kind->end(picture);
    return status;
}

void ff_picture_close(struct ff_picture *picture)
{
    if (picture->kind)
        picture->kind->close(picture);
    ff_input_close(picture->input);
    *picture = (struct ff_picture){.ctx = NULL};
}
