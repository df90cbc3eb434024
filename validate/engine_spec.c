/* engine_spec.c - see engine_spec.h. */
#include "validate/engine_spec.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"

#define FOLDER "validate/engines"

enum { R = 1 << GBL_ENGINE_REQUESTS, P = 1 << GBL_ENGINE_POINTS, H = 1 << GBL_ENGINE_HITS };
static const struct { const char *key; int time, must, may; } columns[GBL_EC_N] = {
    [GBL_EC_RUN] = {"run", 0, 0, R | P},       [GBL_EC_PART] = {"part", 0, 0, R},
    [GBL_EC_ARRIVAL] = {"arrival", 1, R | H, R | H}, [GBL_EC_INPUT] = {"input", 0, R | P | H, R | P | H},
    [GBL_EC_OUTPUT] = {"output", 0, R | P | H, R | P | H}, [GBL_EC_PROMPT] = {"prompt", 0, 0, R},
    [GBL_EC_OK] = {"ok", 0, 0, R | P},         [GBL_EC_TTFT] = {"ttft", 1, 0, R | P},
    [GBL_EC_TPOT] = {"tpot", 1, 0, R | P},     [GBL_EC_E2E] = {"e2e", 1, 0, R | P},
    [GBL_EC_ITL] = {"itl", 1, 0, R},           [GBL_EC_CONCURRENCY] = {"concurrency", 0, P, P},
    [GBL_EC_TP] = {"tp", 0, 0, P},             [GBL_EC_KEY] = {"key", 0, H, H}};

const char *gbl_engine_column_key(enum gbl_engine_column c)
{
    return columns[c].key;
}

static int need_object(const gbl_node *n, const char *what, gbl_err *err)
{
    if (gbl_node_kind(n) == GBL_OBJECT) return 0;
    gbl_node_fail(n, err, "%s is not an object", what);
    return gbl_expected(err, "{...}");
}

/* Member `key` of object n, which must be there. */
static int member(const gbl_node *n, const char *key, const gbl_node **out, gbl_err *err)
{
    if ((*out = gbl_node_get(n, key))) return 0;
    gbl_node_fail(n, err, "key \"%s\" is missing", key);
    return gbl_expected(err, "an engine/1 description with \"%s\"", key);
}

static int text_member(const gbl_node *n, const char *key, const char **out, gbl_err *err)
{
    const gbl_node *m;
    return member(n, key, &m, err) || gbl_node_str(m, out, err) ? err->code : 0;
}

static int read_unit(const gbl_node *n, double *out, gbl_err *err)
{
    static const struct { const char *name; double s; } units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}};
    const char *text;
    if (text_member(n, "unit", &text, err)) return err->code;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (!strcmp(units[i].name, text)) {
            *out = units[i].s;
            return 0;
        }
    gbl_node_fail(gbl_node_get(n, "unit"), err, "unknown unit '%s'", text);
    return gbl_expected(err, "ns, us, ms or s");
}

static int read_column(gbl_engine_spec *s, int c, const gbl_node *n, gbl_err *err)
{
    static const char *const time_keys[] = {"column", "unit", NULL}, *const ok_keys[] = {"column", "is", NULL};
    gbl_engine_col *col = &s->col[c];
    col->at = n;
    if (!columns[c].time && c != GBL_EC_OK) return gbl_node_str(n, &col->name, err);
    if (gbl_node_kind(n) != GBL_OBJECT) {
        gbl_node_fail(n, err, "column %s is not an object", columns[c].key);
        return gbl_expected(err, columns[c].time ? "{\"column\": NAME, \"unit\": \"ms\"}" : "{\"column\": NAME, \"is\": WORD}");
    }
    if (gbl_node_only(n, columns[c].time ? time_keys : ok_keys, err) || text_member(n, "column", &col->name, err)) return err->code;
    return columns[c].time ? read_unit(n, &col->unit_s, err) : text_member(n, "is", &s->ok_is, err);
}

static int read_columns(gbl_engine_spec *s, const gbl_node *root, gbl_err *err)
{
    const char *known[GBL_EC_N + 1] = {0};
    const gbl_node *n;
    int n_known = 0, bit = 1 << s->kind;
    if (member(root, "columns", &n, err) || need_object(n, "columns", err)) return err->code;
    for (int c = 0; c < GBL_EC_N; c++)
        if (columns[c].may & bit) known[n_known++] = columns[c].key;
    if (gbl_node_only(n, known, err)) return err->code;
    for (int c = 0; c < GBL_EC_N; c++) {
        const gbl_node *m = gbl_node_get(n, columns[c].key);
        if (!m && columns[c].must & bit) {
            gbl_node_fail(n, err, "no column is named for %s", columns[c].key);
            return gbl_expected(err, "\"%s\": the header's word for it", columns[c].key);
        }
        if (m && read_column(s, c, m, err)) return err->code;
    }
    if (s->kind == GBL_ENGINE_HITS || s->col[GBL_EC_TTFT].name || s->col[GBL_EC_TPOT].name || s->col[GBL_EC_E2E].name) return 0;
    gbl_node_fail(n, err, "nothing to score: no column is named for ttft, tpot or e2e");
    return gbl_expected(err, "at least one of them");
}

static int number(const gbl_node *root, const char *key, double low, double high, double *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, key);
    if (!n) return 0;
    if (gbl_node_real(n, out, err)) return err->code;
    if (*out >= low && *out <= high) return 0;
    gbl_node_fail(n, err, "%s is out of range", key);
    return gbl_expected(err, "%g .. %g", low, high);
}

static int whole(const gbl_node *root, const char *key, int64_t low, int64_t *out, gbl_err *err)
{
    const gbl_node *n = gbl_node_get(root, key);
    if (!n) return 0;
    if (gbl_node_int(n, out, err)) return err->code;
    if (*out >= low && *out <= 1000000000) return 0;
    gbl_node_fail(n, err, "%s is out of range", key);
    return gbl_expected(err, "%lld .. 1000000000", (long long)low);
}

static int read_points(gbl_engine_spec *s, const gbl_node *root, gbl_err *err)
{
    s->requests_per_client = 10;
    s->low = s->high = 1;
    if (whole(root, "requests_per_client", 1, &s->requests_per_client, err) || number(root, "low", 0.001, 1000, &s->low, err) ||
        number(root, "high", 0.001, 1000, &s->high, err))
        return err->code;
    if (s->low <= s->high) return 0;
    gbl_node_fail(gbl_node_get(root, "low"), err, "low is above high");
    return gbl_expected(err, "low <= high, as shares of the length in the column");
}

static int read_ids(gbl_engine_spec *s, const gbl_node *root, gbl_err *err)
{
    static const char *const known[] = {"file", "column", "tokens", "hit_tokens", NULL};
    const gbl_node *n, *m;
    if (member(root, "ids", &n, err) || need_object(n, "ids", err) || gbl_node_only(n, known, err)) return err->code;
    if (text_member(n, "file", &s->ids_file, err) || text_member(n, "column", &s->ids_column, err)) return err->code;
    if (member(n, "tokens", &m, err) || whole(n, "tokens", 1, &s->id_tokens, err)) return err->code;
    if (member(n, "hit_tokens", &m, err) || whole(n, "hit_tokens", 0, &s->hit_tokens, err)) return err->code;
    if (512 % s->id_tokens == 0) return 0;
    gbl_node_fail(m, err, "blocks of %lld tokens cannot be replayed", (long long)s->id_tokens);
    return gbl_expected(err, "a divisor of 512");
}

static int read_kind(gbl_engine_spec *s, const gbl_node *root, gbl_err *err)
{
    static const char *const kinds[] = {"requests", "points", "hits", "bench_serve"};
    const char *text;
    if (text_member(root, "kind", &text, err)) return err->code;
    for (int i = 0; i < 4; i++)
        if (!strcmp(kinds[i], text)) {
            s->bench = i == 3;
            s->kind = s->bench ? GBL_ENGINE_REQUESTS : (enum gbl_engine_kind)i;
            return 0;
        }
    gbl_node_fail(gbl_node_get(root, "kind"), err, "unknown kind '%s'", text);
    gbl_expected(err, "requests, points, hits or bench_serve");
    return gbl_nearest(err, gbl_near(text, kinds, 4));
}

static int read_scenario(gbl_engine_spec *s, const gbl_node *root, gbl_err *err)
{
    if (member(root, "scenario", &s->scenario, err) || need_object(s->scenario, "scenario", err)) return err->code;
    const gbl_node *trace = gbl_node_get(s->scenario, "trace");
    if (!trace) return 0;
    gbl_node_fail_key(trace, err, "the scenario has a trace of its own");
    return gbl_expected(err, "a scenario without one: the log is the trace");
}

static int bind(gbl_engine_spec *s, gbl_err *err)
{
    static const char *const known[] = {"gable", "name", "source", "note", "kind", "file", "columns", "labels", "scenario",
                                        "requests_per_client", "low", "high", "ids", NULL};
    const gbl_node *root = gbl_doc_root(s->doc), *form;
    const char *text;
    if (need_object(root, "a description", err) || member(root, "gable", &form, err) || gbl_node_str(form, &text, err)) return err->code;
    if (strcmp(text, "engine/1")) {
        gbl_node_fail(form, err, "this is a '%s' document", text);
        return gbl_expected(err, "\"engine/1\"");
    }
    if (gbl_node_only(root, known, err) || text_member(root, "name", &s->name, err) || text_member(root, "file", &s->file, err)) return err->code;
    s->file_at = gbl_node_get(root, "file");
    s->source = gbl_node_get(root, "source") ? gbl_node_text(gbl_node_get(root, "source")) : "";
    s->labels = gbl_node_get(root, "labels");
    if (s->labels && need_object(s->labels, "labels", err)) return err->code;
    if (read_kind(s, root, err)) return err->code;
    const gbl_node *unread = s->bench ? gbl_node_get(root, "columns") : NULL;
    if (unread) {
        gbl_node_fail_key(unread, err, "the arrays of a benchmark's result have names of their own, so 'columns' would be read by nothing");
        return gbl_expected(err, "no columns");
    }
    if ((!s->bench && read_columns(s, root, err)) || read_scenario(s, root, err)) return err->code;
    if (s->kind == GBL_ENGINE_POINTS) return read_points(s, root, err);
    return s->kind == GBL_ENGINE_HITS ? read_ids(s, root, err) : 0;
}

static int is_path(const char *name)
{
    size_t n = strlen(name);
    return strchr(name, '/') || (n > 5 && !strcmp(name + n - 5, ".json"));
}

const char **gbl_engine_specs(gbl_arena *a, size_t *n)
{
    return gbl_data_list(a, FOLDER, n);
}

static int find(gbl_engine_spec *s, const char *name, const char **path, gbl_err *err)
{
    size_t n = 0;
    *path = name;
    if (is_path(name)) return 0;
    const char **known = gbl_engine_specs(s->arena, &n);
    *path = gbl_data_path(s->arena, gbl_arena_printf(s->arena, "%s/%s.json", FOLDER, name));
    if (*path) return 0;
    gbl_fail(err, GBL_EINPUT, "unknown engine log '%s'", name);
    gbl_expected(err, "all, a description that gable ships, or the path of one's own (it ends in .json)");
    return gbl_nearest(err, gbl_near(name, known, n));
}

int gbl_engine_spec_open(gbl_engine_spec **out, const char *name, gbl_err *err)
{
    gbl_engine_spec *s = gbl_alloc(1, sizeof *s);
    const char *path;
    *out = NULL;
    if (!s) return gbl_nomem(err, sizeof *s);
    int code = (s->arena = gbl_arena_new()) ? 0 : gbl_nomem(err, 64);
    if (!code) code = find(s, name, &path, err);
    if (!code) code = gbl_doc_read(&s->doc, path, err);
    if (!code) code = bind(s, err);
    if (!code) *out = s;
    else gbl_engine_spec_free(s);
    return code;
}

void gbl_engine_spec_free(gbl_engine_spec *s)
{
    if (!s) return;
    if (s->doc) gbl_doc_free(s->doc);
    if (s->arena) gbl_arena_free(s->arena);
    gbl_free(s);
}

const char *gbl_engine_spec_path(const gbl_engine_spec *s, const char *data, const char *file)
{
    const char *in = data && file[0] != '/' ? gbl_arena_printf(s->arena, "%s/%s", data, file) : NULL;
    if (in && access(in, F_OK) == 0) return in;
    return gbl_find_path(s->arena, gbl_doc_folder(s->doc), file);
}
