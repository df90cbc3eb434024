/* runtime.h - the serving engine around the kernels, from a card (models/cards/runtime/NAME.json): what a step costs
 * besides its operators. `ideal` has none of it, and perfect kernels. Each number carries its source in the card. */
#ifndef GBL_RUNTIME_H
#define GBL_RUNTIME_H
#include <stdint.h>
#include "base/doc.h"
#include "base/mem.h"

typedef struct gbl_runtime {
    const char *name;
    int32_t ideal;                /* hard maximum of resources at 100 % of the data sheet, no launches */
    double host_step_s;           /* h0: serial host time a step */
    double host_seq_s;            /* h1: and a scheduled sequence */
    double frontend_s;            /* HTTP, tokenise, stream: before the queue sees a request */
    double frontend_token_s;      /* and a prompt token */
    int32_t lag;                  /* 1: asynchronous scheduling, a request is seen one step late */
    int32_t graphs;               /* CUDA graphs: decode batches are padded to the captured sizes */
    int64_t graph_max;            /* largest captured batch */
    double sampler_s;             /* sampling a step */
    double reserve_bytes;         /* device memory a GPU that neither weights nor KV may have: context, libraries */
    double reserve_util_bytes;    /* the same that grows with tp > 1: communication buffers */
    double activation_copies;     /* activation peak: this many times tokens x (2 hidden + the MLP's first output) x 2 B */
    double logit_bytes;           /* and a sampled row and vocabulary entry */
    double attention_t0;          /* share of the attention microbenchmark's t0 left in the engine */
    int32_t fused_dequant;        /* weights are widened inside the GEMM, activations quantised inside the kernel before it */
    uint64_t hash;
} gbl_runtime;

/* Card name or path; errors as gbl_hw_load. Strings live in `a`. */
int gbl_runtime_load(gbl_runtime *r, const char *name, const char *folder, gbl_arena *a, gbl_err *err);

#endif
