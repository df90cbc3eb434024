#include "cli/scene.h"

#include <inttypes.h>
#include <string.h>

#include "lib/catalogue.h"

static int check_set(const char *text, gbl_err *err)
{
    const char *equals = strchr(text, '=');
    if (equals && equals != text && equals[1]) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "cannot read --set %s", text);
    gbl_where(err, "--set");
    return gbl_expected(err, "--set KEY=VALUE, as in --set cluster.tp=2");
}

int gbl_scene_sets(const gbl_scene_opt *o, gbl_arena *a, const char ***out, size_t *n_out, gbl_err *err)
{
    size_t n = o->set.n;
    const char **sets = *out = gbl_arena_take(a, (n + 1) * sizeof *sets);
    if (!sets) return gbl_nomem(err, (n + 1) * sizeof *sets);
    for (size_t i = 0; i < n; i++) {
        int code = check_set(o->set.item[i], err);
        if (code) return code;
        sets[i] = o->set.item[i];
    }
    if (o->seed != GBL_NULL_INT && !(sets[n++] = gbl_arena_printf(a, "run.seed=%" PRId64, o->seed)))
        return gbl_nomem(err, 32);
    *n_out = n;
    return GBL_OK;
}

int gbl_scene_open(gbl_scenario **out, const char *path, const gbl_scene_opt *o, gbl_arena *a, gbl_err *err)
{
    const char **sets = NULL;
    size_t n = 0;
    if (gbl_catalogue_there(a, err)) return err->code;
    int code = gbl_scene_sets(o, a, &sets, &n, err);
    return code ? code : gbl_scenario_open(out, path, sets, n, err);
}
