/* explain_compress.c - see explain_compress.h. The example is llama-3.1-8b in bf16: a prompt of 4,096 and one of 32,768 tokens. */
#include "lib/explain_compress.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/term.h"
#include "base/text.h"
#include "models/compress.h"

static const char example[] = "llama-3.1-8b";

/* ---- sentences ---- */

typedef struct words { char text[1024]; size_t n; } words;

static void say(words *w, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(words *w, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(w->text + w->n, sizeof w->text - w->n, fmt, args);
    va_end(args);
    if (n > 0) w->n = w->n + (size_t)n < sizeof w->text ? w->n + (size_t)n : sizeof w->text - 1;
}

static const char *const whens[] = {"when a layer's prompt is done", "behind each chunk of the prompt", "at the end of the prompt", "at every step", "in the weights, offline"};

static void tok_words(words *w, const gbl_gen_tok *t)
{
    static const char *const scores[] = {"", "the attention of the last queries", "the attention of all queries", "the norms of the keys", "a trained head"};
    static const char *const sets[] = {"the same everywhere", "one choice a layer", "a choice of its own for each KV head"};
    static const char *const frees[] = {"kept tokens are gathered", "a new token takes the slot of one that goes", "holes stay where tokens were"};
    const char *of = t->of_context ? "of all so far" : "of the prompt";
    say(w, "keeps ");
    if (t->share > 0) say(w, "%g %% %s%s", 100 * t->share, of, t->cap > 0 ? ", at most " : "");
    if (t->cap > 0) say(w, "%.10g tokens%s%s", t->cap, t->share > 0 ? "" : " ", t->share > 0 ? "" : of);
    say(w, "%s; ", t->generated ? ", generated ones among them" : ", and all generated ones");
    if (t->sink > 0) say(w, "the first %.10g always; ", t->sink);
    if (t->score == GBL_SCORE_NONE) say(w, "the last ones, without a score; ");
    else if (t->window > 0) say(w, "the last %.10g always; ", t->window);
    if (t->score == GBL_SCORE_WINDOW && t->observe > 0) say(w, "others by the attention of the last %.10g queries", t->observe);
    else if (t->score != GBL_SCORE_NONE) say(w, "others by %s", scores[t->score]);
    if (t->pool > 1) say(w, ", pooled over %.10g", t->pool);
    if (t->block > 1) say(w, ", in blocks of %.10g", t->block);
    if (t->score != GBL_SCORE_NONE) say(w, "; ");
    say(w, "%s", sets[t->sets]);
    if (t->set_layers > 1) say(w, ", shared by %.10g layers", t->set_layers);
    if (t->per_query_head) say(w, ", a copy for each query head");
    if (t->every > 1) say(w, "; %.10g go at once", t->every);
    say(w, "; %s; %s", whens[t->when], frees[t->frees]);
    if (t->merges) say(w, "; what goes is merged into the %s that stays", t->merges == GBL_MERGES_POSITION ? "nearest token" : "most similar token");
    if (t->rotates) say(w, "; positions are counted inside the cache");
}

static void residue_words(words *w, const char *what, double r, int mod)
{
    if (r > 0 && mod) say(w, "; %s in full until %.10g have gathered", what, r);
    else if (r > 0) say(w, "; %s of the last %.10g tokens in full", what, r);
}

static void bits_words(words *w, const gbl_gen_bits *b)
{
    if (b->k_bits == b->v_bits) say(w, "K and V in codes of %g bits", b->k_bits);
    else say(w, "K in codes of %g bits, V of %g", b->k_bits, b->v_bits);
    if (b->group > 0) say(w, ", %g bits of scale and zero for each group of %.10g (%s): %g and %g in all", b->scale_bits, b->group,
                          b->k_channel ? "K along the tokens, V along the channels" : "along the channels", b->k_bits + b->meta_bits + b->scale_bits / b->group, b->v_bits + b->meta_bits + b->scale_bits / b->group);
    else if (b->meta_bits > 0) say(w, ", and %g of metadata", b->meta_bits);
    if (b->codewords > 0) say(w, "; a codebook of %.10g vectors a group of channels", b->codewords);
    residue_words(w, "K", b->residual_k, b->k_mod);
    residue_words(w, "V", b->residual_v, b->v_mod);
}

static void share_words(words *w, const gbl_gen_share *s)
{
    say(w, "one stored copy for every %.10g layers, from %g %% to %g %% of the depth", s->group, 100 * s->from, 100 * s->to);
    if (s->aux > 0) say(w, ", with %g B beside a token and head", s->aux);
    say(w, s->reread ? "; it is read once for each of its layers" : "; it is read once");
}

static void read_words(words *w, const gbl_gen_read *r)
{
    say(w, "a step reads ");
    if (r->budget > 0) say(w, "%.10g tokens", r->budget);
    if (r->share < 1) say(w, "%s%g %% of what is kept", r->budget > 0 ? " and " : "", 100 * r->share);
    if (r->page > 1) say(w, ", in pages of %.10g", r->page);
    if (r->interval > 1) say(w, ", chosen every %.10g steps", r->interval);
    if (r->index_k > 0) say(w, "; an index of %g %% of K is kept beside", 100 * r->index_k);
}

static void place_words(words *w, const gbl_gen_place *p)
{
    say(w, "%g %% of the tokens in %s", 100 * p->share, p->tier == 2 ? "SSD" : "host memory");
    if (p->recompute > 0) say(w, ", %g %% deleted and computed again", 100 * p->recompute);
}

static void chan_words(words *w, const gbl_gen_chan *c)
{
    say(w, "keeps %g %% of K's channels and %g %% of V's", 100 * c->k_share, 100 * c->v_share);
    if (c->recent > 0) say(w, "; the last %.10g tokens in full", c->recent);
    if (c->extra > 0) say(w, "; the last %.10g tokens in full besides", c->extra);
    if (c->expand) say(w, "; expanded at each read");
    if (c->basis) say(w, "; in a basis of its own for each head");
    say(w, "; %s", whens[c->when]);
}

static void parts_words(words *w, const gbl_node *list, const char *of, const gbl_generator *g)
{
    int k = 0;
    say(w, "splits the %s:", of);
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n), k++) {
        const gbl_node *name = gbl_node_get(n, "name");
        say(w, "%s ", k ? "," : "");
        if (g->u.split_of.counted[k]) say(w, "%.10g", g->u.split_of.part[k]);
        else if (k == g->u.split_of.n - 1 && !gbl_node_get(n, "share")) say(w, "the rest");
        else say(w, "%g %%", 100 * g->u.split_of.part[k]);
        if (name) say(w, " \"%s\"", gbl_node_text(name));
    }
}

/* What has no words of its own: its fields, with the settings in force. */
static void plain_words(words *w, const gbl_node *body, const gbl_kv_method *m)
{
    for (const gbl_node *n = gbl_node_first(body); n; n = gbl_node_next(n)) {
        const gbl_node *v = gbl_node_kind(n) == GBL_OBJECT ? gbl_node_get(n, "value") : n;
        int32_t i = 0;
        char key[64];
        snprintf(key, sizeof key, "%s", gbl_node_key(n));
        for (char *c = key; *c; c++)
            if (*c == '_') *c = ' ';
        say(w, "%s%s ", w->n ? ", " : "", key);
        while (v && gbl_node_kind(v) == GBL_STRING && i < m->n_values && strcmp(m->value[i].name, gbl_node_text(v))) i++;
        char *text = v ? gbl_node_canonical(v) : NULL;
        if (v && gbl_node_kind(v) == GBL_STRING && i < m->n_values) say(w, "%.10g", m->value[i].value);
        else say(w, "%s", text ? text : "");
        gbl_free(text);
    }
}

static void generator_words(words *w, const gbl_kv_plan *plan, const gbl_generator *g)
{
    const gbl_node *body = gbl_node_first(g->at);
    switch (g->kind) {
    case GBL_GEN_TOK: tok_words(w, &g->u.tok); break;
    case GBL_GEN_BITS: bits_words(w, &g->u.bits); break;
    case GBL_GEN_SHARE: share_words(w, &g->u.share); break;
    case GBL_GEN_READ: read_words(w, &g->u.read); break;
    case GBL_GEN_PLACE: place_words(w, &g->u.place); break;
    case GBL_GEN_CHAN: chan_words(w, &g->u.chan); break;
    case GBL_GEN_HEADS: parts_words(w, body, "KV heads", g); break;
    case GBL_GEN_LAYERS: parts_words(w, body, "layers", g); break;
    case GBL_GEN_TOKENS: parts_words(w, body, "kept tokens", g); break;
    case GBL_GEN_MERGE: say(w, "merges tokens down to %g %%, %s", 100 * g->u.merge.share, whens[g->u.merge.when]); break;
    case GBL_GEN_LOWRANK: say(w, "the codes' error as factors of rank %g for K and %g for V", g->u.lowrank.k_rank, g->u.lowrank.v_rank); break;
    case GBL_GEN_OUTLIER: say(w, "%g %% of the elements in full, with %g bits of place each", 100 * g->u.outlier.share, g->u.outlier.index_bits); break;
    default: plain_words(w, body, &plan->method[g->method]); break;
    }
}

/* The name of the part that a generator applies in; NULL: everywhere. */
static const char *part_of(const gbl_kv_plan *plan, const gbl_generator *g, char *room, size_t size)
{
    if (g->split < 0) return NULL;
    snprintf(room, size, "part %d", g->part + 1);
    for (int32_t i = 0; i < plan->n_gens; i++) {
        const gbl_generator *s = &plan->gen[i];
        int splits = s->kind == GBL_GEN_HEADS || s->kind == GBL_GEN_LAYERS || s->kind == GBL_GEN_TOKENS;
        if (!splits || s->method != g->method || s->u.split_of.id != g->split) continue;
        const gbl_node *n = gbl_node_first(gbl_node_first(s->at));
        for (int32_t k = 0; n && k < g->part; k++) n = gbl_node_next(n);
        const gbl_node *name = n ? gbl_node_get(n, "name") : NULL;
        if (name) snprintf(room, size, "%s", gbl_node_text(name));
    }
    return room;
}

/* ---- the page's parts ---- */

static void head(const gbl_thing *thing, const gbl_node *root, FILE *to)
{
    const gbl_node *fits = gbl_node_get(root, "fits"), *list = gbl_node_get(fits, "attention"), *window = gbl_node_get(fits, "window");
    int at = fprintf(to, "compress/%s -", thing->name);
    gbl_term_wrap(to, gbl_node_text(gbl_node_get(root, "title")), at, 2);
    fprintf(to, "  source   ");
    gbl_term_wrap(to, gbl_node_text(gbl_node_get(root, "source")), 11, 11);
    fprintf(to, "  verdict  %s\n", gbl_node_text(gbl_node_get(root, "verdict")));
    if (fits) fprintf(to, "  fits     ");
    for (const gbl_node *n = list ? gbl_node_first(list) : NULL; n; n = gbl_node_next(n)) fprintf(to, "%s%s", gbl_node_text(n), gbl_node_next(n) ? ", " : "");
    if (fits) fprintf(to, " attention%s\n", window && gbl_node_bool(window) ? ", sliding windows too" : ", no sliding windows");
    fprintf(to, "  card     %s\n", thing->path);
}

static double in_force(const gbl_node *root, const char *setting, const gbl_node *p, int *set)
{
    const gbl_node *s = gbl_node_get(gbl_node_get(root, "settings"), setting), *v = s ? gbl_node_get(s, gbl_node_key(p)) : NULL;
    *set = v != NULL;
    if (v && gbl_node_kind(v) == GBL_BOOL) return gbl_node_bool(v);
    return gbl_node_num(v ? v : gbl_node_get(p, "value"));
}

static void settings(const gbl_thing *thing, const gbl_node *root, FILE *to)
{
    const gbl_node *all = gbl_node_get(root, "parameters"), *named = gbl_node_get(root, "settings");
    fputs("\nsettings in force\n", to);
    if (!all || !gbl_node_first(all)) fputs("  none\n", to);
    for (const gbl_node *p = all ? gbl_node_first(all) : NULL; p; p = gbl_node_next(p)) {
        int set;
        words w = {.n = 0};
        double v = in_force(root, thing->name, p, &set);
        int at = fprintf(to, "  %-10s %.10g %s", gbl_node_key(p), v, gbl_node_text(gbl_node_get(p, "unit")));
        at += fprintf(to, "%*s", at < 28 ? 28 - at : 1, "");
        say(&w, "%s %.10g to %.10g. (%s)", gbl_node_text(gbl_node_get(p, "help")), gbl_node_num(gbl_node_get(p, "low")), gbl_node_num(gbl_node_get(p, "high")), gbl_node_text(gbl_node_get(p, "source")));
        gbl_term_wrap(to, w.text, at, 28);
    }
    for (const gbl_node *s = named ? gbl_node_first(named) : NULL; s; s = gbl_node_next(s)) {
        fprintf(to, "%s%s", s == gbl_node_first(named) ? "  named: " : ", ", gbl_node_key(s));
        if (!gbl_node_next(s)) fputc('\n', to);
    }
}

static void does(const gbl_kv_plan *plan, FILE *to)
{
    static const char *const kinds[GBL_GEN_KINDS] = {"model", "heads", "layers", "tokens", "merge", "channels", "share", "classes", "bits", "low rank", "outliers", "place", "read", "state"};
    fputs("\nwhat it does, in canonical order\n", to);
    for (int32_t i = 0; i < plan->n_gens; i++) {
        words w = {.n = 0};
        char room[64];
        const char *part = part_of(plan, &plan->gen[i], room, sizeof room);
        generator_words(&w, plan, &plan->gen[i]);
        int at = fprintf(to, "  %-9s  ", kinds[plan->gen[i].kind]);
        if (part) at += fprintf(to, "in \"%s\":", part);
        gbl_term_wrap(to, w.text, at, 13);
    }
    for (int32_t i = 0; i < plan->n_notes; i++) {
        fprintf(to, "  %-9s  ", "note");
        gbl_term_wrap(to, plan->note[i], 13, 13);
    }
}

static int cells(const gbl_kv_plan *plan, int64_t n, FILE *to, gbl_err *err)
{
    static const char *const tiers[] = {"HBM", "host", "SSD", "computed again"};
    char a[32], b[32], c[32], d[32];
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, ">layers", ">KV heads", ">tokens", ">K bits", ">V bits", ">channels", ">in full to K/V", ">layers a copy", "lies in", ">bytes", (const char *)NULL);
    for (int32_t i = 0; i < plan->n_cells; i++) {
        const gbl_kv_cell *k = &plan->cell[i];
        if (k->layers <= 0 || k->heads <= 0) continue;
        gbl_table_cell(t, "%lld", (long long)k->layers);
        gbl_table_cell(t, "%lld", (long long)k->heads);
        gbl_table_cell(t, "%.0f", gbl_kv_tokens(k, n, n));
        gbl_table_cell(t, "%.4g", k->bk);
        gbl_table_cell(t, "%.4g", k->bv);
        gbl_table_cell(t, "%.3g/%.3g", k->wk, k->wv);
        gbl_table_cell(t, "%.0f/%.0f", k->res_k, k->res_v);
        gbl_table_cell(t, "%g", k->share);
        gbl_table_cell(t, "%s", tiers[k->tier]);
        gbl_table_cell(t, "%s", gbl_human_bytes(a, sizeof a, gbl_kv_cell_bytes(plan, k, n, n)));
    }
    gbl_table_print(t, to);
    gbl_table_free(t);
    double full = gbl_kv_full_bytes(plan, n), kept = gbl_kv_resident_bytes(plan, n, n);
    gbl_kv_read read = gbl_kv_read_at(plan, n, n);
    fprintf(to, "  in HBM %s of %s (%.4f); a step reads %s; most while the prompt is computed %s\n", gbl_human_bytes(a, sizeof a, kept), gbl_human_bytes(b, sizeof b, full), kept / full,
            gbl_human_bytes(c, sizeof c, (double)read.bytes_q8 / 256), gbl_human_bytes(d, sizeof d, gbl_kv_peak_bytes(plan, n, 8192)));
    return GBL_OK;
}

static int bytes(const gbl_kv_plan *plan, FILE *to, gbl_err *err)
{
    static const int64_t prompts[] = {4096, 32768};
    const gbl_kv_shape *s = &plan->shape;
    int code = GBL_OK;
    for (int i = 0; i < 2 && !code; i++) {
        char text[32];
        fprintf(to, "\nbytes of %s in bf16 behind a prompt of %s tokens: layers x KV heads x tokens x (K bits + V bits) x %g / 8\n", example, gbl_human_int(text, sizeof text, prompts[i]), s->dk);
        code = cells(plan, prompts[i], to, err);
    }
    return code;
}

static int quality(const gbl_node *root, FILE *to, gbl_err *err)
{
    const gbl_node *rows = gbl_node_get(root, "quality");
    if (!rows || !gbl_node_size(rows)) return fputs("\nquality: no number is published\n", to), GBL_OK;
    gbl_table *t = gbl_table_new(NULL);
    if (!t) return gbl_nomem(err, 0);
    gbl_table_columns(t, "task", "model", "settings", ">value", ">of", "source", (const char *)NULL);
    for (const gbl_node *r = gbl_node_first(rows); r; r = gbl_node_next(r)) {
        words w = {.n = 0};
        const gbl_node *baseline = gbl_node_get(r, "baseline"), *note = gbl_node_get(r, "note");
        for (const gbl_node *s = gbl_node_first(gbl_node_get(r, "setting")); s; s = gbl_node_next(s)) say(&w, "%s%s=%s", w.n ? "," : "", gbl_node_key(s), gbl_node_text(s));
        gbl_table_cell(t, "%s", gbl_node_text(gbl_node_get(r, "task")));
        gbl_table_cell(t, "%s", gbl_node_text(gbl_node_get(r, "model")));
        gbl_table_cell(t, "%s", w.text);
        gbl_table_cell(t, "%.5g", gbl_node_num(gbl_node_get(r, "value")));
        if (baseline && gbl_node_kind(baseline) == GBL_NUMBER) gbl_table_cell(t, "%.5g", gbl_node_num(baseline));
        else gbl_table_cell(t, "-");
        gbl_table_cell(t, "%s%s%s", gbl_node_text(gbl_node_get(r, "source")), note ? "; " : "", note ? gbl_node_text(note) : "");
    }
    fputs("\nquality, as published\n", to);
    gbl_table_print(t, to);
    gbl_table_free(t);
    return GBL_OK;
}

static void caveats(const gbl_node *root, FILE *to)
{
    const gbl_node *list = gbl_node_get(root, "caveats");
    if (!list || !gbl_node_size(list)) return;
    fputs("\ncaveats\n", to);
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        fputs("  - ", to);
        gbl_term_wrap(to, gbl_node_text(n), 4, 4);
    }
}

/* A card that does not fit the example, or is no method, has no figures: why is said in their place. */
static int figures(const gbl_thing *thing, FILE *to, gbl_arena *a, gbl_err *err)
{
    gbl_llm m;
    gbl_kv_plan *plan = NULL;
    gbl_err why = {0};
    int code = gbl_llm_load(&m, example, "", a, err);
    if (code) return code;
    if (gbl_kv_plan_text(&plan, thing->name, &m, 2, a, &why)) {
        if (why.code != GBL_EINPUT) return *err = why, err->code;
        fprintf(to, "\nwhat it does:");
        gbl_term_wrap(to, why.what, 13, 2);
        return GBL_OK;
    }
    does(plan, to);
    code = bytes(plan, to, err);
    if (!code) fprintf(to, "\nuse: gable model %s --compress %s, or \"policy\": {\"compress\": [\"%s\"]} in a scenario\n", example, thing->name, thing->name);
    gbl_kv_plan_free(plan);
    return code;
}

int gbl_explain_compress(const gbl_thing *thing, const gbl_node *root, FILE *to, gbl_arena *a, gbl_err *err)
{
    if (gbl_compress_check(root, err)) return err->code;
    head(thing, root, to);
    settings(thing, root, to);
    int code = figures(thing, to, a, err);
    if (!code) code = quality(root, to, err);
    if (!code) caveats(root, to);
    return code;
}
