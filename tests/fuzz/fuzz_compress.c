/* A text as a composition of methods, as behind --compress: "snapkv{cap=1024},kivi-2bit". After a mark "@@" a card may follow,
 * which the text calls "./card". What a composition says of a sequence is finite, never negative, and no less in HBM with
 * whole pages than without. */
#include <math.h>
#include "tests/fuzz/feed.h"
#include "models/compress.h"

static void measure(const gbl_kv_plan *plan, int64_t p, int64_t n)
{
    gbl_kv_work work[GBL_KV_PARTS];
    double bytes = gbl_kv_resident_bytes(plan, p, n);
    assert(isfinite(bytes) && bytes >= 0 && (double)gbl_kv_paged_bytes(plan, p, n, 16) >= floor(bytes));
    assert(gbl_kv_peak_bytes(plan, p, 512) >= 0 && gbl_kv_score_bytes(plan, p) >= 0 && gbl_kv_full_bytes(plan, n) >= 0);
    gbl_kv_read read = gbl_kv_read_at(plan, p, n);
    assert(read.bytes_q8 >= 0 && read.link_q8 >= 0 && read.attended >= 0 && gbl_kv_until(plan, p, n) > 0);
    gbl_kv_prefill_work(plan, p, work);
    gbl_kv_step_work(plan, p, n, work);
    for (int i = 0; i < GBL_KV_PARTS; i++) assert(work[i].flops >= 0 && work[i].hbm_bytes >= 0 && work[i].link_bytes >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const models[] = {"llama-2-7b", "llama-3.1-8b", "deepseek-v3"};
    char *text = feed_text(data, size), *card = feed_after(text, "@@"), ask[512];
    const char *path = feed_file(0, card, strlen(card)), *own = strstr(text, "./card");

    if (own) snprintf(ask, sizeof ask, "%.*s%s%s", (int)(own - text), text, path, own + strlen("./card"));
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        gbl_arena *a = gbl_arena_new();
        gbl_kv_plan *plan = NULL;
        gbl_llm m;
        gbl_err err = {0};
        int code = gbl_llm_load(&m, models[i], "", a, &err);
        assert(!code);
        if (gbl_kv_plan_text(&plan, own ? ask : text, &m, 2, a, &err)) feed_refused(&err);
        else if (plan) {
            gbl_kv_loss_of(plan, NULL);
            measure(plan, 1, 1);
            measure(plan, 1000, 1000);
            measure(plan, 5000, 5400);
        }
        gbl_kv_plan_free(plan);
        gbl_arena_free(a);
    }
    return 0;
}
