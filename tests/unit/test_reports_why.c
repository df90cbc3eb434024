/* Where time went: groups by latency, sums to the nanosecond, the same from a store as from the engine. */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reports/store.h"
#include "reports/why.h"

static char folder[] = "/tmp/gable-why-XXXXXX";

/* Request i takes (i + 1) ms, all but a tenth of it in the queue. */
static gbl_life life(int64_t i, int64_t *parts)
{
    gbl_life l = {.serial = i, .session = -1, .input = 10, .output = 2, .arrival_ns = i * 100, .scheduled_ns = i * 100 + 5, .first_ns = i * 100 + 7};
    l.finish_ns = l.arrival_ns + (i + 1) * 1000000;
    l.part_ns[GBL_PART_DECODE_HBM] = (i + 1) * 100000;
    l.part_ns[GBL_PART_QUEUE] = (i + 1) * 900000;
    if (parts) memcpy(parts, l.part_ns, sizeof l.part_ns);
    return l;
}

static void test_groups(void **state)
{
    (void)state;
    gbl_why *w = NULL;
    gbl_err err = {0};
    assert_int_equal(gbl_why_new(&w, "t", &err), 0);
    for (int64_t i = 199; i >= 0; i--) {
        gbl_life l = life(i, NULL);
        assert_int_equal(gbl_why_add(w, &l, &err), 0);
    }
    gbl_life rejected = {.serial = 500, .status = 1};
    assert_int_equal(gbl_why_add(w, &rejected, &err), 0);
    assert_int_equal(gbl_why_sort(w, &err), 0);
    const gbl_why_group *all = gbl_why_of(w, GBL_WHY_ALL), *mid = gbl_why_of(w, GBL_WHY_TYPICAL), *tail = gbl_why_of(w, GBL_WHY_TAIL);
    assert_int_equal(all->requests, 200);
    assert_int_equal(all->e2el_ns, 200LL * 201 / 2 * 1000000);
    assert_int_equal(mid->requests, 20); /* ranks 90..109, so 91..110 ms */
    assert_int_equal(mid->e2el_ns, (91LL + 110) * 20 / 2 * 1000000);
    assert_int_equal(tail->requests, 2);
    assert_int_equal(tail->e2el_ns, 399 * 1000000LL);
    assert_int_equal(tail->part_ns[GBL_PART_QUEUE], 399 * 900000LL);
    assert_int_equal(tail->part_ns[GBL_PART_QUEUE] + tail->part_ns[GBL_PART_DECODE_HBM], tail->e2el_ns);
    assert_null(gbl_why_request(w, 500, &err));
    assert_int_equal(gbl_why_request(w, 7, &err)->finish_ns, 700 + 8000000);
    gbl_why_free(w);
}

static void test_nothing(void **state)
{
    (void)state;
    gbl_why *w = NULL;
    gbl_err err = {0};
    assert_int_equal(gbl_why_new(&w, "t", &err), 0);
    assert_int_equal(gbl_why_sort(w, &err), GBL_EINPUT);
    gbl_why_free(w);
}

/* A store whose second request was changed by hand, if `spoil`. */
static const char *store(const char *name, int spoil)
{
    static char path[128];
    gbl_store *s = NULL;
    gbl_err err = {0};
    snprintf(path, sizeof path, "%s/%s", folder, name);
    gbl_run_row run = {.name = "t", .scenario_json = "{}", .version = "0", .calibration = "fitted", .runtime = "ideal", .started_utc = "", .host = "",
                       .cards_json = "{}", .result_json = "{\"requests\":{\"completed\":3}}"};
    assert_int_equal(gbl_store_open(&s, path, GBL_STORE_WRITE, &err), 0);
    assert_int_equal(gbl_store_begin(s, &run, NULL, &err), 0);
    for (int64_t i = 0; i < 3; i++) {
        int64_t parts[GBL_PARTS];
        gbl_life l = life(i, parts);
        parts[GBL_PART_QUEUE] += spoil && i == 1;
        gbl_request_row r = {.serial = i, .session = -1, .input = l.input, .output = l.output, .arrival_ns = l.arrival_ns, .scheduled_ns = l.scheduled_ns,
                             .first_token_ns = l.first_ns, .finish_ns = l.finish_ns, .status = "completed", .part_ns = parts};
        assert_int_equal(gbl_store_request(s, &r, &err), 0);
    }
    gbl_request_row never = {.serial = 9, .session = -1, .input = 9, .output = 2, .arrival_ns = 5, .scheduled_ns = -1, .first_token_ns = -1, .finish_ns = -1, .status = "rejected"};
    assert_int_equal(gbl_store_request(s, &never, &err), 0);
    assert_int_equal(gbl_store_commit(s, &err), 0);
    gbl_store_close(s);
    return path;
}

static void test_store(void **state)
{
    (void)state;
    gbl_why *w = NULL;
    gbl_err err = {0};
    const char *path = store("good.db", 0);
    assert_int_equal(gbl_why_read(&w, path, 0, &err), 0);
    assert_int_equal(gbl_why_sort(w, &err), 0);
    assert_int_equal(gbl_why_of(w, GBL_WHY_ALL)->requests, 3);
    assert_int_equal(gbl_why_of(w, GBL_WHY_ALL)->part_ns[GBL_PART_QUEUE], 6 * 900000);
    gbl_why_free(w);
    /* The view's words are those of the engine. */
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    assert_int_equal(gbl_store_sql(path, "SELECT part FROM request_part WHERE serial = 1", GBL_SQL_CSV, to, &err), 0);
    fclose(to);
    char *at = text;
    for (int p = 0; p < GBL_PARTS; p++) {
        char *found = strstr(at, gbl_part_name((enum gbl_part)p));
        assert_non_null(found);
        at = found;
    }
    free(text);
    unlink(path);
    path = store("bad.db", 1);
    assert_int_equal(gbl_why_read(&w, path, 1, &err), GBL_EINPUT);
    assert_non_null(strstr(err.what, "do not add up"));
    unlink(path);
}

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_groups), cmocka_unit_test(test_nothing), cmocka_unit_test(test_store)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
