#include "lib/schemas.h"

#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/baseline.h"
#include "reports/claims.h"
#include "reports/plan.h"
#include "reports/sweep.h"
#include "sim/scenario.h"

static void head(gbl_json *j, const char *title)
{
    gbl_json_str(j, "$schema", "https://json-schema.org/draft/2020-12/schema");
    gbl_json_str(j, "title", title);
}

static void trace_schema(gbl_json *j)
{
    gbl_json_obj(j, NULL);
    head(j, "the trace object of a scenario");
    gbl_json_str(j, "type", "object");
    gbl_json_obj(j, "properties");
    gbl_trace_schema(j);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

/* {"use": name, parameters...} of one policy. */
static void one_policy(gbl_json *j, const gbl_policy *p)
{
    gbl_json_obj(j, p->name);
    gbl_json_str(j, "description", p->help);
    gbl_json_str(j, "type", "object");
    gbl_json_obj(j, "properties");
    gbl_json_obj(j, "use");
    gbl_json_str(j, "const", p->name);
    gbl_json_end(j);
    if (p->params) gbl_param_schema(p->params, j);
    gbl_json_end(j);
    gbl_json_bool(j, "additionalProperties", 0);
    gbl_json_end(j);
}

static void policies_schema(gbl_json *j)
{
    gbl_json_obj(j, NULL);
    head(j, "policies by family, with their parameters");
    gbl_json_obj(j, "$defs");
    for (int f = 0; f < GBL_FAMILIES; f++) {
        const gbl_policy *p = gbl_policy_at((enum gbl_family)f, 0);
        if (!p) continue;
        gbl_json_obj(j, gbl_family_name((enum gbl_family)f));
        for (int i = 0; (p = gbl_policy_at((enum gbl_family)f, i)) != NULL; i++) one_policy(j, p);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    gbl_json_end(j);
}

typedef struct kind {
    const char *name;
    void (*write)(gbl_json *j);
} kind;
static const kind kinds[] = {{"scenario", gbl_scenario_schema}, {"trace", trace_schema}, {"policies", policies_schema}, {"sweep", gbl_sweep_schema},
                             {"plan", gbl_plan_schema}, {"baseline", gbl_baseline_schema}, {"claims", gbl_claims_schema}};
enum { KINDS = sizeof kinds / sizeof *kinds };

int gbl_schema_json(gbl_json *j, const char *name, gbl_err *err)
{
    const char *known[KINDS];
    for (int i = 0; i < KINDS; i++) {
        known[i] = kinds[i].name;
        if (strcmp(name, kinds[i].name) != 0) continue;
        kinds[i].write(j);
        return GBL_OK;
    }
    gbl_fail(err, GBL_EINPUT, "there is no schema of %s", name);
    gbl_expected(err, "scenario, trace, policies, sweep, plan, baseline or claims");
    return gbl_nearest(err, gbl_near(name, known, KINDS));
}
