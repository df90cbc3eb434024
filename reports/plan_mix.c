/* plan_mix.c - what a fleet is counted in: replicas of the cluster, of single pools, or of the kinds of a mix. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/param.h"
#include "base/text.h"
#include "reports/plan_parts.h"

enum { MOST_REPLICAS = 4096, KINDS_MOST = 8 };

/* ---------------------------------------------------------------- counts ---- */

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int take_room(gbl_planner *p, gbl_axis *a, size_t n, gbl_err *err)
{
    a->number = gbl_arena_take(p->arena, n * sizeof *a->number);
    a->value = gbl_arena_take(p->arena, n * sizeof *a->value);
    return a->number && a->value ? GBL_OK : gbl_nomem(err, n * sizeof *a->value);
}

static int write_values(gbl_planner *p, gbl_axis *a, gbl_err *err)
{
    for (size_t i = 0; i < a->n; i++)
        if (!(a->value[i] = gbl_arena_printf(p->arena, "%lld", (long long)a->number[i]))) return gbl_nomem(err, 0);
    return GBL_OK;
}

/* Whole numbers, made ascending, each once. */
int gbl_plan_counts(gbl_planner *p, const gbl_node *list, gbl_axis *a, int64_t least, gbl_err *err)
{
    if (gbl_node_kind(list) != GBL_ARRAY || !gbl_node_size(list)) {
        gbl_node_fail(list, err, "the counts of replicas are no list");
        return gbl_expected(err, "a non-empty array of whole numbers");
    }
    if (take_room(p, a, gbl_node_size(list), err)) return err->code;
    size_t i = 0, kept = 0;
    for (const gbl_node *c = gbl_node_first(list); c; c = gbl_node_next(c), i++) {
        if (gbl_node_int(c, &a->number[i], err)) return err->code;
        if (a->number[i] >= least && a->number[i] <= MOST_REPLICAS) continue;
        gbl_node_fail(c, err, "%lld replicas cannot be", (long long)a->number[i]);
        return gbl_expected(err, "an integer from %lld to %d", (long long)least, MOST_REPLICAS);
    }
    qsort(a->number, i, sizeof *a->number, by_number);
    for (size_t k = 0; k < i; k++)
        if (!k || a->number[k] != a->number[k - 1]) a->number[kept++] = a->number[k];
    a->n = kept;
    return write_values(p, a, err);
}

int gbl_plan_range(gbl_planner *p, gbl_axis *a, int64_t low, int64_t high, gbl_err *err)
{
    if (take_room(p, a, (size_t)(high - low + 1), err)) return err->code;
    for (a->n = 0; low + (int64_t)a->n <= high; a->n++) a->number[a->n] = low + (int64_t)a->n;
    return write_values(p, a, err);
}

/* The last dimension turns fastest. */
int64_t gbl_plan_count(const gbl_planner *p, int64_t at, size_t dim)
{
    for (size_t i = p->n_dims; --i > dim;) at /= (int64_t)p->dim[i].n;
    return p->dim[dim].number[at % (int64_t)p->dim[dim].n];
}

int gbl_plan_is_fleet(const gbl_planner *p, int64_t at)
{
    int prefill = 0, decode = 0;
    if (!p->mix) return 1;
    for (size_t i = 0; i < p->n_dims; i++) {
        int some = gbl_plan_count(p, at, i) > 0;
        prefill |= some && p->dim[i].role != GBL_ROLE_DECODE;
        decode |= some && p->dim[i].role != GBL_ROLE_PREFILL;
    }
    return prefill && decode;
}

/* ---------------------------------------------------------------- kinds ---- */

typedef struct mix_says {
    const gbl_node *hardware, *pools;
    int64_t most;
} mix_says;

static const gbl_param mix_rows[] = {
    {"hardware", GBL_P_NODE, 0, offsetof(mix_says, hardware), "null", 0, 0, NULL, NULL, "Cards; each is a kind of pool."},
    {"pools", GBL_P_NODE, 0, offsetof(mix_says, pools), "null", 0, 0, NULL, NULL, "Kinds as pools of a cluster; `replicas` is then a list of counts."},
    {"most_replicas", GBL_P_INT, 0, offsetof(mix_says, most), "8", 1, 256, "replicas", NULL, "Each kind without counts of its own is counted from 0 to this."},
    {0}};

void gbl_plan_mix_schema(gbl_json *j)
{
    gbl_param_schema_part("mix", mix_rows, NULL, j);
    gbl_json_end(j);
}

/* An object's text without its closing brace: replicas follow. */
static int keep_pool(gbl_planner *p, gbl_json *j, gbl_axis *a, gbl_err *err)
{
    const char *text = gbl_json_text(j);
    a->pool = text ? gbl_arena_textn(p->arena, text, strlen(text) - 1) : NULL;
    gbl_json_free(j);
    return a->pool ? GBL_OK : gbl_nomem(err, 0);
}

static int unlike_others(const gbl_planner *p, const gbl_axis *a, gbl_err *err)
{
    for (size_t i = 0; i < p->n_dims; i++) {
        if (strcmp(p->dim[i].key, a->key)) continue;
        gbl_node_fail(a->at, err, "two kinds of the mix are called '%s'", a->key);
        gbl_expected(err, "each kind once, or with a \"name\" of its own");
        return 0;
    }
    return 1;
}

/* The pool's members but its replicas; the name is what a result calls it. */
static int pool_text(gbl_planner *p, const gbl_node *n, gbl_axis *a, gbl_err *err)
{
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    if (!gbl_node_get(n, "name")) gbl_json_str(j, "name", a->key);
    for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) {
        char *text = strcmp(gbl_node_key(c), "replicas") ? gbl_node_canonical(c) : NULL;
        if (text) gbl_json_raw(j, gbl_node_key(c), text);
        gbl_free(text);
    }
    gbl_json_end(j);
    return keep_pool(p, j, a, err);
}

static const char *word_of(const gbl_node *n, const char *key)
{
    const gbl_node *v = gbl_node_get(n, key);
    return v && gbl_node_kind(v) == GBL_STRING ? gbl_node_text(v) : NULL;
}

/* "h100-sxm tp 2 prefill": what tells it from the others. */
static const char *kind_name(gbl_planner *p, const gbl_node *n)
{
    static const char *const part[] = {"tp", "pp", "dp", "ep"};
    char text[200];
    const char *card = word_of(n, "hardware"), *role = word_of(n, "role");
    size_t used = (size_t)snprintf(text, sizeof text, "%.100s", card ? card : "h100-sxm");
    if (word_of(n, "name")) return gbl_arena_text(p->arena, word_of(n, "name"));
    for (int i = 0; i < 4; i++) {
        const gbl_node *v = gbl_node_get(n, part[i]);
        if (v && gbl_node_kind(v) == GBL_NUMBER && used < sizeof text) used += (size_t)snprintf(text + used, sizeof text - used, " %s %.8s", part[i], gbl_node_text(v));
    }
    if (role && used < sizeof text) snprintf(text + used, sizeof text - used, " %.16s", role);
    return gbl_arena_text(p->arena, text);
}

static int add_kind(gbl_planner *p, const gbl_node *n, int64_t most, gbl_err *err)
{
    gbl_axis *a = &p->dim[p->n_dims];
    const gbl_node *counts = gbl_node_get(n, "replicas");
    const char *role = word_of(n, "role");
    if (gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "a kind of the mix is no pool");
        return gbl_expected(err, "{\"hardware\": \"l40s\", \"tp\": 2}");
    }
    *a = (gbl_axis){.at = n, .key = kind_name(p, n)};
    a->role = role && strcmp(role, "prefill") == 0 ? GBL_ROLE_PREFILL : role && strcmp(role, "decode") == 0 ? GBL_ROLE_DECODE : GBL_ROLE_BOTH;
    if (!a->key) return gbl_nomem(err, 0);
    if (!unlike_others(p, a, err)) return err->code;
    p->n_dims++;
    if (pool_text(p, n, a, err)) return err->code;
    return counts ? gbl_plan_counts(p, counts, a, 0, err) : gbl_plan_range(p, a, 0, most, err);
}

static int add_card(gbl_planner *p, const gbl_node *n, int64_t most, gbl_err *err)
{
    gbl_axis *a = &p->dim[p->n_dims];
    const char *name;
    if (gbl_node_str(n, &name, err)) return err->code;
    *a = (gbl_axis){.at = n, .key = name};
    if (!unlike_others(p, a, err)) return err->code;
    p->n_dims++;
    gbl_json *j = gbl_json_new(0);
    if (!j) return gbl_nomem(err, 0);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", name);
    gbl_json_str(j, "hardware", name);
    gbl_json_end(j);
    if (keep_pool(p, j, a, err)) return err->code;
    return gbl_plan_range(p, a, 0, most, err);
}

static int is_list(const gbl_node *n, const char *what, gbl_err *err)
{
    if (!n || gbl_node_kind(n) == GBL_NULL || (gbl_node_kind(n) == GBL_ARRAY && gbl_node_size(n))) return 1;
    gbl_node_fail(n, err, "'%s' of the mix is %s", what, gbl_node_kind(n) == GBL_ARRAY ? "empty" : "no list");
    gbl_expected(err, "%s", strcmp(what, "pools") ? "[\"h100-sxm\", \"l40s\"]" : "[{\"hardware\": \"h100-sxm\", \"tp\": 2}, ...]");
    return 0;
}

static int check_mix(const gbl_planner *p, gbl_err *err)
{
    if (p->find != GBL_FIND_FLEET) {
        gbl_node_fail_key(p->mix, err, "a mix is counted in a search for a fleet, not for a rate");
        return gbl_expected(err, "\"find\": \"fleet\"");
    }
    for (size_t i = 0; i < p->n_axes; i++) {
        if (strncmp(p->axis[i].key, "cluster", 7)) continue;
        gbl_node_fail_key(p->axis[i].at, err, "'%s' beside a mix would be read by nothing", p->axis[i].key);
        return gbl_expected(err, "the key inside the mix's pools");
    }
    return GBL_OK;
}

static int unread_most(const mix_says *m, gbl_err *err)
{
    const gbl_param *row = gbl_param_find(mix_rows, "most_replicas");
    if (gbl_param_is_default(row, m) || (m->hardware && gbl_node_size(m->hardware))) return 0;
    for (const gbl_node *c = m->pools ? gbl_node_first(m->pools) : NULL; c; c = gbl_node_next(c))
        if (!gbl_node_get(c, "replicas")) return 0;
    gbl_node_fail(m->pools, err, "every kind of the mix says its counts, so 'most_replicas' would be read by nothing");
    return gbl_expected(err, "%s, or a kind without \"replicas\"", row->dflt);
}

int gbl_plan_read_mix(gbl_planner *p, gbl_err *err)
{
    mix_says m = {0};
    if (check_mix(p, err)) return err->code;
    if (gbl_node_kind(p->mix) != GBL_OBJECT) {
        gbl_node_fail(p->mix, err, "'mix' must be an object");
        return gbl_expected(err, "{\"hardware\": [\"h100-sxm\", \"l40s\"], \"most_replicas\": 8}");
    }
    if (gbl_param_defaults(mix_rows, &m, p->arena, err) || gbl_param_bind(mix_rows, &m, p->mix, NULL, p->arena, err)) return err->code;
    if (!is_list(m.hardware, "hardware", err) || !is_list(m.pools, "pools", err)) return err->code;
    size_t n = (m.hardware ? gbl_node_size(m.hardware) : 0) + (m.pools ? gbl_node_size(m.pools) : 0);
    if (n < 1 || n > KINDS_MOST) {
        gbl_node_fail(p->mix, err, "the mix has %zu kinds", n);
        return gbl_expected(err, "1 to %d, in \"hardware\" or \"pools\"", KINDS_MOST);
    }
    p->dim = gbl_arena_take(p->arena, n * sizeof *p->dim);
    if (!p->dim) return gbl_nomem(err, n * sizeof *p->dim);
    p->n_dims = 0;
    if (unread_most(&m, err)) return err->code;
    for (const gbl_node *c = m.hardware ? gbl_node_first(m.hardware) : NULL; c; c = gbl_node_next(c))
        if (add_card(p, c, m.most, err)) return err->code;
    for (const gbl_node *c = m.pools ? gbl_node_first(m.pools) : NULL; c; c = gbl_node_next(c))
        if (add_kind(p, c, m.most, err)) return err->code;
    return GBL_OK;
}
