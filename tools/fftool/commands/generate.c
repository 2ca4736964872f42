/* fftool generate: text from a language model. */
#include "common/cli.h"
#include "common/heap.h"
#include "common/interrupt.h"
#include "common/output.h"
#include "options.h"

#include <fftool/generate.h>
#include <stdlib.h>
#include <string.h>

#define CHARACTER_BYTES 4 /* UTF-8, at most */

struct settings {
    struct ff_generate_opts opts;
    bool quiet;
};

/* The first sample is printed as it grows, the others after it. */
struct writing {
    const char *prompt; /* NULL: none */
    uint64_t length;
    char *texts;   /* (samples - 1, length * CHARACTER_BYTES + 1) */
    size_t *bytes; /* (samples - 1): used of each */
    bool failed;   /* the output cannot be written */
};

static void init(void *arg)
{
    struct settings *settings = arg;

    ff_generate_opts_init(&settings->opts);
}

#define IN_OPTS(member) offsetof(struct settings, opts.member)

static const struct option_spec options[] = {
    {.kind = OPTION_HEADING, .name = "Text"},
    {.kind = OPTION_STRING,
     .name = "prompt",
     .argument = "TEXT",
     .help = "text that is continued, and printed before the continuation",
     .offset = IN_OPTS(prompt)},
    {.kind = OPTION_COUNT64,
     .name = "length",
     .argument = "N",
     .help = "characters to generate",
     .offset = IN_OPTS(length),
     .min = 1,
     .max = UINT32_MAX},
    {.kind = OPTION_REAL,
     .name = "temperature",
     .argument = "X",
     .help =
         "probabilities become p^(1/X): below 1 the text is more probable, above 1 more random; "
         "0: the most probable character",
     .offset = IN_OPTS(temperature)},
    {.kind = OPTION_COUNT64,
     .name = "seed",
     .argument = "S",
     .help = "random seed",
     .offset = IN_OPTS(seed)},
    {.kind = OPTION_COUNT,
     .name = "samples",
     .argument = "N",
     .help = "texts to generate, together: each layer is used for all of them at once",
     .offset = IN_OPTS(samples),
     .min = 1,
     .max = FF_MAX_GENERATED_SAMPLES},
    {.kind = OPTION_HEADING, .name = "Resources"},
    {.kind = OPTION_COUNT,
     .name = "threads",
     .argument = "N",
     .help = "threads; 0: all processors available to the process",
     .offset = IN_OPTS(threads),
     .max = 256},
    {.kind = OPTION_SIZE,
     .name = "memory",
     .argument = "SIZE",
     .help = "limit of accounted memory: if the layers do not fit together, one at a time is read "
             "for each character",
     .offset = IN_OPTS(memory_bytes),
     .min = 1,
     .default_text = no_default},
    {.kind = OPTION_HEADING, .name = "Output"},
    {.kind = OPTION_FLAG,
     .name = "quiet",
     .short_name = 'q',
     .help = "suppress warnings",
     .offset = offsetof(struct settings, quiet)},
    {.name = NULL},
};

static size_t text_bytes_of(const struct writing *writing)
{
    return (size_t)writing->length * CHARACTER_BYTES + 1;
}

static int emit(void *arg, uint32_t sample, uint64_t index, const char *character)
{
    struct writing *writing = arg;

    if (sample == 0 && index == 0 && writing->prompt != NULL)
        fputs(writing->prompt, stdout);
    if (sample > 0) {
        size_t *used = &writing->bytes[sample - 1], bytes = strlen(character);

        memcpy(writing->texts + (sample - 1) * text_bytes_of(writing) + *used, character, bytes);
        *used += bytes;
    } else {
        writing->failed = fputs(character, stdout) < 0 || fflush(stdout) != 0;
    }
    return writing->failed ? FF_EINTERRUPTED : FF_OK;
}

static void print_others(const struct settings *settings, const struct writing *writing)
{
    const char *prompt = writing->prompt != NULL ? writing->prompt : "";

    putchar('\n');
    for (uint32_t i = 1; i < settings->opts.samples; i++)
        printf("\n%s%s\n", prompt, writing->texts + (i - 1) * text_bytes_of(writing));
}

static int run(struct cli *cli, void *arg, const char *operand)
{
    struct settings *settings = arg;
    struct writing writing = {.prompt = settings->opts.prompt, .length = settings->opts.length};
    int status;

    cli->model = settings->opts.model = operand;
    cli->quiet = settings->quiet;
    settings->opts.emit = emit;
    settings->opts.interrupted = interrupt_asked;
    settings->opts.arg = &writing;
    if (settings->opts.samples > 1) {
        writing.texts = calloc(settings->opts.samples - 1, text_bytes_of(&writing));
        writing.bytes = calloc(settings->opts.samples - 1, sizeof *writing.bytes);
    }
    if (settings->opts.samples > 1 && (writing.texts == NULL || writing.bytes == NULL)) {
        free(writing.texts);
        free(writing.bytes);
        return report_failure(cli, "out of memory for the texts");
    }
    interrupt_catch();
    status = ff_generate(cli->ctx, &settings->opts);
    if (status == FF_OK)
        print_others(settings, &writing);
    free(writing.texts);
    free(writing.bytes);
    if (writing.failed) /* main() says why */
        return EXIT_DONE;
    return status == FF_OK ? EXIT_DONE : report_status(cli, status);
}

const struct command cmd_generate = {
    .name = "generate",
    .operand = "MODEL",
    .summary = "generate text with a model of a text",
    .description =
        "Generates text with MODEL, which was trained on a text: each character is drawn "
        "from the probabilities of the next one, given those before it. Several samples "
        "are generated together; the first one is printed character by character, the "
        "others after it, with an empty line before each.",
    .examples = "  fftool generate book.ff --prompt \"A hungry Fox \" --length 500\n"
                "  fftool generate book.ff --temperature 0.7 --samples 4 --seed 2\n",
    .options = options,
    .settings_bytes = sizeof(struct settings),
    .init = init,
    .run = run,
};
