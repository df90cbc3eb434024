/* compress_read.c - a compression card (policies/cards/compress/NAME.json) into generators.
 *
 *   {"gable": "compress/1", "name": "kivi", "title": ..., "source": ..., "verdict": "card" | "architecture" | "precision" | "policy" | "input",
 *    "parameters": {"bits": {"value": 2, "low": 1, "high": 16, "unit": "bits", "help": ..., "source": ...}},
 *    "settings":   {"kivi-4bit": {"bits": 4}},
 *    "fits":       {"attention": ["mha", "gqa", "mla"], "window": true},
 *    "does":       [{"bits": {"k_bits": "bits", "v_bits": "bits", "group": {"value": 32, "source": ...}, ...}}],
 *    "quality":    [...], "caveats": [...]}
 *
 * A generator is an object with one key. A number is a number, the name of a parameter, an array of both (their sum),
 * or {"value": one of these, "source": ...}. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "models/cards.h"
#include "models/compress_parts.h"

enum kind { NUM, FLAG, WORD };
typedef struct field {
    const char *key;
    size_t at;
    enum kind kind;
    double dflt, low, high;
    const char *words; /* of WORD: "a|b|c", whose index is stored */
} field;

#define WHENS "prefill_layer_end|prefill_chunk|prefill_end|step|load"
static const field tok_fields[] = {
    {"cap_tokens", offsetof(gbl_gen_tok, cap), NUM, 0, 0, 1e9, NULL},
    {"cap_share", offsetof(gbl_gen_tok, share), NUM, 0, 0, 1, NULL},
    {"of", offsetof(gbl_gen_tok, of_context), WORD, 0, 0, 0, "prompt|context"},
    {"halves", offsetof(gbl_gen_tok, halves), FLAG, 0, 0, 1, NULL},
    {"generated", offsetof(gbl_gen_tok, generated), WORD, 1, 0, 0, "kept|counted"},
    {"sink_tokens", offsetof(gbl_gen_tok, sink), NUM, 0, 0, 1e9, NULL},
    {"window_tokens", offsetof(gbl_gen_tok, window), NUM, 0, 0, 1e9, NULL},
    {"drop_tokens", offsetof(gbl_gen_tok, every), NUM, 1, 1, 1e9, NULL},
    {"block_tokens", offsetof(gbl_gen_tok, block), NUM, 1, 1, 1e6, NULL},
    {"score", offsetof(gbl_gen_tok, score), WORD, 0, 0, 0, "none|window|cumulative|norm|head"},
    {"when", offsetof(gbl_gen_tok, when), WORD, 3, 0, 0, WHENS},
    {"sets", offsetof(gbl_gen_tok, sets), WORD, 2, 0, 0, "shared|layer|head"},
    {"frees", offsetof(gbl_gen_tok, frees), WORD, 0, 0, 0, "compact|reuse|in_place"},
    {"observe_tokens", offsetof(gbl_gen_tok, observe), NUM, 0, 0, 1e9, NULL},
    {"pool_tokens", offsetof(gbl_gen_tok, pool), NUM, 1, 1, 1e6, NULL},
    {"per_query_head", offsetof(gbl_gen_tok, per_query_head), FLAG, 0, 0, 1, NULL},
    {"rotates", offsetof(gbl_gen_tok, rotates), FLAG, 0, 0, 1, NULL},
    {"set_layers", offsetof(gbl_gen_tok, set_layers), NUM, 1, 1, 1024, NULL},
    {"score_flop", offsetof(gbl_gen_tok, score_flop), NUM, 1, 0, 1e6, NULL},
    {"merges", offsetof(gbl_gen_tok, merges), WORD, 0, 0, 0, "none|position|similarity"},
    {0}};
static const field bits_fields[] = {
    {"k_bits", offsetof(gbl_gen_bits, k_bits), NUM, NAN, 0.1, 16, NULL},
    {"v_bits", offsetof(gbl_gen_bits, v_bits), NUM, NAN, 0.1, 16, NULL},
    {"group", offsetof(gbl_gen_bits, group), NUM, 0, 1, 1e9, NULL},
    {"scale_bits", offsetof(gbl_gen_bits, scale_bits), NUM, 32, 0, 128, NULL},
    {"meta_bits", offsetof(gbl_gen_bits, meta_bits), NUM, 0, 0, 16, NULL},
    {"residual_k_tokens", offsetof(gbl_gen_bits, residual_k), NUM, 0, 0, 1e9, NULL},
    {"residual_v_tokens", offsetof(gbl_gen_bits, residual_v), NUM, 0, 0, 1e9, NULL},
    {"k_residual", offsetof(gbl_gen_bits, k_mod), WORD, 1, 0, 0, "window|mod"},
    {"v_residual", offsetof(gbl_gen_bits, v_mod), WORD, 0, 0, 0, "window|mod"},
    {"k_axis", offsetof(gbl_gen_bits, k_channel), WORD, 0, 0, 0, "token|channel"},
    {"encode_flop", offsetof(gbl_gen_bits, encode_flop), NUM, 5, 0, 1e9, NULL},
    {"decode_flop", offsetof(gbl_gen_bits, decode_flop), NUM, 2, 0, 1e9, NULL},
    {"codewords", offsetof(gbl_gen_bits, codewords), NUM, 0, 0, 1e6, NULL},
    {"fused", offsetof(gbl_gen_bits, fused), FLAG, 0, 0, 1, NULL},
    {0}};
static const field chan_fields[] = {
    {"k_share", offsetof(gbl_gen_chan, k_share), NUM, 1, 0.001, 1, NULL},
    {"v_share", offsetof(gbl_gen_chan, v_share), NUM, 1, 0.001, 1, NULL},
    {"recent_tokens", offsetof(gbl_gen_chan, recent), NUM, 0, 0, 1e9, NULL},
    {"extra_tokens", offsetof(gbl_gen_chan, extra), NUM, 0, 0, 1e9, NULL},
    {"expand", offsetof(gbl_gen_chan, expand), FLAG, 0, 0, 1, NULL},
    {"basis", offsetof(gbl_gen_chan, basis), FLAG, 0, 0, 1, NULL},
    {"when", offsetof(gbl_gen_chan, when), WORD, 4, 0, 0, WHENS},
    {0}};
static const field share_fields[] = {
    {"from_layer_share", offsetof(gbl_gen_share, from), NUM, 0, 0, 1, NULL},
    {"to_layer_share", offsetof(gbl_gen_share, to), NUM, 1, 0, 1, NULL},
    {"group_layers", offsetof(gbl_gen_share, group), NUM, 2, 1, 1024, NULL},
    {"aux_B", offsetof(gbl_gen_share, aux), NUM, 0, 0, 1e6, NULL},
    {"overlap", offsetof(gbl_gen_share, overlap), NUM, NAN, -1, 1, NULL},
    {"reread", offsetof(gbl_gen_share, reread), FLAG, 1, 0, 1, NULL},
    {"merges", offsetof(gbl_gen_share, merges), FLAG, 1, 0, 1, NULL},
    {0}};
static const field merge_fields[] = {
    {"token_share", offsetof(gbl_gen_merge, share), NUM, NAN, 0.001, 1, NULL},
    {"when", offsetof(gbl_gen_merge, when), WORD, 2, 0, 0, WHENS},
    {0}};
static const field lowrank_fields[] = {
    {"k_rank", offsetof(gbl_gen_lowrank, k_rank), NUM, NAN, 0, 1e4, NULL},
    {"v_rank", offsetof(gbl_gen_lowrank, v_rank), NUM, NAN, 0, 1e4, NULL},
    {0}};
static const field outlier_fields[] = {
    {"element_share", offsetof(gbl_gen_outlier, share), NUM, NAN, 0, 1, NULL},
    {"index_bits", offsetof(gbl_gen_outlier, index_bits), NUM, 16, 0, 64, NULL},
    {0}};
static const field place_fields[] = {
    {"token_share", offsetof(gbl_gen_place, share), NUM, NAN, 0, 1, NULL},
    {"recompute_share", offsetof(gbl_gen_place, recompute), NUM, 0, 0, 1, NULL},
    {"tier", offsetof(gbl_gen_place, tier), WORD, 1, 0, 0, "hbm|dram|ssd"},
    {0}};
static const field read_fields[] = {
    {"budget_tokens", offsetof(gbl_gen_read, budget), NUM, 0, 1, 1e9, NULL},
    {"token_share", offsetof(gbl_gen_read, share), NUM, 1, 1e-6, 1, NULL},
    {"page_tokens", offsetof(gbl_gen_read, page), NUM, 1, 1, 1e6, NULL},
    {"interval_steps", offsetof(gbl_gen_read, interval), NUM, 1, 1, 1e6, NULL},
    {"selector_B", offsetof(gbl_gen_read, selector_bytes), NUM, 0, 0, 1e6, NULL},
    {"index_k_share", offsetof(gbl_gen_read, index_k), NUM, 0, 0, 2, NULL},
    {"selector_k_share", offsetof(gbl_gen_read, selector_k), NUM, 0, 0, 2, NULL},
    {0}};
static const field state_fields[] = {
    {"layer_share", offsetof(gbl_gen_state, layers_share), NUM, NAN, 0, 1, NULL},
    {"layer_MB", offsetof(gbl_gen_state, bytes), NUM, NAN, 0, 1e6, NULL},
    {0}};
#define ARCH_FIELD(key, member, low, high) {key, offsetof(gbl_kv_arch, member), NUM, 1, low, high, NULL}
static const field arch_fields[] = {
    ARCH_FIELD("prefill_layer_share", prefill_layers, 0, 1),
    ARCH_FIELD("kv_head_share", kv_heads, 0, 1), ARCH_FIELD("streams", streams, 1, 64),
    ARCH_FIELD("recursions", recursions, 1, 6), ARCH_FIELD("tokens_step", tokens_step, 1, 64),
    ARCH_FIELD("kv_tokens_step", kv_tokens_step, 0, 64), ARCH_FIELD("block_tokens", block, 1, 1024),
    {"stream_tokens", offsetof(gbl_kv_arch, stream_tokens), NUM, 0, 0, 1e6, NULL},
    {"own_layers", offsetof(gbl_kv_arch, own_layers), NUM, 0, 0, 1e6, NULL},
    {"kv_once", offsetof(gbl_kv_arch, kv_once), NUM, 0, 0, 1, NULL},
    {"micro_layer_share", offsetof(gbl_kv_arch, micro_layers), NUM, 0, 0, 1, NULL},
    {"local_window_tokens", offsetof(gbl_kv_arch, local_window), NUM, 0, 0, 1e6, NULL},
    {"local_layer_share", offsetof(gbl_kv_arch, local_layers), NUM, 0, 0, 1, NULL},
    {"linear_layer_share", offsetof(gbl_kv_arch, linear_layers), NUM, 0, 0, 1, NULL},
    {"linear_state_B", offsetof(gbl_kv_arch, linear_state), NUM, 4, 1, 8, NULL},
    ARCH_FIELD("prefill_pair_share", prefill_sparse, 0, 1), {0}};

typedef struct maker { const char *key; enum gbl_gen_kind kind; const field *fields; } maker;
static const maker makers[] = {
    {"arch", GBL_GEN_ARCH, arch_fields}, {"heads", GBL_GEN_HEADS, NULL}, {"layers", GBL_GEN_LAYERS, NULL},
    {"tok", GBL_GEN_TOK, tok_fields}, {"merge", GBL_GEN_MERGE, merge_fields}, {"chan", GBL_GEN_CHAN, chan_fields},
    {"share", GBL_GEN_SHARE, share_fields}, {"tokens", GBL_GEN_TOKENS, NULL}, {"bits", GBL_GEN_BITS, bits_fields},
    {"lowrank", GBL_GEN_LOWRANK, lowrank_fields}, {"outlier", GBL_GEN_OUTLIER, outlier_fields},
    {"place", GBL_GEN_PLACE, place_fields}, {"read", GBL_GEN_READ, read_fields}, {"state", GBL_GEN_STATE, state_fields}, {0}};

/* ---- numbers and words ---- */

typedef struct reader { /* of one method */
    gbl_kv_plan *plan;
    const gbl_kv_value *value; /* NULL: only a check, parameters by their own values */
    int32_t n_values, method, splits;
    gbl_err *err;
} reader;

static int parameter(const reader *r, const gbl_node *n, double *out) {
    const char *name = gbl_node_text(n), *known[64];
    int32_t i = 0;
    for (; i < r->n_values; i++)
        if (!strcmp(r->value[i].name, name)) {
            *out = r->value[i].value;
            return 0;
        }
    gbl_node_fail(n, r->err, "no parameter \"%s\" in this card", name);
    gbl_expected(r->err, "a number, or the name of one of the card's parameters");
    for (i = 0; i < r->n_values && i < 64; i++) known[i] = r->value[i].name;
    return gbl_nearest(r->err, gbl_near(name, known, (size_t)i));
}

/* A number, a parameter, or the sum of an array of them. */
static int term(const reader *r, const gbl_node *n, double *out) {
    if (gbl_node_kind(n) == GBL_STRING) return parameter(r, n, out);
    if (gbl_node_kind(n) != GBL_ARRAY) return gbl_node_real(n, out, r->err);
    double sum = 0, v;
    for (const gbl_node *k = gbl_node_first(n); k; k = gbl_node_next(k)) {
        if (gbl_node_kind(k) == GBL_STRING ? parameter(r, k, &v) : gbl_node_real(k, &v, r->err)) return r->err->code;
        sum += v;
    }
    *out = sum;
    return 0;
}

static int number(const reader *r, const gbl_node *n, const field *f, double *out) {
    static const char *const sourced[] = {"value", "source", "note", NULL};
    const gbl_node *v = n;
    if (gbl_node_kind(n) == GBL_OBJECT) {
        if (gbl_node_only(n, sourced, r->err)) return r->err->code;
        if (!(v = gbl_node_get(n, "value"))) return gbl_card_missing(n, "value", r->err);
        if (!gbl_node_get(n, "source")) return gbl_card_missing(n, "source", r->err);
    }
    if (term(r, v, out)) return r->err->code;
    if (*out >= f->low && *out <= f->high) return 0;
    gbl_node_fail(v, r->err, "%s = %g is out of range", f->key, *out);
    return gbl_expected(r->err, "%g to %g", f->low, f->high);
}

static int word(const gbl_node *n, const field *f, int32_t *out, gbl_err *err) {
    const char *text;
    if (gbl_node_str(n, &text, err)) return err->code;
    size_t len = strlen(text);
    int32_t i = 0;
    for (const char *w = f->words; w; w = (w = strchr(w, '|')) ? w + 1 : NULL, i++)
        if (!strncmp(w, text, len) && (w[len] == '|' || !w[len])) {
            *out = i;
            return 0;
        }
    gbl_node_fail(n, err, "unknown word \"%s\"", text);
    return gbl_expected(err, "%s", f->words);
}

static int read_fields_of(const reader *r, const gbl_node *n, const field *fields, void *out) {
    const char *known[40] = {NULL};
    int bare = gbl_node_kind(n) == GBL_OBJECT;
    for (int i = 0; fields[i].key; i++) known[i] = fields[i].key;
    if (!bare) return gbl_node_fail(n, r->err, "a generator is {\"kind\": {fields}}");
    if (gbl_node_only(n, known, r->err)) return r->err->code;
    for (const field *f = fields; f->key; f++) {
        const gbl_node *m = gbl_node_get(n, f->key);
        void *at = (char *)out + f->at;
        if (!m && f->kind == NUM && isnan(f->dflt) && strcmp(f->key, "overlap")) return gbl_card_missing(n, f->key, r->err);
        if (f->kind == NUM) {
            double v = f->dflt;
            if (m && number(r, m, f, &v)) return r->err->code;
            *(double *)at = v;
        } else if (f->kind == FLAG) {
            double v = f->dflt;
            if (m && gbl_node_kind(m) == GBL_STRING && parameter(r, m, &v)) return r->err->code;
            if (m && gbl_node_kind(m) == GBL_BOOL) v = gbl_node_bool(m);
            *(int32_t *)at = v != 0;
        } else {
            *(int32_t *)at = (int32_t)f->dflt;
            if (m && word(m, f, at, r->err)) return r->err->code;
        }
    }
    return 0;
}

/* ---- generators ---- */

static int read_list(reader *r, const gbl_node *list, int32_t split, int32_t part);

/* [{"share": .15, "does": [...]}, {"does": [...]}]: the last part without a share is the rest; "count": so many layers or heads. */
static int read_parts(reader *r, const gbl_node *list, gbl_generator *g) {
    static const char *const known[] = {"share", "count", "does", "name", NULL};
    static const field share = {"share", 0, NUM, 0, 0, 1, NULL}, count = {"count", 0, NUM, 0, 0, 1e6, NULL};
    int32_t id = r->splits++, i = 0;
    double left = 1;
    gbl_generator split = *g;
    split.u.split_of.id = id;
    memset(split.u.split_of.counted, 0, sizeof split.u.split_of.counted);
    if (gbl_node_kind(list) != GBL_ARRAY || gbl_node_size(list) < 2 || gbl_node_size(list) > 8 || id > 1)
        return gbl_node_fail(list, r->err, "a partition is an array of 2 to 8 parts, at most two partitions a card");
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n), i++) {
        double s = left;
        const gbl_node *units = g->kind == GBL_GEN_TOKENS ? NULL : gbl_node_get(n, "count");
        if (gbl_node_only(n, known, r->err)) return r->err->code;
        split.u.split_of.counted[i] = units != NULL;
        if (units) {
            if (number(r, units, &count, &split.u.split_of.part[i])) return r->err->code;
            continue;
        }
        if (gbl_node_get(n, "share") && number(r, gbl_node_get(n, "share"), &share, &s)) return r->err->code;
        if (s > left + 1e-9) return gbl_node_fail(n, r->err, "the shares add up to more than 1");
        split.u.split_of.part[i] = s;
        left -= s;
    }
    split.u.split_of.n = i;
    *g = split;
    i = 0;
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n), i++)
        if (gbl_node_get(n, "does") && read_list(r, gbl_node_get(n, "does"), id, i)) return r->err->code;
    return 0;
}

static const maker *maker_of(const gbl_node *n, gbl_err *err) {
    const char *known[16];
    size_t k = 0;
    if (gbl_node_kind(n) != GBL_OBJECT || gbl_node_size(n) != 1) {
        gbl_node_fail(n, err, "a generator is an object with one key, its kind");
        return NULL;
    }
    const char *key = gbl_node_key(gbl_node_first(n));
    for (const maker *m = makers; m->key; m++) {
        if (!strcmp(m->key, key)) return m;
        known[k++] = m->key;
    }
    gbl_node_fail_key(gbl_node_first(n), err, "unknown generator \"%s\"", key);
    gbl_nearest(err, gbl_near(key, known, k));
    return NULL;
}

static int read_one(reader *r, const gbl_node *n, int32_t split, int32_t part) {
    const maker *m = maker_of(n, r->err);
    if (!m) return r->err->code;
    if (r->plan->n_gens == GBL_KV_GENS) return gbl_node_fail(n, r->err, "more than %d generators in one composition", GBL_KV_GENS);
    gbl_generator *g = &r->plan->gen[r->plan->n_gens++];
    *g = (gbl_generator){.kind = m->kind, .at = n, .method = r->method, .split = split, .part = part};
    const gbl_node *body = gbl_node_first(n);
    if (!m->fields) return read_parts(r, body, g);
    if (read_fields_of(r, body, m->fields, &g->u)) return r->err->code;
    if (m->kind == GBL_GEN_BITS && g->u.bits.codewords > 0) g->u.bits.encode_flop = 2 * g->u.bits.codewords; /* a distance to each, an element */
    if (m->kind == GBL_GEN_STATE) g->u.state.bytes *= 1e6;
    if (m->kind == GBL_GEN_SHARE && g->u.share.group < 2) r->plan->n_gens--; /* groups of one share nothing */
    if (m->kind == GBL_GEN_TOK && !(g->u.tok.cap > 0) && !(g->u.tok.share > 0)) return gbl_card_missing(body, "cap_tokens", r->err);
    if (m->kind == GBL_GEN_TOK && g->u.tok.score != GBL_SCORE_NONE && g->u.tok.cap > 0 && g->u.tok.sink + g->u.tok.window > g->u.tok.cap) {
        gbl_node_fail(body, r->err, "%g first and %g last tokens do not fit the %g that are kept", g->u.tok.sink, g->u.tok.window, g->u.tok.cap);
        return gbl_expected(r->err, "a cap of at least its window");
    }
    return 0;
}

static int read_list(reader *r, const gbl_node *list, int32_t split, int32_t part) {
    if (gbl_node_kind(list) != GBL_ARRAY) return gbl_node_fail(list, r->err, "an array of generators");
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n))
        if (read_one(r, n, split, part)) return r->err->code;
    return 0;
}

/* ---- parameters ---- */

static const gbl_node *members(const gbl_node *n) { return n ? gbl_node_first(n) : NULL; }

static int parameter_rows(const gbl_node *root, gbl_kv_value *out, int most, int *n, gbl_err *err) {
    static const char *const known[] = {"value", "low", "high", "unit", "help", "source", "note", NULL};
    *n = 0;
    for (const gbl_node *p = members(gbl_node_get(root, "parameters")); p; p = gbl_node_next(p)) {
        double v;
        if (*n == most) return gbl_node_fail(p, err, "more than %d parameters", most);
        if (gbl_node_only(p, known, err)) return err->code;
        for (int i = 0; i < 6; i++)
            if (!gbl_node_get(p, known[i]) && i != 4) return gbl_card_missing(p, known[i], err);
        if (gbl_node_real(gbl_node_get(p, "value"), &v, err)) return err->code;
        out[(*n)++] = (gbl_kv_value){gbl_node_key(p), v, 0};
    }
    return 0;
}

static int set_value(const gbl_node *root, gbl_kv_value *v, int n, const gbl_node *to, gbl_err *err) {
    const char *known[64];
    double x, low, high;
    for (int i = 0; i < n; i++) {
        if (strcmp(v[i].name, gbl_node_key(to))) continue;
        const gbl_node *row = gbl_node_get(gbl_node_get(root, "parameters"), v[i].name);
        if (gbl_node_kind(to) == GBL_BOOL) x = gbl_node_bool(to);
        else if (gbl_node_real(to, &x, err)) return err->code;
        if (gbl_node_real(gbl_node_get(row, "low"), &low, err) || gbl_node_real(gbl_node_get(row, "high"), &high, err)) return err->code;
        if (x < low || x > high) {
            gbl_node_fail(to, err, "%s = %g is out of range", v[i].name, x);
            return gbl_expected(err, "%g to %g %s", low, high, gbl_node_text(gbl_node_get(row, "unit")));
        }
        v[i].value = x;
        v[i].given = 1;
        return 0;
    }
    gbl_node_fail_key(to, err, "unknown parameter \"%s\"", gbl_node_key(to));
    for (int i = 0; i < n && i < 64; i++) known[i] = v[i].name;
    gbl_expected(err, n ? "a parameter of this method" : "no parameter: this method has none");
    return gbl_nearest(err, n ? gbl_near(gbl_node_key(to), known, (size_t)n) : NULL);
}

static int apply_settings(const gbl_node *root, const char *setting, const gbl_node *use, gbl_kv_value *v, int n, gbl_err *err) {
    const gbl_node *s = setting ? gbl_node_get(gbl_node_get(root, "settings"), setting) : NULL;
    for (const gbl_node *m = members(s); m; m = gbl_node_next(m))
        if (set_value(root, v, n, m, err)) return err->code;
    if (gbl_node_kind(use) != GBL_OBJECT) return 0;
    for (const gbl_node *m = gbl_node_first(use); m; m = gbl_node_next(m))
        if (strcmp(gbl_node_key(m), "use") && set_value(root, v, n, m, err)) return err->code;
    return 0;
}

/* ---- cards ---- */

static int card_head(const gbl_node *root, gbl_err *err) {
    static const char *const known[] = {"gable", "name", "title", "source", "verdict", "parameters", "settings", "fits", "does", "quality", "caveats", "note", "weights", NULL};
    static const field verdict = {"verdict", 0, WORD, 0, 0, 0, "card|architecture|precision|policy|input|out_of_scope"};
    int32_t w;
    if (gbl_card_form(root, "compress/1", err) || gbl_node_only(root, known, err)) return err->code;
    for (const char *const *k = (const char *const[]){"name", "title", "source", "verdict", "does", NULL}; *k; k++)
        if (!gbl_node_get(root, *k)) return gbl_card_missing(root, *k, err);
    if (word(gbl_node_get(root, "verdict"), &verdict, &w, err)) return err->code;
    return gbl_kv_quality_check(root, err);
}

static int find_card(const char *name, const char **file, gbl_arena *a) { /* "kivi-2bit": kivi-2bit, then kivi */
    char *cut = gbl_arena_printf(a, "%s", name);
    while (cut) {
        const char *path = gbl_data_path(a, gbl_arena_printf(a, "policies/cards/compress/%s.json", cut));
        if (path) return *file = path, 1;
        char *dash = strrchr(cut, '-');
        if (!dash) return 0;
        *dash = 0;
    }
    return 0;
}

static int unknown(const char *name, gbl_arena *a, gbl_err *err) {
    size_t n = 0;
    const char **known = gbl_data_list(a, "policies/cards/compress", &n);
    gbl_fail(err, GBL_EINPUT, "unknown compression method \"%s\"", name);
    gbl_expected(err, "a card's name (gable list cards), one of its settings, or the path of a card");
    return gbl_nearest(err, known ? gbl_near(name, known, n) : NULL);
}

int gbl_compress_open(gbl_doc **out, const char *name, const char *folder, const char **setting, gbl_arena *a, gbl_err *err) {
    const char *path = NULL;
    *out = NULL;
    *setting = NULL;
    if (strchr(name, '/')) path = gbl_find_path(a, folder ? folder : "", name);
    else if (!*name || !find_card(name, &path, a)) return unknown(name, a, err);
    if (!path) return gbl_nomem(err, strlen(name));
    if (gbl_doc_read(out, path, err)) return err->code;
    const gbl_node *root = gbl_doc_root(*out);
    int code = card_head(root, err);
    if (!code && !strchr(name, '/') && strcmp(gbl_node_text(gbl_node_get(root, "name")), name)) {
        if (gbl_node_get(gbl_node_get(root, "settings"), name)) *setting = name;
        else code = unknown(name, a, err);
    }
    if (code) {
        gbl_doc_free(*out);
        *out = NULL;
    }
    return code;
}

int gbl_compress_check(const gbl_node *root, gbl_err *err) {
    gbl_kv_plan plan = {0};
    gbl_kv_value v[48];
    int n;
    if (card_head(root, err) || parameter_rows(root, v, 48, &n, err)) return err->code;
    reader r = {&plan, v, n, 0, 0, err};
    return read_list(&r, gbl_node_get(root, "does"), -1, -1);
}

/* Some cards record what others build on. */
static int no_method(const gbl_node *root, const gbl_node *at, gbl_err *err) {
    const char *verdict = gbl_node_text(gbl_node_get(root, "verdict"));
    if (strcmp(verdict, "input") && strcmp(verdict, "out_of_scope")) return 0;
    gbl_node_fail(at, err, "%s is no method: its verdict is \"%s\"", gbl_node_text(gbl_node_get(root, "name")), verdict);
    return gbl_expected(err, "a card that does something (gable list cards)");
}

/* Values of a policy that its card knows by the same name: quality is published for settings. The policy checks its own. */
static void policy_values(const gbl_node *use, gbl_kv_value *v, int n) {
    for (int i = 0; i < n && gbl_node_kind(use) == GBL_OBJECT; i++) {
        const gbl_node *to = gbl_node_get(use, v[i].name);
        gbl_err unread = {0};
        double x;
        if (!to || gbl_node_kind(to) != GBL_NUMBER || gbl_node_real(to, &x, &unread)) continue;
        v[i].value = x;
        v[i].given = 1;
    }
}

static const gbl_node *name_of(const gbl_node *use) { return gbl_node_kind(use) == GBL_OBJECT ? gbl_node_get(use, "use") : use; }

int gbl_kv_read_card_of(gbl_kv_plan *plan, const gbl_node *policy, const char *folder, gbl_arena *a, gbl_err *err) {
    const char *name = name_of(policy) ? gbl_node_text(name_of(policy)) : NULL, *path, *setting;
    gbl_kv_value *v = gbl_arena_take(a, 48 * sizeof *v);
    if (!v) return gbl_nomem(err, 48 * sizeof *v);
    if (!name || strchr(name, '/') || !find_card(name, &path, a)) return 0;
    gbl_doc **doc = &plan->doc[plan->n_methods];
    if (gbl_compress_open(doc, name, folder, &setting, a, err)) return err->code;
    const gbl_node *root = gbl_doc_root(*doc);
    gbl_kv_method *m = &plan->method[plan->n_methods++];
    *m = (gbl_kv_method){.name = gbl_arena_text(a, name), .root = root, .value = v, .card = gbl_node_text(gbl_node_get(root, "name")), .title = gbl_node_text(gbl_node_get(root, "title"))};
    if (parameter_rows(root, v, 48, &m->n_values, err)) return err->code;
    policy_values(policy, v, m->n_values);
    return 0;
}

int gbl_kv_read_method(gbl_kv_plan *plan, const gbl_node *use, const char *folder, gbl_arena *a, gbl_err *err) {
    const gbl_node *name_at = name_of(use);
    const char *name, *setting;
    if (!name_at) return gbl_card_missing(use, "use", err);
    if (gbl_node_str(name_at, &name, err)) return err->code;
    if (plan->n_methods == GBL_KV_METHODS) return gbl_node_fail(use, err, "more than %d methods in one composition", GBL_KV_METHODS);
    gbl_doc *doc;
    if (gbl_compress_open(&doc, name, folder, &setting, a, err)) {
        if (!err->where[0]) {
            char path[256];
            gbl_node_path(name_at, path, sizeof path);
            gbl_where(err, "%s", path);
        }
        return err->code;
    }
    gbl_kv_method *m = &plan->method[plan->n_methods];
    const gbl_node *root = gbl_doc_root(doc);
    if (no_method(root, name_at, err)) {
        gbl_doc_free(doc);
        return err->code;
    }
    gbl_kv_value *v = gbl_arena_take(a, 48 * sizeof *v);
    plan->doc[plan->n_methods] = doc;
    *m = (gbl_kv_method){.name = gbl_arena_text(a, name), .root = root, .value = v, .card = gbl_node_text(gbl_node_get(root, "name")), .title = gbl_node_text(gbl_node_get(root, "title"))};
    int n = 0, method = plan->n_methods++;
    if (!v) return gbl_nomem(err, 48 * sizeof *v);
    if (parameter_rows(root, v, 48, &n, err) || apply_settings(root, setting, use, v, n, err)) return err->code;
    m->n_values = n;
    reader r = {plan, v, n, method, 0, err};
    return read_list(&r, gbl_node_get(root, "does"), -1, -1);
}
