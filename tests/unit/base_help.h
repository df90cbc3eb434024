/* base_help.h - what the tests of base/ share: luck, messages, and running something once for each allocation. */
#ifndef GBL_BASE_HELP_H
#define GBL_BASE_HELP_H
#include <stdlib.h>
#include <string.h>
#include "base/err.h"
#include "base/mem.h"
#include "tests/unit/check.h"

/* splitmix64: luck that owes nothing to the code under test. */
static inline uint64_t luck_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static inline uint64_t luck_below(uint64_t *state, uint64_t n)
{
    return luck_next(state) % n;
}

/* The four lines of an error against "what|where|expected|nearest". */
#define assert_error(err, want) check_error((err), (want), __FILE__, __LINE__)
static inline void check_error(const gbl_err *e, const char *want, const char *file, int line)
{
    char got[3000];
    snprintf(got, sizeof got, "%s|%s|%s|%s", e->what, e->where, e->expected, e->nearest);
    if (strcmp(got, want) == 0) return;
    print_error("got  %s\nwant %s\n", got, want);
    _fail(file, line);
}

/* Calls `job` with the 1st, 2nd, ... allocation failing until none does. Each time it returns 0 (done) or an error
 * code; a failure must be reported as out of memory and, under the sanitizers, must leave nothing behind. */
static inline void each_allocation_fails(int (*job)(gbl_err *err), long most)
{
    long n = 1;
    for (; n <= most; n++) {
        gbl_err err = {0};
        gbl_alloc_fail_at(n);
        int code = job(&err);
        long made = gbl_alloc_count();
        gbl_alloc_fail_at(0);
        if (made < n) {
            assert_int_equal(code, GBL_OK);
            break;
        }
        assert_int_equal(code, GBL_EFAULT);
        assert_int_equal(strncmp(err.what, "out of memory", 13), 0);
    }
    assert_true(n > 1 && n <= most);
}

#endif
