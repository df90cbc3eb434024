#include "cli/options.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const gbl_flag *find_flag(const gbl_flag *flags, const char *name, size_t n)
{
    for (const gbl_flag *f = flags; f->row.name; f++)
        if (strlen(f->row.name) == n && memcmp(f->row.name, name, n) == 0) return f;
    return NULL;
}

static const gbl_flag *find_letter(const gbl_flag *flags, char letter)
{
    for (const gbl_flag *f = flags; f->row.name; f++)
        if (f->letter && f->letter == letter) return f;
    return NULL;
}

static int unknown_flag(const gbl_flag *flags, const char *command, const char *text, size_t n, gbl_arena *a,
                        gbl_err *err)
{
    size_t count = 0;
    while (flags[count].row.name) count++;
    const char **known = gbl_arena_take(a, (count + 1) * sizeof *known);
    char *bare = gbl_arena_textn(a, text, n);
    if (!known || !bare) return gbl_nomem(err, count * sizeof *known);
    for (size_t i = 0; i < count; i++) known[i] = flags[i].row.name;
    known[count] = "help";
    while (*bare == '-') bare++;
    const char *near = gbl_near(bare, known, count + 1);
    char *with = near ? gbl_arena_printf(a, "--%s", near) : NULL;
    gbl_fail(err, GBL_EINPUT, "unknown flag %.*s", (int)n, text);
    gbl_where(err, "%s", command);
    gbl_expected(err, "a flag that `%s --help` lists", command);
    return gbl_nearest(err, with);
}

static int add_text(gbl_texts *t, const char *text, gbl_arena *a, gbl_err *err)
{
    /* A handful of items at most: copying the list for each keeps it in the arena. */
    const char **more = gbl_arena_take(a, (t->n + 1) * sizeof *more);
    if (!more) return gbl_nomem(err, (t->n + 1) * sizeof *more);
    if (t->n) memcpy(more, t->item, t->n * sizeof *more);
    more[t->n++] = text;
    t->item = more;
    return GBL_OK;
}

static int set_flag(const gbl_flag *f, void *opt, const char *text, gbl_arena *a, gbl_err *err)
{
    void *at = (char *)opt + f->row.offset;
    if (f->repeat) return add_text(at, text, a, err);
    if (f->row.type == GBL_P_STR) {
        if (!text[0]) {
            gbl_fail(err, GBL_EINPUT, "--%s has an empty value", f->row.name);
            return gbl_expected(err, "--%s %s", f->row.name, f->arg);
        }
        *(const char **)at = text;
        return GBL_OK;
    }
    gbl_param one[2] = {f->row, {0}};
    char flag[64];
    snprintf(flag, sizeof flag, "--%s", f->row.name);
    return gbl_param_flag(one, opt, f->row.name, text, flag, a, err);
}

static int write_defaults(const gbl_flag *flags, void *opt, gbl_arena *a, gbl_err *err)
{
    for (const gbl_flag *f = flags; f->row.name; f++) {
        if (f->repeat) continue;
        gbl_param one[2] = {f->row, {0}};
        int code = gbl_param_defaults(one, opt, a, err);
        if (code) return code;
    }
    return GBL_OK;
}

/* One word that begins with '-'. *i moves on when the value is the next word. */
static int take_flag(const gbl_flag *flags, void *opt, const char *command, int argc, char **argv, int *i, gbl_arena *a,
                     gbl_err *err)
{
    const char *word = argv[*i], *value = NULL;
    size_t n = strlen(word);
    const gbl_flag *f;
    if (word[1] == '-') {
        const char *equals = strchr(word, '=');
        if (equals) {
            value = equals + 1;
            n = (size_t)(equals - word);
        }
        f = find_flag(flags, word + 2, n - 2);
    } else {
        f = find_letter(flags, word[1]);
        if (word[2]) value = word + 2; /* -oFILE */
    }
    if (!f) return unknown_flag(flags, command, word, n, a, err);
    if (!f->arg) {
        if (value && word[1] != '-') return unknown_flag(flags, command, word, n, a, err);
        return set_flag(f, opt, value ? value : "true", a, err);
    }
    if (!value) {
        /* `--db --json` is a forgotten value; a name that begins so can be given as --db=--name. */
        if (*i + 1 >= argc || strncmp(argv[*i + 1], "--", 2) == 0) {
            gbl_fail(err, GBL_EINPUT, "--%s has no value", f->row.name);
            gbl_where(err, "%s", command);
            return gbl_expected(err, "--%s %s", f->row.name, f->arg);
        }
        value = argv[++*i];
    }
    return set_flag(f, opt, value, a, err);
}

int gbl_options_parse(const gbl_flag *flags, void *opt, const char *command, int argc, char **argv, gbl_parsed *out,
                      gbl_arena *a, gbl_err *err)
{
    memset(out, 0, sizeof *out);
    int code = write_defaults(flags, opt, a, err);
    out->arg = gbl_arena_take(a, ((size_t)argc + 1) * sizeof *out->arg);
    if (!out->arg) return gbl_nomem(err, ((size_t)argc + 1) * sizeof *out->arg);
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) break;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) out->help = 1;
    }
    if (out->help) return code;
    int operands_only = 0;
    for (int i = 0; i < argc && !code; i++) {
        const char *word = argv[i];
        if (!operands_only && strcmp(word, "--") == 0)
            operands_only = 1;
        else if (operands_only || word[0] != '-' || !word[1])
            out->arg[out->n_arg++] = word;
        else
            code = take_flag(flags, opt, command, argc, argv, &i, a, err);
    }
    return code;
}

const char **gbl_words(gbl_arena *a, const char *joined, size_t *n)
{
    size_t most = 1;
    for (const char *p = joined; *p; p++) most += *p == '|';
    const char **words = gbl_arena_take(a, (most + 1) * sizeof *words);
    *n = 0;
    if (!words) return NULL;
    for (const char *p = joined; *n < most; p++) {
        size_t len = strcspn(p, "|");
        if (!(words[(*n)++] = gbl_arena_textn(a, p, len))) return NULL;
        p += len;
        if (!*p) break;
    }
    return words;
}

/* ---------------------------------------------------------------- name{key=value,...} ---- */

static int bad_spec(const char *flag, const char *spec, gbl_err *err)
{
    gbl_fail(err, GBL_EINPUT, "cannot read '%s'", spec);
    gbl_where(err, "%s", flag);
    return gbl_expected(err, "a name, or name{key=value,...}");
}

/* Text that JSON takes as it is (a number, true, false, null) stays so; anything else becomes a string. */
static void spec_value(gbl_json *j, const char *key, const char *text)
{
    double number;
    if (gbl_text_real(text, strlen(text), &number) == 0 || !strcmp(text, "true") || !strcmp(text, "false") ||
        !strcmp(text, "null"))
        gbl_json_raw(j, key, text);
    else
        gbl_json_str(j, key, text);
}

static int spec_members(gbl_json *j, const char *flag, const char *spec, char *inside, gbl_err *err)
{
    while (*inside) {
        char *comma = strchr(inside, ','), *equals = strchr(inside, '=');
        if (comma) *comma = 0;
        if (!equals || equals == inside || !equals[1] || (comma && (equals > comma || !comma[1])))
            return bad_spec(flag, spec, err);
        *equals = 0;
        spec_value(j, inside, equals + 1);
        if (!comma) break;
        inside = comma + 1;
    }
    return GBL_OK;
}

int gbl_spec_json(gbl_json *j, const char *key, const char *flag, const char *spec, gbl_arena *a, gbl_err *err)
{
    char *text = gbl_arena_text(a, spec);
    if (!text) return gbl_nomem(err, strlen(spec) + 1);
    size_t n = strlen(text), name = strcspn(text, "{");
    char *inside = text + n;
    if (name < n) {
        if (text[n - 1] != '}') return bad_spec(flag, spec, err);
        text[n - 1] = 0;
        text[name] = 0;
        inside = text + name + 1;
    }
    if (!name || strpbrk(text, "=,}")) return bad_spec(flag, spec, err);
    gbl_json_obj(j, key);
    gbl_json_str(j, "use", text);
    int code = spec_members(j, flag, spec, inside, err);
    gbl_json_end(j);
    return code;
}

int gbl_spec_doc(gbl_doc **out, const char *flag, const char *spec, gbl_err *err)
{
    gbl_arena *a = gbl_arena_new();
    gbl_json *j = gbl_json_new(0);
    int code = !a || !j ? gbl_nomem(err, 0) : gbl_spec_json(j, NULL, flag, spec, a, err);
    const char *text = code ? NULL : gbl_json_text(j);
    if (!code) code = text ? gbl_doc_parse(out, flag, text, strlen(text), err) : gbl_nomem(err, 0);
    gbl_json_free(j);
    gbl_arena_free(a);
    return code;
}

void gbl_spec_where(gbl_err *err, const char *flag)
{
    char key[sizeof err->where];
    const char *open = strrchr(err->where, '(');
    if (strncmp(err->where, flag, strlen(flag)) != 0) return; /* some other place */
    snprintf(key, sizeof key, "%s", open ? open + 1 : "");
    key[strcspn(key, ")")] = 0;
    gbl_where(err, "%s%s%s", flag, key[0] && strcmp(key, "use") != 0 ? " " : "", strcmp(key, "use") != 0 ? key : "");
}
