/* param.h - parameter tables: one row (policies/policy.h) feeds JSON, flags, help, man page, schema and store. */
#ifndef GBL_PARAM_H
#define GBL_PARAM_H
#include "base/doc.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "policies/policy.h"

#define GBL_SEED_MOST 9007199254740991.0 /* 2^53 - 1: whole in every reader of JSON */

size_t gbl_param_count(const gbl_param *rows);
const gbl_param *gbl_param_find(const gbl_param *rows, const char *name);
/* Writes every default into obj; strings are borrowed from `a`. A null default (or none) means "not given" and needs no
 * GBL_P_NULLABLE; a null CHOICE is -1. Asserts that defaults parse (a bug otherwise). */
int gbl_param_defaults(const gbl_param *rows, void *obj, gbl_arena *a, gbl_err *err);
int gbl_param_default_fits(const gbl_param *row); /* the default of a row that somebody else wrote is a value of it */
/* Binds the members of object `n` (NULL: none) onto obj: types, ranges, choices, unknown keys with the nearest name, and values
 * that nothing reads (gbl_param.when).
 * `skip` names keys that belong to somebody else ("use", "plugin"), NULL-terminated, or NULL. */
int gbl_param_bind(const gbl_param *rows, void *obj, const gbl_node *n, const char *const *skip, gbl_arena *a, gbl_err *err);
/* One value from a flag: `text` as on the command line; `flag` is what messages call it. */
int gbl_param_flag(const gbl_param *rows, void *obj, const char *name, const char *text, const char *flag, gbl_arena *a, gbl_err *err);
int gbl_param_is_default(const gbl_param *row, const void *obj);
/* The row that row->when names, NULL for none; *words: what it must be ("a|b"), or with *other must not be. */
const gbl_param *gbl_param_condition(const gbl_param *rows, const gbl_param *row, const char **words, int *other);
void gbl_param_json(const gbl_param *rows, const void *obj, gbl_json *j);   /* members into the open object; NODE rows as they are */
void gbl_param_json_part(const char *key, const gbl_param *rows, const void *obj, gbl_json *j); /* the same as a whole object */
void gbl_param_schema(const gbl_param *rows, gbl_json *j); /* one member a row into the open "properties" object of a JSON Schema */
/* The same as whole objects that refuse other keys, left open for what else there is to say: a document, and a part of one
 * (a member `key`, or NULL). `required`: a JSON array of names, or NULL. */
void gbl_param_schema_document(const gbl_param *rows, const char *title, const char *required, gbl_json *j);
void gbl_param_schema_part(const char *key, const gbl_param *rows, const char *required, gbl_json *j);
void gbl_param_schema_open(const char *key, gbl_json *j); /* such a part with its "properties" open, too: for two gbl_json_end */
/* "name  TYPE  default  range  unit  sentence" lines, aligned. `prefix` goes before names ("--", "engine."). */
void gbl_param_help(const gbl_param *rows, const char *prefix, FILE *to);

#endif
