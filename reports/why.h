/* why.h - where the time of requests went: the parts of sim/run.h, of one request and in aggregate.
 *
 * Three groups, by end-to-end latency: all completed requests; the typical ones, between the 45th and the 55th percentile;
 * and the tail, the slowest hundredth. Everything is kept in whole nanoseconds, so the parts of a request, and those of a
 * group, add up to its latency exactly; means and shares are worked out last. */
#ifndef GBL_WHY_H
#define GBL_WHY_H
#include <stdio.h>
#include "base/json.h"
#include "sim/run.h"

enum gbl_why_kind { GBL_WHY_ALL, GBL_WHY_TYPICAL, GBL_WHY_TAIL, GBL_WHY_GROUPS };

typedef struct gbl_why_group {
    int64_t requests;
    int64_t e2el_ns, part_ns[GBL_PARTS]; /* sums over the requests */
} gbl_why_group;

typedef struct gbl_why gbl_why;
/* `name` is what the answer calls the run. */
int gbl_why_new(gbl_why **out, const char *name, gbl_err *err);
void gbl_why_free(gbl_why *w); /* NULL allowed */
/* One request as it leaves; those that did not complete are only counted. */
int gbl_why_add(gbl_why *w, const gbl_life *life, gbl_err *err);
/* Reads a run of a store, 0 = the newest. Refuses runs that keep no requests or no parts (layout 1). */
int gbl_why_read(gbl_why **out, const char *db, int64_t run, gbl_err *err);
/* When all are in: finds the groups. GBL_EINPUT when nothing completed. */
int gbl_why_sort(gbl_why *w, gbl_err *err);
const gbl_why_group *gbl_why_of(const gbl_why *w, enum gbl_why_kind k);
/* The request with that serial, as a group of one; NULL with err filled when it is not there or never completed. */
const gbl_life *gbl_why_request(const gbl_why *w, int64_t serial, gbl_err *err);

/* Members into the open object: of the whole run, or of one request. */
void gbl_why_json(const gbl_why *w, gbl_json *j);
void gbl_why_request_json(const gbl_why *w, const gbl_life *life, gbl_json *j);
int gbl_why_print(const gbl_why *w, FILE *to);
int gbl_why_request_print(const gbl_why *w, const gbl_life *life, FILE *to);

#endif
