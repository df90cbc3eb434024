/* kernels_columns.h - which columns a class of operators has; the inside of kernels_rows. */
#ifndef GBL_KERNELS_COLUMNS_H
#define GBL_KERNELS_COLUMNS_H
#include "validate/csv.h"
#include "validate/kernels_rows.h"

enum { GBL_KCOLUMNS_MOST = 12 };
typedef struct gbl_kcolumns {
    enum gbl_kclass class;
    int at[GBL_KCOLUMNS_MOST]; /* field of each column of the class, -1: none */
    int time;                  /* of latency_us */
} gbl_kcolumns;

/* Tells the class by the header. */
int gbl_kcolumns_find(gbl_kcolumns *c, const gbl_csv *csv, gbl_err *err);
/* Reads the row; *why: the rule that leaves it out, or NULL. */
int gbl_kcolumns_row(const gbl_kcolumns *c, const gbl_csv *csv, gbl_krow *r, const char **why, gbl_err *err);
/* The same from a stored measurement; -1: an operation that is none of the classes. */
int gbl_kcolumns_stored(const char *store, int64_t id, const char *operation, const char *shape, double us, gbl_krow *r, const char **why, gbl_err *err);

#endif
