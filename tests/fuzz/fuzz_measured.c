/* Any bytes as what was measured: a table of kernels, and, cut at "@@", the description of an engine's log, the log, and the
 * file of its block ids. */
#include "tests/fuzz/feed.h"
#include "validate/engine_log.h"
#include "validate/kernels_rows.h"

static void as_kernels(const char *path, const gbl_hw *hw)
{
    gbl_krows k;
    gbl_err err = {0};
    gbl_machine g = {hw, hw->eff, 0, 0, 1};
    int code = gbl_krows_init(&k, &err);
    assert(!code);
    if (gbl_krows_read(&k, path, hw, &err) || gbl_krows_ready(&k, &err)) feed_refused(&err);
    else
        for (size_t i = 0; i < k.n; i++) {
            char shape[512];
            assert(k.row[i].us > 0 && gbl_krow_time(&g, &k.row[i]) > 0);
            gbl_krow_json(&k.row[i], shape, sizeof shape);
        }
    gbl_krows_fini(&k);
}

static void as_log(const char *spec, const char *log, const char *ids)
{
    gbl_engine_spec *s = NULL;
    gbl_engine_log l = {0};
    gbl_err err = {0};
    if (gbl_engine_spec_open(&s, spec, &err)) return feed_refused(&err);
    s->file = log;
    if (s->ids_file) s->ids_file = ids;
    if (gbl_engine_log_read(&l, s, NULL, &err)) feed_refused(&err);
    else
        for (size_t i = 0; i < l.n; i++) assert(l.row[i].input >= 0 && l.row[i].output >= 0 && l.row[i].arrival_ns >= 0);
    gbl_engine_log_fini(&l);
    gbl_engine_spec_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static gbl_arena *kept;
    static gbl_hw hw;
    gbl_err err = {0};
    char *spec = feed_text(data, size), *log = feed_after(spec, "@@"), *ids = feed_after(log, "@@");

    if (!kept) {
        kept = gbl_arena_new();
        int code = gbl_hw_load(&hw, "h100-sxm", "", kept, &err);
        assert(!code);
    }
    if (!*log) as_kernels(feed_file(0, data, size), &hw);
    else as_log(feed_file(0, spec, strlen(spec)), feed_file(1, log, strlen(log)), feed_file(2, ids, strlen(ids)));
    return 0;
}
