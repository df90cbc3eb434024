/* Any bytes as a trace, in the format that it is told by or, after a first line "@{...}", with the keys of a scenario's trace
 * object that stand there ({"format": "weka", "replay": "closed"}). Every request that comes out is one that a run can take;
 * the statistics and every format that can be written take it, too. */
#include "tests/fuzz/feed.h"
#include "traces/trace.h"

static gbl_source *source_of(const char *keys, const char *path)
{
    gbl_doc *d = NULL;
    gbl_err err = {0};
    gbl_source *s = NULL;
    char file[64];

    snprintf(file, sizeof file, "\"%s\"", path);
    int code = gbl_doc_parse(&d, "keys", keys, strlen(keys), &err);
    if (!code && gbl_node_kind(gbl_doc_root(d)) == GBL_OBJECT) code = gbl_doc_set(d, "file", file, &err);
    if (!code) code = gbl_source_open(&s, gbl_doc_root(d), 1, &err);
    if (code) feed_refused(&err);
    gbl_doc_free(d);
    return s;
}

/* A closed replay hears of every answer a second after its request. */
static void drain(gbl_source *s)
{
    gbl_record r;
    gbl_err err = {0};
    int64_t last_ns = 0, done = 0;
    int got = 0, closed = gbl_source_closed(s);

    for (int64_t n = 0; n < 20000 && (got = gbl_source_next(s, &r, &err)) > 0;) {
        if (got == 2) {
            if (done == n) break;
            gbl_source_done(s, done++, last_ns += 1000000000);
            continue;
        }
        assert(r.serial == n++ && r.arrival_ns >= 0 && (closed || r.arrival_ns >= last_ns));
        assert(r.input >= 1 && r.output >= 1 && r.n_ids >= 0 && (!r.n_ids || r.id_tokens > 0));
        if (r.arrival_ns > last_ns) last_ns = r.arrival_ns;
        for (int64_t i = 0, ids = (int64_t)r.n_ids + r.n_output_ids; i < ids; i++) (void)*(const volatile uint64_t *)&r.ids[i];
        if (closed) gbl_source_reached(s, last_ns);
    }
    if (got < 0) feed_refused(&err);
    assert(gbl_source_progress(s) <= 1);
}

static void describe(const char *path)
{
    gbl_source *s = NULL;
    gbl_trace_info *i = NULL;
    gbl_err err = {0};
    if (gbl_source_open_file(&s, path, NULL, &err)) return feed_refused(&err);
    if (gbl_trace_info_new(&i, s, &err)) feed_refused(&err);
    else {
        gbl_json *j = gbl_json_new(0);
        gbl_json_obj(j, NULL);
        gbl_trace_info_json(i, j);
        gbl_json_end(j);
        gbl_json_free(j);
    }
    gbl_trace_info_free(i);
    gbl_source_close(s);
}

static void convert(const char *path, FILE *to)
{
    static const char *const formats[] = {"mooncake", "azure", "vidur", "burstgpt", "llmservingsim"};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        gbl_source *s = NULL;
        gbl_err err = {0};
        gbl_trace_lost lost;
        if (gbl_source_open_file(&s, path, NULL, &err)) return;
        if (gbl_trace_write(s, formats[f], to, &lost, &err) < 0) feed_refused(&err);
        gbl_source_close(s);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static FILE *nowhere;
    char keys[256] = "{}";
    const uint8_t *end = size && *data == '@' ? memchr(data, '\n', size < sizeof keys ? size : sizeof keys) : NULL;

    if (!nowhere) nowhere = fopen("/dev/null", "w");
    if (end) {
        snprintf(keys, sizeof keys, "%.*s", (int)(end - data - 1), (const char *)data + 1);
        size -= (size_t)(end + 1 - data);
        data = end + 1;
    }
    const char *path = feed_file(0, data, size);
    gbl_source *s = source_of(keys, path);
    if (s) drain(s);
    gbl_source_close(s);
    if (end) return 0;
    describe(path);
    convert(path, nowhere);
    return 0;
}
