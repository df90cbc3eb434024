#include "cli/command.h"
#include "cli/output.h"
#include "lib/listing.h"

typedef struct list_opt {
    int32_t json;
} list_opt;

static const gbl_flag flags[] = {GBL_FLAG_JSON(list_opt, json), {.row = {.name = NULL}}};

static int run(const gbl_call *call, gbl_err *err)
{
    const list_opt *o = call->opt;
    const char *kind = call->n_arg ? call->arg[0] : NULL;
    if (!o->json) return gbl_list_print(stdout, kind, call->arena, err);
    gbl_json *j = gbl_json_new(2);
    int code = j ? gbl_list_json(j, kind, call->arena, err) : gbl_nomem(err, 0);
    if (!code) return gbl_output_json(j, err);
    gbl_json_free(j);
    return code;
}

const gbl_command gbl_cmd_list = {
    .name = "list",
    .operands = "[hardware|llm|runtime|policies|cards|formats]",
    .brief = "what there is: cards, policies, trace formats",
    .about = "Names as they are written in scenarios and flags. Without an operand everything but the files of the "
             "cards. `gable explain NAME` "
             "tells one thing in full.",
    .example = {{"gable list policies", "every policy with its family, one sentence, its source"},
                {"gable list hardware --json", "the cards' numbers in base units"}},
    .flags = flags,
    .opt_size = sizeof(list_opt),
    .most = 1,
    .words = "hardware|llm|runtime|policies|cards|formats",
    .run = run};
