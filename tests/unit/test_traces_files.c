/* Readers: what each format's rows become, and what is said about rows that are wrong. */
#include "tests/unit/traces_help.h"

#define MOONCAKE_KEYS "timestamp (ms), input_length, output_length (tokens), and hash_ids where known"
#define TOKENS "tokens, a whole number from 0 to 1000000000"
#define FORMATS "mooncake (JSON lines with timestamp, input_length, output_length), azure (CSV with TIMESTAMP, ContextTokens, GeneratedTokens) or another of `gable list formats`"
#define ROW "{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 5}\n"
#define HEAD "TIMESTAMP,ContextTokens,GeneratedTokens\n"

/* ---- rows ---- */

static void mooncake_rows(void **state)
{
    (void)state;
    put("{\"timestamp\": 1000.25, \"input_length\": 1025, \"output_length\": 5, \"hash_ids\": [0, 18446744073709551615, 7]}\n"
        "\n"
        "{\"x\": {\"timestamp\": [1, {\"a\": null}]}, \"hash_ids\": [ 1 ,2], \"output_length\":1e2,\"input_length\": 1024.0,\"timestamp\":1000.2500019}\r\n"
        "{\"timestamp\": 1e4, \"input_length\": 1, \"output_length\": 1000000000}");
    gbl_source *s = from_file(TRACE);
    assert_string_equal(gbl_source_format(s), "mooncake");
    gbl_record r = next_of(s);
    assert_int_equal(r.arrival_ns, 0);
    assert_int_equal(r.n_ids, 3);
    assert_int_equal(r.id_tokens, 512);
    assert_true(r.ids[0] == 0 && r.ids[1] == UINT64_MAX && r.ids[2] == 7);
    r = next_of(s);
    assert_int_equal(r.serial, 1);
    assert_int_equal(r.arrival_ns, 1); /* 1.9 ns past the ms fraction of the first: cut to whole ns */
    assert_int_equal(r.output, 100);
    assert_true(r.n_ids == 2 && r.ids[0] == 1 && r.ids[1] == 2);
    r = next_of(s);
    assert_int_equal(r.arrival_ns, 8999750000);
    assert_int_equal(r.output, 1000000000);
    assert_int_equal(r.n_ids, 0);
    assert_int_equal(r.id_tokens, 0);
    ends(s);
}

static void mooncake_epoch(void **state)
{
    (void)state;
    put("{\"timestamp\": 1700000000123.456789, \"input_length\": 1, \"output_length\": 1}\n"
        "{\"timestamp\": 1700000000123.456790, \"input_length\": 1, \"output_length\": 1}\n");
    gbl_source *s = from_file(TRACE);
    check_row(s, 0, 0, 1, 1);
    check_row(s, 1, 1, 1, 1);
    ends(s);
}

static void mooncake_many_ids(void **state)
{
    enum { N = 5000 };
    (void)state;
    char *text = malloc(N * 8 + 200), *p = text;
    p += sprintf(p, "{\"timestamp\": 0, \"input_length\": %d, \"output_length\": 1, \"hash_ids\": [", N * 512);
    for (int i = 0; i < N; i++) p += sprintf(p, i ? ",%s%d" : "%s%d", i % 3 ? "" : " ", i * 10);
    sprintf(p, "]}\n");
    put(text);
    free(text);
    gbl_source *s = from_file(TRACE);
    gbl_record r = next_of(s);
    assert_int_equal(r.n_ids, N);
    for (int i = 0; i < N; i++) assert_int_equal(r.ids[i], i * 10);
    ends(s);
}

static void azure_dialects(void **state)
{
    (void)state;
    put("TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2023-11-16 18:15:46.6805901,5,6");
    gbl_source *s = from_file(TRACE);
    assert_string_equal(gbl_source_format(s), "azure");
    check_row(s, 0, 0, 374, 44);
    check_row(s, 1, 100, 5, 6);
    ends(s);
    put(HEAD "2024-05-10 23:59:59.999999+00:00,1,2\n2024-05-11 00:00:00+00:00,1452,3\n2024-05-11 02:00:01+02:00,1,1\n");
    s = from_file(TRACE);
    check_row(s, 0, 0, 1, 2);
    check_row(s, 1, 1000, 1452, 3);
    check_row(s, 2, 1000001000, 1, 1);
    ends(s);
    put("\xef\xbb\xbfTIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n2024-10-15T12:00:00.269Z,0,770,491\n2024-10-15T12:00:05.819Z,1,949,126\n");
    s = from_file(TRACE);
    check_row(s, 0, 0, 770, 491);
    check_row(s, 1, 5550000000, 949, 126);
    ends(s);
    put("GeneratedTokens, \"ContextTokens\" ,Other,TIMESTAMP\n7,\"8\",\"x\",2023-12-31 23:59:59\n9,10,,2024-01-01 00:00:00\n11,12,,2024-02-29 00:00:00\n");
    s = from_file(TRACE);
    check_row(s, 0, 0, 8, 7);
    check_row(s, 1, 1000000000, 10, 9);
    check_row(s, 2, (59 * 86400 + 1) * INT64_C(1000000000), 12, 11);
    ends(s);
}

static void equal_times_keep_order(void **state)
{
    (void)state;
    put(ROW "{\"timestamp\": 0, \"input_length\": 9, \"output_length\": 5}\n{\"timestamp\": 0, \"input_length\": 8, \"output_length\": 5}\n");
    gbl_source *s = from_file(TRACE);
    check_row(s, 0, 0, 10, 5);
    check_row(s, 1, 0, 9, 5);
    check_row(s, 2, 0, 8, 5);
    ends(s);
}

static void repairs(void **state)
{
    (void)state;
    put("{\"timestamp\": 5, \"input_length\": 0, \"output_length\": 0}\n"
        "{\"timestamp\": 6, \"input_length\": 10, \"output_length\": 0}\n"
        "{\"timestamp\": 7, \"input_length\": 513, \"output_length\": 1, \"hash_ids\": [1]}\n"
        "{\"timestamp\": 8, \"input_length\": 512, \"output_length\": 1, \"hash_ids\": [1, 2]}\n"
        "{\"timestamp\": 9, \"input_length\": 512, \"output_length\": 1, \"hash_ids\": []}\n");
    gbl_source *s = from_file(TRACE);
    gbl_record r = next_of(s);
    assert_int_equal(r.arrival_ns, 0); /* the first kept row is the origin */
    assert_int_equal(r.n_ids, 1);
    r = next_of(s);
    assert_int_equal(r.serial, 1);
    assert_int_equal(r.n_ids, 1);
    r = next_of(s);
    assert_int_equal(r.n_ids, 0);
    const gbl_repairs *m = gbl_source_repairs(s);
    assert_int_equal(m->zero_input, 1);
    assert_int_equal(m->zero_output, 1);
    assert_int_equal(m->ids_short, 1);
    assert_int_equal(m->ids_long, 1);
    ends(s);
}

static void packed(void **state)
{
    (void)state;
    const unsigned char gzip[] = { /* ROW ROW */
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 42, 201, 204, 77, 45, 46, 73, 204, 45, 80, 178, 82, 48, 208, 81, 80, 202, 204, 43, 40,
        45, 137, 207, 73, 205, 75, 47, 201, 0, 10, 25, 130, 196, 242, 75, 75, 80, 4, 77, 107, 185, 170, 201, 213, 8, 0, 51, 138, 113, 95,
        114, 0, 0, 0};
    put_bytes((const char *)gzip, sizeof gzip);
    gbl_source *s = from_file(TRACE);
    check_row(s, 0, 0, 10, 5);
    check_row(s, 1, 0, 10, 5);
    ends(s);
}

/* ---- the trace object ---- */

static void scale_and_limit(void **state)
{
    (void)state;
    put(ROW "{\"timestamp\": 1000, \"input_length\": 10, \"output_length\": 5}\n{\"timestamp\": 1001, \"input_length\": 10, \"output_length\": 5}\n");
    gbl_source *s = from_json("{\"file\": \"" TRACE "\", \"rate_scale\": 4, \"limit\": 2}", 1);
    assert_close(gbl_source_progress(s), 0, 0);
    check_row(s, 0, 0, 10, 5);
    assert_close(gbl_source_progress(s), 0.5, 0);
    check_row(s, 1, 250000000, 10, 5);
    ends(s);
    s = from_json("{\"file\": \"" TRACE "\", \"format\": \"mooncake\", \"limit\": 0}", 1);
    assert_close(gbl_source_progress(s), -1, 0);
    for (int i = 0; i < 3; i++) next_of(s);
    ends(s);
}

static void default_trace(void **state)
{
    (void)state;
    gbl_source *s;
    gbl_err err;
    const char *objects[] = {"{}", "{\"limit\": 3}", "{\"file\": \"traces/samples/chat.jsonl.gz\"}"};
    must(gbl_source_open(&s, NULL, 1, &err), &err);
    uint64_t hash = gbl_source_hash(s);
    assert_true(hash != 0);
    check_row(s, 0, 0, 10498, 402);
    gbl_source_close(s);
    for (int i = 0; i < 3; i++) {
        s = from_json(objects[i], 1);
        assert_true(gbl_source_hash(s) == hash);
        check_row(s, 0, 0, 10498, 402);
        gbl_source_close(s);
    }
}

static void hash_of_file(void **state)
{
    (void)state;
    put(ROW);
    gbl_source *s = from_file(TRACE);
    uint64_t a = gbl_source_hash(s);
    put(ROW ROW);
    assert_true(gbl_source_hash(s) != a);
    put(ROW);
    assert_true(gbl_source_hash(s) == a);
    gbl_source_close(s);
}

static void refuse_json(const char *json, const char *what, const char *where, const char *expected, const char *nearest)
{
    gbl_source *s = NULL;
    gbl_err err;
    assert_int_equal(open_json(&s, json, 1, &err), GBL_EINPUT);
    assert_null(s);
    check_error(&err, what, where, expected, nearest);
}

static void bad_objects(void **state)
{
    (void)state;
    put(ROW);
    refuse_json("7", "trace is not an object", "trace:1:1", "{\"file\": path} or {\"generate\": {...}}", "");
    refuse_json("{\"file\": \"a\", \"generate\": {}}", "trace has both file and generate", "trace:1:10 (file)", "either a file or a generator", "");
    refuse_json("{\"format\": \"azure\", \"generate\": {}}", "trace has both format and generate", "trace:1:12 (format)", "either a file or a generator", "");
    refuse_json("{\"file\": \"" TRACE "\", \"format\": \"moncake\"}", "unknown trace format \"moncake\"", "trace:1:31 (format)",
                "one of: bailian, aiperf, weka, llmservingsim, mooncake, azure, burstgpt, vidur, splitwise, servegen, trace_v2, otel, bench_serve, tracelab (left out, it is told from the content)", "mooncake");
    refuse_json("{\"file\": \"" TRACE "\", \"format\": \"servegen\"}", "a ServeGen trace is a folder, not a file", TRACE,
                "the folder of its chunk-*-trace.csv and chunk-*-dataset.json", "");
    refuse_json("{\"file\": \"none.jsonl\"}", "cannot open the file: No such file or directory", "none.jsonl", "a readable file, or - for standard input", "");
}

/* Text is refused where it stands, with the way out. */
static void raw_text(void **state)
{
    (void)state;
    const char *rows[] = {"[{\"id\":\"a\",\"conversations\":[{\"from\":\"human\",\"value\":\"hi\"}]}]\n",
                          "{\"prompt\": \"hello\", \"output_tokens\": 5}\n", "[\n {\"id\": \"a\",\n  \"conversations\": []}\n]\n",
                          "{\"custom_id\": \"1\", \"method\": \"POST\", \"url\": \"/v1/chat\", \"body\": {}}\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        refuse(rows[i], "the rows are text, and text cannot be counted in tokens without the model's tokenizer", TRACE ":1",
               "lengths counted with it: a CSV with columns input,output and \"generate\": {\"rows\": {\"file\": \"lengths.csv\", \"input\": \"input\", \"output\": \"output\"}}, or Mooncake JSON lines", "");
}

static void formats_are_listed(void **state)
{
    (void)state;
    const char *want[] = {"mooncake", "azure", "burstgpt", "vidur", "llmservingsim", "splitwise", "servegen", "weka", "bailian", "aiperf", "trace_v2", "bench_serve"};
    const char *name, *help;
    int readable, n = 0, found = 0;
    while (gbl_trace_format_at(n, &name, &help, &readable)) {
        for (size_t k = 0; k < 12; k++) found += !strcmp(want[k], name);
        assert_int_equal(readable, strcmp(name, "sharegpt") != 0);
        n++;
    }
    assert_int_equal(n, 15);
    assert_int_equal(found, 12);
}

/* ---- bad Mooncake rows ---- */

static void mooncake_structure(void **state)
{
    (void)state;
    refuse("{\"timestamp\": 0, \"input_length\": 10, \"output_", "a string without its closing quote", TRACE ":1:38", "a closing quote", "");
    refuse(ROW "{\"timestamp\": 0, \"input_length\"", "unexpected end of the text", TRACE ":2:32", "':'", "");
    refuse(ROW "{\"timestamp\": 0, \"input_length\": ", "row ends inside its object", TRACE ":2:34", "one whole JSON object a line", "");
    refuse(ROW "{\"timestamp\": 0, \"hash_ids\": [1, 2", "row ends inside its object", TRACE ":2:35", "one whole JSON object a line", "");
    refuse(ROW "[1]\n", "row is not a JSON object", TRACE ":2:1", "{...}: an object a line, or one whole document that is an object", "");
    refuse("{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 5} x\n", "unknown word 'x'", TRACE ":1:58", "a value: a number, a \"string\", true, false, null, [ or {", "");
    refuse("{\"timestamp\": 0, \"input_length\": 10, \"output_length\": 5} 7\n", "text after the row's object", TRACE ":1:58", "", "");
    refuse("{\"timestamp\": 0, \"timestamp\": 0, \"input_length\": 10}\n", "key \"timestamp\" twice in one row", TRACE ":1:19", "", "");
    refuse("{\"timestamp\": 0, \"input_lenght\": 10, \"output_length\": 5}\n", "missing key \"input_length\"", TRACE ":1", MOONCAKE_KEYS, "input_lenght");
    refuse(ROW "{\"input_length\": 10, \"output_length\": 5}\n", "missing key \"timestamp\"", TRACE ":2", MOONCAKE_KEYS, "");
}

static void mooncake_values(void **state)
{
    (void)state;
    refuse("{\"timestamp\": -1, \"input_length\": 1, \"output_length\": 1}", "timestamp is negative: -1", TRACE ":1:15", "ms, from 0 to 9e12", "");
    refuse("{\"timestamp\": 1e13}", "timestamp is too large: 1e13", TRACE ":1:15", "ms, from 0 to 9e12", "");
    refuse("{\"timestamp\": 99999999999999999999}", "timestamp is too large: 99999999999999999999", TRACE ":1:15", "ms, from 0 to 9e12", "");
    refuse("{\"timestamp\": \"0\"}", "timestamp is not a number", TRACE ":1:16", "ms, 0 or more", "");
    refuse("{\"timestamp\": null}", "timestamp is not a number", TRACE ":1:15", "ms, 0 or more", "");
    refuse("{\"timestamp\": 0, \"input_length\": NaN}", "unknown word 'NaN'", TRACE ":1:34", "a value: a number, a \"string\", true, false, null, [ or {", "");
    refuse("{\"timestamp\": 0, \"input_length\": 1e400}", "number 1e400 is out of range", TRACE ":1:34", "a number of at most 1.797e308 in size", "");
    refuse("{\"timestamp\": 0, \"input_length\": -5}", "input_length is negative: -5", TRACE ":1:34", TOKENS, "");
    refuse("{\"timestamp\": 0, \"input_length\": 1.5}", "input_length is not a whole number: 1.5", TRACE ":1:34", TOKENS, "");
    refuse("{\"timestamp\": 0, \"output_length\": 1000000001}", "output_length is too large: 1000000001", TRACE ":1:35", TOKENS, "");
    refuse("{\"timestamp\": 0, \"output_length\": true}", "output_length is not a number", TRACE ":1:35", "tokens, a whole number", "");
    refuse(ROW "{\"timestamp\": 5, \"input_length\": 1, \"output_length\": 1}\n{\"timestamp\": 4.5, \"input_length\": 1, \"output_length\": 1}\n",
           "arrival times decrease by 0.0005 s", TRACE ":3", "rows in order of arrival", "");
}

static void mooncake_id_errors(void **state)
{
    (void)state;
    const struct { const char *ids; int col; } rows[] = {{"7", 30}, {"[-1]", 31}, {"[1.5]", 31}, {"[1, 1e3]", 34}, {"[1 2]", 33}, {"[1,]", 33},
        {"[,1]", 31}, {"[18446744073709551616]", 31}, {"[1, \"a\"]", 35}, {"{}", 30}, {"[[1]]", 31}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[128], where[32];
        snprintf(text, sizeof text, "{\"timestamp\": 0, \"hash_ids\": %s}\n", rows[i].ids);
        snprintf(where, sizeof where, TRACE ":1:%d", rows[i].col);
        refuse(text, "hash_ids is not an array of whole numbers", where, "ids of the prompt's 512-token blocks, 0 to 2^64-1", "");
    }
    refuse("{\"timestamp\": 0, \"hash_ids\": [01]}\n", "bad number '01'", TRACE ":1:31", "a number like 12, -0.5 or 1e-3", "");
    refuse("{\"timestamp\": 0, \"hash_ids\": [3, 01, 2]}\n", "bad number '01'", TRACE ":1:34", "a number like 12, -0.5 or 1e-3", "");
}

/* ---- bad Azure rows ---- */

static void azure_errors(void **state)
{
    (void)state;
    const char *time = "a time like 2023-11-16 18:15:46.6805900, with or without Z or +00:00";
    const char *columns = "a header with TIMESTAMP, ContextTokens, GeneratedTokens, in any order";
    refuse("TIMESTAMP,ContextToken,GeneratedTokens\n", "missing column \"ContextTokens\"", TRACE ":1", columns, "ContextToken");
    refuse("Timestamp,ContextTokens,GeneratedTokens\n", "missing column \"TIMESTAMP\"", TRACE ":1", columns, "Timestamp");
    refuse("TIMESTAMP,ContextTokens,TIMESTAMP\n", "column \"TIMESTAMP\" twice", TRACE ":1:25", "", "");
    refuse(HEAD "XXX,42,285\n", "the trace has no arrival times: TIMESTAMP is XXX", TRACE ":2:1",
           "arrivals from a generator: \"generate\": {\"arrival\": {\"use\": \"poisson\", \"rate_s\": 1}, \"rows\": {\"file\": \"" TRACE
           "\", \"input\": \"ContextTokens\", \"output\": \"GeneratedTokens\"}}", "");
    const char *times[] = {"", "soon", "2023-11-16", "2023-11-16 18:15", "2023-13-16 18:15:46", "2023-02-29 18:15:46", "2023-11-16 24:15:46", "2023-11-16 18:60:46",
        "2023-11-16 18:15:61", "2023-11-16 18:15:46.", "2023-11-16 18:15:46x", "2023-11-16 18:15:46+1", "2023-11-16 18:15:46+24:00", "1969-12-31 23:59:59", "1970-01-01 00:00:00+01:00", "5"};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        char text[128], what[96];
        snprintf(text, sizeof text, HEAD "%s,1,1\n", times[i]);
        snprintf(what, sizeof what, "TIMESTAMP is not a time: %s", times[i]);
        refuse(text, what, TRACE ":2:1", time, "");
    }
    refuse(HEAD "2023-11-16 18:15:46,NaN,1\n", "ContextTokens is not a number: NaN", TRACE ":2:21", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,,1\n", "ContextTokens is not a number: ", TRACE ":2:21", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,-3,1\n", "ContextTokens is negative: -3", TRACE ":2:21", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,1,0.5\n", "GeneratedTokens is not a whole number: 0.5", TRACE ":2:23", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,1,1e400\n", "GeneratedTokens is too large: 1e400", TRACE ":2:23", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,1,-1e400\n", "GeneratedTokens is negative: -1e400", TRACE ":2:23", TOKENS, "");
    refuse(HEAD "2023-11-16 18:15:46,1\n", "row has 2 fields, the header 3", TRACE ":2", "", "");
    refuse(HEAD "2023-11-16 18:15:46,1,1,1\n", "row has 4 fields, the header 3", TRACE ":2", "", "");
    refuse(HEAD "2023-11-16 18:15:46,1,1\n2023-11-16 18:15:45.5,1,1\n", "arrival times decrease by 0.5 s", TRACE ":3", "rows in order of arrival", "");
}

/* ---- files that are no trace ---- */

static void no_trace(void **state)
{
    (void)state;
    gbl_err err;
    const char *one = "at least one row with an input and an output of one token or more";
    refuse("", "the trace is empty", TRACE, "at least one request", "");
    refuse("\n \n\r\n", "the trace is empty", TRACE, "at least one request", "");
    refuse(HEAD, "the trace has no request", TRACE, one, "");
    refuse("{\"timestamp\": 0, \"input_length\": 0, \"output_length\": 5}\n", "the trace has no request", TRACE, one, "");
    refuse("hello world\n", "not a trace in a known format", TRACE ":1", FORMATS, "");
    refuse("[{\"talks\": []}]\n", "not a trace in a known format", TRACE ":1", FORMATS, "");
    refuse("{\"a\": 1}\n", "not a trace in a known format", TRACE ":1", FORMATS, "");
    refuse("\x01\x02\xff\xfe\n", "not a text file", TRACE ":1", FORMATS, "");
    put_bytes("\x7f" "ELF\0\1", 6);
    read_to_error(NULL, &err);
    check_error(&err, "binary data: a NUL byte in the line", TRACE ":1", "a text file, plain or packed with gzip or zstd", "");
    put(HEAD "2023-11-16 18:15:46,1,1\n");
    read_to_error("mooncake", &err);
    check_error(&err, "unknown word 'TIMESTAMP'", TRACE ":1:1", "a value: a number, a \"string\", true, false, null, [ or {", "");
    put(ROW);
    read_to_error("azure", &err);
    assert_string_equal(err.what, "missing column \"TIMESTAMP\"");
}

/* Any cut of a good file is either a good file or a message. */
static void every_cut(void **state)
{
    (void)state;
    const char *texts[] = {"{\"timestamp\": 0, \"input_length\": 513, \"output_length\": 5, \"hash_ids\": [1, 22], \"x\": {\"y\": [\"\\u00e9\", true]}}\n" ROW,
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:15:46.6805900,374,44\r\n2024-05-12 00:00:00+00:00,1452,3\r\n"};
    for (int t = 0; t < 2; t++)
        for (size_t n = 0; n <= strlen(texts[t]); n++) {
            gbl_source *s = NULL;
            gbl_record r;
            gbl_err err;
            int got = 0;
            put_bytes(texts[t], n);
            if (gbl_source_open_file(&s, TRACE, NULL, &err)) {
                assert_int_equal(err.code, GBL_EINPUT);
                continue;
            }
            while ((got = gbl_source_next(s, &r, &err)) == 1) assert_true(r.input >= 1 && r.output >= 1);
            if (got < 0) assert_int_equal(err.code, GBL_EINPUT);
            gbl_source_close(s);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mooncake_rows), cmocka_unit_test(mooncake_epoch), cmocka_unit_test(mooncake_many_ids), cmocka_unit_test(azure_dialects),
        cmocka_unit_test(equal_times_keep_order), cmocka_unit_test(repairs), cmocka_unit_test(packed), cmocka_unit_test(scale_and_limit),
        cmocka_unit_test(default_trace), cmocka_unit_test(hash_of_file), cmocka_unit_test(bad_objects), cmocka_unit_test(raw_text),
        cmocka_unit_test(formats_are_listed), cmocka_unit_test(mooncake_structure), cmocka_unit_test(mooncake_values), cmocka_unit_test(mooncake_id_errors),
        cmocka_unit_test(azure_errors), cmocka_unit_test(no_trace), cmocka_unit_test(every_cut)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
