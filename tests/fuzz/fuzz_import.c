/* Any text as the command line that starts an engine: the first word names the engine, lines are the words of one command. */
#include "tests/fuzz/feed.h"
#include "lib/import.h"

enum { WORDS = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *engine = feed_text(data, size), *line = feed_after(engine, "\n");
    const char *words[WORDS];
    gbl_import_left_out left = {0};
    size_t n = 0;
    gbl_err err = {0};
    gbl_arena *a = gbl_arena_new();
    gbl_json *j = gbl_json_new(0);

    assert(a && j);
    for (char *next; n < WORDS && *line; line = next) {
        next = feed_after(line, "\n");
        words[n++] = line;
    }
    if (gbl_import(j, engine, words, n, NULL, &left, a, &err)) feed_refused(&err);
    else assert(gbl_json_text(j) && left.dropped && left.unmodelled);
    gbl_json_free(j);
    gbl_arena_free(a);
    return 0;
}
