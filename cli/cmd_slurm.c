#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/catalogue.h"
#include "cli/command.h"
#include "cli/fleet.h"
#include "cli/output.h"
#include "cli/scene.h"
#include "reports/keep.h"
#include "reports/sweep.h"

typedef struct slurm_opt {
    gbl_scene_opt scene;
    const char *out, *time, *partition;
    int64_t tasks, jobs;
    int32_t requests;
} slurm_opt;

static const gbl_flag flags[] = {
    GBL_FLAG_SET(slurm_opt, scene),
    GBL_FLAG_SEED(slurm_opt, scene),
    {.row = {.name = "out",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(slurm_opt, out),
             .dflt = "null",
             .help = "folder for the script, the logs and the shards, made if it is not there; on a file system that all "
                     "nodes see"},
     .arg = "DIR",
     .letter = 'o'},
    {.row = {.name = "tasks",
             .type = GBL_P_INT,
             .offset = offsetof(slurm_opt, tasks),
             .dflt = "16",
             .low = 1,
             .high = 100000,
             .help = "tasks of the array, at most one a point"},
     .arg = "N"},
    {.row = {.name = "jobs",
             .type = GBL_P_INT,
             .offset = offsetof(slurm_opt, jobs),
             .dflt = "1",
             .low = 1,
             .high = 1024,
             .help = "runs at a time in each task, and its CPUs"},
     .arg = "N",
     .letter = 'j'},
    {.row = {.name = "time",
             .type = GBL_P_STR,
             .offset = offsetof(slurm_opt, time),
             .dflt = "\"01:00:00\"",
             .help = "limit of a task, as Slurm writes it; a task that was cut off goes on when submitted again"},
     .arg = "TIME"},
    {.row = {.name = "partition",
             .type = GBL_P_STR,
             .flags = GBL_P_NULLABLE,
             .offset = offsetof(slurm_opt, partition),
             .dflt = "null",
             .help = "the cluster's partition; without it Slurm's default"},
     .arg = "NAME"},
    GBL_FLAG_REQUESTS(slurm_opt, requests),
    {.row = {.name = NULL}}};

enum { SLURM_ARRAY_MOST = 1000 }; /* the largest index under Slurm's default MaxArraySize of 1001 (slurm.conf(5)) */

/* In single quotes for the shell, whatever is in it. */
static const char *quoted(gbl_arena *a, const char *text)
{
    char *out = gbl_arena_take(a, 4 * strlen(text) + 3), *to = out;
    if (!out) return "";
    *to++ = '\'';
    for (const char *p = text; *p; p++) {
        if (*p == '\'') to += sprintf(to, "'\\''");
        else *to++ = *p;
    }
    *to = '\'';
    return out;
}

/* Absolute, since a task starts in another folder on another machine. */
static const char *absolute(gbl_arena *a, const char *path, gbl_err *err)
{
    char *real = realpath(path, NULL);
    const char *out = real ? gbl_arena_text(a, real) : NULL;
    if (!real) gbl_fail(err, GBL_EINPUT, "cannot find %s: %s", path, strerror(errno));
    else if (!out) gbl_nomem(err, strlen(real));
    free(real);
    return out;
}

/* A line of #SBATCH ends where the text has an end of line, and a blank would start another option. */
static int check_word(const char *flag, const char *text, gbl_err *err)
{
    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-:.,";
    if (!text || (text[0] && strspn(text, good) == strlen(text))) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "Slurm does not take --%s %.80s", flag, text);
    gbl_where(err, "--%s", flag);
    return gbl_expected(err, "letters, digits and any of _-:.,");
}

/* *made: it was not there, so it goes again if nothing comes to lie in it. */
static int make_folder(const char *path, int *made, gbl_err *err)
{
    *made = mkdir(path, 0777) == 0;
    if (*made || errno == EEXIST) return GBL_OK;
    gbl_fail(err, GBL_EINPUT, "cannot make the folder %s: %s", path, strerror(errno));
    gbl_where(err, "-o");
    return gbl_expected(err, "a folder whose parent is there and may be written to");
}

static void write_head(FILE *f, const slurm_opt *o, const char *folder, int64_t tasks)
{
    fputs("#!/bin/sh\n#SBATCH --job-name=gable-sweep\n", f);
    fprintf(f, "#SBATCH --array=1-%" PRId64 "\n#SBATCH --ntasks=1\n#SBATCH --cpus-per-task=%" PRId64 "\n", tasks, o->jobs);
    fprintf(f, "#SBATCH --time=%s\n", o->time);
    if (o->partition) fprintf(f, "#SBATCH --partition=%s\n", o->partition);
    fprintf(f, "#SBATCH --output=\"%s/shard-%%a.log\"\n", folder);
    /* No --signal: at the limit Slurm sends TERM by itself, on which gable keeps what is done, and asking for it earlier may
     * cost a task up to a minute and a half of its time. A task that is requeued adds to its log. */
    fputs("#SBATCH --requeue\n#SBATCH --open-mode=append\n\n", f);
}

static void write_task(FILE *f, const slurm_opt *o, const char *self, const char *data, const char *sweep, const char *folder,
                       int64_t tasks, gbl_arena *a)
{
    if (data) fprintf(f, "export GABLE_DATA=%s\n", quoted(a, data));
    fprintf(f, "exec %s sweep %s \\\n", quoted(a, self), quoted(a, sweep));
    for (size_t i = 0; i < o->scene.set.n; i++) fprintf(f, "  --set %s \\\n", quoted(a, o->scene.set.item[i]));
    if (o->scene.seed != GBL_NULL_INT) fprintf(f, "  --seed %" PRId64 " \\\n", o->scene.seed);
    fprintf(f, "  --requests %s -j %" PRId64 " --top 5 \\\n", gbl_keep_word[o->requests], o->jobs);
    fprintf(f, "  --shard \"$SLURM_ARRAY_TASK_ID/%" PRId64 "\" --resume --db %s/shard-\"$SLURM_ARRAY_TASK_ID\".db\n",
            tasks, quoted(a, folder));
}

static int write_script(const gbl_call *call, const char *sweep, int64_t points, gbl_err *err)
{
    const slurm_opt *o = call->opt;
    gbl_arena *a = call->arena;
    int64_t tasks = o->tasks < points ? o->tasks : points;
    const char *folder = absolute(a, o->out, err), *self = folder ? absolute(a, "/proc/self/exe", err) : NULL;
    const char *set = getenv("GABLE_DATA"), *data = self && set && set[0] ? absolute(a, set, err) : NULL;
    if (!self || (set && set[0] && !data)) return err->code;
    if (strpbrk(folder, "\"\n\\%")) {
        gbl_fail(err, GBL_EINPUT, "Slurm cannot write into this folder: %.200s", folder);
        gbl_where(err, "-o");
        return gbl_expected(err, "a path without quotes, backslashes, percent signs and line ends");
    }
    const char *path = gbl_arena_printf(a, "%s/sweep.sbatch", folder);
    FILE *spool = path ? gbl_spool_new(err) : NULL;
    if (!spool) return path ? err->code : gbl_nomem(err, 0);
    write_head(spool, o, folder, tasks);
    write_task(spool, o, self, data, sweep, folder, tasks, a);
    int code = gbl_spool_deliver(spool, path, err);
    if (code) return code;
    printf("# %" PRId64 " points in %" PRId64 " tasks; when they are done, or some of them:\n", points, tasks);
    printf("#   %s merge %s/merged.db %s/shard-*.db\n", quoted(a, self), quoted(a, folder), quoted(a, folder));
    if (tasks > SLURM_ARRAY_MOST)
        printf("# Slurm takes as many where MaxArraySize (scontrol show config) is above %" PRId64 "; its default is %d\n", tasks,
               SLURM_ARRAY_MOST + 1);
    printf("sbatch %s\n", quoted(a, path));
    return GBL_OK;
}

static int write_job(const gbl_call *call, const char *sweep, int64_t points, gbl_err *err)
{
    const slurm_opt *o = call->opt;
    int made, code = make_folder(o->out, &made, err);
    if (!code && (code = write_script(call, sweep, points, err)) != GBL_OK && made) rmdir(o->out);
    return code;
}

static int run(const gbl_call *call, gbl_err *err)
{
    const slurm_opt *o = call->opt;
    const char **sets = NULL;
    size_t n = 0;
    gbl_sweep *sweep = NULL;
    if (!o->out) {
        gbl_fail(err, GBL_EINPUT, "gable slurm lacks -o");
        return gbl_expected(err, "-o DIR, a folder for the script and the shards");
    }
    if (strcmp(call->arg[0], "-") == 0) {
        gbl_fail(err, GBL_EINPUT, "the tasks cannot read a sweep from standard input");
        return gbl_expected(err, "the name of a file that all nodes see");
    }
    int code = gbl_catalogue_there(call->arena, err);
    if (!code) code = check_word("time", o->time, err);
    if (!code) code = check_word("partition", o->partition, err);
    if (!code) code = gbl_scene_sets(&o->scene, call->arena, &sets, &n, err);
    if (!code) code = gbl_sweep_open(&sweep, call->arg[0], sets, n, err);
    const char *path = code ? NULL : absolute(call->arena, call->arg[0], err);
    if (!code) code = path ? write_job(call, path, (int64_t)gbl_sweep_size(sweep), err) : err->code;
    gbl_sweep_free(sweep);
    return code;
}

const gbl_command gbl_cmd_slurm = {
    .name = "slurm",
    .operands = "SWEEP.json",
    .brief = "write a sweep as an array job for Slurm",
    .about = "Checks every point, writes DIR/sweep.sbatch and prints the line that submits it. Each task simulates one shard "
             "into a store of its own, with a rollback journal as network file systems need it; a task that was cut off "
             "goes on where it was. `gable merge` joins the shards.",
    .example = {{"gable slurm sweep.json --tasks 64 --time 02:00:00 -o job", "then: sbatch job/sweep.sbatch"},
                {"gable merge job/merged.db job/shard-*.db", "when the tasks are done"}},
    .flags = flags,
    .opt_size = sizeof(slurm_opt),
    .least = 1,
    .most = 1,
    .run = run};
