/* fit_process.h - the parameters of the synthetic processes from what was published of real attention.
 *
 * Targets, and where they are from:
 *   mass on the oracle's top 10..90 % of the tokens, GPT-J-6B, Cerebras-GPT-6.7B and MPT-7B (Keyformer, blog/images/attn_weights.png,
 *   read from the figure, +-0.003 to 0.005)
 *   80 to 95 % of the weights below 1 % of their row's largest (ALISA): the middle
 *   tokens kept of layers 0..6 and 29..31 at equal mass (PrefixKV, confs/prefixkv_llava-v1.5-7b_0.5.json), of the first process
 *   above 95 % of the tokens that gather more than average in one stretch of rows did so in the one before (Scissorhands): 95 %
 * Anchor, floor and exponent are each process's own; heavy share and contrast all share, and persistence, which is
 * searched for afterwards by itself: it moves none of the other targets. Sorted weights hardly tell the anchor from heavy hitters:
 * it is held between 0.2 and 0.6 (assumed); and nothing here tells how far rows differ: noise is assumed. Draws are the same for all parameters. */
#ifndef GBL_FIT_PROCESS_H
#define GBL_FIT_PROCESS_H
#include "base/json.h"
#include "validate/lab/process.h"

enum { GBL_FIT_PROCESSES = 3, GBL_FIT_TARGETS = 41, GBL_FIT_NUMBERS = 11 };

typedef struct gbl_process_target {
    char what[64];
    double published, fitted;
} gbl_process_target;

typedef struct gbl_process_fit {
    gbl_process process[GBL_FIT_PROCESSES];
    gbl_process_target target[GBL_FIT_TARGETS];
    int n_targets;
    struct {
        char name[64];
        double value, error; /* standard error; NaN: at a bound, or searched for */
    } number[GBL_FIT_NUMBERS + 1];
} gbl_process_fit;

/* Strings of the processes are static or borrowed from `start`: what the parameters that are not fitted are taken from. */
int gbl_process_fit_all(gbl_process_fit *f, const gbl_process *start, gbl_err *err);
int gbl_process_fit_print(const gbl_process_fit *f, FILE *to);      /* 0, or -1 without memory */
void gbl_process_fit_json(const gbl_process_fit *f, gbl_json *j); /* the document that gbl_process_read reads */

#endif
