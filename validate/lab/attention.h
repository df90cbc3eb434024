/* attention.h - where the lab's attention comes from: rows of softmax weights, head by head, from the synthetic process or from a
 * recording of a real model. A row of query t has t + 1 weights over keys 0..t and sums to 1. */
#ifndef GBL_ATTENTION_H
#define GBL_ATTENTION_H
#include <stdint.h>

#include "base/err.h"

/* The tokens first..first + count - 1 were said once and are asked for by the query. */
typedef struct gbl_needle {
    uint32_t query, first, count;
} gbl_needle;

typedef struct gbl_attention gbl_attention;
struct gbl_attention {
    char label[160]; /* "synthetic: gpt-j-6b" or "recorded: MODEL" */
    int layers, heads, kv_heads; /* query heads and KV heads of each layer; heads is a multiple of kv_heads */
    int model_layers;            /* of the whole model: `layers` of them are here */
    const int *layer;            /* number of each in the model, ascending */
    int64_t tokens, prompt;      /* queries prompt..tokens - 1 count as generated */
    const uint32_t *rows;        /* queries that there are, ascending; all of prompt..tokens - 1 are among them */
    int64_t n_rows;
    const gbl_needle *needles;
    int64_t n_needles;
    int key_dims; /* of keys(); 0: there are none */

    /* Writes the t + 1 weights of query t. The queries of one head must be asked for in ascending order, each once. */
    int (*row)(gbl_attention *a, int layer, int head, int64_t t, float *out, gbl_err *err);
    /* Writes tokens x key_dims numbers: the keys of a KV head, each of length 1. */
    int (*keys)(gbl_attention *a, int layer, int kv_head, float *out, gbl_err *err);
    void (*close)(gbl_attention *a);
};

void gbl_attention_close(gbl_attention *a); /* NULL allowed */

#endif
