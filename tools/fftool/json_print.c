/* Printing of JSON documents. */
#include "json.h"
#include <fftool/text.h>
#include <stdlib.h>
#include <string.h>

/* 9 digits distinguish all floats; doubles here are means of floats. */
#define JSON_FLAGS (JSON_REAL_PRECISION(12) | JSON_ENCODE_ANY)
#define JSON_INDENT_COLUMNS 2

/* TEXT, which is taken over and may be NULL, with characters escaped that a terminal must not get;
 * NULL when memory is out. */
static char *escape(char *text)
{
    size_t length, size;
    char *escaped;

    if (text == NULL)
        return NULL;
    length = strlen(text);
    size = ff_text_escape(text, FF_ESCAPE_JSON, NULL, 0) + 1;
    if (size == length + 1)
        return text;
    escaped = malloc(size);
    if (escaped != NULL)
        ff_text_escape(text, FF_ESCAPE_JSON, escaped, size);
    free(text);
    return escaped;
}

/* VALUE as text; NULL when memory is out. Not by json_dumps(), which leaves out a member's name
 * when its buffer cannot grow (jansson 2.14). */
static char *dump(const json_t *value, size_t flags)
{
    size_t size = json_dumpb(value, NULL, 0, flags); /* 0: memory is out */
    char *text = size > 0 ? malloc(size + 1) : NULL;

    if (text != NULL && json_dumpb(value, text, size, flags) != size) {
        free(text);
        return NULL;
    }
    if (text != NULL)
        text[size] = '\0';
    return text;
}

char *json_text(json_t *value, size_t flags)
{
    char *text = value != NULL ? dump(value, flags | JSON_FLAGS) : NULL;

    json_decref(value);
    return escape(text);
}

/* Prints TEXT, which is taken over; NULL: memory is out. main() reports failed writes. */
static int print_document(const struct cli *cli, char *text)
{
    bool printed;

    if (text == NULL)
        return report_failure(cli, "out of memory");
    fputs(text, stdout);
    printed = fflush(stdout) == 0 && !ferror(stdout);
    free(text);
    return printed ? EXIT_DONE : EXIT_FAILED;
}

char *json_document(json_t *value)
{
    char *text = json_text(value, JSON_INDENT(JSON_INDENT_COLUMNS));
    char *document = NULL;

    if (text != NULL && asprintf(&document, "%s\n", text) < 0)
        document = NULL;
    free(text);
    return document;
}

int json_print(const struct cli *cli, json_t *value)
{
    return print_document(cli, json_document(value));
}

/* Writes to the document, unless it has failed. */
static void put(struct json_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void put(struct json_writer *writer, const char *format, ...)
{
    va_list args;

    if (writer->failed)
        return;
    va_start(args, format);
    if (vfprintf(writer->out, format, args) < 0)
        writer->failed = true;
    va_end(args);
}

static void next_line(struct json_writer *writer)
{
    put(writer, "%s\n%*s", writer->first ? "" : ",", writer->depth * JSON_INDENT_COLUMNS, "");
    writer->first = false;
}

void json_begin(struct json_writer *writer)
{
    *writer = (struct json_writer){.depth = 1, .first = true};
    writer->out = open_memstream(&writer->text, &writer->bytes);
    writer->failed = writer->out == NULL;
    put(writer, "{");
}

void json_member(struct json_writer *writer, const char *key, json_t *value)
{
    char *text = json_text(value, 0);

    next_line(writer);
    if (key != NULL)
        put(writer, "\"%s\": ", key);
    if (text != NULL)
        put(writer, "%s", text);
    else
        writer->failed = true;
    free(text);
}

void json_members(struct json_writer *writer, json_t *object)
{
    void *at;

    if (object == NULL)
        writer->failed = true;
    for (at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        json_member(writer, json_object_iter_key(at), json_incref(json_object_iter_value(at)));
    json_decref(object);
}

void json_begin_array(struct json_writer *writer, const char *key)
{
    next_line(writer);
    put(writer, "\"%s\": [", key);
    writer->depth++;
    writer->first = true;
}

void json_end_array(struct json_writer *writer)
{
    writer->depth--;
    if (!writer->first)
        put(writer, "\n%*s", writer->depth * JSON_INDENT_COLUMNS, "");
    put(writer, "]");
    writer->first = false;
}

/* The text of the document, to be freed with free(); NULL if it has failed. */
static char *finish(struct json_writer *writer)
{
    char *text;

    if (writer->out != NULL && fclose(writer->out) != 0)
        writer->failed = true;
    text = writer->text;
    if (writer->failed) {
        free(text);
        text = NULL;
    }
    *writer = (struct json_writer){.failed = true};
    return text;
}

int json_end(struct json_writer *writer, const struct cli *cli)
{
    put(writer, "\n}\n");
    return print_document(cli, finish(writer));
}

void json_discard(struct json_writer *writer)
{
    free(finish(writer));
}
