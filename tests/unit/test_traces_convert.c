/* Traces written and read again: what two formats both hold is the same after any chain of conversions, plain or packed. */
#include "tests/unit/traces_help.h"

#include "base/lines.h"
#include "base/map.h"
#include "base/text.h"
#include "base/pack.h"

enum { ROWS = 400 };
static const char *const formats[] = {"mooncake", "azure", "vidur", "burstgpt", "llmservingsim"};
enum { MOONCAKE, FORMATS = 5 };

typedef struct row {
    int64_t arrival_ns, input, output;
    int32_t shared; /* leading 512-token blocks that some request before had */
} row;

/* Reads all; shared is -1 where there are no ids. */
static void read_rows(gbl_source *s, row *rows)
{
    gbl_map *seen = gbl_map_new(64);
    for (int i = 0; i < ROWS; i++) {
        gbl_record r = next_of(s);
        int32_t per = r.n_ids ? 512 / r.id_tokens : 1, run = 0, n = r.n_ids / per; /* whole ones: how a part is told apart is the format's */
        rows[i] = (row){r.arrival_ns, r.input, r.output, r.n_ids ? 0 : -1};
        while (run < n && gbl_map_get(seen, r.ids[(run + 1) * per - 1]) >= 0) run++;
        for (int32_t k = 0; k < n; k++) assert_int_equal(gbl_map_put(seen, r.ids[(k + 1) * per - 1], 1), 0);
        if (r.n_ids) rows[i].shared = run;
    }
    ends(s);
    gbl_map_free(seen);
}

static void same(const row *a, const row *b, int ids)
{
    for (int i = 0; i < ROWS; i++) {
        assert_int_equal(a[i].arrival_ns, b[i].arrival_ns);
        assert_int_equal(a[i].input, b[i].input);
        assert_int_equal(a[i].output, b[i].output);
        if (ids) assert_int_equal(a[i].shared, b[i].shared);
    }
}

/* Writes the source as `format` to TRACE, packed as asked for. */
static void write_as(gbl_source *s, const char *format, enum gbl_packing how)
{
    gbl_err err;
    FILE *plain = tmpfile();
    assert_non_null(plain);
    if (gbl_trace_write(s, format, plain, NULL, &err) != ROWS) must(-1, &err);
    gbl_source_close(s); /* which may read the file that is now written over */
    rewind(plain);
    FILE *f = fopen(TRACE, "wb");
    assert_non_null(f);
    for (int c; how == GBL_PLAIN && (c = getc(plain)) != EOF;) putc(c, f);
    if (how != GBL_PLAIN) must(gbl_pack(plain, f, how, &err), &err);
    fclose(plain);
    assert_int_equal(fclose(f), 0);
}

/* Arrivals at whole and broken ns, lengths of 1 and more, chains of 16 and 512 tokens or none. */
static const char *const sources[] = {
    "{\"generate\": {\"requests\": 400, \"arrival\": {\"use\": \"poisson\", \"rate_s\": 3}, \"input\": {\"use\": \"uniform\", \"low\": 1, \"high\": 3000}}}",
    "{\"generate\": {\"requests\": 400, \"arrival\": {\"use\": \"deterministic\", \"rate_s\": 1000000000}, \"output\": {\"use\": \"fixed\", \"tokens\": 1}}}",
    "{\"generate\": {\"requests\": 400, \"arrival\": {\"use\": \"gamma\", \"rate_s\": 0.0001, \"cv\": 5}, \"shared_prefix\": {\"groups\": 5, \"tokens\": 2048, \"zipf\": 1}}}",
    "{\"replay\": \"open\", \"generate\": {\"requests\": 400, \"sessions\": {}, \"input\": {\"use\": \"fixed\", \"tokens\": 700}}}",
    "{\"generate\": {\"requests\": 400, \"tenants\": 3, \"priorities\": 2, \"documents\": {\"pool\": 10, \"each\": 3}}}"};

static void round_trips(void **state)
{
    (void)state;
    static row want[ROWS], got[ROWS], again[ROWS];
    for (size_t k = 0; k < sizeof sources / sizeof *sources; k++) {
        read_rows(from_json(sources[k], 3), want);
        for (int a = 0; a < FORMATS; a++) {
            enum gbl_packing how = (enum gbl_packing)((k + (size_t)a) % 3);
            write_as(from_json(sources[k], 3), formats[a], how);
            gbl_source *s = from_file(TRACE);
            assert_string_equal(gbl_source_format(s), formats[a]);
            read_rows(s, got);
            /* The writer's times count from the first request, as all readers' do. */
            for (int i = ROWS; i-- > 0;) got[i].arrival_ns += want[0].arrival_ns;
            same(want, got, a == MOONCAKE && k != 4); /* a document is the same wherever it stands, which a chain cannot say */
            for (int b = 0; b < FORMATS; b++) {
                if (b == a) continue;
                read_rows(from_file(TRACE), got);
                write_as(from_file(TRACE), formats[b], how);
                read_rows(from_file(TRACE), again);
                same(got, again, a == MOONCAKE && b == MOONCAKE);
                write_as(from_file(TRACE), formats[a], how);
                read_rows(from_file(TRACE), again);
                same(got, again, 0);
            }
        }
    }
}

/* Written a second time, a trace is the same to the byte. */
static void settles(void **state)
{
    (void)state;
    for (int a = 0; a < FORMATS; a++) {
        char *text[2];
        size_t n[2];
        gbl_err err;
        write_as(from_json(sources[2], 3), formats[a], GBL_PLAIN);
        must(gbl_slurp(TRACE, &text[0], &n[0], 1 << 24, &err), &err);
        write_as(from_file(TRACE), formats[a], a % 2 ? GBL_GZIP : GBL_ZSTD);
        must(gbl_slurp(TRACE, &text[1], &n[1], 1 << 24, &err), &err);
        assert_int_equal(n[0], n[1]);
        assert_memory_equal(text[0], text[1], n[0]);
        gbl_free(text[0]);
        gbl_free(text[1]);
    }
}

/* Any length packs: none, a byte, whole chunks. */
static void packs(void **state)
{
    (void)state;
    const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072, 1000000};
    static char text[1000000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + gbl_mix64(1, i) % 26);
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (int how = GBL_GZIP; how <= GBL_ZSTD; how++) {
            gbl_err err;
            char *back;
            size_t n;
            FILE *from = tmpfile(), *to = fopen(TRACE, "wb");
            fwrite(text, 1, sizes[k], from);
            rewind(from);
            must(gbl_pack(from, to, (enum gbl_packing)how, &err), &err);
            fclose(from);
            fclose(to);
            must(gbl_slurp(TRACE, &back, &n, 1 << 24, &err), &err);
            assert_int_equal(n, sizes[k]);
            assert_memory_equal(back, text, n);
            gbl_free(back);
        }
    assert_int_equal(gbl_packing_of("x.gz"), GBL_GZIP);
    assert_int_equal(gbl_packing_of("x.jsonl.zst"), GBL_ZSTD);
    assert_int_equal(gbl_packing_of(".gz"), GBL_PLAIN);
    assert_int_equal(gbl_packing_of("gz"), GBL_PLAIN);
}

/* Whatever fails, it ends with a message. */
static void packing_may_fail(void **state)
{
    (void)state;
    for (int how = GBL_GZIP; how <= GBL_ZSTD; how++) {
        gbl_err err;
        FILE *from = tmpfile(), *full = fopen("/dev/full", "wb");
        for (int i = 0; i < 100000; i++) fprintf(from, "%d %llx\n", i, (unsigned long long)gbl_mix64(2, (uint64_t)i));
        rewind(from);
        assert_int_equal(gbl_pack(from, full, (enum gbl_packing)how, &err), GBL_EINPUT);
        assert_string_equal(err.what, "cannot pack through temporary files");
        rewind(from);
        gbl_alloc_fail_at(1);
        assert_int_equal(gbl_pack(from, full, (enum gbl_packing)how, &err), GBL_EFAULT);
        gbl_alloc_fail_at(0);
        fclose(from);
        fclose(full);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(round_trips), cmocka_unit_test(settles), cmocka_unit_test(packs), cmocka_unit_test(packing_may_fail)};
    work_in_tmp();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    leave_tmp();
    return failed;
}
