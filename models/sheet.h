/* sheet.h - the analytical sheet of `gable model`: one model on one machine, without a trace or a clock. */
#ifndef GBL_SHEET_H
#define GBL_SHEET_H
#include <stdio.h>
#include "models/cost.h"
#include "models/interval.h"

/* What is asked. NULL and 0 stand for the default in brackets. */
typedef struct gbl_sheet_ask {
    const char *llm;                     /* name or path */
    const char *hardware, *runtime;      /* [h100-sxm], [vllm] */
    const char *weights, *activations, *kv; /* formats, or of the weights a precision card [the checkpoint's else bf16, auto, bf16] */
    const char *folder;                  /* that relative paths start from [""] */
    int64_t tp, batch;                   /* [1] */
    int64_t context;                     /* tokens a sequence holds [the model's, at most 4096] */
    int64_t prompt;                      /* tokens of one prompt [context] */
    int64_t block_size, max_num_seqs, max_num_batched_tokens; /* [16, 256, 8192]: memory that the engine sets aside */
    double memory_utilization;           /* [0.9] */
    const char *compress;                /* "snapkv{cap=1024},kivi-2bit" [none] */
} gbl_sheet_ask;

typedef struct gbl_sheet {
    gbl_llm llm;
    gbl_hw hw;
    gbl_runtime runtime;
    int64_t tp, batch, context, prompt;
    int32_t weights, kv;
    double parameters, active_parameters, weight_bytes;
    double kv_bytes_per_token;    /* all ranks */
    double kv_resident_bytes;     /* B sequences at context C, all ranks, unpaged, without weights */
    double kv_resident_share;     /* of them without compression */
    double kv_pool_bytes;         /* that the engine sets aside, all ranks */
    double kv_paged_bytes;        /* the same in whole blocks */
    double kv_peak_bytes;         /* largest resident bytes on the way there */
    double kv_read_bytes;         /* by one decode step of B sequences at context C */
    int64_t kv_capacity_tokens, max_concurrency; /* sequences of C tokens that the pool holds */
    double prefill_ms;            /* one prompt of P tokens, alone, in one step */
    double decode_ms;             /* one step of B sequences at context C */
    double prefill_flops, decode_flops; /* of the model: what they need, not what padding adds */
    gbl_interval prefill, decode; /* 95 % of their times under draws of the calibration; high 0: none (an ideal runtime) */
    double context_switch_ms;     /* one sequence at context C written to host memory and read back */
    const char *bound;            /* of the decode step */
    gbl_op op[2 * GBL_OPS_MOST];
    int n_op;
    gbl_precision precision;      /* name NULL: none, a format */
    gbl_kv_plan *compress;        /* NULL: none */
    gbl_kv_work prefill_work[GBL_KV_PARTS], step_work[GBL_KV_PARTS]; /* of one sequence, beside attention */
    double score_bytes;           /* of eager scores, one layer, one prompt; in kv_peak_bytes */
    char warning[256];            /* "" or a sentence for stderr */
} gbl_sheet;

/* Strings live in `a`. Refuses what gbl_cost_new and gbl_kv_plan_text refuse. Release with gbl_sheet_free. */
void gbl_sheet_free(gbl_sheet *s);
int gbl_model_sheet(gbl_sheet *out, const gbl_sheet_ask *ask, gbl_arena *a, gbl_err *err);
void gbl_sheet_json(const gbl_sheet *s, gbl_json *j); /* members into the open object */
void gbl_op_json(const gbl_op *op, gbl_json *j); /* one row of it as an object */
int gbl_sheet_print(const gbl_sheet *s, FILE *to);    /* for people; 0, or -1 without memory */

#endif
