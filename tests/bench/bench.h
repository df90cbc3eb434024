/* bench.h - what the bench programs share: a clock and one line a measurement. Nothing here asserts a time.
 * GABLE_BENCH_SHARE (0..1, default 1) makes a run smaller: counting instructions is 50 times slower than running. */
#ifndef GBL_BENCH_H
#define GBL_BENCH_H
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static inline double bench_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int64_t bench_n(int64_t n)
{
    const char *share = getenv("GABLE_BENCH_SHARE");
    return share ? (int64_t)((double)n * strtod(share, NULL)) + 1 : n;
}

/* `n` things took `s` seconds. `sum` is printed so that no compiler drops the work. */
static inline void bench_line(const char *name, int64_t n, const char *what, double s, uint64_t sum)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    printf("%-26s %8.3f s %10.2f M %s/s %8.1f MiB  (sum %llx)\n", name, s, (double)n / s / 1e6, what,
           (double)u.ru_maxrss / 1024, (unsigned long long)sum);
}

/* A fixed mixing step (splitmix64, Steele et al. 2014): the bench's own luck. */
static inline uint64_t bench_mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

#endif
