#include "lib/import.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/doc.h"
#include "base/text.h"
#include "lib/import_parts.h"
#include "sim/scenario.h"

/* ---- words ---- */

typedef struct line { const char **word; size_t n, room; gbl_arena *a; } line;

static int add_word(line *l, const char *text, size_t len, gbl_err *err) {
    if (gbl_grow(&l->word, &l->room, l->n + 1, sizeof *l->word)) return gbl_nomem(err, l->n);
    l->word[l->n] = gbl_arena_textn(l->a, text, len);
    return l->word[l->n++] ? 0 : gbl_nomem(err, len);
}

/* As a shell would: blanks, quotes, and a backslash before a line's end or a character. */
static int split(line *l, const char *s, gbl_err *err) {
    char *word = gbl_arena_take(l->a, strlen(s) + 1);
    if (!word) return gbl_nomem(err, strlen(s));
    while (*s) {
        size_t n = 0;
        char quote = 0;
        while (isspace((unsigned char)*s) || (*s == '\\' && s[1] == '\n')) s += *s == '\\' ? 2 : 1;
        if (!*s) break;
        for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
            if (quote ? *s == quote : *s == '"' || *s == '\'') quote = quote ? 0 : *s;
            else if (*s == '\\' && s[1] && quote != '\'') {
                if (*++s != '\n') word[n++] = *s;
            } else word[n++] = *s;
        }
        if (quote) return gbl_fail(err, GBL_EINPUT, "a quote %c is never closed", quote);
        if (add_word(l, word, n, err)) return err->code;
    }
    return 0;
}

/* ---- values ---- */

static int bad_value(const char *flag, const char *value, const char *expected, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "%s takes no \"%.200s\"", flag, value);
    return gbl_expected(err, "%s", expected);
}

/* 8192, 8k (thousands), 8K (1024s). */
static int whole(gbl_import_line *l, const char *key, const char *flag, const char *value, gbl_err *err) {
    size_t n = strlen(value);
    char last = n ? value[n - 1] : 0;
    double v, unit = last == 'k' ? 1e3 : last == 'K' ? 1024 : last == 'm' ? 1e6 : last == 'M' ? 1048576 : 1;
    if (gbl_text_real(value, n - (unit != 1), &v) || fabs(v *= unit) > 1e12 || v != floor(v)) return bad_value(flag, value, "a whole number", err);
    return gbl_import_set(l, key, gbl_arena_printf(l->a, "%.0f", v), flag, err);
}

static int number(gbl_import_line *l, const gbl_import_row *r, const char *flag, const char *value, gbl_err *err) {
    double v;
    if (gbl_text_real(value, strlen(value), &v)) return bad_value(flag, value, "a number", err);
    if (r->kind == GBL_FLAG_NUMBER) return gbl_import_set(l, r->key, value, flag, err);
    if (!(v > 0 && v <= 1e6)) return bad_value(flag, value, "GiB, up to 1e6", err);
    return gbl_import_set(l, "tiers", gbl_arena_printf(l->a, "[{\"name\": \"dram\", \"bytes\": %.0f}]", v * 1073741824.0), flag, err);
}

static int word(gbl_import_line *l, const gbl_import_row *r, const char *flag, const char *value, gbl_err *err) {
    size_t n = strlen(value);
    for (const char *s = r->map; *s;) {
        size_t theirs = strcspn(s, "="), all = strcspn(s, "|");
        if (theirs == n && !strncmp(s, value, n)) return all > theirs + 1 ? gbl_import_set(l, r->key, gbl_arena_textn(l->a, s + theirs + 1, all - theirs - 1), flag, err) : 0;
        s += all + (s[all] == '|');
    }
    char *list = gbl_arena_text(l->a, "");
    for (const char *s = r->map; *s && list;) {
        list = gbl_arena_printf(l->a, "%s%s%.*s", list, *list ? ", " : "", (int)strcspn(s, "="), s);
        s += strcspn(s, "|");
        s += *s == '|';
    }
    return bad_value(flag, value, list ? list : "", err);
}

static int only(const gbl_import_row *r, const char *flag, const char *value, gbl_err *err) {
    size_t n = strcspn(r->map, "|");
    if (strlen(value) == n && !strncmp(value, r->map, n)) return 0;
    gbl_fail(err, GBL_EINPUT, "%s %.200s: %s", flag, value, r->map + n + 1);
    return gbl_expected(err, "%.*s, or the command line without it", (int)n, r->map);
}

/* ---- models ---- */

static int has_card(gbl_arena *a, const char *name) { return gbl_data_path(a, gbl_arena_printf(a, "models/cards/llm/%s.json", name)) != NULL; }

/* Words that a checkpoint's name says its format with (of several the last one here counts), and those of a tuned variant. */
static const struct { const char *text, *format; } tuned[] = {
    {"-dynamic", NULL}, {"-block", NULL}, {"-bf16", "bf16"}, {"-fp8", "fp8"}, {"-awq", "int4"}, {"-gptq", "int4"}, {"-bnb", "int4"}, {"-4bit", "int4"}, {"-int4", "int4"}, {"-int8", "int8"},
    {"-nvfp4", "fp4"}, {"-mxfp4", "fp4"}, {"-fp4", "fp4"}, {"-quantized.w4a16", "int4"}, {"-quantized.w8a16", "int8"}, {"-quantized.w8a8", "int8"},
    {"-w4a16", "int4"}, {"-w8a16", "int8"}, {"-w8a8", "int8"}, {"-instruct", NULL}, {"-chat", NULL}, {"-hf", NULL}, {"-it", NULL}, {"-base", NULL}};

/* A Hugging Face id as a card's name: organisation, letter case and the words for a variant aside. */
static int model(gbl_import_line *l, const char *id, const char *flag, gbl_err *err) {
    const gbl_import_item *before = gbl_import_said(l, "model");
    const char *slash = strrchr(id, '/'), *format = NULL;
    int path = *id == '.' || *id == '/';
    char *name = gbl_arena_text(l->a, path || !slash ? id : slash + 1);
    if (!name) return gbl_nomem(err, 64);
    if (before) {
        gbl_fail(err, GBL_EINPUT, "'%.200s' is a second model beside %s, or neither a flag nor a flag's value", id, before->text);
        return gbl_expected(err, "the one command line that starts the server");
    }
    if (path) return gbl_import_set(l, "model", gbl_import_quoted(l->a, name), flag, err);
    for (char *c = name; *c; c++) *c = (char)tolower((unsigned char)*c);
    if (!strncmp(name, "meta-llama-", 11)) name += 5;
    for (size_t i = 0; i < sizeof tuned / sizeof *tuned && !has_card(l->a, name); i++) {
        size_t n = strlen(tuned[i].text);
        char *at = strstr(name, tuned[i].text), after = at ? at[n] : 0;
        if (!at || (after && after != '-')) continue;
        memmove(at, at + n, strlen(at + n) + 1);
        if (tuned[i].format) format = tuned[i].format;
    }
    if (format && gbl_import_set(l, "@named", format, flag, err)) return err->code;
    return gbl_import_set(l, "model", gbl_import_quoted(l->a, name), flag, err); /* an unknown one is refused when it is read */
}

/* ---- flags ---- */

static int leave_out(gbl_import_line *l, const gbl_import_row *r, const char *flag, gbl_err *err) {
    const char **list = r->key ? &l->unmodelled : &l->dropped;
    *list = gbl_arena_printf(l->a, "%s%s%s", *list, **list ? ", " : "", flag);
    return *list ? 0 : gbl_nomem(err, 64);
}

/* `value` NULL: a switch. */
static int take(gbl_import_line *l, const gbl_import_row *r, const char *flag, const char *value, gbl_err *err) {
    switch (r->kind) {
    case GBL_FLAG_COUNT: return whole(l, r->key, flag, value, err);
    case GBL_FLAG_NUMBER:
    case GBL_FLAG_GIB: return number(l, r, flag, value, err);
    case GBL_FLAG_WORD: return word(l, r, flag, value, err);
    case GBL_FLAG_MODEL: return model(l, value, flag, err);
    case GBL_FLAG_ON: return gbl_import_set(l, r->key, r->map, flag, err);
    case GBL_FLAG_ONLY: return only(r, flag, value, err);
    case GBL_FLAG_REFUSE:
        gbl_fail(err, GBL_EINPUT, "%s: %s", flag, r->map);
        return gbl_expected(err, "the command line without it");
    case GBL_FLAG_DROP:
    case GBL_FLAG_MANY:
    case GBL_FLAG_QUIET: break;
    }
    return leave_out(l, r, flag, err);
}

static int flag_of(gbl_import_line *l, const line *w, size_t *i, gbl_err *err) {
    const char *text = w->word[*i], *name = text + strspn(text, "-"), *eq = strchr(name, '='), *value = eq ? eq + 1 : NULL;
    size_t n = eq ? (size_t)(eq - name) : strlen(name);
    if (*name == 'O' && isdigit((unsigned char)name[1])) value = name + (n = 1); /* -O3 */
    const gbl_import_row *rows = gbl_import_rows(l->engine), *r = gbl_import_find(rows, name, n);
    const char *flag = gbl_arena_textn(l->a, text, (size_t)(name - text) + n);
    if (!flag) return gbl_nomem(err, n);
    if (!r) return gbl_import_unknown(rows, flag, l->a, err);
    int lone = r->kind == GBL_FLAG_ON || r->kind == GBL_FLAG_QUIET;
    if (lone && value) return bad_value(flag, value, "a switch alone, which takes no value; another switch says its opposite", err);
    if (!lone && r->kind != GBL_FLAG_REFUSE && !value) {
        if (*i + 1 == w->n) {
            gbl_fail(err, GBL_EINPUT, "%s lacks its value", flag);
            return gbl_expected(err, "%s VALUE", flag);
        }
        value = w->word[++*i];
        while (r->kind == GBL_FLAG_MANY && *i + 1 < w->n && *w->word[*i + 1] != '-') ++*i;
    }
    return take(l, r, flag, value, err);
}

/* ---- what starts the server ---- */

static int not_this(const char *engine, const char *word, gbl_err *err) {
    gbl_fail(err, GBL_EINPUT, "'%.200s' does not start %s", word, engine);
    return gbl_expected(err, !strcmp(engine, "vllm") ? "vllm serve MODEL --flags, or python -m vllm.entrypoints.openai.api_server --model MODEL"
                                                     : "python -m sglang.launch_server --model-path MODEL --flags");
}

static int is_variable(const char *w) { /* NAME=value */
    size_t n = strspn(w, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789");
    return n > 0 && w[n] == '=';
}

/* Past `docker run ...` and the image's name. */
static int skip_container(const char *engine, const line *w, size_t *i, gbl_err *err) {
    const char *image = !strcmp(engine, "vllm") ? "vllm/vllm-" : "lmsysorg/sglang";
    for (size_t k = *i + 1; k < w->n; k++)
        if (strstr(w->word[k], image)) {
            *i = k + 1;
            return 0;
        }
    gbl_fail(err, GBL_EINPUT, "no image of %s in this command line of %s", engine, w->word[*i]);
    return gbl_expected(err, "%sopenai:TAG or what starts the server inside the container", !strcmp(engine, "vllm") ? "vllm/vllm-" : "lmsysorg/sglang:TAG, not vllm/vllm-");
}

/* python -m MODULE */
static int skip_python(const char *engine, const line *w, size_t *i, gbl_err *err) {
    const char *const module = !strcmp(engine, "vllm") ? "vllm.entrypoints." : "sglang.launch_server";
    for (++*i; *i < w->n && *w->word[*i] == '-' && strcmp(w->word[*i], "-m"); ++*i) {}
    if (*i + 1 >= w->n || strcmp(w->word[*i], "-m") || strncmp(w->word[*i + 1], module, strlen(module))) return not_this(engine, *i + 1 < w->n ? w->word[*i + 1] : "python", err);
    *i += 2;
    return 0;
}

/* "vllm serve", "sglang serve", python, inside a container or not; a line that begins with the model or a flag is taken as it is. */
static int launcher(const char *engine, const line *w, size_t *i, gbl_err *err) {
    while (*i < w->n && (is_variable(w->word[*i]) || !strcmp(w->word[*i], "env") || !strcmp(w->word[*i], "sudo") || !strcmp(w->word[*i], "exec") || !strcmp(w->word[*i], "nohup"))) ++*i;
    if (*i < w->n && (!strcmp(w->word[*i], "docker") || !strcmp(w->word[*i], "podman")) && skip_container(engine, w, i, err)) return err->code;
    if (*i == w->n || *w->word[*i] == '-') return 0;
    const char *slash = strrchr(w->word[*i], '/'), *program = slash ? slash + 1 : w->word[*i];
    if (!strncmp(program, "python", 6)) return skip_python(engine, w, i, err);
    if (!strcmp(program, "serve")) ++*i;
    if (strcmp(program, "vllm") && strcmp(program, "sglang")) return 0;
    const char *what = *i + 1 < w->n ? gbl_arena_printf(w->a, "%s %s", program, w->word[*i + 1]) : program;
    if (strcmp(program, engine) || *i + 1 == w->n || strcmp(w->word[*i + 1], "serve")) return what ? not_this(engine, what, err) : gbl_nomem(err, 64);
    *i += 2;
    return 0;
}

static int read_line(gbl_import_line *l, const line *w, gbl_err *err) {
    size_t i = 0;
    int code = launcher(l->engine, w, &i, err);
    for (; i < w->n && !code; i++) code = *w->word[i] == '-' ? flag_of(l, w, &i, err) : model(l, w->word[i], w->word[i], err);
    if (code || gbl_import_said(l, "model")) return code;
    gbl_fail(err, GBL_EINPUT, "the command line names no model");
    return gbl_expected(err, "vllm serve MODEL --flags, or --model-path MODEL");
}

/* ---- the scenario ---- */

static int start(gbl_import_line *l, const char *hardware, gbl_err *err) {
    int code = gbl_import_set(l, "engine.runtime", l->engine, NULL, err);
    if (!code && hardware) code = gbl_import_set(l, "cluster.hardware", gbl_import_quoted(l->a, hardware), "--hardware", err);
    if (!code && !strcmp(l->engine, "sglang")) code = gbl_import_set(l, "policy.prefix", "radix", NULL, err);
    return code;
}

/* A message about a key is one about the flag that set it. */
static void name_flag(const gbl_import_line *l, gbl_err *err) {
    const char *key = err->where + strcspn(err->where, " ") + 1, *flag = NULL;
    size_t best = 0;
    if (strncmp(err->where, "--set ", 6)) return;
    for (size_t i = 0; i < l->n; i++) {
        size_t n = strlen(l->item[i]->key);
        if (n <= best || strncmp(key, l->item[i]->key, n) || (key[n] && key[n] != '.' && key[n] != ' ')) continue;
        best = n;
        flag = l->item[i]->flag;
    }
    if (flag) gbl_where(err, "%s", flag);
}

static int load_model(gbl_import_line *l, const gbl_doc *doc, gbl_llm *m, gbl_err *err) {
    const gbl_node *n = gbl_node_get(gbl_doc_root(doc), "model");
    int code = gbl_llm_load(m, gbl_node_text(n), gbl_doc_folder(doc), l->a, err);
    if (code && !*err->where) gbl_node_where(n, err);
    return code;
}

static int bind_copy(const gbl_doc *doc, gbl_err *err) {
    gbl_doc *copy;
    gbl_scenario *s = NULL;
    int code = gbl_doc_part(&copy, gbl_doc_root(doc), err);
    if (!code) code = gbl_scenario_bind(&s, copy, err);
    gbl_scenario_free(s);
    return code;
}

/* Objects on lines of their own, like a document that somebody wrote. */
static void write_node(gbl_json *j, const char *key, const gbl_node *n) {
    if (gbl_node_kind(n) == GBL_OBJECT) {
        gbl_json_obj(j, key);
        for (const gbl_node *c = gbl_node_first(n); c; c = gbl_node_next(c)) write_node(j, gbl_node_key(c), c);
        gbl_json_end(j);
        return;
    }
    char *text = gbl_node_canonical(n);
    if (text) gbl_json_raw(j, key, text);
    gbl_free(text);
}

static int make_document(gbl_import_line *l, gbl_doc **doc, gbl_err *err) {
    static const char text[] = "{\"gable\": \"scenario/1\"}";
    gbl_llm m;
    int code = gbl_doc_parse(doc, "import", text, sizeof text - 1, err);
    if (!code) code = gbl_doc_set(*doc, "model", gbl_import_said(l, "model")->text, err);
    if (!code) code = load_model(l, *doc, &m, err);
    if (!code) code = gbl_import_settle(l, &m, err);
    for (size_t i = 0; i < l->n && !code; i++)
        if (*l->item[i]->key != '@') code = gbl_doc_set(*doc, l->item[i]->key, l->item[i]->text, err);
    if (!code) code = bind_copy(*doc, err);
    if (code) name_flag(l, err);
    return code;
}

int gbl_import(gbl_json *j, const char *engine, const char *const *words, size_t n, const char *hardware, gbl_import_left_out *left, gbl_arena *a, gbl_err *err) {
    gbl_import_line l = {.engine = engine, .dropped = "", .unmodelled = "", .a = a};
    line w = {.a = a};
    gbl_doc *doc = NULL;
    int code = 0;
    for (size_t i = 0; i < n && !code; i++) code = n == 1 || strchr(words[i], ' ') ? split(&w, words[i], err) : add_word(&w, words[i], strlen(words[i]), err);
    if (!code) code = start(&l, hardware, err);
    if (!code) code = read_line(&l, &w, err);
    if (!code) code = make_document(&l, &doc, err);
    if (!code) write_node(j, NULL, gbl_doc_root(doc));
    *left = (gbl_import_left_out){l.dropped, l.unmodelled};
    gbl_doc_free(doc);
    gbl_free(l.item);
    gbl_free(w.word);
    return code;
}
