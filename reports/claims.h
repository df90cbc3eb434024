/* claims.h - published results beside simulated ones. A claim file (reports/claims/KEY.json, described in
 * reports/claims/README.md) says what was published, where, how to measure the same with the simulator, and how near is near
 * enough. What is measured is an expression over a few primitives (claims_eval.c), so a new claim needs no C.
 *
 * Everything is deterministic: the same files, cards and program give the same rows for any number of workers, with or
 * without the cache. */
#ifndef GBL_CLAIMS_H
#define GBL_CLAIMS_H
#include <stdio.h>
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/term.h"

enum gbl_verdict { GBL_REPRODUCED, GBL_DIRECTION, GBL_NOT, GBL_QUALITY };
const char *gbl_verdict_name(enum gbl_verdict v); /* "reproduced", "direction", "not", "quality" */

/* What a verdict is made of. rule: the best verdict that the claim can get; GBL_NOT and GBL_QUALITY are not measured. */
typedef struct gbl_claim_case {
    enum gbl_verdict rule;
    double published, simulated; /* simulated NaN: nothing could be measured */
    double tolerance;            /* of published (a share), or, where absolute, in its unit; inclusive */
    int absolute;
    double neutral;              /* no effect: 1 for ratios; NaN: the quantity has no direction */
} gbl_claim_case;
/* Within the tolerance: reproduced. Else, on published's side of neutral by at least a tenth of its distance: direction. */
enum gbl_verdict gbl_claim_judge(const gbl_claim_case *c);

typedef struct gbl_claim {
    const char *key, *quantity, *unit, *runtime, *source;
    const char *reason; /* why the verdict is not "reproduced"; "" where nothing is to be said */
    int recalled;       /* the published value is recalled, not verified */
    int computed;       /* it follows from the definition or a formula: nobody measured it */
    gbl_claim_case is;
    double ratio; /* simulated over published; NaN */
    enum gbl_verdict verdict;
} gbl_claim;

typedef struct gbl_claims_ask {
    const char *const *key; /* names of shipped files, or paths; none: all that are shipped */
    size_t n_keys;
    const char *const *sets; /* "a.b=v", on top of every scenario */
    size_t n_sets;
    int jobs, fresh; /* jobs 0: one a core; fresh: no answer is taken from the cache */
    const char *cache; /* folder, made when needed; NULL: none */
    enum gbl_progress_mode progress;
    const volatile int *stop; /* or NULL */
} gbl_claims_ask;

typedef struct gbl_claims gbl_claims;
/* GBL_EINPUT: a file that cannot be understood, before anything runs where possible. GBL_EINTERRUPT as gbl_work_run. */
int gbl_claims_solve(gbl_claims **out, const gbl_claims_ask *ask, gbl_err *err);
void gbl_claims_free(gbl_claims *c); /* NULL allowed */
size_t gbl_claims_size(const gbl_claims *c);
const gbl_claim *gbl_claims_at(const gbl_claims *c, size_t i);
size_t gbl_claims_runs(const gbl_claims *c);   /* simulations that the answers rest on */
size_t gbl_claims_cached(const gbl_claims *c); /* of them, taken from the cache */
void gbl_claims_json(const gbl_claims *c, gbl_json *j); /* the array of contract.md */
void gbl_claims_schema(gbl_json *j);                    /* JSON Schema of "claims/1" as one object */
int gbl_claims_print(const gbl_claims *c, FILE *to);    /* for people; 0, or -1 without memory */
/* Into table `claim`, in one transaction: rows of the same keys are replaced. */
int gbl_claims_keep(const gbl_claims *c, const char *db, gbl_err *err);
/* $XDG_CACHE_HOME/gable/claims, else ~/.cache/gable/claims; NULL where there is neither. In the arena. */
const char *gbl_claims_cache(gbl_arena *a);

#endif
