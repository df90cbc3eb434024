/* analyze.h - included before every file that clang-tidy reads, and nowhere else: tells it what the headers promise in
 * words and it cannot see across files, that a function which fails returns a code that is not 0 and leaves it in err. */
#define _GNU_SOURCE /* a file that defines it comes too late: system headers are read here */
#include "base/doc.h"
#include "base/err.h"
#include "base/scan.h"

#define GBL_ANALYZE_FAILS(call, e, as) ((void)(call), (e)->code = (as))
#define GBL_ANALYZE_MAY_FAIL(call, e) ((call) ? ((e)->code = GBL_EINPUT) : 0)

#ifndef ANALYZING_err /* the file that defines them */
#define gbl_fail(e, as, ...) GBL_ANALYZE_FAILS((gbl_fail)((e), (as), __VA_ARGS__), e, as)
#define gbl_where(e, ...) GBL_ANALYZE_FAILS((gbl_where)((e), __VA_ARGS__), e, GBL_EINPUT)
#define gbl_expected(e, ...) GBL_ANALYZE_FAILS((gbl_expected)((e), __VA_ARGS__), e, GBL_EINPUT)
#define gbl_nearest(e, name) GBL_ANALYZE_FAILS((gbl_nearest)((e), (name)), e, GBL_EINPUT)
#define gbl_nomem(e, bytes) GBL_ANALYZE_FAILS((gbl_nomem)((e), (bytes)), e, GBL_EFAULT)
#endif
#ifndef ANALYZING_node
#define gbl_node_fail(n, e, ...) GBL_ANALYZE_FAILS((gbl_node_fail)((n), (e), __VA_ARGS__), e, GBL_EINPUT)
#define gbl_node_fail_key(n, e, ...) GBL_ANALYZE_FAILS((gbl_node_fail_key)((n), (e), __VA_ARGS__), e, GBL_EINPUT)
#define gbl_node_str(n, out, e) GBL_ANALYZE_MAY_FAIL((gbl_node_str)((n), (out), (e)), e)
#define gbl_node_int(n, out, e) GBL_ANALYZE_MAY_FAIL((gbl_node_int)((n), (out), (e)), e)
#define gbl_node_real(n, out, e) GBL_ANALYZE_MAY_FAIL((gbl_node_real)((n), (out), (e)), e)
#endif
#ifndef ANALYZING_scan
#define gbl_scan_fail(s, at, e, ...) GBL_ANALYZE_FAILS((gbl_scan_fail)((s), (at), (e), __VA_ARGS__), e, GBL_EINPUT)
#endif
