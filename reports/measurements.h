/* measurements.h - rows of table `measurement`: what was measured, and what the model says of it. They belong to no run:
 * one call of `gable validate` or `gable calibrate` is one transaction. */
#ifndef GBL_MEASUREMENTS_H
#define GBL_MEASUREMENTS_H
#include <stdint.h>
#include "base/err.h"

typedef struct gbl_measurements gbl_measurements;
typedef struct gbl_measurement {
    const char *hardware, *operation, *shape /* JSON object */, *quantity /* unit last in its name */, *source;
    double measured, modelled; /* modelled NaN: NULL */
} gbl_measurement;

/* Opens or makes the store and takes its write lock. Errors as gbl_store_open and gbl_store_begin. */
int gbl_measurements_open(gbl_measurements **out, const char *db, gbl_err *err);
int gbl_measurements_add(gbl_measurements *m, const gbl_measurement *row, gbl_err *err);
/* Commits (keep) or leaves nothing behind; frees either way. err NULL with keep 0. */
int gbl_measurements_close(gbl_measurements *m, int keep, gbl_err *err);

/* measurements_read.c: 1 when the file is a SQLite database (0 also when it cannot be read). */
int gbl_measurements_is_store(const char *path);
/* Calls fn for each measurement of this quantity on this hardware, in the order they came; fn returns 0 or a code. */
typedef int gbl_measurement_reader(void *to, int64_t id, const char *operation, const char *shape, double measured, gbl_err *err);
int gbl_measurements_read(const char *path, const char *hardware, const char *quantity, gbl_measurement_reader *fn, void *to, gbl_err *err);

#endif
