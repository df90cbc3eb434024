/* runtime.h - the serving engine around the kernels, from a card (models/cards/runtime/NAME.json): what a step costs
 * besides its operators. `ideal` has none of it, and perfect kernels. Each number carries its source in the card.
 *
 * Host time of a step with n scheduled sequences: h = h0 + h1 n (+ multi on several GPUs). With device time d and, outside
 * CUDA graphs, l = layers x launches x launch time, the step takes max(max(d, l) + (1 - hidden) h, h). A runtime that states
 * a KV share is measured as a floor plus a slope: there attention is not overlapped by launches but comes on top. */
#ifndef GBL_RUNTIME_H
#define GBL_RUNTIME_H
#include <stdint.h>
#include "base/doc.h"
#include "base/mem.h"

typedef struct gbl_runtime {
    const char *name;
    const char *status;           /* "fitted" on runs of this engine, "transferred" (assumed from others), "datasheet" (ideal) */
    int32_t ideal;                /* hard maximum of resources at 100 % of the data sheet, no launches */
    double host_step_s;           /* h0: serial host time a step */
    double host_seq_s;            /* h1: and a scheduled sequence */
    double frontend_s;            /* HTTP, tokenise, stream: before the queue sees a request */
    double frontend_token_s;      /* and a prompt token */
    double frontend_running_s;    /* and a sequence that runs: its stream shares the front end's thread */
    int32_t lag;                  /* 1: asynchronous scheduling, a request is seen one step late */
    double host_multi_s;          /* and a step on more than one GPU: handing the batch to the workers */
    double host_hidden;           /* share of the host time that runs beside the device: a step takes at least all of it */
    int32_t graphs;               /* CUDA graphs: decode batches are padded to the captured sizes */
    int32_t graph_prefill;        /* steps with prompts, up to graph_max tokens, run from (piecewise) graphs too */
    int64_t graph_max;            /* largest captured batch */
    int64_t graph_step;           /* captured sizes: 1, 2, 4, then every graph_step up to graph_wide_from, */
    int64_t graph_wide_from, graph_wide_step; /* then every graph_wide_step */
    double layer_launches, launch_s; /* outside graphs: kernels a layer, host time to launch one; they overlap the device */
    double sampler_s;             /* sampling a step */
    double reserve_bytes;         /* device memory a GPU that neither weights nor KV may have: context, libraries */
    double reserve_util_bytes;    /* the same that grows with tp > 1: communication buffers */
    double activation_copies;     /* activation peak: this many times tokens x (2 hidden + the MLP's first output) x 2 B */
    double logit_bytes;           /* and a sampled row and vocabulary entry */
    double attention_t0;          /* share of the attention microbenchmark's t0 left in the engine */
    int32_t fused_dequant;        /* weights are widened inside the GEMM, activations quantised inside the kernel before it,
                                   * 8-bit KV inside attention */
    double kv_share;              /* share of HBM bandwidth at which a decode walks its KV; 0: what the attention kernel reaches */
    double kv_dequant_passes;     /* not fused: passes over the widened KV, at data-sheet bandwidth */
    int32_t pinned;               /* host copies go to and from pinned memory */
    uint64_t hash;
} gbl_runtime;

/* Card name or path; errors as gbl_hw_load. Strings live in `a`. */
int gbl_runtime_load(gbl_runtime *r, const char *name, const char *folder, gbl_arena *a, gbl_err *err);

#endif
