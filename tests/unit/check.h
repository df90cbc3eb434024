/* check.h - cmocka with what it lacks: doubles compared at a stated relative tolerance. */
#ifndef GBL_CHECK_H
#define GBL_CHECK_H
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <cmocka.h>

/* |got - want| <= rel x |want|; with want 0, |got| <= rel. NaN and infinity are close to nothing. */
#define assert_close(got, want, rel) check_close((got), (want), (rel), #got, __FILE__, __LINE__)

static inline void check_close(double got, double want, double rel, const char *what, const char *file, int line)
{
    double off = fabs(got - want), most = rel * (want != 0 ? fabs(want) : 1);
    if (isfinite(got) && off <= most) return;
    print_error("%s is %.17g, not %.17g within %g (off by %g)\n", what, got, want, rel, off / (want != 0 ? fabs(want) : 1));
    _fail(file, line);
}

#endif
