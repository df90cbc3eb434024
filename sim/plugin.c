#include "sim/plugin.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

#include "base/param.h"
#include "base/text.h"
#include "sim/policy_table.h"

static const struct { uint32_t size; const char *word; } tables[GBL_FAMILIES] = {
    [GBL_ROUTE] = {sizeof(gbl_route_policy), "gbl_route_policy"},       [GBL_ADMIT] = {sizeof(gbl_admit_policy), "gbl_admit_policy"},
    [GBL_SCHEDULE] = {sizeof(gbl_schedule_policy), "gbl_schedule_policy"}, [GBL_PREEMPT] = {sizeof(gbl_preempt_policy), "gbl_preempt_policy"},
    [GBL_KVMEM] = {sizeof(gbl_kvmem_policy), "gbl_kvmem_policy"},       [GBL_PREFIX] = {sizeof(gbl_prefix_policy), "gbl_prefix_policy"},
    [GBL_EVICT] = {sizeof(gbl_evict_policy), "gbl_evict_policy"},       [GBL_COMPRESS] = {sizeof(gbl_compress_policy), "gbl_compress_policy"},
    [GBL_PREFETCH] = {sizeof(gbl_prefetch_policy), "gbl_prefetch_policy"}, [GBL_SCALE] = {sizeof(gbl_scale_policy), "gbl_scale_policy"},
    [GBL_EXECUTE] = {sizeof(gbl_execute_policy), "gbl_execute_policy"}};

static int refuse(const char *path, gbl_err *err, const char *expected) {
    gbl_where(err, "%s", path);
    return gbl_expected(err, "%s", expected);
}

static uint32_t width(uint8_t type) {
    switch (type) {
    case GBL_P_BOOL:
    case GBL_P_CHOICE: return sizeof(int32_t);
    case GBL_P_INT: return sizeof(int64_t);
    case GBL_P_REAL: return sizeof(double);
    default: return sizeof(const char *);
    }
}

/* A parameter is written at its offset before init: it must lie inside. */
static int check_params(const gbl_policy *p, const char *path, gbl_err *err) {
    for (const gbl_param *row = p->params; row && row->name; row++) {
        const char *word;
        int other;
        if (row->when && !gbl_param_condition(p->params, row, &word, &other)) {
            gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter '%s' is read when %.60s, and there is no such choice", p->name, row->name, row->when);
            return refuse(path, err, "the name of a choice among the parameters, =, and one of its words");
        }
        if (row->type <= GBL_P_CHOICE && (uint64_t)row->offset + width(row->type) <= p->state_size && row->help) continue;
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': parameter '%s' lies outside its state of %u bytes, or has no type or help", p->name, row->name, p->state_size);
        return refuse(path, err, "offsetof() into the struct whose size is state_size");
    }
    return 0;
}

static int check_policy(const gbl_policy *p, const char *path, gbl_err *err) {
    if (!p->name || !*p->name || p->family >= GBL_FAMILIES || !tables[p->family].size) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s' is of a family that takes no policies (%d)", p->name ? p->name : "", p->family);
        return refuse(path, err, "a name, and route, admit, schedule, preempt, kvmem, prefix, evict, compress, prefetch, execute or scale");
    }
    if (p->abi != GBL_ABI) {
        gbl_fail(err, GBL_EINPUT, "plug-in policy '%s' was built for version %d of the %s family; this gable has version %d", p->name, p->abi, gbl_family_name(p->family), GBL_ABI);
        return refuse(path, err, "a plug-in built with this gable's policy.h");
    }
    if (p->size == tables[p->family].size) return check_params(p, path, err);
    gbl_fail(err, GBL_EINPUT, "plug-in policy '%s': its %s has %u bytes, this gable's %u", p->name, tables[p->family].word, p->size, tables[p->family].size);
    return refuse(path, err, "a plug-in built with this gable's policy.h");
}

static int check(gbl_plugin *p, gbl_err *err) {
    const gbl_export *e = dlsym(p->handle, "gable_policies");
    if (!e || e->magic != GBL_POLICY_MAGIC) {
        gbl_fail(err, GBL_EINPUT, e ? "its symbol gable_policies is not a gable plug-in's" : "the shared object has no symbol gable_policies");
        return refuse(p->path, err, "a plug-in: a policy file that ends with GBL_EXPORT, built with -shared -fPIC");
    }
    if (e->abi != GBL_ABI) {
        gbl_fail(err, GBL_EINPUT, "the plug-in was built for ABI %u; this gable has ABI %d", e->abi, GBL_ABI);
        return refuse(p->path, err, "a plug-in built with this gable's policy.h");
    }
    p->list = e->list;
    for (int i = 0; p->list && p->list[i]; i++)
        if (check_policy(p->list[i], p->path, err)) return err->code;
    if (p->list && p->list[0]) return 0;
    gbl_fail(err, GBL_EINPUT, "the plug-in lists no policy");
    return refuse(p->path, err, "GBL_EXPORT(&one.head, ...)");
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
