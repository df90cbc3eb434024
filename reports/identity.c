/* identity.c - canonical scenarios and the hashes of cards and trace files. */
#include "reports/identity.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "models/cards.h"

typedef struct gbl_file_hash_entry {
    struct gbl_file_hash_entry *next;
    const char *path;
    uint64_t hash;
} entry;

char *gbl_identity_scenario(const gbl_scenario *s, gbl_err *err)
{
    const char *text = gbl_scenario_json(s, 0);
    gbl_doc *doc = NULL;
    char *canonical = NULL;
    if (!text) {
        gbl_nomem(err, 0);
    } else if (gbl_doc_parse(&doc, "scenario", text, strlen(text), err) == GBL_OK && !(canonical = gbl_node_canonical(gbl_doc_root(doc)))) {
        gbl_nomem(err, 0);
    }
    gbl_doc_free(doc);
    return canonical;
}

uint64_t gbl_identity_hash(const char *canonical)
{
    return gbl_hash64(canonical, strlen(canonical), 0);
}

static void card_hash(gbl_json *j, const char *kind, const char *name, uint64_t hash)
{
    char key[512], hex[17];
    snprintf(key, sizeof key, "%s:%s", kind, name);
    gbl_hex64(hex, hash);
    gbl_json_str(j, key, hex);
}

static int file_hash(gbl_file_hashes *known, const char *path, uint64_t *out, gbl_err *err)
{
    for (entry *e = known ? known->first : NULL; e; e = e->next) {
        if (strcmp(e->path, path) == 0) {
            *out = e->hash;
            return GBL_OK;
        }
    }
    int code = gbl_file_hash(path, out, err);
    if (code != GBL_OK || !known) {
        return code;
    }
    entry *e = gbl_arena_take(known->arena, sizeof *e);
    if (!e || !(e->path = gbl_arena_text(known->arena, path))) {
        return gbl_nomem(err, sizeof *e);
    }
    e->hash = *out;
    e->next = known->first;
    known->first = e;
    return GBL_OK;
}

/* Standard input or a pipe (NULL: neither). */
static const gbl_node *read_once(const gbl_node *trace)
{
    const gbl_node *file = gbl_node_get(trace, "file");
    struct stat st;
    if (!file || gbl_node_kind(file) != GBL_STRING) return NULL;
    if (strcmp(gbl_node_text(file), "-") == 0) return file;
    gbl_arena *a = gbl_arena_new();
    const char *path = a ? gbl_find_path(a, gbl_doc_folder(gbl_node_doc(file)), gbl_node_text(file)) : NULL;
    int once = path && stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
    gbl_arena_free(a);
    return once ? file : NULL;
}

int gbl_identity_repeats(const gbl_node *trace, gbl_err *err)
{
    const gbl_node *file = read_once(trace);
    if (!file) return GBL_OK;
    gbl_node_fail(file, err, "a trace from %s can be read only once", strcmp(gbl_node_text(file), "-") == 0 ? "standard input" : "a pipe");
    return gbl_expected(err, "the name of a file, for more than one run");
}

int gbl_identity_cards(gbl_json *j, const gbl_scenario *s, gbl_file_hashes *known, gbl_err *err)
{
    const gbl_node *file = gbl_node_get(s->trace, "file");
    gbl_json_obj(j, NULL);
    for (size_t i = 0; i < s->n_pools; i++) {
        size_t first = 0; /* two pools may share a card */
        while (strcmp(s->pool[first].hw.name, s->pool[i].hw.name) != 0) {
            first++;
        }
        if (first == i) {
            card_hash(j, "hardware", s->pool[i].hw.name, s->pool[i].hw.hash);
        }
    }
    card_hash(j, "llm", s->llm.name, s->llm.hash);
    card_hash(j, "runtime", s->runtime.name, s->runtime.hash);
    if (s->precision.name) card_hash(j, "precision", s->precision.name, s->precision.hash);
    for (int32_t i = 0; s->compress && i < s->compress->n_methods; i++) {
        const gbl_kv_method *m = &s->compress->method[i];
        uint64_t hash;
        if (gbl_card_hash(m->root, 0, &hash, err)) return err->code;
        card_hash(j, "compress", m->name, hash);
    }
    for (int f = 0; f < GBL_FAMILIES; f++) {
        const gbl_plugin *g = s->choice[f].plugin;
        int first = 0; /* one file may answer for several families */
        while (first < f && !(g && s->choice[first].plugin && !strcmp(s->choice[first].plugin->path, g->path))) first++;
        if (g && first == f) card_hash(j, "plugin", g->path, g->hash);
    }
    if (file && gbl_node_kind(file) == GBL_STRING && !read_once(s->trace)) {
        uint64_t hash;
        int code = file_hash(known, gbl_find_path(s->arena, gbl_doc_folder(s->doc), gbl_node_text(file)), &hash, err);
        if (code != GBL_OK) {
            return code;
        }
        card_hash(j, "trace", gbl_node_text(file), hash);
    }
    gbl_json_end(j);
    return GBL_OK;
}
