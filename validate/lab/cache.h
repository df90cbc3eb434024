/* cache.h - the interface of a cache policy of the lab: it sees rows of attention and says which tokens' KV stays.
 *
 * What holds one set of tokens is a unit: a KV head, or a layer with all its heads (`sets`). A policy meets it in this order:
 *   observe   every row of the prompt that there is: the note of the unit gathers what the choice will need. The budget is not known yet
 *   share     all notes at once: tokens for each layer; without it all get the same
 *   choose    at the prompt's end, for one budget: which of its tokens stay
 *   read      before each generated row, where a policy reads less than it holds: what this row may look at
 *   step      after each generated row: what goes now. The row's own token is in already
 * A row is the mean over the query heads that share the unit. What the attention to a token is worth while it is away, merged or
 * coarse is in `worth`; the lab adds up attention x worth. Ties go to the token that came first. Nothing is allocated in here. */
#ifndef GBL_CACHE_H
#define GBL_CACHE_H
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "policies/policy.h"

enum gbl_sets { GBL_SETS_HEAD, GBL_SETS_LAYER };

typedef struct gbl_row {
    int64_t t;         /* query; keys 0..t */
    const float *a;    /* their t + 1 weights, sum 1 */
    double stands_for; /* queries of the prompt that it speaks for: 1 where all were recorded */
} gbl_row;

enum { GBL_NOTE_ARRAYS = 2 };
typedef struct gbl_note {
    int64_t tokens, prompt, rows, last; /* of the sequence; of its prompt; rows seen so far, and the query of the last of them (-1) */
    double *sum[GBL_NOTE_ARRAYS];       /* [tokens] zeroed */
    double entropy;                     /* a sum over rows */
    void *extra;                        /* note_extra() bytes, zeroed */
    const void *opt;                    /* the method's parameters, opt_size bytes */
    uint64_t seed, id;                  /* for keyed draws */
} gbl_note;

typedef struct gbl_cache {
    int64_t tokens, prompt; /* of the whole sequence; of its prompt */
    int64_t n;              /* tokens that there are now */
    int64_t budget;         /* tokens of the prompt's KV that may stay */
    double share;           /* the same as a share of the prompt, before layers took theirs */
    int64_t held;           /* tokens that are in, merged ones not counted */
    uint8_t *in;            /* [tokens] 1: holds a place */
    float *worth;           /* [tokens] 1 in full, 0 gone */
    int32_t *into;          /* [tokens] the token that a merged one was put into, or -1 */
    double *score, *second; /* [tokens] the policy's own, zeroed */
    void *extra;            /* extra() bytes, zeroed */
    const void *opt;        /* the method's parameters */
    double number;          /* the policy's own */
    int64_t *order;         /* [2 x tokens] scratch, contents do not last */
    double *cell;           /* [tokens] the same */
    const float *key;       /* tokens x key_dims, each of length 1; NULL: none are known */
    int key_dims;
    int layer, unit, model_layers; /* number in the model; KV head, 0 where the layer holds one set */
    uint64_t seed, id;
} gbl_cache;

typedef struct gbl_shares {
    int layers, model_layers, units; /* units: of each layer */
    const int *layer;                /* numbers in the model */
    gbl_note *note;                  /* [layers x units]; sum[1] is free for use where observe left it */
    int64_t prompt;
    double budget;                   /* mean tokens of a layer */
    const void *opt;                 /* the method's parameters */
    double *tokens;                  /* out: of each layer */
} gbl_shares;

typedef struct gbl_cache_method {
    const char *name, *brief, *source;
    const gbl_param *params; /* or NULL: it has none */
    size_t opt_size;
    enum gbl_sets sets;
    int span; /* layers of the model that take over what the first of them chose; 0 and 1: none */
    void (*observe)(gbl_note *n, const gbl_row *row);
    void (*share)(const gbl_shares *s);
    size_t (*note_extra)(int64_t tokens), (*extra)(int64_t tokens);
    void (*choose)(gbl_cache *c, const gbl_note *n);
    void (*step)(gbl_cache *c, const gbl_row *row);
    void (*read)(gbl_cache *c, const gbl_row *row, float *worth); /* worth: of tokens 0..row->t, out */
    double (*bytes)(const gbl_cache *c); /* what is held, as tokens in 16 bits; without it the tokens held */
    int needs_keys;
} gbl_cache_method;

/* All methods, baselines first; NULL at the end. */
extern const gbl_cache_method *const gbl_cache_methods[];
const gbl_cache_method *gbl_cache_find(const char *name); /* NULL: none */

/* ---- what several policies share (cache.c) ---- */

void gbl_cache_keep(gbl_cache *c, int64_t j);  /* a token of the prompt stays */
void gbl_cache_evict(gbl_cache *c, int64_t j); /* it goes, and what was merged into it */
void gbl_cache_merge(gbl_cache *c, int64_t j, int64_t into, double worth);
void gbl_cache_keep_all(gbl_cache *c);
/* Keeps the k largest of score[low..high). */
void gbl_cache_keep_top(gbl_cache *c, const double *score, int64_t low, int64_t high, int64_t k);
/* Marks them in a bitmap of its own instead. */
void gbl_cache_top(const double *score, int64_t low, int64_t high, int64_t k, int64_t *order, uint8_t *mark);
/* The token in [low, high) that holds a place and has the least score; -1: none. */
int64_t gbl_cache_least(const gbl_cache *c, const double *score, int64_t low, int64_t high);
/* First token of the `recent` last ones that hold a place. */
int64_t gbl_cache_recent(const gbl_cache *c, int64_t recent);
/* Sum of the row's weights over what holds a place: the softmax that the model itself computes divides by it. */
double gbl_cache_mass(const gbl_cache *c, const gbl_row *row);
double gbl_cache_alike(const gbl_cache *c, int64_t a, int64_t b); /* cosine of two keys, not below 0 */
/* score[j] += the row's weights among those that hold a place. */
void gbl_cache_gather(gbl_cache *c, const gbl_row *row);
void gbl_note_sums(gbl_note *n, const gbl_row *row); /* observe: sum[0] += weights, a column sum */

#endif
