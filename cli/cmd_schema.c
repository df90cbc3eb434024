#include "cli/command.h"
#include "cli/output.h"
#include "lib/schemas.h"

typedef struct schema_opt {
    int32_t json;
} schema_opt;

static const gbl_flag flags[] = {{.row = {.name = "json",
                                          .type = GBL_P_BOOL,
                                          .offset = offsetof(schema_opt, json),
                                          .dflt = "false",
                                          .help = "changes nothing: a schema is JSON"}},
                                 {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    int code = j ? gbl_schema_json(j, call->arg[0], err) : gbl_nomem(err, 0);
    if (!code) return gbl_output_json(j, err);
    gbl_json_free(j);
    return code;
}

const gbl_command gbl_cmd_schema = {
    .name = "schema",
    .operands = "scenario|trace|policies|sweep|plan|baseline|claims",
    .brief = "JSON Schema of a document: every key, default, range",
    .about = "For editors that check JSON while one types, and for programs that write scenarios.",
    .example = {{"gable schema scenario > scenario.schema.json", "every key of a scenario with its default"},
                {"gable schema policies", "the parameters of every policy"}},
    .flags = flags,
    .opt_size = sizeof(schema_opt),
    .least = 1,
    .most = 1,
    .words = "scenario|trace|policies|sweep|plan|baseline|claims",
    .run = run};
