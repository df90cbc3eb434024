/* Parameter tables: defaults, binding, every refusal, and the tables as JSON, schema and help. */
#include <math.h>
#include "base/param.h"
#include "tests/unit/base_help.h"

typedef struct sample {
    int32_t flag, reserve, mode;
    int64_t budget, seed;
    double share, stop_s;
    const char *name, *file;
    const gbl_node *sub;
} sample;

#define AT(field) offsetof(sample, field)
static const gbl_param rows[] = {
    {"flag", GBL_P_BOOL, 0, AT(flag), "true", 1, 0, NULL, NULL, "A switch."},
    {"reserve", GBL_P_CHOICE, 0, AT(reserve), "\"prompt\"", 1, 0, NULL, "chunk|prompt", "What is reserved."},
    {"mode", GBL_P_CHOICE, GBL_P_NULLABLE, AT(mode), "null", 1, 0, NULL, "a|bee|sea", "How."},
    {"budget", GBL_P_INT, GBL_P_NULLABLE, AT(budget), "8192", 1, 1e6, "tokens", NULL, "Tokens a step."},
    {"seed", GBL_P_INT, 0, AT(seed), "1", 0, 9.3e18, NULL, NULL, "Luck."},
    {"share", GBL_P_REAL, 0, AT(share), "0.01", 0, 1, "share", NULL, "Kept free."},
    {"stop_s", GBL_P_REAL, GBL_P_NULLABLE, AT(stop_s), "null", 0, INFINITY, "s", NULL, "End."},
    {"name", GBL_P_STR, 0, AT(name), "\"caf\\u00e9\"", 1, 0, NULL, NULL, "A name."},
    {"file", GBL_P_STR, GBL_P_NULLABLE, AT(file), "null", 1, 0, NULL, NULL, "A file."},
    {"sub", GBL_P_NODE, 0, AT(sub), "null", 1, 0, NULL, NULL, "A document."},
    {NULL}};

static gbl_doc *parse(const char *text)
{
    gbl_doc *d;
    gbl_err err = {0};
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, strlen(text), &err), GBL_OK);
    return d;
}

static void defaults_are_read(void **state)
{
    gbl_arena *a = gbl_arena_new();
    gbl_err err = {0};
    sample s;
    (void)state;
    memset(&s, 0x5a, sizeof s);
    assert_int_equal(gbl_param_defaults(rows, &s, a, &err), GBL_OK);
    assert_true(s.flag == 1 && s.reserve == 1 && s.mode == -1 && s.budget == 8192 && s.seed == 1 && s.share == 0.01 && isnan(s.stop_s));
    assert_string_equal(s.name, "caf\xc3\xa9");
    assert_true(s.file == NULL && s.sub == NULL);
    for (const gbl_param *r = rows; r->name; r++) assert_true(gbl_param_is_default(r, &s));
    sample t = {.flag = 0, .reserve = 0, .mode = 0, .budget = 1, .seed = 2, .share = 0, .stop_s = 0, .name = "", .file = "", .sub = (const gbl_node *)&s};
    for (const gbl_param *r = rows; r->name; r++) assert_false(gbl_param_is_default(r, &t));
    assert_int_equal(gbl_param_count(rows), 10);
    assert_int_equal(gbl_param_count(NULL), 0);
    assert_ptr_equal(gbl_param_find(rows, "seed"), rows + 4);
    assert_null(gbl_param_find(rows, "see"));
    gbl_arena_free(a);
}

static void members_are_bound(void **state)
{
    static const char *const skip[] = {"use", "plugin", NULL};
    gbl_arena *a = gbl_arena_new();
    gbl_doc *d = parse("{\"use\": 1, \"flag\": false, \"reserve\": \"chunk\", \"mode\": \"sea\", \"budget\": null, \"seed\": 9223372036854775807,"
                       "\"share\": 1, \"stop_s\": 2.5, \"name\": \"x\", \"file\": null, \"sub\": {\"k\": [1]}}");
    gbl_err err = {0};
    sample s;
    (void)state;
    gbl_param_defaults(rows, &s, a, &err);
    assert_int_equal(gbl_param_bind(rows, &s, NULL, NULL, a, &err), GBL_OK);
    assert_int_equal(s.budget, 8192);
    assert_int_equal(gbl_param_bind(rows, &s, gbl_doc_root(d), skip, a, &err), GBL_OK);
    assert_true(s.flag == 0 && s.reserve == 0 && s.mode == 2 && s.budget == GBL_NULL_INT && s.seed == INT64_MAX && s.share == 1 && s.stop_s == 2.5);
    assert_true(s.file == NULL && s.sub == gbl_node_get(gbl_doc_root(d), "sub"));
    gbl_json *j = gbl_json_new(0);
    gbl_json_obj(j, NULL);
    gbl_param_json(rows, &s, j);
    gbl_json_end(j);
    assert_string_equal(gbl_json_text(j), "{\"flag\":false,\"reserve\":\"chunk\",\"mode\":\"sea\",\"budget\":null,\"seed\":9223372036854775807,\"share\":1,"
                                          "\"stop_s\":2.5,\"name\":\"x\",\"file\":null,\"sub\":{\"k\":[1]}}");
    gbl_json_free(j);
    gbl_doc_free(d);
    assert_string_equal(s.name, "x"); /* outlives the document */
    gbl_arena_free(a);
}

static void refusals_are_explained(void **state)
{
    static const char *const cases[][2] = {
        {"{\"flag\": 1}", "'flag' is 1|f.json:1:10 (flag)|true or false|"},
        {"{\"flag\": null}", "'flag' is null|f.json:1:10 (flag)|true or false|"},
        {"{\"budget\": \"many\"}", "'budget' is \"many\"|f.json:1:12 (budget)|an integer from 1 to 1000000 (tokens), or null|"},
        {"{\"budget\": 0}", "'budget' is out of range: 0|f.json:1:12 (budget)|an integer from 1 to 1000000 (tokens), or null|"},
        {"{\"budget\": 1.5}", "'budget' is 1.5|f.json:1:12 (budget)|an integer from 1 to 1000000 (tokens), or null|"},
        {"{\"seed\": -1}", "'seed' is out of range: -1|f.json:1:10 (seed)|an integer of at least 0|"},
        {"{\"seed\": 9223372036854775808}", "'seed' is out of range: 9223372036854775808|f.json:1:10 (seed)|an integer of at least 0|"},
        {"{\"share\": 1.01}", "'share' is out of range: 1.01|f.json:1:11 (share)|a number from 0 to 1 (share)|"},
        {"{\"share\": true}", "'share' is true|f.json:1:11 (share)|a number from 0 to 1 (share)|"},
        {"{\"stop_s\": -0.1}", "'stop_s' is out of range: -0.1|f.json:1:12 (stop_s)|a number of at least 0 (s), or null|"},
        {"{\"name\": {}}", "'name' is an object|f.json:1:10 (name)|a string|"},
        {"{\"reserve\": \"promt\"}", "'reserve' has no choice \"promt\"|f.json:1:13 (reserve)|chunk or prompt|prompt"},
        {"{\"reserve\": null}", "'reserve' is null|f.json:1:13 (reserve)|chunk or prompt|"},
        {"{\"reserve\": 1}", "'reserve' is 1|f.json:1:13 (reserve)|chunk or prompt|"},
        {"{\"mode\": \"se\"}", "'mode' has no choice \"se\"|f.json:1:10 (mode)|a, bee or sea, or null|sea"},
        {"{\"budgte\": 3}", "unknown key 'budgte'|f.json:1:2 (budgte)|one of flag, reserve, mode, budget, seed, share, stop_s, name, file, sub, use|budget"},
        {"[1]", "the value is an array|f.json:1:1|an object|"},
    };
    static const char *const skip[] = {"use", NULL};
    gbl_arena *a = gbl_arena_new();
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        gbl_doc *d = parse(cases[i][0]);
        gbl_err err = {0};
        sample s = {0};
        assert_int_equal(gbl_param_bind(rows, &s, gbl_doc_root(d), skip, a, &err), GBL_EINPUT);
        assert_error(&err, cases[i][1]);
        gbl_doc_free(d);
    }
    gbl_doc *d = parse("{}");
    gbl_err err = {0};
    sample s = {0};
    assert_int_equal(gbl_doc_set(d, "engine.budget", "two", &err), GBL_OK);
    assert_int_equal(gbl_param_bind(rows, &s, gbl_node_get(gbl_doc_root(d), "engine"), NULL, a, &err), GBL_EINPUT);
    assert_error(&err, "'budget' is \"two\"|--set engine.budget|an integer from 1 to 1000000 (tokens), or null|");
    gbl_doc_free(d);
    gbl_arena_free(a);
}

static void flags_are_read(void **state)
{
    static const char *const bad[][3] = {
        {"budget", "0", "'budget' is out of range: 0|--budget|an integer from 1 to 1000000 (tokens), or null|"},
        {"budget", "x", "'budget' is 'x'|--budget|an integer from 1 to 1000000 (tokens), or null|"},
        {"seed", "null", "'seed' is 'null'|--seed|an integer of at least 0|"},
        {"share", "nan", "'share' is 'nan'|--share|a number from 0 to 1 (share)|"},
        {"flag", "maybe", "'flag' is 'maybe'|--flag|true or false|"},
        {"reserve", "chunks", "'reserve' has no choice 'chunks'|--reserve|chunk or prompt|chunk"},
        {"sub", "{}", "'sub' is '{}'|--sub|a JSON value|"},
        {"bugdet", "1", "unknown parameter 'bugdet'|--bugdet||budget"}};
    gbl_arena *a = gbl_arena_new();
    gbl_err err = {0};
    sample s = {0};
    char flag[32];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        snprintf(flag, sizeof flag, "--%s", bad[i][0]);
        assert_int_equal(gbl_param_flag(rows, &s, bad[i][0], bad[i][1], flag, a, &err), GBL_EINPUT);
        assert_error(&err, bad[i][2]);
    }
    static const char *const good[][2] = {{"budget", "64"}, {"share", "5e-1"}, {"flag", "on"}, {"reserve", "prompt"}, {"name", "null"}, {"file", "x"}, {"stop_s", "null"}, {"seed", "1e3"}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) assert_int_equal(gbl_param_flag(rows, &s, good[i][0], good[i][1], "--f", a, &err), GBL_OK);
    assert_true(s.budget == 64 && s.share == 0.5 && s.flag == 1 && s.reserve == 1 && isnan(s.stop_s) && s.seed == 1000);
    assert_string_equal(s.name, "null"); /* a string that may not be null is just that word */
    assert_string_equal(s.file, "x");
    static const char *const ends[][2] = {{"budget", "1"}, {"budget", "1000000"}, {"share", "0"}, {"share", "1"}, {"seed", "0"}}; /* ranges include their ends */
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) assert_int_equal(gbl_param_flag(rows, &s, ends[i][0], ends[i][1], "--f", a, &err), GBL_OK);
    gbl_param_flag(rows, &s, "flag", "no", "--flag", a, &err);
    assert_int_equal(s.flag, 0);
    gbl_arena_free(a);
}

static void schema_and_help(void **state)
{
    gbl_json *j = gbl_json_new(0);
    char text[4096];
    (void)state;
    gbl_json_obj(j, NULL);
    gbl_param_schema(rows, j);
    gbl_json_end(j);
    assert_non_null(strstr(gbl_json_text(j), "\"budget\":{\"description\":\"Tokens a step.\",\"type\":[\"integer\",\"null\"],\"minimum\":1,\"maximum\":1000000,\"default\":8192,\"x-unit\":\"tokens\"}"));
    assert_non_null(strstr(gbl_json_text(j), "\"mode\":{\"description\":\"How.\",\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"bee\",\"sea\",null],\"default\":null}"));
    assert_non_null(strstr(gbl_json_text(j), "\"seed\":{\"description\":\"Luck.\",\"type\":\"integer\",\"minimum\":0,\"default\":1}"));
    assert_non_null(strstr(gbl_json_text(j), "\"sub\":{\"description\":\"A document.\",\"default\":null}"));
    gbl_doc *d = parse(gbl_json_text(j)); /* is JSON, one member a row */
    assert_int_equal(gbl_node_size(gbl_doc_root(d)), 10);
    gbl_doc_free(d);
    gbl_json_free(j);
    FILE *f = tmpfile();
    assert_non_null(f);
    gbl_param_help(rows + 3, "--", f);
    rewind(f);
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_string_equal(text, "  --budget  INT   8192         1..1000000  tokens  Tokens a step.\n"
                              "  --seed    INT   1            0..                 Luck.\n"
                              "  --share   REAL  0.01         0..1        share   Kept free.\n"
                              "  --stop_s  REAL  null         0..         s       End.\n"
                              "  --name    TEXT  \"caf\\u00e9\"                      A name.\n"
                              "  --file    TEXT  null                             A file.\n"
                              "  --sub     JSON  null                             A document.\n");
}

/* A key that hangs on a choice is refused under another one, unless it is at its default. */
static void what_nothing_reads_is_refused(void **state)
{
    static const gbl_param some[] = {
        {"reserve", GBL_P_CHOICE, 0, AT(reserve), "\"prompt\"", 1, 0, NULL, "chunk|prompt", "What is reserved."},
        {"budget", GBL_P_INT, 0, AT(budget), "8192", 1, 1e6, NULL, NULL, "Of chunks.", "reserve=chunk"},
        {"share", GBL_P_REAL, 0, AT(share), "0.01", 0, 1, NULL, NULL, "Of all others.", "reserve!=chunk|block"},
        {"stop_s", GBL_P_REAL, GBL_P_NULLABLE, AT(stop_s), "null", 0, 9, NULL, NULL, "End."},
        {"seed", GBL_P_INT, 0, AT(seed), "1", 0, 9, NULL, NULL, "Of no end.", "stop_s=null"},
        {NULL}};
    static const struct { const char *text, *what, *expected; } cases[] = {
        {"{\"budget\": 8192}", NULL, NULL}, {"{\"share\": 0.5}", NULL, NULL}, {"{\"budget\": 5, \"reserve\": \"chunk\"}", NULL, NULL},
        {"{\"budget\": 5}", "with 'reserve' prompt nothing would read 'budget'", "8192, or 'reserve' chunk"},
        {"{\"share\": 0.5, \"reserve\": \"chunk\"}", "with 'reserve' chunk nothing would read 'share'", "0.01, or 'reserve' other than chunk|block"},
        {"{\"seed\": 5}", NULL, NULL}, {"{\"seed\": 5, \"stop_s\": 2}", "with 'stop_s' given nothing would read 'seed'", "1, or 'stop_s' null"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gbl_arena *a = gbl_arena_new();
        gbl_err err = {0};
        sample s;
        gbl_doc *d = parse(cases[i].text);
        assert_int_equal(gbl_param_defaults(some, &s, a, &err), GBL_OK);
        assert_int_equal(gbl_param_bind(some, &s, gbl_doc_root(d), NULL, a, &err), cases[i].what ? GBL_EINPUT : GBL_OK);
        if (cases[i].what) {
            assert_string_equal(err.what, cases[i].what);
            assert_string_equal(err.expected, cases[i].expected);
        }
        gbl_doc_free(d);
        gbl_arena_free(a);
    }
}

static int bind_job(gbl_err *err)
{
    static const char text[] = "{\"name\": \"x\", \"nmae\": 1}";
    gbl_doc *d = NULL;
    gbl_arena *a = gbl_arena_new();
    sample s;
    int code = a == NULL ? gbl_nomem(err, 0) : gbl_param_defaults(rows, &s, a, err);
    if (code == GBL_OK) code = gbl_doc_parse(&d, "f", text, sizeof text - 1, err);
    if (code == GBL_OK) code = gbl_param_bind(rows, &s, gbl_doc_root(d), NULL, a, err);
    gbl_doc_free(d);
    gbl_arena_free(a);
    return code == GBL_EINPUT ? GBL_OK : code; /* the wrong key is the end of the work */
}

static void memory_may_run_out(void **state)
{
    (void)state;
    each_allocation_fails(bind_job, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_read), cmocka_unit_test(members_are_bound), cmocka_unit_test(refusals_are_explained),
        cmocka_unit_test(flags_are_read), cmocka_unit_test(schema_and_help), cmocka_unit_test(what_nothing_reads_is_refused), cmocka_unit_test(memory_may_run_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
