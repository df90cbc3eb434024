/* The line reader over a text in memory, and the JSON document reader. */
#include <string.h>
#include "base/doc.h"
#include "base/lines.h"
#include "base/mem.h"
#include "bench.h"

static int read_lines(void)
{
    static const char row[] = "{\"timestamp\": 27482, \"input_length\": 6955, \"output_length\": 52, \"hash_ids\": [46, 47, 48, 49, 50]}\n";
    int64_t rows = bench_n(2000000);
    size_t width = sizeof row - 1, len = 0;
    char *text = gbl_alloc((size_t)rows, width), *line;
    gbl_lines *l = NULL;
    gbl_err err = {0};
    uint64_t sum = 0;
    int more;

    if (!text) return 1;
    for (int64_t i = 0; i < rows; i++) memcpy(text + (size_t)i * width, row, width);
    double start = bench_now();
    if (gbl_lines_open_text(&l, "bench", text, (size_t)rows * width, &err)) return 1;
    while ((more = gbl_lines_next(l, &line, &len, &err)) == 1) sum += len + (uint64_t)line[len / 2];
    bench_line("lines", rows, "lines", bench_now() - start, sum);
    gbl_lines_close(l);
    gbl_free(text);
    return more != 0;
}

static int read_doc(void)
{
    static const char item[] = "{\"name\": \"x\", \"values\": [1, 2.5, 1e-3, true, null], \"text\": \"a \\u00e9 b\"}";
    int64_t n = bench_n(50000);
    size_t width = sizeof item; /* a comma in place of the NUL */
    char *text = gbl_alloc((size_t)n + 1, width);
    gbl_doc *d = NULL;
    gbl_err err = {0};

    if (!text) return 1;
    text[0] = '[';
    for (int64_t i = 0; i < n; i++) {
        memcpy(text + 1 + (size_t)i * width, item, width - 1);
        text[(size_t)(i + 1) * width] = i + 1 < n ? ',' : ']';
    }
    double start = bench_now();
    if (gbl_doc_parse(&d, "bench", text, 1 + (size_t)n * width, &err)) return 1;
    bench_line("document", n * 10, "values", bench_now() - start, gbl_node_size(gbl_doc_root(d)));
    gbl_doc_free(d);
    gbl_free(text);
    return 0;
}

int main(void)
{
    return read_lines() || read_doc();
}
