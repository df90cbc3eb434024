#include "lib/listing.h"

#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "lib/catalogue.h"
#include "lib/lister.h"
#include "models/hardware.h"
#include "models/llm.h"
#include "models/runtime.h"

static int list_hardware(const gbl_lister *l, gbl_err *err)
{
    size_t n;
    const char **names = gbl_data_list(l->arena, "models/cards/hardware", &n);
    if (l->t)
        gbl_table_columns(l->t, "hardware", "arch", ">BF16 TFLOP/s", ">HBM GiB", ">HBM GB/s", ">NVLink GB/s", ">TDP W",
                          ">USD/h", "calibration", (const char *)NULL);
    for (size_t i = 0; i < n; i++) {
        gbl_hw hw;
        int code = gbl_hw_load(&hw, names[i], "", l->arena, err);
        if (code) return code;
        if (l->j) {
            gbl_json_obj(l->j, NULL);
            gbl_hw_json(&hw, l->j);
            gbl_json_end(l->j);
            continue;
        }
        gbl_table_cell(l->t, "%s", hw.name);
        gbl_table_cell(l->t, "%s", hw.arch);
        gbl_table_cell(l->t, "%.4g", hw.flops[GBL_BF16] / 1e12);
        gbl_table_cell(l->t, "%.1f", hw.hbm_bytes / 1073741824.0);
        gbl_table_cell(l->t, "%.0f", hw.hbm_bps / 1e9);
        gbl_table_cell(l->t, "%.0f", hw.nvlink_bps / 1e9);
        gbl_table_cell(l->t, "%.0f", hw.tdp_w);
        if (hw.usd_h > 0) gbl_table_cell(l->t, "%.2f", hw.usd_h);
        else gbl_table_cell(l->t, "-");
        gbl_table_cell(l->t, "%s", hw.calibration);
    }
    return GBL_OK;
}

static const char *attention_of(const gbl_llm *m)
{
    if (m->kv_lora) return "MLA";
    return m->ssm_inner ? "none" : m->kv_heads == m->heads ? "MHA" : m->kv_heads == 1 ? "MQA" : "GQA";
}

static void llm_json(gbl_json *j, const gbl_llm *m)
{
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "name", m->name);
    gbl_json_num(j, "parameters", gbl_llm_parameters(m));
    gbl_json_num(j, "active_parameters", gbl_llm_active_parameters(m));
    gbl_json_str(j, "attention", attention_of(m));
    gbl_json_int(j, "layers", m->layers);
    gbl_json_int(j, "hidden", m->hidden);
    gbl_json_int(j, "experts", m->experts);
    gbl_json_int(j, "context", m->context);
    gbl_json_num(j, "kv_bytes_per_token_bf16", gbl_llm_kv_bytes(m, 2));
    gbl_json_end(j);
}

static int list_llm(const gbl_lister *l, gbl_err *err)
{
    size_t n;
    char text[64];
    const char **names = gbl_data_list(l->arena, "models/cards/llm", &n);
    if (l->t)
        gbl_table_columns(l->t, "llm", ">parameters", ">active", "attention", ">layers", ">experts", ">context",
                          ">KV KiB/token", (const char *)NULL);
    for (size_t i = 0; i < n; i++) {
        gbl_llm m;
        int code = gbl_llm_load(&m, names[i], "", l->arena, err);
        if (code) return code;
        if (l->j) {
            llm_json(l->j, &m);
            continue;
        }
        gbl_table_cell(l->t, "%s", m.name);
        gbl_table_cell(l->t, "%.2f B", gbl_llm_parameters(&m) / 1e9);
        gbl_table_cell(l->t, "%.2f B", gbl_llm_active_parameters(&m) / 1e9);
        gbl_table_cell(l->t, "%s", attention_of(&m));
        gbl_table_cell(l->t, "%lld", (long long)m.layers);
        gbl_table_cell(l->t, "%lld", (long long)m.experts);
        gbl_table_cell(l->t, "%s", gbl_human_int(text, sizeof text, m.context));
        gbl_table_cell(l->t, "%.1f", gbl_llm_kv_bytes(&m, 2) / 1024);
    }
    return GBL_OK;
}

static int list_runtime(const gbl_lister *l, gbl_err *err)
{
    size_t n;
    const char **names = gbl_data_list(l->arena, "models/cards/runtime", &n);
    if (l->t)
        gbl_table_columns(l->t, "runtime", ">step us", ">sequence us", ">front end ms", "schedules ahead",
                          "CUDA graphs", (const char *)NULL);
    for (size_t i = 0; i < n; i++) {
        gbl_runtime r;
        int code = gbl_runtime_load(&r, names[i], "", l->arena, err);
        if (code) return code;
        if (l->j) {
            gbl_json_obj(l->j, NULL);
            gbl_json_str(l->j, "name", r.name);
            gbl_json_num(l->j, "host_step_s", r.host_step_s);
            gbl_json_num(l->j, "host_seq_s", r.host_seq_s);
            gbl_json_num(l->j, "frontend_s", r.frontend_s);
            gbl_json_num(l->j, "frontend_token_s", r.frontend_token_s);
            gbl_json_bool(l->j, "lag", r.lag);
            gbl_json_bool(l->j, "graphs", r.graphs);
            gbl_json_end(l->j);
            continue;
        }
        gbl_table_cell(l->t, "%s", r.name);
        gbl_table_cell(l->t, "%.1f", r.host_step_s * 1e6);
        gbl_table_cell(l->t, "%.2f", r.host_seq_s * 1e6);
        gbl_table_cell(l->t, "%.2f", r.frontend_s * 1e3);
        gbl_table_cell(l->t, "%s", r.lag ? "yes" : "no");
        gbl_table_cell(l->t, "%s", r.graphs ? "yes" : "no");
    }
    return GBL_OK;
}

static int list_policies(const gbl_lister *l, gbl_err *err)
{
    (void)err;
    if (l->t) gbl_table_columns(l->t, "family", "policy", "what it does, and whom it follows", (const char *)NULL);
    for (int f = 0; f < GBL_FAMILIES; f++) {
        const char *family = gbl_family_name((enum gbl_family)f);
        const gbl_policy *p;
        for (int i = 0; (p = gbl_policy_at((enum gbl_family)f, i)) != NULL; i++) {
            if (l->j) {
                gbl_json_obj(l->j, NULL);
                gbl_json_str(l->j, "family", family);
                gbl_json_str(l->j, "name", p->name);
                gbl_json_str(l->j, "help", p->help);
                gbl_json_str(l->j, "source", p->source);
                gbl_json_end(l->j);
                continue;
            }
            gbl_table_cell(l->t, "%s", i ? "" : family);
            gbl_table_cell(l->t, "%s", p->name);
            gbl_table_cell(l->t, "%s", p->help ? p->help : "");
            if (!p->source) continue;
            gbl_table_cell(l->t, "%s", "");
            gbl_table_cell(l->t, "%s", "");
            gbl_table_cell(l->t, "    %s", p->source);
        }
    }
    return GBL_OK;
}

static int list_cards(const gbl_lister *l, gbl_err *err)
{
    size_t n;
    const gbl_thing *things = gbl_catalogue(l->arena, &n);
    if (!things) return gbl_nomem(err, 0);
    if (l->t) gbl_table_columns(l->t, "kind", "card", "file", (const char *)NULL);
    for (size_t i = 0; i < n; i++) {
        if (!things[i].path) continue;
        if (l->j) {
            gbl_json_obj(l->j, NULL);
            gbl_json_str(l->j, "kind", things[i].kind);
            gbl_json_str(l->j, "name", things[i].name);
            gbl_json_str(l->j, "file", things[i].path);
            gbl_json_end(l->j);
            continue;
        }
        gbl_table_cell(l->t, "%s", things[i].kind);
        gbl_table_cell(l->t, "%s", things[i].name);
        gbl_table_cell(l->t, "%s", things[i].path);
    }
    return GBL_OK;
}

typedef struct kind {
    const char *name;
    int (*list)(const gbl_lister *l, gbl_err *err);
    int in_all; /* `cards` repeats the first three */
} kind;
static const kind kinds[] = {{"hardware", list_hardware, 1}, {"llm", list_llm, 1},
                             {"runtime", list_runtime, 1},   {"policies", list_policies, 1},
                             {"cards", list_cards, 0},       {"formats", gbl_list_formats, 1}};
enum { KINDS = sizeof kinds / sizeof *kinds };

static const kind *find_kind(const char *name, gbl_err *err)
{
    const char *known[KINDS];
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(kinds[i].name, name) == 0) return &kinds[i];
        known[i] = kinds[i].name;
    }
    gbl_fail(err, GBL_EINPUT, "there is no list of %s", name);
    gbl_expected(err, "hardware, llm, runtime, policies, cards or formats");
    gbl_nearest(err, gbl_near(name, known, KINDS));
    return NULL;
}

static int wanted(const kind *k, const kind *only)
{
    return only ? k == only : k->in_all;
}

int gbl_list_json(gbl_json *j, const char *name, gbl_arena *a, gbl_err *err)
{
    const kind *only = name ? find_kind(name, err) : NULL;
    gbl_lister l = {.arena = a, .j = j};
    int code = name && !only ? err->code : gbl_catalogue_there(a, err);
    if (code) return code;
    gbl_json_obj(j, NULL);
    for (int i = 0; i < KINDS && !code; i++) {
        if (!wanted(&kinds[i], only)) continue;
        gbl_json_arr(j, kinds[i].name);
        code = kinds[i].list(&l, err);
        gbl_json_end(j);
    }
    gbl_json_end(j);
    return code;
}

/* All tables are filled before the first is printed: a broken card leaves the stream empty. */
int gbl_list_print(FILE *to, const char *name, gbl_arena *a, gbl_err *err)
{
    const kind *only = name ? find_kind(name, err) : NULL;
    gbl_table *tables[KINDS] = {NULL};
    int code = name && !only ? err->code : gbl_catalogue_there(a, err), printed = 0;
    for (int i = 0; i < KINDS && !code; i++) {
        if (!wanted(&kinds[i], only)) continue;
        gbl_lister l = {.arena = a, .t = tables[i] = gbl_table_new(NULL)};
        code = l.t ? kinds[i].list(&l, err) : gbl_nomem(err, 0);
    }
    for (int i = 0; i < KINDS; i++) {
        if (!tables[i]) continue;
        if (!code) {
            if (printed++) fputc('\n', to);
            gbl_table_print(tables[i], to);
        }
        gbl_table_free(tables[i]);
    }
    return code;
}
