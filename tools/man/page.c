#include "man/page.h"
#include <stdlib.h>

#define COMMAND_ROW(name) &cmd_##name,
static const struct command *const commands[] = {COMMANDS(COMMAND_ROW)};
#undef COMMAND_ROW

static bool open_page(struct page *page, const struct command *command)
{
    *page = (struct page){
        .command = command,
        .options = options_with_fields(command->options),
        .settings = malloc(command->settings_bytes),
    };
    if (page->options == NULL || page->settings == NULL) {
        free(page->settings);
        page->settings = NULL;
        return false;
    }
    options_defaults(command, page->settings);
    return true;
}

bool pages_open(struct page *pages)
{
    bool good = true;

    for (size_t i = 0; i < PAGES; i++)
        good = open_page(&pages[i], commands[i]) && good;
    return good;
}

void pages_close(struct page *pages)
{
    for (struct page *page = pages; page < pages + PAGES; page++) {
        if (page->settings != NULL && page->command->release != NULL)
            page->command->release(page->settings);
        free(page->settings);
        free(page->options);
    }
}
