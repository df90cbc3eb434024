/* heap.h - the event queue: a 4-ary indexed heap with a total order (time, class, sequence). A handle stays valid
 * until its event is popped or cancelled. */
#ifndef GBL_HEAP_H
#define GBL_HEAP_H
#include <stdint.h>

typedef struct gbl_event {
    int64_t time_ns;
    uint32_t cls;  /* smaller first at equal times; below 65,536 */
    uint32_t what; /* the caller's */
    int64_t arg;   /* the caller's */
} gbl_event;
typedef struct gbl_heap gbl_heap;
gbl_heap *gbl_heap_new(void);
void gbl_heap_free(gbl_heap *h);
int32_t gbl_heap_push(gbl_heap *h, gbl_event e); /* handle >= 0, or -1 without memory or beyond 16 Mi pending */
const gbl_event *gbl_heap_peek(const gbl_heap *h); /* NULL when empty */
int gbl_heap_pop(gbl_heap *h, gbl_event *out);     /* 1, or 0 when empty */
void gbl_heap_cancel(gbl_heap *h, int32_t handle);
void gbl_heap_move(gbl_heap *h, int32_t handle, int64_t time_ns); /* new time, new place in the sequence */
int64_t gbl_heap_size(const gbl_heap *h);
uint64_t gbl_heap_count(const gbl_heap *h);        /* events popped so far */

#endif
