#include <string.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "reports/plan.h"
#include "sim/scenario.h"

typedef struct schema_opt {
    int32_t json;
} schema_opt;

static const gbl_flag flags[] = {{.row = {.name = "json",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(schema_opt, json),
                                          .dflt = "false",
                                          .help = "changes nothing: a schema is JSON"}},
                                 {.row = {.name = NULL}}};

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
static const kind kinds[] = {{"scenario", gbl_scenario_schema}, {"trace", trace_schema}, {"policies", policies_schema}, {"plan", gbl_plan_schema}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int run(const gbl_call *call, gbl_err *err)
{
    const char *known[KINDS];
    for (int i = 0; i < KINDS; i++) {
        known[i] = kinds[i].name;
        if (strcmp(call->arg[0], kinds[i].name) != 0) continue;
        gbl_json *j = gbl_json_new(2);
        if (j) kinds[i].write(j);
        return gbl_output_json(j, err);
    }
    gbl_fail(err, GBL_EINPUT, "there is no schema of %s", call->arg[0]);
    gbl_expected(err, "scenario, trace, policies or plan");
    return gbl_nearest(err, gbl_near(call->arg[0], known, KINDS));
}

const gbl_command gbl_cmd_schema = {
    .name = "schema",
    .operands = "scenario|trace|policies|plan",
    .brief = "JSON Schema of a document: every key, default, range",
    .about = "For editors that check JSON while one types, and for programs that write scenarios.",
    .example = {{"gable schema scenario > scenario.schema.json", "every key of a scenario with its default"},
                {"gable schema policies", "the parameters of every policy"}},
    .flags = flags,
    .opt_size = sizeof(schema_opt),
    .least = 1,
    .most = 1,
    .words = "scenario|trace|policies|plan",
    .run = run};
