#include "sim/plugin.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "sim/plugin_check.h"

static int refuse(const char *path, gbl_err *err, const char *expected) {
    gbl_where(err, "%s", path);
    return gbl_expected(err, "%s", expected);
}

static int check(gbl_plugin *p, gbl_err *err) {
    gbl_image image;
    int code = gbl_image_loaded(&image, err);
    if (!code) code = gbl_plugin_check(dlsym(p->handle, "gable_policies"), &image, p->path, &p->list, err);
    gbl_image_fini(&image);
    return code;
}

int gbl_plugin_open(gbl_plugin **out, const char *path, const char *folder, gbl_arena *a, gbl_err *err) {
    gbl_plugin *p = gbl_arena_take(a, sizeof *p);
    *out = NULL;
    if (!p) return gbl_nomem(err, sizeof *p);
    p->path = gbl_arena_text(a, path);
    if (!strchr(path, '/')) {
        gbl_fail(err, GBL_EINPUT, "a plug-in is a path with a slash, and '%s' has none", path);
        return gbl_expected(err, "./%s", path);
    }
    const char *file = gbl_find_path(a, folder, path);
    if (!file || !p->path) return gbl_nomem(err, strlen(path));
    if (access(file, R_OK)) {
        gbl_fail(err, GBL_EINPUT, "cannot read the plug-in %s", path);
        return gbl_expected(err, "a shared object, beside the document or in the current folder");
    }
    if (gbl_file_hash(file, &p->hash, err)) return err->code;
    p->handle = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!p->handle) {
        gbl_fail(err, GBL_EINPUT, "cannot load the plug-in: %s", dlerror());
        return refuse(path, err, "a shared object for this machine that needs nothing but the C library");
    }
    if (check(p, err)) {
        gbl_plugin_close(p);
        return err->code;
    }
    *out = p;
    return 0;
}

void gbl_plugin_close(gbl_plugin *p) {
    if (p && p->handle) dlclose(p->handle);
    if (p) p->handle = NULL;
}
