/* shape.h - a stream of requests cut, thinned, scaled, capped, spread or joined with another: what `gable trace shape` does. */
#ifndef GBL_SHAPE_H
#define GBL_SHAPE_H
#include "traces/trace.h"

/* In this order. Times in s from the first request; NaN and 0 leave things as they are. */
typedef struct gbl_shape {
    const char *merge;       /* path of another trace, joined by arrival; its block ids are made different from the first one's */
    double from_s, until_s;  /* only arrivals in [from, until); from then is time 0 */
    double keep;             /* share of the sessions (of the requests where there are none) that stays, drawn by seed */
    double rate_scale;       /* so many times as fast */
    int64_t cap_input, cap_output; /* tokens; longer ones are cut */
    double spread_s;         /* requests of one instant are spread over so long, at uniform draws in order */
    int64_t limit;           /* requests in all */
    uint64_t seed;
} gbl_shape;

/* From now on gbl_source_next yields the shaped stream. Only for sources that are not closed. The source owns `other` (merge) and
 * closes it, also where this fails. */
int gbl_source_shape(gbl_source *s, const gbl_shape *how, gbl_source *other, gbl_err *err);
/* What was done, as members of the open object. */
void gbl_shape_json(const gbl_shape *how, gbl_json *j);

/* For source.c */
typedef struct gbl_shaper gbl_shaper;
int gbl_shaper_new(gbl_shaper **out, const gbl_shape *how, gbl_source *of, gbl_source *other, gbl_err *err);
void gbl_shaper_free(gbl_shaper *p); /* NULL allowed; closes `other` */
int gbl_shaper_next(gbl_shaper *p, gbl_record *out, gbl_err *err);
int gbl_source_raw(gbl_source *s, gbl_record *out, gbl_err *err); /* the stream as it came */

#endif
