#include <inttypes.h>

#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/output.h"
#include "reports/merge.h"

typedef struct merge_opt {
    int32_t json, progress;
} merge_opt;

static const gbl_flag flags[] = {
    GBL_FLAG_JSON(merge_opt, json), GBL_FLAG_PROGRESS(merge_opt, progress), {.row = {.name = NULL}}};

static int print_json(const gbl_merged *m, gbl_err *err)
{
    gbl_json *j = gbl_json_new(2);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_int(j, "sweep", m->sweep);
    gbl_json_int(j, "points", m->points);
    gbl_json_int(j, "merged", m->merged);
    gbl_json_int(j, "there", m->there);
    gbl_json_int(j, "missing", m->missing);
    gbl_json_end(j);
    return gbl_output_json(j, err);
}

static int run(const gbl_call *call, gbl_err *err)
{
    const merge_opt *o = call->opt;
    gbl_merged m;
    gbl_signals_catch();
    int code = gbl_merge(&m, call->arg[0], call->arg + 1, call->n_arg - 1, (enum gbl_progress_mode)o->progress,
                         gbl_signals_flag(), err);
    if (code == GBL_EINTERRUPT) return gbl_signals_fail(err, "nothing was merged");
    if (code) return code;
    if (o->json) return print_json(&m, err);
    printf("%" PRId64 " runs merged, %" PRId64 " were there; %" PRId64 " of %" PRId64 " points in %s as sweep %" PRId64
           "\n",
           m.merged, m.there, m.points - m.missing, m.points, call->arg[0], m.sweep);
    if (m.missing) printf("missing: %" PRId64 " points, the first is point %" PRId64 "\n", m.missing, m.first_missing);
    return GBL_OK;
}

const gbl_command gbl_cmd_merge = {
    .name = "merge",
    .operands = "OUT.db IN.db...",
    .brief = "join the shards of a sweep into one store",
    .about = "The store then holds what one machine would have written. Shards must be of one sweep, one version of the code "
             "and the same cards and traces; the message names what differs. Merging again, or more shards later, adds "
             "only what is missing. All of it is one transaction.",
    .example = {{"gable merge all.db shard-*.db", "every shard in this folder"},
                {"gable merge all.db late.db", "one that came later"}},
    .flags = flags,
    .opt_size = sizeof(merge_opt),
    .least = 2,
    .most = 100000,
    .run = run};
