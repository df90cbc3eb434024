/* precision.c - see precision.h. */
#include "models/precision.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "models/cards.h"

/* ---- finding ---- */

/* comet: comet.json; tilus-3bit: the setting of that name in tilus.json. */
static const char *file_of(const char *name, gbl_arena *a)
{
    char *cut = gbl_arena_printf(a, "%s", name);
    while (cut && *cut) {
        const char *path = gbl_data_path(a, gbl_arena_printf(a, "policies/cards/precision/%s.json", cut));
        if (path)
            return path;
        char *dash = strrchr(cut, '-');
        if (!dash)
            return NULL;
        *dash = 0;
    }
    return NULL;
}

static int unknown(const char *name, gbl_arena *a, gbl_err *err)
{
    size_t n = 0;
    const char **cards = gbl_data_list(a, "policies/cards/precision", &n), *known[GBL_FORMATS + 64];
    size_t k = 0;
    for (; k < GBL_FORMATS; k++)
        known[k] = gbl_format_name((enum gbl_format)k);
    for (size_t i = 0; cards && i < n && i < 64; i++)
        known[k++] = cards[i];
    gbl_fail(err, GBL_EINPUT, "unknown format or precision of weights '%s'", name);
    gbl_expected(err, "bf16, fp16, fp8, int8, int4, fp4 or auto; or a precision card or one of its settings (gable list cards)");
    return gbl_nearest(err, gbl_near(name, known, k));
}

/* ---- reading ---- */

typedef struct source { const gbl_node *root, *setting; } source;

static const gbl_node *part(const source *s, const char *key)
{
    const gbl_node *n = s->setting ? gbl_node_get(s->setting, key) : NULL;
    return n ? n : gbl_node_get(s->root, key);
}

/* A list's first element; NULL where it may be left out and is. */
static int list_of(const source *s, const char *key, int required, const gbl_node **first, gbl_err *err)
{
    const gbl_node *n = part(s, key);
    *first = NULL;
    if (!n)
        return required ? gbl_card_missing(s->root, key, err) : 0;
    if (gbl_node_kind(n) != GBL_ARRAY || !gbl_node_size(n))
        return gbl_node_fail(n, err, "'%s' is no list", key), gbl_expected(err, "a non-empty array");
    *first = gbl_node_first(n);
    return 0;
}

/* Numbers of one object whose source stands beside them. */
static int numbers(const gbl_node *n, const gbl_card_number *want, size_t count, const char *word, gbl_err *err)
{
    const char *known[8] = {"source", "note", word};
    for (size_t i = 0; i < count; i++)
        known[2 + (word != NULL) + i] = want[i].key;
    if (gbl_node_only(n, known, err))
        return err->code;
    if (!gbl_node_get(n, "source"))
        return gbl_card_missing(n, "source", err);
    for (size_t i = 0; i < count; i++)
        if (gbl_card_number_read(n, &want[i], err))
            return err->code;
    return 0;
}

static int read_bytes(gbl_precision *p, const source *s, gbl_err *err)
{
    double bits = 0, group = 0, scale = 0, act = 0;
    const gbl_card_number weights[] = {{"bits", &bits, NULL, 0.1, 16, 1}, {"group", &group, NULL, 1, 1e6, 0}, {"scale_bits", &scale, NULL, 0, 128, 0}};
    const gbl_card_number acts[] = {{"bits", &act, NULL, 1, 16, 1}};
    const gbl_node *w = part(s, "weights"), *x = part(s, "activations");
    if (!w || !x)
        return gbl_card_missing(s->root, w ? "activations" : "weights", err);
    if (numbers(w, weights, 3, NULL, err) || numbers(x, acts, 1, NULL, err))
        return err->code;
    if (scale > 0 && !(group > 0))
        return gbl_card_missing(w, "group", err);
    p->weight_bytes = (bits + (group > 0 ? scale / group : 0)) / 8;
    p->act_bytes = act / 8;
    return 0;
}

static int read_work(gbl_precision *p, const source *s, gbl_err *err)
{
    const gbl_node *n;
    if (list_of(s, "compute", 1, &n, err))
        return err->code;
    for (; n; n = gbl_node_next(n)) {
        double work = 0;
        const char *format = NULL;
        const gbl_card_number want[] = {{"work", &work, NULL, 1e-3, 1e3, 1}};
        if (numbers(n, want, 1, "format", err))
            return err->code;
        if (!gbl_node_get(n, "format"))
            return gbl_card_missing(n, "format", err);
        if (gbl_node_str(gbl_node_get(n, "format"), &format, err))
            return err->code;
        int f = gbl_format_of(format);
        if (f < 0)
            return gbl_node_fail(gbl_node_get(n, "format"), err, "unknown number format \"%s\"", format), gbl_expected(err, "bf16, fp16, fp8, int8, fp4 or int4");
        p->work[f] += work;
    }
    return 0;
}

static int read_points(gbl_precision *p, const source *s, gbl_err *err)
{
    const gbl_node *n;
    if (list_of(s, "efficiency", 0, &n, err))
        return err->code;
    for (; n; n = gbl_node_next(n)) {
        int i = p->n_points;
        if (i == GBL_PRECISION_POINTS)
            return gbl_node_fail(n, err, "more than %d points of efficiency", GBL_PRECISION_POINTS);
        const gbl_card_number want[] = {{"rows", &p->rows[i], NULL, 1, 1e6, 1}, {"share", &p->share[i], NULL, 0.01, 1, 1}};
        if (numbers(n, want, 2, NULL, err))
            return err->code;
        if (i && p->rows[i] <= p->rows[i - 1])
            return gbl_node_fail(n, err, "the points' rows do not ascend");
        p->n_points++;
    }
    return 0;
}

static int read_rest(gbl_precision *p, const source *s, gbl_arena *a, gbl_err *err)
{
    const gbl_node *rebuild = part(s, "rebuild"), *n;
    const gbl_card_number want[] = {{"flop", &p->rebuild_flop, NULL, 0, 1e6, 1}, {"bytes", &p->rebuild_bytes, NULL, 0, 64, 1}};
    if (rebuild && numbers(rebuild, want, 2, NULL, err))
        return err->code;
    if (list_of(s, "architectures", 0, &n, err))
        return err->code;
    for (int i = 0; n && i < 7; n = gbl_node_next(n)) {
        const char *text;
        if (gbl_node_str(n, &text, err))
            return err->code;
        p->architectures[i++] = gbl_arena_text(a, text);
    }
    return 0;
}

static int bind(gbl_precision *p, const gbl_node *root, const char *name, gbl_arena *a, gbl_err *err)
{
    static const char *const known[] = {"gable", "name", "title", "source", "verdict", "weights", "activations", "compute", "rebuild", "efficiency", "architectures", "settings", "quality", "caveats", "note", NULL};
    static const char *const settable[] = {"weights", "activations", "compute", "rebuild", "efficiency", NULL};
    const char *own = NULL;
    source s = {root, NULL};
    if (gbl_card_form(root, "precision/1", err) || gbl_node_only(root, known, err) || gbl_card_text(root, "name", 1, &own, a, err) || gbl_card_hash(root, 0, &p->hash, err))
        return err->code;
    for (const char *const *k = (const char *const[]){"title", "source", "verdict", NULL}; *k; k++)
        if (!gbl_node_get(root, *k))
            return gbl_card_missing(root, *k, err);
    if (!strchr(name, '/') && strcmp(own, name)) {
        const gbl_node *settings = gbl_node_get(root, "settings");
        if (!settings || !(s.setting = gbl_node_get(settings, name)))
            return unknown(name, a, err);
        if (gbl_node_only(s.setting, settable, err))
            return err->code;
    }
    p->name = gbl_arena_text(a, name);
    return read_bytes(p, &s, err) || read_work(p, &s, err) || read_points(p, &s, err) || read_rest(p, &s, a, err) ? err->code : 0;
}

int gbl_precision_load(gbl_precision *out, const char *name, const char *folder, gbl_arena *a, gbl_err *err)
{
    gbl_doc *doc = NULL;
    const char *path = strchr(name, '/') ? gbl_find_path(a, folder, name) : file_of(name, a);
    memset(out, 0, sizeof *out);
    if (!path)
        return unknown(name, a, err);
    int code = gbl_doc_read(&doc, path, err);
    if (!code)
        code = bind(out, gbl_doc_root(doc), name, a, err);
    gbl_doc_free(doc);
    return code;
}

/* ---- what it says ---- */

static int fits(const gbl_precision *p, const gbl_hw *hw)
{
    for (int i = 0; p->architectures[i]; i++)
        if (!strcmp(p->architectures[i], hw->arch))
            return 1;
    return !p->architectures[0];
}

int gbl_precision_compute(const gbl_precision *p, const gbl_hw *hw)
{
    int most = -1;
    for (int f = 0; f < GBL_FORMATS; f++) {
        if (!(p->work[f] > 0))
            continue;
        if (!(hw->flops[f] > 0))
            return -1;
        if (most < 0 || p->work[f] > p->work[most])
            most = f;
    }
    return fits(p, hw) ? most : -1;
}

double gbl_precision_peak(const gbl_precision *p, const gbl_hw *hw)
{
    double each = 0;
    for (int f = 0; f < GBL_FORMATS; f++)
        if (p->work[f] > 0)
            each += p->work[f] / hw->flops[f];
    return 1 / each;
}

double gbl_precision_share(const gbl_precision *p, double rows)
{
    int n = p->n_points;
    if (n == 0)
        return 1;
    if (rows <= p->rows[0])
        return p->share[0];
    for (int i = 1; i < n; i++)
        if (rows <= p->rows[i]) {
            double at = log(rows / p->rows[i - 1]) / log(p->rows[i] / p->rows[i - 1]);
            return p->share[i - 1] + at * (p->share[i] - p->share[i - 1]);
        }
    return p->share[n - 1];
}
