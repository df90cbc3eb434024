/* doc.h - a JSON document with positions: scenario, cards, sweeps, claims.
 *
 * Our own one-pass scanner first checks what cJSON lets through (grammar to the letter, duplicate keys, numbers out of
 * range, raw control characters, depth, UTF-8, size <= 64 MiB) and records line and column of every value and the text
 * of every number; cJSON then builds the tree. A leading byte order mark is skipped. A byte order mark in front is skipped; more than 4 Mi values are refused. Unknown keys are the binder's business (param.h). A document may be
 * changed with gbl_doc_set before it is bound. Nodes live as long as their document. */
#ifndef GBL_DOC_H
#define GBL_DOC_H
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"

typedef struct gbl_doc gbl_doc;
typedef struct gbl_node gbl_node;
enum gbl_kind { GBL_NULL, GBL_BOOL, GBL_NUMBER, GBL_STRING, GBL_ARRAY, GBL_OBJECT };

/* Reads a file ("-" = standard input; .gz/.zst accepted) or a text; `name` is what messages call it. */
int gbl_doc_read(gbl_doc **out, const char *path, gbl_err *err);
int gbl_doc_parse(gbl_doc **out, const char *name, const char *text, size_t len, gbl_err *err);
/* A document of its own whose root is a copy of `n`: a scenario inside a sweep, say. It keeps the places, name and folder. */
int gbl_doc_part(gbl_doc **out, const gbl_node *n, gbl_err *err);
void gbl_doc_free(gbl_doc *d); /* NULL allowed */
const char *gbl_doc_name(const gbl_doc *d);
const gbl_node *gbl_doc_root(const gbl_doc *d);

/* `path` like a.b.2.c, an array element by its index (the next free one appends); objects on the way are made where
 * missing. `text` is JSON; text that is no JSON is taken as a string (so --set policy.route=least_kv works), unless it
 * starts like an object, array, quoted string or number out of range. Messages about the value say `--set path`. */
int gbl_doc_set(gbl_doc *d, const char *path, const char *text, gbl_err *err);

enum gbl_kind gbl_node_kind(const gbl_node *n);
const char *gbl_node_key(const gbl_node *n);    /* name in its object, "" otherwise */
size_t gbl_node_size(const gbl_node *n);        /* elements of an array or object */
const gbl_node *gbl_node_first(const gbl_node *n); /* first child, NULL for none */
const gbl_node *gbl_node_next(const gbl_node *n);  /* next sibling */
const gbl_node *gbl_node_get(const gbl_node *n, const char *key); /* member of an object; NULL when absent or n NULL */
const gbl_node *gbl_node_at(const gbl_node *n, const char *path); /* a.b.c; NULL when absent */
const char *gbl_node_text(const gbl_node *n);   /* string value, or the number's own text */
int gbl_node_bool(const gbl_node *n);
double gbl_node_num(const gbl_node *n);

/* Typed reads with messages; `n` must not be NULL. */
int gbl_node_int(const gbl_node *n, int64_t *out, gbl_err *err); /* exact integers only (1e3 is one, 1.5 is not) */
int gbl_node_real(const gbl_node *n, double *out, gbl_err *err);
int gbl_node_str(const gbl_node *n, const char **out, gbl_err *err);
/* Fails at a node, or with _key at its key: fills where as "file:line:col (key.path)". Returns the code GBL_EINPUT. */
int gbl_node_fail(const gbl_node *n, gbl_err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int gbl_node_fail_key(const gbl_node *n, gbl_err *err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
void gbl_node_where(const gbl_node *n, gbl_err *err); /* says that an error came from here; what it says stays */
void gbl_node_place(const gbl_node *n, int64_t *line, int64_t *col); /* from 1; both 0 for a value that was set */
/* The value in few words for a message: `"abc"`, `12`, `an array`. Returns out. */
char *gbl_node_words(const gbl_node *n, char *out, size_t size);
void gbl_node_path(const gbl_node *n, char *out, size_t size); /* "cluster.pools.0.tp" */
/* Refuses keys of object n that are not in the NULL-terminated list; offers the nearest. */
int gbl_node_only(const gbl_node *n, const char *const *known, gbl_err *err);
/* The folder of the document's file ("" for texts), for relative paths inside it. */
const char *gbl_doc_folder(const gbl_doc *d);
const gbl_doc *gbl_node_doc(const gbl_node *n);

/* Canonical JSON of a node: keys sorted, no spaces, shortest numbers. Caller frees with gbl_free. NULL: no memory. */
char *gbl_node_canonical(const gbl_node *n);

#endif
