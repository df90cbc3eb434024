/* A text cut at "@@" as the files of a ServeGen folder of two clients: windows, histograms, windows, histograms. Every request
 * that comes out is one that a run can take. */
#include "tests/fuzz/feed.h"
#include "traces/trace.h"

static char folder[] = "/tmp/gable-fuzz-XXXXXX";
static const char *const name[FEED_FILES] = {"chunk-0-trace.csv", "chunk-0-dataset.json", "chunk-12-trace.csv", "chunk-12-dataset.json"};

static void clean(void)
{
    char path[128];
    for (int i = 0; i < FEED_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        unlink(path);
    }
    rmdir(folder);
}

/* The folder's files are links to files in memory. */
static void make(void)
{
    char path[128];
    char *made = mkdtemp(folder);
    assert(made);
    atexit(clean);
    for (int i = 0; i < FEED_FILES; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        int bad = symlink(feed_file(i, "", 0), path);
        assert(!bad);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static int there;
    gbl_source *s = NULL;
    gbl_record r;
    gbl_err err = {0};
    int64_t last_ns = 0;
    int got = 0;
    char *part = feed_text(data, size);

    if (!there++) make();
    there = 1;
    for (int i = 0; i < FEED_FILES; i++) {
        char *next = feed_after(part, "@@");
        feed_file(i, part, strlen(part));
        part = next;
    }
    if (gbl_source_open_file(&s, folder, NULL, &err)) return feed_refused(&err), 0;
    for (int n = 0; n < 20000 && (got = gbl_source_next(s, &r, &err)) == 1; n++) {
        assert(r.arrival_ns >= last_ns && r.input >= 1 && r.output >= 1);
        last_ns = r.arrival_ns;
    }
    if (got < 0) feed_refused(&err);
    gbl_source_close(s);
    return 0;
}
