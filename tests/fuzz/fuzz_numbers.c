/* Any bytes as a file of numbers that a generator reads: a histogram of lengths, a column of lengths, a curve of rates, rows that
 * are drawn whole. Draws are lengths, and lengths do not fall as the draw rises. */
#include <math.h>
#include "tests/fuzz/feed.h"
#include "traces/generate.h"

static const gbl_node *node_of(gbl_doc **d, const char *format, const char *path)
{
    char text[256];
    gbl_err err = {0};
    snprintf(text, sizeof text, format, path);
    int code = gbl_doc_parse(d, "fuzz", text, strlen(text), &err);
    assert(!code);
    return gbl_doc_root(*d);
}

static void as_length(const char *format, const char *path, gbl_arena *a)
{
    gbl_doc *d = NULL;
    gbl_length l = {0};
    gbl_err err = {0};
    const gbl_node *n = node_of(&d, format, path);
    if (gbl_length_bind(&l, n, "fixed", a, &err) || gbl_length_load(&l, n, a, &err)) feed_refused(&err);
    else
        for (int64_t i = 1, was = 1; i < 100; i++) {
            int64_t now = gbl_length_draw(&l, (double)i / 100);
            assert(now >= was);
            was = now;
        }
    gbl_length_fini(&l);
    gbl_doc_free(d);
}

static void as_curve(const char *path, gbl_arena *a)
{
    gbl_doc *d = NULL;
    gbl_arrival v = {0};
    gbl_err err = {0};
    double at_s = 0;
    const gbl_node *n = node_of(&d, "{\"use\": \"curve\", \"file\": \"%s\"}", path);
    if (gbl_arrival_bind(&v, n, a, &err) || gbl_arrival_load(&v, n, a, &err)) feed_refused(&err);
    else
        for (int i = 1; i < 100; i++) {
            double gap = gbl_arrival_gap(&v, (double)i / 100, at_s);
            assert(gap >= 0);
            if (!isfinite(gap)) break;
            at_s += gap;
        }
    gbl_arrival_fini(&v);
    gbl_doc_free(d);
}

static void as_rows(const char *format, const char *path, gbl_arena *a)
{
    gbl_doc *d = NULL;
    gbl_generator *g = NULL;
    gbl_record r;
    gbl_err err = {0};
    const gbl_node *n = node_of(&d, format, path);
    if (gbl_generator_check(n, a, &err) || gbl_generator_open(&g, n, 1, a, &err)) feed_refused(&err);
    else
        for (int i = 0, got = 1; i < 50 && got == 1; i++) {
            got = gbl_generator_next(g, &r, &err);
            assert(got >= 0 && (!got || (r.input >= 1 && r.output >= 1 && r.arrival_ns >= 0)));
        }
    gbl_generator_close(g);
    gbl_doc_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gbl_arena *a = gbl_arena_new();
    const char *path = feed_file(0, data, size);
    assert(a);
    as_length("{\"use\": \"histogram\", \"file\": \"%s\"}", path, a);
    as_length("{\"use\": \"file\", \"file\": \"%s\", \"column\": \"input\"}", path, a);
    as_curve(path, a);
    as_rows("{\"requests\": 40, \"arrival\": \"rows\", \"rows\": {\"file\": \"%s\", \"input\": \"input\", \"output\": \"output\", \"gap_s\": \"gap\", \"run\": 3}}", path, a);
    as_rows("{\"requests\": 40, \"arrival\": \"rows\", \"rows\": {\"file\": \"%s\"}}", path, a);
    gbl_arena_free(a);
    return 0;
}
