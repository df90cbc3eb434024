/* tape.h - the calls of one run written down by a worker process and done by the process that owns the store. Inside this
 * room; others see gbl_store_record and gbl_store_play. One function a call of store.h, and the same arguments.
 * Bytes of this machine and program: a tape lives in an unlinked file between two processes of one fork. */
#ifndef GBL_TAPE_H
#define GBL_TAPE_H
#include <stdio.h>
#include "reports/store.h"

int gbl_tape_run(FILE *f, const gbl_run_row *run, gbl_err *err);
int gbl_tape_result(FILE *f, const char *result_json, gbl_err *err);
int gbl_tape_param(FILE *f, const char *key, const char *json_value, gbl_err *err);
int gbl_tape_metric(FILE *f, const char *name, const char *stat, double value, gbl_err *err);
int gbl_tape_request(FILE *f, const gbl_request_row *r, gbl_err *err);
int gbl_tape_timeline(FILE *f, const gbl_sample *sample, gbl_err *err);
int gbl_tape_step(FILE *f, const gbl_step_row *step, gbl_err *err);
int gbl_tape_note(FILE *f, const char *text, gbl_err *err);
int gbl_tape_end(FILE *f, gbl_err *err);

#endif
