/* tape.c - a tape is a sequence of calls: one byte that names the call, then its arguments. Text is its length and its
 * bytes; NULL is the length -1. */
#include "reports/tape.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "sim/run.h"

enum call { CALL_END, CALL_RUN, CALL_RESULT, CALL_PARAM, CALL_METRIC, CALL_REQUEST, CALL_TIMELINE, CALL_STEP, CALL_NOTE };

/* The text fields of a run row, in the order of the tape. */
static const size_t run_text[] = {
    offsetof(gbl_run_row, name),       offsetof(gbl_run_row, scenario_json), offsetof(gbl_run_row, version),
    offsetof(gbl_run_row, calibration), offsetof(gbl_run_row, runtime),      offsetof(gbl_run_row, started_utc),
    offsetof(gbl_run_row, host),       offsetof(gbl_run_row, cards_json),    offsetof(gbl_run_row, result_json),
    offsetof(gbl_run_row, plugins_json)};
enum { RUN_TEXTS = sizeof run_text / sizeof *run_text, TEXTS = RUN_TEXTS };

/* ---------------------------------------------------------------- writing ---- */

static void put(FILE *f, const void *data, size_t n)
{
    fwrite(data, 1, n, f);
}

static void put_call(FILE *f, enum call c)
{
    fputc((int)c, f);
}

static void put_text(FILE *f, const char *text)
{
    int64_t n = text ? (int64_t)strlen(text) : -1;
    put(f, &n, sizeof n);
    if (n > 0) {
        put(f, text, (size_t)n);
    }
}

/* A stream remembers its first error, so one look a call is enough. */
static int written(FILE *f, gbl_err *err)
{
    if (!ferror(f)) {
        return GBL_OK;
    }
    gbl_fail(err, GBL_EINPUT, "cannot write to a temporary file: %s", errno ? strerror(errno) : "an earlier write failed");
    return gbl_expected(err, "room in $TMPDIR or /tmp for the rows of the run");
}

int gbl_tape_run(FILE *f, const gbl_run_row *run, gbl_err *err)
{
    put_call(f, CALL_RUN);
    put(f, &run->scenario_hash, sizeof run->scenario_hash);
    put(f, &run->seed, sizeof run->seed);
    for (int i = 0; i < RUN_TEXTS; i++) {
        put_text(f, *(const char *const *)((const char *)run + run_text[i]));
    }
    return written(f, err);
}

int gbl_tape_result(FILE *f, const char *result_json, gbl_err *err)
{
    put_call(f, CALL_RESULT);
    put_text(f, result_json);
    return written(f, err);
}

int gbl_tape_param(FILE *f, const char *key, const char *json_value, gbl_err *err)
{
    put_call(f, CALL_PARAM);
    put_text(f, key);
    put_text(f, json_value);
    return written(f, err);
}

int gbl_tape_metric(FILE *f, const char *name, const char *stat, double value, gbl_err *err)
{
    put_call(f, CALL_METRIC);
    put_text(f, name);
    put_text(f, stat);
    put(f, &value, sizeof value);
    return written(f, err);
}

int gbl_tape_request(FILE *f, const gbl_request_row *r, gbl_err *err)
{
    put_call(f, CALL_REQUEST);
    put(f, r, sizeof *r); /* its pointers say only whether there is something; what they point to follows */
    if (r->part_ns) {
        put(f, r->part_ns, GBL_PARTS * sizeof *r->part_ns);
    }
    put_text(f, r->status);
    return written(f, err);
}

int gbl_tape_timeline(FILE *f, const gbl_sample *sample, gbl_err *err)
{
    put_call(f, CALL_TIMELINE);
    put(f, sample, sizeof *sample);
    return written(f, err);
}

int gbl_tape_step(FILE *f, const gbl_step_row *step, gbl_err *err)
{
    put_call(f, CALL_STEP);
    put(f, step, sizeof *step); /* its two texts follow */
    put_text(f, step->phase);
    put_text(f, step->operators_json);
    return written(f, err);
}

int gbl_tape_note(FILE *f, const char *text, gbl_err *err)
{
    put_call(f, CALL_NOTE);
    put_text(f, text);
    return written(f, err);
}

int gbl_tape_end(FILE *f, gbl_err *err)
{
    put_call(f, CALL_END);
    return written(f, err);
}

/* ---------------------------------------------------------------- playing ---- */

typedef struct player {
    FILE *f;
    char *text[TEXTS]; /* buffers that grow to the longest of their place */
    size_t room[TEXTS];
    int bad;
    gbl_err *err;
} player;

static void get(player *p, void *data, size_t n)
{
    if (fread(data, 1, n, p->f) != n) {
        p->bad = 1;
        memset(data, 0, n);
    }
}

/* The text at the tape's head, in buffer i. */
static const char *get_text(player *p, int i)
{
    int64_t n = 0;
    get(p, &n, sizeof n);
    if (p->bad || n < 0) {
        return NULL;
    }
    if (gbl_grow(&p->text[i], &p->room[i], (size_t)n + 1, 1) != 0) {
        p->bad = 1;
        return NULL;
    }
    get(p, p->text[i], (size_t)n);
    p->text[i][n] = '\0';
    return p->text[i];
}

static int fail_tape(player *p)
{
    return gbl_fail(p->err, GBL_EFAULT, "cannot read back a temporary file: %s", ferror(p->f) ? strerror(errno) : "it ends too early");
}

static int play_run(player *p, gbl_store *s, int64_t id)
{
    gbl_run_row row = {.id = id};
    int call = fgetc(p->f);
    get(p, &row.scenario_hash, sizeof row.scenario_hash);
    get(p, &row.seed, sizeof row.seed);
    for (int i = 0; i < RUN_TEXTS; i++) {
        *(const char **)((char *)&row + run_text[i]) = get_text(p, i);
    }
    if (p->bad || call != CALL_RUN) {
        return fail_tape(p);
    }
    return gbl_store_begin(s, &row, NULL, p->err);
}

static int play_metric(player *p, gbl_store *s)
{
    const char *name = get_text(p, 0), *stat = get_text(p, 1);
    double value;
    get(p, &value, sizeof value);
    return p->bad ? fail_tape(p) : gbl_store_metric(s, name, stat, value, p->err);
}

static int play_request(player *p, gbl_store *s)
{
    gbl_request_row r;
    int64_t part_ns[GBL_PARTS];
    get(p, &r, sizeof r);
    if (r.part_ns) {
        get(p, part_ns, sizeof part_ns);
        r.part_ns = part_ns;
    }
    r.status = get_text(p, 0);
    return p->bad ? fail_tape(p) : gbl_store_request(s, &r, p->err);
}

static int play_timeline(player *p, gbl_store *s)
{
    gbl_sample v;
    get(p, &v, sizeof v);
    return p->bad ? fail_tape(p) : gbl_store_timeline(s, &v, p->err);
}

static int play_step(player *p, gbl_store *s)
{
    gbl_step_row row;
    get(p, &row, sizeof row);
    row.phase = get_text(p, 0);
    row.operators_json = get_text(p, 1);
    return p->bad ? fail_tape(p) : gbl_store_step(s, &row, p->err);
}

static int play_call(player *p, gbl_store *s, int call)
{
    const char *a, *b;
    switch (call) {
    case CALL_RESULT:
        a = get_text(p, 0);
        return p->bad ? fail_tape(p) : gbl_store_result(s, a, p->err);
    case CALL_PARAM:
        a = get_text(p, 0);
        b = get_text(p, 1);
        return p->bad ? fail_tape(p) : gbl_store_param(s, a, b, p->err);
    case CALL_METRIC:
        return play_metric(p, s);
    case CALL_REQUEST:
        return play_request(p, s);
    case CALL_TIMELINE:
        return play_timeline(p, s);
    case CALL_STEP:
        return play_step(p, s);
    case CALL_NOTE:
        a = get_text(p, 0);
        return p->bad ? fail_tape(p) : gbl_store_note(s, a, p->err);
    default:
        return fail_tape(p);
    }
}

int gbl_store_play(gbl_store *s, FILE *from, int64_t run_id, gbl_err *err)
{
    player p = {.f = from, .err = err};
    int code = play_run(&p, s, run_id), call;
    while (code == GBL_OK && (call = fgetc(from)) != CALL_END) {
        code = play_call(&p, s, call);
    }
    if (code != GBL_OK) {
        gbl_store_rollback(s);
    }
    for (int i = 0; i < TEXTS; i++) {
        gbl_free(p.text[i]);
    }
    return code;
}
