/* The JSON writer, shortest numbers, and the scanner used alone. */
#include <math.h>
#include "base/json.h"
#include "base/scan.h"
#include "tests/unit/base_help.h"

static void written_compact_and_indented(void **state)
{
    static const char *const want[] = {"{\"a\":[1,0.5,null],\"e\":{},\"s\":\"x\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\",\"t\":true,\"n\":null,\"r\":{\"k\":0}}",
        "{\n  \"a\": [\n    1,\n    0.5,\n    null\n  ],\n  \"e\": {},\n  \"s\": \"x\\\"\\\\\\n\\u0001\\ufffd\xc3\xa9\",\n  \"t\": true,\n  \"n\": null,\n  \"r\": {\"k\":0}\n}"};
    (void)state;
    for (int indent = 0; indent <= 2; indent += 2) {
        gbl_json *j = gbl_json_new(indent);
        gbl_json_obj(j, NULL);
        gbl_json_arr(j, "a");
        gbl_json_int(j, NULL, 1);
        gbl_json_num(j, NULL, 0.5);
        gbl_json_num(j, NULL, NAN);
        gbl_json_end(j);
        gbl_json_obj(j, "e");
        gbl_json_end(j);
        gbl_json_str(j, "s", "x\"\\\n\x01\xff\xc3\xa9");
        gbl_json_bool(j, "t", 2);
        gbl_json_str(j, "n", NULL);
        gbl_json_raw(j, "r", "{\"k\":0}");
        gbl_json_end(j);
        assert_string_equal(gbl_json_text(j), want[indent / 2]);
        gbl_json_free(j);
    }
}

static void writer_without_memory_is_silent(void **state)
{
    (void)state;
    for (int n = 1; n <= 4; n++) {
        gbl_alloc_fail_at(n);
        gbl_json *j = gbl_json_new(0);
        if (j != NULL) {
            gbl_json_arr(j, NULL);
            for (int i = 0; i < 20; i++) gbl_json_int(j, NULL, i);
            gbl_json_end(j);
            assert_null(gbl_json_text(j));
            gbl_json_free(j);
        } else {
            assert_int_equal(n, 1);
        }
        gbl_alloc_fail_at(0);
    }
    gbl_json *j = gbl_json_new(0);
    gbl_json_raw(j, NULL, NULL); /* text that somebody could not make */
    assert_null(gbl_json_text(j));
    gbl_json_free(j);
}

static void numbers_are_short_and_exact(void **state)
{
    static const struct { double v; const char *text; } cases[] = {{0, "0"}, {-0.0, "-0"}, {1, "1"}, {0.1, "0.1"}, {1.0 / 3, "0.3333333333333333"}, {1e15, "1e+15"},
        {999999999999999, "999999999999999"}, {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"}, {0.1 + 0.2, "0.30000000000000004"}, {-2.5, "-2.5"}, {INFINITY, "null"}};
    uint64_t luck = 2;
    char text[64], shorter[64];
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int n = gbl_num_text(text, sizeof text, cases[i].v);
        assert_string_equal(text, cases[i].text);
        assert_int_equal(n, strlen(text));
    }
    for (int i = 0; i < 100000; i++) {
        uint64_t bits = luck_next(&luck);
        double v;
        memcpy(&v, &bits, sizeof v);
        if (!isfinite(v)) continue;
        if (i % 2) v = (double)(int64_t)(bits >> 40) / 1000; /* what people write */
        gbl_num_text(text, sizeof text, v);
        if (strtod(text, NULL) != v) fail_msg("%s is not %.17g", text, v);
        int digits = 0; /* one significant digit less would read back as something else */
        const char *p = text;
        while (*p == '-' || *p == '0' || *p == '.') p++;
        for (; *p && *p != 'e'; p++) digits += *p != '.';
        if (digits < 2 || strchr(text, 'e') == NULL || digits > 17) continue;
        snprintf(shorter, sizeof shorter, "%.*e", digits - 2, v);
        if (strtod(shorter, NULL) == v) fail_msg("%s is longer than %s", text, shorter);
    }
}

/* ---------------------------------------------------------------- scan ---- */

static gbl_scan scan_of(const char *text)
{
    return (gbl_scan){.p = text, .end = text + strlen(text), .begin = text, .name = "t.jsonl", .line = 7};
}

static void flat_reader(void **state)
{
    gbl_scan s = scan_of("{ \"t\": 12, \"ids\": [1, 2 ,3], \"x\": {\"y\": [[], {}]}, \"s\": \"a\\u00e9\\n\", \"r\": 2.5 }");
    const char *at;
    size_t len;
    gbl_err err = {0};
    int64_t i, sum = 0;
    double r = 0;
    char text[32] = "";
    int members = 0;
    (void)state;
    assert_int_equal(gbl_scan_next(&s, &at, &len, &err), GBL_T_OBJ);
    for (int more; (more = gbl_scan_key(&s, &at, &len, &err)) != 0; members++) {
        assert_int_equal(more, 1);
        if (len == 1 && *at == 't') {
            assert_int_equal(gbl_scan_int(&s, &i, &err), GBL_OK);
            assert_int_equal(i, 12);
        } else if (len == 3) {
            assert_int_equal(gbl_scan_next(&s, &at, &len, &err), GBL_T_ARR);
            while ((more = gbl_scan_item(&s, &err)) == 1) {
                assert_int_equal(gbl_scan_int(&s, &i, &err), GBL_OK);
                sum += i;
            }
            assert_int_equal(more, 0);
        } else if (*at == 'r') {
            assert_int_equal(gbl_scan_real(&s, &r, &err), GBL_OK);
        } else if (*at == 's') {
            assert_int_equal(gbl_scan_next(&s, &at, &len, &err), GBL_T_STR);
            assert_int_equal(gbl_scan_unescape(text, at, len), 4);
        } else {
            assert_int_equal(gbl_scan_skip(&s, &err), GBL_OK);
        }
    }
    assert_int_equal(members, 5);
    assert_int_equal(sum, 6);
    assert_true(r == 2.5);
    assert_string_equal(text, "a\xc3\xa9\n");
    assert_int_equal(gbl_scan_done(&s, &err), GBL_OK);
    assert_int_equal(gbl_scan_next(&s, &at, &len, &err), GBL_T_END);
}

static void scanner_explains(void **state)
{
    static const char *const ints[][2] = {{"1.5", "1.5 is no integer|t.jsonl:7:1|an integer|"}, {"\"5\"", "a string in place of a number|t.jsonl:7:1|an integer|"},
        {"99999999999999999999", "integer 99999999999999999999 is out of range|t.jsonl:7:1|an integer within 64 bits|"}, {" null", "unexpected 'n'|t.jsonl:7:2|an integer|"},
        {"", "unexpected end of the text|t.jsonl:7:1|an integer|"}, {"[1]", "unexpected '['|t.jsonl:7:1|an integer|"}, {"01", "bad number '01'|t.jsonl:7:1|a number like 12, -0.5 or 1e-3|"}};
    static const char *const skips[][2] = {{"[1,2", "unexpected end of the text|t.jsonl:7:5|',' or ']'|"}, {"{\"a\":[}]}", "unexpected '}'|t.jsonl:7:7|a value or ']'|"},
        {"[1}", "unexpected '}'|t.jsonl:7:3|',' or ']'|"}, {"]", "unexpected ']'|t.jsonl:7:1|a value|"}, {"", "unexpected end of the text|t.jsonl:7:1|a value|"},
        {"{\"a\":}", "unexpected '}'|t.jsonl:7:6|a value|"}, {"[\n[1e999]]", "number 1e999 is out of range|t.jsonl:8:2|a number of at most 1.797e308 in size|"}};
    char deep[300];
    (void)state;
    for (size_t i = 0; i < sizeof ints / sizeof ints[0]; i++) {
        gbl_scan s = scan_of(ints[i][0]);
        gbl_err err = {0};
        int64_t v;
        assert_int_equal(gbl_scan_int(&s, &v, &err), GBL_EINPUT);
        assert_error(&err, ints[i][1]);
    }
    for (size_t i = 0; i < sizeof skips / sizeof skips[0]; i++) {
        gbl_scan s = scan_of(skips[i][0]);
        gbl_err err = {0};
        assert_int_equal(gbl_scan_skip(&s, &err), GBL_EINPUT);
        assert_error(&err, skips[i][1]);
    }
    memset(deep, '[', 129);
    memset(deep + 129, ']', 129);
    deep[258] = '\0';
    gbl_scan s = scan_of(deep);
    gbl_err err = {0};
    assert_int_equal(gbl_scan_skip(&s, &err), GBL_EINPUT);
    assert_error(&err, "nested too deep|t.jsonl:7:129|at most 128 levels|");
    deep[257] = '\0';
    s = scan_of(deep + 1);
    assert_int_equal(gbl_scan_skip(&s, &err), GBL_OK);
    s = scan_of("1 x");
    s.name = NULL;
    assert_int_equal(gbl_scan_skip(&s, &err), GBL_OK);
    assert_int_equal(gbl_scan_done(&s, &err), GBL_EINPUT);
    assert_error(&err, "unexpected 'x'|text:7:3|the end of the text|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_compact_and_indented), cmocka_unit_test(writer_without_memory_is_silent), cmocka_unit_test(numbers_are_short_and_exact),
        cmocka_unit_test(flat_reader), cmocka_unit_test(scanner_explains)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
