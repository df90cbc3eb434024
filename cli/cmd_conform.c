#include <string.h>

#include "cli/command.h"
#include "cli/output.h"
#include "sim/conform.h"

static int is_path(const char *text) { return strchr(text, '/') && strstr(text, ".so"); }

static int run(const gbl_call *call, gbl_err *err)
{
    const char *first = call->n_arg > 0 ? call->arg[0] : NULL, *second = call->n_arg > 1 ? call->arg[1] : NULL;
    const char *plugin = first && (is_path(first) || second) ? first : NULL;
    int failed = gbl_conform(plugin, plugin ? second : first, stdout, err);
    if (err->code) return err->code;
    return failed ? gbl_fail(err, GBL_EFAULT, "%d checks failed", failed) : GBL_OK;
}

static const gbl_flag flags[] = {{.row = {.name = NULL}}};

const gbl_command gbl_cmd_conform = {
    .name = "conform",
    .operands = "[PLUGIN.so] [NAME]",
    .brief = "check that a policy keeps its contract",
    .about = "Runs small scenarios with each policy of a plug-in (or of gable, without one; or just NAME): no call may break a rule, a "
             "held plan must be the plan that is asked for at every step, the same seed must give the same bytes again and while a second "
             "run goes on beside it. One line a check; exit 1 when one fails, 2 when the plug-in cannot be loaded.",
    .example = {{"gable conform ./mine.so", "every policy of a plug-in"}, {"gable conform evict/arc", "one of gable's own"}},
    .flags = flags,
    .opt_size = 1,
    .most = 2,
    .run = run};
