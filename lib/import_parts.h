/* import_parts.h - what the files of the import share: the engines' flags as rows, and what a command line was found to say. */
#ifndef GBL_IMPORT_PARTS_H
#define GBL_IMPORT_PARTS_H
#include <stdint.h>
#include "base/err.h"
#include "base/mem.h"
#include "models/llm.h"

enum gbl_import_kind {
    GBL_FLAG_COUNT,  /* a whole number, 8k and 8K too */
    GBL_FLAG_NUMBER, /* any number */
    GBL_FLAG_WORD,   /* translated by `map`: "theirs=ours|..."; a word that is not in it is refused */
    GBL_FLAG_MODEL,  /* a model's id or path */
    GBL_FLAG_ON,     /* a switch: key = map */
    GBL_FLAG_GIB,    /* GiB of host memory for KV: the tier "dram" */
    GBL_FLAG_DROP,   /* a value, of which key says what is lost */
    GBL_FLAG_QUIET,  /* a switch, likewise */
    GBL_FLAG_MANY,   /* values up to the next flag, likewise */
    GBL_FLAG_ONLY,   /* "value|why": that value changes nothing, any other is refused */
    GBL_FLAG_REFUSE  /* would change the result; `map` says why it cannot be taken over */
};
/* key: of the scenario; or "@fact", which means something only beside other flags (import_settle.c). Of what is dropped: NULL where
 * it cannot change a simulation, GBL_UNMODELLED where the engine would run otherwise. */
typedef struct gbl_import_row {
    const char *names; /* "a|b", without dashes; '-' and '_' are one */
    const char *key;
    enum gbl_import_kind kind;
    const char *map;
} gbl_import_row;
#define GBL_UNMODELLED "@unmodelled"

const gbl_import_row *gbl_import_rows(const char *engine); /* "vllm" or "sglang"; ends with names NULL */
const gbl_import_row *gbl_import_find(const gbl_import_row *rows, const char *flag, size_t n);
int gbl_import_unknown(const gbl_import_row *rows, const char *flag, gbl_arena *a, gbl_err *err);

/* One a key or fact; said again, the last one counts, as the engines' parsers have it. */
typedef struct gbl_import_item {
    const char *key, *text, *flag; /* flag: as typed, or NULL: nobody typed it */
} gbl_import_item;
typedef struct gbl_import_line {
    const char *engine;
    gbl_import_item **item;
    size_t n, room;
    const char *dropped, *unmodelled; /* flags, comma-separated */
    gbl_arena *a;
} gbl_import_line;

int gbl_import_set(gbl_import_line *l, const char *key, const char *text, const char *flag, gbl_err *err);
const gbl_import_item *gbl_import_said(const gbl_import_line *l, const char *key); /* NULL: nothing */
const char *gbl_import_quoted(gbl_arena *a, const char *text);                     /* as a JSON string; NULL without memory */
/* Facts become keys, whichever way round they were said. `m`: the model that the line names. */
int gbl_import_settle(gbl_import_line *l, const gbl_llm *m, gbl_err *err);

#endif
