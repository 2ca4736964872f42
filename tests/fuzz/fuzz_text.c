/* Text that others wrote, escaped: fit for a terminal, the same when escaped twice, and JSON means
 * what it meant. */
#include "fuzz/fuzz.h"

#include <fftool/text.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const size_t fuzz_replay_inputs = 20000;

static char *escaped(const char *text, enum ff_escape how)
{
    size_t length = ff_text_escape(text, how, NULL, 0);
    char *out = malloc(length + 1);

    FUZZ_CHECK(out != NULL);
    FUZZ_CHECK(ff_text_escape(text, how, out, length + 1) == length && strlen(out) == length);
    return out;
}

/* What does not fit is cut between two characters, of which each is whole. */
static void check_cut(const char *text, const char *whole)
{
    size_t length = strlen(whole), room = length / 2 + 1;
    char *cut = malloc(room);

    FUZZ_CHECK(cut != NULL);
    FUZZ_CHECK(ff_text_escape(text, FF_ESCAPE_LINE, cut, room) == length);
    FUZZ_CHECK(strlen(cut) < room && strlen(cut) + FF_ESCAPED_SIZE > room);
    FUZZ_CHECK(strncmp(cut, whole, strlen(cut)) == 0 && fuzz_is_printable(cut, strlen(cut)));
    free(cut);
}

static void check_line(const char *text)
{
    char *once = escaped(text, FF_ESCAPE_LINE), *twice = escaped(once, FF_ESCAPE_LINE);

    FUZZ_CHECK(fuzz_is_printable(once, strlen(once)) && !strchr(once, '\n'));
    FUZZ_CHECK(strcmp(once, twice) == 0);
    check_cut(text, once);
    free(once);
    free(twice);
}

static void check_bytes(const char *text)
{
    char *once = escaped(text, FF_ESCAPE_BYTES);
    json_t *string = json_string(once), *same = json_string(text);

    FUZZ_CHECK(string != NULL); /* it is UTF-8 */
    FUZZ_CHECK(!same || strcmp(once, text) == 0);
    json_decref(string);
    json_decref(same);
    free(once);
}

static void check_json(const char *text)
{
    char *once = escaped(text, FF_ESCAPE_JSON);
    json_t *was = json_loads(text, JSON_DECODE_ANY, NULL), *is = NULL;

    if (was) {
        is = json_loads(once, JSON_DECODE_ANY, NULL);
        FUZZ_CHECK(is != NULL && json_equal(was, is));
    }
    for (char *c = once; *c; c++) /* the layout stays */
        *c = *c > 0 && *c < ' ' ? ' ' : *c;
    FUZZ_CHECK(fuzz_is_printable(once, strlen(once)));
    json_decref(was);
    json_decref(is);
    free(once);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = fuzz_string(data, size);

    fuzz_accept(); /* any text is */
    check_line(text);
    check_bytes(text);
    check_json(text);
    free(text);
    return 0;
}
