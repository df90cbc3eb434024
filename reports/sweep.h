/* sweep.h - a sweep document made ready to run: every point of it bound, so that a bad one is found before anything runs.
 *
 *   {"gable": "sweep/1", "scenario": {...} or path,
 *    "list":  [{"cluster.hardware": "l4"}, {"cluster.hardware": "h100-sxm", "cluster.tp": 2}],
 *    "latin": {"samples": 20, "seed": 1, "keys": {"trace.rate_scale": {"low": 0.5, "high": 8, "scale": "log"}}},
 *    "grid":  {"engine.max_num_seqs": [64, 128], "run.seed": [1, 2]}}
 *
 * Points are the product of the parts that are there: each entry of the list with each sample with each cell of the grid,
 * the grid's last key fastest. Keys are dotted paths as in --set. Of points that are the same scenario the first one stays.
 * Latin hypercube (McKay, Beckman, Conover 1979): each key's range is cut into as many strata as there are samples, each
 * stratum is drawn from once, and the strata are paired by a permutation a key. Draws are keyed by the key's name, so
 * another key more leaves the others as they were. */
#ifndef GBL_SWEEP_H
#define GBL_SWEEP_H
#include "base/json.h"
#include "sim/scenario.h"

enum { GBL_SWEEP_POINTS = 1000000, GBL_SWEEP_KEYS = 64 };

typedef struct gbl_sweep gbl_sweep;
typedef struct gbl_sweep_at {
    uint64_t hash;     /* of the canonical scenario */
    int64_t seed;
    const char *cards; /* as in run.cards */
    const char *vary;  /* {"engine.max_num_seqs":64} */
} gbl_sweep_at;

/* `sets` are "a.b=v" texts that change the scenario under the sweep; one that the sweep varies anyway is refused. */
int gbl_sweep_open(gbl_sweep **out, const char *path, const char *const *sets, size_t n_sets, gbl_err *err);
/* From a document already read; takes ownership of it, also on failure. */
int gbl_sweep_bind(gbl_sweep **out, gbl_doc *doc, const char *const *sets, size_t n_sets, gbl_err *err);
void gbl_sweep_free(gbl_sweep *s);
size_t gbl_sweep_size(const gbl_sweep *s);
size_t gbl_sweep_dropped(const gbl_sweep *s);     /* points that were the same scenario as an earlier one */
const char *gbl_sweep_name(const gbl_sweep *s);   /* the scenario's name, of the first point */
uint64_t gbl_sweep_hash(const gbl_sweep *s);      /* of its points, in order */
const char *gbl_sweep_cards(const gbl_sweep *s);  /* of all points, canonical JSON */
const char *gbl_sweep_document(const gbl_sweep *s); /* canonical JSON, with the scenario in it */
const gbl_sweep_at *gbl_sweep_point(const gbl_sweep *s, size_t i);
void gbl_sweep_schema(gbl_json *j); /* JSON Schema of "sweep/1" as one object */
/* A point's scenario, bound anew; the caller frees it. */
int gbl_sweep_scenario(const gbl_sweep *s, size_t i, gbl_scenario **out, gbl_err *err);
/* Adds to an error's place which point it happened at. Returns err->code. */
int gbl_sweep_where(const gbl_sweep *s, size_t i, gbl_err *err);
size_t gbl_sweep_keys(const gbl_sweep *s);
const char *gbl_sweep_key(const gbl_sweep *s, size_t k);
/* The value of key k at point i as people read it, into out; "-" where the point leaves it alone. Returns out. */
char *gbl_sweep_value(const gbl_sweep *s, size_t i, size_t k, char *out, size_t size);

#endif
