/* Texts: a row is a place in the text, its features are the characters before it, and its label is
 * the character there. */
#include "table/one_file.h"
#include "text/characters.h"
#include "text/vocabulary.h"

#include <inttypes.h>
#include <string.h>

#define LOOKED_AT 16384 /* bytes of a file whose name says little */

struct text {
    struct ff_dataset base;
    struct ff_characters characters;
    struct ff_vocabulary vocabulary;
    uint64_t next; /* the row to be read next */
    /* (2 context): the symbols from WINDOW + AT on, CONTEXT of them, are those before it. */
    uint8_t *window;
    size_t at;
};

/* ---- The file ---- */

/* How often C is in the line from TEXT to END. */
static size_t count(const char *text, const char *end, char c)
{
    size_t n = 0;

    for (; text < end; text++)
        n += *text == c;
    return n;
}

/* Whether all lines that end within TEXT, two or more, have as many separators of one kind. */
static bool looks_like_a_table(const char *text, size_t n)
{
    for (const char *c = ",;\t|"; *c; c++) {
        const char *line = text, *end;
        size_t lines = 0, fields = 0;

        for (; (end = memchr(line, '\n', (size_t)(text + n - line))) != NULL; line = end + 1) {
            size_t found = count(line, end, *c);

            if (found == 0 || (lines > 0 && found != fields))
                break;
            fields = found;
            lines++;
        }
        if (!end && lines > 1)
            return true;
    }
    return false;
}

/* Bids for a file by its name and content. Tables may be in .txt files, too. */
static int bid_for_prose(struct ff_ctx *ctx, const char *path)
{
    char text[LOOKED_AT];
    struct ff_input *input;
    size_t got;
    int status = ff_input_open(ctx, path, &input);

    if (status != FF_OK)
        return 0; /* another format says why */
    status = ff_input_read(input, text, sizeof text, &got);
    ff_input_close(input);
    return status == FF_OK && !looks_like_a_table(text, got) ? FF_BID_PROSE : 0;
}

static int text_bid(struct ff_ctx *ctx, const struct ff_dataset_spec *spec)
{
    const bool of_table = spec->label_column || spec->id_column || spec->fill_missing;
    const bool asked = spec->schema ? spec->schema->context > 0 : spec->context || spec->fold_case;
    int bid = ff_one_file_bid(spec, &ff_format_text);

    if (bid == FF_BID_DIRECTORY || (spec->schema && !asked) || of_table)
        return bid == FF_BID_DIRECTORY ? bid : 0;
    if (ff_path_is_directory(spec->path))
        return 0;
    if (asked)
        return FF_BID_CERTAIN;
    return bid > 0 ? bid_for_prose(ctx, spec->path) : 0;
}

static int text_find(struct ff_ctx *ctx, const struct ff_dataset_spec *spec, unsigned i,
                     char path[FF_PATH_BYTES])
{
    return ff_one_file_find(ctx, spec, &ff_format_text, i, path);
}

static int text_describe(struct ff_dataset *dataset, struct ff_data_files *out)
{
    struct text *text = (struct text *)dataset;

    return ff_input_describe(text->characters.input, &out->file[out->count++]);
}

static size_t window_bytes(uint32_t context)
{
    return (size_t)2 * context;
}

static void text_close(struct ff_dataset *dataset)
{
    struct text *text = (struct text *)dataset;

    ff_characters_release(&text->characters);
    ff_free(dataset->ctx, FF_MEM_IO, text->window, window_bytes(dataset->info.features));
    ff_free(dataset->ctx, FF_MEM_IO, text, sizeof *text);
}

static void text_needs(const struct ff_schema *schema, struct ff_needs *needs)
{
    if (schema->context > 0)
        needs->bytes[FF_MEM_IO] += sizeof(struct text) + window_bytes(schema->context);
}

/* ---- Opening ---- */

/* Counts the characters of the text, each of them unless COUNTS is NULL. */
static int scan(struct text *text, struct ff_character_counts *counts)
{
    struct ff_dataset *base = &text->base;
    const char *path = ff_input_path(text->characters.input);
    uint64_t n = 0;
    bool got = true;
    int status = FF_OK;

    for (; status == FF_OK && got; n += got) {
        uint32_t character;

        status = ff_characters_next(&text->characters, &character, &got);
        if (status == FF_OK && got && counts)
            status = ff_character_counts_add(counts, character);
    }
    base->info.rows = n;
    if (status == FF_OK && n == 0)
        return ff_fail(base->ctx, FF_EINVAL, "%s: holds no characters", path);
    if (status == FF_OK && n > FF_MAX_DATA_SAMPLES)
        return ff_fail(base->ctx, FF_EINVAL, "%s: the limit is %" PRIu64 " characters", path,
                       FF_MAX_DATA_SAMPLES);
    return status;
}

/* Finds the vocabulary of the text. */
static int scan_vocabulary(struct text *text)
{
    struct ff_ctx *ctx = text->base.ctx;
    struct ff_character_counts *counts = ff_alloc(ctx, FF_MEM_IO, sizeof *counts);
    int status;

    if (!counts)
        return ff_alloc_status(ctx);
    counts->ctx = ctx;
    status = scan(text, counts);
    if (status == FF_OK)
        ff_vocabulary_choose(counts, &text->vocabulary);
    ff_character_counts_release(counts);
    ff_free(ctx, FF_MEM_IO, counts, sizeof *counts);
    return status == FF_OK ? ff_vocabulary_name_classes(ctx, &text->vocabulary, &text->base.schema)
                           : status;
}

/* Takes the vocabulary of the spec's model. */
static int take_vocabulary(struct text *text, const struct ff_dataset_spec *spec)
{
    if (!ff_vocabulary_of_schema(spec->schema, &text->vocabulary))
        return ff_fail(text->base.ctx, FF_ECORRUPT,
                       "the classes of the model are no vocabulary of a text");
    text->base.info.rows = spec->known_rows;
    return spec->known_rows == 0 ? scan(text, NULL) : FF_OK;
}

/* Moves to the beginning of the text, before which there are no symbols. */
static int rewind_text(struct text *text)
{
    memset(text->window, FF_SYMBOL_NONE, text->base.info.features);
    text->at = 0;
    return ff_characters_rewind(&text->characters);
}

static int open_file(struct text *text, const struct ff_dataset_spec *spec)
{
    struct ff_dataset *base = &text->base;
    struct ff_schema *schema = &base->schema;
    char path[FF_PATH_BYTES];
    int status = text_find(base->ctx, spec, 0, path);

    if (status == FF_OK && spec->schema)
        status = ff_schema_copy(base->ctx, spec->schema, schema);
    else if (status == FF_OK)
        *schema = (struct ff_schema){.context = spec->context ? spec->context : FF_DEFAULT_CONTEXT,
                                     .folds_case = spec->fold_case};
    if (status != FF_OK)
        return status;
    base->info.features = schema->context;
    text->window = ff_alloc(base->ctx, FF_MEM_IO, window_bytes(schema->context));
    if (!text->window)
        return ff_alloc_status(base->ctx);
    status = ff_characters_open(base->ctx, path, schema->folds_case, &text->characters);
    if (status == FF_OK)
        status = spec->schema ? take_vocabulary(text, spec) : scan_vocabulary(text);
    base->info.classes = spec->unlabelled ? 0 : schema->n_classes;
    return status == FF_OK ? rewind_text(text) : status;
}

static int text_open(struct ff_ctx *ctx, const struct ff_dataset_spec *spec,
                     struct ff_dataset **out)
{
    struct text *text;
    int status;

    if (spec->labels && !spec->unlabelled)
        return ff_fail(ctx, FF_EINVAL,
                       "%s: --labels is not supported: the labels of a text are its characters",
                       spec->labels);
    if (spec->context > FF_MAX_CONTEXT)
        return ff_fail(ctx, FF_EINVAL, "context %u: at most %u characters are supported",
                       spec->context, FF_MAX_CONTEXT);
    text = ff_alloc(ctx, FF_MEM_IO, sizeof *text);
    if (!text)
        return ff_alloc_status(ctx);
    text->base.ctx = ctx;
    status = open_file(text, spec);
    if (status != FF_OK) {
        ff_schema_release(&text->base.schema);
        text_close(&text->base);
    } else {
        *out = &text->base;
    }
    return status;
}

/* ---- Reading ---- */

static int changed(const struct text *text)
{
    return ff_data_changed(text->base.ctx, ff_input_path(text->characters.input));
}

/* Reads the next row to FEATURES and *LABEL, which may be NULL. */
static int read_row(struct text *text, uint8_t *features, uint16_t *label)
{
    const size_t context = text->base.info.features;
    uint32_t character;
    uint8_t symbol;
    bool got;
    int status = ff_characters_next(&text->characters, &character, &got);

    if (status == FF_OK && !got)
        return changed(text);
    if (status != FF_OK)
        return status;
    symbol = ff_vocabulary_symbol(&text->vocabulary, character);
    memcpy(features, text->window + text->at, context);
    if (label)
        *label = symbol == FF_SYMBOL_NONE ? FF_LABEL_UNSEEN : symbol;
    text->window[text->at + context] = symbol;
    if (++text->at == context) {
        memcpy(text->window, text->window + context, context);
        text->at = 0;
    }
    return FF_OK;
}

static int text_read(struct ff_dataset *dataset, size_t max_rows, void *features, uint16_t *labels,
                     size_t *rows)
{
    struct text *text = (struct text *)dataset;
    const struct ff_dataset_info *info = &dataset->info;
    const uint64_t left = info->all_rows - text->next;
    const size_t n = left < max_rows ? (size_t)left : max_rows;
    uint32_t beyond;
    bool got = false;
    int status = FF_OK;

    if (info->classes == 0)
        labels = NULL;
    for (*rows = 0; *rows < n && status == FF_OK; ++*rows)
        status = read_row(text, (uint8_t *)features + *rows * info->features,
                          labels ? &labels[*rows] : NULL);
    text->next += n;
    if (status == FF_OK && n > 0 && text->next == info->all_rows)
        status = ff_characters_next(&text->characters, &beyond, &got);
    return status == FF_OK && got ? changed(text) : status;
}

static const char *const train_names[] = {"train.txt", NULL};
static const char *const test_names[] = {"test.txt", NULL};

const struct ff_dataset_format ff_format_text = {
    .info = {.name = "text",
             .summary = "texts in UTF-8, to predict the next character: .txt files",
             .layout = "a directory with train.txt and test.txt, or a file, of any name with "
                       "--context; a sample is a place in the text: its features are the "
                       "--context characters before it, one-hot, the one d places back as 1 / d, "
                       "none before the beginning of the text, and its label is the character "
                       "there; the vocabulary is that of the training text, of which at most 255 "
                       "different characters are kept, the most frequent ones, and all others are "
                       "U+FFFD; with the recipe conditioned the defaults are a learning rate of "
                       "0.003, no dropout, no label smoothing, and context dropout 0.5"},
    .names = {train_names, test_names},
    .bid = text_bid,
    .open = text_open,
    .read = text_read,
    .close = text_close,
    .find = text_find,
    .describe = text_describe,
    .needs = text_needs,
    .is_text = true,
};
