/* once.h - whether a list of ids has one twice. In a chain that cannot be: an id stands for everything before it, too. */
#ifndef GBL_ONCE_H
#define GBL_ONCE_H
#include <stddef.h>
#include <stdint.h>

typedef struct gbl_once { /* scratch, zeroed before its first use */
    uint64_t *id;
    uint32_t *when;
    size_t room;
    uint32_t now;
} gbl_once;
/* Ids before the first that stands there already; n where there is none; -1 without memory. */
int32_t gbl_once_run(gbl_once *o, const uint64_t *ids, int32_t n);
void gbl_once_fini(gbl_once *o);

#endif
