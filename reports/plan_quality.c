/* plan_quality.c - speed at a quality held fixed: choices of compression are judged by what their authors published. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/param.h"
#include "reports/plan_parts.h"

#define AT(field) offsetof(gbl_planner, field)
static const gbl_param rows[] = {
    {"task", GBL_P_STR, GBL_P_NULLABLE, AT(task), "null", 0, 0, NULL, NULL, "Benchmark by its name's beginning; null: whatever was measured."},
    {"most_loss", GBL_P_REAL, 0, AT(most_loss), "0.01", 0, 1, "share", NULL, "Of the uncompressed model's score."},
    {0}};

void gbl_plan_quality_schema(gbl_json *j)
{
    gbl_param_schema_part("quality", rows, NULL, j);
    gbl_json_end(j);
}

int gbl_plan_read_quality(gbl_planner *p, gbl_err *err)
{
    p->most_loss = NAN;
    if (!p->quality || gbl_node_kind(p->quality) == GBL_NULL) return GBL_OK;
    if (gbl_node_kind(p->quality) != GBL_OBJECT) {
        gbl_node_fail(p->quality, err, "'quality' must be an object");
        return gbl_expected(err, "{\"task\": \"LongBench\", \"most_loss\": 0.01}");
    }
    if (gbl_param_defaults(rows, p, p->arena, err) || gbl_param_bind(rows, p, p->quality, NULL, p->arena, err)) return err->code;
    if (!p->task || !gbl_kv_quality_task(p->task, err)) return GBL_OK;
    char path[256];
    gbl_node_path(gbl_node_get(p->quality, "task"), path, sizeof path);
    return gbl_where(err, "%s", path);
}

int gbl_plan_loses(const gbl_planner *p, const gbl_scenario *s, gbl_cell *c, char *why, size_t size)
{
    if (isnan(p->most_loss)) return 0;
    c->lost = gbl_kv_loss_of(s->compress, p->task);
    if (c->lost.share <= p->most_loss) return 0;
    if (isnan(c->lost.share)) snprintf(why, size, "quality: %s", c->lost.says);
    else snprintf(why, size, "quality: %s, above the %g %% that are held", c->lost.says, 100 * p->most_loss);
    return 1;
}

void gbl_plan_quality_json(const gbl_planner *p, gbl_json *j)
{
    if (isnan(p->most_loss)) {
        gbl_json_null(j, "quality");
        return;
    }
    const gbl_kv_loss *l = p->best >= 0 ? &p->cell[p->point[p->best].cell].lost : NULL;
    gbl_json_obj(j, "quality");
    gbl_json_str(j, "task", p->task);
    gbl_json_num(j, "most_loss", p->most_loss);
    gbl_json_num(j, "loss", l ? l->share : NAN);
    gbl_json_bool(j, "interpolated", l && l->interpolated);
    gbl_json_bool(j, "combined", l && l->combined);
    gbl_json_str(j, "says", l && l->says[0] ? l->says : NULL);
    gbl_json_end(j);
}

void gbl_plan_quality_print(const gbl_planner *p, FILE *to)
{
    if (isnan(p->most_loss) || p->best < 0) return;
    const gbl_kv_loss *l = &p->cell[p->point[p->best].cell].lost;
    fprintf(to, "quality     %s; at most %g %% of %s\n", l->says[0] ? l->says : "nothing is compressed", 100 * p->most_loss, p->task ? p->task : "what was measured");
}
