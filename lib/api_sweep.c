/* api_sweep.c - gable_sweep: many simulations in threads. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/api.h"
#include "reports/sweep_run.h"

static int sweep_text(char **json, const gbl_swept *swept, gbl_err *err)
{
    size_t size = 0;
    *json = NULL;
    FILE *to = open_memstream(json, &size);
    if (!to) return gbl_nomem(err, 0);
    int code = gbl_standings_json(swept->standings, GBL_STAND_GOODPUT, to, err);
    if (fclose(to) != 0 && !code) code = gbl_nomem(err, size);
    if (!code && size && (*json)[size - 1] == '\n') (*json)[size - 1] = '\0';
    if (code) {
        free(*json);
        *json = NULL;
    }
    return code;
}

static int check(gbl_sweep_ask *ask, const gable_options *o, gbl_err *err)
{
    if (o->resume && !o->db) {
        gbl_fail(err, GBL_EINPUT, "resume has no store to look into");
        return gbl_expected(err, "resume together with db");
    }
    ask->shard = (gbl_shard){1, 1};
    if (o->jobs < 0 || o->jobs > 1024) {
        gbl_fail(err, GBL_EINPUT, "%d runs at a time", o->jobs);
        gbl_where(err, "jobs");
        return gbl_expected(err, "0 (one a core) to 1024");
    }
    if (!o->of_shards) return GBL_OK;
    if (o->of_shards < 1 || o->shard < 1 || o->shard > o->of_shards) {
        gbl_fail(err, GBL_EINPUT, "there is no shard %d of %d", o->shard, o->of_shards);
        return gbl_expected(err, "a shard from 1 to of_shards");
    }
    ask->shard = (gbl_shard){o->shard, o->of_shards};
    ask->is_shard = 1;
    return GBL_OK;
}

int gable_sweep(char **json, const gable_document *document, const gable_options *options, gable_error *err)
{
    gable_options o = gbl_api_options(options);
    gbl_err e = {0};
    gbl_doc *doc = NULL;
    gbl_sweep *sweep = NULL;
    gbl_swept swept = {0};
    gbl_sweep_ask ask = {.db = o.db,
                         .resume = o.resume,
                         .jobs = o.jobs,
                         .threads = 1,
                         .requests = o.keep == GABLE_KEEP_NONE ? GBL_KEEP_NONE : o.keep == GABLE_KEEP_ALL ? GBL_KEEP_ALL : GBL_KEEP_SAMPLE,
                         .progress = GBL_PROGRESS_OFF,
                         .stop = o.cancel};
    *json = NULL;
    int code = check(&ask, &o, &e);
    if (!code) code = gbl_api_document(&doc, document, &o, 0, &e);
    if (!code) code = gbl_sweep_bind(&sweep, doc, o.set, o.n_set, &e);
    ask.sweep = sweep;
    if (!code) code = gbl_sweep_run(&swept, &ask, &e);
    if (!code) code = sweep_text(json, &swept, &e);
    gbl_swept_fini(&swept);
    gbl_sweep_free(sweep);
    return code ? gbl_api_fail(err, &e) : GABLE_OK;
}
