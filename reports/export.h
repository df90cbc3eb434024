/* export.h - rows of a run for other programs: `gable export`. */
#ifndef GBL_EXPORT_H
#define GBL_EXPORT_H
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"

enum gbl_export_format { GBL_EXPORT_CSV, GBL_EXPORT_JSONL, GBL_EXPORT_TRACE /* Chrome's Trace Event JSON: export_trace.c */, GBL_EXPORT_BENCH /* vLLM bench serve's result: export_bench.c */ };
/* A trace, or one line a request in order of serial: the integers as stored (times in ns, empty or null = never), then queue_ms,
 * ttft_ms, tpot_ms, e2el_ms. CSV (RFC 4180, lines end in \n) has a header line. run 0: the newest run. Fails with
 * GBL_EINPUT where there is no such run or it keeps no requests; then nothing has been written to `to`. */
int gbl_export_requests(const char *db, int64_t run, enum gbl_export_format f, FILE *to, gbl_err *err);

#endif
