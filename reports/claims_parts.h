/* claims_parts.h - the inside of the claims, shared by claims*.c alone. */
#ifndef GBL_CLAIMS_PARTS_H
#define GBL_CLAIMS_PARTS_H
#include "base/doc.h"
#include "base/param.h"
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

/* ---- what measures are made of ---- */

/* What stands under a key of a form. */
enum gbl_claim_arg_kind {
    GBL_ARG_NONE,
    GBL_ARG_MEASURE,   /* a measure */
    GBL_ARG_MEASURES,  /* an array of them */
    GBL_ARG_BOUNDS,    /* an object of them, by metric */
    GBL_ARG_CACHING,   /* an object of models/caching.h */
    GBL_ARG_NEW,       /* a variable that is new in the other measures of the form */
    GBL_ARG_NUMBERS,   /* an array of numbers, or {"from", "to"}: the integers between */
    GBL_ARG_NUMBER,
    GBL_ARG_TEXT,
    GBL_ARG_SCENARIO,  /* an object, a name of `scenarios`, or a path */
    GBL_ARG_SET,       /* an object of settings, a name of `sets`, or an array of both */
    GBL_ARG_POLICY,    /* an eviction policy, as in a scenario */
    GBL_ARG_MODEL,     /* an object, or a name of `models` */
    GBL_ARG_BATCH      /* an array of objects: gbl_claim_batch_rows */
};
enum { GBL_CLAIM_ARGS = 8 };
typedef struct gbl_claim_arg {
    const char *key;
    enum gbl_claim_arg_kind kind;
    int optional;
} gbl_claim_arg;
struct gbl_eval_at;
struct gbl_value;
typedef struct gbl_claim_form {
    gbl_claim_arg arg[GBL_CLAIM_ARGS]; /* the first one's key is the form's name */
    int (*eval)(struct gbl_eval_at *x, const gbl_node *n, const gbl_claim_scope *s, struct gbl_value *out, gbl_err *err);
} gbl_claim_form;
extern const gbl_claim_form gbl_claim_forms[]; /* the last one has no eval */
extern const gbl_param gbl_claim_batch_rows[], gbl_claim_sheet_rows[];
typedef struct gbl_claim_batch {
    int64_t decodes, context, prefills, tokens, cached;
} gbl_claim_batch;

/* claims_read.c */
int gbl_claims_read(gbl_claims *c, gbl_err *err);

/* claims_check.c */
int gbl_claim_check(const gbl_claims_file *f, const gbl_node *measure, gbl_err *err);
void gbl_claim_measure_schema(gbl_json *j); /* members "measure" and "model" of the open object */

/* claims_eval.c */
const gbl_claim_form *gbl_claim_form_of(const gbl_node *n); /* of an object; NULL: it measures nothing */
const gbl_claim_scope *gbl_claim_variable(const gbl_claim_scope *s, const char *name); /* NULL: unknown */
const gbl_node *gbl_claim_scenario_node(const gbl_claims_file *f, const gbl_node *n); /* a scenario's object, or the string that is its path */
/* *pending: simulations are wanted first. NaN without pending: nothing to measure; `why` (256 bytes) then says so. */
int gbl_claim_eval(gbl_claims *c, const gbl_claims_file *f, const gbl_node *measure, double *out, int *pending, char *why, gbl_err *err);

/* claims_sheet.c: a number of `gable model --json` for a model (an object, or a name of `models`) with settings "key=value" above it. */
int gbl_claim_sheet(const gbl_claims *c, const gbl_claims_file *f, const gbl_node *model, const char *const *set, size_t n_set, const gbl_node *name, double *out, gbl_err *err);
int gbl_claim_sheet_check(const gbl_claims_file *f, const gbl_node *model, gbl_err *err);

int gbl_claim_settings(gbl_doc **out, const char *const *set, size_t n, gbl_err *err); /* "key=value" as a document; the last of a key counts */
int gbl_claim_in_file(const gbl_claims_file *f, const gbl_node *measure, gbl_err *err); /* what is refused stands in settings: file and measure, too */

/* claims_caching.c: a number of a diffusion model that reuses features (models/caching.h), with settings above it. */
int gbl_claim_caching(const gbl_claims *c, const gbl_claims_file *f, const gbl_node *what, const char *const *set, size_t n_set, const gbl_node *name, double *out, gbl_err *err);

/* claims_hits.c: a replay of the scenario's block ids without time. */
typedef struct gbl_claims_hits_ask {
    const gbl_node *scenario, *evict, *cost, *metric; /* evict: a policy as in a scenario, or NULL: lru; cost: see gbl_chains_costs, or NULL */
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
