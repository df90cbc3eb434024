/* plugin.h - policies from a shared object: {"plugin": "./mine.so", "use": name}. A plug-in is built from the very source of a
 * built-in (policies/policy.h alone): it exports one symbol, `gable_policies`, and calls back only through the host table.
 *
 *   cc -shared -fPIC -O2 -I INCLUDE -o mine.so mine.c
 *
 * It is loaded from a path with a slash, beside the document or in the current folder, and never searched for. What it was built
 * against is checked before anything of it is called: the word at its head, its ABI and its policies' ABI, the size of each
 * family's table, names, and parameters that lie inside the state it asks for. */
#ifndef GBL_PLUGIN_H
#define GBL_PLUGIN_H
#include "base/err.h"
#include "base/mem.h"
#include "policies/policy.h"

typedef struct gbl_plugin {
    const char *path; /* as given */
    uint64_t hash;    /* of the file */
    void *handle;
    const gbl_policy *const *list; /* ends with NULL */
} gbl_plugin;

/* `folder`: of the document that names it, or "". GBL_EINPUT: no such file, no shared object, no plug-in, another ABI (both
 * versions are named), a table that contradicts itself. Strings live in `a`. */
int gbl_plugin_open(gbl_plugin **out, const char *path, const char *folder, gbl_arena *a, gbl_err *err);
void gbl_plugin_close(gbl_plugin *p); /* NULL allowed; nothing of it may be called any more */

#endif
