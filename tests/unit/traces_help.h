/* traces_help.h - small trace files and what opening and reading them says. */
#ifndef GBL_TRACES_HELP_H
#define GBL_TRACES_HELP_H
#include "tests/unit/check.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "traces/trace.h"

/* Every file of a test is this one, so messages can be compared whole; each program works in a folder of its own. */
#define TRACE "t.trace"

static inline void work_in_tmp(void)
{
    static char folder[] = "/tmp/gable-traces-XXXXXX";
    if (!getenv("GABLE_DATA")) { /* tests are started in the repository's root */
        char here[4096];
        assert_non_null(getcwd(here, sizeof here));
        setenv("GABLE_DATA", here, 1);
    }
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
}

static inline void leave_tmp(void)
{
    char here[4096];
    assert_non_null(getcwd(here, sizeof here));
    unlink(TRACE);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(here), 0);
}

static inline void put_bytes(const char *bytes, size_t n)
{
    FILE *f = fopen(TRACE, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}
static inline void put(const char *text) { put_bytes(text, strlen(text)); }

static inline void must(int rc, const gbl_err *err)
{
    char text[2600];
    if (!rc) return;
    gbl_err_text(err, text, sizeof text);
    print_error("%s", text);
    assert_int_equal(rc, 0);
}

static inline void check_error(const gbl_err *err, const char *what, const char *where, const char *expected, const char *nearest)
{
    assert_int_equal(err->code, GBL_EINPUT);
    assert_string_equal(err->what, what);
    assert_string_equal(err->where, where);
    assert_string_equal(err->expected, expected);
    assert_string_equal(err->nearest, nearest);
}

/* Opens and reads TRACE to its first error, which must be there. Returns rows read before it. */
static inline int64_t read_to_error(const char *format, gbl_err *err)
{
    gbl_source *s = NULL;
    gbl_record r;
    int64_t rows = 0;
    int got;
    memset(err, 0x5a, sizeof *err); /* a message must not lean on what was in it */
    if (gbl_source_open_file(&s, TRACE, format, err)) return 0;
    while ((got = gbl_source_next(s, &r, err)) == 1) rows++;
    gbl_source_close(s);
    assert_int_equal(got, -1);
    return rows;
}

static inline void refuse(const char *text, const char *what, const char *where, const char *expected, const char *nearest)
{
    gbl_err err;
    put(text);
    read_to_error(NULL, &err);
    check_error(&err, what, where, expected, nearest);
}

/* A source from the JSON text of a trace object. */
static inline int open_json(gbl_source **s, const char *json, uint64_t seed, gbl_err *err)
{
    gbl_doc *d = NULL;
    memset(err, 0x5a, sizeof *err);
    must(gbl_doc_parse(&d, "trace", json, strlen(json), err), err);
    int rc = gbl_trace_check(gbl_doc_root(d), err);
    gbl_err after = *err;
    int again = gbl_source_open(s, gbl_doc_root(d), seed, err);
    if (rc) { /* what the check refuses, opening refuses with the same words */
        assert_int_equal(again, rc);
        assert_string_equal(after.what, err->what);
    }
    gbl_doc_free(d);
    return again;
}

static inline gbl_source *from_json(const char *json, uint64_t seed)
{
    gbl_source *s = NULL;
    gbl_err err;
    must(open_json(&s, json, seed, &err), &err);
    return s;
}

static inline gbl_source *from_file(const char *path)
{
    gbl_source *s = NULL;
    gbl_err err;
    must(gbl_source_open_file(&s, path, NULL, &err), &err);
    return s;
}

static inline gbl_record next_of(gbl_source *s)
{
    gbl_record r = {0};
    gbl_err err;
    int got = gbl_source_next(s, &r, &err);
    if (got < 0) must(-1, &err);
    assert_int_equal(got, 1);
    return r;
}

static inline void ends(gbl_source *s)
{
    gbl_record r;
    gbl_err err;
    assert_int_equal(gbl_source_next(s, &r, &err), 0);
    assert_int_equal(gbl_source_next(s, &r, &err), 0);
    gbl_source_close(s);
}

static inline void check_row(gbl_source *s, int64_t serial, int64_t arrival_ns, int64_t input, int64_t output)
{
    gbl_record r = next_of(s);
    assert_int_equal(r.serial, serial);
    assert_int_equal(r.arrival_ns, arrival_ns);
    assert_int_equal(r.input, input);
    assert_int_equal(r.output, output);
    assert_int_equal(r.session, -1);
}

/* What `gable trace info` says of a source, which is closed; the caller frees the document. */
static inline gbl_doc *info_of(gbl_source *s)
{
    gbl_err err;
    gbl_trace_info *i = NULL;
    gbl_doc *d = NULL;
    must(gbl_trace_info_new(&i, s, &err), &err);
    gbl_json *j = gbl_json_new(0);
    gbl_json_obj(j, NULL);
    gbl_trace_info_json(i, j);
    gbl_json_end(j);
    const char *text = gbl_json_text(j);
    must(gbl_doc_parse(&d, "info", text, strlen(text), &err), &err);
    gbl_json_free(j);
    gbl_trace_info_free(i);
    gbl_source_close(s);
    return d;
}

static inline double num(const gbl_doc *d, const char *path)
{
    const gbl_node *n = gbl_node_at(gbl_doc_root(d), path);
    assert_non_null(n);
    assert_int_equal(gbl_node_kind(n), GBL_NUMBER);
    return gbl_node_num(n);
}

#endif
