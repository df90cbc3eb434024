/* scale.h - replicas that come and go: the scale policy looks at intervals and says how many it wants. One more starts after the
 * policy's delay; one less takes no new request, ends those it has, and is given back, its cache lost, at the next look. Time
 * from asking to giving back is held, and paid. */
#ifndef GBL_SCALE_H
#define GBL_SCALE_H
#include <stdint.h>
#include "base/err.h"

struct gbl_engine;
struct gbl_replica;
enum gbl_power { GBL_ON, GBL_STARTING, GBL_DRAINING, GBL_OFF };
typedef struct gbl_scaler {
    void *state;       /* NULL: the number is fixed */
    int32_t started, stopped, most_up;
} gbl_scaler;

int gbl_scale_init(struct gbl_engine *e, gbl_err *err);
void gbl_scale_fini(struct gbl_engine *e);
void gbl_scale_look(struct gbl_engine *e);                /* an interval is over */
void gbl_scale_up(struct gbl_engine *e, int32_t replica); /* its delay is over */
void gbl_scale_end(struct gbl_engine *e);                 /* the run is: what is held is held until now */
int gbl_scale_is_over(const struct gbl_engine *e, int what); /* an event of the scaler after the last request */
int gbl_scale_takes(const struct gbl_replica *r);         /* new requests */

#endif
