/* process.h - the synthetic attention process: what a head's rows look like, in numbers.
 *
 *   a(t, j) = anchor: sinks (the first 4 tokens) and local decay exp(-(t - j) / local_tokens), then
 *             heavy hitters of Zipf weights and a uniform floor, both under a noise of their own each row, then
 *             on retrieval heads now and then a spike on one token, and on a needle when it is asked for.
 *
 * Heavy hitters: a token is one with probability heavy_share; its weight is u^-zipf - 1 of a uniform u, which makes the ordered weights
 * Zipf's. Every GBL_PROCESS_EPOCH rows each keeps its weight with probability `persistence` and is drawn again otherwise.
 * Layers differ: the floor of a layer is `floor` times (the share that PrefixKV keeps of it / the mean)^contrast.
 * All draws are keyed by seed, layer, head and token (base/random.h). */
#ifndef GBL_PROCESS_H
#define GBL_PROCESS_H
#include "base/mem.h"
#include "policies/policy.h"
#include "validate/lab/attention.h"

enum { GBL_PROCESS_SINKS = 4, GBL_PROCESS_EPOCH = 64, GBL_PROCESS_MOST = 1 << 28 /* heads x tokens */ };

typedef struct gbl_process {
    const char *name, *source;
    /* fitted (fit_process.h); shares of a row's mass */
    double anchor, floor, zipf, heavy_share, persistence, contrast;
    /* published or assumed: the help of each row says which */
    double noise, sink_share, local_tokens, retrieval_heads, streaming, common, spike, spike_rate, key_step;
} gbl_process;

extern const gbl_param gbl_process_params[]; /* name, source and every number of a process; ends with name NULL */
extern const gbl_param *const gbl_process_numbers; /* the numbers alone */

/* The processes of validate/attention/processes.json; *n of them, in the arena. */
int gbl_process_read(const gbl_process **out, size_t *n, gbl_arena *a, gbl_err *err);
/* The one of that name. */
int gbl_process_find(const gbl_process **out, const char *name, gbl_arena *a, gbl_err *err);

typedef struct gbl_process_shape {
    int layers, heads, model_layers; /* layers are spread evenly over the model's */
    int64_t tokens, prompt;
    uint64_t seed;
} gbl_process_shape;

/* Memory: 4 bytes x layers x heads x tokens, of which more than GBL_PROCESS_MOST are refused. p is copied, its name borrowed. */
int gbl_process_open(gbl_attention **out, const gbl_process *p, const gbl_process_shape *shape, gbl_err *err);
/* Share of its tokens that PrefixKV keeps of a layer at depth 0..1 over the mean of all layers, when half of all go. */
double gbl_process_layer(double depth);

#endif
