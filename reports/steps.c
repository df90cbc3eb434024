/* steps.c - see steps.h. */
#include "reports/steps.h"

#include <math.h>

#include "models/sheet.h"

static int64_t within(double v, double low, double high)
{
    return llround(fmin(fmax(v, low), high));
}

static int keep_step(gbl_store *store, const gbl_cost *c, const gbl_batch *b, gbl_step_row row, gbl_err *err)
{
    gbl_op op[GBL_OPS_MOST];
    gbl_step_cost cost;
    gbl_json *j = gbl_json_new(0);
    int n = gbl_cost_operators(c, b, row.phase, op, GBL_OPS_MOST);
    if (!j) {
        return gbl_nomem(err, 0);
    }
    gbl_json_arr(j, NULL);
    for (int i = 0; i < n; i++) {
        gbl_op_json(&op[i], j);
    }
    gbl_json_end(j);
    gbl_cost_step(c, b, &cost);
    row.time_us = (double)cost.demand.alone_ns * 1e-3;
    row.flop_s = gbl_cost_peak_flops(c) / gbl_cost_gpus(c);
    row.hbm_byte_s = gbl_cost_peak_hbm(c) / gbl_cost_gpus(c);
    row.operators_json = gbl_json_text(j);
    int code = row.operators_json ? gbl_store_step(store, &row, err) : gbl_nomem(err, 0);
    gbl_json_free(j);
    return code;
}

static int keep_steps(gbl_store *store, const gbl_scenario *s, const gbl_result *r, const gbl_cost *c, gbl_err *err)
{
    const gbl_cost_spec *spec = gbl_cost_spec_of(c);
    double rate = gbl_result_get(r, "throughput.request_s"), context = (double)gbl_cost_context(c);
    double input = gbl_result_get(r, "throughput.input_tok_s") / rate, output = gbl_result_get(r, "throughput.output_tok_s") / rate;
    double decoding_s = (gbl_result_get(r, "e2el_ms.mean") - gbl_result_get(r, "ttft_ms.mean")) * 1e-3;
    int64_t chunk = within(input, 1, fmin(context, (double)spec->max_num_batched_tokens));
    int64_t seqs = within(rate * decoding_s / (double)s->replicas, 1, (double)spec->max_num_seqs), kv = within(input + output / 2, 1, context);
    gbl_batch prefill = {0}, decode = {0};
    gbl_batch_chunk(c, &prefill, chunk, 0, 1);
    for (int64_t i = 0; i < seqs; i++) {
        gbl_batch_decode(c, &decode, kv);
    }
    int code = keep_step(store, c, &prefill, (gbl_step_row){.phase = "prefill", .sequences = 1, .tokens = chunk}, err);
    return code ? code : keep_step(store, c, &decode, (gbl_step_row){.phase = "decode", .sequences = seqs, .tokens = kv}, err);
}

int gbl_steps_keep(gbl_store *store, const gbl_scenario *s, const gbl_result *r, gbl_err *err)
{
    gbl_cost *c = NULL;
    double rate = gbl_result_get(r, "throughput.request_s");
    if (!isfinite(rate) || rate <= 0) {
        return GBL_OK;
    }
    int code = gbl_scenario_cost(s, 0, &c, err);
    code = code ? code : keep_steps(store, s, r, c, err);
    gbl_cost_free(c);
    return code;
}
