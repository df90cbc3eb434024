/* Event queue at a steady number of pending events: pop the first, push one later (the classic hold model). */
#include "base/heap.h"
#include "bench.h"

static int hold(int64_t pending, int64_t events)
{
    gbl_heap *h = gbl_heap_new();
    uint64_t luck = 1, sum = 0;
    gbl_event e = {0};
    char name[40];

    if (!h) return 1;
    for (int64_t i = 0; i < pending; i++) {
        e.time_ns = (int64_t)(bench_mix(&luck) % 1000000);
        if (gbl_heap_push(h, e) < 0) return 1;
    }
    double start = bench_now();
    for (int64_t i = 0; i < events; i++) {
        gbl_heap_pop(h, &e);
        sum += (uint64_t)e.time_ns;
        e.time_ns += (int64_t)(bench_mix(&luck) % 1000000);
        if (gbl_heap_push(h, e) < 0) return 1;
    }
    snprintf(name, sizeof name, "heap, %lld pending", (long long)pending);
    bench_line(name, events, "events", bench_now() - start, sum);
    gbl_heap_free(h);
    return 0;
}

int main(void)
{
    int64_t n = bench_n(10000000);
    return hold(10, n) || hold(1000, n) || hold(100000, n);
}
