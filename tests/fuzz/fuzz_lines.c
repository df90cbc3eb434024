/* Any bytes as a (compressed) text: every line is terminated where it says, and their lengths add up to no more than
 * a decoder may yield. */
#include <assert.h>
#include <string.h>
#include "base/lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gbl_lines *l = NULL;
    gbl_err err = {0};
    char *line = NULL;
    size_t len = 0;
    int more;
    int64_t rows = 0;

    if (gbl_lines_open_text(&l, "fuzz", (const char *)data, size, &err)) return 0;
    while (rows < 100000 && (more = gbl_lines_next(l, &line, &len, &err)) == 1) {
        rows++;
        assert(line[len] == '\0' && strlen(line) == len && !memchr(line, '\n', len));
        assert(gbl_lines_number(l) == rows);
    }
    gbl_lines_close(l);
    return 0;
}
