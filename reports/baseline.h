/* baseline.h - what a policy was worth when everybody was content: a small JSON file ("baseline/1") that lies in git.
 *
 * A scenario's entry holds its canonical document, at least ten replications' values of the metrics that a gate may ask for,
 * the first seed, and its inputs: everything a result hangs on but the policy that is judged (the keys under `engine` and
 * `policy`) and the seed. Files count by their content, so a trace may move; cards count by name and content. */
#ifndef GBL_BASELINE_H
#define GBL_BASELINE_H
#include "reports/metric_kind.h"

enum { GBL_BASELINE_LEAST = 10 }; /* replications */

typedef struct gbl_baseline_entry {
    const char *name, *scenario; /* scenario: JSON text */
    int64_t seed;
    size_t n;
    const gbl_node *inputs, *metrics, *at;
} gbl_baseline_entry;

typedef struct gbl_baseline {
    gbl_doc *doc;
    gbl_arena *arena;
    gbl_baseline_entry *entry;
    size_t n;
} gbl_baseline;

/* A file that is no baseline, or a damaged one, is answered with its line and column. */
int gbl_baseline_read(gbl_baseline **out, const char *path, gbl_err *err);
void gbl_baseline_free(gbl_baseline *b); /* NULL allowed */
/* The n values of a metric; 0 where the entry has none of that name. NaN: that replication had no samples. */
int gbl_baseline_values(const gbl_baseline_entry *e, const char *metric, double *v);

/* The name an entry goes by: the document's, else its file's without folder and ending. Borrowed or in the arena. */
const char *gbl_baseline_name(const gbl_scenario *s, const char *path, gbl_arena *a);
void gbl_baseline_schema(gbl_json *j); /* JSON Schema of "baseline/1" as one object */
/* An entry as one object into the open array. */
int gbl_baseline_entry_json(gbl_json *j, const char *name, const gbl_scenario *s, const gbl_outcome *o, size_t n, int64_t seed, gbl_err *err);

/* Inputs as a document {"version": ..., "trace": {...}, "model": ..., "cluster": ..., "cards": {...}, "slo": ..., ...}. */
int gbl_inputs_of(gbl_doc **out, const gbl_scenario *s, gbl_err *err);
/* Names what differs: "trace, cards (runtime:vllm)". 0: nothing does. A runtime's card counts only where both name the same
 * runtime: which one is named is the policy's business. */
int gbl_inputs_differ(const gbl_node *was, const gbl_node *now, char *words, size_t size);

#endif
