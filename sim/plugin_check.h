/* plugin_check.h - what a plug-in's data symbol must be before anything of it is used: every table, row and text lies in memory
 * that is loaded and can be read, every hook in code, sizes and versions are this program's, parameters lie inside the state and
 * their defaults are values of theirs. What its hooks do is beyond any check (gable conform tries). */
#ifndef GBL_PLUGIN_CHECK_H
#define GBL_PLUGIN_CHECK_H
#include "base/err.h"
#include "base/mem.h"
#include "policies/policy.h"

enum { GBL_PLUGIN_POLICIES = 256, GBL_PLUGIN_PARAMETERS = 256, GBL_PLUGIN_TEXT = 4096 };
#define GBL_PLUGIN_STATE (UINT32_C(1) << 30) /* most bytes of state */
#define GBL_PLUGIN_EACH (UINT32_C(1) << 16)  /* and of a block's, of a request's */

typedef struct gbl_image_part {
    const char *at;
    size_t size;
    int code; /* it can be executed */
} gbl_image_part;
/* What can be read: the loaded objects of the process, or what a test makes. */
typedef struct gbl_image {
    gbl_image_part *part;
    size_t n, room;
} gbl_image;
int gbl_image_loaded(gbl_image *out, gbl_err *err); /* everything that is loaded now; gbl_image_fini, also after an error */
void gbl_image_fini(gbl_image *image);

/* `symbol` is the address of its gbl_export (NULL: it has none), `path` what messages call it. *list: its policies, NULL-terminated. */
int gbl_plugin_check(const void *symbol, const gbl_image *image, const char *path, const gbl_policy *const **list, gbl_err *err);

#endif
