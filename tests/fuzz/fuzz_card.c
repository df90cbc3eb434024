/* Any bytes as a card of every kind: hardware, LLM (or a Hugging Face config.json), runtime, price, precision, method of
 * compression. What is taken must do for the sums that are made with it. */
#include <math.h>
#include "tests/fuzz/feed.h"
#include "models/calib.h"
#include "models/compress.h"
#include "models/cost.h"
#include "models/precision.h"
#include "models/price.h"
#include "models/runtime.h"

static void as_hardware(const char *path, gbl_arena *a)
{
    gbl_hw hw;
    gbl_err err = {0};
    if (gbl_hw_load(&hw, path, "", a, &err)) return feed_refused(&err);
    assert(hw.name && hw.arch && hw.eff && hw.eff_se && hw.spread && hw.hbm_bytes > 0 && hw.hbm_bps > 0);
    gbl_json *j = gbl_json_new(0);
    gbl_json_obj(j, NULL);
    gbl_hw_json(&hw, j);
    gbl_json_end(j);
    gbl_json_free(j);
    gbl_calib drawn;
    gbl_calib_sample(hw.eff, hw.eff_se, hw.spread, 1, 2, &drawn);
}

static void as_llm(const char *path, gbl_arena *a)
{
    gbl_llm m;
    gbl_err err = {0};
    if (gbl_llm_load(&m, path, "", a, &err)) return feed_refused(&err);
    double parameters = gbl_llm_parameters(&m), active = gbl_llm_active_parameters(&m), kv = gbl_llm_kv_bytes(&m, 2);
    assert(parameters > 0 && isfinite(parameters) && active > 0 && isfinite(active) && kv >= 0 && isfinite(kv));
    assert(gbl_llm_table_parameters(&m) >= 0 && gbl_llm_matmul_parameters(&m) > 0);
}

static void as_others(const char *path, gbl_arena *a)
{
    gbl_runtime runtime;
    gbl_precision precision;
    gbl_price price;
    gbl_doc *d = NULL;
    const char *setting = NULL;
    gbl_err err = {0};
    if (gbl_runtime_load(&runtime, path, "", a, &err)) feed_refused(&err);
    if (gbl_price_load(&price, path, "", a, &err)) feed_refused(&err);
    if (gbl_precision_load(&precision, path, "", a, &err)) feed_refused(&err);
    else assert(gbl_precision_share(&precision, 100) > 0);
    if (gbl_compress_open(&d, path, "", &setting, a, &err) || gbl_compress_check(gbl_doc_root(d), &err)) feed_refused(&err);
    gbl_doc_free(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gbl_arena *a = gbl_arena_new();
    const char *path = feed_file(0, data, size);
    assert(a);
    as_hardware(path, a);
    as_llm(path, a);
    as_others(path, a);
    gbl_arena_free(a);
    return 0;
}
