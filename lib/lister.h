/* lister.h - how the kinds of `gable list` write themselves. Trace formats stand in a file of their own because
 * traces/reader.h and models/hardware.h both have a word for "format". */
#ifndef GBL_LISTER_H
#define GBL_LISTER_H
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/term.h"

/* Each kind fills an array of objects for JSON, or a table for people: `j` or `t` is NULL. */
typedef struct gbl_lister {
    gbl_arena *arena;
    gbl_json *j;
    gbl_table *t;
} gbl_lister;

int gbl_list_formats(const gbl_lister *l, gbl_err *err);

#endif
