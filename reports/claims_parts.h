/* claims_parts.h - the inside of the claims, shared by claims*.c alone. */
#ifndef GBL_CLAIMS_PARTS_H
#define GBL_CLAIMS_PARTS_H
#include "base/doc.h"
#include "reports/claims.h"
#include "reports/identity.h"

/* A simulation that some measure asks for. */
typedef struct gbl_claim_run {
    struct gbl_claim_run *same; /* it is the same scenario as that one: look there; or NULL */
    const char *ask;            /* where the scenario comes from and what is set: the memo's key */
    uint64_t ask_hash, id;      /* id: of scenario, cards, traces and program */
    const gbl_node *scenario;   /* an object, or a string that is a path */
    const char **set;           /* "a.b=v" */
    size_t n_set;
    gbl_doc *result;            /* NULL: wanted */
} gbl_claim_run;

typedef struct gbl_claims_file {
    gbl_doc *doc;
    const char *key;
    const gbl_node *scenarios, *sets, *models, *measures; /* objects, or NULL */
} gbl_claims_file;

typedef struct gbl_claim_row {
    gbl_claim says;
    const gbl_claims_file *file;
    const gbl_node *measure; /* NULL: not measured */
    int done;
} gbl_claim_row;

struct gbl_claims {
    gbl_arena *arena;
    gbl_claims_ask ask;
    gbl_claims_file *file;
    size_t n_files;
    gbl_claim_row *row;
    size_t n_rows, room;
    gbl_claim_run **run;
    size_t n_runs, runs_room, from_cache;
    uint64_t program; /* hash of the program's own file: a rebuilt one does not trust the old cache */
    gbl_file_hashes traces;
};

/* Values of variables, innermost first. */
typedef struct gbl_claim_scope {
    const char *name;
    double value;
    const struct gbl_claim_scope *up;
} gbl_claim_scope;

/* claims_read.c */
int gbl_claims_read(gbl_claims *c, gbl_err *err);

/* claims_eval.c */
int gbl_claim_check(const gbl_claims_file *f, const gbl_node *measure, gbl_err *err);
/* *pending: simulations are wanted first. NaN without pending: nothing to measure; `why` (256 bytes) then says so. */
int gbl_claim_eval(gbl_claims *c, const gbl_claims_file *f, const gbl_node *measure, double *out, int *pending, char *why, gbl_err *err);

/* claims_sheet.c: a number of `gable model --json` for a model (an object, or a name of `models`) with settings "key=value" above it. */
int gbl_claim_sheet(const gbl_claims *c, const gbl_claims_file *f, const gbl_node *model, const char *const *set, size_t n_set, const gbl_node *name, double *out, gbl_err *err);
int gbl_claim_sheet_check(const gbl_claims_file *f, const gbl_node *model, gbl_err *err);

/* claims_hits.c: a replay of the scenario's block ids without time. */
typedef struct gbl_claims_hits_ask {
    const gbl_node *scenario, *evict, *metric; /* evict: a policy as in a scenario, or NULL: lru */
    const char **set;
    size_t n_set;
    double blocks;
} gbl_claims_hits_ask;
int gbl_claims_hits(const gbl_claims *c, const gbl_claims_hits_ask *ask, double *out, gbl_err *err);

/* claims_runs.c */
int gbl_claims_scenario(const gbl_claims *c, const gbl_node *n, const char *const *set, size_t n_set, gbl_scenario **out, gbl_err *err);
/* The simulation of that scenario: done, or from now on wanted. `set` is borrowed from the arena. */
int gbl_claims_want(gbl_claims *c, const gbl_node *n, const char **set, size_t n_set, gbl_claim_run **out, gbl_err *err);
size_t gbl_claims_wanted(const gbl_claims *c);
int gbl_claims_run_wanted(gbl_claims *c, gbl_err *err);

#endif
