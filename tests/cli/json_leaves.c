/*
 * json-leaves FILE: checks that FILE is one JSON document (RFC 8259; no key twice in an object) and
 * prints its leaves, one to a line: .layers[0].units=10. Strings are printed as JSON writes them,
 * without the quotes; integers exactly; other numbers with the 12 digits that fftool writes, or
 * more if it takes more to read the same double back. Exits 1 with the reason on stderr if FILE is
 * anything else.
 */
#include <float.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_DIGITS = 12, MOST_DIGITS = DBL_DECIMAL_DIG };

/* A key of an object, or an index into an array where KEY is NULL. */
struct step {
    const struct step *above; /* NULL: the document itself */
    const char *key;
    size_t index;
};

/* VALUE as JSON writes it, to be freed with free(). */
static char *written(const json_t *value, size_t digits)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));

    if (text == NULL) {
        fputs("json-leaves: out of memory\n", stderr);
        exit(EXIT_FAILURE);
    }
    return text;
}

static char *written_real(const json_t *value)
{
    for (size_t digits = FEWEST_DIGITS;; digits++) {
        char *text = written(value, digits);

        if (digits == MOST_DIGITS || strtod(text, NULL) == json_real_value(value))
            return text;
        free(text);
    }
}

static void print_string(const json_t *string)
{
    char *text = written(string, 0);

    printf("%.*s", (int)strlen(text) - 2, text + 1);
    free(text);
}

static void print_key(const char *key)
{
    json_t *string = json_string(key);

    putchar('.');
    print_string(string);
    json_decref(string);
}

static void print_path(const struct step *step)
{
    if (step == NULL)
        return;
    print_path(step->above);
    if (step->key != NULL)
        print_key(step->key);
    else
        printf("[%zu]", step->index);
}

static void print_leaf(const json_t *value, const struct step *step)
{
    char *text;

    print_path(step);
    putchar('=');
    if (json_is_string(value)) {
        print_string(value);
    } else {
        text = json_is_real(value) ? written_real(value) : written(value, 0);
        fputs(text, stdout);
        free(text);
    }
    putchar('\n');
}

/* Recursive: jansson bounds the depth of what it loads. */
static void print_leaves(json_t *value, const struct step *above)
{
    struct step step = {.above = above};
    json_t *member;

    if (json_is_object(value)) {
        json_object_foreach(value, step.key, member) print_leaves(member, &step);
    } else if (json_is_array(value)) {
        json_array_foreach(value, step.index, member) print_leaves(member, &step);
    } else {
        print_leaf(value, above);
    }
}

int main(int argc, char **argv)
{
    json_error_t error;
    json_t *document;

    if (argc != 2) {
        fputs("usage: json-leaves FILE\n", stderr);
        return 2;
    }
    document = json_load_file(argv[1], JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    if (document == NULL) {
        fprintf(stderr, "json-leaves: %s:%d: byte %d: %s\n", argv[1], error.line, error.position,
                error.text);
        return EXIT_FAILURE;
    }
    print_leaves(document, NULL);
    json_decref(document);
    return fflush(stdout) == 0 && !ferror(stdout) ? EXIT_SUCCESS : EXIT_FAILURE;
}
