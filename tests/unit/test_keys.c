/* Every key of a scenario, every parameter of a policy and of a compression card: either a value other than the default changes the
 * result, or it is refused where nothing reads it, by its name. The keys are those of the schemas and cards that the program prints, so
 * that one without an entry in tests/keys/witness.json fails:
 *
 *   "engine.block_size": {"in": BASE, "value": 32, "always": WHY}   the result of BASE differs with this value; always: something
 *                                                                   in every scenario reads it
 *   "run.stop_s":        {..., "unread": BASE}                      ... and BASE, in which nothing reads it, refuses it
 *                        "with": {KEY: VALUE}                       set in both runs; "at": the key's place in BASE, where it is
 *                                                                   another; "unread" may be an object with in, with, value, at
 *                        "says": WHY                                a label: the result is the same
 *                        "refused": WHY                             nothing takes another value than the default yet
 *                        "replay": N                                what counts is a replay of the ids through a pool of N blocks
 *
 * A policy's or card's parameter is refused by every other of its kind: tried of each, so that "unread" is only needed where another
 * parameter decides whether it is read. */
#define _GNU_SOURCE /* asprintf */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "lib/catalogue.h"
#include "lib/schemas.h"
#include "sim/hits.h"
#include "sim/run.h"

enum { TEXT = 256, KEYS_MOST = 2048 };

typedef struct key {
    char path[TEXT];           /* "policy.schedule.chunked.reserve" */
    char at[TEXT];             /* where it stands in a document: "policy.schedule.reserve" */
    char use_at[TEXT], use[TEXT]; /* what must be chosen for it, "" for nothing: "policy.schedule", "\"chunked\"" */
} key;

static struct {
    key key[KEYS_MOST];
    int n;
    gbl_doc *doc; /* the witnesses */
    gbl_arena *arena;
} all;

/* ---------------------------------------------------------------- what keys there are ---- */

static void add(const char *path, const char *at, const key *chosen) {
    for (int i = 0; i < all.n; i++)
        if (!strcmp(all.key[i].path, path)) return; /* of an object that may also stand in a list */
    assert_true(all.n < KEYS_MOST);
    key *k = &all.key[all.n++];
    *k = *chosen;
    snprintf(k->path, TEXT, "%s", path);
    snprintf(k->at, TEXT, "%s", at);
}

static void walk(const gbl_node *schema, const char *path, const char *at, const key *chosen);

static void members(const gbl_node *schema, const char *path, const char *at, const key *chosen) {
    char longer[TEXT], there[TEXT];
    const gbl_node *p = gbl_node_get(schema, "properties");
    for (p = p ? gbl_node_first(p) : NULL; p; p = gbl_node_next(p)) {
        if (!strcmp(gbl_node_key(p), "use")) continue;
        snprintf(longer, TEXT, "%s%s%s", path, *path ? "." : "", gbl_node_key(p));
        snprintf(there, TEXT, "%s%s%s", at, *at ? "." : "", gbl_node_key(p));
        walk(p, longer, there, chosen);
    }
}

/* One of several named things, each with members of its own. */
static void alternatives(const gbl_node *list, const char *path, const char *at) {
    for (const gbl_node *n = gbl_node_first(list); n; n = gbl_node_next(n)) {
        key chosen = {0};
        char longer[TEXT];
        const gbl_node *use = gbl_node_at(n, "properties.use.const");
        if (!use) continue;
        snprintf(longer, TEXT, "%s.%s", path, gbl_node_text(use));
        snprintf(chosen.use_at, TEXT, "%s", at);
        snprintf(chosen.use, TEXT, "{\"use\":\"%s\"}", gbl_node_text(use));
        members(n, longer, at, &chosen);
    }
}

static void walk(const gbl_node *schema, const char *path, const char *at, const key *chosen) {
    const gbl_node *items = gbl_node_get(schema, "items"), *any = gbl_node_get(schema, "anyOf");
    char first[TEXT];
    if (gbl_node_get(schema, "properties")) members(schema, path, at, chosen);
    else if (gbl_node_get(items, "properties")) {
        snprintf(first, TEXT, "%s.0", at);
        members(items, path, first, chosen);
    } else if (gbl_node_get(schema, "oneOf")) {
        add(path, at, chosen);
        alternatives(gbl_node_get(schema, "oneOf"), path, at);
    } else if (any) {
        for (const gbl_node *n = gbl_node_first(any); n; n = gbl_node_next(n))
            if (gbl_node_get(n, "properties") || gbl_node_get(n, "items")) walk(n, path, at, chosen);
    } else add(path, at, chosen);
}

static gbl_doc *schema_of(const char *kind) {
    gbl_err err = {0};
    gbl_doc *doc;
    gbl_json *j = gbl_json_new(0);
    assert_int_equal(gbl_schema_json(j, kind, &err), 0);
    assert_int_equal(gbl_doc_parse(&doc, kind, gbl_json_text(j), strlen(gbl_json_text(j)), &err), 0);
    gbl_json_free(j);
    return doc;
}

static void policy_keys(void) {
    gbl_doc *doc = schema_of("policies");
    for (const gbl_node *f = gbl_node_first(gbl_node_get(gbl_doc_root(doc), "$defs")); f; f = gbl_node_next(f))
        for (const gbl_node *p = gbl_node_first(f); p; p = gbl_node_next(p)) {
            key chosen = {0};
            char path[TEXT], at[TEXT];
            int list = !strcmp(gbl_node_key(f), "compress"); /* one of several methods */
            snprintf(path, TEXT, "policy.%s.%s", gbl_node_key(f), gbl_node_key(p));
            snprintf(chosen.use_at, TEXT, "policy.%s", gbl_node_key(f));
            snprintf(chosen.use, TEXT, list ? "[{\"use\":\"%s\"}]" : "{\"use\":\"%s\"}", gbl_node_key(p));
            snprintf(at, TEXT, "policy.%s%s", gbl_node_key(f), list ? ".0" : "");
            members(p, path, at, &chosen);
        }
    gbl_doc_free(doc);
}

static void card_keys(void) {
    size_t n;
    const gbl_thing *thing = gbl_catalogue(all.arena, &n);
    for (size_t i = 0; i < n; i++) {
        gbl_doc *doc;
        gbl_err err = {0};
        if (strcmp(thing[i].kind, "compress") || !thing[i].path) continue;
        assert_int_equal(gbl_doc_read(&doc, thing[i].path, &err), 0);
        const gbl_node *root = gbl_doc_root(doc), *rows = gbl_node_get(root, "parameters");
        int own = !strcmp(gbl_node_text(gbl_node_get(root, "name")), thing[i].name); /* or it is one of its named settings */
        for (const gbl_node *p = own && rows ? gbl_node_first(rows) : NULL; p; p = gbl_node_next(p)) {
            key chosen = {.use_at = "policy.compress"};
            char path[TEXT], at[TEXT];
            snprintf(path, TEXT, "policy.compress.%s.%s", thing[i].name, gbl_node_key(p));
            snprintf(at, TEXT, "policy.compress.0.%s", gbl_node_key(p));
            snprintf(chosen.use, TEXT, "[{\"use\":\"%s\"}]", thing[i].name);
            add(path, at, &chosen);
        }
        gbl_doc_free(doc);
    }
}

static int setup(void **state) {
    gbl_err err = {0};
    (void)state;
    all.arena = gbl_arena_new();
    gbl_doc *doc = schema_of("scenario");
    members(gbl_doc_root(doc), "", "", &(key){0});
    gbl_doc_free(doc);
    policy_keys();
    card_keys();
    int code = gbl_doc_read(&all.doc, "tests/keys/witness.json", &err);
    if (code) print_error("%s: %s\n", err.where, err.what);
    return code;
}

static int teardown(void **state) {
    (void)state;
    gbl_doc_free(all.doc);
    gbl_arena_free(all.arena);
    return 0;
}

/* ---------------------------------------------------------------- running ---- */

static int put(gbl_doc *doc, const char *at, const gbl_node *value, gbl_err *err) {
    char *text = gbl_node_canonical(value);
    int code = gbl_doc_set(doc, at, text, err);
    gbl_free(text);
    return code;
}

/* The scenario of a witness, without the key itself: BASE, what must be chosen, "with". */
static int scenario_of(gbl_doc **out, const gbl_node *w, const key *k, gbl_err *err) {
    const gbl_node *in = gbl_node_kind(w) == GBL_STRING ? w : gbl_node_get(w, "in"), *with = gbl_node_get(w, "with");
    const gbl_node *base = in ? gbl_node_get(gbl_node_get(gbl_doc_root(all.doc), "bases"), gbl_node_text(in)) : NULL;
    if (!base) fail_msg("%s: no base '%s'", k->path, in ? gbl_node_text(in) : "");
    char *text = gbl_node_canonical(base);
    int code = gbl_doc_parse(out, "witness", text, strlen(text), err);
    gbl_free(text);
    if (!code && *k->use && !gbl_node_get(w, "at")) code = gbl_doc_set(*out, k->use_at, k->use, err);
    for (const gbl_node *m = with ? gbl_node_first(with) : NULL; m && !code; m = gbl_node_next(m)) code = put(*out, gbl_node_key(m), m, err);
    return code;
}

/* What `gable trace hits` counts of the scenario's trace and eviction policy. Takes the document. */
static char *replay_text(gbl_doc *doc, int64_t blocks, gbl_err *err) {
    gbl_choice choice = {0};
    gbl_source *source = NULL;
    gbl_chains chains = {0};
    gbl_hits h;
    char *text = NULL;
    int code = gbl_choice_bind(&choice, GBL_EVICT, gbl_node_at(gbl_doc_root(doc), "policy.evict"), NULL, all.arena, err);
    if (!code) code = gbl_source_open(&source, gbl_node_get(gbl_doc_root(doc), "trace"), 1, err);
    if (!code) code = gbl_chains_read(&chains, source, err);
    if (!code) code = gbl_hits_replay(&h, &chains, &choice, blocks, 1, err);
    if (!code) assert_true(asprintf(&text, "%lld hits, %lld evicted", (long long)h.hit_blocks, (long long)h.evicted_blocks) > 0);
    gbl_chains_fini(&chains);
    gbl_source_close(source);
    gbl_choice_close(&choice);
    gbl_doc_free(doc);
    return text;
}

/* What the result says besides the scenario itself and what the run took. Caller frees; NULL where it failed. */
static char *result_text(gbl_doc *doc, gbl_err *err) {
    static const char *const aside[] = {"scenario", "version", "seed", "profile", "sim"};
    gbl_scenario *s = NULL;
    gbl_result *r = NULL;
    gbl_run_options opt = {.progress = GBL_PROGRESS_OFF};
    int code = gbl_scenario_bind(&s, doc, err);
    if (!code) code = gbl_run(&r, s, &opt, err);
    gbl_scenario_free(s);
    if (code) return NULL;
    gbl_json *j = gbl_json_new(0);
    gbl_result_json(r, j);
    gbl_result_free(r);
    gbl_doc *whole;
    assert_int_equal(gbl_doc_parse(&whole, "result", gbl_json_text(j), strlen(gbl_json_text(j)), err), 0);
    gbl_json_free(j);
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    for (const gbl_node *m = gbl_node_first(gbl_doc_root(whole)); m; m = gbl_node_next(m)) {
        int skip = 0;
        for (size_t i = 0; i < sizeof aside / sizeof *aside; i++) skip |= !strcmp(gbl_node_key(m), aside[i]);
        char *value = gbl_node_canonical(m);
        if (!skip) fprintf(to, "%s %s\n", gbl_node_key(m), value);
        gbl_free(value);
    }
    fclose(to);
    gbl_doc_free(whole);
    return text;
}

static const char *last_word(const char *path) {
    const char *dot = strrchr(path, '.');
    return dot ? dot + 1 : path;
}

static const gbl_node *witness(const key *k) { return gbl_node_get(gbl_node_get(gbl_doc_root(all.doc), "keys"), k->path); }

static const char *place(const gbl_node *w, const key *k) {
    const gbl_node *at = gbl_node_get(w, "at");
    return at ? gbl_node_text(at) : k->at;
}

/* Prints what is wrong; 0 where nothing is. */
static int complain(const key *k, const char *what, const gbl_err *err) {
    print_error("%s: %s%s%s %s\n", k->path, what, err && err->code ? ": " : "", err ? err->what : "", err ? err->where : "");
    return 1;
}

static char *outcome(gbl_doc *doc, const gbl_node *w, gbl_err *err) {
    const gbl_node *blocks = gbl_node_get(w, "replay");
    return blocks ? replay_text(doc, (int64_t)gbl_node_num(blocks), err) : result_text(doc, err);
}

static int changes(const key *k, const gbl_node *w) {
    gbl_doc *doc;
    gbl_err err = {0};
    const gbl_node *value = gbl_node_get(w, "value");
    if (!value) return complain(k, "the witness has no value", NULL);
    if (scenario_of(&doc, w, k, &err)) return complain(k, "its base cannot be made", &err);
    char *before = outcome(doc, w, &err), *after = NULL;
    if (!before) return complain(k, "its base does not run", &err);
    int code = scenario_of(&doc, w, k, &err);
    if (!code) code = put(doc, place(w, k), value, &err);
    after = code ? NULL : outcome(doc, w, &err);
    int same = after && !strcmp(before, after);
    free(before);
    free(after);
    if (!after) return complain(k, "the value does not run", &err);
    if (gbl_node_get(w, "says")) return same ? 0 : complain(k, "it is said to be a label, and it changes the result", NULL);
    return same ? complain(k, "the value changes nothing", NULL) : 0;
}

/* The scenario refuses the value, and says the key. */
static int refused(const key *k, const gbl_node *w, const gbl_node *value) {
    gbl_doc *doc;
    gbl_err err = {0};
    if (scenario_of(&doc, w, k, &err)) return complain(k, "the base that does not read it cannot be made", &err);
    int code = put(doc, place(w, k), value, &err);
    char *text = code ? NULL : result_text(doc, &err);
    free(text);
    if (text) return complain(k, "accepted where nothing reads it", NULL);
    const char *name = last_word(place(w, k));
    if (err.code != GBL_EINPUT) return complain(k, "fails where nothing reads it", &err);
    return strstr(err.what, name) || strstr(err.where, name) ? 0 : complain(k, "refused without its name", &err);
}

/* ---------------------------------------------------------------- tests ---- */

static void every_key_has_a_witness(void **state) {
    int wrong = 0;
    (void)state;
    for (int i = 0; i < all.n; i++) {
        const gbl_node *w = witness(&all.key[i]);
        int conditional = !*all.key[i].use; /* others of its kind refuse it */
        if (!w) wrong += complain(&all.key[i], "no entry in tests/keys/witness.json", NULL);
        else if (conditional && !gbl_node_get(w, "unread") && !gbl_node_get(w, "always") && !gbl_node_get(w, "says") && !gbl_node_get(w, "refused"))
            wrong += complain(&all.key[i], "says neither which base does not read it (unread) nor what always does (always)", NULL);
    }
    for (const gbl_node *w = gbl_node_first(gbl_node_get(gbl_doc_root(all.doc), "keys")); w; w = gbl_node_next(w)) {
        int found = 0;
        for (int i = 0; i < all.n && !found; i++) found = !strcmp(all.key[i].path, gbl_node_key(w));
        if (!found) wrong += complain(&(key){.path = "no such key"}, gbl_node_key(w), NULL);
    }
    assert_true(all.n > 300);
    if (wrong) fail_msg("%d of %d keys", wrong, all.n);
}

static void every_key_changes_a_result(void **state) {
    int wrong = 0;
    (void)state;
    for (int i = 0; i < all.n; i++) {
        const gbl_node *w = witness(&all.key[i]);
        if (!w) continue;
        wrong += gbl_node_get(w, "refused") ? refused(&all.key[i], w, gbl_node_get(w, "value")) : changes(&all.key[i], w);
    }
    if (wrong) fail_msg("%d of %d keys", wrong, all.n);
}

static void what_nothing_reads_is_refused(void **state) {
    int wrong = 0;
    (void)state;
    for (int i = 0; i < all.n; i++) {
        const gbl_node *w = witness(&all.key[i]), *u = gbl_node_get(w, "unread");
        if (!u) continue;
        const gbl_node *value = gbl_node_get(u, "value");
        wrong += refused(&all.key[i], u, value ? value : gbl_node_get(w, "value"));
    }
    if (wrong) fail_msg("%d of %d keys", wrong, all.n);
}

/* Of two that are chosen at one place, neither takes what only the other has. */
static void a_parameter_belongs_to_one(void **state) {
    int wrong = 0, tried = 0;
    (void)state;
    for (int i = 0; i < all.n; i++) {
        const key *k = &all.key[i], *other = NULL;
        const gbl_node *w = witness(k);
        for (int step = 1; *k->use && step < all.n && !other; step++) {
            const key *o = &all.key[(i + step) % all.n];
            if (strcmp(o->use_at, k->use_at) || !strcmp(o->use, k->use)) continue;
            int has = 0;
            for (int h = 0; h < all.n; h++) has |= !strcmp(all.key[h].use, o->use) && !strcmp(all.key[h].at, k->at);
            if (!has) other = o;
        }
        if (!other || !w || !gbl_node_get(w, "value")) continue;
        key wrong_one = *k;
        snprintf(wrong_one.use, TEXT, "%s", other->use);
        gbl_doc *doc;
        gbl_err err = {0};
        assert_int_equal(gbl_doc_parse(&doc, "witness", "{}", 2, &err), 0);
        assert_int_equal(gbl_doc_set(doc, k->use_at, other->use, &err), 0);
        int code = put(doc, k->at, gbl_node_get(w, "value"), &err);
        gbl_scenario *s = NULL;
        if (!code) code = gbl_scenario_bind(&s, doc, &err);
        gbl_scenario_free(s);
        tried++;
        if (code != GBL_EINPUT || !strstr(err.what, last_word(k->at))) wrong += complain(&wrong_one, other->use, &err);
    }
    assert_true(tried > 100);
    if (wrong) fail_msg("%d of %d parameters", wrong, tried);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_has_a_witness),
        cmocka_unit_test(every_key_changes_a_result),
        cmocka_unit_test(what_nothing_reads_is_refused),
        cmocka_unit_test(a_parameter_belongs_to_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
