/* face.h - what a terminal gets around an answer and a pipe does not: a box with the summary of a run, and its time line as
 * sparklines. */
#ifndef GBL_FACE_H
#define GBL_FACE_H
#include "sim/run.h"

/* The time line of a run, replicas added up, a point an instant. */
typedef struct gbl_face {
    double *running, *waiting, *blocks;
    size_t n, room[3];
    int64_t first_ns, last_ns;
    gbl_run_options inner; /* whose callback is called after */
} gbl_face;

int gbl_face_wanted(int json); /* standard output is a terminal, and is not to be JSON */
/* Takes the samples of a run, then hands them to whoever had asked for them before. */
void gbl_face_listen(gbl_face *f, gbl_run_options *opt);
int gbl_face_sample(void *face, const gbl_sample *s, gbl_err *err);
void gbl_face_fini(gbl_face *f);

/* Verdict and the few numbers people ask for first. */
void gbl_face_summary(const gbl_scenario *s, const gbl_result *r, FILE *to);
/* Running, waiting and KV blocks over time; nothing without samples. */
void gbl_face_series(const gbl_face *f, FILE *to);

#endif
