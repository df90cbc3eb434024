#include "reports/rebase.h"

#include <string.h>
#include <unistd.h>

#include "base/json.h"

enum { MOST = 64, DEEP = 8 };
typedef struct found {
    gbl_file_key *key;
    size_t n;
    gbl_arena *a;
} found;

static int add(found *f, const gbl_node *n, int is_data)
{
    char path[256];
    if (!n || gbl_node_kind(n) != GBL_STRING || f->n >= MOST) return 0;
    gbl_node_path(n, path, sizeof path);
    f->key[f->n] = (gbl_file_key){gbl_arena_text(f->a, path), gbl_arena_text(f->a, gbl_node_text(n)), is_data};
    return f->key[f->n].key && f->key[f->n++].value ? 0 : -1;
}

static int walk(found *f, const gbl_node *n, int depth)
{
    int bad = 0;
    for (const gbl_node *c = gbl_node_first(n); c && !bad && depth < DEEP; c = gbl_node_next(c)) {
        if (strcmp(gbl_node_key(c), "file") == 0) bad = add(f, c, 1);
        else if (gbl_node_kind(c) == GBL_OBJECT) bad = walk(f, c, depth + 1);
    }
    return bad;
}

const gbl_file_key *gbl_file_keys(const gbl_doc *doc, gbl_arena *a, size_t *n, gbl_err *err)
{
    const gbl_node *root = gbl_doc_root(doc), *pools = gbl_node_at(root, "cluster.pools"), *trace = gbl_node_get(root, "trace");
    found f = {gbl_arena_take(a, MOST * sizeof *f.key), 0, a};
    int bad = !f.key || (trace && gbl_node_kind(trace) == GBL_OBJECT && walk(&f, trace, 0)) || add(&f, gbl_node_get(root, "model"), 0) ||
              add(&f, gbl_node_at(root, "cluster.hardware"), 0) || add(&f, gbl_node_at(root, "engine.runtime"), 0);
    for (const gbl_node *p = pools ? gbl_node_first(pools) : NULL; p && !bad; p = gbl_node_next(p)) bad = add(&f, gbl_node_get(p, "hardware"), 0);
    *n = f.n;
    if (!bad) return f.key;
    gbl_nomem(err, MOST * sizeof *f.key);
    return NULL;
}

int gbl_rebase(gbl_doc *doc, const char *folder, gbl_arena *a, gbl_err *err)
{
    size_t n = 0;
    if (!folder || !folder[0] || strcmp(folder, ".") == 0) return GBL_OK;
    const gbl_file_key *file = gbl_file_keys(doc, a, &n, err);
    if (!file) return err->code;
    for (size_t i = 0; i < n; i++) {
        if (file[i].value[0] == '/' || !file[i].value[0]) continue;
        const char *beside = gbl_arena_printf(a, "%s/%s", folder, file[i].value);
        if (!beside) return gbl_nomem(err, 256);
        /* A card's bare name is no path, even if a file of that name lies about. */
        if ((!file[i].is_data && !strchr(file[i].value, '/') && !strstr(file[i].value, ".json")) || access(beside, F_OK) != 0) continue;
        gbl_json *quoted = gbl_json_new(0);
        if (quoted) gbl_json_str(quoted, NULL, beside);
        const char *text = quoted ? gbl_json_text(quoted) : NULL;
        int code = text ? gbl_doc_set(doc, file[i].key, text, err) : gbl_nomem(err, 256);
        gbl_json_free(quoted);
        if (code) return code;
    }
    return GBL_OK;
}
