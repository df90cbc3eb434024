#include "traces/once.h"
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

static int make_room(gbl_once *o, size_t n)
{
    size_t room = 64;
    while (room < 2 * n) room *= 2;
    if (room <= o->room) return 0;
    gbl_once_fini(o);
    o->id = gbl_alloc(room, sizeof *o->id);
    o->when = gbl_alloc(room, sizeof *o->when);
    if (!o->id || !o->when) return gbl_once_fini(o), -1;
    o->room = room;
    return 0;
}

static int32_t look(gbl_once *o, const uint64_t *ids, int32_t n)
{
    if (make_room(o, (size_t)n)) return -1;
    if (!++o->now) { /* the stamps have been through all their values */
        memset(o->when, 0, o->room * sizeof *o->when);
        o->now = 1;
    }
    for (int32_t i = 0; i < n; i++) {
        size_t at = gbl_mix64(0, ids[i]) & (o->room - 1);
        for (; o->when[at] == o->now; at = (at + 1) & (o->room - 1))
            if (o->id[at] == ids[i]) return i;
        o->when[at] = o->now;
        o->id[at] = ids[i];
    }
    return n;
}

int32_t gbl_once_run(gbl_once *o, const uint64_t *ids, int32_t n)
{
    int32_t rising = 1;
    while (rising < n && ids[rising] > ids[rising - 1]) rising++;
    return rising >= n ? n : look(o, ids, n);
}

void gbl_once_fini(gbl_once *o)
{
    gbl_free(o->id);
    gbl_free(o->when);
    *o = (gbl_once){0};
}
