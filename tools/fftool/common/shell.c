#include "common/shell.h"
#include <stdbool.h>
#include <string.h>

void shell_add(struct shell_text *line, const char *text, size_t bytes)
{
    size_t room = sizeof line->s - 1 - line->length;

    if (bytes > room)
        bytes = room;
    memcpy(line->s + line->length, text, bytes);
    line->length += bytes;
    line->s[line->length] = '\0';
}

static void add(struct shell_text *line, const char *text)
{
    shell_add(line, text, strlen(text));
}

/* What a shell leaves as it is; of other alphabets everything. */
static bool is_plain(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c >= 0x80 || (c != '\0' && strchr("%+,-./:=@_", c) != NULL);
}

static bool is_plain_word(const char *word)
{
    while (is_plain((unsigned char)*word))
        word++;
    return *word == '\0';
}

static void add_quoted(struct shell_text *line, const char *word)
{
    for (; *word != '\0'; word++) {
        if (*word == '\'')
            add(line, "'\\''");
        else
            shell_add(line, word, 1);
    }
}

void shell_add_name(struct shell_text *line, const char *name)
{
    const char *quote = is_plain_word(name) ? "" : "'";

    add(line, quote);
    if (*name == '-')
        add(line, "./");
    add_quoted(line, name);
    add(line, quote);
}
