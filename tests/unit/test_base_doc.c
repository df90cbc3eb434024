/* Documents: what is refused and with which words, positions, numbers, values that are set. */
#include <unistd.h>
#include "base/doc.h"
#include "tests/unit/base_help.h"

/* ---------------------------------------------------------------- bad documents ---- */

static const struct { const char *text, *error; } bad[] = {
    {"", "the document is empty|f.json|a JSON value|"},
    {" \n\t ", "the document is empty|f.json|a JSON value|"},
    {"\xef\xbb\xbf", "the document is empty|f.json|a JSON value|"},
    {"{\"a\": 1,}", "unexpected '}'|f.json:1:9|a key in quotes|"},
    {"[1,]", "unexpected ']'|f.json:1:4|a value|"},
    {"[,1]", "unexpected ','|f.json:1:2|a value or ']'|"},
    {"{,}", "unexpected ','|f.json:1:2|a key in quotes or '}'|"},
    {"{\"a\": }", "unexpected '}'|f.json:1:7|a value|"},
    {"{\"a\" 1}", "unexpected '1'|f.json:1:6|':'|"},
    {"{\"a\": 1 \"b\": 2}", "unexpected '\"'|f.json:1:9|',' or '}'|"},
    {"[1 2]", "unexpected '2'|f.json:1:4|',' or ']'|"},
    {"{a: 1}", "unexpected 'a'|f.json:1:2|a key in quotes or '}'|"},
    {"{'a': 1}", "unexpected '''|f.json:1:2|a key in quotes or '}'|"},
    {"{\"a\": 1", "unexpected end of the text|f.json:1:8|',' or '}'|"},
    {"{\"a\":", "unexpected end of the text|f.json:1:6|a value|"},
    {"{\"a\"", "unexpected end of the text|f.json:1:5|':'|"},
    {"{", "unexpected end of the text|f.json:1:2|a key in quotes or '}'|"},
    {"[", "unexpected end of the text|f.json:1:2|a value or ']'|"},
    {"[1,", "unexpected end of the text|f.json:1:4|a value|"},
    {"{\n  \"model\": \"lla", "a string without its closing quote|f.json:2:12|a closing quote|"},
    {"\"\\", "unexpected end of the text in a string|f.json:1:3|the closing quote|"},
    {"}", "unexpected '}'|f.json:1:1|a value|"},
    {":", "unexpected ':'|f.json:1:1|a value|"},
    {"{} {}", "unexpected '{'|f.json:1:4|the end of the text|"},
    {"1 2", "unexpected '2'|f.json:1:3|the end of the text|"},
    {"// note\n1", "unexpected '/'|f.json:1:1|a value|"},
    {"\x01", "unexpected byte 0x01|f.json:1:1|a value|"},
    {"\xff", "unexpected byte 0xff|f.json:1:1|a value|"},
    {"[\xc3\xa9]", "unexpected '\xc3\xa9'|f.json:1:2|a value|"},
    {"tru", "unknown word 'tru'|f.json:1:1|a value: a number, a \"string\", true, false, null, [ or {|true"},
    {"[True]", "unknown word 'True'|f.json:1:2|a value: a number, a \"string\", true, false, null, [ or {|true"},
    {"nulll", "unknown word 'nulll'|f.json:1:1|a value: a number, a \"string\", true, false, null, [ or {|null"},
    {"NaN", "unknown word 'NaN'|f.json:1:1|a value: a number, a \"string\", true, false, null, [ or {|"},
    {"Infinity", "unknown word 'Infinity'|f.json:1:1|a value: a number, a \"string\", true, false, null, [ or {|"},
    {"01", "bad number '01'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"-01", "bad number '-01'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"+1", "bad number '+1'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"-", "bad number '-'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"1.", "bad number '1.'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {".5", "bad number '.5'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"1e", "bad number '1e'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"1e+", "bad number '1e+'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"0x10", "bad number '0x10'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"12ms", "bad number '12ms'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"-Infinity", "bad number '-Infinity'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"1.2.3", "bad number '1.2.3'|f.json:1:1|a number like 12, -0.5 or 1e-3|"},
    {"[1, 1e400]", "number 1e400 is out of range|f.json:1:5|a number of at most 1.797e308 in size|"},
    {"-1.8e308", "number -1.8e308 is out of range|f.json:1:1|a number of at most 1.797e308 in size|"},
    {"1e99999999999999999999", "number 1e99999999999999999999 is out of range|f.json:1:1|a number of at most 1.797e308 in size|"},
    {"\"a\nb\"", "raw control character 0x0a in a string|f.json:1:3|the escape \\n or a closing quote before it|"},
    {"\"\t\"", "raw control character 0x09 in a string|f.json:1:2|the escape \\t or a closing quote before it|"},
    {"\"\x1f\"", "raw control character 0x1f in a string|f.json:1:2|the escape \\u001f|"},
    {"\"\\x\"", "bad escape '\\x' in a string|f.json:1:2|one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX|"},
    {"\"\\u12g4\"", "bad escape '\\u' in a string|f.json:1:2|one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX|"},
    {"\"\\u12", "bad escape '\\u' in a string|f.json:1:2|one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX|"},
    {"\"\\u0000\"", "the escape \\u0000 in a string|f.json:1:2|text without NUL characters|"},
    {"\"\\ud800\"", "lone surrogate '\\ud800' in a string|f.json:1:2|a pair \\uD800-\\uDBFF and \\uDC00-\\uDFFF|"},
    {"\"\\ud800\\u0041\"", "lone surrogate '\\ud800' in a string|f.json:1:2|a pair \\uD800-\\uDBFF and \\uDC00-\\uDFFF|"},
    {"\"\\udc00\"", "lone surrogate '\\udc00' in a string|f.json:1:2|a pair \\uD800-\\uDBFF and \\uDC00-\\uDFFF|"},
    {"\"a\xff\"", "invalid UTF-8 in a string, byte 0xff|f.json:1:3|UTF-8 text|"},
    {"\"\xed\xa0\x80\"", "invalid UTF-8 in a string, byte 0xed|f.json:1:2|UTF-8 text|"},
    {"{\"a\": 1, \"a\": 2}", "duplicate key 'a'|f.json:1:10 (a)|each key once; it stands at 1:2 already|"},
    {"{\"x\": [0, {\"b\": 1,\n \"\\u0062\": 2}]}", "duplicate key 'b'|f.json:2:2 (x.1.b)|each key once; it stands at 1:12 already|"},
};

static void bad_documents_are_explained(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        gbl_doc *d = NULL;
        gbl_err err = {0};
        assert_int_equal(gbl_doc_parse(&d, "f.json", bad[i].text, strlen(bad[i].text), &err), GBL_EINPUT);
        assert_null(d);
        assert_error(&err, bad[i].error);
    }
}

static void nul_bytes_are_refused(void **state)
{
    gbl_doc *d;
    gbl_err err = {0};
    (void)state;
    assert_int_equal(gbl_doc_parse(&d, "f.json", "\"a\0b\"", 5, &err), GBL_EINPUT);
    assert_error(&err, "raw control character 0x00 in a string|f.json:1:3|text without NUL characters|");
    assert_int_equal(gbl_doc_parse(&d, "f.json", "1\0", 2, &err), GBL_EINPUT);
    assert_error(&err, "unexpected byte 0x00|f.json:1:2|the end of the text|");
    assert_int_equal(gbl_doc_parse(&d, "f.json", "[\0]", 3, &err), GBL_EINPUT);
    assert_error(&err, "unexpected byte 0x00|f.json:1:2|a value|");
}

/* Arrays in arrays: 128 levels are fine, 129 are not, and a million do no harm. */
static void depth_is_limited(void **state)
{
    static char text[1000000];
    gbl_doc *d;
    gbl_err err = {0};
    (void)state;
    memset(text, '[', 128);
    memset(text + 128, ']', 128);
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, 256, &err), GBL_OK);
    gbl_doc_free(d);
    memset(text, '[', sizeof text);
    memset(text + 129, ']', 129);
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, 258, &err), GBL_EINPUT);
    assert_error(&err, "nested too deep|f.json:1:129|at most 128 levels|");
    memset(text, '[', sizeof text);
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, sizeof text, &err), GBL_EINPUT);
    assert_error(&err, "nested too deep|f.json:1:129|at most 128 levels|");
}

static void many_keys_and_their_duplicate(void **state)
{
    static char text[400000];
    size_t n = 0;
    gbl_doc *d;
    gbl_err err = {0};
    (void)state;
    for (int i = 0; i < 20000; i++) n += (size_t)snprintf(text + n, sizeof text - n, "%s\"key%d\":%d", i ? "," : "{", i, i);
    snprintf(text + n, sizeof text - n, "}");
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, n + 1, &err), GBL_OK);
    assert_int_equal(gbl_node_size(gbl_doc_root(d)), 20000);
    gbl_doc_free(d);
    n += (size_t)snprintf(text + n, sizeof text - n, ",\n\"key17\":0}");
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, n, &err), GBL_EINPUT);
    assert_error(&err, "duplicate key 'key17'|f.json:2:1 (key17)|each key once; it stands at 1:169 already|");
}

static void too_many_values(void **state)
{
    size_t n = 2u * ((4u << 20) + 1);
    char *text = gbl_alloc(n, 1);
    gbl_doc *d;
    gbl_err err = {0};
    (void)state;
    assert_non_null(text);
    memset(text, ',', n);
    for (size_t i = 1; i < n; i += 2) text[i] = '0';
    text[0] = '[';
    assert_int_equal(gbl_doc_parse(&d, "f.json", text, n, &err), GBL_EINPUT);
    assert_error(&err, "more than 4194304 values in one document|f.json:1:8388608|a smaller document|");
    gbl_free(text);
}

/* ---------------------------------------------------------------- good documents ---- */

static gbl_doc *parse(const char *text)
{
    gbl_doc *d;
    gbl_err err = {0};
    if (gbl_doc_parse(&d, "f.json", text, strlen(text), &err) != GBL_OK) fail_msg("%s: %s at %s", text, err.what, err.where);
    return d;
}

static void assert_canonical(const gbl_node *n, const char *want)
{
    char *text = gbl_node_canonical(n);
    assert_non_null(text);
    assert_string_equal(text, want);
    gbl_free(text);
}

static void positions_and_paths(void **state)
{
    gbl_doc *d = parse("\xef\xbb\xbf{ \"\xc3\xa9\": \"\xe2\x82\xac\",  \"b\" :\n\t[10,\n   {\"c\":null}, true]}");
    const gbl_node *c = gbl_node_at(gbl_doc_root(d), "b.1.c");
    gbl_err err = {0};
    int64_t line, col;
    char path[64];
    (void)state;
    assert_int_equal(gbl_node_kind(c), GBL_NULL);
    gbl_node_place(c, &line, &col);
    assert_true(line == 3 && col == 9);
    gbl_node_path(c, path, sizeof path);
    assert_string_equal(path, "b.1.c");
    gbl_node_path(c, path, 4);
    assert_string_equal(path, "b.1");
    gbl_node_fail(c, &err, "no %s", "good");
    assert_error(&err, "no good|f.json:3:9 (b.1.c)||");
    gbl_node_fail_key(c, &err, "no good key");
    assert_error(&err, "no good key|f.json:3:5 (b.1.c)||");
    gbl_node_place(gbl_node_at(gbl_doc_root(d), "b"), &line, &col); /* columns count characters, from behind the mark */
    assert_true(line == 2 && col == 2);
    gbl_node_fail_key(gbl_node_at(gbl_doc_root(d), "b"), &err, "x");
    assert_error(&err, "x|f.json:1:14 (b)||");
    gbl_node_fail(gbl_doc_root(d), &err, "x");
    assert_error(&err, "x|f.json:1:1||");
    assert_null(gbl_node_at(gbl_doc_root(d), "b.3"));
    assert_null(gbl_node_at(gbl_doc_root(d), "b.x"));
    assert_null(gbl_node_at(gbl_doc_root(d), "b.1.c.d"));
    assert_null(gbl_node_get(NULL, "b"));
    assert_string_equal(gbl_doc_folder(d), "");
    gbl_doc_free(d);
}

static void strings_are_decoded(void **state)
{
    gbl_doc *d = parse("[\"\\u00e9\\ud83d\\ude00\\/\\\"\\\\\\b\\f\\n\\r\\t\\u001f\", \"\"]");
    (void)state;
    assert_string_equal(gbl_node_text(gbl_node_first(gbl_doc_root(d))), "\xc3\xa9\xf0\x9f\x98\x80/\"\\\b\f\n\r\t\x1f");
    assert_canonical(gbl_doc_root(d), "[\"\xc3\xa9\xf0\x9f\x98\x80/\\\"\\\\\\b\\f\\n\\r\\t\\u001f\",\"\"]");
    gbl_doc_free(d);
}

static void numbers_keep_their_text(void **state)
{
    static char text[400], big[800];
    gbl_doc *d;
    gbl_err err = {0};
    int64_t i;
    double r;
    (void)state;
    d = parse("[9223372036854775807, -9223372036854775808, 1e3, 2.50, 9007199254740993]");
    assert_canonical(gbl_doc_root(d), "[9223372036854775807,-9223372036854775808,1000,2.5,9007199254740993]");
    assert_int_equal(gbl_node_int(gbl_node_at(gbl_doc_root(d), "4"), &i, &err), GBL_OK);
    assert_true(i == 9007199254740993);
    gbl_doc_free(d);
    memset(text, '3', sizeof text); /* longer than cJSON reads, beside others */
    snprintf(big, sizeof big, "[1.%.399s, 7,-0.%.300s1]", text, text);
    d = parse(big);
    assert_int_equal(gbl_node_size(gbl_doc_root(d)), 3);
    assert_int_equal(gbl_node_real(gbl_node_first(gbl_doc_root(d)), &r, &err), GBL_OK);
    assert_true(r == 4.0 / 3);
    assert_int_equal(strlen(gbl_node_text(gbl_node_first(gbl_doc_root(d)))), 401);
    assert_canonical(gbl_doc_root(d), "[1.3333333333333333,7,-0.3333333333333333]");
    gbl_doc_free(d);
}

static void typed_reads_explain(void **state)
{
    gbl_doc *d = parse("{\"a\": 1.5, \"b\": \"x\", \"c\": 9223372036854775808, \"d\": [1],\n \"e\": \"a very long text that goes on and on and on\"}");
    const gbl_node *r = gbl_doc_root(d);
    gbl_err err = {0};
    int64_t i;
    double v;
    const char *s;
    (void)state;
    assert_int_equal(gbl_node_int(gbl_node_get(r, "a"), &i, &err), GBL_EINPUT);
    assert_error(&err, "'a' is 1.5|f.json:1:7 (a)|an integer|");
    gbl_node_int(gbl_node_get(r, "b"), &i, &err);
    assert_error(&err, "'b' is \"x\"|f.json:1:17 (b)|an integer|");
    gbl_node_int(gbl_node_get(r, "c"), &i, &err);
    assert_error(&err, "'c' is 9223372036854775808|f.json:1:27 (c)|an integer within 64 bits|");
    gbl_node_real(gbl_node_get(r, "d"), &v, &err);
    assert_error(&err, "'d' is an array|f.json:1:53 (d)|a number|");
    gbl_node_str(gbl_node_at(r, "d.0"), &s, &err);
    assert_error(&err, "the value is 1|f.json:1:54 (d.0)|a string|");
    gbl_node_real(gbl_node_get(r, "e"), &v, &err);
    assert_error(&err, "'e' is \"a very long text that goes on and on ...\"|f.json:2:7 (e)|a number|");
    static const char *const known[] = {"a", "b", "cc", "d", "e", NULL}, *const few[] = {"a", NULL}, *const none[] = {NULL};
    assert_int_equal(gbl_node_only(r, known, &err), GBL_EINPUT);
    assert_error(&err, "unknown key 'c'|f.json:1:22 (c)|one of a, b, cc, d, e|");
    gbl_node_only(r, few, &err);
    assert_error(&err, "unknown key 'b'|f.json:1:12 (b)|the key a|");
    gbl_node_only(r, none, &err);
    assert_error(&err, "unknown key 'a'|f.json:1:2 (a)|no keys|");
    gbl_node_only(gbl_node_get(r, "d"), known, &err);
    assert_error(&err, "'d' is an array|f.json:1:53 (d)|an object|");
    gbl_doc_free(d);
}

static void canonical_sorts_and_shortens(void **state)
{
    gbl_doc *d = parse("{\"b\": 1.10, \"a\": {\"z\": [], \"B\": {}, \"\": 1e21}, \"\xc3\xa9\": -0.0, \"c\": 100e-2}");
    (void)state;
    assert_canonical(gbl_doc_root(d), "{\"a\":{\"\":1e+21,\"B\":{},\"z\":[]},\"b\":1.1,\"c\":1,\"\xc3\xa9\":0}");
    gbl_doc_free(d);
}

/* Canonical text is its own canonical text: numbers that round to integers, or to zero, become those at once. */
static void canonical_is_stable(void **state)
{
    static const char *const cases[][2] = {{"[-5e-9223372036854775808]", "[0]"}, {"[1000000000000000.01]", "[1000000000000000]"}, {"[-1e-400, 0.0]", "[0,0]"},
        {"[9223372036854775807.5]", "[9.223372036854776e+18]"}, {"[-9223372036854775808.5]", "[-9.223372036854776e+18]"}, {"[9223372036854774784.1]", "[9223372036854774784]"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (int k = 0; k < 2; k++) {
            gbl_doc *d = parse(cases[i][k]);
            assert_canonical(gbl_doc_root(d), cases[i][1]);
            gbl_doc_free(d);
        }
}

/* ---------------------------------------------------------------- set ---- */

static void values_are_set(void **state)
{
    gbl_doc *d = parse("{\"run\": {\"seed\": 1, \"stop_s\": null}, \"tiers\": [{\"bytes\": 0}]}");
    gbl_err err = {0};
    static const char *const sets[][2] = {{"run.seed", "7"}, {"policy.route", "least_kv"}, {"engine.max_num_seqs", " 64 "}, {"tiers.0.bytes", "1e9"},
        {"tiers.1.name", "x"}, {"run.stop_s.x", "true"}, {"name", "10.0.0.1"}, {"policy.compress", "[\"a\", {\"b\": 1}]"}, {"empty", ""}, {"quoted", "\"12\""}};
    (void)state;
    /* the element must be there before its key */
    assert_int_equal(gbl_doc_set(d, "tiers.2.name", "x", &err), GBL_EINPUT);
    assert_error(&err, "no element '2' in the array tiers|--set tiers.2.name|an index from 0 to 1|");
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) assert_int_equal(gbl_doc_set(d, sets[i][0], sets[i][1], &err), GBL_OK);
    assert_canonical(gbl_doc_root(d), "{\"empty\":\"\",\"engine\":{\"max_num_seqs\":64},\"name\":\"10.0.0.1\",\"policy\":{\"compress\":[\"a\",{\"b\":1}],"
                                      "\"route\":\"least_kv\"},\"quoted\":\"12\",\"run\":{\"seed\":7,\"stop_s\":{\"x\":true}},\"tiers\":[{\"bytes\":1000000000},{\"name\":\"x\"}]}");
    gbl_node_fail(gbl_node_at(gbl_doc_root(d), "run.seed"), &err, "no");
    assert_error(&err, "no|--set run.seed||");
    gbl_node_fail(gbl_node_at(gbl_doc_root(d), "policy.compress.1.b"), &err, "no");
    assert_error(&err, "no|--set policy.compress (policy.compress.1.b)||");
    gbl_node_fail(gbl_node_at(gbl_doc_root(d), "tiers.0"), &err, "no");
    assert_error(&err, "no|f.json:1:48 (tiers.0)||");
    gbl_doc_free(d);
}

static void bad_sets_are_explained(void **state)
{
    static const char *const cases[][3] = {
        {"run.seed", "1e400", "number 1e400 is out of range|--set run.seed|a number of at most 1.797e308 in size|"},
        {"run", "{\"seed\":1,\"seed\":2}", "duplicate key 'seed'|--set run (seed)|each key once|"},
        {"run", "{\"seed\":", "unexpected end of the text|--set run|a value|"},
        {"name", "[1", "unexpected end of the text|--set name|',' or ']'|"},
        {"name", "\"x", "a string without its closing quote|--set name|a closing quote|"},
        {"name", "a\xff", "invalid UTF-8 in the value, byte 0xff|--set name|UTF-8 text|"},
        {"run.seed.x", "1", "'run.seed' is 1 and has no keys|--set run.seed.x|an object on the way|"},
        {"policy.evict.x", "1", "'policy.evict' is \"lru\" and has no keys|--set policy.evict.x|an object on the way: --set 'policy.evict={\"use\":\"lru\",\"x\":...}'|"},
        {"list.9", "1", "no element '9' in the array list|--set list.9|an index from 0 to 2|"},
        {"list.x", "1", "no element 'x' in the array list|--set list.x|an index from 0 to 2|"},
        {"list.-1", "1", "no element '-1' in the array list|--set list.-1|an index from 0 to 2|"},
        {"", "1", "an empty key in the path ''|--set |keys joined by dots, like engine.block_size|"},
        {"a..b", "1", "an empty key in the path 'a..b'|--set a..b|keys joined by dots, like engine.block_size|"},
        {".a", "1", "an empty key in the path '.a'|--set .a|keys joined by dots, like engine.block_size|"},
        {"a.", "1", "an empty key in the path 'a.'|--set a.|keys joined by dots, like engine.block_size|"}};
    gbl_doc *d = parse("{\"run\": {\"seed\": 1}, \"list\": [1, 2], \"policy\": {\"evict\": \"lru\"}}");
    char path[400];
    gbl_err err = {0};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(gbl_doc_set(d, cases[i][0], cases[i][1], &err), GBL_EINPUT);
        assert_error(&err, cases[i][2]);
    }
    for (int i = 0; i < 199; i++) path[i] = i % 2 ? '.' : 'a';
    path[199] = '\0';
    assert_int_equal(gbl_doc_set(d, path, "1", &err), GBL_EINPUT);
    assert_int_equal(strncmp(err.what, "the path 'a.a.", 14), 0);
    assert_canonical(gbl_doc_root(d), "{\"list\":[1,2],\"policy\":{\"evict\":\"lru\"},\"run\":{\"seed\":1}}");
    gbl_doc_free(d);
    d = parse("3");
    assert_int_equal(gbl_doc_set(d, "a", "1", &err), GBL_EINPUT);
    assert_error(&err, "the document is 3 and has no keys|--set a|an object on the way|");
    gbl_doc_free(d);
}

/* ---------------------------------------------------------------- files ---- */

static void files_know_their_folder(void **state)
{
    char folder[] = "/tmp/gable-doc-XXXXXX", path[64], want[80];
    gbl_doc *d;
    gbl_err err = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/x.json", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("{\"a\": [}", f);
    fclose(f);
    assert_int_equal(gbl_doc_read(&d, path, &err), GBL_EINPUT);
    snprintf(want, sizeof want, "%s:1:8", path);
    assert_string_equal(err.where, want);
    assert_non_null(f = fopen(path, "w"));
    fputs("{}", f);
    fclose(f);
    assert_int_equal(gbl_doc_read(&d, path, &err), GBL_OK);
    assert_string_equal(gbl_doc_folder(d), folder);
    assert_string_equal(gbl_doc_name(d), path);
    gbl_doc_free(d);
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(gbl_doc_read(&d, "x.json", &err), GBL_OK);
    assert_string_equal(gbl_doc_folder(d), ".");
    gbl_doc_free(d);
    assert_int_equal(truncate("x.json", (64 << 20) + 1), 0);
    assert_int_equal(gbl_doc_read(&d, "x.json", &err), GBL_EINPUT);
    assert_error(&err, "the file is larger than 67108864 bytes|x.json|at most 67108864 bytes unpacked|");
    unlink("x.json");
    assert_int_equal(chdir("/"), 0);
    rmdir(folder);
    assert_int_equal(gbl_doc_read(&d, "/nonexistent.json", &err), GBL_EINPUT);
    assert_error(&err, "cannot open the file: No such file or directory|/nonexistent.json|a readable file, or - for standard input|");
    assert_int_equal(gbl_doc_read(&d, "/tmp", &err), GBL_EINPUT);
    assert_error(&err, "cannot read the file: Is a directory|/tmp||");
}

/* ---------------------------------------------------------------- properties ---- */

/* A random value twice: as loosely written JSON and as the canonical text it must yield. */
typedef struct twin { char text[60000], canon[60000]; } twin;

static size_t blanks(uint64_t *luck, char *out)
{
    size_t n = luck_below(luck, 3);
    for (size_t i = 0; i < n; i++) out[i] = " \n\t\r"[luck_below(luck, 4)];
    return n;
}

static size_t put(char *out, const char *s)
{
    size_t n = strlen(s);
    memcpy(out, s, n);
    return n;
}

static void make_leaf(uint64_t *luck, char *text, size_t *t, char *canon, size_t *c)
{
    static const char *const leaves[][2] = {{"null", "null"}, {"true", "true"}, {"false", "false"}, {"-0", "0"}, {"1e2", "100"}, {"1.250E+1", "12.5"}, {"1e-7", "1e-07"},
        {"123456789012345678901", "1.2345678901234568e+20"}, {"0.1", "0.1"}, {"-9223372036854775808", "-9223372036854775808"}, {"\"\"", "\"\""},
        {"\"\\u0041\\n\"", "\"A\\n\""}, {"\"\\ud83d\\ude00\"", "\"\xf0\x9f\x98\x80\""}, {"\"\\/\"", "\"/\""}, {"\"[{,:\"", "\"[{,:\""}, {"5e-324", "5e-324"}};
    const char *const *leaf = leaves[luck_below(luck, sizeof leaves / sizeof leaves[0])];
    *t += put(text + *t, leaf[0]);
    *c += put(canon + *c, leaf[1]);
}

static void make_value(uint64_t *luck, int depth, char *text, size_t *t, char *canon, size_t *c)
{
    uint64_t kind = luck_below(luck, depth > 4 ? 1 : 4);
    int n = (int)luck_below(luck, depth == 0 ? 40 : 6), turn = n ? (int)luck_below(luck, (uint64_t)n) : 0;
    *t += blanks(luck, text + *t);
    if (kind < 2) {
        make_leaf(luck, text, t, canon, c);
    } else if (kind == 2) {
        text[(*t)++] = canon[(*c)++] = '[';
        for (int i = 0; i < n; i++) {
            if (i) text[(*t)++] = canon[(*c)++] = ',';
            make_value(luck, depth + 1, text, t, canon, c);
        }
        text[(*t)++] = canon[(*c)++] = ']';
    } else { /* the text begins with member `turn` and goes round */
        char *late = malloc(60000);
        size_t l = 0;
        canon[(*c)++] = '{';
        text[(*t)++] = '{';
        for (int i = 0; i < n; i++) {
            char key[16], *to = i < turn ? late : text;
            size_t *at = i < turn ? &l : t;
            snprintf(key, sizeof key, "\"k%03d\"", i);
            if (i) canon[(*c)++] = ',';
            if (i != 0 && i != turn) to[(*at)++] = ',';
            *at += blanks(luck, to + *at);
            *at += put(to + *at, key);
            *at += blanks(luck, to + *at);
            to[(*at)++] = ':';
            *c += put(canon + *c, key);
            canon[(*c)++] = ':';
            make_value(luck, depth + 1, to, at, canon, c);
        }
        if (l > 0) text[(*t)++] = ',';
        memcpy(text + *t, late, l);
        *t += l;
        free(late);
        text[(*t)++] = '}';
        canon[(*c)++] = '}';
    }
    *t += blanks(luck, text + *t);
}

static size_t make_twin(uint64_t *luck, twin *w)
{
    size_t t = 0, c = 0;
    make_value(luck, 0, w->text, &t, w->canon, &c);
    w->text[t] = w->canon[c] = '\0';
    return t;
}

static void random_documents_round_trip(void **state)
{
    static twin w;
    uint64_t luck = 11;
    (void)state;
    for (int i = 0; i < 1500; i++) {
        make_twin(&luck, &w);
        gbl_doc *d = parse(w.text);
        assert_canonical(gbl_doc_root(d), w.canon);
        gbl_doc_free(d);
    }
}

/* Any damage is either no damage or an error with a place; whatever is taken reads back from its canonical text. */
static void random_damage_is_survived(void **state)
{
    static twin w;
    static const char bytes[] = "{}[]:,\"\\0e-.tnu\n \x00\xff\xc3";
    uint64_t luck = 12;
    int taken = 0, refused = 0;
    (void)state;
    for (int i = 0; i < 20000; i++) {
        if (i % 20 == 0) make_twin(&luck, &w);
        static char damaged[60000];
        size_t n = strlen(w.text);
        memcpy(damaged, w.text, n);
        for (int k = 0; k < 3 && n > 0; k++) damaged[luck_below(&luck, n)] = bytes[luck_below(&luck, sizeof bytes - 1)];
        if (luck_below(&luck, 4) == 0) n = luck_below(&luck, n + 1);
        gbl_doc *d;
        gbl_err err = {0};
        if (gbl_doc_parse(&d, "f.json", damaged, n, &err) != GBL_OK) {
            assert_true(err.code == GBL_EINPUT && err.what[0] && strncmp(err.where, "f.json", 6) == 0 && err.expected[0]);
            refused++;
            continue;
        }
        char *once = gbl_node_canonical(gbl_doc_root(d));
        gbl_doc *again = parse(once);
        assert_canonical(gbl_doc_root(again), once);
        gbl_free(once);
        gbl_doc_free(d);
        gbl_doc_free(again);
        taken++;
    }
    assert_true(taken > 200 && refused > 2000);
}

static int whole_life(gbl_err *err)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"x\"}],\"c\":1.111111111111111111111111111111111111111111111111111111111111111111111,"
                               "\"d\":{\"1\":0,\"2\":0,\"3\":0,\"4\":0,\"5\":0,\"6\":0,\"7\":0,\"8\":0,\"9\":0,\"10\":0,\"11\":0,\"12\":0,\"13\":0,\"14\":0,\"15\":0,\"16\":0,\"17\":0}}";
    gbl_doc *d;
    int code = gbl_doc_parse(&d, "f.json", text, sizeof text - 1, err);
    if (code != GBL_OK) return code;
    code = gbl_doc_set(d, "e.f", "word", err);
    if (code == GBL_OK) code = gbl_doc_set(d, "a.1.b", "[1, 2]", err);
    char *canonical = code == GBL_OK ? gbl_node_canonical(gbl_doc_root(d)) : NULL;
    if (code == GBL_OK && canonical == NULL) code = gbl_nomem(err, 0);
    gbl_free(canonical);
    gbl_doc_free(d);
    return code;
}

static void memory_may_run_out(void **state)
{
    (void)state;
    each_allocation_fails(whole_life, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_documents_are_explained), cmocka_unit_test(nul_bytes_are_refused), cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(many_keys_and_their_duplicate), cmocka_unit_test(too_many_values), cmocka_unit_test(positions_and_paths),
        cmocka_unit_test(strings_are_decoded), cmocka_unit_test(numbers_keep_their_text), cmocka_unit_test(typed_reads_explain),
        cmocka_unit_test(canonical_sorts_and_shortens), cmocka_unit_test(canonical_is_stable), cmocka_unit_test(values_are_set), cmocka_unit_test(bad_sets_are_explained),
        cmocka_unit_test(files_know_their_folder), cmocka_unit_test(random_documents_round_trip), cmocka_unit_test(random_damage_is_survived),
        cmocka_unit_test(memory_may_run_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
