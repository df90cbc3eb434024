/* The event heap and the map, each against a naive one. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/heap.h"
#include "base/map.h"
#include "tests/unit/base_help.h"

/* ---------------------------------------------------------------- heap ---- */

/* The naive queue: an array, its least element searched for. */
typedef struct plain { gbl_event e; uint64_t sequence; int32_t handle; } plain;
enum { MOST = 400 };

static int before(const plain *a, const plain *b)
{
    if (a->e.time_ns != b->e.time_ns) return a->e.time_ns < b->e.time_ns;
    if (a->e.cls != b->e.cls) return a->e.cls < b->e.cls;
    return a->sequence < b->sequence;
}

static void heap_equals_searching(void **state)
{
    static plain list[MOST];
    int n = 0;
    uint64_t luck = 3, sequence = 0, popped = 0;
    gbl_heap *h = gbl_heap_new();
    (void)state;
    assert_null(gbl_heap_peek(h));
    for (int step = 0; step < 100000; step++) {
        int what = (int)luck_below(&luck, 10), i = n ? (int)luck_below(&luck, (uint64_t)n) : 0;
        int64_t time = (int64_t)luck_below(&luck, 50) - 25; /* many ties, also before 0 */
        if (n < MOST && (what < 4 || n == 0)) {
            gbl_event e = {.time_ns = time, .cls = (uint32_t)luck_below(&luck, 3), .what = (uint32_t)step, .arg = -step};
            list[n] = (plain){e, sequence++, gbl_heap_push(h, e)};
            assert_true(list[n++].handle >= 0);
        } else if (what < 6) {
            gbl_heap_cancel(h, list[i].handle);
            list[i] = list[--n];
        } else if (what < 8) {
            gbl_heap_move(h, list[i].handle, time);
            list[i].e.time_ns = time;
            list[i].sequence = sequence++;
        } else {
            gbl_event e;
            for (int k = i = 0; k < n; k++)
                if (before(&list[k], &list[i])) i = k;
            assert_memory_equal(gbl_heap_peek(h), &list[i].e, sizeof e);
            assert_int_equal(gbl_heap_pop(h, &e), 1);
            assert_memory_equal(&e, &list[i].e, sizeof e);
            list[i] = list[--n];
            popped++;
        }
        assert_int_equal(gbl_heap_size(h), n);
    }
    assert_true(gbl_heap_count(h) == popped && popped > 10000);
    gbl_heap_free(h);
}

static void heap_sorts(void **state)
{
    enum { N = 100000 };
    gbl_heap *h = gbl_heap_new();
    gbl_event e = {0};
    uint64_t luck = 8;
    int64_t last = INT64_MIN, arg = -1;
    (void)state;
    for (int i = 0; i < N; i++) {
        e.time_ns = i == 5 ? INT64_MIN : i == 6 ? INT64_MAX : (int64_t)luck_next(&luck) >> (i % 60);
        e.arg = i;
        assert_true(gbl_heap_push(h, e) >= 0);
    }
    for (int i = 0; i < N; i++) {
        assert_int_equal(gbl_heap_pop(h, &e), 1);
        assert_true(e.time_ns > last || (e.time_ns == last && e.arg > arg) || i == 0);
        last = e.time_ns;
        arg = e.arg;
    }
    assert_int_equal(gbl_heap_pop(h, &e), 0);
    gbl_heap_free(h);
    gbl_heap_free(NULL);
}

/* Runs use(heap, handle) in a child that must die of its assert. */
static void assert_stale(void (*use)(gbl_heap *h, int32_t handle), gbl_heap *h, int32_t handle)
{
    int status;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL) _exit(9);
        use(h, handle);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void move_it(gbl_heap *h, int32_t handle)
{
    gbl_heap_move(h, handle, 1);
}

static void stale_handles_are_caught(void **state)
{
    gbl_heap *h = gbl_heap_new();
    gbl_event e = {.time_ns = 5};
    (void)state;
    int32_t first = gbl_heap_push(h, e);
    gbl_heap_pop(h, &e);
    assert_stale(gbl_heap_cancel, h, first);
    int32_t second = gbl_heap_push(h, e); /* the same slot again */
    assert_true(first != second);
    assert_stale(move_it, h, first);
    assert_stale(gbl_heap_cancel, h, -1);
    assert_stale(gbl_heap_cancel, h, second + 1);
    gbl_heap_cancel(h, second);
    assert_stale(gbl_heap_cancel, h, second);
    gbl_heap_free(h);
}

static void heap_without_memory(void **state)
{
    gbl_heap *h = gbl_heap_new();
    gbl_event e = {0};
    int64_t held = 0;
    (void)state;
    for (int i = 0; i < 300; i++) {
        e.time_ns = 300 - i;
        if (i % 3 == 0) gbl_alloc_fail_at(1 + i % 2);
        held += gbl_heap_push(h, e) >= 0;
        gbl_alloc_fail_at(0);
        assert_int_equal(gbl_heap_size(h), held);
    }
    int64_t last = 0;
    while (gbl_heap_pop(h, &e)) {
        assert_true(e.time_ns > last);
        last = e.time_ns;
        held--;
    }
    assert_int_equal(held, 0);
    gbl_heap_free(h);
}

/* ---------------------------------------------------------------- map ---- */

static void map_equals_an_array(void **state)
{
    enum { KEYS = 700 };
    int32_t value[KEYS];
    uint64_t luck = 6, key[KEYS];
    int64_t size = 0;
    gbl_map *m = gbl_map_new(0);
    (void)state;
    for (int i = 0; i < KEYS; i++) {
        value[i] = -1;
        key[i] = i < 3 ? (uint64_t)i - 1 : i < 200 ? (uint64_t)i << 32 : i < 400 ? (uint64_t)i * 4096 : luck_next(&luck); /* 0, ~0, multiples, any */
    }
    for (int step = 0; step < 300000; step++) {
        int i = (int)luck_below(&luck, step < 150000 ? KEYS : 40);
        if (luck_below(&luck, 5) < 2) {
            gbl_map_remove(m, key[i]);
            size -= value[i] >= 0;
            value[i] = -1;
        } else {
            size += value[i] < 0;
            value[i] = step;
            assert_int_equal(gbl_map_put(m, key[i], step), 0);
        }
        int k = (int)luck_below(&luck, KEYS);
        assert_int_equal(gbl_map_get(m, key[k]), value[k]);
        assert_int_equal(gbl_map_get(m, key[i]), value[i]);
        assert_int_equal(gbl_map_size(m), size);
    }
    for (int i = 0; i < KEYS; i++) assert_int_equal(gbl_map_get(m, key[i]), value[i]);
    gbl_map_free(m);
    gbl_map_free(NULL);
}

static void map_grows(void **state)
{
    enum { N = 300000 };
    gbl_map *m = gbl_map_new(N);
    (void)state;
    for (int32_t i = 0; i < 2 * N; i++) assert_int_equal(gbl_map_put(m, (uint64_t)i * 64, i), 0);
    for (int32_t i = 0; i < 2 * N; i++) assert_int_equal(gbl_map_get(m, (uint64_t)i * 64), i);
    assert_int_equal(gbl_map_get(m, 1), -1);
    assert_int_equal(gbl_map_size(m), 2 * N);
    gbl_map_free(m);
    m = gbl_map_new(0);
    for (int32_t i = 0; i < 8; i++) gbl_map_put(m, (uint64_t)i, i);
    gbl_alloc_fail_at(1);
    assert_int_equal(gbl_map_put(m, 99, 1), -1);
    assert_int_equal(gbl_map_put(m, 3, 33), 0); /* a key that is there needs no room */
    gbl_alloc_fail_at(0);
    assert_int_equal(gbl_map_get(m, 99), -1);
    assert_int_equal(gbl_map_get(m, 3), 33);
    assert_int_equal(gbl_map_size(m), 8);
    gbl_map_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(heap_equals_searching), cmocka_unit_test(heap_sorts), cmocka_unit_test(stale_handles_are_caught),
        cmocka_unit_test(heap_without_memory), cmocka_unit_test(map_equals_an_array), cmocka_unit_test(map_grows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
