#include "cli/command.h"
#include "cli/output.h"
#include "lib/explain.h"

typedef struct explain_opt {
    int32_t json;
} explain_opt;

static const gbl_flag flags[] = {GBL_FLAG_JSON(explain_opt, json), {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    const explain_opt *o = call->opt;
    if (!o->json) return gbl_explain_print(stdout, call->arg[0], call->arena, err);
    gbl_json *j = gbl_json_new(2);
    int code = j ? gbl_explain_json(j, call->arg[0], call->arena, err) : gbl_nomem(err, 0);
    if (!code) return gbl_output_json(j, err);
    gbl_json_free(j);
    return code;
}

const gbl_command gbl_cmd_explain = {.name = "explain",
                                     .operands = "[KIND/]NAME",
                                     .brief = "one card, policy or generator in full, with its sources",
                                     .about = "A card: every number with where it comes from. A policy: what it does, "
                                              "what it follows, its parameters with default, range and "
                                              "unit; so do the generators' arrival/, length/, think/ and generate/ "
                                              "(arrival/bursts, generate/copula). Where a name is several things, they are listed as KIND/NAME.",
                                     .example = {{"gable explain h100-sxm", "a GPU's data sheet and calibration"},
                                                 {"gable explain schedule/chunked", "a policy of one family"}},
                                     .flags = flags,
                                     .opt_size = sizeof(explain_opt),
                                     .least = 1,
                                     .most = 1,
                                     .run = run};
