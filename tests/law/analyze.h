/* analyze.h - included before every file that clang-tidy reads, and nowhere else: tells it what the headers promise in
 * words and it cannot see across files, that a function which reports an error never returns 0. */
#include "base/doc.h"
#include "base/err.h"
#include "base/scan.h"

#ifndef ANALYZING_err /* the file that defines them */
#define gbl_fail(e, code, ...) ((void)(gbl_fail)((e), (code), __VA_ARGS__), (code))
#define gbl_where(e, ...) ((void)(gbl_where)((e), __VA_ARGS__), GBL_EINPUT)
#define gbl_expected(e, ...) ((void)(gbl_expected)((e), __VA_ARGS__), GBL_EINPUT)
#define gbl_nearest(e, name) ((void)(gbl_nearest)((e), (name)), GBL_EINPUT)
#define gbl_nomem(e, bytes) ((void)(gbl_nomem)((e), (bytes)), GBL_EFAULT)
#endif
#ifndef ANALYZING_node
#define gbl_node_fail(n, e, ...) ((void)(gbl_node_fail)((n), (e), __VA_ARGS__), GBL_EINPUT)
#endif
#ifndef ANALYZING_scan
#define gbl_scan_fail(s, at, e, ...) ((void)(gbl_scan_fail)((s), (at), (e), __VA_ARGS__), GBL_EINPUT)
#endif
