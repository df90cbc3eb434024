/* lab.h - the quality lab: cache policies (cache.h) on attention (attention.h), row by row.
 *
 * The rows are those of the model that keeps everything, also after a policy has dropped tokens: what a policy would have made the
 * model say instead is not followed. Mass: of a generated row of one query head, attention x worth, summed. It ranks methods
 * and interpolates between published numbers; it is no score of a task. */
#ifndef GBL_LAB_H
#define GBL_LAB_H
#include "base/term.h"
#include "validate/lab/attention.h"
#include "validate/lab/cache.h"

enum { GBL_LAB_METHODS = 32, GBL_LAB_BUDGETS = 16 };

typedef struct gbl_lab_cell {
    double mass, p5;   /* mean, and 5th percentile, over the generated rows of all heads */
    double in_place;   /* the mean without what merged tokens count for */
    double held, read; /* bytes held, tokens read, as a share of all tokens: means over generated rows */
    double recall;     /* share of the attention to needles that is left; NaN where no head looked at one */
} gbl_lab_cell;

typedef struct gbl_lab {
    /* in */
    const gbl_cache_method *method[GBL_LAB_METHODS];
    const void *opt[GBL_LAB_METHODS];   /* parameters of each; NULL: its defaults */
    const char *label[GBL_LAB_METHODS]; /* what results call it, like "streamingllm{sinks=0}"; NULL: its name */
    double budget[GBL_LAB_BUDGETS]; /* share of the prompt's KV, in (0, 1] */
    size_t n_methods, n_budgets;
    uint64_t seed;
    const volatile int *stop; /* set by a signal handler; or NULL */
    gbl_progress *progress;   /* or NULL */
    /* Sees every cache when it has chosen (end 0) and after the last row (end 1); or NULL. */
    void (*see)(void *to, size_t method, size_t budget, const gbl_cache *c, int end);
    void *to;
    /* out */
    gbl_lab_cell cell[GBL_LAB_METHODS][GBL_LAB_BUDGETS];
    int64_t rows, needles; /* generated rows of heads; heads x queries that looked at a needle: those with 0.1 of their mass on it */
} gbl_lab;

/* Methods that need keys are refused where the attention has none. Memory: tokens x methods x (budgets + layers). */
int gbl_lab_run(gbl_lab *lab, gbl_attention *a, gbl_err *err);
const char *gbl_lab_name(const gbl_lab *lab, size_t method);
/* Mean mass of a method over the budgets. */
double gbl_lab_mean(const gbl_lab *lab, size_t method);
/* Numbers of the methods by that mean, the best first; equal ones in their own order. */
void gbl_lab_order(const gbl_lab *lab, size_t *order);

#endif
