/* runtime.c - see runtime.h. */
#include "models/runtime.h"

#include <string.h>

#include "models/cards.h"

/* One row a key; keys that a card may leave out keep the value that stands here. */
typedef struct row { gbl_card_number n; double unit; } row;

typedef struct whole { double ideal, lag, graphs, graph_prefill, graph_max, step, wide_from, wide_step, fused, pinned; } whole;

static int read_rows(const gbl_node *root, const row *rows, size_t n, gbl_err *err)
{
    const char *known[40] = {"gable", "name", "note", "status"};
    for (size_t i = 0; i < n && i < 35; i++)
        known[4 + i] = rows[i].n.key;
    if (gbl_node_only(root, known, err))
        return err->code;
    for (size_t i = 0; i < n; i++) {
        if (gbl_card_number_read(root, &rows[i].n, err))
            return err->code;
        *rows[i].n.out *= rows[i].unit;
    }
    return 0;
}

static int bind(gbl_runtime *r, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    whole w = {.graph_prefill = 1, .step = 8, .wide_from = 256, .wide_step = 16, .fused = 1, .pinned = 1};
    r->kv_dequant_passes = 2; /* written wide, read again */
    const row rows[] = {
        {{"ideal", &w.ideal, NULL, 0, 1, 0}, 1},
        {{"host_step_us", &r->host_step_s, NULL, 0, 1e7, 1}, 1e-6},
        {{"host_sequence_us", &r->host_seq_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"host_multi_gpu_us", &r->host_multi_s, NULL, 0, 1e7, 0}, 1e-6},
        {{"host_hidden_share", &r->host_hidden, NULL, 0, 1, 0}, 1},
        {{"frontend_ms", &r->frontend_s, NULL, 0, 1e6, 1}, 1e-3},
        {{"frontend_token_us", &r->frontend_token_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"frontend_running_us", &r->frontend_running_s, NULL, 0, 1e6, 0}, 1e-6},
        {{"lag_steps", &w.lag, NULL, 0, 1, 1}, 1},
        {{"cuda_graphs", &w.graphs, NULL, 0, 1, 1}, 1},
        {{"graph_prefill", &w.graph_prefill, NULL, 0, 1, 0}, 1},
        {{"graph_max_sequences", &w.graph_max, NULL, 0, 65536, 1}, 1},
        {{"graph_step", &w.step, NULL, 1, 65536, 0}, 1},
        {{"graph_wide_from", &w.wide_from, NULL, 4, 65536, 0}, 1},
        {{"graph_wide_step", &w.wide_step, NULL, 1, 65536, 0}, 1},
        {{"launches_layer", &r->layer_launches, NULL, 0, 1000, 0}, 1},
        {{"launch_us", &r->launch_s, NULL, 0, 1e5, 0}, 1e-6},
        {{"sampler_us", &r->sampler_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"reserve_MB", &r->reserve_bytes, NULL, 0, 1e6, 1}, 1e6},
        {{"reserve_tp_MB", &r->reserve_util_bytes, NULL, 0, 1e6, 1}, 1e6},
        {{"activation_copies", &r->activation_copies, NULL, 0, 100, 1}, 1},
        {{"logit_B", &r->logit_bytes, NULL, 0, 100, 1}, 1},
        {{"attention_t0_share", &r->attention_t0, NULL, 0, 1, 1}, 1},
        {{"fused_quantisation", &w.fused, NULL, 0, 1, 1}, 1},
        {{"kv_bandwidth_share", &r->kv_share, NULL, 0, 1, 0}, 1},
        {{"kv_dequant_passes", &r->kv_dequant_passes, NULL, 0, 1000, 0}, 1},
        {{"pinned_copies", &w.pinned, NULL, 0, 1, 0}, 1},
    };
    if (gbl_card_form(root, "runtime/1", err) || gbl_card_text(root, "name", 1, &r->name, a, err) ||
        gbl_card_hash(root, 0, &r->hash, err) || read_rows(root, rows, sizeof rows / sizeof *rows, err))
        return err->code;
    static const char *const statuses[] = {"fitted", "transferred", "datasheet"};
    const char *status = "fitted";
    if (gbl_card_text(root, "status", 0, &status, a, err))
        return err->code;
    for (size_t i = 0; i < 3; i++)
        if (!strcmp(status ? status : statuses[0], statuses[i]))
            r->status = statuses[i];
    if (!r->status) {
        gbl_node_fail(gbl_node_get(root, "status"), err, "unknown status \"%s\"", status);
        return gbl_expected(err, "fitted, transferred or datasheet");
    }
    r->ideal = w.ideal != 0;
    r->lag = (int32_t)w.lag;
    r->graphs = w.graphs != 0;
    r->graph_prefill = w.graph_prefill != 0;
    r->graph_max = (int64_t)w.graph_max;
    r->graph_step = (int64_t)w.step;
    r->graph_wide_from = (int64_t)w.wide_from;
    r->graph_wide_step = (int64_t)w.wide_step;
    r->fused_dequant = w.fused != 0;
    r->pinned = w.pinned != 0;
    return 0;
}

int gbl_runtime_load(gbl_runtime *r, const char *name, const char *folder, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    memset(r, 0, sizeof *r);
    int rc = gbl_card_open(&doc, "runtime", name, folder, a, err);
    if (!rc)
        rc = bind(r, gbl_doc_root(doc), a, err);
    gbl_doc_free(doc);
    return rc;
}
