/* runtime.c - see runtime.h. */
#include "models/runtime.h"

#include <string.h>

#include "models/cards.h"

static int bind(gbl_runtime *r, const gbl_node *root, gbl_arena *a, gbl_err *err)
{
    double ideal = 0, lag = 0, graphs = 0, graph_max = 0, fused = 1;
    const struct { gbl_card_number n; double unit; } rows[] = {
        {{"ideal", &ideal, NULL, 0, 1, 0}, 1},
        {{"host_step_us", &r->host_step_s, NULL, 0, 1e7, 1}, 1e-6},
        {{"host_sequence_us", &r->host_seq_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"frontend_ms", &r->frontend_s, NULL, 0, 1e6, 1}, 1e-3},
        {{"frontend_token_us", &r->frontend_token_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"lag_steps", &lag, NULL, 0, 1, 1}, 1},
        {{"cuda_graphs", &graphs, NULL, 0, 1, 1}, 1},
        {{"graph_max_sequences", &graph_max, NULL, 0, 65536, 1}, 1},
        {{"sampler_us", &r->sampler_s, NULL, 0, 1e6, 1}, 1e-6},
        {{"reserve_MB", &r->reserve_bytes, NULL, 0, 1e6, 1}, 1e6},
        {{"reserve_tp_MB", &r->reserve_util_bytes, NULL, 0, 1e6, 1}, 1e6},
        {{"activation_copies", &r->activation_copies, NULL, 0, 100, 1}, 1},
        {{"logit_B", &r->logit_bytes, NULL, 0, 100, 1}, 1},
        {{"attention_t0_share", &r->attention_t0, NULL, 0, 1, 1}, 1},
        {{"fused_quantisation", &fused, NULL, 0, 1, 1}, 1},
    };
    static const char *const known[] = {
        "gable", "name", "note", "ideal", "host_step_us", "host_sequence_us", "frontend_ms", "frontend_token_us", "lag_steps",
        "cuda_graphs", "graph_max_sequences", "sampler_us", "reserve_MB", "reserve_tp_MB", "activation_copies", "logit_B",
        "attention_t0_share", "fused_quantisation", NULL};
    if (gbl_card_form(root, "runtime/1", err) || gbl_node_only(root, known, err) ||
        gbl_card_text(root, "name", 1, &r->name, a, err) || gbl_card_hash(root, 0, &r->hash, err))
        return err->code;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (gbl_card_number_read(root, &rows[i].n, err))
            return err->code;
        *rows[i].n.out *= rows[i].unit;
    }
    r->ideal = ideal != 0;
    r->lag = (int32_t)lag;
    r->graphs = graphs != 0;
    r->graph_max = (int64_t)graph_max;
    r->fused_dequant = fused != 0;
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
