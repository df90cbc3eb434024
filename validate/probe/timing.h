/* timing.h - repeats launches until their median is known, and says how well. A repetition during which the system gave a core
 * to somebody else (an involuntary switch, getrusage) is no measurement and not counted, but where the clock is the one thread's own. */
#ifndef GBL_TIMING_H
#define GBL_TIMING_H
#include "validate/probe/backend.h"

typedef struct gbl_timing {
    double median_s, low_s, high_s; /* the median's 95 % interval by order statistics */
    int repetitions, noisy;         /* noisy: (high - low)/median above 5 %, or fewer than six undisturbed repetitions */
} gbl_timing;

typedef struct gbl_timing_ask {
    int cold;         /* empty the caches before each repetition */
    int least, most;  /* undisturbed repetitions; least >= 6 for an interval */
    double tight;     /* (high - low)/median that is good enough */
    double budget_s;  /* of kernel time and flushes; four times it for the first `least` */
} gbl_timing_ask;

/* The launches together are one repetition; a first one warms up and is not counted. */
int gbl_time(gbl_backend *b, const gbl_launch *launch, int n, const gbl_timing_ask *ask, gbl_timing *out, gbl_err *err);
/* From n seconds, which it sorts. */
void gbl_timing_of(gbl_timing *out, double *s, int n);

#endif
