/* inputs.c - what a result hangs on besides the policy (declared in baseline.h). */
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "reports/baseline.h"
#include "reports/rebase.h"

static void hash_text(char *out, size_t size, const char *name, uint64_t hash)
{
    char hex[17];
    gbl_hex64(hex, hash);
    snprintf(out, size, "%s%s%s", name, name[0] ? " " : "", hex);
}

/* "file" anywhere in the trace object (the trace itself, a curve, a histogram) -> the hash of what lies there. */
static int hash_files(gbl_doc *doc, const gbl_scenario *s, gbl_arena *a, gbl_err *err)
{
    size_t n = 0;
    const gbl_file_key *file = gbl_file_keys(doc, a, &n, err);
    if (!file) return err->code;
    for (size_t i = 0; i < n; i++) {
        uint64_t hash;
        char text[64], quoted[80];
        if (!file[i].is_data || strcmp(file[i].value, "-") == 0) continue;
        int code = gbl_file_hash(gbl_find_path(a, gbl_doc_folder(s->doc), file[i].value), &hash, err);
        if (code) return code;
        hash_text(text, sizeof text, "", hash);
        snprintf(quoted, sizeof quoted, "\"%s\"", text);
        if ((code = gbl_doc_set(doc, file[i].key, quoted, err))) return code;
    }
    return GBL_OK;
}

static void card(gbl_json *j, const char *kind, const char *name, uint64_t hash)
{
    char key[512], hex[17];
    snprintf(key, sizeof key, "%s:%s", kind, name);
    gbl_hex64(hex, hash);
    gbl_json_str(j, key, hex);
}

static void cards_json(gbl_json *j, const gbl_scenario *s)
{
    gbl_json_obj(j, "cards");
    for (size_t i = 0; i < s->n_pools; i++) {
        size_t first = 0; /* two pools may share a card */
        while (strcmp(s->pool[first].hw.name, s->pool[i].hw.name) != 0) first++;
        if (first == i) card(j, "hardware", s->pool[i].hw.name, s->pool[i].hw.hash);
    }
    card(j, "llm", s->llm.name, s->llm.hash);
    card(j, "runtime", s->runtime.name, s->runtime.hash);
    gbl_json_end(j);
}

static int member(gbl_json *j, const gbl_node *root, const char *key, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, key);
    char *text = n ? gbl_node_canonical(n) : NULL;
    if (n && !text) return gbl_nomem(err, 64);
    if (n) gbl_json_raw(j, key, text);
    gbl_free(text);
    return GBL_OK;
}

static int run_member(gbl_json *j, const gbl_scenario *s)
{
    gbl_json_obj(j, "run");
    gbl_json_num(j, "warmup_s", s->warmup_s);
    gbl_json_num(j, "stop_s", s->stop_s);
    gbl_json_end(j);
    return GBL_OK;
}

static int write_inputs(gbl_json *j, const gbl_doc *doc, const gbl_scenario *s, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(doc);
    gbl_json_obj(j, NULL);
    gbl_json_str(j, "version", GBL_VERSION);
    int code = member(j, root, "trace", err);
    gbl_json_str(j, "model", s->llm.name);
    if (!code) code = member(j, root, "cluster", err);
    cards_json(j, s);
    if (!code) code = member(j, root, "tiers", err);
    if (!code) code = member(j, root, "slo", err);
    if (!code) code = run_member(j, s);
    gbl_json_end(j);
    return code;
}

/* Hardware by path: the card's name and content are among the cards, where it lies is nobody's business. */
static int name_hardware(gbl_doc *doc, const gbl_scenario *s, gbl_arena *a, gbl_err *err)
{
    for (size_t i = 0; i < s->n_pools; i++) {
        gbl_json *name = gbl_json_new(0);
        if (name) gbl_json_str(name, NULL, s->pool[i].hw.name);
        const char *text = name ? gbl_json_text(name) : NULL;
        const char *key = s->pools_node ? gbl_arena_printf(a, "cluster.pools.%zu.hardware", i) : "cluster.hardware";
        int code = text && key ? gbl_doc_set(doc, key, text, err) : gbl_nomem(err, 64);
        gbl_json_free(name);
        if (code) return code;
    }
    return GBL_OK;
}

int gbl_inputs_of(gbl_doc **out, const gbl_scenario *s, gbl_err *err)
{
    const char *text = gbl_scenario_json(s, 0);
    gbl_arena *a = gbl_arena_new();
    gbl_json *j = gbl_json_new(0);
    gbl_doc *doc = NULL;
    *out = NULL;
    int code = text && a && j ? gbl_doc_parse(&doc, "scenario", text, strlen(text), err) : gbl_nomem(err, 0);
    if (!code) code = hash_files(doc, s, a, err);
    if (!code) code = name_hardware(doc, s, a, err);
    if (!code) code = write_inputs(j, doc, s, err);
    const char *inputs = code ? NULL : gbl_json_text(j);
    if (!code) code = inputs ? gbl_doc_parse(out, "inputs", inputs, strlen(inputs), err) : gbl_nomem(err, 0);
    gbl_doc_free(doc);
    gbl_json_free(j);
    gbl_arena_free(a);
    return code;
}

/* ---------------------------------------------------------------- differences ---- */

static int same_value(const gbl_node *a, const gbl_node *b)
{
    char *x = a ? gbl_node_canonical(a) : NULL, *y = b ? gbl_node_canonical(b) : NULL;
    int same = x && y && strcmp(x, y) == 0;
    gbl_free(x);
    gbl_free(y);
    return same;
}

static void say(char *words, size_t size, const char *part, const char *detail)
{
    size_t n = strlen(words);
    if (n >= size) return;
    if (detail) snprintf(words + n, size - n, "%s%s (%s)", n ? ", " : "", part, detail);
    else snprintf(words + n, size - n, "%s%s", n ? ", " : "", part);
}

/* Cards of one name and another content. Other names show in model, cluster, or the engine's runtime. */
static int cards_differ(const gbl_node *was, const gbl_node *now, char *words, size_t size)
{
    int differ = 0;
    for (const gbl_node *c = gbl_node_first(was); c; c = gbl_node_next(c)) {
        const gbl_node *other = gbl_node_get(now, gbl_node_key(c));
        if (!other || same_value(c, other)) continue;
        say(words, size, "cards", gbl_node_key(c));
        differ = 1;
    }
    return differ;
}

int gbl_inputs_differ(const gbl_node *was, const gbl_node *now, char *words, size_t size)
{
    int differ = 0;
    words[0] = 0;
    for (const gbl_node *n = gbl_node_first(now); n; n = gbl_node_next(n)) {
        const char *key = gbl_node_key(n);
        const gbl_node *old = gbl_node_get(was, key);
        if (strcmp(key, "cards") == 0) {
            differ |= cards_differ(old, n, words, size);
        } else if (!same_value(old, n)) {
            int plain = strcmp(key, "version") == 0 && old && gbl_node_kind(old) == GBL_STRING;
            char detail[128];
            if (plain) snprintf(detail, sizeof detail, "%.50s, now %.50s", gbl_node_text(old), gbl_node_text(n));
            say(words, size, key, plain ? detail : NULL);
            differ = 1;
        }
    }
    return differ;
}
