/* export_parts.h - what the files behind `gable export` share. Not for other rooms. */
#ifndef GBL_EXPORT_PARTS_H
#define GBL_EXPORT_PARTS_H
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"

/* Requests of a run that keeps them all, as the result of vLLM's `bench serve` (export_bench.c). */
int gbl_export_bench(sqlite3 *db, const char *path, int64_t run, FILE *to, gbl_err *err);
/* Requests and time line of a run that is there, as Trace Event JSON (export_trace.c). */
int gbl_export_trace_rows(sqlite3 *db, const char *path, int64_t run, FILE *to, gbl_err *err);

#endif
