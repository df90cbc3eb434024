/* engine_spec.h - the description of a real engine's log: which file, which columns, and the scenario it ran under.
 *
 * {"gable": "engine/1", "name": ..., "source": ..., "kind": KIND, "file": PATH, "columns": {...}, "scenario": {...}}
 * PATH is looked up in the data folder, then as any path of a document. "scenario" is a scenario without a trace.
 * A column is a header's word; a time also has a unit: {"column": "send_us", "unit": "us"}, unit ns | us | ms | s.
 *
 * KIND    a row of the file is                          columns (* must be named)
 * requests  one request, replayed at its arrival time     arrival*, input*, output*; ttft, tpot, e2e (one at least; a third
 *                                                         follows from two); run, part, prompt, ok, itl
 * points    one closed loop, known by its means           input*, output*, concurrency*; ttft, tpot, e2e (one at least); tp, run
 * bench_serve  an element of the arrays that vLLM's `bench serve --save-detailed` wrote, replayed as requests; no columns
 * hits      one request, of which cache hits are counted  arrival*, input*, output*, key*; "ids" with file, column, tokens,
 *                                                         hit_tokens
 * run: rows with another word are another replay. part: rows of one replay that are scored apart. prompt: requests with the
 * same word share their whole prompt. ok: {"column": C, "is": WORD}, other rows are left out. itl: a request's single gaps,
 * numbers with blanks between. "labels": {"RUN/PART": text}. Points: "requests_per_client" (10), "low", "high": lengths are
 * uniform between low x and high x the column (1, 1). */
#ifndef GBL_ENGINE_SPEC_H
#define GBL_ENGINE_SPEC_H
#include "base/doc.h"
#include "base/mem.h"

enum gbl_engine_kind { GBL_ENGINE_REQUESTS, GBL_ENGINE_POINTS, GBL_ENGINE_HITS };
enum gbl_engine_column {
    GBL_EC_RUN, GBL_EC_PART, GBL_EC_ARRIVAL, GBL_EC_INPUT, GBL_EC_OUTPUT, GBL_EC_PROMPT, GBL_EC_OK,
    GBL_EC_TTFT, GBL_EC_TPOT, GBL_EC_E2E, GBL_EC_ITL, GBL_EC_CONCURRENCY, GBL_EC_TP, GBL_EC_KEY, GBL_EC_N
};

typedef struct gbl_engine_col {
    const char *name;   /* NULL: the log has no such column */
    double unit_s;      /* of times */
    const gbl_node *at; /* where the description says so */
} gbl_engine_col;

typedef struct gbl_engine_spec {
    gbl_doc *doc;
    gbl_arena *arena;
    const char *name, *source, *file; /* file: as written */
    enum gbl_engine_kind kind;
    int bench; /* kind "bench_serve": requests, from arrays of a known name */
    gbl_engine_col col[GBL_EC_N];
    const char *ok_is;
    const gbl_node *scenario, *labels, *file_at;
    int64_t requests_per_client;
    double low, high;
    const char *ids_file, *ids_column;
    int64_t id_tokens, hit_tokens;
} gbl_engine_spec;

/* A shipped description's name, or a path (it holds a slash or ends in .json). */
int gbl_engine_spec_open(gbl_engine_spec **out, const char *name, gbl_err *err);
void gbl_engine_spec_free(gbl_engine_spec *s); /* NULL allowed */
/* The log's file, or another one it names: in `data` (may be NULL), else as a path of the description. */
const char *gbl_engine_spec_path(const gbl_engine_spec *s, const char *data, const char *file);
const char *gbl_engine_column_key(enum gbl_engine_column c); /* "arrival" */
/* Names of the shipped descriptions, in the arena; *n of them. */
const char **gbl_engine_specs(gbl_arena *a, size_t *n);

#endif
